/* Whole files replaced in one step, safe against kill -9, a full disk and several writers on one shared folder.
 *
 * The bytes go to a temporary name in the same folder (PATH.tmp.HOST.PID), are flushed to the disk, and the rename makes
 * them the file; then the folder is flushed too, so that the name survives a power cut. */
#ifndef LAT_STORE_FILE_H
#define LAT_STORE_FILE_H

#include <stddef.h>

/* LAT_FILE with the path and the system's reason; then the old content stays and no temporary remains. */
int lat_store_replace(const char *path, const void *bytes, size_t count);

/* Removes the temporaries that processes of this host left in DIRECTORY when they were killed; those of living processes
 * and of other hosts stay. `removed` may be NULL. LAT_FILE when the folder cannot be listed or a file not removed. */
int lat_store_sweep_temporaries(const char *directory, size_t *removed);

#endif
