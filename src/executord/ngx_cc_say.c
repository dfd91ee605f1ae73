
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>
#include "ngx_cc_clock.h"
#include "ngx_cc_say.h"


#define NGX_CC_SAY_NAME   "cc-executord: "
#define NGX_CC_SAY_LINE   8192           /* bytes; a path is in some */
#define NGX_CC_SAY_LINES  100            /* that are said ... */
#define NGX_CC_SAY_QUIET  10000          /* ... in so many ms: whoever may
                                            connect can ask for ever */


static struct {
    uint64_t        since;               /* ms; the first of these lines */
    unsigned        lines;
} ngx_cc_said;


/* one write: others may write to the same file */

void
ngx_cc_say(const char *format, ...)
{
    int      n;
    char     line[NGX_CC_SAY_LINE] = NGX_CC_SAY_NAME;
    size_t   len;
    ssize_t  rc;
    va_list  args;

    len = sizeof(NGX_CC_SAY_NAME) - 1;

    va_start(args, format);
    n = vsnprintf(line + len, sizeof(line) - len, format, args);
    va_end(args);

    if (n < 0) {
        return;
    }

    len += n;

    if (len > sizeof(line) - 1) {
        len = sizeof(line) - 1;
    }

    line[len++] = '\n';

    rc = write(STDERR_FILENO, line, len);
    (void) rc;
}


int
ngx_cc_say_more(void)
{
    uint64_t  now;

    now = ngx_cc_clock_ms();

    if (now - ngx_cc_said.since > NGX_CC_SAY_QUIET) {
        ngx_cc_said.since = now;
        ngx_cc_said.lines = 0;
    }

    if (ngx_cc_said.lines == NGX_CC_SAY_LINES) {
        ngx_cc_say("more of that is not logged for %d s",
                   NGX_CC_SAY_QUIET / 1000);
    }

    return ngx_cc_said.lines++ < NGX_CC_SAY_LINES;
}
