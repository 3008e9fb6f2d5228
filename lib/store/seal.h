/* The seal of a file: its checksum in 53 bytes behind what HDF5 sees of it.
 *
 * HDF5 1.10 trusts what it reads from the heaps where texts of variable length lie: one flipped bit there has kept it busy
 * for minutes. With the seal no damaged byte reaches it. HDF5 ignores what is behind its end of file, and cuts it off when
 * another program changes the file: then the seal is gone, not wrong.
 *
 * Form: "\nlatentlab xxh3-128 ", 32 hex digits (XXH3-128 of all bytes before it, canonical order), "\n". Private to lib/store. */
#ifndef LAT_STORE_SEAL_H
#define LAT_STORE_SEAL_H

#include <stddef.h>

enum { LAT_SEAL_SIZE = 53 };

void lat_seal_make(const void *bytes, size_t count, char seal[LAT_SEAL_SIZE + 1]);

enum lat_seal { LAT_SEAL_NONE, LAT_SEAL_WHOLE, LAT_SEAL_BROKEN };

/* What stands at the end of a file of `count` bytes. */
enum lat_seal lat_seal_check(const char *bytes, size_t count);

#endif
