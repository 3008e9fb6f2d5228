/* Which format a file is: by its first bytes or its first statement, and by the extension of its name only where they do
 * not tell. */
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/base/text.h"
#include "lib/circuit/aiger.h"
#include "lib/circuit/bench.h"
#include "lib/circuit/blif.h"
#include "lib/circuit/circuit.h"
#include "lib/circuit/names.h"

enum format { UNKNOWN, AIGER, BENCH, BLIF, COMPRESSED, VERILOG };

static int starts(struct lat_slice text, const char *with) {
  size_t length = strlen(with);
  return text.length >= length && memcmp(text.bytes, with, length) == 0;
}

/* The first line that is not blank and not a comment, without its leading space. */
static struct lat_slice first_statement(const char *bytes, size_t count) {
  size_t at = 0;
  while (at < count) {
    while (at < count && (bytes[at] == ' ' || (bytes[at] >= '\t' && bytes[at] <= '\r'))) at++;
    const char *end = at < count ? memchr(bytes + at, '\n', count - at) : NULL;
    size_t length = end != NULL ? (size_t)(end - (bytes + at)) : count - at;
    if (length > 0 && bytes[at] != '#') return (struct lat_slice){bytes + at, length};
    at += length;
  }
  return (struct lat_slice){bytes, 0};
}

static enum format format_of_content(const char *bytes, size_t count) {
  struct lat_slice all = {bytes, count};
  if (count >= 5 && (starts(all, "aag ") || starts(all, "aig ")) && bytes[4] != '=' && bytes[4] != ' ') return AIGER;
  if (starts(all, "aig2 ")) return AIGER;
  if (starts(all, "\x1f\x8b") || starts(all, "BZh") ||
      starts(all,
             "\xfd"
             "7zXZ") ||
      starts(all, "\x28\xb5\x2f\xfd"))
    return COMPRESSED;
  struct lat_slice line = first_statement(bytes, count);
  if (line.length == 0) return UNKNOWN;
  if (line.bytes[0] == '.' && line.length > 1 && line.bytes[1] >= 'a' && line.bytes[1] <= 'z') return BLIF;
  if (starts(line, "module ") || starts(line, "//") || starts(line, "/*") || starts(line, "`timescale")) return VERILOG;
  if (memchr(line.bytes, '(', line.length) != NULL || memchr(line.bytes, '=', line.length) != NULL) return BENCH;
  return UNKNOWN;
}

static enum format format_of_name(const char *path) {
  const char *dot = strrchr(path, '.');
  if (dot == NULL) return UNKNOWN;
  if (strcmp(dot, ".aag") == 0 || strcmp(dot, ".aig") == 0) return AIGER;
  if (strcmp(dot, ".bench") == 0) return BENCH;
  if (strcmp(dot, ".blif") == 0) return BLIF;
  if (strcmp(dot, ".v") == 0 || strcmp(dot, ".sv") == 0) return VERILOG;
  return UNKNOWN;
}

int lat_circuit_parse(const char *path, const char *bytes, size_t count, struct lat_netlist **netlist) {
  *netlist = NULL;
  if (count == 0) return LAT_FAIL(LAT_INPUT, "%s: byte 0: the file is empty", path);
  enum format format = format_of_content(bytes, count);
  if (format == UNKNOWN) format = format_of_name(path);
  switch (format) {
    case AIGER: return lat_aiger_parse(path, bytes, count, netlist);
    case BENCH: return lat_bench_parse(path, bytes, count, netlist);
    case BLIF: return lat_blif_parse(path, bytes, count, netlist);
    case COMPRESSED: return LAT_FAIL(LAT_UNSUPPORTED, "%s: byte 0: the file is compressed; unpack it first", path);
    case VERILOG:
      return LAT_FAIL(
          LAT_UNSUPPORTED,
          "%s:1: this is Verilog, which is not read; translate it first, e.g. yosys -p 'read_verilog FILE; synth "
          "-flatten; aigmap; write_aiger OUT.aig'",
          path);
    default: break;
  }
  return LAT_FAIL(LAT_INPUT, "%s:1: neither the content nor the name tells AIGER, BENCH or BLIF", path);
}

int lat_circuit_read(const char *path, struct lat_netlist **netlist) {
  char *bytes = NULL;
  size_t count = 0;
  *netlist = NULL;
  int status = lat_file_read(path, &bytes, &count);
  if (status == LAT_OK) status = lat_circuit_parse(path, bytes, count, netlist);
  lat_free(bytes);
  return status;
}
