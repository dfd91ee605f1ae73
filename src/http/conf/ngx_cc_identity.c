
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_cc_identity.h"


static ngx_int_t ngx_cc_identity_server(ngx_conf_t *cf,
    ngx_cc_identity_t *id);
static ngx_int_t ngx_cc_identity_addresses(ngx_conf_t *cf,
    ngx_http_core_srv_conf_t *cscf, ngx_array_t *list);
static int ngx_libc_cdecl ngx_cc_identity_compare(const void *one,
    const void *two);
static const char *ngx_cc_identity_kind(ngx_http_core_loc_conf_t *clcf);
static void ngx_cc_identity_text(ngx_cc_sha256_t *sha, ngx_str_t *text);


ngx_int_t
ngx_cc_identity_make(ngx_conf_t *cf, ngx_cc_identity_t *id,
    ngx_cc_identity_t *outer)
{
    u_char                    *p;
    const char                *kind;
    ngx_cc_sha256_t            sha;
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->name.data == NULL && !clcf->noname) {
        return ngx_cc_identity_server(cf, id);
    }

    if (clcf->noname || clcf->lmt_excpt) {
        *id = *outer;
        return NGX_OK;
    }

    kind = ngx_cc_identity_kind(clcf);

    ngx_cc_sha256_init(&sha);
    ngx_cc_sha256_update(&sha, outer->digest, NGX_CC_SHA256_SIZE);
    ngx_cc_sha256_update(&sha, kind, ngx_strlen(kind) + 1);
    ngx_cc_identity_text(&sha, &clcf->name);
    ngx_cc_sha256_final(&sha, id->digest);

    id->listen = outer->listen;
    id->name.data = ngx_pnalloc(cf->pool, outer->name.len + 1
                                          + ngx_strlen(kind) + clcf->name.len);

    if (id->name.data == NULL) {
        return NGX_ERROR;
    }

    p = id->name.data;

    if (outer->name.len) {
        p = ngx_cpymem(p, outer->name.data, outer->name.len);
        *p++ = ' ';
    }

    p = ngx_cpymem(p, kind, ngx_strlen(kind));
    p = ngx_cpymem(p, clcf->name.data, clcf->name.len);

    id->name.len = p - id->name.data;

    return NGX_OK;
}


ngx_int_t
ngx_cc_identity_again(ngx_conf_t *cf, ngx_cc_identity_t *id)
{
    size_t            len;
    u_char           *p;
    ngx_cc_sha256_t   sha;

    ngx_cc_sha256_init(&sha);
    ngx_cc_sha256_update(&sha, id->digest, NGX_CC_SHA256_SIZE);
    ngx_cc_sha256_final(&sha, id->digest);

    len = id->name.len + sizeof(" again") - 1;
    p = ngx_pnalloc(cf->pool, len);

    if (p == NULL) {
        return NGX_ERROR;
    }

    id->name.len = ngx_snprintf(p, len, "%V again", &id->name) - p;
    id->name.data = p;

    return NGX_OK;
}


void
ngx_cc_identity_owner(const ngx_cc_identity_t *id, const ngx_str_t *realm,
    const ngx_str_t *owner, uint8_t digest[NGX_CC_SHA256_SIZE])
{
    ngx_cc_sha256_t  sha;

    ngx_cc_sha256_init(&sha);

    if (realm->len) {
        ngx_cc_sha256_update(&sha, "cc_executor_realm", 18);
        ngx_cc_sha256_update(&sha, realm->data, realm->len);
        ngx_cc_sha256_update(&sha, "", 1);

    } else {
        ngx_cc_sha256_update(&sha, id->digest, NGX_CC_SHA256_SIZE);
    }

    ngx_cc_sha256_update(&sha, owner->data, owner->len);
    ngx_cc_sha256_final(&sha, digest);
}


static ngx_int_t
ngx_cc_identity_server(ngx_conf_t *cf, ngx_cc_identity_t *id)
{
    size_t                     len;
    u_char                    *p;
    ngx_str_t                 *text;
    ngx_uint_t                 i;
    ngx_array_t                list;
    ngx_cc_sha256_t            sha;
    ngx_http_core_srv_conf_t  *cscf;

    cscf = ngx_http_conf_get_module_srv_conf(cf, ngx_http_core_module);

    if (ngx_array_init(&list, cf->pool, 4, sizeof(ngx_str_t)) != NGX_OK
        || ngx_cc_identity_addresses(cf, cscf, &list) != NGX_OK)
    {
        return NGX_ERROR;
    }

    text = list.elts;
    len = 0;

    /* their order says nothing */

    ngx_qsort(text, list.nelts, sizeof(ngx_str_t), ngx_cc_identity_compare);

    for (i = 0; i < list.nelts; i++) {
        len += text[i].len + 1;
    }

    p = ngx_pnalloc(cf->pool, len + 1);

    if (p == NULL) {
        return NGX_ERROR;
    }

    id->listen.data = p;

    for (i = 0; i < list.nelts; i++) {

        if (i) {
            *p++ = ',';
        }

        p = ngx_cpymem(p, text[i].data, text[i].len);
    }

    id->listen.len = p - id->listen.data;
    ngx_str_null(&id->name);

    ngx_cc_sha256_init(&sha);
    ngx_cc_identity_text(&sha, &cscf->server_name);
    ngx_cc_identity_text(&sha, &id->listen);
    ngx_cc_sha256_final(&sha, id->digest);

    return NGX_OK;
}


static ngx_int_t
ngx_cc_identity_addresses(ngx_conf_t *cf, ngx_http_core_srv_conf_t *cscf,
    ngx_array_t *list)
{
    ngx_str_t                   *text;
    ngx_uint_t                   p, a, s;
    ngx_http_conf_port_t        *port;
    ngx_http_conf_addr_t        *addr;
    ngx_http_core_srv_conf_t   **server;
    ngx_http_core_main_conf_t   *cmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);
    port = cmcf->ports ? cmcf->ports->elts : NULL;

    for (p = 0; port && p < cmcf->ports->nelts; p++) {
        addr = port[p].addrs.elts;

        for (a = 0; a < port[p].addrs.nelts; a++) {
            server = addr[a].servers.elts;

            for (s = 0; s < addr[a].servers.nelts; s++) {

                if (server[s] != cscf) {
                    continue;
                }

                text = ngx_array_push(list);

                if (text == NULL) {
                    return NGX_ERROR;
                }

                *text = addr[a].opt.addr_text;
                break;
            }
        }
    }

    return NGX_OK;
}


static int ngx_libc_cdecl
ngx_cc_identity_compare(const void *one, const void *two)
{
    const ngx_str_t  *a = one;
    const ngx_str_t  *b = two;

    return ngx_memn2cmp(a->data, b->data, a->len, b->len);
}


/* what stands in front of the name in the configuration */

static const char *
ngx_cc_identity_kind(ngx_http_core_loc_conf_t *clcf)
{
    if (clcf->exact_match) {
        return "= ";
    }

    if (clcf->noregex) {
        return "^~ ";
    }

#if (NGX_PCRE)
    if (clcf->regex) {
        return "~ ";
    }
#endif

    return "";
}


/* a text and its length: what follows does not run into it */

static void
ngx_cc_identity_text(ngx_cc_sha256_t *sha, ngx_str_t *text)
{
    ngx_cc_sha256_update(sha, &text->len, sizeof(text->len));
    ngx_cc_sha256_update(sha, text->data, text->len);
}
