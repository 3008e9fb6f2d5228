/* The one trainer: data-parallel by example over a fixed number of shards.
 *
 * A step cuts the batch into `shards` parts whatever the number of threads; each part runs forward and backward on one thread, on
 * a tape of its own, into gradients of its own; these are added in shard order, clipped by their global norm (Pascanu, Mikolov
 * and Bengio 2013, algorithm 1) and taken by the optimiser. So 1, 2 and 16 threads give the same bits. After the first step of
 * given shapes a step allocates nothing. */
#ifndef LAT_TRAIN_TRAINER_H
#define LAT_TRAIN_TRAINER_H

#include "lib/nn/tape.h"
#include "lib/train/optimiser.h"
#include "lib/train/rate.h"

struct lat_training {
  struct lat_optimiser optimiser;
  struct lat_rate rate;
  double clip;   /* largest global norm of the gradient; 0: not clipped */
  size_t shards; /* >= 1 */
};

/* AdamW 0.9 0.98 1e-8, decay 0.01, clip 1, peak 2e-3 after 100 steps of warm-up, cosine to 5 %, 8 shards. */
struct lat_training lat_training_default(uint64_t steps);

/* A piece of the parameters that is one array; pieces lie one behind the other. */
struct lat_piece {
  size_t count;
  int decays; /* weight decay applies: matrices, not vectors */
};

/* Builds the loss of shard `shard` of step `step` (0-based) on `tape` and sums it: `gradient` [count] is the shard's, to be given
 * to lat_tape_leaf. Calls lat_tape_backward itself, once or for several parts one after the other (lat_tape_reset between
 * them). *loss gets the sum of what it counted as loss, in the units that are to be reported. Runs on many threads at once, one
 * shard each; `context` must be fit for that. */
typedef int lat_shard_loss(void *context, struct lat_tape *tape, uint64_t step, size_t shard, float *gradient,
                           double *loss);

struct lat_trainer;

/* `parameters` [sum of counts] is the caller's and is changed by each step. LAT_INPUT for settings that cannot be, LAT_MEMORY.
 * The caller frees it. */
int lat_trainer_alloc(const struct lat_training *training, size_t pieces, const struct lat_piece *piece, float *parameters,
                      lat_shard_loss *loss, void *context, struct lat_trainer **trainer);
void lat_trainer_free(struct lat_trainer *trainer);

struct lat_step {
  uint64_t step; /* 0-based */
  double loss;   /* sum over shards, in shard order */
  double norm;   /* of the gradient before clipping */
  double rate;
};

/* One step. LAT_NUMERIC when the loss or the gradient's norm is not finite: the parameters are then as before the step, and the
 * sentence gives the step and the last norms. What a shard's loss returns is passed on (of the first shard in order). */
int lat_trainer_step(struct lat_trainer *trainer, struct lat_step *step);

/* Steps done. */
uint64_t lat_trainer_steps(const struct lat_trainer *trainer);
/* The optimiser's state begins anew (moments and its count of steps); the schedule goes on. */
void lat_trainer_reset_moments(struct lat_trainer *trainer);
/* Bytes held: gradients, moments, tapes. */
size_t lat_trainer_bytes(const struct lat_trainer *trainer);

/* Everything that the next step depends on beside the data: parameters, moments, counts. Bytes of the state, and copying it out
 * of and into the trainer; lib/train/checkpoint.h puts it in a file. */
size_t lat_trainer_state_size(const struct lat_trainer *trainer);
void lat_trainer_get_state(const struct lat_trainer *trainer, void *bytes);
/* LAT_INPUT when the bytes are not of this trainer's shape. */
int lat_trainer_set_state(struct lat_trainer *trainer, const void *bytes, size_t count);

#endif
