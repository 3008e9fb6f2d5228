/* A training put down and taken up again with the same bits: the trainer's state and whatever the caller keeps beside it (curves,
 * the phase of a curriculum), in one sealed file that is replaced as a whole. */
#ifndef LAT_TRAIN_CHECKPOINT_H
#define LAT_TRAIN_CHECKPOINT_H

#include "lib/train/trainer.h"

/* `extra` [extra_size bytes] is the caller's; may be NULL when 0. LAT_FILE, LAT_MEMORY. */
int lat_checkpoint_save(const char *path, const struct lat_trainer *trainer, const void *extra, size_t extra_size);

/* Takes the state up. *found is 0, and nothing is changed, when there is no such file. LAT_INPUT with path and reason for a file
 * that is damaged or of another training (other sizes). */
int lat_checkpoint_load(const char *path, struct lat_trainer *trainer, void *extra, size_t extra_size, int *found);

#endif
