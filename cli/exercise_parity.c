/* Exercise 3: how few layers can find the parity of n bits? */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/exercise.h"
#include "cli/exercise_machine.h"
#include "lib/base/memory.h"
#include "lib/base/status.h"

enum { BITS, HEADS, VECTORS };
static const struct lat_exercise_flag flags[] = {
    {"bits", "N", "bits whose parity is wanted", LAT_FLAG_INTEGER, 2, 256, "64"},
    {"heads", "H", "heads of the machine whose reach is measured", LAT_FLAG_INTEGER, 2, LAT_MAX_FAN_IN, "3"},
    {"vectors", "N", "random inputs that every machine is run on", LAT_FLAG_INTEGER, 1, 4096, "64"},
    {0}};

/* At this beta every wrong address gets a softmax weight of exactly 0: a state then depends on what its heads point at. */
#define EXACT_BETA 53.0

/* The least l with base^l >= n. */
static unsigned levels(size_t base, size_t n) {
  unsigned l = 0;
  for (size_t reach = 1; reach < n; reach *= base) l++;
  return l;
}

/* A tree of exclusive ors of up to `heads` fan-ins, of the least depth. */
static int make_tree(size_t bits, unsigned heads, struct lat_netlist **netlist) {
  uint32_t *node = lat_alloc(bits, sizeof *node);
  int status;
  *netlist = NULL;
  LAT_CHECK(status, node != NULL, LAT_MEMORY, "no memory for a tree");
  LAT_TRY(status, lat_netlist_alloc("parity", netlist));
  for (size_t i = 0; i < bits; i++) LAT_TRY(status, lat_netlist_input(*netlist, NULL, &node[i]));
  for (size_t count = bits; count > 1;) {
    size_t groups = (count + heads - 1) / heads, from = 0;
    for (size_t g = 0; g < groups; g++) { /* as even as can be */
      unsigned size = (unsigned)((count - from + groups - g - 1) / (groups - g));
      uint64_t table = 0;
      for (uint64_t s = 0; s < (uint64_t)1 << size; s++) table |= (uint64_t)__builtin_parityll(s) << s;
      LAT_TRY(status, lat_netlist_node(*netlist, size, node + from, table, &node[g]));
      from += size;
    }
    count = groups;
  }
  LAT_TRY(status, lat_netlist_output(*netlist, "parity", node[0]));
  LAT_TRY(status, lat_netlist_finish(*netlist, NULL));
done:
  lat_free(node);
  if (status != LAT_OK) lat_netlist_free(*netlist);
  if (status != LAT_OK) *netlist = NULL;
  return status;
}

static int make(size_t bits, unsigned heads, struct lat_machine *machine) {
  struct lat_construction construction = {.fan_in = heads, .layers = 1, .beta = EXACT_BETA};
  int status;
  *machine = (struct lat_machine){0};
  LAT_TRY(status, make_tree(bits, heads, &machine->netlist));
  LAT_TRY(status, lat_compile(machine->netlist, &construction, &machine->compiled));
done:
  return status;
}

struct reach {
  const struct lat_compiled *compiled;
  size_t batch, flips; /* sequences of this run: the first has no bit flipped */
  uint32_t *count;     /* [layers * nodes]: inputs on which this token's state depends after this layer */
};

static int observe(void *context, size_t step, size_t layer, const float *x) {
  struct reach *reach = context;
  size_t nodes = reach->compiled->nodes, width = reach->compiled->layout.width;
  (void)layer;
  for (size_t b = 1; b <= reach->flips; b++)
    for (size_t i = 0; i < nodes; i++)
      reach->count[step * nodes + i] += memcmp(x + (b * nodes + i) * width, x + i * width, width * sizeof *x) != 0;
  return LAT_OK;
}

/* most[l] for l = 1 .. depth: the most inputs that any state depends on after l layers, found by flipping each of them. */
static int measure_reach(const struct lat_machine *machine, size_t *most) {
  enum { BATCH = 9 };
  const struct lat_compiled *compiled = machine->compiled;
  size_t nodes = compiled->nodes, size = nodes * compiled->layout.width, inputs = machine->netlist->inputs;
  struct reach reach = {.compiled = compiled, .batch = BATCH};
  struct lat_forward *forward = NULL;
  unsigned char *bit = lat_calloc(inputs, 1);
  float *x = lat_alloc(BATCH * size, sizeof *x);
  int status = LAT_OK;
  reach.count = lat_calloc(compiled->depth * nodes, sizeof *reach.count);
  LAT_CHECK(status, bit != NULL && x != NULL && reach.count != NULL, LAT_MEMORY, "no memory for the states");
  LAT_TRY(status, lat_forward_alloc(compiled->model, BATCH, nodes, &forward));
  for (size_t first = 0; first < inputs; first += BATCH - 1) {
    reach.flips = inputs - first < BATCH - 1 ? inputs - first : BATCH - 1;
    for (size_t b = 0; b < BATCH; b++) {
      size_t flipped = b >= 1 && b <= reach.flips ? first + b - 1 : inputs;
      if (flipped < inputs) bit[flipped] = 1;
      lat_prompt_state(compiled->prompt, bit, x + b * size);
      if (flipped < inputs) bit[flipped] = 0;
    }
    LAT_TRY(status, lat_transformer_run(compiled->model, forward, compiled->depth, x, observe, &reach, 0));
  }
  for (size_t l = 1; l <= compiled->depth; l++) {
    most[l] = 0;
    for (size_t i = 0; i < nodes; i++) {
      size_t seen = reach.count[(l - 1) * nodes + i];
      most[l] = seen > most[l] ? seen : most[l];
    }
  }
done:
  lat_forward_free(forward);
  lat_free(reach.count);
  lat_free(x);
  lat_free(bit);
  return status;
}

static int reach_table(struct lat_sheet *sheet, size_t bits, unsigned heads, size_t *over) {
  static const struct lat_sheet_column columns[] = {{"layers", "layers l"},
                                                    {"limit", "(H+1)^l, at most n"},
                                                    {"tree", "H^l, at most n"},
                                                    {"found", "found by flipping"},
                                                    {0}};
  struct lat_machine machine;
  size_t most[16], limit = 1, tree = 1;
  char title[128];
  int status;
  *over = 0;
  LAT_TRY(status, make(bits, heads, &machine));
  LAT_TRY(status, measure_reach(&machine, most));
  snprintf(title, sizeof title, "most inputs that any state depends on, H = %u", heads);
  lat_sheet_table(sheet, "reach", title, columns);
  for (size_t l = 1; l <= machine.compiled->depth; l++) {
    limit = limit * (heads + 1) < bits ? limit * (heads + 1) : bits;
    tree = tree * heads < bits ? tree * heads : bits;
    lat_sheet_integer(sheet, (int64_t)l);
    lat_sheet_integer(sheet, (int64_t)limit);
    lat_sheet_integer(sheet, (int64_t)tree);
    lat_sheet_integer(sheet, (int64_t)most[l]);
    *over += most[l] > limit;
  }
  lat_sheet_check(sheet, (double)bits, (double)most[machine.compiled->depth], 0,
                  "inputs that the answer depends on after %u layers with %u heads", machine.compiled->depth, heads);
  lat_sheet_check(sheet, 0, (double)*over, 0, "layers after which a state depends on more than (H+1)^l inputs");
done:
  lat_machine_free(&machine);
  return status;
}

static int run(const struct lat_exercise_values *values, struct lat_sheet *sheet) {
  static const struct lat_sheet_column columns[] = {{"heads", "heads H"},
                                                    {"bound", "least layers"},
                                                    {"tree", "tree of H-ary xor"},
                                                    {"tokens", "tokens"},
                                                    {"parameters", "parameters"},
                                                    {"wrong", "wrong at the end"},
                                                    {"wrong_before", "one layer early"},
                                                    {"ready_before", "ready then"},
                                                    {0}};
  size_t bits = values->integer[BITS], vectors = values->integer[VECTORS], wrong = 0, ready = 0, built = 0, tree = 0, over;
  char attained[64] = "", missed[64] = "";
  struct lat_machine machine = {0};
  char title[128];
  int status = LAT_OK;
  lat_sheet_formula(sheet,
                    "after l layers a state depends on at most (H+1)^l inputs: itself and H others for each of them");
  lat_sheet_formula(sheet, "parity depends on all n bits, so l >= log_(H+1) n, rounded up");
  lat_sheet_formula(sheet, "a tree of exclusive ors of H fan-ins, one token a node, takes log_H n layers, rounded up");
  snprintf(title, sizeof title, "parity of %zu bits, machines built and run on %zu random inputs", bits, vectors);
  lat_sheet_table(sheet, "machines", title, columns);
  for (unsigned heads = 2; heads <= LAT_MAX_FAN_IN; heads++) {
    struct lat_machine_count end, before = {0};
    unsigned bound = levels(heads + 1, bits), depth = levels(heads, bits);
    LAT_TRY(status, make(bits, heads, &machine));
    LAT_TRY(status, lat_machine_run(&machine, machine.compiled->depth, vectors, &end));
    if (machine.compiled->depth > 1)
      LAT_TRY(status, lat_machine_run(&machine, machine.compiled->depth - 1, vectors, &before));
    lat_sheet_integer(sheet, heads);
    lat_sheet_integer(sheet, bound);
    lat_sheet_integer(sheet, machine.compiled->depth);
    lat_sheet_integer(sheet, (int64_t)machine.compiled->nodes);
    lat_sheet_integer(sheet, (int64_t)machine.compiled->model->count);
    lat_sheet_word(sheet, "%zu of %zu", end.wrong, end.bits);
    if (machine.compiled->depth > 1) lat_sheet_word(sheet, "%zu of %zu", before.wrong, before.bits);
    if (machine.compiled->depth > 1) lat_sheet_integer(sheet, (int64_t)before.ready);
    for (int i = 0; i < 2 && machine.compiled->depth == 1; i++) lat_sheet_none(sheet);
    wrong += end.wrong + end.bits - end.ready;
    ready += before.ready;
    built += machine.compiled->depth;
    tree += depth;
    char *list = depth == bound ? attained : missed;
    size_t used = strlen(list);
    snprintf(list + used, sizeof attained - used, "%s%u", used > 0 ? ", " : "", heads);
    lat_machine_free(&machine);
  }
  lat_sheet_check(sheet, (double)tree, (double)built, 0, "layers of the five machines, together");
  lat_sheet_check(sheet, 0, (double)wrong, 0, "answers that are wrong or not ready after all layers");
  lat_sheet_check(sheet, 0, (double)ready, 0, "answers that call themselves ready one layer earlier");
  LAT_TRY(status, reach_table(sheet, bits, (unsigned)values->integer[HEADS], &over));
  if (attained[0] != '\0')
    lat_sheet_conclude(sheet, "With H = %s the tree is as shallow as any such machine can be for %zu bits.", attained,
                       bits);
  if (missed[0] != '\0')
    lat_sheet_conclude(sheet,
                       "With H = %s it needs more than the bound asks for: the bound counts what a state knew before as "
                       "one more thing it may use, and this tree forgets it.",
                       missed);
  lat_sheet_conclude(sheet,
                     "The bound holds where each head reads one token whichever bits are given. A head that averages over "
                     "all tokens can count, and is not bound by it.");
done:
  lat_machine_free(&machine);
  return status;
}

const struct lat_exercise lat_exercise_parity = {
    .name = "parity",
    .question = "How many layers does a transformer with H heads need to find the parity of n bits?",
    .source = "Receptive-field argument, METHOD.md; the tree is compiled by the universal construction, DESIGN.md",
    .flags = flags,
    .run = run,
};
