/* What a run of a compiled circuit records by step and level, held against the claim: after t steps of a block of L layers
 * every wire of level <= L t is right and ready, and no wire above it says that it is ready. */
#ifndef LAT_COMPILE_WAVEFRONT_H
#define LAT_COMPILE_WAVEFRONT_H

#include "lib/compile/engine.h"

struct lat_wavefront {
  size_t steps, levels, vectors;   /* rows and columns of the record (t = 0 .. T, l = 0 .. depth), and vectors */
  uint64_t *wires;                 /* [levels]: nodes of each level */
  struct lat_engine_record record; /* give this to lat_engine_run; all of its arrays are there */
  /* Set by lat_wavefront_sum. */
  int64_t checked;     /* wire values at or below level L t, over all steps and vectors */
  int64_t wrong, late; /* of these: not right; not ready */
  int64_t early;       /* wire values above level L t that are ready */
  int64_t *front;      /* [steps]: highest level up to which every wire is ready; -1: none */
};

/* Room for T = `run_steps` steps of this circuit on so many vectors, with `outputs` outputs. LAT_MEMORY; to be freed either way. */
int lat_wavefront_alloc(struct lat_wavefront *wavefront, const struct lat_compiled *compiled, size_t outputs,
                        size_t vectors, size_t run_steps);
void lat_wavefront_free(struct lat_wavefront *wavefront);

/* Counts, after the run, for a block of `layers` layers. */
void lat_wavefront_sum(struct lat_wavefront *wavefront, size_t layers);

#endif
