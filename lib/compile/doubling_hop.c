#include "lib/base/status.h"
#include "lib/compile/assembly.h"
#include "lib/compile/doubling.h"

/* What each loop does: fetch the predecessor; find; compose to find_2c; compose to find_(2c-1). MOVE and JUMP are 1 in the
 * loops that replace `far`, and those that replace `near`. */
enum { PREVIOUS, FIND, EVEN, ODD, MOVE, JUMP, FLAGS };
enum { HEAD_FAR, HEAD_NEAR, HEAD_FIND, HEADS };

/* A place is an address [m] and the symbol there [s]. Columns: own place, address of `far` = find_c and its symbol, the same of
 * `near` = find_(c-1); predecessor's symbol [s], position as a number, 1 for token 0, flags, then fetched places. */
struct plan {
  size_t m, s, place; /* place = m + s */
  size_t own, far, near, previous, rank, start, flag, far_far, far_near, near_near, found, width;
};

static struct plan make_plan(size_t symbols, size_t length) {
  struct plan plan = {.m = lat_assembly_bits(length + 1), .s = symbols + 1};
  plan.place = plan.m + plan.s;
  plan.far = plan.place;
  plan.near = 2 * plan.place;
  plan.previous = 3 * plan.place;
  plan.rank = plan.previous + plan.s;
  plan.start = plan.rank + 1;
  plan.flag = plan.start + 1;
  plan.far_far = plan.flag + FLAGS; /* far, and then near, of the place that `far` names */
  plan.far_near = plan.far_far + plan.place;
  plan.near_near = plan.far_near + plan.place; /* near of the place that `near` names */
  plan.found = plan.near_near + plan.place;
  plan.width = plan.found + plan.place;
  return plan;
}

static void assemble(const struct plan *plan, struct lat_assembly *assembly) {
  size_t flag = plan->flag, place = plan->place;
  /* At first `far` is the predecessor's place and `near` everyone's own, so that `near` of `far` is the predecessor. */
  lat_assembly_gate(assembly, flag + PREVIOUS, plan->far_near + plan->m, plan->previous, plan->s, 1);
  lat_assembly_gate(assembly, flag + MOVE, plan->far, plan->far, place, -1);
  lat_assembly_gate(assembly, flag + FIND, plan->found, plan->far, place, 1);
  lat_assembly_gate(assembly, flag + EVEN, plan->far_far, plan->far, place, 1);
  lat_assembly_gate(assembly, flag + ODD, plan->far_near, plan->far, place, 1);
  lat_assembly_gate(assembly, flag + JUMP, plan->near, plan->near, place, -1);
  lat_assembly_gate(assembly, flag + EVEN, plan->far_near, plan->near, place, 1);
  lat_assembly_gate(assembly, flag + ODD, plan->near_near, plan->near, place, 1);
  lat_assembly_clear(assembly, plan->far_far, 4 * place);
}

static void attend(const struct plan *plan, size_t keys, const struct lat_assembly *assembly) {
  struct lat_layer *layer = assembly->layer;
  size_t m = plan->m, values = 2 * plan->place;
  for (size_t h = HEAD_FAR; h <= HEAD_NEAR; h++) {
    lat_assembly_project(assembly, &layer->query, h * keys, h == HEAD_FAR ? plan->far : plan->near, m, LAT_ASSEMBLY_BETA);
    lat_assembly_project(assembly, &layer->key, h * keys, plan->own, m, 1);
    lat_assembly_project(assembly, &layer->value, h * values, plan->far, plan->place, 1);
    lat_assembly_project(assembly, &layer->value, h * values + plan->place, plan->near, plan->place, 1);
  }
  lat_assembly_output(assembly, HEADS * values, HEAD_FAR * values, plan->far_far, values);
  lat_assembly_output(assembly, HEADS * values, HEAD_NEAR * values + plan->place, plan->near_near, plan->place);
  /* The last token whose predecessor matches: a later one leads by 128, a match by more than all positions together, and
   * token 0 stands between matches and the rest. All logits are whole numbers below 2^24. */
  float later = 2 * LAT_ASSEMBLY_BETA, match = 4 * later * (float)((size_t)1 << m);
  size_t find = HEAD_FIND * keys;
  lat_assembly_project(assembly, &layer->query, find, plan->own + m, plan->s, match);
  lat_assembly_project(assembly, &layer->key, find, plan->previous, plan->s, 1);
  layer->query.bias[find + plan->s] = later;
  layer->query.bias[find + plan->s + 1] = match / 2;
  lat_assembly_project(assembly, &layer->key, find + plan->s, plan->rank, 2, 1);
  lat_assembly_project(assembly, &layer->value, HEAD_FIND * values, plan->own, plan->place, 1);
  lat_assembly_output(assembly, HEADS * values, HEAD_FIND * values, plan->found, plan->place);
}

static void set_place(const struct plan *plan, float *row, size_t column, size_t address) {
  for (size_t k = 0; k < plan->m; k++) row[column + k] = lat_assembly_sign(address, k);
}

static void embed(const struct plan *plan, size_t length, struct lat_transformer *model) {
  size_t D = plan->width, m = plan->m;
  for (size_t s = 0; s < plan->s; s++) {
    model->token[s * D + plan->own + m + s] = model->token[s * D + plan->near + m + s] = 1;
    model->head[s * D + plan->far + m + s] = 1;
  }
  for (size_t i = 0; i <= length; i++) {
    float *row = model->position + i * D;
    set_place(plan, row, plan->own, i);
    set_place(plan, row, plan->near, i);
    set_place(plan, row, plan->far, i > 0 ? i - 1 : 0);
    row[plan->rank] = (float)i;
    row[plan->start] = i == 0;
  }
}

/* The step embedding is added, so a row holds what changes. c = ceil(p / 2^j) goes from 1 to p. */
static void set_steps(const struct plan *plan, size_t hops, size_t loops, struct lat_transformer *model) {
  int before[FLAGS] = {0};
  for (size_t t = 0; t < loops + 2; t++) {
    int now[FLAGS] = {0};
    if (t == 0) now[PREVIOUS] = 1;
    if (t == 1) now[FIND] = 1;
    if (t >= 2 && t < loops) {
      size_t half = (size_t)1 << (loops - t), whole = half / 2; /* 2^j before and after this loop */
      size_t c = (hops + half - 1) / half, next = (hops + whole - 1) / whole;
      now[next == 2 * c ? EVEN : ODD] = 1;
    }
    now[JUMP] = now[EVEN] + now[ODD];
    now[MOVE] = now[JUMP] + now[FIND];
    for (size_t f = 0; f < FLAGS; f++) {
      model->step[t * plan->width + plan->flag + f] = (float)(now[f] - before[f]);
      before[f] = now[f];
    }
  }
}

size_t lat_hop_loops(size_t hops) { return 2 + lat_pace_loops(LAT_PACE_DOUBLING, hops); }

int lat_hop_machine(size_t symbols, size_t length, size_t hops, struct lat_transformer **result) {
  int status = LAT_OK;
  struct lat_transformer *model = NULL;
  *result = NULL;
  LAT_CHECK(status, symbols >= 2 && symbols <= 64, LAT_INPUT, "%zu symbols are not 2..64", symbols);
  LAT_CHECK(status, length >= 1 && length < 1 << 14, LAT_INPUT, "%zu tokens are not 1..16383", length);
  LAT_CHECK(status, hops >= 1 && hops <= length, LAT_INPUT, "%zu hops are not 1..%zu, the number of tokens", hops, length);
  struct plan plan = make_plan(symbols, length);
  struct lat_assembly assembly = {.width = plan.width};
  assemble(&plan, &assembly);
  size_t loops = lat_hop_loops(hops), keys = plan.m > plan.s + 2 ? plan.m : plan.s + 2;
  struct lat_transformer_config config = {.vocabulary = plan.s,
                                          .sequence = length + 1,
                                          .width = plan.width,
                                          .heads = HEADS,
                                          .key_width = keys,
                                          .value_width = 2 * plan.place,
                                          .ffn = assembly.units,
                                          .layers = 1,
                                          .steps = loops,
                                          .mask = LAT_MASK_CAUSAL,
                                          .positions = LAT_POSITIONS_LEARNED,
                                          .attention_scale = 1,
                                          .step_embeddings = loops + 2,
                                          .linear_bias = 1};
  LAT_TRY(status, lat_transformer_alloc(&config, &model));
  assembly = (struct lat_assembly){.layer = model->layer, .width = plan.width, .ffn = config.ffn};
  assemble(&plan, &assembly);
  attend(&plan, keys, &assembly);
  embed(&plan, length, model);
  set_steps(&plan, hops, loops, model);
  *result = model;
done:
  return status;
}

size_t lat_hop_find(const int32_t *v, size_t i) {
  for (size_t j = i; j >= 1; j--)
    if (v[j - 1] == v[i]) return j;
  return 0;
}
