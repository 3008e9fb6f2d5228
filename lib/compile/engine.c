#include "lib/compile/engine.h"

#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/compile/engine_plan.h"

static const char *const names[] = {"auto", "dense", "fast"};

const char *lat_attention_name(enum lat_attention attention) { return names[attention]; }

int lat_attention_parse(const char *name, enum lat_attention *attention) {
  for (int k = 0; k < 3; k++) {
    if (strcmp(name, names[k]) == 0) {
      *attention = (enum lat_attention)k;
      return LAT_OK;
    }
  }
  return LAT_FAIL(LAT_INPUT, "\"%s\" is no kind of attention; choose auto, dense or fast", name);
}

static void forget_mixing(struct lat_engine *engine) {
  for (size_t k = 0; k < engine->kinds && engine->mixing != NULL; k++) {
    struct lat_mixing *mixing = &engine->mixing[k];
    lat_free(mixing->source);
    lat_free(mixing->scale);
    lat_free(mixing->panel);
    lat_free(mixing->weight);
    lat_free(mixing->flip);
    lat_free(mixing->reader_first);
    lat_free(mixing->reader);
    memset(mixing, 0, sizeof *mixing);
  }
}

static int make_mixing(struct lat_engine *engine, enum lat_attention attention) {
  engine->attention = attention;
  engine->gather = 1;
  for (size_t k = 0; k < engine->kinds; k++) {
    int status = attention == LAT_ATTENTION_FAST ? lat_fast_make(engine, k) : lat_dense_make(engine, k);
    if (status != LAT_OK) return status;
    engine->gather &= attention == LAT_ATTENTION_FAST && engine->mixing[k].flip == NULL;
  }
  return LAT_OK;
}

int lat_engine_alloc(const struct lat_compiled *compiled, enum lat_attention attention, struct lat_engine **out) {
  const struct lat_transformer_config *config = &compiled->model->config;
  int status = LAT_OK;
  *out = NULL;
  int emulated = !lat_arithmetic_is_plain(config->arithmetic);
  if (emulated && attention == LAT_ATTENTION_FAST)
    return LAT_FAIL(LAT_UNSUPPORTED, "fast attention sums in another order than %s with sums in %s would: choose dense",
                    lat_dtype_name(config->arithmetic.storage), lat_dtype_name(config->arithmetic.accumulate));
  struct lat_engine *engine = lat_calloc(1, sizeof *engine);
  if (engine == NULL) return LAT_MEMORY;
  engine->compiled = compiled;
  engine->bytes = sizeof *engine;
  engine->tokens = compiled->prompt->tokens;
  engine->width = config->width;
  engine->heads = config->heads;
  engine->layers = config->layers;
  engine->address_bits = 1;
  while (((size_t)1 << engine->address_bits) < engine->tokens) engine->address_bits++;
  if (emulated) {
    engine->attention = LAT_ATTENTION_DENSE;
    engine->share = 1.0;
    *out = engine;
    return LAT_OK;
  }
  LAT_TRY(status, lat_plan_make(engine));
  engine->mixing = lat_engine_memory(engine, engine->kinds, sizeof *engine->mixing);
  LAT_CHECK(status, engine->mixing != NULL, LAT_MEMORY, "%s", lat_error_message());

  int dense =
      attention == LAT_ATTENTION_DENSE || (attention == LAT_ATTENTION_AUTO && engine->tokens <= LAT_ENGINE_DENSE_TOKENS);
  status = make_mixing(engine, dense ? LAT_ATTENTION_DENSE : LAT_ATTENTION_FAST);
  if (status == LAT_UNSUPPORTED && attention == LAT_ATTENTION_AUTO &&
      !dense) { /* a mask, or other codes: the square it is */
    forget_mixing(engine);
    status = make_mixing(engine, LAT_ATTENTION_DENSE);
  }
  if (status != LAT_OK) goto done;
  *out = engine;
  return LAT_OK;
done:
  lat_engine_free(engine);
  return status;
}

void lat_engine_free(struct lat_engine *engine) {
  if (engine == NULL) return;
  forget_mixing(engine);
  lat_free(engine->mixing);
  lat_plan_free(engine);
  lat_free(engine);
}

enum lat_attention lat_engine_attention(const struct lat_engine *engine) { return engine->attention; }

double lat_engine_scale_drift(const struct lat_engine *engine) { return engine->drift; }

double lat_engine_share(const struct lat_engine *engine) { return engine->share; }

size_t lat_engine_bytes(const struct lat_engine *engine) { return engine->bytes; }

static double terms(const struct lat_sparse *sparse) { return 2.0 * (double)sparse->first[sparse->rows]; }

/* The vector part alone; the common part is shared by all vectors. Activations count as one operation. */
double lat_engine_flops(const struct lat_engine *engine) {
  double flops = 0.0, N = (double)engine->tokens;
  const struct lat_transformer_config *config = &engine->compiled->model->config;
  if (!lat_arithmetic_is_plain(config->arithmetic)) return lat_transformer_flops(config, engine->tokens);
  for (size_t l = 0; l < engine->layers; l++) {
    const struct lat_mixing *mixing = &engine->mixing[engine->kind[l]];
    const struct lat_part_layer *layer = &engine->part[LAT_VECTOR_PART].layer[engine->kind[l]];
    double streams = (double)layer->value.rows, places = (double)((size_t)1 << engine->address_bits);
    int causal = engine->compiled->model->config.mask == LAT_MASK_CAUSAL;
    if (mixing->weight != NULL) flops += 2.0 * (double)mixing->rows * N * streams * (causal ? 0.5 : 1.0);
    if (mixing->flip != NULL) flops += 2.0 * (double)engine->address_bits * places * streams;
    flops += N * (terms(&layer->value) + terms(&layer->output) + terms(&layer->up) + terms(&layer->down) +
                  (double)layer->up.rows);
  }
  return flops;
}
