/* Small models of many kinds, trained for a few steps, for comparison with another framework: tests/e2e_torch.sh keeps the weights
 * before, the batches, the logits, the gradient and the losses. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka needs the above */
#include <cmocka.h>

#include "lib/base/memory.h"
#include "lib/base/random.h"
#include "lib/base/status.h"
#include "lib/base/text.h"
#include "lib/nn/operation.h"
#include "lib/store/weights.h"
#include "lib/train/learner.h"
#include "tests/model_help.h"

enum { V = 11, S = 13, B = 6, SHARDS = 2, UPDATES = 20, MOST_FIELDS = 3, MOST_STEPS = 4 };

struct kind {
  const char *name;
  struct lat_transformer_config config;
  struct lat_optimiser optimiser;
  enum lat_decay decay;
  double peak, clip;
  int every; /* the loss is the mean over all loops */
};

#define ADAMW(decay) \
  { LAT_OPTIMISER_ADAMW, 0.9, 0.98, 1e-8, decay }
static const struct kind kinds[] = {
    {"pre_layernorm_gelu_causal_learned_tied",
     {.norm = LAT_NORM_LAYERNORM,
      .activation = LAT_ACTIVATION_GELU,
      .mask = LAT_MASK_CAUSAL,
      .positions = LAT_POSITIONS_LEARNED,
      .layers = 2,
      .linear_bias = 1,
      .tied_head = 1,
      .final_norm = 1},
     ADAMW(0.1),
     LAT_DECAY_COSINE,
     3e-3,
     1,
     0},
    {"post_rmsnorm_tanh_full_sinusoidal",
     {.norm = LAT_NORM_RMSNORM,
      .placement = LAT_PLACEMENT_POST,
      .activation = LAT_ACTIVATION_GELU_TANH,
      .positions = LAT_POSITIONS_SINUSOIDAL,
      .layers = 2},
     ADAMW(0.01),
     LAT_DECAY_LINEAR,
     3e-3,
     1,
     0},
    {"sandwich_layernorm_loops_added_input_step_embedding",
     {.norm = LAT_NORM_LAYERNORM,
      .placement = LAT_PLACEMENT_SANDWICH,
      .activation = LAT_ACTIVATION_GELU_TANH,
      .mask = LAT_MASK_CAUSAL,
      .positions = LAT_POSITIONS_ROTARY,
      .steps = 3,
      .input_injection = LAT_INJECTION_ADD,
      .step_embeddings = 2,
      .linear_bias = 1,
      .final_norm = 1},
     ADAMW(0.01),
     LAT_DECAY_COSINE,
     3e-3,
     1,
     0},
    {"pre_rmsnorm_loops_normed_input_every_loop_asked",
     {.norm = LAT_NORM_RMSNORM,
      .activation = LAT_ACTIVATION_GELU_TANH,
      .mask = LAT_MASK_CAUSAL,
      .positions = LAT_POSITIONS_ROTARY,
      .steps = 4,
      .input_injection = LAT_INJECTION_NORM,
      .final_norm = 1},
     ADAMW(0),
     LAT_DECAY_CONSTANT,
     1e-2,
     0,
     1},
    {"post_layernorm_relu_window_two_fields",
     {.norm = LAT_NORM_LAYERNORM,
      .placement = LAT_PLACEMENT_POST,
      .mask = LAT_MASK_WINDOW,
      .window = 4,
      .positions = LAT_POSITIONS_LEARNED,
      .layers = 2,
      .fields = 2,
      .classes = 5,
      .linear_bias = 1},
     ADAMW(0.5),
     LAT_DECAY_COSINE,
     3e-3,
     1,
     0},
    {"no_norm_half_residual_loops",
     {.activation = LAT_ACTIVATION_GELU,
      .residual_scale = 0.5,
      .steps = 2,
      .input_injection = LAT_INJECTION_ADD,
      .positions = LAT_POSITIONS_LEARNED},
     ADAMW(0.01),
     LAT_DECAY_COSINE,
     3e-3,
     0.2,
     0},
    {"sandwich_rmsnorm_loops_normed_input_three_fields_clipped",
     {.norm = LAT_NORM_RMSNORM,
      .placement = LAT_PLACEMENT_SANDWICH,
      .activation = LAT_ACTIVATION_GELU,
      .positions = LAT_POSITIONS_LEARNED,
      .steps = 3,
      .input_injection = LAT_INJECTION_NORM,
      .fields = 3,
      .classes = 2,
      .linear_bias = 1},
     ADAMW(0.01),
     LAT_DECAY_LINEAR,
     3e-3,
     0.05,
     0},
    {"no_attention_momentum",
     {.norm = LAT_NORM_LAYERNORM,
      .activation = LAT_ACTIVATION_GELU,
      .heads = SIZE_MAX,
      .layers = 2,
      .classes = 3,
      .linear_bias = 1},
     {LAT_OPTIMISER_SGD, 0.9, 0, 0, 0},
     LAT_DECAY_CONSTANT,
     0.05,
     1,
     0},
};

static struct lat_transformer_config config_of(const struct kind *kind) {
  struct lat_transformer_config c = kind->config;
  c.vocabulary = V;
  c.sequence = S;
  c.width = 24;
  c.ffn = 37;
  c.norm_epsilon = 1e-5;
  c.attention_scale = 0.4;
  if (c.heads == SIZE_MAX)
    c.heads = 0;
  else
    c.heads = 3, c.key_width = 6, c.value_width = 5;
  if (c.layers == 0) c.layers = 1;
  if (c.steps == 0) c.steps = 1;
  return c;
}

struct problem {
  const struct kind *kind;
  const struct lat_learner *learner;
  const struct lat_transformer_config *config;
  int32_t token[UPDATES][B * S * MOST_FIELDS], target[UPDATES][B * S];
  float *logits; /* [steps, B S, classes] of the update at hand, or NULL */
};

/* A rule that can be learned a little: the target is a function of the last two positions' first tokens, and some are not asked. */
static void make_batches(struct problem *problem) {
  struct lat_random random;
  size_t fields = lat_transformer_fields(problem->config), classes = lat_transformer_classes(problem->config);
  lat_random_start(&random, 1, "batches", 0);
  for (size_t u = 0; u < UPDATES; u++) {
    for (size_t i = 0; i < B * S * fields; i++) problem->token[u][i] = (int32_t)lat_random_below(&random, V);
    for (size_t i = 0; i < B * S; i++) {
      int32_t here = problem->token[u][i * fields], before = i % S > 0 ? problem->token[u][(i - 1) * fields] : 0;
      int asked = lat_random_below(&random, 5) > 0;
      problem->target[u][i] = asked ? (int32_t)((size_t)(here + before) % classes) : -1;
    }
  }
}

static size_t asked_of(const struct problem *problem, size_t update) {
  size_t asked = 0;
  for (size_t i = 0; i < B * S; i++) asked += problem->target[update][i] >= 0;
  return asked;
}

static int shard_loss(void *context, struct lat_tape *tape, uint64_t update, size_t shard, float *gradient, double *loss) {
  const struct problem *problem = context;
  size_t fields = lat_transformer_fields(problem->config), rows = B * S / SHARDS, first = shard * rows;
  size_t T = problem->config->steps, classes = lat_transformer_classes(problem->config);
  struct lat_array *logits[MOST_STEPS], *total = NULL;
  struct lat_learner_pass pass = {.tape = tape,
                                  .gradient = gradient,
                                  .batch = B / SHARDS,
                                  .sequence = S,
                                  .token = problem->token[update] + first * fields,
                                  .steps = T,
                                  .through = SIZE_MAX,
                                  .every = problem->kind->every,
                                  .logits = logits};
  int status = problem->learner->run(problem->learner, &pass);
  if (status != LAT_OK) return status;
  for (size_t t = 0; t < T; t++) {
    if (logits[t] == NULL) continue;
    struct lat_array *one = lat_cross_entropy(tape, logits[t], problem->target[update] + first, NULL, NULL, NULL);
    total = total == NULL ? one : lat_sum_of(tape, 1, total, 1, one);
    if (problem->logits != NULL)
      memcpy(problem->logits + (t * B * S + first) * classes, logits[t]->value, rows * classes * sizeof(float));
  }
  if (total == NULL) return lat_tape_status(tape);
  double part = 1 / (double)(asked_of(problem, update) * (problem->kind->every ? T : 1));
  *loss += part * (double)total->value[0];
  return lat_tape_backward(tape, total, (float)part);
}

static void keep_bytes(const char *folder, size_t index, const char *what, const void *bytes, size_t size) {
  char path[512];
  if (folder == NULL) return;
  snprintf(path, sizeof path, "%s/%zu.%s", folder, index, what);
  assert_int_equal(lat_file_write(path, bytes, size), LAT_OK);
}
static void keep_weights(const char *folder, size_t index, const char *what, const struct lat_transformer *model) {
  char path[512];
  if (folder == NULL) return;
  snprintf(path, sizeof path, "%s/%zu.%s.h5", folder, index, what);
  assert_int_equal(lat_weights_save(path, model, NULL), LAT_OK);
}

static void keep_setting(const char *folder, size_t index, const struct kind *kind, const struct lat_rate *rate) {
  char text[1024];
  int length =
      snprintf(text, sizeof text,
               "{\"name\": \"%s\", \"batch\": %d, \"sequence\": %d, \"updates\": %d, \"every\": %d, \"optimiser\": "
               "\"%s\", \"beta1\": %.17g, \"beta2\": %.17g, \"epsilon\": %.17g, \"weight_decay\": %.17g, \"decay\": "
               "\"%s\", \"peak\": %.17g, \"floor\": %.17g, \"warmup\": %d, \"steps\": %d, \"clip\": %.17g}\n",
               kind->name, B, S, UPDATES, kind->every, lat_optimiser_name(kind->optimiser.kind), kind->optimiser.beta1,
               kind->optimiser.beta2, kind->optimiser.epsilon, kind->optimiser.weight_decay, lat_decay_name(rate->decay),
               rate->peak, rate->floor, (int)rate->warmup, (int)rate->steps, kind->clip);
  assert_true(length > 0 && (size_t)length < sizeof text);
  keep_bytes(folder, index, "json", text, (size_t)length);
}

/* The gradient of the first batch goes into a file of the same form as the weights. */
static void keep_gradient(const char *folder, size_t index, struct problem *problem, const struct lat_transformer *model) {
  struct lat_transformer *slope;
  struct lat_tape *tape;
  double loss = 0;
  size_t size = problem->config->steps * B * S * lat_transformer_classes(problem->config);
  assert_int_equal(lat_transformer_alloc(&model->config, &slope), LAT_OK);
  assert_int_equal(lat_tape_alloc(&tape), LAT_OK);
  problem->logits = lat_calloc(size, sizeof *problem->logits);
  memset(slope->parameters, 0, slope->count * sizeof *slope->parameters);
  for (size_t s = 0; s < SHARDS; s++) {
    lat_tape_reset(tape);
    assert_int_equal(shard_loss(problem, tape, 0, s, slope->parameters, &loss), LAT_OK);
  }
  keep_weights(folder, index, "gradient", slope);
  keep_bytes(folder, index, "logits", problem->logits, size * sizeof *problem->logits);
  lat_free(problem->logits);
  problem->logits = NULL;
  lat_tape_free(tape);
  lat_transformer_free(slope);
}

static void models_can_be_given_to_another_framework(void **state) {
  (void)state;
  const char *folder = getenv("LAT_KEEP");
  for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
    struct lat_transformer_config config = config_of(&kinds[k]);
    struct lat_transformer *model = help_model(&config, 0.3, k);
    struct lat_learner *learner;
    struct lat_trainer *trainer;
    static struct problem problem;
    double curve[2 * UPDATES];
    assert_int_equal(lat_learner_transformer(model, &learner), LAT_OK);
    problem = (struct problem){.kind = &kinds[k], .learner = learner, .config = &config};
    make_batches(&problem);
    struct lat_training training = {.optimiser = kinds[k].optimiser,
                                    .rate = {kinds[k].decay, kinds[k].peak, 0.05, 5, UPDATES},
                                    .clip = kinds[k].clip,
                                    .shards = SHARDS};
    keep_setting(folder, k, &kinds[k], &training.rate);
    keep_weights(folder, k, "before", model);
    keep_bytes(folder, k, "token", problem.token, sizeof problem.token);
    keep_bytes(folder, k, "target", problem.target, sizeof problem.target);
    keep_gradient(folder, k, &problem, model);
    assert_int_equal(
        lat_trainer_alloc(&training, learner->pieces, learner->piece, learner->parameters, shard_loss, &problem, &trainer),
        LAT_OK);
    for (size_t u = 0; u < UPDATES; u++) {
      struct lat_step step;
      assert_int_equal(lat_trainer_step(trainer, &step), LAT_OK);
      curve[u] = step.loss;
      curve[UPDATES + u] = step.norm;
      assert_true(isfinite(step.loss) && step.norm > 0);
    }
    keep_bytes(folder, k, "curve", curve, sizeof curve);
    lat_trainer_free(trainer);
    lat_learner_free(learner);
    lat_transformer_free(model);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(models_can_be_given_to_another_framework),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
