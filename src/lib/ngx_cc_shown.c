
#include <string.h>
#include "ngx_cc_shown.h"


#define NGX_CC_SHOWN_CHARACTER  4    /* bytes, at most */


static size_t ngx_cc_shown_byte(ngx_cc_shown_t *shown, uint8_t *text,
    size_t pos, uint8_t c);
static size_t ngx_cc_shown_over(ngx_cc_shown_t *shown, uint8_t *text,
    size_t pos, uint8_t c);
static size_t ngx_cc_shown_at(ngx_cc_shown_t *shown, const uint8_t *text,
    size_t pos);
static int ngx_cc_shown_goes_on(uint8_t c);


void
ngx_cc_shown_from(ngx_cc_shown_t *shown, size_t pos)
{
    shown->line = pos;
    shown->back = 0;
}


size_t
ngx_cc_shown_add(ngx_cc_shown_t *shown, uint8_t *text, size_t pos,
    const uint8_t *src, size_t n)
{
    size_t   i, k, len;
    uint8_t  c[2];

    for (i = 0; i < n; i++) {

        len = ngx_cc_readable_byte(&shown->readable, src[i], c);

        if (len == 2 && c[1] == 'H') {
            /* ^H, which nothing else is written as */
            shown->back += (shown->back < NGX_CC_SHOWN_BACK);
            continue;
        }

        for (k = 0; k < len; k++) {
            pos = ngx_cc_shown_byte(shown, text, pos, c[k]);
        }
    }

    return pos;
}


static size_t
ngx_cc_shown_byte(ngx_cc_shown_t *shown, uint8_t *text, size_t pos, uint8_t c)
{
    if (c == '\r') {
        shown->cr = 1;
        return pos;
    }

    if (c == '\n') {
        text[pos++] = c;
        shown->line = pos;
        shown->back = 0;

    } else if (shown->cr) {
        /* over what stands there */
        pos = shown->line;
        text[pos++] = c;
        shown->back = 0;

    } else if (shown->back) {
        pos = ngx_cc_shown_over(shown, text, pos, c);

    } else {
        text[pos++] = c;
    }

    shown->cr = 0;

    return pos;
}


/*
 * Instead of a whole character; the rest of one of several bytes goes behind
 * its first.  What has to be moved is short.
 */

static size_t
ngx_cc_shown_over(ngx_cc_shown_t *shown, uint8_t *text, size_t pos, uint8_t c)
{
    size_t  at, end;

    at = ngx_cc_shown_at(shown, text, pos);

    if (ngx_cc_shown_goes_on(c)) {
        end = at;

    } else {

        for (end = at + (at < pos);
             end < pos && end - at < NGX_CC_SHOWN_CHARACTER
             && ngx_cc_shown_goes_on(text[end]);
             end++)
        {
            /* void */
        }

        shown->back -= (shown->back != 0);
    }

    memmove(text + at + 1, text + end, pos - end);
    text[at] = c;

    return pos + at + 1 - end;
}


/* where the character stands that is "back" characters before the end */

static size_t
ngx_cc_shown_at(ngx_cc_shown_t *shown, const uint8_t *text, size_t pos)
{
    size_t    at;
    unsigned  n, len;

    at = pos;
    len = 0;

    for (n = 0; at > shown->line && n < shown->back; /* void */ ) {
        at--;

        if (++len == NGX_CC_SHOWN_CHARACTER || at == shown->line
            || !ngx_cc_shown_goes_on(text[at]))
        {
            n++;
            len = 0;
        }
    }

    /* no line begins before its beginning */

    shown->back = n;

    return at;
}


/* a byte of a character that is not its first one (UTF-8) */

static int
ngx_cc_shown_goes_on(uint8_t c)
{
    return (c & 0xc0) == 0x80;
}
