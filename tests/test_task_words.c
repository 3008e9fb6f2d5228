/* Words of group elements and bits: products against the group tables, texts and counts, in all four supervisions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above. */
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/group.h"
#include "lib/base/status.h"
#include "tests/task_stream.h"

static const char *const groups[] = {"z2",  "z3",   "z5", "z6", "z7", "z12", "z24", "z60",
                                     "z97", "z120", "s3", "s4", "s5", "a4",  "a5"};
enum { GROUPS = sizeof groups / sizeof *groups };

static void products_are_those_of_the_group_tables(void **state) {
  (void)state;
  for (size_t g = 0; g < GROUPS; g++) {
    struct lat_group *group;
    struct task_stream stream;
    char text[64];
    snprintf(text, sizeof text, "words:group=%s:length=300", groups[g]);
    stream_open(&stream, text);
    assert_int_equal(lat_group_make(groups[g], &group), LAT_OK);
    assert_int_equal(stream.shape.classes, group->order);
    for (uint64_t index = 0; index < 20; index++) {
      stream_draw(&stream, 1, "train", index);
      /* from the right: the product of the letters i .. n is solved for what stands before it */
      unsigned whole = (unsigned)stream.example.target[299], suffix = 0;
      for (size_t i = 300; i-- > 0;) {
        unsigned prefix = lat_group_product(group, whole, group->inverse[suffix]);
        assert_int_equal(stream.example.target[i], prefix);
        assert_int_equal(stream.example.level[i], i + 1);
        suffix = lat_group_product(group, (unsigned)stream.example.token[i], suffix);
      }
      assert_int_equal(suffix, whole);
    }
    lat_group_free(group);
    stream_close(&stream);
  }
}

/* The text of a permutation is the images of 1, 2, ..; it composes as such. */
static void texts_of_permutations_compose(void **state) {
  (void)state;
  static const char *const some[] = {"s3", "s4", "s5", "a4", "a5"};
  for (size_t g = 0; g < 5; g++) {
    struct task_stream stream;
    char text[64];
    int points = some[g][1] - '0';
    snprintf(text, sizeof text, "words:group=%s:length=2", some[g]);
    stream_open(&stream, text);
    for (uint64_t index = 0; index < 500; index++) {
      char first[16], then[16], both[16], wanted[16] = "";
      stream_draw(&stream, 1, "train", index);
      const struct lat_task *task = stream.setting.task;
      task->token_text(&stream.setting, 0, stream.example.token[0], first);
      task->token_text(&stream.setting, 0, stream.example.token[1], then);
      task->class_text(&stream.setting, stream.example.target[1], both);
      assert_int_equal(strlen(both), points);
      for (int i = 0; i < points; i++) wanted[i] = then[first[i] - '1'];
      assert_string_equal(both, wanted);
    }
    stream_close(&stream);
  }
}

static void check_four(const char *task, size_t n) {
  static const char *const names[] = {"answer", "dense", "hint", "trace"};
  struct task_stream s[4];
  char text[96];
  for (int k = 0; k < 4; k++) {
    snprintf(text, sizeof text, "%s:length=%zu:supervision=%s", task, n, names[k]);
    stream_open(&s[k], text);
    assert_int_equal(s[k].shape.sequence, k < 2 ? n : 2 * n);
    assert_int_equal(s[k].shape.prompt, k == 3 ? n + 1 : n);
    assert_int_equal(s[k].shape.vocabulary, s[0].shape.vocabulary);
    assert_int_equal(s[k].shape.classes + 1, s[0].shape.vocabulary);
    assert_int_equal(s[k].shape.levels, n + 1);
  }
  int32_t mark = (int32_t)s[0].shape.classes;
  for (uint64_t index = 0; index < 20; index++) {
    for (int k = 0; k < 4; k++) stream_draw(&s[k], 3, "train", index);
    const int32_t *running = s[1].example.target;
    for (size_t i = 0; i < n; i++) {
      int last = i + 1 == n;
      for (int k = 0; k < 4; k++) assert_int_equal(s[k].example.token[i], s[1].example.token[i]);
      assert_int_equal(s[0].example.target[i], last ? running[i] : -1);
      assert_int_equal(s[0].example.level[i], last ? n : 0);
      assert_int_equal(s[1].example.level[i], i + 1);
      for (int k = 2; k < 4; k++) {
        assert_int_equal(s[k].example.target[i], -1);
        assert_int_equal(s[k].example.level[i], 0);
        assert_int_equal(s[k].example.target[n + i], running[i]);
        assert_int_equal(s[k].example.level[n + i], last ? n : 0);
      }
      assert_int_equal(s[2].example.token[n + i], mark);
      assert_int_equal(s[3].example.token[n + i], i == 0 ? mark : running[i - 1]);
    }
  }
  for (int k = 0; k < 4; k++) stream_close(&s[k]);
}
static void the_four_supervisions_ask_the_same_word(void **state) {
  (void)state;
  check_four("words:group=a5", 7);
  check_four("words", 1);
  check_four("parity", 1);
  check_four("parity", 33);
  check_four("parity", 100);
}

static void parities_are_counted_ones(void **state) {
  (void)state;
  struct task_stream stream;
  stream_open(&stream, "parity:length=77");
  size_t ones = 0, odd[77] = {0};
  enum { EXAMPLES = 4000 };
  for (uint64_t index = 0; index < EXAMPLES; index++) {
    stream_draw(&stream, 4, "train", index);
    for (size_t i = 0, seen = 0; i < 77; i++) {
      seen += stream.example.token[i] == 1;
      assert_int_equal(stream.example.target[i], seen % 2);
      odd[i] += seen % 2;
      if (i == 76) ones += seen;
    }
  }
  stream_share(ones, EXAMPLES * 77, .5, "ones");
  for (size_t i = 0; i < 77; i++) stream_share(odd[i], EXAMPLES, .5, "odd prefixes");
  stream_close(&stream);
}

static void letters_and_products_are_uniform(void **state) {
  (void)state;
  for (size_t g = 0; g < GROUPS; g++) {
    struct task_stream stream;
    char text[64];
    size_t letter[128] = {0}, product[128] = {0};
    enum { EXAMPLES = 6000 };
    snprintf(text, sizeof text, "words:group=%s:length=3", groups[g]);
    stream_open(&stream, text);
    for (uint64_t index = 0; index < EXAMPLES; index++) {
      stream_draw(&stream, 5, "train", index);
      letter[stream.example.token[1]]++;
      product[stream.example.target[2]]++;
    }
    double share = 1 / (double)stream.shape.classes;
    for (size_t c = 0; c < stream.shape.classes; c++) {
      stream_share(letter[c], EXAMPLES, share, groups[g]);
      stream_share(product[c], EXAMPLES, share, groups[g]);
    }
    stream_close(&stream);
  }
}

static void lengths_out_of_range_are_refused(void **state) {
  (void)state;
  stream_refused("parity:length=0", "option length is 0; it lies in 1 .. 4096");
  stream_refused("words:length=5000", "option length is 5000");
  stream_refused("words:group=z1", "it is one of z2, z3");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(products_are_those_of_the_group_tables),  cmocka_unit_test(texts_of_permutations_compose),
      cmocka_unit_test(the_four_supervisions_ask_the_same_word), cmocka_unit_test(parities_are_counted_ones),
      cmocka_unit_test(letters_and_products_are_uniform),        cmocka_unit_test(lengths_out_of_range_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
