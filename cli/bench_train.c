/* A training step of models like GPT-2 of named sizes: forward, backward, clipping and AdamW, against the peak of the machine. */
#include <json-c/json.h>
#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/bench.h"
#include "cli/cli.h"
#include "lib/base/clock.h"
#include "lib/base/memory.h"
#include "lib/base/random.h"
#include "lib/base/text.h"
#include "lib/nn/gemm.h"
#include "lib/nn/parameters.h"
#include "lib/nn/pass.h"
#include "lib/train/trainer.h"

/* B sequences of S tokens; L layers, the block looped T times. `by_default`: measured when none is named. */
struct setting {
  const char *name;
  size_t width, layers, steps, heads, sequence, batch;
  int by_default;
};
static const struct setting settings[] = {{"A", 64, 2, 1, 4, 64, 64, 1},      {"B", 128, 2, 1, 4, 128, 32, 1},
                                          {"C8", 128, 1, 8, 4, 128, 32, 1},   {"C16", 128, 1, 16, 4, 128, 32, 1},
                                          {"C32", 128, 1, 32, 4, 128, 32, 1}, {"D", 256, 4, 1, 8, 128, 16, 1},
                                          {"E", 512, 4, 1, 8, 128, 16, 1},    {"small", 64, 1, 8, 1, 24, 64, 0}};
enum {
  SETTINGS = sizeof settings / sizeof *settings,
  VOCABULARY = 64,
  PART_ROWS = 512,
  SMALL_WIDTH = 128,
  FEWEST = 5,
  MOST = 60
};

struct problem {
  const struct setting *setting;
  struct lat_transformer *model;
  int32_t *token, *target; /* [B, S] */
  size_t shards, part;     /* sequences that run forward and backward together */
  size_t pieces;
  struct lat_piece piece[512];
};

struct measured {
  const struct setting *setting;
  double seconds, flops, peak, bytes; /* peak: GF/s */
};

static double tokens(const struct measured *m) { return (double)(m->setting->batch * m->setting->sequence); }
static double gigaflops(const struct measured *m) { return m->flops / m->seconds * 1e-9; }

static int add_piece(void *context, const char *name, size_t rows, size_t columns, lat_real **slot) {
  struct problem *problem = context;
  struct lat_random random;
  size_t count = rows * (columns > 0 ? columns : 1);
  double scale = sqrt(3.0 / (columns > 0 ? (double)columns : 1.0));
  if (problem->pieces == sizeof problem->piece / sizeof *problem->piece)
    return LAT_FAIL(LAT_INPUT, "more than %zu parameter arrays", problem->pieces);
  lat_random_start(&random, 1, name, 0);
  for (size_t i = 0; columns > 0 && i < count; i++)
    (*slot)[i] = (lat_real)(scale * (2.0 * lat_random_uniform(&random) - 1.0));
  problem->piece[problem->pieces++] = (struct lat_piece){count, columns > 0};
  return LAT_OK;
}

static int shard_loss(void *context, struct lat_tape *tape, uint64_t step, size_t shard, float *gradient, double *loss) {
  const struct problem *problem = context;
  const struct setting *s = problem->setting;
  size_t each = s->batch / problem->shards, end = (shard + 1) * each;
  (void)step;
  for (size_t first = shard * each; first < end; first += problem->part) {
    size_t count = end - first < problem->part ? end - first : problem->part;
    lat_tape_reset(tape);
    struct lat_pass *pass = lat_pass_make(tape, problem->model, count, s->sequence, gradient);
    if (pass == NULL) return lat_tape_status(tape);
    struct lat_array *x = lat_pass_embed(pass, problem->token + first * s->sequence);
    x = lat_pass_logits(pass, lat_pass_run(pass, s->steps, SIZE_MAX, x, NULL));
    x = lat_cross_entropy(tape, x, problem->target + first * s->sequence, NULL, NULL, NULL);
    if (x == NULL) return lat_tape_status(tape);
    double share = 1.0 / (double)(s->batch * s->sequence);
    *loss += (double)x->value[0] * share;
    int status = lat_tape_backward(tape, x, (lat_real)share);
    if (status != LAT_OK) return status;
  }
  return LAT_OK;
}

/* The fewest shards that cut the batch evenly and keep all threads busy. Parts of at most PART_ROWS rows, of narrow models so many that
 * their activations stay near: 256 rows of 64, 128 of 128. */
static void cut(struct problem *problem, int threads) {
  const struct setting *s = problem->setting;
  problem->shards = 1;
  while (problem->shards < s->batch && (problem->shards < (size_t)threads || s->batch % problem->shards != 0))
    problem->shards++;
  size_t rows = s->width > SMALL_WIDTH ? PART_ROWS : SMALL_WIDTH * SMALL_WIDTH / s->width;
  problem->part = s->sequence < rows ? rows / s->sequence : 1;
}

static int prepare(struct problem *problem) {
  const struct setting *s = problem->setting;
  const struct lat_transformer_config config = {.vocabulary = VOCABULARY,
                                                .sequence = s->sequence,
                                                .width = s->width,
                                                .heads = s->heads,
                                                .key_width = s->width / s->heads,
                                                .value_width = s->width / s->heads,
                                                .ffn = 4 * s->width,
                                                .layers = s->layers,
                                                .steps = s->steps,
                                                .norm = LAT_NORM_LAYERNORM,
                                                .norm_epsilon = 1e-5,
                                                .activation = LAT_ACTIVATION_GELU_TANH,
                                                .mask = LAT_MASK_CAUSAL,
                                                .positions = LAT_POSITIONS_LEARNED,
                                                .attention_scale = 1.0 / sqrt((double)(s->width / s->heads)),
                                                .linear_bias = 1,
                                                .final_norm = 1};
  struct lat_random random;
  int status = LAT_OK;
  size_t count = s->batch * s->sequence;
  LAT_TRY(status, lat_transformer_alloc(&config, &problem->model));
  LAT_TRY(status, lat_parameters_visit_outer(&config, problem->model, add_piece, problem));
  for (size_t l = 0; l < s->layers; l++)
    LAT_TRY(status, lat_parameters_visit_layer(&config, &problem->model->layer[l], l, add_piece, problem));
  problem->token = lat_alloc(count, sizeof *problem->token);
  problem->target = lat_alloc(count, sizeof *problem->target);
  LAT_CHECK(status, problem->token != NULL && problem->target != NULL, LAT_MEMORY, "no memory for %zu tokens", count);
  lat_random_start(&random, 1, "tokens", 0);
  for (size_t i = 0; i < count; i++) {
    problem->token[i] = (int32_t)lat_random_below(&random, VOCABULARY);
    problem->target[i] = (int32_t)lat_random_below(&random, VOCABULARY);
  }
done:
  return status;
}

/* Useful operations of a step: 6 a token for every weight of a matrix that a token passes through (once for each loop; the embeddings
 * are looked up, not multiplied), and attention over the half of the square that the mask allows. */
static double useful(const struct setting *s) {
  double width = (double)s->width, passes = (double)(s->layers * s->steps), count = (double)(s->batch * s->sequence);
  return 6.0 * (12.0 * width * width * passes + (double)VOCABULARY * width) * count +
         6.0 * (double)s->sequence * width * passes * count;
}

static int ascending(const void *a, const void *b) {
  const double *x = a, *y = b;
  return (*x > *y) - (*x < *y);
}

/* Steps for `enough` seconds, and FEWEST of them at least. */
static int time_steps(struct lat_trainer *trainer, double enough, double *median) {
  double seconds[MOST], sum = 0;
  size_t count = 0;
  int status = LAT_OK;
  for (int warm = 0; warm < 2; warm++) LAT_TRY(status, lat_trainer_step(trainer, NULL));
  while (count < FEWEST || (sum < enough && count < MOST)) {
    double began = lat_clock();
    LAT_TRY(status, lat_trainer_step(trainer, NULL));
    seconds[count] = lat_clock() - began;
    sum += seconds[count++];
  }
  qsort(seconds, count, sizeof *seconds, ascending);
  *median = count % 2 == 1 ? seconds[count / 2] : 0.5 * (seconds[count / 2 - 1] + seconds[count / 2]);
done:
  return status;
}

static int measure(const struct setting *setting, double enough, struct measured *m) {
  struct problem problem = {.setting = setting};
  struct lat_trainer *trainer = NULL;
  struct lat_training training = lat_training_default(1000);
  double one;
  int status = LAT_OK;
  *m = (struct measured){.setting = setting, .flops = useful(setting)};
  lat_memory_reset_peak();
  cut(&problem, omp_get_max_threads());
  training.shards = problem.shards;
  LAT_TRY(status, prepare(&problem));
  LAT_TRY(status, lat_trainer_alloc(&training, problem.pieces, problem.piece, problem.model->parameters, shard_loss,
                                    &problem, &trainer));
  LAT_TRY(status, time_steps(trainer, enough, &m->seconds));
  m->bytes = (double)lat_memory_peak();
  lat_bench_peak(&one, &m->peak); /* right after the steps that it is compared with */
done:
  lat_trainer_free(trainer);
  lat_transformer_free(problem.model);
  lat_free(problem.token);
  lat_free(problem.target);
  return status;
}

static void print_table(const struct measured *m, size_t count) {
  printf("%-7s %5s %3s %3s %3s %4s %4s %9s %10s %8s %8s %9s %8s\n", "config", "D", "L", "T", "H", "S", "B", "ms",
         "tokens/s", "GF/s", "peak", "% of peak", "peak MB");
  for (size_t k = 0; k < count; k++, m++) {
    const struct setting *s = m->setting;
    printf("%-7s %5zu %3zu %3zu %3zu %4zu %4zu %9.2f %10.0f %8.1f %8.1f %9.1f %8.1f\n", s->name, s->width, s->layers,
           s->steps, s->heads, s->sequence, s->batch, m->seconds * 1e3, tokens(m) / m->seconds, gigaflops(m), m->peak,
           100 * gigaflops(m) / m->peak, m->bytes / 1e6);
  }
  printf(
      "\nOne step: forward, backward, clipping and AdamW, median of %d to %d, on %d threads. GF/s: useful operations, 6 "
      "for each\n"
      "weight of a matrix and token and loop, and attention without its masked half. peak: fused multiply-adds in "
      "registers on as\n"
      "many threads, measured after each case. Matrix products: %s.\n",
      FEWEST, MOST, omp_get_max_threads(), lat_gemm_provider());
}

static void add_real(struct json_object *to, const char *key, double value) {
  json_object_object_add(to, key, json_object_new_double(value));
}

static int print_json(const struct measured *m, size_t count) {
  struct json_object *list = json_object_new_array();
  for (size_t k = 0; k < count; k++, m++) {
    struct json_object *row = json_object_new_object();
    json_object_object_add(row, "config", json_object_new_string(m->setting->name));
    add_real(row, "milliseconds", m->seconds * 1e3);
    add_real(row, "tokens_per_second", tokens(m) / m->seconds);
    add_real(row, "useful_gflops", gigaflops(m));
    add_real(row, "peak_gflops", m->peak);
    add_real(row, "percent_of_peak", 100 * gigaflops(m) / m->peak);
    json_object_object_add(row, "peak_bytes", json_object_new_uint64((uint64_t)m->bytes));
    json_object_object_add(row, "gemm", json_object_new_string(lat_gemm_provider()));
    json_object_array_add(list, row);
  }
  return lat_cli_print_json(list);
}

static int add_timing(struct lat_record *record, const char *name, const char *unit, const char *what, size_t count,
                      const double *value) {
  return lat_record_add(record, name, unit, what, LAT_REAL, LAT_IS_TIMING, "config", 1, &count, value);
}

static int fill_record(struct lat_record *record, const struct measured *m, size_t n) {
  double milliseconds[SETTINGS], rate[SETTINGS], useful_rate[SETTINGS], peak[SETTINGS], percent[SETTINGS], bytes[SETTINGS];
  double flops[SETTINGS];
  struct lat_text names = {0};
  int status = LAT_OK;
  for (size_t k = 0; k < n; k++) {
    milliseconds[k] = m[k].seconds * 1e3, rate[k] = tokens(&m[k]) / m[k].seconds, useful_rate[k] = gigaflops(&m[k]);
    peak[k] = m[k].peak, percent[k] = 100 * useful_rate[k] / peak[k], bytes[k] = m[k].bytes, flops[k] = m[k].flops;
    LAT_TRY(status, lat_text_printf(&names, "%s%s", k > 0 ? "," : "", m[k].setting->name));
  }
  const char *text = names.bytes, *provider = lat_gemm_provider();
  LAT_TRY(status, lat_record_add(record, "configs", "", "name of each case", LAT_TEXT, 0, "", 0, NULL, &text));
  LAT_TRY(status, lat_record_add(record, "gemm", "", "library of the matrix products", LAT_TEXT, LAT_IS_TIMING, "", 0, NULL,
                                 &provider));
  LAT_TRY(status,
          lat_record_add(record, "useful_flops", "1", "useful operations of a step", LAT_REAL, 0, "config", 1, &n, flops));
  LAT_TRY(status, add_timing(record, "milliseconds", "ms", "a step, median", n, milliseconds));
  LAT_TRY(status, add_timing(record, "tokens_per_second", "1/s", "tokens trained on", n, rate));
  LAT_TRY(status, add_timing(record, "useful_gflops", "1e9/s", "useful operations", n, useful_rate));
  LAT_TRY(status, add_timing(record, "peak_gflops", "1e9/s", "fused multiply-add peak of as many threads", n, peak));
  LAT_TRY(status, add_timing(record, "percent_of_peak", "%", "useful operations by the peak", n, percent));
  LAT_TRY(status, add_timing(record, "peak_bytes", "byte", "highest memory held", n, bytes));
done:
  lat_text_free(&names);
  return status;
}

/* Names with commas, e.g. "A,C8"; those of the default list when NULL. */
static int choose(const char *names, const struct setting **chosen, size_t *count) {
  *count = 0;
  if (names == NULL) {
    for (size_t i = 0; i < SETTINGS; i++)
      if (settings[i].by_default) chosen[(*count)++] = &settings[i];
    return 0;
  }
  for (const char *at = names;; at++) {
    size_t length = strcspn(at, ","), i = 0;
    while (i < SETTINGS && (strlen(settings[i].name) != length || strncmp(settings[i].name, at, length) != 0)) i++;
    if (i == SETTINGS)
      return lat_cli_misuse("there is no configuration '%.*s'; there is: A, B, C8, C16, C32, D, E, small",
                            (int)(length < 80 ? length : 80), at);
    for (size_t k = 0; k < *count; k++)
      if (chosen[k] == &settings[i]) return lat_cli_misuse("configuration '%s' is named twice", settings[i].name);
    chosen[(*count)++] = &settings[i];
    at += length;
    if (*at == '\0') return 0;
  }
}

int lat_bench_train(const struct lat_bench_request *request) {
  const struct setting *chosen[SETTINGS];
  struct measured measured[SETTINGS];
  struct lat_record record = {0};
  size_t count;
  int status = choose(request->configs == NULL && request->quick ? "A" : request->configs, chosen, &count);
  if (status != 0) return status;
  for (size_t k = 0; k < count && status == LAT_OK; k++)
    status = measure(chosen[k], request->quick ? 0.1 : 2.0, &measured[k]);
  if (status == LAT_OK && request->out != NULL) {
    status = fill_record(&record, measured, count);
    if (status == LAT_OK) status = lat_bench_write(request, "train", &record);
    lat_record_free(&record);
  }
  if (status != LAT_OK) return lat_cli_fail(status);
  if (request->json) return print_json(measured, count);
  print_table(measured, count);
  return lat_cli_finish(0);
}
