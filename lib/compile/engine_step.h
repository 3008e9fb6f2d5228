/* Inside the engine: one chunk of input vectors and one layer applied to one part of its channels. */
#ifndef LAT_COMPILE_ENGINE_STEP_H
#define LAT_COMPILE_ENGINE_STEP_H

#include "lib/compile/engine_plan.h"

/* The state of one part for `vectors` (LAT_LANES or an even multiple of it) input vectors. */
struct lat_chunk {
  const struct lat_engine *engine;
  size_t part, vectors;
  float *state;   /* [N, channels, vectors] */
  float *value;   /* [N or 2^m, streams, vectors]: what attention mixes */
  float *mixed;   /* dense: [rows, streams, vectors]; else the same array as value */
  float *scratch; /* one token and 2 LAT_LANES vectors: slots, channels, units */
  int follow;     /* only tokens that can change are computed: gather, one kind of layer */
  size_t changed, touched;
  uint32_t *active_list, *changed_list; /* [N]: looked at in this layer; changed in the last layer */
  uint32_t *touched_list;               /* [N]: changed in any layer of the last step */
  uint32_t *stamp, *touch_stamp;        /* [N]: the layer and the step in which a token was last put on a list */
  uint32_t now, step;
  uint64_t updates, possible; /* token updates done since lat_chunk_alloc, and had none been skipped */
  double drift;               /* largest relative change of a norm's scale at queries and keys, since lat_chunk_alloc */
};

/* A chunk for this part; LAT_MEMORY. Reusable for any number of starts. */
int lat_chunk_alloc(const struct lat_engine *engine, size_t part, size_t vectors, struct lat_chunk **chunk);
void lat_chunk_free(struct lat_chunk *chunk);

/* The initial state for input vectors first .. first + vectors - 1; those past the end get inputs 0. `inputs` NULL: all 0.
 */
void lat_chunk_start(struct lat_chunk *chunk, const struct lat_vectors *inputs, size_t first);

/* One step: all L layers. In a chunk that follows changes, touched_list then holds the tokens whose state may have changed.
 */
void lat_chunk_step(struct lat_chunk *chunk);

/* data [2^m, lanes]: the product of [1 w_b; w_b 1] over address bits, in place; lanes is a multiple of LAT_LANES. Rows from
 * `occupied` on must be 0. */
void lat_butterfly(float *data, size_t address_bits, size_t lanes, size_t occupied, const float *flip);

/* mixed [rows, groups] = weights x value [tokens, groups]; a group is LAT_LANES floats. */
void lat_mix_rows(const struct lat_mixing *mixing, size_t tokens, size_t groups, const float *value, float *mixed);

#endif
