/* In a file of their own, so that the compiler does not see them where they are used: see vector_math.h. */
#include "lib/nn/vector_math.h"

const float lat_exp_lowest = -104.0f, lat_exp_highest = 89.0f, lat_gelu_beyond = 14.0f, lat_gelu_tanh_beyond = 11.0f;
