/* The file into literals, where ascii and binary differ, and all checks but that for cycles; aiger_build.c makes the nodes. */
#include "lib/circuit/aiger.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/circuit/aiger_file.h"

enum { UNDEFINED = 0 };

/* Adds the place to the stored sentence: line in ascii, byte in binary. */
static int here(const struct lat_aiger *a, int code) {
  if (code == LAT_MEMORY) return code;
  if (a->binary && a->line > 1) return lat_fail_prefix(code, "%s: byte %zu", a->path, a->at);
  return lat_fail_prefix(code, "%s:%zu", a->path, a->line);
}

static int at_line(const struct lat_aiger *a, size_t line, int code) {
  return lat_fail_prefix(code, "%s:%zu", a->path, line);
}

/* One decimal number. */
static int read_number(struct lat_aiger *a, const char *what, uint64_t *value) {
  size_t start = a->at;
  *value = 0;
  while (a->at < a->count && a->bytes[a->at] >= '0' && a->bytes[a->at] <= '9') {
    *value = *value * 10 + (uint64_t)(a->bytes[a->at++] - '0');
    if (*value > UINT32_MAX)
      return here(a, LAT_FAIL(LAT_INPUT, "%s is larger than %u, the highest that is read", what, UINT32_MAX));
  }
  if (a->at > start) return LAT_OK;
  if (a->at == a->count) return here(a, LAT_FAIL(LAT_INPUT, "the file ends where %s should stand", what));
  struct lat_slice found = {a->bytes + a->at, 1};
  return here(a, LAT_FAIL(LAT_INPUT, "%s should stand where '%s' does", what, LAT_QUOTE(found)));
}

static int read_byte(struct lat_aiger *a, char byte, const char *after) {
  if (a->at < a->count && a->bytes[a->at] == byte) {
    a->at++;
    if (byte == '\n') a->line++;
    return LAT_OK;
  }
  const char *wanted = byte == '\n' ? "the line should end" : "a single space should stand";
  if (a->at == a->count) {
    /* the last line of a file may lack its newline */
    if (byte == '\n') {
      a->line++;
      return LAT_OK;
    }
    return here(a, LAT_FAIL(LAT_INPUT, "the file ends after %s, where %s", after, wanted));
  }
  if (a->bytes[a->at] == '\r')
    return here(a, LAT_FAIL(LAT_INPUT,
                            "a carriage return after %s: lines must end in a newline alone, convert the file with dos2unix",
                            after));
  struct lat_slice found = {a->bytes + a->at, 1};
  return here(a, LAT_FAIL(LAT_INPUT, "'%s' after %s, where %s", LAT_QUOTE(found), after, wanted));
}

static int check_magic(struct lat_aiger *a) {
  if (a->count >= 4 && (memcmp(a->bytes, "aag ", 4) == 0 || memcmp(a->bytes, "aig ", 4) == 0)) {
    a->binary = a->bytes[1] == 'i';
    a->at = 4;
    return LAT_OK;
  }
  if (a->count >= 4 && memcmp(a->bytes, "aig2", 4) == 0)
    return here(a, LAT_FAIL(LAT_UNSUPPORTED, "'aig2' is ABC's own compressed form; write the file without -c"));
  return here(a, LAT_FAIL(LAT_INPUT, "the header should begin with 'aag ' or 'aig '"));
}

static int check_sequential(const struct lat_aiger *a) {
  static const char *const what[] = {"latches", "bad-state properties", "constraints", "justice properties",
                                     "fairness properties"};
  const uint64_t numbers[] = {a->header[2], a->header[5], a->header[6], a->header[7], a->header[8]};
  for (size_t i = 0; i < 5; i++) {
    if (numbers[i] != 0)
      return LAT_FAIL(LAT_UNSUPPORTED,
                      "the circuit is sequential: %llu %s; unroll it or take its combinational core first (ABC: comb)",
                      (unsigned long long)numbers[i], what[i]);
  }
  return LAT_OK;
}

/* M I L O A [B [C [J [F]]]], and what can be said from them and from the file's size alone. */
static int read_header(struct lat_aiger *a) {
  static const char *const names[] = {"M (variables)",  "I (inputs)",      "L (latches)", "O (outputs)", "A (AND gates)",
                                      "B (bad states)", "C (constraints)", "J (justice)", "F (fairness)"};
  int status = check_magic(a);
  if (status != LAT_OK) return status;
  for (size_t i = 0; i < 9; i++) {
    char what[48];
    if (i >= 5 && (a->at == a->count || a->bytes[a->at] != ' ')) break;
    if (i > 0) {
      snprintf(what, sizeof what, "%zu of at least 5 header numbers", i);
      if ((status = read_byte(a, ' ', what)) != LAT_OK) return status;
    }
    snprintf(what, sizeof what, "the header number %s", names[i]);
    if ((status = read_number(a, what, &a->header[i])) != LAT_OK) return status;
  }
  uint64_t m = a->header[0], i = a->header[1], l = a->header[2], o = a->header[3], n = a->header[4];
  if (a->at < a->count && a->bytes[a->at] != '\n') return read_byte(a, '\n', "the header numbers");
  if (m < i + l + n || (a->binary && m != i + l + n))
    return here(a, LAT_FAIL(LAT_INPUT, "M = %llu variables, but I + L + A = %llu", (unsigned long long)m,
                            (unsigned long long)(i + l + n)));
  if ((status = check_sequential(a)) != LAT_OK) return here(a, status);
  uint64_t size = a->count, least = a->binary ? 2 * o + 2 * n : 2 * i + 2 * o + 6 * n;
  if (least > size)
    return here(a,
                LAT_FAIL(LAT_INPUT, "%llu inputs, %llu outputs and %llu AND gates need %llu bytes, but the file has %llu",
                         (unsigned long long)i, (unsigned long long)o, (unsigned long long)n, (unsigned long long)least,
                         (unsigned long long)size));
  if (m - n > 65536 + 8 * size || m > UINT32_MAX / 2)
    return here(a, LAT_FAIL(LAT_INPUT, "%llu variables for %llu AND gates are too many for a file of %llu bytes",
                            (unsigned long long)m, (unsigned long long)n, (unsigned long long)size));
  a->variables = m;
  a->inputs = (size_t)i;
  a->outputs = (size_t)o;
  a->ands = (size_t)n;
  return read_byte(a, '\n', "the header numbers");
}

static int allocate(struct lat_aiger *a) {
  a->node = lat_calloc((size_t)a->variables + 1, sizeof *a->node);
  a->left = lat_alloc(a->ands, sizeof *a->left);
  a->right = lat_alloc(a->ands, sizeof *a->right);
  a->output = lat_alloc(a->outputs, sizeof *a->output);
  a->inverted = lat_calloc(a->inputs + a->ands, 1);
  a->input_name = lat_calloc(a->inputs, sizeof *a->input_name);
  a->output_name = lat_calloc(a->outputs, sizeof *a->output_name);
  int whole = a->node != NULL && a->left != NULL && a->right != NULL && a->output != NULL && a->inverted != NULL &&
              a->input_name != NULL && a->output_name != NULL;
  return whole ? LAT_OK : LAT_MEMORY;
}

static int read_literal(struct lat_aiger *a, const char *what, uint32_t *literal) {
  uint64_t value;
  int status = read_number(a, what, &value);
  if (status != LAT_OK) return status;
  if (value > 2 * a->variables + 1)
    return here(a, LAT_FAIL(LAT_INPUT, "%s is %llu, but the highest literal is 2 M + 1 = %llu", what,
                            (unsigned long long)value, (unsigned long long)(2 * a->variables + 1)));
  *literal = (uint32_t)value;
  return LAT_OK;
}

/* A literal that defines node `node`: even, not constant, not defined before. */
static int define(struct lat_aiger *a, uint32_t literal, size_t node, const char *what) {
  if (literal < 2)
    return here(a, LAT_FAIL(LAT_INPUT, "%s is the constant %u; it must be an even literal from 2 on", what, literal));
  if (literal & 1)
    return here(a, LAT_FAIL(LAT_INPUT, "%s is the odd (inverted) literal %u; it must be even", what, literal));
  uint32_t before = a->node[literal / 2];
  if (before != UNDEFINED)
    return here(a, LAT_FAIL(LAT_INPUT, "literal %u is defined twice: as %s and before as %s %zu", literal, what,
                            before <= a->inputs ? "input" : "AND gate",
                            before <= a->inputs ? before - (size_t)1 : before - a->inputs - 1));
  a->node[literal / 2] = (uint32_t)node + 1;
  return LAT_OK;
}

static int read_ports(struct lat_aiger *a) {
  int status = LAT_OK;
  for (size_t i = 0; i < a->inputs; i++) {
    uint32_t literal = 2 * ((uint32_t)i + 1);
    if (!a->binary) LAT_TRY(status, read_literal(a, "an input", &literal));
    LAT_TRY(status, define(a, literal, i, "an input"));
    if (!a->binary) LAT_TRY(status, read_byte(a, '\n', "an input"));
  }
  for (size_t i = 0; i < a->outputs; i++) {
    LAT_TRY(status, read_literal(a, "an output", &a->output[i]));
    LAT_TRY(status, read_byte(a, '\n', "an output"));
  }
done:
  return status;
}

static int read_ascii_ands(struct lat_aiger *a) {
  int status = LAT_OK;
  a->first_and_line = a->line;
  for (size_t k = 0; k < a->ands; k++) {
    uint32_t literal;
    LAT_TRY(status, read_literal(a, "the left side of an AND gate", &literal));
    LAT_TRY(status, define(a, literal, a->inputs + k, "an AND gate"));
    LAT_TRY(status, read_byte(a, ' ', "the left side of an AND gate"));
    LAT_TRY(status, read_literal(a, "the first fan-in of an AND gate", &a->left[k]));
    LAT_TRY(status, read_byte(a, ' ', "the first fan-in of an AND gate"));
    LAT_TRY(status, read_literal(a, "the second fan-in of an AND gate", &a->right[k]));
    LAT_TRY(status, read_byte(a, '\n', "the second fan-in of an AND gate"));
  }
done:
  return status;
}

/* Seven bits a byte, least significant first; bit 7 says that more follow. */
static int read_delta(struct lat_aiger *a, size_t k, uint64_t *delta) {
  *delta = 0;
  for (unsigned shift = 0; shift < 35; shift += 7) {
    if (a->at == a->count) return here(a, LAT_FAIL(LAT_INPUT, "the file ends inside AND gate %zu of %zu", k, a->ands));
    unsigned char byte = (unsigned char)a->bytes[a->at++];
    *delta |= (uint64_t)(byte & 127) << shift;
    if (byte < 128) return LAT_OK;
  }
  return here(a, LAT_FAIL(LAT_INPUT, "a number of over 5 bytes in AND gate %zu", k));
}

static int read_binary_ands(struct lat_aiger *a) {
  int status = LAT_OK;
  for (size_t k = 0; k < a->ands; k++) {
    uint64_t lhs = 2 * ((uint64_t)a->inputs + k + 1), delta;
    LAT_TRY(status, read_delta(a, k, &delta));
    if (delta == 0 || delta > lhs) {
      status =
          here(a, LAT_FAIL(LAT_INPUT, "AND gate %zu is literal %llu and its first difference is %llu; it must be 1..%llu",
                           k, (unsigned long long)lhs, (unsigned long long)delta, (unsigned long long)lhs));
      goto done;
    }
    a->left[k] = (uint32_t)(lhs - delta);
    LAT_TRY(status, read_delta(a, k, &delta));
    if (delta > a->left[k]) {
      status = here(a, LAT_FAIL(LAT_INPUT, "the second difference of AND gate %zu is %llu, more than its first fan-in %u",
                                k, (unsigned long long)delta, a->left[k]));
      goto done;
    }
    a->right[k] = (uint32_t)(a->left[k] - delta);
    a->node[lhs / 2] = (uint32_t)(a->inputs + k) + 1;
  }
done:
  return status;
}

/* Whether `c` at this place is a constraint's symbol of format 1.9, c<digits><space>, and not the start of a comment. */
static int is_constraint_symbol(const struct lat_aiger *a) {
  size_t at = a->at + 1;
  while (at < a->count && a->bytes[at] >= '0' && a->bytes[at] <= '9') at++;
  return at > a->at + 1 && at < a->count && a->bytes[at] == ' ';
}

static int read_symbol(struct lat_aiger *a) {
  char kind = a->bytes[a->at];
  struct lat_slice found = {a->bytes + a->at, 1};
  if (kind == '\0' || strchr("ilobcjf", kind) == NULL)
    return here(
        a, LAT_FAIL(LAT_INPUT, "'%s' after the last gate, where a symbol (i0 NAME, o0 NAME) or a comment (c) may stand",
                    LAT_QUOTE(found)));
  a->at++;
  uint64_t index;
  int status = read_number(a, "a symbol's number", &index);
  if (status == LAT_OK) status = read_byte(a, ' ', "a symbol's number");
  if (status != LAT_OK) return status;
  size_t number = kind == 'i' ? a->inputs : kind == 'o' ? a->outputs : 0;
  if (index >= number)
    return here(a, LAT_FAIL(LAT_INPUT, "symbol %c%llu is out of range: the file has %zu of these", kind,
                            (unsigned long long)index, number));
  const char *start = a->bytes + a->at, *end = memchr(start, '\n', a->count - a->at);
  struct lat_slice name = {start, end != NULL ? (size_t)(end - start) : a->count - a->at};
  struct lat_slice *place = kind == 'i' ? &a->input_name[index] : &a->output_name[index];
  if (name.length == 0) return here(a, LAT_FAIL(LAT_INPUT, "symbol %c%llu has no name", kind, (unsigned long long)index));
  if (memchr(start, '\0', name.length) != NULL)
    return here(a, LAT_FAIL(LAT_INPUT, "symbol %c%llu has a NUL byte in its name", kind, (unsigned long long)index));
  if (name.bytes[name.length - 1] == '\r')
    return here(
        a, LAT_FAIL(LAT_INPUT,
                    "a carriage return after a symbol: lines must end in a newline alone, convert the file with dos2unix"));
  if (place->bytes != NULL)
    return here(a, LAT_FAIL(LAT_INPUT, "a second symbol for %c%llu: '%s' after '%s'", kind, (unsigned long long)index,
                            LAT_QUOTE(name), LAT_QUOTE(*place)));
  *place = name;
  a->at += name.length;
  return read_byte(a, '\n', "a symbol");
}

static int read_symbols(struct lat_aiger *a) {
  while (a->at < a->count) {
    if (a->bytes[a->at] == 'c' && !is_constraint_symbol(a)) break;
    int status = read_symbol(a);
    if (status != LAT_OK) return status;
  }
  return LAT_OK;
}

/* Every variable that is read is defined. */
static int check_defined(const struct lat_aiger *a) {
  for (size_t k = 0; k < a->ands; k++) {
    for (int side = 0; side < 2; side++) {
      uint32_t literal = side == 0 ? a->left[k] : a->right[k];
      if (literal >= 2 && a->node[literal / 2] == UNDEFINED)
        return at_line(a, a->first_and_line + k,
                       LAT_FAIL(LAT_INPUT, "AND gate %zu reads literal %u, but variable %u is never defined", k, literal,
                                literal / 2));
    }
  }
  for (size_t i = 0; i < a->outputs; i++) {
    uint32_t literal = a->output[i];
    if (literal >= 2 && a->node[literal / 2] == UNDEFINED)
      return at_line(
          a, 2 + a->inputs + i,
          LAT_FAIL(LAT_INPUT, "output %zu is literal %u, but variable %u is never defined", i, literal, literal / 2));
  }
  return LAT_OK;
}

int lat_aiger_parse(const char *path, const char *bytes, size_t count, struct lat_netlist **netlist) {
  int status = LAT_OK;
  struct lat_aiger a = {.path = path, .bytes = bytes, .count = count, .line = 1};
  *netlist = NULL;
  LAT_TRY(status, read_header(&a));
  LAT_TRY(status, allocate(&a));
  LAT_TRY(status, read_ports(&a));
  LAT_TRY(status, a.binary ? read_binary_ands(&a) : read_ascii_ands(&a));
  LAT_TRY(status, read_symbols(&a));
  LAT_TRY(status, check_defined(&a));
  status = lat_aiger_build(&a, netlist);
done:
  lat_free(a.node);
  lat_free(a.left);
  lat_free(a.right);
  lat_free(a.output);
  lat_free(a.inverted);
  lat_free(a.input_name);
  lat_free(a.output_name);
  return status;
}
