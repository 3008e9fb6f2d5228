/* Every node outside the collapsed set is split into an upper and a lower half joined by an edge of capacity 1; paths run from
 * the collapsed set, at the top, down to the inputs. The residual graph is walked without being built: from an upper half one
 * comes to the lower half of an unused node, or, in a used one, back up the path that uses it; from a lower half to the upper
 * halves of the fan-ins, and in a used node back to its own upper half. */
#include "lib/circuit/flow.h"

#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"

enum { UPPER = 0, LOWER = 1 };
/* Parents of a half: the other half of the same node, the collapsed set, or the half of another node. */
static const uint32_t own = UINT32_MAX, top = UINT32_MAX - 1;

struct place {                    /* everything about one node, together in memory */
  uint32_t collapsed, used;       /* equal to the running number of the question when true */
  uint32_t reader;                /* where the path that uses the node comes from, or `top` */
  uint32_t visited[2], parent[2]; /* per half: running number of the search, and where it came from */
  uint32_t distance;              /* edges to the nearest input */
};

struct lat_flow {
  const struct lat_aig *aig;
  struct place *place;
  uint32_t *stack;    /* halves to visit: 2 * node + half; each is put there at most once a search */
  uint32_t *reached;  /* nodes whose upper half the search has visited */
  uint32_t *frontier; /* nodes just below the collapsed set, and before that the set itself */
  uint32_t question, search;
  size_t frontiers, reaches, held;
};

int lat_flow_alloc(const struct lat_aig *aig, struct lat_flow **flow) {
  *flow = NULL;
  struct lat_flow *made = lat_calloc(1, sizeof *made);
  if (!made) return LAT_MEMORY;
  made->aig = aig;
  made->place = lat_calloc(aig->nodes, sizeof *made->place);
  made->stack = lat_alloc(2 * aig->nodes, sizeof *made->stack);
  made->reached = lat_alloc(aig->nodes, sizeof *made->reached);
  made->frontier = lat_alloc(2 * aig->nodes, sizeof *made->frontier);
  if (!made->place || !made->stack || !made->reached || !made->frontier) {
    lat_flow_free(made);
    return LAT_MEMORY;
  }
  for (size_t i = aig->inputs + 1; i < aig->nodes; i++) {
    uint32_t a = made->place[aig->fan_in[i][0] / 2].distance, b = made->place[aig->fan_in[i][1] / 2].distance;
    made->place[i].distance = 1 + (a < b ? a : b);
  }
  *flow = made;
  return LAT_OK;
}

void lat_flow_free(struct lat_flow *flow) {
  if (!flow) return;
  lat_free(flow->place);
  lat_free(flow->stack);
  lat_free(flow->reached);
  lat_free(flow->frontier);
  lat_free(flow);
}

/* Marks the nodes above `node` inclusive that have level p and lists what they read below. Returns how many those are. */
static size_t collapse(struct lat_flow *f, uint32_t node, const uint32_t *level, uint32_t p) {
  size_t held = 0, count = 1;
  f->frontiers = 0;
  f->place[node].collapsed = f->question;
  f->stack[held++] = node;
  while (held > 0) {
    uint32_t at = f->stack[--held];
    for (int j = 0; j < 2; j++) {
      uint32_t below = f->aig->fan_in[at][j] / 2;
      if (level[below] < p)
        f->frontier[f->frontiers++] = below;
      else if (f->place[below].collapsed != f->question) {
        f->place[below].collapsed = f->question;
        f->stack[held++] = below;
        count++;
      }
    }
  }
  return count;
}

static void visit(struct lat_flow *f, uint32_t node, int half, uint32_t parent) {
  struct place *at = &f->place[node];
  if (at->visited[half] == f->search) return;
  at->visited[half] = f->search;
  at->parent[half] = parent;
  f->stack[f->held++] = 2 * node + (uint32_t)half;
  if (half == UPPER) f->reached[f->reaches++] = node;
}

/* The path found ends at the lower half of an input: turns it, backwards, into flow. */
static void augment(struct lat_flow *f, uint32_t node) {
  for (int half = LOWER;;) {
    struct place *at = &f->place[node];
    uint32_t parent = at->parent[half];
    if (half == LOWER) {
      half = UPPER;
      if (parent == own)
        at->used = f->question;
      else
        node = parent; /* the path through `parent` no longer comes from here */
    } else if (parent == own) {
      at->used = 0;
      half = LOWER;
    } else {
      at->reader = parent;
      if (parent == top) return;
      node = parent;
      half = LOWER;
    }
  }
}

/* Walks on from what is on the stack. 1 when an input is reached, 0 when the walk ends before, -1 beyond the limit. */
static int walk(struct lat_flow *f, uint64_t *left) {
  while (f->held > 0) {
    if ((*left)-- == 0) return -1;
    uint32_t node = f->stack[--f->held] / 2;
    int half = (int)(f->stack[f->held] & 1);
    struct place *at = &f->place[node];
    int used = at->used == f->question;
    if (half == UPPER) {
      if (!used)
        visit(f, node, LOWER, own);
      else if (at->reader != top)
        visit(f, at->reader, LOWER, node);
      continue;
    }
    if (!lat_aig_is_and(f->aig, node)) {
      augment(f, node);
      return 1;
    }
    if (used) visit(f, node, UPPER, own);
    uint32_t near = f->aig->fan_in[node][0] / 2, far = f->aig->fan_in[node][1] / 2;
    if (f->place[far].distance < f->place[near].distance) {
      uint32_t swap = near;
      near = far;
      far = swap;
    }
    visit(f, far, UPPER, node);
    visit(f, near, UPPER, node); /* on top of the stack */
  }
  return 0;
}

static int search(struct lat_flow *f, uint64_t *left) {
  f->search++;
  f->reaches = f->held = 0;
  for (size_t i = 0; i < f->frontiers; i++) {
    visit(f, f->frontier[i], UPPER, top);
    int found = walk(f, left);
    if (found != 0) return found;
  }
  return 0;
}

int lat_flow_cut(struct lat_flow *flow, uint32_t node, const uint32_t *level, unsigned k, uint64_t limit,
                 struct lat_cut *cut) {
  uint32_t a = level[flow->aig->fan_in[node][0] / 2], b = level[flow->aig->fan_in[node][1] / 2], p = a > b ? a : b;
  if (p == 0) return 0;
  flow->question++;
  uint64_t left = limit;
  size_t collapsed = collapse(flow, node, level, p);
  if (collapsed > limit) return -1;
  for (unsigned paths = 0;; paths++) {
    int found = search(flow, &left);
    if (found < 0) return -1;
    if (found == 0) break;
    if (paths == k) return 0;
  }
  memset(cut, 0, sizeof *cut);
  for (size_t i = 0; i < flow->reaches; i++) { /* the edges within nodes that the last search could not cross */
    uint32_t leaf = flow->reached[i], place = cut->size;
    if (flow->place[leaf].visited[LOWER] == flow->search) continue;
    for (; place > 0 && cut->leaf[place - 1] > leaf; place--) cut->leaf[place] = cut->leaf[place - 1];
    cut->leaf[place] = leaf;
    cut->size++;
    cut->signature |= (uint32_t)1 << (leaf % 32);
  }
  return 1;
}
