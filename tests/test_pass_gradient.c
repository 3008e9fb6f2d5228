/* Whole models against central differences in double precision: every placement and kind of norm, loops with injection and step
 * embeddings, positions, tied heads, losses of single steps weighted by something learned, truncated back-propagation. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* cmocka needs the above */
#include <cmocka.h>

#include "lib/base/memory.h"
#include "lib/base/random.h"
#include "lib/base/status.h"
#include "lib/nn/pass.h"

enum { B = 2, S = 5, V = 7 };
static const int32_t token[2 * B * S] = {1, 4, 0, 6, 6, 2, 2, 5, 3, 1, 0, 6, 5, 4, 4, 2, 1, 3, 3, 0},
                                   target[B * S] = {4, 0, 2, -1, 1, 2, 3, -1, 1, 0};

struct variant {
  const char *name;
  struct lat_transformer_config change; /* what differs from the base; steps 0: 1 */
  size_t through;                       /* 0: all */
  int halted;                           /* losses of all steps, weighted by a softmax-like learned share */
};

static struct lat_transformer_config base(const struct variant *variant) {
  struct lat_transformer_config c = variant->change;
  c.vocabulary = V;
  c.sequence = S;
  c.width = 6;
  if (c.heads != SIZE_MAX) {
    c.heads = 2;
    c.key_width = 4;
    c.value_width = 3;
  } else {
    c.heads = 0;
  }
  c.ffn = 5;
  c.layers = c.layers > 0 ? c.layers : 1;
  c.steps = c.steps > 0 ? c.steps : 1;
  c.norm_epsilon = 1e-5;
  c.attention_scale = 0.5;
  c.linear_bias = 1;
  return c;
}

static lat_real loss_of(struct lat_tape *tape, const struct lat_transformer *model, const struct variant *variant,
                        lat_real *gradient) {
  struct lat_array *state[8], *sum = NULL;
  struct lat_random random;
  lat_tape_reset(tape);
  struct lat_pass *pass = lat_pass_make(tape, model, B, S, gradient);
  assert_non_null(pass);
  if (variant->name[0] == 'd') {
    lat_random_start(&random, 9, "dropout", 0);
    pass->dropout = 0.3;
    pass->random = &random;
  }
  size_t steps = model->config.steps;
  struct lat_array *x = lat_pass_embed(pass, token);
  x = lat_pass_run(pass, steps, variant->through > 0 ? variant->through : SIZE_MAX, x, state);
  for (size_t t = variant->halted ? 0 : steps - 1; t < steps; t++) {
    struct lat_array *row = lat_cross_entropy_rows(tape, lat_pass_logits(pass, state[t]), target);
    if (variant->halted) /* a gate from the state itself: column 0 through a sigmoid */
      row = lat_product(tape, row, lat_sigmoid(tape, lat_columns(tape, state[t], 0, 1)));
    struct lat_array *part = lat_total(tape, row);
    sum = sum == NULL ? part : lat_sum_of(tape, 1, sum, 1, part);
  }
  assert_non_null(sum);
  if (gradient != NULL) assert_int_equal(lat_tape_backward(tape, sum, 1), LAT_OK);
  return sum->value[0];
}

static void check(const struct variant *variant) {
  struct lat_transformer_config config = base(variant);
  struct lat_transformer *model = NULL;
  struct lat_tape *tape = NULL;
  struct lat_random random;
  assert_int_equal(lat_transformer_alloc(&config, &model), LAT_OK);
  assert_int_equal(lat_tape_alloc(&tape), LAT_OK);
  lat_real *gradient = lat_calloc(model->count, sizeof *gradient);
  lat_random_start(&random, 2, variant->name, 0);
  for (size_t i = 0; i < model->count; i++) model->parameters[i] += 1.2 * (lat_random_uniform(&random) - 0.5);
  loss_of(tape, model, variant, gradient);
  for (size_t i = 0; i < model->count; i++) {
    lat_real kept = model->parameters[i], step = 1e-5;
    model->parameters[i] = kept + step;
    lat_real above = loss_of(tape, model, variant, NULL);
    model->parameters[i] = kept - step;
    lat_real below = loss_of(tape, model, variant, NULL);
    model->parameters[i] = kept;
    lat_real expected = (above - below) / (2 * step);
    if (!(fabs(gradient[i] - expected) <= 1e-6 * (1 + fabs(expected))))
      fail_msg("%s: parameter %zu: %.12g, and by differences %.12g", variant->name, i, gradient[i], expected);
  }
  lat_free(gradient);
  lat_tape_free(tape);
  lat_transformer_free(model);
}

static void gradients_of_whole_models_are_central_differences(void **state) {
  (void)state;
  static const struct variant variants[] = {
      {"pre layernorm gelu causal",
       {.norm = LAT_NORM_LAYERNORM,
        .activation = LAT_ACTIVATION_GELU,
        .mask = LAT_MASK_CAUSAL,
        .layers = 2,
        .final_norm = 1,
        .positions = LAT_POSITIONS_LEARNED},
       0,
       0},
      {"post rmsnorm gelu-tanh, loop",
       {.norm = LAT_NORM_RMSNORM,
        .placement = LAT_PLACEMENT_POST,
        .activation = LAT_ACTIVATION_GELU_TANH,
        .steps = 3,
        .positions = LAT_POSITIONS_SINUSOIDAL},
       0,
       0},
      {"sandwich, loop with injection and step embeddings",
       {.norm = LAT_NORM_LAYERNORM,
        .placement = LAT_PLACEMENT_SANDWICH,
        .activation = LAT_ACTIVATION_GELU,
        .steps = 3,
        .input_injection = 1,
        .step_embeddings = 2,
        .final_norm = 1,
        .mask = LAT_MASK_CAUSAL},
       0,
       0},
      {"no norm, relu, scaled residual, tied head",
       {.activation = LAT_ACTIVATION_GELU, .steps = 2, .residual_scale = 0.6, .tied_head = 1},
       0,
       0},
      {"rotary, window",
       {.norm = LAT_NORM_RMSNORM,
        .activation = LAT_ACTIVATION_GELU,
        .mask = LAT_MASK_WINDOW,
        .window = 2,
        .positions = LAT_POSITIONS_ROTARY,
        .layers = 2},
       0,
       0},
      {"no attention",
       {.heads = SIZE_MAX,
        .norm = LAT_NORM_LAYERNORM,
        .placement = LAT_PLACEMENT_SANDWICH,
        .activation = LAT_ACTIVATION_GELU,
        .steps = 2},
       0,
       0},
      {"halted: losses of all steps behind gates",
       {.norm = LAT_NORM_LAYERNORM, .activation = LAT_ACTIVATION_GELU, .steps = 3, .input_injection = 1},
       0,
       1},
      {"fields and classes, injection through a layer norm",
       {.norm = LAT_NORM_LAYERNORM,
        .activation = LAT_ACTIVATION_GELU,
        .steps = 3,
        .fields = 2,
        .classes = 5,
        .input_injection = LAT_INJECTION_NORM,
        .positions = LAT_POSITIONS_LEARNED},
       0,
       0},
      {"injection through a root mean square norm, halted",
       {.norm = LAT_NORM_RMSNORM,
        .placement = LAT_PLACEMENT_POST,
        .activation = LAT_ACTIVATION_GELU_TANH,
        .steps = 3,
        .classes = 9,
        .input_injection = LAT_INJECTION_NORM,
        .step_embeddings = 1},
       0,
       1},
      {"dropout", {.norm = LAT_NORM_LAYERNORM, .activation = LAT_ACTIVATION_GELU, .steps = 2}, 0, 0},
  };
  for (size_t i = 0; i < sizeof variants / sizeof *variants; i++) check(&variants[i]);
}

/* Through the last step only: the gradient is that of a model whose earlier states are given. */
static void truncated_gradients_stop_at_their_step(void **state) {
  (void)state;
  const struct variant whole = {"t", {.activation = LAT_ACTIVATION_GELU, .steps = 4}, 0, 0};
  struct variant cut = whole;
  cut.through = 2;
  struct lat_transformer_config config = base(&whole);
  struct lat_transformer *model = NULL;
  struct lat_tape *tape = NULL;
  struct lat_random random;
  assert_int_equal(lat_transformer_alloc(&config, &model), LAT_OK);
  assert_int_equal(lat_tape_alloc(&tape), LAT_OK);
  lat_random_start(&random, 2, "truncated", 0);
  for (size_t i = 0; i < model->count; i++) model->parameters[i] = lat_random_uniform(&random) - 0.5;
  lat_real *full = lat_calloc(model->count, sizeof *full), *part = lat_calloc(model->count, sizeof *part);
  assert_true(loss_of(tape, model, &whole, full) == loss_of(tape, model, &cut, part));
  double difference = 0, embedding = 0;
  for (size_t i = 0; i < model->count; i++) difference += fabs(full[i] - part[i]);
  for (size_t i = 0; i < V * 6; i++) embedding += fabs(part[i]);
  assert_true(difference > 1e-3);
  assert_true(embedding == 0); /* the token table lies first, and nothing reaches it */
  lat_free(full);
  lat_free(part);
  lat_tape_free(tape);
  lat_transformer_free(model);
}

static const struct lat_transformer_config looped = {.vocabulary = V,
                                                     .sequence = S,
                                                     .width = 6,
                                                     .heads = 2,
                                                     .key_width = 4,
                                                     .value_width = 3,
                                                     .ffn = 5,
                                                     .layers = 2,
                                                     .steps = 3,
                                                     .norm = LAT_NORM_LAYERNORM,
                                                     .norm_epsilon = 1e-5,
                                                     .placement = LAT_PLACEMENT_SANDWICH,
                                                     .activation = LAT_ACTIVATION_GELU,
                                                     .mask = LAT_MASK_CAUSAL,
                                                     .positions = LAT_POSITIONS_ROTARY,
                                                     .attention_scale = 0.5,
                                                     .input_injection = LAT_INJECTION_NORM,
                                                     .step_embeddings = 3,
                                                     .linear_bias = 1,
                                                     .final_norm = 1};

/* The loss after the loops. With `own` 1 each loop has layers of its own: the model is then a stack of T L of them. */
static lat_real loss_of_loops(struct lat_tape *tape, const struct lat_transformer *model, size_t own, lat_real *gradient) {
  lat_tape_reset(tape);
  struct lat_pass *pass = lat_pass_make(tape, model, B, S, gradient);
  assert_non_null(pass);
  struct lat_array *first = lat_pass_embed(pass, token), *x = first;
  for (size_t t = 0; t < looped.steps; t++) {
    x = lat_pass_begin_step(pass, t, x, first);
    for (size_t l = 0; l < looped.layers; l++) x = lat_pass_layer(pass, own * t * looped.layers + l, x);
  }
  struct lat_array *sum = lat_cross_entropy(tape, lat_pass_logits(pass, x), target, NULL, NULL, NULL);
  assert_non_null(sum);
  assert_int_equal(lat_tape_backward(tape, sum, 1), LAT_OK);
  return sum->value[0];
}

/* The loop law of a whole model: a tied layer's gradient is the sum over the loops of those of untied copies, and everything outside the
 * layers has the same one. */
static void tied_loops_have_the_summed_gradient_of_the_untied_stack(void **state) {
  (void)state;
  struct lat_transformer_config deep = looped;
  struct lat_transformer *tied, *stack;
  struct lat_tape *tape;
  struct lat_random random;
  deep.layers = looped.layers * looped.steps;
  assert_int_equal(lat_transformer_alloc(&looped, &tied), LAT_OK);
  assert_int_equal(lat_transformer_alloc(&deep, &stack), LAT_OK);
  assert_int_equal(lat_tape_alloc(&tape), LAT_OK);
  lat_random_start(&random, 2, "untied", 0);
  for (size_t i = 0; i < tied->count; i++) tied->parameters[i] += lat_random_uniform(&random) - 0.5;
  size_t outer = (size_t)(tied->layer[0].norm1.gain - tied->parameters), all = tied->count - outer;
  for (size_t i = 0; i < stack->count; i++)
    stack->parameters[i] = tied->parameters[i < outer ? i : outer + (i - outer) % all];
  lat_real *one = lat_calloc(tied->count, sizeof *one), *many = lat_calloc(stack->count, sizeof *many);
  assert_true(loss_of_loops(tape, tied, 0, one) == loss_of_loops(tape, stack, 1, many));
  for (size_t i = 0; i < tied->count; i++) {
    lat_real sum = many[i], size = fabs(many[i]);
    for (size_t t = 1; t < looped.steps && i >= outer; t++) sum += many[i + t * all], size += fabs(many[i + t * all]);
    if (!(fabs(one[i] - sum) <= 1e-12 * (1 + size))) fail_msg("parameter %zu: %.15g tied, %.15g in sum", i, one[i], sum);
  }
  lat_free(one), lat_free(many);
  lat_tape_free(tape);
  lat_transformer_free(tied), lat_transformer_free(stack);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(gradients_of_whole_models_are_central_differences),
      cmocka_unit_test(truncated_gradients_stop_at_their_step),
      cmocka_unit_test(tied_loops_have_the_summed_gradient_of_the_untied_stack),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
