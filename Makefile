VERSION	:= 0.1.0
PREFIX	?= /usr/local
CC	?= cc
CFLAGS	?= -O2 -g
B	?= build

WARN	:= -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes \
	   -Wmissing-prototypes -Wwrite-strings -Wpointer-arith -Wvla \
	   -Wformat=2 -Wundef -Wconversion -Wno-sign-conversion
ACFLAGS	= -std=c11 $(WARN) -MMD -MP -I. -D_GNU_SOURCE \
	  -DVERSION='"$(VERSION)"' $(CPPFLAGS) $(CFLAGS)

TOOLS	:= acedt-resolve acedt-fetch acedt-filter acedt-push acedt-index
objs	= $(patsubst %.c,$(B)/%.o,$(wildcard $(1)/*.c))
UNITS	:= $(patsubst test/unit/%.c,$(B)/test/unit/%,$(filter-out test/unit/tap.c,$(wildcard test/unit/*.c)))

all: $(TOOLS:%=$(B)/%) $(B)/ace-dt

$(B)/libacedt.a: $(call objs,lib)
	@rm -f $@
	$(AR) rcs $@ $^

LDFLAGS += -Wl,--as-needed
LIBS := -lcurl -ljq -lcrypto -lyaml

$(B)/ace-dt: $(call objs,bin/ace-dt) $(B)/libacedt.a
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)
define tool
$(B)/$(1): $(call objs,tools/$(1)) $(B)/libacedt.a
	$$(CC) $$(CFLAGS) $$(LDFLAGS) -o $$@ $$^ $(LIBS)
endef
$(foreach t,$(TOOLS),$(eval $(call tool,$(t))))

units: $(UNITS)
$(UNITS): %: %.o $(B)/test/unit/tap.o $(B)/libacedt.a
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ACFLAGS) -c -o $@ $<

-include $(shell find $(B) -name '*.d' 2>/dev/null)
.PHONY: all units
.DELETE_ON_ERROR:
