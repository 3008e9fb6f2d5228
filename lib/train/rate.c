#include "lib/train/rate.h"

#include <math.h>
#include <string.h>

#include "lib/base/status.h"

static const char *const names[] = {"constant", "linear", "cosine"};

const char *lat_decay_name(enum lat_decay decay) { return names[decay]; }

int lat_decay_parse(const char *name, enum lat_decay *decay) {
  for (unsigned i = 0; i < 3; i++) {
    if (strcmp(name, names[i]) != 0) continue;
    *decay = (enum lat_decay)i;
    return LAT_OK;
  }
  return LAT_FAIL(LAT_INPUT, "'%.80s' is no schedule: constant, linear or cosine", name);
}

int lat_rate_check(const struct lat_rate *rate) {
  if (!(rate->peak > 0 && isfinite(rate->peak)))
    return LAT_FAIL(LAT_INPUT, "the learning rate is %g, and a positive number is needed", rate->peak);
  if (!(rate->floor >= 0 && rate->floor <= 1))
    return LAT_FAIL(LAT_INPUT, "the schedule ends at a share %g of the peak, and 0..1 can be", rate->floor);
  if (rate->decay != LAT_DECAY_CONSTANT && rate->steps <= rate->warmup)
    return LAT_FAIL(LAT_INPUT, "a schedule of %llu steps has no room for %llu of warm-up and a decay",
                    (unsigned long long)rate->steps, (unsigned long long)rate->warmup);
  return LAT_OK;
}

double lat_rate_at(const struct lat_rate *rate, uint64_t step) {
  if (step < rate->warmup) return rate->peak * (double)(step + 1) / (double)rate->warmup;
  if (rate->decay == LAT_DECAY_CONSTANT) return rate->peak;
  double x = (double)(step - rate->warmup) / (double)(rate->steps - rate->warmup);
  if (x > 1) x = 1;
  double left = rate->decay == LAT_DECAY_LINEAR ? 1 - x : 0.5 * (1 + cos(M_PI * x));
  return rate->peak * (rate->floor + (1 - rate->floor) * left);
}
