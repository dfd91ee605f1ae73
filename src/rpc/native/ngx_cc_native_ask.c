
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_message.h"
#include "ngx_cc_native_answer.h"
#include "ngx_cc_native_ask.h"
#include "ngx_cc_native_read.h"


#define NGX_CC_NATIVE_ASK_WAIT   100000  /* ms, the longest */
#define NGX_CC_NATIVE_ASK_READ   65536   /* bytes */
#define NGX_CC_NATIVE_ASK_FAR    900000000000000


static ngx_int_t ngx_cc_native_ask_patterns(ngx_cc_native_t *s,
    ngx_cc_value_t *params, ngx_cc_ask_spec_t *spec);


ngx_int_t
ngx_cc_native_ask_read(ngx_cc_native_t *s, ngx_cc_value_t *params)
{
    int64_t            value;
    ngx_uint_t         base64;
    ngx_cc_ask_spec_t  spec;

    ngx_memzero(&spec, sizeof(spec));
    spec.what = NGX_CC_ASK_READ;
    spec.max = NGX_CC_NATIVE_ASK_READ;
    base64 = 0;

    if (ngx_cc_native_read_id(s, params, &spec.handle) == NGX_ERROR
        || ngx_cc_native_read_word(s, params, "stream", "stdout", "stderr",
                                   &spec.stream)
           == NGX_ERROR
        || ngx_cc_native_read_word(s, params, "encoding", "utf-8", "base64",
                                   &base64)
           == NGX_ERROR
        || ngx_cc_native_read_number(s, params, "offset",
                                     -NGX_CC_NATIVE_ASK_FAR,
                                     NGX_CC_NATIVE_ASK_FAR,
                                     &spec.from[spec.stream])
           == NGX_ERROR)
    {
        return NGX_OK;
    }

    switch (ngx_cc_native_read_number(s, params, "max_bytes", 1,
                                      NGX_CC_NATIVE_ASK_READ, &value))
    {
    case NGX_OK:
        spec.max = value;
        break;

    case NGX_ERROR:
        return NGX_OK;
    }

    switch (ngx_cc_native_read_number(s, params, "wait_ms", 0,
                                      NGX_CC_NATIVE_ASK_WAIT, &value))
    {
    case NGX_OK:
        spec.wait = value;
        break;

    case NGX_ERROR:
        return NGX_OK;
    }

    return ngx_cc_native_answer_begin(s, &spec, base64);
}


ngx_int_t
ngx_cc_native_ask_wait(ngx_cc_native_t *s, ngx_cc_value_t *params)
{
    size_t             i;
    int64_t            value;
    ngx_int_t          rc;
    ngx_str_t          until;
    ngx_uint_t         stream;
    ngx_cc_ask_spec_t  spec;

    static const char  *untils[] = { "exit", "output", "idle" };

    ngx_memzero(&spec, sizeof(spec));
    spec.what = NGX_CC_ASK_WAIT;
    spec.wait = NGX_CC_NATIVE_ASK_WAIT;
    spec.streams = NGX_CC_EOF_STDOUT|NGX_CC_EOF_STDERR;
    spec.from[NGX_CC_STDOUT] = INT64_MAX;
    spec.from[NGX_CC_STDERR] = INT64_MAX;
    spec.idle = 1000;

    if (ngx_cc_native_read_id(s, params, &spec.handle) == NGX_ERROR) {
        return NGX_OK;
    }

    rc = ngx_cc_native_read_string(s, params, "until", &until);

    if (rc == NGX_ERROR) {
        return NGX_OK;
    }

    if (rc == NGX_OK) {

        for (i = 0; i < 3; i++) {
            if (ngx_strcmp(until.data, untils[i]) == 0) {
                spec.until = i;
                break;
            }
        }

        if (i == 3) {
            ngx_cc_native_error(s, NGX_CC_ERROR_PARAMS,
                                "params.until must be \"exit\", \"output\" or "
                                "\"idle\"");
            return NGX_OK;
        }
    }

    rc = ngx_cc_native_read_word(s, params, "stream", "stdout", "stderr",
                                 &stream);

    if (rc == NGX_ERROR) {
        return NGX_OK;
    }

    if (rc == NGX_OK) {
        spec.streams = stream ? NGX_CC_EOF_STDERR : NGX_CC_EOF_STDOUT;
    }

    rc = ngx_cc_native_read_number(s, params, "from", -NGX_CC_NATIVE_ASK_FAR,
                                   NGX_CC_NATIVE_ASK_FAR, &value);
    if (rc == NGX_ERROR) {
        return NGX_OK;
    }

    if (rc == NGX_OK) {

        if (spec.streams == (NGX_CC_EOF_STDOUT|NGX_CC_EOF_STDERR)
            && value > 0)
        {
            ngx_cc_native_error(s, NGX_CC_ERROR_PARAMS,
                                "params.from is an offset of params.stream, "
                                "which is missing");
            return NGX_OK;
        }

        spec.from[NGX_CC_STDOUT] = value;
        spec.from[NGX_CC_STDERR] = value;
    }

    switch (ngx_cc_native_read_number(s, params, "idle_ms", 1,
                                      NGX_CC_NATIVE_ASK_WAIT, &value))
    {
    case NGX_OK:
        spec.idle = value;
        break;

    case NGX_ERROR:
        return NGX_OK;
    }

    switch (ngx_cc_native_read_number(s, params, "timeout_ms", 1,
                                      NGX_CC_NATIVE_ASK_WAIT, &value))
    {
    case NGX_OK:
        spec.wait = value;
        break;

    case NGX_ERROR:
        return NGX_OK;
    }

    rc = ngx_cc_native_ask_patterns(s, params, &spec);

    if (rc != NGX_OK) {
        return rc == NGX_ERROR ? NGX_ERROR : NGX_OK;
    }

    return ngx_cc_native_answer_begin(s, &spec, 0);
}


/* NGX_OK; NGX_DECLINED: they are wrong, that is answered; NGX_ERROR: memory */

static ngx_int_t
ngx_cc_native_ask_patterns(ngx_cc_native_t *s, ngx_cc_value_t *params,
    ngx_cc_ask_spec_t *spec)
{
    ngx_uint_t             n;
    ngx_cc_value_t        *v, *e;
    ngx_cc_ask_pattern_t  *pattern;

    v = ngx_cc_request_member(params, "patterns");

    if (v == NULL || v->type == NGX_CC_VALUE_NULL) {
        return NGX_OK;
    }

    if (v->type != NGX_CC_VALUE_ARRAY
        || v->number > NGX_CC_WIRE_MAX_PATTERNS)
    {
        goto wrong;
    }

    pattern = ngx_palloc(s->pool, (v->number + 1) * sizeof(*pattern));

    if (pattern == NULL) {
        return NGX_ERROR;
    }

    n = 0;

    for (e = v->first; e; e = e->next) {
        if (e->type != NGX_CC_VALUE_STRING || e->text.len == 0
            || e->text.len > NGX_CC_WIRE_MAX_PATTERN)
        {
            goto wrong;
        }

        pattern[n].data = e->text.data;
        pattern[n++].len = e->text.len;
    }

    spec->patterns = pattern;
    spec->npatterns = n;

    return NGX_OK;

wrong:

    ngx_cc_native_error(s, NGX_CC_ERROR_PARAMS,
                        "params.patterns must be an array of at most %d "
                        "strings of 1 to %d bytes", NGX_CC_WIRE_MAX_PATTERNS,
                        NGX_CC_WIRE_MAX_PATTERN);
    return NGX_DECLINED;
}


ngx_int_t
ngx_cc_native_ask_signal(ngx_cc_native_t *s, ngx_cc_value_t *params,
    const ngx_cc_native_signal_t *signal)
{
    ngx_cc_ask_spec_t  spec;

    ngx_memzero(&spec, sizeof(spec));
    spec.what = NGX_CC_ASK_SIGNAL;
    spec.signo = signal->signo;
    spec.to = signal->to;

    if (ngx_cc_native_read_id(s, params, &spec.handle) == NGX_ERROR) {
        return NGX_OK;
    }

    return ngx_cc_native_answer_begin(s, &spec, 0);
}


ngx_int_t
ngx_cc_native_ask_remove(ngx_cc_native_t *s, ngx_cc_value_t *params)
{
    ngx_cc_ask_spec_t  spec;

    ngx_memzero(&spec, sizeof(spec));
    spec.what = NGX_CC_ASK_REMOVE;

    if (ngx_cc_native_read_id(s, params, &spec.handle) == NGX_ERROR
        || ngx_cc_native_read_flag(s, params, "force", &spec.force)
           == NGX_ERROR)
    {
        return NGX_OK;
    }

    return ngx_cc_native_answer_begin(s, &spec, 0);
}
