/* The circuit value problem on random layered circuits, one token a gate: [type, own id, first operand's id, second's id].
 *
 * Level 0 is `inputs` constants; level 1 has `first` gates, every further level `width`. A gate's first operand is a gate of the level
 * before, another one for each gate of a level while there are enough of them, so that no gate is nearer to the constants than its
 * level says; its second operand is any other earlier token. XOR and XNOR are .35 each and the other four gates .075 each: a gate
 * whose operands are unknown is right in .575 of the cases at best, and answers are balanced. Ids are drawn anew for every example,
 * so nothing can be learned about a gate from its name or its place; a constant's operand fields hold its own id.
 *
 * Trace: behind the circuit the values of its gates, level by level as they stand, the last level's being the answer; a value
 * is the constant's type in all four fields. */
#include <stdio.h>

#include "lib/base/status.h"
#include "lib/task/tasks.h"

enum { INPUTS, WIDTH, DEPTH, IDS, FIRST };
enum { IN0, IN1, AND, NAND, OR, NOR, XOR, XNOR, TYPES };
enum { FIELDS = 4, MOST_IDS = 4096 };

static const struct lat_task_option options[] = {{"inputs", "constants at level 0", NULL, 2, 1024, 8},
                                                 {"width", "gates of a level", NULL, 1, 1024, 3},
                                                 {"depth", "levels of gates", NULL, 1, 1024, 4},
                                                 {"ids", "names to draw from", NULL, 3, MOST_IDS, 32},
                                                 {"first", "gates of level 1; 0: as width", NULL, 0, 1024, 0},
                                                 {0}};

/* Gates of a level >= 1. */
static size_t gates(const struct lat_task_setting *setting, int64_t level) {
  return (size_t)(level == 1 && setting->option[FIRST] ? setting->option[FIRST] : setting->option[WIDTH]);
}

static int circuit_shape(const struct lat_task_setting *setting, struct lat_task_shape *shape) {
  const int64_t *o = setting->option;
  size_t tokens = (size_t)o[INPUTS] + gates(setting, 1) + (size_t)(o[DEPTH] - 1) * (size_t)o[WIDTH];
  if (tokens > (size_t)o[IDS])
    return LAT_FAIL(LAT_INPUT,
                    "task circuit: %zu inputs and gates need as many ids, there are %d; give ids=%zu or more, up to %d",
                    tokens, (int)o[IDS], tokens, MOST_IDS);
  *shape = (struct lat_task_shape){FIELDS, TYPES + (size_t)o[IDS], 2, tokens, (size_t)o[DEPTH] + 1, tokens, 0};
  if (setting->supervision == LAT_SUPERVISE_TRACE) shape->sequence += tokens - (size_t)o[INPUTS] - 1;
  return LAT_OK;
}

static int draw_type(struct lat_random *random) {
  static const int of[40] = {XOR,  XOR,  XOR,  XOR,  XOR,  XOR,  XOR,  XOR,  XOR,  XOR,  XOR,  XOR,  XOR,  XOR,
                             XNOR, XNOR, XNOR, XNOR, XNOR, XNOR, XNOR, XNOR, XNOR, XNOR, XNOR, XNOR, XNOR, XNOR,
                             AND,  AND,  AND,  NAND, NAND, NAND, OR,   OR,   OR,   NOR,  NOR,  NOR};
  return of[lat_random_below(random, 40)];
}

static int evaluate(int type, int a, int b) {
  switch (type) {
    case AND: return a & b;
    case NAND: return !(a & b);
    case OR: return a | b;
    case NOR: return !(a | b);
    case XOR: return a ^ b;
    default: return !(a ^ b);
  }
}

/* The first `count` entries become a random choice of all `all`, in random order. */
static void shuffle(struct lat_random *random, uint16_t *entry, size_t all, size_t count) {
  for (size_t i = 0; i < count; i++) {
    size_t j = i + (size_t)lat_random_below(random, all - i);
    uint16_t swap = entry[i];
    entry[i] = entry[j], entry[j] = swap;
  }
}

/* Each gate's value, asked for at the position before the one where it stands; from token `last` on they are the answer. */
static void write_trace(size_t inputs, size_t tokens, size_t last, int64_t depth, const unsigned char *value,
                        struct lat_example *example) {
  for (size_t i = 0; i < tokens - 1; i++) example->target[i] = -1, example->level[i] = 0;
  for (size_t k = 0; k + inputs < tokens; k++) {
    size_t at = tokens - 1 + k;
    example->target[at] = value[inputs + k];
    example->level[at] = inputs + k >= last ? (int32_t)depth : 0;
    for (size_t f = 0; f < FIELDS && inputs + k + 1 < tokens; f++)
      example->token[(at + 1) * FIELDS + f] = value[inputs + k] ? IN1 : IN0;
  }
}

static void circuit_make(const struct lat_task_setting *setting, struct lat_random *random, struct lat_example *example) {
  uint16_t id[MOST_IDS], operand[MOST_IDS];
  unsigned char value[MOST_IDS];
  size_t inputs = (size_t)setting->option[INPUTS], ids = (size_t)setting->option[IDS], at = inputs, before = 0;
  int64_t depth = setting->option[DEPTH];
  size_t tokens = inputs + gates(setting, 1) + (size_t)(depth - 1) * (size_t)setting->option[WIDTH];
  for (size_t i = 0; i < ids; i++) id[i] = (uint16_t)i;
  shuffle(random, id, ids, tokens);
  for (size_t i = 0; i < inputs; i++) {
    int32_t *token = example->token + i * FIELDS;
    value[i] = (unsigned char)lat_random_below(random, 2);
    token[0] = value[i] ? IN1 : IN0;
    token[1] = token[2] = token[3] = TYPES + id[i];
    example->target[i] = -1;
    example->level[i] = 0;
  }
  for (int64_t level = 1; level <= depth; level++) {
    size_t previous = at - before, start = at, count = gates(setting, level);
    for (size_t i = 0; i < count; i++, at++) {
      if (i % previous == 0) {
        for (size_t j = 0; j < previous; j++) operand[j] = (uint16_t)(before + j);
        shuffle(random, operand, previous, previous);
      }
      size_t p = operand[i % previous], q = (size_t)lat_random_below(random, start - 1);
      q += q >= p;
      int type = draw_type(random), asked = setting->supervision == LAT_SUPERVISE_DENSE || level == depth;
      value[at] = (unsigned char)evaluate(type, value[p], value[q]);
      int32_t *token = example->token + at * FIELDS;
      token[0] = type, token[1] = TYPES + id[at], token[2] = TYPES + id[p], token[3] = TYPES + id[q];
      example->target[at] = asked ? value[at] : -1;
      example->level[at] = asked ? (int32_t)level : 0;
    }
    before = start;
  }
  if (setting->supervision == LAT_SUPERVISE_TRACE) write_trace(inputs, tokens, before, depth, value, example);
}

static void circuit_text(const struct lat_task_setting *setting, size_t field, int32_t token, char text[16]) {
  static const char *const names[TYPES] = {"IN0", "IN1", "AND", "NAND", "OR", "NOR", "XOR", "XNOR"};
  (void)setting, (void)field;
  if (token < TYPES)
    snprintf(text, 16, "%s", names[token]);
  else
    snprintf(text, 16, "g%d", token - TYPES);
}

const struct lat_task lat_task_circuit = {
    "circuit",
    "values of the gates of a random layered circuit; level: the gate's",
    "circuit value problem: Ladner 1975; as a task for transformers Li, Liu, Zhou and Ma 2024",
    options,
    "depth",
    1u << LAT_SUPERVISE_ANSWER | 1u << LAT_SUPERVISE_DENSE | 1u << LAT_SUPERVISE_TRACE,
    circuit_shape,
    circuit_make,
    circuit_text,
    NULL};
