#include "cli/workers.h"

#include <errno.h>
#include <omp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/stop.h"
#include "lib/base/memory.h"

/* One message on the pipe; smaller than PIPE_BUF, so that those of several workers do not mix. */
struct message {
  uint32_t task;
  int32_t event; /* enum lat_event, or SENTENCE */
  uint64_t point;
  double fraction;
  int32_t code;
  char sentence[484];
};
enum { SENTENCE = -1 };

struct teller {
  struct lat_board *board;
  size_t task;
  int descriptor, broken;
};

static void send_message(struct teller *teller, const struct message *message) {
  ssize_t count;
  do count = write(teller->descriptor, message, sizeof *message);
  while (count < 0 && errno == EINTR);
  if (count != (ssize_t)sizeof *message) teller->broken = 1; /* the first process is gone */
}

static int worker_stopped(void *context) {
  const struct teller *teller = context;
  return teller->broken || lat_stop_asked();
}

static void worker_tell(void *context, enum lat_event event, const struct lat_sweep_point *point, double fraction) {
  struct teller *teller = context;
  struct message message = {.task = (uint32_t)teller->task, .event = (int32_t)event, .fraction = fraction};
  message.point = (uint64_t)(point - teller->board->task[teller->task].plan->point);
  send_message(teller, &message);
}

int lat_worker_main(struct lat_board *board, const char *out, int jobs, int descriptor) {
  struct teller teller = {.board = board, .descriptor = descriptor};
  struct lat_runner runner = {out, jobs, worker_stopped, worker_tell, &teller};
  int status = LAT_OK;
  lat_stop_watch(NULL, 0);
  for (; teller.task < board->tasks && status == LAT_OK; teller.task++)
    status = lat_runner_run(&runner, board->task[teller.task].plan);
  if (status != LAT_OK && status != LAT_INTERRUPTED) {
    struct message message = {.event = SENTENCE, .code = status};
    snprintf(message.sentence, sizeof message.sentence, "%s", lat_error_message());
    send_message(&teller, &message);
  }
  return lat_status_exit(status);
}

/* In the child: becomes the worker. */
static void become_worker(char **arguments, pid_t parent) {
  char path[4096];
  ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
  setpgid(0, 0); /* the terminal's signals go to the first process alone, which passes them on */
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);
  if (length > 0) {
    path[length] = '\0';
    execv(path, arguments);
  }
  execvp(arguments[0], arguments);
  fprintf(stderr, "latentlab: cannot start a worker: %s\n", strerror(errno));
  _exit(1);
}

/* The command line of a worker: this one's, and the hidden option. */
static char **worker_arguments(int argc, char **argv, char *option) {
  char **arguments = lat_calloc((size_t)argc + 5, sizeof *arguments);
  size_t count = 0;
  if (!arguments) return NULL;
  arguments[count++] = (char *)lat_program.invoked;
  if (lat_program.driver) arguments[count++] = (char *)lat_program.driver;
  arguments[count++] = (char *)"run";
  arguments[count++] = option;
  for (int i = 1; i < argc; i++) arguments[count++] = argv[i];
  return arguments;
}

static void set_threads(int jobs) {
  char text[16];
  int each = omp_get_max_threads() / jobs;
  snprintf(text, sizeof text, "%d", each > 1 ? each : 1);
  setenv("OMP_NUM_THREADS", text, 1);
}

/* Reads the pipe until every worker has closed it. */
static int listen_to(struct lat_board *board, int descriptor) {
  struct message message;
  size_t have = 0;
  int status = LAT_OK;
  for (;;) {
    ssize_t count = read(descriptor, (char *)&message + have, sizeof message - have);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    have += (size_t)count;
    if (have < sizeof message) continue;
    have = 0;
    if (message.event == SENTENCE) {
      message.sentence[sizeof message.sentence - 1] = '\0';
      if (status == LAT_OK) status = LAT_FAIL(message.code, "%s", message.sentence);
      lat_stop_ask();
    } else if (message.task < board->tasks && message.point < board->task[message.task].plan->count) {
      lat_board_tell(board, message.task, (enum lat_event)message.event, message.point, message.fraction);
    }
  }
  return status;
}

int lat_workers_run(struct lat_board *board, int jobs, int argc, char **argv) {
  static pid_t workers[LAT_MOST_JOBS];
  int ends[2] = {-1, -1}, status = LAT_OK, asked = 0;
  char option[32];
  char **arguments = worker_arguments(argc, argv, option);
  LAT_CHECK(status, arguments, LAT_MEMORY, "no memory to start workers");
  LAT_CHECK(status, pipe(ends) == 0, LAT_FILE, "no pipe for the workers: %s", strerror(errno));
  snprintf(option, sizeof option, "--worker=%d", ends[1]);
  set_threads(jobs);
  memset(workers, 0, sizeof workers);
  lat_stop_watch(workers, jobs);
  fflush(NULL);
  for (int i = 0; i < jobs && !lat_stop_asked(); i++) {
    pid_t parent = getpid(), child = fork();
    if (child == 0) {
      close(ends[0]);
      become_worker(arguments, parent);
    }
    if (child < 0) {
      status = LAT_FAIL(LAT_FILE, "cannot start a worker: %s", strerror(errno));
      lat_stop_ask();
      break;
    }
    workers[i] = child;
  }
  close(ends[1]);
  ends[1] = -1;
  if (lat_stop_asked()) lat_stop_ask(); /* a worker that was started while the signal came missed it */
  int heard = listen_to(board, ends[0]);
  if (status == LAT_OK) status = heard;
  asked = lat_stop_asked();
  for (int i = 0; i < jobs; i++) {
    int result = 0;
    if (workers[i] <= 0) continue;
    while (waitpid(workers[i], &result, 0) < 0 && errno == EINTR) continue;
    workers[i] = 0;
    if (status == LAT_OK && WIFSIGNALED(result))
      status = LAT_FAIL(LAT_FILE, "a worker was ended by signal %d (%s)", WTERMSIG(result), strsignal(WTERMSIG(result)));
    else if (status == LAT_OK && !asked && WEXITSTATUS(result) != 0)
      status = LAT_FAIL(LAT_FILE, "a worker ended with status %d", WEXITSTATUS(result));
  }
  if (status == LAT_OK && asked) status = LAT_FAIL(LAT_INTERRUPTED, "stopped");
done:
  for (int i = 0; i < 2; i++)
    if (ends[i] >= 0) close(ends[i]);
  lat_free(arguments);
  return status;
}
