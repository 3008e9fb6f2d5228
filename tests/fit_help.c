#include "tests/fit_help.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the above */
#include <cmocka.h>

#include "lib/base/status.h"

/* A task of this test: bits, and at each place whether it equals the place before (the first: itself). */
static int shape(const struct lat_task_setting *setting, struct lat_task_shape *result) {
  int chain = setting->supervision == LAT_SUPERVISE_TRACE;
  *result =
      (struct lat_task_shape){1, 3, chain ? 3 : 2, chain ? 2 * LENGTH : LENGTH, LENGTH + 1, chain ? LENGTH : LENGTH, 0};
  return LAT_OK;
}

/* TRACE: the bits, then each of them again. */
static void make(const struct lat_task_setting *setting, struct lat_random *random, struct lat_example *example) {
  int chain = setting->supervision == LAT_SUPERVISE_TRACE;
  for (int32_t i = 0; i < LENGTH; i++) {
    example->token[i] = (int32_t)lat_random_below(random, 2);
    example->target[i] = chain ? -1 : i > 0 ? example->token[i] == example->token[i - 1] : example->token[i];
    example->level[i] = chain ? 0 : i + 1;
  }
  for (int32_t i = 0; chain && i < LENGTH; i++) {
    example->token[LENGTH + i] = example->token[i];
    example->target[LENGTH + i - 1] = example->token[i];
    example->level[LENGTH + i - 1] = i + 1;
    example->target[2 * LENGTH - 1] = -1;
    example->level[2 * LENGTH - 1] = 0;
  }
}

static const struct lat_task_option options[] = {{0}};
static const struct lat_task task = {.name = "same",
                                     .help = "for this test",
                                     .options = options,
                                     .supervision = 1u << LAT_SUPERVISE_DENSE | 1u << LAT_SUPERVISE_TRACE,
                                     .shape = shape,
                                     .make = make};
const struct lat_task_setting dense = {.task = &task, .supervision = LAT_SUPERVISE_DENSE};
const struct lat_task_setting trace = {.task = &task, .supervision = LAT_SUPERVISE_TRACE};

void make_fit(struct made *made, const struct lat_task_setting *setting) {
  struct lat_transformer_config config;
  struct lat_initialisation initialisation = lat_initialisation_default();
  assert_int_equal(lat_recipe_config(setting, 16, 2, 1, 2, &config), LAT_OK);
  config.input_injection = LAT_INJECTION_ADD;
  assert_int_equal(lat_recipe_make(&config, &initialisation, 3, &made->model, &made->learner), LAT_OK);
  made->phase[0] = (struct lat_phase){
      .settings = 1, .setting = setting, .loops_low = 1, .loops_high = 1, .updates = 40, .batch = 16, .advance = 2};
  made->phase[1] = (struct lat_phase){
      .settings = 1, .setting = setting, .loops_low = 1, .loops_high = 3, .updates = 360, .batch = 32, .advance = 2};
  made->plan = lat_fit_default();
  made->plan.phases = 2;
  made->plan.phase = made->phase;
  made->plan.seed = 4;
  made->plan.every = 20;
  made->plan.validation = 50;
  made->plan.training.rate.peak = 0.01;
}

void drop(struct made *made) {
  lat_learner_free(made->learner);
  lat_transformer_free(made->model);
}
