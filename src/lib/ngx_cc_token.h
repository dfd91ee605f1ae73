
/*
 * Bearer tokens: what one looks like, the lines of a token file, and which of
 * them a client has shown.
 *
 * A token is 32 to 128 characters of base64url without padding, made of at
 * least 256 random bits (conf/cc-token), so its plain SHA-256 is as good to
 * keep as a slow hash.  A line of the file is "name digest": a name that logs
 * may show, white space, 64 hex digits.  Empty lines and those that begin with
 * "#" are ignored.
 */

#ifndef _NGX_CC_TOKEN_H_INCLUDED_
#define _NGX_CC_TOKEN_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>
#include "ngx_cc_sha256.h"


#define NGX_CC_TOKEN_MIN         32
#define NGX_CC_TOKEN_MAX         128
#define NGX_CC_TOKEN_MAX_NAME    64


typedef struct {
    char           name[NGX_CC_TOKEN_MAX_NAME + 1];
    uint8_t        digest[NGX_CC_SHA256_SIZE];
} ngx_cc_token_t;


/*
 * Reads one line, without its newline.  Returns 1 and "token"; 0 when there is
 * nothing in it; -1 and *error, a text.
 */
int ngx_cc_token_line(ngx_cc_token_t *token, const uint8_t *p, size_t n,
    const char **error);

/*
 * The one of n tokens whose secret is this text (len bytes), or NULL.  All are
 * compared in full: the time tells neither which nor how far one matched.
 */
const ngx_cc_token_t *ngx_cc_token_find(const ngx_cc_token_t *tokens,
    size_t n, const uint8_t *text, size_t len);


#endif /* _NGX_CC_TOKEN_H_INCLUDED_ */
