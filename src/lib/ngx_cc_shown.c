
#include <string.h>
#include "ngx_cc_shown.h"


#define NGX_CC_SHOWN_CHARACTER  4    /* bytes, at most */


static size_t ngx_cc_shown_byte(ngx_cc_shown_t *shown, uint8_t *text,
    size_t pos, uint8_t c);
static size_t ngx_cc_shown_over(ngx_cc_shown_t *shown, uint8_t *text,
    size_t pos, uint8_t c);
static void ngx_cc_shown_back(ngx_cc_shown_t *shown, const uint8_t *text,
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
            ngx_cc_shown_back(shown, text, pos);
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

    at = shown->at;
    end = at;

    if (!ngx_cc_shown_goes_on(c)) {

        for (end++;
             end < pos && end - at < NGX_CC_SHOWN_CHARACTER
             && ngx_cc_shown_goes_on(text[end]);
             end++)
        {
            /* void */
        }
    }

    if (end != at + 1) {
        memmove(text + at + 1, text + end, pos - end);
        pos += at + 1 - end;
    }

    text[at] = c;
    shown->at = at + 1;
    shown->back = (shown->at < pos);

    return pos;
}


/* a character to the left; no line begins before its beginning */

static void
ngx_cc_shown_back(ngx_cc_shown_t *shown, const uint8_t *text, size_t pos)
{
    size_t  at, end, least;

    at = shown->back ? shown->at : pos;
    least = pos > NGX_CC_SHOWN_BACK ? pos - NGX_CC_SHOWN_BACK : 0;
    least = least > shown->line ? least : shown->line;

    if (at <= least) {
        return;
    }

    end = at--;

    while (at > least && end - at < NGX_CC_SHOWN_CHARACTER
           && ngx_cc_shown_goes_on(text[at]))
    {
        at--;
    }

    shown->at = at;
    shown->back = 1;
}


/* a byte of a character that is not its first one (UTF-8) */

static int
ngx_cc_shown_goes_on(uint8_t c)
{
    return (c & 0xc0) == 0x80;
}
