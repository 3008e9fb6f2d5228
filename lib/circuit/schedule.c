#include "lib/circuit/schedule.h"

#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"

/* What is worked with, one number a node. Gates that are ready stand in a heap by rank: the place in the order that the
 * schedule takes them in, which never changes. */
struct lat_scheduling {
  const struct lat_netlist *netlist;
  uint32_t *height;              /* longest path to an output, itself counted; 0: no output needs it, or an input */
  uint32_t *rank, *gate;         /* of a node; and back */
  uint32_t *first, *reader;      /* readers of node i: reader[first[i]] .. reader[first[i + 1] - 1], once for each fan-in */
  uint32_t *missing;             /* fan-ins that are gates and not computed yet */
  uint32_t *heap, *batch, *room; /* ranks that are ready, least first; those of this step; room[depth + 2]: of heights */
  size_t ready;
};

static int is_needed_gate(const struct lat_scheduling *work, size_t node) {
  return node >= work->netlist->inputs && work->height[node] > 0;
}

/* Heights, the number of gates that count, and the depth. */
static void measure(struct lat_scheduling *work, struct lat_schedule *schedule) {
  const struct lat_netlist *netlist = work->netlist;
  for (size_t o = 0; o < netlist->outputs; o++)
    if (netlist->output[o] >= netlist->inputs) work->height[netlist->output[o]] = 1;
  for (size_t i = netlist->nodes; i-- > netlist->inputs;) {
    uint32_t height = work->height[i];
    if (height == 0) continue;
    schedule->size++;
    if (height > schedule->depth) schedule->depth = height;
    for (uint32_t f = netlist->first[i]; f < netlist->first[i + 1]; f++) {
      uint32_t from = netlist->fan_in[f];
      if (from >= netlist->inputs && work->height[from] <= height) work->height[from] = height + 1;
    }
  }
}

/* The order: greatest height first, then least number. Counted by height, so that it takes linear time. */
static void rank_gates(struct lat_scheduling *work, uint32_t depth) {
  uint32_t *start = work->room;
  memset(start, 0, ((size_t)depth + 2) * sizeof *start);
  for (size_t i = work->netlist->inputs; i < work->netlist->nodes; i++)
    if (is_needed_gate(work, i)) start[depth - work->height[i] + 1]++;
  for (size_t h = 1; h <= depth; h++) start[h] += start[h - 1];
  for (size_t i = work->netlist->inputs; i < work->netlist->nodes; i++) {
    if (!is_needed_gate(work, i)) continue;
    work->rank[i] = start[depth - work->height[i]]++;
    work->gate[work->rank[i]] = (uint32_t)i;
  }
}

static void find_readers(struct lat_scheduling *work) {
  const struct lat_netlist *netlist = work->netlist;
  for (size_t i = netlist->inputs; i < netlist->nodes; i++)
    for (uint32_t f = netlist->first[i]; work->height[i] > 0 && f < netlist->first[i + 1]; f++) {
      if (netlist->fan_in[f] < netlist->inputs) continue;
      work->first[netlist->fan_in[f] + 1]++;
      work->missing[i]++;
    }
  for (size_t i = 0; i < netlist->nodes; i++) work->first[i + 1] += work->first[i];
  uint32_t readers = work->first[netlist->nodes];
  for (size_t i = netlist->nodes; i-- > netlist->inputs;)
    for (uint32_t f = netlist->first[i]; work->height[i] > 0 && f < netlist->first[i + 1]; f++)
      if (netlist->fan_in[f] >= netlist->inputs) work->reader[--work->first[netlist->fan_in[f] + 1]] = (uint32_t)i;
  /* first[i + 1] has come down to where the readers of i begin. */
  memmove(work->first, work->first + 1, netlist->nodes * sizeof *work->first);
  work->first[netlist->nodes] = readers;
}

static void push(struct lat_scheduling *work, uint32_t rank) {
  size_t at = work->ready++;
  for (; at > 0 && work->heap[(at - 1) / 2] > rank; at = (at - 1) / 2) work->heap[at] = work->heap[(at - 1) / 2];
  work->heap[at] = rank;
}

static uint32_t pop(struct lat_scheduling *work) {
  uint32_t least = work->heap[0], last = work->heap[--work->ready];
  size_t at = 0;
  for (size_t child; (child = 2 * at + 1) < work->ready; at = child) {
    if (child + 1 < work->ready && work->heap[child + 1] < work->heap[child]) child++;
    if (work->heap[child] >= last) break;
    work->heap[at] = work->heap[child];
  }
  work->heap[at] = last;
  return least;
}

/* One step: at most `width` gates of those that are ready now; what they make ready waits for the next. */
static size_t take_step(struct lat_scheduling *work, struct lat_schedule *schedule) {
  size_t taken = 0;
  uint32_t now = (uint32_t)++schedule->steps;
  while (taken < schedule->width && work->ready > 0) work->batch[taken++] = pop(work);
  for (size_t k = 0; k < taken; k++) {
    uint32_t gate = work->gate[work->batch[k]];
    schedule->step[gate] = now;
    for (uint32_t r = work->first[gate]; r < work->first[gate + 1]; r++)
      if (--work->missing[work->reader[r]] == 0) push(work, work->rank[work->reader[r]]);
  }
  return taken;
}

int lat_schedule_make(const struct lat_netlist *netlist, size_t width, struct lat_schedule *schedule) {
  int status = LAT_OK;
  *schedule = (struct lat_schedule){.width = width};
  if (width == 0) return LAT_FAIL(LAT_INPUT, "a step of 0 gates computes nothing; ask for at least 1 gate a step");
  size_t nodes = netlist->nodes, edges = netlist->first[nodes];
  struct lat_scheduling work = {.netlist = netlist};
  work.height = lat_calloc(nodes, sizeof *work.height);
  work.rank = lat_alloc(nodes, sizeof *work.rank);
  work.gate = lat_alloc(nodes, sizeof *work.gate);
  work.first = lat_calloc(nodes + 1, sizeof *work.first);
  work.reader = lat_alloc(edges, sizeof *work.reader);
  work.missing = lat_calloc(nodes, sizeof *work.missing);
  schedule->step = lat_calloc(nodes, sizeof *schedule->step);
  LAT_CHECK(status,
            work.height != NULL && work.rank != NULL && work.gate != NULL && work.first != NULL && work.reader != NULL &&
                work.missing != NULL && schedule->step != NULL,
            LAT_MEMORY, "no memory for the schedule of %zu nodes", nodes);
  measure(&work, schedule);
  size_t most = schedule->size < width ? schedule->size : width;
  work.room = lat_alloc((size_t)schedule->depth + 2, sizeof *work.room);
  work.heap = lat_alloc(schedule->size, sizeof *work.heap);
  work.batch = lat_alloc(most, sizeof *work.batch);
  /* Greedy taking keeps the upper bound, so this is room enough. */
  schedule->count = lat_calloc(lat_brent_upper(schedule->size, schedule->depth, width) + 1, sizeof *schedule->count);
  LAT_CHECK(status, work.room != NULL && work.heap != NULL && work.batch != NULL && schedule->count != NULL, LAT_MEMORY,
            "no memory for the schedule of %zu gates", schedule->size);
  rank_gates(&work, schedule->depth);
  find_readers(&work);
  for (size_t i = netlist->inputs; i < nodes; i++)
    if (is_needed_gate(&work, i) && work.missing[i] == 0) push(&work, work.rank[i]);
  while (work.ready > 0) {
    size_t taken = take_step(&work, schedule);
    schedule->count[schedule->steps] = taken;
  }
done:
  lat_free(work.height);
  lat_free(work.rank);
  lat_free(work.gate);
  lat_free(work.first);
  lat_free(work.reader);
  lat_free(work.missing);
  lat_free(work.room);
  lat_free(work.heap);
  lat_free(work.batch);
  if (status != LAT_OK) lat_schedule_free(schedule);
  return status;
}

void lat_schedule_free(struct lat_schedule *schedule) {
  lat_free(schedule->step);
  lat_free(schedule->count);
  schedule->step = NULL;
  schedule->count = NULL;
}

size_t lat_brent_lower(size_t size, uint32_t depth, size_t width) {
  size_t full = size / width + (size % width != 0);
  return full > depth ? full : depth;
}

size_t lat_brent_upper(size_t size, uint32_t depth, size_t width) { return depth + (size - depth) / width; }
