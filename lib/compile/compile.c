#include "lib/compile/compile.h"

#include <math.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/compile/certificate.h"
#include "lib/compile/construct.h"
#include "lib/compile/format.h"
#include "lib/compile/layout.h"

#define DEFAULT_KAPPA 4.0
#define LARGEST_BETA 1e6
#define LARGEST_KAPPA 1e4
#define ROOM_OF_BETA 2.0 /* added to the smallest beta that certifies */

struct lat_transformer_config lat_construct_config(const struct lat_construction *construction,
                                                   const struct lat_layout *layout, size_t nodes) {
  int weights = construction->variant == LAT_VARIANT_WEIGHTS;
  return (struct lat_transformer_config){.vocabulary = weights ? 2 : 0,
                                         .sequence = weights ? nodes : 0,
                                         .width = layout->width,
                                         .heads = layout->fan_in,
                                         .key_width = layout->address_bits,
                                         .value_width = 2,
                                         .ffn = lat_layout_hidden((unsigned)layout->fan_in, construction->snap),
                                         .layers = construction->layers,
                                         .steps = construction->steps,
                                         .norm = construction->norm,
                                         .norm_epsilon = LAT_CONSTRUCT_NORM_EPSILON,
                                         .activation = construction->activation,
                                         .mask = construction->mask,
                                         .positions = weights ? LAT_POSITIONS_LEARNED : LAT_POSITIONS_NONE,
                                         .attention_scale = lat_arithmetic_is_plain(construction->arithmetic)
                                                                ? 1 / sqrt((double)layout->address_bits)
                                                                : lat_format_scale(layout->address_bits),
                                         .linear_bias = 1,
                                         .arithmetic = construction->arithmetic};
}

static int check(const struct lat_netlist *netlist, const struct lat_construction *construction) {
  unsigned K = construction->fan_in;
  if (K < 2 || K > LAT_MAX_FAN_IN) return LAT_FAIL(LAT_INPUT, "fan-in %u is not in 2..%d", K, LAT_MAX_FAN_IN);
  if (construction->variant > LAT_VARIANT_WEIGHTS)
    return LAT_FAIL(LAT_UNSUPPORTED,
                    "the %s variant is not made of tokens per node: see lib/compile/vector.h and thoughts.h",
                    lat_variant_name(construction->variant));
  if (construction->snap > LAT_SNAP_NONE)
    return LAT_FAIL(LAT_INPUT, "snap %d is neither clip nor none", (int)construction->snap);
  if (construction->layers < 1) return LAT_FAIL(LAT_INPUT, "a block needs at least 1 layer");
  if (construction->mask == LAT_MASK_WINDOW)
    return LAT_FAIL(LAT_UNSUPPORTED, "a windowed mask hides fan-ins: use full or causal");
  if (!(construction->beta >= 0 && construction->beta <= LARGEST_BETA))
    return LAT_FAIL(LAT_INPUT, "beta %g is not in 0..%g", construction->beta, LARGEST_BETA);
  if (!(construction->kappa >= 1 && construction->kappa <= LARGEST_KAPPA) && construction->kappa != 0)
    return LAT_FAIL(LAT_INPUT, "kappa %g is not in 1..%g", construction->kappa, LARGEST_KAPPA);
  if (netlist->nodes == 0) return LAT_FAIL(LAT_INPUT, "the circuit has no node");
  for (size_t i = netlist->inputs; i < netlist->nodes; i++)
    if (lat_netlist_fan_ins(netlist, i) > K)
      return LAT_FAIL(LAT_INPUT, "node %zu has %u fan-ins and the construction %u: map the circuit first", i,
                      lat_netlist_fan_ins(netlist, i), K);
  return LAT_OK;
}

/* The beta that the query weight of a narrow format stands for. */
static double realise(const struct lat_compiled *compiled, double beta) {
  size_t m = compiled->layout.address_bits;
  double largest = lat_format_largest_beta(compiled->construction.arithmetic, m);
  float weight = lat_format_query_weight(compiled->construction.arithmetic, beta < largest ? beta : largest, m);
  return (double)weight * lat_format_scale(m);
}

/* Fills in kappa, and beta where it is given, in a narrow format. Else beta waits until there are weights to be certified. */
static int choose_in_format(struct lat_compiled *compiled) {
  struct lat_construction *construction = &compiled->construction;
  const enum lat_dtype storage = construction->arithmetic.storage;
  double largest = lat_format_largest_beta(construction->arithmetic, compiled->layout.address_bits);
  if (construction->beta > largest)
    return LAT_FAIL(LAT_INPUT, "beta %g is too large for %s with sums in %s, which hold the scores of at most %g",
                    construction->beta, lat_dtype_name(storage), lat_dtype_name(construction->arithmetic.accumulate),
                    largest);
  construction->kappa = lat_dtype_round_double(storage, construction->kappa > 0 ? construction->kappa : LAT_FORMAT_KAPPA);
  if (!isfinite(construction->kappa * (2 * construction->fan_in + 1)) ||
      !(construction->kappa * (2 * construction->fan_in + 1) <= lat_dtype_facts(storage).largest))
    return LAT_FAIL(LAT_INPUT, "kappa %g is too large for %s", construction->kappa, lat_dtype_name(storage));
  construction->beta = compiled->beta = realise(compiled, construction->beta > 0 ? construction->beta : 1);
  return LAT_OK;
}

/* A beta that certifies, for the weights that are there, and then the query weights for it. */
static void settle_beta(struct lat_compiled *compiled) {
  struct lat_certificate certificate;
  lat_format_certify(compiled, &certificate);
  double smallest = certificate.beta_minimum;
  double wanted = isfinite(smallest) ? ceil(2 * (smallest + ROOM_OF_BETA)) / 2 : LAT_CONSTRUCT_BIT_EXACT_BETA;
  compiled->construction.beta = compiled->beta = realise(compiled, wanted);
  for (size_t l = 0; l < compiled->model->config.layers; l++)
    lat_construct_query(&compiled->construction, &compiled->layout, &compiled->model->layer[l]);
}

/* Fills in kappa and beta, as the float weights realise them. */
static double choose_numbers(struct lat_compiled *compiled) {
  struct lat_construction *construction = &compiled->construction;
  size_t m = compiled->layout.address_bits;
  construction->kappa = lat_construct_round(construction->kappa > 0 ? construction->kappa : DEFAULT_KAPPA);
  if (!(construction->beta > 0)) {
    struct lat_certificate certificate;
    lat_certify(compiled, LAT_ATTENTION_DENSE, &certificate);
    double smallest = certificate.beta_minimum;
    construction->beta = isfinite(smallest) ? ceil(2 * (smallest + ROOM_OF_BETA)) / 2 : LAT_CONSTRUCT_BIT_EXACT_BETA;
  }
  construction->beta = lat_construct_realised_beta(lat_construct_query_weight(construction->beta, m), m);
  return construction->beta;
}

int lat_compile(const struct lat_netlist *netlist, const struct lat_construction *construction,
                struct lat_compiled **result) {
  int status = LAT_OK;
  struct lat_compiled *compiled = NULL;
  *result = NULL;
  LAT_TRY(status, check(netlist, construction));
  compiled = lat_calloc(1, sizeof *compiled);
  LAT_CHECK(status, compiled, LAT_MEMORY, "no memory for a compiled circuit");
  compiled->construction = *construction;
  compiled->nodes = netlist->nodes;
  compiled->layout = lat_layout_make(netlist->nodes, construction->fan_in, construction->norm);
  compiled->level = lat_alloc(netlist->nodes, sizeof *compiled->level);
  LAT_CHECK(status, compiled->level, LAT_MEMORY, "no memory for the levels of %zu nodes", netlist->nodes);
  compiled->depth = lat_netlist_levels(netlist, compiled->level);
  if (compiled->construction.steps == 0) {
    size_t steps = (compiled->depth + construction->layers - 1) / construction->layers;
    compiled->construction.steps = steps > 0 ? steps : 1;
  }
  int plain = lat_arithmetic_is_plain(construction->arithmetic);
  if (plain) compiled->beta = choose_numbers(compiled);
  if (!plain) LAT_TRY(status, choose_in_format(compiled));
  struct lat_transformer_config config = lat_construct_config(&compiled->construction, &compiled->layout, compiled->nodes);
  LAT_TRY(status, lat_transformer_alloc(&config, &compiled->model));
  LAT_TRY(status,
          lat_prompt_alloc(netlist->nodes, compiled->layout.width, netlist->inputs, netlist->outputs, &compiled->prompt));
  for (size_t l = 0; l < config.layers; l++)
    lat_construct_layer(&compiled->construction, &compiled->layout, config.norm_epsilon, &compiled->model->layer[l]);
  lat_transformer_round(compiled->model);
  if (!plain && construction->beta == 0) settle_beta(compiled);
  lat_construct_prompt(netlist, &compiled->layout, compiled->prompt);
  if (construction->variant == LAT_VARIANT_WEIGHTS) lat_construct_embedding(compiled->prompt, compiled->model);
  *result = compiled;
  compiled = NULL;
done:
  lat_compiled_free(compiled);
  return status;
}

void lat_compiled_free(struct lat_compiled *compiled) {
  if (!compiled) return;
  lat_transformer_free(compiled->model);
  lat_prompt_free(compiled->prompt);
  lat_free(compiled->level);
  lat_free(compiled);
}

size_t lat_compile_parameters(const struct lat_construction *construction, size_t nodes) {
  struct lat_layout layout = lat_layout_make(nodes, construction->fan_in, construction->norm);
  size_t D = layout.width, F = lat_layout_hidden(construction->fan_in, construction->snap);
  size_t m = layout.address_bits, K = construction->fan_in;
  size_t norm = construction->norm == LAT_NORM_NONE ? 0 : construction->norm == LAT_NORM_RMSNORM ? D : 2 * D;
  size_t attention = 2 * K * m * (D + 1) + 2 * K * (D + 1) + D * (2 * K + 1); /* query and key, value, output */
  size_t feed_forward = F * (D + 1) + D * (F + 1);
  size_t embedding = construction->variant == LAT_VARIANT_WEIGHTS ? (2 + nodes + 2) * D : 0; /* token, position, head */
  return construction->layers * (2 * norm + attention + feed_forward) + embedding;
}

static const char *const snap_names[] = {"clip", "none"};

const char *lat_snap_name(enum lat_snap snap) { return snap_names[snap]; }

int lat_snap_parse(const char *name, enum lat_snap *snap) {
  for (int i = LAT_SNAP_CLIP; i <= LAT_SNAP_NONE; i++)
    if (strcmp(name, snap_names[i]) == 0) {
      *snap = (enum lat_snap)i;
      return LAT_OK;
    }
  return LAT_FAIL(LAT_INPUT, "no snap '%s': clip or none", name);
}

static const char *const variant_names[] = {"universal", "weights", "vector", "cot"};

const char *lat_variant_name(enum lat_variant variant) { return variant_names[variant]; }

int lat_variant_parse(const char *name, enum lat_variant *variant) {
  for (unsigned i = 0; i < sizeof variant_names / sizeof *variant_names; i++)
    if (strcmp(name, variant_names[i]) == 0) {
      *variant = (enum lat_variant)i;
      return LAT_OK;
    }
  return LAT_FAIL(LAT_INPUT, "no variant '%s': universal, weights, vector or cot", name);
}
