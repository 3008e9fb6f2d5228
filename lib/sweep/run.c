#include "lib/sweep/run.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "lib/base/status.h"

const void *lat_run_parameters(const struct lat_run *run) { return run->parameters; }

uint64_t lat_run_seed(const struct lat_run *run) {
  for (const struct lat_parameter *p = run->experiment->parameters; p->name; p++)
    if (p->kind == LAT_INTEGER && !strcmp(p->name, "seed"))
      return (uint64_t) * (const int64_t *)((const char *)run->parameters + p->offset);
  return 0;
}

const char *lat_run_checkpoint(struct lat_run *run) {
  run->checkpointed = run->checkpoint != NULL;
  return run->checkpoint;
}

int lat_run_progress(struct lat_run *run, double fraction) {
  int stop = run->tell ? run->tell(run->context, fraction) : 0;
  /* Without a checkpoint the work so far would be lost: the run goes on to its end. */
  if (stop && run->checkpointed) return LAT_FAIL(LAT_INTERRUPTED, "a stop was asked for; the work so far is kept");
  return LAT_OK;
}

static const struct lat_output *declared(const struct lat_run *run, const char *name, enum lat_kind kind, size_t rank) {
  const struct lat_output *output = run->experiment->outputs;
  while (output->name && strcmp(output->name, name) != 0) output++;
  assert(output->name && "an output is declared before it is put");
  assert(output->kind == kind && "an output is put as the kind it was declared as");
  size_t dimensions = *output->dimensions != '\0';
  for (const char *c = output->dimensions; *c; c++) dimensions += *c == ',';
  assert(rank == dimensions && rank <= LAT_MAX_RANK && "an output has as many extents as dimensions");
  assert(!lat_record_find(&run->record, name) && "an output is put once");
  (void)kind, (void)rank, (void)dimensions;
  return output;
}

static int put(struct lat_run *run, const struct lat_output *output, size_t rank, const size_t *extent, const void *data) {
  return lat_record_add(&run->record, output->name, output->unit, output->long_name, output->kind, output->flags,
                        output->dimensions, rank, extent, data);
}

int lat_put_integer(struct lat_run *run, const char *name, int64_t value) {
  return put(run, declared(run, name, LAT_INTEGER, 0), 0, NULL, &value);
}

int lat_put_text(struct lat_run *run, const char *name, const char *value) {
  return put(run, declared(run, name, LAT_TEXT, 0), 0, NULL, &value);
}

int lat_put_integers(struct lat_run *run, const char *name, size_t rank, const size_t *extent, const int64_t *value) {
  return put(run, declared(run, name, LAT_INTEGER, rank), rank, extent, value);
}

int lat_put_real(struct lat_run *run, const char *name, double value) { return lat_put_reals(run, name, 0, NULL, &value); }

int lat_put_reals(struct lat_run *run, const char *name, size_t rank, const size_t *extent, const double *value) {
  const struct lat_output *output = declared(run, name, LAT_REAL, rank);
  size_t count = 1;
  for (size_t i = 0; i < rank; i++) count *= extent[i];
  for (size_t i = 0; i < count; i++) {
    if (isfinite(value[i]) || (isnan(value[i]) && (output->flags & LAT_MAY_BE_MISSING))) continue;
    return LAT_FAIL(LAT_NUMERIC, "output %s is %s%s where a finite number is promised", name,
                    isnan(value[i]) ? "not a number"
                    : value[i] > 0  ? "infinite"
                                    : "minus infinity",
                    rank ? " in a place" : "");
  }
  return put(run, output, rank, extent, value);
}

int lat_run_complete(const struct lat_run *run) {
  for (const struct lat_output *output = run->experiment->outputs; output->name; output++)
    if (!(output->flags & LAT_MAY_BE_MISSING) && !lat_record_find(&run->record, output->name))
      return LAT_FAIL(LAT_NUMERIC, "the experiment gave no value for its output %s", output->name);
  return LAT_OK;
}
