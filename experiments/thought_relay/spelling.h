/* How a thought is written: continuous:D, quantised:D:BITS, noisy:D:DEVIATION, codebook:K, gumbel:K (codes of width 8). */
#ifndef LAT_EXPERIMENTS_THOUGHT_RELAY_SPELLING_H
#define LAT_EXPERIMENTS_THOUGHT_RELAY_SPELLING_H

#include "lib/train/relay.h"

/* Fills kind, width, levels, deviation, codes; the rest is 0. LAT_INPUT with a sentence. */
int lat_spelling_parse(const char *text, struct lat_relay_config *config);

#endif
