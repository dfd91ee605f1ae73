
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_cc_conf.h"
#include "ngx_cc_pack_copy.h"


/*
 * In parentheses allocations are always nginx's own: with a sanitizer (t/asan)
 * others would lie elsewhere.
 */

static size_t ngx_cc_pack_count(ngx_list_t *list);
static void ngx_cc_pack_list(ngx_cc_pack_t *pk, ngx_list_t *list, void *first,
    size_t size);
static void ngx_cc_pack_words(ngx_list_part_t *part, ngx_table_elt_t *to,
    void *first, size_t size);
#if (nginx_version < 1023000)
static void ngx_cc_pack_array(ngx_cc_pack_t *pk, ngx_array_t *a);
#endif
static void ngx_cc_pack_strings(ngx_cc_pack_t *pk);
static void ngx_cc_pack_headers(ngx_cc_pack_t *pk, ngx_list_t *list);
static void ngx_cc_pack_variables(ngx_cc_pack_t *pk);
static void ngx_cc_pack_string(ngx_cc_pack_t *pk, ngx_str_t *s);
static u_char *ngx_cc_pack_bytes(ngx_cc_pack_t *pk, u_char *p, size_t n);


/* what ngx_cc_pack_copy() and ngx_cc_pack_cleanups() will take of a pool */

size_t
ngx_cc_pack_size(ngx_cc_pack_t *pk)
{
    size_t                      n;
    ngx_http_request_t         *r = pk->old;
    ngx_http_core_main_conf_t  *cmcf;

    cmcf = ngx_http_get_module_main_conf(r, ngx_http_core_module);
    pk->nvariables = cmcf->variables.nelts;

    ngx_cc_pack_strings(pk);

    n = sizeof(ngx_pool_t) + sizeof(ngx_http_request_t)
        + ngx_http_max_module * sizeof(void *)
        + pk->nvariables * sizeof(ngx_http_variable_value_t)
        + (ngx_cc_pack_count(&r->headers_in.headers)
           + ngx_cc_pack_count(&r->headers_out.headers))
          * sizeof(ngx_table_elt_t)
        + sizeof(ngx_http_cleanup_t) + 2 * sizeof(ngx_pool_cleanup_t)
        + (pk->end - pk->from) + 1 + pk->size;

#if (nginx_version < 1023000)
    n += (r->headers_in.cookies.nelts
#if (NGX_HTTP_X_FORWARDED_FOR)
          + r->headers_in.x_forwarded_for.nelts
#endif
          + r->headers_out.cache_control.nelts + r->headers_out.link.nelts)
         * sizeof(void *);
#endif

    /* two lists may be empty, and clean-ups follow strings */

    return ngx_align(n + 3 * NGX_ALIGNMENT, NGX_POOL_ALIGNMENT);
}


static size_t
ngx_cc_pack_count(ngx_list_t *list)
{
    size_t            n;
    ngx_list_part_t  *part;

    n = 0;

    for (part = &list->part; part; part = part->next) {
        n += part->nelts;
    }

    return n;
}


/* first what has to be aligned, then the strings */

void
ngx_cc_pack_copy(ngx_cc_pack_t *pk)
{
    ngx_http_request_t  *old, *r;

    old = pk->old;
    r = ngx_cc_pack_dup(pk, old, sizeof(ngx_http_request_t));

    if (r == NULL) {
        return;
    }

    pk->r = r;
    r->pool = pk->pool;
    r->main = r;

#if (NGX_PCRE)
    /* there is no $1, see ngx_cc_pack_at_rest() */
    r->ncaptures = 0;
    r->captures = NULL;
    r->captures_data = NULL;
#endif

    /* the rest of the struct is that of its parser: different in versions */

    ngx_memzero(&r->header_name_start,
                (u_char *) (r + 1) - (u_char *) &r->header_name_start);

    r->ctx = (ngx_pcalloc)(pk->pool, ngx_http_max_module * sizeof(void *));
    r->variables = ngx_cc_pack_dup(pk, old->variables, pk->nvariables
                                   * sizeof(ngx_http_variable_value_t));
    r->cleanup = ngx_cc_pack_dup(pk, old->cleanup,
                                 sizeof(ngx_http_cleanup_t));

    ngx_cc_pack_list(pk, &r->headers_in.headers, &r->headers_in,
                     sizeof(ngx_http_headers_in_t));
    ngx_cc_pack_list(pk, &r->headers_out.headers, &r->headers_out,
                     sizeof(ngx_http_headers_out_t));

    if (pk->failed || r->ctx == NULL) {
        pk->failed = 1;
        return;
    }

    r->ctx[ngx_cc_executor_module.ctx_index]
        = old->ctx[ngx_cc_executor_module.ctx_index];

    /* there are none */

    ngx_memzero(&r->headers_out.trailers, sizeof(ngx_list_t));
    r->headers_out.trailers.last = &r->headers_out.trailers.part;
    r->headers_out.trailers.size = sizeof(ngx_table_elt_t);
    r->headers_out.trailers.pool = pk->pool;

    if (pk->failed) {
        return;
    }

    pk->to = (ngx_pnalloc)(pk->pool, pk->end - pk->from + 1);

    if (pk->to == NULL) {
        pk->failed = 1;
        return;
    }

    *ngx_cpymem(pk->to, pk->from, pk->end - pk->from) = '\0';

    ngx_cc_pack_strings(pk);
}


void *
ngx_cc_pack_dup(ngx_cc_pack_t *pk, const void *p, size_t n)
{
    void  *copy;

    copy = (ngx_palloc)(pk->pool, n);

    if (copy == NULL) {
        pk->failed = 1;
        return NULL;
    }

    ngx_memcpy(copy, p, n);

    return copy;
}


/*
 * The elements of all parts in one, and whatever points to them: the struct
 * around the list, and they themselves.
 */

static void
ngx_cc_pack_list(ngx_cc_pack_t *pk, ngx_list_t *list, void *first, size_t size)
{
    size_t            n;
    ngx_list_part_t   was, *part;
    ngx_table_elt_t  *to, *p;
#if (nginx_version >= 1023000)
    ngx_table_elt_t  *next;
#endif

    if (pk->failed) {
        return;
    }

    n = ngx_cc_pack_count(list);
    to = (ngx_palloc)(pk->pool, n * sizeof(ngx_table_elt_t) + !n);

    if (to == NULL) {
        pk->failed = 1;
        return;
    }

    was = list->part;
    p = to;

    for (part = &was; part; part = part->next) {
        ngx_memcpy(p, part->elts, part->nelts * sizeof(ngx_table_elt_t));
        p += part->nelts;
    }

    list->part.elts = to;
    list->part.nelts = n;
    list->part.next = NULL;
    list->last = &list->part;
    list->nalloc = n;
    list->pool = pk->pool;

    ngx_cc_pack_words(&was, to, first, size);

#if (nginx_version >= 1023000)

    for (p = to; p < to + n; p++) {
        next = p->next;
        ngx_cc_pack_words(&was, to, &p->next, sizeof(p->next));

        if (p->next == next) {
            /* nginx sets it of those that it knows only, else it is anything */
            p->next = NULL;
        }
    }

#else

    if (first == &pk->r->headers_in) {
        ngx_cc_pack_array(pk, &pk->r->headers_in.cookies);
#if (NGX_HTTP_X_FORWARDED_FOR)
        ngx_cc_pack_array(pk, &pk->r->headers_in.x_forwarded_for);
#endif

    } else {
        ngx_cc_pack_array(pk, &pk->r->headers_out.cache_control);
        ngx_cc_pack_array(pk, &pk->r->headers_out.link);
    }

#endif
}


/* words that point to the old elements point to the new ones then */

static void
ngx_cc_pack_words(ngx_list_part_t *part, ngx_table_elt_t *to, void *first,
    size_t size)
{
    u_char           *w;
    ngx_table_elt_t  *p, *elts;

    for ( /* void */ ; part; to += part->nelts, part = part->next) {
        elts = part->elts;

        for (w = first; w < (u_char *) first + size; w += sizeof(void *)) {
            ngx_memcpy(&p, w, sizeof(void *));

            if (p >= elts && p < elts + part->nelts) {
                p = to + (p - elts);
                ngx_memcpy(w, &p, sizeof(void *));
            }
        }
    }
}


#if (nginx_version < 1023000)


/* of pointers to elements */

static void
ngx_cc_pack_array(ngx_cc_pack_t *pk, ngx_array_t *a)
{
    ngx_list_t          *was, *is;
    ngx_http_request_t  *r = pk->r;

    if (a->nelts == 0) {
        ngx_memzero(a, sizeof(ngx_array_t));
        return;
    }

    a->elts = ngx_cc_pack_dup(pk, a->elts, a->nelts * sizeof(void *));
    a->nalloc = a->nelts;
    a->pool = pk->pool;

    if (pk->failed) {
        return;
    }

    if (a >= (ngx_array_t *) &r->headers_out) {
        was = &pk->old->headers_out.headers;
        is = &r->headers_out.headers;

    } else {
        was = &pk->old->headers_in.headers;
        is = &r->headers_in.headers;
    }

    ngx_cc_pack_words(&was->part, is->part.elts, a->elts,
                      a->nelts * sizeof(void *));
}


#endif


static void
ngx_cc_pack_strings(ngx_cc_pack_t *pk)
{
    ngx_http_request_t  *r = pk->r;

    ngx_cc_pack_string(pk, &r->request_line);
    ngx_cc_pack_string(pk, &r->uri);
    ngx_cc_pack_string(pk, &r->args);
    ngx_cc_pack_string(pk, &r->exten);
    ngx_cc_pack_string(pk, &r->unparsed_uri);
    ngx_cc_pack_string(pk, &r->method_name);
    ngx_cc_pack_string(pk, &r->http_protocol);
    ngx_cc_pack_string(pk, &r->schema);
    ngx_cc_pack_string(pk, &r->headers_in.user);
    ngx_cc_pack_string(pk, &r->headers_in.passwd);
    ngx_cc_pack_string(pk, &r->headers_in.server);
    ngx_cc_pack_string(pk, &r->headers_out.status_line);
    ngx_cc_pack_string(pk, &r->headers_out.content_type);
    ngx_cc_pack_string(pk, &r->headers_out.charset);

    ngx_cc_pack_headers(pk, &r->headers_in.headers);
    ngx_cc_pack_headers(pk, &r->headers_out.headers);
    ngx_cc_pack_variables(pk);
}


static void
ngx_cc_pack_headers(ngx_cc_pack_t *pk, ngx_list_t *list)
{
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    for (part = &list->part; part; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {
            ngx_cc_pack_string(pk, &h[i].key);
            ngx_cc_pack_string(pk, &h[i].value);

            if (list == &pk->r->headers_in.headers) {
                h[i].lowcase_key = ngx_cc_pack_bytes(pk, h[i].lowcase_key,
                                                     h[i].key.len);

            } else if (pk->pool) {
                /* nobody sets it for all headers of a response, or reads it */
                h[i].lowcase_key = NULL;
            }
        }
    }
}


static void
ngx_cc_pack_variables(ngx_cc_pack_t *pk)
{
    ngx_uint_t                  i;
    ngx_http_variable_value_t  *v;

    for (i = 0; i < pk->nvariables; i++) {
        v = &pk->r->variables[i];

        if (v->valid && !v->not_found) {
            v->data = ngx_cc_pack_bytes(pk, v->data, v->len);

        } else if (pk->pool) {
            v->data = NULL;
        }
    }
}


static void
ngx_cc_pack_string(ngx_cc_pack_t *pk, ngx_str_t *s)
{
    s->data = ngx_cc_pack_bytes(pk, s->data, s->len);
}


/*
 * Where n bytes at p are from now on: p itself when that is not freed, or is
 * only measured.  Somebody may count on a NUL behind them.
 */

static u_char *
ngx_cc_pack_bytes(ngx_cc_pack_t *pk, u_char *p, size_t n)
{
    u_char      *to;
    ngx_pool_t  *block;

    if (p == NULL) {
        return NULL;
    }

    if (p >= pk->from && p <= pk->end) {

        if (n > (size_t) (pk->end - p)) {
            pk->failed = 1;
            return p;
        }

        return pk->pool ? pk->to + (p - pk->from) : p;
    }

    block = ngx_cc_pack_block(pk, p);

    if (block == NULL) {
        return p;
    }

    if (n > (size_t) (block->d.last - p)) {
        pk->failed = 1;
        return p;
    }

    if (pk->pool == NULL) {
        pk->size += n + 1;
        return p;
    }

    to = (ngx_pnalloc)(pk->pool, n + 1);

    if (to == NULL) {
        pk->failed = 1;
        return p;
    }

    *ngx_cpymem(to, p, n) = '\0';

    return to;
}


/* the block of the old pool that p points into, or NULL */

ngx_pool_t *
ngx_cc_pack_block(ngx_cc_pack_t *pk, const u_char *p)
{
    ngx_pool_t  *block;

    for (block = pk->old->pool; block; block = block->d.next) {
        if (p >= (u_char *) block && p < block->d.end) {
            return block;
        }
    }

    return NULL;
}
