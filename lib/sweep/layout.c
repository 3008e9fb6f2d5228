#include "lib/sweep/layout.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"

int lat_make_folders(const char *path) {
  char *copy = lat_strdup(path);
  if (!copy) return LAT_MEMORY;
  int status = LAT_OK;
  for (char *at = copy + 1; *copy && status == LAT_OK; at++) {
    if (*at != '/' && *at != '\0') continue;
    char kept = *at;
    *at = '\0';
    struct stat info;
    if (mkdir(copy, 0777) != 0 && !(stat(copy, &info) == 0 && S_ISDIR(info.st_mode)))
      status = LAT_FAIL(LAT_FILE, "%s: cannot make this folder: %s", copy, strerror(errno == EEXIST ? ENOTDIR : errno));
    *at = kept;
    if (!kept) break;
  }
  lat_free(copy);
  return status;
}

int lat_path(struct lat_text *text, const char *format, ...) {
  char buffer[4096];
  va_list list;
  va_start(list, format);
  int count = vsnprintf(buffer, sizeof buffer, format, list);
  va_end(list);
  if (count < 0 || (size_t)count >= sizeof buffer)
    return LAT_FAIL(LAT_INPUT, "a path of over %zu bytes", sizeof buffer - 1);
  lat_text_clear(text);
  return lat_text_append(text, buffer, (size_t)count);
}

int lat_path_exists(const char *path) { return access(path, F_OK) == 0; }
