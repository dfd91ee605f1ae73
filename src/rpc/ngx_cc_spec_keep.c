
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_spec_keep.h"
#include "ngx_cc_utf8.h"


ngx_int_t
ngx_cc_spec_keep_label(ngx_cc_spec_t *spec, ngx_cc_value_t *v,
    const char **label)
{
    *label = "";

    if (v == NULL || v->type == NGX_CC_VALUE_NULL) {
        return NGX_OK;
    }

    if (v->type != NGX_CC_VALUE_STRING
        || ngx_utf8_length(v->text.data, v->text.len) > NGX_CC_SPEC_KEEP_LABEL)
    {
        return ngx_cc_spec_wrong(spec, "label must be a string of at most %d "
                                 "characters", NGX_CC_SPEC_KEEP_LABEL);
    }

    *label = (char *) v->text.data;

    return NGX_OK;
}


const char *
ngx_cc_spec_keep_shown(ngx_cc_spec_t *spec, ngx_pool_t *pool)
{
    u_char  *text;

    text = ngx_pnalloc(pool, NGX_CC_WIRE_MAX_SHOWN + 1);

    if (text) {
        ngx_cc_spec_keep_show(spec, text);
    }

    return (char *) text;
}


void
ngx_cc_spec_keep_show(const ngx_cc_spec_t *spec, u_char *text)
{
    u_char      *p, *last;
    uint32_t     i;

    p = text;
    last = text + NGX_CC_WIRE_MAX_SHOWN;

    if (spec->line.len) {
        p = ngx_cpymem(p, spec->line.data,
                       ngx_min(spec->line.len, NGX_CC_WIRE_MAX_SHOWN));

    } else {

        for (i = 0; i < spec->command.argc && p < last; i++) {
            p = ngx_slprintf(p, last, i ? " %s" : "%s",
                             spec->command.argv[i]);
        }
    }

    text[ngx_cc_utf8_cut(text, p - text)] = '\0';
}


ngx_int_t
ngx_cc_spec_keep_named(ngx_cc_spec_t *spec, ngx_uint_t nameless)
{
    if (!nameless) {
        return NGX_OK;
    }

    return ngx_cc_spec_refuse(spec, NGX_CC_REFUSED_POLICY,
                              "a command is kept for a client with a name "
                              "(token, user, certificate), this one is "
                              "known by its address");
}
