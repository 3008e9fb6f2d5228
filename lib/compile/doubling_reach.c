#include <string.h>

#include "lib/base/status.h"
#include "lib/compile/assembly.h"
#include "lib/compile/doubling.h"

/* Columns: R [n], what is fetched [n], own vertex [n] as a one-hot key; a scan keeps the edges in [n] more, and asks with
 * them in place of R. */
static size_t width_of(size_t n, enum lat_pace pace) { return (pace == LAT_PACE_SCAN ? 4 : 3) * n; }

/* R <- 1 - ReLU(1 - 2 n x) for the fetched mean x >= 0; R and x are never negative, so that one unit clears each. */
static void assemble(size_t n, struct lat_assembly *assembly) {
  for (size_t j = 0; j < n; j++) {
    size_t unit = lat_assembly_unit(assembly, 1);
    lat_assembly_read(assembly, unit, n + j, -2 * (float)n);
    lat_assembly_write(assembly, unit, j, -1);
    if (assembly->layer) assembly->layer->down.bias[j] = 1;
    for (size_t part = 0; part < 2; part++) {
      unit = lat_assembly_unit(assembly, 0);
      lat_assembly_read(assembly, unit, part * n + j, 1);
      lat_assembly_write(assembly, unit, part * n + j, -1);
    }
  }
}

int lat_reach_machine(size_t vertices, enum lat_pace pace, struct lat_transformer **result) {
  int status = LAT_OK;
  struct lat_transformer *model = NULL;
  size_t n = vertices;
  *result = NULL;
  LAT_CHECK(status, n >= 1 && n < 1 << 14, LAT_INPUT, "%zu vertices are not 1..16383", n);
  struct lat_assembly assembly = {.width = width_of(n, pace)};
  assemble(n, &assembly);
  struct lat_transformer_config config = {.width = assembly.width,
                                          .heads = 1,
                                          .key_width = n,
                                          .value_width = n,
                                          .ffn = assembly.units,
                                          .layers = 1,
                                          .steps = 1,
                                          .attention_scale = 1,
                                          .linear_bias = 1};
  LAT_TRY(status, lat_transformer_alloc(&config, &model));
  assembly = (struct lat_assembly){.layer = model->layer, .width = config.width, .ffn = config.ffn};
  assemble(n, &assembly);
  lat_assembly_project(&assembly, &model->layer->query, 0, pace == LAT_PACE_SCAN ? 3 * n : 0, n, 2 * LAT_ASSEMBLY_BETA);
  lat_assembly_project(&assembly, &model->layer->key, 0, 2 * n, n, 1);
  lat_assembly_project(&assembly, &model->layer->value, 0, 0, n, 1);
  lat_assembly_output(&assembly, n, 0, n, n);
  *result = model;
done:
  return status;
}

void lat_reach_state(size_t vertices, const unsigned char *edge, enum lat_pace pace, float *x) {
  size_t n = vertices, D = width_of(n, pace);
  memset(x, 0, n * D * sizeof *x);
  for (size_t i = 0; i < n; i++) {
    float *row = x + i * D;
    row[2 * n + i] = 1;
    for (size_t j = 0; j < n; j++) {
      float reached = edge[i * n + j] || i == j;
      row[j] = reached;
      if (pace == LAT_PACE_SCAN) row[3 * n + j] = reached;
    }
  }
}

int lat_reach_read(size_t vertices, enum lat_pace pace, const float *x, size_t i, size_t j) {
  return x[i * width_of(vertices, pace) + j] > 0.5f;
}
