# Fuzz targets: every t/fuzz/NAME.c (fuzz.h says what one is).  build/fuzz/NAME
# searches (clang), build/replay/NAME replays t/fuzz/corpus/NAME (gcc).

TARGETS := $(patsubst t/fuzz/%.c,%,$(filter-out t/fuzz/replay.c,\
               $(wildcard t/fuzz/*.c)))
REPLAYS := $(TARGETS:%=build/replay/%)

FUZZ_CFLAGS := -std=gnu11 -g -O1 -fno-omit-frame-pointer -Wall -Wextra -Werror \
               -Wno-unused-parameter -fsanitize=address,undefined \
               -fno-sanitize-recover=undefined -Isrc/lib -Isrc/helper -It/unit

.PHONY: fuzz packages-fuzz

fuzz: $(TARGETS:%=build/fuzz/%) $(REPLAYS)
	@.ci/fuzz $(or $(TARGET),$(TARGETS))

packages-fuzz: packages-build
	@.ci/packages fuzz

build/replay/%: t/fuzz/%.c t/fuzz/replay.c $(wildcard t/fuzz/*.h) \
        build/unit/rpc.a build/unit/pure.a | packages-build
	@mkdir -p $(@D)
	gcc $(UNIT_CFLAGS) $(NGINX_CFLAGS) -o $@ $< t/fuzz/replay.c \
	    build/unit/rpc.a build/unit/pure.a -lyajl -lpthread

build/fuzz/%: t/fuzz/%.c $(wildcard t/fuzz/*.h) build/fuzz/rpc.a \
        build/fuzz/pure.a | packages-fuzz
	clang $(FUZZ_CFLAGS) -fsanitize=fuzzer $(NGINX_CFLAGS) -o $@ $< \
	    build/fuzz/rpc.a build/fuzz/pure.a -lyajl -lpthread

# the connections of src/http (t/unit/http.h)

build/replay/glue: t/fuzz/glue.c t/fuzz/replay.c $(wildcard t/fuzz/*.h) \
        build/unit/http.a build/unit/rpc.a build/unit/pure.a | packages-build
	@mkdir -p $(@D)
	gcc $(UNIT_CFLAGS) $(HTTP_CFLAGS) -o $@ $< t/fuzz/replay.c \
	    build/unit/http.a build/unit/rpc.a build/unit/pure.a -lyajl -lpthread \
	    $(HTTP_LINK)

build/fuzz/glue: t/fuzz/glue.c $(wildcard t/fuzz/*.h) build/fuzz/http.a \
        build/fuzz/rpc.a build/fuzz/pure.a | packages-fuzz
	clang $(FUZZ_CFLAGS) -fsanitize=fuzzer $(HTTP_CFLAGS) -o $@ $< \
	    build/fuzz/http.a build/fuzz/rpc.a build/fuzz/pure.a -lyajl -lpthread \
	    $(HTTP_LINK)

# cc-run without its socket

CLIENT_FUZZ := $(filter-out %_main.c %_run.c %_args.c %_list.c %_control.c \
                   %_execute.c %_stdin.c %_rpc.c %_socket.c,\
                   $(filter %.c,$(CLIENT_SRC)))

build/replay/client: t/fuzz/client.c t/fuzz/replay.c $(CLIENT_FUZZ) $(HEADS) \
        $(wildcard t/fuzz/*.h) | packages-build
	@mkdir -p $(@D)
	gcc $(UNIT_CFLAGS) -Isrc/client -o $@ $(filter %.c,$^) -lyajl -lcrypto

build/fuzz/client: t/fuzz/client.c $(CLIENT_FUZZ) $(HEADS) \
        $(wildcard t/fuzz/*.h) | packages-fuzz
	@mkdir -p $(@D)
	clang $(FUZZ_CFLAGS) -fsanitize=fuzzer -Isrc/client -o $@ \
	    $(filter %.c,$^) -lyajl -lcrypto

build/fuzz/http.a: $(patsubst src/%.c,build/fuzz/obj/%.o,$(HTTP)) \
                   $(HTTP_PARTS:%=build/fuzz/obj/%.o)
	@rm -f $@
	@ar rcs $@ $^

build/fuzz/obj/http/%.o $(HTTP_PARTS:%=build/fuzz/obj/%.o): \
    FUZZ_CFLAGS += $(HTTP_CFLAGS)

build/fuzz/pure.a: $(patsubst src/%.c,build/fuzz/obj/%.o,$(PURE))
	@rm -f $@
	@ar rcs $@ $^

build/fuzz/rpc.a: $(patsubst src/%.c,build/fuzz/obj/%.o,$(RPC)) \
                  build/fuzz/obj/shim.o build/fuzz/obj/fake_command.o
	@rm -f $@
	@ar rcs $@ $^

build/fuzz/obj/rpc/%.o build/fuzz/obj/exec/%.o build/fuzz/obj/shim.o \
    build/fuzz/obj/fake_command.o: \
    FUZZ_CFLAGS += $(NGINX_CFLAGS)

build/fuzz/obj/%.o: src/%.c $(HEADS) | packages-fuzz module
	@mkdir -p $(@D)
	clang $(FUZZ_CFLAGS) -fsanitize=fuzzer-no-link -c -o $@ $<

build/fuzz/obj/%.o: t/unit/%.c $(HEADS) | packages-fuzz module
	@mkdir -p $(@D)
	clang $(FUZZ_CFLAGS) -fsanitize=fuzzer-no-link -c -o $@ $<
