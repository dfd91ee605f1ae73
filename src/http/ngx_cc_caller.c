
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_cc_caller.h"
#include "ngx_cc_conf.h"
#include "ngx_cc_header.h"
#include "ngx_cc_token.h"


static ngx_pool_cleanup_t *ngx_cc_caller_mark(ngx_http_request_t *r);
static const ngx_cc_token_t *ngx_cc_caller_token(ngx_http_request_t *r,
    ngx_array_t *tokens, ngx_cc_caller_token_e *result);
static ngx_uint_t ngx_cc_caller_shown(ngx_http_request_t *r,
    ngx_str_t *token);
static ngx_int_t ngx_cc_caller_owner(ngx_http_request_t *r,
    ngx_cc_caller_t *caller, const ngx_cc_token_t *token);
static ngx_int_t ngx_cc_caller_subject(ngx_http_request_t *r,
    ngx_str_t *subject);
#if (NGX_HTTP_SSL)
static ngx_int_t ngx_cc_caller_variable(ngx_http_request_t *r,
    const char *name, ngx_str_t *value);
#endif


ngx_cc_caller_t *
ngx_cc_caller_check(ngx_http_request_t *r)
{
    ngx_cc_caller_t       *caller;
    ngx_cc_loc_conf_t     *lcf;
    ngx_pool_cleanup_t    *cln;
    const ngx_cc_token_t  *token;

    cln = ngx_pool_cleanup_add(r->pool, sizeof(ngx_cc_caller_t));

    if (cln == NULL) {
        return NULL;
    }

    caller = cln->data;
    ngx_memzero(caller, sizeof(ngx_cc_caller_t));

    lcf = ngx_http_get_module_loc_conf(r, ngx_cc_executor_module);
    token = NULL;

    if (lcf->access.tokens) {
        token = ngx_cc_caller_token(r, lcf->access.tokens, &caller->token);
    }

    if (ngx_cc_caller_owner(r, caller, token) != NGX_OK) {
        return NULL;
    }

    ngx_cc_identity_owner(&lcf->identity, &lcf->realm, &caller->owner,
                          caller->digest);

    caller->location = lcf;
    cln->handler = ngx_cc_caller_cleanup;

    return caller;
}


ngx_cc_caller_t *
ngx_cc_caller(ngx_http_request_t *r)
{
    ngx_cc_caller_t  *caller;

    caller = ngx_cc_caller_last(r);

    if (caller == NULL
        || caller->location != ngx_http_get_module_loc_conf(r,
                                                     ngx_cc_executor_module))
    {
        return NULL;
    }

    return caller;
}


ngx_cc_caller_t *
ngx_cc_caller_last(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t  *cln;

    cln = ngx_cc_caller_mark(r);

    return cln ? cln->data : NULL;
}


ngx_cc_caller_t *
ngx_cc_caller_move(ngx_http_request_t *r, ngx_pool_t *pool)
{
    ngx_cc_caller_t     *caller;
    ngx_pool_cleanup_t  *cln;

    cln = ngx_cc_caller_mark(r);
    caller = cln ? ngx_palloc(pool, sizeof(ngx_cc_caller_t)) : NULL;

    if (caller == NULL) {
        return NULL;
    }

    ngx_memcpy(caller, cln->data, sizeof(ngx_cc_caller_t));
    caller->owner.data = ngx_pstrdup(pool, &caller->owner);

    if (caller->owner.data == NULL) {
        return NULL;
    }

    cln->data = caller;

    return caller;
}


/*
 * The context of a module is lost in an internal redirect, which error_page
 * is; so it is found by its clean-up handler, the newest first.
 */

static ngx_pool_cleanup_t *
ngx_cc_caller_mark(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t  *cln;

    for (cln = r->pool->cleanup; cln; cln = cln->next) {
        if (cln->handler == ngx_cc_caller_cleanup) {
            return cln;
        }
    }

    return NULL;
}


ngx_uint_t
ngx_cc_caller_apart(ngx_http_request_t *r, ngx_cc_caller_t *caller)
{
    return ngx_strncmp(caller->owner.data, "addr:", 5) != 0
           || !ngx_cc_access_conf_local(r->connection->sockaddr);
}


ngx_uint_t
ngx_cc_caller_nameless(ngx_http_request_t *r, ngx_cc_caller_t *caller)
{
    return ngx_strncmp(caller->owner.data, "addr:", 5) == 0
           && !ngx_cc_access_conf_local(r->connection->sockaddr);
}


static const ngx_cc_token_t *
ngx_cc_caller_token(ngx_http_request_t *r, ngx_array_t *tokens,
    ngx_cc_caller_token_e *result)
{
    ngx_str_t              text;
    ngx_uint_t             n;
    const ngx_cc_token_t  *token;

    n = ngx_cc_caller_shown(r, &text);

    if (n == 0) {
        *result = NGX_CC_CALLER_NONE;
        return NULL;
    }

    token = NULL;

    if (n == 1) {
        token = ngx_cc_token_find(tokens->elts, tokens->nelts, text.data,
                                  text.len);
    }

    *result = token ? NGX_CC_CALLER_GOOD : NGX_CC_CALLER_WRONG;

    return token;
}


/*
 * How many tokens the request shows: "Authorization: Bearer" (RFC 6750), and,
 * for browsers, which cannot set that header of a WebSocket, an item
 * "bearer.<token>" of the subprotocol list.  Never in the URL: URLs are logged.
 */

static ngx_uint_t
ngx_cc_caller_shown(ngx_http_request_t *r, ngx_str_t *token)
{
    ngx_str_t              item, name = ngx_string("Authorization"),
                           protocol = ngx_string("Sec-WebSocket-Protocol");
    ngx_uint_t             i, n;
    ngx_list_part_t       *part;
    ngx_table_elt_t       *h;
    ngx_cc_header_iter_t   it;

    n = 0;

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {

            if (h[i].key.len != name.len
                || ngx_strncasecmp(h[i].key.data, name.data, name.len) != 0
                || h[i].value.len < 6
                || ngx_strncasecmp(h[i].value.data, (u_char *) "Bearer", 6)
                   != 0)
            {
                continue;
            }

            item.data = h[i].value.data + 6;
            item.len = h[i].value.len - 6;

            if (item.len && *item.data != ' ') {
                continue;                    /* the scheme has another name */
            }

            while (item.len && *item.data == ' ') {
                item.data++;
                item.len--;
            }

            *token = item;
            n++;
        }
    }

    ngx_cc_header_begin(r, &it);

    while (ngx_cc_header_item(&it, &protocol, &item)) {
        if (item.len >= 7 && ngx_strncmp(item.data, "bearer.", 7) == 0) {
            token->data = item.data + 7;
            token->len = item.len - 7;
            n++;
        }
    }

    return n;
}


static ngx_int_t
ngx_cc_caller_owner(ngx_http_request_t *r, ngx_cc_caller_t *caller,
    const ngx_cc_token_t *token)
{
    u_char             *p;
    ngx_str_t           name;
    const char         *kind;
    ngx_cc_loc_conf_t  *lcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_cc_executor_module);

    if (token) {
        kind = "token";
        name.data = (u_char *) token->name;
        name.len = ngx_strlen(token->name);

    } else if (lcf->access.basic && r->headers_in.user.len) {
        kind = "user";
        name = r->headers_in.user;

    } else if (ngx_cc_caller_subject(r, &name) == NGX_OK) {
        kind = "cert";

    } else {
        kind = "addr";
        name = r->connection->addr_text;
    }

    caller->owner.len = ngx_strlen(kind) + 1 + name.len;
    caller->owner.data = ngx_pnalloc(r->pool, caller->owner.len);

    if (caller->owner.data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_cpymem(caller->owner.data, kind, ngx_strlen(kind));
    *p++ = ':';
    ngx_memcpy(p, name.data, name.len);

    return NGX_OK;
}


/*
 * A certificate belongs to the connection, and was verified by the rules of
 * the server that the handshake was with.  Host may name another one, which
 * knows other authorities, or asks for no certificate at all.
 */

static ngx_int_t
ngx_cc_caller_subject(ngx_http_request_t *r, ngx_str_t *subject)
{
#if (NGX_HTTP_SSL)
    ngx_str_t                 verify;
    ngx_http_ssl_srv_conf_t  *sscf;

    sscf = ngx_http_get_module_srv_conf(r, ngx_http_ssl_module);

    if (sscf->verify == 0
        || sscf != ngx_http_get_module_srv_conf(r->http_connection->conf_ctx,
                                                ngx_http_ssl_module))
    {
        return NGX_DECLINED;
    }

    if (ngx_cc_caller_variable(r, "ssl_client_verify", &verify) != NGX_OK
        || verify.len != 7
        || ngx_strncmp(verify.data, "SUCCESS", 7) != 0)
    {
        return NGX_DECLINED;
    }

    return ngx_cc_caller_variable(r, "ssl_client_s_dn", subject);
#else
    return NGX_DECLINED;
#endif
}


#if (NGX_HTTP_SSL)


/* by its variable, so that nothing here depends on how nginx was built */

static ngx_int_t
ngx_cc_caller_variable(ngx_http_request_t *r, const char *name,
    ngx_str_t *value)
{
    ngx_str_t                   str;
    ngx_http_variable_value_t  *vv;

    str.data = (u_char *) name;
    str.len = ngx_strlen(name);

    vv = ngx_http_get_variable(r, &str, ngx_hash_key(str.data, str.len));

    if (vv == NULL || vv->not_found || vv->len == 0) {
        return NGX_DECLINED;
    }

    value->data = vv->data;
    value->len = vv->len;

    return NGX_OK;
}


#endif


void
ngx_cc_caller_cleanup(void *data)
{
    /* only marks the entry */
}
