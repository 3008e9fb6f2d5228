/* Forwards, every node becomes a constant, a literal (another node or an input, perhaps complemented) or a node over
 * distinct literals that it really depends on; complements go into the reader's table. Backwards, what outputs reach is
 * marked. Then the rest is written out. An output of a complemented node costs nothing when no other output shows the node
 * plainly (the node is complemented and its readers with it), else one more node beside it, never a further level. */
#include <assert.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/circuit/circuit.h"
#include "lib/circuit/truth.h"

/* What a node stands for: 2 * node + complemented, or one of the constants. */
typedef uint32_t literal;
static const literal constant_0 = UINT32_MAX - 1;
static const uint32_t no_node = UINT32_MAX;
static int is_constant(literal x) { return x >= constant_0; }

enum { LIVE = 1, PLAIN = 2, COMPLEMENTED = 4, FLIPPED = 8 };

struct cleaning {
  const struct lat_netlist *from;
  literal *stands_for;      /* [nodes] */
  uint64_t *table;          /* [nodes] after simplification */
  uint32_t *fan_in;         /* as in `from`, the first `fan_ins[i]` of a node are used */
  unsigned char *fan_ins;   /* [nodes] */
  unsigned char *mark;      /* [nodes] */
  uint32_t *number, *other; /* [nodes] numbers in the result of the node and of its complement */
};

static void simplify(struct cleaning *c, size_t i) {
  const struct lat_netlist *from = c->from;
  uint32_t *fan_in = c->fan_in + from->first[i];
  const uint32_t *old = from->fan_in + from->first[i];
  unsigned n = lat_netlist_fan_ins(from, i), kept = 0;
  uint64_t table = from->table[i];
  for (unsigned j = 0, left = n; j < left;) { /* `table` has `left` fan-ins; the first `kept` == j are settled */
    literal x = c->stands_for[old[j + (n - left)]];
    if (is_constant(x)) {
      table = lat_truth_fix(table, left--, j, (int)(x & 1));
      continue;
    }
    unsigned same = 0;
    while (same < kept && fan_in[same] != x / 2) same++;
    if (same < kept) {
      table = lat_truth_tie(table, left--, same, j, (int)(x & 1));
      continue;
    }
    if (x & 1) table = lat_truth_flip(table, left, j);
    fan_in[kept++] = x / 2;
    j++;
  }
  for (unsigned j = 0; j < kept;) {
    if (lat_truth_depends(table, kept, j)) {
      j++;
      continue;
    }
    table = lat_truth_fix(table, kept, j, 0);
    memmove(fan_in + j, fan_in + j + 1, (kept - j - 1) * sizeof *fan_in);
    kept--;
  }
  c->table[i] = table;
  c->fan_ins[i] = (unsigned char)kept;
  if (kept == 0)
    c->stands_for[i] = constant_0 + (literal)(table & 1);
  else if (kept == 1)
    c->stands_for[i] = 2 * fan_in[0] + (table == 1);
  else
    c->stands_for[i] = 2 * (uint32_t)i;
}

static void mark_live(struct cleaning *c) {
  const struct lat_netlist *from = c->from;
  for (size_t o = 0; o < from->outputs; o++) {
    literal x = c->stands_for[from->output[o]];
    if (!is_constant(x)) c->mark[x / 2] |= (unsigned char)(LIVE | (x & 1 ? COMPLEMENTED : PLAIN));
  }
  for (size_t i = from->nodes; i-- > from->inputs;) {
    if (!(c->mark[i] & LIVE)) continue;
    if ((c->mark[i] & COMPLEMENTED) && !(c->mark[i] & PLAIN)) c->mark[i] |= FLIPPED;
    for (unsigned j = 0; j < c->fan_ins[i]; j++) c->mark[c->fan_in[from->first[i] + j]] |= LIVE;
  }
}

static int emit_nodes(struct cleaning *c, struct lat_netlist *clean) {
  const struct lat_netlist *from = c->from;
  int status = LAT_OK;
  for (size_t i = from->inputs; i < from->nodes; i++) {
    if (!(c->mark[i] & LIVE)) continue;
    unsigned n = c->fan_ins[i];
    uint32_t fan_in[LAT_MAX_FAN_IN];
    uint64_t table = c->table[i];
    for (unsigned j = 0; j < n; j++) {
      uint32_t f = c->fan_in[from->first[i] + j];
      if (c->mark[f] & FLIPPED) table = lat_truth_flip(table, n, j);
      fan_in[j] = c->number[f];
    }
    if (c->mark[i] & FLIPPED) table = ~table & lat_truth_mask(n);
    LAT_TRY(status, lat_netlist_node(clean, n, fan_in, table, &c->number[i]));
    if (c->mark[i] & FLIPPED)
      c->other[i] = c->number[i];
    else if (c->mark[i] & COMPLEMENTED)
      LAT_TRY(status, lat_netlist_node(clean, n, fan_in, ~table & lat_truth_mask(n), &c->other[i]));
  }
done:
  return status;
}

static int emit_outputs(struct cleaning *c, struct lat_netlist *clean) {
  const struct lat_netlist *from = c->from;
  uint32_t constant[2] = {no_node, no_node};
  int status = LAT_OK;
  for (size_t o = 0; o < from->outputs; o++) {
    literal x = c->stands_for[from->output[o]];
    uint32_t shown;
    if (is_constant(x)) {
      if (constant[x & 1] == no_node) LAT_TRY(status, lat_netlist_node(clean, 0, NULL, x & 1, &constant[x & 1]));
      shown = constant[x & 1];
    } else if (!(x & 1)) {
      shown = c->number[x / 2];
    } else {
      if (c->other[x / 2] == no_node) { /* the complement of an input */
        assert(x / 2 < from->inputs);
        LAT_TRY(status, lat_netlist_node(clean, 1, &c->number[x / 2], 1, &c->other[x / 2]));
      }
      shown = c->other[x / 2];
    }
    LAT_TRY(status, lat_netlist_output(clean, from->output_name[o], shown));
  }
done:
  return status;
}

int lat_circuit_clean(const struct lat_netlist *from, struct lat_netlist **clean) {
  *clean = NULL;
  int status = LAT_MEMORY;
  struct lat_netlist *made = NULL;
  struct cleaning c = {.from = from};
  c.stands_for = lat_alloc(from->nodes, sizeof *c.stands_for);
  c.table = lat_alloc(from->nodes, sizeof *c.table);
  c.fan_in = lat_alloc(from->first[from->nodes], sizeof *c.fan_in);
  c.fan_ins = lat_calloc(from->nodes, sizeof *c.fan_ins);
  c.mark = lat_calloc(from->nodes, sizeof *c.mark);
  c.number = lat_alloc(from->nodes, sizeof *c.number);
  c.other = lat_alloc(from->nodes, sizeof *c.other);
  if (!c.stands_for || !c.table || !c.fan_in || !c.fan_ins || !c.mark || !c.number || !c.other) goto done;

  LAT_TRY(status, lat_netlist_alloc(from->name, &made));
  for (size_t i = 0; i < from->nodes; i++) c.other[i] = no_node;
  for (size_t i = 0; i < from->inputs; i++) {
    c.stands_for[i] = 2 * (uint32_t)i;
    LAT_TRY(status, lat_netlist_input(made, from->input_name[i], &c.number[i]));
  }
  for (size_t i = from->inputs; i < from->nodes; i++) simplify(&c, i);
  mark_live(&c);
  LAT_TRY(status, emit_nodes(&c, made));
  LAT_TRY(status, emit_outputs(&c, made));
  LAT_TRY(status, lat_netlist_finish(made, NULL));
  *clean = made;
  made = NULL;
done:
  lat_netlist_free(made);
  lat_free(c.stands_for);
  lat_free(c.table);
  lat_free(c.fan_in);
  lat_free(c.fan_ins);
  lat_free(c.mark);
  lat_free(c.number);
  lat_free(c.other);
  return status;
}
