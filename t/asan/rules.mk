# The tests of the module inside nginx once more, under the address and the
# undefined behaviour sanitizer: nginx is Debian's, the module is built for it,
# and allocations from pools are malloc()s (t/asan/ngx_core.h).

# those with the tag "asan": not those that build, install, look into the memory
# or at the system calls of a process, change the binary, or have nothing to do
# with nginx

# "make test" leaves out those that take long, with the tag "slow"

ASAN_TESTS := $(patsubst t/%,build/asan/t/%,$(call tagged,asan))
ASAN_SLOW  := $(patsubst t/%,build/asan/t/%,$(call tagged,slow))

ASAN_FLAGS := -fsanitize=address,undefined

.PHONY: asan asan-module

asan: asan-module executord packages-test fixtures clients
	@.ci/test $(ASAN_TESTS)

asan-module: packages-build build/asan/headers build/asan/cc-run
	@mkdir -p build/asan
	@ln -sfn ../../t build/asan/t
	@CFLAGS="-O1 -fno-omit-frame-pointer $(ASAN_FLAGS) \
	     -fno-sanitize-recover=undefined -U_FORTIFY_SOURCE" \
	 LDFLAGS="$(ASAN_FLAGS)" \
	 MODULE_CFLAGS="-I $(ROOT)/t/asan" \
	 .ci/configure $(ROOT)/build/asan/obj
	@cd $(TREE) && $(MAKE) --no-print-directory -s \
	     -f $(ROOT)/build/asan/obj/Makefile modules
	@gcc -print-file-name=libasan.so > build/asan/libraries
	@gcc -print-file-name=libubsan.so >> build/asan/libraries

# its client, for the tests of that

build/asan/cc-run: $(CLIENT_SRC) $(HEADS)
	@mkdir -p $(@D)
	gcc $(filter-out -O2 -D_FORTIFY_SOURCE=3,$(CLIENT_CFLAGS)) -O1 \
	    -fno-omit-frame-pointer $(ASAN_FLAGS) -fno-sanitize-recover=undefined \
	    -Isrc/lib -Isrc/client -o $@ $(filter %.c,$^) -lyajl -lssl -lcrypto

# nginx's makefile does not know them

build/asan/headers: $(wildcard t/asan/*.h t/asan/sys/*.h)
	@rm -rf build/asan/obj
	@mkdir -p $(@D)
	@touch $@
