
#include <stdint.h>
#include "ngx_cc_hex.h"


static int ngx_cc_hex_digit(char ch);


char *
ngx_cc_hex_write(char *text, const void *p, size_t n)
{
    size_t          i;
    const uint8_t  *byte = p;

    static const char  digits[] = "0123456789abcdef";

    for (i = 0; i < n; i++) {
        *text++ = digits[byte[i] >> 4];
        *text++ = digits[byte[i] & 0xf];
    }

    return text;
}


int
ngx_cc_hex_read(const char *text, void *p, size_t n)
{
    int       high, low;
    size_t    i;
    uint8_t  *byte = p;

    for (i = 0; i < n; i++) {
        high = ngx_cc_hex_digit(text[2 * i]);
        low = ngx_cc_hex_digit(text[2 * i + 1]);

        if (high == -1 || low == -1) {
            return -1;
        }

        byte[i] = high << 4 | low;
    }

    return 0;
}


static int
ngx_cc_hex_digit(char ch)
{
    if (ch >= '0' && ch <= '9') {
        return ch - '0';
    }

    return ch >= 'a' && ch <= 'f' ? ch - 'a' + 10 : -1;
}
