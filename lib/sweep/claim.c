#include "lib/sweep/claim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/process.h"
#include "lib/base/status.h"

enum { CONTENT = 512 };

enum { HOST = 256 };

static void host_name(char host[static HOST]) {
  if (gethostname(host, HOST) != 0) *host = '\0';
  host[HOST - 1] = '\0';
  if (*host == '\0') snprintf(host, HOST, "unknown");
}

int lat_claim_held(const char *path) {
  char text[CONTENT], host[HOST], mine[HOST];
  long process = 0;
  unsigned long long start = 0;
  struct stat info;
  int descriptor = open(path, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return 0;
  ssize_t count = read(descriptor, text, sizeof text - 1);
  int known = fstat(descriptor, &info) == 0;
  close(descriptor);
  text[count > 0 ? count : 0] = '\0';
  if (sscanf(text, "%255s %ld %llu", host, &process, &start) != 3 || process <= 0)
    return known && time(NULL) - info.st_mtime < 10; /* just being written; nobody's when it stays so */
  host_name(mine);
  if (strcmp(host, mine) != 0) return 2;
  return lat_process_alive(process) && (start == 0 || lat_process_began(process) == start);
}

int lat_claim_take(const char *path, int force, enum lat_claim *claim) {
  for (int attempt = 0; attempt < 3; attempt++) {
    int descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor >= 0) {
      char text[CONTENT], host[HOST];
      host_name(host);
      int count = snprintf(text, sizeof text, "%s %ld %llu\n", host, (long)getpid(), lat_process_began((long)getpid()));
      errno = ENOSPC;
      int bad = write(descriptor, text, (size_t)count) != count;
      int why = errno;
      close(descriptor);
      if (bad) unlink(path);
      *claim = LAT_CLAIM_MINE;
      return bad ? LAT_FAIL(LAT_FILE, "%s: cannot be written: %s", path, strerror(why)) : LAT_OK;
    }
    if (errno != EEXIST) return LAT_FAIL(LAT_FILE, "%s: cannot be written: %s", path, strerror(errno));
    int held = lat_claim_held(path);
    *claim = held == 2 ? LAT_CLAIM_ELSEWHERE : LAT_CLAIM_HERE;
    if (held == 1 || (held == 2 && !force)) return LAT_OK;
    if (unlink(path) != 0 && errno != ENOENT) return LAT_FAIL(LAT_FILE, "%s: cannot be removed: %s", path, strerror(errno));
  }
  return LAT_OK; /* others are quicker each time: it is theirs */
}

void lat_claim_drop(const char *path) { unlink(path); }
