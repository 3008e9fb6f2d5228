/* Input vectors: from a file, random, or all of them. */
#include <string.h>

#include "cli/circuit.h"
#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/base/text.h"

enum { MOST_EXHAUSTIVE = 24, FEW_INPUTS = 11, DEFAULT_VECTORS = 256 };

/* One line without its end; returns the length, and 0 for blank lines and comments. */
static size_t line_length(const char *line, const char *end, const char **next) {
  const char *newline = memchr(line, '\n', (size_t)(end - line));
  *next = newline != NULL ? newline + 1 : end;
  size_t length = (size_t)((newline != NULL ? newline : end) - line);
  while (length > 0 && (line[length - 1] == '\r' || line[length - 1] == ' ' || line[length - 1] == '\t')) length--;
  return length > 0 && line[0] == '#' ? 0 : length;
}

/* `count` bits from text into column n; LAT_INPUT without a place. */
static int read_bits(const char *text, size_t length, const char *what, struct lat_vectors *vectors, size_t n) {
  if (length != vectors->positions) {
    return LAT_FAIL(LAT_INPUT, "%zu %s bits, but the circuit has %zu %ss", length, what, vectors->positions, what);
  }
  for (size_t p = 0; p < length; p++) {
    if (text[p] != '0' && text[p] != '1') return LAT_FAIL(LAT_INPUT, "%s bit %zu is neither 0 nor 1", what, p + 1);
    lat_vectors_set(vectors, p, n, text[p] == '1');
  }
  return LAT_OK;
}

static int read_line(const char *line, size_t length, struct lat_vectors *inputs, struct lat_vectors *expected, size_t n) {
  size_t first = 0, gap;
  while (first < length && line[first] != ' ' && line[first] != '\t') first++;
  for (gap = first; gap < length && (line[gap] == ' ' || line[gap] == '\t');) gap++;
  int status = read_bits(line, first, "input", inputs, n);
  return status == LAT_OK ? read_bits(line + gap, length - gap, "output", expected, n) : status;
}

static int read_file(const char *path, const struct lat_netlist *netlist, struct lat_vectors **inputs,
                     struct lat_vectors **expected) {
  char *bytes = NULL;
  const char *next = NULL;
  size_t length = 0, count = 0, number = 0, n = 0;
  int status = LAT_OK;
  LAT_TRY(status, lat_file_read(path, &bytes, &length));
  const char *end = bytes + length;
  for (const char *line = bytes; line < end; line = next) count += line_length(line, end, &next) > 0;
  LAT_CHECK(status, count > 0, LAT_INPUT, "%s: no vectors; lines are `inputs outputs`, bits without spaces", path);
  LAT_TRY(status, lat_vectors_alloc(netlist->inputs, count, inputs));
  LAT_TRY(status, lat_vectors_alloc(netlist->outputs, count, expected));
  for (const char *line = bytes; line < end; line = next) {
    size_t here = line_length(line, end, &next);
    number++;
    if (here == 0) continue;
    status = read_line(line, here, *inputs, *expected, n++);
    if (status != LAT_OK) {
      status = lat_fail_prefix(status, "%s:%zu", path, number);
      goto done;
    }
  }
done:
  lat_free(bytes);
  return status;
}

int lat_circuit_vectors(const struct lat_circuit_request *request, const struct lat_netlist *netlist,
                        struct lat_vectors **inputs, struct lat_vectors **expected) {
  int status = LAT_OK;
  if (request->vectors != NULL) return read_file(request->vectors, netlist, inputs, expected);
  if (request->exhaustive || (request->random == SIZE_MAX && netlist->inputs <= FEW_INPUTS)) {
    LAT_CHECK(status, netlist->inputs <= MOST_EXHAUSTIVE, LAT_INPUT,
              "--exhaustive: 2^%zu vectors are too many; take --random N", netlist->inputs);
    LAT_TRY(status, lat_vectors_alloc(netlist->inputs, (size_t)1 << netlist->inputs, inputs));
    lat_vectors_exhaustive(*inputs);
  } else {
    LAT_TRY(status,
            lat_vectors_alloc(netlist->inputs, request->random != SIZE_MAX ? request->random : DEFAULT_VECTORS, inputs));
    lat_vectors_random(*inputs, request->seed);
  }
done:
  return status;
}
