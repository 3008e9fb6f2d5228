/* Game of Life when the whole board has to pass so many bits after each step: explicit weights with a bit a cell, trained networks, and
 * the exact bound on what any network could do. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "experiments/life_bandwidth/analyse.h"
#include "experiments/life_bandwidth/bound.h"
#include "lib/base/status.h"
#include "lib/nn/operation.h"
#include "lib/sweep/experiment.h"
#include "lib/sweep/fit_outputs.h"
#include "lib/train/bottleneck.h"

#define PARAMETERS(INT, REAL, TEXT, PATH)                                                                        \
  TEXT(how, "", "constructed: explicit weights; trained", "constructed,trained", "constructed,trained",          \
       "constructed,trained")                                                                                    \
  TEXT(board, "cells", "ROWSxCOLUMNS of the torus, 20 cells at most", "3x3", "3x4", "3x4,4x4")                   \
  INT(steps, "steps", 1, 64, "of Life, and loops of the network", "2", "2", "2")                                 \
  INT(bits, "bits", 1, 24, "of a number that passes", "1", "1", "1,2")                                           \
  REAL(share, "bits", 0.01, 64, "that pass after each loop for each cell", "0.5,1", "0.25,0.4,0.5,0.75,1,1.5,2", \
       "0.25,0.4,0.5,0.75,1,1.5,2")                                                                              \
  TEXT(control, "", "none; cut: nothing passes after the first loop; wide: nothing is narrow", "none,cut,wide",  \
       "none,cut,wide", "none,cut,wide")                                                                         \
  INT(width, "numbers", 1, 1024, "numbers of a cell of the trained network", "4", "8", "8")                      \
  INT(hidden, "units", 4, 4096, "hidden units of the trained network", "8", "32", "32")                          \
  REAL(rate, "1", 1e-6, 1, "learning rates that trained networks try", "0.01", "0.005", "0.005,0.02")            \
  INT(budget, "updates", 1, 1e9, "of a training at most", "20", "1500", "4000")                                  \
  INT(tested, "boards", 1, 1000000, "of the test", "256", "2048", "4096")                                        \
  INT(seed, "", 0, 1000000, "of parameters, training and test", "0", "1,2", "1,2,3")
LAT_DEFINE_PARAMETERS(PARAMETERS)

static const struct lat_output outputs[] = {
    LAT_FIT_OUTPUTS,
    {"success", "1", "share of test boards that are right in every cell", LAT_REAL, "", 0},
    {"whole", "boards", "test boards that are right in every cell", LAT_INTEGER, "", 0},
    {"cells_right", "1", "share of test cells that are right", LAT_REAL, "", 0},
    {"validated", "1", "share of whole boards in the last validation; constructed: success", LAT_REAL, "", 0},
    {"bandwidth", "bits", "that pass after each loop; wide: 32 a number", LAT_INTEGER, "", 0},
    {"cells", "cells", "of the board", LAT_INTEGER, "", 0},
    {"distinct", "boards", "that Life reaches from any board in these steps", LAT_INTEGER, "", 0},
    {"bound", "1", "success that no network with this bandwidth exceeds", LAT_REAL, "", 0},
    {"bounds", "1", "the same for 0, 1, .. cells bits", LAT_REAL, "passed", 0},
    {0}};

enum { MOST_CELLS = 20 };

static int is(const char *a, const char *b) { return strcmp(a, b) == 0; }

static int shape_of(const struct parameters *p, struct lat_bottleneck *config) {
  unsigned rows, columns;
  char more;
  if (sscanf(p->board, "%3ux%3u%c", &rows, &columns, &more) != 2 || rows < 3 || columns < 3 || rows * columns > MOST_CELLS)
    return LAT_FAIL(LAT_INPUT, "board is ROWSxCOLUMNS, each 3 or more and %d cells at most, not '%s'", MOST_CELLS,
                    p->board);
  double numbers = round(p->share * rows * columns / (double)p->bits);
  int explicit_weights = is(p->how, "constructed");
  *config = (struct lat_bottleneck){.rows = rows,
                                    .columns = columns,
                                    .width = explicit_weights ? 1 : (size_t)p->width,
                                    .hidden = explicit_weights ? 4 : (size_t)p->hidden,
                                    .channels = is(p->control, "wide") ? 0
                                                : numbers < 1          ? 1
                                                                       : (size_t)numbers,
                                    .bits = (unsigned)p->bits,
                                    .shown = 1};
  return LAT_OK;
}

static const char *reject(const void *parameters) {
  const struct parameters *p = parameters;
  if (!is(p->control, "none") && fabs(p->share - 1) > 1e-9) return "controls have one bit a cell";
  if (is(p->control, "wide") && (is(p->how, "constructed") || p->bits != 1)) return "one wide network, trained, is enough";
  if (is(p->how, "constructed") && p->bits != 1) return "explicit weights send one bit a cell";
  return NULL;
}

static int check(const void *parameters) {
  const struct parameters *p = parameters;
  struct lat_bottleneck config;
  if (!is(p->how, "constructed") && !is(p->how, "trained"))
    return LAT_FAIL(LAT_INPUT, "how is constructed or trained, not '%s'", p->how);
  if (!is(p->control, "none") && !is(p->control, "cut") && !is(p->control, "wide"))
    return LAT_FAIL(LAT_INPUT, "control is none, cut or wide, not '%s'", p->control);
  return shape_of(p, &config);
}

static double cost(const void *parameters) {
  const struct parameters *p = parameters;
  return is(p->how, "constructed") ? 1 : (double)p->budget;
}

static struct lat_array *cut(void *context, struct lat_pass *pass, size_t step, struct lat_array *x) {
  (void)context;
  return step == 0 ? lat_sum_of(pass->tape, 0, x, 0, x) : x;
}

static int train(struct lat_run *run, const struct lat_learner *learner, const struct lat_task_setting *setting,
                 struct lat_fit *fit) {
  const struct parameters *p = lat_run_parameters(run);
  struct lat_phase phase = {.settings = 1,
                            .setting = setting,
                            .loops_low = (size_t)p->steps,
                            .loops_high = (size_t)p->steps,
                            .updates = (uint64_t)p->budget,
                            .batch = 32,
                            .advance = 2};
  struct lat_fit_plan plan = lat_fit_default();
  plan.training.rate.peak = p->rate;
  plan.phases = 1;
  plan.phase = &phase;
  plan.seed = lat_run_seed(run);
  plan.measure = LAT_MEASURE_EXACT;
  plan.stop = 0.998;
  return lat_fit(learner, &plan, lat_run_checkpoint(run), lat_fit_tell_run, run, fit);
}

static int put_bound(struct lat_run *run, const struct lat_bottleneck *config) {
  const struct parameters *p = lat_run_parameters(run);
  size_t n = config->rows * config->columns, w = config->channels * config->bits, distinct, extent = n + 1;
  double bound[MOST_CELLS + 1];
  int status = LAT_OK;
  if (config->channels == 0) w = 32 * n * config->width;
  if (is(p->control, "cut")) w = 0;
  LAT_TRY(status, lat_life_bound((unsigned)config->rows, (unsigned)config->columns, (size_t)p->steps, bound, &distinct));
  LAT_TRY(status, lat_put_integer(run, "bandwidth", (int64_t)w));
  LAT_TRY(status, lat_put_integer(run, "cells", (int64_t)n));
  LAT_TRY(status, lat_put_integer(run, "distinct", (int64_t)distinct));
  LAT_TRY(status, lat_put_real(run, "bound", bound[w < n ? w : n]));
  LAT_TRY(status, lat_put_reals(run, "bounds", 1, &extent, bound));
done:
  return status;
}

static int run(struct lat_run *run) {
  const struct parameters *p = lat_run_parameters(run);
  struct lat_bottleneck config;
  struct lat_task_setting setting;
  struct lat_learner *learner = NULL;
  struct lat_score score = {0};
  struct lat_fit fit = {0};
  char text[64];
  double none[1] = {0};
  struct lat_fit untrained = {1, none, none, none, none, none, none, .solved_at = -1};
  size_t steps = (size_t)p->steps;
  int status = LAT_OK, explicit_weights = is(p->how, "constructed");
  LAT_TRY(status, shape_of(p, &config));
  snprintf(text, sizeof text, "life:rows=%zu:columns=%zu:steps=%zu", config.rows, config.columns, steps);
  LAT_TRY(status, lat_task_parse(text, &setting));
  LAT_TRY(status, lat_learner_bottleneck(&config, lat_run_seed(run), &learner));
  if (is(p->control, "cut")) learner->between = cut;
  if (explicit_weights)
    LAT_TRY(status, lat_bottleneck_construct(learner));
  else
    LAT_TRY(status, train(run, learner, &setting, &fit));
  LAT_TRY(status, lat_put_fit(run, learner, explicit_weights ? &untrained : &fit));
  LAT_TRY(status, lat_evaluate(learner, &setting, lat_run_seed(run), "test", (size_t)p->tested, steps, 0, &score));
  double success = lat_score_exact(&score, steps);
  LAT_TRY(status, lat_put_real(run, "success", success));
  LAT_TRY(status, lat_put_integer(run, "whole", (int64_t)score.exact[steps - 1]));
  LAT_TRY(status, lat_put_real(run, "cells_right", lat_score_accuracy(&score, steps)));
  LAT_TRY(status, lat_put_real(run, "validated",
                               explicit_weights  ? success
                               : fit.points == 0 ? 0
                                                 : fit.exact[fit.points - 1]));
  LAT_TRY(status, put_bound(run, &config));
done:
  lat_score_free(&score);
  lat_fit_free(&fit);
  lat_learner_free(learner);
  return status;
}

const struct lat_experiment lat_experiment_life_bandwidth;
const struct lat_experiment lat_experiment_life_bandwidth = {
    .name = "life_bandwidth",
    .section = "C. Information capacity",
    .question = "How many bits must pass after each step for a network to play the Game of Life?",
    .prediction =
        "Explicit weights with a bit a cell have every board right. Trained networks (median over seeds, learning rate by "
        "validation) come half of the way from the best constant answer to 1 only when half a bit a cell or more passes. "
        "No "
        "success exceeds the exact bound.",
    .refuted_if =
        "Explicit weights with a bit a cell have a board wrong, or trained networks come half of the way with "
        "less than half a bit a cell",
    .source =
        "task and narrow place: 'The Information Bottleneck of Chain of Thought', 2026; Life: Gardner 1970; finite "
        "scalar quantisation: Mentzer et al. 2024; the bound is counted over all boards",
    .caption =
        "(a) Share of random boards of Life on a torus that are right in every cell after all steps, against the bits that "
        "pass after each step: medians over seeds, bars from the least to the most. Lines: exact bound for any network, "
        "counted over all first boards; many boards end alike, so fewer bits than cells can do. Numbers of 1 and of 2 bits "
        "share marks. Dotted: as many bits "
        "as cells. (b) The same against bits for each cell, with the controls: cut, where nothing passes after the first "
        "step; wide, where nothing is narrow (drawn at the right edge).",
    .version = 1,
    .parameters_size = sizeof(struct parameters),
    .parameters = parameters_table,
    .outputs = outputs,
    .reject = reject,
    .check = check,
    .cost = cost,
    .run = run,
    .analyse = lat_life_bandwidth_analyse,
};
