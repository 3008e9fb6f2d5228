/* One line on stderr that says how far and how long still. */
#include <stdio.h>
#include <unistd.h>

#include "cli/circuit.h"
#include "lib/base/clock.h"

void lat_circuit_progress_start(struct lat_circuit_progress *progress) {
  progress->began = lat_clock();
  progress->shown = 0.0;
  progress->terminal = isatty(STDERR_FILENO);
}

int lat_circuit_progress_tell(void *context, size_t done, size_t total) {
  struct lat_circuit_progress *progress = context;
  double now = lat_clock(), spent = now - progress->began;
  if (!progress->terminal || spent < 1.0 || now - progress->shown < 0.2) return 0;
  progress->shown = now;
  double left = spent * (double)(total - done) / (double)(done > 0 ? done : 1);
  fprintf(stderr, "\r\033[Krunning  %3.0f %%  %.0f s, about %.0f s left", 100.0 * (double)done / (double)total, spent,
          left);
  fflush(stderr);
  return 0;
}

void lat_circuit_progress_end(struct lat_circuit_progress *progress) {
  if (progress->shown > 0.0) fputs("\r\033[K", stderr);
}
