#include "lib/base/process.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

/* What follows the name in /proc/PID/stat: " STATE PARENT ..."; NULL where there is no such file. */
static const char *after_name(long process, char text[static 1024]) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%ld/stat", process);
  FILE *file = fopen(path, "r");
  if (!file) return NULL;
  size_t count = fread(text, 1, 1023, file);
  fclose(file);
  text[count] = '\0';
  const char *end = strrchr(text, ')'); /* the name may hold anything */
  return end ? end + 1 : NULL;
}

int lat_process_alive(long process) {
  char text[1024];
  if (kill((pid_t)process, 0) != 0 && errno == ESRCH) return 0;
  const char *state = after_name(process, text);
  return !state || (state[1] != 'Z' && state[1] != 'X');
}

unsigned long long lat_process_began(long process) {
  char text[1024];
  const char *at = after_name(process, text);
  for (int field = 2; at && field < 22; field++) {
    at = strchr(at, ' ');
    if (at) at++;
  }
  return at ? strtoull(at, NULL, 10) : 0;
}
