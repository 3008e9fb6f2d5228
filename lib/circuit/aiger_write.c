#include "lib/circuit/aiger_write.h"

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/circuit/aig.h"
#include "lib/circuit/port_names.h"

/* A symbol runs to the end of its line, spaces included. */
static int legal(char byte, int first) {
  (void)first;
  return byte != '\n' && byte != '\r';
}

static int print_delta(struct lat_text *text, uint32_t delta) {
  char byte[5];
  size_t count = 0;
  for (; delta >= 128; delta >>= 7) byte[count++] = (char)((delta & 127) | 128);
  byte[count++] = (char)delta;
  return lat_text_append(text, byte, count);
}

/* The larger literal comes first, as the binary format wants it. */
static int print_and(const struct lat_aig *aig, uint32_t node, int binary, struct lat_text *text) {
  uint32_t a = aig->fan_in[node][0], b = aig->fan_in[node][1], high = a > b ? a : b, low = a > b ? b : a;
  if (!binary) return lat_text_printf(text, "%u %u %u\n", 2 * node, high, low);
  int status = print_delta(text, 2 * node - high);
  return status == LAT_OK ? print_delta(text, high - low) : status;
}

int lat_aiger_print(const struct lat_netlist *netlist, int binary, struct lat_text *text) {
  int status = LAT_OK;
  struct lat_aig *aig = NULL;
  struct lat_port_names names = {0};
  char *name = lat_port_name_mangle(netlist->name, legal);
  LAT_CHECK(status, name != NULL, LAT_MEMORY, "no memory for the name of the circuit");
  LAT_TRY(status, lat_port_names_make(&names, netlist, legal));
  LAT_TRY(status, lat_aig_from_netlist(netlist, &aig));
  size_t ands = aig->nodes - aig->inputs - 1;
  LAT_TRY(status, lat_text_printf(text, "a%cg %zu %zu 0 %zu %zu\n", binary ? 'i' : 'a', aig->inputs + ands, aig->inputs,
                                  aig->outputs, ands));
  for (size_t i = 0; i < aig->inputs && !binary; i++) LAT_TRY(status, lat_text_printf(text, "%zu\n", 2 * i + 2));
  for (size_t i = 0; i < aig->outputs; i++) LAT_TRY(status, lat_text_printf(text, "%u\n", aig->output[i]));
  for (size_t node = aig->inputs + 1; node < aig->nodes; node++)
    LAT_TRY(status, print_and(aig, (uint32_t)node, binary, text));
  for (size_t i = 0; i < aig->inputs; i++) LAT_TRY(status, lat_text_printf(text, "i%zu %s\n", i, names.input[i]));
  for (size_t i = 0; i < aig->outputs; i++) LAT_TRY(status, lat_text_printf(text, "o%zu %s\n", i, names.output[i]));
  status = lat_text_printf(text, "c\n%s, written by latentlab\n", name);
done:
  lat_free(name);
  lat_port_names_free(&names);
  lat_aig_free(aig);
  return status;
}
