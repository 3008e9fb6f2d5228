#include "lib/nn/jacobian.h"

#include <assert.h>
#include <gsl/gsl_linalg.h>
#include <math.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/random.h"
#include "lib/base/status.h"
#include "lib/nn/sums.h"
#include "lib/nn/tangent.h"

struct lat_jacobian {
  struct lat_loop loop;
  size_t size; /* S D */
  struct lat_tape *tape;
  lat_real *state;    /* [T + 1, S D] */
  lat_real *in, *out; /* [S D] */
};

int lat_jacobian_alloc(const struct lat_loop *loop, struct lat_jacobian **result) {
  int status = LAT_OK;
  *result = NULL;
  struct lat_jacobian *jacobian = lat_calloc(1, sizeof *jacobian);
  if (jacobian == NULL) return LAT_MEMORY;
  LAT_CHECK(status, loop->steps > 0 && loop->sequence > 0, LAT_INPUT,
            "the Jacobian of %zu steps on %zu tokens: both must be 1 or more", loop->steps, loop->sequence);
  LAT_CHECK(status, !loop->untied || loop->steps <= loop->model->config.layers, LAT_INPUT,
            "%zu untied steps, but the model has %zu layers", loop->steps, loop->model->config.layers);
  jacobian->loop = *loop;
  jacobian->size = loop->sequence * loop->model->config.width;
  jacobian->state = lat_calloc(jacobian->size, (loop->steps + 1) * sizeof *jacobian->state);
  jacobian->in = lat_calloc(jacobian->size, sizeof *jacobian->in);
  jacobian->out = lat_calloc(jacobian->size, sizeof *jacobian->out);
  LAT_CHECK(status, jacobian->state && jacobian->in && jacobian->out, LAT_MEMORY, "no memory for %zu states of %zu numbers",
            loop->steps + 1, jacobian->size);
  LAT_TRY(status, lat_tape_alloc(&jacobian->tape));
  *result = jacobian;
  jacobian = NULL;
done:
  lat_jacobian_free(jacobian);
  return status;
}

void lat_jacobian_free(struct lat_jacobian *jacobian) {
  if (jacobian == NULL) return;
  lat_tape_free(jacobian->tape);
  lat_free(jacobian->state);
  lat_free(jacobian->in);
  lat_free(jacobian->out);
  lat_free(jacobian);
}

const lat_real *lat_jacobian_state(const struct lat_jacobian *jacobian, size_t t) {
  return jacobian->state + t * jacobian->size;
}

/* ---- one step: its value, its derivative in a direction, its transpose ---- */

static struct lat_array *leaf(struct lat_jacobian *jacobian, lat_real *value, lat_real *gradient) {
  return lat_tape_leaf(jacobian->tape, jacobian->loop.sequence, jacobian->loop.model->config.width, value, gradient);
}

static struct lat_pass *begin(struct lat_jacobian *jacobian) {
  lat_tape_reset(jacobian->tape);
  struct lat_pass *pass = lat_pass_make(jacobian->tape, jacobian->loop.model, 1, jacobian->loop.sequence, NULL);
  if (pass != NULL) pass->stream = jacobian->loop.stream;
  return pass;
}

static struct lat_array *value_of_step(const struct lat_jacobian *jacobian, struct lat_pass *pass, size_t t,
                                       struct lat_array *x, struct lat_array *first) {
  size_t L = jacobian->loop.model->config.layers;
  x = lat_pass_begin_step(pass, t, x, first);
  for (size_t l = jacobian->loop.untied ? t : 0; l < (jacobian->loop.untied ? t + 1 : L); l++)
    x = lat_pass_layer(pass, l, x);
  return x;
}

int lat_jacobian_start(struct lat_jacobian *jacobian, const lat_real *x0) {
  size_t n = jacobian->size;
  memcpy(jacobian->state, x0, n * sizeof *x0);
  for (size_t t = 0; t < jacobian->loop.steps; t++) {
    struct lat_pass *pass = begin(jacobian);
    if (pass == NULL) return lat_tape_status(jacobian->tape);
    lat_real *to = jacobian->state + (t + 1) * n;
    struct lat_array *y = value_of_step(jacobian, pass, t, leaf(jacobian, jacobian->state + t * n, NULL),
                                        leaf(jacobian, jacobian->state, NULL));
    if (y == NULL) return lat_tape_status(jacobian->tape);
    memcpy(to, y->value, n * sizeof *to);
    for (size_t i = 0; i < n; i++)
      if (!isfinite(to[i])) return LAT_FAIL(LAT_NUMERIC, "the state is not finite after %zu steps", t + 1);
  }
  return LAT_OK;
}

static int step_times(struct lat_jacobian *jacobian, size_t t) {
  struct lat_pass *pass = begin(jacobian);
  size_t L = jacobian->loop.model->config.layers;
  if (pass == NULL) return lat_tape_status(jacobian->tape);
  struct lat_dual x = {leaf(jacobian, jacobian->state + t * jacobian->size, NULL), leaf(jacobian, jacobian->in, NULL)};
  x = lat_dual_begin_step(pass, t, x, leaf(jacobian, jacobian->state, NULL));
  for (size_t l = jacobian->loop.untied ? t : 0; l < (jacobian->loop.untied ? t + 1 : L); l++)
    x = lat_dual_layer(pass, l, x);
  if (lat_tape_status(jacobian->tape) != LAT_OK) return lat_tape_status(jacobian->tape);
  memcpy(jacobian->out, x.tangent->value, jacobian->size * sizeof *jacobian->out);
  return LAT_OK;
}

static int step_transposed(struct lat_jacobian *jacobian, size_t t) {
  struct lat_pass *pass = begin(jacobian);
  if (pass == NULL) return lat_tape_status(jacobian->tape);
  memset(jacobian->out, 0, jacobian->size * sizeof *jacobian->out);
  struct lat_array *x = leaf(jacobian, jacobian->state + t * jacobian->size, jacobian->out);
  struct lat_array *y = value_of_step(jacobian, pass, t, x, leaf(jacobian, jacobian->state, NULL));
  /* The gradient of <u, y> by x is J^T u. */
  struct lat_array *along = lat_total(jacobian->tape, lat_product(jacobian->tape, y, leaf(jacobian, jacobian->in, NULL)));
  return along != NULL ? lat_tape_backward(jacobian->tape, along, 1) : lat_tape_status(jacobian->tape);
}

/* ---- many steps ---- */

static double length(size_t n, const double *x) {
  double largest = 0, sum = 0;
  for (size_t i = 0; i < n; i++)
    if (!(fabs(x[i]) <= largest)) largest = fabs(x[i]);
  if (!(largest > 0) || !isfinite(largest)) return largest;
  for (size_t i = 0; i < n; i++) sum += (x[i] / largest) * (x[i] / largest);
  return largest * sqrt(sum);
}

/* Brings y to length 1 and adds the logarithm of its length to *log_scale. */
static int rescale(size_t n, double *y, double *log_scale) {
  double norm = length(n, y);
  if (!isfinite(norm)) return LAT_FAIL(LAT_NUMERIC, "a product with the loop's Jacobian is not finite");
  *log_scale = norm > 0 ? *log_scale + log(norm) : 0;
  for (size_t i = 0; i < n && norm > 0; i++) y[i] /= norm;
  return LAT_OK;
}

static int times(struct lat_jacobian *jacobian, size_t first, size_t end, int transposed, const double *v, double *y,
                 double *log_scale) {
  size_t n = jacobian->size;
  assert(first < end && end <= jacobian->loop.steps);
  memmove(y, v, n * sizeof *y);
  *log_scale = 0;
  int status = rescale(n, y, log_scale);
  for (size_t i = first; i < end && status == LAT_OK; i++) {
    size_t t = transposed ? end - 1 - (i - first) : i;
    for (size_t k = 0; k < n; k++) jacobian->in[k] = (lat_real)y[k];
    status = transposed ? step_transposed(jacobian, t) : step_times(jacobian, t);
    for (size_t k = 0; k < n; k++) y[k] = (double)jacobian->out[k];
    if (status == LAT_OK) status = rescale(n, y, log_scale);
  }
  return status;
}

int lat_jacobian_times(struct lat_jacobian *jacobian, size_t first, size_t end, const double *v, double *y,
                       double *log_scale) {
  return times(jacobian, first, end, 0, v, y, log_scale);
}
int lat_jacobian_transposed_times(struct lat_jacobian *jacobian, size_t first, size_t end, const double *u, double *y,
                                  double *log_scale) {
  return times(jacobian, first, end, 1, u, y, log_scale);
}

/* ---- singular values ---- */

/* J V_m = U_m B, J^T U_m = V_m B^T + beta_m v_(m+1) e_m^T; B has alpha on its diagonal and beta above it. Everything is divided by
 * exp(offset), the length of the first product. */
struct bidiagonal {
  struct lat_jacobian *jacobian;
  size_t first, end, n, most;
  double *V, *U;        /* [most + 1, n], [most, n]: orthonormal rows */
  double *alpha, *beta; /* [most] */
  double offset;
};

/* y -= its parts along the `count` rows of basis, twice (Kahan: twice is enough); its length is taken out and given. */
static double orthogonalise(size_t n, size_t count, const double *basis, double *y) {
  for (int pass = 0; pass < 2; pass++)
    for (size_t i = 0; i < count; i++) {
      const double *row = basis + i * n;
      double lane[LAT_SUM_LANES] = {0};
      for (size_t k = 0; k < n; k++) lane[k % LAT_SUM_LANES] += row[k] * y[k];
      double along = lat_sum_lanes(lane);
      for (size_t k = 0; k < n; k++) y[k] -= along * row[k];
    }
  double norm = length(n, y);
  for (size_t i = 0; i < n && norm > 0; i++) y[i] /= norm;
  return norm;
}

/* One more row of U, or of V when transposed; *norm its length, in units of exp(offset). */
static int extend(struct bidiagonal *b, int transposed, size_t m, double *norm) {
  double log_scale, *from = (transposed ? b->U : b->V) + m * b->n;
  double *to = transposed ? b->V + (m + 1) * b->n : b->U + m * b->n;
  int status = times(b->jacobian, b->first, b->end, transposed, from, to, &log_scale);
  if (status != LAT_OK) return status;
  if (m == 0 && !transposed) b->offset = log_scale;
  *norm = exp(log_scale - b->offset) * orthogonalise(b->n, transposed ? m + 1 : m, transposed ? b->V : b->U, to);
  return LAT_OK;
}

/* Singular values of B [m, m] into value, and the largest residual beta_m |last entry of the left vector| of the first `count`. */
static int small_singular(const struct bidiagonal *b, size_t m, size_t count, double *value, double *residual) {
  int status = LAT_OK;
  gsl_matrix *left = gsl_matrix_calloc(m, m), *right = gsl_matrix_alloc(m, m);
  gsl_vector *s = gsl_vector_alloc(m), *work = gsl_vector_alloc(m);
  LAT_CHECK(status, left && right && s && work, LAT_MEMORY, "no memory for a matrix of %zu by %zu", m, m);
  for (size_t i = 0; i < m; i++) {
    gsl_matrix_set(left, i, i, b->alpha[i]);
    if (i + 1 < m) gsl_matrix_set(left, i, i + 1, b->beta[i]);
  }
  gsl_linalg_SV_decomp(left, right, s, work);
  double largest = gsl_vector_get(s, 0);
  *residual = m < count && b->beta[m - 1] > 0 ? (double)INFINITY : 0;
  for (size_t i = 0; i < count; i++) {
    value[i] = i < m ? gsl_vector_get(s, i) : 0;
    if (i >= m || !(largest > 0)) continue;
    double now = b->beta[m - 1] * fabs(gsl_matrix_get(left, m - 1, i)) / largest;
    if (!(now <= *residual)) *residual = now;
  }
done:
  gsl_vector_free(work);
  gsl_vector_free(s);
  gsl_matrix_free(right);
  gsl_matrix_free(left);
  return status;
}

static int bidiagonal_alloc(struct bidiagonal *b, uint64_t seed) {
  struct lat_random random;
  b->V = lat_calloc(b->most + 1, b->n * sizeof *b->V);
  b->U = lat_calloc(b->most, b->n * sizeof *b->U);
  b->alpha = lat_calloc(b->most, sizeof *b->alpha);
  b->beta = lat_calloc(b->most, sizeof *b->beta);
  if (b->V == NULL || b->U == NULL || b->alpha == NULL || b->beta == NULL)
    return LAT_FAIL(LAT_MEMORY, "no memory for %zu directions of %zu numbers", b->most, b->n);
  lat_random_start(&random, seed, "singular", 0);
  for (size_t i = 0; i < b->n; i++) b->V[i] = lat_random_uniform(&random) - 0.5;
  orthogonalise(b->n, 0, NULL, b->V);
  return LAT_OK;
}

int lat_jacobian_singular(struct lat_jacobian *jacobian, size_t first, size_t end, const struct lat_singular *wanted,
                          double *log_value, size_t *rounds, double *residual) {
  size_t n = jacobian->size, m = 0;
  struct bidiagonal b = {jacobian, first, end, n, wanted->most < n ? wanted->most : n, NULL, NULL, NULL, NULL, 0};
  int status = LAT_OK, over = 0;
  assert(wanted->count >= 1 && wanted->count <= n && b.most >= 1);
  *residual = (double)INFINITY;
  LAT_TRY(status, bidiagonal_alloc(&b, wanted->seed));
  while (m < b.most && !over) {
    LAT_TRY(status, extend(&b, 0, m, &b.alpha[m]));
    LAT_TRY(status, extend(&b, 1, m, &b.beta[m]));
    m++;
    /* A space that both products stay in: nothing is left to find from this start. */
    if (m == n || !(b.beta[m - 1] > 1e-14 * (1 + b.alpha[m - 1]))) b.beta[m - 1] = 0, over = 1;
    LAT_TRY(status, small_singular(&b, m, wanted->count, log_value, residual));
    if (m >= wanted->count && *residual <= wanted->tolerance) over = 1;
  }
  for (size_t i = 0; i < wanted->count; i++)
    log_value[i] = log_value[i] > 0 ? log(log_value[i]) + b.offset : (double)-INFINITY;
  *rounds = m;
done:
  lat_free(b.V);
  lat_free(b.U);
  lat_free(b.alpha);
  lat_free(b.beta);
  return status;
}
