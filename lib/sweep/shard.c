#include "lib/sweep/shard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/status.h"
#include "lib/base/text.h"

enum { MOST_SHARDS = 1000000 };

int lat_shard_parse(struct lat_shard *shard, const char *text) {
  const char *slash = strchr(text, '/');
  char first[24];
  int64_t index = 0, count = 0;
  size_t length = slash ? (size_t)(slash - text) : 0;
  if (!slash || length >= sizeof first) return LAT_FAIL(LAT_INPUT, "a shard is written i/n, as in 0/4, not '%.40s'", text);
  memcpy(first, text, length);
  first[length] = '\0';
  if (lat_parse_int(slash + 1, 1, MOST_SHARDS, &count) != LAT_OK || lat_parse_int(first, 0, count - 1, &index) != LAT_OK)
    return LAT_FAIL(LAT_INPUT, "shard '%.40s': i/n needs n from 1 to %d and i from 0 to n - 1", text, MOST_SHARDS);
  *shard = (struct lat_shard){(uint64_t)index, (uint64_t)count, "--shard"};
  return LAT_OK;
}

/* A variable as a number; `otherwise` when it is not set. */
static int variable(const char *name, int64_t otherwise, int64_t low, int64_t high, int64_t *value) {
  const char *text = getenv(name);
  *value = otherwise;
  if (!text || !*text) return LAT_OK;
  int status = lat_parse_int(text, low, high, value);
  return status == LAT_OK ? LAT_OK : lat_fail_prefix(status, "environment variable %s", name);
}

static int set(struct lat_shard *shard, const char *from, int64_t index, int64_t count) {
  if (count < 0)
    return LAT_FAIL(LAT_INPUT, "%s is set but the number of shards is not; give --shard i/n, or --shard 0/1 for all", from);
  if (index >= count)
    return LAT_FAIL(LAT_INPUT, "%s says shard %lld of %lld; give --shard i/n, or --shard 0/1 for all", from,
                    (long long)index, (long long)count);
  *shard = (struct lat_shard){(uint64_t)index, (uint64_t)count, from};
  return LAT_OK;
}

int lat_shard_environment(struct lat_shard *shard) {
  static const struct {
    const char *rank, *size;
  } launchers[] = {{"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"}, {"PMI_RANK", "PMI_SIZE"}};
  int64_t index = 0, count = 0, first = 0, step = 1;
  int status = LAT_OK;
  *shard = (struct lat_shard){0, 1, NULL};
  LAT_TRY(status, variable("SLURM_ARRAY_TASK_ID", -1, 0, INT32_MAX, &index));
  if (index >= 0) {
    LAT_TRY(status, variable("SLURM_ARRAY_TASK_COUNT", -1, 1, MOST_SHARDS, &count));
    LAT_TRY(status, variable("SLURM_ARRAY_TASK_MIN", 0, 0, INT32_MAX, &first));
    LAT_TRY(status, variable("SLURM_ARRAY_TASK_STEP", 1, 1, INT32_MAX, &step));
    LAT_CHECK(status, index >= first && (index - first) % step == 0, LAT_INPUT,
              "SLURM_ARRAY_TASK_ID %lld is not in the array that begins at %lld in steps of %lld", (long long)index,
              (long long)first, (long long)step);
    return set(shard, "SLURM_ARRAY_TASK_ID", (index - first) / step, count);
  }
  for (size_t i = 0; i < sizeof launchers / sizeof *launchers; i++) {
    LAT_TRY(status, variable(launchers[i].rank, -1, 0, INT32_MAX, &index));
    if (index < 0) continue;
    LAT_TRY(status, variable(launchers[i].size, -1, 1, MOST_SHARDS, &count));
    return set(shard, launchers[i].rank, index, count);
  }
done:
  return status;
}
