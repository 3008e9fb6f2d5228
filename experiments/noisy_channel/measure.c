#include <math.h>

#include "experiments/noisy_channel/channels.h"
#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/info/entropy.h"
#include "lib/info/neighbour.h"

static const char *const names[] = {"plugin", "miller_madow", "grassberger", "ksg1", "ksg2", "decoder", "hard", "fano"};

const char *lat_noisy_estimator_name(enum lat_noisy_estimator estimator) { return names[estimator]; }

static void nothing(struct lat_noisy_found *found) {
  for (int e = 0; e < LAT_NOISY_ESTIMATORS; e++)
    found->raw[e] = found->estimate[e] = found->low[e] = found->high[e] = found->control[e] = found->exact[e] = (double)NAN;
}

static int by_counts(const struct lat_noisy *channel, const struct lat_noisy_sample *sample,
                     struct lat_noisy_found *found) {
  size_t K = sample->letters;
  if (K == 0) return LAT_OK;
  int status = LAT_OK;
  uint64_t *joint = lat_alloc(K * K, sizeof *joint);
  LAT_CHECK(status, joint != NULL, LAT_MEMORY, "no memory for %zu by %zu counts", K, K);
  LAT_TRY(status, lat_entropy_joint(sample->a, K, sample->b, K, channel->samples, joint));
  for (int e = LAT_NOISY_PLUGIN; e <= LAT_NOISY_GRASSBERGER; e++) {
    struct lat_estimate information;
    LAT_TRY(status, lat_entropy_information(joint, K, K, (enum lat_entropy_method)e, &information));
    found->raw[e] = information.raw;
  }
done:
  lat_free(joint);
  return status;
}

static int by_neighbours(const struct lat_noisy *channel, const struct lat_noisy_sample *sample,
                         struct lat_noisy_found *found) {
  if (sample->x == NULL) return LAT_OK;
  struct lat_neighbour neighbour[2];
  struct lat_neighbour_options options = {channel->neighbours, 0, channel->seed, HUGE_VAL};
  int status = lat_neighbour_both(sample->x, channel->d, sample->y, channel->d, channel->samples, options, neighbour);
  for (int v = 0; v < 2 && status == LAT_OK; v++) {
    int e = v == 0 ? LAT_NOISY_KSG1 : LAT_NOISY_KSG2;
    found->raw[e] = neighbour[v].information.raw;
    found->low[e] = neighbour[v].information.raw - 1.96 * neighbour[v].error;
    found->high[e] = neighbour[v].information.raw + 1.96 * neighbour[v].error;
  }
  return status;
}

static int estimate_all(const struct lat_noisy *channel, const struct lat_noisy_sample *sample,
                        struct lat_noisy_found *found) {
  nothing(found);
  found->capacity_low = sample->low;
  found->capacity_high = sample->high;
  int status = by_counts(channel, sample, found);
  if (status == LAT_OK) status = by_neighbours(channel, sample, found);
  if (status == LAT_OK) status = lat_noisy_decode(channel, sample, found);
  for (int e = 0; e < LAT_NOISY_ESTIMATORS; e++)
    if (!isnan(found->raw[e])) {
      found->exact[e] = e <= LAT_NOISY_GRASSBERGER ? sample->exact_hard : sample->exact;
      found->estimate[e] = lat_estimate_make(found->raw[e], sample->high).bits;
    }
  return status;
}

int lat_noisy_measure(const struct lat_noisy *channel, struct lat_noisy_found *found) {
  int status = LAT_OK;
  struct lat_noisy_sample sample = {0};
  double sum[LAT_NOISY_ESTIMATORS] = {0};
  LAT_TRY(status, lat_noisy_draw(channel, &sample));
  LAT_TRY(status, estimate_all(channel, &sample, found));
  for (size_t s = 0; s < channel->shuffles; s++) {
    struct lat_noisy_found shuffled;
    LAT_TRY(status, lat_noisy_shuffle(channel, s, &sample));
    LAT_TRY(status, estimate_all(channel, &sample, &shuffled));
    for (int e = 0; e < LAT_NOISY_ESTIMATORS; e++) sum[e] += shuffled.raw[e] / (double)channel->shuffles;
  }
  for (int e = 0; e < LAT_NOISY_ESTIMATORS && channel->shuffles > 0; e++) found->control[e] = sum[e];
done:
  lat_noisy_free(&sample);
  return status;
}
