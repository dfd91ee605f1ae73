
#include "ngx_cc_shown.h"


void
ngx_cc_shown_from(ngx_cc_shown_t *shown, size_t pos)
{
    shown->line = pos;
}


size_t
ngx_cc_shown_add(ngx_cc_shown_t *shown, uint8_t *text, size_t pos,
    const uint8_t *src, size_t n)
{
    size_t   i, k, len;
    uint8_t  c[2];

    for (i = 0; i < n; i++) {

        len = ngx_cc_readable_byte(&shown->readable, src[i], c);

        for (k = 0; k < len; k++) {

            if (c[k] == '\r') {
                shown->cr = 1;
                continue;
            }

            if (shown->cr && c[k] != '\n') {
                /* over what stands there */
                pos = shown->line;
            }

            shown->cr = 0;
            text[pos++] = c[k];

            if (c[k] == '\n') {
                shown->line = pos;
            }
        }
    }

    return pos;
}
