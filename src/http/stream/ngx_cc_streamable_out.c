
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_cc_legacy.h"
#include "ngx_cc_mcp_resume.h"
#include "ngx_cc_reply.h"
#include "ngx_cc_streamable_close.h"
#include "ngx_cc_streamable_out.h"


#define NGX_CC_STREAMABLE_BUDGET   (256 * 1024)  /* bytes, then others */
#define NGX_CC_STREAMABLE_SILENCE  15000         /* ms, then a comment */

#define NGX_CC_STREAMABLE_TYPE     "event: message\n"
#define NGX_CC_STREAMABLE_ID       "id: "
#define NGX_CC_STREAMABLE_DATA     "data: "
#define NGX_CC_STREAMABLE_BEHIND   "\n\n"
#define NGX_CC_STREAMABLE_PRIMES   "\nretry: 1000\ndata: \n\n"   /* ms */
#define NGX_CC_STREAMABLE_COMMENT  ": still running\n\n"


static void ngx_cc_streamable_out_event(ngx_event_t *ev);
static void ngx_cc_streamable_out_silence(ngx_event_t *ev);
static void ngx_cc_streamable_out_farewell(void *data,
    ngx_cc_farewell_e what);
static void ngx_cc_streamable_out_write(ngx_http_request_t *r);
static void ngx_cc_streamable_out_proceed(ngx_cc_streamable_t *st);
static ngx_int_t ngx_cc_streamable_out_flush(ngx_cc_streamable_t *st);
static ngx_int_t ngx_cc_streamable_out_piece(ngx_cc_streamable_t *st,
    size_t *budget);
static ngx_int_t ngx_cc_streamable_out_none(ngx_cc_streamable_t *st);
static ngx_int_t ngx_cc_streamable_out_prime(ngx_cc_streamable_t *st);
static ngx_int_t ngx_cc_streamable_out_header(ngx_cc_streamable_t *st,
    size_t n);
static ngx_int_t ngx_cc_streamable_out_session(ngx_cc_streamable_t *st);
static ngx_int_t ngx_cc_streamable_out_send(ngx_cc_streamable_t *st,
    u_char *p, size_t n, ngx_uint_t begins, ngx_uint_t ends);
static u_char *ngx_cc_streamable_out_before(ngx_cc_streamable_t *st,
    u_char *p);


/* what stands around a message, at most, without the id itself */

#define NGX_CC_STREAMABLE_AROUND                                              \
    (sizeof(NGX_CC_STREAMABLE_TYPE NGX_CC_STREAMABLE_ID "\n"                  \
            NGX_CC_STREAMABLE_DATA NGX_CC_STREAMABLE_BEHIND) - 1)


/* scratch memory of this worker: nothing lives in it beyond one call */

static u_char  *ngx_cc_streamable_out;


static const ngx_cc_ping_handlers_t  ngx_cc_streamable_out_ping = {
    NULL,
    ngx_cc_streamable_dead
};


static const ngx_cc_farewell_handlers_t  ngx_cc_streamable_out_stop = {
    ngx_cc_session_runs,
    ngx_cc_session_grace,
    ngx_cc_streamable_out_farewell
};


ngx_int_t
ngx_cc_streamable_out_prepare(void)
{
    if (ngx_cc_streamable_out == NULL) {
        ngx_cc_streamable_out = ngx_alloc(NGX_CC_DIALECT_MAX_MESSAGE,
                                          ngx_cycle->log);
    }

    return ngx_cc_streamable_out ? NGX_OK : NGX_ERROR;
}


void
ngx_cc_streamable_out_begin(ngx_cc_streamable_t *st)
{
    ngx_http_request_t  *r;

    r = st->session.request;
    r->connection->log->action = "serving a message of MCP";
    r->write_event_handler = ngx_cc_streamable_out_write;

    st->event.handler = ngx_cc_streamable_out_event;
    st->event.data = st;
    st->event.log = r->connection->log;

    st->silence.handler = ngx_cc_streamable_out_silence;
    st->silence.data = st;
    st->silence.log = r->connection->log;
    st->silence.cancelable = 1;

    ngx_add_timer(&st->silence, NGX_CC_STREAMABLE_SILENCE);

    st->delivery.look = ngx_cc_streamable_out_wake;
    st->delivery.data = st;

    ngx_cc_session_join(&st->session, &ngx_cc_streamable_out_stop);

    st->ping.data = st;
    st->ping.handlers = &ngx_cc_streamable_out_ping;
    ngx_cc_ping_start(&st->ping, r->connection,
                      st->session.conf->ping_interval,
                      st->session.conf->ping_timeout);

    /* a client that goes away is noticed while nothing is sent */

#if (NGX_HTTP_V2)
    if (r->stream == NULL)
#endif
    {
        if (ngx_handle_read_event(r->connection->read, 0) != NGX_OK) {
            ngx_cc_streamable_end(st, NGX_ERROR);
            return;
        }
    }

    ngx_cc_streamable_out_proceed(st);
}


void
ngx_cc_streamable_out_wake(void *data)
{
    ngx_cc_streamable_t  *st = data;

    if (st->body && !st->event.posted) {
        ngx_post_event(&st->event, &ngx_posted_events);
    }
}


/* the answer, as far as the client takes it without waiting */

static void
ngx_cc_streamable_out_farewell(void *data, ngx_cc_farewell_e what)
{
    ngx_cc_streamable_t  *st = data;

    if (what != NGX_CC_FAREWELL_MOVE) {
        ngx_cc_mcp.shutdown(st->session.state, what == NGX_CC_FAREWELL_LAST);

    } else if (ngx_exiting) {
        ngx_cc_mcp_resume_move(st->session.state);
    }

    if (what != NGX_CC_FAREWELL_ASK) {
        ngx_cc_streamable_out_event(&st->event);
    }
}


static void
ngx_cc_streamable_out_event(ngx_event_t *ev)
{
    ngx_connection_t     *c;
    ngx_cc_streamable_t  *st = ev->data;

    c = st->session.request->connection;

    ngx_cc_streamable_out_proceed(st);
    ngx_http_run_posted_requests(c);
}


static void
ngx_cc_streamable_out_silence(ngx_event_t *ev)
{
    ngx_cc_streamable_t  *st = ev->data;

    st->comment = 1;
    ngx_cc_streamable_out_event(&st->event);
}


static void
ngx_cc_streamable_out_write(ngx_http_request_t *r)
{
    ngx_event_t  *wev;

    wev = r->connection->write;

    if (wev->timedout) {
        ngx_log_error(NGX_LOG_INFO, r->connection->log, NGX_ETIMEDOUT,
                      "cc_executor: the client reads nothing");
        r->connection->timedout = 1;
        ngx_http_finalize_request(r, NGX_HTTP_REQUEST_TIME_OUT);
        return;
    }

    ngx_cc_streamable_out_proceed(ngx_http_get_module_ctx(r,
                                                     ngx_cc_executor_module));
}


/* the one function that moves a response */

static void
ngx_cc_streamable_out_proceed(ngx_cc_streamable_t *st)
{
    size_t               budget;
    ngx_int_t            rc;
    ngx_connection_t    *c;
    ngx_http_request_t  *r;

    r = st->session.request;
    c = r->connection;
    c->idle = 0;
    budget = NGX_CC_STREAMABLE_BUDGET;

    for ( ;; ) {

        rc = ngx_cc_streamable_out_flush(st);

        if (rc == NGX_AGAIN) {
            return;
        }

        if (rc == NGX_OK && st->last && st->post.acked) {
            rc = ngx_cc_delivery_await(&st->delivery, c);

            if (rc == NGX_AGAIN) {
                return;
            }

            if (rc == NGX_DECLINED) {
                rc = NGX_DONE;
            }
        }

        if (rc == NGX_OK) {
            st->session.transport.rounds++;

            if (st->last) {
                rc = NGX_DONE;
            }
        }

        if (rc == NGX_OK && budget == 0) {
            ngx_cc_streamable_out_wake(st);
            return;
        }

        if (rc == NGX_OK) {
            rc = ngx_cc_streamable_out_piece(st, &budget);
        }

        if (rc == NGX_OK) {
            continue;
        }

        if (rc == NGX_DECLINED) {
            break;
        }

        /* NGX_DONE: the last byte is on its way */

        ngx_cc_streamable_end(st, rc == NGX_DONE ? NGX_OK : rc);
        return;
    }

    /*
     * A stream on which nothing runs does not hold up a worker that quits: the
     * core closes it.
     */

    c->idle = (ngx_cc_session_busy(&st->session) == 0);
}


/* NGX_OK: what was to be sent is gone; NGX_AGAIN: not yet, events are armed */

static ngx_int_t
ngx_cc_streamable_out_flush(ngx_cc_streamable_t *st)
{
    ngx_event_t               *wev;
    ngx_connection_t          *c;
    ngx_http_request_t        *r;
    ngx_http_core_loc_conf_t  *clcf;

    r = st->session.request;
    c = r->connection;
    wev = c->write;

    if (st->out.pos == st->out.last && !r->buffered && !c->buffered) {
        return NGX_OK;
    }

    if (ngx_http_output_filter(r, NULL) == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (st->out.pos == st->out.last && !r->buffered && !c->buffered) {

        /* when it is delayed (limit_rate), the timer is what goes on */

        if (wev->timer_set && !wev->delayed) {
            ngx_del_timer(wev);
        }

        return NGX_OK;
    }

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    /* that we are woken is no sign of life of a client that takes nothing */

    if (!wev->delayed && (!wev->timer_set || c->sent != st->sent)) {
        st->sent = c->sent;
        ngx_add_timer(wev, clcf->send_timeout);
    }

    if (ngx_handle_write_event(wev, clcf->send_lowat) != NGX_OK) {
        return NGX_ERROR;
    }

    return NGX_AGAIN;
}


/*
 * Pulls one piece and sends it.  NGX_OK: there may be more; NGX_DECLINED:
 * nothing to say now; NGX_DONE: that was all; NGX_ERROR or a status: the
 * request ends with it.
 */

static ngx_int_t
ngx_cc_streamable_out_piece(ngx_cc_streamable_t *st, size_t *budget)
{
    size_t      n;
    ngx_int_t   rc;
    ngx_uint_t  more, begins;

    if (st->post.prime.len && !st->unfinished) {
        return ngx_cc_streamable_out_prime(st);
    }

    n = ngx_cc_mcp.pull(st->session.state, ngx_cc_streamable_out,
                        NGX_CC_DIALECT_MAX_MESSAGE, &more);

    if (n == 0) {
        return ngx_cc_streamable_out_none(st);
    }

    if (!st->session.request->header_sent) {
        rc = ngx_cc_streamable_out_header(st, n);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    *budget -= ngx_min(*budget, n);
    st->session.bytes_out += n;

    begins = !st->unfinished;
    st->unfinished = more;

    return ngx_cc_streamable_out_send(st, ngx_cc_streamable_out, n,
                                      st->streaming && begins,
                                      st->streaming && !more);
}


/* an event without data: from now on the client can come back */

static ngx_int_t
ngx_cc_streamable_out_prime(ngx_cc_streamable_t *st)
{
    u_char              *p;
    ngx_int_t            rc;
    ngx_http_request_t  *r;

    r = st->session.request;

    if (!r->header_sent) {
        rc = ngx_cc_streamable_out_header(st, 0);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    p = ngx_cpymem(ngx_cc_streamable_out, NGX_CC_STREAMABLE_ID,
                   sizeof(NGX_CC_STREAMABLE_ID) - 1);
    p = ngx_cpymem(p, st->post.prime.data, st->post.prime.len);
    p = ngx_cpymem(p, NGX_CC_STREAMABLE_PRIMES,
                   sizeof(NGX_CC_STREAMABLE_PRIMES) - 1);

    st->post.prime.len = 0;

    if (!st->streaming) {
        st->post.answer.len = 0;
        return NGX_OK;
    }

    return ngx_cc_streamable_out_send(st, ngx_cc_streamable_out,
                                      p - ngx_cc_streamable_out, 0, 0);
}


/* the dialect is silent: it is over, or it is time for a sign of life */

static ngx_int_t
ngx_cc_streamable_out_none(ngx_cc_streamable_t *st)
{
    ngx_int_t            rc;
    ngx_http_request_t  *r;

    r = st->session.request;

    if (st->post.over) {

        if (st->post.canceled && !st->post.plain && !r->header_sent) {
            st->post.stream = 1;
            rc = ngx_cc_streamable_out_header(st, 0);

            if (rc != NGX_OK) {
                return rc;
            }
        }

        if (r->header_sent) {
            return ngx_http_send_special(r, NGX_HTTP_LAST) == NGX_ERROR
                   ? NGX_ERROR : NGX_DONE;
        }

        if (st->post.status != NGX_HTTP_ACCEPTED && !st->post.canceled) {
            /* there was no memory for an answer */
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        r->headers_out.status = NGX_HTTP_ACCEPTED;
        r->headers_out.content_length_n = 0;
        r->header_only = 1;

        rc = ngx_http_send_header(r);

        return rc == NGX_OK || rc == NGX_AGAIN ? NGX_DONE : rc;
    }

    if (!st->comment || st->post.plain) {
        return NGX_DECLINED;
    }

    st->post.stream = 1;

    if (!r->header_sent) {
        rc = ngx_cc_streamable_out_header(st, 0);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    if (!st->streaming || st->unfinished) {
        return NGX_DECLINED;
    }

    return ngx_cc_streamable_out_send(st, (u_char *) NGX_CC_STREAMABLE_COMMENT,
                                      sizeof(NGX_CC_STREAMABLE_COMMENT) - 1,
                                      0, 0);
}


/* n bytes are there, and will be all of it when the dialect is over */

static ngx_int_t
ngx_cc_streamable_out_header(ngx_cc_streamable_t *st, size_t n)
{
    ngx_int_t            rc;
    ngx_http_request_t  *r;

    r = st->session.request;
    r->headers_out.status = st->post.status;

    if (st->post.stream) {
        st->streaming = 1;
        ngx_str_set(&r->headers_out.content_type, "text/event-stream");

        if (ngx_cc_reply_header(r, "Cache-Control", "no-cache", 8) != NGX_OK
            || ngx_cc_reply_header(r, "X-Accel-Buffering", "no", 2)
               != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

    } else {
        ngx_str_set(&r->headers_out.content_type, "application/json");

        if (st->post.over) {
            r->headers_out.content_length_n = n;
        }
    }

    r->headers_out.content_type_len = r->headers_out.content_type.len;

    if (st->post.begun && ngx_cc_streamable_out_session(st) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK) {
        return rc;
    }

    return NGX_OK;
}


/* a session has begun: its id, unless there can be none */

static ngx_int_t
ngx_cc_streamable_out_session(ngx_cc_streamable_t *st)
{
    u_char     text[NGX_CC_LEGACY_ID];
    ngx_str_t  id;

    id.data = text;

    if (ngx_cc_legacy_make(st->post.begun, st->session.transport.owner, &id)
        != NGX_OK)
    {
        return NGX_OK;
    }

    return ngx_cc_reply_header(st->session.request, "Mcp-Session-Id",
                               (char *) id.data, id.len);
}


/* copies to memory that stays, with what an event stream has around it */

static ngx_int_t
ngx_cc_streamable_out_send(ngx_cc_streamable_t *st, u_char *p, size_t n,
    ngx_uint_t begins, ngx_uint_t ends)
{
    size_t               size;
    u_char              *last;
    ngx_buf_t           *b;
    ngx_uint_t           over;
    ngx_chain_t          out;
    ngx_http_request_t  *r;

    r = st->session.request;
    over = st->post.over;
    size = n + NGX_CC_STREAMABLE_AROUND + st->post.answer.len;

    if (st->size < size) {

        if (st->start) {
            (void) ngx_pfree(r->pool, st->start);
        }

        /* an answer in one piece needs no more; others have many */

        st->size = over ? size : ngx_max(size, 2048);
        st->start = ngx_palloc(r->pool, st->size);

        if (st->start == NULL) {
            return NGX_ERROR;
        }
    }

    last = st->start;

    if (begins) {
        last = ngx_cc_streamable_out_before(st, last);
    }

    last = ngx_cpymem(last, p, n);

    if (ends) {
        last = ngx_cpymem(last, NGX_CC_STREAMABLE_BEHIND,
                          sizeof(NGX_CC_STREAMABLE_BEHIND) - 1);
    }

    b = &st->out;
    ngx_memzero(b, sizeof(ngx_buf_t));

    b->start = st->start;
    b->end = st->start + st->size;
    b->pos = st->start;
    b->last = last;
    b->temporary = 1;
    b->flush = !over;
    b->last_buf = over;
    b->last_in_chain = 1;

    out.buf = b;
    out.next = NULL;

    st->comment = 0;

    if (over && st->post.hold) {
        /* whoever reads the answer finds the slot free, here too */
        st->last = 1;
        ngx_cc_zone_free(&st->session.slot);

    } else if (over) {
        /* whoever reads the answer finds the slot free */
        ngx_cc_streamable_forget(st);

    } else {
        ngx_add_timer(&st->silence, NGX_CC_STREAMABLE_SILENCE);
    }

    if (ngx_http_output_filter(r, &out) == NGX_ERROR) {
        return NGX_ERROR;
    }

    return over && !st->last ? NGX_DONE : NGX_OK;
}


/* only what can be had again has an id */

static u_char *
ngx_cc_streamable_out_before(ngx_cc_streamable_t *st, u_char *p)
{
    p = ngx_cpymem(p, NGX_CC_STREAMABLE_TYPE,
                   sizeof(NGX_CC_STREAMABLE_TYPE) - 1);

    if (st->post.answers && st->post.answer.len) {
        p = ngx_cpymem(p, NGX_CC_STREAMABLE_ID,
                       sizeof(NGX_CC_STREAMABLE_ID) - 1);
        p = ngx_cpymem(p, st->post.answer.data, st->post.answer.len);
        *p++ = '\n';
    }

    return ngx_cpymem(p, NGX_CC_STREAMABLE_DATA,
                      sizeof(NGX_CC_STREAMABLE_DATA) - 1);
}
