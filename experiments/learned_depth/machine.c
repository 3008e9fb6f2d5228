#include "experiments/learned_depth/machine.h"

#include <math.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/circuit/circuit.h"
#include "lib/compile/engine.h"

static const struct {
  const char *name;
  uint64_t table; /* bit a + 2 b */
} gates[] = {{"AND", 8}, {"NAND", 7}, {"OR", 14}, {"NOR", 1}, {"XOR", 6}, {"XNOR", 9}};

static int position_of(const struct lat_example *example, size_t fields, size_t before, int32_t id, uint32_t *position) {
  for (size_t j = 0; j < before; j++)
    if (example->token[j * fields + 1] == id) {
      *position = (uint32_t)j;
      return LAT_OK;
    }
  return LAT_FAIL(LAT_INPUT, "an operand of the gate at position %zu is no earlier token", before);
}

static int add_gate(const struct lat_task_setting *setting, const struct lat_example *example, size_t fields, size_t i,
                    struct lat_netlist *netlist) {
  char text[16];
  uint32_t operand[2];
  int status = LAT_OK;
  const int32_t *token = example->token + i * fields;
  setting->task->token_text(setting, 0, token[0], text);
  for (size_t g = 0; g < sizeof gates / sizeof *gates; g++) {
    if (strcmp(gates[g].name, text) != 0) continue;
    LAT_TRY(status, position_of(example, fields, i, token[2], &operand[0]));
    LAT_TRY(status, position_of(example, fields, i, token[3], &operand[1]));
    return lat_netlist_node(netlist, 2, operand, gates[g].table, NULL);
  }
  return LAT_FAIL(LAT_INPUT, "'%s' at position %zu is no gate", text, i);
done:
  return status;
}

int lat_machine_circuit(const struct lat_task_setting *setting, const struct lat_example *example,
                        struct lat_netlist **netlist, unsigned char *bit) {
  struct lat_task_shape shape;
  int status = LAT_OK;
  size_t i = 0;
  *netlist = NULL;
  LAT_TRY(status, lat_task_shape(setting, &shape));
  LAT_TRY(status, lat_netlist_alloc("task", netlist));
  for (; i < shape.sequence; i++) {
    char text[16];
    setting->task->token_text(setting, 0, example->token[i * shape.fields], text);
    if (strcmp(text, "IN0") != 0 && strcmp(text, "IN1") != 0) break;
    bit[i] = text[2] == '1';
    LAT_TRY(status, lat_netlist_input(*netlist, NULL, NULL));
  }
  for (; i < shape.sequence; i++) LAT_TRY(status, add_gate(setting, example, shape.fields, i, *netlist));
  for (i = 0; i < shape.sequence; i++)
    if (example->level[i] + 1 == (int32_t)shape.levels) LAT_TRY(status, lat_netlist_output(*netlist, NULL, (uint32_t)i));
  LAT_TRY(status, lat_netlist_finish(*netlist, NULL));
done:
  if (status != LAT_OK) {
    lat_netlist_free(*netlist);
    *netlist = NULL;
  }
  return status;
}

/* Of one example. */
struct work {
  struct lat_example example;
  unsigned char *bit;
  uint64_t *right, *ready; /* [steps + 1, levels] */
  struct lat_netlist *netlist;
  struct lat_vectors *inputs, *values;
  struct lat_compiled *compiled;
  struct lat_engine *engine;
};

static void forget(struct work *work) {
  lat_engine_free(work->engine);
  lat_compiled_free(work->compiled);
  lat_vectors_free(work->values);
  lat_vectors_free(work->inputs);
  lat_netlist_free(work->netlist);
  work->engine = NULL, work->compiled = NULL, work->values = work->inputs = NULL, work->netlist = NULL;
}

static int simulate(const struct lat_task_shape *shape, struct work *work, struct lat_machine_report *report) {
  int status = LAT_OK;
  LAT_TRY(status, lat_vectors_alloc(work->netlist->inputs, 1, &work->inputs));
  for (size_t i = 0; i < work->netlist->inputs; i++) lat_vectors_set(work->inputs, i, 0, work->bit[i]);
  LAT_TRY(status, lat_vectors_alloc(work->netlist->nodes, 1, &work->values));
  lat_simulate(work->netlist, work->inputs, work->values);
  for (size_t i = 0; i < shape->sequence; i++)
    report->unlike += work->example.target[i] >= 0 && lat_vectors_get(work->values, i, 0) != work->example.target[i];
done:
  return status;
}

/* Runs the example in hand and adds to the score; `first` holds the first circuit's parameters. */
static int run_one(const struct lat_task_setting *setting, const struct lat_task_shape *shape, size_t layers, size_t steps,
                   struct work *work, float **first, struct lat_score *score, struct lat_machine_report *report) {
  struct lat_construction construction = {
      .fan_in = 2, .layers = layers, .norm = LAT_NORM_NONE, .activation = LAT_ACTIVATION_RELU, .mask = LAT_MASK_FULL};
  struct lat_engine_record record = {.steps = steps, .level_right = work->right, .level_ready = work->ready};
  struct lat_certificate certificate;
  int status = LAT_OK;
  LAT_TRY(status, lat_machine_circuit(setting, &work->example, &work->netlist, work->bit));
  LAT_TRY(status, simulate(shape, work, report));
  LAT_TRY(status, lat_compile(work->netlist, &construction, &work->compiled));
  const struct lat_transformer *model = work->compiled->model;
  LAT_CHECK(status, work->compiled->depth + 1 == shape->levels, LAT_INPUT,
            "a circuit of %u levels where %zu were asked for", work->compiled->depth, shape->levels - 1);
  if (*first == NULL) {
    *first = lat_alloc(model->count, sizeof **first);
    LAT_CHECK(status, *first != NULL, LAT_MEMORY, "no memory for %zu parameters", model->count);
    memcpy(*first, model->parameters, model->count * sizeof **first);
    report->parameters = model->count;
  }
  report->other +=
      model->count != report->parameters || memcmp(*first, model->parameters, model->count * sizeof **first) != 0;
  LAT_TRY(status, lat_engine_alloc(work->compiled, LAT_ATTENTION_AUTO, &work->engine));
  lat_certify(work->compiled, lat_engine_attention(work->engine), &certificate);
  report->certified += certificate.certified != 0;
  LAT_TRY(status, lat_engine_run(work->engine, work->inputs, work->values, &record));
  for (size_t i = 0; i < shape->sequence; i++) score->asked[work->example.level[i]] += work->example.target[i] >= 0;
  for (size_t t = 0; t < steps; t++) {
    int whole = 1;
    for (size_t l = 1; l < shape->levels; l++) {
      uint64_t right = work->right[(t + 1) * shape->levels + l], all = 0;
      for (size_t i = 0; i < shape->sequence; i++) all += work->compiled->level[i] == l;
      score->right[t * shape->levels + l] += right;
      whole &= right == all;
    }
    score->exact[t] += (uint64_t)whole;
  }
done:
  forget(work);
  return status;
}

int lat_machine_evaluate(const struct lat_task_setting *setting, uint64_t seed, const char *purpose, size_t examples,
                         size_t layers, size_t steps, struct lat_score *score, struct lat_machine_report *report) {
  struct lat_task_shape shape;
  struct work work = {0};
  float *first = NULL;
  int status = LAT_OK;
  *report = (struct lat_machine_report){0};
  *score = (struct lat_score){0};
  LAT_TRY(status, lat_task_shape(setting, &shape));
  *score = (struct lat_score){.steps = steps, .levels = shape.levels, .examples = examples};
  score->right = lat_calloc(steps * shape.levels, sizeof *score->right);
  score->asked = lat_calloc(shape.levels, sizeof *score->asked);
  score->exact = lat_calloc(steps, sizeof *score->exact);
  score->broken = lat_calloc(steps, sizeof *score->broken);
  score->loss = lat_calloc(steps, sizeof *score->loss);
  work.example.token = lat_calloc(shape.sequence * shape.fields, sizeof *work.example.token);
  work.example.target = lat_calloc(shape.sequence, sizeof *work.example.target);
  work.example.level = lat_calloc(shape.sequence, sizeof *work.example.level);
  work.bit = lat_calloc(shape.sequence, 1);
  work.right = lat_calloc((steps + 1) * shape.levels, sizeof *work.right);
  work.ready = lat_calloc((steps + 1) * shape.levels, sizeof *work.ready);
  LAT_CHECK(status,
            score->right && score->asked && score->exact && score->broken && score->loss && work.example.token &&
                work.example.target && work.example.level && work.bit && work.right && work.ready,
            LAT_MEMORY, "no memory for the machine's score");
  for (size_t t = 0; t < steps; t++) score->loss[t] = (double)NAN;
  for (size_t n = 0; n < examples; n++) {
    memset(work.right, 0, (steps + 1) * shape.levels * sizeof *work.right);
    memset(work.ready, 0, (steps + 1) * shape.levels * sizeof *work.ready);
    lat_task_make(setting, seed, purpose, n, &work.example);
    LAT_TRY(status, run_one(setting, &shape, layers, steps, &work, &first, score, report));
  }
done:
  lat_free(work.example.token);
  lat_free(work.example.target);
  lat_free(work.example.level);
  lat_free(work.bit);
  lat_free(work.right);
  lat_free(work.ready);
  lat_free(first);
  if (status != LAT_OK) lat_score_free(score);
  return status;
}
