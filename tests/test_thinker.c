/* Thoughts hold what their mode says: tokens as any learner has them, states as by a pass that is run again for each, and all of them
 * can be trained, to the same bits by any number of threads. */
#include "lib/train/thinker.h"

#include <math.h>
#include <omp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* cmocka needs the above */
#include <cmocka.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/nn/extend.h"
#include "lib/task/task.h"
#include "lib/train/fit.h"
#include "lib/train/recipe.h"

enum { B = 4, D = 16 };

static struct lat_task_setting setting_of(size_t slots, size_t removed) {
  struct lat_task_setting setting;
  assert_int_equal(lat_task_parse("words:group=z2:length=4:supervision=trace", &setting), LAT_OK);
  setting.thinking = (struct lat_thinking){.tokens = 2, .slots = slots, .removed = removed};
  return setting;
}

struct made {
  struct lat_task_setting setting;
  struct lat_task_shape shape;
  struct lat_transformer *model;
  struct lat_learner *plain;
  struct lat_thinker thinker;
  int32_t *token;
  struct lat_tape *tape;
};

static struct made make(size_t slots, size_t removed, enum lat_content content) {
  struct made made = {.setting = setting_of(slots, removed)};
  struct lat_transformer_config config;
  struct lat_initialisation initial = lat_initialisation_default();
  assert_int_equal(lat_task_shape(&made.setting, &made.shape), LAT_OK);
  assert_int_equal(lat_recipe_config(&made.setting, D, 2, 2, 1, &config), LAT_OK);
  assert_int_equal(lat_recipe_make(&config, &initial, 5, &made.model, &made.plain), LAT_OK);
  made.thinker = (struct lat_thinker){.content = content, .slot = (int32_t)made.shape.vocabulary - 2, .temperature = 0.5};
  made.token = lat_calloc(B * made.shape.sequence, sizeof *made.token);
  int32_t target[64], level[64];
  for (size_t i = 0; i < B; i++) {
    struct lat_example one = {made.token + i * made.shape.sequence, target, level, NULL};
    lat_task_make(&made.setting, 1, "test", i, &one);
  }
  assert_int_equal(lat_tape_alloc(&made.tape), LAT_OK);
  return made;
}

static void drop(struct made *made) {
  lat_tape_free(made->tape);
  lat_free(made->token);
  lat_learner_free(made->plain);
  lat_transformer_free(made->model);
}

static const struct lat_array *logits_of(struct made *made, const struct lat_learner *learner) {
  static struct lat_array *logits[1];
  struct lat_learner_pass pass = {.tape = made->tape,
                                  .batch = B,
                                  .sequence = made->shape.sequence,
                                  .token = made->token,
                                  .steps = 1,
                                  .through = SIZE_MAX,
                                  .logits = logits};
  assert_int_equal(learner->run(learner, &pass), LAT_OK);
  assert_non_null(logits[0]);
  return logits[0];
}

static struct lat_array *same(void *context, struct lat_pass *pass, size_t slot, struct lat_array *x) {
  (void)pass;
  assert_int_equal(slot, *(size_t *)context);
  ++*(size_t *)context;
  return x;
}

/* From the question's last position on. */
static void must_agree(const struct made *made, const struct lat_array *a, const float *b) {
  size_t S = made->shape.sequence, classes = made->shape.classes,
         question = made->shape.prompt - made->setting.thinking.slots;
  for (size_t row = 0; row < B * S; row++)
    for (size_t c = 0; c < classes && row % S + 1 >= question; c++) {
      double difference = fabs((double)a->value[row * classes + c] - (double)b[row * classes + c]);
      if (!(difference <= 3e-5)) fail_msg("row %zu, class %zu: differs by %g", row, c, difference);
    }
}

static void slots_with_tokens_are_any_tokens(void **state) {
  (void)state;
  struct made made = make(3, 2, LAT_CONTENT_TOKEN);
  struct lat_learner *learner;
  size_t called = 0, count = B * made.shape.sequence * made.shape.classes;
  static float kept[4096];
  assert_int_equal(lat_learner_thinker(made.model, &made.thinker, &learner), LAT_OK);
  memcpy(kept, logits_of(&made, made.plain)->value, count * sizeof *kept);
  assert_memory_equal(kept, logits_of(&made, learner)->value, count * sizeof *kept);
  made.thinker.thought = same;
  made.thinker.context = &called;
  must_agree(&made, logits_of(&made, learner), kept);
  assert_int_equal(called, 3);
  lat_learner_free(learner);
  drop(&made);
}

/* A pass over the first `length` positions for every thought, its state put into the next slot. */
static void states_again(struct made *made, float *logits) {
  size_t S = made->shape.sequence, slots = made->setting.thinking.slots, question = made->shape.prompt - slots;
  struct lat_pass *pass = lat_pass_make(made->tape, made->model, B, S, NULL);
  struct lat_array *x = lat_pass_embed(pass, made->token), *z = NULL;
  static int32_t index[8][B];
  for (size_t i = 0; i <= slots; i++) {
    struct lat_array *end = lat_pass_run(pass, 1, SIZE_MAX, x, NULL);
    z = lat_pass_logits(pass, end);
    if (i == slots) break;
    for (size_t b = 0; b < B; b++) index[i][b] = (int32_t)(b * S + question + i);
    struct lat_array *thought = lat_pass_final(pass, lat_take_rows(made->tape, B, end, question + i - 1, 1));
    thought = lat_add_pattern(made->tape, thought, lat_take_rows(made->tape, 1, pass->position, question + i, 1));
    x = lat_replace_rows(made->tape, x, index[i], thought);
  }
  memcpy(logits, z->value, z->rows * z->columns * sizeof *logits);
}

static void thoughts_are_states_fed_back(void **state) {
  (void)state;
  for (size_t slots = 1; slots <= 3; slots++) {
    struct made made = make(slots, slots == 2 ? 2 : 1, LAT_CONTENT_STATE);
    struct lat_learner *learner;
    static float again[4096], once[4096];
    size_t count = B * made.shape.sequence * made.shape.classes;
    assert_int_equal(lat_learner_thinker(made.model, &made.thinker, &learner), LAT_OK);
    states_again(&made, again);
    must_agree(&made, logits_of(&made, learner), again);
    made.thinker.content = LAT_CONTENT_STATE_ONCE;
    memcpy(once, logits_of(&made, learner)->value, count * sizeof *once);
    double difference = 0;
    for (size_t i = 0; i < count; i++) difference = fmax(difference, fabs((double)once[i] - (double)again[i]));
    /* One thought is the same either way; of two the second differs. Logits of the question are not compared. */
    if (slots == 1)
      must_agree(&made, logits_of(&made, learner), again);
    else
      assert_true(difference > 1e-3);
    lat_learner_free(learner);
    drop(&made);
  }
}

/* The parameters after a short fit by stages. */
static void train(enum lat_content content, int threads, float *to, double *accuracy) {
  struct lat_task_setting stage[4];
  struct lat_phase phase[4];
  struct lat_fit_plan plan = lat_fit_default();
  struct made made = make(3, 3, content);
  struct lat_learner *learner;
  struct lat_fit fit = {0};
  omp_set_num_threads(threads);
  for (size_t s = 0; s < 4; s++) {
    stage[s] = setting_of(s, s);
    phase[s] = (struct lat_phase){
        .settings = 1, .setting = &stage[s], .loops_low = 1, .loops_high = 1, .updates = 120, .batch = 32, .advance = 2};
  }
  plan.phases = 4;
  plan.phase = phase;
  plan.every = 120;
  plan.validation = 64;
  plan.training.rate.peak = 5e-3;
  plan.training.rate.warmup = 20;
  assert_int_equal(lat_learner_thinker(made.model, &made.thinker, &learner), LAT_OK);
  assert_int_equal(lat_fit(learner, &plan, NULL, NULL, NULL, &fit), LAT_OK);
  *accuracy = fit.accuracy[fit.points - 1];
  memcpy(to, learner->parameters, learner->count * sizeof *to);
  to[learner->count] = 0;
  lat_fit_free(&fit);
  lat_learner_free(learner);
  drop(&made);
}

static void every_mode_trains_to_the_same_bits(void **state) {
  (void)state;
  static float one[100000], two[100000];
  for (int content = 0; content < LAT_CONTENTS; content++) {
    double accuracy, again;
    memset(one, 0, sizeof one);
    memset(two, 0, sizeof two);
    train((enum lat_content)content, 1, one, &accuracy);
    train((enum lat_content)content, 3, two, &again);
    assert_memory_equal(one, two, sizeof one);
    assert_true(accuracy == again);
    if (!(accuracy > 0.7)) fail_msg("%s: %g, chance is a half", lat_content_name((enum lat_content)content), accuracy);
  }
}

static void what_cannot_be_is_refused(void **state) {
  (void)state;
  struct made made = make(2, 2, LAT_CONTENT_STATE);
  struct lat_learner *learner;
  struct lat_array *logits[1];
  enum lat_content content;
  struct lat_learner_pass pass = {made.tape, NULL,   B,   made.shape.sequence, made.token, 1, SIZE_MAX, 0, NULL,
                                  NULL,      logits, NULL};
  assert_int_equal(lat_learner_thinker(made.model, &made.thinker, &learner), LAT_OK);
  int32_t kept = made.token[made.shape.sequence + made.shape.prompt - 1];
  made.token[made.shape.sequence + made.shape.prompt - 1] = 0; /* one slot fewer in one sequence */
  assert_int_equal(learner->run(learner, &pass), LAT_INPUT);
  made.token[made.shape.sequence + made.shape.prompt - 1] = kept;
  pass.steps = 0;
  assert_int_equal(learner->run(learner, &pass), LAT_INPUT);
  lat_learner_free(learner);
  made.model->config.mask = LAT_MASK_FULL;
  assert_int_equal(lat_learner_thinker(made.model, &made.thinker, &learner), LAT_INPUT);
  assert_null(learner);
  assert_int_equal(lat_content_parse("mixture", &content), LAT_OK);
  assert_int_equal(content, LAT_CONTENT_MIXTURE);
  assert_int_equal(lat_content_parse("x", &content), LAT_INPUT);
  drop(&made);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(slots_with_tokens_are_any_tokens),
      cmocka_unit_test(thoughts_are_states_fed_back),
      cmocka_unit_test(every_mode_trains_to_the_same_bits),
      cmocka_unit_test(what_cannot_be_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
