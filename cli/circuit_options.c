/* The command line of `latentlab circuit`. */
#include <stdlib.h>
#include <string.h>

#include "cli/circuit.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "lib/base/text.h"

enum {
  LAYERS = 256,
  STEPS,
  LUT,
  VARIANT,
  NORM,
  ACTIVATION,
  MASK,
  ATTENTION,
  BETA,
  KAPPA,
  SNAP,
  DTYPE,
  ACCUMULATE,
  BITS_PER_STEP,
  BITS_PER_CHANNEL,
  VECTORS,
  RANDOM,
  EXHAUSTIVE,
  SEED,
  SAVE,
  EXTRACT,
  FAMILY,
  JSON
};

static const struct argp_option options[] = {
    {0, 0, 0, 0, "The circuit", 1},
    {"family", FAMILY, "NAME:SIZE", 0, "a generated circuit in place of FILE, e.g. parity:64", 1},
    {"lut", LUT, "K", 0, "map onto nodes of at most K = 2..6 fan-ins (default 2)", 1},
    {0, 0, 0, 0, "The transformer", 2},
    {"layers", LAYERS, "L", 0, "layers of the block that is looped (default 1)", 2},
    {"steps", STEPS, "T", 0, "loops, or auto: as many as the depth needs (default auto)", 2},
    {"variant", VARIANT, "NAME", 0,
     "universal: the circuit is in the prompt; weights: in the position embedding; vector: all wires in one thought; cot: "
     "thoughts are tokens (default universal)",
     2},
    {"norm", NORM, "NAME", 0, "none, rmsnorm or layernorm (default none)", 2},
    {"activation", ACTIVATION, "NAME", 0, "relu, gelu or gelu-tanh (default relu)", 2},
    {"mask", MASK, "NAME", 0, "full or causal (default full)", 2},
    {"attention", ATTENTION, "NAME", 0, "auto, dense or fast (default auto)", 2},
    {"beta", BETA, "B", 0, "sharpness of the softmax, or auto: certified with room (default auto)", 2},
    {"kappa", KAPPA, "K", 0, "slope of the clip, at least 1 (default 4; vector and narrow formats 1)", 2},
    {"snap", SNAP, "NAME", 0, "clip: values go back to +-1 in every layer; none: they drift, a control (default clip)", 2},
    {"dtype", DTYPE, "NAME", 0, "what numbers are stored in: fp32, bf16, fp16, fp8-e4m3 or fp8-e5m2 (default fp32)", 2},
    {"accumulate", ACCUMULATE, "NAME", 0, "what sums are kept in, rounded after every term: the same names (default fp32)",
     2},
    {"bits-per-step", BITS_PER_STEP, "W", 0, "new wires in a thought: cot (default 1), vector (default all)", 2},
    {"bits-per-channel", BITS_PER_CHANNEL, "B", 0, "bits in a channel of a vector thought (default 1)", 2},
    {0, 0, 0, 0, "Input vectors: exhaustive up to 11 inputs, else 256 random ones", 3},
    {"vectors", VECTORS, "FILE", 0, "lines `inputs outputs`, leftmost bit = first declared port", 3},
    {"random", RANDOM, "N", 0, "N random vectors", 3},
    {"exhaustive", EXHAUSTIVE, 0, 0, "all of them, up to 24 inputs", 3},
    {"seed", SEED, "S", 0, "of random vectors and random families (default 0)", 3},
    {0, 0, 0, 0, "Output", 4},
    {"save", SAVE, "FILE.h5", 0, "write weights, prompt and readout", 4},
    {"extract", EXTRACT, "FILE.blif", 0, "write the circuit read back from the weights", 4},
    {"json", JSON, 0, 0, "print JSON, and nothing else, on standard output", 4},
    {0}};

/* Words are kept as they are and read after argp is done, so that every mistake ends in one line. */
struct words {
  const char *word[JSON - LAYERS + 1];
  const char *file;
  int files;
};

static error_t parse(int key, char *argument, struct argp_state *state) {
  struct words *words = state->input;
  if (key >= LAYERS && key <= JSON) {
    words->word[key - LAYERS] = argument != NULL ? argument : "";
    return 0;
  }
  if (key != ARGP_KEY_ARG) return ARGP_ERR_UNKNOWN;
  words->file = argument;
  words->files++;
  return 0;
}

static const struct argp argp = {
    options,
    parse,
    "FILE",
    "Compiles a circuit (AIGER, BENCH or BLIF) into a looped transformer, certifies it, runs it and compares every output "
    "with a simulation of the circuit.\v"
    "Exit status: 0 all outputs of all vectors are right, 1 some are wrong, 2 bad input or misuse. Fewer --steps than the "
    "depth are allowed: the report then tells what is ready and what is right by luck.",
    0,
    0,
    0};

static int read_count(const char *word, const char *name, int64_t minimum, int64_t maximum, size_t *value) {
  int64_t number = 0;
  if (word == NULL) return LAT_OK;
  int status = lat_parse_int(word, minimum, maximum, &number);
  if (status != LAT_OK) return lat_fail_prefix(status, "--%s", name);
  *value = (size_t)number;
  return LAT_OK;
}

static int read_real(const char *word, const char *name, double minimum, double *value) {
  if (word == NULL) return LAT_OK;
  int status = lat_parse_real(word, minimum, 1e6, value);
  return status == LAT_OK ? LAT_OK : lat_fail_prefix(status, "--%s", name);
}

static int is_auto(const char *word) { return word != NULL && strcmp(word, "auto") == 0; }

static int read_words(const struct words *words, struct lat_circuit_request *request) {
  const char *const *w = words->word;
#define WORD(key) w[(key)-LAYERS]
  struct lat_construction *c = &request->construction;
  int status = LAT_OK;
  size_t lut = 2, seed = 0, bits = 0;
  LAT_TRY(status, read_count(WORD(LAYERS), "layers", 1, 1 << 20, &c->layers));
  if (!is_auto(WORD(STEPS))) LAT_TRY(status, read_count(WORD(STEPS), "steps", 1, 1 << 30, &c->steps));
  LAT_TRY(status, read_count(WORD(LUT), "lut", 2, LAT_MAX_FAN_IN, &lut));
  LAT_TRY(status, read_count(WORD(RANDOM), "random", 1, 1 << 28, &request->random));
  LAT_TRY(status, read_count(WORD(SEED), "seed", 0, INT64_MAX, &seed));
  if (!is_auto(WORD(BETA))) LAT_TRY(status, read_real(WORD(BETA), "beta", 1e-6, &c->beta));
  LAT_TRY(status, read_real(WORD(KAPPA), "kappa", 1.0, &c->kappa));
  if (WORD(SNAP) != NULL) LAT_TRY(status, lat_snap_parse(WORD(SNAP), &c->snap));
  if (WORD(DTYPE) != NULL) LAT_TRY(status, lat_dtype_parse(WORD(DTYPE), &c->arithmetic.storage));
  if (WORD(ACCUMULATE) != NULL) LAT_TRY(status, lat_dtype_parse(WORD(ACCUMULATE), &c->arithmetic.accumulate));
  LAT_TRY(status, read_count(WORD(BITS_PER_STEP), "bits-per-step", 1, 1 << 30, &c->bits_per_step));
  LAT_TRY(status, read_count(WORD(BITS_PER_CHANNEL), "bits-per-channel", 1, 24, &bits));
  if (WORD(VARIANT) != NULL) LAT_TRY(status, lat_variant_parse(WORD(VARIANT), &c->variant));
  LAT_CHECK(status, c->snap == LAT_SNAP_CLIP || c->variant <= LAT_VARIANT_WEIGHTS, LAT_INPUT,
            "--snap none: only the universal and weights variants can do without the clip");
  if (WORD(NORM) != NULL) LAT_TRY(status, lat_norm_parse(WORD(NORM), &c->norm));
  if (WORD(ACTIVATION) != NULL) LAT_TRY(status, lat_activation_parse(WORD(ACTIVATION), &c->activation));
  if (WORD(MASK) != NULL) LAT_TRY(status, lat_mask_parse(WORD(MASK), &c->mask));
  LAT_CHECK(status, c->mask != LAT_MASK_WINDOW, LAT_INPUT, "--mask: a circuit needs full or causal");
  if (WORD(ATTENTION) != NULL) LAT_TRY(status, lat_attention_parse(WORD(ATTENTION), &request->attention));
  c->fan_in = (unsigned)lut;
  c->bits_per_channel = (unsigned)bits;
  LAT_CHECK(status, c->bits_per_step == 0 || c->variant >= LAT_VARIANT_VECTOR, LAT_INPUT,
            "--bits-per-step: the %s variant has no thoughts; take --variant vector or cot", lat_variant_name(c->variant));
  LAT_CHECK(status, bits == 0 || (c->variant == LAT_VARIANT_VECTOR && c->bits_per_step > 0), LAT_INPUT,
            "--bits-per-channel: goes with --variant vector and --bits-per-step");
  request->seed = seed;
  request->vectors = WORD(VECTORS);
  request->exhaustive = WORD(EXHAUSTIVE) != NULL;
  request->save = WORD(SAVE);
  request->extract = WORD(EXTRACT);
  request->family = WORD(FAMILY);
  request->json = WORD(JSON) != NULL;
  request->file = words->file;
  LAT_CHECK(status, words->files + (request->family != NULL) == 1, LAT_INPUT,
            "one circuit is wanted: a FILE or --family NAME:SIZE; `latentlab circuit --help` tells more");
  LAT_CHECK(status, (request->vectors != NULL) + (request->random != SIZE_MAX) + request->exhaustive <= 1, LAT_INPUT,
            "--vectors, --random and --exhaustive exclude each other");
#undef WORD
done:
  return status;
}

int lat_circuit_options(int argc, char **argv, struct lat_circuit_request *request) {
  struct words words = {0};
  memset(request, 0, sizeof *request);
  request->construction.layers = 1;
  request->random = SIZE_MAX;
  int end = lat_cli_parse(&argp, argc, argv, &words);
  if (end >= 0) return end;
  int status = read_words(&words, request);
  return status == LAT_OK ? -1 : lat_cli_fail(status);
}
