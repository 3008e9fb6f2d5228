/* Iterated squaring: r^(2^n) mod p, believed to need n steps one after another (Rivest, Shamir and Wagner 1996; Li et al.
 * 2024).
 *
 *   mod59 r ^2 ^2 ^2 =  r^8 mod 59
 *
 * n is uniform in fewest .. squarings, r uniform in 2 .. p-2, p uniform among the `moduli` largest primes up to `modulus`.
 * The trace is every square on the way, the answer last. Dense: at the k-th "^2" the k-th square. The level is the number
 * of squarings. With a small p there are shortcuts: squares fall into the subgroup of odd order q' (p - 1 = 2^s q'), where
 * n matters only modulo the order of 2 modulo q'; a prime with p - 1 a power of two soon gives 1 for ever. The default, 59,
 * has q' = 29 and a period of 28. */
#include <assert.h>
#include <stdio.h>

#include "lib/base/status.h"
#include "lib/task/layout.h"
#include "lib/task/tasks.h"

enum { SQUARINGS, FEWEST, MODULUS, MODULI };
enum { MOST = 64, LARGEST = 997, PRIMES = 64 };
static const struct lat_task_option options[] = {
    {"squarings", "n, at most", NULL, 1, MOST, 6},
    {"fewest", "n, at least; 0: always `squarings`", NULL, 0, MOST, 1},
    {"modulus", "p is a prime up to this", NULL, 5, LARGEST, 59},
    {"moduli", "different p: the largest primes up to the modulus", NULL, 1, PRIMES, 1},
    {0}};

/* Tokens: the numbers below the largest prime are classes; then ^2 = pad pause, then the primes, largest first. */
enum { SQUARE, EQUALS, PAD, PAUSE, SIGNS };

static int is_prime(int64_t number) {
  for (int64_t d = 2; d * d <= number; d++)
    if (number % d == 0) return 0;
  return number >= 2;
}

/* The place-th prime from the modulus down; 0: there are not so many from 5 on. */
static int32_t prime_of(const struct lat_task_setting *setting, int64_t place) {
  for (int64_t p = setting->option[MODULUS]; p >= 5; p--)
    if (is_prime(p) && place-- == 0) return (int32_t)p;
  return 0;
}

static int shape_of(const struct lat_task_setting *setting, struct lat_task_shape *shape) {
  const int64_t *option = setting->option;
  if (option[FEWEST] > option[SQUARINGS])
    return LAT_FAIL(LAT_INPUT,
                    "task squaring: fewest = %lld is more than squarings = %lld; lower it, or 0 for always `squarings`",
                    (long long)option[FEWEST], (long long)option[SQUARINGS]);
  if (prime_of(setting, option[MODULI] - 1) == 0)
    return LAT_FAIL(LAT_INPUT,
                    "task squaring: there are fewer than moduli = %lld primes in 5 .. %lld; give a larger modulus",
                    (long long)option[MODULI], (long long)option[MODULUS]);
  size_t numbers = (size_t)prime_of(setting, 0);
  *shape = (struct lat_task_shape){.fields = 1,
                                   .vocabulary = numbers + SIGNS + (size_t)option[MODULI],
                                   .classes = numbers,
                                   .levels = (size_t)option[SQUARINGS] + 1};
  lat_layout_shape(setting->supervision, (size_t)option[SQUARINGS] + 3, (size_t)option[SQUARINGS] - 1, 1, shape);
  return LAT_OK;
}

static void make(const struct lat_task_setting *setting, struct lat_random *random, struct lat_example *example) {
  const int64_t *option = setting->option;
  int64_t fewest = option[FEWEST] > 0 ? option[FEWEST] : option[SQUARINGS];
  size_t n = (size_t)fewest + (size_t)lat_random_below(random, (uint64_t)(option[SQUARINGS] - fewest + 1));
  int32_t which = (int32_t)lat_random_below(random, (uint64_t)option[MODULI]);
  int32_t p = prime_of(setting, which), signs = prime_of(setting, 0), power[MOST + 1];
  assert(n >= 1 && n <= MOST);
  power[0] = 2 + (int32_t)lat_random_below(random, (uint64_t)p - 3);
  for (size_t k = 0; k < n; k++) power[k + 1] = power[k] * power[k] % p;
  struct lat_layout layout;
  lat_layout_start(&layout, setting, n + 3, (size_t)option[SQUARINGS] + 3, signs + PAD, signs + PAUSE, example);
  lat_layout_token(&layout, signs + SIGNS + which);
  lat_layout_token(&layout, power[0]);
  for (size_t k = 1; k <= n; k++) {
    lat_layout_token(&layout, signs + SQUARE);
    lat_layout_dense(&layout, power[k], (int32_t)k);
  }
  lat_layout_token(&layout, signs + EQUALS);
  for (size_t k = 1; k < n; k++) lat_layout_trace(&layout, power[k]);
  lat_layout_answer(&layout, power[n], (int32_t)n);
  lat_layout_finish(&layout);
}

static void token_text(const struct lat_task_setting *setting, size_t field, int32_t token, char text[16]) {
  static const char *const sign[] = {"^2", "=", ".", "_"};
  int32_t place = token - prime_of(setting, 0);
  (void)field;
  if (place < 0)
    snprintf(text, 16, "%d", token);
  else if (place < SIGNS)
    snprintf(text, 16, "%s", sign[place]);
  else
    snprintf(text, 16, "mod%d", prime_of(setting, place - SIGNS));
}

static void class_text(const struct lat_task_setting *setting, int32_t class, char text[16]) {
  token_text(setting, 0, class, text);
}

const struct lat_task lat_task_squaring = {
    .name = "squaring",
    .help = "r^(2^n) mod p; dense: at every squaring the square so far; level: squarings done",
    .source = "Li et al. 2024",
    .options = options,
    .difficulty = "squarings",
    .supervision =
        1U << LAT_SUPERVISE_ANSWER | 1U << LAT_SUPERVISE_DENSE | 1U << LAT_SUPERVISE_HINT | 1U << LAT_SUPERVISE_TRACE,
    .shape = shape_of,
    .make = make,
    .token_text = token_text,
    .class_text = class_text};
