#include "experiments/depth_staircase/staircase.h"

#include "lib/base/status.h"

static int add(struct lat_staircase *staircase, int64_t k, int64_t length) {
  struct lat_task_setting *setting = &staircase->setting[staircase->lengths++];
  struct lat_task_shape shape;
  int status = LAT_OK;
  LAT_TRY(status, lat_task_parse("crasp:k=2:length=4096", setting));
  LAT_TRY(status, lat_task_set(setting, "k", k));
  LAT_TRY(status, lat_task_set(setting, "length", length));
  LAT_TRY(status, lat_task_shape(setting, &shape));
done:
  return status;
}

int lat_staircase_make(int64_t k, int64_t shortest, int64_t longest, int64_t step, struct lat_staircase *staircase) {
  int status = LAT_OK;
  *staircase = (struct lat_staircase){0};
  LAT_CHECK(status, shortest <= longest, LAT_INPUT, "the shortest string has %lld letters and the longest %lld: turn them",
            (long long)shortest, (long long)longest);
  LAT_CHECK(status, (longest - shortest) / step + 1 <= LAT_STAIRCASE_LENGTHS, LAT_INPUT,
            "more than %d lengths from %lld to %lld by %lld: take a larger step", (int)LAT_STAIRCASE_LENGTHS,
            (long long)shortest, (long long)longest, (long long)step);
  for (int64_t n = longest; n >= shortest; n -= step) LAT_TRY(status, add(staircase, k, n));
done:
  return status;
}
