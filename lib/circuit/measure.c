#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/circuit/circuit.h"

int lat_circuit_measure(const struct lat_netlist *netlist, struct lat_circuit_statistics *statistics) {
  memset(statistics, 0, sizeof *statistics);
  int status = LAT_MEMORY;
  uint32_t *level = lat_alloc(netlist->nodes, sizeof *level), top = 0;
  size_t *in_level = NULL;
  if (!level) goto done;
  statistics->inputs = netlist->inputs;
  statistics->outputs = netlist->outputs;
  statistics->nodes = netlist->nodes - netlist->inputs;
  statistics->depth = lat_netlist_levels(netlist, level);
  for (size_t i = 0; i < netlist->nodes; i++) top = level[i] > top ? level[i] : top;
  in_level = lat_calloc((size_t)top + 1, sizeof *in_level);
  if (!in_level) goto done;
  for (size_t i = netlist->inputs; i < netlist->nodes; i++) {
    statistics->by_fan_in[lat_netlist_fan_ins(netlist, i)]++;
    if (level[i] >= 1 && ++in_level[level[i]] > statistics->widest_level) statistics->widest_level = in_level[level[i]];
    for (uint32_t f = netlist->first[i]; f < netlist->first[i + 1]; f++) {
      statistics->edges++;
      statistics->skip_edges += level[i] - level[netlist->fan_in[f]] > 1;
    }
  }
  status = LAT_OK;
done:
  lat_free(level);
  lat_free(in_level);
  return status;
}
