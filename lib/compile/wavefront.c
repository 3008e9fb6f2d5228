#include "lib/compile/wavefront.h"

#include "lib/base/memory.h"
#include "lib/base/status.h"

int lat_wavefront_alloc(struct lat_wavefront *wavefront, const struct lat_compiled *compiled, size_t outputs,
                        size_t vectors, size_t run_steps) {
  size_t levels = compiled->depth + 1;
  *wavefront = (struct lat_wavefront){.steps = run_steps + 1, .levels = levels, .vectors = vectors};
  struct lat_engine_record *r = &wavefront->record;
  r->steps = run_steps;
  wavefront->wires = lat_calloc(levels, sizeof *wavefront->wires);
  wavefront->front = lat_calloc(run_steps + 1, sizeof *wavefront->front);
  r->level_right = lat_calloc((run_steps + 1) * levels, sizeof *r->level_right);
  r->level_ready = lat_calloc((run_steps + 1) * levels, sizeof *r->level_ready);
  r->output_wrong = lat_calloc(run_steps + 1, sizeof *r->output_wrong);
  r->output_ready = lat_calloc(run_steps + 1, sizeof *r->output_ready);
  r->settled_step = lat_calloc(vectors, sizeof *r->settled_step);
  r->largest_error = lat_calloc(run_steps + 1, sizeof *r->largest_error);
  int status = lat_vectors_alloc(outputs, vectors, &r->outputs);
  if (status != LAT_OK || wavefront->wires == NULL || wavefront->front == NULL || r->level_right == NULL ||
      r->level_ready == NULL || r->output_wrong == NULL || r->output_ready == NULL || r->settled_step == NULL ||
      r->largest_error == NULL)
    return LAT_MEMORY;
  for (size_t i = 0; i < compiled->nodes; i++)
    if (compiled->level[i] < levels) wavefront->wires[compiled->level[i]]++;
  return LAT_OK;
}

void lat_wavefront_free(struct lat_wavefront *wavefront) {
  struct lat_engine_record *r = &wavefront->record;
  void *held[] = {wavefront->wires, wavefront->front, r->level_right,  r->level_ready,
                  r->output_wrong,  r->output_ready,  r->settled_step, r->largest_error};
  for (size_t i = 0; i < sizeof held / sizeof *held; i++) lat_free(held[i]);
  lat_vectors_free(r->outputs);
}

/* The claim, cell by cell: at or below level L t all right and ready, above it nothing ready. */
void lat_wavefront_sum(struct lat_wavefront *wavefront, size_t layers) {
  for (size_t t = 0; t < wavefront->steps; t++) {
    int whole = 1;
    wavefront->front[t] = -1;
    for (size_t l = 0; l < wavefront->levels; l++) {
      int64_t all = (int64_t)(wavefront->wires[l] * wavefront->vectors);
      int64_t right = (int64_t)wavefront->record.level_right[t * wavefront->levels + l];
      int64_t ready = (int64_t)wavefront->record.level_ready[t * wavefront->levels + l];
      whole = whole && ready == all;
      if (whole) wavefront->front[t] = (int64_t)l;
      if (l <= layers * t) {
        wavefront->checked += all;
        wavefront->wrong += all - right;
        wavefront->late += all - ready;
      } else {
        wavefront->early += ready;
      }
    }
  }
}
