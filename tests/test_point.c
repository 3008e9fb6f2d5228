/* Point files: what is written comes back, equal content gives equal bytes, damage never passes for a result, and a failed
 * write leaves nothing behind. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/memory.h"
#include "lib/base/status.h"
#include "lib/base/text.h"
#include "lib/store/file.h"
#include "lib/store/hdf5.h"
#include "lib/store/point.h"
#include "lib/store/seal.h"
#include "tests/store_sample.h"

static void what_is_written_comes_back(void **state) {
  (void)state;
  char folder[64], path[256];
  sample_folder(folder);
  size_t before = lat_memory_current();
  for (size_t i = 0; i < 6; i++) {
    struct lat_point point, back;
    assert_int_equal(sample_point(i, &point), LAT_OK);
    sample_path(folder, &point, path);
    assert_int_equal(lat_point_write(path, &point, "{}\n"), LAT_OK);
    assert_int_equal(lat_point_read(path, &back), LAT_OK);
    assert_int_equal(lat_point_read_timing(path, &back), LAT_OK);
    assert_true(sample_equal(&point, &back));
    lat_point_free(&point);
    lat_point_free(&back);
  }
  assert_int_equal(lat_memory_current(), before);
  assert_int_equal(sample_files(folder), 6 * 2 + 5);
  sample_folder_remove(folder);
}

static char *contents(const char *path, size_t *size) {
  char *bytes;
  assert_int_equal(lat_file_read(path, &bytes, size), LAT_OK);
  return bytes;
}

static void equal_content_gives_equal_bytes(void **state) {
  (void)state;
  char folder[64], path[256], other[256];
  sample_folder(folder);
  struct lat_point point;
  assert_int_equal(sample_point(2, &point), LAT_OK);
  sample_path(folder, &point, path);
  snprintf(other, sizeof other, "%s/other.h5", folder);
  assert_int_equal(lat_point_write(path, &point, "{\"host\":\"a\"}"), LAT_OK);
  usleep(1100000); /* a time stamp of seconds would differ */
  assert_int_equal(lat_point_write(other, &point, "{\"host\":\"b\"}"), LAT_OK);
  assert_true(sample_same_bytes(path, other));
  lat_point_free(&point);
  sample_folder_remove(folder);
}

/* Writes BYTES to PATH, without a flush to the disk: there are thousands of them. */
static void put_file(const char *path, const char *bytes, size_t size) {
  FILE *file = fopen(path, "wb");
  assert_non_null(file);
  assert_int_equal(fwrite(bytes, 1, size, file), size);
  assert_int_equal(fclose(file), 0);
}

/* One bit of each byte in turn (which bit changes from byte to byte): all are found. */
static void every_flipped_bit_is_found(void **state) {
  (void)state;
  char folder[64], path[256], other[256];
  sample_folder(folder);
  struct lat_point point, back;
  assert_int_equal(sample_point(2, &point), LAT_OK);
  sample_path(folder, &point, path);
  snprintf(other, sizeof other, "%s/other.h5", folder);
  assert_int_equal(lat_point_write(path, &point, NULL), LAT_OK);
  size_t size;
  char *bytes = contents(path, &size);
  for (size_t i = 0; i < size; i++) {
    bytes[i] = (char)(bytes[i] ^ 1 << (i * 5 % 8));
    put_file(other, bytes, size);
    bytes[i] = (char)(bytes[i] ^ 1 << (i * 5 % 8));
    if (lat_point_read(other, &back) != LAT_INPUT) fail_msg("a flip in byte %zu is not found", i);
    const char *words = i < size - LAT_SEAL_SIZE ? "not those that were written" : "delete it and run again";
    if (strstr(lat_error_message(), words) == NULL) fail_msg("%s", lat_error_message());
  }
  lat_free(bytes);
  lat_point_free(&point);
  sample_folder_remove(folder);
}

/* The same with a seal that was made again after the damage: HDF5's checksums and the digest of the content still find all
 * flips that change a result. A sample of the bytes, since HDF5 is slower than the seal. */
static void no_flip_under_a_new_seal_gives_another_result(void **state) {
  (void)state;
  char folder[64], path[256], other[256];
  sample_folder(folder);
  struct lat_point point, back;
  assert_int_equal(sample_point(2, &point), LAT_OK);
  sample_path(folder, &point, path);
  snprintf(other, sizeof other, "%s/other.h5", folder);
  assert_int_equal(lat_point_write(path, &point, NULL), LAT_OK);
  lat_point_free(&point);
  assert_int_equal(lat_point_read(path, &point), LAT_OK);
  size_t size, found = 0, harmless = 0;
  char *bytes = contents(path, &size), seal[LAT_SEAL_SIZE + 1];
  for (size_t i = 0; i < size - LAT_SEAL_SIZE; i += 7) {
    bytes[i] = (char)(bytes[i] ^ 1 << (i % 8));
    lat_seal_make(bytes, size - LAT_SEAL_SIZE, seal);
    memcpy(bytes + size - LAT_SEAL_SIZE, seal, LAT_SEAL_SIZE);
    put_file(other, bytes, size);
    bytes[i] = (char)(bytes[i] ^ 1 << (i % 8));
    int status = lat_point_read(other, &back);
    if (status == LAT_OK) {
      if (!sample_equal(&point, &back)) fail_msg("a flip in byte %zu gives another result", i);
      lat_point_free(&back);
      harmless++;
    } else {
      assert_int_equal(status, LAT_INPUT);
      found++;
    }
  }
  print_message("of %zu flips, %zu are found and %zu change nothing\n", found + harmless, found, harmless);
  assert_true(found > harmless);
  lat_free(bytes);
  lat_point_free(&point);
  sample_folder_remove(folder);
}

/* Through HDF5 itself, so that all of its checksums are right. */
static void a_value_that_was_changed_is_found_by_the_digest(void **state) {
  (void)state;
  char folder[64], path[256], seal[LAT_SEAL_SIZE + 1];
  sample_folder(folder);
  struct lat_point point, back;
  double other = 7;
  size_t size;
  assert_int_equal(sample_point(2, &point), LAT_OK);
  assert_int_equal(lat_point_write(sample_path(folder, &point, path), &point, NULL), LAT_OK);
  hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT), dataset = H5Dopen2(file, "error", H5P_DEFAULT);
  assert_true(H5Dwrite(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, &other) >= 0);
  assert_true(H5Dclose(dataset) >= 0 && H5Fclose(file) >= 0);
  assert_int_equal(lat_point_read(path, &back), LAT_INPUT);
  char *bytes = contents(path, &size), *sealed = lat_alloc(size + LAT_SEAL_SIZE, 1);
  memcpy(sealed, bytes, size);
  lat_seal_make(bytes, size, seal);
  memcpy(sealed + size, seal, LAT_SEAL_SIZE);
  put_file(path, sealed, size + LAT_SEAL_SIZE);
  assert_int_equal(lat_point_read(path, &back), LAT_INPUT);
  assert_non_null(strstr(lat_error_message(), "digest"));
  lat_free(bytes);
  lat_free(sealed);
  lat_point_free(&point);
  sample_folder_remove(folder);
}

static void a_cut_file_is_refused(void **state) {
  (void)state;
  char folder[64], path[256];
  sample_folder(folder);
  struct lat_point point, back;
  assert_int_equal(sample_point(1, &point), LAT_OK);
  sample_path(folder, &point, path);
  assert_int_equal(lat_point_write(path, &point, NULL), LAT_OK);
  size_t size;
  char *bytes = contents(path, &size);
  for (size_t left = 0; left < size; left += left < 64 ? 7 : 131) {
    assert_int_equal(truncate(path, 0), 0);
    assert_int_equal(lat_store_replace(path, bytes, left), LAT_OK);
    assert_int_equal(lat_point_read(path, &back), LAT_INPUT);
  }
  lat_free(bytes);
  assert_int_equal(lat_point_read("/nowhere/x.h5", &back), LAT_INPUT);
  assert_null(strstr(lat_error_message(), "delete"));
  lat_point_free(&point);
  sample_folder_remove(folder);
}

static void every_failed_allocation_is_reported(void **state) {
  (void)state;
  char folder[64], path[256];
  sample_folder(folder);
  struct lat_point point, back;
  assert_int_equal(sample_point(2, &point), LAT_OK);
  sample_path(folder, &point, path);
  assert_int_equal(lat_point_write(path, &point, NULL), LAT_OK); /* HDF5's own free lists are filled */
  size_t memory = lat_memory_current(), files = sample_files(folder);
  uint64_t k = 1;
  for (int status = LAT_MEMORY; status != LAT_OK; k++) {
    unlink(path);
    lat_memory_fail_at(k);
    status = lat_point_write(path, &point, "{}");
    lat_memory_fail_at(0);
    if (status != LAT_OK) {
      assert_int_equal(status, LAT_MEMORY);
      assert_int_not_equal(access(path, F_OK), 0);
    }
    assert_int_equal(lat_memory_current(), memory);
  }
  assert_true(k > 5);
  assert_int_equal(sample_files(folder), files + 1);
  k = 1;
  for (int status = LAT_MEMORY; status != LAT_OK; k++) {
    lat_memory_fail_at(k);
    status = lat_point_read(path, &back);
    lat_memory_fail_at(0);
    if (status == LAT_OK)
      lat_point_free(&back);
    else
      assert_int_equal(status, LAT_MEMORY);
    assert_int_equal(lat_memory_current(), memory);
  }
  assert_true(k > 20);
  lat_point_free(&point);
  sample_folder_remove(folder);
}

/* The limit on the size of files stands for a full disk: the write stops in the middle. */
static void a_full_disk_leaves_nothing(void **state) {
  (void)state;
  char folder[64], path[256];
  sample_folder(folder);
  struct lat_point point;
  assert_int_equal(sample_point(2, &point), LAT_OK);
  sample_path(folder, &point, path);
  signal(SIGXFSZ, SIG_IGN);
  struct rlimit old, small;
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
  small = old;
  small.rlim_cur = 1000;
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
  int status = lat_point_write(path, &point, "{}");
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
  assert_int_equal(status, LAT_FILE);
  assert_non_null(strstr(lat_error_message(), strerror(EFBIG)));
  assert_non_null(strstr(lat_error_message(), folder));
  assert_int_not_equal(access(path, F_OK), 0);
  assert_int_equal(sample_files(folder), 0);
  assert_int_equal(lat_point_write(path, &point, "{}"), LAT_OK);
  lat_point_free(&point);
  sample_folder_remove(folder);
}

static void a_place_that_takes_no_files_is_named(void **state) {
  (void)state;
  struct lat_point point;
  assert_int_equal(sample_point(4, &point), LAT_OK);
  assert_int_equal(lat_point_write("/proc/point.h5", &point, NULL), LAT_FILE);
  assert_non_null(strstr(lat_error_message(), "/proc/point.h5"));
  assert_int_equal(lat_point_write("/dev/null/point.h5", &point, NULL), LAT_FILE);
  lat_point_free(&point);
}

static void temporaries_of_dead_processes_are_swept(void **state) {
  (void)state;
  char folder[64], path[300], host[200];
  sample_folder(folder);
  assert_int_equal(gethostname(host, sizeof host), 0);
  for (char *c = host; *c != '\0'; c++)
    if (*c == '.') *c = '-';
  pid_t child = fork();
  if (child == 0) _exit(0);
  assert_int_equal(waitpid(child, NULL, 0), child);
  long owners[] = {(long)child, (long)getpid()};
  for (int i = 0; i < 2; i++) {
    snprintf(path, sizeof path, "%s/a.h5.tmp.%s.%ld", folder, host, owners[i]);
    fclose(fopen(path, "w"));
  }
  snprintf(path, sizeof path, "%s/a.h5.tmp.other-host.%ld", folder, owners[0]);
  fclose(fopen(path, "w"));
  snprintf(path, sizeof path, "%s/a.h5", folder);
  fclose(fopen(path, "w"));
  size_t removed;
  assert_int_equal(lat_store_sweep_temporaries(folder, &removed), LAT_OK);
  assert_int_equal(removed, 1);
  assert_int_equal(sample_files(folder), 3);
  assert_int_equal(lat_store_sweep_temporaries("/nowhere", &removed), LAT_FILE);
  sample_folder_remove(folder);
}

/* Killed again and again, each time a little later than after its first points: every file under a final name is whole. */
static void a_killed_writer_leaves_whole_points_only(void **state) {
  (void)state;
  char folder[64], path[256];
  sample_folder(folder);
  for (unsigned round = 0; round < 8; round++) {
    int written[2];
    assert_int_equal(pipe(written), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
      for (size_t i = 0;; i = (i + 1) % 20) {
        struct lat_point point;
        if (sample_point(i, &point) != LAT_OK) _exit(1);
        if (lat_point_write(sample_path(folder, &point, path), &point, "{}") != LAT_OK) _exit(1);
        lat_point_free(&point);
        if (write(written[1], "", 1) != 1) _exit(1);
      }
    }
    char byte;
    close(written[1]);
    for (unsigned i = 0; i <= round; i++) assert_int_equal(read(written[0], &byte, 1), 1);
    usleep(1700 * round);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    close(written[0]);
    assert_int_equal(lat_store_sweep_temporaries(folder, NULL), LAT_OK);
  }
  size_t whole = 0;
  for (size_t i = 0; i < 20; i++) {
    struct lat_point point, back;
    assert_int_equal(sample_point(i, &point), LAT_OK);
    if (access(sample_path(folder, &point, path), F_OK) == 0) {
      assert_int_equal(lat_point_read(path, &back), LAT_OK);
      assert_int_equal(lat_point_read_timing(path, &back), LAT_OK);
      assert_true(sample_equal(&point, &back));
      lat_point_free(&back);
      whole++;
    }
    lat_point_free(&point);
  }
  assert_true(whole > 0);
  sample_folder_remove(folder);
}

static void names_that_files_cannot_hold_are_refused(void **state) {
  (void)state;
  size_t two = 2, three = 3;
  double x[3] = {1, 2, 3};
  struct lat_point point;
  assert_int_equal(sample_point(4, &point), LAT_OK);
  size_t fields = point.record.count;
  struct lat_record *record = &point.record;
  const char *const names[] = {"id", "point", "point_x"};
  for (size_t i = 0; i < 3; i++) {
    assert_int_equal(lat_record_add(record, names[i], "1", "x", LAT_REAL, LAT_IS_PARAMETER, "", 0, NULL, x), LAT_OK);
    assert_int_equal(lat_point_write("/tmp/never.h5", &point, NULL), LAT_INPUT);
    assert_non_null(strstr(lat_error_message(), "reserved"));
    lat_point_free(&point);
    assert_int_equal(sample_point(4, &point), LAT_OK);
  }
  assert_int_equal(lat_record_add(record, "a", "1", "x", LAT_REAL, 0, "step", 1, &two, x), LAT_OK);
  assert_int_equal(lat_record_add(record, "b", "1", "x", LAT_REAL, 0, "step", 1, &three, x), LAT_OK);
  assert_int_equal(lat_point_write("/tmp/never.h5", &point, NULL), LAT_INPUT);
  lat_point_free(&point);
  assert_int_equal(sample_point(4, &point), LAT_OK);
  assert_int_equal(lat_record_add(record, "step", "1", "x", LAT_REAL, 0, "step", 1, &two, x), LAT_OK);
  assert_int_equal(lat_point_write("/tmp/never.h5", &point, NULL), LAT_INPUT);
  assert_int_equal(record->count, fields + 1);
  lat_point_free(&point);
  assert_int_not_equal(access("/tmp/never.h5", F_OK), 0);
}

static void the_id_depends_on_every_part(void **state) {
  (void)state;
  char id[33], other[33];
  lat_point_id("depth", 1, "layers=1", id);
  assert_int_equal(strlen(id), 32);
  assert_int_equal(strspn(id, "0123456789abcdef"), 32);
  /* A fixed value: ids stay the same from version to version and machine to machine. */
  assert_string_equal(id, "3360faf3aff049fe3ccc78ed835b7963");
  lat_point_id("depth", 2, "layers=1", other);
  assert_string_not_equal(id, other);
  lat_point_id("depth", 1, "layers=2", other);
  assert_string_not_equal(id, other);
  lat_point_id("dept", 1, "layers=1", other);
  assert_string_not_equal(id, other);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_written_comes_back),
      cmocka_unit_test(equal_content_gives_equal_bytes),
      cmocka_unit_test(every_flipped_bit_is_found),
      cmocka_unit_test(no_flip_under_a_new_seal_gives_another_result),
      cmocka_unit_test(a_value_that_was_changed_is_found_by_the_digest),
      cmocka_unit_test(a_cut_file_is_refused),
      cmocka_unit_test(every_failed_allocation_is_reported),
      cmocka_unit_test(a_full_disk_leaves_nothing),
      cmocka_unit_test(a_place_that_takes_no_files_is_named),
      cmocka_unit_test(temporaries_of_dead_processes_are_swept),
      cmocka_unit_test(a_killed_writer_leaves_whole_points_only),
      cmocka_unit_test(names_that_files_cannot_hold_are_refused),
      cmocka_unit_test(the_id_depends_on_every_part),
  };
  return cmocka_run_group_tests_name("point", tests, NULL, NULL);
}
