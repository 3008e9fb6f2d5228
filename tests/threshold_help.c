#include "tests/threshold_help.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka needs the four above */
#include <cmocka.h>
#include <stdio.h>

#include "lib/base/random.h"
#include "lib/base/status.h"

void help_good(int status) {
  if (status != LAT_OK) fail_msg("%s", lat_error_message());
}

struct lat_threshold *help_threshold(const char *name, size_t size) {
  char text[64];
  struct lat_threshold *network;
  snprintf(text, sizeof text, "%s:%zu", name, size);
  help_good(lat_threshold_make(text, &network));
  return network;
}

struct lat_vectors *help_assignments(size_t inputs) {
  struct lat_vectors *vectors;
  size_t count = inputs <= 12 ? (size_t)1 << inputs : 200;
  help_good(lat_vectors_alloc(inputs, count, &vectors));
  if (inputs <= 12) {
    lat_vectors_exhaustive(vectors);
    return vectors;
  }
  struct lat_random random;
  lat_random_start(&random, 5, "test", inputs);
  for (size_t n = 0; n < count; n++)
    for (size_t i = 0; i < inputs; i++)
      lat_vectors_set(vectors, i, n, lat_random_uniform(&random) < (double)n / (double)(count - 1));
  return vectors;
}

struct lat_vectors *help_simulated(const struct lat_threshold *network, const struct lat_vectors *inputs) {
  struct lat_vectors *values;
  help_good(lat_vectors_alloc(lat_threshold_nodes(network), inputs->count, &values));
  lat_threshold_simulate(network, inputs, values);
  return values;
}
