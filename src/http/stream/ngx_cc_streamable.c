
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_cc_header.h"
#include "ngx_cc_mcp_resume.h"
#include "ngx_cc_message.h"
#include "ngx_cc_problem.h"
#include "ngx_cc_reply.h"
#include "ngx_cc_streamable.h"
#include "ngx_cc_streamable_close.h"
#include "ngx_cc_streamable_out.h"


#define NGX_CC_STREAMABLE_ERROR  512     /* bytes of an error of our own */


static ngx_int_t ngx_cc_streamable_check(ngx_http_request_t *r,
    ngx_cc_mcp_post_t *post, const char **error);
static ngx_uint_t ngx_cc_streamable_accepts(ngx_http_request_t *r,
    ngx_cc_mcp_post_t *post);
static ngx_int_t ngx_cc_streamable_headers(ngx_http_request_t *r,
    ngx_cc_mcp_post_t *post);
static ngx_int_t ngx_cc_streamable_create(ngx_http_request_t *r,
    ngx_cc_mcp_post_t *post);
static ngx_int_t ngx_cc_streamable_begin(ngx_http_request_t *r,
    ngx_cc_mcp_post_t *post, ngx_str_t *refusal);
static void ngx_cc_streamable_body_handler(ngx_http_request_t *r);
static void ngx_cc_streamable_read_handler(ngx_http_request_t *r);
static void ngx_cc_streamable_forward(ngx_cc_streamable_t *st);
static void ngx_cc_streamable_slow(void *data);
static ngx_int_t ngx_cc_streamable_read(ngx_cc_streamable_t *st);
static ngx_int_t ngx_cc_streamable_take(ngx_cc_streamable_t *st);
static ngx_int_t ngx_cc_streamable_refuse(ngx_cc_streamable_t *st,
    ngx_uint_t status, ngx_int_t code, const char *text);
static ngx_int_t ngx_cc_streamable_error(ngx_http_request_t *r,
    ngx_uint_t status, ngx_int_t code, const char *text);
static void ngx_cc_streamable_cleanup(void *data);


static const ngx_cc_idle_watch_handlers_t  ngx_cc_streamable_wait = {
    ngx_cc_streamable_slow,
    ngx_cc_streamable_slow
};


ngx_int_t
ngx_cc_streamable(ngx_http_request_t *r)
{
    ngx_int_t           rc;
    ngx_str_t           refusal;
    const char         *error;
    ngx_cc_mcp_post_t   post;

    ngx_memzero(&post, sizeof(ngx_cc_mcp_post_t));

    rc = ngx_cc_streamable_check(r, &post, &error);

    if (rc != NGX_OK) {
        refusal.data = (u_char *) error;
        refusal.len = ngx_strlen(error);

        ngx_cc_zone_refused(NGX_CC_REASON_HANDSHAKE);
        ngx_cc_audit_refused(r, rc, NGX_CC_REASON_HANDSHAKE, &refusal);

        return ngx_cc_problem(r, rc, NGX_CC_ERROR_REQUEST, &refusal);
    }

    /* after error_page: its beginning was for another location */

    if (r->reading_body) {
        return ngx_cc_streamable_error(r, NGX_HTTP_BAD_REQUEST,
                                       NGX_CC_ERROR_REQUEST,
                                       "the message was begun in another "
                                       "location");
    }

    if (ngx_cc_streamable_headers(r, &post) != NGX_OK) {
        return ngx_cc_streamable_error(r, NGX_HTTP_BAD_REQUEST,
                                       NGX_CC_MCP_MISMATCH,
                                       "MCP-Protocol-Version is given twice");
    }

    rc = ngx_cc_streamable_create(r, &post);

    if (rc != NGX_OK) {
        return rc;
    }

    r->request_body_no_buffering = 1;

    rc = ngx_http_read_client_request_body(r, ngx_cc_streamable_body_handler);

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        ngx_cc_streamable_forget(ngx_http_get_module_ctx(r,
                                                     ngx_cc_executor_module));
        return rc;
    }

    return NGX_DONE;
}


ngx_int_t
ngx_cc_streamable_resume(ngx_http_request_t *r)
{
    ngx_int_t             rc;
    ngx_cc_mcp_post_t     post;
    ngx_cc_streamable_t  *st;

    ngx_memzero(&post, sizeof(ngx_cc_mcp_post_t));

    if (ngx_cc_streamable_headers(r, &post) != NGX_OK) {
        return ngx_cc_streamable_error(r, NGX_HTTP_BAD_REQUEST,
                                       NGX_CC_MCP_MISMATCH,
                                       "MCP-Protocol-Version is given twice");
    }

    if (post.last.data == NULL || ngx_cc_mcp_meta_later(&post.version)) {
        return NGX_DECLINED;
    }

    rc = ngx_cc_forward_session(r, &post.session, 1);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_cc_streamable_create(r, &post);

    if (rc != NGX_OK) {
        return rc;
    }

    st = ngx_http_get_module_ctx(r, ngx_cc_executor_module);
    st->body = 1;

    r->main->count++;
    r->read_event_handler = ngx_http_test_reading;

    ngx_cc_mcp_resume(st->session.state);
    ngx_cc_streamable_out_begin(st);

    return NGX_DONE;
}


/* what can be refused before anything of the body is read: status, text */

static ngx_int_t
ngx_cc_streamable_check(ngx_http_request_t *r, ngx_cc_mcp_post_t *post,
    const char **error)
{
    ngx_str_t           encoding = ngx_string("Content-Encoding");
    ngx_table_elt_t    *h;
    ngx_cc_loc_conf_t  *conf;

    conf = ngx_http_get_module_loc_conf(r, ngx_cc_executor_module);

    /*
     * A web page cannot send this type to a foreign site without asking first:
     * with any other a form would do.
     */

    if (r->headers_in.content_type == NULL
        || !ngx_cc_header_media(&r->headers_in.content_type->value,
                                "application/json")
        || ngx_cc_header(r, &encoding, &h))
    {
        *error = "Content-Type must be application/json, without "
                 "Content-Encoding";
        return NGX_HTTP_UNSUPPORTED_MEDIA_TYPE;
    }

    if (!ngx_cc_streamable_accepts(r, post)) {
        *error = "Accept must list application/json, and text/event-stream "
                 "for more than the answer";
        return 406;
    }

    if (r->headers_in.content_length_n > (off_t) conf->max_message) {
        *error = "the message is longer than cc_executor_max_message";
        return NGX_HTTP_REQUEST_ENTITY_TOO_LARGE;
    }

    return NGX_OK;
}


/*
 * Both kinds of response; without the header anything goes (RFC 9110, 12.5).
 * The specification wants both listed; who lists JSON only gets that, without
 * anything before the answer.
 */

static ngx_uint_t
ngx_cc_streamable_accepts(ngx_http_request_t *r, ngx_cc_mcp_post_t *post)
{
    ngx_str_t              item, name = ngx_string("Accept");
    ngx_uint_t             json, stream, n;
    ngx_cc_header_iter_t   it;

    json = 0;
    stream = 0;
    n = 0;

    ngx_cc_header_begin(r, &it);

    while (ngx_cc_header_item(&it, &name, &item)) {
        n++;

        if (ngx_cc_header_media(&item, "*/*")) {
            return 1;
        }

        json |= ngx_cc_header_media(&item, "application/json")
                || ngx_cc_header_media(&item, "application/*");
        stream |= ngx_cc_header_media(&item, "text/event-stream")
                  || ngx_cc_header_media(&item, "text/*");
    }

    post->plain = (json && !stream);

    return n == 0 || json;
}


static ngx_int_t
ngx_cc_streamable_headers(ngx_http_request_t *r, ngx_cc_mcp_post_t *post)
{
    ngx_uint_t        i, n;
    ngx_str_t        *value[5];
    ngx_table_elt_t  *h;

    static ngx_str_t  name[] = {
        ngx_string("MCP-Protocol-Version"),
        ngx_string("Mcp-Method"),
        ngx_string("Mcp-Name"),
        ngx_string("Mcp-Session-Id"),
        ngx_string("Last-Event-ID")
    };

    value[0] = &post->version;
    value[1] = &post->method;
    value[2] = &post->name;
    value[3] = &post->session;
    value[4] = &post->last;

    for (i = 0; i < 5; i++) {
        n = ngx_cc_header(r, &name[i], &h);

        if (n > 1 && i == 0) {
            return NGX_DECLINED;
        }

        if (n > 1 && i == 3) {
            /* the new era does not look at it, and in the old it is none */
            ngx_str_set(&post->session, "");

        } else if (n > 1 && i == 4) {
            /* an event that nobody knows */
            ngx_str_set(&post->last, "");

        } else if (n > 1) {
            /* the old era does not look at it */
            post->twice = 1;

        } else if (n == 1) {
            *value[i] = h->value;
        }
    }

    return NGX_OK;
}


/* NGX_OK, or what the content handler returns */

static ngx_int_t
ngx_cc_streamable_create(ngx_http_request_t *r, ngx_cc_mcp_post_t *post)
{
    ngx_int_t  rc;
    ngx_str_t  refusal;

    rc = ngx_cc_streamable_begin(r, post, &refusal);

    if (rc != NGX_BUSY) {
        return rc == NGX_OK ? NGX_OK : NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ngx_cc_reply_header(r, "Retry-After", "5", 1) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_cc_problem(r, NGX_HTTP_SERVICE_UNAVAILABLE, NGX_CC_ERROR_LIMIT,
                          &refusal);
}


/* NGX_OK; NGX_BUSY: a limit of sessions, "refusal" says which; NGX_ERROR */

static ngx_int_t
ngx_cc_streamable_begin(ngx_http_request_t *r, ngx_cc_mcp_post_t *post,
    ngx_str_t *refusal)
{
    ngx_int_t             rc;
    ngx_cc_loc_conf_t    *conf;
    ngx_http_cleanup_t   *cln;
    ngx_cc_streamable_t  *st;

    if (ngx_cc_streamable_out_prepare() != NGX_OK) {
        return NGX_ERROR;
    }

    st = ngx_pcalloc(r->pool, sizeof(ngx_cc_streamable_t));
    cln = ngx_http_cleanup_add(r, 0);

    if (st == NULL || cln == NULL) {
        return NGX_ERROR;
    }

    cln->handler = ngx_cc_streamable_cleanup;
    cln->data = st;

    conf = ngx_http_get_module_loc_conf(r, ngx_cc_executor_module);

    st->post = *post;
    st->post.peers = ngx_cc_forward_returned(r) ? NULL : conf->peers;
    st->post.pool = r->pool;
    st->post.hop = ngx_cc_forward_hop(r);
    st->session.transport.post = &st->post;
    st->session.transport.pool = r->pool;

    rc = ngx_cc_session_create(&st->session, r, &ngx_cc_mcp, st,
                               ngx_cc_streamable_out_wake);

    if (st->session.refusal) {
        refusal->data = st->session.refusal;
        refusal->len = ngx_strlen(refusal->data);
    }

    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_cc_session_open(&st->session) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_http_set_ctx(r, st, ngx_cc_executor_module);

    return NGX_OK;
}


/* the core has begun to read the body */

static void
ngx_cc_streamable_body_handler(ngx_http_request_t *r)
{
    ngx_cc_streamable_t  *st;

    st = ngx_http_get_module_ctx(r, ngx_cc_executor_module);

    r->read_event_handler = ngx_cc_streamable_read_handler;
    r->write_event_handler = ngx_http_request_empty_handler;

    st->wait.data = st;
    st->wait.handlers = &ngx_cc_streamable_wait;
    ngx_cc_idle_watch_start(&st->wait, &st->session.conf->session,
                            r->connection->log);
    ngx_cc_idle_watch_heard(&st->wait, 0, 1);

    ngx_cc_streamable_read_handler(r);
}


static void
ngx_cc_streamable_read_handler(ngx_http_request_t *r)
{
    ngx_int_t             rc;
    ngx_cc_streamable_t  *st;

    st = ngx_http_get_module_ctx(r, ngx_cc_executor_module);
    rc = ngx_cc_streamable_read(st);

    if (rc == NGX_AGAIN) {
        return;
    }

    if (rc == NGX_OK && st->post.peer) {
        ngx_cc_streamable_forward(st);
        return;
    }

    if (rc == NGX_OK) {
        ngx_cc_idle_watch_stop(&st->wait);
        st->body = 1;
        r->read_event_handler = ngx_http_test_reading;
        ngx_cc_streamable_out_begin(st);
        return;
    }

    ngx_cc_streamable_end(st, rc == NGX_DONE ? st->rc : rc);
}


/* its place here is free before another node begins with it */

static void
ngx_cc_streamable_forward(ngx_cc_streamable_t *st)
{
    ngx_http_request_t  *r;

    r = st->session.request;
    ngx_cc_streamable_forget(st);

    ngx_cc_forward(r, st->post.peer, &st->post.node, st->post.anywhere,
                   st->copy);
    ngx_http_finalize_request(r, NGX_DONE);
}


/* frame_timeout holds for a message, however it comes */

static void
ngx_cc_streamable_slow(void *data)
{
    ngx_int_t             rc;
    ngx_connection_t     *c;
    ngx_cc_streamable_t  *st = data;

    c = st->session.request->connection;

    ngx_log_error(NGX_LOG_INFO, c->log, 0,
                  "cc_executor: a message was not complete in time, refused "
                  "session=%*s", (size_t) NGX_CC_UUID_TEXT,
                  st->session.transport.session_id);

    rc = ngx_cc_streamable_refuse(st, NGX_HTTP_REQUEST_TIME_OUT,
                                  NGX_CC_ERROR_REQUEST,
                                  "the message takes too long");

    ngx_cc_streamable_end(st, rc == NGX_DONE ? st->rc : rc);
    ngx_http_run_posted_requests(c);
}


/*
 * Reads the body as far as it is there.  NGX_OK: the message is served;
 * NGX_AGAIN; NGX_DONE: it has been refused, st->rc is what came of it; or the
 * status to end with.
 */

static ngx_int_t
ngx_cc_streamable_read(ngx_cc_streamable_t *st)
{
    ngx_int_t            rc;
    ngx_http_request_t  *r;

    r = st->session.request;

    for ( ;; ) {

        rc = ngx_cc_streamable_take(st);

        if (rc != NGX_OK) {
            return rc;
        }

        if (!r->reading_body) {
            break;
        }

        rc = ngx_http_read_unbuffered_request_body(r);

        if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
            return rc;
        }

        if (rc == NGX_AGAIN && r->request_body->bufs == NULL) {
            return NGX_AGAIN;
        }
    }

    if (!ngx_cc_utf8_done(&st->utf8)) {
        return ngx_cc_streamable_refuse(st, NGX_HTTP_BAD_REQUEST,
                                        NGX_CC_ERROR_PARSE, "invalid UTF-8");
    }

    if (ngx_cc_mcp.push(st->session.state, (u_char *) "", 0, 1) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return NGX_OK;
}


/* pushes what has been read */

static ngx_int_t
ngx_cc_streamable_take(ngx_cc_streamable_t *st)
{
    size_t               n;
    ngx_buf_t           *b;
    ngx_chain_t         *cl, *next;
    ngx_http_request_t  *r;

    r = st->session.request;

    if (r->request_body == NULL) {
        return NGX_OK;
    }

    cl = r->request_body->bufs;
    r->request_body->bufs = NULL;

    for ( /* void */ ; cl; cl = next) {

        next = cl->next;
        b = cl->buf;
        ngx_free_chain(r->pool, cl);

        if (b->in_file && !ngx_buf_in_memory(b)) {
            ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                          "cc_executor: another module has read the message "
                          "into a file, client_body_buffer_size is too small");
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        n = b->last - b->pos;

        if (n == 0) {
            continue;
        }

        st->received += n;
        ngx_cc_idle_watch_heard(&st->wait, n, 1);

        if (st->received > st->session.conf->max_message) {
            return ngx_cc_streamable_refuse(st,
                                            NGX_HTTP_REQUEST_ENTITY_TOO_LARGE,
                                            NGX_CC_ERROR_REQUEST,
                                            "the message is longer than "
                                            "cc_executor_max_message");
        }

        if (ngx_cc_utf8_check(&st->utf8, b->pos, n) != n) {
            return ngx_cc_streamable_refuse(st, NGX_HTTP_BAD_REQUEST,
                                            NGX_CC_ERROR_PARSE,
                                            "invalid UTF-8");
        }

        if ((st->post.peers && !st->post.hop
             && ngx_cc_forward_keep(r, &st->copy, b->pos, n) != NGX_OK)
            || ngx_cc_mcp.push(st->session.state, b->pos, n, 0) != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        b->pos = b->last;
    }

    return NGX_OK;
}


/*
 * The body is not worth reading on: what is still to come is thrown away and
 * the connection closed behind the answer.
 */

static ngx_int_t
ngx_cc_streamable_refuse(ngx_cc_streamable_t *st, ngx_uint_t status,
    ngx_int_t code, const char *text)
{
    ngx_http_request_t  *r;

    r = st->session.request;

    if (r->reading_body) {
        r->keepalive = 0;
    }

    st->rc = ngx_cc_streamable_error(r, status, code, text);

    return NGX_DONE;
}


/* an error of ours, before the dialect has a say */

static ngx_int_t
ngx_cc_streamable_error(ngx_http_request_t *r, ngx_uint_t status,
    ngx_int_t code, const char *text)
{
    size_t   n;
    u_char  *p;

    p = ngx_pnalloc(r->pool, NGX_CC_STREAMABLE_ERROR + 1);

    if (p == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    n = ngx_cc_message_error(p, NGX_CC_STREAMABLE_ERROR,
                             &(ngx_str_t) NGX_CC_MESSAGE_NULL, code, text,
                             ngx_strlen(text));
    p[n] = '\0';

    return ngx_cc_reply(r, status, (char *) p);
}


/* the request goes: whatever led here, nothing of ours may stay behind */

static void
ngx_cc_streamable_cleanup(void *data)
{
    ngx_cc_streamable_forget(data);
}
