/* How many levels can a channel have that is fetched and regenerated at every step? Three measurements, each by bisection for
 * the largest M that a compiled machine keeps for many loops (lib/compile/levels.h):
 * leak:     against sharpness, for the neighbours that leak worst and for random ones, in single precision;
 * mantissa: against the slope of the staircase in each number format, with attention so sharp that nothing leaks;
 * thought:  d channels of as many levels as the format keeps, all at once: bits of a thought against its nominal bits. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/random.h"
#include "lib/base/status.h"
#include "lib/compile/certificate.h"
#include "lib/compile/levels.h"
#include "lib/sweep/experiment.h"

#define PARAMETERS(INT, REAL, TEXT, PATH)                                                                      \
  TEXT(measure, "-", "leak, mantissa or thought: see the top of the file", "leak,mantissa,thought",            \
       "leak,mantissa,thought", "leak,mantissa,thought")                                                       \
  TEXT(neighbours, "-", "what the other tokens hold (leak): worst or random", "worst,random", "worst,random",  \
       "worst,random")                                                                                         \
  INT(address_bits, "bits", 1, 12, "addresses are 2^m (leak)", "3,5", "3,5,7", "3,5,7,9")                      \
  REAL(beta, "1", 0.1, 20, "sharpness of attention (leak)", "2.5,3.5", "1:4:0.5", "0.75:5:0.25")               \
  REAL(kappa, "1", 1.25, 1024, "slope of the staircase (leak)", "2,32", "2,32", "2,4,32")                      \
  TEXT(format, "-", "number format (mantissa, thought)", "bf16,fp8-e4m3", "fp32,bf16,fp16,fp8-e4m3,fp8-e5m2",  \
       "fp32,bf16,fp16,fp8-e4m3,fp8-e5m2")                                                                     \
  TEXT(part, "-", "what has that format (mantissa): both, storage or accumulate", "both", "both",              \
       "both,storage,accumulate")                                                                              \
  REAL(slope, "1", 2, 1048576, "slope of the staircase, even (mantissa)", "2,4", "2:524288:*2", "2:524288:*2") \
  INT(channels, "channels", 1, 256, "d of the thought (thought)", "1,4", "1,4,16", "1,4,16,64")                \
  INT(max_levels, "levels", 2, 65536, "the search ends here", "300", "300", "4200")                            \
  INT(steps, "steps", 1, 100000, "loops of the machine", "16", "32", "64")                                     \
  INT(verified, "levels", 2, 65536, "levels that are verified one by one at most", "9", "9", "4200")           \
  INT(seed, "1", 0, 1e15, "of random levels", "1", "1", "1")
LAT_DEFINE_PARAMETERS(PARAMETERS)

static const struct lat_output outputs[] = {
    {"levels", "levels", "largest number of levels that lasts; 1: not even two", LAT_INTEGER, "", 0},
    {"limit", "levels", "the number by theory", LAT_REAL, "", 0},
    {"limit_any_order", "levels", "what is kept in any order of summation", LAT_REAL, "", LAT_MAY_BE_MISSING},
    {"leak", "1", "softmax weight off the target, closed form at the realised beta", LAT_REAL, "", LAT_MAY_BE_MISSING},
    {"capped", "1", "1 when the search ended at max_levels", LAT_INTEGER, "", 0},
    {"verified_levels", "levels", "levels that were verified one by one", LAT_INTEGER, "", 0},
    {"verified_wrong", "1", "channels wrong in that", LAT_INTEGER, "", 0},
    {"error", "spacings", "largest error of a channel at the end, in spacings", LAT_REAL, "", LAT_MAY_BE_MISSING},
    {"above_wrong", "1", "channels wrong with one level more", LAT_INTEGER, "", LAT_MAY_BE_MISSING},
    {"bits", "bits", "d log2 M (thought)", LAT_REAL, "", LAT_MAY_BE_MISSING},
    {"nominal_bits", "bits", "d times the format's bits (thought)", LAT_REAL, "", LAT_MAY_BE_MISSING},
    {0}};

/* Sharp enough that a format's softmax is 0 and 1, and small enough for the range of 8 bits. */
enum { SHARP_BITS = 3, RANDOM_SEQUENCES = 4, THOUGHT_STEPS = 8, MOST_OF_THOUGHT = 4096 };
#define SHARP_BETA 26.0

struct probe {
  struct lat_levels_setting setting;
  int random; /* else the worst neighbours, by the ends of the range or level by level */
  size_t steps;
  uint64_t seed;
};

/* Levels for `batch` sequences: the given ones in worst surroundings, or all at random. */
static void fill_levels(const struct probe *probe, size_t batch, const size_t *level, uint32_t *out) {
  size_t M = probe->setting.levels, size = ((size_t)1 << probe->setting.address_bits) * probe->setting.channels;
  for (size_t b = 0; b < batch; b++, out += size) {
    if (!probe->random) {
      lat_levels_worst(&probe->setting, level[b], out);
      continue;
    }
    struct lat_random random;
    lat_random_start(&random, probe->seed, "channel_levels", b);
    for (size_t i = 0; i < size; i++) out[i] = (uint32_t)lat_random_below(&random, M);
    out[0] = (uint32_t)(b % 2 ? 0 : M - 1); /* the ends are always there */
  }
}

static int try_levels(const struct probe *probe, const struct lat_transformer *model, size_t batch, const size_t *level,
                      size_t *wrong, double *error) {
  size_t size = ((size_t)1 << probe->setting.address_bits) * probe->setting.channels;
  int status = LAT_OK;
  uint32_t *start = lat_alloc(batch * size, sizeof *start);
  LAT_CHECK(status, start != NULL, LAT_MEMORY, "no memory for %zu levels", batch * size);
  fill_levels(probe, batch, level, start);
  LAT_TRY(status, lat_levels_run(&probe->setting, model, batch, probe->steps, start, wrong, error));
done:
  lat_free(start);
  return status;
}

/* Wrong channels with `levels` levels: both ends of the range in their worst surroundings, or random sequences. */
static int wrong_at(struct probe *probe, size_t levels, size_t *wrong, double *error) {
  struct lat_transformer *model = NULL;
  int status = LAT_OK;
  probe->setting.levels = levels;
  LAT_TRY(status, lat_levels_model(&probe->setting, &model));
  const size_t ends[2] = {0, levels - 1};
  LAT_TRY(status, try_levels(probe, model, probe->random ? RANDOM_SEQUENCES : 2, ends, wrong, error));
done:
  lat_transformer_free(model);
  return status;
}

/* Every level (or `most` of them, evenly spread with both ends) in its worst surroundings. */
static int verify(struct probe *probe, size_t levels, size_t most, size_t *count, size_t *wrong, double *error) {
  enum { BATCH = 8 };
  struct lat_transformer *model = NULL;
  int status = LAT_OK;
  probe->setting.levels = levels;
  *count = levels < most ? levels : most;
  *wrong = 0;
  *error = 0;
  LAT_TRY(status, lat_levels_model(&probe->setting, &model));
  for (size_t first = 0; first < *count; first += BATCH) {
    size_t batch = *count - first < BATCH ? *count - first : BATCH, level[BATCH], lost;
    double off;
    for (size_t b = 0; b < batch; b++) level[b] = (first + b) * (levels - 1) / (*count - 1);
    LAT_TRY(status, try_levels(probe, model, batch, level, &lost, &off));
    *wrong += lost;
    if (!(off <= *error)) *error = off;
  }
done:
  lat_transformer_free(model);
  return status;
}

/* The largest M <= most with nothing wrong, by doubling and bisection; 1 when two levels are too many. */
static int search(struct lat_run *run, struct probe *probe, size_t most, size_t *levels) {
  size_t good = 1, bad = 0, wrong, next = 2;
  int status = LAT_OK;
  double error;
  while (good < most && (bad == 0 || bad - good > 1)) {
    LAT_TRY(status, wrong_at(probe, next, &wrong, &error));
    if (wrong == 0)
      good = next;
    else
      bad = next;
    next = bad == 0 ? 2 * good : good + (bad - good) / 2;
    if (next > most) next = most;
    LAT_TRY(status, lat_run_progress(run, bad == 0 ? 0.2 : 0.5));
  }
  *levels = good;
done:
  return status;
}

/* What a search found, and whether it holds: level by level, and no longer with one level more. */
static int put_found(struct lat_run *run, struct probe *probe, const struct parameters *p, size_t levels, double limit) {
  size_t verified = 0, wrong = 0, above;
  double error = 0;
  int status = LAT_OK, random = probe->random;
  if (levels < (size_t)p->max_levels) {
    LAT_TRY(status, wrong_at(probe, levels + 1, &above, &error));
    LAT_TRY(status, lat_put_integer(run, "above_wrong", (int64_t)above));
    error = 0;
  }
  if (levels > 1 && !random) LAT_TRY(status, verify(probe, levels, (size_t)p->verified, &verified, &wrong, &error));
  LAT_TRY(status, lat_put_integer(run, "levels", (int64_t)levels));
  LAT_TRY(status, lat_put_real(run, "limit", limit));
  LAT_TRY(status, lat_put_integer(run, "capped", levels >= (size_t)p->max_levels));
  LAT_TRY(status, lat_put_integer(run, "verified_levels", (int64_t)verified));
  LAT_TRY(status, lat_put_integer(run, "verified_wrong", (int64_t)wrong));
  if (isfinite(error)) LAT_TRY(status, lat_put_real(run, "error", error));
done:
  return status;
}

static int run_leak(struct lat_run *run, const struct parameters *p) {
  struct probe probe = {
      .setting = {.address_bits = (size_t)p->address_bits, .channels = 1, .beta = p->beta, .kappa = p->kappa},
      .random = strcmp(p->neighbours, "random") == 0,
      .steps = (size_t)p->steps,
      .seed = lat_run_seed(run)};
  double leak = lat_leak(lat_levels_beta(&probe.setting), probe.setting.address_bits);
  size_t levels;
  int status = LAT_OK;
  LAT_TRY(status, search(run, &probe, (size_t)p->max_levels, &levels));
  LAT_TRY(status, lat_put_real(run, "leak", leak));
  LAT_TRY(status, put_found(run, &probe, p, levels, lat_levels_limit_leak(leak, p->kappa)));
done:
  return status;
}

static enum lat_dtype format_of(const struct parameters *p) {
  enum lat_dtype dtype = LAT_DTYPE_FP32; /* check has seen the name */
  (void)lat_dtype_parse(p->format, &dtype);
  return dtype;
}

static size_t mantissa_limit(const struct parameters *p) {
  return lat_levels_limit_mantissa(lat_dtype_facts(format_of(p)).mantissa_bits + 1, p->slope);
}

static int run_mantissa(struct lat_run *run, const struct parameters *p) {
  struct probe probe = {.setting = {.address_bits = SHARP_BITS, .channels = 1, .beta = SHARP_BETA, .kappa = p->slope},
                        .steps = (size_t)p->steps};
  size_t levels;
  int status = LAT_OK;
  if (strcmp(p->part, "accumulate") != 0) probe.setting.arithmetic.storage = format_of(p);
  if (strcmp(p->part, "storage") != 0) probe.setting.arithmetic.accumulate = format_of(p);
  LAT_TRY(status, search(run, &probe, (size_t)p->max_levels, &levels));
  unsigned bits = lat_dtype_facts(format_of(p)).mantissa_bits + 1;
  LAT_TRY(status, lat_put_real(run, "limit_any_order", (double)lat_levels_limit_any_order(bits, p->slope)));
  LAT_TRY(status, put_found(run, &probe, p, levels, (double)mantissa_limit(p)));
done:
  return status;
}

/* Random levels in all channels; as many levels as the theory gives, or it is wrong: no search. */
static int run_thought(struct lat_run *run, const struct parameters *p) {
  enum lat_dtype dtype = format_of(p);
  struct probe probe = {
      .setting = {.address_bits = SHARP_BITS, .channels = (size_t)p->channels, .beta = SHARP_BETA, .kappa = p->slope},
      .random = 1,
      .steps = THOUGHT_STEPS,
      .seed = lat_run_seed(run)};
  probe.setting.arithmetic = (struct lat_arithmetic){dtype, dtype};
  size_t levels = mantissa_limit(p), wrong;
  double error, d = (double)p->channels;
  int status = LAT_OK;
  LAT_TRY(status, wrong_at(&probe, levels, &wrong, &error));
  LAT_TRY(status, lat_put_integer(run, "levels", wrong == 0 ? (int64_t)levels : 1));
  LAT_TRY(status, lat_put_real(run, "limit", (double)levels));
  LAT_TRY(status, lat_put_integer(run, "capped", 0));
  LAT_TRY(status, lat_put_integer(run, "verified_levels", 0));
  LAT_TRY(status, lat_put_integer(run, "verified_wrong", (int64_t)wrong));
  if (isfinite(error)) LAT_TRY(status, lat_put_real(run, "error", error));
  LAT_TRY(status, lat_put_real(run, "bits", wrong == 0 ? d * log2((double)levels) : 0));
  LAT_TRY(status, lat_put_real(run, "nominal_bits", d * (double)lat_dtype_facts(dtype).bits));
done:
  return status;
}

static int is_leak(const struct parameters *p) { return strcmp(p->measure, "leak") == 0; }
static int is_mantissa(const struct parameters *p) { return strcmp(p->measure, "mantissa") == 0; }

static int run(struct lat_run *run) {
  const struct parameters *p = lat_run_parameters(run);
  return is_leak(p) ? run_leak(run, p) : is_mantissa(p) ? run_mantissa(run, p) : run_thought(run, p);
}

static const char *reject(const void *parameters) {
  const struct parameters *p = parameters;
  int leak = is_leak(p), mantissa = is_mantissa(p);
  if (!leak && (strcmp(p->neighbours, "worst") != 0 || p->address_bits != 3 || p->beta != 2.5 || p->kappa != 2))
    return "neighbours, address_bits, beta and kappa are of leak: listed once, with worst, 3, 2.5 and 2";
  if (leak && (strcmp(p->format, "bf16") != 0 || p->slope != 2))
    return "format and slope are not of leak, which runs in fp32: listed once, with bf16 and 2";
  if (!mantissa && strcmp(p->part, "both") != 0) return "part is of mantissa: listed once, with both";
  if ((leak || mantissa) && p->channels != 1) return "channels are of thought: listed once, with 1";
  if (leak && strcmp(p->neighbours, "random") == 0 && p->kappa == 2)
    return "random neighbours with the steeper slopes only";
  if (leak) return NULL;
  enum lat_dtype dtype;
  if (lat_dtype_parse(p->format, &dtype) != LAT_OK) return NULL; /* check says what is wrong */
  size_t limit = mantissa_limit(p);
  if (limit < 2 || limit >= (mantissa ? (size_t)p->max_levels : MOST_OF_THOUGHT))
    return "the format's limit at this slope is not within 2 .. max_levels";
  if (mantissa && dtype == LAT_DTYPE_FP32 && strcmp(p->part, "both") != 0) return "fp32 has no other part";
  if (!mantissa && p->slope != 2) return "thoughts take slope 2, which keeps most levels";
  return NULL;
}

static int check(const void *parameters) {
  const struct parameters *p = parameters;
  enum lat_dtype dtype;
  if (!is_leak(p) && !is_mantissa(p) && strcmp(p->measure, "thought") != 0)
    return LAT_FAIL(LAT_INPUT, "measure '%s' is none of leak, mantissa, thought", p->measure);
  if (strcmp(p->neighbours, "worst") != 0 && strcmp(p->neighbours, "random") != 0)
    return LAT_FAIL(LAT_INPUT, "neighbours '%s' are neither worst nor random", p->neighbours);
  if (strcmp(p->part, "both") != 0 && strcmp(p->part, "storage") != 0 && strcmp(p->part, "accumulate") != 0)
    return LAT_FAIL(LAT_INPUT, "part '%s' is none of both, storage, accumulate", p->part);
  if (fmod(p->slope, 2) != 0) return LAT_FAIL(LAT_INPUT, "slope %g is not even: thresholds would not be exact", p->slope);
  return lat_dtype_parse(p->format, &dtype);
}

static double cost(const void *parameters) {
  const struct parameters *p = parameters;
  double steps = (double)p->steps, most = (double)p->max_levels;
  if (is_leak(p)) {
    double leak = lat_leak(p->beta, (size_t)p->address_bits), limit = fmin(lat_levels_limit_leak(leak, p->kappa), most);
    return steps * ldexp(1, (int)p->address_bits) * limit * (20 + fmin(limit, (double)p->verified));
  }
  double limit = (double)mantissa_limit(p), d = (double)p->channels;
  if (is_mantissa(p)) return 200 * steps * 8 * limit * (20 + fmin(limit, (double)p->verified));
  return 200 * 8 * 8 * 4 * limit * d * d;
}

int lat_channel_levels_analyse(const struct lat_merged *merged, struct lat_analysis *analysis);

const struct lat_experiment lat_experiment_channel_levels;
const struct lat_experiment lat_experiment_channel_levels = {
    .name = "channel_levels",
    .section = "A. Expressiveness",
    .question = "How many bits can one channel of a thought carry through a loop that fetches and regenerates it?",
    .prediction =
        "M levels last exactly while (M - 1) 2 eps <= 1 - 1/kappa for leak eps and a staircase of slope kappa, so a "
        "channel gains 2/ln 2 = "
        "2.885 bits with each unit of beta; with no leak, p bits of mantissa keep (2^p - 1)/(2 kappa) + 3/2 levels and not "
        "the 2^p and "
        "more that can be written in them.",
    .refuted_if =
        "for neighbours that leak worst the largest M is over one level and over 0.1 % from its limit (with so many levels "
        "that a rounding of the staircase is worth one, kappa (M - 1)^3 u > 1: above it), or in an emulated format it is "
        "another number than its limit (in fp32, whose fast kernels sum in any order, outside the two limits), or a level "
        "below it is lost",
    .source = "own derivation (lib/compile/levels.h, DESIGN.md); regeneration of levels as in a digital repeater",
    .caption =
        "(a) Largest number of levels that lasts for the loops, against sharpness: marks are machines really run, lines "
        "the "
        "limit 1 + (1 - 1/kappa)/(2 eps); open marks: random neighbours, which usually leak less; past some 500 levels "
        "single precision rounds the staircase, and marks "
        "may fall short. (b) With attention so "
        "sharp that nothing "
        "leaks, against the slope of the staircase, by number format: marks run, lines the limit 3/2 + (2^p - 1)/(2 "
        "kappa); fp32 runs in the "
        "fast kernels, which sum in any order, and lies between that and the dashed line. (c) Bits that a thought of d "
        "channels keeps at slope 2, "
        "all channels run at once (marks), against the bits it is stored in (dashed), by format as in (b).",
    .version = 1,
    .parameters_size = sizeof(struct parameters),
    .parameters = parameters_table,
    .outputs = outputs,
    .reject = reject,
    .check = check,
    .cost = cost,
    .run = run,
    .analyse = lat_channel_levels_analyse,
};
