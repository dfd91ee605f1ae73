
#include <arpa/inet.h>
#include <string.h>
#include "ngx_cc_origin.h"


static int ngx_cc_origin_address(char *host, const uint8_t *p, size_t n);
static int ngx_cc_origin_port(uint32_t *port, const uint8_t *p, size_t n);
static int ngx_cc_origin_letter(uint8_t ch);


static const struct {
    const char  *scheme;
    uint32_t     port;
} ngx_cc_origin_ports[] = {
    { "http", 80 },
    { "https", 443 },
    { "ws", 80 },
    { "wss", 443 }
};


int
ngx_cc_origin_host(ngx_cc_origin_t *origin, const uint8_t *p, size_t n)
{
    size_t          i, len;
    uint8_t         ch;
    const uint8_t  *end;

    origin->scheme[0] = '\0';
    origin->port = 0;

    if (n && p[0] == '[') {
        end = memchr(p, ']', n);

        if (end == NULL
            || ngx_cc_origin_address(origin->host, p + 1, end - p - 1) != 0)
        {
            return -1;
        }

        len = end + 1 - p;

    } else {
        for (len = 0; len < n && p[len] != ':'; len++) { /* void */ }

        if (len == 0 || len > NGX_CC_ORIGIN_MAX_HOST) {
            return -1;
        }

        for (i = 0; i < len; i++) {
            ch = p[i] | 0x20;

            if (ngx_cc_origin_letter(p[i])) {
                origin->host[i] = ch;

            } else if ((p[i] >= '0' && p[i] <= '9') || p[i] == '-'
                       || p[i] == '.' || p[i] == '_')
            {
                origin->host[i] = p[i];

            } else {
                return -1;
            }
        }

        origin->host[len] = '\0';
    }

    if (len == n) {
        return 0;
    }

    return p[len] == ':'
           ? ngx_cc_origin_port(&origin->port, p + len + 1, n - len - 1) : -1;
}


int
ngx_cc_origin_parse(ngx_cc_origin_t *origin, const uint8_t *p, size_t n)
{
    char      scheme[NGX_CC_ORIGIN_MAX_SCHEME + 1];
    size_t    i, len;
    uint8_t   ch;

    for (len = 0; len < n && p[len] != ':'; len++) {
        ch = p[len];

        if (len == NGX_CC_ORIGIN_MAX_SCHEME) {
            return -1;
        }

        if (ngx_cc_origin_letter(ch)) {
            scheme[len] = ch | 0x20;

        } else if (len && ((ch >= '0' && ch <= '9') || ch == '+' || ch == '-'
                           || ch == '.'))
        {
            scheme[len] = ch;

        } else {
            return -1;
        }
    }

    if (len == 0 || n - len < 3 || memcmp(p + len, "://", 3) != 0) {
        return -1;
    }

    scheme[len] = '\0';

    if (ngx_cc_origin_host(origin, p + len + 3, n - len - 3) != 0) {
        return -1;
    }

    memcpy(origin->scheme, scheme, len + 1);

    for (i = 0;
         origin->port == 0
         && i < sizeof(ngx_cc_origin_ports) / sizeof(ngx_cc_origin_ports[0]);
         i++)
    {
        if (strcmp(scheme, ngx_cc_origin_ports[i].scheme) == 0) {
            origin->port = ngx_cc_origin_ports[i].port;
        }
    }

    return 0;
}


int
ngx_cc_origin_same(const ngx_cc_origin_t *a, const ngx_cc_origin_t *b)
{
    return a->port == b->port
           && strcmp(a->scheme, b->scheme) == 0
           && strcmp(a->host, b->host) == 0;
}


int
ngx_cc_origin_loopback(const char *host)
{
    struct in_addr  in;

    return strcmp(host, "localhost") == 0
           || strcmp(host, "[::1]") == 0
           || (inet_pton(AF_INET, host, &in) == 1
               && ntohl(in.s_addr) >> 24 == 127);
}


/* what stands in the brackets; the brackets stay */

static int
ngx_cc_origin_address(char *host, const uint8_t *p, size_t n)
{
    char             text[INET6_ADDRSTRLEN];
    struct in6_addr  in6;

    if (n >= sizeof(text)) {
        return -1;
    }

    memcpy(text, p, n);
    text[n] = '\0';

    if (strlen(text) != n || inet_pton(AF_INET6, text, &in6) != 1) {
        return -1;
    }

    host[0] = '[';

    if (inet_ntop(AF_INET6, &in6, host + 1, INET6_ADDRSTRLEN) == NULL) {
        return -1;
    }

    n = strlen(host);
    host[n] = ']';
    host[n + 1] = '\0';

    return 0;
}


static int
ngx_cc_origin_port(uint32_t *port, const uint8_t *p, size_t n)
{
    size_t    i;
    uint32_t  value;

    if (n == 0 || n > 5) {
        return -1;
    }

    value = 0;

    for (i = 0; i < n; i++) {
        if (p[i] < '0' || p[i] > '9') {
            return -1;
        }

        value = value * 10 + (p[i] - '0');
    }

    if (value == 0 || value > 65535) {
        return -1;
    }

    *port = value;

    return 0;
}


static int
ngx_cc_origin_letter(uint8_t ch)
{
    ch |= 0x20;

    return ch >= 'a' && ch <= 'z';
}
