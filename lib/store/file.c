#include "lib/store/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/memory.h"
#include "lib/base/process.h"
#include "lib/base/status.h"
#include "lib/base/text.h"

/* The mark between a file's name and the process that is writing it. The host is part of it because folders are shared
 * between machines and a process id means something on one of them only. */
static int temporary_mark(struct lat_text *text) {
  char host[256];
  if (gethostname(host, sizeof host) != 0) host[0] = '\0';
  host[sizeof host - 1] = '\0';
  for (char *c = host; *c != '\0'; c++)
    if (*c == '/' || *c == '.') *c = '-';
  return lat_text_printf(text, ".tmp.%s.", host);
}

/* Some file systems refuse to flush a folder; the data itself is safe by then, so this may fail quietly. */
static void flush_folder_of(char *path) {
  char *slash = strrchr(path, '/');
  if (slash != NULL) slash[slash == path] = '\0';
  int folder = open(slash != NULL ? path : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return;
  (void)fsync(folder);
  close(folder);
}

int lat_store_replace(const char *path, const void *bytes, size_t count) {
  struct lat_text temporary = {0};
  int status = LAT_OK;
  LAT_TRY(status, lat_text_printf(&temporary, "%s", path));
  LAT_TRY(status, temporary_mark(&temporary));
  LAT_TRY(status, lat_text_printf(&temporary, "%ld", (long)getpid()));
  LAT_TRY(status, lat_file_replace(path, temporary.bytes, bytes, count));
  flush_folder_of(temporary.bytes);
done:
  lat_text_free(&temporary);
  return status;
}

/* The process that NAME belongs to when it is a temporary of this host, else 0. */
static long owner_of(const char *name, const char *mark) {
  const char *digits = NULL;
  for (const char *at = name; (at = strstr(at, mark)) != NULL; at++) digits = at + strlen(mark);
  if (digits == NULL || *digits < '1' || *digits > '9') return 0;
  char *end = NULL;
  errno = 0;
  long process = strtol(digits, &end, 10);
  return *end == '\0' && errno == 0 && process <= 0x7fffffff ? process : 0;
}

int lat_store_sweep_temporaries(const char *directory, size_t *removed) {
  struct lat_text mark = {0}, path = {0};
  int status = LAT_OK;
  size_t count = 0;
  DIR *folder = opendir(directory);
  LAT_CHECK(status, folder != NULL, LAT_FILE, "%s: cannot be listed: %s", directory, strerror(errno));
  LAT_TRY(status, temporary_mark(&mark));
  for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
    long process = owner_of(entry->d_name, mark.bytes);
    if (process == 0 || lat_process_alive(process)) continue;
    lat_text_clear(&path);
    LAT_TRY(status, lat_text_printf(&path, "%s/%s", directory, entry->d_name));
    int gone = unlink(path.bytes) == 0;
    LAT_CHECK(status, gone || errno == ENOENT, LAT_FILE, "%s: cannot be removed: %s", path.bytes, strerror(errno));
    count += gone != 0;
  }
done:
  if (folder != NULL) closedir(folder);
  lat_text_free(&mark);
  lat_text_free(&path);
  if (removed != NULL) *removed = count;
  return status;
}
