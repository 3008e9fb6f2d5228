#include "lib/base/status.h"
#include "lib/compile/assembly.h"
#include "lib/compile/doubling.h"

/* Columns: address [m], pointer [m], element [c], fetched element [c], then fetched pointer [m] or, in a scan, where the
 * pointer stays and every loop multiplies by the letter itself, the letter [c]. */
struct plan {
  size_t m, c, address, pointer, element, fetched, last, width;
  enum lat_pace pace;
};

static struct plan make_plan(const struct lat_group *group, size_t letters, enum lat_pace pace) {
  struct plan plan = {.m = lat_assembly_bits(letters + 1), .c = lat_assembly_bits(group->order), .pace = pace};
  plan.pointer = plan.m;
  plan.element = 2 * plan.m;
  plan.fetched = plan.element + plan.c;
  plan.last = plan.fetched + plan.c;
  plan.width = plan.last + (pace == LAT_PACE_DOUBLING ? plan.m : plan.c);
  return plan;
}

/* A unit for each pair (a, b): 1 when the fetched element is a and the right factor b, since the codes then agree in all 2 c
 * places; at most -1 before the ReLU otherwise. It writes the code of a b. */
static void assemble(const struct lat_group *group, const struct plan *plan, struct lat_assembly *assembly) {
  size_t c = plan->c, right = plan->pace == LAT_PACE_DOUBLING ? plan->element : plan->last;
  for (unsigned a = 0; a < group->order; a++)
    for (unsigned b = 0; b < group->order; b++) {
      size_t unit = lat_assembly_unit(assembly, 1 - 2 * (float)c);
      unsigned product = lat_group_product(group, a, b);
      for (size_t k = 0; k < c; k++) {
        lat_assembly_read(assembly, unit, plan->fetched + k, lat_assembly_sign(a, k));
        lat_assembly_read(assembly, unit, right + k, lat_assembly_sign(b, k));
        lat_assembly_write(assembly, unit, plan->element + k, lat_assembly_sign(product, k));
      }
    }
  lat_assembly_clear(assembly, plan->element, c);
  lat_assembly_clear(assembly, plan->fetched, c);
  if (plan->pace == LAT_PACE_SCAN) return;
  for (size_t k = 0; k < plan->m; k++) /* pointer <- fetched pointer <- 0 */
    for (int half = 0; half < 2; half++) {
      size_t unit = lat_assembly_unit(assembly, 0);
      lat_assembly_read(assembly, unit, plan->last + k, half ? -1 : 1);
      lat_assembly_write(assembly, unit, plan->last + k, half ? 1 : -1);
      lat_assembly_write(assembly, unit, plan->pointer + k, half ? -1 : 1);
    }
  lat_assembly_clear(assembly, plan->pointer, plan->m);
}

size_t lat_word_units(const struct lat_group *group, size_t letters, enum lat_pace pace) {
  struct plan plan = make_plan(group, letters, pace);
  return group->order * group->order + 4 * plan.c + (pace == LAT_PACE_DOUBLING ? 4 * plan.m : 0);
}

static void embed(const struct lat_group *group, const struct plan *plan, size_t letters, struct lat_transformer *model) {
  size_t D = plan->width;
  for (size_t g = 0; g < group->order; g++)
    for (size_t k = 0; k < plan->c; k++) {
      model->token[g * D + plan->element + k] = model->head[g * D + plan->element + k] = lat_assembly_sign(g, k);
      if (plan->pace == LAT_PACE_SCAN) model->token[g * D + plan->last + k] = lat_assembly_sign(g, k);
    }
  for (size_t i = 0; i <= letters; i++)
    for (size_t k = 0; k < plan->m; k++) {
      model->position[i * D + plan->address + k] = lat_assembly_sign(i, k);
      model->position[i * D + plan->pointer + k] = lat_assembly_sign(i > 0 ? i - 1 : 0, k);
    }
}

int lat_word_machine(const struct lat_group *group, size_t letters, enum lat_pace pace, struct lat_transformer **result) {
  int status = LAT_OK;
  struct lat_transformer *model = NULL;
  *result = NULL;
  LAT_CHECK(status, letters >= 1, LAT_INPUT, "a word needs at least 1 letter");
  struct plan plan = make_plan(group, letters, pace);
  struct lat_assembly assembly = {.width = plan.width};
  assemble(group, &plan, &assembly);
  size_t loops = lat_pace_loops(pace, letters), values = plan.c + (pace == LAT_PACE_DOUBLING ? plan.m : 0);
  struct lat_transformer_config config = {.vocabulary = group->order,
                                          .sequence = letters + 1,
                                          .width = plan.width,
                                          .heads = 1,
                                          .key_width = plan.m,
                                          .value_width = values,
                                          .ffn = assembly.units,
                                          .layers = 1,
                                          .steps = loops > 0 ? loops : 1,
                                          .mask = LAT_MASK_CAUSAL,
                                          .positions = LAT_POSITIONS_LEARNED,
                                          .attention_scale = 1,
                                          .linear_bias = 1};
  LAT_TRY(status, lat_transformer_alloc(&config, &model));
  struct lat_layer *layer = model->layer;
  assembly = (struct lat_assembly){.layer = layer, .width = plan.width, .ffn = config.ffn};
  assemble(group, &plan, &assembly);
  lat_assembly_project(&assembly, &layer->query, 0, plan.pointer, plan.m, LAT_ASSEMBLY_BETA);
  lat_assembly_project(&assembly, &layer->key, 0, plan.address, plan.m, 1);
  lat_assembly_project(&assembly, &layer->value, 0, plan.element, plan.c, 1);
  lat_assembly_output(&assembly, values, 0, plan.fetched, plan.c);
  if (pace == LAT_PACE_DOUBLING) {
    lat_assembly_project(&assembly, &layer->value, plan.c, plan.pointer, plan.m, 1);
    lat_assembly_output(&assembly, values, plan.c, plan.last, plan.m);
  }
  embed(group, &plan, letters, model);
  *result = model;
done:
  return status;
}

unsigned lat_word_window(const struct lat_group *group, const int32_t *token, size_t i, size_t reach) {
  unsigned product = 0;
  for (size_t k = i > reach ? i - reach + 1 : 1; k <= i; k++)
    product = lat_group_product(group, product, (unsigned)token[k]);
  return product;
}
