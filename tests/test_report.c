/* The report's pieces: nothing from outside becomes markup, ids stay apart, and pages need nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/html.h"
#include "cli/report_data.h"
#include "cli/report_section.h"
#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/base/text.h"
#include "lib/sweep/layout.h"

static char folder[] = "/tmp/latentlab-report-XXXXXX";

static void put(const char *name, const char *text) {
  struct lat_text path = {0};
  assert_int_equal(lat_path(&path, "%s/%s", folder, name), LAT_OK);
  char *slash = strrchr(path.bytes, '/');
  *slash = '\0';
  assert_int_equal(lat_make_folders(path.bytes), LAT_OK);
  *slash = '/';
  assert_int_equal(lat_file_write(path.bytes, text, strlen(text)), LAT_OK);
  lat_text_free(&path);
}

static int before(void **state) {
  (void)state;
  return mkdtemp(folder) == NULL ? -1 : 0;
}

static int after(void **state) {
  (void)state;
  char command[100];
  snprintf(command, sizeof command, "rm -rf %s", folder);
  return system(command);
}

static void text_is_escaped(void **state) {
  (void)state;
  struct lat_text page = {0};
  lat_html_text(&page, "<script>\"a\" & 'b'</script>");
  assert_string_equal(page.bytes, "&lt;script&gt;&quot;a&quot; &amp; &#39;b&#39;&lt;/script&gt;");
  lat_text_free(&page);
}

static void an_svg_gets_ids_of_its_own_and_a_title(void **state) {
  (void)state;
  static const char svg[] =
      "<?xml version=\"1.0\"?>\n<svg \n width=\"7\" height=\"3\" viewBox=\"0 0 7 3\">\n<title>old</title>\n"
      "<desc>Produced</desc>\n<g id=\"a\"><path id='b'/><use xlink:href='#b' id='c'/>"
      "<g clip-path=\"url(#a)\"/><a href=\"#a\"/></g></svg>\n";
  struct lat_text page = {0};
  assert_int_equal(lat_html_svg(&page, svg, sizeof svg - 1, "p1", "A < B?", "Lines & dots"), LAT_OK);
  assert_null(strstr(page.bytes, "<?xml"));
  assert_null(strstr(page.bytes, "old"));
  assert_null(strstr(page.bytes, "width=\"7\""));
  static const char *const wanted[] = {"viewBox=\"0 0 7 3\"",
                                       "role=\"img\"",
                                       "id=\"p1-a\"",
                                       "id='p1-b'",
                                       "href='#p1-b'",
                                       "id='p1-c'",
                                       "url(#p1-a)",
                                       "href=\"#p1-a\"",
                                       "A &lt; B?</title>",
                                       "Lines &amp; dots",
                                       "aria-labelledby=\"p1-title p1-desc\""};
  for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
    if (strstr(page.bytes, wanted[i]) == NULL) fail_msg("%s is not in %s", wanted[i], page.bytes);
  lat_text_free(&page);
}

static void what_is_no_svg_or_holds_a_script_is_refused(void **state) {
  (void)state;
  static const char *const bad[] = {"", "<svg", "<svg width='1'></svg>", "<svg viewBox=\"0 0 1 1\">",
                                    "<svg viewBox=\"0 0 1 1\"><script>x</script></svg>"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    struct lat_text page = {0};
    assert_int_equal(lat_html_svg(&page, bad[i], strlen(bad[i]), "p", "t", "d"), LAT_INPUT);
    lat_text_free(&page);
  }
}

static void a_table_keeps_every_cell_and_sets_numbers_apart(void **state) {
  (void)state;
  struct lat_text page = {0};
  lat_html_table(&page, "name\tx (1)\na<b\t1234567\n\nc\t-0.5\n", "t-1", "What & how");
  static const char *const wanted[] = {
      "<th scope=\"col\">x (1)</th>", "<td>a&lt;b</td>", "<td class=\"n\">1&#8239;234&#8239;567</td>",
      "<td class=\"n\">-0.5</td>",    "What &amp; how",  "id=\"t-1\""};
  for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
    if (strstr(page.bytes, wanted[i]) == NULL) fail_msg("%s is not in %s", wanted[i], page.bytes);
  lat_text_free(&page);
}

/* Counts how often `word` is in the page. */
static size_t count_of(const char *page, const char *word) {
  size_t count = 0;
  for (const char *at = page; (at = strstr(at, word)) != NULL; at += strlen(word)) count++;
  return count;
}

static char *make_page(int expected) {
  char *arguments[] = {(char[]){"latentlab report"}, (char[]){"--out"}, folder, (char[]){"--json"}, NULL};
  fflush(stdout);
  int keep = dup(1);
  assert_non_null(freopen("/dev/null", "w", stdout));
  int code = lat_command_report(4, arguments);
  fflush(stdout);
  dup2(keep, 1);
  close(keep);
  assert_int_equal(code, expected);
  struct lat_text path = {0};
  char *bytes;
  size_t count;
  assert_int_equal(lat_path(&path, "%s/report.html", folder), LAT_OK);
  assert_int_equal(lat_file_read(path.bytes, &bytes, &count), LAT_OK);
  lat_text_free(&path);
  return bytes;
}

static void an_empty_folder_gives_a_page_that_says_how_to_fill_it(void **state) {
  (void)state;
  char *page = make_page(0);
  size_t experiments = 0;
  while (lat_program.experiments[experiments] != NULL) experiments++;
  assert_int_equal(count_of(page, "<section "), experiments);
  assert_int_equal(count_of(page, "not run</span>"), 2 * experiments);
  assert_int_equal(count_of(page, "latentlab run "), experiments);
  assert_int_equal(count_of(page, "<script"), 0);
  assert_int_equal(count_of(page, "src="), 0);
  assert_int_equal(count_of(page, "@import"), 0);
  assert_int_equal(count_of(page, "<link"), 0);
  lat_free(page);
}

static void words_are_sorted_and_each_there_once(void **state) {
  (void)state;
  struct lat_words words = {0};
  static const char *const given[] = {"b", "a", "b", "c", "a", ""};
  for (int i = 0; i < 6; i++) assert_int_equal(lat_words_add(&words, given[i]), LAT_OK);
  static const char *const wanted[] = {"", "a", "b", "c"};
  assert_int_equal(words.count, 4);
  for (int i = 0; i < 4; i++) assert_string_equal(words.word[i], wanted[i]);
  lat_words_free(&words);
}

/* An experiment that was run and merged, with texts that would be markup. */
static int nothing(struct lat_run *run) {
  (void)run;
  return LAT_OK;
}
static const struct lat_parameter hostile_parameters[] = {
    {.name = "size", .unit = "bits", .help = "how <many>", .kind = LAT_INTEGER}, {0}};
static const struct lat_experiment hostile = {.name = "hostile",
                                              .section = "T",
                                              .question = "Is <b>a</b> & b?",
                                              .prediction = "\"yes\"",
                                              .refuted_if = "no",
                                              .source = "test",
                                              .caption = "x < y",
                                              .version = 1,
                                              .parameters = hostile_parameters,
                                              .run = nothing};

static void a_section_shows_points_failures_tables_and_escapes_all_of_it(void **state) {
  (void)state;
  struct lat_text path = {0}, page = {0};
  char canonical[2][8] = {"size=5", "size=6"};
  for (int i = 0; i < 2; i++) {
    int64_t size = 5 + i;
    struct lat_point point = {.experiment = (char[]){"hostile"},
                              .canonical = canonical[i],
                              .size = (char[]){"smoke"},
                              .status = i == 0 ? (char[]){"ok"} : (char[]){"failed"},
                              .reason = i == 0 ? (char[]){""} : (char[]){"1 < 2 & so on"},
                              .source = (char[]){"abc123"},
                              .flags = (char[]){"gcc <flags>"},
                              .experiment_version = 1};
    char id[33];
    lat_point_id("hostile", 1, point.canonical, id);
    point.id = id;
    assert_int_equal(
        lat_record_add(&point.record, "size", "bits", "how", LAT_INTEGER, LAT_IS_PARAMETER, "", 0, NULL, &size), LAT_OK);
    assert_int_equal(lat_path(&path, "%s/hostile", folder), LAT_OK);
    assert_int_equal(lat_make_folders(path.bytes), LAT_OK);
    assert_int_equal(lat_path(&path, "%s/hostile/%s.h5", folder, id), LAT_OK);
    if (lat_point_write(path.bytes, &point,
                        "{\"host\":\"<h>\",\"processor\":\"p\",\"threads\":2,\"seconds\":1.5,\"started\":\"2026\"}\n") !=
        LAT_OK)
      fail_msg("%s", lat_error_message());
    lat_record_free(&point.record);
  }
  put("tables/hostile/verdict.json",
      "{\"points\":2,\"verdict\":\"refuted\",\"sentence\":\"3 < 4\",\"tables\":[{\"name\":\"t\",\"caption\":\"C & D\"},"
      "{\"name\":\"u\",\"caption\":null}]}\n");
  put("tables/hostile/t.tsv", "a\tb\n<i>\t2\n");
  struct lat_report_data data;
  char note[400];
  if (lat_report_read(folder, &hostile, &data) != LAT_OK) fail_msg("%s", lat_error_message());
  assert_string_equal(lat_report_status(&data), "refuted");
  assert_int_equal(lat_report_section(&page, folder, &data, note), LAT_OK);
  lat_report_data_free(&data);
  static const char *const wanted[] = {"Is &lt;b&gt;a&lt;/b&gt; &amp; b?",
                                       "&quot;yes&quot;",
                                       "3 &lt; 4",
                                       "C &amp; D",
                                       "&lt;i&gt;",
                                       "how &lt;many&gt;",
                                       "5, 6",
                                       "1 failed points",
                                       "size=6: 1 &lt; 2 &amp; so on",
                                       "gcc &lt;flags&gt;",
                                       "&lt;h&gt; (p)",
                                       "abc123",
                                       "latentlab run hostile",
                                       "--size smoke",
                                       "There is no figure",
                                       "tables/hostile/t.tsv",
                                       "3.0 s of points"};
  for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
    if (strstr(page.bytes, wanted[i]) == NULL) fail_msg("%s is not in %s", wanted[i], page.bytes);
  assert_null(strstr(page.bytes, "<i>"));
  assert_true(*note != '\0');
  lat_text_free(&path);
  lat_text_free(&page);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(text_is_escaped),
      cmocka_unit_test(an_svg_gets_ids_of_its_own_and_a_title),
      cmocka_unit_test(what_is_no_svg_or_holds_a_script_is_refused),
      cmocka_unit_test(a_table_keeps_every_cell_and_sets_numbers_apart),
      cmocka_unit_test(words_are_sorted_and_each_there_once),
      cmocka_unit_test(an_empty_folder_gives_a_page_that_says_how_to_fill_it),
      cmocka_unit_test(a_section_shows_points_failures_tables_and_escapes_all_of_it),
  };
  return cmocka_run_group_tests(tests, before, after);
}
