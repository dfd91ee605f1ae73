
/*
 * The id of a legacy MCP session over HTTP (Mcp-Session-Id).  Nothing is stored
 * for one: it says by itself when and for whom it was made, and a MAC proves
 * that it was made by somebody who has the key.  The handles of a session's
 * calls follow from it by MACs with the same key, so whoever has id and key
 * finds them, and nobody else.
 *
 * As text: lower-case hex digits of
 *
 *     1  format, NGX_CC_SESSION_ID_FORMAT
 *     4  protocol version, as the number 20251125; big endian, as
 *     6  time of issue, ms since 1970
 *    16  the first bytes of the owner's digest
 *    16  random
 *    16  the first bytes of HMAC-SHA256(key, "session" || all of that)
 */

#ifndef _NGX_CC_SESSION_ID_H_INCLUDED_
#define _NGX_CC_SESSION_ID_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>
#include "ngx_cc_handle.h"


#define NGX_CC_SESSION_ID_KEY     32     /* bytes */
#define NGX_CC_SESSION_ID_OWNER   16     /* bytes of an owner's digest */
#define NGX_CC_SESSION_ID_RANDOM  16
#define NGX_CC_SESSION_ID_MAC     16
#define NGX_CC_SESSION_ID_SIZE    59     /* bytes of all of it */
#define NGX_CC_SESSION_ID_TEXT    118    /* hex digits, no NUL */
#define NGX_CC_SESSION_ID_FORMAT  1
#define NGX_CC_SESSION_ID_LIFE    (7 * 86400 * 1000ULL)  /* ms */
#define NGX_CC_SESSION_ID_PREFIX  4      /* bytes of a handle's name that all
                                            calls of a session share */


/* what a good one says */

typedef struct {
    uint32_t  version;                   /* of the protocol: 20251125 */
    uint64_t  issued;                    /* ms since 1970 */
    uint64_t  owner;                     /* the first 8 bytes of the digest */
    uint64_t  number;                    /* the first 8 random ones */
} ngx_cc_session_id_t;


/*
 * Writes a new one (NGX_CC_SESSION_ID_TEXT digits) to "text".  "owner": at
 * least NGX_CC_SESSION_ID_OWNER bytes; "now": ms since 1970.  0, or -1 with
 * errno: no randomness.
 */
int ngx_cc_session_id_make(const uint8_t key[NGX_CC_SESSION_ID_KEY],
    uint32_t version, const uint8_t *owner, uint64_t now, char *text);

/*
 * 0 and "id" when the text was made with this key, for this owner, and is not
 * older than NGX_CC_SESSION_ID_LIFE; or -1.  How long it takes does not tell
 * how much of MAC or owner is right.  One from the future is good: clocks are
 * set.
 */
int ngx_cc_session_id_check(const uint8_t key[NGX_CC_SESSION_ID_KEY],
    const char *text, size_t len, const uint8_t *owner, uint64_t now,
    ngx_cc_session_id_t *id);

/*
 * The handle of a call: "text" is the id of its session (not checked again),
 * "call" the canonical JSON text of the request's id, which tells a string from
 * a number.
 */
void ngx_cc_session_id_call(const uint8_t key[NGX_CC_SESSION_ID_KEY],
    const char text[NGX_CC_SESSION_ID_TEXT], const void *call, size_t len,
    ngx_cc_handle_t *handle);


#endif /* _NGX_CC_SESSION_ID_H_INCLUDED_ */
