#include "cli/board.h"

#include <json-c/json.h>
#include <stdio.h>
#include <unistd.h>

#include "cli/cli.h"
#include "lib/base/clock.h"
#include "lib/base/memory.h"
#include "lib/base/text.h"
#include "lib/sweep/layout.h"

static void draw(struct lat_board *board, int now) {
  double clock = lat_clock();
  if (!board->terminal || (!now && clock - board->drawn < 0.1)) return;
  board->drawn = clock;
  const struct lat_task *task = &board->task[board->current];
  size_t settled = 0;
  for (int i = 0; i < 4; i++) settled += task->tally[i];
  fprintf(stderr, "\r%s %zu/%zu", task->experiment->name, settled, task->plan->count);
  if (task->tally[LAT_EVENT_FAILED]) fprintf(stderr, ", %zu failed", task->tally[LAT_EVENT_FAILED]);
  if (task->tally[LAT_EVENT_BROKEN]) fprintf(stderr, ", %zu not done", task->tally[LAT_EVENT_BROKEN]);
  double elapsed = clock - board->task_started, spent = task->spent;
  if (task->fraction > 0 && task->plan->count) spent += task->fraction * task->cost / (double)task->plan->count;
  if (spent > 0 && elapsed > 0.5 && spent < task->cost) {
    double left = elapsed * (task->cost - spent) / spent;
    if (left < 3600)
      fprintf(stderr, ", %d:%02d left", (int)left / 60, (int)left % 60);
    else if (left < 1e8)
      fprintf(stderr, ", %d:%02d h left", (int)(left / 3600), (int)(left / 60) % 60);
  }
  fputs("\033[K", stderr);
  fflush(stderr);
}

void lat_board_clear(struct lat_board *board) {
  if (board->terminal) fputs("\r\033[K", stderr);
}

void lat_board_tell(struct lat_board *board, size_t task, enum lat_event event, size_t point, double fraction) {
  struct lat_task *t = &board->task[task];
  if (task != board->current) {
    board->current = task;
    board->task_started = lat_clock();
  }
  t->fraction = event == LAT_EVENT_PROGRESS ? fraction : 0;
  if (event != LAT_EVENT_PROGRESS) {
    unsigned char state = t->state[point];
    /* Workers tell "there" of points that another one did, and "broken" of those that another one could not do. */
    if (event == LAT_EVENT_THERE && state != 0) return;
    if (state == 1 + event) return;
    if (state != 0) t->tally[state - 1]--;
    if (state == 0) t->spent += t->plan->point[point].cost;
    t->tally[event]++;
    t->state[point] = (unsigned char)(1 + event);
  }
  draw(board, 0);
}

int lat_board_start(struct lat_board *board, const char *out) {
  struct lat_text path = {0};
  int status = LAT_OK;
  board->started = board->task_started = lat_clock();
  board->terminal = isatty(STDERR_FILENO);
  for (size_t i = 0; i < board->tasks; i++) {
    struct lat_task *task = &board->task[i];
    task->state = lat_calloc(task->plan->count + 1, 1);
    LAT_CHECK(status, task->state, LAT_MEMORY, "no memory for the run of %s", task->experiment->name);
    for (size_t p = 0; p < task->plan->count; p++) {
      LAT_TRY(status, lat_path(&path, "%s/%s/%s.h5", out, task->experiment->name, task->plan->point[p].id));
      if (lat_path_exists(path.bytes)) {
        task->state[p] = 1 + LAT_EVENT_THERE;
        task->tally[LAT_EVENT_THERE]++;
      } else {
        task->cost += task->plan->point[p].cost;
      }
    }
  }
done:
  lat_text_free(&path);
  return status;
}

int lat_board_finish(struct lat_board *board, int json, const char *end) {
  struct json_object *all = json ? json_object_new_array() : NULL;
  lat_board_clear(board);
  for (size_t i = 0; i < board->tasks; i++) {
    const struct lat_task *task = &board->task[i];
    const size_t *tally = task->tally, done = tally[LAT_EVENT_DONE] + tally[LAT_EVENT_FAILED];
    size_t left = task->plan->count - done - tally[LAT_EVENT_THERE] - tally[LAT_EVENT_BROKEN];
    if (json) {
      const struct {
        const char *name;
        size_t value;
      } counts[] = {{"planned", task->plan->count},
                    {"done_now", done},
                    {"already_there", tally[LAT_EVENT_THERE]},
                    {"failed", tally[LAT_EVENT_FAILED]},
                    {"not_done", tally[LAT_EVENT_BROKEN]},
                    {"left", left},
                    {"rejected", task->plan->rejected}};
      struct json_object *object = json_object_new_object();
      json_object_object_add(object, "experiment", json_object_new_string(task->experiment->name));
      json_object_object_add(object, "size", json_object_new_string(task->plan->size));
      for (size_t c = 0; c < sizeof counts / sizeof *counts; c++)
        json_object_object_add(object, counts[c].name, json_object_new_int64((int64_t)counts[c].value));
      json_object_array_add(all, object);
    } else {
      printf("%s: %zu done now, %zu already there, %zu failed, %zu rejected", task->experiment->name, done,
             tally[LAT_EVENT_THERE], tally[LAT_EVENT_FAILED], task->plan->rejected);
      if (tally[LAT_EVENT_BROKEN]) printf(", %zu could not be done (see status)", tally[LAT_EVENT_BROKEN]);
      if (left) printf(", %zu left", left);
      putchar('\n');
    }
  }
  if (!json) return lat_cli_finish(0);
  struct json_object *object = json_object_new_object();
  json_object_object_add(object, "end", json_object_new_string(end));
  json_object_object_add(object, "seconds", json_object_new_double(lat_clock() - board->started));
  json_object_object_add(object, "experiments", all);
  return lat_cli_print_json(object);
}
