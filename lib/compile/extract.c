/* Reading a circuit back from a model and its prompt.
 *
 * Columns are told apart by what the weights do with them: attention's output projection writes the scratch columns, the
 * down projection alone writes value and ready, nothing writes the others. Value columns are those that an input's delta
 * changes. Then, in every layer, for every token: whom its heads read (pointers.h), and what the layer makes of the row for
 * every assignment of values to the tokens read (probe.h). The row that comes out must be the row that went in with value
 * and ready set, whatever they were before and with nothing left in scratch. So each weight that a run could use is used. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/compile/compile.h"
#include "lib/compile/pointers.h"
#include "lib/compile/probe.h"
#include "lib/nn/parameters.h"

/* With one token read exactly, all that is left is rounding. */
#define TOLERANCE 1e-3

enum column_kind { COLUMN_FIXED, COLUMN_SCRATCH, COLUMN_VALUE, COLUMN_READY };

struct extraction {
  const struct lat_transformer *model;
  const struct lat_prompt *prompt;
  size_t N, D, H;
  unsigned char *kind;           /* [D]: enum column_kind */
  float *value, *ready;          /* [D]: value 1 and ready as they look in these columns */
  uint32_t *pointer, *compare;   /* [N * H] of the first layer and of another */
  uint64_t *table, *other_table; /* [N] over the distinct pointers, in the order in which they come */
  unsigned char *is_input;       /* [N] */
  float *row;                    /* [(H + 2) * D]: rows of the tokens read, the token itself, what comes out */
};

static int check_model(const struct lat_transformer *model, const struct lat_prompt *prompt) {
  const struct lat_transformer_config *config = &model->config;
  if (config->width != prompt->width)
    return LAT_FAIL(LAT_INPUT, "the model is %zu wide and the prompt %zu", config->width, prompt->width);
  if (config->heads < 1 || config->heads > LAT_MAX_FAN_IN)
    return LAT_FAIL(LAT_INPUT, "%zu heads are not 1..%d fan-ins", config->heads, LAT_MAX_FAN_IN);
  if (config->input_injection || config->step_embeddings || config->final_norm)
    return LAT_FAIL(LAT_INPUT, "input injection, step embeddings and a final norm are not of this construction");
  if (config->mask == LAT_MASK_WINDOW || config->positions == LAT_POSITIONS_ROTARY)
    return LAT_FAIL(LAT_INPUT, "a windowed mask and rotary positions are not of this construction");
  for (size_t i = 0; i < prompt->inputs; i++)
    if (prompt->input_row[i] >= prompt->tokens) return LAT_FAIL(LAT_INPUT, "input %zu has no token", i);
  for (size_t o = 0; o < prompt->outputs; o++)
    if (prompt->readout_row[o] >= prompt->tokens) return LAT_FAIL(LAT_INPUT, "output %zu has no token", o);
  return LAT_OK;
}

static int writes(const struct lat_linear *linear, size_t row, size_t columns) {
  int any = linear->bias && linear->bias[row] != 0.0f;
  for (size_t c = 0; c < columns; c++) any |= linear->weight[row * columns + c] != 0.0f;
  return any;
}

static int classify_columns(struct extraction *e) {
  const struct lat_transformer_config *config = &e->model->config;
  const struct lat_prompt *prompt = e->prompt;
  double reading = 0;
  for (size_t d = 0; d < e->D; d++) {
    int attention = 0, down = 0;
    for (size_t l = 0; l < config->layers; l++) {
      attention |= writes(&e->model->layer[l].output, d, e->H * config->value_width);
      down |= writes(&e->model->layer[l].down, d, config->ffn);
    }
    int is_value = prompt->input_delta[d] != 0.0f;
    if (is_value && (attention || !down)) return LAT_FAIL(LAT_INPUT, "column %zu of the inputs is no value column", d);
    e->kind[d] = (unsigned char)(attention ? COLUMN_SCRATCH : is_value ? COLUMN_VALUE : down ? COLUMN_READY : COLUMN_FIXED);
    e->value[d] = is_value ? prompt->input_delta[d] / 2 : 0;
    if (prompt->readout_direction[d] != 0.0f && !is_value)
      return LAT_FAIL(LAT_INPUT, "outputs are read from column %zu, which is no value column", d);
    reading += (double)prompt->readout_direction[d] * (double)e->value[d];
  }
  if (!(reading > 0)) return LAT_FAIL(LAT_INPUT, "the readout does not point to the side of value 1");
  return LAT_OK;
}

/* The embeddings of a model that carries its circuit must say what the prompt says. */
static int check_embedding(const struct extraction *e) {
  const struct lat_transformer *model = e->model;
  const struct lat_prompt *prompt = e->prompt;
  if (model->config.vocabulary == 0) return LAT_OK;
  if (model->config.vocabulary != 2 || !model->position || model->config.sequence < e->N)
    return LAT_FAIL(LAT_INPUT, "a vocabulary of %zu without positions is not of this construction",
                    model->config.vocabulary);
  for (size_t d = 0; d < e->D; d++) {
    if (!(model->token[e->D + d] - model->token[d] == prompt->input_delta[d]))
      return LAT_FAIL(LAT_INPUT, "the tokens 0 and 1 do not differ by an input's delta in column %zu", d);
    if (!(model->head[e->D + d] == -model->head[d] && model->head[e->D + d] == prompt->readout_direction[d]))
      return LAT_FAIL(LAT_INPUT, "the head does not read what the prompt reads in column %zu", d);
  }
  for (size_t i = 0; i < e->N; i++)
    for (size_t d = 0; d < e->D; d++)
      if (!(model->position[i * e->D + d] + model->token[d] == prompt->state[i * e->D + d]))
        return LAT_FAIL(LAT_INPUT, "the embedding of token %zu is not the prompt's row", i);
  return LAT_OK;
}

static int is_latch(const struct extraction *e, size_t token) {
  for (size_t h = 0; h < e->H; h++)
    if (e->pointer[token * e->H + h] != token) return 0;
  return 1;
}

/* What value and ready look like in a row of the prompt: 1, 0, or -1 when it is neither. */
static int reads_as(const struct extraction *e, const float *row, enum column_kind kind, const float *pattern) {
  int sign = 0;
  for (size_t d = 0; d < e->D; d++) {
    if (e->kind[d] != kind) continue;
    double value = (double)row[d], one = (double)pattern[d];
    int here = fabs(value - one) <= TOLERANCE ? 1 : fabs(value + one) <= TOLERANCE ? -1 : 0;
    if (here == 0 || (sign != 0 && here != sign)) return -1;
    sign = here;
  }
  return sign > 0;
}

/* Tokens that read themselves are ready from the start and all others are not; scratch is empty. */
static int check_initial_state(struct extraction *e) {
  const float *state = e->prompt->state;
  size_t latch = 0;
  while (latch < e->N && !is_latch(e, latch)) latch++;
  if (latch == e->N) return LAT_FAIL(LAT_INPUT, "no token reads itself: the circuit has no input and no constant");
  for (size_t d = 0; d < e->D; d++) {
    e->ready[d] = e->kind[d] == COLUMN_READY ? state[latch * e->D + d] : 0;
    if (e->kind[d] == COLUMN_READY && !(fabsf(e->ready[d]) > 0))
      return LAT_FAIL(LAT_INPUT, "column %zu is written but holds nothing at the start", d);
  }
  for (size_t i = 0; i < e->N; i++) {
    const float *row = state + i * e->D;
    for (size_t d = 0; d < e->D; d++)
      if (e->kind[d] == COLUMN_SCRATCH && row[d] != 0.0f)
        return LAT_FAIL(LAT_INPUT, "scratch of token %zu is not empty at the start", i);
    if (reads_as(e, row, COLUMN_VALUE, e->value) < 0) return LAT_FAIL(LAT_INPUT, "token %zu holds no value", i);
    if (reads_as(e, row, COLUMN_READY, e->ready) != is_latch(e, i))
      return LAT_FAIL(LAT_INPUT, "token %zu is %s at the start", i, is_latch(e, i) ? "an input but not ready" : "ready");
  }
  return LAT_OK;
}

static void set_row(const struct extraction *e, size_t token, int value, int ready, float *row) {
  memcpy(row, e->prompt->state + token * e->D, e->D * sizeof *row);
  for (size_t d = 0; d < e->D; d++) {
    if (e->kind[d] == COLUMN_VALUE) row[d] = value ? e->value[d] : -e->value[d];
    if (e->kind[d] == COLUMN_READY) row[d] = ready ? e->ready[d] : -e->ready[d];
  }
}

/* The distinct tokens that a token reads, in order; which[h] is the place of head h's token among them. */
static unsigned distinct(const struct extraction *e, const uint32_t *pointer, uint32_t *list, unsigned *which) {
  unsigned count = 0;
  for (size_t h = 0; h < e->H; h++) {
    unsigned place = 0;
    while (place < count && list[place] != pointer[h]) place++;
    if (place == count) list[count++] = pointer[h];
    which[h] = place;
  }
  return count;
}

/* Applies the layer to a token that holds (own_value, own_ready) and reads tokens with these values and ready bits (one bit
 * a distinct token). What comes out must be the same row with *value and the conjunction of the ready bits. */
static int apply(struct extraction *e, struct lat_probe *probe, size_t token, const uint32_t *pointer, unsigned values,
                 unsigned readies, int own_value, int own_ready, int *value) {
  uint32_t list[LAT_MAX_FAN_IN];
  unsigned which[LAT_MAX_FAN_IN], count = distinct(e, pointer, list, which);
  const float *source[LAT_MAX_FAN_IN];
  float *own = e->row + e->H * e->D, *out = own + e->D;
  for (unsigned p = 0; p < count; p++) {
    set_row(e, list[p], values >> p & 1, readies >> p & 1, e->row + p * e->D);
    if (list[p] == token) own_value = values >> p & 1, own_ready = readies >> p & 1;
  }
  for (size_t h = 0; h < e->H; h++) source[h] = e->row + which[h] * e->D;
  set_row(e, token, own_value, own_ready, own);
  memcpy(out, own, e->D * sizeof *out);
  lat_probe_apply(probe, source, out);
  *value = reads_as(e, out, COLUMN_VALUE, e->value);
  if (*value < 0) return LAT_FAIL(LAT_INPUT, "the layer leaves no value in token %zu", token);
  if (reads_as(e, out, COLUMN_READY, e->ready) != (readies == (1u << count) - 1))
    return LAT_FAIL(LAT_INPUT, "the ready bit of token %zu is not that all it reads are ready", token);
  for (size_t d = 0; d < e->D; d++)
    if ((e->kind[d] == COLUMN_SCRATCH || e->kind[d] == COLUMN_FIXED) && !(fabsf(out[d] - own[d]) <= (float)TOLERANCE))
      return LAT_FAIL(LAT_INPUT, "the layer changes column %zu of token %zu", d, token);
  return LAT_OK;
}

static int find_table(struct extraction *e, struct lat_probe *probe, size_t token, const uint32_t *pointer,
                      uint64_t *table) {
  uint32_t list[LAT_MAX_FAN_IN];
  unsigned which[LAT_MAX_FAN_IN], count = distinct(e, pointer, list, which), all = (1u << count) - 1;
  int status, value;
  *table = 0;
  for (unsigned s = 0; s <= all; s++) {
    int own = __builtin_popcount(s) & 1; /* both old values and ready bits come up: they must not matter */
    if ((status = apply(e, probe, token, pointer, s, all, own, own, &value)) != LAT_OK) return status;
    *table |= (uint64_t)(value == 1) << s;
  }
  for (unsigned p = 0; p <= count; p++) { /* one not ready, then none */
    unsigned readies = p < count ? all & ~(1u << p) : 0;
    if ((status = apply(e, probe, token, pointer, p & 1 ? 0 : all, readies, 0, p & 1, &value)) != LAT_OK) return status;
  }
  return LAT_OK;
}

struct span {
  const float *first;
  size_t count;
};

static int measure_span(void *context, const char *name, size_t rows, size_t columns, float **slot) {
  (void)name;
  struct span *span = context;
  if (!span->first) span->first = *slot;
  span->count += rows * (columns > 0 ? columns : 1);
  return LAT_OK;
}

/* Layers lie one behind the other, each in one piece. */
static int same_weights(const struct lat_transformer *model, size_t a, size_t b) {
  struct span span[2] = {{0}};
  lat_parameters_visit_layer(&model->config, &model->layer[a], a, measure_span, &span[0]);
  lat_parameters_visit_layer(&model->config, &model->layer[b], b, measure_span, &span[1]);
  return memcmp(span[0].first, span[1].first, span[0].count * sizeof(float)) == 0;
}

/* All layers must compute one circuit. Those with the same bits as their predecessor need no second look. */
static int read_layers(struct extraction *e) {
  int status = LAT_OK;
  struct lat_probe *probe = NULL;
  for (size_t l = 0; l < e->model->config.layers; l++) {
    if (l > 0 && same_weights(e->model, l - 1, l)) continue;
    uint32_t *pointer = l == 0 ? e->pointer : e->compare;
    uint64_t *table = l == 0 ? e->table : e->other_table;
    LAT_TRY(status, lat_probe_alloc(e->model, l, &probe));
    LAT_TRY(status, lat_pointers_find(e->model, probe, e->prompt, pointer));
    if (l == 0) LAT_TRY(status, check_initial_state(e));
    for (size_t i = 0; i < e->N; i++) LAT_TRY(status, find_table(e, probe, i, pointer + i * e->H, &table[i]));
    LAT_CHECK(status,
              l == 0 || (memcmp(e->pointer, e->compare, e->N * e->H * sizeof *e->pointer) == 0 &&
                         memcmp(e->table, e->other_table, e->N * sizeof *e->table) == 0),
              LAT_INPUT, "layer %zu computes another circuit than layer 0", l);
    lat_probe_free(probe);
    probe = NULL;
  }
done:
  lat_probe_free(probe);
  if (status != LAT_OK) return lat_fail_prefix(status, "not a compiled circuit");
  return LAT_OK;
}

/* Inputs first, in the order of the ports; then the other tokens as they stand. */
static int build(const struct extraction *e, struct lat_netlist *netlist, uint32_t *number) {
  const struct lat_prompt *prompt = e->prompt;
  int status;
  for (size_t i = 0; i < prompt->inputs; i++) {
    size_t token = prompt->input_row[i];
    if (e->is_input[token]) return LAT_FAIL(LAT_INPUT, "two inputs share token %zu", token);
    if (!is_latch(e, token) || e->table[token] != 2) return LAT_FAIL(LAT_INPUT, "input %zu does not hold its value", i);
    if (reads_as(e, prompt->state + token * e->D, COLUMN_VALUE, e->value) != 0)
      return LAT_FAIL(LAT_INPUT, "input %zu is not 0 at the start", i);
    e->is_input[token] = 1;
    if ((status = lat_netlist_input(netlist, NULL, &number[token])) != LAT_OK) return status;
  }
  uint32_t next = (uint32_t)prompt->inputs;
  for (size_t i = 0; i < e->N; i++)
    if (!e->is_input[i]) number[i] = next++;
  for (size_t i = 0; i < e->N; i++) {
    if (e->is_input[i]) continue;
    uint32_t fan_in[LAT_MAX_FAN_IN] = {0};
    uint64_t table = e->table[i];
    unsigned which[LAT_MAX_FAN_IN], count = distinct(e, e->pointer + i * e->H, fan_in, which);
    if (is_latch(e, i)) { /* what it holds at the start must stay */
      int held = reads_as(e, prompt->state + i * e->D, COLUMN_VALUE, e->value);
      if ((int)(table >> held & 1) != held) return LAT_FAIL(LAT_INPUT, "token %zu does not hold its constant", i);
      table = (uint64_t)held;
      count = 0;
    }
    for (unsigned p = 0; p < count; p++) fan_in[p] = number[fan_in[p]];
    if ((status = lat_netlist_node(netlist, count, fan_in, table, NULL)) != LAT_OK) return status;
  }
  for (size_t o = 0; o < prompt->outputs; o++)
    if ((status = lat_netlist_output(netlist, NULL, number[prompt->readout_row[o]])) != LAT_OK) return status;
  return lat_netlist_finish(netlist, NULL);
}

int lat_compile_extract(const struct lat_transformer *model, const struct lat_prompt *prompt, struct lat_netlist **result) {
  size_t N = prompt->tokens, D = prompt->width, H = model->config.heads;
  struct extraction e = {.model = model, .prompt = prompt, .N = N, .D = D, .H = H};
  struct lat_netlist *netlist = NULL;
  uint32_t *number = NULL;
  int status = LAT_OK;
  *result = NULL;
  LAT_TRY(status, check_model(model, prompt));
  e.kind = lat_calloc(D, 1);
  e.value = lat_alloc(D, sizeof(float));
  e.ready = lat_alloc(D, sizeof(float));
  e.pointer = lat_alloc(N * H, sizeof *e.pointer);
  e.compare = lat_alloc(N * H, sizeof *e.compare);
  e.table = lat_alloc(N, sizeof *e.table);
  e.other_table = lat_alloc(N, sizeof *e.other_table);
  e.is_input = lat_calloc(N, 1);
  e.row = lat_alloc((H + 2) * D, sizeof(float));
  number = lat_alloc(N, sizeof *number);
  LAT_CHECK(
      status,
      e.kind && e.value && e.ready && e.pointer && e.compare && e.table && e.other_table && e.is_input && e.row && number,
      LAT_MEMORY, "no memory to read a circuit of %zu tokens", N);
  LAT_TRY(status, classify_columns(&e));
  LAT_TRY(status, check_embedding(&e));
  LAT_TRY(status, read_layers(&e));
  LAT_TRY(status, lat_netlist_alloc("extracted", &netlist));
  LAT_TRY(status, build(&e, netlist, number));
  *result = netlist;
  netlist = NULL;
done:
  lat_netlist_free(netlist);
  lat_free(number);
  lat_free(e.row);
  lat_free(e.is_input);
  lat_free(e.other_table);
  lat_free(e.table);
  lat_free(e.compare);
  lat_free(e.pointer);
  lat_free(e.ready);
  lat_free(e.value);
  lat_free(e.kind);
  return status;
}
