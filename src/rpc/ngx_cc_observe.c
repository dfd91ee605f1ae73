
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_observe.h"


ngx_uint_t
ngx_cc_observe_location(const ngx_cc_observe_t *observe, ngx_int_t location)
{
    ngx_uint_t                  i;
    ngx_cc_observe_location_t  *known;

    known = observe->locations->elts;

    for (i = 0; i < observe->locations->nelts; i++) {
        if (*known[i].index == location
            && ngx_memcmp(known[i].realm, observe->realm, NGX_CC_OWNER_SIZE)
               == 0)
        {
            return 1;
        }
    }

    return 0;
}


const ngx_str_t *
ngx_cc_observe_owner(const ngx_cc_observe_t *observe,
    const uint8_t digest[NGX_CC_OWNER_SIZE])
{
    ngx_uint_t               i;
    ngx_cc_observe_owner_t  *owner;

    owner = observe->owners->elts;

    for (i = 0; i < observe->owners->nelts; i++) {
        if (ngx_memcmp(owner[i].digest, digest, NGX_CC_OWNER_SIZE) == 0) {
            return &owner[i].name;
        }
    }

    return NULL;
}
