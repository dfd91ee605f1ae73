
#include <string.h>
#include "ngx_cc_token.h"


static int ngx_cc_token_plain(uint8_t ch);
static int ngx_cc_token_digit(uint8_t ch);


int
ngx_cc_token_line(ngx_cc_token_t *token, const uint8_t *p, size_t n,
    const char **error)
{
    int             high, low;
    size_t          i, len;
    const uint8_t  *last;

    last = p + n;

    while (p < last && (*p == ' ' || *p == '\t')) {
        p++;
    }

    while (p < last && (last[-1] == ' ' || last[-1] == '\t'
                        || last[-1] == '\r'))
    {
        last--;
    }

    if (p == last || *p == '#') {
        return 0;
    }

    for (len = 0; p + len < last && p[len] != ' ' && p[len] != '\t'; len++) {

        if (len == NGX_CC_TOKEN_MAX_NAME) {
            *error = "the name is longer than 64 characters";
            return -1;
        }

        if (!ngx_cc_token_plain(p[len]) && p[len] != '.' && p[len] != '@') {
            *error = "a name may have letters, digits and \"-_.@\"";
            return -1;
        }

        token->name[len] = p[len];
    }

    token->name[len] = '\0';
    p += len;

    while (p < last && (*p == ' ' || *p == '\t')) {
        p++;
    }

    if (last - p != NGX_CC_SHA256_TEXT) {
        *error = "a name and a SHA-256 in 64 hex digits are needed";
        return -1;
    }

    for (i = 0; i < NGX_CC_SHA256_SIZE; i++) {
        high = ngx_cc_token_digit(p[2 * i]);
        low = ngx_cc_token_digit(p[2 * i + 1]);

        if (high == -1 || low == -1) {
            *error = "a name and a SHA-256 in 64 hex digits are needed";
            return -1;
        }

        token->digest[i] = high << 4 | low;
    }

    return 1;
}


const ngx_cc_token_t *
ngx_cc_token_find(const ngx_cc_token_t *tokens, size_t n, const uint8_t *text,
    size_t len)
{
    size_t                 i, j;
    uint8_t                digest[NGX_CC_SHA256_SIZE], differs;
    ngx_cc_sha256_t        sha;
    const ngx_cc_token_t  *found;

    if (len < NGX_CC_TOKEN_MIN || len > NGX_CC_TOKEN_MAX) {
        return NULL;
    }

    for (i = 0; i < len; i++) {
        if (!ngx_cc_token_plain(text[i])) {
            return NULL;
        }
    }

    ngx_cc_sha256_init(&sha);
    ngx_cc_sha256_update(&sha, text, len);
    ngx_cc_sha256_final(&sha, digest);

    found = NULL;

    for (i = 0; i < n; i++) {
        differs = 0;

        for (j = 0; j < NGX_CC_SHA256_SIZE; j++) {
            differs |= digest[j] ^ tokens[i].digest[j];
        }

        if (differs == 0) {
            found = &tokens[i];
        }
    }

    return found;
}


/* a character of base64url */

static int
ngx_cc_token_plain(uint8_t ch)
{
    return (ch >= '0' && ch <= '9') || (ch >= 'A' && ch <= 'Z')
           || (ch >= 'a' && ch <= 'z') || ch == '-' || ch == '_';
}


static int
ngx_cc_token_digit(uint8_t ch)
{
    if (ch >= '0' && ch <= '9') {
        return ch - '0';
    }

    ch |= 0x20;

    return (ch >= 'a' && ch <= 'f') ? ch - 'a' + 10 : -1;
}
