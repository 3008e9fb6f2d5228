/* How sharp must attention be? Three measurements:
 * leak:  the softmax weight off the target, in single precision, against the closed form 1 - sigma(2 beta)^m;
 * loops: a compiled machine run for many loops at each beta, on the assignments that leak worst (a single 1 among 0s),
 *        against the smallest beta that the certificate accepts;
 * codes: the largest |logit| that an address code needs to keep the leak at 1/8, as the number of addresses grows. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "experiments/leak_law/analyse.h"
#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/circuit/circuit.h"
#include "lib/compile/address_code.h"
#include "lib/compile/engine.h"
#include "lib/sweep/experiment.h"

#define PARAMETERS(INT, REAL, TEXT, PATH)                                                                            \
  TEXT(measure, "-", "leak, loops or codes: see the top of the file", "leak,loops,codes", "leak,loops,codes",        \
       "leak,loops,codes")                                                                                           \
  INT(address_bits, "bits", 2, 20, "addresses are 2^m (leak and codes)", "4,8", "4,6,8,10,12,14,16,18,20", "2:20:1") \
  REAL(kappa, "1", 1, 64, "slope of the clip (loops)", "1,32", "1,4,32", "1,2,4,8,32")                               \
  TEXT(code, "-", "address code (codes): binary, circle, hash or quadratic", "binary,circle",                        \
       "binary,circle,hash,quadratic", "binary,circle,hash,quadratic")                                               \
  REAL(beta_low, "1", 0.01, 60, "first beta of the scan", "0.5", "0.25", "0.25")                                     \
  REAL(beta_high, "1", 0.01, 60, "last beta of the scan", "6", "8", "8")                                             \
  INT(beta_count, "1", 2, 1000, "number of betas in the scan", "12", "32", "125")                                    \
  REAL(loop_beta_high, "1", 0.01, 60, "last beta of the machine that loops", "4", "4", "4")                          \
  INT(loop_bits, "bits", 3, 12, "address bits of the machine that loops", "6", "9", "9")                             \
  INT(steps, "steps", 1, 100000, "loops of the machine", "16", "64", "256")                                          \
  INT(seed, "1", 0, 1e15, "of the random assignments", "1", "1", "1")
LAT_DEFINE_PARAMETERS(PARAMETERS)
static const struct lat_output outputs[] = {
    {"beta", "1", "sharpness of attention", LAT_REAL, "scan", LAT_MAY_BE_MISSING},
    {"leak", "1", "softmax weight off the target, single precision", LAT_REAL, "scan", LAT_MAY_BE_MISSING},
    {"leak_theory", "1", "1 - sigma(2 beta)^m", LAT_REAL, "scan", LAT_MAY_BE_MISSING},
    {"wrong_one_hot", "1", "wires wrong after the loops per wire that carries 1, inputs with a single 1", LAT_REAL, "scan",
     LAT_MAY_BE_MISSING},
    {"wrong_random", "1", "wires wrong after the loops per wire that carries 1, random inputs", LAT_REAL, "scan",
     LAT_MAY_BE_MISSING},
    {"error_one_hot", "1", "largest |v - bit| of right and ready wires, inputs with a single 1", LAT_REAL, "scan",
     LAT_MAY_BE_MISSING},
    {"wires", "1", "wires compared per beta and kind of input", LAT_INTEGER, "", LAT_MAY_BE_MISSING},
    {"beta_certified", "1", "smallest beta that the certificate accepts", LAT_REAL, "", LAT_MAY_BE_MISSING},
    {"beta_break", "1", "largest beta found at which a wire goes wrong", LAT_REAL, "", LAT_MAY_BE_MISSING},
    {"logit_range", "1", "largest |logit| that leak 1/8 needs", LAT_REAL, "", LAT_MAY_BE_MISSING},
    {"logit_gap", "1", "gap between the target's logit and the next, at that range", LAT_REAL, "", LAT_MAY_BE_MISSING},
    {"code_leak_single", "1", "leak at that range in single precision", LAT_REAL, "", LAT_MAY_BE_MISSING},
    {0}};

static int run_leak(struct lat_run *run, const struct parameters *p) {
  size_t m = (size_t)p->address_bits, tokens = (size_t)1 << m, count = (size_t)p->beta_count, target = tokens / 3;
  int status = LAT_OK;
  float *logit = lat_alloc(tokens, sizeof *logit);
  double *beta = lat_alloc(3 * count, sizeof *beta);
  LAT_CHECK(status, logit != NULL && beta != NULL, LAT_MEMORY, "no memory for %zu logits", tokens);
  double *leak = beta + count, *theory = leak + count;
  for (size_t b = 0; b < count; b++) {
    beta[b] = p->beta_low + (p->beta_high - p->beta_low) * (double)b / (double)(count - 1);
    float sharpness = (float)beta[b];
    for (size_t j = 0; j < tokens; j++) {
      float sum = 0; /* <q, k> of two +-1 codes, term by term as a head sums it */
      for (size_t bit = 0; bit < m; bit++) sum += ((j ^ target) >> bit & 1) ? -sharpness : sharpness;
      logit[j] = sum;
    }
    leak[b] = lat_softmax_leak(tokens, target, logit);
    theory[b] = lat_leak((double)sharpness, m);
    LAT_TRY(status, lat_run_progress(run, (double)(b + 1) / (double)count));
  }
  LAT_TRY(status, lat_put_reals(run, "beta", 1, &count, beta));
  LAT_TRY(status, lat_put_reals(run, "leak", 1, &count, leak));
  LAT_TRY(status, lat_put_reals(run, "leak_theory", 1, &count, theory));
done:
  lat_free(logit);
  lat_free(beta);
  return status;
}

struct machine {
  struct lat_netlist *netlist;
  struct lat_vectors *input[2], *value[2]; /* one-hot, random */
  double ones[2];                          /* wires that carry 1, over all vectors */
};

static void machine_free(struct machine *machine) {
  for (int kind = 0; kind < 2; kind++) {
    lat_vectors_free(machine->input[kind]);
    lat_vectors_free(machine->value[kind]);
  }
  lat_netlist_free(machine->netlist);
}

static int machine_alloc(struct machine *machine, size_t bits, uint64_t seed) {
  char name[32];
  int status = LAT_OK;
  size_t inputs = (size_t)1 << (bits - 1);
  snprintf(name, sizeof name, "parity:%zu", inputs);
  LAT_TRY(status, lat_family_make(name, 0, &machine->netlist));
  for (int kind = 0; kind < 2; kind++) {
    LAT_TRY(status, lat_vectors_alloc(inputs, inputs, &machine->input[kind]));
    LAT_TRY(status, lat_vectors_alloc(machine->netlist->nodes, inputs, &machine->value[kind]));
  }
  memset(machine->input[0]->word, 0, inputs * machine->input[0]->words * sizeof(uint64_t));
  for (size_t n = 0; n < inputs; n++) lat_vectors_set(machine->input[0], n, n, 1);
  lat_vectors_random(machine->input[1], seed);
  for (int kind = 0; kind < 2; kind++) {
    lat_simulate(machine->netlist, machine->input[kind], machine->value[kind]);
    for (size_t i = 0; i < machine->netlist->nodes; i++)
      for (size_t n = 0; n < inputs; n++) machine->ones[kind] += lat_vectors_get(machine->value[kind], i, n);
  }
done:
  return status;
}

/* Runs the machine at one beta: wrong wires after the last step per wire that carries 1 (a wire that leaks away shows 0), and
 * the largest error of right, ready wires. */
static int machine_run(const struct machine *machine, const struct parameters *p, double beta, int kind, double *wrong,
                       double *error, double *beta_certified) {
  struct lat_construction construction = {
      .fan_in = 2, .layers = 1, .steps = (size_t)p->steps, .beta = beta, .kappa = p->kappa};
  struct lat_compiled *compiled = NULL;
  struct lat_engine *engine = NULL;
  uint64_t *right = NULL;
  double *largest = NULL;
  int status = LAT_OK;
  LAT_TRY(status, lat_compile(machine->netlist, &construction, &compiled));
  LAT_TRY(status, lat_engine_alloc(compiled, LAT_ATTENTION_DENSE, &engine));
  size_t levels = (size_t)compiled->depth + 1, steps = (size_t)p->steps + 1;
  right = lat_calloc(steps * levels, sizeof *right);
  largest = lat_calloc(steps, sizeof *largest);
  LAT_CHECK(status, right != NULL && largest != NULL, LAT_MEMORY, "no memory for the record of %zu steps", steps);
  struct lat_engine_record record = {.level_right = right, .largest_error = largest};
  LAT_TRY(status, lat_engine_run(engine, machine->input[kind], machine->value[kind], &record));
  uint64_t sum = 0;
  for (size_t l = 0; l < levels; l++) sum += right[(steps - 1) * levels + l];
  double wires = (double)machine->netlist->nodes * (double)machine->input[kind]->count;
  *wrong = (wires - (double)sum) / machine->ones[kind];
  if (error != NULL) *error = largest[steps - 1];
  if (beta_certified != NULL) {
    struct lat_certificate certificate;
    lat_certify(compiled, LAT_ATTENTION_DENSE, &certificate);
    *beta_certified = certificate.beta_minimum;
  }
done:
  lat_free(largest);
  lat_free(right);
  lat_engine_free(engine);
  lat_compiled_free(compiled);
  return status;
}

static int run_loops(struct lat_run *run, const struct parameters *p) {
  struct machine machine = {0};
  size_t count = (size_t)p->beta_count;
  double certified = (double)NAN, wrong = 0, low = 0, high = 0;
  int status = LAT_OK;
  double *array = lat_alloc(4 * count, sizeof *array);
  LAT_CHECK(status, array != NULL, LAT_MEMORY, "no memory for %zu betas", count);
  double *beta = array, *one_hot = beta + count, *random = one_hot + count, *error = random + count;
  LAT_TRY(status, machine_alloc(&machine, (size_t)p->loop_bits, (uint64_t)p->seed));
  for (size_t b = 0; b < count; b++) {
    beta[b] = p->beta_low + (p->loop_beta_high - p->beta_low) * (double)b / (double)(count - 1);
    LAT_TRY(status, machine_run(&machine, p, beta[b], 0, &one_hot[b], &error[b], &certified));
    LAT_TRY(status, machine_run(&machine, p, beta[b], 1, &random[b], NULL, NULL));
    if (one_hot[b] > 0) low = beta[b];
    LAT_TRY(status, lat_run_progress(run, (double)(b + 1) / (double)(count + 6)));
  }
  /* The largest beta at which a wire goes wrong, to 1e-4: between the last scanned beta that broke and the next one. */
  high = p->loop_beta_high;
  for (size_t b = count; b-- > 0 && beta[b] > low;) high = beta[b];
  while (low > 0 && high - low > 1e-4) {
    double middle = 0.5 * (low + high);
    LAT_TRY(status, machine_run(&machine, p, middle, 0, &wrong, NULL, NULL));
    if (wrong > 0)
      low = middle;
    else
      high = middle;
  }
  LAT_TRY(status, lat_put_reals(run, "beta", 1, &count, beta));
  LAT_TRY(status, lat_put_reals(run, "wrong_one_hot", 1, &count, one_hot));
  LAT_TRY(status, lat_put_reals(run, "wrong_random", 1, &count, random));
  LAT_TRY(status, lat_put_reals(run, "error_one_hot", 1, &count, error));
  LAT_TRY(status, lat_put_integer(run, "wires", (int64_t)(machine.netlist->nodes * machine.input[0]->count)));
  LAT_TRY(status, lat_put_real(run, "beta_certified", certified));
  LAT_TRY(status, lat_put_real(run, "beta_break", low));
done:
  machine_free(&machine);
  lat_free(array);
  return status;
}

static int run_codes(struct lat_run *run, const struct parameters *p) {
  struct lat_address_code code;
  int status = lat_address_code_find(p->code, (size_t)p->address_bits, 0.125, &code);
  if (status == LAT_OK) status = lat_put_real(run, "logit_range", code.logit_range);
  if (status == LAT_OK) status = lat_put_real(run, "logit_gap", code.logit_gap);
  if (status == LAT_OK) status = lat_put_real(run, "code_leak_single", code.leak_single);
  return status;
}

static const char *reject(const void *parameters) {
  const struct parameters *p = parameters;
  int leak = strcmp(p->measure, "leak") == 0, loops = strcmp(p->measure, "loops") == 0;
  int codes = strcmp(p->measure, "codes") == 0;
  if (!leak && !loops && !codes) return NULL; /* check says what is wrong with it */
  if (p->beta_low >= p->beta_high || p->beta_low >= p->loop_beta_high)
    return "beta_low is not below beta_high and loop_beta_high";
  if (!codes && strcmp(p->code, "binary") != 0) return "leak and loops use the binary code";
  if (!loops && p->kappa != 1) return "kappa matters to loops only: listed once, with 1";
  if (loops && p->address_bits != 4)
    return "address_bits does not matter to loops: listed once, with 4 (loop_bits sets the machine)";
  return NULL;
}

static int check(const void *parameters) {
  const struct parameters *p = parameters;
  struct lat_address_code code;
  if (strcmp(p->measure, "leak") != 0 && strcmp(p->measure, "loops") != 0 && strcmp(p->measure, "codes") != 0)
    return LAT_FAIL(LAT_INPUT, "measure '%s' is none of leak, loops, codes", p->measure);
  return lat_address_code_find(p->code, 2, 0.125, &code);
}

static double cost(const void *parameters) {
  const struct parameters *p = parameters;
  double tokens = ldexp(1, (int)p->address_bits), betas = (double)p->beta_count;
  if (strcmp(p->measure, "loops") == 0) return 2 * (betas + 12) * (double)p->steps * ldexp(1, 3 * (int)p->loop_bits - 6);
  return strcmp(p->measure, "leak") == 0 ? betas * tokens * 16 : 1e6 + tokens;
}

static int run(struct lat_run *run) {
  const struct parameters *p = lat_run_parameters(run);
  if (strcmp(p->measure, "leak") == 0) return run_leak(run, p);
  if (strcmp(p->measure, "loops") == 0) return run_loops(run, p);
  return run_codes(run, p);
}

const struct lat_experiment lat_experiment_leak_law;
const struct lat_experiment lat_experiment_leak_law = {
    .name = "leak_law",
    .section = "A. Expressiveness",
    .question = "How sharp must attention be for a looped machine to keep its wires right?",
    .prediction =
        "The leak is 1 - sigma(2 beta)^m, so it grows with the logarithm of the number of tokens; above the "
        "certified beta no wire is ever wrong, however many loops; of the address codes only the binary one needs "
        "logits that grow like log N.",
    .refuted_if =
        "the measured leak differs from the closed form by over 1e-4 relative, or a single wire is wrong at a "
        "certified beta",
    .source =
        "softmax over binary codes factorises over bits: own derivation (DESIGN.md, Certificate); addresses by "
        "binary codes: Li et al. 2024; layer-norm hash: Merrill and Sabharwal 2025",
    .caption =
        "(a) Softmax weight off the target for 2^m addresses: measured in single precision (marks) on the closed "
        "form 1 - sigma(2 beta)^m (lines). (b) Fraction of wires wrong after the loops, for inputs with a single 1, "
        "which leak worst (marks), and for random inputs (thin lines), by slope kappa of the clip; dashed: the "
        "smallest beta that the certificate accepts. (c) Largest |logit| that an address code needs to keep the leak "
        "at 1/8, in exact arithmetic; above the dashed line (2^24) neighbouring logits are no longer distinct in "
        "single precision.",
    .version = 1,
    .parameters_size = sizeof(struct parameters),
    .parameters = parameters_table,
    .outputs = outputs,
    .reject = reject,
    .check = check,
    .cost = cost,
    .run = run,
    .analyse = lat_leak_law_analyse,
};
