/* The build gives LAT_SOURCE, LAT_FLAGS and LAT_VERSION to this file only: nothing else is compiled anew by a commit. */
#include "lib/sweep/provenance.h"

#include <json-c/json.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/status.h"
#include "lib/nn/gemm.h"

#ifndef LAT_SOURCE
#define LAT_SOURCE "unknown"
#endif
#ifndef LAT_FLAGS
#define LAT_FLAGS "unknown"
#endif
#ifndef LAT_VERSION
#define LAT_VERSION "0.1.0"
#endif

const char *lat_source(void) { return LAT_SOURCE; }
const char *lat_flags(void) { return LAT_FLAGS; }
const char *lat_version(void) { return LAT_VERSION; }

static void put_text(struct json_object *object, const char *key, const char *value) {
  if (value) json_object_object_add(object, key, json_object_new_string(value));
}

static void put_processor(struct json_object *object) {
  FILE *file = fopen("/proc/cpuinfo", "r");
  char line[512];
  while (file && fgets(line, sizeof line, file)) {
    if (strncmp(line, "model name", 10) != 0) continue;
    char *value = strchr(line, ':');
    if (!value) continue;
    value += strspn(value, ": \t");
    value[strcspn(value, "\n")] = '\0';
    put_text(object, "processor", value);
    break;
  }
  if (file) fclose(file);
}

int lat_sidecar_text(struct lat_text *text, const struct lat_sidecar *sidecar) {
  static const char *const jobs[] = {"SLURM_JOB_ID", "SLURM_ARRAY_JOB_ID",   "SLURM_ARRAY_TASK_ID",
                                     "SLURM_PROCID", "OMPI_COMM_WORLD_RANK", "PMI_RANK"};
  struct json_object *object = json_object_new_object();
  if (!object) return LAT_FAIL(LAT_MEMORY, "no memory for the record of where a result comes from");
  char host[256] = "", started[64] = "";
  time_t seconds = (time_t)sidecar->started;
  struct tm utc;
  if (gethostname(host, sizeof host - 1) != 0) strcpy(host, "unknown");
  if (gmtime_r(&seconds, &utc)) strftime(started, sizeof started, "%Y-%m-%dT%H:%M:%SZ", &utc);
  put_text(object, "experiment", sidecar->experiment);
  put_text(object, "id", sidecar->id);
  put_text(object, "canonical", sidecar->canonical);
  put_text(object, "status", sidecar->error_name);
  put_text(object, "reason", sidecar->error);
  put_text(object, "latentlab", lat_version());
  put_text(object, "source", lat_source());
  put_text(object, "flags", lat_flags());
  put_text(object, "gemm", lat_gemm_provider());
  put_text(object, "host", host);
  put_processor(object);
  put_text(object, "started", started);
  json_object_object_add(object, "seconds", json_object_new_double(sidecar->seconds));
  json_object_object_add(object, "peak_bytes", json_object_new_int64((int64_t)lat_clock_peak_resident()));
  json_object_object_add(object, "threads", json_object_new_int(omp_get_max_threads()));
  json_object_object_add(object, "jobs", json_object_new_int(sidecar->jobs));
  json_object_object_add(object, "pid", json_object_new_int64((int64_t)getpid()));
  for (size_t i = 0; i < sizeof jobs / sizeof *jobs; i++) put_text(object, jobs[i], getenv(jobs[i]));
  const char *json = json_object_to_json_string_ext(object, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE);
  int status = json ? lat_text_printf(text, "%s\n", json) : LAT_FAIL(LAT_MEMORY, "no memory for a record of provenance");
  json_object_put(object);
  return status;
}
