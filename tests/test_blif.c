/* BLIF: what is read, what is refused and how the refusal reads; and how read.c tells the formats apart. */
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

static const char two[] = ".model m\n.inputs a b\n.outputs y\n";

static const char *joined(const char *head, const char *tail) {
  static char text[4096];
  snprintf(text, sizeof text, "%s%s", head, tail);
  return text;
}
static void with_two(const char *rest, uint64_t table) { circuit_computes("t.blif", joined(two, rest), table); }
static void bad(const char *rest, const char *fragment) {
  circuit_refused("t.blif", joined(two, rest), LAT_INPUT, fragment);
}
static void unsupported(const char *rest, const char *fragment) {
  circuit_refused("t.blif", joined(two, rest), LAT_UNSUPPORTED, fragment);
}

static void c17_is_read_with_its_names(void **state) {
  (void)state;
  struct lat_netlist *netlist = circuit_parsed("x.blif", circuit_c17_blif);
  assert_int_equal(netlist->inputs, 5);
  assert_int_equal(netlist->nodes, 11);
  assert_string_equal(netlist->name, "c17");
  assert_string_equal(netlist->input_name[3], "6");
  assert_string_equal(netlist->output_name[1], "23");
  for (size_t o = 0; o < 2; o++) assert_int_equal(circuit_table(netlist, o), circuit_c17_output[o]);
  lat_netlist_free(netlist);
}

static void covers_are_read_by_their_meaning(void **state) {
  (void)state;
  with_two(".names a b y\n11 1\n.end\n", 0x8);
  with_two(".names a b y\n1- 1\n-1 1\n.end\n", 0xe);
  with_two(".names a b y\n11 0\n.end\n", 0x7); /* off-set: NOT(OR of cubes) */
  with_two(".names a b y\n1- 0\n-1 0\n.end\n", 0x1);
  with_two(".names a b y\n-- 1\n", 0xf);
  with_two(".names a b y\n-- 0\n", 0x0);
  with_two(".names a b y\n.end\n", 0x0); /* no cubes */
  with_two(".names y\n.end\n", 0x0);
  with_two(".names y\n0\n.end\n", 0x0);
  with_two(".names y\n1\n.end\n", 0xf);
  with_two(".names b a y\n10 1\n", 0x4); /* the first column is b */
  with_two(".names a a y\n10 1\n", 0x0);
}

static void layout_is_free(void **state) {
  (void)state;
  with_two("# comment\n\n.names \\\n a \\  \n b y # more \\\n11 1\n", 0x8); /* the last backslash is part of a comment */
  with_two(".names p q y\r\n11 1\r\n.names a q\r\n0 1\r\n.names b p\r\n1 1\r\n.end\r\n", 0x4);
  circuit_computes("t.blif", ".model m\n.inputs a\n.inputs b\n.outputs y\n.names a b y\n11 1\n.end\n", 0x8);
  circuit_computes("t.blif", ".inputs a b\n.outputs y\n.names a b y\n11 1\n", 0x8);
  circuit_computes(
      "t.blif",
      ".model m\n.outputs y\n.names $true\n1\n.names $true a[0] y\n11 1\n.inputs a[0]\n.area 3\n.delay a 1 2\n.attr x\n",
      0x2);
  struct lat_netlist *netlist = circuit_parsed("dir.x/name.blif", ".inputs a\n.outputs a\n.end\n");
  assert_string_equal(netlist->name, "name");
  assert_int_equal(netlist->output[0], 0);
  lat_netlist_free(netlist);
}

static void the_first_model_is_the_circuit(void **state) {
  (void)state;
  with_two(".names a b y\n11 1\n.end\n.model other\n.inputs p\n.outputs q\n.names p q\n0 1\n.end\n", 0x8);
}

/* Two full adders and a model of constants, used before they are defined; ports in another order than declared. */
static void a_hierarchy_is_flattened(void **state) {
  (void)state;
  struct lat_netlist *netlist = circuit_parsed(
      "t.blif",
      ".model add2\n.inputs a0 a1 b0 b1\n.outputs s0 s1 s2\n.subckt full carry=c1 x=a0 y=b0 sum=s0 z=zero\n"
      ".subckt none o=zero\n.subckt full x=a1 y=b1 z=c1 sum=s1 carry=s2\n.end\n"
      ".model full\n.inputs x y z\n.outputs sum carry\n.subckt half x=x y=y s=t c=u\n.subckt half x=t y=z s=sum c=v\n"
      ".names u v carry\n1- 1\n-1 1\n.end\n"
      ".model half\n.inputs x y\n.outputs s c\n.names x y s\n10 1\n01 1\n.names x y c\n11 1\n.end\n"
      ".model none\n.outputs o unused\n.names o\n.names unused\n1\n.end\n");
  assert_int_equal(netlist->inputs, 4);
  uint64_t table[3];
  for (size_t o = 0; o < 3; o++) table[o] = circuit_table(netlist, o);
  for (unsigned n = 0; n < 16; n++) {
    unsigned sum = (n & 3) + (n >> 2);
    for (unsigned o = 0; o < 3; o++) assert_int_equal(table[o] >> n & 1, sum >> o & 1);
  }
  lat_netlist_free(netlist);
}

static void a_port_may_pass_through_a_model(void **state) {
  (void)state;
  with_two(".subckt pass i=a j=b o=y\n.end\n.model pass\n.inputs i j\n.outputs o i\n.names j i o\n01 1\n.end\n", 0x2);
}

/* Covers of over 6 fan-ins, against a direct evaluation of their cubes. */
static void wide_covers_become_trees_of_the_same_function(void **state) {
  (void)state;
  enum { WIDTH = 9, ROWS = 512 };
  static const char *const covers[][6] = {{"111111111", NULL},
                                          {"1-0-1-0-1", NULL},
                                          {"--1------", "---------", NULL},
                                          {"1--------", "-0-------", "--1111111", NULL},
                                          {"111111111", "000000000", NULL},
                                          {"10-------", "--10-----", "-----1100", "010101010", "--------1", NULL}};
  for (size_t c = 0; c < sizeof covers / sizeof *covers; c++) {
    for (int value = 0; value < 2; value++) {
      struct lat_text text = {0};
      lat_text_printf(&text, ".model w\n.inputs a b c d e f g h i\n.outputs y\n.names a b c d e f g h i y\n");
      for (size_t k = 0; covers[c][k] != NULL; k++) lat_text_printf(&text, "%s %d\n", covers[c][k], value);
      struct lat_netlist *netlist = circuit_parsed("t.blif", text.bytes);
      struct lat_vectors *in = NULL, *values = NULL;
      lat_vectors_alloc(WIDTH, ROWS, &in);
      lat_vectors_alloc(netlist->nodes, ROWS, &values);
      lat_vectors_exhaustive(in);
      lat_simulate(netlist, in, values);
      for (unsigned n = 0; n < ROWS; n++) {
        int any = 0;
        for (size_t k = 0; covers[c][k] != NULL; k++) {
          int all = 1;
          for (unsigned j = 0; j < WIDTH; j++)
            all = all && (covers[c][k][j] == '-' || covers[c][k][j] - '0' == (int)(n >> j & 1));
          any = any || all;
        }
        assert_int_equal(lat_vectors_get(values, netlist->output[0], n), any == value);
      }
      lat_vectors_free(in);
      lat_vectors_free(values);
      lat_netlist_free(netlist);
      circuit_sweep("t.blif", text.bytes, text.length);
      lat_text_free(&text);
    }
  }
}

static void wide_covers_have_the_lowest_depth(void **state) {
  (void)state;
  /* a cube of 8 literals (level 3) and eight of one: ceil(log2(8 + 8)) = 4 */
  struct lat_netlist *netlist = circuit_parsed(
      "t.blif",
      ".inputs a b c d e f g h i j k l m n o p\n.outputs y\n.names a b c d e f g h i j k l m n o p y\n1--------------- 1\n"
      "--------11111111 1\n-1-------------- 1\n--1------------- 1\n---1------------ 1\n----1----------- "
      "1\n-----1---------- 1\n"
      "------1--------- 1\n-------1-------- 1\n");
  uint32_t level[64];
  assert_int_equal(netlist->nodes, 16 + 7 + 8);
  assert_int_equal(lat_netlist_levels(netlist, level), 4);
  lat_netlist_free(netlist);
}

/* Cubes of 2, 4 and 8 literals among single ones, in an order that invites a deeper tree. */
static void trees_pair_the_lowest_levels_first(void **state) {
  (void)state;
  static const struct {
    const char *text;
    uint32_t depth;
  } cases[] = {
      {".inputs a b c d e f g h\n.outputs y\n.names a b c d e f g h y\n1111---- 1\n----1--- 1\n-----1-- 1\n------11 1\n",
       3},
      {".inputs a b c d e f g h i j k l m n o p\n.outputs y\n.names a b c d e f g h i j k l m n o p y\n"
       "1111------------ 1\n----1----------- 1\n-----1---------- 1\n------1--------- 1\n-------1-------- 1\n"
       "--------11111111 1\n",
       4}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct lat_netlist *netlist = circuit_parsed("t.blif", cases[i].text);
    uint32_t level[64];
    assert_int_equal(lat_netlist_levels(netlist, level), cases[i].depth);
    lat_netlist_free(netlist);
  }
}

static void covers_of_6_fan_ins_stay_one_node(void **state) {
  (void)state;
  const char *text = ".inputs a b c d e f\n.outputs y\n.names a b c d e f y\n111111 0\n000000 0\n";
  struct lat_netlist *netlist = circuit_parsed("t.blif", text);
  assert_int_equal(netlist->nodes, 7);
  uint64_t table = circuit_table(netlist, 0);
  if (table != 0x7ffffffffffffffeU) fail();
  lat_netlist_free(netlist);
}

static void bad_covers_are_refused(void **state) {
  (void)state;
  bad("11 1\n.names a b y\n11 1\n", "t.blif:4: '11' is neither a statement nor, outside .names, a cube");
  bad(".names a b y\n.area 3\n11 1\n", "t.blif:6: '11' is neither");
  bad(".names a b y\n11 1\n00 0\n", "t.blif:6: the cover of 'y' mixes cubes of output value 1 and 0");
  bad(".names a b y\n111 1\n", "has 3 positions for 2 fan-ins");
  bad(".names a b y\n1 1\n", "has 1 positions for 2 fan-ins");
  bad(".names a b y\n12 1\n", "'2' in a cube of 'y'");
  bad(".names a b y\n11 2\n", "should end in 0 or 1, not '2'");
  bad(".names a b y\n11\n", "should have 2 words, not 1");
  bad(".names a b y\n11 1 1\n", "should have 2 words, not 3");
  bad(".names y\n1 1\n", "should have 1 word, not 2");
  bad(".names\n", ".names without a net");
  bad(".names a b y \\", "t.blif:4: the file ends after a backslash");
  bad(".names a \x02 y\n", "control byte 0x02");
  bad(".frobnicate\n.names a b y\n11 1\n", "t.blif:4: unknown statement '.frobnicate'");
  circuit_refused_bytes("t.blif", ".inputs a\0b\n", 12, LAT_INPUT, "control byte 0x00");
}

static void bad_nets_are_refused_by_name(void **state) {
  (void)state;
  bad(".names a b y\n11 1\n.names a y\n1 1\n", "t.blif:6: net 'y' is driven already, in line 4");
  circuit_refused("t.blif", ".model m\n.inputs a a\n.outputs y\n.names a y\n1 1\n", LAT_INPUT,
                  "t.blif:2: net 'a' is an input already");
  bad(".names b a\n1 1\n", "net 'a' is an input already, in line 2");
  bad(".names a x y\n11 1\n", "t.blif:4: net 'x' has no driver in model 'm'");
  bad(".end\n", "t.blif:3: net 'y' has no driver");
  bad(".names y y\n1 1\n", "t.blif:4: net 'y' of model 'm' is on a combinational cycle");
  bad(".names a p y\n11 1\n.names q p\n1 1\n.names p q\n1 1\n", "is on a combinational cycle");
  bad(".subckt s i=y o=y\n.end\n.model s\n.inputs i\n.outputs o\n.names i o\n1 1\n", "is on a combinational cycle");
}

static void bad_models_are_refused(void **state) {
  (void)state;
  bad(".subckt\n", ".subckt without a model");
  bad(".subckt s x y\n", "'x' in .subckt s is not formal=actual");
  bad(".subckt s =y\n", "is not formal=actual");
  bad(".subckt s x=\n", "is not formal=actual");
  bad(".subckt s x=a o=y\n", "t.blif:4: .subckt names model 's', which the file does not define");
  const char *child = ".end\n.model s\n.inputs x\n.outputs o\n.names x t\n1 1\n.names t o\n1 1\n.end\n";
  const struct {
    const char *use, *fragment;
  } cases[] = {{".subckt s x=a p=y\n", "t.blif:4: model 's' has no port 'p'"},
               {".subckt s x=a t=y\n", "model 's' has no port 't'"},
               {".subckt s x=a x=b o=y\n", "port 'x' of model 's' is connected twice"},
               {".subckt s o=y\n", "input 'x' of model 's' is not connected"},
               {".subckt s x=a o=b\n", "net 'b' is an input already"},
               {".subckt s x=a o=y\n.subckt s x=b o=y\n", "t.blif:5: net 'y' is driven already, in line 4"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char text[512];
    snprintf(text, sizeof text, "%s%s", cases[i].use, child);
    bad(text, cases[i].fragment);
  }
  bad(".subckt m a=a b=b y=y\n", "t.blif:4: model 'm' contains itself");
  bad(".subckt s x=a o=y\n.end\n.model s\n.inputs x\n.outputs o\n.subckt t x=x o=o\n.end\n.model t\n.inputs x\n.outputs "
      "o\n.subckt s x=x o=o\n",
      "t.blif:14: model 's' contains itself");
  bad(".names a y\n1 1\n.model m\n", "a second model 'm', after line 1");
  bad(".names a y\n1 1\n.end\n.names a z\n", "'.names' after .end");
  bad(".model\n", ".model should be followed by one name, not 0");
  circuit_refused("t.blif", ".area 3\n", LAT_INPUT, "without a model");
}

/* 2^40 gates in 44 models: refused from the sizes alone; 2^12 of them are read. */
static void a_hierarchy_that_explodes_is_refused(void **state) {
  (void)state;
  for (int levels = 12; levels <= 40; levels += 28) {
    struct lat_text text = {0};
    lat_text_printf(&text, ".model top\n.inputs a\n.outputs y\n.subckt m%d i=a o=y\n", levels);
    for (int i = levels; i > 0; i--)
      lat_text_printf(&text, ".model m%d\n.inputs i\n.outputs o\n.subckt m%d i=i o=t\n.subckt m%d i=t o=o\n", i, i - 1,
                      i - 1);
    lat_text_printf(&text, ".model m0\n.inputs i\n.outputs o\n.names i o\n0 1\n");
    if (levels == 40) {
      circuit_refused("t.blif", text.bytes, LAT_INPUT, "flattens to over 67108864");
    } else {
      struct lat_netlist *netlist = circuit_parsed("t.blif", text.bytes);
      assert_int_equal(netlist->nodes, 1 + 4096);
      assert_int_equal(circuit_table(netlist, 0), 0x2);
      lat_netlist_free(netlist);
    }
    lat_text_free(&text);
  }
}

/* A chain of 50,000 models, each in the one before: no recursion. */
static void a_deep_hierarchy_is_walked_without_recursion(void **state) {
  (void)state;
  enum { DEPTH = 50000 };
  struct lat_text text = {0};
  for (int i = 0; i < DEPTH; i++)
    lat_text_printf(&text, ".model m%d\n.inputs i\n.outputs o\n.subckt m%d i=i o=o\n", i, i + 1);
  lat_text_printf(&text, ".model m%d\n.inputs i\n.outputs o\n.names i o\n0 1\n", DEPTH);
  struct lat_netlist *netlist = circuit_parsed("t.blif", text.bytes);
  assert_int_equal(netlist->nodes, 2);
  lat_netlist_free(netlist);
  lat_text_free(&text);
}

static void what_is_not_combinational_logic_is_refused(void **state) {
  (void)state;
  unsupported(".latch a y re clk 0\n", "t.blif:4: .latch: the circuit is sequential");
  unsupported(".clock c\n", "sequential");
  unsupported(".start_kiss\n", "sequential");
  unsupported(".gate nand2 a=a b=b o=y\n", ".gate: library cells are not read");
  unsupported(".names a y\n1 1\n.exdc\n.inputs a b\n.outputs y\n.names a b y\n00 1\n", "t.blif:6: .exdc");
  unsupported(".search x.blif\n", ".search");
  unsupported(".blackbox\n", "black box");
}

static void every_failed_allocation_is_reported_and_nothing_leaks(void **state) {
  (void)state;
  circuit_sweep("t.blif", circuit_c17_blif, strlen(circuit_c17_blif));
  const char *nested =
      joined(two,
             ".subckt s x=a o=t\n.subckt s x=t o=y\n.end\n.model s\n.inputs x\n.outputs o\n.subckt u x=x o=o\n.end\n"
             ".model u\n.inputs x\n.outputs o\n.names x o\n0 1\n.end\n");
  circuit_sweep("t.blif", nested, strlen(nested));
}

static void formats_are_told_by_content_first(void **state) {
  (void)state;
  lat_netlist_free(circuit_parsed("t.blif", circuit_c17_aag));
  lat_netlist_free(circuit_parsed("t.aig", circuit_c17_bench));
  lat_netlist_free(circuit_parsed("t", circuit_c17_blif));
  circuit_computes("t.blif", "# only a comment\naig = NOT(a)\nINPUT(a)\nOUTPUT(aig)\n", 0x1);
  circuit_computes("t.aig", "aig = NOT(a)\nINPUT(a)\nOUTPUT(aig)\n", 0x1);
  circuit_refused("t.bench", "11 1\n", LAT_INPUT, "begins no statement");
  circuit_refused("t.blif", "11 1\n", LAT_INPUT, "neither a statement");
  circuit_refused("t.aag", "11 1\n", LAT_INPUT, "should begin with 'aag ' or 'aig '");
  circuit_refused("t.txt", "11 1\n", LAT_INPUT, "neither the content nor the name");
  circuit_refused("t.blif", "", LAT_INPUT, "empty");
  circuit_refused("t.blif", "# x\n", LAT_INPUT, "without a model");
  circuit_refused("t.aig", "\x1f\x8b\x08", LAT_UNSUPPORTED, "compressed");
  circuit_refused("t.v", "module m(a, y);\n", LAT_UNSUPPORTED, "Verilog");
  struct lat_netlist *netlist = NULL;
  assert_int_equal(lat_circuit_read("/nonexistent/t.aig", &netlist), LAT_INPUT);
  assert_null(netlist);
}

/* A message quotes at most 60 bytes of a name and no control bytes. */
static void long_names_are_cut_in_messages(void **state) {
  (void)state;
  char text[2048];
  snprintf(text, sizeof text, ".inputs a\n.outputs %01500d\n", 7);
  circuit_refused("t.blif", text, LAT_INPUT, "000000000...' has no driver");
  if (!(strlen(lat_error_message()) < 200)) fail();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(c17_is_read_with_its_names),
      cmocka_unit_test(covers_are_read_by_their_meaning),
      cmocka_unit_test(layout_is_free),
      cmocka_unit_test(the_first_model_is_the_circuit),
      cmocka_unit_test(a_hierarchy_is_flattened),
      cmocka_unit_test(a_port_may_pass_through_a_model),
      cmocka_unit_test(wide_covers_become_trees_of_the_same_function),
      cmocka_unit_test(wide_covers_have_the_lowest_depth),
      cmocka_unit_test(trees_pair_the_lowest_levels_first),
      cmocka_unit_test(covers_of_6_fan_ins_stay_one_node),
      cmocka_unit_test(bad_covers_are_refused),
      cmocka_unit_test(bad_nets_are_refused_by_name),
      cmocka_unit_test(bad_models_are_refused),
      cmocka_unit_test(a_hierarchy_that_explodes_is_refused),
      cmocka_unit_test(a_deep_hierarchy_is_walked_without_recursion),
      cmocka_unit_test(what_is_not_combinational_logic_is_refused),
      cmocka_unit_test(every_failed_allocation_is_reported_and_nothing_leaks),
      cmocka_unit_test(formats_are_told_by_content_first),
      cmocka_unit_test(long_names_are_cut_in_messages),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
