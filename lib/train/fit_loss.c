#include "lib/train/fit_loss.h"

#include <stdint.h>

#include "lib/base/memory.h"
#include "lib/base/random.h"
#include "lib/base/status.h"
#include "lib/nn/operation.h"

/* Rows that run through the learner at once: small enough for a core's cache. */
enum { PART_ROWS = 512 };

struct lat_fit_loss {
  const struct lat_learner *learner;
  const struct lat_fit_plan *plan;
  /* Of the update at hand. */
  uint64_t update;
  size_t batch, loops;
  const struct lat_task_setting *setting;
  size_t settings;
  struct lat_task_shape shape;
  /* A shard's examples, shard after shard. */
  size_t tokens_most, positions_most;
  int32_t *token, *target, *level;
  uint64_t *set; /* NULL: no task of the plan has sets */
};

int lat_fit_loss_alloc(const struct lat_learner *learner, const struct lat_fit_plan *plan, struct lat_fit_loss **result) {
  int status = LAT_OK;
  size_t shards = plan->training.shards;
  *result = NULL;
  struct lat_fit_loss *loss = lat_calloc(1, sizeof *loss);
  if (loss == NULL) return LAT_MEMORY;
  loss->learner = learner;
  loss->plan = plan;
  int sets = 0;
  for (size_t p = 0; p < plan->phases; p++)
    for (size_t i = 0; i < plan->phase[p].settings; i++) {
      struct lat_task_shape shape;
      LAT_TRY(status, lat_task_shape(&plan->phase[p].setting[i], &shape));
      sets |= shape.sets;
      size_t positions = plan->phase[p].batch / shards * shape.sequence, tokens = positions * shape.fields;
      if (positions > loss->positions_most) loss->positions_most = positions;
      if (tokens > loss->tokens_most) loss->tokens_most = tokens;
    }
  loss->token = lat_calloc(shards * loss->tokens_most, sizeof *loss->token);
  loss->target = lat_calloc(shards * loss->positions_most, sizeof *loss->target);
  loss->level = lat_calloc(shards * loss->positions_most, sizeof *loss->level);
  LAT_CHECK(status, loss->token && loss->target && loss->level, LAT_MEMORY, "no memory for a batch of %zu tokens",
            shards * loss->tokens_most);
  if (sets) loss->set = lat_calloc(shards * loss->positions_most, sizeof *loss->set);
  LAT_CHECK(status, !sets || loss->set != NULL, LAT_MEMORY, "no memory for a batch of %zu sets",
            shards * loss->positions_most);
  *result = loss;
  loss = NULL;
done:
  lat_fit_loss_free(loss);
  return status;
}

void lat_fit_loss_free(struct lat_fit_loss *loss) {
  if (loss == NULL) return;
  lat_free(loss->token);
  lat_free(loss->target);
  lat_free(loss->level);
  lat_free(loss->set);
  lat_free(loss);
}

void lat_fit_loss_begin(struct lat_fit_loss *loss, size_t index, uint64_t update) {
  const struct lat_phase *phase = &loss->plan->phase[index];
  struct lat_random random;
  lat_random_start(&random, loss->plan->seed, "curriculum", update);
  loss->update = update;
  loss->batch = phase->batch;
  loss->settings = phase->settings;
  if (phase->others > 0 && phase->settings > 1) {
    int other = lat_random_uniform(&random) < phase->others;
    loss->setting = &phase->setting[other ? 1 + lat_random_below(&random, phase->settings - 1) : 0];
  } else {
    loss->setting = &phase->setting[lat_random_below(&random, phase->settings)];
  }
  loss->loops = phase->loops_low + (size_t)lat_random_below(&random, phase->loops_high - phase->loops_low + 1);
  lat_task_shape(loss->setting, &loss->shape); /* was fine when the plan was checked */
}

double lat_fit_loss_flops(const struct lat_fit_loss *loss) {
  return 3 * (double)loss->batch * lat_learner_flops(loss->learner, loss->shape.sequence, loss->loops);
}

/* The examples of a shard: fresh ones by their number, or drawn from a set of the plan's size, which the tasks of a phase share. */
static void draw(const struct lat_fit_loss *loss, size_t shard, size_t count, struct lat_example *all) {
  const struct lat_fit_plan *plan = loss->plan;
  size_t S = loss->shape.sequence;
  uint64_t set = plan->examples > 0 ? (plan->examples + loss->settings - 1) / loss->settings : 0;
  struct lat_random random;
  all->token = loss->token + shard * loss->tokens_most;
  all->target = loss->target + shard * loss->positions_most;
  all->level = loss->level + shard * loss->positions_most;
  all->set = loss->set != NULL ? loss->set + shard * loss->positions_most : NULL;
  lat_random_start(&random, plan->seed, "draw", loss->update * plan->training.shards + shard);
  for (size_t i = 0; i < count; i++) {
    struct lat_example one = {all->token + i * S * loss->shape.fields, all->target + i * S, all->level + i * S,
                              all->set != NULL ? all->set + i * S : NULL};
    uint64_t index = set > 0 ? lat_random_below(&random, set) : loss->update * loss->batch + shard * count + i;
    lat_task_make(loss->setting, plan->seed, "train", index, &one);
  }
}

/* Is position s asked after loop t (0-based)? */
static int is_asked(const struct lat_fit_loss *loss, const struct lat_example *all, size_t s, size_t t) {
  if (all->target[s] < 0) return 0;
  return !loss->plan->levels_by_loop || (size_t)all->level[s] <= t + 1;
}

static size_t asked_after(const struct lat_fit_loss *loss, const struct lat_example *all, size_t positions, size_t t) {
  size_t asked = 0;
  for (size_t s = 0; s < positions; s++) asked += (size_t)is_asked(loss, all, s, t);
  return asked;
}

/* Cross-entropy after loop t as a share of the mean over what the whole shard is asked then. */
static struct lat_array *loss_after(const struct lat_fit_loss *loss, struct lat_tape *tape, const struct lat_example *all,
                                    size_t first, size_t positions, size_t asked, size_t t, struct lat_array *logits) {
  float *weight = lat_tape_memory(tape, positions, sizeof *weight);
  if (weight == NULL) return NULL;
  for (size_t s = 0; s < positions; s++) weight[s] = is_asked(loss, all, first + s, t) ? 1.0f / (float)asked : 0;
  return lat_cross_entropy_sets(tape, logits, all->target + first, all->set != NULL ? all->set + first : NULL, weight, NULL,
                                NULL);
}

static int part_loss(const struct lat_fit_loss *loss, struct lat_tape *tape, const struct lat_example *all, size_t first,
                     size_t count, size_t asked_in_all, struct lat_random random[2], float *gradient, double *sum) {
  size_t S = loss->shape.sequence, T = loss->loops, shards = loss->plan->training.shards;
  size_t losses = loss->plan->loss == LAT_LOSS_EVERY ? T : 1;
  struct lat_learner_pass pass = {.tape = tape,
                                  .gradient = gradient,
                                  .batch = count,
                                  .sequence = S,
                                  .token = all->token + first * S * loss->shape.fields,
                                  .steps = T,
                                  .through = loss->plan->through > 0 ? loss->plan->through : SIZE_MAX,
                                  .every = losses > 1,
                                  .random = &random[0],
                                  .channel = &random[1]};
  struct lat_array *total = NULL;
  int status = LAT_OK;
  pass.logits = lat_tape_memory(tape, T, sizeof *pass.logits);
  if (pass.logits == NULL) return lat_tape_status(tape);
  LAT_TRY(status, loss->learner->run(loss->learner, &pass));
  for (size_t t = losses == 1 ? T - 1 : 0; t < T; t++) {
    size_t asked = loss->plan->levels_by_loop ? asked_after(loss, all, loss->batch / shards * S, t) : asked_in_all;
    if (asked == 0) continue;
    struct lat_array *one = loss_after(loss, tape, all, first * S, count * S, asked, t, pass.logits[t]);
    total = total == NULL ? one : lat_sum_of(tape, 1, total, 1, one);
  }
  if (lat_tape_status(tape) != LAT_OK) return lat_tape_status(tape);
  if (total == NULL) return LAT_OK;
  if (pass.extra != NULL) total = lat_sum_of(tape, 1, total, (double)(shards * losses) / (double)loss->batch, pass.extra);
  if (total == NULL) return lat_tape_status(tape);
  double part = 1 / (double)(shards * losses);
  *sum += part * (double)total->value[0];
  status = lat_tape_backward(tape, total, (float)part);
done:
  return status;
}

int lat_fit_loss_shard(void *context, struct lat_tape *tape, uint64_t step, size_t shard, float *gradient, double *sum) {
  const struct lat_fit_loss *loss = context;
  size_t shards = loss->plan->training.shards, count = loss->batch / shards, S = loss->shape.sequence;
  size_t at_once = loss->learner->at_once > 0 ? loss->learner->at_once : S < PART_ROWS ? PART_ROWS / S : 1;
  struct lat_example all;
  struct lat_random random[2];
  int status = LAT_OK;
  (void)step;
  draw(loss, shard, count, &all);
  size_t asked = asked_after(loss, &all, count * S, SIZE_MAX - 1);
  if (asked == 0) return LAT_OK;
  lat_random_start(&random[0], loss->plan->seed, "dropout", loss->update * shards + shard);
  lat_random_start(&random[1], loss->plan->seed, "channel", loss->update * shards + shard);
  for (size_t first = 0; first < count && status == LAT_OK; first += at_once) {
    size_t n = count - first < at_once ? count - first : at_once;
    lat_tape_reset(tape);
    status = part_loss(loss, tape, &all, first, n, asked, random, gradient, sum);
  }
  return status;
}
