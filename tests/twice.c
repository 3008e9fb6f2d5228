#include "tests/twice.h"

#include <omp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/base/text.h"
#include "lib/store/point.h"
#include "lib/sweep/runner.h"
#include "tests/sweep_sample.h"

static void run_into(const char *out, const struct lat_sweep *plan) {
  struct lat_runner runner = {.out = out, .jobs = 1};
  size_t forgotten;
  assert_int_equal(lat_runner_prepare(out, plan, 0, &forgotten), LAT_OK);
  if (lat_runner_run(&runner, plan) != LAT_OK) fail_msg("%s", lat_error_message());
}

static void compare(const char *path[2]) {
  char *bytes[2];
  size_t count[2];
  struct lat_point point = {0};
  for (int i = 0; i < 2; i++)
    if (lat_file_read(path[i], &bytes[i], &count[i]) != LAT_OK) fail_msg("%s", lat_error_message());
  if (count[0] != count[1] || memcmp(bytes[0], bytes[1], count[0]) != 0) fail_msg("%s differs from %s", path[0], path[1]);
  assert_int_equal(lat_point_read(path[0], &point), LAT_OK);
  if (strcmp(point.status, "ok") != 0) fail_msg("%s: %s", point.canonical, point.reason);
  lat_point_free(&point);
  lat_free(bytes[0]);
  lat_free(bytes[1]);
}

size_t twice_the_same(const struct lat_experiment *experiment, size_t sets, const char *const *set) {
  struct lat_request request = {.size = "smoke", .set = set, .sets = sets};
  struct lat_sweep *plan = NULL;
  char out[2][64], path[2][256];
  if (lat_sweep_make(experiment, &request, &plan) != LAT_OK) fail_msg("%s", lat_error_message());
  int threads = omp_get_max_threads();
  for (int i = 0; i < 2; i++) {
    lat_sample_folder(out[i]);
    omp_set_num_threads(i == 0 ? 1 : 3);
    run_into(out[i], plan);
  }
  omp_set_num_threads(threads);
  for (size_t p = 0; p < plan->count; p++) {
    for (int i = 0; i < 2; i++)
      snprintf(path[i], sizeof path[i], "%s/%s/%s.h5", out[i], experiment->name, plan->point[p].id);
    compare((const char *[2]){path[0], path[1]});
  }
  size_t points = plan->count;
  lat_sweep_free(plan);
  for (int i = 0; i < 2; i++) lat_sample_remove(out[i]);
  return points;
}

void is_refused(const struct lat_experiment *experiment, const char *set, const char *says) {
  struct lat_request request = {.size = "smoke", .set = &set, .sets = 1};
  struct lat_sweep *plan = NULL;
  if (lat_sweep_make(experiment, &request, &plan) != LAT_INPUT) fail_msg("%s was taken", set);
  if (strstr(lat_error_message(), says) == NULL) fail_msg("%s: %s", set, lat_error_message());
  lat_sweep_free(plan);
}
