
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_cc_access.h"
#include "ngx_cc_upgrade.h"


static ngx_uint_t ngx_cc_access_local(struct sockaddr *sa);


ngx_int_t
ngx_cc_access(ngx_http_request_t *r)
{
    ngx_str_t         name = ngx_string("Origin");
    ngx_table_elt_t  *origin;

    /*
     * A subrequest (SSI, mirror, auth_request...) repeats a request of
     * somebody who did not ask for a command.
     */

    if (r != r->main) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "cc_executor: a subrequest must not run a command");
        return NGX_HTTP_FORBIDDEN;
    }

    if (!ngx_cc_access_local(r->connection->sockaddr)) {
        ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                      "cc_executor: refused, the peer is not on this machine");
        return NGX_HTTP_FORBIDDEN;
    }

    if (ngx_cc_upgrade_header(r, &name, &origin)) {
        ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                      "cc_executor: refused, Origin \"%V\" is not allowed",
                      &origin->value);
        return NGX_HTTP_FORBIDDEN;
    }

    return NGX_OK;
}


static ngx_uint_t
ngx_cc_access_local(struct sockaddr *sa)
{
#if (NGX_HAVE_INET6)
    struct in6_addr  *in6;
#endif

    switch (sa->sa_family) {

#if (NGX_HAVE_UNIX_DOMAIN)
    case AF_UNIX:
        return 1;
#endif

#if (NGX_HAVE_INET6)
    case AF_INET6:
        in6 = &((struct sockaddr_in6 *) sa)->sin6_addr;

        return IN6_IS_ADDR_LOOPBACK(in6)
               || (IN6_IS_ADDR_V4MAPPED(in6) && in6->s6_addr[12] == 127);
#endif

    case AF_INET:
        return (ntohl(((struct sockaddr_in *) sa)->sin_addr.s_addr) >> 24)
               == 127;

    default:
        return 0;
    }
}
