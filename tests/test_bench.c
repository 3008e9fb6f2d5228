/* BENCH: what is read, what is refused and how the refusal reads. */
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

static const char two[] = "INPUT(a)\nINPUT(b)\nOUTPUT(y)\n", three[] = "INPUT(a)\nINPUT(b)\nINPUT(c)\nOUTPUT(y)\n";

static const char *joined(const char *head, const char *tail) {
  static char text[4096];
  snprintf(text, sizeof text, "%s%s", head, tail);
  return text;
}
static void with_two(const char *rest, uint64_t table) { circuit_computes("t.bench", joined(two, rest), table); }
static void with_three(const char *rest, uint64_t table) { circuit_computes("t.bench", joined(three, rest), table); }
static void bad(const char *rest, const char *fragment) {
  circuit_refused("t.bench", joined(two, rest), LAT_INPUT, fragment);
}

static void c17_is_read_with_its_names(void **state) {
  (void)state;
  struct lat_netlist *netlist = circuit_parsed("c17.bench", circuit_c17_bench);
  assert_int_equal(netlist->inputs, 5);
  assert_int_equal(netlist->nodes, 11);
  assert_string_equal(netlist->name, "c17");
  assert_string_equal(netlist->input_name[4], "7");
  assert_string_equal(netlist->output_name[0], "22");
  for (size_t o = 0; o < 2; o++) assert_int_equal(circuit_table(netlist, o), circuit_c17_output[o]);
  lat_netlist_free(netlist);
}

static void every_gate_computes_its_function(void **state) {
  (void)state;
  with_two("y = AND(a, b)", 0x8);
  with_two("y = NAND(a, b)", 0x7);
  with_two("y = OR(a, b)", 0xe);
  with_two("y = NOR(a, b)", 0x1);
  with_two("y = XOR(a, b)", 0x6);
  with_two("y = XNOR(a, b)", 0x9);
  with_two("y = NXOR(a, b)", 0x9);
  with_two("y = NOT(b)", 0x3);
  with_two("y = INV(b)", 0x3);
  with_two("y = BUF(a)", 0xa);
  with_two("y = BUFF(a)", 0xa);
  with_two("y = vdd", 0xf);
  with_two("y = GND", 0x0);
  with_two("y = AND(a)", 0xa);
  with_two("y = OR(a)", 0xa);
  with_two("y = XOR(a)", 0xa);
  with_two("y = NAND(a)", 0x5);
  with_two("y = NOR(a)", 0x5);
  with_two("y = XNOR(a)", 0x5);
  with_two("y = AND(a, a)", 0xa);
  with_two("y = XOR(b, b)", 0x0);
  with_three("y = XOR(a, b, c)", 0x96);
  with_three("y = XNOR(a, b, c)", 0x69);
  with_three("y = NOR(a, b, c)", 0x01);
  with_three("y = MUX(a, b, c)", 0xd8); /* a ? b : c */
}

static void the_first_fan_in_of_a_lut_is_the_least_significant(void **state) {
  (void)state;
  with_two("y = LUT 0x4 (a, b)", 0x4); /* not a, and b */
  with_three("y = LUT 0xca ( a, b, c )", 0xca);
  with_three("y = lut 0XCA ( c, b, a )", 0xd8);
  with_three("y = LUT 0x7 (a, b, c)", 0x07); /* leading zeros left out */
  with_two("y = LUT 0x1 (b)", 0x3);
}

static void statements_stand_in_any_order_and_spacing(void **state) {
  (void)state;
  circuit_computes("t.bench", "OUTPUT(y)\ny = AND(n, a)\nn = NOT(b)\nINPUT(a)\nINPUT(b)\n", 0x2);
  circuit_computes("t.bench", "# c\n\n  input ( a )\nINPUT(b) # trailing\nOUTPUT( y )\r\ny=nand( a ,b )\t\r\n", 0x7);
  circuit_computes("t.bench", "INPUT(1)\nINPUT(2)\nOUTPUT(3)\n3 = AND(1, 2)", 0x8);
  circuit_computes("t.bench", "INPUT(a[0])\nINPUT(b.x)\nOUTPUT(INPUT)\nINPUT = OR(a[0], b.x)\n", 0xe);
}

static void outputs_may_be_inputs_or_repeated(void **state) {
  (void)state;
  struct lat_netlist *netlist =
      circuit_parsed("t.bench", "INPUT(a)\nINPUT(b)\nOUTPUT(b)\nOUTPUT(y)\nOUTPUT(y)\ny = NOT(a)\n");
  assert_int_equal(netlist->output[0], 1);
  assert_int_equal(netlist->output[1], netlist->output[2]);
  assert_int_equal(netlist->nodes, 3);
  lat_netlist_free(netlist);
}

/* Gates and tables of more than 6 fan-ins, against their definitions for all assignments. */
static void wide_gates_become_trees_of_the_same_function(void **state) {
  (void)state;
  static const char *const gates[] = {"AND", "NAND", "OR", "NOR", "XOR", "XNOR"};
  for (unsigned width = 7; width <= 11; width++) {
    for (size_t g = 0; g < 6; g++) {
      struct lat_text text = {0};
      for (unsigned i = 0; i < width; i++) lat_text_printf(&text, "INPUT(x%u)\n", i);
      lat_text_printf(&text, "OUTPUT(y)\ny = %s(", gates[g]);
      for (unsigned i = 0; i < width; i++) lat_text_printf(&text, "%sx%u", i > 0 ? ", " : "", i);
      lat_text_printf(&text, ")\n");
      struct lat_netlist *netlist = circuit_parsed("t.bench", text.bytes);
      assert_int_equal(netlist->nodes, 2 * width - 1);
      uint32_t level[64];
      assert_int_equal(lat_netlist_levels(netlist, level), width <= 8 ? 3 : 4);
      struct lat_vectors *in = NULL, *values = NULL;
      size_t count = (size_t)1 << width;
      lat_vectors_alloc(width, count, &in);
      lat_vectors_alloc(netlist->nodes, count, &values);
      lat_vectors_exhaustive(in);
      lat_simulate(netlist, in, values);
      for (size_t n = 0; n < count; n++) {
        int all = n == count - 1, any = n > 0, odd = __builtin_parityll(n);
        int expected = (g / 2 == 0 ? all : g / 2 == 1 ? any : odd) ^ (int)(g % 2);
        assert_int_equal(lat_vectors_get(values, netlist->output[0], n), expected);
      }
      lat_vectors_free(in);
      lat_vectors_free(values);
      lat_netlist_free(netlist);
      lat_text_free(&text);
    }
  }
}

static void wide_tables_are_read_from_the_right(void **state) {
  (void)state;
  enum { WIDTH = 8, ROWS = 256 };
  struct lat_text text = {0};
  unsigned char digit[ROWS / 4];
  for (unsigned i = 0; i < ROWS / 4; i++) digit[i] = (unsigned char)((i * 0x9e3779b9U >> 20) % 16);
  for (unsigned i = 0; i < WIDTH; i++) lat_text_printf(&text, "INPUT(x%u)\n", i);
  lat_text_printf(&text, "OUTPUT(y)\ny = LUT 0x");
  for (unsigned i = ROWS / 4; i-- > 0;) lat_text_printf(&text, "%x", digit[i]);
  lat_text_printf(&text, " (x0, x1, x2, x3, x4, x5, x6, x7)\n");
  struct lat_netlist *netlist = circuit_parsed("t.bench", text.bytes);
  struct lat_vectors *in = NULL, *values = NULL;
  lat_vectors_alloc(WIDTH, ROWS, &in);
  lat_vectors_alloc(netlist->nodes, ROWS, &values);
  lat_vectors_exhaustive(in);
  lat_simulate(netlist, in, values);
  for (unsigned n = 0; n < ROWS; n++)
    assert_int_equal(lat_vectors_get(values, netlist->output[0], n), digit[n / 4] >> n % 4 & 1);
  lat_vectors_free(in);
  lat_vectors_free(values);
  lat_netlist_free(netlist);
  circuit_sweep("t.bench", text.bytes, text.length);
  lat_text_free(&text);
}

static void bad_statements_are_refused(void **state) {
  (void)state;
  bad("y = FOO(a, b)\n", "t.bench:4: unknown gate 'FOO' of 'y'");
  bad("y = NOT(a, b)\n", "t.bench:4: NOT of 'y' takes 1 fan-in, not 2");
  bad("y = MUX(a, b)\n", "MUX of 'y' takes 3 fan-ins, not 2");
  bad("y = NOT(a)i\n", "t.bench:4: text after the statement of 'y': 'i'");
  bad("y = vdd(a)\n", "text after the statement");
  bad("y = AND()\n", "a net's name should stand before )");
  bad("y = AND(a,,b)\n", "a net's name should stand before ,b)");
  bad("y = AND(a, b\n", "')' should follow 'b', not the line's end");
  bad("y = AND a, b)\n", "'(' should follow 'AND', not a, b)");
  bad("y = AND(a b)\n", "')' should follow 'a', not b)");
  bad("y AND(a, b)\n", "'y' begins no statement");
  bad("= AND(a, b)\n", "a statement should stand before = AND(a, b)");
  bad("y =\n", "a gate's type should stand before the line's end");
  bad("INPUT a\n", "'(' should follow 'INPUT'");
  bad("INPUT(c) d\n", "text after the statement of 'c'");
  bad("INPUT()\n", "a port's name should stand before )");
  bad("y = AND(a, \x01)\n", "control byte 0x01");
  circuit_refused_bytes("t.bench", "INPUT(a)\nOUTPUT(\0)\n", 19, LAT_INPUT, "control byte 0x00");
  bad("y = LUT 0x1g (a)\n", "'0x1g' is not the table of a LUT");
  bad("y = LUT (a)\n", "the table of a LUT, 0xHEX, should stand");
  bad("y = LUT 0x (a)\n", "is not the table");
  bad("y = LUT 0x4 (a)\n", "more than 2^1 bits");
  bad("y = LUT 0x04 (a, b)\n", "more than 2^2 bits");
  bad("y = LUT 0x10 (a, b)\n", "more than 2^2 bits");
  bad("y = LUT 0x1 (a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a)\n",
      "has 1 of the 268435456 digits that 30 fan-ins need");
}

static void bad_nets_are_refused_by_name(void **state) {
  (void)state;
  circuit_refused("t.bench", "INPUT(a)\nOUTPUT(y)\nOUTPUT(z)\ny = AND(a, 1)\nz = AND(a, 2)\n", LAT_INPUT,
                  "t.bench:4: net '1' has no driver");
  circuit_refused("t.bench", "INPUT(a)\nOUTPUT(y)\nOUTPUT(z)\ny = AND(a, vdd)\n", LAT_INPUT,
                  "t.bench:3: net 'z' has no driver");
  bad("y = AND(a, gnd)\n", "net 'gnd' has no driver");
  bad("y = AND(a, b)\ny = OR(a, b)\n", "t.bench:5: net 'y' is driven already, in line 4");
  bad("a = AND(a, b)\n", "net 'a' is an input already, in line 1");
  bad("INPUT(b)\n", "t.bench:4: net 'b' is an input already, in line 2");
  bad("y = AND(a, p)\np = NOT(q)\nq = BUF(p)\n", "is on a combinational cycle");
  bad("y = AND(a, y)\n", "t.bench:4: net 'y' is on a combinational cycle");
  /* through the helpers of a wide gate: the name is the gate's */
  bad("y = BUF(a)\nw = AND(a,b,a,b,a,b,a,v)\nv = NOT(w)\n", "is on a combinational cycle");
}

static void sequential_circuits_are_refused(void **state) {
  (void)state;
  circuit_refused("t.bench", "INPUT(a)\nOUTPUT(q)\nq = DFF(a)\n", LAT_UNSUPPORTED,
                  "t.bench:3: the circuit is sequential: 'q' is a DFF");
}

/* 200,000 names that share all but their last bytes, and a chain as long: linear, so a moment. */
static void long_lists_of_similar_names_take_no_time(void **state) {
  (void)state;
  enum { LENGTH = 200000 };
  struct lat_text text = {0};
  lat_text_printf(&text, "INPUT(a)\nOUTPUT(aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa%d)\n", LENGTH - 1);
  for (int i = LENGTH - 1; i > 0; i--)
    lat_text_printf(&text, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa%d = NOT(aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa%d)\n", i, i - 1);
  lat_text_printf(&text, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa0 = BUFF(a)\n");
  struct lat_netlist *netlist = circuit_parsed("t.bench", text.bytes);
  assert_int_equal(netlist->nodes, LENGTH + 1);
  assert_int_equal(circuit_table(netlist, 0), 0x1); /* an odd number of inverters */
  lat_netlist_free(netlist);
  lat_text_free(&text);
}

static void every_failed_allocation_is_reported_and_nothing_leaks(void **state) {
  (void)state;
  circuit_sweep("t.bench", circuit_c17_bench, strlen(circuit_c17_bench));
  const char *wide = joined(two, "y = XNOR(a,b,a,b,a,n,a,b,b)\nn = vdd\n");
  circuit_sweep("t.bench", wide, strlen(wide));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(c17_is_read_with_its_names),
      cmocka_unit_test(every_gate_computes_its_function),
      cmocka_unit_test(the_first_fan_in_of_a_lut_is_the_least_significant),
      cmocka_unit_test(statements_stand_in_any_order_and_spacing),
      cmocka_unit_test(outputs_may_be_inputs_or_repeated),
      cmocka_unit_test(wide_gates_become_trees_of_the_same_function),
      cmocka_unit_test(wide_tables_are_read_from_the_right),
      cmocka_unit_test(bad_statements_are_refused),
      cmocka_unit_test(bad_nets_are_refused_by_name),
      cmocka_unit_test(sequential_circuits_are_refused),
      cmocka_unit_test(long_lists_of_similar_names_take_no_time),
      cmocka_unit_test(every_failed_allocation_is_reported_and_nothing_leaks),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
