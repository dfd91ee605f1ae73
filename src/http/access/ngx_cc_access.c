
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_cc_access.h"
#include "ngx_cc_audit.h"
#include "ngx_cc_caller.h"
#include "ngx_cc_conf.h"
#include "ngx_cc_header.h"
#include "ngx_cc_local.h"
#include "ngx_cc_problem.h"
#include "ngx_cc_reply.h"
#include "ngx_cc_request.h"
#include "ngx_cc_zone.h"


static ngx_int_t ngx_cc_access_host(ngx_http_request_t *r,
    ngx_cc_access_conf_t *conf);
static ngx_int_t ngx_cc_access_remote(ngx_http_request_t *r,
    ngx_cc_access_conf_t *conf, ngx_cc_caller_t *caller);
static ngx_int_t ngx_cc_access_command(ngx_http_request_t *r,
    ngx_cc_access_conf_t *conf);
static ngx_uint_t ngx_cc_access_forwarded(ngx_http_request_t *r);
static ngx_uint_t ngx_cc_access_renamed(ngx_http_request_t *r);
static ngx_int_t ngx_cc_access_origin(ngx_http_request_t *r,
    ngx_cc_access_conf_t *conf);
static ngx_uint_t ngx_cc_access_own(ngx_http_request_t *r,
    ngx_cc_access_conf_t *conf, ngx_cc_origin_t *origin);
static ngx_int_t ngx_cc_access_token(ngx_http_request_t *r,
    ngx_cc_caller_t *caller);
static ngx_int_t ngx_cc_access_refuse(ngx_http_request_t *r, ngx_int_t status,
    ngx_cc_reason_e reason, const char *why, ngx_str_t *what);


ngx_int_t
ngx_cc_access(ngx_http_request_t *r)
{
    ngx_int_t              rc;
    ngx_str_t              subrequest = ngx_string("a subrequest");
    ngx_cc_caller_t       *caller;
    ngx_cc_loc_conf_t     *lcf;
    ngx_cc_access_conf_t  *conf;

    /*
     * A subrequest (SSI, mirror, auth_request...) repeats a request of
     * somebody who did not ask for a command.
     */

    if (r != r->main) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "cc_executor: a subrequest must not run a command");
        ngx_cc_zone_refused(NGX_CC_REASON_SUBREQUEST);
        ngx_cc_audit_refused(r, NGX_HTTP_FORBIDDEN, NGX_CC_REASON_SUBREQUEST,
                             &subrequest);
        return NGX_HTTP_FORBIDDEN;
    }

    lcf = ngx_http_get_module_loc_conf(r, ngx_cc_executor_module);
    conf = &lcf->access;

    caller = ngx_cc_caller_check(r);

    if (caller == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_cc_access_host(r, conf);

    if (rc == NGX_OK) {
        rc = ngx_cc_access_remote(r, conf, caller);
    }

    if (rc == NGX_OK) {
        rc = ngx_cc_access_command(r, conf);
    }

    if (rc == NGX_OK) {
        rc = ngx_cc_access_origin(r, conf);
    }

    if (rc == NGX_OK && conf->tokens) {
        rc = ngx_cc_access_token(r, caller);
    }

    return rc;
}


/*
 * The host that nginx chose the server by, and every Host header: with an
 * absolute request line, or HTTP/2's :authority, they can be several.
 */

static ngx_int_t
ngx_cc_access_host(ngx_http_request_t *r, ngx_cc_access_conf_t *conf)
{
    ngx_str_t              item, name = ngx_string("Host");
    ngx_cc_origin_t        host;
    ngx_cc_header_iter_t   it;

    item = r->headers_in.server;

    if (ngx_cc_origin_host(&host, item.data, item.len) != 0
        || !ngx_cc_access_conf_host(conf, host.host))
    {
        goto refuse;
    }

    ngx_cc_header_begin(r, &it);

    while (ngx_cc_header_item(&it, &name, &item)) {
        if (ngx_cc_origin_host(&host, item.data, item.len) != 0
            || !ngx_cc_access_conf_host(conf, host.host))
        {
            goto refuse;
        }
    }

    return NGX_OK;

refuse:

    return ngx_cc_access_refuse(r, NGX_HTTP_MISDIRECTED_REQUEST,
                                NGX_CC_REASON_HOST,
                                "cc_executor_allowed_hosts does not list",
                                &item);
}


static ngx_int_t
ngx_cc_access_remote(ngx_http_request_t *r, ngx_cc_access_conf_t *conf,
    ngx_cc_caller_t *caller)
{
    /* with "token" there is a file, and everybody is asked for one */

    if (conf->remote != NGX_CC_ACCESS_DENY) {
        return NGX_OK;
    }

    if (!ngx_cc_access_conf_local(r->connection->sockaddr)) {
        return ngx_cc_access_refuse(r, NGX_HTTP_FORBIDDEN,
                                    NGX_CC_REASON_REMOTE,
                                    "the peer is not on this machine",
                                    &r->connection->addr_text);
    }

    if (ngx_cc_access_forwarded(r)) {
        return ngx_cc_access_refuse(r, NGX_HTTP_FORBIDDEN,
                                    NGX_CC_REASON_REMOTE,
                                    "the request was forwarded by",
                                    &r->connection->addr_text);
    }

    /*
     * A proxy that is not told otherwise speaks HTTP/1.0 and says nothing of
     * its client; programs of our days do not.
     */

    if (r->method == NGX_HTTP_POST && r->http_version < NGX_HTTP_VERSION_11
        && caller->token != NGX_CC_CALLER_GOOD)
    {
        return ngx_cc_access_refuse(r, NGX_HTTP_FORBIDDEN,
                                    NGX_CC_REASON_REMOTE,
                                    "HTTP/1.0 without a token, as a proxy "
                                    "sends it, from",
                                    &r->connection->addr_text);
    }

    return NGX_OK;
}


/* one of the programs that we run ourselves? */

static ngx_int_t
ngx_cc_access_command(ngx_http_request_t *r, ngx_cc_access_conf_t *conf)
{
    const char  *why;

    if (conf->commands) {
        return NGX_OK;
    }

    switch (ngx_cc_local_peer(r->connection)) {

    case NGX_CC_ANCESTRY_COMMAND:
        why = "a command of this server may not connect to it "
              "(cc_executor_commands_as_clients):";
        break;

    case NGX_CC_ANCESTRY_UNSEEN:
        why = "it runs as the user of this server's commands and its "
              "process cannot be inspected; "
              "\"cc_executor_commands_as_clients on\" admits such clients:";
        break;

    default:
        return NGX_OK;
    }

    return ngx_cc_access_refuse(r, NGX_HTTP_FORBIDDEN, NGX_CC_REASON_COMMAND,
                                why, &r->connection->addr_text);
}


/*
 * A proxy on this machine makes every client's address a loopback one.  What
 * it says of them may be invented, that it says something is enough.
 */

static ngx_uint_t
ngx_cc_access_forwarded(ngx_http_request_t *r)
{
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    /* not connection->proxy_protocol: "PROXY UNKNOWN" leaves that empty */

    if (r->http_connection->addr_conf->proxy_protocol) {
        return 1;
    }

    if (ngx_cc_access_renamed(r)) {
        return 1;
    }

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {
            if ((h[i].key.len >= 12
                 && ngx_strncasecmp(h[i].key.data, (u_char *) "X-Forwarded-",
                                    12) == 0)
                || (h[i].key.len == 9
                    && (ngx_strncasecmp(h[i].key.data, (u_char *) "Forwarded",
                                        9) == 0
                        || ngx_strncasecmp(h[i].key.data,
                                           (u_char *) "X-Real-IP", 9) == 0))
                || (h[i].key.len == 3
                    && ngx_strncasecmp(h[i].key.data, (u_char *) "Via", 3)
                       == 0))
            {
                return 1;
            }
        }
    }

    return 0;
}


/*
 * Did the realip module put another address in the place of the peer's?  Even
 * the very same one: somebody said it, so he is not the client himself.  The
 * texts may be equal then, where they stand is not.
 */

static ngx_uint_t
ngx_cc_access_renamed(ngx_http_request_t *r)
{
    ngx_str_t                   name = ngx_string("realip_remote_addr");
    ngx_http_variable_value_t  *v;

    v = ngx_http_get_variable(r, &name, ngx_hash_key(name.data, name.len));

    return v && v->valid && !v->not_found
           && v->data != r->connection->addr_text.data;
}


/*
 * Browsers name the page's origin in every WebSocket handshake and every POST;
 * other programs send none.
 */

static ngx_int_t
ngx_cc_access_origin(ngx_http_request_t *r, ngx_cc_access_conf_t *conf)
{
    ngx_str_t              name = ngx_string("Origin");
    ngx_uint_t             i, n;
    ngx_cc_origin_t        origin;
    ngx_table_elt_t       *h;
    ngx_cc_loc_conf_t     *lcf;
    ngx_cc_access_item_t  *item;
    ngx_cc_access_kind_e   kind;

    n = ngx_cc_header(r, &name, &h);

    if (n == 0) {
        return NGX_OK;
    }

    kind = NGX_CC_ACCESS_VALUE;

    if (h->value.len == 4 && ngx_strncmp(h->value.data, "null", 4) == 0) {
        kind = NGX_CC_ACCESS_NULL;

    } else if (ngx_cc_origin_parse(&origin, h->value.data, h->value.len) != 0)
    {
        goto refuse;
    }

    if (n > 1) {
        goto refuse;
    }

    lcf = ngx_http_get_module_loc_conf(r, ngx_cc_executor_module);

    if (kind == NGX_CC_ACCESS_VALUE
        && ngx_cc_cors_conf_has(&lcf->cors, &origin))
    {
        return NGX_OK;
    }

    if (conf->allowed_origins == NGX_CONF_UNSET_PTR) {
        if (kind == NGX_CC_ACCESS_VALUE
            && ngx_cc_access_own(r, conf, &origin))
        {
            return NGX_OK;
        }

        goto refuse;
    }

    item = conf->allowed_origins->elts;

    for (i = 0; i < conf->allowed_origins->nelts; i++) {

        if (kind == NGX_CC_ACCESS_NULL || item[i].kind == NGX_CC_ACCESS_NULL) {
            if (item[i].kind == kind) {
                return NGX_OK;
            }

            continue;
        }

        if (item[i].kind == NGX_CC_ACCESS_AUTO
            ? ngx_cc_access_own(r, conf, &origin)
            : (ngx_uint_t) ngx_cc_origin_same(&item[i].value, &origin))
        {
            return NGX_OK;
        }
    }

refuse:

    return ngx_cc_access_refuse(r, NGX_HTTP_FORBIDDEN,
                                NGX_CC_REASON_ORIGIN,
                                "cc_executor_allowed_origins does not list",
                                &h->value);
}


/*
 * Is it a page of this very server?  Compared with what is configured and with
 * the socket, never with what the request calls us.
 */

static ngx_uint_t
ngx_cc_access_own(ngx_http_request_t *r, ngx_cc_access_conf_t *conf,
    ngx_cc_origin_t *origin)
{
    const char        *scheme;
    ngx_connection_t  *c;

    c = r->connection;
    scheme = "http";

#if (NGX_HTTP_SSL)
    if (c->ssl) {
        scheme = "https";
    }
#endif

    if (ngx_strcmp(origin->scheme, scheme) != 0
        || !ngx_cc_access_conf_host(conf, origin->host))
    {
        return 0;
    }

    /* the address may be a wildcard's, the port is the same then */

    return origin->port == ngx_inet_get_port(c->listening->sockaddr);
}


/* RFC 6750, section 3: no error where nothing was shown */

static ngx_int_t
ngx_cc_access_token(ngx_http_request_t *r, ngx_cc_caller_t *caller)
{
    const char  *challenge, *why;

    switch (caller->token) {

    case NGX_CC_CALLER_GOOD:
        return NGX_OK;

    case NGX_CC_CALLER_NONE:
        challenge = "Bearer realm=\"cc_executor\"";
        why = "a token of cc_executor_token_file is required, none was sent: "
              "send \"Authorization: Bearer TOKEN\"";
        break;

    default:                             /* NGX_CC_CALLER_WRONG */
        challenge = "Bearer realm=\"cc_executor\", error=\"invalid_token\", "
                    "error_description=\"exactly one token is required, and it "
                    "must be known here\"";
        why = "a token of cc_executor_token_file is required, the one sent "
              "is unknown, or there are several";
        break;
    }

    if (ngx_cc_reply_header(r, "WWW-Authenticate", challenge,
                            ngx_strlen(challenge))
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_cc_access_refuse(r, NGX_HTTP_UNAUTHORIZED,
                                NGX_CC_REASON_TOKEN, why, NULL);
}


static ngx_int_t
ngx_cc_access_refuse(ngx_http_request_t *r, ngx_int_t status,
    ngx_cc_reason_e reason, const char *why, ngx_str_t *what)
{
    u_char      buf[NGX_CC_HEADER_PRINT], copy[2 * NGX_CC_HEADER_PRINT];
    ngx_str_t   text, line;
    ngx_uint_t  level;

    line.data = copy;

    if (what) {
        text = ngx_cc_header_print(buf, what);
        line.len = ngx_snprintf(copy, sizeof(copy), "%s \"%V\"", why, &text)
                   - copy;

    } else {
        line.len = ngx_snprintf(copy, sizeof(copy), "%s", why) - copy;
    }

    /* what an operator may have to change stands out */

    level = (reason == NGX_CC_REASON_COMMAND) ? NGX_LOG_WARN : NGX_LOG_INFO;

    ngx_log_error(level, r->connection->log, 0,
                  "cc_executor: refused with %i, %V", status, &line);

    ngx_cc_zone_refused(reason);

    ngx_cc_audit_refused(r, status, reason, &line);

    return ngx_cc_problem(r, status, NGX_CC_ERROR_REQUEST, &line);
}
