
/*
 * The few functions of nginx that src/rpc calls, so that it can be tested
 * without nginx: a pool is a list of malloc()s, which the address sanitizer
 * watches one by one; a timer is an entry in a table that a test fires.
 */

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <stdarg.h>
#include "shim.h"


typedef struct shim_block_s  shim_block_t;

struct shim_block_s {
    shim_block_t  *next;
    max_align_t    data[];
};


typedef struct {
    ngx_pool_t     pool;             /* what macros write to */
    shim_block_t  *first;
} shim_pool_t;


volatile ngx_msec_t  ngx_current_msec;
static ngx_time_t             shim_time;
volatile ngx_time_t          *ngx_cached_time = &shim_time;
static ngx_cycle_t            shim_cycle;
volatile ngx_cycle_t         *ngx_cycle = &shim_cycle;
ngx_rbtree_t         ngx_event_timer_rbtree;
int                  shim_allocations;   /* until one fails; 0 = never */

static ngx_rbtree_node_t  *shim_timers[64];


static void *
shim_malloc(size_t size)
{
    if (shim_allocations && --shim_allocations == 0) {
        return NULL;
    }

    return malloc(size);
}


void *
ngx_alloc(size_t size, ngx_log_t *log)
{
    return shim_malloc(size);
}


void *
ngx_calloc(size_t size, ngx_log_t *log)
{
    void  *p;

    p = shim_malloc(size);

    return p ? memset(p, 0, size) : NULL;
}


ngx_pool_t *
ngx_create_pool(size_t size, ngx_log_t *log)
{
    return ngx_calloc(sizeof(shim_pool_t), log);
}


void
ngx_destroy_pool(ngx_pool_t *pool)
{
    shim_pool_t   *sp = (shim_pool_t *) pool;
    shim_block_t  *b;

    while (sp->first) {
        b = sp->first;
        sp->first = b->next;
        free(b);
    }

    free(sp);
}


void *
ngx_palloc(ngx_pool_t *pool, size_t size)
{
    shim_pool_t   *sp = (shim_pool_t *) pool;
    shim_block_t  *b;

    b = shim_malloc(sizeof(shim_block_t) + size);

    if (b == NULL) {
        return NULL;
    }

    b->next = sp->first;
    sp->first = b;

    return b->data;
}


ngx_int_t
ngx_pfree(ngx_pool_t *pool, void *p)
{
    shim_pool_t    *sp = (shim_pool_t *) pool;
    shim_block_t   *b, **at;

    for (at = &sp->first; *at; at = &(*at)->next) {
        b = *at;

        if (b->data == p) {
            *at = b->next;
            free(b);
            return NGX_OK;
        }
    }

    return NGX_DECLINED;
}


void *
ngx_pnalloc(ngx_pool_t *pool, size_t size)
{
    return ngx_palloc(pool, size);
}


void *
ngx_pcalloc(ngx_pool_t *pool, size_t size)
{
    void  *p;

    p = ngx_palloc(pool, size);

    return p ? memset(p, 0, size) : NULL;
}


void
ngx_cdecl
ngx_log_error_core(ngx_uint_t level, ngx_log_t *log, ngx_err_t err,
    const char *fmt, ...)
{
}


/* %s %*s %V %d %i %L %ui %uz %uD %uL %xL %016xL %M %Z, as src/rpc uses them */

u_char *
ngx_vslprintf(u_char *buf, u_char *last, const char *fmt, va_list args)
{
    char        number[32];
    size_t      n, width;
    ngx_str_t  *v;
    const char *p;

    for ( /* void */ ; *fmt && buf < last; fmt++) {

        if (*fmt != '%') {
            *buf++ = *fmt;
            continue;
        }

        fmt++;
        width = (size_t) -1;

        if (*fmt == '*') {
            width = va_arg(args, size_t);
            fmt++;
        }

        p = number;

        if (*fmt == 's') {
            p = va_arg(args, char *);
            n = width == (size_t) -1 ? strlen(p) : width;

        } else if (*fmt == 'V') {
            v = va_arg(args, ngx_str_t *);
            p = (char *) v->data;
            n = v->len;

        } else if (*fmt == 'd') {
            n = snprintf(number, 32, "%d", va_arg(args, int));

        } else if (*fmt == 'i') {
            n = snprintf(number, 32, "%zd", va_arg(args, ssize_t));

        } else if (*fmt == 'L') {
            n = snprintf(number, 32, "%lld", va_arg(args, long long));

        } else if (*fmt == 'M') {
            n = snprintf(number, 32, "%zu", va_arg(args, size_t));

        } else if (fmt[0] == 'u' && fmt[1] == 'L') {
            fmt++;
            n = snprintf(number, 32, "%llu",
                         va_arg(args, unsigned long long));

        } else if (fmt[0] == 'x' && fmt[1] == 'L') {
            fmt++;
            n = snprintf(number, 32, "%llx",
                         va_arg(args, unsigned long long));

        } else if (strncmp(fmt, "016xL", 5) == 0) {
            fmt += 4;
            n = snprintf(number, 32, "%016llx",
                         va_arg(args, unsigned long long));

        } else if (*fmt == 'Z') {
            n = 1;
            number[0] = '\0';

        } else if (fmt[0] == 'u' && (fmt[1] == 'i' || fmt[1] == 'z')) {
            fmt++;
            n = snprintf(number, 32, "%zu", va_arg(args, size_t));

        } else if (fmt[0] == 'u' && fmt[1] == 'D') {
            fmt++;
            n = snprintf(number, 32, "%u", va_arg(args, unsigned));

        } else {
            abort();
        }

        n = n < (size_t) (last - buf) ? n : (size_t) (last - buf);
        buf = ngx_cpymem(buf, p, n);
    }

    return buf;
}


u_char *
ngx_cdecl
ngx_sprintf(u_char *buf, const char *fmt, ...)
{
    u_char   *p;
    va_list   args;

    va_start(args, fmt);
    p = ngx_vslprintf(buf, (u_char *) -1, fmt, args);
    va_end(args);

    return p;
}


u_char *
ngx_cdecl
ngx_slprintf(u_char *buf, u_char *last, const char *fmt, ...)
{
    u_char   *p;
    va_list   args;

    va_start(args, fmt);
    p = ngx_vslprintf(buf, last, fmt, args);
    va_end(args);

    return p;
}


u_char *
ngx_strerror(ngx_err_t err, u_char *errstr, size_t size)
{
    const char  *text = strerror(err);

    return ngx_cpymem(errstr, text, ngx_min(strlen(text), size));
}


static const char  shim_base64[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";


void
ngx_encode_base64(ngx_str_t *dst, ngx_str_t *src)
{
    size_t    i, n;
    u_char   *p;
    uint32_t  v;

    p = dst->data;

    for (i = 0; i < src->len; i += 3) {
        n = src->len - i;
        v = src->data[i] << 16 | (n > 1 ? src->data[i + 1] << 8 : 0)
            | (n > 2 ? src->data[i + 2] : 0);
        *p++ = shim_base64[v >> 18];
        *p++ = shim_base64[v >> 12 & 63];
        *p++ = n > 1 ? shim_base64[v >> 6 & 63] : '=';
        *p++ = n > 2 ? shim_base64[v & 63] : '=';
    }

    dst->len = p - dst->data;
}


ngx_int_t
ngx_decode_base64(ngx_str_t *dst, ngx_str_t *src)
{
    size_t       i, bits;
    u_char      *p;
    uint32_t     v;
    const char  *c;

    p = dst->data;
    v = 0;
    bits = 0;

    for (i = 0; i < src->len && src->data[i] != '='; i++) {
        c = strchr(shim_base64, src->data[i]);

        if (c == NULL || *c == '\0') {
            return NGX_ERROR;
        }

        v = v << 6 | (uint32_t) (c - shim_base64);
        bits += 6;

        if (bits >= 8) {
            bits -= 8;
            *p++ = v >> bits;
        }
    }

    dst->len = p - dst->data;

    return i % 4 == 1 ? NGX_ERROR : NGX_OK;
}


void
ngx_rbtree_insert(ngx_rbtree_t *tree, ngx_rbtree_node_t *node)
{
    int  i;

    for (i = 0; shim_timers[i]; i++) { /* void */ }

    shim_timers[i] = node;
}


void
ngx_rbtree_delete(ngx_rbtree_t *tree, ngx_rbtree_node_t *node)
{
    int  i;

    for (i = 0; i < 64; i++) {
        if (shim_timers[i] == node) {
            shim_timers[i] = NULL;
            return;
        }
    }

    abort();
}


int
shim_fire(void)
{
    int           i, n;
    ngx_event_t  *ev;

    n = 0;

    for (i = 0; i < 64; i++) {
        if (shim_timers[i]) {
            ev = ngx_rbtree_data(shim_timers[i], ngx_event_t, timer);
            shim_timers[i] = NULL;
            ev->timer_set = 0;
            ev->timedout = 1;
            ev->handler(ev);
            n++;
        }
    }

    return n;
}


int
shim_expire(void)
{
    int           i, k;
    ngx_event_t  *ev;

    k = -1;

    for (i = 0; i < 64; i++) {
        if (shim_timers[i]
            && (ngx_msec_int_t) (shim_timers[i]->key - ngx_current_msec) <= 0
            && (k == -1 || (ngx_msec_int_t) (shim_timers[i]->key
                                             - shim_timers[k]->key) < 0))
        {
            k = i;
        }
    }

    if (k == -1) {
        return 0;
    }

    ev = ngx_rbtree_data(shim_timers[k], ngx_event_t, timer);
    shim_timers[k] = NULL;
    ev->timer_set = 0;
    ev->timedout = 1;
    ev->handler(ev);

    return 1;
}


ngx_msec_t
shim_next(void)
{
    int             i;
    ngx_msec_int_t  n, least;

    least = -1;

    for (i = 0; i < 64; i++) {
        if (shim_timers[i]) {
            n = (ngx_msec_int_t) (shim_timers[i]->key - ngx_current_msec);
            n = ngx_max(n, 0);
            least = least == -1 || n < least ? n : least;
        }
    }

    return (ngx_msec_t) least;
}


ngx_int_t
ngx_atoi(u_char *p, size_t n)
{
    ngx_int_t  value;

    for (value = 0; n; n--, p++) {

        if (*p < '0' || *p > '9') {
            return NGX_ERROR;
        }

        value = value * 10 + (*p - '0');
    }

    return value;
}


u_char *
ngx_hex_dump(u_char *dst, u_char *src, size_t len)
{
    static const char  hex[] = "0123456789abcdef";

    while (len--) {
        *dst++ = hex[*src >> 4];
        *dst++ = hex[*src++ & 0xf];
    }

    return dst;
}


size_t
ngx_utf8_length(u_char *p, size_t n)
{
    size_t  len;

    for (len = 0; n; n--) {
        len += (*p++ & 0xc0) != 0x80;
    }

    return len;
}
