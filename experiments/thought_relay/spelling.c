#include "experiments/thought_relay/spelling.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/status.h"
#include "lib/base/text.h"

enum { CODE_WIDTH = 8, MOST = 1 << 20 };

int lat_spelling_parse(const char *text, struct lat_relay_config *config) {
  char part[3][32] = {"", "", ""};
  int64_t size = 0, levels = 0;
  size_t parts = 0;
  int status = LAT_OK;
  *config = (struct lat_relay_config){0};
  for (const char *at = text; parts < 3; parts++) {
    size_t length = strcspn(at, ":");
    LAT_CHECK(status, length < sizeof part[0], LAT_INPUT, "no part of it has more than 31 letters");
    memcpy(part[parts], at, length);
    if (at[length] == '\0') break;
    at += length + 1;
  }
  LAT_TRY(status, lat_relay_parse(part[0], &config->kind));
  int more = config->kind == LAT_RELAY_QUANTISED || config->kind == LAT_RELAY_NOISY;
  LAT_CHECK(status, parts == (more ? 2 : 1), LAT_INPUT,
            "write continuous:D, quantised:D:BITS, noisy:D:DEVIATION, codebook:K or gumbel:K");
  LAT_TRY(status, lat_parse_int(part[1], 1, MOST, &size));
  config->width = (size_t)size;
  if (config->kind == LAT_RELAY_QUANTISED) LAT_TRY(status, lat_parse_int(part[2], 1, 24, &levels));
  if (config->kind == LAT_RELAY_NOISY) LAT_TRY(status, lat_parse_real(part[2], 1e-6, 1e6, &config->deviation));
  config->levels = (unsigned)levels;
  if (config->kind == LAT_RELAY_CODEBOOK || config->kind == LAT_RELAY_GUMBEL) {
    config->codes = (size_t)size;
    config->width = CODE_WIDTH;
  }
done:
  if (status != LAT_OK) lat_fail_prefix(status, "thought '%s'", text);
  return status;
}
