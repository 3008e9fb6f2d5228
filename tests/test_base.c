/* lib/base: errors, memory, random streams, text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after the four */
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/memory.h"
#include "lib/base/random.h"
#include "lib/base/status.h"
#include "lib/base/text.h"

static void error_sentence_is_stored_and_prefixed(void **state) {
  (void)state;
  lat_error_clear();
  assert_string_equal(lat_error_message(), "");
  assert_int_equal(LAT_FAIL(LAT_INPUT, "line %d is empty", 7), LAT_INPUT);
  assert_string_equal(lat_error_message(), "line 7 is empty");
  assert_non_null(strstr(lat_error_origin(), "test_base.c:"));
  assert_int_equal(lat_fail_prefix(LAT_INPUT, "%s", "a.blif"), LAT_INPUT);
  assert_string_equal(lat_error_message(), "a.blif: line 7 is empty");
  LAT_FAIL(LAT_FILE, "again: %s", lat_error_message()); /* an argument that points into the stored sentence */
  assert_string_equal(lat_error_message(), "again: a.blif: line 7 is empty");
}

static void an_overlong_sentence_is_cut_not_overrun(void **state) {
  (void)state;
  char big[5000];
  memset(big, 'x', sizeof big - 1);
  big[sizeof big - 1] = '\0';
  LAT_FAIL(LAT_INPUT, "%s", big);
  assert_int_equal(strlen(lat_error_message()), 1023);
  lat_fail_prefix(LAT_INPUT, "%s", big);
  assert_int_equal(strlen(lat_error_message()), 1023);
}

static void exit_status_follows_the_code(void **state) {
  (void)state;
  assert_int_equal(lat_status_exit(LAT_OK), 0);
  assert_int_equal(lat_status_exit(LAT_INPUT), 2);
  assert_int_equal(lat_status_exit(LAT_UNSUPPORTED), 2);
  for (int code = LAT_OK; code <= LAT_INTERRUPTED; code++) assert_string_not_equal(lat_status_name(code), "unknown");
  assert_int_equal(lat_status_exit(LAT_FILE), 1);
}

static void memory_is_aligned_counted_and_freed(void **state) {
  (void)state;
  size_t before = lat_memory_current();
  lat_memory_reset_peak();
  for (size_t bytes = 0; bytes < 300; bytes += 7) {
    char *p = lat_calloc(bytes, 1);
    assert_non_null(p);
    assert_int_equal((uintptr_t)p % 64, 0);
    for (size_t i = 0; i < bytes; i++) assert_int_equal(p[i], 0);
    assert_int_equal(lat_memory_current(), before + bytes);
    lat_free(p);
  }
  assert_int_equal(lat_memory_current(), before);
  assert_true(lat_memory_peak() >= before + 294);
}

static void realloc_keeps_the_content(void **state) {
  (void)state;
  size_t before = lat_memory_current();
  int *p = lat_realloc(NULL, 3, sizeof *p);
  for (int i = 0; i < 3; i++) p[i] = i;
  p = lat_realloc(p, 1000, sizeof *p);
  assert_int_equal(p[2], 2);
  p = lat_realloc(p, 2, sizeof *p);
  assert_int_equal(p[1], 1);
  lat_memory_fail_at(1);
  assert_null(lat_realloc(p, 50, sizeof *p)); /* and p is still owned */
  assert_int_equal(p[1], 1);
  lat_free(p);
  assert_int_equal(lat_memory_current(), before);
}

static void the_kth_allocation_fails_once(void **state) {
  (void)state;
  lat_memory_fail_at(2);
  void *a = lat_alloc(1, 1), *b = lat_alloc(1, 1), *c = lat_alloc(1, 1);
  assert_non_null(a);
  assert_null(b);
  assert_non_null(c);
  lat_free(a);
  lat_free(c);
}

static void an_impossible_size_is_refused(void **state) {
  (void)state;
  assert_null(lat_alloc(SIZE_MAX, 2));
  assert_null(lat_alloc(SIZE_MAX - 10, 1));
  assert_non_null(strstr(lat_error_message(), "more than"));
  lat_memory_limit(lat_memory_current() + 1000);
  assert_null(lat_alloc(2000, 1));
  lat_memory_limit(0);
}

/* Known answers of philox4x32-10 for counter 0 and key 0: the vectors that Random123 ships (kat_vectors). The stream's key
 * is a hash, so the generator is reached here by setting the fields. */
static void philox_gives_its_known_answers(void **state) {
  (void)state;
  struct lat_random random = {.key = 0, .index = 0, .block = 0, .used = 4};
  const uint32_t zero[4] = {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8};
  for (int i = 0; i < 4; i++) assert_int_equal(lat_random_u32(&random), zero[i]);
  struct lat_random ones = {.key = UINT64_MAX, .index = UINT64_MAX, .block = UINT64_MAX, .used = 4};
  const uint32_t one[4] = {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd};
  for (int i = 0; i < 4; i++) assert_int_equal(lat_random_u32(&ones), one[i]);
}

static void streams_differ_by_seed_purpose_and_index(void **state) {
  (void)state;
  const struct {
    uint64_t seed;
    const char *purpose;
    uint64_t index;
  } of[] = {
      {1, "a", 0}, {1, "b", 0}, {2, "a", 0}, {1, "a", 1}, {1 + ((uint64_t)1 << 32), "a", 0}, {1, "a", (uint64_t)1 << 32}};
  uint64_t first[6];
  for (int i = 0; i < 6; i++) {
    struct lat_random random;
    lat_random_start(&random, of[i].seed, of[i].purpose, of[i].index);
    first[i] = lat_random_u64(&random);
    for (int j = 0; j < i; j++) assert_int_not_equal(first[i], first[j]);
    lat_random_start(&random, of[i].seed, of[i].purpose, of[i].index);
    assert_int_equal(lat_random_u64(&random), first[i]);
  }
}

static void bounded_draws_are_uniform(void **state) {
  (void)state;
  struct lat_random random;
  lat_random_start(&random, 5, "test", 0);
  enum { BINS = 7, DRAWS = 70000 };
  double count[BINS] = {0}, chi2 = 0;
  for (int i = 0; i < DRAWS; i++) count[lat_random_below(&random, BINS)]++;
  for (int i = 0; i < BINS; i++) chi2 += (count[i] - DRAWS / BINS) * (count[i] - DRAWS / BINS) / (DRAWS / BINS);
  assert_true(gsl_cdf_chisq_Q(chi2, BINS - 1) > 1e-6 && gsl_cdf_chisq_P(chi2, BINS - 1) > 1e-6);
  double sum = 0;
  for (int i = 0; i < DRAWS; i++) {
    double u = lat_random_uniform(&random);
    assert_true(u >= 0 && u < 1);
    sum += u;
  }
  assert_true(fabs(sum / DRAWS - 0.5) <= 6 * sqrt(1 / 12.0 / DRAWS));
  uint32_t order[257];
  int seen[257] = {0};
  lat_random_permutation(&random, order, 257);
  for (int i = 0; i < 257; i++) seen[order[i]]++;
  for (int i = 0; i < 257; i++) assert_int_equal(seen[i], 1);
}

static void gsl_distributions_run_on_philox(void **state) {
  (void)state;
  gsl_rng *generator = gsl_rng_alloc(lat_rng_philox);
  assert_non_null(generator);
  lat_random_gsl(generator, 3, "gauss", 4);
  struct lat_random same;
  lat_random_start(&same, 3, "gauss", 4);
  assert_int_equal(gsl_rng_get(generator), lat_random_u32(&same));
  double sum = 0, square = 0;
  enum { DRAWS = 40000 };
  for (int i = 0; i < DRAWS; i++) {
    double x = gsl_ran_gaussian_ziggurat(generator, 1);
    sum += x;
    square += x * x;
  }
  assert_true(fabs(sum / DRAWS) <= 6 / sqrt(DRAWS));
  assert_true(fabs(square / DRAWS - 1) <= 6 * sqrt(2.0 / DRAWS));
  gsl_rng_free(generator);
}

static void numbers_are_parsed_whole_or_refused(void **state) {
  (void)state;
  int64_t n = 0;
  double x = 0;
  assert_int_equal(lat_parse_int("-12", -100, 100, &n), LAT_OK);
  assert_int_equal(n, -12);
  const char *const bad[] = {"", " 1", "1 ", "1x", "0x10", "+1", "1.0", "--1", "101", "99999999999999999999"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) assert_int_equal(lat_parse_int(bad[i], -100, 100, &n), LAT_INPUT);
  assert_int_equal(lat_parse_real("1e-3", 0, 1, &x), LAT_OK);
  assert_true(x == 1e-3);
  const char *const wrong[] = {"", "nan", "inf", "-inf", "1e999", "2", "-0.1", "0.5 ", "half"};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) assert_int_equal(lat_parse_real(wrong[i], 0, 1, &x), LAT_INPUT);
}

static void formatted_reals_read_back_the_same(void **state) {
  (void)state;
  char text[32];
  assert_string_equal(lat_format_real(0.1, text), "0.1");
  assert_string_equal(lat_format_real(3, text), "3");
  struct lat_random random;
  lat_random_start(&random, 1, "format", 0);
  for (int i = 0; i < 2000; i++) {
    double value = (lat_random_uniform(&random) - 0.5) * pow(10, (double)lat_random_below(&random, 40) - 20);
    assert_true(strtod(lat_format_real(value, text), NULL) == value);
  }
}

static char folder[] = "/tmp/latentlab-base-XXXXXX";
static int make_folder(void **state) {
  (void)state;
  return mkdtemp(folder) == NULL;
}
static int remove_folder(void **state) {
  (void)state;
  char command[128];
  snprintf(command, sizeof command, "rm -rf '%s'", folder);
  return system(command);
}

static void files_are_replaced_whole(void **state) {
  (void)state;
  char path[128], below[160];
  snprintf(path, sizeof path, "%s/file", folder);
  assert_int_equal(lat_file_write(path, "one\0two", 7), LAT_OK);
  char *bytes = NULL;
  size_t count = 0;
  assert_int_equal(lat_file_read(path, &bytes, &count), LAT_OK);
  assert_int_equal(count, 7);
  assert_memory_equal(bytes, "one\0two", 8);
  lat_free(bytes);

  /* The disk is full from the first KiB on: the old content stays and no temporary file is left. */
  struct rlimit old, small = {1024, 1024};
  getrlimit(RLIMIT_FSIZE, &old);
  small.rlim_max = old.rlim_max;
  signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &small);
  char big[4096] = {0};
  int status = lat_file_write(path, big, sizeof big);
  setrlimit(RLIMIT_FSIZE, &old);
  assert_int_equal(status, LAT_FILE);
  assert_non_null(strstr(lat_error_message(), path));
  assert_int_equal(lat_file_read(path, &bytes, &count), LAT_OK);
  assert_int_equal(count, 7);
  lat_free(bytes);
  snprintf(below, sizeof below, "%s/file.tmp.%ld", folder, (long)getpid());
  assert_int_equal(access(below, F_OK), -1);

  snprintf(below, sizeof below, "%s/none/file", folder);
  assert_int_equal(lat_file_write(below, "x", 1), LAT_FILE);
  assert_int_equal(lat_file_read(below, &bytes, &count), LAT_INPUT);
  assert_int_equal(lat_file_read(folder, &bytes, &count), LAT_INPUT);
  assert_int_equal(lat_file_read("", &bytes, &count), LAT_INPUT);

  /* What is no regular file is not replaced by one: a device here, by way of a pipe with a name. */
  char pipe_name[256];
  struct stat about;
  snprintf(pipe_name, sizeof pipe_name, "%s/pipe", folder);
  assert_int_equal(mkfifo(pipe_name, 0666), 0);
  assert_int_equal(lat_file_write(pipe_name, "x", 1), LAT_FILE);
  assert_non_null(strstr(lat_error_message(), "a device or a pipe"));
  assert_int_equal(stat(pipe_name, &about), 0);
  assert_true(S_ISFIFO(about.st_mode));
  assert_int_equal(unlink(pipe_name), 0);
  assert_int_equal(lat_file_write(folder, "x", 1), LAT_FILE);
  assert_non_null(strstr(lat_error_message(), "folder"));
}

static void reading_survives_every_failed_allocation(void **state) {
  (void)state;
  char path[128];
  snprintf(path, sizeof path, "%s/large", folder);
  static char large[300000];
  memset(large, 'z', sizeof large);
  assert_int_equal(lat_file_write(path, large, sizeof large), LAT_OK);
  size_t before = lat_memory_current();
  int failures = 0;
  for (uint64_t k = 1;; k++) {
    char *bytes = NULL;
    size_t count = 0;
    lat_memory_fail_at(k);
    int status = lat_file_read(path, &bytes, &count);
    lat_memory_fail_at(0);
    lat_free(bytes);
    assert_int_equal(lat_memory_current(), before);
    if (status == LAT_OK) break;
    assert_int_equal(status, LAT_MEMORY);
    failures++;
  }
  assert_true(failures >= 2);
}

static void clocks_run_forward(void **state) {
  (void)state;
  double wall = lat_clock(), cpu = lat_clock_cpu();
  assert_true(lat_clock() >= wall);
  assert_true(lat_clock_cpu() >= cpu);
  assert_true(lat_clock_peak_resident() > 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(error_sentence_is_stored_and_prefixed),
      cmocka_unit_test(an_overlong_sentence_is_cut_not_overrun),
      cmocka_unit_test(exit_status_follows_the_code),
      cmocka_unit_test(memory_is_aligned_counted_and_freed),
      cmocka_unit_test(realloc_keeps_the_content),
      cmocka_unit_test(the_kth_allocation_fails_once),
      cmocka_unit_test(an_impossible_size_is_refused),
      cmocka_unit_test(philox_gives_its_known_answers),
      cmocka_unit_test(streams_differ_by_seed_purpose_and_index),
      cmocka_unit_test(bounded_draws_are_uniform),
      cmocka_unit_test(gsl_distributions_run_on_philox),
      cmocka_unit_test(numbers_are_parsed_whole_or_refused),
      cmocka_unit_test(formatted_reals_read_back_the_same),
      cmocka_unit_test(files_are_replaced_whole),
      cmocka_unit_test(reading_survives_every_failed_allocation),
      cmocka_unit_test(clocks_run_forward),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
