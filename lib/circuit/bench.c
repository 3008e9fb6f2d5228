/* Two passes: statements into a list of gates over numbered names, then gates into nodes; inputs may stand last in the
 * file, and must come first in a netlist. */
#include "lib/circuit/bench.h"

#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/circuit/grow.h"
#include "lib/circuit/names.h"
#include "lib/circuit/tree.h"

enum kind { AND, OR, XOR, SELECT, TABLE, CONSTANT };

struct gate {
  enum kind kind;
  uint32_t inverted;       /* the output of AND, OR, XOR; the value of CONSTANT */
  uint32_t net;            /* what it drives */
  size_t first, fan_ins;   /* into bench.operand */
  struct lat_slice digits; /* TABLE */
  size_t line;
};

enum { UNDRIVEN = 0, BY_INPUT = 1, BY_GATE = 2 };
struct net {
  unsigned char driver;
  size_t line; /* of its driver, or where it was first named */
};

struct bench {
  const char *path, *at, *end; /* the rest of the line in hand */
  size_t line;
  struct lat_names names;
  struct net *net;
  struct gate *gate;
  uint32_t *operand, *input, *output;
  size_t nets, gates, operands, inputs, outputs, net_room, gate_room, operand_room, input_room, output_room;
};

static int on_line(const struct bench *b, size_t line, int code) {
  return code == LAT_MEMORY ? code : lat_fail_prefix(code, "%s:%zu", b->path, line);
}
static int here(const struct bench *b, int code) { return on_line(b, b->line, code); }

static int push(uint32_t **array, size_t *used, size_t *room, uint32_t value) {
  uint32_t *bigger = lat_grow(*array, sizeof **array, *used, 1, room);
  if (bigger == NULL) return LAT_MEMORY;
  *array = bigger;
  (*array)[(*used)++] = value;
  return LAT_OK;
}

static int is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f'; }

static void skip_space(struct bench *b) {
  while (b->at < b->end && is_space(*b->at)) b->at++;
}

static int take(struct bench *b, char c) {
  skip_space(b);
  if (b->at == b->end || *b->at != c) return 0;
  b->at++;
  return 1;
}

/* What stands at this place, for a message. */
static const char *found(const struct bench *b, char buffer[LAT_QUOTE_SIZE]) {
  if (b->at == b->end) return "the line's end";
  return lat_slice_quote((struct lat_slice){b->at, (size_t)(b->end - b->at)}, buffer);
}

static int expect(struct bench *b, char c, struct lat_slice after) {
  if (take(b, c)) return LAT_OK;
  char text[LAT_QUOTE_SIZE];
  return here(b, LAT_FAIL(LAT_INPUT, "'%c' should follow '%s', not %s", c, LAT_QUOTE(after), found(b, text)));
}

static int read_name(struct bench *b, const char *what, struct lat_slice *name) {
  skip_space(b);
  const char *start = b->at;
  while (b->at < b->end && !is_space(*b->at) && strchr("(),=", *b->at) == NULL) {
    unsigned char c = (unsigned char)*b->at;
    if (c < 32 || c == 127) return here(b, LAT_FAIL(LAT_INPUT, "control byte 0x%02x in %s", c, what));
    b->at++;
  }
  *name = (struct lat_slice){start, (size_t)(b->at - start)};
  if (name->length > 0) return LAT_OK;
  if (b->at < b->end && *b->at == '\0') return here(b, LAT_FAIL(LAT_INPUT, "control byte 0x00 in %s", what));
  char text[LAT_QUOTE_SIZE];
  return here(b, LAT_FAIL(LAT_INPUT, "%s should stand before %s", what, found(b, text)));
}

static int read_end(struct bench *b, struct lat_slice after) {
  skip_space(b);
  if (b->at == b->end) return LAT_OK;
  struct lat_slice rest = {b->at, (size_t)(b->end - b->at)};
  return here(b, LAT_FAIL(LAT_INPUT, "text after the statement of '%s': '%s'", LAT_QUOTE(after), LAT_QUOTE(rest)));
}

static int find_net(struct bench *b, struct lat_slice name, uint32_t *net) {
  int added = 0, status = lat_names_add(&b->names, name, net, &added);
  if (status != LAT_OK || !added) return status;
  struct net *bigger = lat_grow(b->net, sizeof *b->net, b->nets, 1, &b->net_room);
  if (bigger == NULL) return LAT_MEMORY;
  b->net = bigger;
  b->net[b->nets++] = (struct net){UNDRIVEN, b->line};
  return LAT_OK;
}

static int drive(struct bench *b, uint32_t net, unsigned char driver) {
  struct net *n = &b->net[net];
  if (n->driver != UNDRIVEN) {
    const char *how = n->driver == BY_INPUT ? "an input" : "driven";
    return here(b, LAT_FAIL(LAT_INPUT, "net '%s' is %s already, in line %zu", LAT_QUOTE(b->names.name[net]), how, n->line));
  }
  *n = (struct net){driver, b->line};
  return LAT_OK;
}

/* (name, name, ...) into the list of operands. */
static int read_operands(struct bench *b, struct lat_slice keyword, struct gate *gate) {
  int status = LAT_OK;
  struct lat_slice name;
  uint32_t net;
  gate->first = b->operands;
  LAT_TRY(status, expect(b, '(', keyword));
  do {
    LAT_TRY(status, read_name(b, "a net's name", &name));
    LAT_TRY(status, find_net(b, name, &net));
    LAT_TRY(status, push(&b->operand, &b->operands, &b->operand_room, net));
  } while (take(b, ','));
  gate->fan_ins = b->operands - gate->first;
  status = expect(b, ')', name);
done:
  return status;
}

static int is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
static unsigned hex_value(char c) { return (unsigned)(c <= '9' ? c - '0' : (c | 32) - 'a' + 10); }

static int read_digits(struct bench *b, struct gate *gate) {
  struct lat_slice word;
  int status = read_name(b, "the table of a LUT, 0xHEX,", &word);
  if (status != LAT_OK) return status;
  int good = word.length > 2 && word.bytes[0] == '0' && (word.bytes[1] | 32) == 'x';
  for (size_t i = 2; i < word.length; i++) good = good && is_hex(word.bytes[i]);
  if (!good) return here(b, LAT_FAIL(LAT_INPUT, "'%s' is not the table of a LUT, 0xHEX", LAT_QUOTE(word)));
  gate->digits = (struct lat_slice){word.bytes + 2, word.length - 2};
  return LAT_OK;
}

/* Hexadecimal digits of a table of n fan-ins: max(1, 2^n / 4). Fewer are read as leading zeros up to 6 fan-ins only, since
 * a short text must not stand for a huge table. */
static int check_digits(const struct bench *b, const struct gate *gate) {
  size_t n = gate->fan_ins, digits = gate->digits.length;
  size_t whole = n <= 2 ? 1 : n < 62 ? (size_t)1 << (n - 2) : SIZE_MAX;
  unsigned top = hex_value(gate->digits.bytes[0]);
  if (digits > whole || (digits == whole && n < 2 && top >> (1U << n) != 0))
    return here(b, LAT_FAIL(LAT_INPUT, "the table 0x%s of '%s' has more than 2^%zu bits", LAT_QUOTE(gate->digits),
                            LAT_QUOTE(b->names.name[gate->net]), n));
  if (digits < whole && n > LAT_MAX_FAN_IN)
    return here(b, LAT_FAIL(LAT_INPUT, "the table of '%s' has %zu of the %zu digits that %zu fan-ins need",
                            LAT_QUOTE(b->names.name[gate->net]), digits, whole, n));
  return LAT_OK;
}

struct keyword {
  const char *word;
  enum kind kind;
  uint32_t inverted;
  size_t fan_ins; /* exactly; 0 for any number */
};

static const struct keyword keywords[] = {
    {"AND", AND, 0, 0},  {"NAND", AND, 1, 0},  {"OR", OR, 0, 0},      {"NOR", OR, 1, 0},  {"XOR", XOR, 0, 0},
    {"XNOR", XOR, 1, 0}, {"NXOR", XOR, 1, 0},  {"NOT", AND, 1, 1},    {"INV", AND, 1, 1}, {"BUF", AND, 0, 1},
    {"BUFF", AND, 0, 1}, {"LUT", TABLE, 0, 0}, {"MUX", SELECT, 0, 3},
};

/* NET = ... after the equals sign. */
static int read_gate(struct bench *b, struct lat_slice name) {
  int status = LAT_OK;
  struct gate gate = {.line = b->line};
  struct lat_slice word;
  const struct keyword *keyword = NULL;
  LAT_TRY(status, find_net(b, name, &gate.net));
  LAT_TRY(status, read_name(b, "a gate's type", &word));
  for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++) {
    if (lat_slice_is_nocase(word, keywords[i].word)) keyword = &keywords[i];
  }
  if (lat_slice_is_nocase(word, "vdd") || lat_slice_is_nocase(word, "gnd")) {
    gate.kind = CONSTANT;
    gate.inverted = lat_slice_is_nocase(word, "vdd") ? 1 : 0;
  } else if (lat_slice_is_nocase(word, "DFF") || lat_slice_is_nocase(word, "LATCH")) {
    status = here(b, LAT_FAIL(LAT_UNSUPPORTED,
                              "the circuit is sequential: '%s' is a %s; unroll it or take its combinational core first",
                              LAT_QUOTE(name), LAT_QUOTE(word)));
  } else if (keyword == NULL) {
    status = here(b, LAT_FAIL(LAT_INPUT, "unknown gate '%s' of '%s'", LAT_QUOTE(word), LAT_QUOTE(name)));
  } else {
    gate.kind = keyword->kind;
    gate.inverted = keyword->inverted;
    if (gate.kind == TABLE) LAT_TRY(status, read_digits(b, &gate));
    LAT_TRY(status, read_operands(b, word, &gate));
    if (gate.kind == TABLE) LAT_TRY(status, check_digits(b, &gate));
    if (keyword->fan_ins != 0 && gate.fan_ins != keyword->fan_ins)
      status = here(b, LAT_FAIL(LAT_INPUT, "%s of '%s' takes %zu fan-in%s, not %zu", keyword->word, LAT_QUOTE(name),
                                keyword->fan_ins, keyword->fan_ins == 1 ? "" : "s", gate.fan_ins));
  }
  if (status != LAT_OK) goto done;
  LAT_TRY(status, read_end(b, name));
  LAT_TRY(status, drive(b, gate.net, BY_GATE));
  struct gate *bigger = lat_grow(b->gate, sizeof *b->gate, b->gates, 1, &b->gate_room);
  if (bigger == NULL) return LAT_MEMORY;
  b->gate = bigger;
  b->gate[b->gates++] = gate;
done:
  return status;
}

/* INPUT(NAME) and OUTPUT(NAME) after the keyword. */
static int read_port(struct bench *b, struct lat_slice keyword) {
  int status = LAT_OK;
  struct lat_slice name;
  uint32_t net;
  LAT_TRY(status, expect(b, '(', keyword));
  LAT_TRY(status, read_name(b, "a port's name", &name));
  LAT_TRY(status, expect(b, ')', name));
  LAT_TRY(status, read_end(b, name));
  LAT_TRY(status, find_net(b, name, &net));
  if (lat_slice_is_nocase(keyword, "INPUT")) {
    LAT_TRY(status, drive(b, net, BY_INPUT));
    status = push(&b->input, &b->inputs, &b->input_room, net);
  } else {
    status = push(&b->output, &b->outputs, &b->output_room, net);
  }
done:
  return status;
}

static int read_statement(struct bench *b) {
  struct lat_slice word;
  skip_space(b);
  if (b->at == b->end) return LAT_OK;
  int status = read_name(b, "a statement", &word);
  if (status != LAT_OK) return status;
  if (take(b, '=')) return read_gate(b, word);
  if (lat_slice_is_nocase(word, "INPUT") || lat_slice_is_nocase(word, "OUTPUT")) return read_port(b, word);
  char text[LAT_QUOTE_SIZE];
  return here(b, LAT_FAIL(LAT_INPUT, "'%s' begins no statement: INPUT(...), OUTPUT(...) or NET = GATE(...), and %s follows",
                          LAT_QUOTE(word), found(b, text)));
}

static int read_statements(struct bench *b, const char *bytes, size_t count) {
  const char *end = bytes + count;
  for (const char *start = bytes; start < end; b->line++) {
    const char *newline = memchr(start, '\n', (size_t)(end - start));
    const char *stop = newline != NULL ? newline : end;
    const char *comment = memchr(start, '#', (size_t)(stop - start));
    b->at = start;
    b->end = comment != NULL ? comment : stop;
    int status = read_statement(b);
    if (status != LAT_OK) return status;
    start = newline != NULL ? newline + 1 : end;
  }
  return LAT_OK;
}

/* A table of over 6 fan-ins: nodes for the lowest six, then selectors by the others, the last of them the root. `part`
 * holds one number for each 64 bits of the table. */
static int add_wide_table(const struct bench *b, struct lat_netlist *netlist, const struct gate *gate, uint32_t *part,
                          uint32_t *root) {
  size_t parts = gate->digits.length / 16;
  uint32_t fan_in[LAT_MAX_FAN_IN];
  for (unsigned i = 0; i < LAT_MAX_FAN_IN; i++) fan_in[i] = LAT_NET(b->operand[gate->first + i]);
  for (size_t p = 0; p < parts; p++) {
    const char *digit = gate->digits.bytes + gate->digits.length - 16 * (p + 1);
    uint64_t table = 0;
    for (int i = 0; i < 16; i++) table = table << 4 | hex_value(digit[i]);
    int status = lat_netlist_node(netlist, LAT_MAX_FAN_IN, fan_in, table, &part[p]);
    if (status != LAT_OK) return status;
  }
  for (size_t select = LAT_MAX_FAN_IN; parts > 1; select++, parts /= 2) {
    for (size_t p = 0; p < parts / 2; p++) {
      const uint32_t three[] = {LAT_NET(b->operand[gate->first + select]), part[2 * p + 1], part[2 * p]};
      int status = lat_netlist_node(netlist, 3, three, 0xd8, &part[p]);
      if (status != LAT_OK) return status;
    }
  }
  *root = part[0];
  return LAT_OK;
}

/* Adds the nodes of one gate; `scratch` has room for its fan-ins, `part` for its table. */
static int add_gate(const struct bench *b, struct lat_netlist *netlist, const struct gate *gate,
                    struct lat_operand *scratch, uint32_t *part, uint32_t *root) {
  static const enum lat_tree_gate gates[] = {LAT_GATE_AND, LAT_GATE_OR, LAT_GATE_XOR};
  if (gate->kind == TABLE && gate->fan_ins > LAT_MAX_FAN_IN) return add_wide_table(b, netlist, gate, part, root);
  if (gate->fan_ins > LAT_MAX_FAN_IN) {
    for (size_t i = 0; i < gate->fan_ins; i++)
      scratch[i] = (struct lat_operand){LAT_NET(b->operand[gate->first + i]), 0, 0};
    return lat_tree(netlist, gates[gate->kind], scratch, gate->fan_ins, gate->inverted, root);
  }
  unsigned n = (unsigned)gate->fan_ins;
  uint32_t fan_in[LAT_MAX_FAN_IN];
  for (unsigned i = 0; i < n; i++) fan_in[i] = LAT_NET(b->operand[gate->first + i]);
  uint64_t table = 0;
  if (gate->kind == TABLE) {
    for (size_t i = 0; i < gate->digits.length; i++) table = table << 4 | hex_value(gate->digits.bytes[i]);
  } else if (gate->kind == SELECT) {
    table = 0xd8; /* fan-ins select, when 1, when 0 */
  } else {
    table = gate->kind == CONSTANT ? gate->inverted : lat_gate_table(gates[gate->kind], n, gate->inverted);
  }
  return lat_netlist_node(netlist, n, fan_in, table, root);
}

static int check_driven(const struct bench *b) {
  for (size_t i = 0; i < b->nets; i++) {
    if (b->net[i].driver == UNDRIVEN)
      return on_line(
          b, b->net[i].line,
          LAT_FAIL(LAT_INPUT, "net '%s' has no driver: no gate and no INPUT is of this name", LAT_QUOTE(b->names.name[i])));
  }
  return LAT_OK;
}

static int build(const struct bench *b, struct lat_netlist **netlist) {
  int status = LAT_OK;
  struct lat_netlist *made = NULL;
  struct lat_text text = {0};
  uint32_t *node_of_net = lat_alloc(b->nets, sizeof *node_of_net), *part = NULL, cycle = 0;
  struct lat_operand *scratch = NULL;
  size_t widest = 0, parts = 0;
  for (size_t i = 0; i < b->gates; i++) {
    if (b->gate[i].fan_ins > widest) widest = b->gate[i].fan_ins;
    if (b->gate[i].digits.length / 16 > parts) parts = b->gate[i].digits.length / 16;
  }
  scratch = lat_alloc(widest, sizeof *scratch);
  part = lat_alloc(parts, sizeof *part);
  LAT_CHECK(status, node_of_net != NULL && scratch != NULL && part != NULL, LAT_MEMORY, "no memory for %zu nets", b->nets);
  const char *stem = lat_slice_string(lat_slice_stem(b->path), &text);
  LAT_CHECK(status, stem != NULL, LAT_MEMORY, "no memory for a name");
  LAT_TRY(status, lat_netlist_alloc(stem, &made));
  for (size_t i = 0; i < b->inputs; i++) {
    const char *name = lat_slice_string(b->names.name[b->input[i]], &text);
    LAT_CHECK(status, name != NULL, LAT_MEMORY, "no memory for a name");
    LAT_TRY(status, lat_netlist_input(made, name, &node_of_net[b->input[i]]));
  }
  for (size_t i = 0; i < b->gates; i++)
    LAT_TRY(status, add_gate(b, made, &b->gate[i], scratch, part, &node_of_net[b->gate[i].net]));
  for (size_t i = 0; i < b->outputs; i++) {
    const char *name = lat_slice_string(b->names.name[b->output[i]], &text);
    LAT_CHECK(status, name != NULL, LAT_MEMORY, "no memory for a name");
    LAT_TRY(status, lat_netlist_output(made, name, LAT_NET(b->output[i])));
  }
  lat_nets_resolve(made, node_of_net);
  status = lat_netlist_finish(made, &cycle);
  if (status == LAT_INPUT) {
    size_t net = lat_nets_find(node_of_net, b->nets, cycle);
    status = on_line(b, b->net[net].line,
                     LAT_FAIL(LAT_INPUT, "net '%s' is on a combinational cycle", LAT_QUOTE(b->names.name[net])));
  }
  if (status != LAT_OK) goto done;
  *netlist = made;
  made = NULL;
done:
  lat_free(node_of_net);
  lat_free(scratch);
  lat_free(part);
  lat_text_free(&text);
  lat_netlist_free(made);
  return status;
}

int lat_bench_parse(const char *path, const char *bytes, size_t count, struct lat_netlist **netlist) {
  int status = LAT_OK;
  struct bench b = {.path = path, .line = 1};
  *netlist = NULL;
  LAT_TRY(status, read_statements(&b, bytes, count));
  LAT_TRY(status, check_driven(&b));
  status = build(&b, netlist);
done:
  lat_names_free(&b.names);
  lat_free(b.net);
  lat_free(b.gate);
  lat_free(b.operand);
  lat_free(b.input);
  lat_free(b.output);
  return status;
}
