/* Inside the engine: what a run records about one chunk after each step. */
#ifndef LAT_COMPILE_ENGINE_TRACK_H
#define LAT_COMPILE_ENGINE_TRACK_H

#include "lib/compile/engine_step.h"

/* One output's readout: constant + sum of weight * state[column], columns of the vector part. */
struct lat_readout {
  size_t terms;
  uint32_t *column; /* [terms] */
  float *weight;    /* [terms] */
  float *base;      /* [O]: the static channels' share */
};
int lat_readout_make(struct lat_engine *engine, struct lat_readout *readout);
void lat_readout_free(struct lat_readout *readout);

/* One run, shared by its chunks. */
struct lat_tracking {
  const struct lat_engine *engine;
  const struct lat_vectors *values; /* the oracle, or NULL */
  struct lat_engine_record *record;
  size_t steps, count;   /* T, input vectors */
  uint32_t *ready_since; /* [N]: from which step to the end a wire is ready, T + 1 for never; NULL when not wanted */
  struct lat_readout readout;
};

/* What is remembered of one chunk from step to step: sign masks, 16 vectors each. */
struct lat_tracker {
  const struct lat_tracking *run;
  const struct lat_chunk *chunk;
  size_t first, count;                 /* its first vector; vectors of the run (1 for the common part, which serves all) */
  uint16_t *right, *ready;             /* [N, groups], or NULL when not wanted */
  uint16_t *answer;                    /* [O, groups] */
  uint64_t *right_level, *ready_level; /* [depth + 1] */
};

int lat_tracker_alloc(const struct lat_tracking *run, const struct lat_chunk *chunk, struct lat_tracker **tracker);
void lat_tracker_free(struct lat_tracker *tracker);

/* Looks at the chunk after step `step` (0: the initial state) and adds to the record. Chunks may do so at the same time. */
void lat_tracker_look(struct lat_tracker *tracker, size_t first, size_t step);

#endif
