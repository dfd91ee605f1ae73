
/* see http.h */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>
#include "http.h"
#include "http_sent.h"
#include "ngx_cc_audit.h"
#include "ngx_cc_conf_observe.h"
#include "ngx_cc_pack.h"
#include "ngx_cc_tcp.h"
#include "ngx_cc_streamable_out.h"
#include "shim.h"


#define HTTP_STEPS    100000         /* calls of ours from one event */
#define HTTP_TURNS    2000           /* posted events that follow one */
#define HTTP_DELAY    100            /* ms of limit_rate */


http_t            http;
uint64_t          http_acked;

ngx_queue_t       ngx_posted_events;
ngx_uint_t        ngx_exiting;
sig_atomic_t      ngx_terminate;
ngx_module_t      ngx_cc_executor_module;
ngx_module_t      ngx_http_core_module;

static ngx_cycle_t           http_cycle;
static ngx_log_t             http_log;
static void                 *http_loc_conf[2];
static void                 *http_ctx[2];
static ngx_cc_caller_t       http_caller;
static ngx_chain_t          *http_pending;   /* given to the output filter */
static u_char               *http_kept;      /* by the filter, or the 101 */
static size_t                http_kept_len;
static u_char               *http_body;      /* what was read last */
static ngx_cc_farewell_t    *http_farewell_to;
static ngx_uint_t            http_steps;
static uint64_t              http_known;     /* of http_acked */
static ngx_msec_t            http_heard;     /* and since when */
static ngx_http_client_body_handler_pt  http_body_handler;

static void http_event(ngx_event_t *ev);
static void http_free(void);
static void http_close(void);
static void http_writer(ngx_http_request_t *r);


void
http_failed(const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d: failed: %s\n", file, line, what);
    abort();
}


/* nothing turns round */

static void
http_step(void)
{
    http_check(++http_steps < HTTP_STEPS);
}


ngx_cc_ws_event_e __real_ngx_cc_ws_decode(ngx_cc_ws_decoder_t *d,
    uint8_t **pos, uint8_t *last, ngx_cc_ws_piece_t *piece);
ngx_cc_ws_event_e __wrap_ngx_cc_ws_decode(ngx_cc_ws_decoder_t *d,
    uint8_t **pos, uint8_t *last, ngx_cc_ws_piece_t *piece);


ngx_cc_ws_event_e
__wrap_ngx_cc_ws_decode(ngx_cc_ws_decoder_t *d, uint8_t **pos, uint8_t *last,
    ngx_cc_ws_piece_t *piece)
{
    http_step();

    return __real_ngx_cc_ws_decode(d, pos, last, piece);
}


void
http_reset(void)
{
    static const char  *env[] = { "PATH=/bin" };

    free(http.in);
    free(http.out);
    memset(&http, 0, sizeof(http));
    http_sent_reset();

    http.conf.spec.policy.any = 1;
    http.conf.spec.shell = "/bin/sh";
    http.conf.spec.command.env = env;
    http.conf.spec.command.nenv = 1;
    http.conf.spec.path = "/bin";
    http.conf.spec.command.cwd = "/";
    http.conf.spec.timeout = 600000;
    http.conf.spec.max_commands_per_session = 4;
    http.conf.max_message = 1 << 20;
    http.conf.ping_interval = 30000;
    http.conf.ping_timeout = 30000;
    http.conf.session.frame_timeout = 30000;
    http.conf.session.idle_timeout = 3600000;
    http.core.send_timeout = 60000;
    http.piece = 1 << 20;
    http.room = 1 << 30;
    http.length = -1;

    ngx_cc_executor_module.ctx_index = 0;
    ngx_http_core_module.ctx_index = 1;
    http_loc_conf[0] = &http.conf;
    http_loc_conf[1] = &http.core;
    ngx_memzero(http_ctx, sizeof(http_ctx));

    ngx_cycle = &http_cycle;
    http_cycle.log = &http_log;
    ngx_queue_init(&ngx_posted_events);
    ngx_exiting = 0;
    ngx_terminate = 0;
    ngx_current_msec = 1000000;
    http_acked = 0;
    http_known = 0;
    http_heard = ngx_current_msec;
    shim_allocations = 0;
}


void
http_begin(void)
{
    int                  fail;
    ngx_int_t            rc;
    ngx_pool_t          *pool;
    ngx_cc_ws_t         *ws;
    ngx_table_elt_t     *type;
    ngx_http_request_t  *r;

    static ngx_buf_t  header_in;

    fail = shim_allocations;
    shim_allocations = 0;

    pool = ngx_create_pool(1024, &http.log);
    r = pool ? ngx_pcalloc(pool, sizeof(ngx_http_request_t)) : NULL;
    type = r ? ngx_pcalloc(pool, sizeof(ngx_table_elt_t)) : NULL;
    http_check(type != NULL);

    shim_allocations = fail;

    http.c.fd = -1;
    http.c.log = &http.log;
    http.c.data = r;
    http.c.read = &http.rev;
    http.c.write = &http.wev;
    http.c.recv = http_sent_recv;
    http.c.send = http_sent_send;
    http.c.send_chain = http_sent_chain;
    http.rev.data = &http.c;
    http.rev.log = &http.log;
    http.rev.handler = http_event;
    http.wev = http.rev;
    http.wev.write = 1;

    http.r = r;
    r->signature = NGX_HTTP_MODULE;
    r->connection = &http.c;
    r->pool = pool;
    r->main = r;
    r->count = 1;
    r->loc_conf = http_loc_conf;
    r->ctx = http_ctx;
    r->method = http.dialect ? NGX_HTTP_GET : NGX_HTTP_POST;
    r->headers_in.content_length_n = http.length;
    r->headers_out.content_length_n = -1;
    r->headers_in.content_type = type;
    ngx_str_set(&type->value, "application/json");
    r->read_event_handler = ngx_http_block_reading;
    r->write_event_handler = ngx_http_request_empty_handler;
    r->header_in = &header_in;
    header_in.pos = http.early.data;
    header_in.last = http.early.len ? http.early.data + http.early.len
                                    : header_in.pos;

    http_steps = 0;

    if (http.dialect == NULL) {
        rc = ngx_cc_streamable(r);

        if (rc != NGX_DONE) {
            ngx_http_finalize_request(r, rc);
        }

        http_posted();
        return;
    }

    ws = ngx_cc_ws_create(r, http.dialect);

    if (ws == NULL) {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    http.status = 101;
    ngx_cc_ws_begin(ws);
    http_posted();
}


void
http_come(const void *p, size_t n)
{
    if (http.eof || n == 0) {
        return;
    }

    if (http.in_size < http.in_len + n) {
        http.in_size = 2 * (http.in_len + n);
        http.in = realloc(http.in, http.in_size);
        http_check(http.in != NULL);
    }

    memcpy(http.in + http.in_len, p, n);
    http.in_len += n;
}


void
http_frame(unsigned head, const void *p, size_t n)
{
    u_char        h[14];
    size_t        i, len;
    const u_char *from = p;

    h[0] = head;
    len = 2;

    if (n < 126) {
        h[1] = 0x80 | n;

    } else if (n < 65536) {
        h[1] = 0x80 | 126;
        h[len++] = n >> 8;
        h[len++] = n;

    } else {
        h[1] = 0x80 | 127;

        for (i = 0; i < 8; i++) {
            h[len++] = (uint64_t) n >> (56 - 8 * i);
        }
    }

    memcpy(h + len, "key!", 4);
    http_come(h, len + 4);

    for (i = 0; i < n; i++) {
        h[0] = from[i] ^ "key!"[i & 3];
        http_come(h, 1);
    }
}


/* as the core's handler of a request does it */

static void
http_event(ngx_event_t *ev)
{
    ngx_http_request_t  *r = http.r;

    if (http.c.close) {
        /* the core ends a request whose connection is to be closed */
        http.finalized = 1;
        http_close();
        return;
    }

    if (ev->delayed && ev->timedout) {
        ev->delayed = 0;
        ev->timedout = 0;
    }

    if (ev->write) {
        r->write_event_handler(r);

    } else {
        r->read_event_handler(r);
    }
}


void
http_read(void)
{
    if (http.r) {
        http_steps = 0;
        http.rev.ready = 1;
        http.rev.handler(&http.rev);
        http_posted();
    }
}


void
http_write(void)
{
    if (http.r) {
        http_steps = 0;
        http.wev.ready = 1;
        http.wev.handler(&http.wev);
        http_posted();
    }
}


void
http_quit(ngx_uint_t now)
{
    ngx_exiting = 1;

    if (http.r && now) {
        http.c.close = 1;
        http.c.error = 1;
        http_read();

    } else if (http.r && http.c.idle) {
        http.c.close = 1;
        http_read();
    }

    if (http.r) {
        http.c.close = 0;
    }
}


void
http_farewell(ngx_cc_farewell_e what)
{
    ngx_exiting = 1;

    if (http.r && http_farewell_to) {
        http_steps = 0;
        http_farewell_to->handlers->say(http_farewell_to->data, what);
        http_posted();
    }
}


void
http_pass(ngx_msec_t ms)
{
    ngx_msec_t  next, until;
    ngx_uint_t  turns;

    until = ngx_current_msec + ms;

    for (turns = 0; /* void */ ; turns++) {
        http_check(turns < HTTP_TURNS + ms);
        next = shim_next();

        if (next == (ngx_msec_t) -1 || ngx_current_msec + next > until) {
            break;
        }

        ngx_current_msec += next;
        http_steps = 0;
        http_check(shim_expire());
        http_posted();
    }

    ngx_current_msec = until;
}


void
http_posted(void)
{
    ngx_uint_t    turns;
    ngx_queue_t  *q;
    ngx_event_t  *ev;

    for (turns = 0; !ngx_queue_empty(&ngx_posted_events); turns++) {
        http_check(turns < HTTP_TURNS);
        q = ngx_queue_head(&ngx_posted_events);
        ev = ngx_queue_data(q, ngx_event_t, queue);
        ngx_delete_posted_event(ev);
        http_steps = 0;
        ev->handler(ev);
    }
}


/* its clean-ups run, its memory is free */

static void
http_destroy(ngx_pool_t *pool)
{
    ngx_pool_cleanup_t  *cln;

    for (cln = pool->cleanup; cln; cln = cln->next) {
        if (cln->handler) {
            cln->handler(cln->data);
        }
    }

    ngx_destroy_pool(pool);
}


/* the request goes: its clean-up, its memory */

static void
http_free(void)
{
    ngx_pool_t          *pool;
    ngx_http_cleanup_t  *cln;

    http_check(http.r != NULL && http.freed == 0);
    http.freed = 1;

    while (http.r->cleanup) {
        cln = http.r->cleanup;
        http.r->cleanup = cln->next;

        if (cln->handler) {
            cln->handler(cln->data);
        }
    }

    pool = http.r->pool;
    http.r = NULL;
    http_pending = NULL;
    free(http_kept);
    http_kept = NULL;
    http_kept_len = 0;
    http_body = NULL;
    http_destroy(pool);
}


void
ngx_http_free_request(ngx_http_request_t *r, ngx_int_t rc)
{
    http_check(r == http.r);
    http.finalized++;
    http_free();
}


static void
http_close(void)
{
    http_free();
    ngx_http_close_connection(&http.c);
}


void
ngx_http_close_connection(ngx_connection_t *c)
{
    http_check(c == &http.c && http.closed == 0);
    http.closed = 1;

    if (c->read->timer_set) {
        ngx_del_timer(c->read);
    }

    if (c->write->timer_set) {
        ngx_del_timer(c->write);
    }
}


void
ngx_http_finalize_request(ngx_http_request_t *r, ngx_int_t rc)
{
    http_check(r == http.r && http.finalized == 0);
    http.finalized++;
    http.rc = rc;
    http.c.idle = 0;

    if (rc == NGX_ERROR || rc == NGX_HTTP_REQUEST_TIME_OUT
        || rc == NGX_HTTP_CLIENT_CLOSED_REQUEST || http.c.error)
    {
        http_close();
        return;
    }

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        /*
         * error_page may lead into another location, which has a context of
         * its own and needs its time; the client may still be sending.
         */

        http_check(!r->header_sent);
        ngx_memzero(r->ctx, sizeof(http_ctx));
        r->write_event_handler = ngx_http_request_empty_handler;
        http.status = rc;
        return;
    }

    r->write_event_handler = http_writer;
    r->read_event_handler = ngx_http_block_reading;
    http_writer(r);
}


/* the core's own writer, when a request has been finalized */

static void
http_writer(ngx_http_request_t *r)
{
    if (http.wev.timedout) {
        http_close();
        return;
    }

    if (ngx_http_output_filter(r, NULL) == NGX_ERROR) {
        http_close();
        return;
    }

    if (!r->buffered && !http.c.buffered) {
        http.whole = http.last;
        http_close();
        return;
    }

    if (!http.wev.delayed) {
        ngx_add_timer(&http.wev, http.core.send_timeout);
    }
}


void
ngx_http_run_posted_requests(ngx_connection_t *c)
{
    http_check(c == &http.c);
}


void
ngx_http_block_reading(ngx_http_request_t *r)
{
}


void
ngx_http_request_empty_handler(ngx_http_request_t *r)
{
}


void
ngx_http_test_reading(ngx_http_request_t *r)
{
    if (http.reset || http.eof) {
        http.c.error = 1;
        ngx_http_finalize_request(r, NGX_HTTP_CLIENT_CLOSED_REQUEST);
    }
}


ngx_http_cleanup_t *
ngx_http_cleanup_add(ngx_http_request_t *r, size_t size)
{
    ngx_http_cleanup_t  *cln;

    cln = ngx_pcalloc(r->pool, sizeof(ngx_http_cleanup_t));

    if (cln) {
        cln->next = r->cleanup;
        r->cleanup = cln;
    }

    return cln;
}


/* the body of a POST: what has come of it, in memory that does not stay */

static ngx_int_t
http_body_read(ngx_http_request_t *r)
{
    size_t        n;
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    http_step();

    if (http_body) {
        (void) ngx_pfree(r->pool, http_body);
        http_body = NULL;
    }

    if (http.reset) {
        http.c.error = 1;
        return NGX_HTTP_BAD_REQUEST;
    }

    n = ngx_min(http.in_len, http.piece);

    if (r->headers_in.content_length_n >= 0) {
        n = ngx_min(n, (size_t) http.length);
        http.length -= n;
    }

    if (n) {
        b = ngx_pcalloc(r->pool, sizeof(ngx_buf_t));
        cl = ngx_palloc(r->pool, sizeof(ngx_chain_t));
        http_body = ngx_palloc(r->pool, n);

        if (b == NULL || cl == NULL || http_body == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        memcpy(http_body, http.in, n);
        memmove(http.in, http.in + n, http.in_len - n);
        http.in_len -= n;

        b->start = b->pos = http_body;
        b->end = b->last = http_body + n;
        b->temporary = 1;
        cl->buf = b;
        cl->next = NULL;
        r->request_body->bufs = cl;
    }

    /* without a length the end of what comes is its end */

    if (r->headers_in.content_length_n >= 0
        ? http.length == 0 : http.eof && http.in_len == 0)
    {
        http.eof = r->headers_in.content_length_n >= 0 ? http.eof : 0;
        return NGX_OK;
    }

    if (http.eof && http.in_len == 0) {
        http.c.error = 1;
        return NGX_HTTP_BAD_REQUEST;
    }

    return NGX_AGAIN;
}


ngx_int_t
ngx_http_read_client_request_body(ngx_http_request_t *r,
    ngx_http_client_body_handler_pt handler)
{
    ngx_int_t  rc;

    http_body_handler = handler;
    r->request_body = ngx_pcalloc(r->pool, sizeof(ngx_http_request_body_t));

    if (r->request_body == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = http_body_read(r);

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        return rc;
    }

    r->reading_body = (rc == NGX_AGAIN);
    r->request_body_no_buffering = (rc == NGX_AGAIN);
    r->read_event_handler = ngx_http_block_reading;
    handler(r);

    return rc;
}


ngx_int_t
ngx_http_read_unbuffered_request_body(ngx_http_request_t *r)
{
    ngx_int_t  rc;

    if (http.rev.timedout) {
        http.c.timedout = 1;
        return NGX_HTTP_REQUEST_TIME_OUT;
    }

    rc = http_body_read(r);

    if (rc == NGX_OK) {
        r->reading_body = 0;
    }

    return rc;
}


/* nobody is handed over to another node here */

ngx_int_t
ngx_http_get_variable_index(ngx_conf_t *cf, ngx_str_t *name)
{
    return 0;
}


ngx_int_t
ngx_http_named_location(ngx_http_request_t *r, ngx_str_t *name)
{
    return NGX_DONE;
}


ngx_int_t
ngx_http_internal_redirect(ngx_http_request_t *r, ngx_str_t *uri,
    ngx_str_t *args)
{
    return NGX_DONE;
}


ngx_pool_cleanup_t *
ngx_pool_cleanup_add(ngx_pool_t *pool, size_t size)
{
    ngx_pool_cleanup_t  *cln;

    http_check(size == 0);
    cln = ngx_pcalloc(pool, sizeof(ngx_pool_cleanup_t));

    if (cln) {
        cln->next = pool->cleanup;
        pool->cleanup = cln;
    }

    return cln;
}


ngx_buf_t *
ngx_create_temp_buf(ngx_pool_t *pool, size_t size)
{
    ngx_buf_t  *b;

    b = ngx_pcalloc(pool, sizeof(ngx_buf_t) + size);

    if (b) {
        b->start = (u_char *) (b + 1);
        b->pos = b->start;
        b->last = b->start;
        b->end = b->start + size;
        b->temporary = 1;
    }

    return b;
}


ngx_chain_t *
ngx_alloc_chain_link(ngx_pool_t *pool)
{
    return ngx_palloc(pool, sizeof(ngx_chain_t));
}


ngx_int_t
ngx_http_discard_request_body(ngx_http_request_t *r)
{
    return NGX_OK;
}


ngx_int_t
ngx_http_send_header(ngx_http_request_t *r)
{
    http_check(!r->header_sent);
    r->header_sent = 1;
    http.status = r->headers_out.status;
    http.content_length = r->headers_out.content_length_n;
    http.last = r->header_only;

    return http.reset ? NGX_ERROR : NGX_OK;
}


ngx_int_t
ngx_http_send_special(ngx_http_request_t *r, ngx_uint_t flags)
{
    http_check(flags == NGX_HTTP_LAST && r->header_sent && !http.last);
    http.last = 1;

    return ngx_http_output_filter(r, NULL);
}


/* as far as the socket takes it; NGX_AGAIN, NGX_ERROR */

static ngx_int_t
http_body_send(u_char **pos, u_char *last)
{
    ssize_t  n;

    while (*pos < last) {

        if (http.wev.delayed) {
            return NGX_AGAIN;
        }

        n = last - *pos;
        n = http.rate ? ngx_min(n, (ssize_t) http.rate) : n;
        n = http_sent_send(&http.c, *pos, n);

        if (n < 0) {
            return n;
        }

        *pos += n;

        if (http.rate) {
            http.wev.delayed = 1;
            ngx_add_timer(&http.wev, HTTP_DELAY);
        }
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_output_filter(ngx_http_request_t *r, ngx_chain_t *in)
{
    size_t        n;
    u_char       *p;
    ngx_int_t     rc;
    ngx_chain_t  *cl, **ll;

    http_step();
    http_check(r == http.r && r->header_sent);

    for (ll = &http_pending; *ll; ll = &(*ll)->next) { /* void */ }

    for ( /* void */ ; in; in = in->next) {
        http_check(!http.last);
        http.last = in->buf->last_buf;
        n = in->buf->last - in->buf->pos;

        if (http.keeps) {
            p = realloc(http_kept, http_kept_len + n + 1);
            http_check(p != NULL);
            http_kept = p;
            memcpy(http_kept + http_kept_len, in->buf->pos, n);
            http_kept_len += n;
            in->buf->pos = in->buf->last;
            continue;
        }

        cl = ngx_palloc(r->pool, sizeof(ngx_chain_t));

        if (cl == NULL) {
            return NGX_ERROR;
        }

        cl->buf = in->buf;
        cl->next = NULL;
        *ll = cl;
        ll = &cl->next;
    }

    rc = NGX_OK;

    if (http_kept_len) {
        p = http_kept;
        rc = http_body_send(&p, http_kept + http_kept_len);
        http_kept_len -= p - http_kept;
        memmove(http_kept, p, http_kept_len);
    }

    while (rc == NGX_OK && http_pending) {
        rc = http_body_send(&http_pending->buf->pos, http_pending->buf->last);

        if (rc == NGX_OK) {
            http_pending = http_pending->next;
        }
    }

    http.c.buffered = http_pending || http_kept_len
                      ? NGX_HTTP_WRITE_BUFFERED : 0;

    if (rc == NGX_ERROR) {
        http.c.error = 1;
    }

    return rc;
}


/* the 101 does not fit: "early.len" is not about it, "rate" is */

ngx_int_t
ngx_http_write_filter(ngx_http_request_t *r, ngx_chain_t *in)
{
    http_check(r == http.r && in == NULL);

    if (http.reset) {
        return NGX_ERROR;
    }

    if (http.room) {
        http.c.buffered = 0;
        return NGX_OK;
    }

    return NGX_AGAIN;
}


ngx_int_t
ngx_handle_read_event(ngx_event_t *rev, ngx_uint_t flags)
{
    return NGX_OK;
}


ngx_int_t
ngx_handle_write_event(ngx_event_t *wev, size_t lowat)
{
    return NGX_OK;
}


ngx_int_t
ngx_tcp_nodelay(ngx_connection_t *c)
{
    return NGX_OK;
}


ngx_int_t
ngx_connection_error(ngx_connection_t *c, ngx_err_t err, char *text)
{
    return 0;
}


ngx_int_t
ngx_strncasecmp(u_char *s1, u_char *s2, size_t n)
{
    return strncasecmp((char *) s1, (char *) s2, n);
}


void *
ngx_list_push(ngx_list_t *l)
{
    static ngx_table_elt_t  h;

    return &h;
}


long
SSL_ctrl(ngx_ssl_conn_t *ssl, int cmd, long n, void *p)
{
    abort();
}


uint64_t
ngx_cc_tcp_acked(int fd)
{
    return http_acked;
}


uint64_t
ngx_cc_tcp_queued(int fd)
{
    return 0;
}


uint64_t
ngx_cc_tcp_taken(int fd, uint64_t sent)
{
    return http_acked;
}


int
ngx_cc_tcp_state(int fd, ngx_cc_tcp_state_t *state)
{
    if (http_acked != http_known) {
        http_known = http_acked;
        http_heard = ngx_current_msec;
    }

    state->acked = http_acked;
    state->silent = ngx_current_msec - http_heard;
    state->awaited = (state->silent > 0);

    return 0;
}


void
ngx_cc_tcp_probe(int fd, uint64_t idle, uint64_t interval)
{
}


void
ngx_cc_farewell_join(ngx_cc_farewell_t *f)
{
    http_check(http_farewell_to == NULL);
    http_farewell_to = f;
}


void
ngx_cc_farewell_leave(ngx_cc_farewell_t *f)
{
    http_farewell_to = NULL;
}


ngx_int_t
ngx_cc_problem(ngx_http_request_t *r, ngx_int_t status, ngx_int_t code,
    ngx_str_t *text)
{
    return status;
}


ngx_uint_t
ngx_cc_caller_apart(ngx_http_request_t *r, ngx_cc_caller_t *caller)
{
    return 0;
}


ngx_uint_t
ngx_cc_caller_nameless(ngx_http_request_t *r, ngx_cc_caller_t *caller)
{
    return 0;
}


ngx_cc_caller_t *
ngx_cc_caller(ngx_http_request_t *r)
{
    return &http_caller;
}


ngx_cc_caller_t *
ngx_cc_caller_move(ngx_http_request_t *r, ngx_pool_t *pool)
{
    return &http_caller;
}


/* the request has another place from now on: who still knows the old one? */

ngx_int_t
ngx_cc_pack(ngx_http_request_t **holder, const ngx_cc_pack_ours_t *ours,
    ngx_pool_t *own)
{
    ngx_pool_t          *pool;
    ngx_http_cleanup_t  *cln;
    ngx_pool_cleanup_t  *pcln;
    ngx_http_request_t  *r;

    http_check(*holder == http.r && own != NULL
               && http.r->cleanup->handler == ours->cleanup
               && http.r->pool->cleanup->handler == ours->moved);

    pool = ngx_create_pool(1024, &http.log);
    r = pool ? ngx_palloc(pool, sizeof(ngx_http_request_t)) : NULL;
    cln = r ? ngx_palloc(pool, sizeof(ngx_http_cleanup_t)) : NULL;
    pcln = cln ? ngx_pool_cleanup_add(pool, 0) : NULL;

    if (pcln == NULL) {
        if (pool) {
            ngx_destroy_pool(pool);
        }

        return NGX_DECLINED;
    }

    *r = *http.r;
    *cln = *http.r->cleanup;
    *pcln = *http.r->pool->cleanup;
    r->cleanup = cln;
    r->main = r;
    r->pool = pool;

    ngx_destroy_pool(http.r->pool);

    http.r = r;
    http.c.data = r;
    *holder = r;

    return NGX_OK;
}


/* nobody observes anything: callers have no token here */

ngx_cc_conf_observer_t *
ngx_cc_conf_observe_find(ngx_cc_loc_conf_t *conf, const ngx_str_t *name)
{
    return NULL;
}


ngx_int_t
ngx_cc_zone_claim(ngx_int_t location, int kind, ngx_uint_t limit,
    ngx_cc_slot_t *slot)
{
    if (http.refused) {
        return NGX_BUSY;
    }

    slot->location = 1;
    http.slots++;

    return NGX_OK;
}


ngx_int_t
ngx_cc_zone_share(ngx_cc_slot_t *slot, int what, uint64_t key,
    ngx_uint_t limit)
{
    return NGX_OK;
}


void
ngx_cc_zone_free(ngx_cc_slot_t *slot)
{
    if (slot->location) {
        slot->location = 0;
        http_check(http.slots-- > 0);
    }
}


ngx_int_t
ngx_cc_audit_open(ngx_http_request_t *r, ngx_cc_caller_t *caller,
    const u_char *session, const char *dialect, ngx_cc_audit_t **audit)
{
    /* memory of its own, so that one that is closed twice is seen */

    *audit = ngx_alloc(1, r->connection->log);

    if (*audit == NULL) {
        return NGX_ERROR;
    }

    http.audits++;

    return NGX_OK;
}


ngx_cc_recorder_t *
ngx_cc_audit_recorder(ngx_cc_audit_t *audit)
{
    return NULL;
}


void
ngx_cc_audit_close(ngx_cc_audit_t *audit, ngx_uint_t code,
    ngx_uint_t commands, off_t bytes_out)
{
    if (audit) {
        http_check(http.audits-- > 0);
        free(audit);
    }
}


void
ngx_cc_audit_refused(ngx_http_request_t *r, ngx_uint_t status,
    ngx_cc_reason_e reason, ngx_str_t *text)
{
}


/*
 * Everything that is still to be said is taken; a connection on which nothing
 * is left to be done stays, until its client goes.
 */

void
http_end(void)
{
    int           i;
    ngx_uint_t    turns;
    ngx_cc_ws_t  *ws;

    shim_allocations = 0;
    http.room = 1 << 30;
    http.piece = 1 << 20;
    http_write();

    for (turns = 0; http.r && (http.c.buffered || http.wev.delayed); turns++) {
        http_check(turns < HTTP_TURNS);
        http_pass(HTTP_DELAY);
        http_write();
    }

    http_read();

    if (http.r && http.dialect && http.finalized == 0) {
        ws = ngx_http_get_module_ctx(http.r, ngx_cc_executor_module);

        /* nothing waits for an event that nobody sends */

        http_check(ws->out.len == 0 && ws->in.len == 0);
        http_check(ws->session.state == NULL
                   || ws->session.dialect->pending(ws->session.state) == 0);
        http_check(http.in_len == 0 || ws->eof);

        if (ws->session.code) {
            http_check(ws->close_sent);
            http_pass(2000);
            http_check(http.r == NULL);
        }
    }

    http.eof = 1;
    http_read();

    if (http.r && http.dialect && http.finalized == 0) {
        http_pass(2000);
        http_check(http.r == NULL);
    }

    if (http.r && http.finalized == 0) {
        /* a client that has ended its body, and then the connection */

        http.eof = 1;
        http_read();
    }

    if (http.r && http.finalized) {
        /* another location answers */

        http_check(http.rc >= NGX_HTTP_SPECIAL_RESPONSE);
        http_close();
    }

    http_check(http.r == NULL);
    http_check(http.freed == 1 && http.closed == 1);
    http_check(http.finalized == 1);
    http_check(http.slots == 0 && http.audits == 0);
    http_check(http_farewell_to == NULL);
    http_check(shim_next() == (ngx_msec_t) -1);
    http_check(ngx_queue_empty(&ngx_posted_events));

    for (i = 0; i < fake_commands; i++) {
        http_check(fake_command[i]->closed == 1);
    }

    if (http.dialect == NULL && http.whole) {
        http_sent_body();
    }

    http_sent_reset();
    fake_free();
}
