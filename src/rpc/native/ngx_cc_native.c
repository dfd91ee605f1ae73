
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_command_keep.h"
#include "ngx_cc_native.h"
#include "ngx_cc_native_answer.h"
#include "ngx_cc_native_list.h"
#include "ngx_cc_native_listed.h"
#include "ngx_cc_native_methods.h"
#include "ngx_cc_native_packet.h"
#include "ngx_cc_zone.h"


static void *ngx_cc_native_open(ngx_cc_transport_t *transport);
static void ngx_cc_native_drop(void *session);
static size_t ngx_cc_native_pull(void *session, u_char *p, size_t room,
    ngx_uint_t *more);
static size_t ngx_cc_native_next(void *session, u_char *p, size_t room);
static void ngx_cc_native_sent(void *session);
static void ngx_cc_native_told(ngx_cc_native_t *s);
static ngx_uint_t ngx_cc_native_bound(ngx_cc_native_t *s);
static void ngx_cc_native_leave(ngx_cc_native_t *s);
static ngx_uint_t ngx_cc_native_busy(void *session);
static void ngx_cc_native_shutdown(void *session, ngx_uint_t now);
static void ngx_cc_native_close(void *session);
static ngx_cc_command_t *ngx_cc_native_of(ngx_queue_t *q);
static void ngx_cc_native_forget(void *session, ngx_queue_t *q);


const ngx_cc_dialect_t  ngx_cc_native = {
    "native",
    sizeof(ngx_cc_native_t),
    ngx_cc_native_open,
    ngx_cc_dialogue_push,
    ngx_cc_native_packet_push,
    ngx_cc_native_drop,
    ngx_cc_native_pull,
    ngx_cc_native_next,
    ngx_cc_native_sent,
    ngx_cc_dialogue_pending,
    ngx_cc_native_busy,
    ngx_cc_native_shutdown,
    ngx_cc_native_close
};


static const ngx_cc_dialogue_handlers_t  ngx_cc_native_handlers = {
    ngx_cc_native_methods_serve,
    ngx_cc_native_of,
    ngx_cc_native_forget
};


static void *
ngx_cc_native_open(ngx_cc_transport_t *transport)
{
    u_char           buf[512], *p;
    ngx_cc_native_t  *s;

    s = ngx_cc_dialogue_open(transport, sizeof(ngx_cc_native_t),
                             &ngx_cc_native_handlers);

    if (s == NULL) {
        return NULL;
    }

    s->share.limit = transport->conf->stdin_buffer;
    ngx_queue_init(&s->asks);
    ngx_queue_init(&s->lists);

    p = ngx_slprintf(buf, buf + sizeof(buf),
                     "{\"jsonrpc\":\"2.0\",\"method\":\"connected\","
                     "\"params\":{\"session_id\":\"%*s\","
                     "\"version\":\"%s\",\"capabilities\":[\"execute\","
                     "\"control\",\"stream\",\"input\",\"list\","
                     "\"signal\",\"binary\"%s%s%s%s]}}",
                     (size_t) NGX_CC_UUID_TEXT, transport->session_id,
                     NGX_CC_VERSION,
                     transport->conf->tty ? ",\"tty\",\"resize\"" : "",
                     transport->conf->command.keep.enable == 1
                     && !transport->nameless
                     ? ",\"keep\",\"attach\",\"read\",\"wait\",\"remove\","
                       "\"credit\""
                     : transport->observe
                       || transport->conf->command.keep.observed
                     ? ",\"attach\",\"read\",\"wait\",\"credit\"" : "",
                     transport->observe ? ",\"observe\"" : "",
                     transport->steers ? ",\"observe:signal\"" : "");

    if (ngx_cc_answers_put(&s->base.answers, buf, p - buf) != NGX_OK) {
        return NULL;
    }

    return s;
}


static void
ngx_cc_native_drop(void *session)
{
    ngx_cc_native_packet_drop(session);
    ngx_cc_dialogue_drop(session);
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
    s->flows = 0;
    s->base.transport->packet = 0;
    s->base.transport->tail.len = 0;
    ngx_cc_native_told(s);

    if (ngx_exiting && ngx_cc_native_bound(s) == 0) {
        ngx_cc_native_leave(s);
    }

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
        s->flows = ps->flows && s->base.ncommands == 1;
    }

    return n;
}


/* of the only command, whose output was pulled last */

static size_t
ngx_cc_native_next(void *session, u_char *p, size_t room)
{
    ngx_cc_native_t          *s = session;
    ngx_cc_native_command_t  *ps;

    if (!s->flows) {
        return 0;
    }

    ps = ngx_queue_data(ngx_queue_head(&s->base.commands),
                        ngx_cc_native_command_t, queue);

    return ngx_cc_native_command_next(ps, p, room);
}


/* it was the turn of the last one */

static void
ngx_cc_native_sent(void *session)
{
    ngx_cc_native_t          *s = session;
    ngx_cc_native_command_t  *ps;

    ps = ngx_queue_data(ngx_queue_last(&s->base.commands),
                        ngx_cc_native_command_t, queue);

    ngx_cc_native_output_sent(&ps->output);
}


/* the client has the ids of kept commands whose answers are written */

static void
ngx_cc_native_told(ngx_cc_native_t *s)
{
    ngx_queue_t              *q;
    ngx_cc_native_command_t  *ps;

    for (q = ngx_queue_head(&s->base.commands);
         q != ngx_queue_sentinel(&s->base.commands);
         q = ngx_queue_next(q))
    {
        ps = ngx_queue_data(q, ngx_cc_native_command_t, queue);

        if (!ps->told && ps->answered && ps->notified
            && (ngx_int_t) (s->base.transport->rounds - ps->round) > 0)
        {
            ps->told = 1;
            ngx_cc_command_keep_told(ps->cmd);
        }
    }
}


/* those that end with the session */

static ngx_uint_t
ngx_cc_native_bound(ngx_cc_native_t *s)
{
    ngx_uint_t                n;
    ngx_queue_t              *q;
    ngx_cc_native_command_t  *ps;

    n = 0;

    for (q = ngx_queue_head(&s->base.commands);
         q != ngx_queue_sentinel(&s->base.commands);
         q = ngx_queue_next(q))
    {
        ps = ngx_queue_data(q, ngx_cc_native_command_t, queue);
        n += !(ps->cmd->kept && ps->told);
    }

    return n;
}


/* this worker leaves: its clients find what is kept by any other one */

static void
ngx_cc_native_leave(ngx_cc_native_t *s)
{
    ngx_queue_t              *q;
    ngx_cc_native_command_t  *ps;

    ngx_cc_native_answer_leave(s);

    for (q = ngx_queue_head(&s->base.commands);
         q != ngx_queue_sentinel(&s->base.commands);
         q = ngx_queue_next(q))
    {
        ps = ngx_queue_data(q, ngx_cc_native_command_t, queue);

        if (ps->cmd->kept && ps->detached == NULL) {
            ps->detached = ngx_cc_zone_reloaded() ? "reload" : "shutdown";

            if (ps->attach && !ps->answered) {
                ps->failed = 1;
            }
        }
    }
}


static ngx_uint_t
ngx_cc_native_busy(void *session)
{
    ngx_cc_native_t  *s = session;

    if (ngx_exiting) {
        return ngx_cc_native_bound(s);
    }

    return s->base.ncommands + s->nasks;
}


static void
ngx_cc_native_shutdown(void *session, ngx_uint_t now)
{
    ngx_cc_native_t  *s = session;

    ngx_cc_dialogue_shutdown(session, now);

    if (now) {
        ngx_cc_native_leave(s);
    }
}


static void
ngx_cc_native_close(void *session)
{
    ngx_cc_native_answer_close(session);
    ngx_cc_native_list_close(session);
    ngx_cc_native_listed_end(session);
    ngx_cc_native_packet_drop(session);
    ngx_cc_dialogue_close(session);
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
