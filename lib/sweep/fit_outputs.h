/* What every trained point stores of its fit, under the same names in every experiment. */
#ifndef LAT_SWEEP_FIT_OUTPUTS_H
#define LAT_SWEEP_FIT_OUTPUTS_H

#include "lib/sweep/experiment.h"
#include "lib/train/fit.h"

/* Lines for an experiment's `outputs`. */
#define LAT_FIT_OUTPUTS                                                                                            \
  {"end", "-", "how training ended: updates (all spent), solved (the stop rule held), diverged", LAT_TEXT, "", 0}, \
      {"diverged", "-", "why training diverged, else empty", LAT_TEXT, "", 0},                                     \
      {"parameters", "1", "trained parameters", LAT_INTEGER, "", 0},                                               \
      {"updates", "updates", "updates done", LAT_INTEGER, "", 0},                                                  \
      {"solved_at", "updates", "updates when the stop rule first held, -1 if never", LAT_INTEGER, "", 0},          \
      {"examples", "examples", "training examples seen", LAT_INTEGER, "", 0},                                      \
      {"flops", "flops", "floating-point operations of training, forward and backward", LAT_REAL, "", 0},          \
      {"curve_update", "updates", "updates done at the curve's points", LAT_REAL, "curve", 0},                     \
      {"curve_loss", "nats", "mean training loss since the point before", LAT_REAL, "curve", LAT_MAY_BE_MISSING},  \
      {"curve_norm", "1",     "mean gradient norm before clipping since the point before",                         \
       LAT_REAL,     "curve", LAT_MAY_BE_MISSING},                                                                 \
      {"curve_accuracy", "1",     "validation accuracy of scored positions, of the phase at hand",                 \
       LAT_REAL,         "curve", LAT_MAY_BE_MISSING},                                                             \
      {"curve_exact", "1",     "validation share of wholly right examples, of the phase at hand",                  \
       LAT_REAL,      "curve", LAT_MAY_BE_MISSING},                                                                \
  {                                                                                                                \
    "curve_phase", "1", "phase of the curriculum, from 0", LAT_REAL, "curve", 0                                    \
  }

/* Puts them all. LAT_MEMORY. */
int lat_put_fit(struct lat_run *run, const struct lat_learner *learner, const struct lat_fit *fit);

/* lat_run_progress as a lat_fit_tell; context is the run. */
int lat_fit_tell_run(void *run, double fraction);

#endif
