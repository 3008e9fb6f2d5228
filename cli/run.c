/* `latentlab run`: runs experiments, or goes on with them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/board.h"
#include "cli/cli.h"
#include "cli/dryrun.h"
#include "cli/options.h"
#include "cli/select.h"
#include "cli/stop.h"
#include "cli/workers.h"
#include "lib/base/clock.h"
#include "lib/base/memory.h"
#include "lib/base/text.h"
#include "lib/sweep/shard.h"
#include "lib/sweep/sweepfile.h"

enum { WORKER = 1000, RETRY, SWEEP };

struct arguments {
  struct lat_selection selection;
  struct lat_shard shard;
  const char *shard_text, *sweep;
  struct lat_sweepfile *file;
  int64_t jobs;
  int dry_run, retry, worker; /* worker: the descriptor to tell to; -1 in the first process */
};

static const struct argp_option options[] = {
    {"jobs", 'J', "N", 0, "work with N = 1 to 256 processes at once (default 1); results are the same", 1},
    {"shard", 'i', "i/n", 0,
     "do only the points of part i of n, counted from 0; a Slurm job array or an MPI launcher says it by its environment",
     1},
    {"dry-run", 'n', 0, 0, "print the points, their shares of the cost, and which combinations are rejected and why", 1},
    {"sweep", SWEEP, "FILE.yaml", 0, "take experiments, sizes, values and filters from a file in place of the command line",
     1},
    {"retry-failed", RETRY, 0, 0, "do failed rows again", 1},
    {"worker", WORKER, "FD", OPTION_HIDDEN, 0, 1},
    {0}};

static error_t parse(int key, char *arg, struct argp_state *state) {
  struct arguments *arguments = state->input;
  int64_t number = 0;
  switch (key) {
    case ARGP_KEY_INIT: state->child_inputs[0] = state->child_inputs[1] = &arguments->selection; return 0;
    case 'J':
      if (lat_parse_int(arg, 1, LAT_MOST_JOBS, &arguments->jobs) != LAT_OK)
        argp_error(state, "--jobs: %s", lat_error_message());
      return 0;
    case 'i': arguments->shard_text = arg; return 0;
    case 'n': arguments->dry_run = 1; return 0;
    case SWEEP: arguments->sweep = arg; return 0;
    case RETRY: arguments->retry = 1; return 0;
    case WORKER:
      if (lat_parse_int(arg, 0, 1 << 20, &number) != LAT_OK) argp_error(state, "--worker: %s", lat_error_message());
      arguments->worker = (int)number;
      return 0;
    default: return ARGP_ERR_UNKNOWN;
  }
}

static void free_board(struct lat_board *board) {
  for (size_t i = 0; i < board->tasks; i++) {
    lat_sweep_free(board->task[i].plan);
    lat_free(board->task[i].state);
  }
  lat_free(board->task);
}

/* A task for each experiment that the selection names. */
static int add_tasks(struct lat_board *board, const struct lat_selection *selection) {
  const struct lat_experiment *experiments[LAT_MOST_NAMES];
  size_t count = 0;
  int status = lat_select_experiments(selection, 0, experiments, &count);
  if (status) return status;
  struct lat_task *grown = lat_realloc(board->task, board->tasks + count, sizeof *grown);
  if (!grown) return lat_cli_fail(LAT_MEMORY);
  board->task = grown;
  for (size_t i = 0; i < count; i++)
    board->task[board->tasks++] = (struct lat_task){.experiment = experiments[i], .request = selection->request};
  return 0;
}

/* The tasks of a sweep file, run by run. */
static int add_file(struct lat_board *board, struct arguments *arguments) {
  const struct lat_selection *given = &arguments->selection;
  if (given->names || given->points_asked)
    return lat_cli_misuse("--sweep says what to run: give no names, --size, --set or --filter beside it");
  int status = lat_sweepfile_read(arguments->sweep, &arguments->file);
  if (status != LAT_OK) return lat_cli_fail(status);
  for (unsigned r = 0; r < arguments->file->runs_count; r++) {
    const struct lat_sweepfile_run *run = &arguments->file->runs[r];
    struct lat_selection selection = {.names = run->experiments_count, .request = given->request};
    if (selection.names > LAT_MOST_NAMES)
      return lat_cli_misuse("%s: over %d names in a run", arguments->sweep, LAT_MOST_NAMES);
    for (size_t i = 0; i < selection.names; i++) selection.name[i] = run->experiments[i];
    if (run->size) selection.request.size = run->size;
    selection.request.filter = run->filter;
    selection.request.sets = run->set_count;
    selection.request.set = (const char *const *)run->set;
    if ((status = add_tasks(board, &selection))) return status;
  }
  return 0;
}

static int make_plans(struct lat_board *board, const struct lat_shard *shard) {
  for (size_t i = 0; i < board->tasks; i++) {
    struct lat_task *task = &board->task[i];
    task->request.shard = shard->index;
    task->request.shards = shard->count;
    int status = lat_sweep_make(task->experiment, &task->request, &task->plan);
    if (status != LAT_OK) return lat_cli_fail(status);
  }
  return 0;
}

/* A run without any point is a mistake, and says so; a dry run lists the reasons. Of several experiments one may have
 * none. */
static int some_point(const struct lat_board *board) {
  for (size_t i = 0; i < board->tasks; i++)
    if (board->task[i].plan->total > 0) return 0;
  if (board->tasks == 0) return 0;
  const struct lat_sweep *plan = board->task[0].plan;
  if (plan->rejected == 0)
    return lat_cli_misuse("%s has no point to run: none of its combinations passes the filter; see latentlab list %s",
                          plan->experiment->name, plan->experiment->name);
  return lat_cli_misuse(
      "%s has no point to run: all %zu combinations are rejected, the first because '%s'; the same command with "
      "--dry-run lists them",
      plan->experiment->name, plan->rejected, plan->point[plan->count].reason);
}

struct teller {
  struct lat_board *board;
  size_t task;
};

static int stop_asked(void *context) {
  (void)context;
  return lat_stop_asked();
}

static void tell(void *context, enum lat_event event, const struct lat_sweep_point *point, double fraction) {
  struct teller *teller = context;
  size_t index = (size_t)(point - teller->board->task[teller->task].plan->point);
  lat_board_tell(teller->board, teller->task, event, index, fraction);
}

static int run_here(struct lat_board *board, const char *out) {
  struct teller teller = {.board = board};
  struct lat_runner runner = {out, 1, stop_asked, tell, &teller};
  int status = LAT_OK;
  lat_stop_watch(NULL, 0);
  for (; teller.task < board->tasks && status == LAT_OK; teller.task++)
    status = lat_runner_run(&runner, board->task[teller.task].plan);
  return status;
}

static void print_quoted(const char *word) {
  if (*word && strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=+:,./@%") == strlen(word)) {
    fprintf(stderr, " %s", word);
    return;
  }
  fputs(" '", stderr);
  for (; *word; word++)
    if (*word == '\'')
      fputs("'\\''", stderr);
    else
      fputc(*word, stderr);
  fputc('\'', stderr);
}

/* The command that goes on: this one, with the shard spelled out when the environment gave it. */
static void print_resume(int argc, char **argv, const struct lat_shard *shard) {
  fputs("latentlab: stopped; nothing is lost. Go on with:", stderr);
  print_quoted(lat_program.invoked);
  if (lat_program.driver) print_quoted(lat_program.driver);
  fputs(" run", stderr);
  for (int i = 1; i < argc; i++) print_quoted(argv[i]);
  if (shard->from && strcmp(shard->from, "--shard") != 0)
    fprintf(stderr, " --shard %llu/%llu", (unsigned long long)shard->index, (unsigned long long)shard->count);
  fputc('\n', stderr);
}

static int run_first(struct lat_board *board, const struct arguments *arguments, int argc, char **argv) {
  const char *out = arguments->selection.out, *end = "done";
  int status = LAT_OK, broken = 0;
  for (size_t i = 0; i < board->tasks && status == LAT_OK; i++) {
    size_t forgotten = 0;
    status = lat_runner_prepare(out, board->task[i].plan, arguments->retry, &forgotten);
  }
  if (status == LAT_OK) status = lat_board_start(board, out);
  if (status != LAT_OK) return lat_cli_fail(status);
  status = arguments->jobs > 1 ? lat_workers_run(board, (int)arguments->jobs, argc, argv) : run_here(board, out);
  lat_board_clear(board);
  if (status == LAT_INTERRUPTED) {
    print_resume(argc, argv, &arguments->shard);
    end = "interrupted";
  } else if (status != LAT_OK) {
    fprintf(stderr, "latentlab: %s; what is done is kept, and the same command goes on from there\n", lat_error_message());
    end = "stopped";
  }
  for (size_t i = 0; i < board->tasks; i++) broken |= board->task[i].tally[LAT_EVENT_BROKEN] > 0;
  int printed = lat_board_finish(board, arguments->selection.json, end);
  return status != LAT_OK ? lat_status_exit(status) : broken ? 1 : printed;
}

int lat_command_run(int argc, char **argv) {
  static const struct argp_child children[] = {
      {&lat_select_points, 0, "Points:", 2}, {&lat_select_folder, 0, "Results:", 3}, {0}};
  static const struct argp argp = {
      options,
      parse,
      "NAME...|all",
      "Runs the points of experiments that are not done yet, each into a file of its own. Stop it "
      "at any time; the same command goes on. `latentlab list NAME` shows the parameters.\v"
      "Exit status: 0 all points asked for are done, 1 some failed or the run was stopped, 2 misuse or bad input.",
      children,
      0,
      0};
  struct arguments arguments = {.jobs = 1, .worker = -1};
  struct lat_board board = {0};
  int status = lat_cli_parse(&argp, argc, argv, &arguments);
  if (status >= 0) return status;
  status = arguments.shard_text ? lat_shard_parse(&arguments.shard, arguments.shard_text)
                                : lat_shard_environment(&arguments.shard);
  if (status != LAT_OK) return lat_cli_fail(status);
  status = arguments.sweep ? add_file(&board, &arguments) : add_tasks(&board, &arguments.selection);
  if (!status) status = make_plans(&board, &arguments.shard);
  if (!status && arguments.dry_run)
    status = lat_dry_run(&board, arguments.selection.out, arguments.selection.json);
  else if (!status && (status = some_point(&board)))
    ; /* told */
  else if (!status && arguments.worker >= 0)
    status = lat_worker_main(&board, arguments.selection.out, (int)arguments.jobs, arguments.worker);
  else if (!status)
    status = run_first(&board, &arguments, argc, argv);
  free_board(&board);
  lat_sweepfile_free(arguments.file);
  return status;
}
