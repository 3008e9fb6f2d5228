#include "lib/compile/doubling.h"

#include <assert.h>
#include <string.h>

#include "lib/base/status.h"

static const char *const names[] = {"doubling", "scan"};

const char *lat_pace_name(enum lat_pace pace) { return names[pace]; }

int lat_pace_parse(const char *name, enum lat_pace *pace) {
  for (int k = LAT_PACE_DOUBLING; k <= LAT_PACE_SCAN; k++)
    if (strcmp(name, names[k]) == 0) {
      *pace = (enum lat_pace)k;
      return LAT_OK;
    }
  return LAT_FAIL(LAT_INPUT, "no pace '%.40s': doubling or scan", name);
}

size_t lat_pace_reach(enum lat_pace pace, size_t loops) {
  if (pace == LAT_PACE_SCAN) return loops + 1;
  return loops < 8 * sizeof loops - 1 ? (size_t)1 << loops : SIZE_MAX;
}

size_t lat_pace_loops(enum lat_pace pace, size_t reach) {
  assert(reach >= 1);
  if (pace == LAT_PACE_SCAN) return reach - 1;
  size_t loops = 0;
  while (lat_pace_reach(pace, loops) < reach) loops++;
  return loops;
}
