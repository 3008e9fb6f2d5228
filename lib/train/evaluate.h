/* How well a learner does a task: on examples of a stream that training never draws from, after every number of loops at once. */
#ifndef LAT_TRAIN_EVALUATE_H
#define LAT_TRAIN_EVALUATE_H

#include "lib/task/task.h"
#include "lib/train/learner.h"

/* Counts after each of T loops. */
struct lat_score {
  size_t steps, levels, examples;
  uint64_t *right, *asked; /* [steps, levels], [levels] : positions, by level; level 0 is the trace */
  uint64_t *exact;         /* [steps]: examples with every scored position right */
  uint64_t *broken;        /* [steps]: asked positions with a logit that is not finite: never right */
  double *loss; /* [steps]: mean cross-entropy of all asked positions that are not broken, nats; NaN when there is none */
};

/* Scores `examples` examples 0.. of (seed, purpose) with `steps` loops, all numbers of loops 1 .. steps in one pass when `every`,
 * else only the last row is filled (the others are 0). Split among threads by example in a fixed way: same result for any number
 * of threads. LAT_INPUT, LAT_MEMORY. */
int lat_evaluate(const struct lat_learner *learner, const struct lat_task_setting *setting, uint64_t seed,
                 const char *purpose, size_t examples, size_t steps, int every, struct lat_score *score);
/* The same for LAT_SUPERVISE_TRACE with tokens that the learner makes itself: position i + 1 >= prompt gets the class with the
 * largest logit at i (greedy), as token in every field. Row steps - 1 is filled. */
int lat_evaluate_generated(const struct lat_learner *learner, const struct lat_task_setting *setting, uint64_t seed,
                           const char *purpose, size_t examples, size_t steps, struct lat_score *score);
void lat_score_free(struct lat_score *score);

/* Of scored positions (levels >= 1) after `steps` loops; of all that were asked, the trace too; of one level; of whole examples. NaN when nothing was asked. */
double lat_score_accuracy(const struct lat_score *score, size_t steps);
double lat_score_asked(const struct lat_score *score, size_t steps);
double lat_score_level(const struct lat_score *score, size_t steps, size_t level);
double lat_score_exact(const struct lat_score *score, size_t steps);

#endif
