#include "cli/bench.h"
#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/base/text.h"
#include "lib/store/point.h"
#include "lib/sweep/provenance.h"

int lat_bench_write(const struct lat_bench_request *request, const char *name, struct lat_record *record) {
  char id[33], ok[] = "ok", none[] = "", small[] = "quick", large[] = "paper";
  struct lat_text experiment = {0}, canonical = {0};
  struct lat_point point = {.status = ok, .reason = none, .id = id, .experiment_version = 1, .record = *record};
  int status = LAT_OK;
  LAT_TRY(status, lat_text_printf(&experiment, "bench_%s", name));
  LAT_TRY(status, lat_text_printf(&canonical, "bench=%s", name));
  lat_point_id(experiment.bytes, 1, canonical.bytes, id);
  point.experiment = experiment.bytes;
  point.canonical = canonical.bytes;
  point.size = request->quick ? small : large;
  point.source = lat_strdup(lat_source());
  point.flags = lat_strdup(lat_flags());
  LAT_CHECK(status, point.source != NULL && point.flags != NULL, LAT_MEMORY, "%s", lat_error_message());
  LAT_TRY(status, lat_point_write(request->out, &point, NULL));
done:
  lat_free(point.source);
  lat_free(point.flags);
  lat_text_free(&experiment);
  lat_text_free(&canonical);
  return status;
}
