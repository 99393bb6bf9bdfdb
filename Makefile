# ace-dt: GNU make.  "make help" lists the targets.

VERSION	:= 0.1.0

PREFIX	?= /usr/local
BINDIR	?= $(PREFIX)/bin
MANDIR	?= $(PREFIX)/share/man
B	?= build
CFLAGS	?= -O2 -g
INSTALL	?= install

# Hardening as distributions use it; FORTIFY needs optimisation, and the
# sanitizers have their own interceptors.
HARDEN_CFLAGS	= -fPIE -fstack-protector-strong
HARDEN_LDFLAGS	= -pie -Wl,-z,relro,-z,now,-z,noexecstack
ifeq ($(findstring -fsanitize,$(CFLAGS))$(findstring -O0,$(CFLAGS)),)
HARDEN_CPPFLAGS	= -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
endif

WARN	:= -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes \
	   -Wmissing-prototypes -Wwrite-strings -Wpointer-arith -Wvla \
	   -Wformat=2 -Wundef -Wconversion -Wno-sign-conversion $(WERROR)

ALL_CPPFLAGS = -I. -D_GNU_SOURCE -DVERSION='"$(VERSION)"' \
	       $(HARDEN_CPPFLAGS) $(CPPFLAGS)
ALL_CFLAGS   = -std=c11 $(WARN) $(HARDEN_CFLAGS) $(CFLAGS)
ALL_LDFLAGS  = $(HARDEN_LDFLAGS) -Wl,--as-needed $(LDFLAGS)
# libacedt.a needs all of them; --as-needed leaves each program its own.
ALL_LIBS     = -lcurl -ljq -lssl -lcrypto -lyaml -lseccomp \
	       -lpcre2-8 -lunistring $(LDLIBS)

TOOLS	:= acedt-list acedt-resolve acedt-fetch acedt-filter acedt-push acedt-index \
	   acedt-check acedt-show
PROGRAMS := $(TOOLS:%=$(B)/%) $(B)/ace-dt
BENCHES	:= $(B)/bench/relay $(B)/bench/loop
UNITS	:= $(patsubst test/unit/%.c,$(B)/test/unit/%,$(wildcard test/unit/t_*.c))
PRELOADS := $(patsubst %.c,$(B)/%.so,$(wildcard test/preload/*.c))
objects	= $(patsubst %.c,$(B)/%.o,$(wildcard $(1)/*.c))

ifeq ($(V),1)
Q =
say = @:
else
Q = @
say = @printf '  %-5s %s\n'
endif

.DEFAULT_GOAL := all

all: $(PROGRAMS)		## build the programs into build/

$(B)/libacedt.a: $(call objects,lib/*)
	$(say) AR $@
	$(Q)rm -f $@
	$(Q)$(AR) rcs $@ $^

define program
$(B)/$(1): $(call objects,$(2)/$(1)) $(B)/libacedt.a
	$$(say) LD $$@
	$$(Q)$$(CC) $$(ALL_CFLAGS) $$(ALL_LDFLAGS) -o $$@ $$^ $$(ALL_LIBS)
endef
$(foreach t,$(TOOLS),$(eval $(call program,$(t),tools)))
$(eval $(call program,ace-dt,bin))

# What a program keeps to itself and a test looks at by itself.
TESTED	:= $(B)/bin/ace-dt/judge.o \
	   $(B)/bin/ace-dt/progress.o \
	   $(B)/bin/ace-dt/text.o \
	   $(B)/tools/acedt-push/journal.o \
	   $(B)/tools/acedt-push/referrers_index.o

$(B)/libtested.a: $(TESTED)
	$(say) AR $@
	$(Q)rm -f $@
	$(Q)$(AR) rcs $@ $^

$(UNITS): $(B)/%: $(B)/%.o $(B)/test/unit/tap.o $(B)/libtested.a $(B)/libacedt.a
	$(say) LD $@
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(ALL_LIBS)

$(BENCHES): $(B)/%: $(B)/%.o $(B)/libacedt.a
	$(say) LD $@
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(ALL_LIBS)

$(B)/%.o: %.c $(B)/flags
	@mkdir -p $(@D)
	$(say) CC $@
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# Objects are made again when the compiler, its flags or the version change.
flags_now = $(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS)
$(B)/flags: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' "$$FLAGS_NOW" | cmp -s - $@ || \
	    printf '%s\n' "$$FLAGS_NOW" >$@
$(B)/flags: export FLAGS_NOW = $(flags_now)

# Libraries that tests preload into the programs, and nobody else.
$(PRELOADS): $(B)/test/preload/%.so: test/preload/%.c
	@mkdir -p $(@D)
	$(say) LD $@
	$(Q)$(CC) -D_GNU_SOURCE -std=c11 -O1 -g -Wall -Wextra $(WERROR) \
	    -fPIC -shared -o $@ $<

test-programs: $(UNITS) $(PRELOADS)

bench-programs: $(BENCHES)

deps:				## install what building needs from Debian's packages
	@scripts/deps.sh build

demo:				## gather real images from a layout into a layout, no server
	@scripts/deps.sh build demo
	@$(MAKE) --no-print-directory all
	@scripts/demo.sh $(B)

check:				## build, and run all tests
	@scripts/deps.sh build test
	@$(MAKE) --no-print-directory all test-programs
	@test/run.sh $(B)

N	?= 500
SEED	?=
kill:				## kill N=500 gathers at random moments; SEED=… repeats
	@scripts/deps.sh build test
	@$(MAKE) --no-print-directory all
	@python3 test/kill.py $(B) -n $(N) $(SEED:%=-s %)

SANITIZE = -g -O1 -fno-omit-frame-pointer -fsanitize=address,undefined \
	   -fno-sanitize-recover=undefined
asan:				## the same tests under address and undefined-behaviour sanitizers
	@scripts/deps.sh build test
	@$(MAKE) --no-print-directory B=build/asan CFLAGS='$(SANITIZE)' \
	    all test-programs
	@test/run.sh build/asan

coverage:			## the same tests, and the share of lines that they run
	@scripts/deps.sh build test
	@rm -rf build/coverage
	@$(MAKE) --no-print-directory B=build/coverage \
	    CFLAGS='-g -O0 --coverage -fprofile-update=atomic' \
	    CPPFLAGS=-DACEDT_NO_SANDBOX all test-programs
	@test/run.sh build/coverage
	@scripts/coverage.sh build/coverage

lint:				## warnings of two compilers, cppcheck, manuals, scripts, house rules
	@scripts/deps.sh build lint
	@$(MAKE) --no-print-directory B=build/lint-gcc CC=gcc WERROR=-Werror \
	    all test-programs bench-programs
	@$(MAKE) --no-print-directory B=build/lint-clang CC=clang \
	    WERROR=-Werror all test-programs bench-programs
	@scripts/lint.sh build/lint-gcc

bench:				## time it beside other programs, print a table
	@scripts/deps.sh build bench
	@$(MAKE) --no-print-directory all bench-programs
	@ACEDT_BUILD='$(abspath $(B))' bench/run.sh

DISTFILE = build/ace-dt-$(VERSION).tar.gz
dist:				## the release tarball of this commit, into build/
	@scripts/dist.sh $(DISTFILE)
	@echo $(DISTFILE)

deb:				## the Debian package of this commit, into build/deb/
	@scripts/deps.sh build deb
	@scripts/deb.sh build/deb

deb-check: deb			## install and remove that on a minimal Debian, as root
	@scripts/deb-check.sh build/deb/ace-dt_$(VERSION)-*_*.deb || \
	    [ $$? -eq 77 ]

install: all			## install into DESTDIR and PREFIX
	$(INSTALL) -d '$(DESTDIR)$(BINDIR)'
	$(INSTALL) -m 755 $(PROGRAMS) '$(DESTDIR)$(BINDIR)'
	for s in 1 5 7; do \
		$(INSTALL) -d "$(DESTDIR)$(MANDIR)/man$$s" && \
		$(INSTALL) -m 644 man/*.$$s "$(DESTDIR)$(MANDIR)/man$$s" || \
		exit 1; \
	done

uninstall:			## remove what install put there
	cd '$(DESTDIR)$(BINDIR)' && rm -f $(notdir $(PROGRAMS))
	for f in $(notdir $(wildcard man/*.[157])); do \
		rm -f "$(DESTDIR)$(MANDIR)/man$${f##*.}/$$f"; \
	done

clean:				## remove everything that was built
	rm -rf build $(B)

help:				## this list
	@awk -F ':.*##[ \t]*' '/^[a-z]+:.*##/ { printf "  %-10s %s\n", $$1, $$2 }' \
	    Makefile

include test/fuzz/fuzz.mk
-include $(shell find $(B) -name '*.d' 2>/dev/null)

FORCE:
.PHONY: all asan bench bench-programs check clean coverage deb deb-check demo \
	deps dist help \
	install kill lint test-programs uninstall FORCE
.DELETE_ON_ERROR:
