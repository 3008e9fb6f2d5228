#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/circuit/blif_model.h"
#include "lib/circuit/grow.h"

/* The text by logical lines. */
struct lines {
  const char *at, *end;
  size_t next_line, line; /* of the text at `at`, and of the logical line in hand */
  struct lat_slice *word; /* its words */
  size_t words, room;
  const struct lat_blif *blif;
};

struct parser {
  struct lines lines;
  struct lat_blif *blif;
  int in_model; /* a .model is open */
  int in_cover; /* cubes may follow */
};

int lat_blif_at(const struct lat_blif *blif, size_t line, int code) {
  return code == LAT_MEMORY ? code : lat_fail_prefix(code, "%s:%zu", blif->path, line);
}

int lat_blif_drive(const struct lat_blif *blif, struct lat_blif_model *model, uint32_t net, enum lat_blif_driver driver,
                   size_t line) {
  struct lat_blif_net *n = &model->net[net];
  if (n->driver != LAT_BLIF_UNDRIVEN) {
    const char *how = n->driver == LAT_BLIF_INPUT ? "an input" : "driven";
    return lat_blif_at(
        blif, line,
        LAT_FAIL(LAT_INPUT, "net '%s' is %s already, in line %zu", LAT_QUOTE(model->names.name[net]), how, n->line));
  }
  n->driver = (unsigned char)driver;
  n->line = line;
  return LAT_OK;
}

static int is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f'; }

/* The place after a continuation that begins at `at` (a backslash, blanks, a newline), or NULL. */
static const char *after_continuation(const struct lines *lines, const char *at) {
  if (*at != '\\') return NULL;
  for (at++; at < lines->end && is_blank(*at); at++) {
  }
  return at == lines->end || *at == '\n' ? at : NULL;
}

/* Splits the next logical line that has words; none are left at the end of the text. */
static int next_line(struct lines *lines) {
  lines->words = 0;
  lines->line = lines->next_line;
  while (lines->at < lines->end) {
    const char *joined = after_continuation(lines, lines->at);
    if (joined != NULL) {
      if (joined == lines->end)
        return lat_blif_at(lines->blif, lines->next_line,
                           LAT_FAIL(LAT_INPUT, "the file ends after a backslash, which announces one more line"));
      lines->at = joined + 1;
      lines->next_line++;
    } else if (*lines->at == '\n') {
      lines->at++;
      lines->next_line++;
      if (lines->words > 0) return LAT_OK;
      lines->line = lines->next_line;
    } else if (*lines->at == '#') {
      const char *newline = memchr(lines->at, '\n', (size_t)(lines->end - lines->at));
      lines->at = newline != NULL ? newline : lines->end;
    } else if (is_blank(*lines->at)) {
      lines->at++;
    } else {
      const char *start = lines->at;
      while (lines->at < lines->end && !is_blank(*lines->at) && *lines->at != '\n' && *lines->at != '#' &&
             after_continuation(lines, lines->at) == NULL) {
        unsigned char c = (unsigned char)*lines->at++;
        if (c < 32 || c == 127)
          return lat_blif_at(lines->blif, lines->next_line, LAT_FAIL(LAT_INPUT, "control byte 0x%02x in a word", c));
      }
      struct lat_slice *bigger = lat_grow(lines->word, sizeof *lines->word, lines->words, 1, &lines->room);
      if (bigger == NULL) return LAT_MEMORY;
      lines->word = bigger;
      lines->word[lines->words++] = (struct lat_slice){start, (size_t)(lines->at - start)};
    }
  }
  return LAT_OK;
}

static int here(const struct parser *p, int code) { return lat_blif_at(p->blif, p->lines.line, code); }
static struct lat_blif_model *open_model(const struct parser *p) { return &p->blif->model[p->blif->models - 1]; }

static int start_model(struct parser *p, struct lat_slice name) {
  struct lat_blif *blif = p->blif;
  uint32_t number;
  int added = 0, status = lat_names_add(&blif->model_names, name, &number, &added);
  if (status != LAT_OK) return status;
  if (!added)
    return here(p, LAT_FAIL(LAT_INPUT, "a second model '%s', after line %zu", LAT_QUOTE(name), blif->model[number].line));
  struct lat_blif_model *bigger = lat_grow(blif->model, sizeof *blif->model, blif->models, 1, &blif->model_room);
  if (bigger == NULL) return LAT_MEMORY;
  blif->model = bigger;
  blif->model[blif->models++] = (struct lat_blif_model){.name = name,
                                                        .line = p->lines.line,
                                                        .first_cover = blif->covers,
                                                        .first_instance = blif->instances,
                                                        .first_input = blif->inputs,
                                                        .first_output = blif->outputs};
  p->in_model = 1;
  return LAT_OK;
}

static int find_net(struct parser *p, struct lat_slice name, uint32_t *net) {
  struct lat_blif_model *model = open_model(p);
  int added = 0, status = lat_names_add(&model->names, name, net, &added);
  if (status != LAT_OK || !added) return status;
  struct lat_blif_net *bigger = lat_grow(model->net, sizeof *model->net, model->nets, 1, &model->net_room);
  if (bigger == NULL) return LAT_MEMORY;
  model->net = bigger;
  model->net[model->nets++] = (struct lat_blif_net){.driver = LAT_BLIF_UNDRIVEN, .line = p->lines.line};
  return LAT_OK;
}

/* Appends a net to one of the file's lists. */
static int push(uint32_t **list, size_t *used, size_t *room, uint32_t net) {
  uint32_t *bigger = lat_grow(*list, sizeof **list, *used, 1, room);
  if (bigger == NULL) return LAT_MEMORY;
  *list = bigger;
  (*list)[(*used)++] = net;
  return LAT_OK;
}

static int read_ports(struct parser *p, int outputs) {
  struct lat_blif *blif = p->blif;
  struct lat_blif_model *model = open_model(p);
  int status = LAT_OK;
  for (size_t i = 1; i < p->lines.words; i++) {
    uint32_t net;
    LAT_TRY(status, find_net(p, p->lines.word[i], &net));
    if (outputs) {
      model->net[net].is_output = 1;
      LAT_TRY(status, push(&blif->output, &blif->outputs, &blif->output_room, net));
      model->outputs++;
    } else {
      LAT_TRY(status, lat_blif_drive(blif, model, net, LAT_BLIF_INPUT, p->lines.line));
      LAT_TRY(status, push(&blif->input, &blif->inputs, &blif->input_room, net));
      model->inputs++;
    }
  }
done:
  return status;
}

static int read_cover(struct parser *p) {
  struct lat_blif *blif = p->blif;
  struct lat_blif_model *model = open_model(p);
  int status = LAT_OK;
  struct lat_blif_cover cover = {
      .value = '1', .first_fan_in = blif->fan_ins, .first_cube = blif->cubes, .line = p->lines.line};
  if (p->lines.words < 2) return here(p, LAT_FAIL(LAT_INPUT, ".names without a net"));
  cover.fan_ins = p->lines.words - 2;
  for (size_t i = 1; i + 1 < p->lines.words; i++) {
    uint32_t net;
    LAT_TRY(status, find_net(p, p->lines.word[i], &net));
    LAT_TRY(status, push(&blif->fan_in, &blif->fan_ins, &blif->fan_in_room, net));
  }
  LAT_TRY(status, find_net(p, p->lines.word[p->lines.words - 1], &cover.net));
  LAT_TRY(status, lat_blif_drive(blif, model, cover.net, LAT_BLIF_COVER, p->lines.line));
  struct lat_blif_cover *bigger = lat_grow(blif->cover, sizeof *blif->cover, blif->covers, 1, &blif->cover_room);
  if (bigger == NULL) return LAT_MEMORY;
  blif->cover = bigger;
  blif->cover[blif->covers++] = cover;
  model->covers++;
  p->in_cover = 1;
done:
  return status;
}

static int read_cube(struct parser *p) {
  struct lat_blif *blif = p->blif;
  struct lat_slice *word = p->lines.word;
  if (!p->in_cover)
    return here(p, LAT_FAIL(LAT_INPUT, "'%s' is neither a statement nor, outside .names, a cube", LAT_QUOTE(word[0])));
  struct lat_blif_cover *cover = &blif->cover[blif->covers - 1];
  struct lat_slice name = open_model(p)->names.name[cover->net];
  size_t wanted = cover->fan_ins == 0 ? 1 : 2;
  if (p->lines.words != wanted)
    return here(p, LAT_FAIL(LAT_INPUT, "a cube of '%s' should have %zu word%s, not %zu", LAT_QUOTE(name), wanted,
                            wanted == 1 ? "" : "s", p->lines.words));
  struct lat_slice value = word[wanted - 1];
  if (value.length != 1 || (value.bytes[0] != '0' && value.bytes[0] != '1'))
    return here(p, LAT_FAIL(LAT_INPUT, "a cube of '%s' should end in 0 or 1, not '%s'", LAT_QUOTE(name), LAT_QUOTE(value)));
  if (cover->cubes > 0 && cover->value != value.bytes[0])
    return here(p, LAT_FAIL(LAT_INPUT, "the cover of '%s' mixes cubes of output value %c and %c", LAT_QUOTE(name),
                            cover->value, value.bytes[0]));
  size_t length = wanted == 2 ? word[0].length : 0;
  if (length != cover->fan_ins)
    return here(p, LAT_FAIL(LAT_INPUT, "a cube of '%s' has %zu positions for %zu fan-ins", LAT_QUOTE(name), length,
                            cover->fan_ins));
  for (size_t i = 0; i < length; i++) {
    if (strchr("01-", word[0].bytes[i]) == NULL) {
      struct lat_slice bad = {word[0].bytes + i, 1};
      return here(p,
                  LAT_FAIL(LAT_INPUT, "'%s' in a cube of '%s': a position is 0, 1 or -", LAT_QUOTE(bad), LAT_QUOTE(name)));
    }
  }
  const char **bigger = lat_grow(blif->cube, sizeof *blif->cube, blif->cubes, 1, &blif->cube_room);
  if (bigger == NULL) return LAT_MEMORY;
  blif->cube = bigger;
  blif->cube[blif->cubes++] = word[0].bytes;
  cover->cubes++;
  cover->value = value.bytes[0];
  return LAT_OK;
}

static int read_instance(struct parser *p) {
  struct lat_blif *blif = p->blif;
  int status = LAT_OK;
  if (p->lines.words < 2) return here(p, LAT_FAIL(LAT_INPUT, ".subckt without a model"));
  struct lat_blif_instance instance = {
      .name = p->lines.word[1], .first_connection = blif->connections, .line = p->lines.line};
  for (size_t i = 2; i < p->lines.words; i++) {
    struct lat_slice word = p->lines.word[i];
    const char *equals = memchr(word.bytes, '=', word.length);
    size_t left = equals != NULL ? (size_t)(equals - word.bytes) : 0;
    if (left == 0 || left + 1 == word.length)
      return here(
          p, LAT_FAIL(LAT_INPUT, "'%s' in .subckt %s is not formal=actual", LAT_QUOTE(word), LAT_QUOTE(instance.name)));
    struct lat_blif_connection connection = {.formal = {word.bytes, left}};
    LAT_TRY(status, find_net(p, (struct lat_slice){equals + 1, word.length - left - 1}, &connection.actual));
    struct lat_blif_connection *more =
        lat_grow(blif->connection, sizeof *more, blif->connections, 1, &blif->connection_room);
    if (more == NULL) return LAT_MEMORY;
    blif->connection = more;
    blif->connection[blif->connections++] = connection;
    instance.connections++;
  }
  struct lat_blif_instance *bigger = lat_grow(blif->instance, sizeof *bigger, blif->instances, 1, &blif->instance_room);
  if (bigger == NULL) return LAT_MEMORY;
  blif->instance = bigger;
  blif->instance[blif->instances++] = instance;
  open_model(p)->instances++;
done:
  return status;
}

/* A statement that is none of the five that make a circuit. */
static int read_other(struct parser *p) {
  static const char *const skipped[] = {".area",
                                        ".delay",
                                        ".wire_load_slope",
                                        ".wire",
                                        ".input_arrival",
                                        ".output_required",
                                        ".default_input_arrival",
                                        ".default_output_required",
                                        ".input_drive",
                                        ".default_input_drive",
                                        ".output_load",
                                        ".default_output_load",
                                        ".max_input_load",
                                        ".default_max_input_load",
                                        ".attr",
                                        ".param",
                                        ".cname"};
  static const char *const refused[][2] = {
      {".latch", "the circuit is sequential: a latch; unroll it or take its combinational core first (ABC: comb)"},
      {".mlatch", "the circuit is sequential: a latch; unroll it or take its combinational core first (ABC: comb)"},
      {".clock", "the circuit is sequential: a clock; unroll it or take its combinational core first (ABC: comb)"},
      {".latch_order", "the circuit is sequential: latches; unroll it or take its combinational core first (ABC: comb)"},
      {".start_kiss", "the circuit is sequential: a state table; synthesise and unroll it first"},
      {".gate", "library cells are not read; turn them into .names first (ABC: read_library, read, unmap, write_blif)"},
      {".exdc", "a network of external don't-cares is not read; remove it or decide its values first"},
      {".search", "other files are not searched; put the models into this file"},
      {".blackbox", "a black box has no function to read"}};
  struct lat_slice word = p->lines.word[0];
  for (size_t i = 0; i < sizeof skipped / sizeof *skipped; i++) {
    if (lat_slice_is(word, skipped[i])) return LAT_OK;
  }
  for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
    if (lat_slice_is(word, refused[i][0]))
      return here(p, LAT_FAIL(LAT_UNSUPPORTED, "%s: %s", refused[i][0], refused[i][1]));
  }
  return here(p, LAT_FAIL(LAT_INPUT, "unknown statement '%s'", LAT_QUOTE(word)));
}

static int read_statement(struct parser *p) {
  struct lat_slice word = p->lines.word[0];
  int status = LAT_OK;
  if (word.bytes[0] != '.') return read_cube(p);
  p->in_cover = 0;
  if (lat_slice_is(word, ".model")) {
    if (p->lines.words != 2)
      return here(p, LAT_FAIL(LAT_INPUT, ".model should be followed by one name, not %zu", p->lines.words - 1));
    return start_model(p, p->lines.word[1]);
  }
  if (lat_slice_is(word, ".end")) {
    p->in_model = 0;
    return LAT_OK;
  }
  int makes = lat_slice_is(word, ".inputs") || lat_slice_is(word, ".outputs") || lat_slice_is(word, ".names") ||
              lat_slice_is(word, ".subckt");
  if (!makes) return read_other(p);
  if (!p->in_model) {
    if (p->blif->models > 0) return here(p, LAT_FAIL(LAT_INPUT, "'%s' after .end, outside every model", LAT_QUOTE(word)));
    LAT_TRY(status, start_model(p, lat_slice_stem(p->blif->path)));
  }
  switch (word.bytes[1]) {
    case 'i': return read_ports(p, 0);
    case 'o': return read_ports(p, 1);
    case 'n': return read_cover(p);
    default: return read_instance(p);
  }
done:
  return status;
}

int lat_blif_read_models(struct lat_blif *blif, const char *bytes, size_t count) {
  struct parser p = {.lines = {.at = bytes, .end = bytes + count, .next_line = 1, .blif = blif}, .blif = blif};
  int status = LAT_OK;
  for (;;) {
    LAT_TRY(status, next_line(&p.lines));
    if (p.lines.words == 0) break;
    LAT_TRY(status, read_statement(&p));
  }
  if (blif->models == 0) status = here(&p, LAT_FAIL(LAT_INPUT, "the file ends without a model"));
done:
  lat_free(p.lines.word);
  return status;
}

void lat_blif_free(struct lat_blif *blif) {
  for (size_t i = 0; i < blif->models; i++) {
    lat_names_free(&blif->model[i].names);
    lat_free(blif->model[i].net);
  }
  lat_names_free(&blif->model_names);
  lat_free(blif->model);
  lat_free(blif->cover);
  lat_free(blif->instance);
  lat_free(blif->connection);
  lat_free(blif->cube);
  lat_free(blif->fan_in);
  lat_free(blif->input);
  lat_free(blif->output);
}
