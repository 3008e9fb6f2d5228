#include <string.h>

#include "cli/cli.h"
#include "tests/sweep_sample.h"

int main(int argc, char **argv) {
  if (argc > 1 && !strcmp(argv[1], "--driver")) {
    lat_program.experiments = lat_sample_experiments;
    lat_program.driver = "--driver";
    argv[1] = argv[0];
    return lat_program_main(argc - 1, argv + 1);
  }
  return 0;
}
