
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_yajl.h"


#define NGX_CC_YAJL_HEAD   16    /* bytes before each block: its size */


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
    jmp_buf      shortage;
    yajl_status  status;

    y->shortage = &shortage;

    if (setjmp(shortage) != 0) {
        return NGX_ERROR;
    }

    status = n ? yajl_parse(y->handle, p, n) : yajl_status_ok;

    if (last && status == yajl_status_ok) {
        status = yajl_complete_parse(y->handle);
    }

    return status == yajl_status_ok ? NGX_OK : NGX_DECLINED;
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

    new = ngx_cc_yajl_malloc(data, size);

    if (p) {
        old = *(size_t *) ((u_char *) p - NGX_CC_YAJL_HEAD);
        ngx_memcpy(new, p, ngx_min(old, size));
        ngx_cc_yajl_free(data, p);
    }

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
