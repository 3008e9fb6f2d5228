#include "lib/info/spectrum.h"

#include <assert.h>
#include <gsl/gsl_eigen.h>
#include <gsl/gsl_errno.h>
#include <math.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"

struct lat_spectrum lat_spectrum_of(const double *eigenvalue, size_t d) {
  struct lat_spectrum spectrum = {0, 0, 0, 0};
  double square = 0;
  for (size_t i = 0; i < d; i++) {
    assert(eigenvalue[i] >= 0);
    spectrum.total += eigenvalue[i];
    square += eigenvalue[i] * eigenvalue[i];
  }
  if (!(square > 0)) return spectrum;
  spectrum.participation = spectrum.total * spectrum.total / square;
  for (size_t i = 0; i < d; i++) {
    double p = eigenvalue[i] / spectrum.total;
    if (p > 0) spectrum.entropy -= p * log2(p);
  }
  spectrum.effective_rank = exp2(spectrum.entropy);
  return spectrum;
}

static int covariance(const float *vectors, size_t n, size_t d, double *mean, double *centred, double *C) {
  for (size_t c = 0; c < d; c++) mean[c] = 0;
  for (size_t c = 0; c < d * d; c++) C[c] = 0;
  for (size_t i = 0; i < n; i++)
    for (size_t c = 0; c < d; c++) {
      if (!isfinite((double)vectors[i * d + c])) return LAT_FAIL(LAT_INPUT, "number %zu of vector %zu is not finite", c, i);
      mean[c] += (double)vectors[i * d + c];
    }
  for (size_t c = 0; c < d; c++) mean[c] /= (double)n;
  for (size_t i = 0; i < n; i++) {
    for (size_t c = 0; c < d; c++) centred[c] = (double)vectors[i * d + c] - mean[c];
    for (size_t a = 0; a < d; a++)
      for (size_t b = 0; b <= a; b++) C[a * d + b] += centred[a] * centred[b];
  }
  for (size_t a = 0; a < d; a++)
    for (size_t b = 0; b <= a; b++) {
      C[a * d + b] /= (double)n;
      C[b * d + a] = C[a * d + b];
    }
  return LAT_OK;
}

int lat_spectrum(const float *vectors, size_t n, size_t d, double *mean, double *eigenvalue, double *direction,
                 struct lat_spectrum *spectrum) {
  int status = LAT_OK;
  gsl_eigen_symmv_workspace *workspace = NULL;
  double *C = lat_alloc(2 * d * d + 3 * d, sizeof *C);
  LAT_CHECK(status, C != NULL, LAT_MEMORY, "no memory for the covariance of %zu numbers", d);
  LAT_CHECK(status, n >= 1 && d >= 1, LAT_INPUT, "%zu vectors of %zu numbers have no spectrum", n, d);
  double *vector = C + d * d, *value = vector + d * d, *centre = value + d, *centred = centre + d;
  LAT_TRY(status, covariance(vectors, n, d, centre, centred, C));
  workspace = gsl_eigen_symmv_alloc(d);
  LAT_CHECK(status, workspace != NULL, LAT_MEMORY, "no memory for %zu eigenvalues", d);
  gsl_matrix_view matrix = gsl_matrix_view_array(C, d, d), vectors_view = gsl_matrix_view_array(vector, d, d);
  gsl_vector_view values = gsl_vector_view_array(value, d);
  LAT_CHECK(status,
            gsl_eigen_symmv(&matrix.matrix, &values.vector, &vectors_view.matrix, workspace) == GSL_SUCCESS &&
                gsl_eigen_symmv_sort(&values.vector, &vectors_view.matrix, GSL_EIGEN_SORT_VAL_DESC) == GSL_SUCCESS,
            LAT_NUMERIC, "the eigenvalues of a covariance of %zu numbers were not found", d);
  for (size_t i = 0; i < d; i++) {
    value[i] = fmax(value[i], 0); /* rounding leaves -1e-17 where there is 0 */
    if (mean != NULL) mean[i] = centre[i];
    if (eigenvalue != NULL) eigenvalue[i] = value[i];
    for (size_t c = 0; c < d && direction != NULL; c++) direction[i * d + c] = vector[c * d + i];
  }
  *spectrum = lat_spectrum_of(value, d);
done:
  if (workspace != NULL) gsl_eigen_symmv_free(workspace);
  lat_free(C);
  return status;
}

int lat_spectrum_project(const float *vectors, size_t n, size_t d, const double *mean, const double *direction, size_t kept,
                         float *out) {
  assert(kept <= d);
  double *sum = lat_alloc(2 * d, sizeof *sum);
  if (sum == NULL) return LAT_FAIL(LAT_MEMORY, "no memory for a vector of %zu numbers", d);
  double *away = sum + d;
  for (size_t i = 0; i < n; i++) {
    for (size_t c = 0; c < d; c++) sum[c] = mean[c], away[c] = (double)vectors[i * d + c] - mean[c];
    for (size_t k = 0; k < kept; k++) {
      const double *unit = direction + k * d;
      double along = 0;
      for (size_t c = 0; c < d; c++) along += away[c] * unit[c];
      for (size_t c = 0; c < d; c++) sum[c] += along * unit[c];
    }
    for (size_t c = 0; c < d; c++) out[i * d + c] = (float)sum[c];
  }
  lat_free(sum);
  return LAT_OK;
}
