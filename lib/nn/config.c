/* What a configuration may be, what it costs, and the names of its choices. */
#include <limits.h>
#include <math.h>
#include <string.h>

#include "lib/base/status.h"
#include "lib/nn/attention.h"
#include "lib/nn/parameters.h"

static const char *const norm_names[] = {"none", "rmsnorm", "layernorm"};
static const char *const activation_names[] = {"relu", "gelu", "gelu-tanh"};
static const char *const mask_names[] = {"full", "causal", "window"};
static const char *const position_names[] = {"none", "learned", "sinusoidal", "rotary"};

static const char *const placement_names[] = {"pre", "post", "sandwich"};
static const char *const injection_names[] = {"none", "add", "norm"};

const char *lat_placement_name(enum lat_placement placement) { return placement_names[placement]; }
const char *lat_norm_name(enum lat_norm norm) { return norm_names[norm]; }
const char *lat_activation_name(enum lat_activation kind) { return activation_names[kind]; }
const char *lat_mask_name(enum lat_mask mask) { return mask_names[mask]; }
const char *lat_positions_name(enum lat_positions kind) { return position_names[kind]; }
const char *lat_injection_name(enum lat_injection injection) { return injection_names[injection]; }

size_t lat_transformer_fields(const struct lat_transformer_config *config) {
  return config->fields > 0 ? config->fields : 1;
}
size_t lat_transformer_classes(const struct lat_transformer_config *config) {
  return config->classes > 0 ? config->classes : config->vocabulary;
}

/* The index of `name` among `count` names, or `count`. */
static unsigned find(const char *const *names, unsigned count, const char *name) {
  unsigned index = 0;
  while (index < count && strcmp(names[index], name) != 0) index++;
  return index;
}

int lat_norm_parse(const char *name, enum lat_norm *norm) {
  unsigned index = find(norm_names, 3, name);
  if (index == 3) return LAT_FAIL(LAT_INPUT, "'%.80s' is no norm: none, rmsnorm or layernorm", name);
  *norm = (enum lat_norm)index;
  return LAT_OK;
}

int lat_activation_parse(const char *name, enum lat_activation *kind) {
  unsigned index = find(activation_names, 3, name);
  if (index == 3) return LAT_FAIL(LAT_INPUT, "'%.80s' is no activation: relu, gelu or gelu-tanh", name);
  *kind = (enum lat_activation)index;
  return LAT_OK;
}

int lat_mask_parse(const char *name, enum lat_mask *mask) {
  unsigned index = find(mask_names, 3, name);
  if (index == 3) return LAT_FAIL(LAT_INPUT, "'%.80s' is no mask: full, causal or window", name);
  *mask = (enum lat_mask)index;
  return LAT_OK;
}

int lat_placement_parse(const char *name, enum lat_placement *placement) {
  unsigned index = find(placement_names, 3, name);
  if (index == 3) return LAT_FAIL(LAT_INPUT, "'%.80s' is no placement of norms: pre, post or sandwich", name);
  *placement = (enum lat_placement)index;
  return LAT_OK;
}

int lat_positions_parse(const char *name, enum lat_positions *kind) {
  unsigned index = find(position_names, 4, name);
  if (index == 4) return LAT_FAIL(LAT_INPUT, "'%.80s' are no positions: none, learned, sinusoidal or rotary", name);
  *kind = (enum lat_positions)index;
  return LAT_OK;
}

int lat_injection_parse(const char *name, enum lat_injection *injection) {
  unsigned index = find(injection_names, 3, name);
  if (index == 3) return LAT_FAIL(LAT_INPUT, "'%.80s' is no injection of the input: none, add or norm", name);
  *injection = (enum lat_injection)index;
  return LAT_OK;
}

/* What goes in by tokens and comes out by classes. */
static int check_ends(const struct lat_transformer_config *config) {
  size_t fields = lat_transformer_fields(config);
  if (config->vocabulary == 0 && (fields > 1 || config->classes > 0))
    return LAT_FAIL(LAT_INPUT, "vocabulary is 0, so there can be neither fields nor classes, and they are %zu and %zu",
                    config->fields, config->classes);
  if (config->width % fields != 0)
    return LAT_FAIL(LAT_INPUT, "width %zu is not divisible by fields %zu, whose embeddings stand side by side",
                    config->width, fields);
  if (config->tied_head && (fields > 1 || lat_transformer_classes(config) != config->vocabulary))
    return LAT_FAIL(LAT_INPUT, "the head cannot be the token embedding with %zu fields, vocabulary %zu and %zu classes",
                    fields, config->vocabulary, lat_transformer_classes(config));
  return LAT_OK;
}

int lat_transformer_check(const struct lat_transformer_config *config) {
  const struct {
    const char *name;
    size_t value;
    int needed;
  } size[] = {{"vocabulary", config->vocabulary, 0},
              {"fields", config->fields, 0},
              {"classes", config->classes, 0},
              {"sequence", config->sequence, config->positions == LAT_POSITIONS_LEARNED},
              {"width", config->width, 1},
              {"heads", config->heads, 0},
              {"key_width", config->key_width, config->heads > 0},
              {"value_width", config->value_width, config->heads > 0},
              {"heads x key_width", config->heads * config->key_width, 0},
              {"heads x value_width", config->heads * config->value_width, 0},
              {"ffn", config->ffn, 1},
              {"layers", config->layers, 1},
              {"steps", config->steps, 1},
              {"window", config->window, config->mask == LAT_MASK_WINDOW},
              {"step_embeddings", config->step_embeddings, 0}};
  /* BLAS counts in int; the products above cannot overflow once their factors passed. */
  for (size_t i = 0; i < sizeof size / sizeof *size; i++) {
    if (size[i].value > INT_MAX)
      return LAT_FAIL(LAT_INPUT, "%s is %zu, and at most %d can be", size[i].name, size[i].value, INT_MAX);
    if (size[i].needed && size[i].value == 0) return LAT_FAIL(LAT_INPUT, "%s is 0, and at least 1 is needed", size[i].name);
  }
  int status = check_ends(config);
  if (status != LAT_OK) return status;
  if (config->input_injection == LAT_INJECTION_NORM && config->norm == LAT_NORM_NONE)
    return LAT_FAIL(LAT_INPUT, "the injected input is to pass a norm, and the model has none");
  if (config->heads == 0 && (config->key_width > 0 || config->value_width > 0))
    return LAT_FAIL(LAT_INPUT, "heads is 0, so key_width and value_width must be 0 and not %zu and %zu", config->key_width,
                    config->value_width);
  if (config->heads == 0 && config->positions == LAT_POSITIONS_ROTARY)
    return LAT_FAIL(LAT_INPUT, "rotary positions turn queries and keys, and with heads 0 there are none");
  if (config->positions == LAT_POSITIONS_ROTARY && config->key_width % 2 != 0)
    return LAT_FAIL(LAT_INPUT, "key_width is %zu, and rotary positions need an even one", config->key_width);
  if (!(config->norm_epsilon >= 0.0 && isfinite(config->norm_epsilon)))
    return LAT_FAIL(LAT_INPUT, "norm_epsilon is %g, and 0 or a small positive number is needed", config->norm_epsilon);
  if (!isfinite((lat_real)config->residual_scale))
    return LAT_FAIL(LAT_INPUT, "residual_scale is %g, and a finite number is needed", config->residual_scale);
  if (config->residual_scale != 0 && config->residual_scale != 1 && !lat_arithmetic_is_plain(config->arithmetic))
    return LAT_FAIL(LAT_INPUT, "residual_scale is %g, and emulated formats are for 1 only", config->residual_scale);
  if (!isfinite((lat_real)config->attention_scale))
    return LAT_FAIL(LAT_INPUT, "attention_scale is %g, and a finite single-precision number is needed",
                    config->attention_scale);
  if (lat_transformer_count(config) == SIZE_MAX)
    return LAT_FAIL(LAT_INPUT, "the sizes give more parameters than can be counted");
  return LAT_OK;
}

static int add_count(void *context, const char *name, size_t rows, size_t columns, lat_real **slot) {
  (void)name;
  (void)slot;
  size_t *total = context, size;
  if (__builtin_mul_overflow(rows, columns > 0 ? columns : 1, &size) || __builtin_add_overflow(*total, size, total))
    return LAT_INPUT;
  return LAT_OK;
}

size_t lat_transformer_count(const struct lat_transformer_config *config) {
  struct lat_transformer outer;
  struct lat_layer layer;
  size_t total = 0, one = 0;
  int bad = lat_parameters_visit_outer(config, &outer, add_count, &total) != LAT_OK ||
            lat_parameters_visit_layer(config, &layer, 0, add_count, &one) != LAT_OK ||
            __builtin_mul_overflow(one, config->layers, &one) || __builtin_add_overflow(total, one, &total) ||
            total > SIZE_MAX / sizeof(lat_real);
  return bad ? SIZE_MAX : total;
}

double lat_transformer_flops(const struct lat_transformer_config *config, size_t sequence) {
  double tokens = (double)sequence, width = (double)config->width, pairs = 0.0;
  double keys = (double)config->heads * (double)config->key_width;
  double values = (double)config->heads * (double)config->value_width;
  for (size_t i = 0; i < sequence; i++) {
    size_t first, end;
    lat_attention_range(config->mask, config->window, sequence, i, &first, &end);
    pairs += (double)(end - first);
  }
  double projections = 2.0 * tokens * width * (2.0 * keys + 2.0 * values);
  double feed_forward = 4.0 * tokens * width * (double)config->ffn;
  return (double)config->layers * (projections + 2.0 * pairs * (keys + values) + feed_forward);
}
