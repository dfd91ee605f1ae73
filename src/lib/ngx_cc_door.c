
#include <stddef.h>
#include <string.h>
#include "ngx_cc_door.h"
#include "ngx_cc_hex.h"




socklen_t
ngx_cc_door_address(struct sockaddr_un *addr,
    const uint8_t pool[NGX_CC_DOOR_POOL],
    const uint8_t name[NGX_CC_DOOR_NAME])
{
    char  *p;

    memset(addr, 0, sizeof(struct sockaddr_un));
    addr->sun_family = AF_UNIX;

    p = addr->sun_path + 1;

    memcpy(p, NGX_CC_DOOR_PREFIX, sizeof(NGX_CC_DOOR_PREFIX) - 1);
    p += sizeof(NGX_CC_DOOR_PREFIX) - 1;

    p = ngx_cc_hex_write(p, pool, NGX_CC_DOOR_POOL);
    *p++ = '/';
    p = ngx_cc_hex_write(p, name, NGX_CC_DOOR_NAME);

    return offsetof(struct sockaddr_un, sun_path) + (p - addr->sun_path);
}


void
ngx_cc_door_mac(uint8_t mac[NGX_CC_HMAC_SIZE], ngx_cc_door_side_e side,
    const uint8_t auth[NGX_CC_HMAC_SIZE],
    const uint8_t hello[NGX_CC_WIRE_NONCE],
    const uint8_t welcome[NGX_CC_WIRE_NONCE],
    const uint8_t name[NGX_CC_DOOR_NAME])
{
    ngx_cc_hmac_t  hmac;

    ngx_cc_hmac_init(&hmac, auth, NGX_CC_HMAC_SIZE);
    ngx_cc_hmac_update(&hmac, side == NGX_CC_DOOR_HELPER ? "helper" : "worker",
                       6);
    ngx_cc_hmac_update(&hmac, hello, NGX_CC_WIRE_NONCE);
    ngx_cc_hmac_update(&hmac, welcome, NGX_CC_WIRE_NONCE);
    ngx_cc_hmac_update(&hmac, name, NGX_CC_DOOR_NAME);
    ngx_cc_hmac_final(&hmac, mac);
}
