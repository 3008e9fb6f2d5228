#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/circuit/blif_model.h"

/* Names and cube positions that a hierarchy may flatten to, beyond what a file without one can have. */
static const uint64_t MOST = (uint64_t)1 << 26;

/* Connects one instance, number `index` of the file, of model `parent`. */
static int link_instance(struct lat_blif *blif, size_t parent, size_t index) {
  struct lat_blif_instance *instance = &blif->instance[index];
  uint32_t found = lat_names_find(&blif->model_names, instance->name);
  if (found == LAT_NO_NAME)
    return lat_blif_at(
        blif, instance->line,
        LAT_FAIL(LAT_INPUT, ".subckt names model '%s', which the file does not define", LAT_QUOTE(instance->name)));
  instance->model = found;
  struct lat_blif_model *child = &blif->model[found];
  for (size_t i = 0; i < instance->connections; i++) {
    struct lat_blif_connection *connection = &blif->connection[instance->first_connection + i];
    uint32_t net = lat_names_find(&child->names, connection->formal);
    if (net == LAT_NO_NAME || (child->net[net].driver != LAT_BLIF_INPUT && !child->net[net].is_output))
      return lat_blif_at(
          blif, instance->line,
          LAT_FAIL(LAT_INPUT, "model '%s' has no port '%s'", LAT_QUOTE(child->name), LAT_QUOTE(connection->formal)));
    if (child->net[net].stamp == index + 1)
      return lat_blif_at(blif, instance->line,
                         LAT_FAIL(LAT_INPUT, "port '%s' of model '%s' is connected twice", LAT_QUOTE(connection->formal),
                                  LAT_QUOTE(child->name)));
    child->net[net].stamp = index + 1;
    connection->formal_net = net;
    if (child->net[net].driver != LAT_BLIF_INPUT) {
      int status = lat_blif_drive(blif, &blif->model[parent], connection->actual, LAT_BLIF_SUBCKT, instance->line);
      if (status != LAT_OK) return status;
    }
  }
  for (size_t i = 0; i < child->inputs; i++) {
    uint32_t net = blif->input[child->first_input + i];
    if (child->net[net].stamp != index + 1)
      return lat_blif_at(blif, instance->line,
                         LAT_FAIL(LAT_INPUT, "input '%s' of model '%s' is not connected", LAT_QUOTE(child->names.name[net]),
                                  LAT_QUOTE(child->name)));
  }
  return LAT_OK;
}

static int check_driven(const struct lat_blif *blif) {
  for (size_t m = 0; m < blif->models; m++) {
    const struct lat_blif_model *model = &blif->model[m];
    for (size_t net = 0; net < model->nets; net++) {
      if (model->net[net].driver == LAT_BLIF_UNDRIVEN)
        return lat_blif_at(blif, model->net[net].line,
                           LAT_FAIL(LAT_INPUT, "net '%s' has no driver in model '%s'", LAT_QUOTE(model->names.name[net]),
                                    LAT_QUOTE(model->name)));
    }
  }
  return LAT_OK;
}

/* What a model costs by itself. */
static uint64_t own_cost(const struct lat_blif *blif, const struct lat_blif_model *model) {
  uint64_t cost = 1 + model->nets;
  for (size_t i = 0; i < model->covers; i++) {
    const struct lat_blif_cover *cover = &blif->cover[model->first_cover + i];
    cost += (cover->cubes + 1) * (cover->fan_ins + 1);
  }
  for (size_t i = 0; i < model->instances; i++) cost += 1 + blif->instance[model->first_instance + i].connections;
  return cost;
}

/* Walks the hierarchy depth first with a stack of models, `next` being the next instance of each: finds recursion, and adds
 * up costs from the leaves. */
static int walk(struct lat_blif *blif, unsigned char *state, size_t *stack, size_t *next) {
  enum { UNSEEN, OPEN, CLOSED };
  for (size_t root = 0; root < blif->models; root++) {
    size_t depth = 0;
    if (state[root] == UNSEEN) stack[depth++] = root;
    while (depth > 0) {
      size_t m = stack[depth - 1];
      struct lat_blif_model *model = &blif->model[m];
      if (state[m] == UNSEEN) {
        state[m] = OPEN;
        next[m] = 0;
        model->cost = own_cost(blif, model);
      }
      if (next[m] == model->instances) {
        state[m] = CLOSED;
        depth--;
        continue;
      }
      const struct lat_blif_instance *instance = &blif->instance[model->first_instance + next[m]];
      const struct lat_blif_model *child = &blif->model[instance->model];
      if (state[instance->model] == OPEN)
        return lat_blif_at(blif, instance->line,
                           LAT_FAIL(LAT_INPUT, "model '%s' contains itself through this .subckt", LAT_QUOTE(child->name)));
      if (state[instance->model] == UNSEEN) {
        stack[depth++] = instance->model;
        continue;
      }
      model->cost += child->cost;
      if (model->cost > MOST + 4 * (uint64_t)blif->bytes)
        return lat_blif_at(blif, model->line,
                           LAT_FAIL(LAT_INPUT, "model '%s' flattens to over %llu names and cube positions",
                                    LAT_QUOTE(model->name), (unsigned long long)MOST));
      next[m]++;
    }
  }
  return LAT_OK;
}

int lat_blif_link(struct lat_blif *blif) {
  int status = LAT_OK;
  unsigned char *state = lat_calloc(blif->models, 1);
  size_t *stack = lat_alloc(blif->models, 2 * sizeof *stack);
  LAT_CHECK(status, state != NULL && stack != NULL, LAT_MEMORY, "no memory for %zu models", blif->models);
  for (size_t m = 0; m < blif->models; m++) {
    for (size_t i = 0; i < blif->model[m].instances; i++)
      LAT_TRY(status, link_instance(blif, m, blif->model[m].first_instance + i));
  }
  LAT_TRY(status, check_driven(blif));
  status = walk(blif, state, stack, stack + blif->models);
done:
  lat_free(state);
  lat_free(stack);
  return status;
}
