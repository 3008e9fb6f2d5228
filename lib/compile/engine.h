/* Runs a compiled circuit model on many input vectors at once.
 *
 * Without a norm, channels that no input bit can reach (the ready bits) are run once for all vectors; that cut is exact.
 *
 * The same weights as lat_transformer_run and the same arithmetic, specialised by what can be read off the weights:
 * channels that no output or down projection writes are the same in every step and for every input vector, so everything
 * that depends on them alone (attention scores, the constant part of the feed-forward sums, most of the norm) is computed
 * once. A model in emulated arithmetic has every vector run by lat_transformer_run itself, with dense attention. Tests hold it to lat_transformer_run: within stated rounding in general, equal bit for bit in bit-exact mode. */
#ifndef LAT_COMPILE_ENGINE_H
#define LAT_COMPILE_ENGINE_H

#include "lib/circuit/simulate.h"
#include "lib/compile/certificate.h"
#include "lib/compile/compile.h"

struct lat_engine;

enum { LAT_ENGINE_DENSE_TOKENS = 4096 }; /* AUTO: dense up to here */

/* Prepares. `attention` AUTO picks dense up to LAT_ENGINE_DENSE_TOKENS tokens,
 * and beyond fast where that is possible. LAT_UNSUPPORTED when fast is asked
 * for with a causal mask outside bit-exact mode or in emulated arithmetic; LAT_MEMORY. The compiled model must outlive the engine. */
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
  uint64_t *output_ready;      /* [T+1]: outputs ready for all vectors (the fewest in any chunk), 0 .. O */
  uint32_t *settled_step;      /* [vectors]: the last step at which an output bit changed, 0 when none ever did */
  double *largest_error;       /* [T+1]: max |v - bit| over right wires that are ready now and to the end; 0 for none */
  struct lat_vectors *outputs; /* [O positions]: output bits after step T */
  uint64_t *last_right;        /* [depth+1]: level_right after step T alone, for circuits too deep to keep every step */
  uint64_t *last_ready;        /* [depth+1] */
  unsigned char *output_last;  /* [O]: 1 when the output is ready for all vectors after step T */
  int (*progress)(void *context, size_t done, size_t total); /* in steps x chunks; nonzero return stops: LAT_INTERRUPTED */
  void *context;
};

/* Runs all vectors; `values` are the oracle's node values for them (lat_simulate), needed for level_right, output_wrong and
 * largest_error and NULL otherwise. Vectors are split into chunks whose size depends on their number alone; a vector's
 * numbers are the same bits in any chunk and for any number of threads, and what is counted is whole numbers. LAT_INPUT
 * when a count does not fit. */
int lat_engine_run(struct lat_engine *engine, const struct lat_vectors *inputs, const struct lat_vectors *values,
                   struct lat_engine_record *record);

/* The full state [N, D] of every vector after every step, 0 .. T, in order of vectors and then of steps: for tests and for
 * looking inside. Slow. A return other than LAT_OK stops and is passed on. */
typedef int lat_engine_watch(void *context, size_t vector, size_t step, const float *x);
int lat_engine_trace(struct lat_engine *engine, const struct lat_vectors *inputs, size_t steps, lat_engine_watch *watch,
                     void *context);

/* Attention scores are computed once, from the initial state. With a norm they really depend a little on the wires: they
 * scale with 1 / deviation of the token, which moves when wires are not +1 or -1. This is the largest relative move seen by
 * the last run (0 without a norm). While it is small (rounding, 1e-5) the engine equals the full model within rounding;
 * where wires decay, below the certified beta, it is not and the plain transformer has the last word. */
double lat_engine_scale_drift(const struct lat_engine *engine);

/* The share of the last run's token updates that were computed: 1, or less where every softmax weight is 0 or 1 and tokens
 * whose inputs did not change are skipped (they would give the same bits). */
double lat_engine_share(const struct lat_engine *engine);

/* Bytes the engine holds, and floating-point operations of one step per vector when no token is skipped. */
size_t lat_engine_bytes(const struct lat_engine *engine);
double lat_engine_flops(const struct lat_engine *engine);

#endif
