
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_native.h"
#include "ngx_cc_native_methods.h"


static void *ngx_cc_native_open(ngx_cc_transport_t *transport);
static ngx_int_t ngx_cc_native_push(void *session, u_char *p, size_t n,
    ngx_uint_t last);
static void ngx_cc_native_drop(void *session);
static size_t ngx_cc_native_pull(void *session, u_char *p, size_t room,
    ngx_uint_t *more);
static size_t ngx_cc_native_pending(void *session);
static ngx_uint_t ngx_cc_native_busy(void *session);
static void ngx_cc_native_shutdown(void *session, ngx_uint_t now);
static void ngx_cc_native_close(void *session);


const ngx_cc_dialect_t  ngx_cc_native = {
    ngx_cc_native_open,
    ngx_cc_native_push,
    ngx_cc_native_drop,
    ngx_cc_native_pull,
    ngx_cc_native_pending,
    ngx_cc_native_busy,
    ngx_cc_native_shutdown,
    ngx_cc_native_close
};


static void *
ngx_cc_native_open(ngx_cc_transport_t *transport)
{
    u_char           buf[512], *p;
    ngx_cc_native_t  *s;

    s = ngx_pcalloc(transport->pool, sizeof(ngx_cc_native_t));

    if (s == NULL) {
        return NULL;
    }

    s->transport = transport;
    s->request.log = transport->log;
    s->answers.log = transport->log;
    s->share.limit = transport->conf->stdin_buffer;
    ngx_queue_init(&s->processes);

    p = ngx_slprintf(buf, buf + sizeof(buf),
                     "{\"jsonrpc\":\"2.0\",\"method\":\"connected\","
                     "\"params\":{\"session_id\":\"%*s\","
                     "\"version\":\"%s\",\"capabilities\":[\"execute\","
                     "\"control\",\"stream\",\"input\",\"list\"]}}",
                     (size_t) NGX_CC_UUID_TEXT, transport->session_id,
                     NGX_CC_VERSION);

    if (ngx_cc_answers_put(&s->answers, buf, p - buf) != NGX_OK) {
        return NULL;
    }

    return s;
}


static ngx_int_t
ngx_cc_native_push(void *session, u_char *p, size_t n, ngx_uint_t last)
{
    ngx_int_t         rc;
    ngx_cc_native_t  *s = session;

    rc = ngx_cc_request_push(&s->request, p, n, last);

    if (rc == NGX_OK) {
        rc = ngx_cc_native_methods_serve(s);

    } else if (rc == NGX_AGAIN) {
        return NGX_OK;
    }

    ngx_cc_request_reset(&s->request);
    s->transport->wake(s->transport->data);

    return s->answers.no_memory ? NGX_ERROR : rc;
}


static void
ngx_cc_native_drop(void *session)
{
    ngx_cc_native_t  *s = session;

    ngx_cc_request_reset(&s->request);
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
    s->transport->failed |= s->answers.no_memory;
    n = ngx_cc_answers_get(&s->answers, p, room);

    /* every process gets its turn, one message each */

    turns = s->nprocesses;

    for (i = 0; n == 0 && i < turns; i++) {
        q = ngx_queue_head(&s->processes);
        ps = ngx_queue_data(q, ngx_cc_native_command_t, queue);
        ngx_queue_remove(q);

        n = ngx_cc_native_command_pull(ps, p, room);

        s->transport->failed |= ps->output.broken;

        if (ps->ended || ps->output.broken) {
            s->nprocesses--;
            ngx_cc_native_command_close(ps);
            continue;
        }

        ngx_queue_insert_tail(&s->processes, q);
    }

    return n;
}


static size_t
ngx_cc_native_pending(void *session)
{
    ngx_cc_native_t  *s = session;

    return ngx_cc_answers_size(&s->answers);
}


static ngx_uint_t
ngx_cc_native_busy(void *session)
{
    ngx_cc_native_t  *s = session;

    return s->nprocesses;
}


static void
ngx_cc_native_shutdown(void *session, ngx_uint_t now)
{
    ngx_queue_t              *q;
    ngx_cc_native_t          *s = session;
    ngx_cc_native_command_t  *ps;

    for (q = ngx_queue_head(&s->processes);
         q != ngx_queue_sentinel(&s->processes);
         q = ngx_queue_next(q))
    {
        ps = ngx_queue_data(q, ngx_cc_native_command_t, queue);
        ngx_cc_command_shutdown(ps->cmd, now);
    }
}


static void
ngx_cc_native_close(void *session)
{
    ngx_queue_t      *q;
    ngx_cc_native_t  *s = session;

    while (!ngx_queue_empty(&s->processes)) {
        q = ngx_queue_head(&s->processes);
        ngx_queue_remove(q);
        ngx_cc_native_command_close(ngx_queue_data(q, ngx_cc_native_command_t,
                                                   queue));
    }

    s->nprocesses = 0;
    ngx_cc_answers_free(&s->answers);
    ngx_cc_request_reset(&s->request);
}
