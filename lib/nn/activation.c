#include "lib/nn/activation.h"

#include <math.h>

#include "lib/nn/vector_math.h"

void lat_activation_forward(enum lat_activation kind, size_t n, const lat_real *x, lat_real *y) {
  switch (kind) {
    case LAT_ACTIVATION_RELU: lat_relu_array(n, x, y); break;
    case LAT_ACTIVATION_GELU: lat_gelu_array(n, x, y); break;
    case LAT_ACTIVATION_GELU_TANH: lat_gelu_tanh_array(n, x, y); break;
  }
}

double lat_activation_reference(enum lat_activation kind, double x) {
  switch (kind) {
    case LAT_ACTIVATION_GELU: return 0.5 * x * erfc(-x * M_SQRT1_2);
    case LAT_ACTIVATION_GELU_TANH: return x / (1.0 + exp(-2.0 * sqrt(M_2_PI) * (x + 0.044715 * x * x * x)));
    case LAT_ACTIVATION_RELU: break;
  }
  return x <= 0.0 ? 0.0 : x;
}
