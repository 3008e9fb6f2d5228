/* A learner fitted to a task: curriculum, learning curve, stop rule, checkpoint. The one way in which experiments train. */
#ifndef LAT_TRAIN_FIT_H
#define LAT_TRAIN_FIT_H

#include "lib/train/evaluate.h"
#include "lib/train/trainer.h"

/* A part of the curriculum. In each update one of the settings is drawn (all examples of a batch have one shape) and a number of loops
 * in loops_low .. loops_high, as a function of (seed, update). */
struct lat_phase {
  size_t settings;
  const struct lat_task_setting *setting;
  size_t loops_low, loops_high;
  uint64_t updates; /* at most */
  size_t batch;     /* a multiple of the shards */
  double advance;   /* the phase ends before its time when validation reaches this; above 1: never */
  double others; /* share of the updates that draw one of settings 1 .., the rest takes setting 0; 0: all settings alike */
  int reset;     /* the optimiser's moments begin anew with the phase (Hao et al. 2024) */
};

enum lat_loss_of { LAT_LOSS_LAST, LAT_LOSS_EVERY }; /* after the last loop, or the mean over all loops */
enum lat_measure {
  LAT_MEASURE_ACCURACY, /* of scored positions */
  LAT_MEASURE_EXACT,    /* of whole examples */
  LAT_MEASURE_ASKED     /* of all asked positions, steps of a trace too; `accuracy` in the curve is this one then */
};

struct lat_fit_plan {
  struct lat_training training; /* rate.steps: 0 means the sum of the phases' updates */
  size_t phases;
  const struct lat_phase *phase;
  enum lat_loss_of loss;
  int levels_by_loop; /* with LAT_LOSS_EVERY: loop t (1-based) is asked only for levels <= t */
  size_t through;     /* truncated back-propagation; 0 or SIZE_MAX: through all loops */
  uint64_t examples;  /* size of the training set, drawn from again and again; 0: every batch is fresh */
  uint64_t seed;
  uint64_t every;    /* updates between validations, >= 1; a point of the curve each */
  size_t validation; /* examples of each: setting 0 of the phase at hand, with its loops_high, purpose "validation"; with
                      * LAT_SUPERVISE_TRACE on the trace that the learner makes itself */
  enum lat_measure measure;
  double stop; /* training ends when the last phase's validation reaches this; above 1: never */
};

/* AdamW of lat_training_default with 4 shards, last loop's loss, validation of 256 examples every 100 updates, accuracy, stop 0.995. */
struct lat_fit_plan lat_fit_default(void);

enum lat_fit_end { LAT_FIT_UPDATES, LAT_FIT_SOLVED, LAT_FIT_DIVERGED };

struct lat_fit {
  size_t points; /* of the curve */
  double *update, *loss, *norm, *accuracy,
      *exact;        /* [points]: updates done, mean loss and gradient norm since the last point,
                                                    * validation of the phase at hand */
  double *phase;     /* [points] */
  uint64_t updates;  /* done */
  int64_t solved_at; /* updates when the stop rule held first, -1: never */
  uint64_t examples; /* seen */
  double flops;      /* forward and backward, by the usual count: 3 lat_learner_flops a sequence */
  enum lat_fit_end end;
  uint64_t diverged_at; /* update whose loss or gradient was not finite */
  char reason[256];     /* of DIVERGED */
};

/* Called now and then with the share done; LAT_INTERRUPTED puts the work down: the checkpoint is written and that status given. */
typedef int lat_fit_tell(void *context, double fraction);

/* Trains learner->parameters in place. `checkpoint` (a path, or NULL) is taken up when it is there, and written at every validation and
 * on interruption; the same bits come out however often that was. A loss that is not finite ends the fit with LAT_OK and end =
 * DIVERGED: a result, to be stored. LAT_INPUT for a plan that cannot be, LAT_FILE, LAT_MEMORY. */
int lat_fit(const struct lat_learner *learner, const struct lat_fit_plan *plan, const char *checkpoint, lat_fit_tell *tell,
            void *context, struct lat_fit *fit);
void lat_fit_free(struct lat_fit *fit);
const char *lat_fit_end_name(enum lat_fit_end end); /* "updates" "solved" "diverged" */

#endif
