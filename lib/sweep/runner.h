/* Runs a plan: each point that has no final file yet is claimed, run, and written by one rename. Any number of runners may
 * work on one folder; kill -9 loses at most the point in hand.
 *
 * What the experiment returns decides: LAT_OK a row; LAT_NUMERIC, LAT_INPUT or LAT_UNSUPPORTED a failed row with its reason
 * (the same each time: a result); LAT_MEMORY or LAT_FILE no row but ID.failed.json, tried again by the next run;
 * LAT_INTERRUPTED nothing. */
#ifndef LAT_SWEEP_RUNNER_H
#define LAT_SWEEP_RUNNER_H

#include "lib/sweep/plan.h"

enum lat_event {
  LAT_EVENT_THERE,    /* was done already, or by another runner meanwhile */
  LAT_EVENT_DONE,     /* done now */
  LAT_EVENT_FAILED,   /* done now: a failed row */
  LAT_EVENT_BROKEN,   /* this machine could not do it: ID.failed.json */
  LAT_EVENT_PROGRESS, /* in hand: `fraction` says how far */
};

struct lat_runner {
  const char *out;               /* the results folder */
  int jobs;                      /* how many work on it, for the sidecar */
  int (*stopped)(void *context); /* 1 when a stop was asked for; NULL: never */
  void (*tell)(void *context, enum lat_event event, const struct lat_sweep_point *point,
               double fraction); /* NULL: nobody */
  void *context;
};

/* To be called once before the runners of one run begin: makes the folder, clears what killed runners left, forgets which
 * points could not be done, and with `retry` deletes the plan's failed rows so that they are done again. `forgotten` counts
 * those. LAT_FILE. Damaged files stay as they are. */
int lat_runner_prepare(const char *out, const struct lat_sweep *plan, int retry, size_t *forgotten);
/* LAT_OK when every point was settled (broken ones too), LAT_INTERRUPTED after a stop, LAT_FILE when results cannot be
 * written, which ends the run at once. */
int lat_runner_run(const struct lat_runner *runner, const struct lat_sweep *plan);

#endif
