/* Writing: round trips between the formats, names, covers, and what Berkeley ABC makes of it where it is installed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above. */
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/memory.h"
#include "lib/base/random.h"
#include "lib/base/status.h"
#include "lib/base/text.h"
#include "lib/circuit/cover.h"
#include "lib/circuit/truth.h"
#include "tests/circuit_help.h"

static char folder[] = "/tmp/latentlab-write-XXXXXX";

static const char *in_folder(const char *name) {
  static char path[8][256];
  static unsigned next;
  char *place = path[next++ % 8];
  snprintf(place, sizeof path[0], "%s/%s", folder, name);
  return place;
}

static int make_folder(void **state) {
  (void)state;
  return mkdtemp(folder) == NULL;
}

static int remove_folder(void **state) {
  (void)state;
  char command[512];
  snprintf(command, sizeof command, "rm -rf '%s'", folder);
  return system(command);
}

static struct lat_netlist *written_and_read(const struct lat_netlist *netlist, const char *name) {
  struct lat_netlist *again = NULL;
  int status = lat_circuit_write(in_folder(name), netlist);
  if (status == LAT_OK) status = lat_circuit_read(in_folder(name), &again);
  if (status != LAT_OK) fail_msg("%s", lat_error_message());
  return again;
}

/* A network of every kind of node: 0 to 6 fan-ins, repeated fan-ins, random tables, outputs of all sorts. */
static struct lat_netlist *random_netlist(uint64_t seed, size_t inputs, size_t nodes) {
  struct lat_random random;
  struct lat_netlist *netlist = NULL;
  lat_random_start(&random, seed, "test", 0);
  assert_int_equal(lat_netlist_alloc("r", &netlist), LAT_OK);
  for (size_t i = 0; i < inputs; i++) assert_int_equal(lat_netlist_input(netlist, NULL, NULL), LAT_OK);
  for (size_t i = 0; i < nodes; i++) {
    uint32_t fan_in[LAT_MAX_FAN_IN];
    unsigned n = netlist->nodes == 0 ? 0 : (unsigned)lat_random_below(&random, 7);
    for (unsigned j = 0; j < n; j++) fan_in[j] = (uint32_t)lat_random_below(&random, netlist->nodes);
    uint64_t table = lat_random_u64(&random) & lat_truth_mask(n);
    if (i % 5 == 0) table = 0;
    if (i % 7 == 0) table = lat_truth_mask(n);
    assert_int_equal(lat_netlist_node(netlist, n, fan_in, table, NULL), LAT_OK);
  }
  for (size_t i = 0; i < netlist->nodes; i += 2)
    assert_int_equal(lat_netlist_output(netlist, i % 3 == 0 ? "same" : NULL, (uint32_t)i), LAT_OK);
  assert_int_equal(lat_netlist_finish(netlist, NULL), LAT_OK);
  return netlist;
}

static void c17_survives_every_pair_of_formats(void **state) {
  (void)state;
  static const char *const names[] = {"c17.aag", "c17.aig", "c17.blif"};
  struct lat_netlist *netlist = circuit_parsed("c17.bench", circuit_c17_bench);
  for (size_t i = 0; i < 3; i++) {
    struct lat_netlist *first = written_and_read(netlist, names[i]);
    for (size_t j = 0; j < 3; j++) {
      struct lat_netlist *second = written_and_read(first, names[j]);
      circuit_same(netlist, second);
      assert_int_equal(second->nodes, 11);
      for (size_t p = 0; p < 5; p++) assert_string_equal(second->input_name[p], netlist->input_name[p]);
      for (size_t p = 0; p < 2; p++) assert_string_equal(second->output_name[p], netlist->output_name[p]);
      for (size_t o = 0; o < 2; o++) assert_int_equal(circuit_table(second, o), circuit_c17_output[o]);
      lat_netlist_free(second);
    }
    lat_netlist_free(first);
  }
  lat_netlist_free(netlist);
}

static void any_network_survives_the_round_of_formats(void **state) {
  (void)state;
  for (uint64_t seed = 0; seed < 40; seed++) {
    struct lat_netlist *netlist = random_netlist(seed, seed % 10, 1 + 2 * seed);
    struct lat_netlist *ascii = written_and_read(netlist, "r.aag");
    struct lat_netlist *binary = written_and_read(ascii, "r.aig");
    struct lat_netlist *cover = written_and_read(binary, "r.blif");
    struct lat_netlist *direct = written_and_read(netlist, "d.blif");
    struct lat_netlist *back = written_and_read(direct, "d.aig");
    circuit_same(netlist, ascii);
    circuit_same(netlist, binary);
    circuit_same(netlist, cover);
    circuit_same(netlist, direct);
    circuit_same(netlist, back);
    lat_netlist_free(netlist);
    lat_netlist_free(ascii);
    lat_netlist_free(binary);
    lat_netlist_free(cover);
    lat_netlist_free(direct);
    lat_netlist_free(back);
  }
}

static size_t ands_of(const char *text) {
  struct lat_netlist *netlist = circuit_parsed("t.blif", text), *again = written_and_read(netlist, "ands.aig");
  size_t ands = again->nodes - again->inputs;
  circuit_same(netlist, again);
  lat_netlist_free(netlist);
  lat_netlist_free(again);
  return ands;
}

static void tables_become_few_and_gates_and_are_shared(void **state) {
  (void)state;
  assert_int_equal(ands_of(".inputs a b\n.outputs y\n.names a b y\n10 1\n01 1\n"), 3);
  assert_int_equal(ands_of(".inputs a b c\n.outputs y\n.names a b c y\n10- 1\n0-1 1\n"), 3);
  assert_int_equal(ands_of(".inputs a b c d e f\n.outputs y\n.names a b c d e f y\n111111 0\n"), 5);
  assert_int_equal(ands_of(".inputs a b\n.outputs y z\n.names a b y\n11 1\n.names b a z\n11 0\n"),
                   1 + 1); /* and one inverter read back */
}

/* All 256 tables of three fan-ins and many of six: the cubes' OR is the table, none is idle and none could be wider. */
static void covers_are_prime_and_irredundant(void **state) {
  (void)state;
  struct lat_random random;
  lat_random_start(&random, 1, "test", 1);
  for (unsigned t = 0; t < 2256; t++) {
    unsigned n = t < 256 ? 3 : 6;
    uint64_t table = t < 256 ? t : lat_random_u64(&random) & lat_random_u64(&random);
    struct lat_cube cube[LAT_MAX_CUBES];
    unsigned cubes = lat_cover_make(table, n, cube);
    uint64_t all = 0;
    for (unsigned c = 0; c < cubes; c++) all |= lat_cube_rows(cube[c], n);
    if (all != table) fail();
    for (unsigned c = 0; c < cubes; c++) {
      uint64_t others = 0;
      for (unsigned i = 0; i < cubes; i++) others |= i != c ? lat_cube_rows(cube[i], n) : 0;
      if (others == table) fail();
      for (unsigned j = 0; j < n; j++) {
        struct lat_cube wider = cube[c];
        if (!(wider.care >> j & 1)) continue;
        wider.care ^= (uint8_t)(1U << j);
        if ((lat_cube_rows(wider, n) & ~table) == 0) fail();
      }
    }
  }
}

/* Names that one format has and another cannot hold, equal names, and names of inputs on other outputs. */
static void names_are_made_legal_and_unique(void **state) {
  (void)state;
  const char *source =
      "aag 3 3 0 8 0\n2\n4\n6\n2\n4\n5\n6\n1\n6\n3\n3\n"
      "i0 x y #1\ni1 o0\ni2 o0\no0 x y #1\no1 x y #1\no2 o0\no3 .end\no4 n3\no5 n_4\no6 a=b\no7 a\\b\n";
  static const char *const files[] = {"names.blif", "names.aag", "names.aig"};
  struct lat_netlist *netlist = circuit_parsed("t.aag", source);
  for (size_t f = 0; f < 3; f++) {
    struct lat_netlist *again = written_and_read(netlist, files[f]);
    circuit_same(netlist, again);
    for (size_t i = 0; i < again->inputs; i++) {
      for (size_t j = 0; j < i; j++) assert_string_not_equal(again->input_name[i], again->input_name[j]);
    }
    for (size_t i = 0; i < again->outputs; i++) {
      for (size_t j = 0; j < i; j++) assert_string_not_equal(again->output_name[i], again->output_name[j]);
      for (size_t j = 0; j < again->inputs; j++) {
        if (strcmp(again->output_name[i], again->input_name[j]) == 0) assert_int_equal(again->output[i], j);
      }
    }
    assert_string_equal(again->input_name[0], f == 0 ? "x_y__1" : "x y #1");
    assert_string_equal(again->output_name[0], again->input_name[0]); /* it shows that input */
    lat_netlist_free(again);
  }
  lat_netlist_free(netlist);
}

static void a_port_that_is_called_like_a_node_changes_nothing(void **state) {
  (void)state;
  struct lat_netlist *netlist = circuit_parsed(
      "t.blif", ".inputs a b c\n.outputs n3 n_3\n.names a b t\n11 1\n.names t c n3\n11 1\n.names t a n_3\n10 1\n01 1\n");
  struct lat_netlist *again = written_and_read(netlist, "n3.blif");
  circuit_same(netlist, again);
  assert_string_equal(again->output_name[0], "n3");
  assert_string_equal(again->output_name[1], "n_3");
  lat_netlist_free(netlist);
  lat_netlist_free(again);
}

static void equal_circuits_give_equal_bytes(void **state) {
  (void)state;
  static const char *const names[] = {"b.aag", "b.aig", "b.blif"};
  struct lat_netlist *netlist = random_netlist(3, 8, 60);
  for (size_t i = 0; i < 3; i++) {
    char *first = NULL, *second = NULL;
    size_t length = 0, other = 0;
    assert_int_equal(lat_circuit_write(in_folder(names[i]), netlist), LAT_OK);
    assert_int_equal(lat_file_read(in_folder(names[i]), &first, &length), LAT_OK);
    assert_int_equal(lat_circuit_write(in_folder(names[i]), netlist), LAT_OK);
    assert_int_equal(lat_file_read(in_folder(names[i]), &second, &other), LAT_OK);
    assert_int_equal(length, other);
    assert_memory_equal(first, second, length);
    lat_free(first);
    lat_free(second);
  }
  lat_netlist_free(netlist);
}

static void wrong_paths_are_refused(void **state) {
  (void)state;
  struct lat_netlist *netlist = circuit_parsed("c17.bench", circuit_c17_bench);
  assert_int_equal(lat_circuit_write(in_folder("x.bench"), netlist), LAT_INPUT);
  assert_non_null(strstr(lat_error_message(), ".aag, .aig or .blif"));
  assert_int_equal(lat_circuit_write(in_folder("x"), netlist), LAT_INPUT);
  assert_int_equal(lat_circuit_write("/nonexistent.aig/x", netlist), LAT_INPUT);
  assert_int_equal(lat_circuit_write("/nonexistent/x.aig", netlist), LAT_FILE);
  assert_int_equal(access(in_folder("x.bench"), F_OK), -1);
  lat_netlist_free(netlist);
}

static void every_failed_allocation_is_reported_and_nothing_leaks(void **state) {
  (void)state;
  static const char *const names[] = {"m.aag", "m.aig", "m.blif"};
  struct lat_netlist *netlist = random_netlist(5, 4, 12);
  for (size_t i = 0; i < 3; i++) {
    size_t before = lat_memory_current();
    for (uint64_t k = 1;; k++) {
      lat_memory_fail_at(k);
      int status = lat_circuit_write(in_folder(names[i]), netlist);
      lat_memory_fail_at(0);
      assert_int_equal(lat_memory_current(), before);
      if (status == LAT_OK) break;
      assert_int_equal(status, LAT_MEMORY);
      assert_int_equal(access(in_folder(names[i]), F_OK), -1); /* no half-written file */
    }
  }
  lat_netlist_free(netlist);
}

/* ABC's `cec` proves the written files equal to each other; its exit status says nothing, its text does. */
static int abc_says_equal(const char *left, const char *right) {
  char command[1024], line[1024];
  int equal = 0;
  snprintf(command, sizeof command, "berkeley-abc -q 'cec -n %s %s' 2>&1", left, right);
  FILE *pipe = popen(command, "r");
  if (pipe == NULL) return 0;
  while (fgets(line, sizeof line, pipe) != NULL) equal = equal || strstr(line, "Networks are equivalent") != NULL;
  pclose(pipe);
  return equal;
}

static void abc_reads_what_is_written_and_proves_it_equal(void **state) {
  (void)state;
  if (system("command -v berkeley-abc >/dev/null 2>&1") != 0) {
    print_message("skipped: berkeley-abc is not installed\n");
    skip();
  }
  for (uint64_t seed = 0; seed < 6; seed++) {
    struct lat_netlist *netlist = random_netlist(seed, 3 + seed, 10 * seed + 1);
    assert_int_equal(lat_circuit_write(in_folder("abc.aig"), netlist), LAT_OK);
    assert_int_equal(lat_circuit_write(in_folder("abc.blif"), netlist), LAT_OK);
    if (!abc_says_equal(in_folder("abc.aig"), in_folder("abc.blif"))) fail_msg("seed %llu", (unsigned long long)seed);
    lat_netlist_free(netlist);
  }
  /* inputs straight to outputs, constants, an inverted input: what readers stumble over */
  static const char *const odd[] = {".inputs a b\n.outputs a b\n",
                                    ".inputs a b\n.outputs b a k0 k1 a y\n.names k0\n.names k1\n1\n.names b y\n0 1\n",
                                    ".inputs a b c\n.outputs y\n.names a b c y\n--- 0\n"};
  for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
    struct lat_netlist *netlist = circuit_parsed("odd.blif", odd[i]);
    assert_int_equal(lat_circuit_write(in_folder("odd.aig"), netlist), LAT_OK);
    assert_int_equal(lat_circuit_write(in_folder("odd.blif"), netlist), LAT_OK);
    if (!abc_says_equal(in_folder("odd.aig"), in_folder("odd.blif"))) fail_msg("%s", odd[i]);
    lat_netlist_free(netlist);
  }
  /* and it is not a test that cannot fail */
  lat_file_write(in_folder("and.blif"), ".model m\n.inputs a b\n.outputs y\n.names a b y\n11 1\n.end\n", 56);
  lat_file_write(in_folder("or.blif"), ".model m\n.inputs a b\n.outputs y\n.names a b y\n00 0\n.end\n", 56);
  if (abc_says_equal(in_folder("and.blif"), in_folder("or.blif"))) fail();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(c17_survives_every_pair_of_formats),
      cmocka_unit_test(any_network_survives_the_round_of_formats),
      cmocka_unit_test(tables_become_few_and_gates_and_are_shared),
      cmocka_unit_test(covers_are_prime_and_irredundant),
      cmocka_unit_test(names_are_made_legal_and_unique),
      cmocka_unit_test(a_port_that_is_called_like_a_node_changes_nothing),
      cmocka_unit_test(equal_circuits_give_equal_bytes),
      cmocka_unit_test(wrong_paths_are_refused),
      cmocka_unit_test(every_failed_allocation_is_reported_and_nothing_leaks),
      cmocka_unit_test(abc_reads_what_is_written_and_proves_it_equal),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
