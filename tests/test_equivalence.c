/* An independent judge: berkeley-abc proves that the extracted circuit equals the source, and that one read from a changed
 * model does not. Skipped where the program is absent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/base/text.h"
#include "lib/circuit/blif_write.h"
#include "lib/compile/layout.h"
#include "tests/compile_help.h"

static char folder[] = "/tmp/latentlab_equivalence_XXXXXX";

static void write_blif(const struct lat_netlist *netlist, const char *name, char *path, size_t size) {
  struct lat_text text = {0};
  snprintf(path, size, "%s/%s.blif", folder, name);
  assert_int_equal(lat_blif_print(netlist, &text), LAT_OK);
  assert_int_equal(lat_file_write(path, text.bytes, text.length), LAT_OK);
  lat_text_free(&text);
}

/* 1 equivalent, 0 not; ports are matched by their order. Fails the test when abc says neither. */
static int equivalent(const struct lat_netlist *a, const struct lat_netlist *b) {
  char first[128], second[128], command[512], line[512];
  int verdict = -1;
  write_blif(a, "source", first, sizeof first);
  write_blif(b, "extracted", second, sizeof second);
  snprintf(command, sizeof command, "cd %s && berkeley-abc -q 'cec -n %s %s' 2>&1", folder, first, second);
  FILE *output = popen(command, "r");
  assert_non_null(output);
  while (fgets(line, sizeof line, output)) {
    if (strstr(line, "NOT EQUIVALENT"))
      verdict = 0;
    else if (strstr(line, "are equivalent"))
      verdict = 1;
  }
  pclose(output);
  assert_true(verdict >= 0);
  return verdict;
}

static int no_judge(void) { return system("command -v berkeley-abc > /dev/null 2>&1") != 0; }

static struct lat_compiled *compile(const struct lat_netlist *netlist, const struct lat_construction *construction) {
  struct lat_compiled *compiled;
  if (lat_compile(netlist, construction, &compiled) != LAT_OK) fail_msg("%s", lat_error_message());
  return compiled;
}

static struct lat_netlist *extract(const struct lat_compiled *compiled) {
  struct lat_netlist *extracted;
  if (lat_compile_extract(compiled->model, compiled->prompt, &extracted) != LAT_OK) fail_msg("%s", lat_error_message());
  return extracted;
}

static void extracted_families_equal_their_source(void **state) {
  (void)state;
  if (no_judge()) skip();
  static const char *const family[] = {"parity:64", "ripple:16",  "kogge_stone:16", "wallace:6", "comparator:32",
                                       "s5_tree:4", "batcher:16", "majority:16",    "sipser:3",  "layered:20"};
  for (size_t f = 0; f < sizeof family / sizeof *family; f++)
    for (unsigned K = 2; K <= 6; K += 2) {
      /* the source as it was generated, the model made of its covering by K inputs */
      struct lat_netlist *source = help_family(family[f], 2), *mapped = help_family(family[f], K);
      struct lat_construction construction = help_plain(K);
      construction.norm = (enum lat_norm)(f % 3);
      construction.variant = (enum lat_variant)(f % 2);
      construction.activation = (enum lat_activation)((f + K) % 3);
      construction.layers = 1 + f % 2;
      struct lat_compiled *compiled = compile(mapped, &construction);
      struct lat_netlist *extracted = extract(compiled);
      if (!equivalent(source, extracted)) fail_msg("%s covered by %u: not equivalent", family[f], K);
      lat_netlist_free(extracted);
      lat_compiled_free(compiled);
      lat_netlist_free(mapped);
      lat_netlist_free(source);
    }
}

/* The first XOR of a parity tree with one table entry turned over: by its prompt channel, and by the weight of its clip. */
static void a_flipped_table_entry_is_not_equivalent(void **state) {
  (void)state;
  if (no_judge()) skip();
  struct lat_netlist *source = help_family("parity:16", 2), *extracted;
  struct lat_construction construction = help_plain(2);
  struct lat_compiled *compiled = compile(source, &construction);
  const struct lat_layout *layout = &compiled->layout;
  float *entry = compiled->prompt->state + 16 * layout->width + lat_layout_column(layout, layout->table + 1);
  *entry = -*entry;
  extracted = extract(compiled);
  assert_int_equal(equivalent(source, extracted), 0);
  lat_netlist_free(extracted);
  *entry = -*entry;
  extracted = extract(compiled);
  assert_int_equal(equivalent(source, extracted), 1);
  lat_netlist_free(extracted);
  /* the upper half of the clip of pattern (1, 0): its bias flipped, the entry never fires */
  float *bias = &compiled->model->layer[0].up.bias[2];
  *bias = -*bias;
  int status = lat_compile_extract(compiled->model, compiled->prompt, &extracted);
  if (status == LAT_OK)
    assert_int_equal(equivalent(source, extracted), 0);
  else /* inputs use the same entry: then they do not hold their value, and the model is refused */
    assert_int_equal(status, LAT_INPUT);
  lat_netlist_free(extracted);
  lat_compiled_free(compiled);
  lat_netlist_free(source);
}

static int make_folder(void **state) {
  (void)state;
  return mkdtemp(folder) == NULL;
}

static int remove_folder(void **state) {
  (void)state;
  char command[256];
  snprintf(command, sizeof command, "rm -rf %s", folder);
  return system(command) != 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(extracted_families_equal_their_source),
      cmocka_unit_test(a_flipped_table_entry_is_not_equivalent),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
