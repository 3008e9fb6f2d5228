/* Replays the kept fuzzing corpus through the fuzz target, which aborts on what it finds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above. */
#include <cmocka.h>
#include <dirent.h>

#include "tests/fuzz/fuzz_circuit.c"

static void every_file_of_the_corpus_is_survived(void **state) {
  (void)state;
  char folder[512], path[1024];
  snprintf(folder, sizeof folder, "%.*sfuzz/corpus", (int)(strrchr(__FILE__, '/') + 1 - __FILE__), __FILE__);
  DIR *files = opendir(folder);
  if (files == NULL) fail_msg("%s cannot be opened: run the tests from the project's folder", folder);
  int count = 0;
  for (struct dirent *entry; (entry = readdir(files)) != NULL;) {
    if (entry->d_name[0] == '.') continue;
    char *bytes = NULL;
    size_t length = 0;
    snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
    assert_int_equal(lat_file_read(path, &bytes, &length), LAT_OK);
    LLVMFuzzerTestOneInput((const uint8_t *)bytes, length);
    /* and every beginning of the file */
    for (size_t cut = 0; cut < length && length < 400; cut++) LLVMFuzzerTestOneInput((const uint8_t *)bytes, cut);
    lat_free(bytes);
    count++;
  }
  closedir(files);
  if (!(count >= 30)) fail();
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(every_file_of_the_corpus_is_survived)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
