#include "lib/circuit/blif_write.h"

#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/circuit/cover.h"
#include "lib/circuit/port_names.h"
#include "lib/circuit/truth.h"

static const size_t LINE = 100; /* lists of names are continued on a new line after so many bytes */

struct writer {
  const struct lat_netlist *netlist;
  struct lat_text *text;
  struct lat_port_names names;
  const char **node_name; /* [nodes]; NULL for a node named by its number */
  size_t underscores;     /* between "n" and that number */
};

/* Words are separated by space, '#' begins a comment, '\' may join lines, '=' connects ports, '.' begins a statement. */
static int legal(char byte, int first) {
  unsigned char c = (unsigned char)byte;
  return c > 32 && c != 127 && strchr("#\\=\"", byte) == NULL && !(first && byte == '.');
}

/* So many underscores that no port is called "n", these and digits. */
static size_t free_underscores(const struct lat_port_names *names) {
  size_t most = 0;
  for (size_t i = 0; i < names->taken.count; i++) {
    struct lat_slice name = names->taken.name[i];
    size_t at = 1;
    if (name.bytes[0] != 'n') continue;
    while (at < name.length && name.bytes[at] == '_') at++;
    size_t underscores = at - 1;
    while (at < name.length && name.bytes[at] >= '0' && name.bytes[at] <= '9') at++;
    if (at == name.length && underscores >= most) most = underscores + 1;
  }
  return most;
}

static int print_node_name(struct writer *w, uint32_t node) {
  if (w->node_name[node] != NULL) return lat_text_append(w->text, w->node_name[node], strlen(w->node_name[node]));
  int status = lat_text_append(w->text, "n", 1);
  for (size_t i = 0; i < w->underscores && status == LAT_OK; i++) status = lat_text_append(w->text, "_", 1);
  return status == LAT_OK ? lat_text_printf(w->text, "%u", node) : status;
}

static int print_ports(struct writer *w, const char *statement, char **name, size_t count) {
  int status = lat_text_printf(w->text, "%s", statement);
  size_t start = w->text->length;
  for (size_t i = 0; i < count && status == LAT_OK; i++) {
    if (w->text->length - start > LINE) {
      LAT_TRY(status, lat_text_printf(w->text, " \\\n"));
      start = w->text->length;
    }
    status = lat_text_printf(w->text, " %s", name[i]);
  }
  if (status == LAT_OK) status = lat_text_printf(w->text, "\n");
done:
  return status;
}

/* Fan-ins that occur once and matter, and the table over them. */
static unsigned reduce(const struct lat_netlist *netlist, size_t node, uint32_t *fan_in, uint64_t *table) {
  unsigned n = lat_netlist_fan_ins(netlist, node);
  memcpy(fan_in, netlist->fan_in + netlist->first[node], n * sizeof *fan_in);
  *table = netlist->table[node];
  for (unsigned j = n; j-- > 0;) {
    unsigned i = 0;
    while (i < j && fan_in[i] != fan_in[j]) i++;
    if (i < j)
      *table = lat_truth_tie(*table, n, i, j, 0);
    else
      continue;
    n--;
    memmove(fan_in + j, fan_in + j + 1, (n - j) * sizeof *fan_in);
  }
  for (unsigned j = n; j-- > 0;) {
    if (lat_truth_depends(*table, n, j)) continue;
    *table = lat_truth_fix(*table, n, j, 0);
    n--;
    memmove(fan_in + j, fan_in + j + 1, (n - j) * sizeof *fan_in);
  }
  return n;
}

static int print_node(struct writer *w, size_t node) {
  int status = LAT_OK;
  uint32_t fan_in[LAT_MAX_FAN_IN];
  uint64_t table;
  struct lat_cube on[LAT_MAX_CUBES], off[LAT_MAX_CUBES];
  unsigned n = reduce(w->netlist, node, fan_in, &table);
  LAT_TRY(status, lat_text_printf(w->text, ".names"));
  for (unsigned j = 0; j < n; j++) {
    LAT_TRY(status, lat_text_append(w->text, " ", 1));
    LAT_TRY(status, print_node_name(w, fan_in[j]));
  }
  LAT_TRY(status, lat_text_append(w->text, " ", 1));
  LAT_TRY(status, print_node_name(w, (uint32_t)node));
  LAT_TRY(status, lat_text_append(w->text, "\n", 1));
  if (n == 0) return table != 0 ? lat_text_printf(w->text, "1\n") : LAT_OK;
  unsigned ons = lat_cover_make(table, n, on), offs = lat_cover_make(lat_truth_mask(n) & ~table, n, off);
  const struct lat_cube *cube = ons <= offs ? on : off;
  for (unsigned c = 0; c < (ons <= offs ? ons : offs); c++) {
    char line[LAT_MAX_FAN_IN + 3];
    for (unsigned j = 0; j < n; j++) line[j] = !(cube[c].care >> j & 1) ? '-' : cube[c].value >> j & 1 ? '1' : '0';
    line[n] = ' ';
    line[n + 1] = ons <= offs ? '1' : '0';
    line[n + 2] = '\n';
    LAT_TRY(status, lat_text_append(w->text, line, n + 3));
  }
done:
  return status;
}

/* A constant that nothing reads: ABC (2022) aborts on a model of inputs and outputs alone. */
static int print_unused(struct writer *w) {
  int status = lat_text_printf(w->text, ".names n");
  for (size_t i = 0; i < w->underscores && status == LAT_OK; i++) status = lat_text_append(w->text, "_", 1);
  return status == LAT_OK ? lat_text_printf(w->text, "%zu\n", w->netlist->nodes) : status;
}

int lat_blif_print(const struct lat_netlist *netlist, struct lat_text *text) {
  int status = LAT_OK;
  struct writer w = {.netlist = netlist, .text = text};
  char *name = lat_port_name_mangle(netlist->name, legal);
  w.node_name = lat_calloc(netlist->nodes, sizeof *w.node_name);
  LAT_CHECK(status, name != NULL && w.node_name != NULL, LAT_MEMORY, "no memory for %zu names", netlist->nodes);
  LAT_TRY(status, lat_port_names_make(&w.names, netlist, legal));
  w.underscores = free_underscores(&w.names);
  for (size_t i = 0; i < netlist->inputs; i++) w.node_name[i] = w.names.input[i];
  for (size_t i = 0; i < netlist->outputs; i++) {
    if (w.node_name[netlist->output[i]] == NULL) w.node_name[netlist->output[i]] = w.names.output[i];
  }
  LAT_TRY(status, lat_text_printf(text, "# written by latentlab\n.model %s\n", name));
  LAT_TRY(status, print_ports(&w, ".inputs", w.names.input, netlist->inputs));
  LAT_TRY(status, print_ports(&w, ".outputs", w.names.output, netlist->outputs));
  for (size_t node = netlist->inputs; node < netlist->nodes; node++) LAT_TRY(status, print_node(&w, node));
  size_t statements = netlist->nodes - netlist->inputs;
  for (size_t i = 0; i < netlist->outputs; i++) {
    const char *shown = w.node_name[netlist->output[i]];
    if (strcmp(shown, w.names.output[i]) == 0) continue;
    LAT_TRY(status, lat_text_printf(text, ".names %s %s\n1 1\n", shown, w.names.output[i]));
    statements++;
  }
  if (statements == 0 && netlist->nodes > 0) LAT_TRY(status, print_unused(&w));
  status = lat_text_printf(text, ".end\n");
done:
  lat_free(name);
  lat_free(w.node_name);
  lat_port_names_free(&w.names);
  return status;
}
