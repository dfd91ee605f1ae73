
/*
 * A whole session of a dialect, driven by the input: messages of a client in
 * pieces, commands that start, fail, write, end, take input; timers; memory
 * that runs out.  Whatever happens: every message that is pulled, in one piece
 * or several, is one JSON text in valid UTF-8, or a packet, and nothing is left
 * at the end.
 */

#ifndef _SESSION_H_INCLUDED_
#define _SESSION_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <yajl/yajl_parse.h>
#include "fake_command.h"
#include "fuzz.h"
#include "ngx_cc_dialect.h"
#include "ngx_cc_packet.h"
#include "ngx_cc_utf8.h"
#include "shim.h"


#define SESSION_COMMANDS  32         /* that fake_command.c can remember */
#define SESSION_RECORDS   64         /* of one of them */


typedef struct {
    const ngx_cc_dialect_t  *dialect;
    void                    *state;
    ngx_cc_transport_t       transport;
    ngx_cc_spec_conf_t       conf;
    ngx_log_t                log;
    size_t                   most;       /* bytes of a message */
    size_t                   left;       /* of the open one */
    unsigned                 binary;     /* that is binary */
    yajl_handle              json;       /* a message that is not whole */
    ngx_cc_utf8_t            utf8;
} session_t;


static u_char  session_buf[NGX_CC_DIALECT_MAX_MESSAGE];


static void
session_wake(void *data)
{
}


/* a packet of n bytes and the tail was pulled; all of them are there */

static void
session_packet(session_t *s, size_t n)
{
    size_t            len = s->transport.tail.len;
    u_char           *p;
    ngx_cc_packet_t   packet;

    fuzz_check(s->json == NULL);
    p = malloc(n + len);
    fuzz_check(p != NULL);
    memcpy(p, session_buf, n);
    memcpy(p + n, s->transport.tail.data, len);
    fuzz_check(n + len > NGX_CC_PACKET_HEADER);
    fuzz_check(n + len <= NGX_CC_PACKET_HEADER + 262144);
    fuzz_check(ngx_cc_packet_read(&packet, p, n + len) == NULL);
    fuzz_check(packet.stream != NGX_CC_PACKET_STDIN && packet.channel);
    free(p);
}


static void
session_pull(session_t *s)
{
    size_t      n;
    ngx_uint_t  more;

    n = s->dialect->pull(s->state, session_buf, NGX_CC_DIALECT_MAX_MESSAGE,
                         &more);
    fuzz_check(n <= NGX_CC_DIALECT_MAX_MESSAGE);

    if (n == 0) {
        fuzz_check(s->json == NULL);
        return;
    }

    if (s->transport.packet) {
        session_packet(s, n);
        s->dialect->sent(s->state);
        return;
    }

    fuzz_check(s->transport.tail.len == 0);

    if (s->json == NULL) {
        s->json = yajl_alloc(NULL, NULL, NULL);
        fuzz_check(s->json != NULL);
        memset(&s->utf8, 0, sizeof(s->utf8));
    }

    fuzz_check(ngx_cc_utf8_check(&s->utf8, session_buf, n) == n);
    fuzz_check(yajl_parse(s->json, session_buf, n) == yajl_status_ok);

    if (!more) {
        fuzz_check(ngx_cc_utf8_done(&s->utf8));
        fuzz_check(yajl_complete_parse(s->json) == yajl_status_ok);
        yajl_free(s->json);
        s->json = NULL;
    }
}


/*
 * A piece of a message, never longer than the transport would let through;
 * "binary": of a binary one, which is not begun while a text is unfinished
 */

static ngx_int_t
session_push(session_t *s, fuzz_in_t *in, unsigned last, unsigned binary)
{
    size_t      n;
    u_char     *p;
    ngx_int_t   rc;

    n = fuzz_u16(in);
    n = n < 2048 ? n : n % 256;
    n = n < s->left ? n : s->left;
    p = fuzz_take(in, &n);
    last = last || s->left == n;

    if (n == 0 && !last) {
        free(p);
        return NGX_OK;
    }

    rc = binary ? s->dialect->packet(s->state, p, n, last)
                : s->dialect->push(s->state, p, n, last);
    s->binary = binary && !last;
    s->left = last ? s->most : s->left - n;
    free(p);

    return rc;
}


/* something happens to one of the commands that were started */

static void
session_command(fuzz_in_t *in, unsigned what)
{
    size_t           n;
    u_char          *p;
    unsigned         k;
    fake_command_t  *f;

    if (fake_commands == 0) {
        return;
    }

    f = fake_command[fuzz_byte(in) % fake_commands];

    if (f->closed) {
        return;
    }

    k = fuzz_byte(in);

    switch (what) {

    case 0:
        if (f->public.state == NGX_CC_COMMAND_WAITING) {
            fake_started(f);
        }

        break;

    case 1:
        if (f->public.state == NGX_CC_COMMAND_WAITING) {
            fake_failed(f, k % NGX_CC_STAGES, k % 40);
        }

        break;

    case 2:
        if (f->public.state != NGX_CC_COMMAND_OVER
            && f->last < SESSION_RECORDS)
        {
            n = 1 + k * (fuzz_byte(in) % 64);
            p = fuzz_take(in, &n);

            if (n) {
                fake_output(f, k & 1, p, n);
            }

            free(p);
        }

        break;

    case 3:
        if (f->public.state == NGX_CC_COMMAND_RUNNING) {
            fake_exited(f, k & 1 ? k & 0x7f : k << 8,
                        k % NGX_CC_CAUSES);
        }

        break;

    default:
        if (f->input_busy) {
            f->input_len = 0;
            fake_taken(f, k, k > 200);

        } else if (f->public.state == NGX_CC_COMMAND_RUNNING) {
            fake_signalled(f, k & 3);
        }
    }
}


/* "post": see ngx_cc_transport_t */

static void
session_fuzz(const ngx_cc_dialect_t *dialect, struct ngx_cc_mcp_post_s *post,
    const uint8_t *data, size_t size)
{
    int         i;
    unsigned    op;
    session_t   s;
    ngx_int_t   rc;
    fuzz_in_t   in = { data, data + size };

    static const char            *env[] = { "PATH=/bin" };
    static ngx_cc_policy_rule_t   rule = { "/bin/ls", NULL, 0 };

    memset(&s, 0, sizeof(s));
    op = fuzz_byte(&in);
    s.dialect = dialect;
    s.conf.policy.any = op & 1;
    s.conf.policy.rules = &rule;
    s.conf.policy.nrules = 1;
    s.conf.shell = op & 2 ? "/bin/sh" : NULL;
    s.conf.command.env = env;
    s.conf.command.nenv = 1;
    s.conf.path = "/bin";
    s.conf.command.cwd = "/";
    s.conf.stdin_buffer = 2048;
    s.conf.tty = (op & 0x40) != 0;
    s.conf.timeout = op & 4 ? 600000 : 0;
    s.conf.max_commands_per_session = 1 + (op >> 4) % 4;
    s.transport.pool = ngx_create_pool(1024, &s.log);
    s.transport.log = &s.log;
    s.transport.conf = &s.conf;
    s.most = op & 8 ? 1 << 20 : 64;
    memset(s.transport.session_id, 's', NGX_CC_UUID_TEXT);
    s.transport.post = post;
    s.transport.wake = session_wake;
    s.left = s.most;

    fuzz_check(s.transport.pool != NULL);
    s.state = dialect->open(&s.transport);
    fuzz_check(s.state != NULL);
    rc = NGX_OK;

    while (fuzz_left(&in) && rc == NGX_OK
           && fake_commands < SESSION_COMMANDS - 4)
    {
        op = fuzz_byte(&in) % 16;

        switch (op) {

        case 0:
            rc = session_push(&s, &in, 0, s.binary);
            break;

        case 1:
        case 2:
        case 3:
            rc = session_push(&s, &in, 1, s.binary);
            break;

        case 4:
        case 5:
        case 6:
        case 7:
        case 8:
            session_command(&in, op - 4);
            break;

        case 9:
            dialect->drop(s.state);
            s.left = s.most;
            s.binary = 0;
            break;

        case 10:
            (void) shim_fire();
            break;

        case 11:
            shim_allocations = fuzz_byte(&in);
            break;

        case 12:
            fake_start = fuzz_byte(&in) % (NGX_CC_START_UNAVAILABLE + 1);
            break;

        case 13:
            if (s.transport.binary && s.left == s.most) {
                rc = session_push(&s, &in, fuzz_byte(&in) & 1, 1);
                break;
            }

            session_pull(&s);
            break;

        default:
            session_pull(&s);
        }

        fuzz_check(dialect->busy(s.state) <= s.conf.max_commands_per_session);
        (void) dialect->pending(s.state);
    }

    shim_allocations = 0;

    for (i = 0; rc == NGX_OK && i < 100; i++) {
        session_pull(&s);
    }

    if (s.json) {
        yajl_free(s.json);
    }

    dialect->close(s.state);
    fuzz_check(shim_fire() == 0);

    for (i = 0; i < fake_commands; i++) {
        fuzz_check(fake_command[i]->closed == 1);
    }

    ngx_destroy_pool(s.transport.pool);
    fake_free();
}


#endif /* _SESSION_H_INCLUDED_ */
