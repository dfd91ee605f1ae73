# Builds and tests the module against Debian's nginx.  "make help" lists the
# targets; what is missing from Debian's packages is installed (.ci/packages).

SHELL := /bin/bash
ROOT  := $(CURDIR)
OBJ   := $(ROOT)/build/obj
SO    := build/ngx_cc_executor_module.so
TREE  := /usr/share/nginx/src

UNIT_PARTS := shim fake_command session
HTTP_PARTS := http http_sent
UNITS := $(patsubst t/unit/%.c,build/unit/%,$(filter-out \
             $(UNIT_PARTS:%=t/unit/%.c) $(HTTP_PARTS:%=t/unit/%.c),\
             $(wildcard t/unit/*.c)))
# what "config" lists; HTTP: the connections, and what they need of their layer

PURE  := $(shell .ci/sources c lib helper)
RPC   := $(shell .ci/sources c rpc rpc/native rpc/mcp) src/exec/ngx_cc_gather.c \
         src/exec/ngx_cc_node.c
HTTP  := $(shell .ci/sources c http/ws http/stream | grep -v ngx_cc_upgrade) \
         $(patsubst %,src/http/ngx_cc_%.c,ping idle_watch reply header session)
HEADS := $(shell .ci/sources h) $(wildcard t/unit/*.h)
CLIENT_LIB := $(patsubst %,src/lib/ngx_cc_%.c,clock json_write packet utf8 ws_frame)
CLIENT_SRC := $(shell .ci/sources client) $(CLIENT_LIB)
CLIENT_CFLAGS  = -std=gnu11 -O2 -g -Wall -Wextra -Werror -Wno-unused-parameter \
                 -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fPIE -pie \
                 -Wl,-z,relro -Wl,-z,now $(HARDENING) -ffile-prefix-map=$(ROOT)=.

# what the compiler has of these (for the module: .ci/configure)

HARDENING = $(shell for flag in -fstack-clash-protection -fcf-protection; do \
                gcc $$flag -Werror -x c -c -o /dev/null - < /dev/null 2> /dev/null \
                && echo $$flag; done)
INCS  := $(addprefix -Isrc/,$(shell .ci/sources rooms))

# A test says in its first comment where else it runs ("# tags: asan coverage");
# one with the tag "nightly" only runs in "make nightly".

tagged  = $(shell grep -lE '^\# tags:.*\b$(1)\b' t/*.t)
NIGHTLY := $(call tagged,nightly)
TESTS   := $(filter-out $(NIGHTLY),$(wildcard t/*.t))

.DEFAULT_GOAL := all
include t/fuzz/rules.mk t/asan/rules.mk

UNIT_CFLAGS := -std=gnu11 -g -O1 -fno-omit-frame-pointer -Wall -Wextra -Werror \
               -Wno-unused-parameter -fsanitize=address,undefined \
               -fno-sanitize-recover=undefined -Isrc/lib -Isrc/helper -It/unit

.PHONY: all sbom deps run console demo check test unit integration valgrind stress coverage nightly matrix lint executord fence e2e e2e-systemd e2e-agent \
        bench bench-quick dist deb deb-twice install uninstall clean help packages-build packages-test \
        packages-bench fixtures clients client module bench-programs

all: module client executord fence

module: packages-build
	@.ci/configure $(OBJ)
	@cd $(TREE) && if ! $(MAKE) -q -f $(OBJ)/Makefile modules; then \
	    echo "compiling the module"; \
	    $(MAKE) --no-print-directory -s -j$$(nproc) -f $(OBJ)/Makefile modules; fi
	@cmp -s $(OBJ)/ngx_cc_executor_module.so $(SO) \
	    || install -m 755 $(OBJ)/ngx_cc_executor_module.so $(SO)

# cc-run, the command-line client; no part of the module

client: packages-build build/cc-run

build/cc-run: $(CLIENT_SRC) $(HEADS)
	@mkdir -p build
	gcc $(CLIENT_CFLAGS) $(CFLAGS) -Isrc/lib -Isrc/client -o $@ \
	    $(filter %.c,$^) $(LDFLAGS) -lyajl -lssl -lcrypto

# cc-executord, the executor service; a program of its own, too

executord: packages-build build/cc-executord

build/cc-executord: $(shell .ci/sources executord) $(PURE) $(HEADS)
	@mkdir -p build
	gcc $(CLIENT_CFLAGS) $(CFLAGS) -Isrc/lib -Isrc/helper -Isrc/executord -o $@ \
	    $(filter %.c,$^) $(LDFLAGS)

# cc-fence, the fence of commands where no helper is; a program of its own, too

FENCE_SRC := $(shell .ci/sources c fence) \
             $(addprefix src/helper/ngx_cc_,fence.c seccomp.c close_except.c)

fence: packages-build build/cc-fence

build/cc-fence: $(FENCE_SRC) $(HEADS)
	@mkdir -p build
	gcc $(CLIENT_CFLAGS) $(CFLAGS) -Isrc/lib -Isrc/helper -o $@ \
	    $(filter %.c,$^) $(LDFLAGS)

# The console is served if it can be built: with npm, and its registry

run: module client executord
	@.ci/packages demo
	@if command -v npm > /dev/null; then npm_config_fetch_retries=0 \
	    $(MAKE) --no-print-directory -s console > build/console.log 2>&1 || true; fi
	@exec .ci/serve

# A folder with its files and the packages of its lock file; what npm has begun
# and not finished is removed

define npm_ci
@mkdir -p $(2)
@cmp -s $(1)/package-lock.json $(2)/package-lock.json || rm -rf $(2)/node_modules
@cp --remove-destination $(wildcard $(1)/*) $(2)
@[ -d $(2)/node_modules ] || (cd $(2) \
    && npm ci --loglevel=error --no-audit --no-fund \
    || { rm -rf node_modules; exit 1; })
endef

# The browser console (src/console): static files, in build/console.  Built in a
# folder of its own, so that nothing is installed among the sources.

CONSOLE := $(wildcard src/console/*)

console: build/console/index.html

build/console/index.html: $(CONSOLE)
	@.ci/packages console
	$(call npm_ci,src/console,build/console-src)
	@cd build/console-src && node build.mjs ../console

demo: module client executord
	@.ci/packages demo
	@.ci/demo

test: module client executord fence asan-module packages-test fixtures clients $(UNITS) $(REPLAYS)
	@.ci/test $(UNITS) $(REPLAYS) $(TESTS) $(filter-out \
	    $(NIGHTLY:t/%=build/asan/t/%) $(if $(CC_NIGHTLY),,$(ASAN_SLOW)), \
	    $(ASAN_TESTS))

# for every edit: units, what fuzzing has found so far, the quick part of lint

check: module packages-test
	@$(MAKE) --no-print-directory -s -j$$(nproc) $(UNITS) $(REPLAYS)
	@.ci/test $(UNITS) $(REPLAYS)
	@.ci/lint quick

deps: packages-build packages-test
	@.ci/packages demo

unit: packages-build packages-test $(UNITS) $(REPLAYS)
	@.ci/test $(UNITS) $(REPLAYS)

# the image in containers, and Slurm; skips itself where podman cannot run

e2e: module client fence build/kubernetes/node_modules/yaml/package.json
	@.ci/e2e
	@$(if $(E2E_QUICK),,.ci/packages nightly && .ci/test t/23-control-slurm.t)

# the packages in a virtual machine with systemd, without KVM: minutes

e2e-systemd:
	@.ci/vm

e2e-agent: module client packages-test
	@.ci/agent

# FORM=2: commands of another user than nginx's, by a service of its master; what
# knows of a service anyway, or of no nginx, is left out

APART := $(shell grep -l 'use CC::Nginx' $(filter-out t/95-%,$(TESTS)))

integration: module client executord fence packages-test fixtures clients
	@$(if $(FORM),TEST_FORM=$(FORM)) .ci/test $(if $(FORM),$(APART),$(TESTS))

# minutes of mixed life with 200 clients; STRESS_TIME=seconds

# Debian's nginx and sources of nginx (NGX_SRC: where the tarballs are), gcc and
# clang; MATRIX: only those with such a name

matrix: packages-test fixtures client executord fence clients
	@.ci/packages matrix
	@.ci/matrix $(MATRIX)

stress: module packages-test
	@STRESS_TIME=$${STRESS_TIME:-300} .ci/test $(call tagged,stress)

# docs/native.openrpc.json and docs/mcp.schema.json: what a server says

contract: module packages-test
	@CC_RECORD=1 .ci/test t/63-docs-contract.t

coverage: module executord packages-test fixtures clients
	@.ci/packages coverage
	@COVERAGE_TESTS="$${COVERAGE_TESTS:-$(call tagged,coverage)}" .ci/coverage

# what takes longer than a submission may: every test, five minutes of stress,
# ten of each fuzz target, valgrind, coverage, the linters

nightly: export CC_NIGHTLY := 1
nightly: test
	@.ci/packages nightly
	@$(if $(NIGHTLY),.ci/test $(NIGHTLY))
	@$(MAKE) --no-print-directory integration FORM=2
	@$(MAKE) --no-print-directory e2e e2e-systemd
	@$(MAKE) --no-print-directory matrix MATRIX=whole
	@$(MAKE) --no-print-directory stress STRESS_TIME=300
	@$(MAKE) --no-print-directory fuzz FUZZ_TIME=600
	@$(MAKE) --no-print-directory valgrind coverage lint

# the core files' unit tests once more, without sanitizers, under valgrind

VALGRIND := ws_frame utf8 json_write ring wire cmdline plainline policy pattern \
            handle origin sha256 hmac token capture readable request native mcp

valgrind: $(addprefix build/valgrind/,$(VALGRIND))
	@.ci/packages valgrind
	@set -e; for unit in $(VALGRIND); do echo "valgrind $$unit"; \
	    CK_FORK=no CK_TIMEOUT_MULTIPLIER=50 valgrind -q --error-exitcode=9 \
	        --leak-check=full --show-leak-kinds=definite \
	        --errors-for-leak-kinds=definite build/valgrind/$$unit \
	        > build/valgrind/$$unit.log || { cat build/valgrind/$$unit.log; \
	        exit 1; }; done

lint: module packages-test
	@.ci/packages lint
	@.ci/lint

# BENCH: options and rows, for instance BENCH="-v exec"

bench: bench-programs
	@perl t/bench/run -o build/bench/table.md $(BENCH)

bench-quick: bench-programs
	@perl t/bench/run -q $(BENCH)

bench-programs: module client packages-bench $(addprefix build/bench/,bare lines peer load woken)

build/bench/lines: build/bench/%: t/bench/%.c t/bench/bench.c t/bench/bench.h
	@mkdir -p build/bench
	gcc $(BENCH_CFLAGS) -o $@ $< t/bench/bench.c

BARE := $(addprefix src/helper/ngx_cc_,fence.c seccomp.c)

build/bench/bare: t/bench/bare.c t/bench/bench.c t/bench/bench.h $(BARE) $(BARE:.c=.h) \
                  src/lib/ngx_cc_wire.h
	@mkdir -p build/bench
	gcc $(BENCH_CFLAGS) -Isrc/lib -Isrc/helper -o $@ $< t/bench/bench.c $(BARE)

build/bench/peer build/bench/load build/bench/woken: build/bench/%: t/bench/%.c t/bench/bench.c \
                                   t/bench/bench.h $(wildcard src/lib/*.[ch])
	@mkdir -p build/bench
	gcc $(BENCH_CFLAGS) -Isrc/lib -o $@ $< t/bench/bench.c \
	    $(addprefix src/lib/ngx_cc_,json_write.c packet.c utf8.c ws_frame.c)

BENCH_CFLAGS := -std=gnu11 -O2 -Wall -Wextra -Werror -Wno-unused-parameter

# a source tarball; Debian's packages; these twice, to see that they are the same

dist:
	@.ci/dist

# of what is built: nginx, and the packages of the libraries that are linked

sbom: module client executord fence
	@mkdir -p build/sbom
	@.ci/sbom $$(.ci/version) -c build/console/components.json nginx \
	    $$(.ci/sbom libraries $(SO) build/cc-run build/cc-executord \
	        build/cc-fence) \
	    > build/sbom/ngx_cc_executor_module.cdx.json
	@echo build/sbom/ngx_cc_executor_module.cdx.json

deb:
	@.ci/deb

deb-twice:
	@.ci/deb twice

MODULES = $(DESTDIR)$(shell PATH=$$PATH:/usr/sbin; nginx -V 2>&1 \
              | sed -n 's/.*--modules-path=\([^ ]*\).*/\1/p')

MANUALS    := $(DESTDIR)/usr/share/man
COMPLETION := $(DESTDIR)/usr/share/bash-completion/completions
SHARED     := $(DESTDIR)/usr/share/cc-executor

install: module client executord fence
	install -D -m 644 $(SO) $(MODULES)/ngx_cc_executor_module.so
	install -D -m 755 build/cc-run $(DESTDIR)/usr/bin/cc-run
	install -D -m 644 src/client/cc-run.1 $(MANUALS)/man1/cc-run.1
	install -D -m 644 src/client/cc-run.bash $(COMPLETION)/cc-run
	install -D -m 755 build/cc-fence $(DESTDIR)/usr/bin/cc-fence
	install -D -m 644 src/fence/cc-fence.1 $(MANUALS)/man1/cc-fence.1
	install -D -m 755 build/cc-executord $(DESTDIR)/usr/sbin/cc-executord
	install -D -m 644 src/executord/cc-executord.8 $(MANUALS)/man8/cc-executord.8
	[ ! -e build/console/index.html ] || { rm -rf $(SHARED)/console; \
	    install -d $(SHARED)/console/assets; \
	    install -m 644 build/console/assets/* $(SHARED)/console/assets; \
	    install -m 644 build/console/*.* $(SHARED)/console; }

# a configuration that still loads it would keep nginx from its next start

uninstall:
	@if grep -rns '^[^#]*load_module.*ngx_cc_executor_module' \
	        $(DESTDIR)/etc/nginx; then \
	    echo "remove these lines first, and reload nginx" >&2; exit 1; fi
	rm -f $(MODULES)/ngx_cc_executor_module.so $(DESTDIR)/usr/bin/cc-run \
	    $(DESTDIR)/usr/sbin/cc-executord $(MANUALS)/man1/cc-run.1 \
	    $(DESTDIR)/usr/bin/cc-fence $(MANUALS)/man1/cc-fence.1 \
	    $(MANUALS)/man8/cc-executord.8 $(COMPLETION)/cc-run
	rm -rf $(SHARED)/console

clean:
	rm -rf build

help:
	@echo "make              build $(SO), cc-run, cc-executord, cc-fence"
	@echo "make deps         install what building and testing needs"
	@echo "make run          serve on 127.0.0.1:8003 (PORT=n: another port)"
	@echo "make console      build the browser console, build/console (needs npm)"
	@echo "make demo         run some real commands and show what they print"
	@echo "make check        quick, for every edit: units, replays, lint"
	@echo "make test         all tests; ends with a count"
	@echo "make unit         the tests of single files, with sanitizers"
	@echo "make integration  the tests of the module inside nginx (FORM=2: by a service)"
	@echo "make asan         the same with sanitizers in the module"
	@echo "make valgrind     the core files' tests under valgrind"
	@echo "make stress       200 clients, reloads, killed workers (STRESS_TIME=s)"
	@echo "make contract     write docs/*.json, the machine-readable contracts"
	@echo "make coverage     which lines the tests reach"
	@echo "make matrix       several nginx and compilers (NGX_SRC=dir, MATRIX=name|whole)"
	@echo "make nightly      all of the above, long, and the fuzz targets"
	@echo "make lint         layers, style, gcc -fanalyzer, cppcheck, clang-tidy"
	@echo "make fuzz         search for bad inputs (FUZZ_TIME=s each, TARGET=name)"
	@echo "make bench        measure, against the bare machine and websocketd"
	@echo "make bench-quick  the same in less than two minutes, less exact"
	@echo "make e2e-agent    Claude Code from npm calls the module"
	@echo "make e2e          build the container image and test it (root, podman)"
	@echo "make e2e-systemd  the packages in a virtual machine (root, qemu)"
	@echo "make dist         the source tarball, of what is committed"
	@echo "make deb          Debian packages, in build/deb (deb-twice: reproducible?)"
	@echo "make sbom         bill of materials of what is built, in build/sbom"
	@echo "make install      copy the module to nginx's modules, the programs to /usr (DESTDIR)"
	@echo "make uninstall    remove it there"
	@echo "make clean        remove build/"

packages-build:
	@.ci/packages build

packages-test: packages-build
	@.ci/packages test

packages-bench: packages-build
	@.ci/packages bench

# a fixture is a small program that misbehaves (t/fixtures)

fixtures: $(patsubst t/fixtures/%.c,build/fixtures/%,$(filter-out \
              t/fixtures/short_memory.c,$(wildcard t/fixtures/*.c))) \
          build/fixtures/short_memory.so

build/fixtures/%: t/fixtures/%.c | packages-build
	@mkdir -p build/fixtures
	gcc -O1 -Wall -Wextra -Werror -o $@ $<

build/fixtures/%.so: t/fixtures/%.c | packages-build
	@mkdir -p build/fixtures
	gcc -O1 -Wall -Wextra -Werror -shared -fPIC -o $@ $< -ldl

# client libraries that we did not write (t/clients)

clients: build/node/node_modules/ws/package.json build/mcp/installed \
         build/browser/node_modules/axe-core/package.json build/sbom-check/check.js \
         console

build/node/node_modules/ws/package.json: t/clients/node/package-lock.json \
                                         | packages-test
	$(call npm_ci,t/clients/node,build/node)
	@touch $@

# CycloneDX's own check of a bill of materials, without its parts for XML

build/sbom-check/check.js: export npm_config_omit := optional
build/sbom-check/check.js: $(wildcard t/clients/sbom/*) | packages-test
	$(call npm_ci,t/clients/sbom,build/sbom-check)
	@touch $@

# what drives a browser: the tests of the console

BROWSER := $(wildcard t/clients/browser/*)

build/browser/node_modules/axe-core/package.json: $(BROWSER) | packages-test
	@.ci/packages browser
	$(call npm_ci,t/clients/browser,build/browser)
	@touch $@

# what knows the objects of Kubernetes: "make e2e" looks at conf/kubernetes

KUBERNETES := $(wildcard t/clients/kubernetes/*)

build/kubernetes/node_modules/yaml/package.json: $(KUBERNETES) | packages-test
	$(call npm_ci,t/clients/kubernetes,build/kubernetes)
	@touch $@

# clients of MCP, with a Node of their own: the conformance suite wants 22

MCP_CLIENTS := $(wildcard t/clients/mcp/*)

build/mcp/installed: $(MCP_CLIENTS) | packages-test
	$(call npm_ci,t/clients/mcp,build/mcp)
	@find build/mcp/node_modules -type f \( -name '*.map' -o -name '*.d.ts' \
	    -o -name '*.d.[cm]ts' \) -delete
	@touch $@

# a unit test is linked with all pure files; those of src/rpc with what they
# need of nginx (shim.c), with commands that are none (fake_command.c) and a
# session of a dialect (session.c)

UNIT_LIBS := build/unit/pure.a $$(pkg-config --cflags --libs check) -lpthread

build/unit/%: t/unit/%.c build/unit/pure.a $(HEADS) | packages-test
	@mkdir -p build/unit
	gcc $(UNIT_CFLAGS) -o $@ $< $(UNIT_LIBS)

build/unit/request build/unit/mcp build/unit/native build/unit/gather build/unit/node: \
        build/unit/%: t/unit/%.c build/unit/rpc.a build/unit/pure.a $(HEADS) | packages-test
	gcc $(UNIT_CFLAGS) $(NGINX_CFLAGS) -o $@ $< build/unit/rpc.a \
	    $(UNIT_LIBS) -lyajl

# the connections of src/http with what they need of nginx (http.c); every step
# of the decoder is counted

HTTP_LINK := -Wl,--wrap=ngx_cc_ws_decode

build/unit/ws build/unit/streamable: build/unit/%: t/unit/%.c \
        build/unit/http.a build/unit/rpc.a build/unit/pure.a $(HEADS) | packages-test
	gcc $(UNIT_CFLAGS) $(HTTP_CFLAGS) -o $@ $< build/unit/http.a build/unit/rpc.a \
	    $(UNIT_LIBS) -lyajl $(HTTP_LINK)

build/unit/http.a: $(patsubst src/%.c,build/unit/obj/%.o,$(HTTP)) \
                   $(HTTP_PARTS:%=build/unit/obj/%.o)
	@rm -f $@
	@ar rcs $@ $^

build/unit/pure.a: $(patsubst src/%.c,build/unit/obj/%.o,$(PURE))
	@rm -f $@
	@ar rcs $@ $^

build/unit/rpc.a: $(patsubst src/%.c,build/unit/obj/%.o,$(RPC)) \
                  $(UNIT_PARTS:%=build/unit/obj/%.o)
	@rm -f $@
	@ar rcs $@ $^

NGINX_CFLAGS := -Isrc/exec $(filter -Isrc/rpc%,$(INCS)) -isystem $(OBJ) \
                $(addprefix -isystem $(TREE)/src/,core event event/modules os/unix)

HTTP_CFLAGS := $(NGINX_CFLAGS) $(filter -Isrc/http%,$(INCS)) $(addprefix -isystem \
                   $(TREE)/src/,http http/modules http/v2)

build/unit/obj/rpc/%.o build/unit/obj/exec/%.o $(UNIT_PARTS:%=build/unit/obj/%.o): \
    UNIT_CFLAGS += $(NGINX_CFLAGS)

build/unit/obj/http/%.o $(HTTP_PARTS:%=build/unit/obj/%.o): \
    UNIT_CFLAGS += $(HTTP_CFLAGS)

build/unit/obj/%.o: src/%.c $(HEADS) | packages-build
	@mkdir -p $(@D)
	gcc $(UNIT_CFLAGS) -c -o $@ $<

build/unit/obj/%.o: t/unit/%.c $(HEADS) | packages-build
	@mkdir -p $(@D)
	gcc $(UNIT_CFLAGS) -c -o $@ $<

build/valgrind/%: t/unit/%.c build/valgrind/all.a $(HEADS) | packages-test
	gcc $(VALGRIND_CFLAGS) -o $@ $< build/valgrind/all.a \
	    $$(pkg-config --cflags --libs check) -lyajl -lpthread

build/valgrind/all.a: $(patsubst src/%.c,build/valgrind/obj/%.o,$(PURE) $(RPC)) \
                      $(UNIT_PARTS:%=build/valgrind/obj/%.o)
	@rm -f $@
	@ar rcs $@ $^

VALGRIND_CFLAGS = $(filter-out -fsanitize=% -fno-sanitize-recover=%, \
                    $(UNIT_CFLAGS)) $(NGINX_CFLAGS)

build/valgrind/obj/%.o: src/%.c $(HEADS) | packages-build
	@mkdir -p $(@D)
	gcc $(VALGRIND_CFLAGS) -c -o $@ $<

build/valgrind/obj/%.o: t/unit/%.c $(HEADS) | packages-build
	@mkdir -p $(@D)
	gcc $(VALGRIND_CFLAGS) -c -o $@ $<
