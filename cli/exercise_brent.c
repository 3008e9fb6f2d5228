/* Exercise 4: in how many steps is a circuit computed when a step may compute w gates? */
#include <stdio.h>
#include <string.h>

#include "cli/exercise.h"
#include "cli/exercise_machine.h"
#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/circuit/schedule.h"

enum { FAMILY, WIDTH, FAN_IN, VECTORS };
static const struct lat_exercise_flag flags[] = {
    {"family", "NAME:SIZE", "a generated circuit in place of FILE", LAT_FLAG_WORD, 0, 0, "comparator:16"},
    {"width", "W", "look at this width too; 0: powers of two alone", LAT_FLAG_INTEGER, 0, 1 << 30, "0"},
    {"lut", "K", "map onto nodes of at most K fan-ins first", LAT_FLAG_INTEGER, 2, LAT_MAX_FAN_IN, "2"},
    {"vectors", "N", "random inputs that every schedule is carried out on", LAT_FLAG_INTEGER, 1, 65536, "256"},
    {0}};

enum { MOST_GATES = 1 << 20, MACHINE_TOKENS = 2048, MACHINE_VECTORS = 8 };

struct carried {
  size_t early; /* fan-ins that were not yet there when they were read */
  size_t over;  /* steps that compute more than w gates */
  size_t wrong; /* output bits */
};

static int node_value(const struct lat_netlist *netlist, const struct lat_vectors *values, size_t node, size_t n) {
  unsigned pattern = 0;
  for (unsigned f = 0; f < lat_netlist_fan_ins(netlist, node); f++)
    pattern |= (unsigned)lat_vectors_get(values, netlist->fan_in[netlist->first[node] + f], n) << f;
  return (int)(netlist->table[node] >> pattern & 1);
}

/* Computes the gates in the order of the schedule, from what earlier steps left, and looks at the outputs. */
static int carry_out(const struct lat_netlist *netlist, const struct lat_schedule *schedule,
                     const struct lat_vectors *inputs, const struct lat_vectors *truth, struct carried *carried) {
  struct lat_vectors *values = NULL;
  size_t *in_step = lat_calloc(schedule->steps + 2, sizeof *in_step);
  uint32_t *order = lat_alloc(schedule->size + 1, sizeof *order);
  int status = LAT_OK;
  *carried = (struct carried){0};
  LAT_CHECK(status, in_step != NULL && order != NULL, LAT_MEMORY, "no memory for a schedule");
  LAT_TRY(status, lat_vectors_alloc(netlist->nodes, inputs->count, &values));
  for (size_t i = 0; i < netlist->inputs; i++)
    memcpy(values->word + i * values->words, inputs->word + i * inputs->words, values->words * sizeof *values->word);
  for (size_t i = netlist->inputs; i < netlist->nodes; i++) in_step[schedule->step[i] + 1] += schedule->step[i] > 0;
  for (size_t t = 1; t <= schedule->steps; t++) carried->over += in_step[t + 1] > schedule->width;
  for (size_t t = 1; t <= schedule->steps + 1; t++) in_step[t] += in_step[t - 1];
  for (size_t i = netlist->inputs; i < netlist->nodes; i++)
    if (schedule->step[i] > 0) order[in_step[schedule->step[i]]++] = (uint32_t)i;
  for (size_t g = 0; g < schedule->size; g++) {
    uint32_t node = order[g];
    for (uint32_t f = netlist->first[node]; f < netlist->first[node + 1]; f++) {
      uint32_t from = netlist->fan_in[f];
      carried->early +=
          from >= netlist->inputs && !(schedule->step[from] > 0 && schedule->step[from] < schedule->step[node]);
    }
    for (size_t n = 0; n < inputs->count; n++) lat_vectors_set(values, node, n, node_value(netlist, values, node, n));
  }
  for (size_t o = 0; o < netlist->outputs; o++)
    for (size_t n = 0; n < inputs->count; n++)
      carried->wrong += lat_vectors_get(values, netlist->output[o], n) != lat_vectors_get(truth, netlist->output[o], n);
done:
  lat_vectors_free(values);
  lat_free(in_step);
  lat_free(order);
  return status;
}

static int read_circuit(const struct lat_exercise_values *values, struct lat_netlist **netlist) {
  struct lat_netlist *made = NULL;
  int status;
  *netlist = NULL;
  if (values->file != NULL) {
    LAT_TRY(status, lat_circuit_read(values->file, &made));
  } else {
    LAT_TRY(status, lat_family_make(values->word[FAMILY], 0, &made));
  }
  if (values->integer[FAN_IN] > 2) {
    LAT_TRY(status, lat_circuit_map(made, (unsigned)values->integer[FAN_IN], netlist));
  } else {
    LAT_TRY(status, lat_circuit_clean(made, netlist));
  }
  LAT_CHECK(status, (*netlist)->nodes <= MOST_GATES, LAT_UNSUPPORTED, "%zu gates; up to %d can be scheduled here",
            (*netlist)->nodes, MOST_GATES);
done:
  lat_netlist_free(made);
  return status;
}

struct tally {
  size_t outside, schedules, size, widest, half; /* half: the least width with T <= 2 depth */
  uint32_t depth;
  struct carried carried;
};

static int one_width(struct lat_sheet *sheet, const struct lat_netlist *netlist, size_t width,
                     const struct lat_vectors *inputs, const struct lat_vectors *truth, struct tally *tally) {
  struct lat_schedule schedule;
  struct carried carried;
  int status;
  LAT_TRY(status, lat_schedule_make(netlist, width, &schedule));
  LAT_TRY(status, carry_out(netlist, &schedule, inputs, truth, &carried));
  /* Brent's two bounds, worked out here and not asked of the library. */
  size_t busy = (schedule.size + width - 1) / width, lower = schedule.depth > busy ? schedule.depth : busy;
  size_t upper = schedule.depth + (schedule.size - schedule.depth) / width;
  lat_sheet_integer(sheet, (int64_t)width);
  lat_sheet_integer(sheet, (int64_t)lower);
  lat_sheet_integer(sheet, (int64_t)schedule.steps);
  lat_sheet_integer(sheet, (int64_t)upper);
  lat_sheet_fixed(sheet, schedule.steps > 0 ? 100 * (double)schedule.size / ((double)width * (double)schedule.steps) : 100,
                  1);
  lat_sheet_integer(sheet, (int64_t)carried.wrong);
  tally->outside += schedule.steps < lower || schedule.steps > upper;
  tally->schedules++;
  tally->carried.early += carried.early;
  tally->carried.over += carried.over;
  tally->carried.wrong += carried.wrong;
  tally->size = schedule.size;
  tally->depth = schedule.depth;
  if (tally->half == 0 && schedule.steps <= 2 * (size_t)schedule.depth) tally->half = width;
done:
  lat_schedule_free(&schedule);
  return status;
}

/* The circuit as a transformer, one token a node: all gates of a level in one step. */
static int check_machine(struct lat_sheet *sheet, struct lat_netlist *netlist, const struct tally *tally) {
  struct lat_construction construction = {.layers = 1};
  struct lat_machine machine = {.netlist = netlist};
  struct lat_machine_count count;
  int status = LAT_OK;
  if (netlist->nodes > MACHINE_TOKENS || tally->depth == 0) return LAT_OK;
  construction.fan_in = 2;
  for (size_t i = 0; i < netlist->nodes; i++)
    if (lat_netlist_fan_ins(netlist, i) > construction.fan_in) construction.fan_in = lat_netlist_fan_ins(netlist, i);
  LAT_TRY(status, lat_compile(netlist, &construction, &machine.compiled));
  lat_sheet_check(sheet, tally->depth, (double)machine.compiled->construction.steps, 0,
                  "steps of the compiled transformer that computes every ready gate at once");
  LAT_TRY(status, lat_machine_run(&machine, machine.compiled->construction.steps, MACHINE_VECTORS, &count));
  lat_sheet_check(sheet, 0, (double)(count.wrong + count.bits - count.ready), 0,
                  "its output bits that are wrong or not ready");
done:
  lat_compiled_free(machine.compiled);
  return status;
}

static int run(const struct lat_exercise_values *values, struct lat_sheet *sheet) {
  static const struct lat_sheet_column columns[] = {{"width", "width w"},
                                                    {"lower", "at least"},
                                                    {"steps", "schedule"},
                                                    {"upper", "at most"},
                                                    {"busy", "% busy"},
                                                    {"wrong", "wrong bits"},
                                                    {0}};
  struct lat_netlist *netlist = NULL;
  struct lat_vectors *inputs = NULL, *truth = NULL;
  struct lat_circuit_statistics statistics;
  struct tally tally = {0};
  char title[256];
  int status;
  size_t asked = values->integer[WIDTH], last = 0;
  LAT_TRY(status, read_circuit(values, &netlist));
  LAT_TRY(status, lat_circuit_measure(netlist, &statistics));
  LAT_TRY(status, lat_vectors_alloc(netlist->inputs, values->integer[VECTORS], &inputs));
  LAT_TRY(status, lat_vectors_alloc(netlist->nodes, values->integer[VECTORS], &truth));
  lat_vectors_random(inputs, 0);
  lat_simulate(netlist, inputs, truth);
  lat_sheet_formula(sheet,
                    "max(depth, size / w) <= T <= depth + (size - depth) / w: a step computes at most w gates, each from "
                    "gates of earlier steps (Brent)");
  lat_sheet_formula(sheet, "schedule: of the gates that are ready, those with the longest way to an output first (Hu)");
  snprintf(title, sizeof title, "%.100s: %zu inputs, %zu outputs, %zu gates, depth %u, widest level %zu",
           values->file != NULL ? values->file : values->word[FAMILY], statistics.inputs, statistics.outputs,
           statistics.nodes, statistics.depth, statistics.widest_level);
  lat_sheet_table(sheet, "widths", title, columns);
  tally.widest = statistics.widest_level > 0 ? statistics.widest_level : 1;
  for (size_t width = 1; last < tally.widest; width *= 2) {
    size_t next = width < tally.widest ? width : tally.widest;
    if (asked > last && asked < next) LAT_TRY(status, one_width(sheet, netlist, asked, inputs, truth, &tally));
    LAT_TRY(status, one_width(sheet, netlist, next, inputs, truth, &tally));
    last = next;
  }
  if (asked > last) LAT_TRY(status, one_width(sheet, netlist, asked, inputs, truth, &tally));
  lat_sheet_check(sheet, 0, (double)tally.outside, 0, "of %zu schedules, outside Brent's bounds", tally.schedules);
  lat_sheet_check(sheet, 0, (double)tally.carried.early, 0, "values read before they were computed");
  lat_sheet_check(sheet, 0, (double)tally.carried.over, 0, "steps that compute more than w gates");
  lat_sheet_check(sheet, 0, (double)tally.carried.wrong, 0, "output bits wrong after carrying a schedule out");
  LAT_TRY(status, check_machine(sheet, netlist, &tally));
  lat_sheet_conclude(
      sheet,
      "One gate a step takes %zu steps, all at once %u: a factor of %.1f, and no width gets more. A width of %zu "
      "already comes within twice the least; with room for the widest level, %zu, %.0f %% of the places stay empty.",
      tally.size, tally.depth, tally.depth > 0 ? (double)tally.size / tally.depth : 1.0, tally.half, tally.widest,
      tally.depth > 0 ? 100 - 100 * (double)tally.size / ((double)tally.widest * tally.depth) : 0.0);
  lat_sheet_conclude(
      sheet,
      "A chain of thought that writes one bit a token is the first row; a latent state with room for a level is "
      "the last. In a circuit that is one chain both rows are the same.");
done:
  lat_netlist_free(netlist);
  lat_vectors_free(inputs);
  lat_vectors_free(truth);
  return status;
}

const struct lat_exercise lat_exercise_brent = {
    .name = "brent",
    .question = "In how many steps is a circuit computed when one step may compute w gates?",
    .source = "Brent (1974) for the bounds; Hu (1961) for the schedule",
    .file = "a circuit in AIGER, BENCH or BLIF in place of --family",
    .flags = flags,
    .run = run,
};
