/* Records: everything passed in is copied, names are found, and no text or NaN gets in that files could not keep. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/store/record.h"

static void everything_passed_in_is_copied(void **state) {
  (void)state;
  size_t memory = lat_memory_current();
  struct lat_record record = {0};
  char name[] = "curve", unit[] = "nat", long_name[] = "loss", dimensions[] = "step,level", text[] = "abc";
  const char *texts[] = {text};
  size_t extent[] = {2, 3};
  double data[6] = {1, 2, 3, 4, 5, 6};
  assert_int_equal(
      lat_record_add(&record, name, unit, long_name, LAT_REAL, LAT_MAY_BE_MISSING, dimensions, 2, extent, data), LAT_OK);
  assert_int_equal(lat_record_add(&record, "word", "-", "a word", LAT_TEXT, 0, "", 0, NULL, texts), LAT_OK);
  name[0] = unit[0] = long_name[0] = dimensions[0] = text[0] = 'x';
  extent[0] = 0;
  data[5] = 0;
  const struct lat_field *curve = lat_record_find(&record, "curve"), *word = lat_record_find(&record, "word");
  assert_non_null(curve);
  assert_string_equal(curve->unit, "nat");
  assert_string_equal(curve->long_name, "loss");
  assert_string_equal(curve->dimensions, "step,level");
  assert_int_equal(lat_field_size(curve), 6);
  assert_true(curve->data.real[5] == 6);
  assert_string_equal(word->data.text[0], "abc");
  assert_int_equal(lat_field_size(word), 1);
  assert_null(lat_record_find(&record, "xurve"));
  lat_record_free(&record);
  assert_int_equal(record.count, 0);
  assert_int_equal(lat_memory_current(), memory);
}

static void many_fields_are_all_found(void **state) {
  (void)state;
  struct lat_record record = {0};
  char name[4] = "aaa";
  for (int64_t i = 0; i < 200; i++) {
    name[1] = (char)('a' + i % 26);
    name[2] = (char)('a' + i / 26);
    assert_int_equal(lat_record_add(&record, name, "1", "x", LAT_INTEGER, 0, "", 0, NULL, &i), LAT_OK);
  }
  for (int64_t i = 0; i < 200; i++) {
    name[1] = (char)('a' + i % 26);
    name[2] = (char)('a' + i / 26);
    assert_int_equal(lat_record_find(&record, name)->data.integer[0], i);
  }
  lat_record_free(&record);
}

static void every_nan_becomes_the_same(void **state) {
  (void)state;
  uint64_t bits[4] = {0xfff8000000000000, 0x7ff8000000000123, 0x7ff0000000000000, 0x8000000000000000};
  double data[4], canonical = (double)NAN;
  memcpy(data, bits, sizeof data);
  size_t extent = 4;
  struct lat_record record = {0};
  assert_int_equal(lat_record_add(&record, "x", "1", "x", LAT_REAL, 0, "n", 1, &extent, data), LAT_OK);
  const double *kept = record.field[0].data.real;
  assert_memory_equal(&kept[0], &canonical, sizeof canonical);
  assert_memory_equal(&kept[1], &canonical, sizeof canonical);
  assert_memory_equal(&kept[2], &bits[2], 16); /* infinity and -0 stay as they are */
  lat_record_free(&record);
  /* The same bits as integers are numbers. */
  assert_int_equal(lat_record_add(&record, "x", "1", "x", LAT_INTEGER, 0, "n", 1, &extent, bits), LAT_OK);
  assert_memory_equal(record.field[0].data.integer, bits, sizeof bits);
  lat_record_free(&record);
}

static void texts_must_be_utf8(void **state) {
  (void)state;
  const char *const good[] = {"", "abc", "gr\xc3\xb6\xc3\x9f!", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xf4\x8f\xbf\xbf"};
  const char *const bad[] = {
      "\x80",     "a\xc3", "\xc3(", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf8\x88\x80\x80",
      "\xe2\x82", "\xff"};
  struct lat_record record = {0};
  size_t memory = lat_memory_current();
  for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
    assert_int_equal(lat_record_add(&record, "x", "-", "x", LAT_TEXT, 0, "", 0, NULL, &good[i]), LAT_OK);
    assert_string_equal(record.field[0].data.text[0], good[i]);
    lat_record_free(&record);
  }
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    assert_int_equal(lat_record_add(&record, "x", "-", "x", LAT_PATH, 0, "", 0, NULL, &bad[i]), LAT_INPUT);
    assert_int_equal(record.count, 0);
    lat_record_free(&record);
  }
  assert_int_equal(lat_memory_current(), memory);
}

static void shapes_are_checked(void **state) {
  (void)state;
  assert_true(lat_record_is_shape("a", "", 0));
  assert_true(lat_record_is_shape("A_9", "step,level", 2));
  assert_false(lat_record_is_shape("a", "step", 2));
  assert_false(lat_record_is_shape("a", "step", 0));
  assert_false(lat_record_is_shape("a", "step,", 1));
  assert_false(lat_record_is_shape("a", "step,", 2));
  assert_false(lat_record_is_shape("a", ",step", 2));
  assert_false(lat_record_is_shape("a", "a,b,c,d", 4));
  assert_false(lat_record_is_shape("", "", 0));
  assert_false(lat_record_is_shape("9a", "", 0));
  assert_false(lat_record_is_shape("_a", "", 0));
  assert_false(lat_record_is_shape("a/b", "", 0));
}

static void a_failed_allocation_leaves_the_record_as_it_was(void **state) {
  (void)state;
  size_t extent = 9;
  double data[9] = {0};
  const char *text = "abc";
  size_t memory = lat_memory_current();
  for (int kind = 0; kind < 2; kind++) {
    uint64_t k = 1;
    for (int status = LAT_MEMORY; status != LAT_OK; k++) {
      struct lat_record record = {0};
      lat_memory_fail_at(k);
      status = kind == 0 ? lat_record_add(&record, "x", "1", "x", LAT_REAL, 0, "n", 1, &extent, data)
                         : lat_record_add(&record, "x", "1", "x", LAT_TEXT, 0, "", 0, NULL, &text);
      lat_memory_fail_at(0);
      assert_int_equal(record.count, status == LAT_OK);
      lat_record_free(&record);
      assert_int_equal(lat_memory_current(), memory);
    }
    assert_int_equal(k, kind == 0 ? 8 : 9); /* the array of fields, four texts, the data (a text in two parts) */
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(everything_passed_in_is_copied),
      cmocka_unit_test(many_fields_are_all_found),
      cmocka_unit_test(every_nan_becomes_the_same),
      cmocka_unit_test(texts_must_be_utf8),
      cmocka_unit_test(shapes_are_checked),
      cmocka_unit_test(a_failed_allocation_leaves_the_record_as_it_was),
  };
  return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}
