
/* messages of kept commands: whatever is wrong is refused */

#include <errno.h>
#include <string.h>
#include "unit.h"
#include "ngx_cc_wire_kept.h"


static union {
    ngx_cc_wire_kept_msg_t  msg;
    ngx_cc_wire_start_t     start;
    uint8_t                 byte[NGX_CC_WIRE_MAX_START + 4096];
} m;


static const struct {
    unsigned  type;
    size_t    size;
} fixed_types[] = {
    { NGX_CC_WIRE_HELLO, sizeof(ngx_cc_wire_hello_t) },
    { NGX_CC_WIRE_PROOF, sizeof(ngx_cc_wire_hello_t) },
    { NGX_CC_WIRE_ATTACH, sizeof(ngx_cc_wire_attach_t) },
    { NGX_CC_WIRE_READ, sizeof(ngx_cc_wire_read_t) },
    { NGX_CC_WIRE_MARK, sizeof(ngx_cc_wire_mark_t) },
    { NGX_CC_WIRE_FLOW, sizeof(ngx_cc_wire_head_t) },
    { NGX_CC_WIRE_UNWAIT, sizeof(ngx_cc_wire_woke_t) },
    { NGX_CC_WIRE_BUNDLE, sizeof(ngx_cc_wire_head_t) },
    { NGX_CC_WIRE_REMOVE, sizeof(ngx_cc_wire_head_t) },
    { NGX_CC_WIRE_LIST, sizeof(ngx_cc_wire_list_t) },
    { NGX_CC_WIRE_ACK, sizeof(ngx_cc_wire_head_t) },
    { NGX_CC_WIRE_TOLD, sizeof(ngx_cc_wire_head_t) },
    { NGX_CC_WIRE_WELCOME, sizeof(ngx_cc_wire_hello_t) },
    { NGX_CC_WIRE_ATTACHED, sizeof(ngx_cc_wire_attached_t) },
    { NGX_CC_WIRE_WOKE, sizeof(ngx_cc_wire_woke_t) },
    { NGX_CC_WIRE_REMOVED, sizeof(ngx_cc_wire_removed_t) },
    { NGX_CC_WIRE_DETACHED, sizeof(ngx_cc_wire_detached_t) },
    { NGX_CC_WIRE_STATE, sizeof(ngx_cc_wire_state_t) },
    { NGX_CC_WIRE_ENTRY, sizeof(ngx_cc_wire_entry_t) },
    { NGX_CC_WIRE_DELIVERED, sizeof(ngx_cc_wire_head_t) },
    { NGX_CC_WIRE_KEPT, sizeof(ngx_cc_wire_reached_t) },
    { NGX_CC_WIRE_LISTENING, sizeof(ngx_cc_wire_reached_t) },
    { NGX_CC_WIRE_FREE, sizeof(ngx_cc_wire_head_t) }
};


static void
begin(unsigned type, size_t size)
{
    memset(&m, 0xee, 4096);
    ngx_cc_wire_init(&m, type, 7, size);

    if (type == NGX_CC_WIRE_WOKE || type == NGX_CC_WIRE_UNWAIT
        || type == NGX_CC_WIRE_WAIT)
    {
        m.msg.woke.serial = 1;       /* of WAIT at the same place */
    }

    if (type == NGX_CC_WIRE_WAIT) {
        m.msg.wait.streams = NGX_CC_EOF_STDOUT;
    }
}


static unsigned
check(void)
{
    return ngx_cc_wire_check(&m, m.msg.head.size);
}


START_TEST(fixed)
{
    size_t    i, n, size;
    unsigned  type;

    for (i = 0; i < sizeof(fixed_types) / sizeof(fixed_types[0]); i++) {
        type = fixed_types[i].type;
        size = fixed_types[i].size;

        begin(type, size);
        ck_assert_uint_eq(check(), type);

        for (n = sizeof(ngx_cc_wire_head_t); n < size + 64; n++) {
            m.msg.head.size = n;
            ck_assert_uint_eq(ngx_cc_wire_check(&m, n),
                              n == size ? type : 0);
        }

        begin(type, size);
        /* ATTACH has flags where others have none, and none of a state's */

        m.msg.head.flags = type == NGX_CC_WIRE_ATTACH ? NGX_CC_ATTACHED_TTY
                                                      : 0x8000;
        ck_assert_uint_eq(check(), 0);
    }
}
END_TEST


START_TEST(values)
{
    begin(NGX_CC_WIRE_ATTACHED, sizeof(ngx_cc_wire_attached_t));
    m.msg.attached.bytes[1] = 5;
    m.msg.attached.held[1] = 5;
    m.msg.attached.from[1] = 5;
    ck_assert_uint_ne(check(), 0);
    m.msg.attached.held[1] = 6;
    ck_assert_uint_eq(check(), 0);
    m.msg.attached.held[1] = 0;
    m.msg.attached.from[1] = 6;
    ck_assert_uint_eq(check(), 0);
    m.msg.attached.from[1] = 0;
    m.msg.attached.denied = NGX_CC_DENIED_REASONS;
    ck_assert_uint_eq(check(), 0);
    m.msg.attached.denied = 0;
    m.msg.attached.pid = -1;
    ck_assert_uint_eq(check(), 0);

    begin(NGX_CC_WIRE_READ, sizeof(ngx_cc_wire_read_t));
    m.msg.read.max = NGX_CC_WIRE_MAX_DATA;
    ck_assert_uint_ne(check(), 0);
    m.msg.read.max++;
    ck_assert_uint_eq(check(), 0);

    begin(NGX_CC_WIRE_WOKE, sizeof(ngx_cc_wire_woke_t));
    m.msg.woke.reason = NGX_CC_WOKES;
    ck_assert_uint_eq(check(), 0);
    m.msg.woke.reason = 0;
    m.msg.woke.stream = 2;
    ck_assert_uint_eq(check(), 0);
    m.msg.woke.stream = 1;
    m.msg.woke.serial = 0;
    ck_assert_uint_eq(check(), 0);

    begin(NGX_CC_WIRE_ENTRY, sizeof(ngx_cc_wire_entry_t) + 3);
    m.msg.entry.label = 1;
    m.msg.entry.shown = 2;
    ck_assert_uint_ne(check(), 0);
    m.msg.entry.reserved = 1;
    ck_assert_uint_eq(check(), 0);
    m.msg.entry.reserved = 0;
    m.msg.entry.shown = 3;
    ck_assert_uint_eq(check(), 0);
    m.msg.entry.shown = UINT32_MAX;
    m.msg.entry.label = 4;
    ck_assert_uint_eq(check(), 0);
}
END_TEST


static ngx_cc_wire_record_t *
data(size_t len)
{
    begin(NGX_CC_WIRE_DATA, sizeof(ngx_cc_wire_data_t) + len);
    m.msg.data.len = len;
    memset(&m.msg.data + 1, 0, len);

    return (ngx_cc_wire_record_t *) (&m.msg.data + 1);
}


START_TEST(records)
{
    size_t                 pos;
    ngx_cc_wire_record_t  *rec, *gap;

    rec = data(0);
    ck_assert_uint_ne(check(), 0);
    pos = 0;
    ck_assert_ptr_null(ngx_cc_wire_kept_record(&m.msg.data, &pos));

    /* a gap, and a record of 9 bytes, padded to 16 */

    rec = data(2 * sizeof(*rec) + 16);
    gap = rec;
    gap->offset = 10;
    gap->to = 20;
    gap->stream = 1;
    rec++;
    rec->seq = 77;
    rec->offset = 20;
    rec->to = 29;
    rec->len = 9;
    rec->stream = 1;
    ck_assert_uint_ne(check(), 0);

    pos = 0;
    ck_assert_ptr_eq(ngx_cc_wire_kept_record(&m.msg.data, &pos), gap);
    ck_assert_ptr_eq(ngx_cc_wire_kept_record(&m.msg.data, &pos), rec);
    ck_assert_ptr_null(ngx_cc_wire_kept_record(&m.msg.data, &pos));

    rec->to = 30;
    ck_assert_uint_eq(check(), 0);
    rec->to = 29;
    rec->stream = 2;
    ck_assert_uint_eq(check(), 0);
    rec->stream = 0;
    rec->len = 17;
    rec->to = 37;
    ck_assert_uint_eq(check(), 0);
    rec->len = UINT32_MAX;
    ck_assert_uint_eq(check(), 0);
    rec->len = 9;
    rec->to = 29;
    gap->to = 10;
    ck_assert_uint_eq(check(), 0);
    gap->to = 9;
    ck_assert_uint_eq(check(), 0);
    gap->to = 20;
    gap->seq = 1;
    ck_assert_uint_eq(check(), 0);
    gap->seq = 0;
    m.msg.data.eof = 4;
    ck_assert_uint_eq(check(), 0);
    m.msg.data.eof = 3;
    ck_assert_uint_ne(check(), 0);
    m.msg.data.len--;
    ck_assert_uint_eq(check(), 0);
}
END_TEST


static size_t
wait(const char *patterns, size_t text, uint32_t n)
{
    begin(NGX_CC_WIRE_WAIT, sizeof(ngx_cc_wire_wait_t) + text);
    m.msg.wait.n = n;
    m.msg.wait.text = text;
    memcpy(&m.msg.wait + 1, patterns, text);

    return check();
}


/* one more message of a bundle: "size" bytes, which are said to be "said" */

static void
bundle(unsigned type, size_t size, size_t said)
{
    ngx_cc_wire_head_t  *msg;

    msg = (ngx_cc_wire_head_t *) (m.byte + m.msg.head.size);
    ngx_cc_wire_init(msg, type, 7, NGX_CC_WIRE_ALIGN(size));
    msg->size = said;
    m.msg.head.size += NGX_CC_WIRE_ALIGN(size);
}


START_TEST(bundles)
{
    size_t               pos, entry;
    ngx_cc_wire_entry_t  *e;

    entry = sizeof(ngx_cc_wire_entry_t) + 3;

    begin(NGX_CC_WIRE_BUNDLE, sizeof(ngx_cc_wire_head_t));
    bundle(NGX_CC_WIRE_MARK, sizeof(ngx_cc_wire_mark_t),
           sizeof(ngx_cc_wire_mark_t));
    bundle(NGX_CC_WIRE_ENTRY, entry, entry);
    e = (ngx_cc_wire_entry_t *) (m.byte + sizeof(ngx_cc_wire_head_t)
                                 + sizeof(ngx_cc_wire_mark_t));
    e->label = 3;
    bundle(NGX_CC_WIRE_ACK, sizeof(ngx_cc_wire_head_t),
           sizeof(ngx_cc_wire_head_t));
    ck_assert_uint_eq(check(), NGX_CC_WIRE_BUNDLE);

    pos = 0;
    ck_assert_uint_eq(ngx_cc_wire_kept_next(&m.msg.head, &pos)->type,
                      NGX_CC_WIRE_MARK);
    ck_assert_ptr_eq(ngx_cc_wire_kept_next(&m.msg.head, &pos), e);
    ck_assert_uint_eq(ngx_cc_wire_kept_next(&m.msg.head, &pos)->type,
                      NGX_CC_WIRE_ACK);
    ck_assert_ptr_null(ngx_cc_wire_kept_next(&m.msg.head, &pos));

    /* one of them is wrong, or cut off, or not padded */

    e->label = 4;
    ck_assert_uint_eq(check(), 0);
    e->label = 3;
    ck_assert_uint_ne(check(), 0);
    m.msg.head.size -= 8;
    ck_assert_uint_eq(check(), 0);
    m.msg.head.size -= 16;
    ck_assert_uint_eq(check(), 0);

    begin(NGX_CC_WIRE_BUNDLE, sizeof(ngx_cc_wire_head_t));
    bundle(NGX_CC_WIRE_ACK, 16, 24);
    ck_assert_uint_eq(check(), 0);
    begin(NGX_CC_WIRE_BUNDLE, sizeof(ngx_cc_wire_head_t));
    bundle(NGX_CC_WIRE_ACK, 16, UINT32_MAX);
    ck_assert_uint_eq(check(), 0);
    begin(NGX_CC_WIRE_BUNDLE, sizeof(ngx_cc_wire_head_t));
    bundle(NGX_CC_WIRE_ACK, 16, 0);
    ck_assert_uint_eq(check(), 0);

    begin(NGX_CC_WIRE_BUNDLE, sizeof(ngx_cc_wire_head_t));
    bundle(NGX_CC_WIRE_ACK, 16, 16);
    m.msg.head.run = 8;
    ck_assert_uint_eq(check(), 0);

    /* none in another one, and not too much */

    begin(NGX_CC_WIRE_BUNDLE, sizeof(ngx_cc_wire_head_t));
    bundle(NGX_CC_WIRE_BUNDLE, 16, 16);
    ck_assert_uint_eq(check(), 0);

    begin(NGX_CC_WIRE_BUNDLE, sizeof(ngx_cc_wire_head_t));

    while (m.msg.head.size < NGX_CC_WIRE_MAX_BUNDLE) {
        bundle(NGX_CC_WIRE_ACK, 16, 16);
    }

    ck_assert_uint_ne(check(), 0);
    bundle(NGX_CC_WIRE_ACK, 16, 16);
    ck_assert_uint_eq(check(), 0);
}
END_TEST


/* an AGAIN that says where; returns where it is itself */

static uint32_t
again(uint32_t at)
{
    uint32_t              where;
    ngx_cc_wire_again_t  *msg;

    where = m.msg.head.size;
    msg = (ngx_cc_wire_again_t *) (m.byte + where);
    bundle(NGX_CC_WIRE_AGAIN, sizeof(*msg), sizeof(*msg));
    msg->at = at;

    return where;
}


START_TEST(agains)
{
    size_t                pos;
    uint32_t              head, mark, at;
    ngx_cc_wire_again_t  *msg;

    head = sizeof(ngx_cc_wire_head_t);
    mark = sizeof(ngx_cc_wire_mark_t);

    begin(NGX_CC_WIRE_BUNDLE, head);
    bundle(NGX_CC_WIRE_MARK, mark, mark);
    bundle(NGX_CC_WIRE_ACK, head, head);
    again(head);
    at = again(head + mark);
    ck_assert_uint_eq(check(), NGX_CC_WIRE_BUNDLE);

    pos = 0;
    ck_assert_ptr_eq(ngx_cc_wire_kept_next(&m.msg.head, &pos), m.byte + head);
    ck_assert_ptr_eq(ngx_cc_wire_kept_next(&m.msg.head, &pos),
                     m.byte + head + mark);
    ck_assert_ptr_eq(ngx_cc_wire_kept_next(&m.msg.head, &pos), m.byte + head);
    ck_assert_ptr_eq(ngx_cc_wire_kept_next(&m.msg.head, &pos),
                     m.byte + head + mark);
    ck_assert_ptr_null(ngx_cc_wire_kept_next(&m.msg.head, &pos));

    /* where nothing begins, itself, another one, behind it, far away */

    msg = (ngx_cc_wire_again_t *) (m.byte + at);

    for (msg->at = 0; msg->at < at + 64; msg->at++) {
        ck_assert_int_eq(check() != 0, msg->at == head
                                       || msg->at == head + mark);
    }

    msg->at = UINT32_MAX;
    ck_assert_uint_eq(check(), 0);
    msg->at = UINT32_MAX - 7;
    ck_assert_uint_eq(check(), 0);
    msg->at = head;
    msg->reserved = 1;
    ck_assert_uint_eq(check(), 0);
    msg->reserved = 0;
    msg->head.flags = 1;
    ck_assert_uint_eq(check(), 0);
    msg->head.flags = 0;
    msg->head.run = 8;
    ck_assert_uint_eq(check(), 0);
    msg->head.run = 7;
    ck_assert_uint_ne(check(), 0);

    /* only the last one of a type */

    begin(NGX_CC_WIRE_BUNDLE, head);
    bundle(NGX_CC_WIRE_MARK, mark, mark);
    bundle(NGX_CC_WIRE_MARK, mark, mark);
    again(head + mark);
    ck_assert_uint_ne(check(), 0);
    again(head);
    ck_assert_uint_eq(check(), 0);

    /* what only looks like a message, inside of one */

    begin(NGX_CC_WIRE_BUNDLE, head);
    bundle(NGX_CC_WIRE_MARK, mark, mark);
    ngx_cc_wire_init(m.byte + head + 16, NGX_CC_WIRE_ACK, 7, head);
    ck_assert_uint_ne(check(), 0);
    again(head + 16);
    ck_assert_uint_eq(check(), 0);

    /* and none by itself */

    begin(NGX_CC_WIRE_AGAIN, sizeof(ngx_cc_wire_again_t));
    ck_assert_uint_eq(check(), 0);
}
END_TEST


START_TEST(patterns)
{
    ck_assert_uint_ne(wait("", 0, 0), 0);
    ck_assert_uint_ne(wait("\1\0a\2\0bc", 7, 2), 0);
    ck_assert_uint_eq(wait("\1\0a\2\0bc", 7, 1), 0);
    ck_assert_uint_eq(wait("\1\0a\2\0bc", 7, 3), 0);
    ck_assert_uint_eq(wait("\1\0a\3\0bc", 7, 2), 0);
    ck_assert_uint_eq(wait("\0\0", 2, 1), 0);
    ck_assert_uint_eq(wait("\1", 1, 1), 0);

    ck_assert_uint_ne(wait("\1\0a", 3, 1), 0);
    m.msg.wait.streams = 0;
    ck_assert_uint_eq(check(), 0);
    m.msg.wait.streams = 4;
    ck_assert_uint_eq(check(), 0);
    m.msg.wait.streams = 3;
    m.msg.wait.until = NGX_CC_UNTILS;
    ck_assert_uint_eq(check(), 0);
    m.msg.wait.until = NGX_CC_UNTIL_IDLE;
    ck_assert_uint_ne(check(), 0);
    m.msg.wait.max = NGX_CC_WIRE_MAX_DATA + 1;
    ck_assert_uint_eq(check(), 0);
    m.msg.wait.max = NGX_CC_WIRE_MAX_DATA;
    m.msg.wait.head.flags = NGX_CC_WAIT_READ|NGX_CC_WAIT_MARK;
    ck_assert_uint_ne(check(), 0);
    m.msg.wait.head.flags = NGX_CC_WAIT_MARK;
    ck_assert_uint_eq(check(), 0);
    m.msg.wait.head.flags = NGX_CC_WAIT_SINCE;
    ck_assert_uint_ne(check(), 0);
    m.msg.wait.head.flags = NGX_CC_WAIT_FLAGS + 1;
    ck_assert_uint_eq(check(), 0);
    m.msg.wait.head.flags = 0;
    m.msg.wait.reserved = 1;
    ck_assert_uint_eq(check(), 0);
    m.msg.wait.reserved = 0;
    m.msg.wait.serial = 0;
    ck_assert_uint_eq(check(), 0);
}
END_TEST


START_TEST(keep)
{
    size_t                  n;
    const char             *argv[] = { "true" }, *vector[16];
    ngx_cc_wire_strings_t   s, out;

    memset(&s, 0, sizeof(s));
    s.cwd = "/";
    s.beneath = "";
    s.program = "/bin/true";
    s.argv = argv;
    s.argc = 1;
    s.label = "a label";
    s.shown = "true";

    ngx_cc_wire_init(&m, NGX_CC_WIRE_START, 1, sizeof(m.start));
    ck_assert_uint_eq(ngx_cc_wire_start_pack(&m.start, &s), 0);

    m.start.head.flags = NGX_CC_START_KEEP;
    m.start.keep.watchers = 16;
    n = ngx_cc_wire_start_pack(&m.start, &s);
    ck_assert_uint_ne(n, 0);
    ck_assert_uint_eq(ngx_cc_wire_check(&m, n), NGX_CC_WIRE_START);

    ngx_cc_wire_start_unpack(&m.start, &out, vector);
    ck_assert_str_eq(out.label, "a label");
    ck_assert_str_eq(out.shown, "true");
    ck_assert_ptr_null(out.env[0]);

    m.start.keep.watchers = 0;
    ck_assert_uint_eq(ngx_cc_wire_check(&m, n), 0);
    m.start.keep.watchers = 16;
    m.start.keep.flags = 2;
    ck_assert_uint_eq(ngx_cc_wire_check(&m, n), 0);
    m.start.keep.flags = 1;
    m.start.keep.output = NGX_CC_KEEP_MAX_OUTPUT + 1;
    ck_assert_uint_eq(ngx_cc_wire_check(&m, n), 0);
    m.start.keep.output = 0;
    ck_assert_uint_ne(ngx_cc_wire_check(&m, n), 0);

    /* without the flag: neither the strings nor the numbers */

    m.start.head.flags = 0;
    ck_assert_uint_eq(ngx_cc_wire_check(&m, n), 0);

    s.label = NULL;
    m.start.head.flags = NGX_CC_START_KEEP;
    ck_assert_uint_eq(ngx_cc_wire_start_pack(&m.start, &s), 0);
}
END_TEST


/* what may become kept says how much of its output is to be held, no more */

START_TEST(keepable)
{
    size_t                  n;
    const char             *argv[] = { "true" };
    ngx_cc_wire_strings_t   s;

    memset(&s, 0, sizeof(s));
    s.cwd = "/";
    s.beneath = "";
    s.program = "/bin/true";
    s.argv = argv;
    s.argc = 1;

    ngx_cc_wire_init(&m, NGX_CC_WIRE_START, 1, sizeof(m.start));
    m.start.head.flags = NGX_CC_START_KEEPABLE;
    m.start.keep.output = NGX_CC_KEEP_MAX_OUTPUT;
    n = ngx_cc_wire_start_pack(&m.start, &s);
    ck_assert_uint_eq(ngx_cc_wire_check(&m, n), NGX_CC_WIRE_START);

    m.start.keep.output++;
    ck_assert_uint_eq(ngx_cc_wire_check(&m, n), 0);
    m.start.keep.output = 0;
    ck_assert_uint_eq(ngx_cc_wire_check(&m, n), NGX_CC_WIRE_START);
    m.start.keep.watchers = 1;
    ck_assert_uint_eq(ngx_cc_wire_check(&m, n), 0);
    m.start.keep.watchers = 0;
    m.start.keep.auth[31] = 1;
    ck_assert_uint_eq(ngx_cc_wire_check(&m, n), 0);
    m.start.keep.auth[31] = 0;
    m.start.head.flags = 0;
    m.start.keep.output = 1;
    ck_assert_uint_eq(ngx_cc_wire_check(&m, n), 0);

    /* not both */

    s.label = s.shown = "";
    m.start.head.flags = NGX_CC_START_KEEPABLE|NGX_CC_START_KEEP;
    m.start.keep.watchers = 1;
    n = ngx_cc_wire_start_pack(&m.start, &s);
    ck_assert_uint_ne(n, 0);
    ck_assert_uint_eq(ngx_cc_wire_check(&m, n), 0);
    m.start.head.flags = NGX_CC_START_KEEP;
    ck_assert_uint_eq(ngx_cc_wire_check(&m, n), NGX_CC_WIRE_START);
}
END_TEST


START_TEST(reach)
{
    begin(NGX_CC_WIRE_KEEP, sizeof(ngx_cc_wire_reach_t) + 3);
    m.msg.reach.keep.watchers = 1;
    m.msg.reach.label = 1;
    m.msg.reach.shown = 2;
    memcpy(&m.msg.reach + 1, "abc", 3);
    ck_assert_uint_eq(check(), NGX_CC_WIRE_KEEP);

    memcpy(&m.msg.reach + 1, "a\0c", 3);
    ck_assert_uint_eq(check(), 0);
    memcpy(&m.msg.reach + 1, "abc", 3);
    m.msg.reach.shown = 3;
    ck_assert_uint_eq(check(), 0);
    m.msg.reach.shown = UINT32_MAX;
    m.msg.reach.label = 4;
    ck_assert_uint_eq(check(), 0);
    m.msg.reach.shown = 2;
    m.msg.reach.label = 1;
    m.msg.reach.keep.watchers = 0;
    ck_assert_uint_eq(check(), 0);
    m.msg.reach.keep.watchers = 1;
    m.msg.reach.keep.waits = NGX_CC_KEEP_MAX_WAITS + 1;
    ck_assert_uint_eq(check(), 0);
    m.msg.reach.keep.waits = 0;
    m.msg.reach.keep.flags = 2;
    ck_assert_uint_eq(check(), 0);

    /* what one has the other has not */

    m.msg.reach.keep.flags = 0;
    m.msg.reach.run_limit = 1;
    ck_assert_uint_eq(check(), NGX_CC_WIRE_KEEP);
    m.msg.head.type = NGX_CC_WIRE_LISTEN;
    ck_assert_uint_eq(check(), 0);
    m.msg.reach.run_limit = 0;
    m.msg.reach.resume = 1;
    ck_assert_uint_eq(check(), NGX_CC_WIRE_LISTEN);
    m.msg.head.type = NGX_CC_WIRE_KEEP;
    ck_assert_uint_eq(check(), 0);

    begin(NGX_CC_WIRE_KEPT, sizeof(ngx_cc_wire_reached_t));
    ck_assert_uint_eq(check(), NGX_CC_WIRE_KEPT);
    m.msg.reached.error = EADDRINUSE;
    ck_assert_uint_eq(check(), NGX_CC_WIRE_KEPT);
    m.msg.reached.error = -1;
    ck_assert_uint_eq(check(), 0);
    m.msg.reached.error = 0;
    m.msg.reached.reserved = 1;
    ck_assert_uint_eq(check(), 0);
}
END_TEST


int
main(void)
{
    Suite  *s = suite_create("wire_kept");
    TCase  *tc = tcase_create("wire_kept");

    tcase_add_test(tc, fixed);
    tcase_add_test(tc, values);
    tcase_add_test(tc, records);
    tcase_add_test(tc, patterns);
    tcase_add_test(tc, bundles);
    tcase_add_test(tc, agains);
    tcase_add_test(tc, keep);
    tcase_add_test(tc, keepable);
    tcase_add_test(tc, reach);
    suite_add_tcase(s, tc);

    return unit_run(s);
}
