/* Flattening: every instance of a model gets its own nets, but for ports, which are the nets that they are connected to. The
 * hierarchy is walked with a stack of frames; a frame's map from the model's nets to the circuit's lies in one shared pool,
 * which shrinks when the frame ends. */
#include "lib/circuit/blif.h"

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/circuit/blif_model.h"
#include "lib/circuit/grow.h"
#include "lib/circuit/tree.h"
#include "lib/circuit/truth.h"

struct frame {
  size_t model, map, next; /* `map`: where its map begins in the pool; `next`: the next instance to enter */
};

struct origin {
  uint32_t model, net;
};

struct flat {
  struct lat_blif *blif;
  struct lat_netlist *netlist;
  uint32_t *node_of_net; /* [nets] */
  struct origin *origin; /* [nets]: what a net is called, for messages */
  size_t nets, node_room, origin_room;
  uint32_t *pool;
  size_t pooled, pool_room;
  struct frame *frame;
  size_t frames, frame_room;
  struct lat_operand *literal, *cube; /* scratch for the widest cover and for the one of most cubes */
};

static int new_net(struct flat *f, size_t model, size_t net, uint32_t *number) {
  uint32_t *nodes = lat_grow(f->node_of_net, sizeof *nodes, f->nets, 1, &f->node_room);
  if (nodes == NULL) return LAT_MEMORY;
  f->node_of_net = nodes;
  struct origin *origins = lat_grow(f->origin, sizeof *origins, f->nets, 1, &f->origin_room);
  if (origins == NULL) return LAT_MEMORY;
  f->origin = origins;
  f->node_of_net[f->nets] = UINT32_MAX;
  f->origin[f->nets] = (struct origin){(uint32_t)model, (uint32_t)net};
  *number = (uint32_t)f->nets++;
  return LAT_OK;
}

/* A cover of up to 6 fan-ins as a table. */
static uint64_t cover_table(const struct lat_blif *blif, const struct lat_blif_cover *cover) {
  unsigned n = (unsigned)cover->fan_ins;
  uint64_t on = 0;
  for (size_t c = 0; c < cover->cubes; c++) {
    const char *cube = blif->cube[cover->first_cube + c];
    uint64_t rows = lat_truth_mask(n);
    for (unsigned j = 0; j < n; j++) {
      if (cube[j] == '1') rows &= lat_truth_variable(n, j);
      if (cube[j] == '0') rows &= ~lat_truth_variable(n, j);
    }
    on |= rows;
  }
  return cover->value == '1' ? on : lat_truth_mask(n) & ~on;
}

/* A wider one: an AND tree for each cube of several literals, an OR tree over the cubes. */
static int add_wide_cover(struct flat *f, const struct lat_blif_cover *cover, const uint32_t *map, uint32_t *root) {
  const struct lat_blif *blif = f->blif;
  uint32_t inverted = cover->value == '0' ? 1 : 0;
  for (size_t c = 0; c < cover->cubes; c++) {
    const char *cube = blif->cube[cover->first_cube + c];
    size_t literals = 0;
    for (size_t j = 0; j < cover->fan_ins; j++) {
      if (cube[j] == '-') continue;
      uint32_t net = map[blif->fan_in[cover->first_fan_in + j]];
      f->literal[literals++] = (struct lat_operand){LAT_NET(net), 0, cube[j] == '0'};
    }
    if (literals == 0) return lat_netlist_node(f->netlist, 0, NULL, 1 ^ inverted, root); /* a cube that is always true */
    if (cover->cubes == 1) return lat_tree(f->netlist, LAT_GATE_AND, f->literal, literals, inverted, root);
    if (literals == 1) {
      f->cube[c] = f->literal[0];
      continue;
    }
    uint32_t level = 0;
    while ((size_t)1 << level < literals) level++;
    f->cube[c] = (struct lat_operand){0, level, 0};
    int status = lat_tree(f->netlist, LAT_GATE_AND, f->literal, literals, 0, &f->cube[c].node);
    if (status != LAT_OK) return status;
  }
  return lat_tree(f->netlist, LAT_GATE_OR, f->cube, cover->cubes, inverted, root);
}

static int add_cover(struct flat *f, const struct lat_blif_cover *cover, const uint32_t *map) {
  uint32_t *root = &f->node_of_net[map[cover->net]], fan_in[LAT_MAX_FAN_IN];
  if (cover->cubes == 0) return lat_netlist_node(f->netlist, 0, NULL, 0, root);
  if (cover->fan_ins > LAT_MAX_FAN_IN) return add_wide_cover(f, cover, map, root);
  for (size_t j = 0; j < cover->fan_ins; j++) fan_in[j] = LAT_NET(map[f->blif->fan_in[cover->first_fan_in + j]]);
  return lat_netlist_node(f->netlist, (unsigned)cover->fan_ins, fan_in, cover_table(f->blif, cover), root);
}

/* Opens a frame for `model`, its map all unknown. */
static int push_frame(struct flat *f, size_t model) {
  size_t nets = f->blif->model[model].nets;
  struct frame *frames = lat_grow(f->frame, sizeof *frames, f->frames, 1, &f->frame_room);
  if (frames == NULL) return LAT_MEMORY;
  f->frame = frames;
  uint32_t *pool = lat_grow(f->pool, sizeof *pool, f->pooled, nets, &f->pool_room);
  if (pool == NULL) return LAT_MEMORY;
  f->pool = pool;
  f->frame[f->frames++] = (struct frame){model, f->pooled, 0};
  for (size_t i = 0; i < nets; i++) f->pool[f->pooled++] = LAT_NO_NAME;
  return LAT_OK;
}

/* Gives the nets that are no connected ports numbers of their own, and adds the model's covers. */
static int fill_frame(struct flat *f) {
  const struct frame *frame = &f->frame[f->frames - 1];
  const struct lat_blif_model *model = &f->blif->model[frame->model];
  uint32_t *map = f->pool + frame->map;
  int status = LAT_OK;
  for (size_t net = 0; net < model->nets; net++) {
    if (map[net] == LAT_NO_NAME) LAT_TRY(status, new_net(f, frame->model, net, &map[net]));
  }
  for (size_t i = 0; i < model->covers; i++) LAT_TRY(status, add_cover(f, &f->blif->cover[model->first_cover + i], map));
done:
  return status;
}

static int enter_instance(struct flat *f, const struct lat_blif_instance *instance) {
  int status = push_frame(f, instance->model);
  if (status != LAT_OK) return status;
  const uint32_t *above = f->pool + f->frame[f->frames - 2].map;
  uint32_t *map = f->pool + f->frame[f->frames - 1].map;
  for (size_t i = 0; i < instance->connections; i++) {
    const struct lat_blif_connection *connection = &f->blif->connection[instance->first_connection + i];
    map[connection->formal_net] = above[connection->actual];
  }
  return fill_frame(f);
}

static int add_inputs(struct flat *f, struct lat_text *text) {
  const struct lat_blif_model *top = &f->blif->model[0];
  int status = LAT_OK;
  for (size_t i = 0; i < top->inputs; i++) {
    uint32_t net = f->blif->input[top->first_input + i];
    const char *name = lat_slice_string(top->names.name[net], text);
    LAT_CHECK(status, name != NULL, LAT_MEMORY, "no memory for a name");
    LAT_TRY(status, new_net(f, 0, net, &f->pool[net]));
    LAT_TRY(status, lat_netlist_input(f->netlist, name, &f->node_of_net[f->pool[net]]));
  }
done:
  return status;
}

static int add_outputs(struct flat *f, struct lat_text *text) {
  const struct lat_blif_model *top = &f->blif->model[0];
  int status = LAT_OK;
  for (size_t i = 0; i < top->outputs; i++) {
    uint32_t net = f->blif->output[top->first_output + i];
    const char *name = lat_slice_string(top->names.name[net], text);
    LAT_CHECK(status, name != NULL, LAT_MEMORY, "no memory for a name");
    LAT_TRY(status, lat_netlist_output(f->netlist, name, LAT_NET(f->pool[net])));
  }
done:
  return status;
}

static int add_scratch(struct flat *f) {
  size_t widest = 0, most = 0;
  for (size_t i = 0; i < f->blif->covers; i++) {
    if (f->blif->cover[i].fan_ins > widest) widest = f->blif->cover[i].fan_ins;
    if (f->blif->cover[i].cubes > most) most = f->blif->cover[i].cubes;
  }
  f->literal = lat_alloc(widest, sizeof *f->literal);
  f->cube = lat_alloc(most, sizeof *f->cube);
  return f->literal != NULL && f->cube != NULL ? LAT_OK : LAT_MEMORY;
}

static int flatten(struct flat *f, struct lat_text *text) {
  int status = LAT_OK;
  LAT_TRY(status, add_scratch(f));
  LAT_TRY(status, push_frame(f, 0));
  LAT_TRY(status, add_inputs(f, text));
  LAT_TRY(status, fill_frame(f));
  for (;;) {
    struct frame *frame = &f->frame[f->frames - 1];
    const struct lat_blif_model *model = &f->blif->model[frame->model];
    if (frame->next < model->instances) {
      const struct lat_blif_instance *instance = &f->blif->instance[model->first_instance + frame->next++];
      LAT_TRY(status, enter_instance(f, instance));
    } else if (f->frames > 1) {
      f->pooled = frame->map;
      f->frames--;
    } else {
      break;
    }
  }
  LAT_TRY(status, add_outputs(f, text));
  lat_nets_resolve(f->netlist, f->node_of_net);
done:
  return status;
}

static int sort(struct flat *f) {
  uint32_t cycle = 0;
  int status = lat_netlist_finish(f->netlist, &cycle);
  if (status != LAT_INPUT) return status;
  struct origin origin = f->origin[lat_nets_find(f->node_of_net, f->nets, cycle)];
  const struct lat_blif_model *model = &f->blif->model[origin.model];
  return lat_blif_at(f->blif, model->net[origin.net].line,
                     LAT_FAIL(LAT_INPUT, "net '%s' of model '%s' is on a combinational cycle",
                              LAT_QUOTE(model->names.name[origin.net]), LAT_QUOTE(model->name)));
}

int lat_blif_parse(const char *path, const char *bytes, size_t count, struct lat_netlist **netlist) {
  int status = LAT_OK;
  struct lat_blif blif = {.path = path, .bytes = count};
  struct flat f = {.blif = &blif};
  struct lat_text text = {0};
  *netlist = NULL;
  LAT_TRY(status, lat_blif_read_models(&blif, bytes, count));
  LAT_TRY(status, lat_blif_link(&blif));
  const char *name = lat_slice_string(blif.model[0].name, &text);
  LAT_CHECK(status, name != NULL, LAT_MEMORY, "no memory for a name");
  LAT_TRY(status, lat_netlist_alloc(name, &f.netlist));
  LAT_TRY(status, flatten(&f, &text));
  LAT_TRY(status, sort(&f));
  *netlist = f.netlist;
  f.netlist = NULL;
done:
  lat_netlist_free(f.netlist);
  lat_free(f.node_of_net);
  lat_free(f.origin);
  lat_free(f.pool);
  lat_free(f.frame);
  lat_free(f.literal);
  lat_free(f.cube);
  lat_text_free(&text);
  lat_blif_free(&blif);
  return status;
}
