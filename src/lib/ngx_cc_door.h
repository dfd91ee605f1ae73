
/*
 * The door of a kept command: how its socket is called, and by what each side
 * proves that it has the command's key without showing it.
 */

#ifndef _NGX_CC_DOOR_H_INCLUDED_
#define _NGX_CC_DOOR_H_INCLUDED_


#include <sys/socket.h>
#include <sys/un.h>
#include "ngx_cc_hmac.h"
#include "ngx_cc_wire_kept.h"


#define NGX_CC_DOOR_POOL    8        /* bytes of a pool, as in START.keep */
#define NGX_CC_DOOR_NAME    8        /* the first bytes of a handle */
#define NGX_CC_DOOR_PREFIX  "cc-executor/"


typedef enum {
    NGX_CC_DOOR_HELPER = 0,          /* WELCOME.mac */
    NGX_CC_DOOR_WORKER               /* PROOF.mac */
} ngx_cc_door_side_e;


/*
 * Writes the abstract name "cc-executor/POOL/NAME", both in lower-case hex
 * (unix(7)), and returns the address' length.
 */
socklen_t ngx_cc_door_address(struct sockaddr_un *addr,
    const uint8_t pool[NGX_CC_DOOR_POOL],
    const uint8_t name[NGX_CC_DOOR_NAME]);

/*
 * HMAC-SHA256(auth, "helper" or "worker" || nonce of HELLO || nonce of WELCOME
 * || name); compare it with ngx_cc_hmac_equal().
 */
void ngx_cc_door_mac(uint8_t mac[NGX_CC_HMAC_SIZE], ngx_cc_door_side_e side,
    const uint8_t auth[NGX_CC_HMAC_SIZE],
    const uint8_t hello[NGX_CC_WIRE_NONCE],
    const uint8_t welcome[NGX_CC_WIRE_NONCE],
    const uint8_t name[NGX_CC_DOOR_NAME]);


#endif /* _NGX_CC_DOOR_H_INCLUDED_ */
