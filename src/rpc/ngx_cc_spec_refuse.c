
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_spec.h"
#include "ngx_cc_utf8.h"
#include "ngx_cc_zone.h"


void
ngx_cc_spec_report(ngx_cc_spec_t *spec, ngx_cc_recorder_t *recorder)
{
    ngx_str_t  why;

    if (recorder) {
        why.data = spec->text;
        why.len = spec->len;

        recorder->refused(recorder, spec->command.argv, spec->command.argc,
                          &spec->line, spec->command.trace, &why);
    }
}


ngx_int_t
ngx_cc_spec_refuse(ngx_cc_spec_t *spec, ngx_cc_refused_e refused,
    const char *fmt, ...)
{
    va_list   args;
    u_char   *p;

    va_start(args, fmt);
    p = ngx_vslprintf(spec->text, spec->text + NGX_CC_SPEC_TEXT, fmt, args);
    va_end(args);

    spec->refused = refused;
    spec->len = ngx_cc_utf8_cut(spec->text, p - spec->text);

    if (refused == NGX_CC_REFUSED_POLICY) {
        ngx_cc_zone_refused(NGX_CC_REASON_POLICY);
    }

    return NGX_DECLINED;
}


ngx_int_t
ngx_cc_spec_wrong(ngx_cc_spec_t *spec, const char *fmt, ...)
{
    va_list   args;
    u_char   *p;

    p = ngx_slprintf(spec->text, spec->text + NGX_CC_SPEC_TEXT, "%s.",
                     spec->prefix);

    va_start(args, fmt);
    p = ngx_vslprintf(p, spec->text + NGX_CC_SPEC_TEXT, fmt, args);
    va_end(args);

    spec->refused = NGX_CC_REFUSED_PARAMS;
    spec->len = ngx_cc_utf8_cut(spec->text, p - spec->text);

    return NGX_DECLINED;
}
