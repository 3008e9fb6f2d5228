#include "lib/info/control.h"

#include <assert.h>
#include <math.h>

#include "lib/base/memory.h"
#include "lib/base/random.h"
#include "lib/base/status.h"

int lat_control_shuffled(lat_information_of information, void *context, size_t n, size_t shuffles, uint64_t seed,
                         struct lat_control *control) {
  assert(shuffles >= 1);
  int status = LAT_OK;
  double sum = 0, square = 0;
  uint32_t *order = lat_alloc(n, sizeof *order);
  LAT_CHECK(status, order != NULL, LAT_MEMORY, "no memory to shuffle %zu examples", n);
  *control = (struct lat_control){.highest = -HUGE_VAL, .shuffles = shuffles};
  for (size_t s = 0; s < shuffles; s++) {
    struct lat_random random;
    double bits;
    lat_random_start(&random, seed, "shuffled control", s);
    lat_random_permutation(&random, order, n);
    LAT_TRY(status, information(context, order, &bits));
    sum += bits;
    square += bits * bits;
    if (bits > control->highest) control->highest = bits;
  }
  double count = (double)shuffles;
  control->mean = sum / count;
  if (shuffles > 1) control->deviation = sqrt(fmax(square - sum * sum / count, 0) / (count - 1));
done:
  lat_free(order);
  return status;
}
