/* What does a loop add to a state? Linear probes read the gates' values from the states after each loop of a trained circuit evaluator,
 * beside the machine that is constructed, which makes one level ready a loop. */
#include <math.h>
#include <string.h>

#include "experiments/learned_depth/fitting.h"
#include "experiments/learned_depth/machine.h"
#include "experiments/loop_bits/analyse.h"
#include "experiments/loop_bits/read.h"
#include "lib/base/status.h"
#include "lib/sweep/experiment.h"

#define PARAMETERS(INT, REAL, TEXT, PATH)                                                                      \
  TEXT(how, "",                                                                                                \
       "constructed: explicit weights; trained; "                                                              \
       "initial: as initialised (control)",                                                                    \
       "constructed,trained,initial", "constructed,trained,initial", "constructed,trained,initial")            \
  INT(depth, "levels", 1, 16, "levels of the circuits, and loops in training", "2", "4", "4,8")                \
  INT(more, "loops", 0, 64, "loops read beyond those", "1", "2", "4")                                          \
  INT(inputs, "1", 2, 64, "constants of a circuit", "4", "4", "4")                                             \
  INT(gates, "gates", 1, 64, "gates of a level", "2", "2", "2")                                                \
  INT(width, "numbers", 4, 1024, "width D of the trained transformer, of 4 heads", "16", "64", "64")           \
  INT(updates, "updates", 1, 1e9, "of the last phase at most", "30", "1200", "3000")                           \
  INT(early, "updates", 1, 1e9, "of each earlier phase at most", "20", "700", "1000")                          \
  INT(circuits, "circuits", 8, 65536, "read for fitting probes, and again for the bound", "64", "768", "2048") \
  INT(seed, "", 0, 1000000, "of parameters, training and test", "0", "0,1,2", "0,1,2,3,4")
LAT_DEFINE_PARAMETERS(PARAMETERS)

static const struct lat_output outputs[] = {
    {"bits", "bits", "lower bound on the information about all gates of a level in the states at their own positions",
     LAT_REAL, "step,level", 0},
    {"bits_low", "bits", "lower end of its 95 % interval", LAT_REAL, "step,level", 0},
    {"bits_high", "bits", "upper end of its 95 % interval", LAT_REAL, "step,level", 0},
    {"shuffled", "bits", "the same beside the gates of another circuit: a control", LAT_REAL, "step,level",
     LAT_MAY_BE_MISSING},
    {"accuracy", "1", "accuracy of the model itself after as many loops as levels, on test examples", LAT_REAL, "", 0},
    {"wrong", "gates", "constructed: gates that are ready and wrong, over all loops", LAT_INTEGER, "", LAT_MAY_BE_MISSING},
    LAT_FITTING_OUTPUTS,
    {0}};

enum { MOST_LOOPS = 80, MOST_LEVELS = 16, SHOWN = 256 };

static int is_how(const struct parameters *p, const char *how) { return strcmp(p->how, how) == 0; }

static struct lat_fitting fitting_of(const struct parameters *p) {
  int initial = is_how(p, "initial");
  return (struct lat_fitting){
      .depth = (size_t)p->depth,
      .inputs = (size_t)p->inputs,
      .gates = (size_t)p->gates,
      .ids = (size_t)(p->inputs + p->gates * p->depth + 8),
      .layers = 1,
      .loops_low = (size_t)p->depth,
      .loops_high = (size_t)p->depth,
      .width = (size_t)p->width,
      .heads = 4,
      .injection = LAT_INJECTION_NORM,
      .placement = LAT_PLACEMENT_SANDWICH,
      .rate = initial ? 1e-12 : 0.002, /* one update a phase so short leaves single precision as it was */
      .updates = initial ? 1 : (uint64_t)p->updates,
      .early = initial ? 1 : (uint64_t)p->early,
      .batch = 32,
      .validation = 256,
      .measure = LAT_MEASURE_ACCURACY,
      .stop = 0.998,
      .seed = (uint64_t)p->seed};
}

static int check(const void *parameters) {
  const struct parameters *p = parameters;
  struct lat_fitting fitting = fitting_of(p);
  struct lat_task_setting setting;
  if (!is_how(p, "constructed") && !is_how(p, "trained") && !is_how(p, "initial"))
    return LAT_FAIL(LAT_INPUT, "how is constructed, trained or initial, not '%s'", p->how);
  if (p->width % 4 != 0) return LAT_FAIL(LAT_INPUT, "a width of %d does not divide into 4 heads", (int)p->width);
  return lat_fitting_circuit(&fitting, fitting.depth, &setting);
}

static double cost(const void *pointer) {
  const struct parameters *p = pointer;
  if (is_how(p, "constructed") || is_how(p, "initial")) return 1e6;
  return (double)(p->updates + p->early) * 32 * (double)((4 + 2 * p->depth) * p->depth) * 12 *
         (double)(p->width * p->width);
}

static int put_bits(struct lat_run *run, size_t loops, size_t levels, const double *bits, const double *low,
                    const double *high) {
  size_t extent[2] = {loops, levels};
  int status = LAT_OK;
  LAT_TRY(status, lat_put_reals(run, "bits", 2, extent, bits));
  LAT_TRY(status, lat_put_reals(run, "bits_low", 2, extent, low));
  LAT_TRY(status, lat_put_reals(run, "bits_high", 2, extent, high));
done:
  return status;
}

/* A level is ready after as many loops as its number, by construction; that none of its gates is wrong then is counted. */
static int run_constructed(struct lat_run *run, const struct lat_task_setting *setting) {
  const struct parameters *p = lat_run_parameters(run);
  size_t loops = (size_t)(p->depth + p->more), levels = (size_t)p->depth;
  size_t circuits = p->circuits < SHOWN ? (size_t)p->circuits : SHOWN;
  double bits[MOST_LOOPS * MOST_LEVELS];
  struct lat_score score = {0};
  struct lat_machine_report report;
  int64_t wrong = 0;
  int status = LAT_OK;
  LAT_TRY(status, lat_machine_evaluate(setting, (uint64_t)p->seed, "test", circuits, 1, loops, &score, &report));
  for (size_t t = 0; t < loops; t++)
    for (size_t l = 0; l < levels; l++) {
      bits[t * levels + l] = l <= t ? (double)score.asked[l + 1] / (double)circuits : 0;
      if (l <= t) wrong += (int64_t)(score.asked[l + 1] - score.right[t * score.levels + l + 1]);
    }
  LAT_TRY(status, put_bits(run, loops, levels, bits, bits, bits));
  LAT_TRY(status, lat_put_real(run, "accuracy", lat_score_accuracy(&score, levels)));
  LAT_TRY(status, lat_put_integer(run, "wrong", wrong));
  LAT_TRY(status, lat_put_integer(run, "parameters", (int64_t)report.parameters));
  LAT_TRY(status, lat_put_text(run, "end", "constructed"));
done:
  lat_score_free(&score);
  return status;
}

static int run(struct lat_run *run) {
  const struct parameters *p = lat_run_parameters(run);
  struct lat_fitting fitting = fitting_of(p);
  size_t loops = (size_t)(p->depth + p->more), levels = (size_t)p->depth;
  double bits[3][MOST_LOOPS * MOST_LEVELS];
  struct lat_task_setting setting;
  struct lat_transformer *model = NULL;
  struct lat_learner *learner = NULL;
  struct lat_fit fit = {0};
  struct lat_score score = {0};
  int status = LAT_OK;
  LAT_TRY(status, lat_fitting_circuit(&fitting, fitting.depth, &setting));
  if (is_how(p, "constructed")) return run_constructed(run, &setting);
  LAT_TRY(status, lat_fitting_run(&fitting, run, &model, &learner, &fit));
  LAT_TRY(status, lat_evaluate(learner, &setting, (uint64_t)p->seed, "test", (size_t)p->circuits, levels, 0, &score));
  struct lat_loop_reading reading = {.learner = learner,
                                     .setting = &setting,
                                     .loops = loops,
                                     .width = (size_t)p->width,
                                     .circuits = (size_t)p->circuits,
                                     .how = {.confidence = 0.95, .resamples = 1000, .seed = (uint64_t)p->seed}};
  LAT_TRY(status, lat_loop_read(&reading, bits[0], bits[1], bits[2]));
  LAT_TRY(status, put_bits(run, loops, levels, bits[0], bits[1], bits[2]));
  reading.shuffled = 1;
  LAT_TRY(status, lat_loop_read(&reading, bits[0], bits[1], bits[2]));
  LAT_TRY(status, lat_put_reals(run, "shuffled", 2, (size_t[]){loops, levels}, bits[0]));
  LAT_TRY(status, lat_put_real(run, "accuracy", lat_score_accuracy(&score, levels)));
  LAT_TRY(status, lat_fitting_put(run, &fit, learner->count, fitting.measure));
done:
  lat_score_free(&score);
  lat_fit_free(&fit);
  lat_learner_free(learner);
  lat_transformer_free(model);
  return status;
}

const struct lat_experiment lat_experiment_loop_bits;
const struct lat_experiment lat_experiment_loop_bits = {
    .name = "loop_bits",
    .section = "C. Information capacity",
    .question = "How many bits about a circuit's gates does each loop of a trained evaluator add to its states?",
    .prediction =
        "A trained layer that evaluates circuits (accuracy 0.9 or more) works level by level as the constructed machine "
        "does: after t loops a line reads 0.9 bits or more of every gate of the levels up to t from the states, and half a "
        "bit or less of each gate above; further loops add nothing. A model as initialised shows half a bit a gate or less "
        "anywhere, states beside another circuit's gates none.",
    .refuted_if =
        "In the median over the seeds that learned the task some level up to t has less than 0.9 bits a gate after t "
        "loops, or some level above t more than half a bit; or the model as initialised shows more than half a bit a gate",
    .source =
        "linear probes: Alain and Bengio 2017; information that a reader can use: Xu et al. 2020; bound: Barber and Agakov "
        "2003; ready bits: this suite's construction",
    .caption =
        "(a) Information about the gates of one level in the states at their own positions against loops, bits a gate: "
        "lower bounds by linear probes on circuits that the probes were not fitted to; medians over the seeds that learned "
        "the task, bars from the least to the most. Dashed: the loop after which the constructed machine has the level "
        "ready. (b) The sum over all gates: trained, constructed, and two controls (as initialised; states beside another "
        "circuit's gates). (c) What each loop adds to it. Circuits of the greatest depth in the sweep; vertical line: "
        "loops "
        "in training.",
    .version = 1,
    .parameters_size = sizeof(struct parameters),
    .parameters = parameters_table,
    .outputs = outputs,
    .check = check,
    .cost = cost,
    .run = run,
    .analyse = lat_loop_bits_analyse,
};
