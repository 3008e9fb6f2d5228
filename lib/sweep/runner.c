#include "lib/sweep/runner.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/store/file.h"
#include "lib/sweep/claim.h"
#include "lib/sweep/layout.h"
#include "lib/sweep/provenance.h"
#include "lib/sweep/run.h"

/* The point in hand. */
struct hand {
  const struct lat_runner *runner;
  const struct lat_sweep *plan;
  const struct lat_sweep_point *point;
  double told; /* when the progress was last told */
};

static int stopped(const struct lat_runner *runner) { return runner->stopped && runner->stopped(runner->context); }

static void tell(const struct hand *hand, enum lat_event event, double fraction) {
  if (hand->runner->tell) hand->runner->tell(hand->runner->context, event, hand->point, fraction);
}

static int tell_progress(void *context, double fraction) {
  struct hand *hand = context;
  double now = lat_clock();
  if (now - hand->told >= 0.2) {
    hand->told = now;
    tell(hand, LAT_EVENT_PROGRESS, fraction);
  }
  return stopped(hand->runner);
}

static int point_path(struct lat_text *path, const struct hand *hand, const char *ending) {
  return lat_path(path, "%s/%s/%s%s", hand->runner->out, hand->plan->experiment->name, hand->point->id, ending);
}

/* The reason as it is kept: a failed row must not depend on where an input file lies, so its base name stands for it. */
static int keep_reason(const struct hand *hand, int code, struct lat_text *reason) {
  char sentence[1024];
  const char *message = lat_error_message();
  snprintf(sentence, sizeof sentence, "%s", *message ? message : lat_status_name(code));
  for (const struct lat_parameter *p = hand->plan->experiment->parameters; p->name; p++) {
    if (p->kind != LAT_PATH) continue;
    const char *path = *(const char *const *)((const char *)hand->point->parameters + p->offset);
    const char *slash = strrchr(path, '/');
    size_t folder = slash ? (size_t)(slash - path) + 1 : 0;
    for (char *at; folder && (at = strstr(sentence, path));) memmove(at, at + folder, strlen(at + folder) + 1);
  }
  return lat_text_printf(reason, "%s", sentence);
}

/* Writes the row: the parameters, and what the run gave. */
static int write_row(const struct hand *hand, const struct lat_run *run, const char *reason, const char *sidecar) {
  const struct lat_experiment *experiment = hand->plan->experiment;
  struct lat_text path = {0};
  struct lat_point row = {.experiment = (char *)experiment->name,
                          .id = (char *)hand->point->id,
                          .canonical = hand->point->canonical,
                          .size = (char *)lat_size_of(experiment, hand->point->parameters),
                          .status = (char *)(reason ? "failed" : "ok"),
                          .reason = (char *)(reason ? reason : ""),
                          .source = (char *)lat_source(),
                          .flags = (char *)lat_flags(),
                          .experiment_version = experiment->version};
  int status = row.size ? LAT_OK : LAT_MEMORY;
  if (status == LAT_OK) status = lat_parameters_record(experiment, hand->point->parameters, &row.record);
  for (size_t i = 0; i < run->record.count && status == LAT_OK && !reason; i++) {
    const struct lat_field *f = &run->record.field[i];
    const void *data = f->kind == LAT_TEXT ? (const void *)f->data.text : (const void *)f->data.real;
    status = lat_record_add(&row.record, f->name, f->unit, f->long_name, f->kind, f->flags, f->dimensions, f->rank,
                            f->extent, data);
  }
  if (status == LAT_OK) status = point_path(&path, hand, ".h5");
  if (status == LAT_OK) status = lat_point_write(path.bytes, &row, sidecar);
  lat_record_free(&row.record);
  lat_text_free(&path);
  return status;
}

static int write_broken(const struct hand *hand, const char *sidecar) {
  struct lat_text path = {0};
  int status = point_path(&path, hand, ".failed.json");
  if (status == LAT_OK) status = lat_file_write(path.bytes, sidecar, strlen(sidecar));
  lat_text_free(&path);
  return status;
}

static void remove_left_over(const struct hand *hand) {
  static const char *const endings[] = {".failed.json", ".checkpoint"};
  struct lat_text path = {0};
  for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
    if (point_path(&path, hand, endings[i]) == LAT_OK) unlink(path.bytes);
  lat_text_free(&path);
}

/* Runs the claimed point. Any code but LAT_OK ends the whole run. */
static int run_point(struct hand *hand) {
  struct lat_text checkpoint = {0}, reason = {0}, sidecar = {0};
  struct lat_run run = {
      .experiment = hand->plan->experiment, .parameters = hand->point->parameters, .tell = tell_progress, .context = hand};
  struct lat_sidecar facts = {.experiment = run.experiment->name,
                              .id = hand->point->id,
                              .canonical = hand->point->canonical,
                              .jobs = hand->runner->jobs,
                              .started = (double)time(NULL)};
  double start = lat_clock();
  int status = LAT_OK, code = LAT_OK;
  LAT_TRY(status, point_path(&checkpoint, hand, ".checkpoint"));
  run.checkpoint = checkpoint.bytes;
  lat_error_clear();
  code = run.experiment->run(&run);
  if (code == LAT_OK) code = lat_run_complete(&run);
  if (code == LAT_INTERRUPTED) {
    status = LAT_INTERRUPTED;
    goto done;
  }
  int row = code == LAT_OK || code == LAT_NUMERIC || code == LAT_INPUT || code == LAT_UNSUPPORTED;
  if (code != LAT_OK) LAT_TRY(status, keep_reason(hand, code, &reason));
  facts.seconds = lat_clock() - start;
  if (row) {
    LAT_TRY(status, lat_sidecar_text(&sidecar, &facts));
    code = write_row(hand, &run, reason.bytes, sidecar.bytes);
    LAT_CHECK(status, code != LAT_FILE, LAT_FILE, "%s", lat_error_message());
    if (code != LAT_OK) {
      row = 0;
      lat_text_clear(&reason);
      LAT_TRY(status, keep_reason(hand, code, &reason));
    }
  }
  if (!row) {
    facts.error = reason.bytes;
    facts.error_name = lat_status_name(code);
    lat_text_clear(&sidecar);
    LAT_TRY(status, lat_sidecar_text(&sidecar, &facts));
    LAT_TRY(status, write_broken(hand, sidecar.bytes));
  } else {
    remove_left_over(hand);
  }
  tell(hand, !row ? LAT_EVENT_BROKEN : reason.length ? LAT_EVENT_FAILED : LAT_EVENT_DONE, 1);
done:
  lat_record_free(&run.record);
  lat_text_free(&checkpoint);
  lat_text_free(&reason);
  lat_text_free(&sidecar);
  return status;
}

/* Settles the point, or leaves it to who has it. */
static int try_point(struct hand *hand, int force, int *settled) {
  struct lat_text path = {0}, lock = {0}, broken = {0};
  enum lat_claim claim = LAT_CLAIM_MINE;
  int status = LAT_OK;
  LAT_TRY(status, point_path(&path, hand, ".h5"));
  LAT_TRY(status, point_path(&lock, hand, ".lock"));
  LAT_TRY(status, point_path(&broken, hand, ".failed.json"));
  if (lat_path_exists(broken.bytes)) {
    tell(hand, LAT_EVENT_BROKEN, 1); /* by another worker of this run */
  } else if (!lat_path_exists(path.bytes)) {
    LAT_TRY(status, lat_claim_take(lock.bytes, force, &claim));
    if (claim != LAT_CLAIM_MINE) goto done;
    /* Another may have done it between the look and the claim. */
    int there = lat_path_exists(path.bytes);
    if (!there) status = run_point(hand);
    lat_claim_drop(lock.bytes);
    if (there) tell(hand, LAT_EVENT_THERE, 1);
  } else {
    if (lat_path_exists(lock.bytes) && !lat_claim_held(lock.bytes)) lat_claim_drop(lock.bytes);
    tell(hand, LAT_EVENT_THERE, 1);
  }
  *settled = 1;
done:
  lat_text_free(&path);
  lat_text_free(&lock);
  lat_text_free(&broken);
  return status;
}

int lat_runner_run(const struct lat_runner *runner, const struct lat_sweep *plan) {
  struct hand hand = {.runner = runner, .plan = plan};
  struct lat_text folder = {0};
  size_t left = plan->count;
  int status = LAT_OK, force = 0;
  unsigned char *settled = lat_calloc(plan->count + 1, 1);
  LAT_CHECK(status, settled, LAT_MEMORY, "no memory for the run of %s", plan->experiment->name);
  LAT_TRY(status, lat_path(&folder, "%s/%s", runner->out, plan->experiment->name));
  if (plan->count) LAT_TRY(status, lat_make_folders(folder.bytes));
  while (left) {
    size_t before = left;
    for (size_t i = 0; i < plan->count; i++) {
      if (settled[i]) continue;
      LAT_CHECK(status, !stopped(runner), LAT_INTERRUPTED, "stopped");
      int now = 0;
      hand.point = &plan->point[i];
      LAT_TRY(status, try_point(&hand, force, &now));
      settled[i] = (unsigned char)now;
      left -= (size_t)now;
    }
    /* What is left is in the hands of others: wait for those on this host, and rather than wait for a host that may be
     * gone, do its points too. */
    if (left == before && force) {
      struct timespec pause = {0, 50000000};
      nanosleep(&pause, NULL);
    }
    force = 1;
  }
done:
  lat_free(settled);
  lat_text_free(&folder);
  return status;
}

/* Deletes the row when it is a failed one. */
static int forget_row(const char *path, size_t *forgotten) {
  struct lat_point point = {0};
  if (!lat_path_exists(path)) return LAT_OK;
  int status = lat_point_read(path, &point);
  if (status == LAT_OK && !strcmp(point.status, "failed")) {
    if (unlink(path) != 0) status = LAT_FAIL(LAT_FILE, "%s: cannot be removed: %s", path, strerror(errno));
    *forgotten += status == LAT_OK;
  }
  lat_point_free(&point);
  return status == LAT_INPUT ? LAT_OK : status;
}

int lat_runner_prepare(const char *out, const struct lat_sweep *plan, int retry, size_t *forgotten) {
  const char *name = plan->experiment->name;
  struct lat_text path = {0};
  int status = LAT_OK;
  *forgotten = 0;
  LAT_TRY(status, lat_path(&path, "%s/%s", out, name));
  if (plan->count) LAT_TRY(status, lat_make_folders(path.bytes));
  if (plan->count) LAT_TRY(status, lat_store_sweep_temporaries(path.bytes, NULL));
  for (size_t i = 0; i < plan->count; i++) {
    LAT_TRY(status, lat_path(&path, "%s/%s/%s.failed.json", out, name, plan->point[i].id));
    LAT_CHECK(status, unlink(path.bytes) == 0 || errno == ENOENT, LAT_FILE, "%s: cannot be removed: %s", path.bytes,
              strerror(errno));
    LAT_TRY(status, lat_path(&path, "%s/%s/%s.h5", out, name, plan->point[i].id));
    if (retry) LAT_TRY(status, forget_row(path.bytes, forgotten));
  }
done:
  lat_text_free(&path);
  return status;
}
