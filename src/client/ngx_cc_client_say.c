
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "ngx_cc_client_say.h"
#include "ngx_cc_client_terminal.h"
#include "ngx_cc_utf8.h"


#define NGX_CC_CLIENT_SAID  1024         /* bytes of one message */


static void ngx_cc_client_said(const char *format, va_list args)
    __attribute__((format(printf, 1, 0)));


void
ngx_cc_client_say(const char *format, ...)
{
    va_list  args;

    va_start(args, format);
    ngx_cc_client_said(format, args);
    va_end(args);
}


void
ngx_cc_client_fail(int status, const char *format, ...)
{
    va_list  args;

    va_start(args, format);
    ngx_cc_client_said(format, args);
    va_end(args);

    exit(status);
}


static void
ngx_cc_client_said(const char *format, va_list args)
{
    int   raw;
    char  text[NGX_CC_CLIENT_SAID];

    raw = ngx_cc_client_terminal_is_raw();
    (void) vsnprintf(text, sizeof(text), format, args);

    (void) fputs(raw ? "\r\ncc-run: " : "cc-run: ", stderr);
    ngx_cc_client_plain(stderr, text, '?');
    (void) fputs(raw ? "\r\n" : "\n", stderr);
}


void
ngx_cc_client_plain(FILE *f, const char *text, int other)
{
    int             n;
    const uint8_t  *p, *end;

    p = (const uint8_t *) text;
    end = p + strlen(text);

    while (p < end) {
        n = ngx_cc_utf8_char(p, end - p);

        if (n <= 0 || *p < 0x20 || *p == 0x7f || (*p == 0xc2 && p[1] < 0xa0)) {
            (void) putc(other, f);
            p += n > 0 ? n : n < 0 ? -n : 1;
            continue;
        }

        (void) fwrite(p, 1, n, f);
        p += n;
    }
}
