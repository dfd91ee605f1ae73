
#include <stdint.h>
#include <string.h>
#include "ngx_cc_trace.h"


#define NGX_CC_TRACE_KEY      256        /* bytes of a simple key, at most */
#define NGX_CC_TRACE_TENANT   241        /* of a key, in front of an "@" */
#define NGX_CC_TRACE_SYSTEM   14         /* and behind it */
#define NGX_CC_TRACE_VALUE    256

#define NGX_CC_TRACE_SAMPLED  0x01
#define NGX_CC_TRACE_RANDOM   0x02       /* of level 2 */


static int ngx_cc_trace_digit(char ch);
static int ngx_cc_trace_hex(const char *p, size_t n);
static int ngx_cc_trace_zero(const char *p, size_t n);
static int ngx_cc_trace_member(ngx_cc_trace_t *trace, const char *p,
    size_t len);
static size_t ngx_cc_trace_key(const char *p, size_t len);
static size_t ngx_cc_trace_word(const char *p, size_t len);
static int ngx_cc_trace_value(const char *p, size_t len);
static int ngx_cc_trace_known(ngx_cc_trace_t *trace, const char *key,
    size_t len, uint32_t *members);


/* version "-" trace "-" span "-" flags, and in a later version "-" more */

int
ngx_cc_trace_parent(ngx_cc_trace_t *trace, const char *p, size_t len)
{
    int          flags;
    const char  *id, *span;

    static const char  digits[] = "0123";

    if (len < NGX_CC_TRACE_PARENT || !ngx_cc_trace_hex(p, 2)
        || memcmp(p, "ff", 2) == 0)
    {
        return -1;
    }

    flags = NGX_CC_TRACE_SAMPLED;

    if (memcmp(p, "00", 2) == 0) {
        flags |= NGX_CC_TRACE_RANDOM;

        if (len != NGX_CC_TRACE_PARENT) {
            return -1;
        }

    } else if (len > NGX_CC_TRACE_PARENT && p[NGX_CC_TRACE_PARENT] != '-') {
        return -1;
    }

    id = ngx_cc_trace_id(p);
    span = ngx_cc_trace_span(p);

    if (id[-1] != '-' || span[-1] != '-' || span[NGX_CC_TRACE_SPAN] != '-'
        || !ngx_cc_trace_hex(id, NGX_CC_TRACE_ID)
        || !ngx_cc_trace_hex(span, NGX_CC_TRACE_SPAN)
        || !ngx_cc_trace_hex(span + NGX_CC_TRACE_SPAN + 1, 2)
        || ngx_cc_trace_zero(id, NGX_CC_TRACE_ID)
        || ngx_cc_trace_zero(span, NGX_CC_TRACE_SPAN))
    {
        return -1;
    }

    flags &= ngx_cc_trace_digit(p[NGX_CC_TRACE_PARENT - 1]);

    memcpy(trace->parent, p, NGX_CC_TRACE_PARENT);
    memcpy(trace->parent, "00", 2);
    trace->parent[NGX_CC_TRACE_PARENT - 2] = '0';
    trace->parent[NGX_CC_TRACE_PARENT - 1] = digits[flags];
    trace->parent[NGX_CC_TRACE_PARENT] = '\0';

    return 0;
}


int
ngx_cc_trace_state(ngx_cc_trace_t *trace, const char *p, size_t len)
{
    const char  *last, *comma, *end;

    last = p + len;

    while (!trace->wrong && p < last) {

        comma = memchr(p, ',', last - p);
        end = comma ? comma : last;

        while (p < end && (*p == ' ' || *p == '\t')) {
            p++;
        }

        while (end > p && (end[-1] == ' ' || end[-1] == '\t')) {
            end--;
        }

        if (end > p && ngx_cc_trace_member(trace, p, end - p) != 0) {
            trace->wrong = 1;
        }

        p = comma ? comma + 1 : last;
    }

    if (trace->wrong) {
        trace->len = 0;
        trace->state[0] = '\0';
        return -1;
    }

    return 0;
}


/* key "=" value, which has no blank at its end: those were taken away */

static int
ngx_cc_trace_member(ngx_cc_trace_t *trace, const char *p, size_t len)
{
    size_t    key;
    uint32_t  members;

    key = ngx_cc_trace_key(p, len);

    if (key == 0 || key == len || p[key] != '='
        || !ngx_cc_trace_value(p + key + 1, len - key - 1)
        || ngx_cc_trace_known(trace, p, key, &members)
        || members == NGX_CC_TRACE_MEMBERS
        || len + (members != 0) > NGX_CC_TRACE_STATE - trace->len)
    {
        return -1;
    }

    if (members) {
        trace->state[trace->len++] = ',';
    }

    memcpy(trace->state + trace->len, p, len);
    trace->len += len;
    trace->state[trace->len] = '\0';

    return 0;
}


/* the length of the key that a member begins with; 0: it begins with none */

static size_t
ngx_cc_trace_key(const char *p, size_t len)
{
    size_t  n, system;

    n = ngx_cc_trace_word(p, len);

    if (n == 0 || n == len || p[n] != '@') {
        /* a digit at its beginning is for tenants only */
        return n <= NGX_CC_TRACE_KEY && len && *p >= 'a' && *p <= 'z' ? n : 0;
    }

    system = ngx_cc_trace_word(p + n + 1, len - n - 1);

    if (n > NGX_CC_TRACE_TENANT || system == 0 || system > NGX_CC_TRACE_SYSTEM
        || p[n + 1] < 'a' || p[n + 1] > 'z')
    {
        return 0;
    }

    return n + 1 + system;
}


/* how many bytes of a key's there are; 0, too, when the first cannot be it */

static size_t
ngx_cc_trace_word(const char *p, size_t len)
{
    size_t  n;

    for (n = 0; n < len; n++) {

        if ((p[n] >= 'a' && p[n] <= 'z') || (p[n] >= '0' && p[n] <= '9')) {
            continue;
        }

        if (n == 0 || (p[n] != '_' && p[n] != '-' && p[n] != '*'
                       && p[n] != '/'))
        {
            break;
        }
    }

    return n;
}


/* printable ASCII, with blanks inside, without "," (seen before) and "=" */

static int
ngx_cc_trace_value(const char *p, size_t len)
{
    size_t  i;

    for (i = 0; i < len; i++) {
        if (p[i] < 0x20 || p[i] > 0x7e || p[i] == '=') {
            return 0;
        }
    }

    return len >= 1 && len <= NGX_CC_TRACE_VALUE;
}


/* is it the key of a member that is there?  And how many there are */

static int
ngx_cc_trace_known(ngx_cc_trace_t *trace, const char *key, size_t len,
    uint32_t *members)
{
    const char  *p;

    *members = 0;

    for (p = trace->state; *p; p = p ? p + 1 : "") {
        (*members)++;

        if (strncmp(p, key, len) == 0 && p[len] == '=') {
            return 1;
        }

        p = strchr(p, ',');
    }

    return 0;
}


static int
ngx_cc_trace_hex(const char *p, size_t n)
{
    while (n--) {
        if (ngx_cc_trace_digit(p[n]) == -1) {
            return 0;
        }
    }

    return 1;
}


static int
ngx_cc_trace_zero(const char *p, size_t n)
{
    while (n--) {
        if (p[n] != '0') {
            return 0;
        }
    }

    return 1;
}


/* the value of a digit, lower case only; -1: it is none */

static int
ngx_cc_trace_digit(char ch)
{
    if (ch >= '0' && ch <= '9') {
        return ch - '0';
    }

    return (ch >= 'a' && ch <= 'f') ? ch - 'a' + 10 : -1;
}
