#include "experiments/thought_relay/relaying.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/info/entropy.h"
#include "lib/info/interval.h"
#include "lib/train/recipe.h"

enum { ENDS_WIDTH = 64, ENDS_HEADS = 4, REVIVE_EVERY = 100, REVIVE_EXAMPLES = 1024, VALIDATION = 512 };
/* Codes are revived in the first part of the training and settle in the rest; the temperature of gumbel falls over all of it. */
static const double revive_until = 0.8, warm = 1, cool = 0.3;
static const double least = 0.01; /* bits that a bit must be worth to be counted */

static int parse_bits(size_t length, size_t asked, struct lat_task_setting *setting) {
  char text[64];
  snprintf(text, sizeof text, "bits:length=%zu:asked=%zu", length, asked);
  return lat_task_parse(text, setting);
}

static int make(const struct lat_relaying *relaying, struct lat_relayed *relayed) {
  struct lat_transformer_config config;
  struct lat_initialisation initialisation = lat_initialisation_default();
  int status = LAT_OK;
  if (!relaying->transformers) return lat_learner_relay(&relaying->relay, relaying->seed, &relayed->learner);
  LAT_TRY(status, lat_relay_transformer_config(&relaying->relay, ENDS_WIDTH, ENDS_HEADS, 2, &config));
  LAT_TRY(status, lat_transformer_alloc(&config, &relayed->model));
  LAT_TRY(status, lat_transformer_initialise(relayed->model, &initialisation, relaying->seed));
  LAT_TRY(status, lat_learner_relay_transformer(&relaying->relay, relayed->model, &relayed->learner));
done:
  return status;
}

int lat_relaying_check(const struct lat_relaying *relaying) {
  struct lat_relayed relayed = {0};
  struct lat_relaying probe = *relaying;
  int status = LAT_OK;
  LAT_CHECK(status, relaying->batch >= 2 && relaying->batch % 2 == 0, LAT_INPUT, "a batch of %zu is no multiple of 2",
            relaying->batch);
  LAT_TRY(status, parse_bits(relaying->relay.bits, relaying->first, &relayed.setting));
  /* What cannot be does not depend on how large it is. */
  if (probe.relay.hidden > 1) probe.relay.hidden = 1;
  LAT_TRY(status, make(&probe, &relayed));
done:
  lat_relayed_free(&relayed);
  return status;
}

struct telling {
  struct lat_run *run;
  struct lat_relayed *relayed;
  uint64_t update;
};

static int tell(void *context, double fraction) {
  struct telling *telling = context;
  struct lat_relayed *relayed = telling->relayed;
  enum lat_relay_kind kind = relayed->relaying.relay.kind;
  size_t dead = 0;
  int status = telling->run == NULL ? LAT_OK : lat_run_progress(telling->run, fraction);
  if (status != LAT_OK) return status;
  if (kind == LAT_RELAY_GUMBEL) lat_relay_cool(relayed->learner, warm * pow(cool / warm, fraction));
  if (kind == LAT_RELAY_CODEBOOK && telling->update % REVIVE_EVERY == 0 && fraction < revive_until)
    status = lat_relay_revive(relayed->learner, &relayed->setting, relayed->relaying.seed,
                              telling->update / REVIVE_EVERY * REVIVE_EXAMPLES, REVIVE_EXAMPLES, &dead);
  relayed->revived += dead;
  telling->update++;
  return status;
}

int lat_relaying_run(const struct lat_relaying *relaying, struct lat_run *run, struct lat_relayed *relayed) {
  struct lat_task_setting part;
  struct lat_phase phase[2];
  struct lat_fit_plan plan = lat_fit_default();
  struct telling telling = {run, relayed, 0};
  int status = LAT_OK;
  *relayed = (struct lat_relayed){.relaying = *relaying};
  LAT_TRY(status, parse_bits(relaying->relay.bits, relaying->first, &part));
  LAT_TRY(status, parse_bits(relaying->relay.bits, 0, &relayed->setting));
  LAT_TRY(status, make(relaying, relayed));
  phase[0] = (struct lat_phase){.settings = 1,
                                .setting = &part,
                                .loops_low = 1,
                                .loops_high = 1,
                                .updates = relaying->updates,
                                .batch = relaying->batch,
                                .advance = 1};
  phase[1] = phase[0];
  phase[1].setting = &relayed->setting;
  plan.phases = relaying->first > 0 ? 2 : 1;
  plan.phase = relaying->first > 0 ? phase : phase + 1;
  plan.seed = relaying->seed;
  plan.training.rate.peak = relaying->rate;
  plan.training.optimiser.weight_decay = 0;
  plan.training.shards = 2;
  plan.validation = VALIDATION;
  plan.measure = LAT_MEASURE_EXACT;
  plan.stop = 1;
  LAT_TRY(status, lat_fit(relayed->learner, &plan, NULL, tell, &telling, &relayed->fit));
done:
  return status;
}

void lat_relayed_free(struct lat_relayed *relayed) {
  lat_fit_free(&relayed->fit);
  lat_learner_free(relayed->learner);
  lat_transformer_free(relayed->model);
  *relayed = (struct lat_relayed){0};
}

/* Sum over the bits that count of 1 - their mean cross-entropy. */
static double worth(const struct lat_relay_reading *reading, const unsigned char *counts) {
  double sum = 0;
  for (size_t i = 0; i < reading->bits; i++) {
    double loss = 0;
    for (size_t e = 0; e < reading->examples; e++) loss += (double)reading->loss[e * reading->bits + i];
    if (counts == NULL || counts[i]) sum += 1 - loss / M_LN2 / (double)reading->examples;
  }
  return sum;
}

static size_t choose(const struct lat_relay_reading *reading, unsigned char *counts) {
  size_t count = 0;
  for (size_t i = 0; i < reading->bits; i++) {
    double loss = 0;
    for (size_t e = 0; e < reading->examples; e++) loss += (double)reading->loss[e * reading->bits + i];
    counts[i] = 1 - loss / M_LN2 / (double)reading->examples >= least;
    count += counts[i];
  }
  return count;
}

static void by_cross_entropy(const struct lat_relay_reading *reading, const unsigned char *counts,
                             struct lat_recovered *recovered) {
  double mean = worth(reading, counts), squares = 0, n = (double)reading->examples;
  for (size_t e = 0; e < reading->examples; e++) {
    double one = 0;
    for (size_t i = 0; i < reading->bits; i++)
      if (counts[i]) one += 1 - (double)reading->loss[e * reading->bits + i] / M_LN2;
    squares += (one - mean) * (one - mean);
  }
  double half = reading->examples > 1 ? gsl_cdf_tdist_Pinv(0.975, n - 1) * sqrt(squares / (n - 1) / n) : mean;
  recovered->bits = fmax(mean, 0);
  recovered->low = fmax(mean - half, 0);
  recovered->high = fmax(mean + half, 0);
}

static void by_errors(const struct lat_relay_reading *reading, const unsigned char *counts,
                      struct lat_recovered *recovered) {
  size_t m = reading->bits, right = 0, whole = 0;
  for (size_t i = 0; i < m; i++) {
    uint64_t wrong = 0;
    for (size_t e = 0; e < reading->examples; e++) wrong += !reading->hit[e * m + i];
    right += reading->examples - wrong;
    if (!counts[i]) continue;
    double high = lat_interval_proportion(wrong, reading->examples, 1 - 0.1 / (double)recovered->counted).high;
    recovered->fano += 1 - lat_entropy_binary((double)wrong / (double)reading->examples);
    if (high < 0.5) recovered->fano_low += 1 - lat_entropy_binary(high);
  }
  for (size_t e = 0; e < reading->examples; e++) {
    int all = 1;
    for (size_t i = 0; i < m; i++) all &= reading->hit[e * m + i];
    whole += (size_t)all;
  }
  recovered->accuracy = (double)right / (double)(m * reading->examples);
  recovered->exact = (double)whole / (double)reading->examples;
}

/* Summed over the thoughts, whose joint entropy is no more. */
static int by_codes(const struct lat_relay_reading *reading, size_t codes, struct lat_recovered *recovered) {
  uint64_t *count = lat_alloc(codes, sizeof *count);
  if (count == NULL) return LAT_MEMORY;
  recovered->sent = 0;
  for (size_t t = 0; t < reading->thoughts; t++) {
    memset(count, 0, codes * sizeof *count);
    for (size_t e = 0; e < reading->examples; e++) count[reading->code[e * reading->thoughts + t]]++;
    for (size_t k = 0; k < codes; k++) recovered->used += count[k] > 0;
    recovered->sent += lat_entropy(count, codes, LAT_ENTROPY_MILLER_MADOW).bits;
  }
  lat_free(count);
  return LAT_OK;
}

int lat_relaying_measure(const struct lat_relayed *relayed, size_t examples, struct lat_recovered *recovered) {
  const struct lat_relaying *relaying = &relayed->relaying;
  struct lat_relay_reading validation = {0}, test = {0};
  unsigned char *counts = NULL;
  int status = LAT_OK;
  *recovered = (struct lat_recovered){.sent = (double)NAN};
  LAT_TRY(status, lat_relay_read(relayed->learner, &relayed->setting, relaying->seed, "validation", examples, &validation));
  LAT_TRY(status, lat_relay_read(relayed->learner, &relayed->setting, relaying->seed, "test", examples, &test));
  counts = lat_alloc(validation.bits, 1);
  LAT_CHECK(status, counts != NULL, LAT_MEMORY, "no memory for %zu bits", validation.bits);
  recovered->counted = choose(&validation, counts);
  recovered->validation = worth(&validation, counts);
  by_cross_entropy(&test, counts, recovered);
  by_errors(&test, counts, recovered);
  if (test.code != NULL) LAT_TRY(status, by_codes(&test, relaying->relay.codes, recovered));
done:
  lat_free(counts);
  lat_relay_reading_free(&validation);
  lat_relay_reading_free(&test);
  return status;
}
