#include "cli/stop.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t asked;
static const pid_t *volatile pids;
static volatile sig_atomic_t pid_count;

static void pass_on(int signal_number) {
  for (int i = 0; i < pid_count; i++)
    if (pids[i] > 0) kill(pids[i], signal_number);
}

static void handle(int signal_number) {
  static const char text[] = "latentlab: stopping after the point in hand; a second signal stops at once\n";
  if (asked) {
    pass_on(SIGKILL);
    signal(signal_number, SIG_DFL);
    raise(signal_number);
    return;
  }
  asked = 1;
  pass_on(SIGTERM);
  if (isatty(STDERR_FILENO)) (void)!write(STDERR_FILENO, text, sizeof text - 1);
}

void lat_stop_watch(const pid_t *workers, int count) {
  struct sigaction action;
  pids = workers;
  pid_count = count;
  memset(&action, 0, sizeof action);
  action.sa_handler = handle;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
  signal(SIGPIPE, SIG_IGN);
}

int lat_stop_asked(void) { return asked != 0; }

void lat_stop_ask(void) {
  asked = 1;
  pass_on(SIGTERM);
}
