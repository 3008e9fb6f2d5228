/* The circuit value task: what its tokens say is a circuit, and the targets are its values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above. */
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/status.h"
#include "tests/task_stream.h"

/* Reads the circuit from its tokens alone, by their texts. */
enum { MOST = 512 };
static struct {
  size_t tokens;
  char type[MOST][16], own[MOST][16], p[MOST][16], q[MOST][16];
} circuit;

static void read_circuit(const struct task_stream *stream) {
  const struct lat_task *task = stream->setting.task;
  assert_int_equal(stream->shape.fields, 4);
  circuit.tokens = stream->shape.sequence;
  assert_true(circuit.tokens <= MOST);
  for (size_t i = 0; i < circuit.tokens; i++) {
    char *const text[4] = {circuit.type[i], circuit.own[i], circuit.p[i], circuit.q[i]};
    for (size_t f = 0; f < 4; f++) task->token_text(&stream->setting, f, stream->example.token[i * 4 + f], text[f]);
  }
}

static size_t named(const char *id) {
  size_t found = MOST;
  for (size_t i = 0; i < circuit.tokens; i++)
    if (!strcmp(circuit.own[i], id)) {
      assert_int_equal(found, MOST);
      found = i;
    }
  if (found == MOST) fail_msg("no token is called %s", id);
  return found;
}

static int is_input(size_t i) { return !strncmp(circuit.type[i], "IN", 2); }

/* By recursion from the gate down, where the generator goes up: columns are the operands 00, 01, 10, 11. */
static int value(size_t i) {
  static const char *const tables[][2] = {{"AND", "0001"}, {"NAND", "1110"}, {"OR", "0111"},
                                          {"NOR", "1000"}, {"XOR", "0110"},  {"XNOR", "1001"}};
  if (is_input(i)) return circuit.type[i][2] == '1';
  int column = 2 * value(named(circuit.p[i])) + value(named(circuit.q[i]));
  for (size_t t = 0; t < sizeof tables / sizeof *tables; t++)
    if (!strcmp(circuit.type[i], tables[t][0])) return tables[t][1][column] - '0';
  fail_msg("there is no type %s", circuit.type[i]);
  return 0;
}

/* The longest way down to a constant. */
static int32_t depth_of(size_t i) {
  if (is_input(i)) return 0;
  int32_t p = depth_of(named(circuit.p[i])), q = depth_of(named(circuit.q[i]));
  return 1 + (p > q ? p : q);
}

static void check_circuit(const char *text, uint64_t examples) {
  struct task_stream stream;
  stream_open(&stream, text);
  int64_t depth = lat_task_option(&stream.setting, "depth"), inputs = lat_task_option(&stream.setting, "inputs");
  int64_t width = lat_task_option(&stream.setting, "width"), first = lat_task_option(&stream.setting, "first");
  int answer = stream.setting.supervision == LAT_SUPERVISE_ANSWER;
  for (uint64_t index = 0; index < examples; index++) {
    int64_t at_level[64] = {0};
    stream_draw(&stream, 11, "train", index);
    read_circuit(&stream);
    for (size_t i = 0; i < circuit.tokens; i++) {
      int32_t level = depth_of(i);
      at_level[level]++;
      assert_int_equal(named(circuit.own[i]), i);
      int asked = level > 0 && (!answer || level == depth);
      assert_int_equal(stream.example.target[i], asked ? value(i) : -1);
      assert_int_equal(stream.example.level[i], asked ? level : 0);
      if (is_input(i)) {
        assert_string_equal(circuit.p[i], circuit.own[i]);
        assert_string_equal(circuit.q[i], circuit.own[i]);
      } else {
        assert_string_not_equal(circuit.p[i], circuit.q[i]);
        assert_int_equal(depth_of(named(circuit.p[i])), level - 1);
      }
    }
    assert_int_equal(at_level[0], inputs);
    for (int64_t level = 1; level <= depth; level++) assert_int_equal(at_level[level], level == 1 && first ? first : width);
    /* another first operand for each gate of a level, as long as there are enough */
    for (size_t i = 0; i < circuit.tokens; i++)
      for (size_t j = 0; j < i; j++)
        if (!is_input(i) && !is_input(j) && depth_of(i) == depth_of(j) && width <= inputs && first <= inputs && first == 0)
          assert_string_not_equal(circuit.p[i], circuit.p[j]);
  }
  stream_close(&stream);
}

static void targets_are_the_values_of_the_circuit_that_the_tokens_describe(void **state) {
  (void)state;
  check_circuit("circuit", 100);
  check_circuit("circuit:supervision=answer", 50);
  check_circuit("circuit:depth=1:first=8", 50);
  check_circuit("circuit:depth=2:first=1:width=7", 50);
  check_circuit("circuit:inputs=2:width=1:depth=1:ids=3", 50);
  check_circuit("circuit:inputs=2:width=5:depth=3:ids=17", 50);
  check_circuit("circuit:inputs=9:width=2:depth=7:ids=41:supervision=answer", 20);
}

/* Every gate's value behind the circuit, asked for one position earlier; the last level's are scored. */
static void the_trace_is_the_values_of_the_gates_in_order(void **state) {
  (void)state;
  static const char *const texts[] = {"circuit:supervision=trace",
                                      "circuit:inputs=2:width=1:depth=1:ids=3:supervision=trace",
                                      "circuit:inputs=4:width=2:depth=5:first=3:supervision=trace"};
  for (size_t t = 0; t < sizeof texts / sizeof *texts; t++) {
    struct task_stream stream;
    stream_open(&stream, texts[t]);
    int64_t depth = lat_task_option(&stream.setting, "depth");
    size_t P = stream.shape.prompt;
    for (uint64_t index = 0; index < 50; index++) {
      stream_draw(&stream, 13, "train", index);
      read_circuit(&stream);
      circuit.tokens = P;
      size_t gates = 0;
      for (size_t i = 0; i < P; i++) {
        if (i + 1 < P) assert_int_equal(stream.example.target[i], -1);
        if (is_input(i)) continue;
        size_t at = P - 1 + gates++;
        assert_int_equal(stream.example.target[at], value(i));
        assert_int_equal(stream.example.level[at], depth_of(i) == depth ? depth : 0);
        for (size_t f = 0; f < 4 && at + 1 < stream.shape.sequence; f++)
          assert_int_equal(stream.example.token[(at + 1) * 4 + f], value(i));
      }
      assert_int_equal(stream.shape.sequence, P + gates - 1);
    }
    stream_close(&stream);
  }
}

static void types_and_operands_have_the_stated_shares(void **state) {
  (void)state;
  static const struct {
    const char *type;
    double share;
  } wanted[] = {{"XOR", .35}, {"XNOR", .35}, {"AND", .075}, {"NAND", .075}, {"OR", .075}, {"NOR", .075}};
  struct task_stream stream;
  size_t count[6] = {0}, gates = 0, ones[5] = {0}, of_level[5] = {0}, constants = 0, second[3][20] = {{0}}, first[3] = {0},
         id_of_first[32] = {0};
  enum { EXAMPLES = 4000 };
  stream_open(&stream, "circuit");
  for (uint64_t index = 0; index < EXAMPLES; index++) {
    stream_draw(&stream, 12, "train", index);
    read_circuit(&stream);
    id_of_first[atoi(circuit.own[0] + 1)]++;
    for (size_t i = 0; i < circuit.tokens; i++) {
      if (is_input(i)) {
        constants += circuit.type[i][2] == '1';
        continue;
      }
      for (size_t t = 0; t < 6; t++) count[t] += !strcmp(circuit.type[i], wanted[t].type);
      gates++;
      ones[stream.example.level[i]] += (size_t)stream.example.target[i];
      of_level[stream.example.level[i]]++;
      if (i >= 17) {
        size_t p = named(circuit.p[i]) - 14;
        assert_true(p < 3);
        second[p][named(circuit.q[i])]++;
        first[p]++;
      }
    }
  }
  for (size_t t = 0; t < 6; t++) stream_share(count[t], gates, wanted[t].share, wanted[t].type);
  stream_share(constants, EXAMPLES * 8, .5, "constants that are 1");
  /* Gates of one example share operands: the bound is loose and holds for the average. */
  for (size_t l = 1; l <= 4; l++)
    if (!((double)ones[l] > .48 * (double)of_level[l] && (double)ones[l] < .52 * (double)of_level[l]))
      fail_msg("level %zu: %zu of %zu are 1", l, ones[l], of_level[l]);
  /* A last gate's second operand: any of the 17 tokens of lower levels but its first operand, which is one of the last three. */
  for (size_t p = 0; p < 3; p++) {
    stream_share(first[p], (size_t)EXAMPLES * 3, 1. / 3, "first operand");
    for (size_t q = 0; q < 20; q++) {
      if (q < 17 && q != p + 14)
        stream_share(second[p][q], first[p], 1. / 16, "second operand");
      else
        assert_int_equal(second[p][q], 0);
    }
  }
  for (size_t i = 0; i < 32; i++) stream_share(id_of_first[i], EXAMPLES, 1. / 32, "id of the first token");
  stream_close(&stream);
}

static void both_supervisions_show_the_same_circuit(void **state) {
  (void)state;
  struct task_stream dense, answer;
  stream_open(&dense, "circuit:supervision=dense");
  stream_open(&answer, "circuit:supervision=answer");
  for (uint64_t index = 0; index < 10; index++) {
    stream_draw(&dense, 1, "x", index);
    stream_draw(&answer, 1, "x", index);
    assert_memory_equal(dense.example.token, answer.example.token, 20 * 4 * sizeof(int32_t));
  }
  stream_close(&dense);
  stream_close(&answer);
}

static void too_few_ids_are_refused_with_the_number_needed(void **state) {
  (void)state;
  struct task_stream stream;
  stream_refused("circuit:ids=19", "ids=20");
  stream_refused("circuit:depth=9", "35 inputs and gates need as many ids, there are 32");
  stream_refused("circuit:inputs=1024:width=1024:depth=1024:ids=4096", "up to 4096");
  stream_refused("circuit:inputs=1", "option inputs is 1; it lies in 2 .. 1024");
  stream_refused("circuit:ids=4097", "option ids is 4097");
  stream_open(&stream, "circuit:ids=20");
  assert_int_equal(stream.shape.sequence, 20);
  assert_int_equal(stream.shape.levels, 5);
  assert_int_equal(stream.shape.vocabulary, 28);
  stream_close(&stream);
}

static void the_largest_circuit_is_made(void **state) {
  (void)state;
  struct task_stream stream;
  stream_open(&stream, "circuit:inputs=1024:first=1024:width=2:depth=1024:ids=4096");
  assert_int_equal(stream.shape.sequence, 4094);
  stream_draw(&stream, 1, "x", 0);
  assert_int_equal(stream.example.level[4093], 1024);
  stream_close(&stream);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(targets_are_the_values_of_the_circuit_that_the_tokens_describe),
      cmocka_unit_test(the_trace_is_the_values_of_the_gates_in_order),
      cmocka_unit_test(types_and_operands_have_the_stated_shares),
      cmocka_unit_test(both_supervisions_show_the_same_circuit),
      cmocka_unit_test(too_few_ids_are_refused_with_the_number_needed),
      cmocka_unit_test(the_largest_circuit_is_made),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
