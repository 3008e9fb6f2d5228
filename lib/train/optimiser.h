/* One step of an optimiser on a piece of the parameters.
 *
 * AdamW (Kingma and Ba 2015, algorithm 1; decoupled weight decay: Loshchilov and Hutter 2019, algorithm 2):
 *   m = b1 m + (1 - b1) g,  v = b2 v + (1 - b2) g^2,
 *   p = p - rate (decay p + (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + epsilon)),  t = 1 for the first step
 * as in PyTorch's AdamW. SGD with momentum (Polyak 1964): m = mu m + g, p = p - rate (decay p + m). */
#ifndef LAT_TRAIN_OPTIMISER_H
#define LAT_TRAIN_OPTIMISER_H

#include <stddef.h>
#include <stdint.h>

enum lat_optimiser_kind { LAT_OPTIMISER_ADAMW, LAT_OPTIMISER_SGD };

struct lat_optimiser {
  enum lat_optimiser_kind kind;
  double beta1, beta2, epsilon; /* AdamW; SGD: beta1 is the momentum */
  double weight_decay;
};

int lat_optimiser_check(const struct lat_optimiser *optimiser);

/* Elements 0 .. n-1 of p, g, m, v (v unused by SGD); t >= 1 counts steps; `scale` multiplies g first (clipping). `decays` is 0
 * where weight decay is left out (vectors: biases, gains). */
void lat_optimiser_step(const struct lat_optimiser *optimiser, double rate, uint64_t t, double scale, int decays, size_t n,
                        const float *g, float *p, float *m, float *v);

const char *lat_optimiser_name(enum lat_optimiser_kind kind); /* "adamw" "sgd" */
int lat_optimiser_parse(const char *name, enum lat_optimiser_kind *kind);

#endif
