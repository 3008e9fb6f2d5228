#include <math.h>

#include "lib/compile/construct.h"
#include "lib/compile/format.h"
#include "lib/compile/layout.h"

double lat_construct_round(double value) {
  int exponent;
  double mantissa = frexp(value, &exponent);
  return ldexp(rint(ldexp(mantissa, LAT_CONSTRUCT_MANTISSA_BITS)), exponent - LAT_CONSTRUCT_MANTISSA_BITS);
}

float lat_construct_activation_scale(enum lat_activation activation) {
  return activation == LAT_ACTIVATION_RELU ? 1.0f : (float)LAT_CONSTRUCT_GELU_SCALE;
}

float lat_construct_query_weight(double beta, size_t address_bits) {
  return (float)lat_construct_round(beta * sqrt((double)address_bits));
}

double lat_construct_realised_beta(float query_weight, size_t address_bits) {
  return (double)query_weight * (double)(float)(1 / sqrt((double)address_bits));
}

float lat_construct_gain(double mean_square, double epsilon) {
  double root = sqrt(mean_square + epsilon);
  float inverse = (float)(1 / root), gain = (float)root;
  float candidate[3] = {gain, nextafterf(gain, 0), nextafterf(gain, 2)};
  for (size_t i = 0; i < 3; i++)
    if (inverse * candidate[i] == 1.0f) return candidate[i];
  return gain;
}

double lat_construct_mean_square(const struct lat_layout *layout, int second) {
  double channels = (double)layout->channels;
  return second ? 1 : (channels - (double)lat_layout_scratch(layout)) / channels;
}

void lat_construct_query(const struct lat_construction *construction, const struct lat_layout *layout,
                         struct lat_layer *layer) {
  size_t m = layout->address_bits, D = layout->width;
  float weight = lat_arithmetic_is_plain(construction->arithmetic)
                     ? lat_construct_query_weight(construction->beta, m)
                     : lat_format_query_weight(construction->arithmetic, construction->beta, m);
  for (size_t h = 0; h < layout->fan_in; h++)
    for (size_t b = 0; b < m; b++)
      layer->query.weight[(h * m + b) * D + lat_layout_column(layout, lat_layout_pointer(layout, h) + b)] = weight;
}

static void construct_attention(const struct lat_construction *construction, const struct lat_layout *layout,
                                struct lat_layer *layer) {
  size_t m = layout->address_bits, D = layout->width, K = layout->fan_in;
  lat_construct_query(construction, layout, layer);
  for (size_t h = 0; h < K; h++) {
    for (size_t b = 0; b < m; b++) {
      layer->key.weight[(h * m + b) * D + lat_layout_column(layout, layout->address + b)] = 1;
    }
    layer->value.weight[(2 * h) * D + lat_layout_column(layout, layout->value)] = 1;
    layer->value.weight[(2 * h + 1) * D + lat_layout_column(layout, layout->ready)] = 1;
    for (size_t part = 0; part < 2; part++) {
      size_t column = lat_layout_column(layout, (part ? layout->fetched_ready : layout->fetched) + h);
      layer->output.weight[column * (2 * K) + 2 * h + part] = 1;
      if (layout->paired) layer->output.weight[(column + 1) * (2 * K) + 2 * h + part] = -1;
    }
  }
}

/* down[channel][unit] = weight, and its negative in the other column of a pair. */
static void write_channel(const struct lat_layout *layout, struct lat_linear *down, size_t F, size_t channel, size_t unit,
                          float weight) {
  size_t column = lat_layout_column(layout, channel);
  down->weight[column * F + unit] = weight;
  if (layout->paired) down->weight[(column + 1) * F + unit] = -weight;
}

/* clip(z) = ReLU(kappa z + 1/2) - ReLU(kappa z - 1/2) is 0 below -1/(2 kappa) and 1 above 1/(2 kappa); without a snap
 * ReLU(z) is in its place, which is right at z = 1 and z <= 0 and passes errors on. Adds 2 clip(z) to `target`, where z =
 * sum_k sign_k x[first + k] + (x[extra] unless it is none) - offset x[constant]. The offset goes through the constant
 * channel and only the halves through biases: a norm that scales a row by s >= 1 then moves z away from the slope and leaves
 * the clip's ends exactly 0 and 1. Returns the number of units used. */
static size_t construct_clip(const struct lat_construction *construction, const struct lat_layout *layout, size_t unit,
                             size_t first, size_t negative, int has_extra, size_t extra, float offset, size_t target,
                             struct lat_layer *layer) {
  size_t D = layout->width, F = lat_layout_hidden((unsigned)layout->fan_in, construction->snap);
  int snaps = construction->snap == LAT_SNAP_CLIP;
  size_t units = snaps ? 2 : 1;
  float t = lat_format_activation_scale(construction->activation, construction->arithmetic);
  float slope = snaps ? (float)construction->kappa * t : t;
  for (size_t half = 0; half < units; half++) {
    float *up = layer->up.weight + (unit + half) * D;
    for (size_t k = 0; k < layout->fan_in; k++)
      up[lat_layout_column(layout, first + k)] = negative >> k & 1 ? -slope : slope;
    if (has_extra) up[lat_layout_column(layout, extra)] = slope;
    up[lat_layout_column(layout, layout->constant)] = -slope * offset;
    if (snaps) layer->up.bias[unit + half] = half ? -0.5f * t : 0.5f * t;
    write_channel(layout, &layer->down, F, target, unit + half, half ? -2 / t : 2 / t);
  }
  return units;
}

/* Takes a channel back to 0. Without pairs: x - ReLU(x) + ReLU(-x). With pairs each column is cleared by its own unit,
 * x - (ReLU(x + 2) - 2), so that the two columns of a pair cannot drift apart by rounding over many steps. */
static void construct_clear(const struct lat_construction *construction, const struct lat_layout *layout, size_t unit,
                            size_t channel, struct lat_layer *layer) {
  size_t D = layout->width, F = lat_layout_hidden((unsigned)layout->fan_in, construction->snap);
  size_t column = lat_layout_column(layout, channel);
  float t = lat_format_activation_scale(construction->activation, construction->arithmetic);
  for (size_t half = 0; half < 2; half++) {
    if (layout->paired) {
      layer->up.weight[(unit + half) * D + column + half] = t;
      layer->up.bias[unit + half] = (float)LAT_CONSTRUCT_CLEAR_OFFSET * t;
      layer->down.weight[(column + half) * F + unit + half] = -1 / t;
      layer->down.bias[column + half] += (float)LAT_CONSTRUCT_CLEAR_OFFSET;
    } else {
      layer->up.weight[(unit + half) * D + column] = half ? -t : t;
      layer->down.weight[column * F + unit + half] = half ? 1 / t : -1 / t;
    }
  }
}

static void construct_feed_forward(const struct lat_construction *construction, const struct lat_layout *layout,
                                   struct lat_layer *layer) {
  size_t K = layout->fan_in, patterns = (size_t)1 << K, unit = 0;
  for (size_t s = 0; s < patterns; s++)
    unit += construct_clip(construction, layout, unit, layout->fetched, ~s, 1, layout->table + s, (float)K, layout->value,
                           layer);
  unit += construct_clip(construction, layout, unit, layout->fetched_ready, 0, 0, 0, (float)(K - 1), layout->ready, layer);
  for (size_t k = 0; k < 2 * K; k++, unit += 2) construct_clear(construction, layout, unit, layout->fetched + k, layer);
  for (size_t part = 0; part < 2; part++, unit += 2) {
    size_t channel = part ? layout->ready : layout->value, column = lat_layout_column(layout, channel);
    construct_clear(construction, layout, unit, channel, layer);
    layer->down.bias[column] -= 1;
    if (layout->paired) layer->down.bias[column + 1] += 1;
  }
}

void lat_construct_layer(const struct lat_construction *construction, const struct lat_layout *layout, double norm_epsilon,
                         struct lat_layer *layer) {
  struct lat_norm_weights *norm[2] = {&layer->norm1, &layer->norm2};
  for (int second = 0; second < 2; second++) {
    if (!norm[second]->gain) continue;
    float gain = lat_arithmetic_is_plain(construction->arithmetic)
                     ? lat_construct_gain(lat_construct_mean_square(layout, second), norm_epsilon)
                     : lat_format_gain(construction->arithmetic, construction->norm, layout, second);
    for (size_t d = 0; d < layout->width; d++) norm[second]->gain[d] = gain;
  }
  construct_attention(construction, layout, layer);
  construct_feed_forward(construction, layout, layer);
}
