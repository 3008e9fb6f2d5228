#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
/* cmocka wants the headers above first */
#include <cmocka.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/process.h"
#include "lib/base/status.h"
#include "lib/base/text.h"
#include "lib/sweep/claim.h"
#include "lib/sweep/layout.h"
#include "lib/sweep/runner.h"
#include "tests/sweep_sample.h"

static size_t done_now;

static void note(void *context, enum lat_event event, const struct lat_sweep_point *point, double fraction) {
  (void)context, (void)point, (void)fraction;
  done_now += event == LAT_EVENT_DONE;
}

/* Runs size smoke; how many points were done. */
static size_t run_plain(const char *out) {
  struct lat_request request = {.size = "smoke"};
  struct lat_runner runner = {.out = out, .jobs = 1, .tell = note};
  struct lat_sweep *plan = NULL;
  size_t forgotten;
  done_now = 0;
  assert_int_equal(lat_sweep_make(&lat_experiment_sample, &request, &plan), LAT_OK);
  assert_int_equal(lat_runner_prepare(out, plan, 0, &forgotten), LAT_OK);
  assert_int_equal(lat_runner_run(&runner, plan), LAT_OK);
  lat_sweep_free(plan);
  return done_now;
}

/* Puts a claim on every point of smoke. */
static void claim_all(const char *out, const char *content) {
  struct lat_request request = {.size = "smoke"};
  struct lat_sweep *plan = NULL;
  struct lat_text path = {0};
  size_t forgotten;
  assert_int_equal(lat_sweep_make(&lat_experiment_sample, &request, &plan), LAT_OK);
  assert_int_equal(lat_runner_prepare(out, plan, 0, &forgotten), LAT_OK);
  for (size_t i = 0; i < plan->count; i++) {
    assert_int_equal(lat_path(&path, "%s/sample/%s.lock", out, plan->point[i].id), LAT_OK);
    assert_int_equal(lat_file_write(path.bytes, content, strlen(content)), LAT_OK);
  }
  lat_text_free(&path);
  lat_sweep_free(plan);
}

static void claims_of_the_dead_and_of_other_hosts_hold_nobody_up(void **state) {
  (void)state;
  char out[64], serial[64], content[400], host[256] = "";
  lat_sample_folder(serial);
  run_plain(serial);
  gethostname(host, sizeof host - 1);
  pid_t child = fork();
  if (child == 0) _exit(0);
  waitpid(child, NULL, 0);
  for (int i = 0; i < 3; i++) {
    lat_sample_folder(out);
    if (i == 0)
      snprintf(content, sizeof content, "%s %ld 0\n", host, (long)child); /* gone; and where nobody tells when it began */
    else if (i == 1)
      snprintf(content, sizeof content, "%s %ld 1\n", host, (long)getppid()); /* alive, but began at another time */
    else
      snprintf(content, sizeof content, "another-host-%s 1 1\n", host);
    claim_all(out, content);
    assert_int_equal(run_plain(out), 15);
    assert_int_equal(lat_sample_count(out, ".lock"), 0);
    assert_string_equal(lat_sample_difference(out, serial), "");
    lat_sample_remove(out);
  }
  lat_sample_remove(serial);
}

static void a_process_that_ended_and_is_not_waited_for_is_gone(void **state) {
  (void)state;
  pid_t child = fork();
  if (child == 0) _exit(0);
  siginfo_t info;
  assert_int_equal(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT), 0); /* it stays a zombie */
  assert_int_equal(kill(child, 0), 0);
  assert_int_equal(lat_process_alive((long)child), 0);
  waitpid(child, NULL, 0);
  assert_int_equal(lat_process_alive((long)child), 0);
  assert_int_equal(lat_process_alive((long)getpid()), 1);
  assert_true(lat_process_began((long)getpid()) > 0);
}

static void a_living_claim_is_kept_and_waited_for(void **state) {
  (void)state;
  char out[64], path[128];
  lat_sample_folder(out);
  snprintf(path, sizeof path, "%s/lock", out);
  int ready[2];
  assert_int_equal(pipe(ready), 0);
  pid_t child = fork();
  if (child == 0) {
    enum lat_claim claim;
    struct timespec pause = {0, 300000000};
    int taken = lat_claim_take(path, 0, &claim) == LAT_OK && claim == LAT_CLAIM_MINE;
    (void)!write(ready[1], "x", 1);
    nanosleep(&pause, NULL);
    lat_claim_drop(path);
    _exit(!taken);
  }
  char byte;
  assert_int_equal(read(ready[0], &byte, 1), 1);
  enum lat_claim claim;
  assert_int_equal(lat_claim_held(path), 1);
  assert_int_equal(lat_claim_take(path, 1, &claim), LAT_OK);
  assert_int_equal(claim, LAT_CLAIM_HERE);
  int result;
  waitpid(child, &result, 0);
  assert_int_equal(result, 0);
  assert_int_equal(lat_claim_held(path), 0);
  assert_int_equal(lat_claim_take(path, 0, &claim), LAT_OK);
  assert_int_equal(claim, LAT_CLAIM_MINE);
  assert_int_equal(lat_claim_held(path), 1);
  close(ready[0]), close(ready[1]);
  lat_sample_remove(out);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(claims_of_the_dead_and_of_other_hosts_hold_nobody_up),
      cmocka_unit_test(a_process_that_ended_and_is_not_waited_for_is_gone),
      cmocka_unit_test(a_living_claim_is_kept_and_waited_for),
  };
  return cmocka_run_group_tests_name("claim", tests, NULL, NULL);
}
