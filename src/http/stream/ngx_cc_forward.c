
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_cc_audit.h"
#include "ngx_cc_conf.h"
#include "ngx_cc_forward.h"
#include "ngx_cc_header.h"
#include "ngx_cc_hex.h"
#include "ngx_cc_message.h"
#include "ngx_cc_problem.h"
#include "ngx_cc_zone.h"


#define NGX_CC_FORWARD_DIGEST  16        /* bytes of the digest that are said */
#define NGX_CC_FORWARD_BODY    4096      /* bytes, at first */
#define NGX_CC_FORWARD_TEXT    256


static ngx_str_t  ngx_cc_forward_header = ngx_string("Cc-Executor-Hop");


static ngx_cc_forward_t *ngx_cc_forward_note(ngx_http_request_t *r,
    const ngx_str_t *node, ngx_uint_t anywhere);
static void ngx_cc_forward_noted(void *data);
static ngx_table_elt_t *ngx_cc_forward_push(ngx_http_request_t *r);
static ngx_int_t ngx_cc_forward_body(ngx_http_request_t *r, ngx_buf_t *body);
static ngx_int_t ngx_cc_forward_refuse(ngx_http_request_t *r,
    ngx_uint_t status, ngx_int_t code, const char *fmt, ...);


static ngx_int_t  ngx_cc_forward_index;


ngx_int_t
ngx_cc_forward_init(ngx_conf_t *cf)
{
    ngx_str_t  name = ngx_string("cc_executor_node");

    ngx_cc_forward_index = ngx_http_get_variable_index(cf, &name);

    return ngx_cc_forward_index == NGX_ERROR ? NGX_ERROR : NGX_OK;
}


ngx_int_t
ngx_cc_forward_variable(ngx_http_request_t *r, ngx_http_variable_value_t *v,
    uintptr_t data)
{
    v->not_found = 1;

    return NGX_OK;
}


ngx_uint_t
ngx_cc_forward_hop(ngx_http_request_t *r)
{
    ngx_table_elt_t  *h;

    /* what we handed over had none but ours */

    return ngx_cc_header(r, &ngx_cc_forward_header, &h) != 0
           && ngx_cc_forward_find(r) == NULL;
}


ngx_int_t
ngx_cc_forward_admit(ngx_http_request_t *r)
{
    u_char             *p;
    uint8_t             digest[NGX_CC_FORWARD_DIGEST];
    ngx_str_t           from, rest;
    ngx_uint_t          n;
    ngx_table_elt_t    *h;
    ngx_cc_loc_conf_t  *conf;

    n = ngx_cc_header(r, &ngx_cc_forward_header, &h);

    if (n == 0 || ngx_cc_forward_find(r)) {
        return NGX_OK;
    }

    from = h->value;
    p = ngx_strlchr(from.data, from.data + from.len, ' ');
    ngx_str_set(&rest, "");

    if (p) {
        rest.data = p + 1;
        rest.len = from.data + from.len - rest.data;
        from.len = p - from.data;
    }

    if (n > 1 || !ngx_cc_node_valid(from.data, from.len)
        || rest.len != 2 * NGX_CC_FORWARD_DIGEST
        || ngx_cc_hex_read((char *) rest.data, digest, sizeof(digest)) != 0)
    {
        return ngx_cc_forward_refuse(r, NGX_HTTP_BAD_REQUEST,
                                     NGX_CC_ERROR_REQUEST,
                                     "Cc-Executor-Hop must be the name of a "
                                     "node and the digest of its token file");
    }

    conf = ngx_http_get_module_loc_conf(r, ngx_cc_executor_module);

    if (conf->access.tokens
        && ngx_memcmp(digest, conf->tokens, NGX_CC_FORWARD_DIGEST) == 0)
    {
        return NGX_OK;
    }

    return ngx_cc_forward_refuse(r, NGX_HTTP_FORBIDDEN, NGX_CC_ERROR_REQUEST,
                                 "the node %V, which hands this over, has "
                                 "another token file: the same name may be "
                                 "somebody else there", &from);
}


ngx_int_t
ngx_cc_forward_keep(ngx_http_request_t *r, ngx_buf_t **body, const u_char *p,
    size_t n)
{
    size_t      have;
    ngx_buf_t  *b, *old;

    old = *body;

    if (old == NULL || (size_t) (old->end - old->last) < n) {

        have = old ? old->last - old->pos : 0;
        b = ngx_create_temp_buf(r->pool, ngx_max(NGX_CC_FORWARD_BODY,
                                                 2 * have + n));
        if (b == NULL) {
            return NGX_ERROR;
        }

        if (old) {
            b->last = ngx_cpymem(b->last, old->pos, have);
            (void) ngx_pfree(r->pool, old->start);
        }

        *body = b;
    }

    (*body)->last = ngx_cpymem((*body)->last, p, n);

    return NGX_OK;
}


ngx_int_t
ngx_cc_forward_session(ngx_http_request_t *r, const ngx_str_t *session,
    ngx_uint_t anywhere)
{
    ngx_str_t                  node, rest;
    ngx_cc_loc_conf_t         *conf;
    const ngx_cc_node_peer_t  *peer;

    conf = ngx_http_get_module_loc_conf(r, ngx_cc_executor_module);

    if (conf->peers == NULL || ngx_cc_forward_returned(r)
        || !ngx_cc_node_split(session, &node, &rest))
    {
        return NGX_DECLINED;
    }

    if (ngx_cc_forward_hop(r)) {
        return ngx_cc_forward_refuse(r, NGX_HTTP_BAD_GATEWAY,
                                     NGX_CC_ERROR_INTERNAL,
                                     "handed over already, but this is %V, "
                                     "not %V", ngx_cc_node_name(), &node);
    }

    peer = ngx_cc_node_peer(conf->peers, &node);

    if (peer == NULL) {
        return NGX_DECLINED;
    }

    ngx_cc_forward(r, peer, &node, anywhere, NULL);

    return NGX_DONE;
}


void
ngx_cc_forward(ngx_http_request_t *r, const ngx_cc_node_peer_t *peer,
    const ngx_str_t *node, ngx_uint_t anywhere, ngx_buf_t *body)
{
    ngx_str_t                   location;
    ngx_cc_forward_t           *fw;
    ngx_http_variable_value_t  *v;

    v = &r->variables[ngx_cc_forward_index];
    v->data = node->data;
    v->len = node->len;
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;

    fw = ngx_cc_forward_note(r, node, anywhere);

    if (fw == NULL
        || (fw->hop = ngx_cc_forward_push(r)) == NULL
        || (body && ngx_cc_forward_body(r, body) != NGX_OK))
    {
        r->main->count++;
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
        return;
    }

    ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                  "cc_executor: handed over to the node %V by %V", node,
                  &peer->location);

    r->read_event_handler = ngx_http_block_reading;
    location = peer->location;

    (void) ngx_http_named_location(r, &location);
}


ngx_cc_forward_t *
ngx_cc_forward_find(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t  *cln;

    for (cln = r->pool->cleanup; cln; cln = cln->next) {
        if (cln->handler == ngx_cc_forward_noted) {
            return cln->data;
        }
    }

    return NULL;
}


ngx_int_t
ngx_cc_forward_back(ngx_http_request_t *r, ngx_cc_forward_t *fw)
{
    ngx_http_variable_value_t  *v;

    ngx_log_error(NGX_LOG_NOTICE, r->connection->log, 0,
                  "cc_executor: the node %V cannot be reached, served here",
                  &fw->node);

    v = &r->variables[ngx_cc_forward_index];
    v->valid = 0;
    v->not_found = 1;

    fw->hop->hash = 0;
    fw->back = 1;

    return ngx_http_internal_redirect(r, &fw->uri, &fw->args);
}


ngx_uint_t
ngx_cc_forward_returned(ngx_http_request_t *r)
{
    ngx_cc_forward_t  *fw;

    fw = ngx_cc_forward_find(r);

    return fw && fw->back;
}


/* in the pool, for the contexts of modules are cleared on the way */

static ngx_cc_forward_t *
ngx_cc_forward_note(ngx_http_request_t *r, const ngx_str_t *node,
    ngx_uint_t anywhere)
{
    ngx_cc_forward_t    *fw;
    ngx_pool_cleanup_t  *cln;

    cln = ngx_pool_cleanup_add(r->pool, sizeof(ngx_cc_forward_t));

    if (cln == NULL) {
        return NULL;
    }

    fw = cln->data;
    fw->node = *node;
    fw->uri = r->uri;
    fw->args = r->args;
    fw->anywhere = anywhere;
    fw->back = 0;

    cln->handler = ngx_cc_forward_noted;

    return fw;
}


static void
ngx_cc_forward_noted(void *data)
{
    /* only marks the entry */
}


static ngx_table_elt_t *
ngx_cc_forward_push(ngx_http_request_t *r)
{
    u_char             *p;
    ngx_table_elt_t    *h;
    ngx_cc_loc_conf_t  *conf;

    conf = ngx_http_get_module_loc_conf(r, ngx_cc_executor_module);

    h = ngx_list_push(&r->headers_in.headers);
    p = ngx_pnalloc(r->pool, NGX_CC_NODE_PREFIX + 2 * NGX_CC_FORWARD_DIGEST);

    if (h == NULL || p == NULL) {
        return NULL;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));
    h->hash = 1;
    h->key = ngx_cc_forward_header;
    h->lowcase_key = (u_char *) "cc-executor-hop";
    h->value.data = p;

    p = ngx_cpymem(p, ngx_cc_node_name()->data, ngx_cc_node_name()->len);
    *p++ = ' ';
    p = ngx_hex_dump(p, conf->tokens, NGX_CC_FORWARD_DIGEST);
    h->value.len = p - h->value.data;

    return h;
}


/* as if the core had read it whole */

static ngx_int_t
ngx_cc_forward_body(ngx_http_request_t *r, ngx_buf_t *body)
{
    ngx_chain_t  *cl;

    cl = ngx_alloc_chain_link(r->pool);

    if (cl == NULL) {
        return NGX_ERROR;
    }

    cl->buf = body;
    cl->next = NULL;

    r->request_body->bufs = cl;
    r->request_body->buf = NULL;
    r->headers_in.content_length_n = body->last - body->pos;
    r->headers_in.chunked = 0;
    r->reading_body = 0;
    r->request_body_no_buffering = 0;

    return NGX_OK;
}


static ngx_int_t
ngx_cc_forward_refuse(ngx_http_request_t *r, ngx_uint_t status, ngx_int_t code,
    const char *fmt, ...)
{
    u_char     text[NGX_CC_FORWARD_TEXT + 1], *last;
    va_list    args;
    ngx_str_t  why;

    va_start(args, fmt);
    last = ngx_vslprintf(text, text + NGX_CC_FORWARD_TEXT, fmt, args);
    va_end(args);

    *last = '\0';
    why.data = text;
    why.len = last - text;

    ngx_log_error(NGX_LOG_WARN, r->connection->log, 0, "cc_executor: %V",
                  &why);
    ngx_cc_zone_refused(NGX_CC_REASON_HANDSHAKE);
    ngx_cc_audit_refused(r, status, NGX_CC_REASON_HANDSHAKE, &why);

    return ngx_cc_problem(r, status, code, &why);
}
