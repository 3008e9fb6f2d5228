#include "lib/sweep/census.h"

#include <dirent.h>
#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/base/text.h"
#include "lib/sweep/claim.h"
#include "lib/sweep/layout.h"

void lat_census_free(struct lat_census *census) {
  for (size_t i = 0; i < census->count; i++) {
    lat_free(census->find[i].canonical);
    lat_free(census->find[i].note);
  }
  lat_free(census->find);
  *census = (struct lat_census){0};
}

static int add(struct lat_census *census, const char *id, const char *canonical, int planned) {
  if (census->count == census->capacity) {
    size_t capacity = census->capacity ? 2 * census->capacity : 64;
    struct lat_find *grown = lat_realloc(census->find, capacity, sizeof *grown);
    if (!grown) return LAT_MEMORY;
    census->find = grown;
    census->capacity = capacity;
  }
  struct lat_find *find = &census->find[census->count];
  *find = (struct lat_find){.found = LAT_FOUND_MISSING, .planned = planned};
  memcpy(find->id, id, sizeof find->id - 1);
  if (canonical && !(find->canonical = lat_strdup(canonical))) return LAT_MEMORY;
  census->count++;
  return LAT_OK;
}

static int note(struct lat_find *find, enum lat_found found, const char *text) {
  find->found = found;
  if (text && !(find->note = lat_strdup(text))) return LAT_MEMORY;
  return LAT_OK;
}

/* The reason in a .failed.json, as well as it can be read. */
static int read_reason(struct lat_find *find, const char *path) {
  struct json_object *object = json_object_from_file(path), *reason = NULL;
  const char *text = object && json_object_object_get_ex(object, "reason", &reason) ? json_object_get_string(reason) : NULL;
  int status = note(find, LAT_FOUND_BROKEN, text ? text : "reason unreadable");
  json_object_put(object);
  return status;
}

/* Looks at one point's files. */
static int look(struct lat_find *find, const char *folder, const struct lat_experiment *experiment) {
  struct lat_text path = {0};
  struct lat_point point = {0};
  char id[33];
  int status = LAT_OK;
  LAT_TRY(status, lat_path(&path, "%s/%s.h5", folder, find->id));
  if (lat_path_exists(path.bytes)) {
    status = lat_point_read(path.bytes, &point);
    if (status == LAT_INPUT) {
      status = note(find, LAT_FOUND_DAMAGED, lat_error_message());
      goto done;
    }
    if (status != LAT_OK) goto done;
    lat_point_id(point.experiment, point.experiment_version, point.canonical, id);
    if (strcmp(point.experiment, experiment->name) != 0 || strcmp(id, find->id) != 0 || strcmp(id, point.id) != 0) {
      LAT_FAIL(LAT_INPUT, "%s: holds another point than its name says; delete it and run again", path.bytes);
      status = note(find, LAT_FOUND_DAMAGED, lat_error_message());
      goto done;
    }
    if (!find->canonical && !(find->canonical = lat_strdup(point.canonical))) LAT_TRY(status, LAT_MEMORY);
    int failed = strcmp(point.status, "ok") != 0;
    LAT_TRY(status, note(find, failed ? LAT_FOUND_FAILED : LAT_FOUND_DONE, failed ? point.reason : NULL));
  } else {
    LAT_TRY(status, lat_path(&path, "%s/%s.lock", folder, find->id));
    int held = lat_claim_held(path.bytes);
    LAT_TRY(status, lat_path(&path, "%s/%s.failed.json", folder, find->id));
    if (held)
      find->found = LAT_FOUND_RUNNING;
    else if (lat_path_exists(path.bytes))
      LAT_TRY(status, read_reason(find, path.bytes));
  }
done:
  lat_point_free(&point);
  lat_text_free(&path);
  return status;
}

static int by_id(const void *a, const void *b) {
  return strcmp(((const struct lat_find *)a)->id, ((const struct lat_find *)b)->id);
}

static int is_planned(const struct lat_sweep *plan, const char *id) {
  size_t low = 0, high = plan->count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    int order = strcmp(plan->point[middle].id, id);
    if (order == 0) return 1;
    if (order < 0)
      low = middle + 1;
    else
      high = middle;
  }
  return 0;
}

/* Points in the folder that the plan does not have. */
static int add_others(struct lat_census *census, const char *folder, const struct lat_sweep *plan) {
  int status = LAT_OK;
  size_t first = census->count;
  DIR *directory = opendir(folder);
  if (!directory) return errno == ENOENT ? LAT_OK : LAT_FAIL(LAT_FILE, "%s: cannot be listed: %s", folder, strerror(errno));
  for (struct dirent *entry; (entry = readdir(directory));) {
    char id[33] = "";
    if (strlen(entry->d_name) != 35 || strcmp(entry->d_name + 32, ".h5") != 0) continue;
    memcpy(id, entry->d_name, 32);
    if (!is_planned(plan, id)) LAT_TRY(status, add(census, id, NULL, 0));
  }
  if (census->count > first) qsort(census->find + first, census->count - first, sizeof *census->find, by_id);
done:
  closedir(directory);
  return status;
}

int lat_census_take(const char *out, const struct lat_sweep *plan, struct lat_census *census) {
  struct lat_text folder = {0};
  int status = LAT_OK;
  *census = (struct lat_census){0};
  LAT_TRY(status, lat_path(&folder, "%s/%s", out, plan->experiment->name));
  for (size_t i = 0; i < plan->count; i++) LAT_TRY(status, add(census, plan->point[i].id, plan->point[i].canonical, 1));
  LAT_TRY(status, add_others(census, folder.bytes, plan));
  for (size_t i = 0; i < census->count; i++) {
    LAT_TRY(status, look(&census->find[i], folder.bytes, plan->experiment));
    (census->find[i].planned ? census->planned : census->others)[census->find[i].found]++;
  }
done:
  lat_text_free(&folder);
  if (status != LAT_OK) lat_census_free(census);
  return status;
}
