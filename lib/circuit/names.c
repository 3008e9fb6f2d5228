#include "lib/circuit/names.h"

#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

int lat_slice_is(struct lat_slice slice, const char *text) {
  size_t length = strlen(text);
  return slice.length == length && memcmp(slice.bytes, text, length) == 0;
}

int lat_slice_is_nocase(struct lat_slice slice, const char *text) {
  size_t length = strlen(text);
  if (slice.length != length) return 0;
  for (size_t i = 0; i < length; i++) {
    char a = slice.bytes[i], b = text[i];
    if (a >= 'a' && a <= 'z') a = (char)(a - 'a' + 'A');
    if (b >= 'a' && b <= 'z') b = (char)(b - 'a' + 'A');
    if (a != b) return 0;
  }
  return 1;
}

const char *lat_slice_string(struct lat_slice slice, struct lat_text *text) {
  lat_text_clear(text);
  return lat_text_append(text, slice.bytes, slice.length) == LAT_OK ? text->bytes : NULL;
}

struct lat_slice lat_slice_stem(const char *path) {
  const char *slash = strrchr(path, '/'), *start = slash != NULL ? slash + 1 : path, *dot = strrchr(start, '.');
  return (struct lat_slice){start, dot != NULL && dot > start ? (size_t)(dot - start) : strlen(start)};
}

const char *lat_slice_quote(struct lat_slice slice, char buffer[LAT_QUOTE_SIZE]) {
  const size_t most = 60;
  size_t length = slice.length < most ? slice.length : most;
  for (size_t i = 0; i < length; i++) {
    unsigned char c = (unsigned char)slice.bytes[i];
    buffer[i] = c < 32 || c == 127 ? '?' : (char)c;
  }
  strcpy(buffer + length, slice.length > most ? "..." : "");
  return buffer;
}

/* The slot of the name, or the empty one where it belongs. */
static size_t find_slot(const struct lat_names *names, struct lat_slice name) {
  size_t mask = names->slots - 1;
  size_t at = (size_t)XXH3_64bits_withSeed(name.bytes, name.length, 0x6c61746e616d6573U) & mask;
  for (; names->slot[at] != 0; at = (at + 1) & mask) {
    struct lat_slice there = names->name[names->slot[at] - 1];
    if (there.length == name.length && memcmp(there.bytes, name.bytes, name.length) == 0) break;
  }
  return at;
}

/* Twice the room, at most half full. */
static int grow(struct lat_names *names) {
  size_t capacity = names->capacity == 0 ? 8 : names->capacity * 2, slots = capacity * 2;
  struct lat_slice *name = lat_realloc(names->name, capacity, sizeof *name);
  if (name == NULL) return LAT_MEMORY;
  names->name = name;
  uint32_t *slot = lat_calloc(slots, sizeof *slot);
  if (slot == NULL) return LAT_MEMORY;
  lat_free(names->slot);
  names->slot = slot;
  names->slots = slots;
  names->capacity = capacity;
  for (size_t i = 0; i < names->count; i++) names->slot[find_slot(names, names->name[i])] = (uint32_t)i + 1;
  return LAT_OK;
}

int lat_names_add(struct lat_names *names, struct lat_slice name, uint32_t *number, int *added) {
  if (names->count == names->capacity) {
    if (names->count >= (size_t)1 << 31)
      return LAT_FAIL(LAT_INPUT, "a file of more than %zu names is too large", names->count);
    int status = grow(names);
    if (status != LAT_OK) return status;
  }
  size_t at = find_slot(names, name);
  int is_new = names->slot[at] == 0;
  if (is_new) {
    names->name[names->count++] = name;
    names->slot[at] = (uint32_t)names->count;
  }
  *number = names->slot[at] - 1;
  if (added != NULL) *added = is_new;
  return LAT_OK;
}

uint32_t lat_names_find(const struct lat_names *names, struct lat_slice name) {
  return names->slots == 0 ? LAT_NO_NAME : names->slot[find_slot(names, name)] - 1;
}

void lat_names_free(struct lat_names *names) {
  lat_free(names->name);
  lat_free(names->slot);
  *names = (struct lat_names){0};
}
