#include "lib/circuit/families.h"

#include <inttypes.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/base/text.h"
#include "lib/circuit/circuit.h"

#define ROW(name) lat_family_##name, lat_family_##name##_depth
#define SENSITISED(name) ROW(name), lat_family_##name##_sensitise

/* The greatest sizes keep a circuit within about ten million gates. */
const struct lat_family lat_families[] = {
    {"parity", "bits", "parity by a tree of XORs", "lg n", 1, 4000000, SENSITISED(parity)},
    {"ripple", "bits of each number", "sum, the carry running through all bits", "2 n - 1", 1, 1000000, SENSITISED(ripple)},
    {"kogge_stone", "bits of each number", "sum by parallel prefixes", "1 + 2 lg n, one less for n = 2^k + 1 > 2", 1, 65536,
     SENSITISED(kogge_stone)},
    {"wallace", "bits of each number", "product, rows by 3:2 counters, then Kogge-Stone",
     "2 + 3 r + 2 lg(2 n - r - 2) for n = 4, 8, 16, ...; r layers of counters make n rows 2", 1, 1024, ROW(wallace), NULL},
    {"square_root", "bits of the root", "integer square root, digit by digit", "n^2 + 3 n - 3", 1, 1000, ROW(square_root),
     NULL},
    {"comparator", "bits of each number", "whether a < b", "1 + 2 lg n", 1, 1000000, SENSITISED(comparator)},
    {"sipser", "alternations", "alternating ANDs and ORs of 4 over 4^n bits", "2 n", 1, 11, SENSITISED(sipser)},
    {"s5_tree", "permutations", "product of permutations of 5 in a tree", "4 lg n", 1, 40000, SENSITISED(s5_tree)},
    {"s5_serial", "permutations", "product of permutations of 5, one after the other", "4 (n - 1)", 1, 40000,
     SENSITISED(s5_serial)},
    {"batcher", "bits, a power of two", "sorting by odd-even merging", "lg n (lg n + 1) / 2", 1, 65536,
     SENSITISED(batcher)},
    {"majority", "bits, a power of two", "whether more than half are 1, by sorting", "lg n (lg n + 1) / 2", 1, 65536,
     SENSITISED(majority)},
    {"popcount", "bits", "the number of ones, by a tree of ripple adders", "4 lg n - 4 for n = 4, 8, 16, ...", 1, 65536,
     ROW(popcount), NULL},
    {"reachability", "vertices", "which vertex reaches which, by squaring", "lg(n - 1) (1 + lg(n - 1))", 2, 128,
     SENSITISED(reachability)},
    {"rule110", "steps", "cellular automaton on a ring of 32 cells", "3 n", 1, 80000, ROW(rule110), NULL},
    {"layered", "layers", "random gates, 16 a layer, half of the edges skip layers", "n", 1, 600000, ROW(layered), NULL},
    {"narrow", "layers", "random gates, 9 a layer, half of the edges skip layers", "n", 1, 1000000, ROW(narrow), NULL},
    {"multiplexer", "select bits", "one of 2^n data bits", "2 n", 1, 20, SENSITISED(multiplexer)},
    {"decoder", "bits", "one line of 2^n", "lg n (1 for n = 1)", 1, 20, SENSITISED(decoder)},
    {0}};

static int unknown(const char *text) {
  struct lat_text names = {0};
  for (const struct lat_family *f = lat_families; f->name; f++)
    lat_text_printf(&names, "%s%s", f->name, f[1].name ? ", " : "");
  int code = names.failed
                 ? LAT_FAIL(LAT_MEMORY, "no memory for the list of families")
                 : LAT_FAIL(LAT_INPUT, "no family is called \"%s\"; write NAME:SIZE with one of %s", text, names.bytes);
  lat_text_free(&names);
  return code;
}

/* The family and the size that a text names. */
static int find(const char *name_and_size, const struct lat_family **found, int64_t *size) {
  const char *colon = strchr(name_and_size, ':');
  size_t length = colon ? (size_t)(colon - name_and_size) : strlen(name_and_size);
  const struct lat_family *family = lat_families;
  while (family->name && (strlen(family->name) != length || strncmp(family->name, name_and_size, length) != 0)) family++;
  if (!family->name) return unknown(name_and_size);
  if (!colon)
    return LAT_FAIL(LAT_INPUT, "the family %s needs a size (%s, %" PRId64 " to %" PRId64 "): write %s:%" PRId64,
                    family->name, family->size_meaning, family->minimum, family->maximum, family->name, family->minimum);
  *found = family;
  int status = lat_parse_int(colon + 1, family->minimum, family->maximum, size);
  if (status != LAT_OK) return lat_fail_prefix(status, "size of the family %s (%s)", family->name, family->size_meaning);
  return LAT_OK;
}

int lat_family_check(const char *name_and_size) {
  const struct lat_family *family;
  int64_t size;
  return find(name_and_size, &family, &size);
}

int lat_family_make(const char *name_and_size, uint64_t seed, struct lat_netlist **netlist) {
  const struct lat_family *family;
  int64_t size;
  *netlist = NULL;
  int status = find(name_and_size, &family, &size);
  return status == LAT_OK ? family->make(size, seed, netlist) : status;
}
