/* The parts of depth_staircase. */
#ifndef LAT_EXPERIMENTS_DEPTH_STAIRCASE_STAIRCASE_H
#define LAT_EXPERIMENTS_DEPTH_STAIRCASE_STAIRCASE_H

#include "lib/sweep/experiment.h"
#include "lib/task/task.h"

/* The languages L_k at the lengths that are trained on, the longest first: validation takes the first. */
enum { LAT_STAIRCASE_LENGTHS = 16 };
struct lat_staircase {
  size_t lengths;
  struct lat_task_setting setting[LAT_STAIRCASE_LENGTHS];
};

/* Lengths from `shortest` to `longest` by `step`, and the longest whether or not the steps meet it. LAT_INPUT. */
int lat_staircase_make(int64_t k, int64_t shortest, int64_t longest, int64_t step, struct lat_staircase *staircase);

/* Layers, or loops, that L_k takes (Yang, Cadilhac and Chiang 2025). */
#define LAT_STAIRCASE_THRESHOLD(k) ((k) > 3 ? (k)-2 : 1)

/* The largest k that the prediction is about, and the rate at which every model is trained. */
enum { LAT_STAIRCASE_CLAIMED = 6 };
#define LAT_STAIRCASE_RATE 2e-3

int lat_staircase_analyse(const struct lat_merged *merged, struct lat_analysis *analysis);

#endif
