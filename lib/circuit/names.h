/* Names in a file: pieces of its bytes, a table that numbers them, and their form in a message.
 *
 * The table does not copy: the bytes must outlive it. Open addressing with linear probing over XXH3, so that a list of long
 * or similar names costs what its bytes cost. */
#ifndef LAT_CIRCUIT_NAMES_H
#define LAT_CIRCUIT_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/text.h"

struct lat_slice {
  const char *bytes;
  size_t length;
};

int lat_slice_is(struct lat_slice slice, const char *text);
int lat_slice_is_nocase(struct lat_slice slice, const char *text); /* ASCII letters */

/* The slice as a string in `text`, which it replaces; valid until `text` changes. NULL when there is no memory. */
const char *lat_slice_string(struct lat_slice slice, struct lat_text *text);

/* The name of a file without its folder and extension: a circuit's name where the format has none. */
struct lat_slice lat_slice_stem(const char *path);

/* The slice for a message: at most 60 bytes of it, control bytes and the rest of a longer one replaced. */
enum { LAT_QUOTE_SIZE = 68 };
const char *lat_slice_quote(struct lat_slice slice, char buffer[LAT_QUOTE_SIZE]);
#define LAT_QUOTE(slice) lat_slice_quote((slice), (char[LAT_QUOTE_SIZE]){0})

/* Zero-initialise it. Names are numbered 0, 1, ... in the order in which they are added. */
struct lat_names {
  struct lat_slice *name; /* [count] */
  uint32_t *slot;         /* [slots]: number + 1, 0 for empty */
  size_t count, capacity, slots;
};

static const uint32_t LAT_NO_NAME = UINT32_MAX;

/* The number of the name, adding it when it is new (*added, which may be NULL, tells). LAT_MEMORY; LAT_INPUT for over 2^31
 * names. */
int lat_names_add(struct lat_names *names, struct lat_slice name, uint32_t *number, int *added);

/* The number of the name, or LAT_NO_NAME. */
uint32_t lat_names_find(const struct lat_names *names, struct lat_slice name);

void lat_names_free(struct lat_names *names);

#endif
