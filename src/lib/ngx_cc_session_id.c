
#include <string.h>
#include "ngx_cc_hex.h"
#include "ngx_cc_hmac.h"
#include "ngx_cc_session_id.h"


/* where the parts begin */

#define NGX_CC_SESSION_ID_AT_VERSION  1
#define NGX_CC_SESSION_ID_AT_ISSUED   5
#define NGX_CC_SESSION_ID_AT_OWNER    11
#define NGX_CC_SESSION_ID_AT_RANDOM   27
#define NGX_CC_SESSION_ID_AT_MAC      43


static void ngx_cc_session_id_mac(const uint8_t *key, const uint8_t *p,
    uint8_t mac[NGX_CC_HMAC_SIZE]);
static void ngx_cc_session_id_put(uint8_t *p, size_t n, uint64_t value);
static uint64_t ngx_cc_session_id_get(const uint8_t *p, size_t n);


int
ngx_cc_session_id_make(const uint8_t key[NGX_CC_SESSION_ID_KEY],
    uint32_t version, const uint8_t *owner, uint64_t now, char *text)
{
    uint8_t  p[NGX_CC_SESSION_ID_SIZE], mac[NGX_CC_HMAC_SIZE];

    p[0] = NGX_CC_SESSION_ID_FORMAT;
    ngx_cc_session_id_put(p + NGX_CC_SESSION_ID_AT_VERSION, 4, version);
    ngx_cc_session_id_put(p + NGX_CC_SESSION_ID_AT_ISSUED, 6, now);
    memcpy(p + NGX_CC_SESSION_ID_AT_OWNER, owner, NGX_CC_SESSION_ID_OWNER);

    if (ngx_cc_random(p + NGX_CC_SESSION_ID_AT_RANDOM,
                      NGX_CC_SESSION_ID_RANDOM)
        == -1)
    {
        return -1;
    }

    ngx_cc_session_id_mac(key, p, mac);
    memcpy(p + NGX_CC_SESSION_ID_AT_MAC, mac, NGX_CC_SESSION_ID_MAC);

    (void) ngx_cc_hex_write(text, p, NGX_CC_SESSION_ID_SIZE);

    return 0;
}


int
ngx_cc_session_id_check(const uint8_t key[NGX_CC_SESSION_ID_KEY],
    const char *text, size_t len, const uint8_t *owner, uint64_t now,
    ngx_cc_session_id_t *id)
{
    int      good;
    uint8_t  p[NGX_CC_SESSION_ID_SIZE], mac[NGX_CC_HMAC_SIZE];

    if (len != NGX_CC_SESSION_ID_TEXT
        || ngx_cc_hex_read(text, p, NGX_CC_SESSION_ID_SIZE) == -1
        || p[0] != NGX_CC_SESSION_ID_FORMAT)
    {
        return -1;
    }

    ngx_cc_session_id_mac(key, p, mac);

    good = ngx_cc_hmac_equal(mac, p + NGX_CC_SESSION_ID_AT_MAC,
                             NGX_CC_SESSION_ID_MAC)
           & ngx_cc_hmac_equal(owner, p + NGX_CC_SESSION_ID_AT_OWNER,
                               NGX_CC_SESSION_ID_OWNER);

    if (!good) {
        return -1;
    }

    id->version = ngx_cc_session_id_get(p + NGX_CC_SESSION_ID_AT_VERSION, 4);
    id->issued = ngx_cc_session_id_get(p + NGX_CC_SESSION_ID_AT_ISSUED, 6);
    id->owner = ngx_cc_session_id_get(p + NGX_CC_SESSION_ID_AT_OWNER, 8);
    id->number = ngx_cc_session_id_get(p + NGX_CC_SESSION_ID_AT_RANDOM, 8);

    return now > id->issued && now - id->issued > NGX_CC_SESSION_ID_LIFE
           ? -1 : 0;
}


void
ngx_cc_session_id_call(const uint8_t key[NGX_CC_SESSION_ID_KEY],
    const char text[NGX_CC_SESSION_ID_TEXT], const void *call, size_t len,
    ngx_cc_handle_t *handle)
{
    size_t         n;
    uint8_t        mac[NGX_CC_HMAC_SIZE];
    ngx_cc_hmac_t  hmac;

    n = NGX_CC_SESSION_ID_PREFIX;

    ngx_cc_hmac_init(&hmac, key, NGX_CC_SESSION_ID_KEY);
    ngx_cc_hmac_update(&hmac, "calls", 5);
    ngx_cc_hmac_update(&hmac, text, NGX_CC_SESSION_ID_TEXT);
    ngx_cc_hmac_final(&hmac, mac);
    memcpy(handle->byte, mac, n);

    ngx_cc_hmac_init(&hmac, key, NGX_CC_SESSION_ID_KEY);
    ngx_cc_hmac_update(&hmac, "call", 4);
    ngx_cc_hmac_update(&hmac, text, NGX_CC_SESSION_ID_TEXT);
    ngx_cc_hmac_update(&hmac, call, len);
    ngx_cc_hmac_final(&hmac, mac);
    memcpy(handle->byte + n, mac, NGX_CC_HANDLE_SIZE - n);
}


static void
ngx_cc_session_id_mac(const uint8_t *key, const uint8_t *p,
    uint8_t mac[NGX_CC_HMAC_SIZE])
{
    ngx_cc_hmac_t  hmac;

    ngx_cc_hmac_init(&hmac, key, NGX_CC_SESSION_ID_KEY);
    ngx_cc_hmac_update(&hmac, "session", 7);
    ngx_cc_hmac_update(&hmac, p, NGX_CC_SESSION_ID_AT_MAC);
    ngx_cc_hmac_final(&hmac, mac);
}


static void
ngx_cc_session_id_put(uint8_t *p, size_t n, uint64_t value)
{
    while (n--) {
        p[n] = (uint8_t) value;
        value >>= 8;
    }
}


static uint64_t
ngx_cc_session_id_get(const uint8_t *p, size_t n)
{
    uint64_t  value;

    for (value = 0; n; n--) {
        value = value << 8 | *p++;
    }

    return value;
}
