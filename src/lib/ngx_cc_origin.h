
/*
 * Hosts and web origins as text: checked, brought into one form, compared.
 * Sources: RFC 6454, sections 4 and 6 (an origin is scheme, host, port and is
 * written "scheme://host[:port]"); RFC 3986, section 3.2 (host and port).
 *
 * One form means: letters in lower case, IPv6 addresses as inet_ntop() writes
 * them and in brackets, the scheme's own port when none is given.  Nothing is
 * decoded and nothing is looked up.
 */

#ifndef _NGX_CC_ORIGIN_H_INCLUDED_
#define _NGX_CC_ORIGIN_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>


#define NGX_CC_ORIGIN_MAX_HOST     255
#define NGX_CC_ORIGIN_MAX_SCHEME   31


/* both texts end with a NUL */

typedef struct {
    char       host[NGX_CC_ORIGIN_MAX_HOST + 1];
    char       scheme[NGX_CC_ORIGIN_MAX_SCHEME + 1];
    uint32_t   port;         /* 0 = not given, and the scheme has none */
} ngx_cc_origin_t;


/*
 * Reads "host" or "host:port" (n bytes at p) into origin->host and ->port (0 =
 * not given); scheme is left empty.  Returns 0, or -1 when it is neither: user
 * names, empty parts, percent signs, bytes beyond ASCII.
 */
int ngx_cc_origin_host(ngx_cc_origin_t *origin, const uint8_t *p, size_t n);

/*
 * Reads "scheme://host[:port]".  Returns 0 or -1; "null", a path and even a
 * slash at the end are errors.
 */
int ngx_cc_origin_parse(ngx_cc_origin_t *origin, const uint8_t *p, size_t n);

/* 1 when scheme, host and port are the same */
int ngx_cc_origin_same(const ngx_cc_origin_t *a, const ngx_cc_origin_t *b);

/*
 * 1 when host (as above) can only mean this machine: "localhost", an address
 * of 127.0.0.0/8 in four decimal parts, or [::1].
 */
int ngx_cc_origin_loopback(const char *host);


#endif /* _NGX_CC_ORIGIN_H_INCLUDED_ */
