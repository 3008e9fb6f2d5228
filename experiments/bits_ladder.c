/* What does a thought of d numbers carry? Every step down from 16 d bits, as a formula, a bound or a measurement. */
#include <math.h>
#include <string.h>

#include "experiments/bits_ladder/analyse.h"
#include "experiments/bits_ladder/narrow.h"
#include "experiments/bits_ladder/representable.h"
#include "experiments/learned_depth/fitting.h"
#include "experiments/thought_relay/relaying.h"
#include "lib/base/memory.h"
#include "lib/base/random.h"
#include "lib/base/status.h"
#include "lib/info/entropy.h"
#include "lib/info/gaussian.h"
#include "lib/sweep/experiment.h"

#define PARAMETERS(INT, REAL, TEXT, PATH)                                                                               \
  TEXT(rung, "",                                                                                                        \
       "formula: nominal, representable, noise-limited; relay: trained to pass bits on; circuit: a looped transformer " \
       "trained to evaluate circuits",                                                                                  \
       "formula,relay,circuit", "formula,relay,circuit", "formula,relay,circuit")                                       \
  INT(width, "numbers", 4, 4096, "width d of the thought; above 256 formulas only; circuits 32 to 128", "16",           \
      "16,32,64,4096", "16,32,64,128,256,4096")                                                                         \
  REAL(load, "bits", 0.01, 64, "bits sent a number; relay only, the others take 1", "1", "1,1.5,2", "1,1.5,2")          \
  INT(reader, "layers", 0, 8, "hidden layers of the relay's reader; the others take 1", "1", "0,1", "0,1")              \
  INT(hidden, "units", 1, 65536, "of the relay's hidden layers", "32", "256", "512")                                    \
  INT(budget, "updates", 1, 1e9, "of a relay at most", "60", "700", "1500")                                             \
  INT(depth, "levels", 1, 16, "of the circuits", "1", "2", "4")                                                         \
  INT(last, "updates", 1, 1e9, "of the circuits' last phase at most; 700 of each earlier one", "40", "800", "1200")     \
  INT(tested, "examples", 2, 1e6, "examples of the test and of the validation", "64", "512", "1024")                    \
  INT(seed, "", 0, 1000000, "of parameters, training and test", "0", "0,1,2", "0,1,2")
LAT_DEFINE_PARAMETERS(PARAMETERS)

static const struct lat_output outputs[] = {
    {"nominal", "bits", "16 d", LAT_REAL, "", LAT_MAY_BE_MISSING},
    {"bf16_low", "bits", "log2 of the states of a normalised vector in bf16, lower bound", LAT_REAL, "",
     LAT_MAY_BE_MISSING},
    {"bf16_high", "bits", "upper bound", LAT_REAL, "", LAT_MAY_BE_MISSING},
    {"fp16_low", "bits", "the same in fp16, lower bound", LAT_REAL, "", LAT_MAY_BE_MISSING},
    {"fp16_high", "bits", "upper bound", LAT_REAL, "", LAT_MAY_BE_MISSING},
    {"rounding", "1", "deviation of bf16's rounding from normalised Gaussian vectors", LAT_REAL, "", LAT_MAY_BE_MISSING},
    {"noise_limited", "bits", "capacity with Gaussian noise of that deviation", LAT_REAL, "", LAT_MAY_BE_MISSING},
    {"sent", "bits", "random bits sent", LAT_INTEGER, "", LAT_MAY_BE_MISSING},
    {"recovered", "bits", "recovered by the reader: lower bound by cross-entropy on test examples", LAT_REAL, "",
     LAT_MAY_BE_MISSING},
    {"recovered_low", "bits", "lower end of its 95 % interval", LAT_REAL, "", LAT_MAY_BE_MISSING},
    {"recovered_high", "bits", "upper end of its 95 % interval", LAT_REAL, "", LAT_MAY_BE_MISSING},
    {"fano", "bits", "lower bound by the error rate of each bit", LAT_REAL, "", LAT_MAY_BE_MISSING},
    {"validation", "1", "what is chosen by: bits recovered, or accuracy, on validation examples", LAT_REAL, "",
     LAT_MAY_BE_MISSING},
    {"full", "1", "accuracy on test examples, the thought as it is", LAT_REAL, "", LAT_MAY_BE_MISSING},
    {"participation", "1", "participation ratio of the thoughts' spectrum", LAT_REAL, "", LAT_MAY_BE_MISSING},
    {"quantised", "bits", "least bits a number that keep 99 % of the accuracy, all directions kept; 0: none of 1..8",
     LAT_INTEGER, "", LAT_MAY_BE_MISSING},
    {"projected", "numbers", "least directions that keep 99 %, not rounded", LAT_INTEGER, "", LAT_MAY_BE_MISSING},
    {"kept", "bits", "least bits, shared out among directions, that keep 99 %; 0: none", LAT_INTEGER, "",
     LAT_MAY_BE_MISSING},
    {"kept_rank", "numbers", "directions of that", LAT_INTEGER, "", LAT_MAY_BE_MISSING},
    {"kept_accuracy", "1", "accuracy of that on test examples", LAT_REAL, "", LAT_MAY_BE_MISSING},
    {"noise", "1", "largest deviation of noise, beside entries of mean square 1, that keeps 99 %; 0: none that was tried",
     LAT_REAL, "", LAT_MAY_BE_MISSING},
    {"noise_bits", "bits", "what gets through at that noise at most", LAT_REAL, "", LAT_MAY_BE_MISSING},
    {"needed", "bits", "what 99 % of the relay's accuracy takes at least, by Fano's inequality", LAT_REAL, "",
     LAT_MAY_BE_MISSING},
    {"end", "-", "how training ended: updates, solved, diverged; formula: none", LAT_TEXT, "", 0},
    {"parameters", "numbers", "trained parameters", LAT_INTEGER, "", LAT_MAY_BE_MISSING},
    {"updates", "updates", "updates done", LAT_INTEGER, "", LAT_MAY_BE_MISSING},
    {0}};

static int is_rung(const struct parameters *p, const char *name) { return strcmp(p->rung, name) == 0; }

static const char *reject(const void *pointer) {
  const struct parameters *p = pointer;
  if (!is_rung(p, "relay") && (p->load != 1 || p->reader != 1))
    return "load and reader are the relay's: listed once, with 1";
  if (is_rung(p, "formula") && p->seed != 0) return "formulas take seed 0";
  if (is_rung(p, "relay") && p->width > 256) return "relays are trained up to 256 numbers";
  if (is_rung(p, "relay") && p->reader == 0 && p->load != 1.5) return "linear readers take 1.5 bits a number";
  if (is_rung(p, "relay") && p->width > 64 && p->load > 1.5)
    return "relays of more than 64 numbers take up to 1.5 bits a number";
  if (is_rung(p, "relay") && p->width > 128 && p->seed > 1) return "relays of more than 128 numbers take seeds 0 and 1";
  if (is_rung(p, "circuit") && (p->width < 32 || p->width > 128) && p->depth > 1)
    return "circuit evaluators are trained with 32 to 128 numbers";
  return NULL;
}

static struct lat_relaying relaying_of(const struct parameters *p) {
  double bits = fmax(1, floor(p->load * (double)p->width));
  return (struct lat_relaying){.relay = {.kind = LAT_RELAY_CONTINUOUS,
                                         .bits = (size_t)bits,
                                         .width = (size_t)p->width,
                                         .thoughts = 1,
                                         .hidden = (size_t)p->hidden,
                                         .sender_layers = 1,
                                         .reader_layers = (size_t)p->reader},
                               /* Wide relays diverge at the rate that suits narrow ones. */
                               .rate = p->width > 64 ? 0.005 : 0.01,
                               .updates = (uint64_t)p->budget,
                               .batch = 128,
                               .seed = (uint64_t)p->seed};
}

static struct lat_fitting fitting_of(const struct parameters *p) {
  return (struct lat_fitting){.depth = (size_t)p->depth,
                              .inputs = 4,
                              .gates = 2,
                              .ids = (size_t)(16 + 2 * p->depth),
                              .layers = 1,
                              .loops_low = (size_t)p->depth,
                              .loops_high = (size_t)p->depth,
                              .width = (size_t)p->width,
                              .heads = 4,
                              .injection = LAT_INJECTION_NORM,
                              .placement = LAT_PLACEMENT_SANDWICH,
                              .rate = 0.002,
                              .updates = (uint64_t)p->last,
                              .early = p->last < 700 ? (uint64_t)(p->last < 100 ? p->last : 700) : 700,
                              .batch = 32,
                              .validation = 256,
                              .measure = LAT_MEASURE_ACCURACY,
                              .stop = 0.998,
                              .seed = (uint64_t)p->seed};
}

static int check(const void *parameters) {
  const struct parameters *p = parameters;
  struct lat_relaying relaying = relaying_of(p);
  struct lat_fitting fitting = fitting_of(p);
  struct lat_task_setting setting;
  int status = LAT_OK;
  LAT_CHECK(status, is_rung(p, "formula") || is_rung(p, "relay") || is_rung(p, "circuit"), LAT_INPUT,
            "rung is formula, relay or circuit, not '%s'", p->rung);
  if (is_rung(p, "relay")) LAT_TRY(status, lat_relaying_check(&relaying));
  LAT_CHECK(status, !is_rung(p, "circuit") || p->width % 4 == 0, LAT_INPUT, "a width of %d does not divide into 4 heads",
            (int)p->width);
  if (is_rung(p, "circuit")) LAT_TRY(status, lat_fitting_circuit(&fitting, fitting.depth, &setting));
done:
  return status;
}

static double cost(const void *pointer) {
  const struct parameters *p = pointer;
  double d = (double)p->width;
  if (is_rung(p, "formula")) return 1e6;
  if (is_rung(p, "relay")) return (double)p->budget * 128 * (double)p->hidden * d * (2 + 3 * p->load) + 1e4 * d * d;
  return (double)(p->last + 700) * 32 * (double)((4 + 2 * p->depth) * p->depth) * 12 * d * d;
}

/* Mean square of round(x) - x over Gaussian vectors that are normalised. */
static int rounding_of(size_t d, uint64_t seed, double *deviation) {
  double sum = 0;
  float *x = lat_alloc(d, sizeof *x);
  size_t vectors = 1 + 200000 / d;
  if (x == NULL) return LAT_MEMORY;
  for (size_t v = 0; v < vectors; v++) {
    struct lat_random random;
    double mean = 0, square = 0;
    lat_random_start(&random, seed, "rounded", v);
    for (size_t i = 0; i < d; i++) {
      double radius = sqrt(-2 * log(1 - lat_random_uniform(&random)));
      x[i] = (float)(radius * cos(2 * M_PI * lat_random_uniform(&random)));
      mean += (double)x[i] / (double)d;
    }
    for (size_t i = 0; i < d; i++) square += ((double)x[i] - mean) * ((double)x[i] - mean) / (double)d;
    for (size_t i = 0; i < d; i++) {
      double value = ((double)x[i] - mean) / sqrt(square), error = lat_dtype_round_double(LAT_DTYPE_BF16, value) - value;
      sum += error * error / (double)(vectors * d);
    }
  }
  *deviation = sqrt(sum);
  lat_free(x);
  return LAT_OK;
}

static int run_formula(struct lat_run *run) {
  const struct parameters *p = lat_run_parameters(run);
  size_t d = (size_t)p->width;
  double deviation, n = (double)d;
  struct lat_representable bf16 = lat_representable_states(LAT_DTYPE_BF16, d),
                           fp16 = lat_representable_states(LAT_DTYPE_FP16, d);
  int status = LAT_OK;
  LAT_TRY(status, rounding_of(d, (uint64_t)p->seed, &deviation));
  LAT_TRY(status, lat_put_real(run, "nominal", 16 * n));
  LAT_TRY(status, lat_put_real(run, "bf16_low", bf16.low));
  LAT_TRY(status, lat_put_real(run, "bf16_high", bf16.high));
  LAT_TRY(status, lat_put_real(run, "fp16_low", fp16.low));
  LAT_TRY(status, lat_put_real(run, "fp16_high", fp16.high));
  LAT_TRY(status, lat_put_real(run, "rounding", deviation));
  /* d - 1 directions share the power d. */
  LAT_TRY(status, lat_put_real(run, "noise_limited", (n - 1) * lat_gaussian_capacity(n / (n - 1), deviation * deviation)));
  LAT_TRY(status, lat_put_text(run, "end", "none"));
done:
  return status;
}

static int put_narrowed(struct lat_run *run, const struct lat_narrowed *n) {
  int status = LAT_OK;
  LAT_TRY(status, lat_put_real(run, "full", n->full_test));
  LAT_TRY(status, lat_put_real(run, "participation", n->participation));
  LAT_TRY(status, lat_put_integer(run, "quantised", (int64_t)n->quantised));
  LAT_TRY(status, lat_put_integer(run, "projected", (int64_t)n->projected));
  LAT_TRY(status, lat_put_integer(run, "kept", (int64_t)n->kept));
  LAT_TRY(status, lat_put_integer(run, "kept_rank", (int64_t)n->kept_rank));
  LAT_TRY(status, lat_put_real(run, "kept_accuracy", n->kept_test));
  LAT_TRY(status, lat_put_real(run, "noise", n->noise));
  LAT_TRY(status, lat_put_real(run, "noise_bits", n->noise_bits));
done:
  return status;
}

static int put_training(struct lat_run *run, const struct lat_learner *learner, const struct lat_fit *fit) {
  int status = LAT_OK;
  LAT_TRY(status, lat_put_text(run, "end", lat_fit_end_name(fit->end)));
  LAT_TRY(status, lat_put_integer(run, "parameters", (int64_t)learner->count));
  LAT_TRY(status, lat_put_integer(run, "updates", (int64_t)fit->updates));
done:
  return status;
}

static int run_relay(struct lat_run *run) {
  const struct parameters *p = lat_run_parameters(run);
  struct lat_relaying relaying = relaying_of(p);
  struct lat_relayed relayed = {0};
  struct lat_recovered got;
  struct lat_narrowed narrowed;
  int status = LAT_OK;
  LAT_TRY(status, lat_relaying_run(&relaying, run, &relayed));
  LAT_TRY(status, lat_relaying_measure(&relayed, 4 * (size_t)p->tested, &got));
  LAT_TRY(status, lat_put_integer(run, "sent", (int64_t)relaying.relay.bits));
  LAT_TRY(status, lat_put_real(run, "recovered", got.bits));
  LAT_TRY(status, lat_put_real(run, "recovered_low", got.low));
  LAT_TRY(status, lat_put_real(run, "recovered_high", got.high));
  LAT_TRY(status, lat_put_real(run, "fano", got.fano));
  LAT_TRY(status, lat_put_real(run, "validation", got.validation));
  LAT_TRY(status, put_training(run, relayed.learner, &relayed.fit));
  if (p->load == 1 && p->reader == 1) { /* what is sent arrives: what does that take? */
    struct lat_narrowing narrowing = {relayed.learner,  &relayed.setting,  1,
                                      (size_t)p->width, (size_t)p->tested, (uint64_t)p->seed};
    LAT_TRY(status, lat_narrow(&narrowing, &narrowed));
    LAT_TRY(status, put_narrowed(run, &narrowed));
    LAT_TRY(status,
            lat_put_real(run, "needed",
                         (double)relaying.relay.bits * (1 - lat_entropy_binary(fmin(0.5, 1 - 0.99 * narrowed.full)))));
  }
done:
  lat_relayed_free(&relayed);
  return status;
}

static int run_circuit(struct lat_run *run) {
  const struct parameters *p = lat_run_parameters(run);
  struct lat_fitting fitting = fitting_of(p);
  struct lat_task_setting setting;
  struct lat_transformer *model = NULL;
  struct lat_learner *learner = NULL;
  struct lat_fit fit = {0};
  struct lat_narrowed narrowed;
  int status = LAT_OK;
  LAT_TRY(status, lat_fitting_circuit(&fitting, fitting.depth, &setting));
  LAT_TRY(status, lat_fitting_run(&fitting, run, &model, &learner, &fit));
  LAT_TRY(status, put_training(run, learner, &fit));
  struct lat_narrowing narrowing = {
      learner, &setting, fitting.loops_high, (size_t)p->width, (size_t)p->tested / 2 + 1, (uint64_t)p->seed};
  LAT_TRY(status, lat_narrow(&narrowing, &narrowed));
  LAT_TRY(status, put_narrowed(run, &narrowed));
  LAT_TRY(status, lat_put_real(run, "validation", narrowed.full));
done:
  lat_fit_free(&fit);
  lat_learner_free(learner);
  lat_transformer_free(model);
  return status;
}

static int run(struct lat_run *run) {
  const struct parameters *p = lat_run_parameters(run);
  return is_rung(p, "formula") ? run_formula(run) : is_rung(p, "relay") ? run_relay(run) : run_circuit(run);
}

const struct lat_experiment lat_experiment_bits_ladder;
const struct lat_experiment lat_experiment_bits_ladder = {
    .name = "bits_ladder",
    .section = "C. Information capacity",
    .question =
        "A token carries log2 V = 15 bits, a state of 4096 16-bit numbers nominally 65,536: how many of them remain when "
        "the numbers "
        "are normalised, noisy, read by a trained reader, learned, and used?",
    .prediction =
        "Each rung is below the one before it, at every width: 16 d; the states that a normalised vector can have in bf16, "
        "over nine tenths of 16 d from d = 64 on; "
        "noise as strong as bf16's own rounding, between a third and two thirds of 16 d; what a trained relay passes on, "
        "at most a fifth of 16 d, "
        "with a linear reader no more than with a hidden layer. Trained circuit evaluators keep 99 % of their accuracy "
        "with at most an eighth of 16 d "
        "bits a state. What relays pass on is above the 15 bits of a token from d = 16 on: the comparison of 16 d with "
        "log2 V is wrong in its "
        "factor, not in its direction.",
    .refuted_if =
        "At some width the upper bound of the representable states is above 16 d or the lower one below nine tenths of it "
        "(d of 64 and more) or below the noise-limited bits; or a "
        "relay's median is above a fifth of 16 d, or a linear reader's above that of one with a hidden layer by more than "
        "a tenth, or it is below 15 bits; or the median of a "
        "circuit evaluator whose accuracy is 0.9 or more is above an eighth of 16 d.",
    .source =
        "token and state: the bottleneck argument for continuous thoughts (Hao et al. 2024); norm's freedoms: own bounds; "
        "noise: Shannon 1948; "
        "levels: Max 1960; lower bounds: Barber and Agakov 2003",
    .caption =
        "(a) Bits of one thought of d numbers, rung by rung. Lines: 16 d; the states of a normalised vector in bf16, "
        "between its two bounds; the capacity "
        "with Gaussian noise as strong as bf16's rounding; 15 bits of a token (V = 32,000). Marks: medians of trained "
        "models, bars from the least to the most of their seeds: bits "
        "recovered by a relay's reader (lower bounds), and bits to which the thoughts of a relay that passes on d bits and "
        "of a looped circuit "
        "evaluator can be narrowed at 99 % of full accuracy (upper bounds of what is used). Open marks and dashed lines at "
        "d = 4096: extrapolated by a + c d. (b) The same a number.",
    .version = 1,
    .parameters_size = sizeof(struct parameters),
    .parameters = parameters_table,
    .outputs = outputs,
    .reject = reject,
    .check = check,
    .cost = cost,
    .run = run,
    .analyse = lat_bits_ladder_analyse,
};
