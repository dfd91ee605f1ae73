
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_cc_admit.h"
#include "ngx_cc_audit.h"
#include "ngx_cc_conf.h"


static uint64_t ngx_cc_admit_address(ngx_connection_t *c);
static uint64_t ngx_cc_admit_key(const uint8_t *digest);


ngx_int_t
ngx_cc_admit(ngx_http_request_t *r, ngx_cc_caller_t *caller,
    ngx_cc_slot_t *slot, ngx_str_t *text)
{
    ngx_uint_t              limit;
    const char             *of, *name;
    ngx_cc_reason_e         reason;
    ngx_cc_loc_conf_t      *lcf;
    ngx_cc_conf_session_t  *conf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_cc_executor_module);
    conf = &lcf->session;

    of = "";
    name = "";
    limit = lcf->max_sessions;
    reason = NGX_CC_REASON_SESSIONS;

    if (ngx_cc_zone_claim(lcf->command.slots, NGX_CC_SLOTS_SESSIONS, limit,
                          slot)
        != NGX_OK)
    {
        goto busy;
    }

    of = " of an address";
    name = "_per_address";
    limit = conf->max_per_address;
    reason = NGX_CC_REASON_SESSIONS_ADDRESS;

    if (limit
        && ngx_cc_zone_share(slot, NGX_CC_SLOTS_ADDRESS,
                             ngx_cc_admit_address(r->connection), limit)
           != NGX_OK)
    {
        goto busy;
    }

    of = " of an owner";
    name = "_per_owner";
    limit = conf->max_per_owner;
    reason = NGX_CC_REASON_SESSIONS_OWNER;

    if (limit
        && ngx_cc_zone_share(slot, NGX_CC_SLOTS_OWNER,
                             ngx_cc_admit_key(caller->digest), limit)
           != NGX_OK)
    {
        goto busy;
    }

    return NGX_OK;

busy:

    ngx_cc_zone_free(slot);

    ngx_log_error(NGX_LOG_WARN, r->connection->log, 0,
                  "cc_executor: over cc_executor_max_sessions%s %ui",
                  name, limit);

    ngx_cc_zone_refused(reason);

    text->len = ngx_snprintf(text->data, NGX_CC_ADMIT_TEXT,
                             "the limit of %ui sessions%s is reached",
                             limit, of)
                - text->data;

    ngx_cc_audit_refused(r, NGX_HTTP_SERVICE_UNAVAILABLE, reason, text);

    return NGX_BUSY;
}


/*
 * An IPv6 client has a network of 64 bits for itself: that counts as one
 * address.
 */

static uint64_t
ngx_cc_admit_address(ngx_connection_t *c)
{
    size_t                len;
    uint8_t               digest[NGX_CC_SHA256_SIZE];
    const void           *p;
    ngx_cc_sha256_t       sha;
#if (NGX_HAVE_INET6)
    struct in6_addr      *in6;
#endif

    switch (c->sockaddr->sa_family) {

    case AF_INET:
        p = &((struct sockaddr_in *) c->sockaddr)->sin_addr;
        len = 4;
        break;

#if (NGX_HAVE_INET6)
    case AF_INET6:
        in6 = &((struct sockaddr_in6 *) c->sockaddr)->sin6_addr;

        if (IN6_IS_ADDR_V4MAPPED(in6)) {
            p = &in6->s6_addr[12];
            len = 4;

        } else {
            p = in6;
            len = 8;
        }

        break;
#endif

    default:
        p = "";
        len = 0;
        break;
    }

    ngx_cc_sha256_init(&sha);
    ngx_cc_sha256_update(&sha, p, len);
    ngx_cc_sha256_final(&sha, digest);

    return ngx_cc_admit_key(digest);
}


static uint64_t
ngx_cc_admit_key(const uint8_t *digest)
{
    uint64_t  key;

    ngx_memcpy(&key, digest, sizeof(key));

    return key;
}
