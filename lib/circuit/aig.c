#include "lib/circuit/aig.h"

#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/circuit/truth.h"

static const uint32_t failed = UINT32_MAX; /* a literal that cannot be: an allocation failed */

static uint32_t hash(uint32_t a, uint32_t b) {
  uint64_t x = ((uint64_t)a << 32 | b) * 0x9e3779b97f4a7c15u;
  return (uint32_t)(x >> 32);
}

static void enter(struct lat_aig *aig, uint32_t node) {
  size_t at = hash(aig->fan_in[node][0], aig->fan_in[node][1]) & (aig->slots - 1);
  while (aig->slot[at] != 0) at = (at + 1) & (aig->slots - 1);
  aig->slot[at] = node;
}

/* Room for one more node, in a table that is at most half full. */
static int grow(struct lat_aig *aig) {
  if (aig->nodes < aig->capacity) return LAT_OK;
  if (aig->capacity > (size_t)1 << 30) return LAT_FAIL(LAT_UNSUPPORTED, "the circuit needs more than 2^31 AND gates");
  size_t capacity = 2 * aig->capacity;
  uint32_t(*fan_in)[2] = lat_realloc(aig->fan_in, capacity, sizeof *fan_in);
  if (!fan_in) return LAT_MEMORY;
  aig->fan_in = fan_in;
  uint32_t *level = lat_realloc(aig->level, capacity, sizeof *level);
  if (!level) return LAT_MEMORY;
  aig->level = level;
  uint32_t *slot = lat_calloc(2 * capacity, sizeof *slot);
  if (!slot) return LAT_MEMORY;
  lat_free(aig->slot);
  aig->slot = slot;
  aig->slots = 2 * capacity;
  aig->capacity = capacity;
  for (size_t i = aig->inputs + 1; i < aig->nodes; i++) enter(aig, (uint32_t)i);
  return LAT_OK;
}

static uint32_t level_of(const struct lat_aig *aig, uint32_t literal) { return aig->level[literal / 2]; }

static uint32_t and_of(struct lat_aig *aig, uint32_t a, uint32_t b) {
  if (a == failed || b == failed) return failed;
  if (a > b) {
    uint32_t swap = a;
    a = b;
    b = swap;
  }
  if (a == 0 || a == (b ^ 1)) return 0;
  if (a == 1 || a == b) return b;
  for (size_t at = hash(a, b) & (aig->slots - 1); aig->slot[at] != 0; at = (at + 1) & (aig->slots - 1)) {
    uint32_t found = aig->slot[at];
    if (aig->fan_in[found][0] == a && aig->fan_in[found][1] == b) return 2 * found;
  }
  if (grow(aig) != LAT_OK) return failed;
  uint32_t node = (uint32_t)aig->nodes++;
  aig->fan_in[node][0] = a;
  aig->fan_in[node][1] = b;
  aig->level[node] = 1 + (level_of(aig, a) > level_of(aig, b) ? level_of(aig, a) : level_of(aig, b));
  enter(aig, node);
  return 2 * node;
}

static uint32_t not_of(uint32_t a) { return a == failed ? failed : a ^ 1; }

static uint32_t xor_of(struct lat_aig *aig, uint32_t a, uint32_t b) {
  if (a == failed || b == failed) return failed;
  uint32_t invert = (a ^ b) & 1;
  a &= ~(uint32_t)1;
  b &= ~(uint32_t)1;
  uint32_t first = and_of(aig, a, not_of(b)), second = and_of(aig, not_of(a), b);
  uint32_t made = not_of(and_of(aig, not_of(first), not_of(second)));
  return made == failed ? failed : made ^ invert;
}

/* s ? a : b */
static uint32_t choice_of(struct lat_aig *aig, uint32_t s, uint32_t a, uint32_t b) {
  uint32_t first = and_of(aig, s, a), second = and_of(aig, not_of(s), b);
  return not_of(and_of(aig, not_of(first), not_of(second)));
}

/* Combines terms, the two earliest first: the least level that a tree of these terms can have. */
static uint32_t tree_of(struct lat_aig *aig, int is_xor, uint32_t *term, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (term[i] == failed) return failed;
  while (count > 1) {
    for (size_t place = 0; place < 2; place++)
      for (size_t i = place + 1; i < count; i++)
        if (level_of(aig, term[i]) < level_of(aig, term[place])) {
          uint32_t swap = term[i];
          term[i] = term[place];
          term[place] = swap;
        }
    uint32_t made = is_xor ? xor_of(aig, term[0], term[1]) : and_of(aig, term[0], term[1]);
    if (made == failed) return failed;
    term[0] = made;
    term[1] = term[--count];
  }
  return term[0];
}

/* How a table depends on fan-in j given the others: by an AND, an OR or an XOR with it, or neither. */
enum split { NO_SPLIT, IGNORED, AND_PLAIN, AND_NOT, OR_PLAIN, OR_NOT, XOR };
static enum split split_by(uint64_t table, unsigned n, unsigned j) {
  uint64_t zero = lat_truth_fix(table, n, j, 0), one = lat_truth_fix(table, n, j, 1), all = lat_truth_mask(n - 1);
  if (zero == one) return IGNORED;
  if (zero == 0) return AND_PLAIN;
  if (one == 0) return AND_NOT;
  if (one == all) return OR_PLAIN;
  if (zero == all) return OR_NOT;
  if (zero == (~one & all)) return XOR;
  return NO_SPLIT;
}
static int kind_of(enum split split) { return split >= XOR ? 3 : split >= OR_PLAIN ? 2 : split >= AND_PLAIN ? 1 : 0; }

/* On how many fan-ins the two halves depend once fan-in j is known. */
static unsigned remaining(uint64_t table, unsigned n, unsigned j) {
  unsigned count = 0;
  for (int bit = 0; bit < 2; bit++) {
    uint64_t half = lat_truth_fix(table, n, j, bit);
    for (unsigned i = 0; i < n - 1; i++) count += lat_truth_depends(half, n - 1, i) != 0;
  }
  return count;
}

/* The literal of `table` over n literals. Recursive with at most n levels, each of which has one fan-in fewer. */
static uint32_t literal_of(struct lat_aig *aig, uint64_t table, unsigned n, const uint32_t *fan_in) {
  uint32_t left[LAT_MAX_FAN_IN], term[LAT_MAX_FAN_IN + 1];
  size_t terms = 0;
  int kind = 0;
  if (n) memcpy(left, fan_in, n * sizeof *left);
  for (unsigned j = 0; j < n;) { /* all fan-ins that can be split off by the same operation go into one tree */
    enum split split = split_by(table, n, j);
    if (split == NO_SPLIT || (split != IGNORED && kind != 0 && kind_of(split) != kind)) {
      j++;
      continue;
    }
    if (split == AND_PLAIN || split == XOR) term[terms++] = left[j];
    if (split == AND_NOT || split == OR_PLAIN) term[terms++] = left[j] ^ 1; /* an OR is the complement of an AND */
    if (split == OR_NOT) term[terms++] = left[j];
    if (split != IGNORED) kind = kind_of(split);
    table = lat_truth_fix(table, n, j, split == AND_PLAIN || split == OR_NOT);
    memmove(left + j, left + j + 1, (n - j - 1) * sizeof *left);
    n--;
    j = 0;
  }
  uint32_t rest;
  if (n == 0) {
    rest = (uint32_t)(table & 1);
  } else if (kind != 0) {
    rest = literal_of(aig, table, n, left);
  } else {
    unsigned chosen = 0;
    for (unsigned j = 1; j < n; j++) {
      unsigned now = remaining(table, n, j), least = remaining(table, n, chosen);
      if (now < least || (now == least && level_of(aig, left[j]) > level_of(aig, left[chosen]))) chosen = j;
    }
    uint32_t select = left[chosen];
    uint64_t one = lat_truth_fix(table, n, chosen, 1), zero = lat_truth_fix(table, n, chosen, 0);
    memmove(left + chosen, left + chosen + 1, (n - chosen - 1) * sizeof *left);
    uint32_t high = literal_of(aig, one, n - 1, left), low = literal_of(aig, zero, n - 1, left);
    return choice_of(aig, select, high, low);
  }
  if (rest == failed || terms == 0) return rest;
  if (kind == 2) {
    term[terms++] = rest ^ 1;
    return not_of(tree_of(aig, 0, term, terms));
  }
  term[terms++] = rest;
  return tree_of(aig, kind == 3, term, terms);
}

void lat_aig_free(struct lat_aig *aig) {
  if (!aig) return;
  lat_free(aig->fan_in);
  lat_free(aig->level);
  lat_free(aig->output);
  lat_free(aig->slot);
  lat_free(aig);
}

int lat_aig_from_netlist(const struct lat_netlist *netlist, struct lat_aig **aig) {
  *aig = NULL;
  int status = LAT_MEMORY;
  uint32_t *literal = lat_alloc(netlist->nodes, sizeof *literal);
  struct lat_aig *made = lat_calloc(1, sizeof *made);
  if (!literal || !made) goto done;
  made->inputs = netlist->inputs;
  made->outputs = netlist->outputs;
  made->nodes = netlist->inputs + 1;
  made->capacity = made->slots = 64;
  while (made->capacity < netlist->nodes + 1) made->capacity = made->slots = 2 * made->capacity;
  made->slots *= 2;
  made->fan_in = lat_calloc(made->capacity, sizeof *made->fan_in);
  made->level = lat_calloc(made->capacity, sizeof *made->level);
  made->output = lat_alloc(netlist->outputs, sizeof *made->output);
  made->slot = lat_calloc(made->slots, sizeof *made->slot);
  if (!made->fan_in || !made->level || !made->output || !made->slot) goto done;

  for (size_t i = 0; i < netlist->inputs; i++) literal[i] = 2 * (uint32_t)(i + 1);
  for (size_t i = netlist->inputs; i < netlist->nodes; i++) {
    uint32_t fan_in[LAT_MAX_FAN_IN];
    unsigned n = lat_netlist_fan_ins(netlist, i);
    for (unsigned j = 0; j < n; j++) fan_in[j] = literal[netlist->fan_in[netlist->first[i] + j]];
    literal[i] = literal_of(made, netlist->table[i], n, fan_in);
    if (literal[i] == failed) {
      status = made->capacity > (size_t)1 << 30 ? LAT_UNSUPPORTED : LAT_MEMORY;
      goto done;
    }
  }
  for (size_t o = 0; o < netlist->outputs; o++) made->output[o] = literal[netlist->output[o]];
  status = LAT_OK;
  *aig = made;
  made = NULL;
done:
  lat_free(literal);
  lat_aig_free(made);
  return status;
}
