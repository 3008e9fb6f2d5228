/* The bound behind the certificate of thoughts. Where an address is found with softmax weight 1 - eps at least (eps and the
 * rounding of attention are those of bound.c), a channel of M levels comes out within phi = e + 2 eps + rounding, e its
 * error in the cache; the staircase (M - 1) f is then within (M - 1) phi + R of a whole odd number and its
 * clips are exactly 0 and 1. What they leave, chosen and next, are sums of a few such clips and their rounding. For tokens e = 0: the embedding
 * is exact once the right token has the largest logit. Every line is argued in DESIGN.md, "Thoughts in a cache". */
#include <math.h>
#include <stdio.h>

#include "lib/compile/bound.h"
#include "lib/compile/construct.h"
#include "lib/compile/thoughts_build.h"

enum { ITERATIONS = 64 };

static const double unit = 0x1p-24;

static double gamma_of(double n) { return n * unit < 0.5 ? n * unit / (1 - n * unit) : HUGE_VAL; }

/* The channels of a new thought when those in the cache are within `content` of their levels. */
static double bound_step(const struct lat_thoughts_setting *setting, double rounding, double content,
                         struct lat_thoughts_bound *bound) {
  double K = setting->fan_in, M = ldexp(1, (int)setting->channel_bits), steps = M - 1, w = (double)setting->bits_per_step;
  double kappa = setting->kappa, selectors = (double)setting->select_bits, half = 1 / (2 * kappa);
  bound->failed = NULL;
  double above = content + rounding * (1 + content);
  above += unit * (2 + above);
  bound->fetch = above + 2 * bound->leak;
  bound->chosen = bound->fetch;
  if (setting->bits_per_step > 1) {
    /* 1 + selectors products and a bias, which itself is one rounding from its value. */
    double sum = gamma_of(selectors + 8) * (steps * (1 + above) + (M - 2) + 2 * steps * selectors + half);
    bound->left = steps * bound->fetch + sum;
    /* At most M - 1 clips of one channel are on, each 1 within 2 kappa R; the sum of their halves in any order. */
    double top = steps * (1 + above) + (M - 2) + sum + half;
    bound->chosen = 4 * kappa * sum * steps + gamma_of(2 * M + 4) * (4 * steps * kappa * top + 1) + unit;
  }
  double sum = gamma_of(K + 8) * (2 * K + 1 + K * (setting->bits_per_step > 1 ? bound->chosen : above) + half);
  double tables = K * bound->chosen + sum;
  if (setting->bits_per_step == 1) bound->left = tables;
  bound->right = 1 - half;
  if (!(tables <= bound->right)) bound->failed = "the error of the selected bits takes more than the room of the tables";
  /* next = sum_i 2^i (2 clip_i) / (M - 1) - 1: one clip of a gate at most is on, and the weights sum to 1. */
  double top = 1 + K * bound->chosen + sum + half;
  bound->next = 4 * kappa * sum + gamma_of(2 * setting->channel_bits + 8) * (4 * kappa * top + 1) + unit;
  if (setting->tokens && !(2 * (1 - bound->next) > 2 * gamma_of(w + 2) * w * (1 + bound->next)))
    bound->failed = "rounding may give another token the largest logit";
  return bound->next;
}

void lat_thoughts_bound(const struct lat_thoughts_setting *setting, struct lat_thoughts_bound *bound) {
  /* Leak and rounding of attention over S addresses do not depend on what the values are. */
  struct lat_bound_setting attention = {.tokens = setting->sequence,
                                        .address_bits = setting->address_bits,
                                        .fan_in = 2,
                                        .channels = 1,
                                        .width = 1,
                                        .exact_norm = 1,
                                        .causal = 1,
                                        .kappa = setting->kappa,
                                        .beta = setting->beta,
                                        .attention = LAT_ATTENTION_DENSE};
  struct lat_bound found;
  lat_bound_evaluate(&attention, &found);
  *bound = (struct lat_thoughts_bound){.leak = found.leak};
  double rounding = gamma_of(2 * (double)setting->sequence + 10), content = setting->tokens ? 0 : unit;
  double left = bound_step(setting, rounding, content, bound);
  if (setting->tokens) return;
  for (int i = 0; i < ITERATIONS && left > content; i++) {
    content = left * (1 + 1e-3);
    left = bound_step(setting, rounding, content, bound);
  }
  bound->content = content;
  if (!(left <= content && content < 0.5)) bound->failed = "the bound on the error of a channel grows from step to step";
}

static int holds(const struct lat_thoughts_bound *bound) { return bound->failed == NULL && bound->left <= bound->right; }

/* Query weights have few bits of mantissa: number them. */
static double realisable_beta(long index, size_t address_bits) {
  long per_octave = 1L << (LAT_CONSTRUCT_MANTISSA_BITS - 1);
  double weight = ldexp((double)(per_octave + index % per_octave), (int)(index / per_octave) - 24);
  return lat_construct_realised_beta((float)weight, address_bits);
}

double lat_thoughts_smallest_beta(struct lat_thoughts_setting setting) {
  long low = 0, high = 0;
  struct lat_thoughts_bound bound;
  while (realisable_beta(high, setting.address_bits) < LAT_CONSTRUCT_BIT_EXACT_BETA) high++;
  setting.beta = realisable_beta(high, setting.address_bits);
  lat_thoughts_bound(&setting, &bound);
  if (!holds(&bound)) return HUGE_VAL;
  while (high - low > 1) {
    long middle = low + (high - low) / 2;
    setting.beta = realisable_beta(middle, setting.address_bits);
    lat_thoughts_bound(&setting, &bound);
    if (holds(&bound))
      high = middle;
    else
      low = middle;
  }
  return realisable_beta(high, setting.address_bits);
}

struct lat_thoughts_setting lat_thoughts_setting_of(const struct lat_construction *construction,
                                                    const struct lat_thoughts_layout *layout, size_t sequence) {
  return (struct lat_thoughts_setting){.sequence = sequence,
                                       .address_bits = layout->address_bits,
                                       .select_bits = layout->select_bits,
                                       .bits_per_step = construction->bits_per_step,
                                       .fan_in = construction->fan_in,
                                       .channel_bits = construction->bits_per_channel,
                                       .tokens = construction->variant == LAT_VARIANT_COT,
                                       .kappa = construction->kappa,
                                       .beta = construction->beta};
}

void lat_thoughts_certify(const struct lat_thoughts *thoughts, struct lat_certificate *certificate) {
  const struct lat_construction *construction = &thoughts->construction;
  struct lat_thoughts_setting setting = lat_thoughts_setting_of(construction, &thoughts->layout, thoughts->sequence);
  struct lat_thoughts_bound bound;
  if (!lat_arithmetic_is_plain(construction->arithmetic)) {
    lat_thoughts_format_certify(thoughts, certificate);
    return;
  }
  lat_thoughts_bound(&setting, &bound);
  *certificate = (struct lat_certificate){.margin = bound.right - bound.left, .leak = bound.leak, .eta = bound.next};
  certificate->beta_minimum = lat_thoughts_smallest_beta(setting);
  double factor = setting.bits_per_step > 1 ? ldexp(1, (int)setting.channel_bits) - 1 : setting.fan_in;
  snprintf(certificate->inequality, sizeof certificate->inequality,
           "%g (channel %.3g + 2 leak %.6g + attention rounding %.3g) + sums %.3g <= 1 - 1/(2 kappa): %.6g <= %.6g%s",
           factor, bound.content, bound.leak, bound.fetch - bound.content - 2 * bound.leak,
           bound.left - factor * bound.fetch, bound.left, bound.right,
           setting.tokens ? "; the token is exact, no error is carried on" : "");
  char *reason = certificate->reason;
  size_t size = sizeof certificate->reason;
  if (!(bound.left <= bound.right))
    snprintf(reason, size, "the leak and the rounding take more than the clip's room (margin %.3g)", certificate->margin);
  else if (bound.failed != NULL)
    snprintf(reason, size, "%s", bound.failed);
  else
    certificate->certified = 1;
}
