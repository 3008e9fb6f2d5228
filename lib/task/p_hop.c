/* p-hop induction: go back to just behind the last time that this letter was there, p times, and say the letter.
 *
 * v_1 .. v_n are letters, neighbours differ, otherwise uniform; find_1(i) is the largest j <= i with v_(j-1) = v_i, find_p = find_1 of
 * find_(p-1), find_0(i) = i; the answer at i is v_(find_p(i)), and nothing is asked where there is no such j. The first token says p.
 * The level of what is asked is p + 1, so that the scores by level are the scores by number of hops.
 *
 * Read backwards from i, the letter being looked for comes next with chance 1/(letters - 1) at each step, whatever came before; so the
 * hops that exist are Binomial(i - 2, 1/(letters - 1)). The answer alone is asked of strings that have p hops from their end: their
 * steps are drawn given that at least p of them are hits, exactly, without rejection. */
#include <stdio.h>

#include "lib/base/status.h"
#include "lib/task/tasks.h"

enum { HOPS, LENGTH, LETTERS, DRAW };
enum { MOST_LETTERS = 26, MOST_HOPS = 64, MOST_LENGTH = 512 };
enum { MIXED, FIXED };

static const struct lat_task_option options[] = {
    {"hops", "the largest p", NULL, 0, MOST_HOPS, 4},
    {"length", "letters of the string", NULL, 1, MOST_LENGTH, 32},
    {"letters", "size of the alphabet", NULL, 2, MOST_LETTERS, 4},
    {"draw", "p of an example: uniform on 0 .. hops, or always hops", "mixed|fixed", MIXED, FIXED, MIXED},
    {0}};

static int p_hop_shape(const struct lat_task_setting *setting, struct lat_task_shape *shape) {
  size_t hops = (size_t)setting->option[HOPS], n = (size_t)setting->option[LENGTH],
         letters = (size_t)setting->option[LETTERS];
  if (hops > 0 && n < hops + 2)
    return LAT_FAIL(LAT_INPUT, "task p-hop: %zu hops need a string of length %zu or more, it has %zu", hops, hops + 2, n);
  *shape = (struct lat_task_shape){1, letters + hops + 1, letters, n + 1, hops + 2, n + 1, 0};
  return LAT_OK;
}

/* A letter uniform among the others. */
static int32_t another(struct lat_random *random, int32_t letter, size_t letters) {
  int32_t drawn = (int32_t)lat_random_below(random, letters - 1);
  return drawn + (drawn >= letter);
}

/* Binomial(trials, 1/(letters - 1)) given that it is at least `least`. */
static size_t draw_hits(struct lat_random *random, size_t trials, size_t letters, size_t least) {
  if (letters == 2) return trials;
  double odds = 1.0 / (double)(letters - 2), weight = 1, total = 0;
  for (size_t k = least; k <= trials; k++) {
    total += weight;
    weight *= odds * (double)(trials - k) / (double)(k + 1);
  }
  double at = lat_random_uniform(random) * total;
  weight = 1;
  for (size_t k = least; k < trials; k++) {
    if (at < weight) return k;
    at -= weight;
    weight *= odds * (double)(trials - k) / (double)(k + 1);
  }
  return trials;
}

/* A string whose last position has at least p hops, from its end to its start. */
static void draw_with_hops(struct lat_random *random, size_t n, size_t letters, size_t p, int32_t *v) {
  int32_t wanted = v[n - 1] = (int32_t)lat_random_below(random, letters);
  if (n == 1) return;
  v[n - 2] = another(random, wanted, letters);
  size_t hits = n > 2 ? draw_hits(random, n - 2, letters, p) : 0;
  for (size_t i = n - 2; i-- > 0;) {
    int32_t right = v[i + 1];
    if (lat_random_below(random, i + 1) < hits) {
      v[i] = wanted; /* a hop ends at i + 1: from there on its letter is looked for */
      wanted = right;
      hits--;
    } else {
      /* neither the letter on the right nor the one that is looked for; these two differ */
      int32_t low = right < wanted ? right : wanted, high = right < wanted ? wanted : right;
      int32_t drawn = (int32_t)lat_random_below(random, letters - 2);
      drawn += drawn >= low;
      v[i] = drawn + (drawn >= high);
    }
  }
}

static void p_hop_make(const struct lat_task_setting *setting, struct lat_random *random, struct lat_example *example) {
  size_t n = (size_t)setting->option[LENGTH], letters = (size_t)setting->option[LETTERS];
  int64_t p = setting->option[HOPS];
  int16_t next[MOST_LENGTH], last[MOST_LETTERS]; /* from 0; -1: none */
  int32_t *v = example->token + 1;
  int answer = setting->supervision == LAT_SUPERVISE_ANSWER;
  if (setting->option[DRAW] == MIXED) p = (int64_t)lat_random_below(random, (uint64_t)p + 1);
  example->token[0] = (int32_t)letters + (int32_t)p, example->target[0] = -1, example->level[0] = 0;
  if (answer) {
    draw_with_hops(random, n, letters, (size_t)p, v);
  } else {
    for (size_t i = 0; i < n; i++)
      v[i] = i ? another(random, v[i - 1], letters) : (int32_t)lat_random_below(random, letters);
  }
  for (size_t c = 0; c < letters; c++) last[c] = -1;
  for (size_t i = 0; i < n; i++) {
    int from = last[v[i]], at = (int)i;
    next[i] = (int16_t)(from < 0 ? -1 : from + 1);
    last[v[i]] = (int16_t)i;
    for (int64_t hop = 0; hop < p && at >= 0; hop++) at = next[at];
    int asked = at >= 0 && (!answer || i == n - 1);
    example->target[i + 1] = asked ? v[at] : -1;
    example->level[i + 1] = asked ? (int32_t)p + 1 : 0;
  }
}

static void p_hop_text(const struct lat_task_setting *setting, size_t field, int32_t token, char text[16]) {
  int32_t letters = (int32_t)setting->option[LETTERS];
  (void)field;
  if (token < letters)
    snprintf(text, 16, "%c", 'a' + token);
  else
    snprintf(text, 16, "%d:", token - letters);
}
static void p_hop_class(const struct lat_task_setting *setting, int32_t class, char text[16]) {
  p_hop_text(setting, 0, class, text);
}

const struct lat_task lat_task_p_hop = {"p-hop",
                                        "the letter that p steps back through the string lead to; level: p + 1",
                                        "Sanford, Hsu and Telgarsky 2024; Saunshi, Dikkala, Li, Kumar and Reddi 2025",
                                        options,
                                        "hops",
                                        1u << LAT_SUPERVISE_ANSWER | 1u << LAT_SUPERVISE_DENSE,
                                        p_hop_shape,
                                        p_hop_make,
                                        p_hop_text,
                                        p_hop_class};
