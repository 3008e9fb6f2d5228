#include "lib/sweep/plan.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/sweep/filter.h"
#include "lib/sweep/names.h"
#include "lib/sweep/values.h"

enum { MOST_COMBINATIONS = 4000000 };

struct lat_sweep_storage {
  char *parameters;          /* all structs, one after the other */
  size_t axes, combinations; /* parameters of the experiment; rows of the product */
  struct lat_values axis[LAT_MOST_PARAMETERS];
};

static const char *const sizes[] = {"smoke", "quick", "paper"};

int lat_size_index(const char *size) {
  for (int i = 0; i < 3; i++)
    if (!strcmp(size, sizes[i])) return i;
  LAT_FAIL(LAT_INPUT, "there is no size '%.40s': it is smoke, quick or paper", size);
  return -1;
}

static void fill(const struct lat_parameter *parameter, union lat_value value, char *parameters) {
  void *field = parameters + parameter->offset;
  if (parameter->kind == LAT_INTEGER)
    *(int64_t *)field = value.integer;
  else if (parameter->kind == LAT_REAL)
    *(double *)field = value.real;
  else
    *(const char **)field = value.text;
}

/* The values of every parameter: those of the size, or those of --set. */
static int read_axes(struct lat_sweep_storage *storage, const struct lat_experiment *experiment,
                     const struct lat_request *request, int size) {
  int status = LAT_OK;
  for (size_t s = 0; s < request->sets; s++) {
    const char *equals = strchr(request->set[s], '=');
    char name[64];
    LAT_CHECK(status, equals && equals != request->set[s] && equals - request->set[s] < (long)sizeof name, LAT_INPUT,
              "'%.80s' is not NAME=VALUES", request->set[s]);
    memcpy(name, request->set[s], (size_t)(equals - request->set[s]));
    name[equals - request->set[s]] = '\0';
    LAT_CHECK(status, lat_parameter_find(experiment, name), LAT_INPUT, "%s", lat_error_message());
    for (size_t before = 0; before < s; before++)
      LAT_CHECK(status, strncmp(request->set[before], request->set[s], strlen(name) + 1) != 0, LAT_INPUT,
                "%s is set twice; give all its values at once, as in %s=1,2", name, name);
  }
  storage->combinations = 1;
  for (const struct lat_parameter *p = experiment->parameters; p->name; p++) {
    const char *text = p->values[size];
    for (size_t s = 0; s < request->sets; s++)
      if (!strncmp(request->set[s], p->name, strlen(p->name)) && request->set[s][strlen(p->name)] == '=')
        text = request->set[s] + strlen(p->name) + 1;
    LAT_CHECK(status, storage->axes < LAT_MOST_PARAMETERS, LAT_UNSUPPORTED, "experiment %s has over %d parameters",
              experiment->name, LAT_MOST_PARAMETERS);
    struct lat_values *axis = &storage->axis[storage->axes++];
    LAT_TRY(status, lat_values_parse(axis, p, text));
    storage->combinations *= axis->count;
    LAT_CHECK(status, storage->combinations <= MOST_COMBINATIONS, LAT_INPUT,
              "the sweep of %s has over %d combinations; give fewer values", experiment->name, MOST_COMBINATIONS);
  }
done:
  return status;
}

/* Row `row` of the product, the last parameter changing fastest. */
static void fill_row(const struct lat_sweep_storage *storage, const struct lat_experiment *experiment, size_t row,
                     char *parameters) {
  for (size_t i = storage->axes; i-- > 0;) {
    const struct lat_values *axis = &storage->axis[i];
    fill(&experiment->parameters[i], axis->value[row % axis->count], parameters);
    row /= axis->count;
  }
}

static int by_id(const void *a, const void *b) {
  const struct lat_sweep_point *left = a, *right = b;
  if (!left->reason != !right->reason) return left->reason ? 1 : -1;
  return left->reason ? strcmp(left->canonical, right->canonical) : strcmp(left->id, right->id);
}

static int add_points(struct lat_sweep *plan, const struct lat_filter *filter) {
  const struct lat_experiment *experiment = plan->experiment;
  struct lat_sweep_storage *storage = plan->storage;
  /* Each struct keeps the alignment of the first. */
  size_t stride = (experiment->parameters_size + 15) / 16 * 16, used = 0;
  int status = LAT_OK;
  storage->parameters = lat_calloc(storage->combinations, stride);
  plan->point = lat_calloc(storage->combinations, sizeof *plan->point);
  if (!storage->parameters || !plan->point) return LAT_MEMORY;
  for (size_t row = 0; row < storage->combinations; row++) {
    struct lat_sweep_point *point = &plan->point[used];
    char *parameters = storage->parameters + used * stride;
    fill_row(storage, experiment, row, parameters);
    if (filter && !lat_filter_takes(filter, parameters)) continue;
    used++;
    point->parameters = parameters;
    point->reason = experiment->reject ? experiment->reject(parameters) : NULL;
    *(point->reason ? &plan->rejected : &plan->count) += 1;
    if (!point->reason && experiment->check) LAT_TRY(status, experiment->check(parameters));
    point->cost = experiment->cost && !point->reason ? experiment->cost(parameters) : 1;
    if (!(point->cost > 0 && point->cost < 1e300)) point->cost = 1;
    LAT_TRY(status, lat_canonical(experiment, parameters, &point->canonical));
    lat_point_id(experiment->name, experiment->version, point->canonical, point->id);
  }
  qsort(plan->point, used, sizeof *plan->point, by_id);
done:
  return status;
}

/* Two names of one file make the same point twice: the first stays. */
static void drop_duplicates(struct lat_sweep *plan) {
  size_t kept = 0, all = plan->count + plan->rejected;
  for (size_t i = 0; i < all; i++) {
    struct lat_sweep_point *point = &plan->point[i];
    if (kept && !plan->point[kept - 1].reason == !point->reason && !strcmp(plan->point[kept - 1].id, point->id)) {
      lat_free(point->canonical);
      *(point->reason ? &plan->rejected : &plan->count) -= 1;
    } else {
      plan->point[kept++] = *point;
    }
  }
  plan->total = plan->count;
}

static void take_shard(struct lat_sweep *plan, uint64_t shard, uint64_t shards) {
  size_t kept = 0;
  for (size_t i = 0; i < plan->count; i++) {
    plan->point[i].rank = i;
    if (i % shards == shard)
      plan->point[kept++] = plan->point[i];
    else
      lat_free(plan->point[i].canonical);
  }
  memmove(plan->point + kept, plan->point + plan->count, plan->rejected * sizeof *plan->point);
  plan->count = kept;
}

int lat_sweep_make(const struct lat_experiment *experiment, const struct lat_request *request, struct lat_sweep **plan) {
  struct lat_filter *filter = NULL;
  int status = LAT_OK, size = lat_size_index(request->size);
  uint64_t shards = request->shards ? request->shards : 1;
  *plan = NULL;
  if (size < 0) return LAT_INPUT;
  if (request->shard >= shards)
    return LAT_FAIL(LAT_INPUT, "there is no shard %llu of %llu: they are counted from 0",
                    (unsigned long long)request->shard, (unsigned long long)shards);
  struct lat_sweep *made = lat_calloc(1, sizeof *made);
  if (!made) return LAT_MEMORY;
  made->experiment = experiment;
  made->size = sizes[size];
  made->storage = lat_calloc(1, sizeof *made->storage);
  LAT_CHECK(status, made->storage, LAT_MEMORY, "no memory for the plan of %s", experiment->name);
  LAT_TRY(status, read_axes(made->storage, experiment, request, size));
  if (request->filter) LAT_TRY(status, lat_filter_parse(experiment, request->filter, &filter));
  LAT_TRY(status, add_points(made, filter));
  drop_duplicates(made);
  take_shard(made, request->shard, shards);
  *plan = made;
  made = NULL;
done:
  lat_filter_free(filter);
  lat_sweep_free(made);
  return status;
}

void lat_sweep_free(struct lat_sweep *plan) {
  if (!plan) return;
  for (size_t i = 0; plan->point && i < plan->count + plan->rejected; i++) lat_free(plan->point[i].canonical);
  lat_free(plan->point);
  if (plan->storage) {
    for (size_t i = 0; i < plan->storage->axes; i++) lat_values_free(&plan->storage->axis[i]);
    lat_free(plan->storage->parameters);
  }
  lat_free(plan->storage);
  lat_free(plan);
}

const char *lat_size_of(const struct lat_experiment *experiment, const void *parameters) {
  for (int size = 0; size < 3; size++) {
    int all = 1;
    for (const struct lat_parameter *p = experiment->parameters; p->name && all; p++) {
      struct lat_values values;
      const void *field = (const char *)parameters + p->offset;
      union lat_value mine = {0};
      if (p->kind == LAT_INTEGER)
        mine.integer = *(const int64_t *)field;
      else if (p->kind == LAT_REAL)
        mine.real = *(const double *)field;
      else
        memcpy(&mine.text, field, sizeof mine.text);
      if (lat_values_parse(&values, p, p->values[size]) != LAT_OK) return NULL;
      int found = 0;
      for (size_t i = 0; i < values.count && !found; i++) found = lat_value_equal(p->kind, values.value[i], mine);
      lat_values_free(&values);
      all = found;
    }
    if (all) return sizes[size];
  }
  return "custom";
}
