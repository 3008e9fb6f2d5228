/* Merging: the merged file is a function of the points alone, holds every value, and says where it does not. With LAT_KEEP
 * set to a folder, the merged files are left there for tests/e2e_store_python.sh. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/base/text.h"
#include "lib/store/hdf5.h"
#include "lib/store/merge.h"
#include "tests/store_sample.h"

enum { POINTS = 11 };

/* Points 0 .. POINTS - 1 in an order of its own: i * step mod POINTS. */
static void write_points(const char *folder, size_t step) {
  char path[256];
  for (size_t i = 0; i < POINTS; i++) {
    struct lat_point point;
    assert_int_equal(sample_point(i * step % POINTS, &point), LAT_OK);
    assert_int_equal(lat_point_write(sample_path(folder, &point, path), &point, NULL), LAT_OK);
    lat_point_free(&point);
  }
}

static struct lat_merged *read_points(const char *folder, int timing) {
  struct lat_merged *merged;
  if (lat_merge_read(folder, timing, NULL, &merged) != LAT_OK) fail_msg("%s", lat_error_message());
  return merged;
}

static void merging_forgets_the_order_of_the_points(void **state) {
  (void)state;
  char folder[64], other[64], out[64], a[128], b[128], c[128], d[128];
  write_points(sample_folder(folder), 1);
  write_points(sample_folder(other), 7);
  sample_folder(out);
  size_t memory = lat_memory_current();
  struct lat_merged *first = read_points(folder, 1), *second = read_points(other, 1);
  assert_int_equal(first->points, POINTS);
  for (size_t p = 1; p < POINTS; p++) /* layers=2 stands before layers=10 */
    assert_true(lat_record_find(&first->point[p - 1].record, "layers")->data.integer[0] <
                lat_record_find(&first->point[p].record, "layers")->data.integer[0]);
  snprintf(a, sizeof a, "%s/merged.h5", out);
  snprintf(b, sizeof b, "%s/merged_timing.h5", out);
  snprintf(c, sizeof c, "%s/again.h5", out);
  snprintf(d, sizeof d, "%s/again_timing.h5", out);
  assert_int_equal(lat_merge_write(a, b, first), LAT_OK);
  assert_int_equal(lat_merge_write(c, d, second), LAT_OK);
  assert_true(sample_same_bytes(a, c));
  assert_true(sample_same_bytes(b, d));
  assert_int_equal(lat_merge_verify(a, second), LAT_OK);
  assert_int_equal(lat_merge_verify(b, second), LAT_OK);
  const char *keep = getenv("LAT_KEEP");
  if (keep != NULL) {
    snprintf(c, sizeof c, "%s/merged.h5", keep);
    snprintf(d, sizeof d, "%s/merged_timing.h5", keep);
    assert_int_equal(lat_merge_write(c, d, first), LAT_OK);
    snprintf(c, sizeof c, "%s/point.h5", keep);
    assert_int_equal(lat_point_write(c, &first->point[2], NULL), LAT_OK);
  }
  lat_merged_free(first);
  lat_merged_free(second);
  assert_int_equal(lat_memory_current(), memory);
  sample_folder_remove(folder);
  sample_folder_remove(other);
  sample_folder_remove(out);
}

/* A folder with its merged file in another. */
struct scene {
  char folder[64], out[64], path[128];
  struct lat_merged *merged;
};

static void open_scene(struct scene *scene) {
  write_points(sample_folder(scene->folder), 1);
  snprintf(scene->path, sizeof scene->path, "%s/merged.h5", sample_folder(scene->out));
  scene->merged = read_points(scene->folder, 0);
  assert_int_equal(lat_merge_write(scene->path, NULL, scene->merged), LAT_OK);
}

static void close_scene(struct scene *scene) {
  lat_merged_free(scene->merged);
  sample_folder_remove(scene->folder);
  sample_folder_remove(scene->out);
}

static void arrays_are_padded_and_their_extents_kept(void **state) {
  (void)state;
  struct scene scene;
  open_scene(&scene);
  struct lat_hdf5_input input;
  size_t two[3] = {POINTS, 3}, three[3] = {POINTS, 3, 2}, one[1] = {POINTS};
  size_t four[4] = {POINTS, 2, 3, 1};
  double curve[POINTS][3], cube[POINTS][2][3];
  int64_t table[POINTS][3][2], steps[POINTS], levels[POINTS], wrong[POINTS];
  assert_int_equal(lat_hdf5_open(scene.path, &input), LAT_OK);
  assert_int_equal(lat_hdf5_read(input.file, "curve", H5T_NATIVE_DOUBLE, 2, two, curve), LAT_OK);
  assert_int_equal(lat_hdf5_read(input.file, "cube", H5T_NATIVE_DOUBLE, 4, four, cube), LAT_OK);
  assert_int_equal(lat_hdf5_read(input.file, "table", H5T_NATIVE_INT64, 3, three, table), LAT_OK);
  assert_int_equal(lat_hdf5_read(input.file, "table_extent_step", H5T_NATIVE_INT64, 1, one, steps), LAT_OK);
  assert_int_equal(lat_hdf5_read(input.file, "table_extent_level", H5T_NATIVE_INT64, 1, one, levels), LAT_OK);
  assert_int_equal(lat_hdf5_read(input.file, "wrong", H5T_NATIVE_INT64, 1, one, wrong), LAT_OK);
  lat_hdf5_close(&input);
  for (size_t i = 0; i < POINTS; i++) { /* canonical text sorts as i does */
    int failed = i % 5 == 4, none = failed || i % 4 == 1;
    size_t has = 1 + i % 3;
    const double known[3] = {1, 0.5, (double)NAN};
    assert_int_equal(wrong[i], failed ? INT64_MIN : -(int64_t)i);
    assert_int_equal(steps[i], none ? 0 : has);
    assert_int_equal(levels[i], none ? 0 : 2);
    for (size_t s = 0; s < 3; s++) {
      double expected = failed || s >= has ? (double)NAN : known[s];
      assert_true(isnan(expected) ? isnan(curve[i][s]) : curve[i][s] == expected);
      for (size_t l = 0; l < 2; l++) {
        if (failed || s >= has)
          assert_true(isnan(cube[i][l][s]));
        else
          assert_true(cube[i][l][s] == (double)(10 * (l * has + s + 1)));
        int64_t value = s == 2 && l == 1 ? INT64_MAX : (int64_t)(2 * s + l + 1);
        assert_int_equal(table[i][s][l], none || s >= has ? INT64_MIN : value);
      }
    }
  }
  close_scene(&scene);
}

/* One change after another in the points: the merged file of before is never taken for theirs. */
static void verifying_finds_every_kind_of_difference(void **state) {
  (void)state;
  struct scene scene;
  open_scene(&scene);
  struct lat_point *point = &scene.merged->point[2];
  const char *const numbers[] = {"wrong", "error", "curve", "table", "layers"};
  for (size_t i = 0; i < 5; i++) {
    struct lat_field *field = (struct lat_field *)(size_t)lat_record_find(&point->record, numbers[i]);
    assert_non_null(field);
    field->data.integer[lat_field_size(field) - (i == 2 ? 2 : 1)] ^= 1;
    assert_int_equal(lat_merge_verify(scene.path, scene.merged), LAT_INPUT);
    assert_non_null(strstr(lat_error_message(), numbers[i]));
    assert_non_null(strstr(lat_error_message(), scene.path));
    field->data.integer[lat_field_size(field) - (i == 2 ? 2 : 1)] ^= 1;
    char *unit = field->unit;
    for (size_t p = 0; p < POINTS; p++) {
      struct lat_field *each = (struct lat_field *)(size_t)lat_record_find(&scene.merged->point[p].record, numbers[i]);
      if (each != NULL) each->unit[0] ^= 1;
    }
    assert_int_equal(lat_merge_verify(scene.path, scene.merged), LAT_INPUT);
    assert_non_null(strstr(lat_error_message(), "units"));
    for (size_t p = 0; p < POINTS; p++) {
      struct lat_field *each = (struct lat_field *)(size_t)lat_record_find(&scene.merged->point[p].record, numbers[i]);
      if (each != NULL) each->unit[0] ^= 1;
    }
    assert_ptr_equal(unit, field->unit);
  }
  char *texts[] = {point->id,
                   point->canonical,
                   point->status,
                   point->size,
                   point->source,
                   point->flags,
                   point->record.field[0].data.text[0],
                   scene.merged->experiment};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    texts[i][1] ^= 1;
    assert_int_equal(lat_merge_verify(scene.path, scene.merged), LAT_INPUT);
    texts[i][1] ^= 1;
  }
  scene.merged->points--;
  assert_int_equal(lat_merge_verify(scene.path, scene.merged), LAT_INPUT);
  assert_non_null(strstr(lat_error_message(), "11 points where the folder has 10"));
  scene.merged->points++;
  double more = 1;
  assert_int_equal(lat_merge_verify(scene.path, scene.merged), LAT_OK);
  assert_int_equal(lat_record_add(&point->record, "more", "1", "x", LAT_REAL, 0, "", 0, NULL, &more), LAT_OK);
  assert_int_equal(lat_merge_verify(scene.path, scene.merged), LAT_INPUT);
  assert_non_null(strstr(lat_error_message(), "more is missing"));
  assert_int_equal(lat_merge_write(scene.path, NULL, scene.merged), LAT_OK);
  lat_merged_free(scene.merged);
  scene.merged = read_points(scene.folder, 0);
  assert_int_equal(lat_merge_verify(scene.path, scene.merged), LAT_INPUT);
  assert_non_null(strstr(lat_error_message(), "variables"));
  close_scene(&scene);
}

/* One bit in each byte: none passes. */
static void every_flipped_bit_is_found(void **state) {
  (void)state;
  struct scene scene;
  open_scene(&scene);
  char *bytes, path[128];
  size_t size;
  assert_int_equal(lat_file_read(scene.path, &bytes, &size), LAT_OK);
  snprintf(path, sizeof path, "%s/damaged.h5", scene.out);
  for (size_t i = 0; i < size; i++) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    bytes[i] = (char)(bytes[i] ^ 1 << (i % 8));
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    bytes[i] = (char)(bytes[i] ^ 1 << (i % 8));
    assert_int_equal(fclose(file), 0);
    if (lat_merge_verify(path, scene.merged) != LAT_INPUT) fail_msg("a flip in byte %zu is not found", i);
  }
  lat_free(bytes);
  close_scene(&scene);
}

static void damaged_points_are_named_or_counted(void **state) {
  (void)state;
  char folder[64], path[256];
  write_points(sample_folder(folder), 1);
  struct lat_point point;
  struct lat_merged *merged;
  assert_int_equal(sample_point(3, &point), LAT_OK);
  assert_int_equal(truncate(sample_path(folder, &point, path), 1000), 0);
  size_t damaged;
  assert_int_equal(lat_merge_read(folder, 1, NULL, &merged), LAT_INPUT);
  assert_null(merged);
  assert_non_null(strstr(lat_error_message(), point.id));
  assert_non_null(strstr(lat_error_message(), "delete it and run again"));
  assert_int_equal(lat_merge_read(folder, 1, &damaged, &merged), LAT_OK);
  assert_int_equal(damaged, 1);
  assert_int_equal(merged->points, POINTS - 1);
  lat_merged_free(merged);
  lat_point_free(&point);
  sample_folder_remove(folder);
  assert_int_equal(lat_merge_read(folder, 0, NULL, &merged), LAT_INPUT);
  assert_int_equal(lat_merge_read(sample_folder(folder), 0, NULL, &merged), LAT_INPUT);
  assert_non_null(strstr(lat_error_message(), "run the experiment first"));
  sample_folder_remove(folder);
}

/* Writes point 20 after `change`, and wants the union refused with `words`. */
static void assert_refused(void (*change)(struct lat_point *point), const char *words) {
  char folder[64], path[256];
  struct lat_point point;
  struct lat_merged *merged = NULL;
  write_points(sample_folder(folder), 1);
  assert_int_equal(sample_point(20, &point), LAT_OK);
  change(&point);
  assert_int_equal(lat_point_write(sample_path(folder, &point, path), &point, NULL), LAT_OK);
  lat_point_free(&point);
  int status = lat_merge_read(folder, 0, NULL, &merged);
  if (status == LAT_OK) {
    snprintf(path, sizeof path, "%s/merged.h5", folder);
    status = lat_merge_write(path, NULL, merged);
    assert_int_not_equal(access(path, F_OK), 0);
  }
  assert_int_equal(status, LAT_INPUT);
  if (strstr(lat_error_message(), words) == NULL) fail_msg("%s", lat_error_message());
  lat_merged_free(merged);
  sample_folder_remove(folder);
}

static void newer_version(struct lat_point *point) { point->experiment_version = 4; }
static void other_experiment(struct lat_point *point) { memcpy(point->experiment, "simple", 6); }
static void first_again(struct lat_point *point) {
  struct lat_point first;
  assert_int_equal(sample_point(0, &first), LAT_OK);
  memcpy(point->id, first.id, 32);
  lat_free(point->canonical);
  point->canonical = lat_strdup(first.canonical);
  lat_point_free(&first);
}
static void other_unit(struct lat_point *point) { point->record.field[1].unit[0] = 'x'; }
static void field_like_a_dimension(struct lat_point *point) {
  double x = 1;
  lat_record_free(&point->record);
  assert_int_equal(lat_record_add(&point->record, "level", "1", "x", LAT_REAL, 0, "", 0, NULL, &x), LAT_OK);
}
static void field_like_an_extent(struct lat_point *point) {
  double x = 1;
  lat_record_free(&point->record);
  assert_int_equal(lat_record_add(&point->record, "curve_extent_step", "1", "x", LAT_REAL, 0, "", 0, NULL, &x), LAT_OK);
}

static void points_that_do_not_go_together_are_refused(void **state) {
  (void)state;
  assert_refused(newer_version, "11 of 12 points are of an older version of sample (3; the newest is 4)");
  assert_refused(other_experiment, "sample and simple");
  assert_refused(other_unit, "layers means something else");
  assert_refused(field_like_a_dimension, "level is a field in one point and a dimension in another");
  assert_refused(field_like_an_extent, "curve_extent_step");
}

/* The same point under two names. */
static void a_point_found_twice_is_refused(void **state) {
  (void)state;
  char folder[64], path[256];
  struct lat_point point;
  struct lat_merged *merged;
  write_points(sample_folder(folder), 1);
  assert_int_equal(sample_point(20, &point), LAT_OK);
  first_again(&point);
  snprintf(path, sizeof path, "%s/copy.h5", folder);
  assert_int_equal(lat_point_write(path, &point, NULL), LAT_OK);
  assert_int_equal(lat_merge_read(folder, 0, NULL, &merged), LAT_INPUT);
  assert_non_null(strstr(lat_error_message(), "two files hold the point"));
  lat_point_free(&point);
  sample_folder_remove(folder);
}

static void the_table_has_every_scalar(void **state) {
  (void)state;
  struct scene scene;
  char path[128], *text;
  size_t size, lines = 0, tabs = 0;
  open_scene(&scene);
  lat_merged_free(scene.merged);
  scene.merged = read_points(scene.folder, 1);
  snprintf(path, sizeof path, "%s/scalars.tsv", scene.out);
  assert_int_equal(lat_merge_export(path, scene.merged), LAT_OK);
  assert_int_equal(lat_file_read(path, &text, &size), LAT_OK);
  const char *header =
      "id\tcanonical\tstatus\treason\tpoint_size\tpoint_source\tpoint_flags\tfamily (-)\tlayers (layers)\t"
      "wrong (1)\terror (bit)\tverdict (-)\tseconds (s)\n";
  assert_memory_equal(text, header, strlen(header));
  for (char *c = text; *c != '\0'; c++) {
    tabs += *c == '\t';
    lines += *c == '\n';
  }
  assert_int_equal(lines, 1 + POINTS);
  assert_int_equal(tabs, 12 * (1 + POINTS));
  assert_non_null(strstr(text,
                         "\tfamily=parity:8 layers=4\tok\t\tsmoke\tunknown\t-O3\tparity:8\t4\t-3\t0.30000000000000004\t"
                         "größer\t0.25\n"));
  assert_non_null(strstr(text,
                         "\tfailed\tthe loss is not finite at step 7\tsmoke\tunknown\t-O3\tparity:8\t5\tNaN\tNaN\tNaN\t"
                         "NaN\n"));
  lat_free(text);
  close_scene(&scene);
}

static void every_failed_allocation_is_reported(void **state) {
  (void)state;
  struct scene scene;
  open_scene(&scene);
  struct lat_merged *merged;
  size_t memory = lat_memory_current(), files = sample_files(scene.out);
  uint64_t k = 1;
  for (int status = LAT_MEMORY; status != LAT_OK; k += k < 100 ? 1 : 7) {
    lat_memory_fail_at(k);
    status = lat_merge_read(scene.folder, 1, NULL, &merged);
    lat_memory_fail_at(0);
    if (status == LAT_OK)
      lat_merged_free(merged);
    else
      assert_int_equal(status, LAT_MEMORY);
    assert_int_equal(lat_memory_current(), memory);
  }
  assert_true(k > 100);
  int (*const write_or_check[])(const char *, const struct lat_merged *) = {lat_merge_verify, lat_merge_export};
  for (size_t f = 0; f < 3; f++) {
    k = 1;
    for (int status = LAT_MEMORY; status != LAT_OK; k++) {
      lat_memory_fail_at(k);
      status = f == 2 ? lat_merge_write(scene.path, NULL, scene.merged) : write_or_check[f](scene.path, scene.merged);
      lat_memory_fail_at(0);
      if (status != LAT_OK) assert_int_equal(status, LAT_MEMORY);
      assert_int_equal(lat_memory_current(), memory);
    }
    assert_true(k > 5);
    if (f == 0) assert_int_equal(lat_merge_verify(scene.path, scene.merged), LAT_OK);
  }
  assert_int_equal(lat_merge_verify(scene.path, scene.merged), LAT_OK);
  assert_int_equal(sample_files(scene.out), files);
  close_scene(&scene);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(merging_forgets_the_order_of_the_points),
      cmocka_unit_test(arrays_are_padded_and_their_extents_kept),
      cmocka_unit_test(verifying_finds_every_kind_of_difference),
      cmocka_unit_test(every_flipped_bit_is_found),
      cmocka_unit_test(damaged_points_are_named_or_counted),
      cmocka_unit_test(points_that_do_not_go_together_are_refused),
      cmocka_unit_test(a_point_found_twice_is_refused),
      cmocka_unit_test(the_table_has_every_scalar),
      cmocka_unit_test(every_failed_allocation_is_reported),
  };
  return cmocka_run_group_tests_name("merge", tests, NULL, NULL);
}
