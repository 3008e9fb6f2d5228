#include "lib/store/layout.h"

#include <string.h>

#include "lib/base/status.h"

const char *lat_part_format(enum lat_part part) { return part == LAT_PART_TIMING ? "latentlab-timing" : "latentlab-point"; }

static const char *const kinds[] = {"integer", "real", "text", "path"};

const char *lat_kind_name(enum lat_kind kind) { return kinds[kind]; }

int lat_kind_parse(const char *name, enum lat_kind *kind) {
  for (unsigned k = 0; k < sizeof kinds / sizeof *kinds; k++)
    if (strcmp(name, kinds[k]) == 0) return *kind = (enum lat_kind)k, 1;
  return 0;
}

int lat_path_beside(struct lat_text *text, const char *path, const char *ending) {
  size_t length = strlen(path);
  if (length > 3 && strcmp(path + length - 3, ".h5") == 0) length -= 3;
  lat_text_clear(text);
  return lat_text_printf(text, "%.*s%s", (int)length, path, ending);
}
