/* One fit of a looped transformer, as learned_depth and loop_extrapolation do it: model, curriculum, checkpoint, curve.
 *
 * Circuits of `depth` levels are learned by a curriculum that doubles the depth: 1 level of eight gates, then 2, 4, .. levels of
 * `gates`; a phase of d levels runs min(T, ceil(d / L)) loops, the last one loops_low .. loops_high. The languages of
 * `blocks` blocks have one phase with strings of 0.8 to 1.2 times `length` letters. */
#ifndef LAT_EXPERIMENTS_LEARNED_DEPTH_FITTING_H
#define LAT_EXPERIMENTS_LEARNED_DEPTH_FITTING_H

#include "lib/sweep/experiment.h"
#include "lib/train/fit.h"

struct lat_fitting {
  size_t blocks, length; /* a language of so many blocks, strings of about that length; blocks 0: circuits */
  size_t depth;          /* circuits: levels that are trained */
  size_t inputs, gates;  /* circuits: constants, and gates of a level */
  size_t ids;            /* circuits: names of gates, at least as many as the longest circuit ever shown has tokens */
  int answer_only;       /* circuits: only the last level is supervised */
  size_t layers, loops_low, loops_high, width, heads;
  enum lat_injection injection;
  enum lat_placement placement;
  double rate;
  uint64_t updates; /* of the last phase at most; each earlier one takes `early` at most */
  uint64_t early;
  uint64_t examples; /* size of the training set; 0: every batch is fresh */
  size_t batch;      /* of the last phase, earlier ones half of it */
  size_t validation;
  enum lat_measure measure;
  double stop;
  uint64_t seed;
};

/* The task's setting for circuits of `depth` levels. LAT_INPUT. */
int lat_fitting_circuit(const struct lat_fitting *fitting, size_t depth, struct lat_task_setting *setting);
/* The same for strings of a language. */
int lat_fitting_blocks(const struct lat_fitting *fitting, size_t length, struct lat_task_setting *setting);

/* Trains; the caller frees model, learner (first) and fit. `run`: whose checkpoint and progress are used; may be NULL. A fit that
 * diverged is LAT_OK with fit->end saying so. */
int lat_fitting_run(const struct lat_fitting *fitting, struct lat_run *run, struct lat_transformer **model,
                    struct lat_learner **learner, struct lat_fit *fit);

/* Puts what every fit tells: outputs curve_update, curve_loss, curve_norm, curve_accuracy, curve_phase over "curve", end, end_cause,
 * updates, solved_at, examples_seen, flops, parameters, validation. */
int lat_fitting_put(struct lat_run *run, const struct lat_fit *fit, size_t parameters, enum lat_measure measure);

/* The declarations of these outputs. A point of a machine that is constructed has none of them. */
#define LAT_FITTING_OUTPUTS                                                                                              \
  {"curve_update", "updates", "updates done at each validation", LAT_REAL, "curve", LAT_MAY_BE_MISSING},                 \
      {"curve_loss", "nats", "mean loss since the validation before", LAT_REAL, "curve", LAT_MAY_BE_MISSING},            \
      {"curve_norm", "1", "mean norm of the gradient since then", LAT_REAL, "curve", LAT_MAY_BE_MISSING},                \
      {"curve_accuracy", "1", "validation of the phase at hand", LAT_REAL, "curve", LAT_MAY_BE_MISSING},                 \
      {"curve_phase", "1", "phase of the curriculum, from 0", LAT_REAL, "curve", LAT_MAY_BE_MISSING},                    \
      {"end", "", "solved, updates (all done) or diverged; constructed: nothing is trained", LAT_TEXT, "", 0},           \
      {"end_cause", "", "what was not finite, of a fit that diverged", LAT_TEXT, "", LAT_MAY_BE_MISSING},                \
      {"updates_done", "updates", "updates of the fit", LAT_INTEGER, "", LAT_MAY_BE_MISSING},                            \
      {"solved_at", "updates", "updates when the stop rule held first; -1: never", LAT_INTEGER, "", LAT_MAY_BE_MISSING}, \
      {"examples_seen", "examples", "examples that were trained on", LAT_INTEGER, "", LAT_MAY_BE_MISSING},               \
      {"flops", "1", "operations of the training", LAT_REAL, "", LAT_MAY_BE_MISSING},                                    \
      {"parameters", "numbers", "parameters of the model", LAT_INTEGER, "", 0}, {                                        \
    "validation", "1", "last validation: what learning rates are chosen by", LAT_REAL, "", LAT_MAY_BE_MISSING            \
  }

/* low and high: the 95 % interval of the mean by Student's t, for one or two values the least and the most. */
struct lat_spread {
  double mean, median, low, high, least, most;
  size_t count;
};
/* Of the finite ones among `value`, which is sorted on the way. All NaN when there is none. */
struct lat_spread lat_spread_of(double *value, size_t count);

#endif
