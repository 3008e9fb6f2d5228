/* Exercise 5: how sharp must attention be for a certificate, and what happens below? */
#include <math.h>
#include <stdio.h>

#include "cli/exercise.h"
#include "cli/exercise_machine.h"
#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/compile/certificate.h"
#include "lib/compile/layout.h"

enum { TOKENS, FAN_IN, KAPPA, NORM, ACTIVATION, BETA };
static const struct lat_exercise_flag flags[] = {
    {"tokens", "N", "tokens", LAT_FLAG_INTEGER, 2, 1024, "256"},
    {"fan-in", "K", "fan-ins of a gate, one head each", LAT_FLAG_INTEGER, 2, LAT_MAX_FAN_IN, "2"},
    {"kappa", "K", "slope of the clip", LAT_FLAG_REAL, 1, 1000, "4"},
    {"norm", "NAME", "none, rmsnorm or layernorm", LAT_FLAG_WORD, 0, 0, "none"},
    {"activation", "NAME", "relu, gelu or gelu-tanh", LAT_FLAG_WORD, 0, 0, "relu"},
    {"beta", "B", "look at this beta too; 0: none", LAT_FLAG_REAL, 0, 100, "0"},
    {0}};

enum { STEPS = 24, SHOWN = 12 };
#define BELOW 0.9995

/* One input and N - 1 gates that are always 0: while the input is 1, all that its latch can leak from pulls to 0. */
static int make_adversary(size_t tokens, const struct lat_construction *construction, struct lat_machine *machine) {
  uint32_t from[2] = {0, 0};
  int status;
  *machine = (struct lat_machine){0};
  LAT_TRY(status, lat_netlist_alloc("adversary", &machine->netlist));
  LAT_TRY(status, lat_netlist_input(machine->netlist, NULL, NULL));
  for (size_t g = 1; g < tokens; g++) LAT_TRY(status, lat_netlist_node(machine->netlist, 1, from, 0, NULL));
  LAT_TRY(status, lat_netlist_output(machine->netlist, NULL, 0));
  LAT_TRY(status, lat_netlist_finish(machine->netlist, NULL));
  LAT_TRY(status, lat_compile(machine->netlist, construction, &machine->compiled));
done:
  return status;
}

static int certify(size_t tokens, struct lat_construction construction, struct lat_certificate *certificate,
                   double *chosen) {
  struct lat_machine machine;
  int status;
  LAT_TRY(status, make_adversary(tokens, &construction, &machine));
  lat_certify(machine.compiled, LAT_ATTENTION_DENSE, certificate);
  *chosen = machine.compiled->beta;
done:
  lat_machine_free(&machine);
  return status;
}

struct latch {
  const struct lat_compiled *compiled;
  double value[STEPS + 1];
};

static int observe(void *context, size_t step, size_t layer, const float *x) {
  struct latch *latch = context;
  const struct lat_layout *layout = &latch->compiled->layout;
  (void)layer;
  latch->value[step + 1] = (double)x[lat_layout_column(layout, layout->value)];
  return LAT_OK;
}

/* Runs the input 1 for STEPS steps; *realised is the beta of the weights, value[t] what the input's token then holds. */
static int run_latch(size_t tokens, struct lat_construction construction, double beta, double *realised, double *value) {
  struct lat_machine machine;
  struct lat_forward *forward = NULL;
  struct latch latch = {.value = {1}};
  unsigned char bit = 1;
  float *x = NULL;
  int status;
  construction.beta = beta;
  LAT_TRY(status, make_adversary(tokens, &construction, &machine));
  latch.compiled = machine.compiled;
  *realised = machine.compiled->beta;
  LAT_CHECK(status, (x = lat_alloc(tokens * machine.compiled->layout.width, sizeof *x)) != NULL, LAT_MEMORY,
            "no memory for the state");
  lat_prompt_state(machine.compiled->prompt, &bit, x);
  LAT_TRY(status, lat_forward_alloc(machine.compiled->model, 1, tokens, &forward));
  LAT_TRY(status, lat_transformer_run(machine.compiled->model, forward, STEPS, x, observe, &latch, 0));
  for (int t = 0; t <= STEPS; t++) value[t] = latch.value[t];
done:
  lat_forward_free(forward);
  lat_free(x);
  lat_machine_free(&machine);
  return status;
}

/* The first step at which the bit is lost; STEPS + 1 when it never is. */
static int lost(const double *value) {
  int t = 0;
  while (t <= STEPS && value[t] > 0) t++;
  return t;
}

/* The beta at which worst leak over N addresses is `leak`. */
static double beta_of(double leak, size_t tokens) {
  double low = 0, high = 60;
  for (int i = 0; i < 200; i++) {
    double middle = (low + high) / 2;
    if (lat_leak_occupied(middle, tokens) <= leak)
      high = middle;
    else
      low = middle;
  }
  return high;
}

/* The latch in exact arithmetic: K fetched values of (1 - leak) v - leak, an identity table, a clip. */
static double formula_step(double v, double leak, double kappa, double fan_in) {
  double z = fan_in * ((1 - leak) * v - leak) + 1 - fan_in;
  return 2 * (fmax(kappa * z + 0.5, 0) - fmax(kappa * z - 0.5, 0)) - 1;
}

/* Between a beta that loses the bit and one that keeps it. */
static int find_threshold(size_t tokens, struct lat_construction construction, double low, double high, double *threshold) {
  double value[STEPS + 1], realised;
  int status = LAT_OK;
  while (high - low > 2e-4) {
    double middle = (low + high) / 2;
    LAT_TRY(status, run_latch(tokens, construction, middle, &realised, value));
    if (lost(value) <= STEPS)
      low = middle;
    else
      high = realised > low ? fmin(realised, middle) : middle;
  }
  *threshold = high;
done:
  return status;
}

static int table_tokens(struct lat_sheet *sheet, const struct lat_construction *construction, double leak) {
  static const struct lat_sheet_column columns[] = {{"tokens", "tokens N"},         {"address_bits", "address bits m"},
                                                    {"formula", "formula"},         {"certified", "certified from"},
                                                    {"chosen", "chosen by itself"}, {0}};
  int status = LAT_OK;
  lat_sheet_table(sheet, "tokens", "beta that is needed, by the formula and with all rounding errors", columns);
  for (size_t tokens = 4; tokens <= 4096; tokens *= 4) {
    struct lat_certificate certificate;
    double chosen;
    LAT_TRY(status, certify(tokens, *construction, &certificate, &chosen));
    lat_sheet_integer(sheet, (int64_t)tokens);
    lat_sheet_integer(sheet, (int64_t)lat_layout_address_bits(tokens));
    lat_sheet_fixed(sheet, beta_of(leak, tokens), 4);
    lat_sheet_fixed(sheet, certificate.beta_minimum, 4);
    lat_sheet_fixed(sheet, chosen, 4);
  }
done:
  return status;
}

static int row_of_run(struct lat_sheet *sheet, size_t tokens, struct lat_construction construction, double beta,
                      int *when) {
  double value[STEPS + 1], realised;
  struct lat_certificate certificate;
  int status;
  LAT_TRY(status, run_latch(tokens, construction, beta, &realised, value));
  construction.beta = beta;
  LAT_TRY(status, certify(tokens, construction, &certificate, &realised));
  *when = lost(value);
  lat_sheet_fixed(sheet, realised, 4);
  lat_sheet_fixed(sheet, lat_leak_occupied(realised, tokens), 4);
  lat_sheet_word(sheet, "%s", certificate.certified ? "yes" : "no");
  lat_sheet_word(sheet, "%s", *when <= STEPS ? "lost" : "kept");
  if (*when <= STEPS) lat_sheet_integer(sheet, *when);
  if (*when > STEPS) lat_sheet_none(sheet);
done:
  return status;
}

static int table_below(struct lat_sheet *sheet, size_t tokens, const struct lat_construction *construction, double beta,
                       double *apart, double *first, int *when) {
  static const struct lat_sheet_column columns[] = {
      {"step", "step"}, {"formula", "value by the formula"}, {"found", "in the transformer"}, {0}};
  double value[STEPS + 1], realised, v = 1;
  char title[128];
  int status;
  LAT_TRY(status, run_latch(tokens, *construction, beta, &realised, value));
  snprintf(title, sizeof title, "the input's token, which holds 1, at beta %.4f", realised);
  lat_sheet_table(sheet, "below", title, columns);
  *apart = 0;
  *first = value[1];
  *when = lost(value);
  for (int t = 0; t <= SHOWN && t <= *when + 1; t++) {
    lat_sheet_integer(sheet, t);
    lat_sheet_fixed(sheet, v, 3);
    lat_sheet_fixed(sheet, value[t], 3);
    /* A step multiplies the error of the first one's rounding as it multiplies the loss. */
    *apart += !(fabs(v - value[t]) <= 1e-3 + 0.01 * fabs(1 - v));
    v = formula_step(v, lat_leak_occupied(realised, tokens), construction->kappa, construction->fan_in);
  }
done:
  return status;
}

static int run(const struct lat_exercise_values *values, struct lat_sheet *sheet) {
  static const struct lat_sheet_column columns[] = {
      {"beta", "beta"}, {"leak", "leak"}, {"certified", "certified"}, {"bit", "bit"}, {"lost_at", "lost at step"}, {0}};
  size_t tokens = values->integer[TOKENS];
  struct lat_construction construction = {
      .fan_in = (unsigned)values->integer[FAN_IN], .layers = 1, .steps = STEPS, .kappa = values->real[KAPPA]};
  struct lat_certificate certificate;
  double chosen, threshold, K = (double)values->integer[FAN_IN], apart, first = 1;
  int status, when, below = 0;
  if ((status = lat_norm_parse(values->word[NORM], &construction.norm)) != LAT_OK) return lat_fail_prefix(status, "--norm");
  if ((status = lat_activation_parse(values->word[ACTIVATION], &construction.activation)) != LAT_OK)
    return lat_fail_prefix(status, "--activation");
  int plain = construction.norm == LAT_NORM_NONE && construction.activation == LAT_ACTIVATION_RELU;
  double leak = (1 - 1 / (2 * construction.kappa)) / (2 * K), closed = beta_of(leak, tokens);
  char title[160];
  lat_sheet_formula(sheet, "leak = softmax weight off the target = 1 - sigma(2 beta)^m with all N = 2^m addresses in use");
  lat_sheet_formula(sheet, "a latched bit is kept while leak <= (1 - 1 / (2 kappa)) / (2 K) = %.4f for K = %zu, kappa = %g",
                    leak, values->integer[FAN_IN], construction.kappa);
  lat_sheet_formula(sheet, "the certificate puts the rounding of every sum beside the leak, so it asks for a little more");
  LAT_TRY(status, table_tokens(sheet, &construction, leak));
  LAT_TRY(status, certify(tokens, construction, &certificate, &chosen));
  snprintf(title, sizeof title, "%zu tokens: an input 1 among gates that are all 0, after %d steps", tokens, STEPS);
  lat_sheet_table(sheet, "runs", title, columns);
  const double tried[] = {0.9 * closed, 0.99 * closed, 0.999 * closed, certificate.beta_minimum, chosen};
  for (size_t i = 0; i < sizeof tried / sizeof *tried; i++) {
    LAT_TRY(status, row_of_run(sheet, tokens, construction, tried[i], &when));
    below += i < 3 && when <= STEPS;
    if (i == 3) lat_sheet_check(sheet, 0, when <= STEPS, 0, "bits lost at the smallest certified beta");
  }
  if (values->real[BETA] > 0) LAT_TRY(status, row_of_run(sheet, tokens, construction, values->real[BETA], &when));
  LAT_TRY(status, find_threshold(tokens, construction, 0.5 * closed, 2 * certificate.beta_minimum, &threshold));
  lat_sheet_limit(sheet, certificate.beta_minimum + 2e-4, threshold,
                  "beta from which the transformer keeps the bit, certified");
  if (plain) {
    lat_sheet_check(sheet, closed, threshold, 1e-3, "beta from which the transformer keeps the bit, by the formula");
    lat_sheet_check(sheet, 3, below, 0, "of the three runs below the formula's beta, lost");
    LAT_TRY(status, table_below(sheet, tokens, &construction, BELOW * closed, &apart, &first, &when));
    lat_sheet_check(sheet, 0, apart, 0, "rows of the last table whose columns differ by over 0.001 and 1 %% of the loss");
  }
  lat_sheet_conclude(sheet,
                     "The adversary wins below beta %.4f; the certificate asks for %.4f, which is %.2f %% more. For the "
                     "16-fold number of tokens the formula asks for %.2f more: beta grows with log log N, for each address "
                     "bit may leak on its own.",
                     threshold, certificate.beta_minimum, 100 * (certificate.beta_minimum / threshold - 1),
                     beta_of(leak, 16 * tokens) - closed);
  if (plain)
    lat_sheet_conclude(
        sheet,
        "Just below, at %.2f %% of that beta, the first step takes only %.4f from the value; the clip's slope "
        "multiplies the loss at every further step, and at step %d the bit is gone for good. Above it the clip "
        "repairs every loss, so the number of steps does not matter.",
        100 * BELOW, 1 - first, when);
done:
  return status;
}

const struct lat_exercise lat_exercise_beta = {
    .name = "beta",
    .question = "How sharp must attention be before a machine of N tokens is right for all inputs and any number of steps?",
    .source = "DESIGN.md, The machine and Certificate; Vaswani et al. (2017) for the softmax",
    .flags = flags,
    .run = run,
};
