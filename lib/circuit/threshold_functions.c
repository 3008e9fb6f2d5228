/* Functions by threshold gates in constant depth. Counting: T_k = "at least k of n", one gate each, all in the first level;
 * exactly the gates T_1 .. T_c are 1 when the count is c. So bit j of the count is T_q - T_2q + T_3q - ..., q = 2^j, always 0
 * or 1, and it is one more gate: the odd multiples as they are and the even ones complemented, of which it wants one more than there
 * are even ones (Hajnal, Maass, Pudlak, Szegedy and Turan 1993 for parity). The rest is in AC0. */
#include <inttypes.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/base/text.h"
#include "lib/circuit/threshold.h"

/* A generator at work. */
struct work {
  struct lat_threshold *network;
  struct lat_edge *edge; /* of the gate in hand */
  uint32_t *node;        /* gates that are read again */
};

static int start(struct work *work, size_t inputs, size_t edges, size_t nodes) {
  *work = (struct work){0};
  int status = lat_threshold_alloc(inputs, &work->network);
  if (status != LAT_OK) return status;
  if ((work->edge = lat_alloc(edges, sizeof *work->edge)) == NULL) return LAT_MEMORY;
  if ((work->node = lat_alloc(nodes, sizeof *work->node)) == NULL) return LAT_MEMORY;
  return LAT_OK;
}

static int finish(struct work *work, int status, struct lat_threshold **network) {
  lat_free(work->edge);
  lat_free(work->node);
  *network = status == LAT_OK ? work->network : NULL;
  if (status != LAT_OK) lat_threshold_free(work->network);
  return status;
}

static void all_inputs(struct work *work, size_t count) {
  for (size_t i = 0; i < count; i++) work->edge[i] = (struct lat_edge){(uint32_t)i, 0};
}

static int one_gate(size_t size, size_t at_least, struct lat_threshold **network) {
  struct work work;
  uint32_t node;
  int status = start(&work, size, size, 0);
  if (status == LAT_OK) all_inputs(&work, size);
  if (status == LAT_OK) status = lat_threshold_gate(work.network, at_least, size, work.edge, &node);
  if (status == LAT_OK) status = lat_threshold_output(work.network, node);
  return finish(&work, status, network);
}

static int make_and(size_t size, struct lat_threshold **network) { return one_gate(size, size, network); }
static int make_or(size_t size, struct lat_threshold **network) { return one_gate(size, 1, network); }
static int make_majority(size_t size, struct lat_threshold **network) { return one_gate(size, size / 2 + 1, network); }

/* Bits 0 .. bits - 1 of the number of ones. Higher bits need only thresholds that are multiples of their weight. */
static int count_bits(size_t size, size_t bits, struct lat_threshold **network) {
  struct work work;
  int status = start(&work, size, size, size + 1);
  if (status == LAT_OK) all_inputs(&work, size);
  for (size_t k = 1; k <= size && status == LAT_OK; k++)
    status = lat_threshold_gate(work.network, k, size, work.edge, &work.node[k]);
  for (size_t j = 0; j < bits && status == LAT_OK; j++) {
    size_t weight = (size_t)1 << j, count = 0, even = 0;
    for (size_t k = weight; k <= size; k += weight, count++) {
      uint32_t inverted = (k / weight) % 2 == 0;
      even += inverted;
      work.edge[count] = (struct lat_edge){work.node[k], inverted};
    }
    uint32_t node;
    status = lat_threshold_gate(work.network, even + 1, count, work.edge, &node);
    if (status == LAT_OK) status = lat_threshold_output(work.network, node);
  }
  return finish(&work, status, network);
}

static int make_parity(size_t size, struct lat_threshold **network) { return count_bits(size, 1, network); }

static int make_popcount(size_t size, struct lat_threshold **network) {
  size_t bits = 0;
  while (bits < 63 && size >> bits != 0) bits++;
  return count_bits(size, bits, network);
}

/* One AND for each data bit, of it and of the select bits that spell its number; an OR over all. */
static int make_multiplexer(size_t size, struct lat_threshold **network) {
  struct work work;
  size_t count = (size_t)1 << size;
  uint32_t node;
  int status = start(&work, size + count, size + count, count);
  for (size_t d = 0; d < count && status == LAT_OK; d++) {
    for (size_t s = 0; s < size; s++) work.edge[s] = (struct lat_edge){(uint32_t)s, (d >> s & 1) == 0};
    work.edge[size] = (struct lat_edge){(uint32_t)(size + d), 0};
    status = lat_threshold_gate(work.network, size + 1, size + 1, work.edge, &work.node[d]);
  }
  for (size_t d = 0; d < count && status == LAT_OK; d++) work.edge[d] = (struct lat_edge){work.node[d], 0};
  if (status == LAT_OK) status = lat_threshold_gate(work.network, 1, count, work.edge, &node);
  if (status == LAT_OK) status = lat_threshold_output(work.network, node);
  return finish(&work, status, network);
}

/* a < b: some digit is smaller and no higher digit is larger. First level: not larger, for each digit but the lowest; second: an AND for
 * each digit; third: an OR. */
static int make_comparator(size_t size, struct lat_threshold **network) {
  struct work work;
  uint32_t node;
  int status = start(&work, 2 * size, size + 2, size);
  for (size_t i = 1; i < size && status == LAT_OK; i++) {
    work.edge[0] = (struct lat_edge){(uint32_t)i, 1};
    work.edge[1] = (struct lat_edge){(uint32_t)(size + i), 0};
    status = lat_threshold_gate(work.network, 1, 2, work.edge, &work.node[i]);
  }
  for (size_t i = 0; i < size && status == LAT_OK; i++) {
    size_t count = 0;
    work.edge[count++] = (struct lat_edge){(uint32_t)i, 1};
    work.edge[count++] = (struct lat_edge){(uint32_t)(size + i), 0};
    for (size_t j = i + 1; j < size; j++) work.edge[count++] = (struct lat_edge){work.node[j], 0};
    status = lat_threshold_gate(work.network, count, count, work.edge, &work.node[i]);
  }
  for (size_t i = 0; i < size && status == LAT_OK; i++) work.edge[i] = (struct lat_edge){work.node[i], 0};
  if (status == LAT_OK) status = lat_threshold_gate(work.network, 1, size, work.edge, &node);
  if (status == LAT_OK) status = lat_threshold_output(work.network, node);
  return finish(&work, status, network);
}

const struct lat_threshold_function lat_threshold_functions[] = {
    {"and", "fan-ins", "all are 1", NULL, 1, 1 << 24, 1, make_and},
    {"or", "fan-ins", "one is 1", NULL, 1, 1 << 24, 1, make_or},
    {"majority", "fan-ins", "more than half are 1", "majority", 1, 1 << 24, 1, make_majority},
    {"parity", "bits", "an odd number is 1", "parity", 1, 20000, 2, make_parity},
    {"popcount", "bits", "the number of ones", "popcount", 1, 20000, 2, make_popcount},
    {"multiplexer", "select bits", "one of 2^n data bits", "multiplexer", 1, 20, 2, make_multiplexer},
    {"comparator", "bits of each number", "whether a < b", "comparator", 1, 20000, 3, make_comparator},
    {0}};

int lat_threshold_make(const char *name_and_size, struct lat_threshold **network) {
  *network = NULL;
  const char *colon = strchr(name_and_size, ':');
  size_t length = colon ? (size_t)(colon - name_and_size) : strlen(name_and_size);
  const struct lat_threshold_function *function = lat_threshold_functions;
  while (function->name && (strlen(function->name) != length || strncmp(function->name, name_and_size, length) != 0))
    function++;
  if (!function->name)
    return LAT_FAIL(LAT_INPUT,
                    "no threshold function is called \"%s\"; write NAME:SIZE with one of and, or, majority, parity, "
                    "popcount, multiplexer, comparator",
                    name_and_size);
  if (!colon)
    return LAT_FAIL(LAT_INPUT, "%s needs a size (%s): write %s:8", name_and_size, function->size_meaning, function->name);
  int64_t size;
  int status = lat_parse_int(colon + 1, (int64_t)function->minimum, (int64_t)function->maximum, &size);
  if (status != LAT_OK) return lat_fail_prefix(status, "size of %s (%s)", function->name, function->size_meaning);
  return function->make((size_t)size, network);
}
