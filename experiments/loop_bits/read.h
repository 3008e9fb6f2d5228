/* What the states of a looped circuit evaluator tell of the circuit's gates, loop by loop, by linear probes. */
#ifndef LAT_EXPERIMENTS_LOOP_BITS_READ_H
#define LAT_EXPERIMENTS_LOOP_BITS_READ_H

#include "lib/info/bootstrap.h"
#include "lib/task/task.h"
#include "lib/train/learner.h"

struct lat_loop_reading {
  struct lat_learner *learner;            /* its hook between loops is used and left empty */
  const struct lat_task_setting *setting; /* of the task `circuit`, dense */
  size_t loops;                           /* T: states after 1 .. T loops are read */
  size_t width;                           /* D of a state */
  size_t circuits;                        /* as many for fitting probes (stream "probe") as for the bound (stream "test") */
  int shuffled;                           /* the control: states are paired with the gates of another circuit */
  struct lat_bootstrap how;
};

/* Bits about all gates of a level in the states at their own positions: [T, levels] each, the caller's. A probe is fitted for each loop and
 * level; bits: mean over circuits of log2 q(gates|states) - log2 p(gates), where p counts the fitted circuits' gates: a lower bound on
 * the information, cut at one bit a gate. low, high: bootstrap over circuits. LAT_INPUT, LAT_NUMERIC, LAT_MEMORY. */
int lat_loop_read(const struct lat_loop_reading *reading, double *bits, double *low, double *high);

#endif
