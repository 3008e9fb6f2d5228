/* What the world can get wrong about a model and its training: one clear sentence each, and nothing is lost or half done. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
/* cmocka needs the above */
#include <cmocka.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/base/text.h"
#include "lib/nn/decode.h"
#include "lib/nn/operation.h"
#include "lib/store/weights.h"
#include "lib/train/checkpoint.h"
#include "lib/train/learner.h"
#include "tests/model_help.h"

enum { V = 7, S = 5, D = 12 };
static const struct lat_transformer_config usual = {.vocabulary = V,
                                                    .sequence = S,
                                                    .width = D,
                                                    .heads = 3,
                                                    .key_width = 4,
                                                    .value_width = 4,
                                                    .ffn = 17,
                                                    .layers = 1,
                                                    .steps = 2,
                                                    .norm = LAT_NORM_LAYERNORM,
                                                    .norm_epsilon = 1e-5,
                                                    .mask = LAT_MASK_CAUSAL,
                                                    .positions = LAT_POSITIONS_LEARNED,
                                                    .attention_scale = 0.5};
static char folder[] = "/tmp/latentlab-bad-XXXXXX", path[64];

static int make_folder(void **state) {
  (void)state;
  if (mkdtemp(folder) == NULL) return -1;
  snprintf(path, sizeof path, "%s/file", folder);
  return 0;
}
static int remove_folder(void **state) {
  (void)state;
  unlink(path);
  return rmdir(folder);
}

/* One sentence: no line break, and this text in it. */
static void must_say(const char *part) {
  const char *sentence = lat_error_message();
  if (strstr(sentence, part) == NULL || strchr(sentence, '\n') != NULL) fail_msg("'%s' does not say '%s'", sentence, part);
}

static int run(const struct lat_learner *learner, size_t sequence, size_t steps, const int32_t *token) {
  struct lat_array *logits[4];
  struct lat_tape *tape;
  struct lat_learner_pass pass = {.batch = 1, .sequence = sequence, .token = token, .steps = steps, .through = SIZE_MAX};
  assert_int_equal(lat_tape_alloc(&tape), LAT_OK);
  pass.tape = tape;
  pass.logits = logits;
  int status = learner->run(learner, &pass);
  lat_tape_free(tape);
  return status;
}

static void lengths_loops_and_tokens_that_the_model_has_no_place_for(void **state) {
  (void)state;
  struct lat_transformer *model = help_model(&usual, 0.4, 1), *none;
  struct lat_learner *learner;
  struct lat_forward *forward;
  struct lat_cache *cache;
  int32_t token[S + 1] = {0, 1, 2, 3, 4, 5};
  float x[(S + 1) * D];
  assert_int_equal(lat_learner_transformer(model, &learner), LAT_OK);
  assert_int_equal(run(learner, S, 2, token), LAT_OK);
  assert_int_equal(run(learner, S + 1, 2, token), LAT_INPUT);
  must_say("6 tokens, but the model has learned 5 positions");
  assert_int_equal(lat_transformer_embed(model, 1, S + 1, token, x), LAT_INPUT);
  must_say("6 tokens, but the model has learned 5 positions");
  assert_int_equal(lat_cache_alloc(model, 1, S + 1, 2, &cache), LAT_INPUT);
  must_say("a cache of 6 tokens, but the model has learned 5 positions");
  assert_int_equal(run(learner, S, 0, token), LAT_INPUT);
  must_say("looped 0 times");
  assert_int_equal(lat_cache_alloc(model, 1, S, 0, &cache), LAT_INPUT);
  must_say("0 steps cannot be");
  assert_int_equal(lat_forward_alloc(model, 1, 0, &forward), LAT_INPUT);
  must_say("a batch of 1 sequences of 0 tokens cannot be run");
  token[3] = V;
  assert_int_equal(run(learner, S, 2, token), LAT_INPUT);
  must_say("token 7 at row 3 is outside 0..6");
  struct lat_transformer_config config = usual;
  config.steps = 0;
  assert_int_equal(lat_transformer_alloc(&config, &none), LAT_INPUT);
  must_say("steps is 0, and at least 1 is needed");
  config = usual;
  config.fields = 5;
  assert_int_equal(lat_transformer_alloc(&config, &none), LAT_INPUT);
  must_say("width 12 is not divisible by fields 5");
  lat_learner_free(learner);
  lat_transformer_free(model);
}

static void weights_of_another_shape_leave_the_model_as_it_was(void **state) {
  (void)state;
  struct lat_transformer *model = help_model(&usual, 0.4, 1), *other;
  float *kept = lat_alloc(model->count, sizeof *kept);
  memcpy(kept, model->parameters, model->count * sizeof *kept);
  const struct {
    const char *say;
    size_t offset, value;
  } size[] = {{"width is 24, and 12 is needed", offsetof(struct lat_transformer_config, width), 24},
              {"layers is 2, and 1 is needed", offsetof(struct lat_transformer_config, layers), 2},
              {"fields is 3, and 1 is needed", offsetof(struct lat_transformer_config, fields), 3},
              {"classes is 4, and 7 is needed", offsetof(struct lat_transformer_config, classes), 4}};
  for (size_t i = 0; i < 12; i++) {
    static const char *const say[] = {"norm is rmsnorm, and layernorm is needed",
                                      "placement is sandwich, and pre is needed",
                                      "mask is full, and causal is needed",
                                      "positions is rotary, and learned is needed",
                                      "input_injection is norm, and none is needed",
                                      "residual_scale is 0.5, and 1 is needed",
                                      "tied_head is 1, and 0 is needed",
                                      "linear_bias is 1, and 0 is needed"};
    struct lat_transformer_config config = usual;
    if (i < 4) memcpy((char *)&config + size[i].offset, &size[i].value, sizeof(size_t));
    if (i == 4) config.norm = LAT_NORM_RMSNORM;
    if (i == 5) config.placement = LAT_PLACEMENT_SANDWICH;
    if (i == 6) config.mask = LAT_MASK_FULL;
    if (i == 7) config.positions = LAT_POSITIONS_ROTARY;
    if (i == 8) config.input_injection = LAT_INJECTION_NORM;
    if (i == 9) config.residual_scale = 0.5;
    if (i == 10) config.tied_head = 1;
    if (i == 11) config.linear_bias = 1;
    other = help_model(&config, 0.4, 2);
    assert_int_equal(lat_weights_save(path, other, NULL), LAT_OK);
    assert_int_equal(lat_weights_load_into(path, model), LAT_INPUT);
    must_say(path);
    must_say(i < 4 ? size[i].say : say[i - 4]);
    assert_memory_equal(model->parameters, kept, model->count * sizeof *kept);
    lat_transformer_free(other);
  }
  /* The same shape with another number of loops is taken. */
  struct lat_transformer_config config = usual;
  config.steps = 9, config.fields = 1, config.classes = V, config.residual_scale = 1;
  other = help_model(&config, 0.4, 2);
  assert_int_equal(lat_weights_save(path, other, NULL), LAT_OK);
  assert_int_equal(lat_weights_load_into(path, model), LAT_OK);
  assert_memory_equal(model->parameters, other->parameters, model->count * sizeof *kept);
  assert_int_equal(model->config.steps, 2);
  lat_transformer_free(other);
  lat_transformer_free(model);
  lat_free(kept);
}

static int flat_loss(void *context, struct lat_tape *tape, uint64_t step, size_t shard, float *gradient, double *loss) {
  struct lat_array *x = lat_tape_leaf(tape, 1, 3, context, gradient);
  (void)step, (void)shard;
  struct lat_array *sum = lat_total(tape, lat_product(tape, x, x));
  if (sum == NULL) return lat_tape_status(tape);
  *loss = (double)sum->value[0];
  return lat_tape_backward(tape, sum, 1);
}

static void checkpoints_that_are_damaged_or_of_another_training(void **state) {
  (void)state;
  struct lat_training training = lat_training_default(10);
  const struct lat_piece three = {3, 1}, four = {4, 1};
  float p[4] = {1, 2, 3, 4}, before[4];
  struct lat_trainer *trainer, *other;
  char *bytes;
  size_t count;
  int found;
  assert_int_equal(lat_trainer_alloc(&training, 1, &three, p, flat_loss, p, &trainer), LAT_OK);
  assert_int_equal(lat_trainer_alloc(&training, 1, &four, p, flat_loss, p, &other), LAT_OK);
  assert_int_equal(lat_trainer_step(trainer, NULL), LAT_OK);
  assert_int_equal(lat_checkpoint_save(path, trainer, "ab", 2), LAT_OK);
  assert_int_equal(lat_trainer_step(trainer, NULL), LAT_OK);
  memcpy(before, p, sizeof before);
  char extra[2];
  assert_int_equal(lat_checkpoint_load(path, other, extra, 2, &found), LAT_INPUT);
  must_say("remove it to begin anew");
  assert_int_equal(lat_checkpoint_load(path, trainer, extra, 1, &found), LAT_INPUT);
  must_say(path);
  assert_int_equal(lat_file_read(path, &bytes, &count), LAT_OK);
  for (size_t at = 0; at < count; at++) { /* every byte */
    bytes[at] = (char)(bytes[at] ^ 1);
    assert_int_equal(lat_file_write(path, bytes, count), LAT_OK);
    assert_int_equal(lat_checkpoint_load(path, trainer, extra, 2, &found), LAT_INPUT);
    must_say(path);
    bytes[at] = (char)(bytes[at] ^ 1);
  }
  for (size_t cut = 0; cut < count; cut++) {
    assert_int_equal(lat_file_write(path, bytes, cut), LAT_OK);
    assert_int_equal(lat_checkpoint_load(path, trainer, extra, 2, &found), LAT_INPUT);
    must_say(path);
  }
  assert_memory_equal(p, before, sizeof before);
  assert_int_equal(lat_trainer_steps(trainer), 2);
  assert_int_equal(lat_file_write(path, bytes, count), LAT_OK);
  assert_int_equal(lat_checkpoint_load(path, trainer, extra, 2, &found), LAT_OK);
  assert_int_equal(lat_trainer_steps(trainer), 1);
  lat_free(bytes);
  lat_trainer_free(trainer);
  lat_trainer_free(other);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(lengths_loops_and_tokens_that_the_model_has_no_place_for),
      cmocka_unit_test(weights_of_another_shape_leave_the_model_as_it_was),
      cmocka_unit_test(checkpoints_that_are_damaged_or_of_another_training),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
