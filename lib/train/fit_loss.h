/* The loss of one shard of a fit's update: draws the shard's examples, runs the learner, sums the loss. For fit.c. */
#ifndef LAT_TRAIN_FIT_LOSS_H
#define LAT_TRAIN_FIT_LOSS_H

#include "lib/train/fit.h"

struct lat_fit_loss;

/* Buffers for the largest batch of the plan, which has been checked. LAT_MEMORY. The caller frees it. */
int lat_fit_loss_alloc(const struct lat_learner *learner, const struct lat_fit_plan *plan, struct lat_fit_loss **loss);
void lat_fit_loss_free(struct lat_fit_loss *loss);

/* Draws task and number of loops of this update. */
void lat_fit_loss_begin(struct lat_fit_loss *loss, size_t phase, uint64_t update);
/* Operations of the update, by the usual count: backward takes twice the forward. 0 for a learner that is no transformer. */
double lat_fit_loss_flops(const struct lat_fit_loss *loss);

/* A lat_shard_loss. */
int lat_fit_loss_shard(void *context, struct lat_tape *tape, uint64_t step, size_t shard, float *gradient, double *loss);

#endif
