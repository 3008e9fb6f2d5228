/* Does an L-layer block looped T times evaluate exactly L T levels? */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/depth_wavefront/analyse.h"
#include "lib/base/clock.h"
#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/circuit/circuit.h"
#include "lib/circuit/settle.h"
#include "lib/compile/wavefront.h"
#include "lib/sweep/experiment.h"

#define PARAMETERS(INT, REAL, TEXT, PATH)                                                                                  \
  PATH(circuit, "", "circuit file (AIGER, BENCH or BLIF), taken where family is file", "", "", "")                         \
  TEXT(                                                                                                                    \
      family, "", "circuit family NAME:SIZE, or file", "ripple:6,batcher:8,file",                                          \
      "ripple:12,ripple:60,parity:64,kogge_stone:16,comparator:32,batcher:16,s5_serial:10,layered:120,multiplexer:5,file", \
      "ripple:12,ripple:60,ripple:128,parity:256,kogge_stone:64,wallace:16,comparator:64,sipser:5,s5_tree:32,"             \
      "s5_serial:16,s5_serial:32,batcher:64,majority:64,reachability:12,rule110:40,layered:120,layered:250,multiplexer:7," \
      "file")                                                                                                              \
  INT(lut, "fan-ins", 0, 6, "fan-ins of a mapped node; 0: the gates as they are", "0", "0,4", "0,2,3,4,6")                 \
  TEXT(form, "", "plain: no norm, ReLU, full mask; gpt2: LayerNorm, GELU, causal mask", "plain,gpt2", "plain,gpt2",        \
       "plain,gpt2")                                                                                                       \
  INT(layers, "layers", 1, 64, "layers L of the block", "1,2,3", "1,2,3,4,5,6,7,8,9,10,11,12",                             \
      "1,2,3,4,5,6,7,8,9,10,11,12,16,24")                                                                                  \
  TEXT(attention, "", "exact: as compiled; uniform: the control, query weights 0", "exact,uniform", "exact,uniform",       \
       "exact,uniform")                                                                                                    \
  INT(vectors, "vectors", 1, 65535, "random input vectors", "64", "255", "1023")                                           \
  INT(seed, "", 0, 1000000, "of the vectors and of random circuits", "0", "0", "0,1,2")
LAT_DEFINE_PARAMETERS(PARAMETERS)

static const struct lat_output outputs[] = {
    {"depth", "levels", "levels of the circuit that runs", LAT_INTEGER, "", 0},
    {"nodes", "tokens", "nodes, one token each", LAT_INTEGER, "", 0},
    {"output_count", "bits", "outputs", LAT_INTEGER, "", 0},
    {"steps_needed", "steps", "ceil(depth / L)", LAT_INTEGER, "", 0},
    {"certified", "1", "1 when the certificate covers this machine", LAT_INTEGER, "", 0},
    {"certificate_margin", "1", "right minus left side of the certificate's inequality", LAT_REAL, "", LAT_MAY_BE_MISSING},
    {"beta", "1", "sharpness of attention", LAT_REAL, "", 0},
    {"parameters", "numbers", "parameters of the model", LAT_INTEGER, "", 0},
    {"checked", "values", "wire values at or below level L t, over steps and vectors", LAT_INTEGER, "", 0},
    {"wrong", "values", "of these, not equal to the circuit's", LAT_INTEGER, "", 0},
    {"late", "values", "of these, not ready", LAT_INTEGER, "", 0},
    {"early", "values", "wire values above level L t that claim to be ready", LAT_INTEGER, "", 0},
    {"wrong_vectors", "vectors", "random vectors with a wrong output bit after the last step", LAT_INTEGER, "", 0},
    {"unpredicted", "vectors", "vectors whose settling step is not that of the synchronous network", LAT_INTEGER, "", 0},
    {"settled_last", "steps", "last settling step among the random vectors", LAT_INTEGER, "", 0},
    {"sensitised", "steps", "settling step of the sensitising vector", LAT_INTEGER, "", 0},
    {"front", "levels", "highest level up to which every wire is ready", LAT_INTEGER, "step", 0},
    {"output_right", "1", "fraction of output bits right", LAT_REAL, "step", 0},
    {"output_ready", "1", "fraction of outputs ready", LAT_REAL, "step", 0},
    {"largest_error", "1", "largest |v - bit| of right and ready wires", LAT_REAL, "step", 0},
    {"settled_step", "steps", "last step at which an output changes; the last vector is the sensitising one", LAT_INTEGER,
     "vector", 0},
    {"right", "1", "fraction of wires right; kept for two layers, plain gates and small circuits", LAT_REAL,
     "shown_step,level", LAT_MAY_BE_MISSING},
    {"seconds", "s", "time of the run itself", LAT_REAL, "", LAT_IS_TIMING},
    {0}};

enum { CELLS = 2500 }; /* a merged file gives every point the room of the largest */

static int64_t family_depth(const char *family) {
  const char *colon = strchr(family, ':');
  for (const struct lat_family *f = lat_families; colon != NULL && f->name != NULL; f++)
    if (strlen(f->name) == (size_t)(colon - family) && strncmp(f->name, family, strlen(f->name)) == 0)
      return f->depth(strtoll(colon + 1, NULL, 10));
  return 0;
}

static const char *reject(const void *pointer) {
  const struct parameters *p = pointer;
  int file = strcmp(p->family, "file") == 0;
  if (file && *p->circuit == '\0') return "family file is for --set circuit=FILE";
  if (!file && *p->circuit != '\0') return "with --set circuit=FILE only family file is run";
  if (p->lut == 1) return "a node of one fan-in computes nothing";
  int uniform = strcmp(p->attention, "uniform") == 0;
  if (uniform && (p->lut != 0 || p->layers != 1 || strcmp(p->form, "plain") != 0))
    return "the control is run on plain gates with one layer";
  if (p->layers > 3 && (file || p->lut != 0 || strcmp(p->form, "plain") != 0 || family_depth(p->family) > 24))
    return "over 3 layers: plain gates of at most 24 levels";
  if (p->layers == 2 && strcmp(p->form, "gpt2") == 0) return "form gpt2 is run with one layer and with three";
  return NULL;
}

static double cost(const void *pointer) {
  const struct parameters *p = pointer;
  return 1 + (double)family_depth(p->family);
}

/* The circuit that a point is about. */
static int make_circuit(const struct parameters *p, struct lat_netlist **netlist) {
  struct lat_netlist *raw = NULL;
  int status = strcmp(p->family, "file") == 0 ? lat_circuit_read(p->circuit, &raw)
                                              : lat_family_make(p->family, (uint64_t)p->seed, &raw);
  *netlist = NULL;
  if (status == LAT_OK)
    status = p->lut == 0 ? lat_circuit_clean(raw, netlist) : lat_circuit_map(raw, (unsigned)p->lut, netlist);
  lat_netlist_free(raw);
  return status;
}

static unsigned most_fan_ins(const struct lat_netlist *netlist) {
  unsigned most = 2;
  for (size_t i = netlist->inputs; i < netlist->nodes; i++) {
    unsigned count = lat_netlist_fan_ins(netlist, i);
    if (count > most) most = count;
  }
  return most;
}

/* Random vectors, and last the one that settles latest: the family's own or one that the search finds. */
static int make_vectors(const struct parameters *p, const struct lat_netlist *netlist, struct lat_vectors **vectors) {
  int status, known = 0;
  uint32_t settled;
  const char *colon = strchr(p->family, ':');
  unsigned char *bit = lat_calloc(2 * netlist->inputs + 2, 1), *first = bit + netlist->inputs + 1;
  LAT_CHECK(status, bit != NULL, LAT_MEMORY, "no memory for an input vector");
  LAT_TRY(status, lat_vectors_alloc(netlist->inputs, (size_t)p->vectors + 1, vectors));
  lat_vectors_random(*vectors, (uint64_t)p->seed);
  for (const struct lat_family *f = lat_families; colon != NULL && p->lut == 0 && f->name != NULL; f++)
    if (f->sensitise != NULL && strlen(f->name) == (size_t)(colon - p->family) &&
        strncmp(f->name, p->family, strlen(f->name)) == 0) {
      LAT_TRY(status, f->sensitise(netlist, strtoll(colon + 1, NULL, 10), first));
      known = 1;
    }
  LAT_TRY(status, lat_settle_search(netlist, known ? first : NULL, (uint64_t)p->seed, 1e8, bit, &settled));
  for (size_t i = 0; i < netlist->inputs; i++) lat_vectors_set(*vectors, i, (size_t)p->vectors, bit[i]);
done:
  lat_free(bit);
  return status;
}

static int tell(void *context, size_t done, size_t total) {
  return lat_run_progress(context, (double)done / (double)total) != LAT_OK;
}

/* The steps up to one after the last that is needed. */
static int put_cells(struct lat_run *run, const struct lat_wavefront *wave, size_t needed) {
  const struct parameters *p = lat_run_parameters(run);
  size_t extent[2] = {needed + 2, wave->levels}, cells = extent[0] * extent[1];
  if (cells > CELLS || p->layers != 2 || p->lut != 0 || strcmp(p->form, "plain") != 0) return LAT_OK;
  double *part = lat_alloc(cells, sizeof *part);
  if (part == NULL) return LAT_MEMORY;
  for (size_t i = 0; i < cells; i++) {
    double all = (double)(wave->wires[i % wave->levels] * wave->vectors);
    part[i] = all > 0 ? (double)wave->record.level_right[i] / all : (double)NAN;
  }
  int status = lat_put_reals(run, "right", 2, extent, part);
  lat_free(part);
  return status;
}

static int put_wavefront(struct lat_run *run, const struct lat_wavefront *wave, size_t shown, const uint32_t *predicted) {
  int status = LAT_OK;
  const struct lat_engine_record *r = &wave->record;
  double *part = lat_alloc(wave->steps, sizeof *part);
  int64_t *settled = lat_alloc(wave->vectors, sizeof *settled), last = 0, unpredicted = 0;
  LAT_CHECK(status, part != NULL && settled != NULL, LAT_MEMORY, "no memory for the results");
  LAT_TRY(status, lat_put_integer(run, "checked", wave->checked));
  LAT_TRY(status, lat_put_integer(run, "wrong", wave->wrong));
  LAT_TRY(status, lat_put_integer(run, "late", wave->late));
  LAT_TRY(status, lat_put_integer(run, "early", wave->early));
  LAT_TRY(status, lat_put_integers(run, "front", 1, &wave->steps, wave->front));
  for (size_t t = 0; t < wave->steps; t++) part[t] = 1 - (double)r->output_wrong[t] / (double)(shown * wave->vectors);
  LAT_TRY(status, lat_put_reals(run, "output_right", 1, &wave->steps, part));
  for (size_t t = 0; t < wave->steps; t++) part[t] = (double)r->output_ready[t] / (double)shown;
  LAT_TRY(status, lat_put_reals(run, "output_ready", 1, &wave->steps, part));
  LAT_TRY(status, lat_put_reals(run, "largest_error", 1, &wave->steps, r->largest_error));
  for (size_t n = 0; n < wave->vectors; n++) {
    settled[n] = r->settled_step[n];
    unpredicted += r->settled_step[n] != predicted[n];
    if (n + 1 < wave->vectors && settled[n] > last) last = settled[n];
  }
  LAT_TRY(status, lat_put_integers(run, "settled_step", 1, &wave->vectors, settled));
  LAT_TRY(status, lat_put_integer(run, "unpredicted", unpredicted));
  LAT_TRY(status, lat_put_integer(run, "settled_last", last));
  LAT_TRY(status, lat_put_integer(run, "sensitised", settled[wave->vectors - 1]));
done:
  lat_free(part);
  lat_free(settled);
  return status;
}

static int64_t count_wrong_vectors(const struct lat_netlist *netlist, const struct lat_vectors *values,
                                   const struct lat_vectors *shown, size_t vectors) {
  int64_t wrong = 0;
  for (size_t n = 0; n < vectors; n++) {
    int bad = 0;
    for (size_t o = 0; o < netlist->outputs && !bad; o++)
      bad = lat_vectors_get(shown, o, n) != lat_vectors_get(values, netlist->output[o], n);
    wrong += bad;
  }
  return wrong;
}

static int check(const void *parameters) {
  const struct parameters *p = parameters;
  if (strcmp(p->form, "gpt2") != 0 && strcmp(p->form, "plain") != 0)
    return LAT_FAIL(LAT_INPUT, "form is plain or gpt2, not '%s'", p->form);
  if (strcmp(p->attention, "exact") != 0 && strcmp(p->attention, "uniform") != 0)
    return LAT_FAIL(LAT_INPUT, "attention is exact or uniform, not '%s'", p->attention);
  return strcmp(p->family, "file") == 0 ? LAT_OK : lat_family_check(p->family);
}

static int run(struct lat_run *run) {
  const struct parameters *p = lat_run_parameters(run);
  struct lat_netlist *netlist = NULL;
  struct lat_vectors *inputs = NULL, *values = NULL;
  struct lat_compiled *compiled = NULL;
  struct lat_engine *engine = NULL;
  struct lat_certificate certificate;
  struct lat_wavefront wave = {0};
  uint32_t *predicted = NULL;
  int status, gpt2 = strcmp(p->form, "gpt2") == 0, uniform = strcmp(p->attention, "uniform") == 0;
  size_t layers = (size_t)p->layers, vectors = (size_t)p->vectors + 1;
  LAT_CHECK(status, gpt2 || strcmp(p->form, "plain") == 0, LAT_INPUT, "form is plain or gpt2, not '%s'", p->form);
  LAT_CHECK(status, uniform || strcmp(p->attention, "exact") == 0, LAT_INPUT, "attention is exact or uniform, not '%s'",
            p->attention);
  LAT_TRY(status, make_circuit(p, &netlist));
  LAT_TRY(status, make_vectors(p, netlist, &inputs));
  LAT_TRY(status, lat_vectors_alloc(netlist->nodes, vectors, &values));
  lat_simulate(netlist, inputs, values);
  LAT_CHECK(status, (predicted = lat_alloc(vectors, sizeof *predicted)) != NULL, LAT_MEMORY, "no memory for %zu vectors",
            vectors);
  LAT_TRY(status, lat_settle(netlist, inputs, layers, predicted));

  struct lat_construction construction = {.fan_in = p->lut == 0 ? most_fan_ins(netlist) : (unsigned)p->lut,
                                          .layers = layers,
                                          .norm = gpt2 ? LAT_NORM_LAYERNORM : LAT_NORM_NONE,
                                          .activation = gpt2 ? LAT_ACTIVATION_GELU : LAT_ACTIVATION_RELU,
                                          .mask = gpt2 ? LAT_MASK_CAUSAL : LAT_MASK_FULL};
  LAT_TRY(status, lat_compile(netlist, &construction, &compiled));
  size_t needed = (compiled->depth + layers - 1) / layers, steps = compiled->depth < 31 ? compiled->depth + 1 : 32;
  if (steps < needed + 1) steps = needed + 1;
  if (uniform)
    for (size_t l = 0; l < layers; l++) {
      const struct lat_transformer_config *shape = &compiled->model->config;
      memset(compiled->model->layer[l].query.weight, 0, shape->heads * shape->key_width * shape->width * sizeof(float));
    }
  LAT_TRY(status, lat_engine_alloc(compiled, uniform ? LAT_ATTENTION_DENSE : LAT_ATTENTION_AUTO, &engine));
  lat_certify(compiled, lat_engine_attention(engine), &certificate);
  LAT_TRY(status, lat_wavefront_alloc(&wave, compiled, netlist->outputs, vectors, steps));
  wave.record.progress = tell;
  wave.record.context = run;
  double start = lat_clock();
  LAT_TRY(status, lat_engine_run(engine, inputs, values, &wave.record));
  double seconds = lat_clock() - start;
  lat_wavefront_sum(&wave, layers);

  LAT_TRY(status, lat_put_integer(run, "depth", compiled->depth));
  LAT_TRY(status, lat_put_integer(run, "nodes", (int64_t)compiled->nodes));
  LAT_TRY(status, lat_put_integer(run, "output_count", (int64_t)netlist->outputs));
  LAT_TRY(status, lat_put_integer(run, "steps_needed", (int64_t)needed));
  LAT_TRY(status, lat_put_integer(run, "certified", !uniform && certificate.certified));
  if (isfinite(certificate.margin)) LAT_TRY(status, lat_put_real(run, "certificate_margin", certificate.margin));
  LAT_TRY(status, lat_put_real(run, "beta", uniform ? 0 : compiled->beta));
  LAT_TRY(status, lat_put_integer(run, "parameters", (int64_t)compiled->model->count));
  LAT_TRY(status,
          lat_put_integer(run, "wrong_vectors", count_wrong_vectors(netlist, values, wave.record.outputs, vectors - 1)));
  LAT_TRY(status, put_wavefront(run, &wave, netlist->outputs, predicted));
  LAT_TRY(status, put_cells(run, &wave, needed));
  LAT_TRY(status, lat_put_real(run, "seconds", seconds));
done:
  lat_wavefront_free(&wave);
  lat_engine_free(engine);
  lat_compiled_free(compiled);
  lat_free(predicted);
  lat_vectors_free(values);
  lat_vectors_free(inputs);
  lat_netlist_free(netlist);
  return status;
}

const struct lat_experiment lat_experiment_depth_wavefront = {
    .name = "depth_wavefront",
    .section = "A. Expressiveness",
    .question = "Does an L-layer block looped T times evaluate exactly L T levels of a circuit?",
    .prediction =
        "After t steps every wire of level at most L t has the circuit's value and its ready bit, for every input vector, "
        "whatever the circuit, the norm, the activation, the mask and the fan-in; no wire above level L t is ready; and "
        "each "
        "vector's outputs change for the last time at the step that a synchronous simulation of the circuit predicts.",
    .refuted_if =
        "One wire value of one certified machine is wrong or not ready at or below level L t, or ready above it, or one "
        "vector settles at another step. The test itself is void when uniform attention passes it.",
    .source =
        "Universal construction by induction on levels; L T levels from L layers as in Xu and Sato (2025), theorems 3.6 "
        "and 3.10; "
        "intervals by Clopper and Pearson (1934)",
    .caption =
        "(a) Fraction of wires that are right, by level and step, over all input vectors of one circuit. Circles: the "
        "highest level "
        "up to which every wire says that it is ready; line: the prediction, level = L t. Above the line wires are right "
        "by luck only. "
        "(b) Fraction of outputs that are ready after T steps of a block of L layers, at one depth; the line is the "
        "prediction L T = "
        "depth. White dots: every output bit of every random vector is right although not every output is ready.",
    .version = 1,
    .parameters_size = sizeof(struct parameters),
    .parameters = parameters_table,
    .outputs = outputs,
    .reject = reject,
    .check = check,
    .cost = cost,
    .run = run,
    .analyse = lat_depth_wavefront_analyse,
};
