/* Inside the engine: models in emulated arithmetic. What the engine saves elsewhere, by computing what does not change once,
 * would be another order of roundings; so here every input vector goes through lat_transformer_run as it stands. */
#ifndef LAT_COMPILE_ENGINE_PLAIN_H
#define LAT_COMPILE_ENGINE_PLAIN_H

#include "lib/compile/engine.h"

/* As lat_engine_run and lat_engine_trace; counts have been checked. A value that is NaN is never right. An output counts as
 * ready at a step when it is for all vectors; output_ready is the fewest of any single vector. */
int lat_plain_run(const struct lat_compiled *compiled, const struct lat_vectors *inputs, const struct lat_vectors *values,
                  struct lat_engine_record *record, size_t steps);
int lat_plain_trace(const struct lat_compiled *compiled, const struct lat_vectors *inputs, size_t steps,
                    lat_engine_watch *watch, void *context);

#endif
