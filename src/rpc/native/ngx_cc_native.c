
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_native.h"
#include "ngx_cc_native_methods.h"


static void *ngx_cc_native_open(ngx_cc_transport_t *transport);
static size_t ngx_cc_native_pull(void *session, u_char *p, size_t room,
    ngx_uint_t *more);
static ngx_cc_command_t *ngx_cc_native_of(ngx_queue_t *q);
static void ngx_cc_native_forget(void *session, ngx_queue_t *q);


const ngx_cc_dialect_t  ngx_cc_native = {
    ngx_cc_native_open,
    ngx_cc_dialogue_push,
    ngx_cc_dialogue_drop,
    ngx_cc_native_pull,
    ngx_cc_dialogue_pending,
    ngx_cc_dialogue_busy,
    ngx_cc_dialogue_shutdown,
    ngx_cc_dialogue_close
};


static void *
ngx_cc_native_open(ngx_cc_transport_t *transport)
{
    u_char           buf[512], *p;
    ngx_cc_native_t  *s;

    s = ngx_cc_dialogue_open(transport, sizeof(ngx_cc_native_t));

    if (s == NULL) {
        return NULL;
    }

    s->base.serve = ngx_cc_native_methods_serve;
    s->base.command = ngx_cc_native_of;
    s->base.forget = ngx_cc_native_forget;
    s->share.limit = transport->conf->stdin_buffer;

    p = ngx_slprintf(buf, buf + sizeof(buf),
                     "{\"jsonrpc\":\"2.0\",\"method\":\"connected\","
                     "\"params\":{\"session_id\":\"%*s\","
                     "\"version\":\"%s\",\"capabilities\":[\"execute\","
                     "\"control\",\"stream\",\"input\",\"list\","
                     "\"signal\"%s]}}",
                     (size_t) NGX_CC_UUID_TEXT, transport->session_id,
                     NGX_CC_VERSION,
                     transport->conf->tty ? ",\"tty\",\"resize\"" : "");

    if (ngx_cc_answers_put(&s->base.answers, buf, p - buf) != NGX_OK) {
        return NULL;
    }

    return s;
}


static size_t
ngx_cc_native_pull(void *session, u_char *p, size_t room, ngx_uint_t *more)
{
    size_t                    n;
    ngx_uint_t                i, turns;
    ngx_queue_t              *q;
    ngx_cc_native_t          *s = session;
    ngx_cc_native_command_t  *ps;

    *more = 0;
    s->base.transport->failed |= s->base.answers.no_memory;
    n = ngx_cc_answers_get(&s->base.answers, p, room);

    /* every process gets its turn, one message each */

    turns = s->base.ncommands;

    for (i = 0; n == 0 && i < turns; i++) {
        q = ngx_queue_head(&s->base.commands);
        ps = ngx_queue_data(q, ngx_cc_native_command_t, queue);

        n = ngx_cc_native_command_pull(ps, p, room);

        s->base.transport->failed |= ps->output.broken;

        if (ps->ended || ps->output.broken) {
            ngx_cc_native_forget(s, q);
            continue;
        }

        ngx_queue_remove(q);
        ngx_queue_insert_tail(&s->base.commands, q);
    }

    return n;
}


static ngx_cc_command_t *
ngx_cc_native_of(ngx_queue_t *q)
{
    ngx_cc_native_command_t  *ps;

    ps = ngx_queue_data(q, ngx_cc_native_command_t, queue);

    return ps->cmd;
}


static void
ngx_cc_native_forget(void *session, ngx_queue_t *q)
{
    ngx_cc_native_t  *s = session;

    ngx_queue_remove(q);
    s->base.ncommands--;
    ngx_cc_native_command_close(ngx_queue_data(q, ngx_cc_native_command_t,
                                               queue));
}
