#include "experiments/gradient_flow/judge.h"

#include <math.h>
#include <string.h>

/* log10 of the factor beyond which a gradient counts as lost or exploded; T from which the question is worth an answer. */
static const double lost = 3;
enum { SHORTEST = 32 };

struct tally {
  size_t held, judged;
};
static void count(struct tally *tally, int held) {
  if (held) tally->held++;
  tally->judged++;
}

struct tallies {
  struct tally vanishing, exploding, shrinking; /* initial points at their largest T */
  struct tally kept[3];                         /* the same, of pre, post, sandwich */
  struct tally flowing, other;                  /* fits that are solved, by their initial gradient at their T */
  struct tally injected;                        /* of the others, those with an injection */
  struct tally saved;                           /* bare fits from orthogonal values that are solved at the largest T */
  double plain, orthogonal;                     /* sums of the bare loop's log10 ratio */
  size_t plains, orthogonals, nothing;          /* their counts; bare ratios that are no number */
  int64_t longest, longest_trained;
};

static int is(const char *a, const char *b) { return strcmp(a, b) == 0; }

/* Whether the point's gradient is lost or exploded: what is not a number counts as such. */
static int is_zero(const struct lat_flow_reading *reading) { return reading->state == 3; }
static int vanished(const struct lat_flow_reading *reading) {
  return isfinite(reading->ratio) ? reading->ratio < -lost : is_zero(reading);
}
static int exploded(const struct lat_flow_reading *reading) {
  return isfinite(reading->ratio) ? reading->ratio > lost : !is_zero(reading);
}

static void count_initial(const struct lat_flow_series *series, const struct lat_flow_reading *last,
                          struct tallies *tallies) {
  int bare = is(series->block, "bare"), none = is(series->block, "none"), plain = is(series->weights, "fan-in");
  if (last->steps > tallies->longest) tallies->longest = last->steps;
  if (!is(series->sharing, "loop") || series->gain > 1) return;
  if (bare && is(series->injection, "none")) {
    count(&tallies->vanishing, vanished(last));
    if (!isfinite(last->ratio))
      tallies->nothing++;
    else if (plain)
      tallies->plain += last->ratio, tallies->plains++;
    else if (is(series->weights, "orthogonal"))
      tallies->orthogonal += last->ratio, tallies->orthogonals++;
  }
  if (!plain) return;
  if (none && is(series->injection, "none") && is(series->branch, "full")) count(&tallies->exploding, exploded(last));
  if (bare || none) return;
  if (!is(series->injection, "norm"))
    count(&tallies->kept[is(series->block, "pre")    ? 0
                         : is(series->block, "post") ? 1
                                                     : 2],
          !vanished(last) && !exploded(last));
  else if (is(series->branch, "full"))
    count(&tallies->shrinking, last->exponent < 0);
}

static void count_trained(const struct lat_merged *merged, const struct lat_flow_series *series, size_t point,
                          struct tallies *tallies) {
  struct lat_flow_reading first = lat_flow_read(merged, point, 0);
  int solved = lat_flow_solved(merged, point);
  int bad = vanished(&first) || exploded(&first);
  count(bad ? &tallies->other : &tallies->flowing, solved);
  if (bad && !is(series->injection, "none")) count(&tallies->injected, solved);
  if (is(series->block, "bare") && is(series->weights, "orthogonal") && series->loops == tallies->longest_trained)
    count(&tallies->saved, solved);
}

static double share(struct tally tally) {
  return tally.judged > 0 ? (double)tally.held / (double)tally.judged : (double)NAN;
}

static struct tally sum(const struct tally kept[3]) {
  return (struct tally){kept[0].held + kept[1].held + kept[2].held, kept[0].judged + kept[1].judged + kept[2].judged};
}

static int all(struct tally tally) { return tally.held == tally.judged; }

int lat_gradient_flow_judge(const struct lat_merged *merged, struct lat_analysis *analysis,
                            const struct lat_flow_series *series, size_t series_count) {
  struct tallies t = {0};
  size_t failed = 0, diverged = 0;
  for (size_t s = 0; s < series_count; s++) {
    failed += series[s].failed;
    if (is(series[s].part, "trained") && series[s].points > 0 && series[s].loops > t.longest_trained)
      t.longest_trained = series[s].loops;
  }
  for (size_t s = 0; s < series_count; s++)
    for (size_t i = 0; i < series[s].points; i++) {
      size_t point = series[s].point[i], readings = lat_flow_readings(merged, point);
      if (readings == 0) continue;
      if (is(series[s].part, "trained")) {
        if (is(lat_merged_text(merged, "end", point), "diverged")) diverged++;
        count_trained(merged, &series[s], point, &t);
      } else {
        struct lat_flow_reading last = lat_flow_read(merged, point, readings - 1);
        count_initial(&series[s], &last, &t);
      }
    }
  if (t.longest < SHORTEST || t.vanishing.judged == 0 || t.exploding.judged == 0 || sum(t.kept).judged == 0 ||
      t.shrinking.judged == 0 || t.plains == 0 || t.orthogonals == 0 || t.flowing.judged == 0 || t.other.judged == 0 ||
      t.saved.judged == 0)
    return lat_verdict(
        analysis, LAT_OPEN,
        "too little to judge: the longest loop has %lld steps (%d are asked for); there are %zu bare loops, %zu "
        "without norms, %zu with, %zu with an injection through a norm, and %zu fits (%zu of them with a lost or "
        "exploded gradient); %zu failed rows.",
        (long long)t.longest, SHORTEST, t.vanishing.judged, t.exploding.judged, sum(t.kept).judged, t.shrinking.judged,
        t.flowing.judged + t.other.judged, t.other.judged, failed);
  double plain = t.plain / (double)t.plains, orthogonal = t.orthogonal / (double)t.orthogonals;
  int initial = all(t.vanishing) && all(t.exploding) && all(sum(t.kept)) && all(t.shrinking) && orthogonal > plain;
  int trained = share(t.flowing) > share(t.other) && share(t.saved) <= 0.5;
  return lat_verdict(
      analysis, initial && trained ? LAT_SUPPORTED : LAT_REFUTED,
      "At T = %lld and initial values: vanishing holds for %zu of %zu bare loops; exploding for %zu of %zu loops with "
      "undamped "
      "residual connections and no norm; with norms, the ratio stays within 1e-3 .. 1e3 in %zu of %zu "
      "loops with no injection or an added one (pre %zu of %zu, post %zu of %zu, sandwich %zu of %zu), and the Lyapunov "
      "exponent is negative in %zu of %zu with an injection through a norm. Orthogonal values take a bare loop's mean "
      "log10 ratio "
      "from %.3g to %.3g (%zu bare ratios are no number) and let %zu of %zu bare fits solve the task at T = %lld. Of fits "
      "whose "
      "gradient was within 1e-3 .. 1e3 at first %zu of %zu solve it, of the others %zu of %zu (with an injection, which "
      "has a way "
      "round the loop: %zu of %zu); %zu fits diverged. Not judged: %zu failed rows.",
      (long long)t.longest, t.vanishing.held, t.vanishing.judged, t.exploding.held, t.exploding.judged, sum(t.kept).held,
      sum(t.kept).judged, t.kept[0].held, t.kept[0].judged, t.kept[1].held, t.kept[1].judged, t.kept[2].held,
      t.kept[2].judged, t.shrinking.held, t.shrinking.judged, plain, orthogonal, t.nothing, t.saved.held, t.saved.judged,
      (long long)t.longest_trained, t.flowing.held, t.flowing.judged, t.other.held, t.other.judged, t.injected.held,
      t.injected.judged, diverged, failed);
}
