#include "cli/cli.h"

int main(int argc, char **argv) { return lat_program_main(argc, argv); }
