#include "lib/info/trust.h"

enum lat_trust lat_trust_counts(size_t n, size_t X, size_t Y, enum lat_entropy_method method) {
  double each = (double)n / ((double)X * (double)Y);
  int enough = each >= (method == LAT_ENTROPY_PLUGIN ? 16 : 8);
  return enough && n >= LAT_TRUST_SAMPLES ? LAT_TRUST_VALUE : LAT_TRUST_NOTHING;
}

enum lat_trust lat_trust_neighbour(size_t n, size_t dx, size_t dy, double bits, double ceiling) {
  size_t numbers = dx > dy ? dx : dy;
  if (n < LAT_TRUST_SAMPLES || numbers > LAT_TRUST_NUMBERS) return LAT_TRUST_NOTHING;
  return bits <= (numbers == 1 ? 0.75 : 0.5) * ceiling ? LAT_TRUST_VALUE : LAT_TRUST_NOTHING;
}

enum lat_trust lat_trust_decoder(size_t held_out) {
  return held_out >= LAT_TRUST_HELD_OUT ? LAT_TRUST_BOUND : LAT_TRUST_NOTHING;
}

double lat_trust_margin(double exact) {
  double share = LAT_TRUST_SHARE * exact;
  return share > LAT_TRUST_BITS ? share : LAT_TRUST_BITS;
}

const char *lat_trust_name(enum lat_trust trust) {
  static const char *const names[] = {"nothing", "bound", "value"};
  return names[trust];
}
