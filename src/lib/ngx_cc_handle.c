
#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include "ngx_cc_handle.h"


#define NGX_CC_RANDOM_BLOCK   512


static int ngx_cc_random_fetch(void *p, size_t n);


static uint8_t  ngx_cc_random_block[NGX_CC_RANDOM_BLOCK];
static size_t   ngx_cc_random_left;

static const char  ngx_cc_handle_digits[] = "0123456789abcdef";


int
ngx_cc_random(void *p, size_t n)
{
    uint8_t  *from;

    if (n > NGX_CC_RANDOM_BLOCK / 4) {
        return ngx_cc_random_fetch(p, n);
    }

    if (ngx_cc_random_left < n) {
        if (ngx_cc_random_fetch(ngx_cc_random_block, NGX_CC_RANDOM_BLOCK)
            == -1)
        {
            return -1;
        }

        ngx_cc_random_left = NGX_CC_RANDOM_BLOCK;
    }

    ngx_cc_random_left -= n;
    from = ngx_cc_random_block + ngx_cc_random_left;

    memcpy(p, from, n);
    explicit_bzero(from, n);

    return 0;
}


void
ngx_cc_random_forget(void)
{
    explicit_bzero(ngx_cc_random_block, sizeof(ngx_cc_random_block));
    ngx_cc_random_left = 0;
}


static int
ngx_cc_random_fetch(void *p, size_t n)
{
    ssize_t   got;
    uint8_t  *to = p;

    while (n) {
        got = getrandom(to, n, 0);

        if (got == -1 && errno == EINTR) {
            continue;
        }

        if (got == -1) {
            return -1;
        }

        to += got;
        n -= got;
    }

    return 0;
}


int
ngx_cc_handle_make(ngx_cc_handle_t *h)
{
    return ngx_cc_random(h->byte, sizeof(h->byte));
}


char *
ngx_cc_handle_format(const ngx_cc_handle_t *h, char *text)
{
    size_t  i;

    for (i = 0; i < NGX_CC_HANDLE_SIZE; i++) {
        *text++ = ngx_cc_handle_digits[h->byte[i] >> 4];
        *text++ = ngx_cc_handle_digits[h->byte[i] & 0xf];
    }

    return text;
}


int
ngx_cc_handle_parse(const char *text, size_t len, ngx_cc_handle_t *h)
{
    int      digit;
    char     ch;
    size_t   i;

    if (len != NGX_CC_HANDLE_TEXT) {
        return -1;
    }

    memset(h, 0, sizeof(*h));

    for (i = 0; i < len; i++) {
        ch = text[i];

        if (ch >= '0' && ch <= '9') {
            digit = ch - '0';

        } else if (ch >= 'a' && ch <= 'f') {
            digit = ch - 'a' + 10;

        } else {
            return -1;
        }

        h->byte[i / 2] |= (i & 1) ? digit : digit << 4;
    }

    return 0;
}


int
ngx_cc_handle_equal(const ngx_cc_handle_t *a, const ngx_cc_handle_t *b)
{
    size_t   i;
    uint8_t  diff;

    diff = 0;

    for (i = 0; i < NGX_CC_HANDLE_SIZE; i++) {
        diff |= a->byte[i] ^ b->byte[i];
    }

    return diff == 0;
}


int
ngx_cc_handle_uuid(char *text)
{
    size_t   i;
    uint8_t  byte[16];

    if (ngx_cc_random(byte, sizeof(byte)) == -1) {
        return -1;
    }

    byte[6] = (byte[6] & 0x0f) | 0x40;
    byte[8] = (byte[8] & 0x3f) | 0x80;

    for (i = 0; i < sizeof(byte); i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            *text++ = '-';
        }

        *text++ = ngx_cc_handle_digits[byte[i] >> 4];
        *text++ = ngx_cc_handle_digits[byte[i] & 0xf];
    }

    return 0;
}
