/* The doubling experiment refuses what cannot be with one sentence, before anything is run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/status.h"
#include "lib/sweep/plan.h"

static const struct lat_experiment *find(const char *name) {
  for (size_t i = 0; lat_experiments[i] != NULL; i++)
    if (strcmp(lat_experiments[i]->name, name) == 0) return lat_experiments[i];
  fail_msg("no experiment %s", name);
  return NULL;
}

static void values_that_cannot_be_refuse_the_sweep(void **state) {
  (void)state;
  static const char *const bad[][2] = {{"group=q8", "no group 'q8'"},
                                       {"group=s6", "no group 's6'"},
                                       {"problem=chess", "is none of words"},
                                       {"pace=jog", "no pace 'jog'"},
                                       {"graph=torus", "no kind of graph"},
                                       {"length=0", "length"},
                                       {"hops=0", "hops"},
                                       {"symbols=2", "symbols"}};
  for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
    struct lat_sweep *plan = NULL;
    const char *set[] = {bad[k][0]};
    struct lat_request request = {.size = "smoke", .sets = 1, .set = set};
    if (lat_sweep_make(find("doubling"), &request, &plan) != LAT_INPUT) fail_msg("%s was taken", bad[k][0]);
    if (strstr(lat_error_message(), bad[k][1]) == NULL) fail_msg("%s: %s", bad[k][0], lat_error_message());
  }
}

static void every_size_has_a_plan(void **state) {
  (void)state;
  for (int k = 0; k < 3; k++) {
    struct lat_sweep *plan = NULL;
    struct lat_request request = {.size = k == 0 ? "smoke" : k == 1 ? "quick" : "paper"};
    if (lat_sweep_make(find("doubling"), &request, &plan) != LAT_OK) fail_msg("%s", lat_error_message());
    assert_true(plan->count > 10);
    lat_sweep_free(plan);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(values_that_cannot_be_refuse_the_sweep),
      cmocka_unit_test(every_size_has_a_plan),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
