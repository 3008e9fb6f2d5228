# make            the program build/latentlab and the static and shared library
# make test       installs what is missing, builds, runs every test
# make help       all targets
BUILD ?= build
PREFIX ?= /usr/local
ifeq ($(origin CC),default)
CC := gcc
endif
PYTHON ?= python3
CLANG ?= clang
FUZZ_SECONDS ?= 60
OUT ?= results/run
SIZE ?= quick
VERSION := 0.1.0
SOVERSION := 0

PACKAGES := gsl hdf5 openblas libcyaml json-c libxxhash
CFLAGS ?= -O3 -march=native -g
WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wdouble-promotion -Wstrict-prototypes -Wmissing-prototypes -Wvla \
  -Wwrite-strings
HOUSE := -std=c11 -D_GNU_SOURCE -I. -fopenmp -fPIC -ffp-contract=off -fno-math-errno $(WARNINGS) $(EXTRA)
PKG_CFLAGS := $(shell pkg-config --cflags $(PACKAGES) 2>/dev/null)
# Who computes matrix products (lib/nn/gemm.h): own, onednn or cblas.
GEMM ?= own
HOUSE += $(if $(filter own,$(GEMM)),,-DLAT_GEMM_LIBRARY) $(if $(filter onednn,$(GEMM)),-DLAT_GEMM_ONEDNN)
# GSL's own BLAS is the slow reference one: OpenBLAS stands in its place.
PKG_LIBS := $(filter-out -lgslcblas,$(shell pkg-config --libs $(PACKAGES) 2>/dev/null)) -lhdf5_hl $(if $(filter onednn,$(GEMM)),-ldnnl) -lm

LIB_SOURCES := $(sort $(wildcard lib/*/*.c))
HEADERS := $(sort $(wildcard lib/*/*.h))
CLI_SOURCES := $(sort $(wildcard cli/*.c))
EXPERIMENT_SOURCES := $(sort $(wildcard experiments/*.c))
EXPERIMENT_PARTS := $(sort $(wildcard experiments/*/*.c))
TEST_SOURCES := $(sort $(wildcard tests/test_*.c))
HELPER_SOURCES := $(sort $(filter-out tests/test_%.c,$(wildcard tests/*.c)))
FUZZ_SOURCES := $(sort $(wildcard tests/fuzz/*.c))
C_FILES := $(sort $(wildcard lib/*/*.[ch] cli/*.[ch] experiments/*.[ch] experiments/*/*.[ch] tests/*.[ch] tests/*/*.[ch]))
object = $(patsubst %.c,$(BUILD)/%.o,$(1))
LIB_OBJECTS := $(call object,$(LIB_SOURCES))
APP_OBJECTS := $(call object,$(filter-out cli/main.c,$(CLI_SOURCES)) $(EXPERIMENT_SOURCES) $(EXPERIMENT_PARTS)) $(BUILD)/experiments.o
HELPER_OBJECTS := $(call object,$(HELPER_SOURCES))
# Sources that are built once more in double precision, for central differences that are good to ten digits.
DOUBLE_SOURCES := $(sort $(wildcard lib/base/*.c lib/nn/operation_*.c) $(addprefix lib/nn/,activation.c config.c embed.c \
  gemm.c jacobian.c layernorm.c model.c parameters.c pass.c pass_extend.c positions.c rmsnorm.c softmax.c tangent.c tape.c \
  vector_math.c))
DOUBLE_OBJECTS := $(patsubst %.c,$(BUILD)/double/%.o,$(DOUBLE_SOURCES))
TESTS := $(patsubst tests/%.c,$(BUILD)/tests/%,$(TEST_SOURCES))
FUZZERS := $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(FUZZ_SOURCES))

.PHONY: all test check bench figures report format format-check lint sanitize threads fuzz install install-built uninstall clean help setup FORCE
.SECONDARY:
all: $(BUILD)/latentlab $(BUILD)/liblatentlab.a $(BUILD)/liblatentlab.so $(BUILD)/latentlab.pc

help:
	@sed -n 's/^#: //p' Makefile

#: all           program and libraries (default); BUILD=folder and EXTRA=flags give another tree, CC=clang another compiler;
#:               GEMM=onednn or GEMM=cblas: matrix products by that library in place of the kernel of this one
#: test          install what is missing, build, run every test; TESTS_ONLY="test_status e2e_circuit" runs those
#: check         all of: format, lint, gcc and clang with -Werror, sanitize, threads
#: sanitize      every test under ASan, UBSan and the leak checker
#: threads       tests of threaded code under TSan with Archer, where clang has it
#: fuzz          every fuzz target for FUZZ_SECONDS (60) each, with clang's libFuzzer
#: bench         latentlab bench circuits and bench train
#: figures       merge and plot what is in OUT (results/run)
#: report        the HTML report of OUT
#: format        clang-format every source file (format-check only looks)
#: lint          the house rules, and cppcheck where present
#: install       program, libraries, headers, pkg-config file, figure scripts under PREFIX (/usr/local)
#: clean         remove the build folder

# The flags are part of what is built: another set of flags in the same tree rebuilds it.
$(BUILD)/flags.txt: FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(HOUSE) $(CFLAGS) $(LDFLAGS)' | cmp -s - $@ || echo '$(CC) $(HOUSE) $(CFLAGS) $(LDFLAGS)' > $@

# The commit and the flags are recorded in every result.
SOURCE := $(shell git -C . describe --always --dirty --abbrev=12 2>/dev/null || echo unknown)
$(BUILD)/provenance.txt: FORCE
	@mkdir -p $(@D)
	@echo '$(SOURCE) $(VERSION)' | cmp -s - $@ || echo '$(SOURCE) $(VERSION)' > $@
$(BUILD)/lib/sweep/provenance.o: $(BUILD)/provenance.txt
$(BUILD)/lib/sweep/provenance.o: PROVENANCE = -DLAT_SOURCE='"$(SOURCE)"' -DLAT_VERSION='"$(VERSION)"' \
  -DLAT_FLAGS='"$(CC) $(filter-out -I.,$(HOUSE)) $(CFLAGS)"'

$(BUILD)/%.o: %.c $(BUILD)/flags.txt
	@mkdir -p $(@D)
	$(CC) $(HOUSE) $(CFLAGS) $(PKG_CFLAGS) $(PROVENANCE) -MMD -MP -c $< -o $@

$(BUILD)/double/%.o: %.c $(BUILD)/flags.txt
	@mkdir -p $(@D)
	$(CC) $(HOUSE) -DLAT_DOUBLE $(CFLAGS) $(PKG_CFLAGS) -MMD -MP -c $< -o $@

# Experiments are found by walking their folder: the list is made, never kept by hand.
$(BUILD)/experiments.txt: FORCE
	@mkdir -p $(@D)
	@echo '$(EXPERIMENT_SOURCES)' | cmp -s - $@ || echo '$(EXPERIMENT_SOURCES)' > $@
$(BUILD)/experiments.c: $(BUILD)/experiments.txt Makefile
	@{ echo '#include "lib/sweep/experiment.h"'; \
	  for e in $(notdir $(basename $(EXPERIMENT_SOURCES))); do echo "extern const struct lat_experiment lat_experiment_$$e;"; done; \
	  echo 'const struct lat_experiment *const lat_experiments[] = {'; \
	  for e in $(notdir $(basename $(EXPERIMENT_SOURCES))); do echo "    &lat_experiment_$$e,"; done; \
	  echo '    0};'; } > $@
$(BUILD)/experiments.o: $(BUILD)/experiments.c $(BUILD)/flags.txt
	$(CC) $(HOUSE) $(CFLAGS) $(PKG_CFLAGS) -c $< -o $@

$(BUILD)/liblatentlab.a: $(LIB_OBJECTS)
	@rm -f $@
	ar rcs $@ $^

$(BUILD)/liblatentlab.so: $(LIB_OBJECTS)
	$(CC) -shared -fopenmp $(EXTRA) $(CFLAGS) $(LDFLAGS) -Wl,-soname,liblatentlab.so.$(SOVERSION) $^ $(PKG_LIBS) -o $@

# What the library itself needs is private: only a program that links the archive (pkg-config --static) has to name it.
# An archive is linked with shared libraries as the program here is: the packages' own private libraries (a static OpenBLAS wants
# Fortran) are not asked for.
$(BUILD)/latentlab.pc: Makefile
	@mkdir -p $(@D)
	@printf '%s\n' 'prefix=$(PREFIX)' 'Name: latentlab' 'Description: transformer layers, circuits and measures for latent reasoning' \
	  'Version: $(VERSION)' 'Cflags: -I$${prefix}/include/latentlab $(PKG_CFLAGS)' 'Libs: -L$${prefix}/lib -llatentlab' \
	  'Libs.private: $(PKG_LIBS) -fopenmp' > $@

$(BUILD)/latentlab: $(BUILD)/cli/main.o $(APP_OBJECTS) $(BUILD)/liblatentlab.a
	$(CC) $(HOUSE) $(CFLAGS) $(LDFLAGS) $^ $(PKG_LIBS) -o $@

$(BUILD)/tests/test_%: $(BUILD)/tests/test_%.o $(HELPER_OBJECTS) $(APP_OBJECTS) $(BUILD)/liblatentlab.a
	$(CC) $(HOUSE) $(CFLAGS) $(LDFLAGS) $^ -lcmocka $(PKG_LIBS) -o $@

$(addprefix $(BUILD)/tests/test_,gradient pass_gradient jacobian): $(BUILD)/tests/%: $(BUILD)/double/tests/%.o $(DOUBLE_OBJECTS)
	@mkdir -p $(@D)
	$(CC) $(HOUSE) $(CFLAGS) $(LDFLAGS) $^ -lcmocka $(PKG_LIBS) -o $@

setup:
	@bash ./run_all.sh setup

# A first build on a bare machine has to see the packages that setup has just installed: hence the second make.
test: setup
	@$(MAKE) --no-print-directory -s -j$$(nproc 2>/dev/null || echo 2) all test-programs
	@bash tests/run.sh $(BUILD) $(TESTS_ONLY)

.PHONY: test-programs
test-programs: $(TESTS)

SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
sanitize:
	@$(MAKE) --no-print-directory -s -j$$(nproc) BUILD=$(BUILD)-sanitize CFLAGS='-O1 -g -march=native' EXTRA='$(SANITIZE)' all test-programs
	@OMP_NUM_THREADS=2 ASAN_OPTIONS=detect_leaks=1 LSAN_OPTIONS=suppressions=$(CURDIR)/tests/leaks.supp:print_suppressions=0 \
	  bash tests/run.sh $(BUILD)-sanitize $(TESTS_ONLY)

# Races: gcc's own OpenMP hides its barriers from the checker; clang's tells them to it through Archer. The worker threads of
# libraries that were built without the checker are not looked into.
THREAD_TESTS := $(filter test_gemm test_attention test_transformer test_decode test_simulate test_settle test_engine%,$(notdir $(TESTS)))
THREADED := BUILD=$(BUILD)-threads CC=$(CLANG) CFLAGS='-O1 -g -march=native' EXTRA=-fsanitize=thread
threads:
	@archer=$$($(CLANG) -print-file-name=libarcher.so 2>/dev/null); \
	[ -e "$$archer" ] || archer=$$($(CLANG) -print-resource-dir 2>/dev/null)/../../libarcher.so; \
	if [ ! -e "$$archer" ]; then echo 'threads: not checked, this needs clang and its libarcher.so (libomp)'; exit 0; fi; \
	$(MAKE) --no-print-directory -s -j$$(nproc) $(THREADED) $(addprefix $(BUILD)-threads/tests/,$(THREAD_TESTS)) && \
	OMP_NUM_THREADS=3 OMP_TOOL_LIBRARIES=$$archer TSAN_OPTIONS=ignore_noninstrumented_modules=1 \
	  bash tests/run.sh $(BUILD)-threads $(THREAD_TESTS)

check: format-check lint
	$(MAKE) --no-print-directory -s -j$$(nproc) BUILD=$(BUILD)-gcc CC=gcc EXTRA=-Werror all test-programs
	$(MAKE) --no-print-directory -s -j$$(nproc) BUILD=$(BUILD)-clang CC=$(CLANG) EXTRA=-Werror all test-programs
	$(MAKE) --no-print-directory sanitize
	$(MAKE) --no-print-directory threads

fuzz: $(FUZZERS)
	@for f in $(FUZZERS); do n=$$(basename $$f); mkdir -p $(BUILD)/corpus/$$n; echo "$$n for $(FUZZ_SECONDS) s"; \
	  $$f -max_total_time=$(FUZZ_SECONDS) -rss_limit_mb=2048 -timeout=10 -print_final_stats=1 -artifact_prefix=$(BUILD)/corpus/ \
	    $(BUILD)/corpus/$$n tests/fuzz/corpus >$(BUILD)/corpus/$$n.log 2>&1; s=$$?; tail -n 12 $(BUILD)/corpus/$$n.log; \
	  [ $$s = 0 ] || exit 1; done
$(BUILD)/fuzz/%: tests/fuzz/%.c $(LIB_SOURCES) $(HEADERS)
	@mkdir -p $(@D)
	@$(CLANG) $(HOUSE) -O1 -g -Wno-pass-failed -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all $(PKG_CFLAGS) $< \
	  $(LIB_SOURCES) $(PKG_LIBS) -o $@

bench: all
	$(BUILD)/latentlab bench circuits
	$(BUILD)/latentlab bench train
figures: all
	$(BUILD)/latentlab merge all --out $(OUT)
	$(BUILD)/latentlab plot all --out $(OUT)
report: all
	$(BUILD)/latentlab report --out $(OUT)

format:
	clang-format -i $(C_FILES)
format-check:
	@clang-format --dry-run -Werror $(C_FILES)
lint:
	@bash tests/lint.sh

install: all
	@$(MAKE) --no-print-directory install-built
# Installs what BUILD holds and builds nothing: for tests of a tree that was made with other flags.
install-built:
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/pkgconfig $(DESTDIR)$(PREFIX)/share/latentlab/analysis
	install -m 755 $(BUILD)/latentlab $(DESTDIR)$(PREFIX)/bin/
	install -m 644 $(BUILD)/liblatentlab.a $(DESTDIR)$(PREFIX)/lib/
	install -m 755 $(BUILD)/liblatentlab.so $(DESTDIR)$(PREFIX)/lib/liblatentlab.so.$(SOVERSION)
	ln -sf liblatentlab.so.$(SOVERSION) $(DESTDIR)$(PREFIX)/lib/liblatentlab.so
	sed 's|^prefix=.*|prefix=$(PREFIX)|' $(BUILD)/latentlab.pc > $(DESTDIR)$(PREFIX)/lib/pkgconfig/latentlab.pc
	@echo 'install -m 644 the headers to $(DESTDIR)$(PREFIX)/include/latentlab'
	@for h in $(HEADERS); do install -D -m 644 $$h $(DESTDIR)$(PREFIX)/include/latentlab/$$h || exit 1; done
	install -m 644 analysis/*.gp $(DESTDIR)$(PREFIX)/share/latentlab/analysis/
uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/latentlab $(DESTDIR)$(PREFIX)/lib/liblatentlab.a $(DESTDIR)$(PREFIX)/lib/liblatentlab.so \
	  $(DESTDIR)$(PREFIX)/lib/liblatentlab.so.$(SOVERSION) $(DESTDIR)$(PREFIX)/lib/pkgconfig/latentlab.pc
	rm -rf $(DESTDIR)$(PREFIX)/include/latentlab $(DESTDIR)$(PREFIX)/share/latentlab

clean:
	rm -rf $(BUILD) $(BUILD)-sanitize $(BUILD)-threads $(BUILD)-gcc $(BUILD)-clang

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
