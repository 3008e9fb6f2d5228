#include "lib/store/digest.h"

#include <stdio.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

static void to_hex(XXH128_hash_t hash, char digest[33]) {
  XXH128_canonical_t bytes;
  XXH128_canonicalFromHash(&bytes, hash);
  for (size_t i = 0; i < sizeof bytes.digest; i++) snprintf(digest + 2 * i, 3, "%02x", bytes.digest[i]);
}

static void add_text(XXH3_state_t *state, const char *text) { XXH3_128bits_update(state, text, strlen(text) + 1); }

static void add_number(XXH3_state_t *state, uint64_t value) {
  unsigned char bytes[8];
  for (size_t i = 0; i < 8; i++) bytes[i] = (unsigned char)(value >> (8 * i));
  XXH3_128bits_update(state, bytes, sizeof bytes);
}

static void add_field(XXH3_state_t *state, const struct lat_field *field) {
  add_text(state, field->name);
  add_text(state, field->unit);
  add_text(state, field->long_name);
  add_text(state, field->dimensions);
  add_number(state, field->kind);
  add_number(state, field->flags);
  add_number(state, field->rank);
  for (size_t r = 0; r < field->rank; r++) add_number(state, field->extent[r]);
  if (field->kind == LAT_TEXT || field->kind == LAT_PATH) {
    add_text(state, field->data.text[0]);
    return;
  }
  for (size_t i = 0, size = lat_field_size(field); i < size; i++) {
    uint64_t bits;
    memcpy(&bits, &field->data.integer[i], sizeof bits);
    add_number(state, bits);
  }
}

int lat_part_has(enum lat_part part, const struct lat_point *point, const struct lat_field *field) {
  if ((field->flags & LAT_IS_TIMING) != 0) return part == LAT_PART_TIMING;
  if (part == LAT_PART_TIMING) return 0;
  return (field->flags & LAT_IS_PARAMETER) != 0 || strcmp(point->status, "ok") == 0;
}

void lat_point_digest(const struct lat_point *point, enum lat_part part, char digest[33]) {
  XXH3_state_t state;
  XXH3_128bits_reset(&state);
  add_text(&state, point->experiment);
  add_number(&state, (uint64_t)point->experiment_version);
  add_text(&state, point->id);
  add_text(&state, point->canonical);
  add_text(&state, point->size);
  add_text(&state, point->status);
  add_text(&state, point->reason);
  add_text(&state, point->source);
  add_text(&state, point->flags);
  for (size_t i = 0; i < point->record.count; i++)
    if (lat_part_has(part, point, &point->record.field[i])) add_field(&state, &point->record.field[i]);
  to_hex(XXH3_128bits_digest(&state), digest);
}

void lat_point_id(const char *experiment, int64_t version, const char *canonical, char id[33]) {
  char number[32];
  XXH3_state_t state;
  int length = snprintf(number, sizeof number, "\n%lld\n", (long long)version);
  XXH3_128bits_reset(&state);
  XXH3_128bits_update(&state, experiment, strlen(experiment));
  XXH3_128bits_update(&state, number, (size_t)length);
  XXH3_128bits_update(&state, canonical, strlen(canonical));
  XXH3_128bits_update(&state, "\n", 1);
  to_hex(XXH3_128bits_digest(&state), id);
}
