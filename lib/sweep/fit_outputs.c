#include "lib/sweep/fit_outputs.h"

#include "lib/base/status.h"

int lat_put_fit(struct lat_run *run, const struct lat_learner *learner, const struct lat_fit *fit) {
  const struct {
    const char *name;
    const double *value;
  } curve[] = {{"curve_update", fit->update},     {"curve_loss", fit->loss},   {"curve_norm", fit->norm},
               {"curve_accuracy", fit->accuracy}, {"curve_exact", fit->exact}, {"curve_phase", fit->phase}};
  int status = LAT_OK;
  LAT_TRY(status, lat_put_text(run, "end", lat_fit_end_name(fit->end)));
  LAT_TRY(status, lat_put_text(run, "diverged", fit->reason));
  LAT_TRY(status, lat_put_integer(run, "parameters", (int64_t)learner->count));
  LAT_TRY(status, lat_put_integer(run, "updates", (int64_t)fit->updates));
  LAT_TRY(status, lat_put_integer(run, "solved_at", fit->solved_at));
  LAT_TRY(status, lat_put_integer(run, "examples", (int64_t)fit->examples));
  LAT_TRY(status, lat_put_real(run, "flops", fit->flops));
  for (size_t c = 0; c < sizeof curve / sizeof *curve; c++)
    LAT_TRY(status, lat_put_reals(run, curve[c].name, 1, &fit->points, curve[c].value));
done:
  return status;
}

int lat_fit_tell_run(void *run, double fraction) { return lat_run_progress(run, fraction); }
