#include "lib/compile/address_code.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_roots.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/compile/certificate.h"
#include "lib/nn/vector_math.h"

enum { NEIGHBOURS = 2000 }; /* of a one-dimensional code: all beyond weigh below exp(-10^6) at the scales that are found */

enum kind { BINARY, CIRCLE, HASH, QUADRATIC };
static const char *const names[] = {"binary", "circle", "hash", "quadratic"};

struct problem {
  enum kind kind;
  size_t bits;
  double leak;
};

/* Target's logit less that of its d-th neighbour, at scale 1 and without cancellation; < 0: there is no such neighbour. */
static double gap(const struct problem *problem, int64_t d) {
  int64_t tokens = (int64_t)1 << problem->bits, distance = d < 0 ? -d : d;
  if (problem->kind == CIRCLE) {
    double half = sin(M_PI * (double)d / (double)tokens);
    return distance > tokens / 2 || d == -tokens / 2 ? -1 : 2 * half * half;
  }
  if (problem->kind == HASH) { /* the largest z is the worst target; the angle between two keys by its sine */
    int64_t i = tokens - 1, j = i + d;
    if (j < 0 || j >= tokens) return -1;
    double sine = (double)d / sqrt(((double)i * (double)i + 1) * ((double)j * (double)j + 1));
    double half = sin(0.5 * asin(sine));
    return 2 * half * half;
  }
  return distance < tokens / 2 ? (double)d * (double)d : -1; /* quadratic, from the middle */
}

/* Leak at the scale exp(log_scale), less the leak that is asked for. */
static double excess(double log_scale, void *context) {
  const struct problem *problem = context;
  double scale = exp(log_scale), off = 0;
  if (problem->kind == BINARY) return lat_leak(scale, problem->bits) - problem->leak;
  for (int64_t d = -NEIGHBOURS; d <= NEIGHBOURS; d++) {
    double distance = d == 0 ? -1 : gap(problem, d);
    if (distance >= 0) off += exp(-scale * distance);
  }
  return off / (1 + off) - problem->leak;
}

double lat_softmax_leak(size_t tokens, size_t target, const float *logit) {
  float highest = logit[0];
  for (size_t j = 1; j < tokens; j++) highest = logit[j] > highest ? logit[j] : highest;
  double off = 0;
  for (size_t j = 0; j < tokens; j++)
    if (j != target) off += (double)lat_exp(logit[j] - highest);
  return off / (off + (double)lat_exp(logit[target] - highest));
}

static double single(const struct problem *problem, float scale, float *logit) {
  size_t tokens = (size_t)1 << problem->bits, target = 0;
  if (problem->kind == HASH) target = tokens - 1;
  if (problem->kind == QUADRATIC) target = tokens / 2;
  for (size_t j = 0; j < tokens; j++) {
    float t = (float)target, x = (float)j;
    double a = 2 * M_PI * (double)target / (double)tokens, b = 2 * M_PI * (double)j / (double)tokens;
    float ti = 1.0f / sqrtf(2.0f * t * t + 2.0f), xi = 1.0f / sqrtf(2.0f * x * x + 2.0f);
    switch (problem->kind) {
      case BINARY: logit[j] = scale * (float)((int)problem->bits - 2 * __builtin_popcountll(j ^ target)); break;
      case CIRCLE: logit[j] = scale * (float)cos(a) * (float)cos(b) + scale * (float)sin(a) * (float)sin(b); break;
      case HASH: logit[j] = 2.0f * ((scale * (t * ti)) * (x * xi)) + 2.0f * ((scale * ti) * xi); break;
      case QUADRATIC: logit[j] = (2.0f * scale * t) * x - scale * (x * x); break;
    }
  }
  return lat_softmax_leak(tokens, target, logit);
}

int lat_address_code_find(const char *name, size_t address_bits, double leak, struct lat_address_code *found) {
  struct problem problem = {BINARY, address_bits, leak};
  int known = 0;
  for (int kind = BINARY; kind <= QUADRATIC; kind++)
    if (strcmp(name, names[kind]) == 0) {
      problem.kind = (enum kind)kind;
      known = 1;
    }
  if (!known) return LAT_FAIL(LAT_INPUT, "address code '%s' is none of binary, circle, hash, quadratic", name);
  if (address_bits < 2 || address_bits > 20) return LAT_FAIL(LAT_INPUT, "%zu address bits are outside 2..20", address_bits);
  if (!(leak > 0 && leak < 0.5)) return LAT_FAIL(LAT_INPUT, "a leak of %g is outside 0..1/2", leak);

  int status = LAT_OK;
  float *logit = lat_alloc((size_t)1 << address_bits, sizeof *logit);
  gsl_root_fsolver *solver = gsl_root_fsolver_alloc(gsl_root_fsolver_brent);
  LAT_CHECK(status, logit != NULL && solver != NULL, LAT_MEMORY, "no memory for 2^%zu logits", address_bits);
  gsl_function function = {excess, &problem};
  /* At scale e^-5 every address weighs nearly the same, at e^120 the next one weighs nothing. */
  LAT_CHECK(status, gsl_root_fsolver_set(solver, &function, -5, 120) == GSL_SUCCESS, LAT_NUMERIC,
            "code %s: no scale leaks %g", name, leak);
  int close = 0;
  for (int i = 0; i < 500 && !close; i++) {
    LAT_CHECK(status, gsl_root_fsolver_iterate(solver) == GSL_SUCCESS, LAT_NUMERIC, "code %s: the root finder stopped",
              name);
    close =
        gsl_root_test_interval(gsl_root_fsolver_x_lower(solver), gsl_root_fsolver_x_upper(solver), 1e-12, 0) == GSL_SUCCESS;
  }
  LAT_CHECK(status, close, LAT_NUMERIC, "code %s: the root finder did not settle in 500 steps", name);
  double scale = exp(gsl_root_fsolver_root(solver)), last = (double)(((size_t)1 << address_bits) - 1);
  found->scale = scale;
  found->logit_range = problem.kind == BINARY      ? scale * (double)address_bits
                       : problem.kind == QUADRATIC ? scale * last * last
                                                   : scale;
  found->logit_gap = problem.kind == BINARY ? 2 * scale : scale * gap(&problem, -1);
  found->leak_single = single(&problem, (float)scale, logit);
done:
  if (solver != NULL) gsl_root_fsolver_free(solver);
  lat_free(logit);
  return status;
}
