
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_mcp_arguments.h"


#define NGX_CC_MCP_ARGUMENTS_DIGITS  15  /* of a number in a string */


static void ngx_cc_mcp_arguments_property(ngx_cc_json_t *w,
    const ngx_cc_mcp_argument_t *arg, ngx_cc_spec_conf_t *conf);
static void ngx_cc_mcp_arguments_text(ngx_cc_json_t *w, const char *text);
static ngx_uint_t ngx_cc_mcp_arguments_nothing(ngx_cc_value_t *v);
static ngx_int_t ngx_cc_mcp_arguments_value(ngx_cc_spec_t *spec,
    const ngx_cc_mcp_argument_t *arg, ngx_cc_spec_conf_t *conf,
    ngx_cc_value_t *v);
static ngx_int_t ngx_cc_mcp_arguments_string(ngx_cc_spec_t *spec,
    const ngx_cc_mcp_argument_t *arg, ngx_cc_value_t *v);
static ngx_int_t ngx_cc_mcp_arguments_one_of(ngx_cc_spec_t *spec,
    const ngx_cc_mcp_argument_t *arg, const char *const *choice,
    ngx_cc_value_t *v);
static ngx_int_t ngx_cc_mcp_arguments_boolean(ngx_cc_value_t *v,
    ngx_uint_t *on);
static ngx_int_t ngx_cc_mcp_arguments_range(ngx_cc_spec_t *spec,
    const ngx_cc_mcp_argument_t *arg, ngx_cc_value_t *v);
static ngx_int_t ngx_cc_mcp_arguments_strings(ngx_cc_spec_t *spec,
    const ngx_cc_mcp_argument_t *arg, ngx_cc_value_t *v);
static ngx_int_t ngx_cc_mcp_arguments_integer(ngx_cc_value_t *v, uint64_t *n);


void
ngx_cc_mcp_arguments_schema(ngx_cc_json_t *w,
    const ngx_cc_mcp_argument_t *list, ngx_cc_spec_conf_t *conf)
{
    ngx_uint_t                    n;
    const ngx_cc_mcp_argument_t  *arg;

    ngx_cc_json_lit(w, "{\"type\":\"object\",\"additionalProperties\":false,"
                       "\"required\":[");

    for (arg = list, n = 0; arg->name.len; arg++) {

        if (arg->required) {
            ngx_cc_json_raw(w, ",", n++ ? 1 : 0);
            ngx_cc_json_string(w, arg->name.data, arg->name.len);
        }
    }

    ngx_cc_json_lit(w, "],\"properties\":{");

    for (arg = list, n = 0; arg->name.len; arg++) {

        if (arg->offered == NULL || arg->offered(conf)) {
            ngx_cc_json_raw(w, ",", n++ ? 1 : 0);
            ngx_cc_mcp_arguments_property(w, arg, conf);
        }
    }

    ngx_cc_json_lit(w, "}}");
}


static void
ngx_cc_mcp_arguments_property(ngx_cc_json_t *w,
    const ngx_cc_mcp_argument_t *arg, ngx_cc_spec_conf_t *conf)
{
    ngx_uint_t          i;
    const char *const  *choice;

    static const char  *types[] = {
        "\"string\"",
        "\"integer\"",
        "\"boolean\"",
        "\"object\",\"additionalProperties\":{\"type\":\"string\"}"
    };

    ngx_cc_json_string(w, arg->name.data, arg->name.len);
    ngx_cc_json_lit(w, ":{\"type\":");
    ngx_cc_mcp_arguments_text(w, types[arg->type]);

    if (arg->type == NGX_CC_MCP_STRING && arg->required && !arg->choices) {
        ngx_cc_json_lit(w, ",\"minLength\":1");
    }

    if (arg->type == NGX_CC_MCP_INTEGER) {
        ngx_cc_json_lit(w, ",\"minimum\":");
        ngx_cc_json_uint(w, arg->min);
    }

    if (arg->max) {
        ngx_cc_json_lit(w, ",\"maximum\":");
        ngx_cc_json_uint(w, arg->max);
    }

    if (arg->most) {
        ngx_cc_json_lit(w, ",\"maxLength\":");
        ngx_cc_json_uint(w, arg->most);
    }

    if (arg->choices) {
        choice = arg->choices(conf);

        for (i = 0; choice[i]; i++) {
            ngx_cc_mcp_arguments_text(w, i ? ",\"" : ",\"enum\":[\"");
            ngx_cc_mcp_arguments_text(w, choice[i]);
            ngx_cc_json_lit(w, "\"");
        }

        ngx_cc_json_lit(w, "]");

        if (arg->preset) {
            ngx_cc_json_lit(w, ",\"default\":\"");
            ngx_cc_mcp_arguments_text(w, choice[0]);
            ngx_cc_json_lit(w, "\"");
        }
    }

    if (arg->meaning) {
        ngx_cc_json_lit(w, ",\"description\":\"");
        ngx_cc_mcp_arguments_text(w, arg->meaning);

        if (arg->detail) {
            arg->detail(w, conf);
        }

        ngx_cc_json_lit(w, "\"");
    }

    ngx_cc_json_lit(w, "}");
}


static void
ngx_cc_mcp_arguments_text(ngx_cc_json_t *w, const char *text)
{
    ngx_cc_json_raw(w, text, ngx_strlen(text));
}


ngx_int_t
ngx_cc_mcp_arguments_check(ngx_cc_spec_t *spec,
    const ngx_cc_mcp_argument_t *list, ngx_cc_spec_conf_t *conf,
    ngx_cc_value_t *arguments)
{
    ngx_cc_value_t               *v;
    const ngx_cc_mcp_argument_t  *arg;

    for (arg = list; arg->name.len; arg++) {

        v = ngx_cc_request_member(arguments, (char *) arg->name.data);

        if (v == NULL || v->type == NGX_CC_VALUE_NULL) {

            if (arg->required) {
                return ngx_cc_spec_wrong(spec, "%V is missing", &arg->name);
            }

            continue;
        }

        if (!arg->required && ngx_cc_mcp_arguments_nothing(v)) {
            continue;
        }

        if (arg->offered && !arg->offered(conf)) {

            if (arg->ignored) {
                continue;
            }

            return ngx_cc_spec_wrong(spec, "%V is not allowed here",
                                     &arg->name);
        }

        if (ngx_cc_mcp_arguments_value(spec, arg, conf, v) != NGX_OK) {
            return NGX_DECLINED;
        }
    }

    return NGX_OK;
}


/* what clients send for something optional that they do not give */

static ngx_uint_t
ngx_cc_mcp_arguments_nothing(ngx_cc_value_t *v)
{
    return v->type == NGX_CC_VALUE_NULL
           || (v->type == NGX_CC_VALUE_STRING && v->text.len == 0)
           || (v->type == NGX_CC_VALUE_OBJECT && v->first == NULL);
}


static ngx_int_t
ngx_cc_mcp_arguments_value(ngx_cc_spec_t *spec,
    const ngx_cc_mcp_argument_t *arg, ngx_cc_spec_conf_t *conf,
    ngx_cc_value_t *v)
{
    switch (arg->type) {

    case NGX_CC_MCP_BOOLEAN:
        return ngx_cc_mcp_arguments_boolean(v, &(ngx_uint_t) { 0 }) == NGX_OK
               ? NGX_OK
               : ngx_cc_spec_wrong(spec, "%V must be a boolean", &arg->name);

    case NGX_CC_MCP_STRING:
        if (arg->choices) {
            return ngx_cc_mcp_arguments_one_of(spec, arg, arg->choices(conf),
                                               v);
        }

        return ngx_cc_mcp_arguments_string(spec, arg, v);

    case NGX_CC_MCP_INTEGER:
        return ngx_cc_mcp_arguments_range(spec, arg, v);

    default: /* NGX_CC_MCP_STRINGS */
        return ngx_cc_mcp_arguments_strings(spec, arg, v);
    }
}


static ngx_int_t
ngx_cc_mcp_arguments_string(ngx_cc_spec_t *spec,
    const ngx_cc_mcp_argument_t *arg, ngx_cc_value_t *v)
{
    if (v->type != NGX_CC_VALUE_STRING) {
        return ngx_cc_spec_wrong(spec, "%V must be %s", &arg->name,
                                 arg->expected ? arg->expected : "a string");
    }

    if (arg->required && v->text.len == 0) {
        return ngx_cc_spec_wrong(spec, "%V is empty", &arg->name);
    }

    if (arg->most && v->text.len > arg->most) {
        return ngx_cc_spec_wrong(spec, "%V must be at most %uz bytes long",
                                 &arg->name, arg->most);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_cc_mcp_arguments_one_of(ngx_cc_spec_t *spec,
    const ngx_cc_mcp_argument_t *arg, const char *const *choice,
    ngx_cc_value_t *v)
{
    u_char      names[256], *p;
    ngx_uint_t  i;

    p = names;

    for (i = 0; choice[i]; i++) {

        if (v->type == NGX_CC_VALUE_STRING
            && ngx_strcmp(v->text.data, choice[i]) == 0)
        {
            return NGX_OK;
        }

        p = ngx_slprintf(p, names + sizeof(names), "%s\"%s\"",
                         i ? ", " : "", choice[i]);
    }

    if (i == 1) {
        return ngx_cc_spec_wrong(spec, "%V: only %*s is possible here",
                                 &arg->name, (size_t) (p - names), names);
    }

    return ngx_cc_spec_wrong(spec, "%V must be one of %*s", &arg->name,
                             (size_t) (p - names), names);
}


static ngx_int_t
ngx_cc_mcp_arguments_range(ngx_cc_spec_t *spec,
    const ngx_cc_mcp_argument_t *arg, ngx_cc_value_t *v)
{
    uint64_t  n;

    if (ngx_cc_mcp_arguments_integer(v, &n) == NGX_OK
        && n >= arg->min && (arg->max == 0 || n <= arg->max))
    {
        return NGX_OK;
    }

    if (arg->max) {
        return ngx_cc_spec_wrong(spec, "%V must be an integer from %uL to %uL",
                                 &arg->name, arg->min, arg->max);
    }

    return ngx_cc_spec_wrong(spec, "%V must be an integer of at least %uL",
                             &arg->name, arg->min);
}


static ngx_int_t
ngx_cc_mcp_arguments_strings(ngx_cc_spec_t *spec,
    const ngx_cc_mcp_argument_t *arg, ngx_cc_value_t *v)
{
    if (v->type != NGX_CC_VALUE_OBJECT) {
        return ngx_cc_spec_wrong(spec, "%V must be an object of strings",
                                 &arg->name);
    }

    for (v = v->first; v; v = v->next) {

        if (v->type != NGX_CC_VALUE_STRING && v->type != NGX_CC_VALUE_NULL) {
            return ngx_cc_spec_wrong(spec, "%V.%V must be a string",
                                     &arg->name, &v->name);
        }
    }

    return NGX_OK;
}


ngx_cc_value_t *
ngx_cc_mcp_arguments_given(ngx_cc_value_t *arguments, const char *name)
{
    ngx_cc_value_t  *v;

    v = ngx_cc_request_member(arguments, name);

    return (v && !ngx_cc_mcp_arguments_nothing(v)) ? v : NULL;
}


ngx_int_t
ngx_cc_mcp_arguments_number(ngx_cc_value_t *arguments, const char *name,
    uint64_t *n)
{
    ngx_cc_value_t  *v;

    v = ngx_cc_mcp_arguments_given(arguments, name);

    return (v && ngx_cc_mcp_arguments_integer(v, n) == NGX_OK)
           ? NGX_OK : NGX_DECLINED;
}


ngx_int_t
ngx_cc_mcp_arguments_choice(ngx_cc_value_t *arguments, const char *name,
    const char *const *choices)
{
    ngx_int_t        i;
    ngx_cc_value_t  *v;

    v = ngx_cc_mcp_arguments_given(arguments, name);

    for (i = 0; v && choices[i]; i++) {
        if (ngx_strcmp(v->text.data, choices[i]) == 0) {
            return i;
        }
    }

    return NGX_DECLINED;
}


ngx_uint_t
ngx_cc_mcp_arguments_flag(ngx_cc_value_t *arguments, const char *name)
{
    ngx_uint_t       on;
    ngx_cc_value_t  *v;

    on = 0;
    v = ngx_cc_mcp_arguments_given(arguments, name);

    if (v) {
        (void) ngx_cc_mcp_arguments_boolean(v, &on);
    }

    return on;
}


/* true and false, also as strings */

static ngx_int_t
ngx_cc_mcp_arguments_boolean(ngx_cc_value_t *v, ngx_uint_t *on)
{
    if (v->type == NGX_CC_VALUE_BOOL) {
        *on = v->number;
        return NGX_OK;
    }

    if (v->type != NGX_CC_VALUE_STRING) {
        return NGX_ERROR;
    }

    *on = (ngx_strcmp(v->text.data, "true") == 0);

    return (*on || ngx_strcmp(v->text.data, "false") == 0) ? NGX_OK
                                                           : NGX_ERROR;
}


/* an integer >= 0: 10, 10.0, 1e1 and "10" are the same number */

static ngx_int_t
ngx_cc_mcp_arguments_integer(ngx_cc_value_t *v, uint64_t *n)
{
    size_t  digits;
    double  number;

    if (v->type == NGX_CC_VALUE_STRING) {
        digits = strspn((char *) v->text.data, "0123456789");

        if (digits < v->text.len || digits > NGX_CC_MCP_ARGUMENTS_DIGITS) {
            return NGX_ERROR;
        }

    } else if (v->type != NGX_CC_VALUE_NUMBER) {
        return NGX_ERROR;
    }

    number = strtod((char *) v->text.data, NULL);

    if (!(number >= 0)) {
        return NGX_ERROR;
    }

    *n = number < 1e15 ? (uint64_t) number : (uint64_t) 1e15;

    return (number < 1e15 && (double) *n != number) ? NGX_ERROR : NGX_OK;
}
