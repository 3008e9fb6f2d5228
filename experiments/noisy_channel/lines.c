#include "experiments/noisy_channel/lines.h"

#include <math.h>

#include "experiments/noisy_channel/channels.h"
#include "lib/base/status.h"
#include "lib/info/gaussian.h"

/* One point of a line: the bounds of a channel of 2^d letters, by drawing the smallest sample and dropping it. */
static int letters(struct lat_analysis *analysis, enum lat_noisy_kind kind, const char *name, size_t d, double noise) {
  struct lat_noisy channel = {.kind = kind, .d = d, .samples = 1, .noise = noise};
  struct lat_noisy_sample sample;
  int status = lat_noisy_draw(&channel, &sample);
  if (status != LAT_OK) return status;
  status = lat_table_row(analysis, "%.6g\t%.6g\t%.6g\t%s\t%zu", noise, sample.low, sample.high, name, d);
  lat_noisy_free(&sample);
  return status;
}

int lat_noisy_lines(struct lat_analysis *analysis) {
  static const struct {
    enum lat_noisy_kind kind;
    const char *name;
    size_t d;
  } line[] = {{LAT_NOISY_CELLS, "cells", 1},
              {LAT_NOISY_CELLS, "cells", 2},
              {LAT_NOISY_CELLS, "cells", 4},
              {LAT_NOISY_TOKEN, "token", 4}};
  enum { STEPS = 36 };
  int status = LAT_OK;
  LAT_TRY(status,
          lat_table_begin(analysis, "lines", "noise (1)\tcapacity (bits)\tits upper bound (bits)\tchannel\td",
                          "Exact capacity of one use against the noise: lower and upper bound of Blahut and Arimoto."));
  for (size_t l = 0; l < sizeof line / sizeof *line; l++) {
    for (int s = 0; s <= STEPS; s++)
      LAT_TRY(status, letters(analysis, line[l].kind, line[l].name, line[l].d, 0.02 * pow(300, (double)s / STEPS)));
    LAT_TRY(status, lat_table_row(analysis, "%s", ""));
  }
  for (int s = 0; s <= STEPS; s++) {
    double noise = 0.02 * pow(300, (double)s / STEPS), bits = lat_gaussian_capacity(1, noise * noise);
    LAT_TRY(status, lat_table_row(analysis, "%.6g\t%.6g\t%.6g\t%s\t%d", noise, bits, bits, "shannon", 1));
  }
  LAT_TRY(status, lat_table_row(analysis, "%s", ""));
  for (int s = 0; s <= STEPS; s++) { /* four bits by four numbers */
    double noise = 0.02 * pow(300, (double)s / STEPS), bits;
    LAT_TRY(status, lat_gaussian_levels(2, 1, noise, &bits));
    LAT_TRY(status, lat_table_row(analysis, "%.6g\t%.6g\t%.6g\t%s\t%d", noise, 4 * bits, 4 * bits, "bits", 4));
  }
done:
  return status;
}
