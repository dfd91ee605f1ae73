
/* output of a kept command, gathered from DATA: order, gaps, limits */

#include <ngx_config.h>
#include <ngx_core.h>
#include <string.h>
#include "ngx_cc_gather.h"
#include "shim.h"
#include "unit.h"


#define BOTH  (NGX_CC_EOF_STDOUT|NGX_CC_EOF_STDERR)


static union {
    ngx_cc_wire_data_t  data;
    uint8_t             room[200000];
} in;

static ngx_cc_gather_t  g;
static ngx_log_t        test_log;


static void
begin(size_t max, ngx_uint_t streams)
{
    ngx_cc_gather_init(&g, max, streams);
    in.data.len = 0;
}


/* adds a record to the DATA that is being made; "to" only of a gap */

static void
record(ngx_uint_t stream, uint64_t offset, const char *bytes, uint64_t to)
{
    size_t                 len;
    ngx_cc_wire_record_t  *rec;

    len = bytes ? strlen(bytes) : 0;
    rec = (void *) ((u_char *) (&in.data + 1) + in.data.len);
    memset(rec, 0, sizeof(*rec));
    rec->offset = offset;
    rec->to = bytes ? offset + len : to;
    rec->len = len;
    rec->stream = stream;

    if (bytes) {
        memcpy(rec + 1, bytes, len);
    }

    in.data.len += sizeof(*rec) + ((len + 7) & ~(size_t) 7);
    ck_assert_uint_lt(in.data.len, sizeof(in) - 100);
}


static void
add(void)
{
    ck_assert_int_eq(ngx_cc_gather_add(&g, &in.data, &test_log), NGX_OK);
    in.data.len = 0;
}


/* the pieces as text: "0:4-9=bytes" of a stream, "1:0-7!" for a gap */

static const char *
pieces(void)
{
    size_t       at;
    char        *p;
    ngx_uint_t   i;

    static char  text[4096];

    p = text;
    *p = '\0';

    for (i = 0, at = 0; i < g.n; i++) {
        p += sprintf(p, "%s%d:%d-%d", i ? " " : "", (int) g.piece[i].stream,
                     (int) g.piece[i].from, (int) g.piece[i].to);

        if (g.piece[i].len) {
            p += sprintf(p, "=%.*s", (int) g.piece[i].len, g.data + at);

        } else {
            p += sprintf(p, "!");
        }

        at += g.piece[i].len;
    }

    ck_assert_uint_eq(at, g.len);

    return text;
}


START_TEST(in_order)
{
    begin(100, BOTH);

    /* what goes on is one piece, whatever DATA it came in */

    record(0, 0, "one", 0);
    record(0, 3, "two", 0);
    record(1, 0, "err", 0);
    add();
    record(1, 3, "or", 0);
    record(0, 6, "three", 0);
    add();

    ck_assert_str_eq(pieces(), "0:0-6=onetwo 1:0-5=error 0:6-11=three");
    ck_assert_uint_eq(g.next[0], 11);
    ck_assert_uint_eq(g.next[1], 5);
    ck_assert_uint_eq(g.dropped, 0);
    ck_assert_uint_eq(g.full, 0);
    ngx_cc_gather_free(&g);
}
END_TEST


START_TEST(gaps)
{
    begin(100, BOTH);
    record(0, 0, NULL, 1000);
    record(0, 1000, "ab", 0);
    record(0, 1002, NULL, 1010);
    record(0, 1010, NULL, 1020);
    record(1, 5, NULL, 7);
    record(0, 1020, "cd", 0);
    add();

    ck_assert_str_eq(pieces(), "0:0-1000! 0:1000-1002=ab 0:1002-1020! "
                     "1:5-7! 0:1020-1022=cd");
    ck_assert_uint_eq(g.dropped, 1000 + 8 + 10 + 2);
    ck_assert_uint_eq(g.next[0], 1022);
    ck_assert_uint_eq(g.next[1], 7);
    ngx_cc_gather_free(&g);
}
END_TEST


/* the other stream is left out, and where to go on in it is not touched */

START_TEST(one_stream)
{
    begin(100, NGX_CC_EOF_STDERR);
    record(0, 0, "out", 0);
    record(1, 0, "err", 0);
    record(0, 3, NULL, 9);
    record(1, 3, "or", 0);
    add();

    ck_assert_str_eq(pieces(), "1:0-5=error");
    ck_assert_uint_eq(g.next[0], 0);
    ck_assert_uint_eq(g.dropped, 0);
    ngx_cc_gather_free(&g);
}
END_TEST


/* at every limit: that many bytes, and where to go on */

START_TEST(at_most)
{
    size_t  max;

    for (max = 1; max <= 12; max++) {
        begin(max, BOTH);
        record(0, 0, "abcd", 0);
        record(1, 0, "efg", 0);
        record(0, 4, "hij", 0);
        add();

        ck_assert_uint_eq(g.len, ngx_min(max, 10));
        ck_assert_int_eq(memcmp(g.data, "abcdefghij", g.len), 0);
        ck_assert_uint_eq(g.next[0] + g.next[1], g.len);
        ck_assert_uint_eq(g.full, max <= 10);

        /* no more is taken, neither bytes nor gaps */

        record(0, 7, max > 10 ? "k" : NULL, 9);
        add();
        ck_assert_uint_eq(g.len, ngx_min(max, 11));
        ck_assert_uint_eq(g.dropped, 0);
        ngx_cc_gather_free(&g);
    }
}
END_TEST


/* streams that take turns all the time: bounded, and where to go on is right */

START_TEST(too_many_pieces)
{
    uint64_t  i;

    begin(1000000, BOTH);

    for (i = 0; i < NGX_CC_GATHER_PIECES; i++) {
        record(i % 2, i / 2, "x", 0);
        add();
    }

    ck_assert_uint_eq(g.n, NGX_CC_GATHER_PIECES);
    ck_assert_uint_eq(g.full, 0);

    record(1, i / 2, "x", 0);
    record(0, i / 2, "y", 0);
    record(0, i / 2 + 1, "y", 0);
    add();

    ck_assert_uint_eq(g.n, NGX_CC_GATHER_PIECES);
    ck_assert_uint_eq(g.full, 1);
    ck_assert_uint_eq(g.next[0], NGX_CC_GATHER_PIECES / 2);
    ck_assert_uint_eq(g.next[1], NGX_CC_GATHER_PIECES / 2 + 1);
    ck_assert_uint_eq(g.len, NGX_CC_GATHER_PIECES + 1);
    ngx_cc_gather_free(&g);
}
END_TEST


/* the last bytes of all, and where they begin */

START_TEST(last)
{
    size_t    max;
    uint64_t  from[NGX_CC_STREAMS];

    static const struct {
        const char  *pieces;
        uint64_t     from[NGX_CC_STREAMS];
    } want[] = {
        { "", { 107, 23 } },
        { "0:106-107=j", { 106, 23 } },
        { "0:105-107=ij", { 105, 23 } },
        { "0:104-107=hij", { 104, 23 } },
        { "1:22-23=g 0:104-107=hij", { 104, 22 } },
        { "1:21-23=fg 0:104-107=hij", { 104, 21 } },
        { "1:20-23=efg 0:104-107=hij", { 104, 20 } },
        { "0:103-104=d 1:20-23=efg 0:104-107=hij", { 103, 20 } },
        { "0:102-104=cd 1:20-23=efg 0:104-107=hij", { 102, 20 } },
        { "0:101-104=bcd 1:20-23=efg 0:104-107=hij", { 101, 20 } },
        { "0:90-100! 0:100-104=abcd 1:20-23=efg 0:104-107=hij", { 90, 20 } },
        { "0:90-100! 0:100-104=abcd 1:20-23=efg 0:104-107=hij", { 90, 20 } }
    };

    for (max = 0; max < sizeof(want) / sizeof(want[0]); max++) {
        begin(100, BOTH);
        record(0, 90, NULL, 100);
        record(0, 100, "abcd", 0);
        record(1, 20, "efg", 0);
        record(0, 104, "hij", 0);
        add();

        ngx_cc_gather_last(&g, max);
        ck_assert_str_eq(pieces(), want[max].pieces);
        ngx_cc_gather_from(&g, from);
        ck_assert_uint_eq(from[0], want[max].from[0]);
        ck_assert_uint_eq(from[1], want[max].from[1]);

        /* what is cut was not dropped, and reading goes on where it did */

        ck_assert_uint_eq(g.dropped, max < 10 ? 0 : 10);
        ck_assert_uint_eq(g.next[0], 107);
        ck_assert_uint_eq(g.next[1], 23);
        ngx_cc_gather_free(&g);
    }
}
END_TEST


/* the first and the last half */

START_TEST(ends)
{
    begin(100, BOTH);
    record(0, 0, "0123456789", 0);
    add();
    ck_assert_int_eq(ngx_cc_gather_ends(&g, 10, &test_log), NGX_DECLINED);
    ck_assert_int_eq(ngx_cc_gather_ends(&g, 5, &test_log), NGX_OK);
    ck_assert_str_eq(pieces(), "0:0-2=01 0:2-7! 0:7-10=789");
    ck_assert_uint_eq(g.dropped, 5);
    ck_assert_uint_eq(g.next[0], 10);
    ngx_cc_gather_free(&g);

    /* both streams have a part that is cut out */

    begin(100, BOTH);
    record(0, 0, "aaaa", 0);
    record(1, 0, "bbbb", 0);
    record(0, 4, "cccc", 0);
    add();
    ck_assert_int_eq(ngx_cc_gather_ends(&g, 6, &test_log), NGX_OK);
    ck_assert_str_eq(pieces(), "0:0-3=aaa 0:3-5! 1:0-4! 0:5-8=ccc");
    ck_assert_uint_eq(g.dropped, 1 + 4 + 1);
    ngx_cc_gather_free(&g);

    /* gaps that were there: before, in and behind what is cut out */

    begin(100, BOTH);
    record(0, 0, NULL, 10);
    record(0, 10, "aaaa", 0);
    record(1, 0, NULL, 7);
    record(1, 7, "bbbb", 0);
    record(0, 14, NULL, 20);
    record(0, 20, "cccc", 0);
    add();
    ck_assert_uint_eq(g.dropped, 10 + 7 + 6);
    ck_assert_int_eq(ngx_cc_gather_ends(&g, 4, &test_log), NGX_OK);
    ck_assert_str_eq(pieces(), "0:0-10! 0:10-12=aa 0:12-22! 1:0-11! "
                     "0:22-24=cc");
    ck_assert_uint_eq(g.dropped, 10 + 7 + 6 + 2 + 4 + 2);
    ngx_cc_gather_free(&g);

    /* nothing is left */

    begin(100, BOTH);
    record(0, 0, "0123456789", 0);
    add();
    ck_assert_int_eq(ngx_cc_gather_ends(&g, 0, &test_log), NGX_OK);
    ck_assert_str_eq(pieces(), "0:0-10!");
    ck_assert_uint_eq(g.dropped, 10);
    ngx_cc_gather_free(&g);
}
END_TEST


/* no character is cut in two; what is none is cut anywhere */

START_TEST(ends_characters)
{
    begin(100, BOTH);
    record(0, 0, "x\xc3\xa4yyyy\xe2\x82\xacz", 0);
    add();
    ck_assert_int_eq(ngx_cc_gather_ends(&g, 5, &test_log), NGX_OK);
    ck_assert_str_eq(pieces(), "0:0-1=x 0:1-10! 0:10-11=z");
    ck_assert_uint_eq(g.dropped, 9);
    ngx_cc_gather_free(&g);

    begin(100, BOTH);
    record(0, 0, "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80", 0);
    add();
    ck_assert_int_eq(ngx_cc_gather_ends(&g, 8, &test_log), NGX_OK);
    ck_assert_uint_ge(g.len, 5);
    ck_assert_uint_le(g.len, 8);
    ck_assert_uint_eq(g.dropped + g.len, 12);
    ngx_cc_gather_free(&g);
}
END_TEST


/* any streams, lengths and pieces of DATA: each byte once, in its place */

START_TEST(noise)
{
    char       bytes[64];
    size_t     i, at, round, len;
    uint64_t   offset[NGX_CC_STREAMS], seen[NGX_CC_STREAMS], dropped;
    unsigned   x = 1;
    ngx_uint_t s;

    for (round = 0; round < 300; round++) {
        begin(1 + round * 7, BOTH);
        memset(offset, 0, sizeof(offset));

        while (!g.full) {
            x = x * 1103515245 + 12345;
            s = (x >> 16) & 1;
            len = (x >> 17) % 40;

            if (len == 0) {
                record(s, offset[s], NULL, offset[s] + 5);
                offset[s] += 5;

            } else {
                for (i = 0; i < len; i++) {
                    bytes[i] = 'a' + (offset[s] + i) % 26;
                }

                bytes[len] = '\0';
                record(s, offset[s], bytes, 0);
                offset[s] += len;
            }

            if ((x >> 24) % 3) {
                add();
            }
        }

        memset(seen, 0, sizeof(seen));

        for (i = 0, at = 0, dropped = 0; i < g.n; i++) {
            s = g.piece[i].stream;
            ck_assert_uint_eq(g.piece[i].from, seen[s]);
            seen[s] = g.piece[i].to;
            dropped += g.piece[i].len ? 0 : g.piece[i].to - g.piece[i].from;

            for (len = 0; len < g.piece[i].len; len++) {
                unit_assert(g.data[at++]
                            == 'a' + (g.piece[i].from + len) % 26);
            }
        }

        ck_assert_uint_eq(at, g.max);
        ck_assert_uint_eq(g.dropped, dropped);
        ck_assert_uint_eq(g.next[0], seen[0]);
        ck_assert_uint_eq(g.next[1], seen[1]);
        ngx_cc_gather_free(&g);
    }
}
END_TEST


/* memory runs short: that is said, and what was there can be freed */

START_TEST(memory)
{
    int        rc;
    ngx_int_t  i;

    for (i = 1; i < 20; i++) {
        begin(100000, BOTH);
        shim_allocations = i;
        rc = NGX_OK;

        while (rc == NGX_OK && g.n < 100) {
            record(g.n % 2, g.next[g.n % 2], "some bytes of output", 0);
            rc = ngx_cc_gather_add(&g, &in.data, &test_log);
            in.data.len = 0;
        }

        shim_allocations = 0;
        ngx_cc_gather_free(&g);
        ngx_cc_gather_free(&g);

        if (i < 3) {
            ck_assert_int_eq(rc, NGX_ERROR);
        }
    }
}
END_TEST


int
main(void)
{
    Suite  *suite;
    TCase  *tc;

    suite = suite_create("gather");
    tc = tcase_create("gather");
    suite_add_tcase(suite, tc);

    tcase_add_test(tc, in_order);
    tcase_add_test(tc, gaps);
    tcase_add_test(tc, one_stream);
    tcase_add_test(tc, at_most);
    tcase_add_test(tc, too_many_pieces);
    tcase_add_test(tc, last);
    tcase_add_test(tc, ends);
    tcase_add_test(tc, ends_characters);
    tcase_add_test(tc, noise);
    tcase_add_test(tc, memory);

    return unit_run(suite);
}
