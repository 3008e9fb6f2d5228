# make            the program build/latentlab and the libraries
# make test       installs what is missing, builds, runs every test
# make help       all targets
BUILD ?= build
PREFIX ?= /usr/local
CC ?= gcc
VERSION := 0.1.0

PACKAGES := gsl hdf5 openblas libcyaml json-c libxxhash
CFLAGS ?= -O3 -march=native -g
WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wdouble-promotion -Wstrict-prototypes -Wmissing-prototypes -Wvla \
  -Wwrite-strings
HOUSE := -std=c11 -D_GNU_SOURCE -I. -fopenmp -fPIC -ffp-contract=off -fno-math-errno $(WARNINGS) $(EXTRA)
PKG_CFLAGS := $(shell pkg-config --cflags gsl hdf5 openblas libcyaml json-c libxxhash 2>/dev/null)
# GSL's own BLAS is the slow reference one: OpenBLAS stands in its place.
PKG_LIBS := $(filter-out -lgslcblas,$(shell pkg-config --libs gsl hdf5 openblas libcyaml json-c libxxhash 2>/dev/null)) -lhdf5_hl -lm

LIB_SOURCES := $(sort $(wildcard lib/*/*.c))
CLI_SOURCES := $(sort $(wildcard cli/*.c))
EXPERIMENT_SOURCES := $(sort $(wildcard experiments/*.c))
TEST_SOURCES := $(sort $(wildcard tests/test_*.c))
TEST_HELP_SOURCES := $(sort $(filter-out tests/test_%.c,$(wildcard tests/*.c)))
object = $(patsubst %.c,$(BUILD)/%.o,$(1))
LIB_OBJECTS := $(call object,$(LIB_SOURCES))
APP_OBJECTS := $(call object,$(filter-out cli/main.c,$(CLI_SOURCES)) $(EXPERIMENT_SOURCES)) $(BUILD)/experiments.o
TESTS := $(patsubst tests/%.c,$(BUILD)/tests/%,$(TEST_SOURCES))

.PHONY: all help
all: $(BUILD)/latentlab $(BUILD)/liblatentlab.a

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(HOUSE) $(CFLAGS) $(PKG_CFLAGS) -MMD -MP -c $< -o $@

# Experiments are found by walking their folder: the list is made, never kept by hand.
$(BUILD)/experiments.c: $(EXPERIMENT_SOURCES) Makefile
	@mkdir -p $(@D)
	@{ echo '#include "lib/sweep/experiment.h"'; \
	  for e in $(notdir $(basename $(EXPERIMENT_SOURCES))); do echo "extern const struct lat_experiment lat_experiment_$$e;"; done; \
	  echo 'const struct lat_experiment *const lat_experiments[] = {'; \
	  for e in $(notdir $(basename $(EXPERIMENT_SOURCES))); do echo "  &lat_experiment_$$e,"; done; \
	  echo '  0};'; } > $@
$(BUILD)/experiments.o: $(BUILD)/experiments.c
	$(CC) $(HOUSE) $(CFLAGS) -c $< -o $@

$(BUILD)/liblatentlab.a: $(LIB_OBJECTS)
	@rm -f $@
	ar rcs $@ $^

$(BUILD)/latentlab: $(BUILD)/cli/main.o $(APP_OBJECTS) $(BUILD)/liblatentlab.a
	$(CC) $(HOUSE) $(CFLAGS) $(LDFLAGS) $^ $(PKG_LIBS) -o $@

$(BUILD)/tests/test_%: $(BUILD)/tests/test_%.o $(call object,$(TEST_HELP_SOURCES)) $(APP_OBJECTS) $(BUILD)/liblatentlab.a
	$(CC) $(HOUSE) $(CFLAGS) $(LDFLAGS) $^ -lcmocka $(PKG_LIBS) -o $@

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
