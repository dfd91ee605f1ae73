
/* binary messages of the native dialect: their header, and what is none */

#include <string.h>
#include "unit.h"
#include "ngx_cc_packet.h"


static const uint8_t  known[] = {
    1, 2, 0, 0, 0x01, 0x02, 0x03, 0x04,
    0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18,
    0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28, 'x'
};


START_TEST(layout)
{
    uint8_t          p[NGX_CC_PACKET_HEADER];
    ngx_cc_packet_t  packet = { NGX_CC_PACKET_STDERR, 0, 0x01020304,
                                0x1112131415161718, 0x2122232425262728 };

    ck_assert_ptr_eq(ngx_cc_packet_write(p, &packet), p + sizeof(p));
    ck_assert_mem_eq(p, known, sizeof(p));

    memset(&packet, 0xff, sizeof(packet));
    ck_assert_ptr_null(ngx_cc_packet_read(&packet, known, sizeof(known)));
    ck_assert_uint_eq(packet.stream, NGX_CC_PACKET_STDERR);
    ck_assert_uint_eq(packet.flags, 0);
    ck_assert_uint_eq(packet.channel, 0x01020304);
    ck_assert_uint_eq(packet.offset, 0x1112131415161718);
    ck_assert_uint_eq(packet.seq, 0x2122232425262728);
}
END_TEST


/* what a header says, and whether it may say so */

static const struct {
    uint8_t      stream;
    uint16_t     flags;
    uint64_t     offset;
    const char  *why;
} cases[] = {
    { 0, 0, 0, NULL },
    { 0, 1, 0, NULL },
    { 0, 2, 0, NULL },
    { 0, 3, 1, NULL },
    { 0, 2, UINT64_MAX, NULL },
    { 1, 0, 9, NULL },
    { 2, 0, 0, NULL },
    { 0, 0, 1, "offset" },
    { 0, 1, 1, "offset" },
    { 0, 4, 0, "flags" },
    { 0, 0x8000, 0, "flags" },
    { 1, 1, 0, "flags" },
    { 2, 2, 0, "flags" },
    { 1, 0x100, 0, "flags" },
    { 3, 0, 0, "stream" },
    { 255, 0, 0, "stream" },
};

#define CASES  (sizeof(cases) / sizeof(cases[0]))


START_TEST(rules)
{
    uint8_t          p[NGX_CC_PACKET_HEADER];
    const char      *why;
    ngx_cc_packet_t  packet = { cases[_i].stream, cases[_i].flags, 7,
                                cases[_i].offset, 8 };

    (void) ngx_cc_packet_write(p, &packet);
    why = ngx_cc_packet_read(&packet, p, sizeof(p));

    if (cases[_i].why == NULL) {
        ck_assert_ptr_null(why);

    } else {
        ck_assert_ptr_nonnull(why);
        ck_assert_ptr_nonnull(strstr(why, cases[_i].why));
    }

    ck_assert_uint_eq(packet.offset, cases[_i].offset);
    ck_assert_uint_eq(packet.seq, 8);
}
END_TEST


/* nothing of these can be told */

START_TEST(nothing)
{
    size_t           n;
    uint8_t          p[NGX_CC_PACKET_HEADER];
    ngx_cc_packet_t  packet;

    for (n = 0; n < NGX_CC_PACKET_HEADER; n++) {
        ck_assert_ptr_nonnull(strstr(ngx_cc_packet_read(&packet, known, n),
                                     "shorter"));
        ck_assert_uint_eq(packet.seq, 0);
    }

    for (n = 0; n < 256; n++) {
        memcpy(p, known, sizeof(p));
        p[0] = n;

        if (n != NGX_CC_PACKET_VERSION) {
            ck_assert_ptr_nonnull(strstr(ngx_cc_packet_read(&packet, p,
                                                            sizeof(p)),
                                         "version"));
            ck_assert_uint_eq(packet.seq, 0);
        }
    }
}
END_TEST


int
main(void)
{
    TCase  *tc = tcase_create("packet");
    Suite  *s = suite_create("packet");

    tcase_add_test(tc, layout);
    tcase_add_loop_test(tc, rules, 0, CASES);
    tcase_add_test(tc, nothing);
    suite_add_tcase(s, tc);

    return unit_run(s);
}
