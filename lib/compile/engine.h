/* Runs a compiled circuit model on many input vectors at once.
 *
 * The same weights as lat_transformer_run and the same arithmetic, specialised by what can be read off the weights:
 * channels that no output or down projection writes are the same in every step and for every input vector, so everything
 * that depends on them alone (attention scores, the constant part of the feed-forward sums, most of the norm) is computed
 * once. Tests hold it to lat_transformer_run: within stated rounding in general, equal bit for bit in bit-exact mode. */
#ifndef LAT_COMPILE_ENGINE_H
#define LAT_COMPILE_ENGINE_H

#include "lib/circuit/simulate.h"
#include "lib/compile/certificate.h"
#include "lib/compile/compile.h"

struct lat_engine;

/* Prepares. `attention` AUTO picks dense up to a stated number of tokens, fast beyond. LAT_UNSUPPORTED when fast is asked
 * for with a causal mask outside bit-exact mode; LAT_MEMORY. The compiled model must outlive the engine. */
int lat_engine_alloc(const struct lat_compiled *compiled, enum lat_attention attention, struct lat_engine **engine);
void lat_engine_free(struct lat_engine *engine);

/* dense or fast: what AUTO became. */
enum lat_attention lat_engine_attention(const struct lat_engine *engine);
const char *lat_attention_name(enum lat_attention attention); /* "auto" "dense" "fast" */
int lat_attention_parse(const char *name, enum lat_attention *attention);

/* What a run can be asked to record. All arrays are the caller's, or NULL when not wanted. Steps are t = 0 (the initial
 * state) .. T. Level l is a row of per_level; "right": the sign of v equals the oracle's bit; "ready": the sign of r is +.
 */
struct lat_engine_record {
  size_t steps;                /* T to run; 0: the model's */
  uint64_t *level_right;       /* [(T+1) * (depth+1)]: right wires of that level, summed over vectors */
  uint64_t *level_ready;       /* [(T+1) * (depth+1)]: ready wires of that level (vectors counted as above) */
  uint64_t *output_wrong;      /* [T+1]: wrong output bits over all vectors */
  uint64_t *output_ready;      /* [T+1]: ready outputs (0 .. O) */
  uint32_t *settled_step;      /* [vectors]: the last step at which an output bit changed, 0 when none ever did */
  double *largest_error;       /* [T+1]: max |v - bit| over right, ready wires; 0 when there is none */
  struct lat_vectors *outputs; /* [O positions]: output bits after step T */
  int (*progress)(void *context, size_t done, size_t total); /* in steps x chunks; nonzero return stops: LAT_INTERRUPTED */
  void *context;
};

/* Runs all vectors; `values` are the oracle's node values for them (lat_simulate), needed for level_right, output_wrong and
 * largest_error and NULL otherwise. Vectors are split into chunks whose size does not depend on the number of threads. */
int lat_engine_run(struct lat_engine *engine, const struct lat_vectors *inputs, const struct lat_vectors *values,
                   struct lat_engine_record *record);

/* Bytes the engine holds, and floating-point operations of one step per vector as they are really done. */
size_t lat_engine_bytes(const struct lat_engine *engine);
double lat_engine_flops(const struct lat_engine *engine);

#endif
