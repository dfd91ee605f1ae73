
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_yajl.h"


#define NGX_CC_YAJL_HEAD   16    /* bytes before each block: its size */


static ngx_int_t ngx_cc_yajl_text(ngx_cc_yajl_t *y, const u_char *p, size_t n);
static ngx_int_t ngx_cc_yajl_pieces(ngx_cc_yajl_t *y, const u_char **p,
    size_t *n);
static size_t ngx_cc_yajl_scan(const u_char *p, size_t n, ngx_uint_t *lone);
static ngx_int_t ngx_cc_yajl_escape(const u_char *p, size_t n, size_t *len);
static ngx_int_t ngx_cc_yajl_unit(const u_char *p);
static ngx_int_t ngx_cc_yajl_feed(ngx_cc_yajl_t *y, const u_char *p,
    size_t n);
static void *ngx_cc_yajl_malloc(void *data, size_t size);
static void *ngx_cc_yajl_realloc(void *data, void *p, size_t size);
static void ngx_cc_yajl_free(void *data, void *p);


ngx_int_t
ngx_cc_yajl_begin(ngx_cc_yajl_t *y, yajl_callbacks *callbacks, void *data,
    ngx_pool_t *pool)
{
    jmp_buf  shortage;

    y->pool = pool;
    y->memory.malloc = ngx_cc_yajl_malloc;
    y->memory.realloc = ngx_cc_yajl_realloc;
    y->memory.free = ngx_cc_yajl_free;
    y->memory.ctx = y;
    y->shortage = &shortage;
    y->nheld = 0;

    if (setjmp(shortage) != 0) {
        return NGX_ERROR;
    }

    y->handle = yajl_alloc(callbacks, &y->memory, data);

    (void) yajl_config(y->handle, yajl_dont_validate_strings, 1);

    return NGX_OK;
}


ngx_int_t
ngx_cc_yajl_parse(ngx_cc_yajl_t *y, const u_char *p, size_t n,
    ngx_uint_t last)
{
    jmp_buf    shortage;
    ngx_int_t  rc;

    y->shortage = &shortage;

    if (setjmp(shortage) != 0) {
        return NGX_ERROR;
    }

    rc = ngx_cc_yajl_text(y, p, n);

    if (!last || rc != NGX_OK) {
        return rc;
    }

    /* an incomplete escape is an error, which yajl finds */

    if (ngx_cc_yajl_feed(y, y->held, y->nheld) != NGX_OK
        || yajl_complete_parse(y->handle) != yajl_status_ok)
    {
        return NGX_DECLINED;
    }

    return NGX_OK;
}


/* what an earlier piece ended in the middle of comes first */

static ngx_int_t
ngx_cc_yajl_text(ngx_cc_yajl_t *y, const u_char *p, size_t n)
{
    size_t         take, left, before;
    u_char         join[2 * NGX_CC_YAJL_ESCAPE];
    const u_char  *q;

    if (y->nheld) {
        before = y->nheld;
        take = ngx_min(n, NGX_CC_YAJL_ESCAPE);
        ngx_memcpy(join, y->held, before);

        if (take) {
            ngx_memcpy(join + before, p, take);
        }

        q = join;
        left = before + take;

        if (ngx_cc_yajl_pieces(y, &q, &left) != NGX_OK) {
            return NGX_DECLINED;
        }

        if (left > take) {
            /* still not whole, and that was all */
            ngx_memcpy(y->held, q, left);
            y->nheld = left;
            return NGX_OK;
        }

        y->nheld = 0;
        p += take - left;
        n -= take - left;
    }

    if (ngx_cc_yajl_pieces(y, &p, &n) != NGX_OK) {
        return NGX_DECLINED;
    }

    if (n) {
        ngx_memcpy(y->held, p, n);
        y->nheld = n;
    }

    return NGX_OK;
}


/* gives yajl all but an escape at the end that is not whole: *p and *n */

static ngx_int_t
ngx_cc_yajl_pieces(ngx_cc_yajl_t *y, const u_char **p, size_t *n)
{
    size_t      take;
    ngx_uint_t  lone;

    static const u_char  mark[] = { NGX_CC_YAJL_LONE };

    for ( ;; ) {
        take = ngx_cc_yajl_scan(*p, *n, &lone);

        if (ngx_cc_yajl_feed(y, *p, take) != NGX_OK) {
            return NGX_DECLINED;
        }

        *p += take;
        *n -= take;

        if (!lone) {
            return NGX_OK;
        }

        if (ngx_cc_yajl_feed(y, mark, 1) != NGX_OK) {
            return NGX_DECLINED;
        }

        (*p)++;
        (*n)--;
    }
}


/*
 * How many bytes may be given to yajl as they are.  Behind them there is
 * nothing, a lone surrogate (*lone), or an escape that is not whole.
 */

static size_t
ngx_cc_yajl_scan(const u_char *p, size_t n, ngx_uint_t *lone)
{
    size_t         at, len;
    ngx_int_t      rc;
    const u_char  *next;

    *lone = 0;

    for (at = 0; at < n; at += len) {
        next = memchr(p + at, '\\', n - at);

        if (next == NULL) {
            break;
        }

        at = next - p;
        rc = ngx_cc_yajl_escape(next, n - at, &len);

        if (rc != NGX_OK) {
            *lone = (rc == NGX_DECLINED);
            return at;
        }
    }

    return n;
}


/*
 * The escape at p (n >= 1): NGX_OK and its length, NGX_DECLINED when it is half
 * a pair of surrogates, NGX_AGAIN when n bytes do not tell.  Whether it is one
 * that JSON has is yajl's business.
 */

static ngx_int_t
ngx_cc_yajl_escape(const u_char *p, size_t n, size_t *len)
{
    ngx_int_t  unit;

    *len = 2;

    if (n < 2) {
        return NGX_AGAIN;
    }

    if (p[1] != 'u') {
        return NGX_OK;
    }

    if (n < 6) {
        return NGX_AGAIN;
    }

    unit = ngx_cc_yajl_unit(p + 2);

    if (unit < 0xd800 || unit > 0xdfff) {
        return NGX_OK;
    }

    if (unit >= 0xdc00) {
        return NGX_DECLINED;
    }

    *len = NGX_CC_YAJL_ESCAPE;

    if ((n > 6 && p[6] != '\\') || (n > 7 && p[7] != 'u')) {
        return NGX_DECLINED;
    }

    if (n < NGX_CC_YAJL_ESCAPE) {
        return NGX_AGAIN;
    }

    unit = ngx_cc_yajl_unit(p + 8);

    return (unit >= 0xdc00 && unit <= 0xdfff) ? NGX_OK : NGX_DECLINED;
}


/* four hexadecimal digits, or -1 */

static ngx_int_t
ngx_cc_yajl_unit(const u_char *p)
{
    u_char      c;
    ngx_int_t   unit;
    ngx_uint_t  i;

    unit = 0;

    for (i = 0; i < 4; i++) {
        c = p[i];

        if (c >= '0' && c <= '9') {
            unit = unit * 16 + c - '0';
            continue;
        }

        c |= 0x20;

        if (c < 'a' || c > 'f') {
            return -1;
        }

        unit = unit * 16 + c - 'a' + 10;
    }

    return unit;
}


static ngx_int_t
ngx_cc_yajl_feed(ngx_cc_yajl_t *y, const u_char *p, size_t n)
{
    if (n && yajl_parse(y->handle, p, n) != yajl_status_ok) {
        return NGX_DECLINED;
    }

    return NGX_OK;
}


static void *
ngx_cc_yajl_malloc(void *data, size_t size)
{
    u_char         *p;
    ngx_cc_yajl_t  *y = data;

    p = ngx_palloc(y->pool, NGX_CC_YAJL_HEAD + size);

    if (p == NULL) {
        longjmp(*y->shortage, 1);
    }

    *(size_t *) p = size;

    return p + NGX_CC_YAJL_HEAD;
}


static void *
ngx_cc_yajl_realloc(void *data, void *p, size_t size)
{
    u_char  *new;
    size_t   old;

    if (p == NULL) {
        return ngx_cc_yajl_malloc(data, size);
    }

    old = *(size_t *) ((u_char *) p - NGX_CC_YAJL_HEAD);

    if (size <= old) {
        return p;
    }

    /* its stack of states grows by 128 bytes, which a deep text would cost */

    new = ngx_cc_yajl_malloc(data, ngx_max(size, 2 * old));
    ngx_memcpy(new, p, old);
    ngx_cc_yajl_free(data, p);

    return new;
}


/* a small block stays in the pool until the text is over */

static void
ngx_cc_yajl_free(void *data, void *p)
{
    ngx_cc_yajl_t  *y = data;

    if (p) {
        (void) ngx_pfree(y->pool, (u_char *) p - NGX_CC_YAJL_HEAD);
    }
}
