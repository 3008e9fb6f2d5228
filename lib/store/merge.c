/* Reading a folder of points into memory. */
#include "lib/store/merge.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/base/text.h"

struct names {
  size_t count;
  char **name;
};

static int has_ending(const char *name, const char *ending) {
  size_t length = strlen(name), of_ending = strlen(ending);
  return length > of_ending && strcmp(name + length - of_ending, ending) == 0;
}

/* Order of two canonical texts: runs of digits compare as whole numbers, so layers=4 stands before layers=12. Texts that differ
 * in zeros before a number only are put in order byte by byte: equal means equal. */
static int natural(const char *a, const char *b) {
  const char *p = a, *q = b;
  while (*p != '\0' && *q != '\0') {
    size_t m = strspn(p, "0123456789"), n = strspn(q, "0123456789");
    if (m == 0 || n == 0) {
      if (*p != *q) break;
      p++, q++;
      continue;
    }
    size_t zeros = strspn(p, "0"), others = strspn(q, "0");
    zeros = zeros < m ? zeros : m - 1;
    others = others < n ? others : n - 1;
    if (m - zeros != n - others) return m - zeros < n - others ? -1 : 1;
    int order = memcmp(p + zeros, q + others, m - zeros);
    if (order != 0) return order;
    p += m;
    q += n;
  }
  int order = (unsigned char)*p - (unsigned char)*q;
  return order != 0 ? order : strcmp(a, b);
}

static int by_text(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static int list_points(const char *directory, struct names *names) {
  int status = LAT_OK;
  DIR *folder = opendir(directory);
  LAT_CHECK(status, folder != NULL, LAT_INPUT, "%s: cannot be listed: %s", directory, strerror(errno));
  for (struct dirent *entry; (errno = 0, entry = readdir(folder)) != NULL;) {
    if (!has_ending(entry->d_name, ".h5") || has_ending(entry->d_name, ".timing.h5") || entry->d_name[0] == '.') continue;
    if ((names->count & (names->count - 1)) == 0) {
      char **larger = lat_realloc(names->name, names->count > 0 ? 2 * names->count : 1, sizeof *larger);
      if (larger == NULL) LAT_TRY(status, LAT_MEMORY);
      names->name = larger;
    }
    if ((names->name[names->count] = lat_strdup(entry->d_name)) == NULL) LAT_TRY(status, LAT_MEMORY);
    names->count++;
  }
  LAT_CHECK(status, errno == 0, LAT_FILE, "%s: cannot be listed: %s", directory, strerror(errno));
  if (names->count > 0) qsort(names->name, names->count, sizeof *names->name, by_text);
done:
  if (folder != NULL) closedir(folder);
  return status;
}

static void names_free(struct names *names) {
  for (size_t i = 0; i < names->count; i++) lat_free(names->name[i]);
  lat_free(names->name);
}

/* Reads one point; a damaged one is counted when that is allowed. `*whole` says whether there is a point. */
static int read_one(const char *path, int timing, size_t *damaged, struct lat_point *point, int *whole) {
  *whole = 0;
  int status = lat_point_read(path, point);
  if (status == LAT_OK) {
    *whole = 1;
    if (timing) status = lat_point_read_timing(path, point);
  }
  if (status == LAT_INPUT && damaged != NULL) {
    ++*damaged;
    return LAT_OK;
  }
  if (status != LAT_OK && *whole) {
    lat_point_free(point);
    *whole = 0;
  }
  return status;
}

static int by_canonical(const void *a, const void *b) {
  const struct lat_point *p = a, *q = b;
  int order = natural(p->canonical, q->canonical);
  return order != 0 ? order : strcmp(p->id, q->id);
}

/* One experiment, one version, each point once. */
static int check_union(const char *directory, const struct lat_merged *merged) {
  int64_t newest = merged->point[0].experiment_version;
  size_t older = 0;
  for (size_t p = 0; p < merged->points; p++) {
    const struct lat_point *point = &merged->point[p];
    if (strcmp(point->experiment, merged->point[0].experiment) != 0)
      return LAT_FAIL(LAT_INPUT, "%s: points of experiments %s and %s; keep each experiment in a folder of its own",
                      directory, merged->point[0].experiment, point->experiment);
    if (point->experiment_version > newest) newest = point->experiment_version;
  }
  const struct lat_point *old = NULL;
  for (size_t p = 0; p < merged->points; p++) {
    if (merged->point[p].experiment_version == newest) continue;
    old = &merged->point[p];
    older++;
  }
  if (old != NULL)
    return LAT_FAIL(
        LAT_INPUT,
        "%s: %zu of %zu points are of an older version of %s (%lld; the newest is %lld), e.g. %s; their results "
        "mean something else: delete them",
        directory, older, merged->points, old->experiment, (long long)old->experiment_version, (long long)newest, old->id);
  for (size_t p = 1; p < merged->points; p++)
    if (by_canonical(&merged->point[p - 1], &merged->point[p]) == 0)
      return LAT_FAIL(LAT_INPUT, "%s: two files hold the point %s (%.200s); delete one", directory, merged->point[p].id,
                      merged->point[p].canonical);
  return LAT_OK;
}

int lat_merge_read(const char *directory, int timing, size_t *damaged, struct lat_merged **result) {
  struct names names = {0};
  struct lat_text path = {0};
  struct lat_merged *merged = NULL;
  int status = LAT_OK, whole;
  *result = NULL;
  if (damaged != NULL) *damaged = 0;
  LAT_TRY(status, list_points(directory, &names));
  if ((merged = lat_calloc(1, sizeof *merged)) == NULL) LAT_TRY(status, LAT_MEMORY);
  if ((merged->point = lat_calloc(names.count, sizeof *merged->point)) == NULL) LAT_TRY(status, LAT_MEMORY);
  for (size_t i = 0; i < names.count; i++) {
    lat_text_clear(&path);
    LAT_TRY(status, lat_text_printf(&path, "%s/%s", directory, names.name[i]));
    LAT_TRY(status, read_one(path.bytes, timing, damaged, &merged->point[merged->points], &whole));
    merged->points += (size_t)whole;
  }
  LAT_CHECK(status, merged->points > 0, LAT_INPUT, "%s: no whole point file; run the experiment first", directory);
  qsort(merged->point, merged->points, sizeof *merged->point, by_canonical);
  LAT_TRY(status, check_union(directory, merged));
  if ((merged->experiment = lat_strdup(merged->point[0].experiment)) == NULL) LAT_TRY(status, LAT_MEMORY);
  *result = merged;
  merged = NULL;
done:
  lat_merged_free(merged);
  lat_text_free(&path);
  names_free(&names);
  return status;
}

void lat_merged_free(struct lat_merged *merged) {
  if (merged == NULL) return;
  for (size_t p = 0; p < merged->points; p++) lat_point_free(&merged->point[p]);
  for (struct lat_merged_copy *copy = merged->copies, *next; copy != NULL; copy = next) {
    next = copy->next;
    lat_free(copy->value);
    lat_free(copy);
  }
  lat_free(merged->point);
  lat_free(merged->experiment);
  lat_free(merged);
}
