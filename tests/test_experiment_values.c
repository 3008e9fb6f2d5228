/* Experiments refuse what cannot be with one sentence, before anything is run. */
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
  static const struct {
    const char *experiment, *set, *sentence;
  } bad[] = {{"doubling", "group=q8", "no group 'q8'"},
             {"doubling", "group=s6", "no group 's6'"},
             {"doubling", "problem=chess", "is none of words"},
             {"doubling", "pace=jog", "no pace 'jog'"},
             {"doubling", "graph=torus", "no kind of graph"},
             {"doubling", "length=0", "length"},
             {"doubling", "hops=0", "hops"},
             {"doubling", "symbols=2", "symbols"},
             {"leak_law", "measure=luck", "is none of leak"},
             {"leak_law", "code=morse", "address code 'morse'"},
             {"level_collapse", "measure=luck", "is neither collapse"},
             {"level_collapse", "family=tree:4", "no family"},
             {"depth_wavefront", "family=parity:0", "size of the family"},
             {"depth_wavefront", "form=gpt9", "form is plain or gpt2"},
             {"depth_wavefront", "attention=none", "attention is exact or uniform"},
             {"depth_parameters", "model=width:33", "multiple of"},
             {"depth_parameters", "model=lstm", "no family"},
             {"channel_levels", "max_levels=1", "max_levels"},
             {"channel_levels", "channels=0", "channels"},
             {"channel_levels", "format=fp4", "no number format"},
             {"superposition", "family=torus:3", "no family of graphs"},
             {"superposition", "channels_read=0", "channels_read"},
             {"threshold_circuits", "gate=xor", "neither and nor majority"},
             {"threshold_circuits", "function=sort:3", "no threshold function"},
             {"thought_bandwidth", "thought=slow", "thought is schedule"},
             {"precision", "storage=fp4", "no number format"},
             {"noise_drift", "regenerator=hope", "no regenerator 'hope'"},
             {"noise_drift", "steps=0", "steps"},
             {"noise_drift", "sigma=-1", "sigma"},
             {"noise_drift", "kappa=0.5", "kappa"}};
  for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
    struct lat_sweep *plan = NULL;
    struct lat_request request = {.size = "smoke", .sets = 1, .set = &bad[k].set};
    if (lat_sweep_make(find(bad[k].experiment), &request, &plan) != LAT_INPUT) fail_msg("%s was taken", bad[k].set);
    if (strstr(lat_error_message(), bad[k].sentence) == NULL) fail_msg("%s: %s", bad[k].set, lat_error_message());
  }
}

static void every_size_has_a_plan(void **state) {
  (void)state;
  for (int k = 0; k < 6; k++) {
    struct lat_sweep *plan = NULL;
    struct lat_request request = {.size = k % 3 == 0 ? "smoke" : k % 3 == 1 ? "quick" : "paper"};
    if (lat_sweep_make(find(k < 3 ? "doubling" : "noise_drift"), &request, &plan) != LAT_OK)
      fail_msg("%s", lat_error_message());
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
