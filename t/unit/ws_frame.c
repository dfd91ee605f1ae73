
/* frames: decoder and encoder, against RFC 6455 */

#include <string.h>
#include "unit.h"
#include "ngx_cc_ws_frame.h"


#define LIMIT  70000


static uint8_t  buf[300000];
static size_t   len;


/* appends a client's frame; first: its first byte; form 0: shortest, 16, 64 */

static void
add(int first, const void *payload, uint64_t n, int form)
{
    size_t   i;
    uint8_t  mask[4] = { 0x12, 0x34, 0x56, 0x78 };

    buf[len++] = first;

    if (form == 0) {
        form = n < 126 ? 7 : n < 65536 ? 16 : 64;
    }

    if (form == 7) {
        buf[len++] = 0x80 | n;

    } else if (form == 16) {
        buf[len++] = 0x80 | 126;
        buf[len++] = n >> 8;
        buf[len++] = n;

    } else {
        buf[len++] = 0x80 | 127;

        for (i = 0; i < 8; i++) {
            buf[len++] = n >> (56 - 8 * i);
        }
    }

    memcpy(buf + len, mask, 4);
    len += 4;

    for (i = 0; payload && i < n; i++) {
        buf[len++] = ((const uint8_t *) payload)[i] ^ mask[i % 4];
    }
}


/* what a decoder made of it, gathered */

typedef struct {
    uint8_t   data[200000];
    size_t    len;
    uint8_t   control[200];
    size_t    control_len;
    int       messages;
    int       controls;
    uint8_t   opcode;
    uint8_t   kind[8];       /* of each message */
    uint16_t  code;
    char      reason[124];
    size_t    taken;         /* bytes before the violation */
} result_t;


static result_t  result;
static unsigned  wanted;         /* binary messages are */


static result_t *
decode(size_t step, uint64_t limit)
{
    size_t               at, n;
    uint8_t              copy[sizeof(buf)], *pos, *last;
    ngx_cc_ws_event_e    event;
    ngx_cc_ws_piece_t    piece;
    ngx_cc_ws_decoder_t  d;

    memset(&result, 0, sizeof(result));
    memcpy(copy, buf, len);
    ngx_cc_ws_decoder_init(&d, limit);
    d.wanted = wanted;

    for (at = 0; at < len; at += n) {
        n = step < len - at ? step : len - at;
        pos = copy + at;
        last = pos + n;

        while ((event = ngx_cc_ws_decode(&d, &pos, last, &piece))
               != NGX_CC_WS_AGAIN)
        {
            if (event == NGX_CC_WS_VIOLATION) {
                result.code = piece.code;
                result.taken = pos - copy;
                strncpy(result.reason, piece.reason, 123);

                /* it is final */

                ck_assert_int_eq(ngx_cc_ws_decode(&d, &pos, last, &piece),
                                 NGX_CC_WS_VIOLATION);
                ck_assert_uint_eq(piece.code, result.code);
                return &result;
            }

            ck_assert(piece.data + piece.len <= last);

            if (event == NGX_CC_WS_DATA) {
                memcpy(result.data + result.len, piece.data, piece.len);
                result.len += piece.len;
                result.kind[result.messages % 8] = piece.opcode;
                result.messages += piece.last;

            } else {
                memcpy(result.control + result.control_len, piece.data,
                       piece.len);
                result.control_len += piece.len;
                result.controls += piece.last;
                result.opcode = piece.opcode;
            }
        }

        ck_assert_ptr_eq(pos, last);
    }

    return &result;
}


START_TEST(lengths)
{
    size_t          i, n, step;
    static uint8_t  payload[LIMIT];

    static const size_t  size[] = { 0, 1, 125, 126, 127, 65535, 65536, LIMIT };
    static const size_t  steps[] = { 1, 2, 3, 7, 8, 13, 4096, 1000000 };

    for (i = 0; i < LIMIT; i++) {
        payload[i] = i * 31;
    }

    for (i = 0; i < sizeof(size) / sizeof(size[0]); i++) {
        for (n = 0; n < sizeof(steps) / sizeof(steps[0]); n++) {
            step = steps[n];
            len = 0;
            add(0x81, payload, size[i], 0);
            decode(step, LIMIT);
            ck_assert_uint_eq(result.code, 0);
            ck_assert_int_eq(result.messages, 1);
            ck_assert_uint_eq(result.len, size[i]);
            ck_assert_mem_eq(result.data, payload, size[i]);
        }
    }
}
END_TEST


START_TEST(fragments)
{
    size_t  step;

    for (step = 1; step < 40; step++) {
        len = 0;
        add(0x01, "Hel", 3, 0);
        add(0x89, "ping", 4, 0);
        add(0x00, "", 0, 0);
        add(0x00, "lo ", 3, 0);
        add(0x8a, "", 0, 0);
        add(0x80, "you", 3, 0);
        add(0x81, "!", 1, 0);

        decode(step, LIMIT);
        ck_assert_uint_eq(result.code, 0);
        ck_assert_int_eq(result.messages, 2);
        ck_assert_uint_eq(result.len, 10);
        ck_assert_mem_eq(result.data, "Hello you!", 10);
        ck_assert_int_eq(result.controls, 2);
        ck_assert_mem_eq(result.control, "ping", 4);
    }
}
END_TEST


START_TEST(binary)
{
    size_t  step;

    wanted = 1;

    for (step = 1; step < 20; step++) {
        len = 0;
        add(0x82, "\0\xff", 2, 0);
        add(0x01, "t", 1, 0);
        add(0x80, "t", 1, 0);
        add(0x02, "b", 1, 0);
        add(0x89, "", 0, 0);
        add(0x00, "", 0, 0);
        add(0x80, "b", 1, 0);
        add(0x81, "", 0, 0);

        decode(step, LIMIT);
        ck_assert_uint_eq(result.code, 0);
        ck_assert_int_eq(result.messages, 4);
        ck_assert_mem_eq(result.data, "\0\xffttbb", 6);
        ck_assert_mem_eq(result.kind, "\2\1\2\1", 4);

        len = 0;
        add(0x02, "b", 1, 0);
        add(0x82, "b", 1, 0);
        decode(step, LIMIT);
        ck_assert_uint_eq(result.code, 1002);

        len = 0;
        add(0x82, "12345", 5, 0);
        decode(step, 4);
        ck_assert_uint_eq(result.code, 1009);
    }

    wanted = 0;
}
END_TEST


START_TEST(violations)
{
    size_t           i, step;
    static uint8_t   big[130];

    static const struct {
        const char  *bytes;
        size_t       n;
        uint16_t     code;
    } bad[] = {
        { "\x81\x01x", 3, 1002 },                  /* unmasked */
        { "\xc1\x80", 2, 1002 },                   /* RSV1 */
        { "\xa1\x80", 2, 1002 },                   /* RSV2 */
        { "\x91\x80", 2, 1002 },                   /* RSV3 */
        { "\x83\x80", 2, 1002 },                   /* reserved opcodes */
        { "\x87\x80", 2, 1002 },
        { "\x8b\x80", 2, 1002 },
        { "\x8f\x80", 2, 1002 },
        { "\x09\x80", 2, 1002 },                   /* a fragmented ping */
        { "\x89\xfe\x00\x7e", 4, 1002 },           /* a ping of 126 bytes */
        { "\x88\xff", 2, 1002 },
        { "\x80\x80", 2, 1002 },                   /* nothing to continue */
        { "\x00\x80", 2, 1002 },
        { "\x01\x80\x00\x00\x00\x00\x01\x80", 8, 1002 },   /* text in text */
        { "\x01\x80\x00\x00\x00\x00\x82\x80", 8, 1002 },
        { "\x82\x80", 2, 1003 },                   /* binary */
        { "\x02\x80", 2, 1003 },
        { "\x81\xfe\x00\x7d", 4, 1002 },           /* not the shortest form */
        { "\x81\xff\x00\x00\x00\x00\x00\x00\xff\xff", 10, 1002 },
        { "\x81\xff\x80\x00\x00\x00\x00\x00\x00\x00", 10, 1002 },
        { "\x81\xff\x00\x00\x00\x00\x00\x01\x11\x71", 10, 1009 },  /* LIMIT+1 */
        { "\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff", 10, 1009 },
    };

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        for (step = 1; step < 16; step++) {
            memcpy(buf, bad[i].bytes, bad[i].n);
            len = bad[i].n;
            decode(step, LIMIT);
            ck_assert_msg(result.code == bad[i].code, "case %zu: %d", i,
                          result.code);
            ck_assert_uint_gt(strlen(result.reason), 0);
            ck_assert_int_eq(result.messages, 0);
        }
    }

    /* the sum of all fragments counts, before a byte of the last is taken */

    len = 0;
    add(0x01, big, 100, 0);
    add(0x00, big, 28, 0);
    add(0x80, NULL, 1, 0);
    decode(1, 128);
    ck_assert_uint_eq(result.code, 1009);
    ck_assert_uint_eq(result.len, 128);

    len = 0;
    add(0x01, big, 100, 0);
    add(0x80, big, 28, 0);
    decode(1, 128);
    ck_assert_uint_eq(result.code, 0);
}
END_TEST


START_TEST(many_fragments)
{
    size_t  i;

    len = 0;
    add(0x01, "", 0, 0);

    for (i = 1; i < NGX_CC_WS_MAX_FRAGMENTS; i++) {
        add(0x00, "", 0, 0);
    }

    decode(4096, LIMIT);
    ck_assert_uint_eq(result.code, 0);
    ck_assert_int_eq(result.messages, 0);

    add(0x80, "", 0, 0);
    decode(4096, LIMIT);
    ck_assert_uint_eq(result.code, 1008);
}
END_TEST


START_TEST(unmask)
{
    size_t    i, n, at;
    uint8_t   p[300], want[300];
    unsigned  next;

    static const uint8_t  mask[4] = { 0xa1, 0x02, 0xf3, 0x44 };

    for (at = 0; at < 4; at++) {
        for (n = 0; n < 200; n++) {
            for (i = 0; i < n + 16; i++) {
                p[i] = i;
                want[i] = i < n ? i ^ mask[(at + i) % 4] : i;
            }

            next = ngx_cc_ws_unmask(p, n, mask, at);
            ck_assert_uint_eq(next, (at + n) % 4);
            ck_assert_mem_eq(p, want, n + 16);
        }
    }
}
END_TEST


START_TEST(headers)
{
    uint8_t  p[NGX_CC_WS_MAX_HEADER];

    ck_assert_uint_eq(ngx_cc_ws_header_size(0), 2);
    ck_assert_uint_eq(ngx_cc_ws_header_size(125), 2);
    ck_assert_uint_eq(ngx_cc_ws_header_size(126), 4);
    ck_assert_uint_eq(ngx_cc_ws_header_size(65535), 4);
    ck_assert_uint_eq(ngx_cc_ws_header_size(65536), 10);

    ck_assert_ptr_eq(ngx_cc_ws_header(p, NGX_CC_WS_TEXT, 5), p + 2);
    ck_assert_mem_eq(p, "\x81\x05", 2);
    ck_assert_ptr_eq(ngx_cc_ws_header(p, NGX_CC_WS_TEXT, 256), p + 4);
    ck_assert_mem_eq(p, "\x81\x7e\x01\x00", 4);
    ck_assert_ptr_eq(ngx_cc_ws_header(p, NGX_CC_WS_PONG, 65536), p + 10);
    ck_assert_mem_eq(p, "\x8a\x7f\x00\x00\x00\x00\x00\x01\x00\x00", 10);
}
END_TEST


/* a message in three fragments: only the last one has FIN */

START_TEST(fragment_headers)
{
    uint8_t  buf[16];

    ck_assert_ptr_eq(ngx_cc_ws_fragment(buf, NGX_CC_WS_TEXT, 5), buf + 2);
    ck_assert_uint_eq(buf[0], NGX_CC_WS_TEXT);
    ck_assert_uint_eq(buf[1], 5);

    ck_assert_ptr_eq(ngx_cc_ws_fragment(buf, NGX_CC_WS_CONTINUATION, 65536),
                     buf + 10);
    ck_assert_uint_eq(buf[0], NGX_CC_WS_CONTINUATION);
    ck_assert_uint_eq(buf[1], 127);
    ck_assert_uint_eq(buf[7], 1);

    ck_assert_ptr_eq(ngx_cc_ws_header(buf, NGX_CC_WS_CONTINUATION, 300),
                     buf + 4);
    ck_assert_uint_eq(buf[0], 0x80 | NGX_CC_WS_CONTINUATION);
}
END_TEST


START_TEST(close_frames)
{
    int      bad;
    size_t   i;
    uint8_t  p[NGX_CC_WS_MAX_CLOSE], *end;
    char     text[200];

    end = ngx_cc_ws_close(p, 1000, NULL);
    ck_assert_uint_eq(end - p, 4);
    ck_assert_mem_eq(p, "\x88\x02\x03\xe8", 4);

    ck_assert_uint_eq(ngx_cc_ws_close(p, 0, "x") - p, 2);
    ck_assert_uint_eq(ngx_cc_ws_close(p, NGX_CC_WS_NO_STATUS, NULL) - p, 2);

    /* a reason is cut at a character border */

    memset(text, 'a', sizeof(text));
    memcpy(text + 122, "\xe2\x82\xac", 3);
    text[150] = '\0';
    end = ngx_cc_ws_close(p, 1008, text);
    ck_assert_uint_eq(end - p, 2 + 2 + 122);
    ck_assert_uint_eq(p[1], 124);

    static const struct {
        uint16_t  code;
        int       good;
    } codes[] = {
        { 0, 0 }, { 999, 0 }, { 1000, 1 }, { 1003, 1 }, { 1004, 0 },
        { 1005, 0 }, { 1006, 0 }, { 1007, 1 }, { 1014, 1 }, { 1015, 0 },
        { 1016, 0 }, { 2999, 0 }, { 3000, 1 }, { 4999, 1 }, { 5000, 0 },
        { 65535, 0 }
    };

    for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        p[0] = codes[i].code >> 8;
        p[1] = codes[i].code & 0xff;
        bad = 0;
        ck_assert_uint_eq(ngx_cc_ws_close_code(p, 2, &bad),
                          codes[i].good ? codes[i].code : 0);
        ck_assert_int_eq(bad, 0);
    }

    ck_assert_uint_eq(ngx_cc_ws_close_code(p, 0, &bad), NGX_CC_WS_NO_STATUS);
    ck_assert_uint_eq(ngx_cc_ws_close_code(p, 1, &bad), 0);

    memcpy(p, "\x03\xe8good", 6);
    bad = 0;
    ck_assert_uint_eq(ngx_cc_ws_close_code(p, 6, &bad), 1000);
    ck_assert_int_eq(bad, 0);
    memcpy(p, "\x03\xe8\xff", 3);
    (void) ngx_cc_ws_close_code(p, 3, &bad);
    ck_assert_int_eq(bad, 1);
    memcpy(p, "\x03\xe8\xe2\x82", 4);
    bad = 0;
    (void) ngx_cc_ws_close_code(p, 4, &bad);
    ck_assert_int_eq(bad, 1);
}
END_TEST


/* busy: from the first byte of a frame or message to the last one */

START_TEST(busy)
{
    size_t               i, k;
    uint8_t             *pos;
    ngx_cc_ws_piece_t    piece;
    ngx_cc_ws_decoder_t  d;

    static const struct {
        const char  *bytes;
        size_t       len;
        int          after;      /* all of it */
    } frames[] = {
        { "\x81\x82\0\0\0\0ab", 8, 0 },
        { "\x81\x80\0\0\0\0", 6, 0 },
        { "\x01\x81\0\0\0\0a", 7, 1 },
        { "\x89\x81\0\0\0\0p", 7, 1 },
        { "\x80\x81\0\0\0\0b", 7, 0 },
        { "\x89\x80\0\0\0\0", 6, 0 },
        { "\x8a\x81\0\0\0\0p", 7, 0 }
    };

    ngx_cc_ws_decoder_init(&d, 1000);
    ck_assert_int_eq(ngx_cc_ws_decoder_busy(&d), 0);

    for (i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
        memcpy(buf, frames[i].bytes, frames[i].len);
        pos = buf;

        for (k = 1; k <= frames[i].len; k++) {
            while (ngx_cc_ws_decode(&d, &pos, buf + k, &piece)
                   != NGX_CC_WS_AGAIN)
            {
                /* void */
            }

            ck_assert_int_eq(ngx_cc_ws_decoder_busy(&d),
                             k < frames[i].len || frames[i].after);
        }
    }

    /* after a violation nothing is waited for */

    pos = buf;
    buf[0] = 0xff;
    ck_assert_int_eq(ngx_cc_ws_decode(&d, &pos, buf + 1, &piece),
                     NGX_CC_WS_VIOLATION);
    ck_assert_int_eq(ngx_cc_ws_decoder_busy(&d), 0);
}
END_TEST


int
main(void)
{
    TCase  *tc = tcase_create("ws_frame");
    Suite  *s = suite_create("ws_frame");

    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, lengths);
    tcase_add_test(tc, fragments);
    tcase_add_test(tc, binary);
    tcase_add_test(tc, violations);
    tcase_add_test(tc, many_fragments);
    tcase_add_test(tc, unmask);
    tcase_add_test(tc, headers);
    tcase_add_test(tc, fragment_headers);
    tcase_add_test(tc, close_frames);
    tcase_add_test(tc, busy);
    suite_add_tcase(s, tc);

    return unit_run(s);
}
