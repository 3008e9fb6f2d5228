#include <string.h>

#include "lib/base/status.h"
#include "lib/base/text.h"
#include "lib/circuit/aiger_write.h"
#include "lib/circuit/blif_write.h"
#include "lib/circuit/circuit.h"

int lat_circuit_write(const char *path, const struct lat_netlist *netlist) {
  struct lat_text text = {0};
  int status = LAT_OK;
  const char *slash = strrchr(path, '/'), *dot = strrchr(slash != NULL ? slash : path, '.');
  if (dot == NULL) dot = "";
  if (strcmp(dot, ".aag") == 0)
    status = lat_aiger_print(netlist, 0, &text);
  else if (strcmp(dot, ".aig") == 0)
    status = lat_aiger_print(netlist, 1, &text);
  else if (strcmp(dot, ".blif") == 0)
    status = lat_blif_print(netlist, &text);
  else
    status = LAT_FAIL(LAT_INPUT, "%s: circuits are written as .aag, .aig or .blif, not '%s'", path, dot);
  if (status == LAT_OK) status = lat_file_write(path, text.bytes, text.length);
  lat_text_free(&text);
  return status;
}
