/* Schedules of circuits, against a plain scheduler, against the best schedule there is (tiny circuits), and within Brent's
 * bounds for every family. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/memory.h"
#include "lib/base/random.h"
#include "lib/base/status.h"
#include "lib/circuit/circuit.h"
#include "lib/circuit/schedule.h"
#include "tests/netlist_help.h"

enum { MOST = 400, TINY = 12 };

static struct lat_schedule scheduled(const struct lat_netlist *netlist, size_t width) {
  struct lat_schedule schedule;
  assert_int_equal(lat_schedule_make(netlist, width, &schedule), LAT_OK);
  return schedule;
}

/* What any schedule must be, whatever its order. */
static void assert_valid(const struct lat_netlist *netlist, const struct lat_schedule *schedule) {
  size_t scheduled_gates = 0, *count = calloc(schedule->steps + 1, sizeof *count);
  for (size_t i = 0; i < netlist->nodes; i++) {
    uint32_t step = schedule->step[i];
    assert_true(step <= schedule->steps);
    if (i < netlist->inputs) assert_int_equal(step, LAT_STEP_NEVER);
    if (step == LAT_STEP_NEVER) continue;
    count[step]++;
    scheduled_gates++;
    for (uint32_t f = netlist->first[i]; f < netlist->first[i + 1]; f++) {
      uint32_t from = netlist->fan_in[f];
      if (from >= netlist->inputs) assert_true(schedule->step[from] != LAT_STEP_NEVER && schedule->step[from] < step);
    }
  }
  for (size_t o = 0; o < netlist->outputs; o++)
    assert_true(netlist->output[o] < netlist->inputs || schedule->step[netlist->output[o]] != LAT_STEP_NEVER);
  assert_int_equal(scheduled_gates, schedule->size);
  assert_int_equal(schedule->count[0], 0);
  for (size_t t = 1; t <= schedule->steps; t++) {
    assert_int_equal(schedule->count[t], count[t]);
    assert_true(count[t] >= 1 && count[t] <= schedule->width);
  }
  free(count);
}

static void assert_within_brent(const struct lat_schedule *schedule) {
  assert_true(schedule->steps >= lat_brent_lower(schedule->size, schedule->depth, schedule->width));
  assert_true(schedule->steps <= lat_brent_upper(schedule->size, schedule->depth, schedule->width));
}

/* The rule as it is written, looking at every node in every step. Returns T; step[nodes]. */
static size_t plain_schedule(const struct lat_netlist *netlist, size_t width, uint32_t *step) {
  uint32_t height[MOST] = {0};
  size_t left = 0, now = 0;
  memset(step, 0, netlist->nodes * sizeof *step);
  for (size_t o = 0; o < netlist->outputs; o++) height[netlist->output[o]] = 1;
  for (size_t i = netlist->nodes; i-- > 0;)
    for (uint32_t f = netlist->first[i]; height[i] > 0 && f < netlist->first[i + 1]; f++)
      if (height[netlist->fan_in[f]] < height[i] + 1) height[netlist->fan_in[f]] = height[i] + 1;
  for (size_t i = netlist->inputs; i < netlist->nodes; i++) left += height[i] > 0;
  for (; left > 0;) {
    now++;
    for (size_t k = 0; k < width; k++) {
      size_t best = netlist->nodes;
      for (size_t i = netlist->inputs; i < netlist->nodes; i++) {
        int ready = height[i] > 0 && step[i] == 0;
        for (uint32_t f = netlist->first[i]; f < netlist->first[i + 1]; f++) {
          uint32_t from = netlist->fan_in[f];
          ready = ready && (from < netlist->inputs || (step[from] != 0 && step[from] < now));
        }
        if (ready && (best == netlist->nodes || height[i] > height[best])) best = i;
      }
      if (best == netlist->nodes) break;
      step[best] = (uint32_t)now;
      left--;
    }
  }
  return now;
}

static void equals_the_rule_applied_plainly(void **state) {
  (void)state;
  for (uint64_t seed = 0; seed < 60; seed++) {
    struct lat_netlist *netlist = random_netlist(seed, 1 + seed % 9, 1 + 4 * seed, 1 + seed % 5);
    for (size_t width = 1; width < 9; width += seed % 2 + 1) {
      uint32_t step[MOST];
      struct lat_schedule schedule = scheduled(netlist, width);
      assert_int_equal(plain_schedule(netlist, width, step), schedule.steps);
      assert_memory_equal(step, schedule.step, netlist->nodes * sizeof *step);
      assert_valid(netlist, &schedule);
      assert_within_brent(&schedule);
      lat_schedule_free(&schedule);
    }
    lat_netlist_free(netlist);
  }
}

/* Every family, at sizes that are neither tiny nor slow, and some at their least. */
static const char *const shapes[] = {
    "parity:1",   "parity:77", "ripple:33",     "kogge_stone:21", "wallace:9",   "square_root:7",  "comparator:37",
    "sipser:3",   "s5_tree:5", "s5_serial:5",   "batcher:32",     "majority:16", "reachability:6", "rule110:11",
    "layered:40", "narrow:50", "multiplexer:6", "decoder:5",      "wallace:1",   "reachability:2", "popcount:31"};

static void every_family_stays_within_brents_bounds(void **state) {
  (void)state;
  size_t families = 0;
  for (const struct lat_family *f = lat_families; f->name != NULL; f++) {
    int found = 0;
    for (size_t k = 0; k < sizeof shapes / sizeof *shapes; k++)
      found |= strncmp(shapes[k], f->name, strlen(f->name)) == 0 && shapes[k][strlen(f->name)] == ':';
    if (!found) fail_msg("the family %s is in no case of this test", f->name);
    families++;
  }
  assert_true(families > 0);
  for (size_t k = 0; k < sizeof shapes / sizeof *shapes; k++)
    for (unsigned fan_in = 2; fan_in <= 4; fan_in += 2) {
      struct lat_netlist *raw, *netlist;
      assert_int_equal(lat_family_make(shapes[k], 3, &raw), LAT_OK);
      assert_int_equal(lat_circuit_map(raw, fan_in, &netlist), LAT_OK);
      struct lat_schedule widest = scheduled(netlist, SIZE_MAX);
      size_t most = 0;
      assert_int_equal(widest.steps, widest.depth); /* nothing but the longest chain holds it up */
      for (size_t t = 1; t <= widest.steps; t++) most = widest.count[t] > most ? widest.count[t] : most;
      const size_t width[] = {1, 2, 3, 4, 5, 7, 8, 11, 16, 17, 32, 100, 1000, most, widest.size};
      for (size_t w = 0; w < sizeof width / sizeof *width; w++) {
        if (width[w] == 0) continue; /* a circuit of wires alone */
        struct lat_schedule schedule = scheduled(netlist, width[w]);
        assert_valid(netlist, &schedule);
        assert_within_brent(&schedule);
        assert_int_equal(schedule.size, widest.size);
        assert_int_equal(schedule.depth, widest.depth);
        if (width[w] == 1) assert_int_equal(schedule.steps, schedule.size);
        if (width[w] >= most) assert_int_equal(schedule.steps, schedule.depth);
        lat_schedule_free(&schedule);
      }
      lat_schedule_free(&widest);
      lat_netlist_free(netlist);
      lat_netlist_free(raw);
    }
}

/* A random netlist whose gates all have 1 or 2 fan-ins, at most `gates` of them. */
static struct lat_netlist *tiny_netlist(uint64_t seed, size_t gates) {
  struct lat_netlist *netlist;
  struct lat_random random;
  lat_random_start(&random, seed, "tiny", 0);
  assert_int_equal(lat_netlist_alloc("tiny", &netlist), LAT_OK);
  for (size_t i = 0; i < 2; i++) assert_int_equal(lat_netlist_input(netlist, NULL, NULL), LAT_OK);
  for (size_t i = 2; i < 2 + gates; i++) {
    size_t near = i < 5 ? i : 5; /* near ones, or the circuits are all shallow */
    uint32_t fan_in[2] = {(uint32_t)(i - 1 - lat_random_below(&random, near)),
                          (uint32_t)(i - 1 - lat_random_below(&random, i))};
    assert_int_equal(lat_netlist_node(netlist, 2, fan_in, 8, NULL), LAT_OK);
  }
  for (size_t i = 2; i < 2 + gates; i++)
    if (i + 3 > 2 + gates || lat_random_below(&random, 3) == 0)
      assert_int_equal(lat_netlist_output(netlist, NULL, (uint32_t)i), LAT_OK);
  assert_int_equal(lat_netlist_finish(netlist, NULL), LAT_OK);
  return netlist;
}

/* A tree in which every gate is read once: gate i reads one to three of the gates and inputs that nobody reads yet. */
static struct lat_netlist *tiny_tree(uint64_t seed, size_t gates) {
  struct lat_netlist *netlist;
  struct lat_random random;
  uint32_t open[64];
  size_t opened = 0;
  lat_random_start(&random, seed, "tree", 0);
  assert_int_equal(lat_netlist_alloc("tree", &netlist), LAT_OK);
  for (size_t i = 0; i < 4; i++) assert_int_equal(lat_netlist_input(netlist, NULL, NULL), LAT_OK);
  for (size_t i = 0; i < gates; i++) {
    uint32_t fan_in[6];
    int last = i + 1 == gates;
    size_t want = last && opened <= 6 ? opened : lat_random_below(&random, 3);
    if (want > opened) want = opened;
    unsigned fan_ins = 0;
    for (; fan_ins < want; fan_ins++) {
      size_t at = lat_random_below(&random, opened);
      fan_in[fan_ins] = open[at];
      open[at] = open[--opened];
    }
    if (fan_ins == 0) fan_in[fan_ins++] = (uint32_t)lat_random_below(&random, 4);
    assert_int_equal(lat_netlist_node(netlist, fan_ins, fan_in, 1, &open[opened]), LAT_OK);
    opened++;
  }
  /* More than one root is a forest; Hu's order is the best for it too when each root is an output. */
  for (size_t i = 0; i < opened; i++) assert_int_equal(lat_netlist_output(netlist, NULL, open[i]), LAT_OK);
  assert_int_equal(lat_netlist_finish(netlist, NULL), LAT_OK);
  return netlist;
}

/* Fewest steps over all schedules, by the sets of gates that are done: never idle when a gate is ready (that cannot help). */
static size_t fewest_steps(const struct lat_netlist *netlist, const struct lat_schedule *any, size_t width) {
  static unsigned char steps[1 << TINY];
  unsigned need[TINY], gates = 0, at[TINY + 8] = {0};
  for (size_t i = netlist->inputs; i < netlist->nodes; i++)
    if (any->step[i] != LAT_STEP_NEVER) {
      need[gates] = 0;
      for (uint32_t f = netlist->first[i]; f < netlist->first[i + 1]; f++)
        if (netlist->fan_in[f] >= netlist->inputs) need[gates] |= 1u << at[netlist->fan_in[f]];
      at[i] = gates++;
    }
  unsigned all = (1u << gates) - 1;
  memset(steps, 255, sizeof steps);
  steps[0] = 0;
  for (unsigned done = 0; done < all; done++) {
    if (steps[done] == 255) continue;
    unsigned ready = 0;
    for (unsigned g = 0; g < gates; g++)
      if (!(done >> g & 1) && (need[g] & ~done) == 0) ready |= 1u << g;
    size_t take = (size_t)__builtin_popcount(ready) < width ? (size_t)__builtin_popcount(ready) : width;
    for (unsigned set = ready; set != 0; set = (set - 1) & ready)
      if ((size_t)__builtin_popcount(set) == take && steps[done] + 1 < steps[done | set])
        steps[done | set] = (unsigned char)(steps[done] + 1);
  }
  return steps[all];
}

static void is_the_best_for_nearly_all_tiny_circuits_and_one_step_more_else(void **state) {
  (void)state;
  size_t cases = 0, longer = 0, most = 0;
  for (uint64_t seed = 0; seed < 1500; seed++) {
    struct lat_netlist *netlist = tiny_netlist(seed, 6 + seed % (TINY - 5));
    for (size_t width = 2; width <= 3; width++) {
      struct lat_schedule schedule = scheduled(netlist, width);
      size_t best = fewest_steps(netlist, &schedule, width);
      assert_true(best >= lat_brent_lower(schedule.size, schedule.depth, width));
      assert_true(schedule.steps >= best);
      assert_true(width * schedule.steps <= (2 * width - 1) * best); /* Graham 1966: any greedy order is within 2 - 1/w */
      cases++;
      longer += schedule.steps > best;
      most = schedule.steps - best > most ? schedule.steps - best : most;
      lat_schedule_free(&schedule);
    }
    lat_netlist_free(netlist);
  }
  printf("longer than the best schedule: %zu of %zu, by at most %zu steps\n", longer, cases, most);
  assert_true(longer > 0); /* it is not the best in general, and a test that never sees that shows nothing */
  assert_true(longer * 20 < cases && most == 1);
}

static void is_the_best_for_trees(void **state) {
  (void)state;
  for (uint64_t seed = 0; seed < 600; seed++) {
    struct lat_netlist *netlist = tiny_tree(seed, 1 + seed % TINY);
    for (size_t width = 1; width <= 4; width++) {
      struct lat_schedule schedule = scheduled(netlist, width);
      assert_int_equal(schedule.size, 1 + seed % TINY);
      assert_int_equal(schedule.steps, fewest_steps(netlist, &schedule, width));
      lat_schedule_free(&schedule);
    }
    lat_netlist_free(netlist);
  }
}

static void constants_count_as_gates_and_unneeded_gates_do_not(void **state) {
  (void)state;
  struct lat_netlist *netlist;
  uint32_t input, one, both, idle, fan_in[2];
  assert_int_equal(lat_netlist_alloc("four", &netlist), LAT_OK);
  assert_int_equal(lat_netlist_input(netlist, NULL, &input), LAT_OK);
  assert_int_equal(lat_netlist_node(netlist, 0, NULL, 1, &one), LAT_OK);
  fan_in[0] = one;
  fan_in[1] = input;
  assert_int_equal(lat_netlist_node(netlist, 2, fan_in, 6, &both), LAT_OK);
  assert_int_equal(lat_netlist_node(netlist, 2, fan_in, 8, &idle), LAT_OK);
  assert_int_equal(lat_netlist_output(netlist, NULL, both), LAT_OK);
  assert_int_equal(lat_netlist_output(netlist, NULL, input), LAT_OK);
  assert_int_equal(lat_netlist_finish(netlist, NULL), LAT_OK);
  struct lat_schedule schedule = scheduled(netlist, 9);
  assert_int_equal(schedule.size, 2);
  assert_int_equal(schedule.depth, 2);
  assert_int_equal(schedule.steps, 2);
  assert_int_equal(schedule.step[one], 1);
  assert_int_equal(schedule.step[both], 2);
  assert_int_equal(schedule.step[idle], LAT_STEP_NEVER);
  assert_int_equal(schedule.step[input], LAT_STEP_NEVER);
  lat_schedule_free(&schedule);
  lat_netlist_free(netlist);
}

static void a_circuit_of_wires_needs_no_step(void **state) {
  (void)state;
  struct lat_netlist *netlist;
  assert_int_equal(lat_netlist_alloc("wire", &netlist), LAT_OK);
  assert_int_equal(lat_netlist_input(netlist, NULL, NULL), LAT_OK);
  assert_int_equal(lat_netlist_output(netlist, NULL, 0), LAT_OK);
  assert_int_equal(lat_netlist_finish(netlist, NULL), LAT_OK);
  struct lat_schedule schedule = scheduled(netlist, 1);
  assert_int_equal(schedule.size, 0);
  assert_int_equal(schedule.steps, 0);
  assert_within_brent(&schedule);
  lat_schedule_free(&schedule);
  lat_netlist_free(netlist);
}

static void a_million_gates_take_no_time_to_speak_of(void **state) {
  (void)state;
  const char *name[] = {"parity:1000001", "layered:62500"}; /* as wide as can be, and as deep */
  for (size_t k = 0; k < 2; k++) {
    struct lat_netlist *netlist;
    assert_int_equal(lat_family_make(name[k], 1, &netlist), LAT_OK);
    for (size_t width = 1; width <= 4096; width *= 64) {
      struct lat_schedule schedule = scheduled(netlist, width);
      if (k == 0) assert_int_equal(schedule.size, 1000000);
      assert_valid(netlist, &schedule);
      assert_within_brent(&schedule);
      lat_schedule_free(&schedule);
    }
    lat_netlist_free(netlist);
  }
}

static void a_step_of_no_gates_is_refused(void **state) {
  (void)state;
  struct lat_netlist *netlist = random_netlist(1, 2, 9, 1);
  struct lat_schedule schedule;
  assert_int_equal(lat_schedule_make(netlist, 0, &schedule), LAT_INPUT);
  assert_non_null(strstr(lat_error_message(), "at least 1"));
  lat_schedule_free(&schedule);
  lat_netlist_free(netlist);
}

static void no_memory_at_any_point_leaks_nothing(void **state) {
  (void)state;
  struct lat_netlist *netlist = random_netlist(5, 4, 40, 3);
  size_t held = lat_memory_current();
  int status = LAT_MEMORY;
  for (uint64_t k = 1; k < 100 && status != LAT_OK; k++) {
    struct lat_schedule schedule;
    lat_memory_fail_at(k);
    status = lat_schedule_make(netlist, 2, &schedule);
    lat_memory_fail_at(0);
    if (status != LAT_OK) assert_int_equal(status, LAT_MEMORY);
    lat_schedule_free(&schedule);
    assert_int_equal(lat_memory_current(), held);
  }
  assert_int_equal(status, LAT_OK);
  lat_netlist_free(netlist);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(equals_the_rule_applied_plainly),
      cmocka_unit_test(every_family_stays_within_brents_bounds),
      cmocka_unit_test(is_the_best_for_nearly_all_tiny_circuits_and_one_step_more_else),
      cmocka_unit_test(is_the_best_for_trees),
      cmocka_unit_test(constants_count_as_gates_and_unneeded_gates_do_not),
      cmocka_unit_test(a_circuit_of_wires_needs_no_step),
      cmocka_unit_test(a_million_gates_take_no_time_to_speak_of),
      cmocka_unit_test(a_step_of_no_gates_is_refused),
      cmocka_unit_test(no_memory_at_any_point_leaks_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
