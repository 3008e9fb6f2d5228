/* Do gradients vanish or explode through a loop of T steps, and is it that which keeps a loop from being trained?
 *
 * `initial` points measure a variant at its initial values for T = 1, 2, 4, ..: gradients, states, singular values of the
 * loop's Jacobian. `trained` points train the same variant with T loops on parities of the prefixes of a short string, which two
 * loops are enough for: what a longer loop does worse is trouble with training, and not a lack of depth. They measure the Jacobian
 * before and after. */
#include <math.h>
#include <string.h>

#include "experiments/gradient_flow/analyse.h"
#include "experiments/gradient_flow/flow.h"
#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/sweep/experiment.h"
#include "lib/sweep/fit_outputs.h"

#define PARAMETERS(INT, REAL, TEXT, PATH)                                                                                 \
  TEXT(part, "-", "initial or trained: see the top of the file", "initial,trained", "initial,trained", "initial,trained") \
  TEXT(block, "-", "norms: none, pre, post, sandwich; bare: no norms and no residual connections", "bare,none,pre",       \
       "bare,none,pre,post,sandwich", "bare,none,pre,post,sandwich")                                                      \
  TEXT(injection, "-", "of the input into every loop: none, add, norm", "none,norm", "none,add,norm", "none,add,norm")    \
  TEXT(sharing, "-", "loop: one layer T times; layers: T layers once", "loop,layers", "loop,layers", "loop,layers")       \
  TEXT(branch, "-", "what is added to the stream, in full or damped by 1 / sqrt(2 T)", "full", "full,damped",             \
       "full,damped")                                                                                                     \
  TEXT(weights, "-", "initial values: fan-in, xavier, orthogonal, normal", "fan-in", "fan-in,xavier,orthogonal,normal",   \
       "fan-in,xavier,orthogonal,normal")                                                                                 \
  REAL(gain, "1", 1e-6, 1e6, "of the initial values; normal: times 0.02", "1", "1,2", "1,2")                              \
  INT(loops, "loops", 1, 256, "T of a trained point; largest T of an initial one", "2,4", "2,16,64", "2,4,8,16,32,64")    \
  INT(initial_loops, "loops", 1, 256, "initial points have this T as their largest", "4", "64", "64")                     \
  INT(trained_loops, "loops", 1, 256, "trained points have this T at most", "2", "16", "64")                              \
  INT(width, "1", 2, 512, "width D", "8", "16", "16")                                                                     \
  INT(heads, "1", 1, 16, "heads", "2", "2", "2")                                                                          \
  INT(length, "bits", 1, 64, "bits of a string", "4", "5", "5")                                                           \
  INT(examples, "1", 1, 4096, "examples of a measurement", "4", "16", "16")                                               \
  INT(probes, "1", 1, 4096, "of these, for the gradient through the loop alone", "1", "4", "4")                           \
  INT(updates, "updates", 1, 1e6, "of a training, at most", "10", "400", "400")                                           \
  INT(batch, "1", 4, 4096, "examples of an update, a multiple of 4", "8", "32", "32")                                     \
  REAL(rate, "1", 1e-9, 10, "peak of the learning rate", "0.003", "0.003", "0.003")                                       \
  INT(seed, "1", 0, 1e15, "of initial values and examples", "1", "1:3:1", "1:5:1")
LAT_DEFINE_PARAMETERS(PARAMETERS)

#define MISSING LAT_MAY_BE_MISSING
static const struct lat_output outputs[] = {
    {"steps", "loops", "T of each measurement", LAT_INTEGER, "measurement", 0},
    {"after_training", "1", "1: after training, 0: at initial values", LAT_INTEGER, "measurement", 0},
    {"state", "1", "0 all finite; 1 a state is not; 2 a gradient is not; 3 a gradient is exactly 0", LAT_INTEGER,
     "measurement", 0},
    {"broken_at", "loops", "loops after which the state is not finite", LAT_REAL, "measurement", MISSING},
    {"rms", "1", "root mean square of the last state", LAT_REAL, "measurement", MISSING},
    {"log_ratio", "1", "log10 |dL/dh_0| / |dL/dh_T|, through the loop alone", LAT_REAL, "measurement", MISSING},
    {"log_input", "1", "log10 |dL/dh_0| / |dL/dh_T|, with what comes back through the injection", LAT_REAL, "measurement",
     MISSING},
    {"log_parameters", "1", "log10 of the norm of the loss's gradient by the block's parameters", LAT_REAL, "measurement",
     MISSING},
    {"log_singular", "nats", "logarithms of the largest singular values of dh_T / dh_0", LAT_REAL, "measurement,value",
     MISSING},
    {"log_step", "nats", "logarithm of the largest singular value of the last loop", LAT_REAL, "measurement", MISSING},
    {"residual", "1", "of the singular values, relative to the largest", LAT_REAL, "measurement", MISSING},
    {"exponent", "nats/loop", "finite-time Lyapunov exponent, ln sigma_1 / T", LAT_REAL, "measurement", MISSING},
    {"accuracy", "1", "of bits' parities on fresh strings after training", LAT_REAL, "", MISSING},
    {"exact", "1", "share of fresh strings without a wrong parity", LAT_REAL, "", MISSING},
    {"end", "-", "how training ended: updates (all spent), solved (the stop rule held), diverged", LAT_TEXT, "", MISSING},
    {"diverged", "-", "why training diverged, else empty", LAT_TEXT, "", MISSING},
    {"parameters", "1", "trained parameters", LAT_INTEGER, "", MISSING},
    {"updates_done", "updates", "updates done", LAT_INTEGER, "", MISSING},
    {"solved_at", "updates", "updates when the stop rule first held, -1 if never", LAT_INTEGER, "", MISSING},
    {"flops", "flops", "floating-point operations of training, forward and backward", LAT_REAL, "", MISSING},
    {"curve_update", "updates", "updates done at the curve's points", LAT_REAL, "curve", MISSING},
    {"curve_loss", "nats", "mean training loss since the point before", LAT_REAL, "curve", MISSING},
    {"curve_norm", "1", "mean gradient norm before clipping since the point before", LAT_REAL, "curve", MISSING},
    {"curve_accuracy", "1", "validation accuracy", LAT_REAL, "curve", MISSING},
    {0}};

static int is(const char *a, const char *b) { return strcmp(a, b) == 0; }

static const char *reject(const void *parameters) {
  const struct parameters *p = parameters;
  int initial = is(p->part, "initial"), plain = is(p->weights, "fan-in") && p->gain == 1;
  int simple = is(p->injection, "none") && is(p->sharing, "loop") && is(p->branch, "full");
  if (!initial && !is(p->part, "trained")) return NULL; /* check says what is wrong with it */
  if (is(p->block, "bare") && is(p->branch, "damped")) return "without a stream there is nothing to damp against";
  if (is(p->injection, "norm") && (is(p->block, "bare") || is(p->block, "none")))
    return "the block has no norm to inject through";
  if (initial && p->loops != p->initial_loops) return "an initial point runs through all T up to initial_loops";
  if (!initial && p->loops > p->trained_loops) return "trained_loops says so";
  if (!plain && !simple) return "initial values are varied on the plain loop only";
  if (!initial && !plain &&
      !(p->gain == 1 && is(p->weights, "orthogonal") && (is(p->block, "bare") || is(p->block, "none"))))
    return "trained: other initial values than fan-in only where they are said to help, orthogonal without norms";
  if (!initial && !is(p->sharing, "loop") && !(is(p->injection, "none") && is(p->branch, "full")))
    return "trained: untied layers only without injection and undamped";
  if (!initial && is(p->branch, "damped") && !(is(p->injection, "none") && (is(p->block, "none") || is(p->block, "pre"))))
    return "trained: damped only without norms and with pre, without injection";
  return NULL;
}

static int choose(const struct parameters *p, size_t loops, struct lat_flow_choice *choice) {
  int status = LAT_OK;
  *choice = (struct lat_flow_choice){.untied = is(p->sharing, "layers"),
                                     .damped = is(p->branch, "damped"),
                                     .gain = p->gain,
                                     .width = (size_t)p->width,
                                     .heads = (size_t)p->heads,
                                     .length = (size_t)p->length,
                                     .loops = loops,
                                     .seed = (uint64_t)p->seed};
  LAT_CHECK(status, is(p->part, "initial") || is(p->part, "trained"), LAT_INPUT,
            "part '%.80s' is neither initial nor trained", p->part);
  LAT_CHECK(status, choice->untied || is(p->sharing, "loop"), LAT_INPUT, "sharing '%.80s' is neither loop nor layers",
            p->sharing);
  LAT_CHECK(status, choice->damped || is(p->branch, "full"), LAT_INPUT, "branch '%.80s' is neither full nor damped",
            p->branch);
  LAT_CHECK(status, p->width % p->heads == 0, LAT_INPUT, "a width of %lld does not divide into %lld heads: take a multiple",
            (long long)p->width, (long long)p->heads);
  LAT_CHECK(status, p->batch % 4 == 0, LAT_INPUT, "batches of %lld examples: take a multiple of 4", (long long)p->batch);
  LAT_CHECK(status, p->probes <= p->examples, LAT_INPUT, "%lld probes among %lld examples: take no more than there are",
            (long long)p->probes, (long long)p->examples);
  LAT_TRY(status, lat_flow_block_parse(p->block, &choice->block));
  LAT_TRY(status, lat_injection_parse(p->injection, &choice->injection));
  LAT_TRY(status, lat_initial_parse(p->weights, &choice->weights));
  if (choice->weights == LAT_INITIAL_NORMAL) choice->gain *= 0.02;
done:
  return status;
}

static int check(const void *parameters) {
  const struct parameters *p = parameters;
  struct lat_flow_choice choice;
  return choose(p, (size_t)p->loops, &choice);
}

/* ---- what is put ---- */

enum { MOST = 16 }; /* measurements */

static int put_measures(struct lat_run *run, size_t count, const struct lat_flow_measure *measure, const int64_t *steps,
                        const int64_t *after) {
  int status = LAT_OK;
  int64_t state[MOST];
  double broken[MOST], rms[MOST], log_ratio[MOST], input[MOST], parameters[MOST], step[MOST], residual[MOST],
      exponent[MOST];
  double singular[MOST * LAT_FLOW_VALUES];
  size_t extent[2] = {count, LAT_FLOW_VALUES};
  for (size_t i = 0; i < count; i++) {
    const struct lat_flow_measure *from = &measure[i];
    state[i] = (int64_t)from->state;
    broken[i] = from->broken_at;
    rms[i] = from->rms;
    log_ratio[i] = from->log_ratio;
    input[i] = from->log_input;
    parameters[i] = from->log_parameters;
    step[i] = from->log_step;
    residual[i] = isfinite(from->residual) ? from->residual : (double)NAN;
    exponent[i] = from->log_singular[0] / (double)steps[i];
    memcpy(singular + i * LAT_FLOW_VALUES, from->log_singular, sizeof from->log_singular);
  }
  const struct {
    const char *name;
    const double *value;
  } row[] = {{"broken_at", broken},          {"rms", rms},       {"log_ratio", log_ratio}, {"log_input", input},
             {"log_parameters", parameters}, {"log_step", step}, {"residual", residual},   {"exponent", exponent}};
  LAT_TRY(status, lat_put_integers(run, "steps", 1, extent, steps));
  LAT_TRY(status, lat_put_integers(run, "after_training", 1, extent, after));
  LAT_TRY(status, lat_put_integers(run, "state", 1, extent, state));
  for (size_t i = 0; i < sizeof row / sizeof *row; i++)
    LAT_TRY(status, lat_put_reals(run, row[i].name, 1, extent, row[i].value));
  LAT_TRY(status, lat_put_reals(run, "log_singular", 2, extent, singular));
done:
  return status;
}

static int put_fit(struct lat_run *run, const struct lat_flow *flow, const struct lat_fit *fit) {
  int status = LAT_OK;
  /* The usual count takes a model's layers to be run in every loop. */
  double flops = flow->loop.untied ? fit->flops / (double)flow->loop.steps : fit->flops;
  LAT_TRY(status, lat_put_text(run, "end", lat_fit_end_name(fit->end)));
  LAT_TRY(status, lat_put_text(run, "diverged", fit->reason));
  LAT_TRY(status, lat_put_integer(run, "parameters", (int64_t)flow->learner->count));
  LAT_TRY(status, lat_put_integer(run, "updates_done", (int64_t)fit->updates));
  LAT_TRY(status, lat_put_integer(run, "solved_at", fit->solved_at));
  LAT_TRY(status, lat_put_real(run, "flops", flops));
  LAT_TRY(status, lat_put_reals(run, "curve_update", 1, &fit->points, fit->update));
  LAT_TRY(status, lat_put_reals(run, "curve_loss", 1, &fit->points, fit->loss));
  LAT_TRY(status, lat_put_reals(run, "curve_norm", 1, &fit->points, fit->norm));
  LAT_TRY(status, lat_put_reals(run, "curve_accuracy", 1, &fit->points, fit->accuracy));
done:
  return status;
}

/* ---- the two parts ---- */

static int run_initial(struct lat_run *run, const struct parameters *p) {
  struct lat_flow_measure measure[MOST];
  struct lat_flow flow = {0};
  int64_t steps[MOST], after[MOST] = {0};
  size_t count = 0;
  int status = LAT_OK;
  for (int64_t T = 1; T <= p->initial_loops; T *= 2, count++) {
    struct lat_flow_choice choice;
    LAT_TRY(status, choose(p, (size_t)T, &choice));
    LAT_TRY(status, lat_flow_open(&choice, &flow));
    LAT_TRY(status, lat_flow_measure(&flow, choice.seed, (size_t)p->examples, (size_t)p->probes, &measure[count]));
    lat_flow_close(&flow);
    steps[count] = T;
    LAT_TRY(status, lat_run_progress(run, 2 * (double)T / (double)(2 * p->initial_loops)));
  }
  LAT_TRY(status, put_measures(run, count, measure, steps, after));
done:
  lat_flow_close(&flow);
  return status;
}

static int run_trained(struct lat_run *run, const struct parameters *p) {
  struct lat_flow_measure measure[2];
  struct lat_flow flow = {0};
  struct lat_flow_choice choice;
  struct lat_fit fit = {0};
  struct lat_score score = {0};
  const int64_t steps[2] = {p->loops, p->loops}, after[2] = {0, 1};
  size_t T = (size_t)p->loops;
  int status = LAT_OK;
  LAT_TRY(status, choose(p, T, &choice));
  LAT_TRY(status, lat_flow_open(&choice, &flow));
  LAT_TRY(status, lat_flow_measure(&flow, choice.seed, (size_t)p->examples, (size_t)p->probes, &measure[0]));
  const struct lat_phase phase = {.settings = 1,
                                  .setting = &flow.setting,
                                  .loops_low = T,
                                  .loops_high = T,
                                  .updates = (uint64_t)p->updates,
                                  .batch = (size_t)p->batch,
                                  .advance = 2};
  struct lat_fit_plan plan = lat_fit_default();
  plan.training.rate.peak = p->rate;
  if (plan.training.rate.warmup > (uint64_t)p->updates / 5) plan.training.rate.warmup = (uint64_t)p->updates / 5;
  plan.phases = 1;
  plan.phase = &phase;
  plan.seed = choice.seed;
  plan.every = 25;
  plan.validation = 64;
  LAT_TRY(status, lat_fit(flow.learner, &plan, lat_run_checkpoint(run), lat_fit_tell_run, run, &fit));
  LAT_TRY(status, lat_flow_measure(&flow, choice.seed, (size_t)p->examples, (size_t)p->probes, &measure[1]));
  LAT_TRY(status, lat_evaluate(flow.learner, &flow.setting, choice.seed, "test", 256, T, 0, &score));
  LAT_TRY(status, put_measures(run, 2, measure, steps, after));
  LAT_TRY(status, put_fit(run, &flow, &fit));
  LAT_TRY(status, lat_put_real(run, "accuracy", lat_score_accuracy(&score, T)));
  LAT_TRY(status, lat_put_real(run, "exact", lat_score_exact(&score, T)));
done:
  lat_score_free(&score);
  lat_fit_free(&fit);
  lat_flow_close(&flow);
  return status;
}

static int run(struct lat_run *run) {
  const struct parameters *p = lat_run_parameters(run);
  return is(p->part, "initial") ? run_initial(run, p) : run_trained(run, p);
}

static double cost(const void *parameters) {
  const struct parameters *p = parameters;
  double T = (double)p->loops, size = (double)(p->width * p->width * p->length);
  if (is(p->part, "initial")) return 2 * T * size * (6 * (double)p->examples + 400);
  return T * size * (6 * (double)(p->updates * p->batch) + 400);
}

const struct lat_experiment lat_experiment_gradient_flow;
const struct lat_experiment lat_experiment_gradient_flow = {
    .name = "gradient_flow",
    .section = "B. Learnability",
    .question =
        "Do gradients vanish or explode through a loop of T steps, and is it that which keeps it from being trained?",
    .prediction =
        "At initial values with gain 1 or less a loop without residual connections and norms loses its gradient "
        "exponentially: |dL/dh_0| / |dL/dh_T| is below 1e-3 at the largest T. With undamped residual connections but no "
        "norm "
        "it explodes: above 1e3, or the state is no number. With norms (pre, post, sandwich) and no injection, or one that "
        "adds, the ratio of a loop stays within 1e-3 .. 1e3; an injection that ends in a norm makes it vanish slowly again "
        "(a "
        "negative Lyapunov exponent in each block with norms). Orthogonal initial values bring the bare loop nearer to 1 "
        "and do not save it. Training follows: of the fits whose initial gradient at their T is within 1e-3 .. 1e3 a "
        "larger share solves the task than of the others.",
    .refuted_if =
        "any of these sentences fails in a point: a bare loop that keeps more than 1e-3, an undamped loop without norms "
        "that "
        "stays within 1e3, a loop with norms that leaves 1e-3 .. 1e3, an injection through a norm whose exponent is not "
        "negative; orthogonal values that are worse on average or that save a bare loop in more than half of the seeds; or "
        "training succeeds no more often where the gradient is kept",
    .source =
        "vanishing and exploding: Hochreiter 1991; Bengio, Simard and Frasconi 1994; Pascanu, Mikolov and Bengio 2013; "
        "placement of norms: Xiong et al. 2020; orthogonal values: Saxe, McClelland and Ganguli 2014; injection: Bai, "
        "Kolter "
        "and Koltun 2019; Yang et al. 2024",
    .caption =
        "(a) Gradient of the loss by the state before the loop over that by the state behind it, at initial values, by "
        "block: "
        "median over seeds, bands: all seeds; dotted: T untied layers; an open mark on the frame: a seed without a number. "
        "(b) The "
        "same with the input injected into every loop, colours as in (a); thin: with what comes back through the "
        "injection. (c) Finite-time "
        "Lyapunov "
        "exponent before and after training, colours as in (a), all T and injections; line: no change. (d) Accuracy of "
        "trained "
        "loops on fresh strings, mean and range over seeds; an answer that is no number is wrong.",
    .version = 1,
    .parameters_size = sizeof(struct parameters),
    .parameters = parameters_table,
    .outputs = outputs,
    .reject = reject,
    .check = check,
    .cost = cost,
    .run = run,
    .analyse = lat_gradient_flow_analyse,
};
