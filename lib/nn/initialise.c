#include "lib/nn/initialise.h"

#include <gsl/gsl_linalg.h>
#include <gsl/gsl_randist.h>
#include <math.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/random.h"
#include "lib/base/status.h"
#include "lib/nn/parameters.h"
#include "lib/nn/positions.h"

static const char *const names[] = {"fan-in", "xavier", "orthogonal", "normal"};

const char *lat_initial_name(enum lat_initial kind) { return names[kind]; }

int lat_initial_parse(const char *name, enum lat_initial *kind) {
  for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
    if (strcmp(name, names[i]) != 0) continue;
    *kind = (enum lat_initial)i;
    return LAT_OK;
  }
  return LAT_FAIL(LAT_INPUT, "'%.80s' is no initialisation: fan-in, xavier, orthogonal or normal", name);
}

struct lat_initialisation lat_initialisation_default(void) {
  return (struct lat_initialisation){.kind = LAT_INITIAL_FAN_IN, .gain = 1, .embedding = 1, .position = 1};
}

struct filling {
  const struct lat_transformer_config *config;
  const struct lat_initialisation *how;
  uint64_t seed;
  gsl_rng *generator;
};

static void fill_normal(gsl_rng *generator, size_t n, double deviation, lat_real *to) {
  for (size_t i = 0; i < n; i++) to[i] = (lat_real)(deviation * gsl_ran_gaussian_ziggurat(generator, 1));
}

/* The Q of a random Gaussian matrix, columns' signs those of R's diagonal, so that it is uniform (Mezzadri 2007). */
int lat_orthogonal(gsl_rng *generator, size_t rows, size_t columns, double gain, lat_real *to) {
  size_t tall = rows > columns ? rows : columns, thin = rows > columns ? columns : rows;
  int status = LAT_MEMORY;
  gsl_matrix *a = gsl_matrix_alloc(tall, thin), *q = gsl_matrix_alloc(tall, tall), *r = gsl_matrix_alloc(tall, thin);
  gsl_vector *tau = gsl_vector_alloc(thin);
  if (a == NULL || q == NULL || r == NULL || tau == NULL) {
    LAT_FAIL(LAT_MEMORY, "no memory to make a matrix of %zu by %zu orthogonal", rows, columns);
    goto done;
  }
  for (size_t i = 0; i < tall; i++)
    for (size_t j = 0; j < thin; j++) gsl_matrix_set(a, i, j, gsl_ran_gaussian_ziggurat(generator, 1));
  gsl_linalg_QR_decomp(a, tau);
  gsl_linalg_QR_unpack(a, tau, q, r);
  for (size_t i = 0; i < rows; i++)
    for (size_t j = 0; j < columns; j++) {
      size_t k = rows >= columns ? j : i, from = rows >= columns ? i : j;
      to[i * columns + j] = (lat_real)(gain * copysign(1, gsl_matrix_get(r, k, k)) * gsl_matrix_get(q, from, k));
    }
  status = LAT_OK;
done:
  gsl_vector_free(tau);
  gsl_matrix_free(r);
  gsl_matrix_free(q);
  gsl_matrix_free(a);
  return status;
}

static int ends(const char *name, const char *end) {
  size_t a = strlen(name), b = strlen(end);
  return a >= b && strcmp(name + a - b, end) == 0;
}

static int fill_linear(const struct filling *filling, double gain, size_t rows, size_t columns, lat_real *to) {
  switch (filling->how->kind) {
    case LAT_INITIAL_FAN_IN: fill_normal(filling->generator, rows * columns, gain / sqrt((double)columns), to); break;
    case LAT_INITIAL_XAVIER:
      fill_normal(filling->generator, rows * columns, gain * sqrt(2 / (double)(rows + columns)), to);
      break;
    case LAT_INITIAL_NORMAL: fill_normal(filling->generator, rows * columns, gain, to); break;
    case LAT_INITIAL_ORTHOGONAL: return lat_orthogonal(filling->generator, rows, columns, gain, to);
  }
  return LAT_OK;
}

static void fill_position(const struct filling *filling, size_t rows, size_t columns, lat_real *to) {
  double size = filling->how->position;
  if (size >= 0) {
    fill_normal(filling->generator, rows * columns, size, to);
    return;
  }
  memset(to, 0, rows * columns * sizeof *to);
  lat_sinusoidal_add(1, rows, columns, to);
  for (size_t i = 0; i < rows * columns; i++) to[i] *= (lat_real)-size;
}

/* Each array has a stream of its own, by its name: a further layer leaves the others' values as they are. */
static int fill(void *context, const char *name, size_t rows, size_t columns, lat_real **slot) {
  const struct filling *filling = context;
  const struct lat_transformer_config *config = filling->config;
  double gain = filling->how->gain;
  lat_random_gsl(filling->generator, filling->seed, name, 0);
  if (columns == 0) {
    for (size_t i = 0; i < rows; i++) (*slot)[i] = ends(name, "/gain") ? 1 : 0;
    return LAT_OK;
  }
  if (strcmp(name, "embed/step") == 0) {
    memset(*slot, 0, rows * columns * sizeof **slot);
  } else if (strcmp(name, "embed/token") == 0) {
    fill_normal(filling->generator, rows * columns, filling->how->embedding, *slot);
  } else if (strcmp(name, "embed/position") == 0) {
    fill_position(filling, rows, columns, *slot);
  } else {
    if (ends(name, "attention/output/weight") || ends(name, "ffn/down/weight")) {
      double passes = (double)(config->layers * (config->steps > 0 ? config->steps : 1));
      gain *= filling->how->output > 0 ? filling->how->output : 1 / sqrt(2 * passes);
    }
    return fill_linear(filling, gain, rows, columns, *slot);
  }
  return LAT_OK;
}

int lat_transformer_initialise(struct lat_transformer *model, const struct lat_initialisation *how, uint64_t seed) {
  int status = LAT_OK;
  struct filling filling = {&model->config, how, seed, gsl_rng_alloc(lat_rng_philox)};
  LAT_CHECK(status, filling.generator != NULL, LAT_MEMORY, "no memory for a random generator");
  LAT_CHECK(
      status, how->gain > 0 && how->output >= 0 && how->embedding >= 0 && isfinite(how->gain), LAT_INPUT,
      "an initialisation with gain %g, output factor %g and embeddings of %g: the gain must be above 0, the others not "
      "below it",
      how->gain, how->output, how->embedding);
  LAT_TRY(status, lat_parameters_visit_outer(&model->config, model, fill, &filling));
  for (size_t l = 0; l < model->config.layers; l++)
    LAT_TRY(status, lat_parameters_visit_layer(&model->config, &model->layer[l], l, fill, &filling));
done:
  if (filling.generator != NULL) gsl_rng_free(filling.generator);
  return status;
}
