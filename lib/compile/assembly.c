#include "lib/compile/assembly.h"

size_t lat_assembly_unit(struct lat_assembly *assembly, float bias) {
  if (assembly->layer) assembly->layer->up.bias[assembly->units] = bias;
  return assembly->units++;
}

void lat_assembly_read(const struct lat_assembly *assembly, size_t unit, size_t column, float weight) {
  if (assembly->layer) assembly->layer->up.weight[unit * assembly->width + column] = weight;
}

void lat_assembly_write(const struct lat_assembly *assembly, size_t unit, size_t column, float weight) {
  if (assembly->layer) assembly->layer->down.weight[column * assembly->ffn + unit] = weight;
}

void lat_assembly_clear(struct lat_assembly *assembly, size_t column, size_t count) {
  for (size_t k = 0; k < count; k++)
    for (int half = 0; half < 2; half++) {
      size_t unit = lat_assembly_unit(assembly, 0);
      lat_assembly_read(assembly, unit, column + k, half ? -1 : 1);
      lat_assembly_write(assembly, unit, column + k, half ? 1 : -1);
    }
}

void lat_assembly_gate(struct lat_assembly *assembly, size_t flag, size_t from, size_t to, size_t count, float sign) {
  for (size_t k = 0; k < count; k++)
    for (int half = 0; half < 2; half++) {
      size_t unit = lat_assembly_unit(assembly, -1);
      lat_assembly_read(assembly, unit, flag, 1);
      lat_assembly_read(assembly, unit, from + k, half ? -1 : 1);
      lat_assembly_write(assembly, unit, to + k, half ? -sign : sign);
    }
}

void lat_assembly_project(const struct lat_assembly *assembly, struct lat_linear *linear, size_t first, size_t column,
                          size_t count, float weight) {
  for (size_t k = 0; k < count; k++) linear->weight[(first + k) * assembly->width + column + k] = weight;
}

void lat_assembly_output(const struct lat_assembly *assembly, size_t values, size_t first, size_t column, size_t count) {
  for (size_t k = 0; k < count; k++) assembly->layer->output.weight[(column + k) * values + first + k] = 1;
}

size_t lat_assembly_bits(size_t count) {
  size_t bits = 1;
  while (bits < 8 * sizeof count - 1 && (size_t)1 << bits < count) bits++;
  return bits;
}
