# Fuzzing, test/fuzz/README.md: included by the Makefile.

T	?=
S	?= 10

FUZZ_NAMES := $(patsubst test/fuzz/f_%.c,%,$(wildcard test/fuzz/f_*.c))
# With libFuzzer's main(), and with that of driver.c.
FUZZERS	:= $(FUZZ_NAMES:%=$(B)/test/fuzz/fuzz_%)
REPLAYS	:= $(FUZZ_NAMES:%=$(B)/test/fuzz/replay_%)

FUZZ_CC	?= clang
FUZZ_SANITIZE = -g -O1 -fno-omit-frame-pointer \
	-fsanitize=fuzzer-no-link,address,undefined \
	-fno-sanitize-recover=undefined
FUZZ_MAKE = $(MAKE) --no-print-directory B=build/fuzz CC='$(FUZZ_CC)' \
	CFLAGS='$(FUZZ_SANITIZE)'
# The first folder gets what is new, the second is only read.
FUZZ_RUN = mkdir -p build/fuzz/corpus/$(1) build/fuzz/crashes && \
	build/fuzz/test/fuzz/fuzz_$(1) -max_total_time=$(S) -timeout=10 \
	    -print_final_stats=1 -artifact_prefix=build/fuzz/crashes/$(1)- \
	    $(addprefix -dict=,$(wildcard test/fuzz/$(1).dict)) \
	    build/fuzz/corpus/$(1) test/fuzz/seeds/$(1)

$(FUZZERS): $(B)/test/fuzz/fuzz_%: $(B)/test/fuzz/f_%.o \
    $(B)/test/fuzz/fuzz.o $(B)/libtested.a $(B)/libacedt.a
	$(say) LD $@
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -fsanitize=fuzzer -o $@ $^ \
	    $(ALL_LIBS)

$(REPLAYS): $(B)/test/fuzz/replay_%: $(B)/test/fuzz/f_%.o \
    $(B)/test/fuzz/fuzz.o $(B)/test/fuzz/driver.o $(B)/libtested.a \
    $(B)/libacedt.a
	$(say) LD $@
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(ALL_LIBS)

# For the two of these that run make again.
fuzz-programs: $(FUZZERS)
replay-programs: $(REPLAYS)

fuzz:				## fuzz one parser: T=NAME, for S seconds
	@scripts/deps.sh build fuzz
ifeq ($(filter $(T),$(FUZZ_NAMES)),)
	@echo 'make fuzz T=NAME [S=SECONDS]; there are: $(FUZZ_NAMES)'
	@exit 2
else
	@$(FUZZ_MAKE) build/fuzz/test/fuzz/fuzz_$(T)
	@$(call FUZZ_RUN,$(T))
endif

fuzz-short:			## fuzz every parser for S seconds
	@scripts/deps.sh build fuzz
	@$(FUZZ_MAKE) fuzz-programs
	@rc=0; \
	$(foreach t,$(FUZZ_NAMES),echo 'fuzz $(t)'; \
	    ($(call FUZZ_RUN,$(t))) >build/fuzz/$(t).log 2>&1 || \
	    { rc=1; tail -n 40 build/fuzz/$(t).log; };) \
	exit $$rc

fuzz-replay:			## all seeds once, under sanitizers
	@scripts/deps.sh build
	@$(MAKE) --no-print-directory B=build/asan CFLAGS='$(SANITIZE)' \
	    replay-programs
	@test/fuzz/replay.sh build/asan $(FUZZ_NAMES)

.PHONY: fuzz fuzz-programs fuzz-replay fuzz-short replay-programs
