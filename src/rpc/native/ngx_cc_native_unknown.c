
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_message.h"
#include "ngx_cc_native_unknown.h"
#include "ngx_cc_utf8.h"


#define NGX_CC_NATIVE_UNKNOWN_NAMED   8         /* of them */
#define NGX_CC_NATIVE_UNKNOWN_NAME    64        /* bytes of a name */
#define NGX_CC_NATIVE_UNKNOWN_SIZE    4096


static ngx_uint_t ngx_cc_native_unknown_name(ngx_str_t *name,
    const char *takes);


ngx_int_t
ngx_cc_native_unknown_params(ngx_cc_value_t *params, const char *takes,
    ngx_pool_t *pool, ngx_str_t *more)
{
    u_char           text[NGX_CC_NATIVE_UNKNOWN_NAME + 64], *p;
    ngx_str_t        name;
    ngx_uint_t       n;
    ngx_cc_json_t    w;
    ngx_cc_value_t  *v;

    ngx_str_null(more);
    n = 0;

    for (v = params ? params->first : NULL; v; v = v->next) {

        if (!ngx_cc_native_unknown_name(&v->name, takes)) {
            continue;
        }

        if (n++ == 0) {
            more->data = ngx_pnalloc(pool, NGX_CC_NATIVE_UNKNOWN_SIZE);

            if (more->data == NULL) {
                return NGX_ERROR;
            }

            ngx_cc_message_writer(&w, more->data, NGX_CC_NATIVE_UNKNOWN_SIZE);
            ngx_cc_json_lit(&w, ",\"warnings\":[");
        }

        if (n > NGX_CC_NATIVE_UNKNOWN_NAMED) {
            continue;
        }

        name = v->name;
        name.len = ngx_cc_utf8_cut(name.data,
                                   ngx_min(name.len,
                                           NGX_CC_NATIVE_UNKNOWN_NAME));

        p = ngx_slprintf(text, text + sizeof(text),
                         "params.%V is not known and was ignored", &name);

        if (n > 1) {
            ngx_cc_json_lit(&w, ",");
        }

        ngx_cc_json_string(&w, text, p - text);
    }

    if (n == 0) {
        return NGX_OK;
    }

    if (n > NGX_CC_NATIVE_UNKNOWN_NAMED) {
        p = ngx_slprintf(text, text + sizeof(text), "%ui more",
                         n - NGX_CC_NATIVE_UNKNOWN_NAMED);
        ngx_cc_json_lit(&w, ",");
        ngx_cc_json_string(&w, text, p - text);
    }

    ngx_cc_json_lit(&w, "]");
    more->len = w.pos - more->data;

    return NGX_OK;
}


/* 1: it is not among them */

static ngx_uint_t
ngx_cc_native_unknown_name(ngx_str_t *name, const char *takes)
{
    size_t  n;

    for ( ;; ) {
        n = strcspn(takes, ",");

        if (n == name->len && ngx_memcmp(takes, name->data, n) == 0) {
            return 0;
        }

        if (takes[n] == '\0') {
            return 1;
        }

        takes += n + sizeof(", ") - 1;
    }
}
