#include "lib/train/checkpoint.h"

#include <string.h>
#include <sys/stat.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/store/blob.h"

static const char kind[] = "training";
enum { VERSION = 1 };

int lat_checkpoint_save(const char *path, const struct lat_trainer *trainer, const void *extra, size_t extra_size) {
  int status = LAT_OK;
  size_t size = lat_trainer_state_size(trainer);
  unsigned char *bytes = lat_alloc(size + extra_size, 1);
  LAT_CHECK(status, bytes != NULL, LAT_MEMORY, "no memory for a checkpoint of %zu bytes", size + extra_size);
  lat_trainer_get_state(trainer, bytes);
  if (extra_size > 0) memcpy(bytes + size, extra, extra_size);
  LAT_TRY(status, lat_blob_save(path, kind, VERSION, bytes, size + extra_size));
done:
  lat_free(bytes);
  return status;
}

int lat_checkpoint_load(const char *path, struct lat_trainer *trainer, void *extra, size_t extra_size, int *found) {
  int status = LAT_OK;
  struct stat info;
  void *bytes = NULL;
  size_t count = 0, size = lat_trainer_state_size(trainer);
  *found = 0;
  if (stat(path, &info) != 0) return LAT_OK;
  LAT_TRY(status, lat_blob_load(path, kind, VERSION, &bytes, &count));
  LAT_CHECK(status, count == size + extra_size, LAT_INPUT,
            "%s: a checkpoint of %zu bytes where this training has %zu: remove it to begin anew", path, count,
            size + extra_size);
  status = lat_trainer_set_state(trainer, bytes, size);
  if (status != LAT_OK) {
    lat_fail_prefix(status, "%s", path);
    goto done;
  }
  if (extra_size > 0) memcpy(extra, (unsigned char *)bytes + size, extra_size);
  *found = 1;
done:
  lat_free(bytes);
  return status;
}
