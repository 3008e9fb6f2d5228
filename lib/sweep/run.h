/* One point of a sweep as it runs: what stands behind `struct lat_run`. For the runner; experiments see experiment.h only.
 */
#ifndef LAT_SWEEP_RUN_H
#define LAT_SWEEP_RUN_H

#include "lib/sweep/experiment.h"

struct lat_run {
  const struct lat_experiment *experiment;
  const void *parameters;
  struct lat_record record; /* the outputs so far */
  const char *checkpoint;   /* the file a long run may keep its state in */
  int checkpointed;         /* the experiment asked for its name: it can be interrupted */
  /* Told how far the run is; gives 1 when a stop was asked for. NULL: nobody asks. */
  int (*tell)(void *context, double fraction);
  void *context;
};

/* LAT_NUMERIC when an output that must be there was not put. */
int lat_run_complete(const struct lat_run *run);

#endif
