# SPDX-License-Identifier: MIT
# lockproof: `make help` lists the targets.

MAKEFLAGS += --no-builtin-rules
.DELETE_ON_ERROR:
.SECONDARY:

VERSION := 0.1.0
PREFIX ?= /usr/local
DESTDIR ?=
# One folder a flavour of the build: `make OUT=build/asan SANITIZE=address,undefined`.
OUT ?= build
CC ?= gcc
ifeq ($(origin CC),default)
CC := gcc
endif
CFLAGS ?= -O2 -g
V ?= 0
Q := $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),,@printf '  %-6s %s\n' $(1) $(2))

WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -Wformat=2 \
  -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wvla -Wundef -Wpointer-arith \
  -Wcast-qual -Wwrite-strings -Wimplicit-fallthrough -Wdouble-promotion -Wdate-time
HARDENING := $(if $(SANITIZE),,-D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection)
SANFLAGS := $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer)
STRICT := $(if $(filter 1 true,$(DEVELOPER) $(CI)),-Werror)
ALL_CFLAGS = -std=gnu17 -D_GNU_SOURCE -DLP_VERSION='"$(VERSION)"' -DLP_LIBDIR='"$(PREFIX)/lib/lockproof"' \
  -DLP_DATADIR='"$(PREFIX)/share/lockproof"' -I. -Iharness -fPIC -pthread -fvisibility=hidden \
  -ffile-prefix-map=$(CURDIR)=. $(WARNINGS) $(HARDENING) $(SANFLAGS) $(STRICT) $(CFLAGS) $(CPPFLAGS)
ALL_LDFLAGS = -pthread -Wl,-z,relro,-z,now $(SANFLAGS) $(LDFLAGS)

# The libraries of the core. A plug-in's client library is known only to the plug-in.
CORE_PKGS := yaml-0.1 jansson sqlite3
HAVE_CORE := $(shell pkg-config --exists $(CORE_PKGS) 2>/dev/null && echo yes)
CORE_CFLAGS := $(if $(HAVE_CORE),$(shell pkg-config --cflags $(CORE_PKGS)))
CORE_LIBS := $(if $(HAVE_CORE),$(shell pkg-config --libs $(CORE_PKGS)))
# What talks to a Docker engine; without it the placement docker is skipped, by name.
ENGINE_PKGS := libcurl
HAVE_ENGINE := $(shell pkg-config --exists $(ENGINE_PKGS) 2>/dev/null && echo yes)
# What speaks to other hosts.
HAVE_OPENSSL := $(shell pkg-config --exists 'openssl >= 1.1.1' 2>/dev/null && echo yes)
CORE_CFLAGS += $(if $(HAVE_OPENSSL),-DLP_HAVE_OPENSSL)
CORE_LIBS += $(if $(HAVE_OPENSSL),$(shell pkg-config --libs openssl))
CORE_CFLAGS += $(if $(HAVE_ENGINE),-DLP_HAVE_CURL)
CORE_LIBS += $(if $(HAVE_ENGINE),$(shell pkg-config --libs $(ENGINE_PKGS)))

# Plug-ins: each is built when its client library is there.
has_pkg = $(shell pkg-config --exists $(1) 2>/dev/null && echo yes)
has_header = $(shell $(CC) -E -include $(1) -x c /dev/null >/dev/null 2>&1 && echo yes)
PLUGIN_PKGS_redis := hiredis
PLUGIN_PKGS_postgres := libpq
PLUGIN_PKGS_mariadb := libmariadb
PLUGIN_PKGS_etcd := libcurl jansson
PLUGIN_LIBS_zookeeper := -lzookeeper_mt
PLUGIN_CFLAGS_zookeeper := -DTHREADED
PLUGINS := $(foreach p,redis postgres mariadb etcd,$(if $(wildcard drivers/$(p)),$(if $(call has_pkg,$(PLUGIN_PKGS_$(p))),$(p)))) \
  $(if $(wildcard drivers/zookeeper),$(if $(call has_header,zookeeper/zookeeper.h),zookeeper))

# Rooms in the order of the data; each may use those before it.
ROOMS := base os scenario history check verdict drivers reports place fault run explore program bench doctor cli
# drivers/skeleton.c is an example, built as its readers will build theirs.
src_of = $(sort $(wildcard $(if $(filter drivers,$(1)),$(filter-out drivers/skeleton.c,$(wildcard drivers/*.c)) $(foreach d,$(DRIVER_DIRS),drivers/$(d)/*.c),$(if $(filter reports,$(1)),reports/*.c,harness/$(1)/*.c))))
DRIVER_DIRS := file name memory sqlite broken cmd
lib_of = $(OUT)/lib/lib$(1).a
# A static archive is searched from left to right, so the user comes before the used.
REVERSED := cli doctor bench program explore run fault place reports drivers verdict check history scenario os base
upto = $(foreach r,$(REVERSED),$(if $(filter $(r),$(2)),$(call lib_of,$(r))))
DEPS_base := base
DEPS_os := os base
DEPS_scenario := scenario base
DEPS_history := history scenario base
DEPS_check := check history scenario os base
DEPS_verdict := verdict check history scenario os base
DEPS_drivers := drivers os base
DEPS_reports := reports drivers verdict check history scenario os base
DEPS_place := place scenario os base
DEPS_fault := fault $(DEPS_place)
DEPS_run := $(ROOMS)
DEPS_explore := $(ROOMS)
DEPS_program := $(ROOMS)
DEPS_bench := $(ROOMS)
DEPS_doctor := $(ROOMS)
DEPS_cli := $(ROOMS)

# The static worker is put into containers of any image. Sanitizers do not link statically.
WORKER_LIBS := $(foreach p,$(CORE_PKGS) $(if $(HAVE_OPENSSL),openssl),$(shell pkg-config --static --libs $(p) 2>/dev/null))
HAVE_STATIC := $(shell echo 'int main(void) { return 0; }' | \
  $(CC) -x c - -static -o /dev/null $(WORKER_LIBS) 2>/dev/null && echo yes)

.PHONY: all
all: $(OUT)/lockproof plugins $(if $(SANITIZE),,$(if $(HAVE_STATIC),worker))

.PHONY: plugins
plugins: $(PLUGINS:%=$(OUT)/drivers/%.so)

$(OUT)/lockproof: $(foreach r,$(REVERSED),$(call lib_of,$(r)))
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -rdynamic -o $@ -Wl,--start-group $^ -Wl,--end-group $(CORE_LIBS) -ldl -lm

.PHONY: worker
worker: $(OUT)/lockproof-worker
$(OUT)/lockproof-worker: $(OUT)/obj/harness/worker/main.o $(foreach r,$(REVERSED),$(call lib_of,$(r)))
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -static -Wl,--no-warnings -Wl,--gc-sections -o $@ $< -Wl,--start-group \
	  $(filter %.a,$^) -Wl,--end-group $(WORKER_LIBS) -lm

# A change of compiler or flags, or a library that has come, rebuilds everything: the stamp holds them.
FLAGS_NOW := $(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) $(CORE_CFLAGS) $(CORE_LIBS)
$(OUT)/flags: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' '$(subst ','\'',$(FLAGS_NOW))' | cmp -s - $@ || printf '%s\n' '$(subst ','\'',$(FLAGS_NOW))' > $@
.PHONY: FORCE
FORCE:

$(OUT)/obj/%.o: %.c $(OUT)/flags
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(ALL_CFLAGS) $(CORE_CFLAGS) $(PLUGIN_CFLAGS) -MMD -MP -c -o $@ $<

# The assembler puts these into the program, unseen by the compiler's own list of what it read.
$(OUT)/obj/reports/html_assets.o: $(wildcard reports/assets/*)

define room_rule
$(call lib_of,$(1)): $(patsubst %.c,$(OUT)/obj/%.o,$(call src_of,$(1)))
	@mkdir -p $$(@D)
	@rm -f $$@
	$$(Q)ar rcsD $$@ $$^
.PHONY: room-$(1)
room-$(1): $(call lib_of,$(1))
endef
$(foreach r,$(ROOMS),$(eval $(call room_rule,$(r))))

# A plug-in's own headers are found for its objects only.
define plugin_rule
$(OUT)/obj/drivers/$(1)/%.o: PLUGIN_CFLAGS := $(PLUGIN_CFLAGS_$(1)) $(if $(PLUGIN_PKGS_$(1)),$(shell pkg-config --cflags $(PLUGIN_PKGS_$(1)) 2>/dev/null))
$(OUT)/drivers/$(1).so: $(patsubst %.c,$(OUT)/obj/%.o,$(sort $(wildcard drivers/$(1)/*.c)))
	@mkdir -p $$(@D)
	$$(call say,LINK,$$@)
	$$(Q)$$(CC) $$(ALL_LDFLAGS) -shared -o $$@ $$^ $(if $(PLUGIN_PKGS_$(1)),$(shell pkg-config --libs $(PLUGIN_PKGS_$(1)) 2>/dev/null)) $(PLUGIN_LIBS_$(1))
endef
$(foreach p,$(PLUGINS),$(eval $(call plugin_rule,$(p))))

$(OUT)/skeleton.so: drivers/skeleton.c $(OUT)/flags
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -shared -MMD -MP -MF $(OUT)/obj/skeleton.d -o $@ $<

# Unit tests: each tests/unit/ROOM/test_*.c is a program of its own.
UNIT_SRCS := $(sort $(wildcard tests/unit/*/test_*.c))
UNITS := $(UNIT_SRCS:tests/unit/%.c=$(OUT)/tests/unit/%)
CHECK_LIBS := $(shell pkg-config --libs check 2>/dev/null)
define unit_rule
$(OUT)/tests/unit/$(1)/%: $(OUT)/obj/tests/unit/$(1)/%.o $(call upto,$(1),$(DEPS_$(1)))
	@mkdir -p $$(@D)
	$$(call say,LINK,$$@)
	$$(Q)$$(CC) $$(ALL_LDFLAGS) -rdynamic -o $$@ $$^ $$(CORE_LIBS) $$(CHECK_LIBS) -ldl -lm
.PHONY: unit-$(1)
unit-$(1): $(filter $(OUT)/tests/unit/$(1)/%,$(UNITS))
	$$(Q)for t in $$^; do $$$$t || exit 1; done
endef
$(foreach r,$(ROOMS),$(eval $(call unit_rule,$(r))))
unit-drivers unit-run: | plugins
$(OUT)/tests/unit/run/test_conformance: | $(OUT)/skeleton.so plugins

# Benches of single parts: each tests/bench/bench_*.c is a program of its own.
BENCHES := $(patsubst tests/bench/%.c,$(OUT)/tests/bench/%,$(sort $(wildcard tests/bench/bench_*.c)))
$(OUT)/tests/bench/%: $(OUT)/obj/tests/bench/%.o $(foreach r,$(DEPS_check),$(call lib_of,$(r)))
	@mkdir -p $(@D)
	$(call say,LINK,$@)
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $< $(call upto,check,$(DEPS_check)) $(CORE_LIBS) -lm
.PHONY: benches
benches: $(BENCHES)

-include $(shell find $(OUT)/obj -name '*.d' 2>/dev/null)

.PHONY: clean
clean:
	rm -rf build

# ---- what people call ----

.PHONY: help
help:
	@printf '%s\n' \
	  'make              build build/lockproof and its plug-ins' \
	  'make run          install what is missing, build, run the bundled suite, print the verdicts' \
	  'make test         install what is missing, build, run unit and end-to-end tests' \
	  'make test-docker  container scenarios on a real Docker engine, its own if none runs' \
	  'make lint         house rules, formatting, static analysis' \
	  'make sanitize     the tests under address, undefined-behaviour and thread sanitizers' \
	  'make fuzz         ten minutes of fuzzing (SECONDS_EACH=N for another time)' \
	  'make valgrind     embedded scenarios under valgrind: no leak, no error' \
	  'make power        every bundled scenario RUNS=100 times, and the mutation score; writes docs/power.md, docs/mutants.md' \
	  'make catalogue    run every bundled scenario and list them all with their verdicts; writes docs/catalogue.md' \
	  'make bench        locks compared, whole runs timed side by side; into build/bench' \
	  'make install      to PREFIX ($(PREFIX)) under DESTDIR' \
	  'make clean        remove build/'

# The libraries may only be there after ci/install: hence a second make, on all processors.
BUILD = $(MAKE) --no-print-directory $(if $(filter -j% --jobserver%,$(MAKEFLAGS)),,-j$(shell nproc))
.PHONY: run
run:
	@ci/install build
	@$(BUILD) all
	@$(OUT)/lockproof run

.PHONY: test
test:
	@ci/install build test
	@$(MAKE) --no-print-directory test-all

.PHONY: test-all units e2e
test-all: all
	@ci/test $(OUT)
units: $(UNITS)

.PHONY: test-docker
test-docker:
	@ci/install build test docker
	@$(BUILD) all
	@ci/docker $(OUT)

.PHONY: lint sanitize fuzz valgrind power catalogue bench
lint:
	@ci/install build test lint
	@ci/lint
sanitize:
	@ci/install build test sanitize
	@ci/sanitize
fuzz:
	@ci/install build sanitize
	@ci/fuzz $(SECONDS_EACH)
valgrind: all
	@ci/install build sanitize
	@ci/valgrind $(OUT)
power: all
	@ci/install build test
	@ci/power $(OUT) $(RUNS)
	@ci/mutants $(OUT)
# A run with something unexpected ends with 1 and is listed all the same.
catalogue: all
	@rm -rf $(OUT)/catalogue
	@$(OUT)/lockproof run -q -o $(OUT)/catalogue || [ $$? -le 3 ]
	@for format in md html; do \
	  ci/catalogue $$format $(OUT) $(OUT)/catalogue/result.json > $(OUT)/catalogue.$$format && \
	  mv $(OUT)/catalogue.$$format docs/catalogue.$$format || exit 1; \
	done
bench: all benches
	@ci/install build test bench
	@ci/bench $(OUT)

.PHONY: install
install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/lockproof/drivers \
	  $(DESTDIR)$(PREFIX)/include/lockproof/base $(DESTDIR)$(PREFIX)/include/lockproof/drivers \
	  $(DESTDIR)$(PREFIX)/share/man/man1 $(DESTDIR)$(PREFIX)/share/lockproof
	install -m 755 $(OUT)/lockproof $(DESTDIR)$(PREFIX)/bin
	$(if $(HAVE_STATIC),install -m 755 $(OUT)/lockproof-worker $(DESTDIR)$(PREFIX)/lib/lockproof)
	$(if $(PLUGINS),install -m 755 $(PLUGINS:%=$(OUT)/drivers/%.so) $(DESTDIR)$(PREFIX)/lib/lockproof/drivers)
	install -m 644 drivers/driver.h $(DESTDIR)$(PREFIX)/include/lockproof/drivers
	install -m 644 harness/base/outcome.h $(DESTDIR)$(PREFIX)/include/lockproof/base
	install -m 644 docs/lockproof.1 $(DESTDIR)$(PREFIX)/share/man/man1
	cp -r scenarios $(DESTDIR)$(PREFIX)/share/lockproof
	cp -r reports/gnuplot $(DESTDIR)$(PREFIX)/share/lockproof
