/* Covering an AND-inverter graph by tables of k inputs (FlowMap's problem: Cong and Ding, 1994) by priority cuts.
 *
 * The first pass takes for each node, in order, the cut that is ready first; where the candidates kept do not reach the level
 * of the fan-ins, a maximum flow says whether any cut does. The depth of the circuit is then known and never grows. Two passes
 * break ties by area flow (the cost of a leaf is shared by its readers). Later passes give each node of the cover a required
 * level and choose, among the cuts that keep it, by area flow, then by the exact number of tables that a choice adds (reference
 * counting). The cut in use always stays among the candidates, so a required level can always be met.
 *
 * The searches for flow stop early in large circuits, so that time is linear in the nodes. */
#include <assert.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/circuit/aig.h"
#include "lib/circuit/circuit.h"
#include "lib/circuit/cuts.h"
#include "lib/circuit/flow.h"
#include "lib/circuit/truth.h"

/* Candidates a node keeps; nodes visited in searches for earlier cuts, over all nodes, beyond a thousand each. */
enum { CUTS = 8, SEARCH_TOTAL = 100000000 };

struct mapping {
  const struct lat_aig *aig;
  unsigned k;
  struct lat_cut *cut;        /* [nodes * CUTS] candidates, the one in use first */
  unsigned char *cuts;        /* [nodes] how many */
  uint32_t *arrival;          /* [nodes] level of the node when covered by its cut in use */
  uint32_t *required;         /* [nodes] the latest level that keeps the depth; UINT32_MAX outside the cover */
  uint32_t *readers;          /* [nodes] tables and outputs of the cover that read the node */
  float *flow, *readers_mean; /* [nodes] area flow; readers, averaged over the passes */
  uint32_t *queue;            /* [nodes] scratch */
  uint32_t depth;
  int placed; /* after the first pass: every node has a cut in use */
  struct lat_flow *flow_search;
  uint64_t search_limit; /* nodes that one search for an earlier cut may visit */
};

static struct lat_cut *cuts_of(const struct mapping *m, uint32_t node) { return m->cut + (size_t)node * CUTS; }

static void price(const struct mapping *m, struct lat_cut *cut) {
  cut->arrival = 0;
  cut->area = 1;
  for (uint32_t i = 0; i < cut->size; i++) {
    if (m->arrival[cut->leaf[i]] > cut->arrival) cut->arrival = m->arrival[cut->leaf[i]];
    cut->area += m->flow[cut->leaf[i]];
  }
  cut->arrival++;
}

static void settle(struct mapping *m, uint32_t node) {
  const struct lat_cut *used = cuts_of(m, node);
  m->arrival[node] = used->arrival;
  m->flow[node] = used->area / (m->readers_mean[node] > 1 ? m->readers_mean[node] : 1);
}

/* The candidates of one node from those of its two fan-ins. */
static void enumerate(struct mapping *m, uint32_t node, enum lat_cut_order order) {
  struct lat_cut set[CUTS], trivial[2], made;
  size_t count = 0;
  if (m->placed) {
    made = *cuts_of(m, node);
    price(m, &made);
    lat_cut_insert(set, &count, CUTS, order, &made);
  }
  uint32_t a = m->aig->fan_in[node][0] / 2, b = m->aig->fan_in[node][1] / 2;
  lat_cut_trivial(a, &trivial[0]);
  lat_cut_trivial(b, &trivial[1]);
  for (size_t i = 0; i <= m->cuts[a]; i++)
    for (size_t j = 0; j <= m->cuts[b]; j++) {
      const struct lat_cut *x = i < m->cuts[a] ? &cuts_of(m, a)[i] : &trivial[0];
      const struct lat_cut *y = j < m->cuts[b] ? &cuts_of(m, b)[j] : &trivial[1];
      if (!lat_cut_merge(x, y, m->k, &made)) continue;
      price(m, &made);
      if (order != LAT_CUT_AREA || made.arrival <= m->required[node]) lat_cut_insert(set, &count, CUTS, order, &made);
    }
  if (!m->placed && set[0].arrival > m->arrival[a] && set[0].arrival > m->arrival[b] &&
      lat_flow_cut(m->flow_search, node, m->arrival, m->k, m->search_limit, &made) > 0) {
    price(m, &made);
    lat_cut_insert(set, &count, CUTS, order, &made);
  }
  assert(count > 0 && (order != LAT_CUT_AREA || set[0].arrival <= m->required[node]));
  memcpy(cuts_of(m, node), set, count * sizeof *set);
  m->cuts[node] = (unsigned char)count;
  settle(m, node);
}

/* Which nodes the outputs need, how often, and when. */
static void trace(struct mapping *m, int first) {
  const struct lat_aig *aig = m->aig;
  memset(m->readers, 0, aig->nodes * sizeof *m->readers);
  memset(m->required, 0xff, aig->nodes * sizeof *m->required);
  for (size_t o = 0; first && o < aig->outputs; o++)
    if (m->arrival[aig->output[o] / 2] > m->depth) m->depth = m->arrival[aig->output[o] / 2];
  for (size_t o = 0; o < aig->outputs; o++) {
    m->readers[aig->output[o] / 2]++;
    m->required[aig->output[o] / 2] = m->depth;
  }
  for (uint32_t i = (uint32_t)aig->nodes; i-- > aig->inputs + 1;) {
    if (m->readers[i] == 0) continue;
    assert(m->arrival[i] <= m->required[i]);
    const struct lat_cut *used = cuts_of(m, i);
    for (uint32_t j = 0; j < used->size; j++) {
      uint32_t leaf = used->leaf[j];
      m->readers[leaf]++;
      if (m->required[i] - 1 < m->required[leaf]) m->required[leaf] = m->required[i] - 1;
    }
  }
  for (size_t i = 0; i < aig->nodes; i++) m->readers_mean[i] = (2 * m->readers_mean[i] + (float)m->readers[i]) / 3;
}

/* Adds the readers of a cut and of the cuts of all nodes that it brings into the cover, until there are more than `most`.
 * Returns how many tables that is, this one included; queue[0 .. *taken - 1] are the nodes whose cuts were added. */
static uint32_t take(struct mapping *m, const struct lat_cut *cut, uint32_t most, size_t *taken) {
  size_t held = 0;
  *taken = 0;
  for (;;) {
    for (uint32_t j = 0; j < cut->size; j++)
      if (m->readers[cut->leaf[j]]++ == 0 && lat_aig_is_and(m->aig, cut->leaf[j])) m->queue[held++] = cut->leaf[j];
    if (*taken == held || held >= most) return 1 + (uint32_t)held;
    cut = cuts_of(m, m->queue[(*taken)++]);
  }
}

static void drop_leaves(struct mapping *m, const struct lat_cut *cut) {
  for (uint32_t j = 0; j < cut->size; j++) m->readers[cut->leaf[j]]--;
}

/* Undoes the last take. */
static void untake(struct mapping *m, const struct lat_cut *cut, size_t taken) {
  drop_leaves(m, cut);
  for (size_t i = 0; i < taken; i++) drop_leaves(m, cuts_of(m, m->queue[i]));
}

/* Takes a cut out of the cover with all that only it needs. */
static void give_back(struct mapping *m, const struct lat_cut *cut) {
  size_t held = 0;
  for (size_t next = 0;; next++) {
    for (uint32_t j = 0; j < cut->size; j++)
      if (--m->readers[cut->leaf[j]] == 0 && lat_aig_is_and(m->aig, cut->leaf[j])) m->queue[held++] = cut->leaf[j];
    if (next == held) return;
    cut = cuts_of(m, m->queue[next]);
  }
}

/* The candidate of a node of the cover that needs the fewest further tables, among those that are in time. */
static void choose_exactly(struct mapping *m, uint32_t node) {
  struct lat_cut *set = cuts_of(m, node);
  give_back(m, &set[0]);
  size_t chosen = 0, taken;
  uint32_t least = UINT32_MAX;
  for (size_t i = 0; i < m->cuts[node]; i++) {
    price(m, &set[i]);
    if (set[i].arrival > m->required[node]) continue;
    uint32_t area = take(m, &set[i], least, &taken);
    untake(m, &set[i], taken);
    if (area < least || (area == least && set[i].arrival < set[chosen].arrival)) least = area, chosen = i;
  }
  assert(least != UINT32_MAX);
  struct lat_cut best = set[chosen];
  set[chosen] = set[0];
  set[0] = best;
  take(m, &set[0], UINT32_MAX, &taken);
}

static void pass(struct mapping *m, enum lat_cut_order order) {
  for (uint32_t i = (uint32_t)m->aig->inputs + 1; i < m->aig->nodes; i++) enumerate(m, i, order);
  trace(m, !m->placed);
  m->placed = 1;
}

static void exact_pass(struct mapping *m) {
  for (uint32_t i = (uint32_t)m->aig->inputs + 1; i < m->aig->nodes; i++) {
    if (m->readers[i] != 0)
      choose_exactly(m, i);
    else
      price(m, cuts_of(m, i));
    settle(m, i);
  }
  trace(m, 0);
}

/* Fan-outs in the graph: the first guess at the readers of a table. */
static void count_readers(struct mapping *m) {
  const struct lat_aig *aig = m->aig;
  for (size_t i = aig->inputs + 1; i < aig->nodes; i++)
    for (int j = 0; j < 2; j++) m->readers_mean[aig->fan_in[i][j] / 2] += 1;
  for (size_t o = 0; o < aig->outputs; o++) m->readers_mean[aig->output[o] / 2] += 1;
}

/* The table of a node over its leaves: values of the ANDs between, by a walk with its own stack. value[] and seen[] are
 * [nodes]; seen[i] == node marks what this walk knows. */
static uint64_t table_of(struct mapping *m, uint32_t node, uint64_t *value, uint32_t *seen) {
  const struct lat_cut *cut = cuts_of(m, node);
  for (uint32_t j = 0; j < cut->size; j++) {
    value[cut->leaf[j]] = lat_truth_variable(cut->size, j);
    seen[cut->leaf[j]] = node;
  }
  size_t held = 0;
  m->queue[held++] = node;
  while (held > 0) {
    uint32_t at = m->queue[held - 1], wait = 0;
    assert(lat_aig_is_and(m->aig, at));
    uint64_t side[2] = {0, 0};
    for (int j = 0; j < 2; j++) {
      uint32_t literal = m->aig->fan_in[at][j];
      if (seen[literal / 2] != node)
        wait = literal / 2;
      else
        side[j] = literal & 1 ? ~value[literal / 2] : value[literal / 2];
    }
    if (wait != 0) {
      m->queue[held++] = wait;
      continue;
    }
    value[at] = side[0] & side[1] & lat_truth_mask(cut->size);
    seen[at] = node;
    held--;
  }
  return value[node];
}

/* The cover as a netlist. Each node is taken in the polarity in which it is 0 for the input 0, so that gates that all
 * start at 0 are at rest for that input. Complemented outputs are inverters: lat_circuit_clean draws them into the tables. */
static int write_cover(struct mapping *m, const struct lat_netlist *from, struct lat_netlist *to) {
  const struct lat_aig *aig = m->aig;
  int status = LAT_MEMORY;
  uint32_t *number = lat_calloc(aig->nodes, sizeof *number), *seen = lat_calloc(aig->nodes, sizeof *seen);
  uint64_t *value = lat_alloc(aig->nodes, sizeof *value);
  unsigned char *flipped = lat_calloc(aig->nodes, sizeof *flipped); /* the netlist has the complement of the node */
  if (!number || !seen || !value || !flipped) goto done;
  for (size_t i = 0; i < from->inputs; i++) LAT_TRY(status, lat_netlist_input(to, from->input_name[i], &number[i + 1]));
  for (uint32_t i = (uint32_t)aig->inputs + 1; i < aig->nodes; i++) {
    if (m->readers[i] == 0) continue;
    const struct lat_cut *cut = cuts_of(m, i);
    uint32_t fan_in[LAT_MAX_FAN_IN];
    uint64_t table = table_of(m, i, value, seen);
    for (uint32_t j = 0; j < cut->size; j++) {
      fan_in[j] = number[cut->leaf[j]];
      if (flipped[cut->leaf[j]]) table = lat_truth_flip(table, cut->size, j);
    }
    flipped[i] = table & 1;
    if (flipped[i]) table = ~table & lat_truth_mask(cut->size);
    LAT_TRY(status, lat_netlist_node(to, cut->size, fan_in, table, &number[i]));
  }
  for (size_t o = 0; o < from->outputs; o++) {
    uint32_t literal = aig->output[o], shown = number[literal / 2];
    if (literal / 2 == 0)
      LAT_TRY(status, lat_netlist_node(to, 0, NULL, literal & 1, &shown));
    else if ((literal & 1) != flipped[literal / 2])
      LAT_TRY(status, lat_netlist_node(to, 1, &number[literal / 2], 1, &shown));
    LAT_TRY(status, lat_netlist_output(to, from->output_name[o], shown));
  }
  status = lat_netlist_finish(to, NULL);
done:
  lat_free(number);
  lat_free(seen);
  lat_free(value);
  lat_free(flipped);
  return status;
}

int lat_circuit_map(const struct lat_netlist *from, unsigned k, struct lat_netlist **mapped) {
  assert(k >= 2 && k <= LAT_MAX_FAN_IN);
  *mapped = NULL;
  struct lat_aig *aig = NULL;
  struct lat_netlist *cover = NULL;
  struct mapping m = {.k = k};
  int status;
  LAT_TRY(status, lat_aig_from_netlist(from, &aig));
  status = LAT_MEMORY;
  m.aig = aig;
  m.cut = lat_alloc(aig->nodes * CUTS, sizeof *m.cut);
  m.cuts = lat_calloc(aig->nodes, sizeof *m.cuts);
  m.arrival = lat_calloc(aig->nodes, sizeof *m.arrival);
  m.required = lat_alloc(aig->nodes, sizeof *m.required);
  m.readers = lat_alloc(aig->nodes, sizeof *m.readers);
  m.queue = lat_alloc(aig->nodes, sizeof *m.queue);
  m.flow = lat_calloc(aig->nodes, sizeof *m.flow);
  m.readers_mean = lat_calloc(aig->nodes, sizeof *m.readers_mean);
  if (!m.cut || !m.cuts || !m.arrival || !m.required || !m.readers || !m.queue || !m.flow || !m.readers_mean) goto done;
  LAT_TRY(status, lat_flow_alloc(aig, &m.flow_search));
  m.search_limit = 1000 + SEARCH_TOTAL / aig->nodes;
  count_readers(&m);
  pass(&m, LAT_CUT_DEPTH);
  pass(&m, LAT_CUT_DEPTH_AREA);
  pass(&m, LAT_CUT_DEPTH_AREA);
  pass(&m, LAT_CUT_AREA);
  exact_pass(&m);
  exact_pass(&m);
  LAT_TRY(status, lat_netlist_alloc(from->name, &cover));
  LAT_TRY(status, write_cover(&m, from, cover));
  LAT_TRY(status, lat_circuit_clean(cover, mapped));
done:
  lat_netlist_free(cover);
  lat_aig_free(aig);
  lat_flow_free(m.flow_search);
  lat_free(m.cut);
  lat_free(m.cuts);
  lat_free(m.arrival);
  lat_free(m.required);
  lat_free(m.readers);
  lat_free(m.queue);
  lat_free(m.flow);
  lat_free(m.readers_mean);
  return status;
}
