/* Modular arithmetic on a random tree (Mano: Allen-Zhu 2025, Physics of Language Models 4.1; Zhu et al. 2025, Ouro, figure
 * 6).
 *
 *   len3 - * a b + c d =  (a b - (c + d)) mod p
 *
 * The number of operations k is uniform in fewest .. operations and told by the first token. A tree of k operations has i
 * of the others on its left and k - 1 - i on its right, i uniform; operations are uniform over + - *, leaves over 0 .. p-1.
 * The trace is the value of every operation in the order in which a stack machine finds them, the answer last. Dense: at
 * every operation its value, which in prefix notation only a model that looks ahead can know. The level is the number of
 * operations below and with it, or the depth of the tree below. */
#include <assert.h>
#include <stdio.h>

#include "lib/base/status.h"
#include "lib/task/layout.h"
#include "lib/task/tasks.h"

enum { OPERATIONS, FEWEST, MODULUS, NOTATION, LEVEL };
enum { MOST = 64, NODES = 2 * MOST + 1 };
static const struct lat_task_option options[] = {
    {"operations", "in the tree, at most", NULL, 1, MOST, 4},
    {"fewest", "operations in the tree, at least; 0: always `operations`", NULL, 0, MOST, 1},
    {"modulus", "p", NULL, 2, 97, 23},
    {"notation", "where an operation stands: before its operands, as in the papers, or behind them", "prefix|postfix", 0, 1,
     0},
    {"level", "what makes a value difficult: the operations in it, or how many stand on one path", "operations|depth", 0, 1,
     0},
    {0}};

/* Tokens: the numbers mod p are classes; then + - * = pad pause, then the lengths. */
enum { PLUS, MINUS, TIMES, EQUALS, PAD, PAUSE, SIGNS };

struct node {
  int sign; /* PLUS, MINUS, TIMES; -1: a leaf */
  int32_t value;
  uint8_t operations, depth, right; /* of its subtree; place of the right operand, the left one follows at once */
};

static size_t prompt_of(int64_t operations) { return 2 * (size_t)operations + 3; }

static int shape_of(const struct lat_task_setting *setting, struct lat_task_shape *shape) {
  const int64_t *option = setting->option;
  if (option[FEWEST] > option[OPERATIONS])
    return LAT_FAIL(LAT_INPUT,
                    "task mano: fewest = %lld is more than operations = %lld; lower it, or 0 for always `operations`",
                    (long long)option[FEWEST], (long long)option[OPERATIONS]);
  *shape = (struct lat_task_shape){.fields = 1,
                                   .vocabulary = (size_t)(option[MODULUS] + SIGNS + option[OPERATIONS]),
                                   .classes = (size_t)option[MODULUS],
                                   .levels = (size_t)option[OPERATIONS] + 1};
  lat_layout_shape(setting->supervision, prompt_of(option[OPERATIONS]), (size_t)option[OPERATIONS] - 1, 1, shape);
  return LAT_OK;
}

/* Nodes in prefix order. What is still to be written waits on a stack of operation counts. */
static size_t grow(struct node *node, int64_t operations, int64_t modulus, struct lat_random *random) {
  int64_t wait[MOST + 1];
  size_t waiting = 0, nodes = 0;
  wait[waiting++] = operations;
  while (waiting > 0) {
    int64_t own = wait[--waiting];
    node[nodes] = (struct node){.sign = -1};
    if (own > 0) {
      int64_t left = (int64_t)lat_random_below(random, (uint64_t)own);
      node[nodes].sign = (int)lat_random_below(random, 3);
      wait[waiting++] = own - 1 - left;
      wait[waiting++] = left;
    } else {
      node[nodes].value = (int32_t)lat_random_below(random, (uint64_t)modulus);
    }
    nodes++;
  }
  return nodes;
}

static int32_t apply(int sign, int32_t a, int32_t b, int32_t modulus) {
  if (sign == PLUS) return (a + b) % modulus;
  if (sign == MINUS) return (a - b + modulus) % modulus;
  return a * b % modulus;
}

/* From the last node back: both operands of a node stand behind it. */
static void evaluate(struct node *node, size_t nodes, int64_t modulus) {
  for (size_t i = nodes; i-- > 0;) {
    if (node[i].sign < 0) continue;
    const struct node *left = &node[i + 1];
    size_t right = i + 2 + 2 * (size_t)left->operations;
    node[i].right = (uint8_t)right;
    node[i].operations = (uint8_t)(left->operations + node[right].operations + 1);
    node[i].depth = (uint8_t)((left->depth > node[right].depth ? left->depth : node[right].depth) + 1);
    node[i].value = apply(node[i].sign, left->value, node[right].value, (int32_t)modulus);
  }
}

/* Operands before operations: the reverse of node, right, left. */
static void postfix_order(const struct node *node, size_t nodes, uint8_t *order) {
  uint8_t wait[MOST + 1];
  size_t waiting = 0, place = nodes;
  wait[waiting++] = 0;
  while (waiting > 0) {
    uint8_t i = wait[--waiting];
    order[--place] = i;
    if (node[i].sign < 0) continue;
    wait[waiting++] = (uint8_t)(i + 1);
    wait[waiting++] = node[i].right;
  }
  assert(place == 0);
}

static void make(const struct lat_task_setting *setting, struct lat_random *random, struct lat_example *example) {
  const int64_t *option = setting->option;
  int64_t fewest = option[FEWEST] > 0 ? option[FEWEST] : option[OPERATIONS];
  int64_t operations = fewest + (int64_t)lat_random_below(random, (uint64_t)(option[OPERATIONS] - fewest + 1));
  int32_t signs = (int32_t)option[MODULUS];
  struct node node[NODES];
  uint8_t order[NODES];
  size_t nodes = grow(node, operations, option[MODULUS], random);
  assert(nodes == 2 * (size_t)operations + 1);
  evaluate(node, nodes, option[MODULUS]);
  postfix_order(node, nodes, order);

  struct lat_layout layout;
  lat_layout_start(&layout, setting, prompt_of(operations), prompt_of(option[OPERATIONS]), signs + PAD, signs + PAUSE,
                   example);
  lat_layout_token(&layout, signs + SIGNS + (int32_t)operations - 1);
  for (size_t k = 0; k < nodes; k++) {
    const struct node *at = &node[option[NOTATION] == 0 ? k : order[k]];
    lat_layout_token(&layout, at->sign < 0 ? at->value : signs + at->sign);
    if (at->sign >= 0) lat_layout_dense(&layout, at->value, option[LEVEL] == 0 ? at->operations : at->depth);
  }
  lat_layout_token(&layout, signs + EQUALS);
  for (size_t k = 0; k + 1 < nodes; k++)
    if (node[order[k]].sign >= 0) lat_layout_trace(&layout, node[order[k]].value);
  lat_layout_answer(&layout, node[0].value, option[LEVEL] == 0 ? node[0].operations : node[0].depth);
  lat_layout_finish(&layout);
}

static void token_text(const struct lat_task_setting *setting, size_t field, int32_t token, char text[16]) {
  int32_t place = token - (int32_t)setting->option[MODULUS];
  (void)field;
  if (place < 0)
    snprintf(text, 16, "%d", token);
  else if (place < SIGNS)
    snprintf(text, 16, "%c", "+-*=._"[place]);
  else
    snprintf(text, 16, "len%d", place - SIGNS + 1);
}

static void class_text(const struct lat_task_setting *setting, int32_t class, char text[16]) {
  token_text(setting, 0, class, text);
}

const struct lat_task lat_task_mano = {
    .name = "mano",
    .help =
        "the value of an arithmetic tree mod p; dense: at every operation its value (in prefix notation this needs "
        "attention both ways); level: operations in the value, or depth",
    .source = "Allen-Zhu 2025; Zhu et al. 2025 (Ouro)",
    .options = options,
    .difficulty = "operations",
    .supervision =
        1U << LAT_SUPERVISE_ANSWER | 1U << LAT_SUPERVISE_DENSE | 1U << LAT_SUPERVISE_HINT | 1U << LAT_SUPERVISE_TRACE,
    .shape = shape_of,
    .make = make,
    .token_text = token_text,
    .class_text = class_text};
