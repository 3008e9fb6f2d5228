/* AIGER: what is read, what is refused and how the refusal reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above. */
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/base/text.h"
#include "tests/circuit_help.h"

static void read_as(const char *text, uint64_t table) { circuit_computes("t.aag", text, table); }
static void bad(const char *text, const char *fragment) { circuit_refused("t.aag", text, LAT_INPUT, fragment); }
static void unsupported(const char *text, const char *fragment) {
  circuit_refused("t.aag", text, LAT_UNSUPPORTED, fragment);
}

/* A binary file: the header and outputs as text, then `count` more bytes. */
static void read_binary(const char *head, const char *tail, size_t count, uint64_t table) {
  struct lat_text text = {0};
  lat_text_append(&text, head, strlen(head));
  lat_text_append(&text, tail, count);
  struct lat_netlist *netlist = circuit_parsed_bytes("t.aig", text.bytes, text.length);
  assert_int_equal(circuit_table(netlist, 0), table);
  lat_netlist_free(netlist);
  lat_text_free(&text);
}
static void bad_binary(const char *head, const char *tail, size_t count, const char *fragment) {
  struct lat_text text = {0};
  lat_text_append(&text, head, strlen(head));
  lat_text_append(&text, tail, count);
  circuit_refused_bytes("t.aig", text.bytes, text.length, LAT_INPUT, fragment);
  lat_text_free(&text);
}

static void c17_is_read_with_its_names(void **state) {
  (void)state;
  struct lat_netlist *netlist = circuit_parsed("dir/c17.aag", circuit_c17_aag);
  assert_int_equal(netlist->inputs, 5);
  assert_int_equal(netlist->nodes, 11); /* no inverters: outputs give their gates the polarity */
  assert_string_equal(netlist->name, "c17");
  assert_string_equal(netlist->input_name[3], "6");
  assert_string_equal(netlist->output_name[1], "23");
  for (size_t o = 0; o < 2; o++) assert_int_equal(circuit_table(netlist, o), circuit_c17_output[o]);
  lat_netlist_free(netlist);
}

static void binary_gates_are_read(void **state) {
  (void)state;
  read_binary("aig 3 2 0 1 1\n6\n", "\x02\x02", 2, 0x8);
  read_binary("aig 3 2 0 1 1\n6\n", "\x02\x04", 2, 0x0); /* AND with the constant 0 */
  read_binary("aig 3 2 0 1 1\n6\n",
              "\x02\x02"
              "c\nx\0y\xff\n",
              8, 0x8); /* NUL in the comment */
  read_binary("aig 3 2 0 1 1\n6\n",
              "\x02\x02"
              "cn\0\0\0\4abc",
              11, 0x8); /* ABC's blocks straight after c */
  read_binary("aig 3 2 0 1 1\n6\n", "\x02\x02i0 p q\no0 r\n", 14, 0x8);
  read_binary("aig 6 5 0 1 1\n12\n", "\n\x01", 2, 0xaaaaaaaa); /* a difference that looks like a newline: 2 and 1 */
  read_binary("aig 6 5 0 1 1\n12\n", "\n\0", 2, 0xaaaaaaaa);   /* both fan-ins are input 0 */
}

static void constants_inputs_and_repeats_are_outputs(void **state) {
  (void)state;
  struct lat_netlist *netlist = circuit_parsed("t.aag", "aag 1 1 0 6 0\n2\n0\n1\n2\n3\n3\n1\n");
  const uint64_t expected[] = {0, 3, 2, 1, 1, 3};
  for (size_t o = 0; o < 6; o++) assert_int_equal(circuit_table(netlist, o), expected[o]);
  assert_int_equal(netlist->nodes, 4); /* the input, both constants, one inverter */
  assert_string_equal(netlist->output_name[5], "o5");
  lat_netlist_free(netlist);
  lat_netlist_free(circuit_parsed("t.aag", "aag 0 0 0 0 0\n"));
  lat_netlist_free(circuit_parsed("t.aig", "aig 1 1 0 0 0\n"));
  read_as("aag 0 0 0 1 0\n1\n", 1);
}

static void an_inverted_output_gives_its_gate_the_polarity(void **state) {
  (void)state;
  struct lat_netlist *netlist = circuit_parsed("t.aag", "aag 4 2 0 3 2\n2\n4\n7\n8\n6\n6 2 4\n8 6 3\n");
  assert_int_equal(netlist->nodes, 5);
  assert_int_equal(circuit_table(netlist, 0), 0x7);
  assert_int_equal(circuit_table(netlist, 1), 0x0);
  assert_int_equal(circuit_table(netlist, 2), 0x8);
  lat_netlist_free(netlist);
}

static void ascii_allows_gaps_any_order_and_trivial_gates(void **state) {
  (void)state;
  read_as("aag 9 2 0 1 3\n18\n4\n10\n10 13 15\n12 18 5\n14 19 4\n", 0x9); /* forward references, gaps in the numbers */
  read_as("aag 3 2 0 1 1\n2\n4\n6\n6 2 2\n", 0xa);
  read_as("aag 3 2 0 1 1\n2\n4\n6\n6 2 3\n", 0x0);
  read_as("aag 3 2 0 1 1\n2\n4\n6\n6 1 5\n", 0x3);
  read_as("aag 3 2 0 1 1\n2\n4\n6\n6 1 1\n", 0xf);
  read_as("aag 3 2 0 1 1\n2\n4\n6\n6 2 4", 0x8);           /* no newline at the end */
  read_as("aag 3 2 0 1 1 0 0 0 0\n2\n4\n6\n6 2 4\n", 0x8); /* 1.9 header */
  read_as("aag 3 2 0 1 1\n2\n4\n6\n6 2 4\nc on the same line\n", 0x8);
}

static void symbols_may_hold_spaces_and_be_partial(void **state) {
  (void)state;
  struct lat_netlist *netlist = circuit_parsed("t.aag", "aag 3 2 0 1 1\n2\n4\n6\n6 2 4\ni1 a b  c\no0 [0] \n");
  assert_string_equal(netlist->input_name[0], "i0");
  assert_string_equal(netlist->input_name[1], "a b  c");
  assert_string_equal(netlist->output_name[0], "[0] ");
  lat_netlist_free(netlist);
}

static void bad_headers_are_refused(void **state) {
  (void)state;
  bad("aag", "should begin with");
  bad("hello\n", "should begin with");
  bad("aag 3 2 0 1\n2\n", "4 of at least 5 header numbers");
  bad("aag 3 2 0 1 ", "header number A (AND gates)");
  bad("aag 3 2 0 x 1\n", "header number O (outputs)");
  bad("aag -3 2 0 1 1\n", "header number M");
  bad("aag 3  2 0 1 1\n", "header number I");
  bad("aag 3 2 0 1 1 0 0 0 0 0\n", "the line should end");
  bad("aag 99999999999999999999 2 0 1 1\n2\n4\n6\n6 2 4\n", "larger than 4294967295");
  bad("aag 4294967295 4294967295 0 0 0\n", "need 8589934590 bytes, but the file has");
  bad("aag 4294967295 0 0 0 0\n", "too many for a file of");
  bad("aag 2147483646 0 0 2147483646 0\n", "bytes, but the file has");
  bad("aig 2000000000 2000000000 0 0 0\n", "too many for a file of");
  bad("aig 2000000000 0 0 0 2000000000\n", "bytes, but the file has");
  bad("aag 2 2 0 1 1\n2\n4\n6\n6 2 4\n", "I + L + A = 3");
  bad("aig 4 2 0 1 1\n6\n\x02\x02", "I + L + A = 3");
  bad("aag 3 2 0 1 1\r\n2\r\n4\r\n6\r\n6 2 4\r\n", "carriage return");
  unsupported("aig2 3 2 0 1 1\n", "'aig2'");
}

static void sequential_circuits_are_refused_by_their_number(void **state) {
  (void)state;
  circuit_refused("t.aig", "aig 1 0 1 1 0\n3\n2\n", LAT_UNSUPPORTED, "sequential: 1 latches");
  unsupported("aag 5 2 3 0 0\n", "sequential: 3 latches");
  unsupported("aag 3 2 0 0 1 1\n2\n4\n6\n6 2 4\n", "1 bad-state properties");
  unsupported("aag 3 2 0 0 1 0 2\n2\n4\n6\n6 2 4\n", "2 constraints");
  unsupported("aag 3 2 0 0 1 0 0 3\n2\n4\n6\n6 2 4\n", "3 justice");
  unsupported("aag 3 2 0 0 1 0 0 0 4\n2\n4\n6\n6 2 4\n", "4 fairness");
}

static void bad_lines_are_refused(void **state) {
  (void)state;
  bad("aag 3 2 0 1 1\n3\n4\n6\n6 2 4\n", "t.aag:2: an input is the odd");
  bad("aag 3 2 0 1 1\n0\n4\n6\n6 2 4\n", "constant 0");
  bad("aag 3 2 0 1 1\n2\n2\n6\n6 2 4\n", "t.aag:3: literal 2 is defined twice");
  bad("aag 3 2 0 1 1\n2\n4\n6\n6 2 40\n",
      "t.aag:5: the second fan-in of an AND gate is 40, but the highest literal is 2 M + 1 = 7");
  bad("aag 3 2 0 1 1\n2\n4\n8\n6 2 4\n", "t.aag:4: an output is 8, but the highest literal is 2 M + 1 = 7");
  bad("aag 3 2 0 1 1\n2\n4\n6\n7 2 4\n", "odd (inverted) literal 7");
  bad("aag 4 2 0 1 2\n2\n4\n6\n6 2 4\n6 3 5\n",
      "t.aag:6: literal 6 is defined twice: as an AND gate and before as AND gate 0");
  bad("aag 3 2 0 1 1\n2\n4\n6\n4 2 6\n", "before as input 1");
  bad("aag 3 2 0 1 1\n2\n4\n6\n6 2 4 4\n", "t.aag:5: ' ' after the second fan-in");
  bad("aag 3 2 0 1 1\n2\n4\n6\n6 2\n", "a single space should stand");
  bad("aag 3 2 0 1 1\n2\n4\n6\n6 2 4\r\n", "carriage return");
  bad("aag 4 2 0 1 1\n2\n4\n6\n6 2 8\n", "t.aag:5: AND gate 0 reads literal 8, but variable 4 is never defined");
  bad("aag 4 2 0 1 1\n2\n4\n8\n6 2 4\n", "t.aag:4: output 0 is literal 8, but variable 4 is never defined");
  bad("aag 3 2 0 1 1\n2\n4\n6\n6 6 4\n", "t.aag:5: AND gate 0 (literal 6) is on a combinational cycle");
  bad("aag 4 1 0 0 3\n2\n8 2 4\n4 2 6\n6 2 5\n", "combinational cycle"); /* no output reaches it */
  bad("aag 9 2 0 1 1\n2\n4\n6\n           ", "left side of an AND gate should stand");
  bad("aag 3 2 0 1 1\n2\n4\n6\n6 2 4\n\n", "after the last gate");
  bad("aag 3 2 0 1 1\n2\n4\n6\n6 2 4\nx0 a\n", "t.aag:6: 'x' after the last gate");
}

static void bad_symbols_are_refused(void **state) {
  (void)state;
  const char *good = "aag 3 2 0 1 1\n2\n4\n6\n6 2 4\n";
  const struct {
    const char *symbol, *fragment;
  } cases[] = {{"i0 x\ni0 y\n", "t.aag:7: a second symbol for i0: 'y' after 'x'"},
               {"i2 x\n", "symbol i2 is out of range: the file has 2"},
               {"o1 x\n", "symbol o1 is out of range"},
               {"i99999999999 x\n", "larger than"},
               {"l0 x\n", "symbol l0 is out of range: the file has 0"},
               {"c0 x\n", "symbol c0 is out of range"},
               {"i0 \n", "symbol i0 has no name"},
               {"i0\n", "single space"},
               {"i x\n", "a symbol's number"},
               {"o0 y\r\n", "carriage return"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char text[128];
    snprintf(text, sizeof text, "%s%s", good, cases[i].symbol);
    bad(text, cases[i].fragment);
  }
  circuit_refused_bytes("t.aag", "aag 1 1 0 0 0\n2\ni0 a\0b\n", 23, LAT_INPUT, "NUL");
}

static void bad_binary_gates_are_refused(void **state) {
  (void)state;
  const char *head = "aig 3 2 0 1 1\n6\n";
  bad_binary(head, "\x82", 1, "the file ends inside AND gate 0");
  bad_binary(head, "\x82\x80", 2, "the file ends inside AND gate 0");
  bad_binary(head, "\x02", 1, "ends inside");
  bad_binary("aig 3 2 0 1 1\n6 \n", "\x02", 1, "the line should end");
  bad_binary(head, "\x00\x02", 2, "its first difference is 0");
  bad_binary(head, "\x07\x00", 2, "its first difference is 7");
  bad_binary(head, "\x02\x05", 2, "byte 18: the second difference of AND gate 0 is 5, more than its first fan-in 4");
  bad_binary(head, "\x82\x80\x80\x80\x80\x01\x00", 7, "over 5 bytes");
  bad_binary(head, "\x82\x80\x80\x80\x70\x00\x00", 7, "its first difference is");
  bad_binary(head, "\x02\x02junk", 6, "a symbol's number should stand");
}

static void every_failed_allocation_is_reported_and_nothing_leaks(void **state) {
  (void)state;
  circuit_sweep("t.aag", circuit_c17_aag, strlen(circuit_c17_aag));
  const char *trivial = "aag 4 1 0 4 1\n2\n0\n1\n3\n8\n8 2 9\n";
  circuit_refused("t.aag", trivial, LAT_INPUT, "cycle");
  circuit_sweep("t.aig", "aig 3 2 0 3 1\n1\n3\n7\n\x02\x02", 22);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(c17_is_read_with_its_names),
      cmocka_unit_test(binary_gates_are_read),
      cmocka_unit_test(constants_inputs_and_repeats_are_outputs),
      cmocka_unit_test(an_inverted_output_gives_its_gate_the_polarity),
      cmocka_unit_test(ascii_allows_gaps_any_order_and_trivial_gates),
      cmocka_unit_test(symbols_may_hold_spaces_and_be_partial),
      cmocka_unit_test(bad_headers_are_refused),
      cmocka_unit_test(sequential_circuits_are_refused_by_their_number),
      cmocka_unit_test(bad_lines_are_refused),
      cmocka_unit_test(bad_symbols_are_refused),
      cmocka_unit_test(bad_binary_gates_are_refused),
      cmocka_unit_test(every_failed_allocation_is_reported_and_nothing_leaks),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
