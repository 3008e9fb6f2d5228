/* The languages L_k: membership by reading the string back, and switches that are uniform. */
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

/* Is the string a^+ b^+ a^+ .. of exactly k parts? Eats one part after another. */
static int in_language(const char *string, size_t length, int k) {
  size_t at = 0;
  for (int part = 0; part < k; part++) {
    size_t from = at;
    while (at < length && string[at] == (part % 2 ? 'b' : 'a')) at++;
    if (at == from) return 0;
  }
  return at == length;
}

static void check_strings(const char *text, uint64_t examples) {
  struct task_stream stream;
  char string[4096];
  stream_open(&stream, text);
  int k = (int)lat_task_option(&stream.setting, "k");
  size_t n = (size_t)lat_task_option(&stream.setting, "length");
  assert_int_equal(stream.shape.sequence, n + 1);
  for (uint64_t index = 0; index < examples; index++) {
    stream_draw(&stream, 1, "train", index);
    for (size_t i = 0; i < n; i++) {
      char word[16];
      stream.setting.task->token_text(&stream.setting, 0, stream.example.token[i + 1], word);
      string[i] = word[0];
    }
    assert_int_equal(stream.example.token[0], 2);
    assert_int_equal(stream.example.target[0], -1);
    assert_int_equal(stream.example.level[0], 0);
    for (size_t i = 1; i <= n; i++) {
      assert_int_equal(stream.example.target[i], in_language(string, i, k));
      if (!in_language(string, i, stream.example.level[i]))
        fail_msg("%s: %.*s is not of %d blocks", text, (int)i, string, stream.example.level[i]);
    }
    assert_int_equal(stream.example.target[n], 1);
  }
  stream_close(&stream);
}

static void targets_say_whether_the_string_so_far_is_in_the_language(void **state) {
  (void)state;
  check_strings("crasp", 200);
  check_strings("crasp:k=2:length=2", 20);
  check_strings("crasp:k=3:length=5", 200);
  check_strings("crasp:k=7:length=7", 20);
  check_strings("crasp:k=64:length=97", 50);
  check_strings("crasp:k=12:length=250", 50);
}

static void all_choices_of_switches_are_equally_likely(void **state) {
  (void)state;
  struct task_stream stream;
  size_t count[16] = {0};
  enum { EXAMPLES = 12000 };
  stream_open(&stream, "crasp:k=3:length=5");
  for (uint64_t index = 0; index < EXAMPLES; index++) {
    unsigned switches = 0;
    stream_draw(&stream, 2, "train", index);
    for (size_t i = 0; i < 4; i++) switches |= (unsigned)(stream.example.token[i + 1] != stream.example.token[i + 2]) << i;
    count[switches]++;
  }
  for (unsigned s = 0; s < 16; s++) {
    if (__builtin_popcount(s) == 2)
      stream_share(count[s], EXAMPLES, 1. / 6, "switches");
    else
      assert_int_equal(count[s], 0);
  }
  stream_close(&stream);
}

static void more_blocks_than_letters_are_refused(void **state) {
  (void)state;
  stream_refused("crasp:k=5:length=4", "5 blocks do not fit into a string of length 4");
  stream_refused("crasp:k=1", "option k is 1; it lies in 2 .. 64");
  stream_refused("crasp:length=1", "option length is 1");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(targets_say_whether_the_string_so_far_is_in_the_language),
      cmocka_unit_test(all_choices_of_switches_are_equally_likely),
      cmocka_unit_test(more_blocks_than_letters_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
