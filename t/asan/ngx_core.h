
/*
 * For the address sanitizer, which cannot look into nginx's pools: found by the
 * module's files before nginx's own header of that name ("make asan"), it makes
 * each allocation from a pool a malloc() of exactly that size, freed with the
 * pool.
 */

#include_next <ngx_core.h>

/* nginx's headers include each other: not before pools are declared */

#if defined(_NGX_CONNECTION_H_INCLUDED_)                                      \
    && !defined(_ASAN_NGX_CORE_H_INCLUDED_)
#define _ASAN_NGX_CORE_H_INCLUDED_


static ngx_inline void
asan_free(void *p)
{
    free(p);
}


static ngx_inline void *
asan_palloc(ngx_pool_t *pool, size_t size)
{
    ngx_pool_cleanup_t  *cln;

    cln = ngx_pool_cleanup_add(pool, 0);

    if (cln == NULL) {
        return NULL;
    }

    cln->data = malloc(size ? size : 1);
    cln->handler = asan_free;

    return cln->data;
}


static ngx_inline void *
asan_pcalloc(ngx_pool_t *pool, size_t size)
{
    void  *p;

    p = asan_palloc(pool, size);

    return p ? memset(p, 0, size) : NULL;
}


#define ngx_palloc(pool, size)   asan_palloc(pool, size)
#define ngx_pnalloc(pool, size)  asan_palloc(pool, size)
#define ngx_pcalloc(pool, size)  asan_pcalloc(pool, size)

/* what these have added is ours: it moves with the request (ngx_cc_pack) */

#define ngx_cc_pack_ours(handler)  1


#endif
