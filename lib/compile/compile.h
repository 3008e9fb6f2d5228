/* From a circuit to the explicit weights of a transformer that evaluates it: the universal construction.
 *
 * One token per node, N tokens, m = ceil(log2 N) address bits (at least 1); every channel holds +1 or -1. Channels: own
 * address a [m], fan-in addresses p_1..p_K [K m], truth table tau [2^K], value v, ready r, constant c, scratch f_1..f_K and
 * g_1..g_K (0 between blocks). Head h has query = beta p_h, key = a, value = (v, r), and writes (f_h, g_h). The
 * feed-forward part selects the truth-table entry by clipped sums, forms the ready bit and clears the scratch. With
 * LayerNorm every channel is stored as a pair (x, -x). After t layers every node of level <= t holds its value, and r =
 * [level <= t]. Which of these lines is proven and which measured: METHOD.md and DESIGN.md. */
#ifndef LAT_COMPILE_COMPILE_H
#define LAT_COMPILE_COMPILE_H

#include "lib/circuit/netlist.h"
#include "lib/nn/prompt.h"
#include "lib/nn/transformer.h"

enum lat_variant {
  LAT_VARIANT_UNIVERSAL, /* the circuit is in the prompt; parameters O(K m), the same for every circuit of <= 2^m nodes */
  LAT_VARIANT_WEIGHTS,   /* pointers and tables in the position embedding, tokens are bits; parameters O(N m) */
  LAT_VARIANT_VECTOR,    /* thoughts are vectors: all wires in one, no attention (lib/compile/vector.h), or with
                          * bits_per_step so many new wires a thought, older ones in the cache (lib/compile/thoughts.h) */
  LAT_VARIANT_COT        /* thoughts are tokens of V = 2^bits_per_step, decoded greedily (lib/compile/thoughts.h) */
};

enum lat_snap {
  LAT_SNAP_CLIP, /* the feed-forward part takes every value back to +-1 */
  LAT_SNAP_NONE  /* one ReLU in place of the clip: errors grow, delta' = 4 (delta + 2 leak) for K = 2; a control */
};

struct lat_construction {
  unsigned fan_in; /* K, 2..6 */
  enum lat_variant variant;
  size_t layers; /* L of the block */
  size_t steps;  /* T; 0: ceil(depth / L), at least 1 */
  enum lat_norm norm;
  enum lat_activation activation;
  enum lat_mask mask; /* full or causal (nodes are in topological order) */
  double beta;        /* 0: chosen so that the certificate holds with room */
  double kappa;       /* slope of the clip, >= 1; 0: default */
  enum lat_snap snap;
  struct lat_arithmetic arithmetic; /* emulated formats; all 0: single precision */
  size_t bits_per_step;             /* w; 0: 1 for chain of thought, all wires for vectors */
  unsigned bits_per_channel;        /* b of a vector thought's channels, d = ceil(w / b); 0: 1 */
};

/* Where each channel lives. With pairs, channel c is at columns 2c (+) and 2c + 1 (-); else at column c. */
struct lat_layout {
  size_t address_bits, fan_in, channels, width; /* m, K, channels, D (= channels or 2 channels) */
  int paired;
  size_t address, pointer, table, value, ready, constant, fetched, fetched_ready; /* first channel of each group */
};

struct lat_compiled {
  struct lat_transformer *model;
  struct lat_prompt *prompt;
  struct lat_construction construction; /* with every automatic value filled in: steps, beta, kappa */
  struct lat_layout layout;
  size_t nodes; /* N */
  uint32_t depth;
  uint32_t *level; /* [N] */
  double beta;     /* the beta that the float weights realise exactly (see DESIGN.md: few mantissa bits) */
};

/* Compiles a circuit whose nodes have at most K fan-ins. LAT_INPUT for parameters that cannot be, LAT_MEMORY. The untied
 * stack is layers = depth, steps = 1. The caller frees it. */
int lat_compile(const struct lat_netlist *netlist, const struct lat_construction *construction,
                struct lat_compiled **compiled);
void lat_compiled_free(struct lat_compiled *compiled);

/* Parameters of the model that the construction would build, by formula (tests hold it to the built one). */
size_t lat_compile_parameters(const struct lat_construction *construction, size_t nodes);

/* Reads the circuit back from the weights and the prompt alone: pointers by which key each query matches best, tables from
 * the table channels and the feed-forward weights that read them, ports from the prompt. LAT_INPUT with a sentence when the
 * weights are not of this construction (a flipped weight is found or shows up as another circuit). */
int lat_compile_extract(const struct lat_transformer *model, const struct lat_prompt *prompt, struct lat_netlist **netlist);

const char *lat_variant_name(enum lat_variant variant);
int lat_variant_parse(const char *name, enum lat_variant *variant);
const char *lat_snap_name(enum lat_snap snap); /* "clip" "none" */
int lat_snap_parse(const char *name, enum lat_snap *snap);

#endif
