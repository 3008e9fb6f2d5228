#include "lib/circuit/port_names.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"

char *lat_port_name_mangle(const char *name, int (*legal)(char byte, int first)) {
  char *copy = lat_strdup(*name == '\0' ? "_" : name);
  if (copy == NULL) return NULL;
  for (char *at = copy; *at != '\0'; at++) {
    if (!legal(*at, at == copy)) *at = '_';
  }
  return copy;
}

/* Adds *name to the taken ones; where it is taken, replaces it by NAME_1, NAME_2, ... `next` counts over all names, so that
 * many equal ones cost no search each. */
static int claim(struct lat_port_names *names, char **name, size_t *next) {
  uint32_t number;
  int added = 0, status = lat_names_add(&names->taken, (struct lat_slice){*name, strlen(*name)}, &number, &added);
  while (status == LAT_OK && !added) {
    size_t length = strlen(*name) + 24;
    char *other = lat_alloc(length, 1);
    if (other == NULL) return LAT_MEMORY;
    snprintf(other, length, "%s_%zu", *name, ++*next);
    status = lat_names_add(&names->taken, (struct lat_slice){other, strlen(other)}, &number, &added);
    if (!added) {
      lat_free(other);
    } else {
      lat_free(*name);
      *name = other;
    }
  }
  return status;
}

int lat_port_names_make(struct lat_port_names *names, const struct lat_netlist *netlist,
                        int (*legal)(char byte, int first)) {
  int status = LAT_OK;
  size_t next = 0;
  unsigned char *shown = lat_calloc(netlist->inputs, 1); /* an output has this input's name already */
  names->input = lat_calloc(netlist->inputs, sizeof *names->input);
  names->output = lat_calloc(netlist->outputs, sizeof *names->output);
  LAT_CHECK(status, shown != NULL && names->input != NULL && names->output != NULL, LAT_MEMORY, "no memory for port names");
  names->inputs = netlist->inputs;
  names->outputs = netlist->outputs;
  for (size_t i = 0; i < netlist->inputs; i++) {
    names->input[i] = lat_port_name_mangle(netlist->input_name[i], legal);
    LAT_CHECK(status, names->input[i] != NULL, LAT_MEMORY, "no memory for port names");
    LAT_TRY(status, claim(names, &names->input[i], &next));
  }
  for (size_t i = 0; i < netlist->outputs; i++) {
    uint32_t node = netlist->output[i];
    int same = node < netlist->inputs && !shown[node] && strcmp(netlist->output_name[i], netlist->input_name[node]) == 0;
    names->output[i] = same ? lat_strdup(names->input[node]) : lat_port_name_mangle(netlist->output_name[i], legal);
    LAT_CHECK(status, names->output[i] != NULL, LAT_MEMORY, "no memory for port names");
    if (same)
      shown[node] = 1;
    else
      LAT_TRY(status, claim(names, &names->output[i], &next));
  }
done:
  lat_free(shown);
  return status;
}

void lat_port_names_free(struct lat_port_names *names) {
  lat_names_free(&names->taken);
  for (size_t i = 0; i < names->inputs; i++) lat_free(names->input[i]);
  for (size_t i = 0; i < names->outputs; i++) lat_free(names->output[i]);
  lat_free(names->input);
  lat_free(names->output);
  *names = (struct lat_port_names){0};
}
