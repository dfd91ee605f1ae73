
#include <ngx_config.h>
#include <ngx_core.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include "ngx_cc_handle.h"
#include "ngx_cc_key.h"


#define NGX_CC_KEY_SESSIONS  "sessions"


/* what stands in the page */

typedef struct {
    ngx_cc_key_pair_t   commands;
    ngx_cc_key_pair_t   sessions;        /* keys 0: not said yet */
} ngx_cc_key_page_t;


static void ngx_cc_key_lock(ngx_log_t *log);


/* a page of its own, or NULL */

static ngx_cc_key_page_t  *ngx_cc_key;


ngx_int_t
ngx_cc_key_make(const ngx_cc_key_pair_t *pair, ngx_log_t *log)
{
    ngx_cc_key_page_t  *key;

    if (ngx_cc_key) {
        ngx_cc_key_lock(log);

        return pair == NULL
               || ngx_cc_hmac_equal(pair, &ngx_cc_key->commands,
                                    sizeof(*pair))
               ? NGX_OK : NGX_DECLINED;
    }

    key = mmap(NULL, ngx_pagesize, PROT_READ|PROT_WRITE,
               MAP_PRIVATE|MAP_ANONYMOUS, -1, 0);

    if (key == MAP_FAILED) {
        ngx_log_error(NGX_LOG_EMERG, log, ngx_errno,
                      "cc_executor: mmap() of the key failed");
        return NGX_ERROR;
    }

    (void) prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);

    ngx_cc_key = key;
    ngx_cc_key_lock(log);
    (void) madvise(key, ngx_pagesize, MADV_DONTDUMP);

    if (pair) {
        key->commands = *pair;
        return NGX_OK;
    }

    key->commands.keys = 1;

    if (ngx_cc_random(key->commands.current, NGX_CC_KEY_SIZE) == -1) {
        ngx_log_error(NGX_LOG_EMERG, log, ngx_errno,
                      "cc_executor: no randomness for the key");
        (void) munmap(key, ngx_pagesize);
        ngx_cc_key = NULL;
        return NGX_ERROR;
    }

    return NGX_OK;
}


/*
 * A lock is not inherited by fork; the page is, and stays the same one until
 * somebody writes it: locked by one process it is in memory for all.
 */

static void
ngx_cc_key_lock(ngx_log_t *log)
{
    if (mlock(ngx_cc_key, ngx_pagesize) == -1) {
        ngx_log_error(NGX_LOG_WARN, log, ngx_errno,
                      "cc_executor: mlock() of the key failed: it may be "
                      "written to swap");
    }
}


void
ngx_cc_key_enter(ngx_uint_t holds, ngx_log_t *log)
{
    if (ngx_cc_key == NULL) {
        return;
    }

    if (!holds) {
        (void) munmap(ngx_cc_key, ngx_pagesize);
        ngx_cc_key = NULL;
        return;
    }

    ngx_cc_key_lock(log);

    /* spawner and helpers are born without the page */

    if (madvise(ngx_cc_key, ngx_pagesize, MADV_DONTFORK) == -1) {
        ngx_log_error(NGX_LOG_ALERT, log, ngx_errno,
                      "cc_executor: madvise(MADV_DONTFORK) of the key failed, "
                      "there are no kept commands");
        ngx_cc_key_leave();
    }
}


void
ngx_cc_key_leave(void)
{
    if (ngx_cc_key) {
        explicit_bzero(ngx_cc_key, ngx_pagesize);
        (void) munmap(ngx_cc_key, ngx_pagesize);
        ngx_cc_key = NULL;
    }
}


ngx_int_t
ngx_cc_key_sessions(const ngx_cc_key_pair_t *pair)
{
    uint8_t             mac[NGX_CC_HMAC_SIZE];
    ngx_uint_t          same;
    ngx_cc_key_pair_t   derived;

    if (ngx_cc_key == NULL) {
        return NGX_OK;
    }

    ngx_memzero(&derived, sizeof(ngx_cc_key_pair_t));

    if (pair == NULL) {
        (void) ngx_cc_key_mac(0, NGX_CC_KEY_SESSIONS, NULL, 0, mac);
        ngx_memcpy(derived.current, mac, NGX_CC_KEY_SIZE);
        derived.keys = 1;

        if (ngx_cc_key_mac(1, NGX_CC_KEY_SESSIONS, NULL, 0, mac) == NGX_OK) {
            ngx_memcpy(derived.previous, mac, NGX_CC_KEY_SIZE);
            derived.keys = 2;
        }

        ngx_explicit_memzero(mac, sizeof(mac));
        pair = &derived;
    }

    if (ngx_cc_key->sessions.keys == 0) {
        ngx_cc_key->sessions = *pair;
    }

    same = ngx_cc_hmac_equal(pair, &ngx_cc_key->sessions, sizeof(*pair));
    ngx_explicit_memzero(&derived, sizeof(ngx_cc_key_pair_t));

    return same ? NGX_OK : NGX_DECLINED;
}


const uint8_t *
ngx_cc_key_session(ngx_uint_t previous)
{
    if (ngx_cc_key == NULL || ngx_cc_key->sessions.keys < 1 + previous) {
        return NULL;
    }

    return previous ? ngx_cc_key->sessions.previous
                    : ngx_cc_key->sessions.current;
}


ngx_uint_t
ngx_cc_key_there(void)
{
    return ngx_cc_key != NULL;
}


ngx_int_t
ngx_cc_key_mac(ngx_uint_t previous, const char *label, const void *p,
    size_t n, uint8_t mac[NGX_CC_HMAC_SIZE])
{
    ngx_cc_hmac_t  hmac;

    if (ngx_cc_key == NULL || (previous && ngx_cc_key->commands.keys < 2)) {
        return NGX_DECLINED;
    }

    ngx_cc_hmac_init(&hmac, previous ? ngx_cc_key->commands.previous
                                     : ngx_cc_key->commands.current,
                     NGX_CC_KEY_SIZE);
    ngx_cc_hmac_update(&hmac, label, ngx_strlen(label));
    ngx_cc_hmac_update(&hmac, p, n);
    ngx_cc_hmac_final(&hmac, mac);

    return NGX_OK;
}


ngx_int_t
ngx_cc_key_pool(u_char text[NGX_CC_KEY_POOL])
{
    uint8_t  mac[NGX_CC_HMAC_SIZE];

    if (ngx_cc_key_mac(0, "pool", NULL, 0, mac) != NGX_OK) {
        return NGX_DECLINED;
    }

    (void) ngx_hex_dump(text, mac, NGX_CC_KEY_POOL / 2);

    return NGX_OK;
}


ngx_int_t
ngx_cc_key_auth(const uint8_t name[NGX_CC_KEY_NAME],
    uint8_t auth[NGX_CC_KEY_AUTH])
{
    return ngx_cc_key_mac(0, "helper", name, NGX_CC_KEY_NAME, auth);
}
