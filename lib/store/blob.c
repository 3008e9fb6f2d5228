#include "lib/store/blob.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/base/text.h"
#include "lib/store/file.h"
#include "lib/store/seal.h"

int lat_blob_save(const char *path, const char *kind, int version, const void *bytes, size_t count) {
  int status = LAT_OK;
  char head[80], seal[LAT_SEAL_SIZE + 1];
  int length = snprintf(head, sizeof head, "latentlab %s %d\n", kind, version);
  size_t before = (size_t)length, total = before + count + LAT_SEAL_SIZE;
  char *file = lat_alloc(total, 1);
  LAT_CHECK(status, file != NULL, LAT_MEMORY, "no memory for the %zu bytes of %s", total, path);
  memcpy(file, head, before);
  memcpy(file + before, bytes, count);
  lat_seal_make(file, before + count, seal);
  memcpy(file + before + count, seal, LAT_SEAL_SIZE);
  LAT_TRY(status, lat_store_replace(path, file, total));
done:
  lat_free(file);
  return status;
}

int lat_blob_load(const char *path, const char *kind, int version, void **bytes, size_t *count) {
  int status = LAT_OK;
  char head[80], *file = NULL;
  size_t total = 0, before = (size_t)snprintf(head, sizeof head, "latentlab %s %d\n", kind, version);
  *bytes = NULL;
  *count = 0;
  LAT_TRY(status, lat_file_read(path, &file, &total));
  LAT_CHECK(status, total >= before && memcmp(file, head, before) == 0, LAT_INPUT, "%s: no latentlab %s of version %d",
            path, kind, version);
  LAT_CHECK(status, total >= before + LAT_SEAL_SIZE && lat_seal_check(file, total) == LAT_SEAL_WHOLE, LAT_INPUT,
            "%s: damaged or cut off: remove it to begin anew", path);
  *count = total - before - LAT_SEAL_SIZE;
  memmove(file, file + before, *count);
  *bytes = file;
  file = NULL;
done:
  lat_free(file);
  return status;
}
