#include "experiments/thought_relay/reading.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "experiments/thought_relay/spelling.h"
#include "lib/base/status.h"

static struct lat_relay_key plain(const char *thought, int64_t bits) {
  return (struct lat_relay_key){thought, bits, "plain"};
}

static int64_t integer(const struct lat_relay_results *r, const char *name, size_t i) {
  return lat_merged_integer(r->merged, name, i);
}
static int text_is(const struct lat_relay_results *r, const char *name, size_t i, const char *value) {
  return strcmp(lat_merged_text(r->merged, name, i), value) == 0;
}

int lat_relay_fits(const struct lat_relay_results *r, const struct lat_relay_key *key, size_t i) {
  return text_is(r, "thought", i, key->thought) && integer(r, "bits", i) == key->bits && text_is(r, "arm", i, key->arm);
}

/* A run that failed has recovered nothing. */
struct lat_spread lat_relay_spread(const struct lat_relay_results *r, const struct lat_relay_set *set, const char *name) {
  double value[LAT_RELAY_RUNS];
  for (size_t k = 0; k < set->count; k++)
    value[k] = lat_merged_failed(r->merged, set->point[k]) ? 0 : lat_merged_real(r->merged, name, set->point[k]);
  struct lat_spread spread = lat_spread_of(value, set->count);
  double bound = set->count > 0 ? lat_merged_real(r->merged, "bound", set->point[0]) : (double)NAN;
  if (strcmp(name, "recovered") == 0 && bound < spread.high) spread.high = fmax(bound, spread.most);
  return spread;
}

/* Of the learning rate whose median validation is best. */
struct lat_relay_set lat_relay_pick(const struct lat_relay_results *r, const struct lat_relay_key *key) {
  struct lat_relay_set best = {0};
  double best_median = -1, done[LAT_RELAY_RUNS];
  size_t rates = 0;
  for (size_t i = 0; i < lat_merged_points(r->merged); i++) {
    double rate = lat_merged_real(r->merged, "rate", i);
    struct lat_relay_set set = {0};
    size_t k = 0;
    if (!lat_relay_fits(r, key, i)) continue;
    while (k < rates && done[k] != rate) k++;
    if (k < rates || rates == LAT_RELAY_RUNS) continue;
    done[rates++] = rate;
    for (size_t j = i; j < lat_merged_points(r->merged) && set.count < LAT_RELAY_RUNS; j++)
      if (lat_relay_fits(r, key, j) && lat_merged_real(r->merged, "rate", j) == rate) set.point[set.count++] = j;
    struct lat_spread validation = lat_relay_spread(r, &set, "validation");
    if (validation.count > 0 && validation.median > best_median) best_median = validation.median, best = set;
  }
  return best;
}

/* Different values of a parameter among the points whose thought is of this kind, sorted. */
size_t lat_relay_values(const struct lat_relay_results *r, const char *kind, const char *name,
                        int64_t value[LAT_RELAY_VALUES]) {
  size_t count = 0;
  for (size_t i = 0; i < lat_merged_points(r->merged); i++) {
    struct lat_relay_config relay;
    const char *thought = lat_merged_text(r->merged, "thought", i);
    if (strncmp(thought, kind, strlen(kind)) != 0 || lat_spelling_parse(thought, &relay) != LAT_OK) continue;
    int64_t new = strcmp(name, "width") == 0   ? (int64_t)relay.width
                  : strcmp(name, "codes") == 0 ? (int64_t)relay.codes
                                               : integer(r, name, i);
    size_t at = 0;
    while (at < count && value[at] < new) at++;
    if ((at < count && value[at] == new) || count == LAT_RELAY_VALUES) continue;
    memmove(value + at + 1, value + at, (count - at) * sizeof *value);
    value[at] = new;
    count++;
  }
  return count;
}

/* The number of bits whose median validation is best; *set its runs. */
int64_t lat_relay_best_bits(const struct lat_relay_results *r, struct lat_relay_key key, struct lat_relay_set *set) {
  int64_t value[LAT_RELAY_VALUES], best = 0;
  size_t count = lat_relay_values(r, key.thought, "bits", value);
  double most = -1;
  *set = (struct lat_relay_set){0};
  for (size_t k = 0; k < count; k++) {
    key.bits = value[k];
    struct lat_relay_set one = lat_relay_pick(r, &key);
    struct lat_spread validation = lat_relay_spread(r, &one, "validation");
    if (validation.count > 0 && validation.median > most) most = validation.median, best = value[k], *set = one;
  }
  return best;
}

struct lat_relay_key lat_relay_code_key(size_t way, char thought[32], int64_t codes) {
  snprintf(thought, 32, "%s:%lld", way < 3 ? "codebook" : "gumbel", (long long)codes);
  struct lat_relay_key key = plain(thought, way == 0 || way == 3 ? (int64_t)llround(log2((double)codes)) : 12);
  if (way == 2) key.arm = "first";
  return key;
}
