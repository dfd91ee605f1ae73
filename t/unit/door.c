
/* names of sockets and proofs: by vectors that another program has made */

#include <string.h>
#include "unit.h"
#include "ngx_cc_door.h"


START_TEST(address)
{
    socklen_t           n;
    struct sockaddr_un  addr;

    static const uint8_t  pool[8] = { 0, 1, 2, 3, 0xfc, 0xfd, 0xfe, 0xff };
    static const uint8_t  name[8] = { 0x10, 0x32, 0x54, 0x76,
                                      0x98, 0xba, 0xdc, 0xfe };

    static const char  want[] = "\0cc-executor/00010203fcfdfeff"
                                "/1032547698badcfe";

    n = ngx_cc_door_address(&addr, pool, name);

    ck_assert_uint_eq(n, sizeof(addr.sun_family) + sizeof(want) - 1);
    ck_assert_mem_eq(addr.sun_path, want, sizeof(want) - 1);
}
END_TEST


START_TEST(mac)
{
    int      i;
    uint8_t  auth[32], hello[32], welcome[32], name[8], got[32];

    /*
     * python3: hmac.new(bytes(range(32)), side + bytes(range(32, 64))
     *     + bytes(range(64, 96)) + bytes(range(96, 104)), 'sha256')
     */

    static const uint8_t  want[2][32] = {
        { 0x2a, 0x35, 0x34, 0x45, 0xb1, 0x12, 0x26, 0x8b,
          0x77, 0x51, 0xdc, 0x72, 0x4e, 0x07, 0x1b, 0x0e,
          0x14, 0xa4, 0x3c, 0x9c, 0xa1, 0x90, 0xa2, 0x5d,
          0x3d, 0xb9, 0x95, 0xdb, 0xc6, 0xcf, 0x11, 0x3f },
        { 0x47, 0x60, 0x4d, 0x47, 0xbf, 0x27, 0xe9, 0x2d,
          0x86, 0x66, 0x23, 0x9a, 0x27, 0x46, 0x14, 0x85,
          0x1f, 0xf3, 0x7d, 0xda, 0x81, 0x58, 0x1a, 0x30,
          0x36, 0x4b, 0xa5, 0x77, 0x86, 0xbc, 0xee, 0xd2 }
    };

    for (i = 0; i < 32; i++) {
        auth[i] = i;
        hello[i] = 32 + i;
        welcome[i] = 64 + i;
        name[i % 8] = 96 + i % 8;
    }

    ngx_cc_door_mac(got, NGX_CC_DOOR_HELPER, auth, hello, welcome, name);
    ck_assert_mem_eq(got, want[0], 32);
    ngx_cc_door_mac(got, NGX_CC_DOOR_WORKER, auth, hello, welcome, name);
    ck_assert_mem_eq(got, want[1], 32);
}
END_TEST


int
main(void)
{
    Suite  *suite;
    TCase  *tc;

    suite = suite_create("door");

    tc = tcase_create("door");
    tcase_add_test(tc, address);
    tcase_add_test(tc, mac);
    suite_add_tcase(suite, tc);

    return unit_run(suite);
}
