
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_cc_caller.h"
#include "ngx_cc_conf.h"
#include "ngx_cc_pack.h"
#include "ngx_cc_pack_copy.h"


/* with a sanitizer each allocation of ours has a clean-up (t/asan) */

#ifndef ngx_cc_pack_ours
#define ngx_cc_pack_ours(handler)  0
#endif


static ngx_uint_t ngx_cc_pack_at_rest(ngx_http_request_t *r);
static ngx_pool_large_t *ngx_cc_pack_large(ngx_connection_t *c);
static ngx_uint_t ngx_cc_pack_alone(ngx_http_request_t *r,
    const ngx_cc_pack_ours_t *ours);
static ngx_uint_t ngx_cc_pack_done(ngx_uint_t index);
static ngx_uint_t ngx_cc_pack_cleanups(ngx_cc_pack_t *pk);
static ngx_uint_t ngx_cc_pack_switch(ngx_cc_pack_t *pk,
    ngx_http_request_t **holder, ngx_pool_t *own);
static ngx_uint_t ngx_cc_pack_left(ngx_cc_pack_t *pk, ngx_pool_t *pool);


ngx_int_t
ngx_cc_pack(ngx_http_request_t **holder, const ngx_cc_pack_ours_t *ours,
    ngx_pool_t *own)
{
    ngx_buf_t           *b;
    ngx_cc_pack_t        pk;
    ngx_connection_t    *c;
    ngx_http_request_t  *r;

    r = *holder;
    c = r->connection;
    b = c->buffer;

    if (!ngx_cc_pack_at_rest(r) || !ngx_cc_pack_alone(r, ours)) {
        return NGX_DECLINED;
    }

    ngx_memzero(&pk, sizeof(ngx_cc_pack_t));
    pk.old = r;
    pk.r = r;
    pk.from = b->start;
    pk.end = b->last;
    pk.limit = b->end;

    pk.pool = ngx_create_pool(ngx_cc_pack_size(&pk), c->log);

    if (pk.pool == NULL) {
        return NGX_DECLINED;
    }

    ngx_cc_pack_copy(&pk);

    /* what is too long for the block is not searched, and no gain */

    if (!pk.failed && pk.pool->large == NULL && ngx_cc_pack_cleanups(&pk)
        && ngx_cc_pack_switch(&pk, holder, own))
    {
        r->pool->cleanup = NULL;
        ngx_destroy_pool(r->pool);
        ngx_free(pk.from);

        ngx_log_debug0(NGX_LOG_DEBUG_HTTP, c->log, 0,
                       "cc_executor: packed a request");

        return NGX_OK;
    }

    pk.pool->cleanup = NULL;
    ngx_destroy_pool(pk.pool);

    return NGX_DECLINED;
}


/* nothing is under way for it, and it is what its connection was made for */

static ngx_uint_t
ngx_cc_pack_at_rest(ngx_http_request_t *r)
{
    ngx_connection_t       *c;
    ngx_http_connection_t  *hc;

    c = r->connection;
    hc = r->http_connection;

    if (r != r->main || c->data != r || r->count != 1 || r->parent
        || r->http_version != NGX_HTTP_VERSION_11 || r->stream
        || r->keepalive || r->blocked || r->aio || !r->header_sent
        || c->buffered || r->buffered || r->out || r->postponed
        || r->posted_requests || r->post_subrequest)
    {
        return 0;
    }

    if (r->upstream || r->upstream_states || r->request_body
        || r->discard_body || r->reading_body || r->post_action
        || r->headers_out.trailers.part.nelts
#if (NGX_HTTP_CACHE)
        || r->cache
#endif
#if (NGX_PCRE)
        /* one with $1; what others leave behind, also if they failed, goes */
        || r->ncaptures > 2
#endif
       )
    {
        return 0;
    }

    /* the header lies in the connection's first buffer, which can be freed */

    if (r->header_in != c->buffer || hc->busy || hc->nbusy
        || c->buffer->pos != c->buffer->last)
    {
        return 0;
    }

    if (c->buffer->start == NULL
        || (size_t) (c->buffer->last - c->buffer->start)
           >= NGX_MAX_ALLOC_FROM_POOL)
    {
        return 0;
    }

    return ngx_cc_pack_large(c) != NULL;
}


/* where the pool of a connection knows its buffer, or NULL */

static ngx_pool_large_t *
ngx_cc_pack_large(ngx_connection_t *c)
{
    ngx_pool_large_t  *large;

    for (large = c->pool->large; large; large = large->next) {
        if (large->alloc == c->buffer->start) {
            return large;
        }
    }

    return NULL;
}


/* is it only ours? */

static ngx_uint_t
ngx_cc_pack_alone(ngx_http_request_t *r, const ngx_cc_pack_ours_t *ours)
{
    ngx_uint_t           i;
    ngx_pool_large_t    *large;
    ngx_pool_cleanup_t  *cln;

    if (r->cleanup == NULL || r->cleanup->next
        || r->cleanup->handler != ours->cleanup)
    {
        return 0;
    }

    for (cln = r->pool->cleanup; cln; cln = cln->next) {
        if (cln->handler != ours->moved
            && cln->handler != ngx_cc_caller_cleanup
            && !ngx_cc_pack_ours(cln->handler))
        {
            return 0;
        }
    }

    for (large = r->pool->large; large; large = large->next) {
        if (large->alloc) {
            return 0;
        }
    }

    for (i = 0; i < ngx_http_max_module; i++) {
        if (r->ctx[i] && i != ngx_cc_executor_module.ctx_index
            && !ngx_cc_pack_done(i))
        {
            return 0;
        }
    }

    return 1;
}


/*
 * Does the module with that index need its context only while a header is
 * read?  So Debian counts the lines of a header without another layout of the
 * request than 1.22.1 has.
 */

static ngx_uint_t
ngx_cc_pack_done(ngx_uint_t index)
{
    ngx_uint_t     i;
    ngx_module_t  *m;

    for (i = 0; ngx_cycle->modules[i]; i++) {
        m = ngx_cycle->modules[i];

        if (m->type == NGX_HTTP_MODULE && m->ctx_index == index) {
            return ngx_strcmp(m->name, "ngx_http_header_count_module") == 0;
        }
    }

    return 0;
}


/* all of them; but of the caller's only the last, earlier ones are of no use */

static ngx_uint_t
ngx_cc_pack_cleanups(ngx_cc_pack_t *pk)
{
    ngx_uint_t           callers;
    ngx_pool_cleanup_t  *from, *cln, **last;

    callers = 0;
    last = &pk->pool->cleanup;

    for (from = pk->old->pool->cleanup; from; from = from->next) {

        if (from->handler == ngx_cc_caller_cleanup && callers++) {
            continue;
        }

        cln = ngx_cc_pack_dup(pk, from, sizeof(ngx_pool_cleanup_t));

        if (cln == NULL) {
            return 0;
        }

        cln->next = NULL;
        *last = cln;
        last = &cln->next;
    }

    return 1;
}


/*
 * From now on everybody knows the copy, and nobody the buffer.  1; or 0 and
 * nothing has changed: there is somebody whom we do not know.
 */

static ngx_uint_t
ngx_cc_pack_switch(ngx_cc_pack_t *pk, ngx_http_request_t **holder,
    ngx_pool_t *own)
{
    ngx_buf_t            was;
    ngx_pool_large_t    *large;
    ngx_connection_t    *c;
    ngx_http_log_ctx_t  *ctx;

    c = pk->r->connection;
    ctx = c->log->data;
    was = *c->buffer;
    large = ngx_cc_pack_large(c);

    if (large == NULL) {
        return 0;
    }

    c->data = pk->r;
    ctx->request = pk->r;
    ctx->current_request = pk->r;
    *holder = pk->r;
    large->alloc = NULL;
    ngx_memzero(c->buffer, sizeof(ngx_buf_t));

    if (!ngx_cc_pack_left(pk, pk->pool) && !ngx_cc_pack_left(pk, c->pool)
        && !ngx_cc_pack_left(pk, own))
    {
        return 1;
    }

    c->data = pk->old;
    ctx->request = pk->old;
    ctx->current_request = pk->old;
    *holder = pk->old;
    large->alloc = was.start;
    *c->buffer = was;

    return 0;
}


/*
 * Does a word in the blocks of that pool still point to what would be freed?
 * Then there is a reference that nobody has thought of.
 */

static ngx_uint_t
ngx_cc_pack_left(ngx_cc_pack_t *pk, ngx_pool_t *pool)
{
    u_char  *w, *p;
    size_t   head;

    head = sizeof(ngx_pool_t);

    for ( /* void */ ; pool; pool = pool->d.next) {

        for (w = (u_char *) pool + head;
             w + sizeof(void *) <= pool->d.last;
             w += sizeof(void *))
        {
            ngx_memcpy(&p, w, sizeof(void *));

            if ((p >= pk->from && p <= pk->limit)
                || ngx_cc_pack_block(pk, p) != NULL)
            {
                ngx_log_debug1(NGX_LOG_DEBUG_HTTP, pk->old->connection->log, 0,
                               "cc_executor: not packed, a reference at %p",
                               w);
                return 1;
            }
        }

        head = sizeof(ngx_pool_data_t);
    }

    return 0;
}
