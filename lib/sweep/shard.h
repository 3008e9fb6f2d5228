/* Which part of a sweep this process has: shard k of n, counted from 0. */
#ifndef LAT_SWEEP_SHARD_H
#define LAT_SWEEP_SHARD_H

#include <stdint.h>

struct lat_shard {
  uint64_t index, count;
  const char *from; /* "--shard", the environment's variable, or NULL: all of it */
};

/* "2/8". LAT_INPUT for anything else. */
int lat_shard_parse(struct lat_shard *shard, const char *text);
/* What a Slurm job array (SLURM_ARRAY_TASK_ID, _COUNT, _MIN, _STEP), or else an MPI launcher (OMPI_COMM_WORLD_RANK and
 * _SIZE, PMI_RANK and PMI_SIZE), says; 0/1 when there is none. LAT_INPUT for values that make no sense. */
int lat_shard_environment(struct lat_shard *shard);

#endif
