#include "lib/store/seal.h"

#include <stdio.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

static const char mark[] = "\nlatentlab xxh3-128 ";

void lat_seal_make(const void *bytes, size_t count, char seal[LAT_SEAL_SIZE + 1]) {
  XXH128_canonical_t sum;
  XXH128_canonicalFromHash(&sum, XXH3_128bits(bytes, count));
  memcpy(seal, mark, sizeof mark);
  for (size_t i = 0; i < sizeof sum.digest; i++) snprintf(seal + strlen(mark) + 2 * i, 3, "%02x", sum.digest[i]);
  strcpy(seal + LAT_SEAL_SIZE - 1, "\n");
}

enum lat_seal lat_seal_check(const char *bytes, size_t count) {
  char seal[LAT_SEAL_SIZE + 1];
  if (count < LAT_SEAL_SIZE || memcmp(bytes + count - LAT_SEAL_SIZE, mark, strlen(mark)) != 0) return LAT_SEAL_NONE;
  lat_seal_make(bytes, count - LAT_SEAL_SIZE, seal);
  return memcmp(bytes + count - LAT_SEAL_SIZE, seal, LAT_SEAL_SIZE) == 0 ? LAT_SEAL_WHOLE : LAT_SEAL_BROKEN;
}
