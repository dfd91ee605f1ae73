
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_mcp_tools.h"


#define NGX_CC_MCP_TOOLS_ALLOWED  1000   /* bytes of the list of programs */


static void ngx_cc_mcp_tools_allowed(u_char **p, u_char *end,
    ngx_cc_command_conf_t *conf);
static ngx_int_t ngx_cc_mcp_tools_names(ngx_cc_mcp_execute_t *ex,
    ngx_cc_value_t *arguments);
static ngx_int_t ngx_cc_mcp_tools_stdin(ngx_cc_mcp_execute_t *ex,
    ngx_cc_value_t *v);
static ngx_int_t ngx_cc_mcp_tools_timeout(ngx_cc_mcp_execute_t *ex,
    ngx_cc_command_conf_t *conf, ngx_cc_value_t *v);
static ngx_int_t ngx_cc_mcp_tools_on_timeout(ngx_cc_mcp_execute_t *ex,
    ngx_cc_value_t *v);
static ngx_int_t ngx_cc_mcp_tools_output(ngx_cc_mcp_execute_t *ex,
    ngx_cc_value_t *v);
static ngx_int_t ngx_cc_mcp_tools_integer(ngx_cc_value_t *v, uint64_t *n);


static const char  ngx_cc_mcp_tools_schema[] =
    "\"inputSchema\":{\"type\":\"object\",\"additionalProperties\":false,"
    "\"required\":[\"command\"],\"properties\":{"
    "\"command\":{\"type\":\"string\",\"minLength\":1,"
        "\"description\":\"Command line\"},"
    "\"cwd\":{\"type\":\"string\","
        "\"description\":\"Absolute working directory\"},"
    "\"env\":{\"type\":\"object\","
        "\"additionalProperties\":{\"type\":\"string\"},"
        "\"description\":\"Extra environment variables\"},"
    "\"stdin\":{\"type\":\"string\","
        "\"description\":\"Text written to stdin, then closed\"},"
    "\"timeout_ms\":{\"type\":\"integer\",\"minimum\":1,"
        "\"description\":\"Kill after this time; the server has a default "
        "and a maximum\"},"
    "\"on_timeout\":{\"type\":\"string\",\"enum\":[\"kill\"],"
        "\"default\":\"kill\"},"
    "\"max_output_bytes\":{\"type\":\"integer\",\"minimum\":0,"
        "\"maximum\":16777216,\"description\":\"Per stream; beyond it the "
        "first and the last part are kept. Without it: 30000 for both\"}}},"
    "\"outputSchema\":{\"type\":\"object\",\"required\":[\"status\","
    "\"exit_code\",\"signal\",\"timed_out\",\"stdout\",\"stderr\","
    "\"stdout_bytes\",\"stderr_bytes\",\"truncated\",\"duration_ms\"],"
    "\"properties\":{"
    "\"status\":{\"type\":\"string\",\"enum\":[\"exited\",\"signaled\","
        "\"timed_out\",\"failed\"]},"
    "\"exit_code\":{\"type\":[\"integer\",\"null\"]},"
    "\"signal\":{\"type\":[\"string\",\"null\"]},"
    "\"timed_out\":{\"type\":\"boolean\"},"
    "\"stdout\":{\"type\":\"string\"},"
    "\"stderr\":{\"type\":\"string\"},"
    "\"stdout_bytes\":{\"type\":\"integer\"},"
    "\"stderr_bytes\":{\"type\":\"integer\"},"
    "\"truncated\":{\"type\":\"boolean\"},"
    "\"duration_ms\":{\"type\":\"integer\"},"
    "\"pid\":{\"type\":\"integer\"},"
    "\"pgid\":{\"type\":\"integer\"},"
    "\"descendants_killed\":{\"type\":\"integer\"},"
    "\"pipes_open\":{\"type\":\"boolean\"},"
    "\"error\":{\"type\":\"string\"}}},"
    "\"annotations\":{\"title\":\"Run a command\",\"readOnlyHint\":false,"
    "\"destructiveHint\":true,\"idempotentHint\":false,"
    "\"openWorldHint\":true},"
    "\"_meta\":{\"anthropic/maxResultSizeChars\":200000}";


void
ngx_cc_mcp_tools_list(ngx_cc_json_t *w, ngx_cc_command_conf_t *conf)
{
    u_char  text[2048], *p;

    p = text;
    p = ngx_sprintf(p, "Run a command and wait for it. Returns exit code, "
                       "stdout and stderr; long output keeps its first and "
                       "last part. stdin is empty unless given. Processes "
                       "left in the background end with the call. ");
    ngx_cc_mcp_tools_allowed(&p, text + sizeof(text), conf);

    ngx_cc_json_lit(w, "[{\"name\":\"execute\",\"title\":\"Run a command\","
                       "\"description\":");
    ngx_cc_json_string(w, text, p - text);
    ngx_cc_json_lit(w, ",");
    ngx_cc_json_lit(w, ngx_cc_mcp_tools_schema);
    ngx_cc_json_lit(w, "}]");
}


void
ngx_cc_mcp_tools_instructions(ngx_cc_json_t *w, ngx_cc_command_conf_t *conf)
{
    u_char  text[2048], *p;

    p = text;
    p = ngx_sprintf(p, "Runs commands on the machine of this server with the "
                       "tool execute. ");
    ngx_cc_mcp_tools_allowed(&p, text + sizeof(text), conf);

    if (conf->timeout) {
        p = ngx_sprintf(p, " A command is killed after %ui s; timeout_ms sets "
                           "less.", (ngx_uint_t) (conf->timeout / 1000));
    }

    p = ngx_sprintf(p, " Commands start in %s.", conf->cwd);

    ngx_cc_json_string(w, text, p - text);
}


ngx_int_t
ngx_cc_mcp_tools_execute(ngx_cc_mcp_execute_t *ex,
    ngx_cc_command_conf_t *conf, ngx_cc_value_t *arguments, ngx_pool_t *pool)
{
    ngx_int_t  rc;

    ngx_memzero(ex, sizeof(ngx_cc_mcp_execute_t));
    ngx_cc_spec_init(&ex->spec, "arguments");

    if (ngx_cc_mcp_tools_names(ex, arguments) != NGX_OK
        || ngx_cc_mcp_tools_stdin(ex, ngx_cc_request_member(arguments,
                                                            "stdin"))
           != NGX_OK
        || ngx_cc_mcp_tools_on_timeout(ex, ngx_cc_request_member(arguments,
                                                         "on_timeout"))
           != NGX_OK
        || ngx_cc_mcp_tools_output(ex, ngx_cc_request_member(arguments,
                                                         "max_output_bytes"))
           != NGX_OK)
    {
        return NGX_DECLINED;
    }

    rc = ngx_cc_spec_check(&ex->spec, conf, arguments, pool);

    if (rc != NGX_OK) {
        return rc;
    }

    ex->spec.command.open_stdin = ex->stdin_given;

    return ngx_cc_mcp_tools_timeout(ex, conf,
                                    ngx_cc_request_member(arguments,
                                                          "timeout_ms"));
}


/* what may run here, for a model */

static void
ngx_cc_mcp_tools_allowed(u_char **p, u_char *end, ngx_cc_command_conf_t *conf)
{
    size_t       i, n;
    u_char      *last;
    const char  *name, *before;

    if (conf->shell) {
        *p = ngx_slprintf(*p, end, "command is a line for the shell %s.",
                          conf->shell);
        return;
    }

    *p = ngx_slprintf(*p, end, "There is no shell: command is one program "
                               "with its arguments, quoted as in sh; "
                               "operators such as ; | > $ * are refused.");

    if (conf->policy.any) {
        return;
    }

    n = conf->policy.nrules + conf->policy.naliases;

    if (n == 0) {
        *p = ngx_slprintf(*p, end, " No program is allowed.");
        return;
    }

    *p = ngx_slprintf(*p, end, " Only these programs are allowed:");
    last = ngx_min(end, *p + NGX_CC_MCP_TOOLS_ALLOWED);
    name = NULL;

    for (i = 0; i < n; i++) {

        before = name;
        name = (i < conf->policy.nrules)
               ? conf->policy.rules[i].path
               : conf->policy.aliases[i - conf->policy.nrules].name;

        if (before && ngx_strcmp(before, name) == 0) {
            /* another rule for the same program */
            continue;
        }

        if (ngx_strlen(name) + 64 > (size_t) (last - *p)) {
            *p = ngx_slprintf(*p, end, " and %uz more", n - i);
            break;
        }

        *p = ngx_slprintf(*p, end, "%s%s%s", before ? ", " : " ", name,
                          i < conf->policy.nrules
                          && conf->policy.rules[i].nargs
                          ? " (with certain arguments)" : "");
    }

    *p = ngx_slprintf(*p, end, ".");
}


/* "additionalProperties": false */

static ngx_int_t
ngx_cc_mcp_tools_names(ngx_cc_mcp_execute_t *ex, ngx_cc_value_t *arguments)
{
    ngx_uint_t       i;
    ngx_cc_value_t  *v;

    static const char  *name[] = {
        "command", "cwd", "env", "stdin", "timeout_ms", "on_timeout",
        "max_output_bytes"
    };

    if (arguments == NULL) {
        return NGX_OK;
    }

    for (v = arguments->first; v; v = v->next) {

        for (i = 0; i < sizeof(name) / sizeof(name[0]); i++) {
            if (ngx_strcmp(v->name.data, name[i]) == 0) {
                break;
            }
        }

        if (i == sizeof(name) / sizeof(name[0])) {
            return ngx_cc_spec_wrong(&ex->spec, "%V is not known; known are "
                                     "command, cwd, env, stdin, timeout_ms, "
                                     "on_timeout, max_output_bytes",
                                     &v->name);
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_cc_mcp_tools_stdin(ngx_cc_mcp_execute_t *ex, ngx_cc_value_t *v)
{
    if (v == NULL) {
        return NGX_OK;
    }

    if (v->type != NGX_CC_VALUE_STRING) {
        return ngx_cc_spec_wrong(&ex->spec, "stdin must be a string");
    }

    ex->stdin_data = v->text;
    ex->stdin_given = 1;

    return NGX_OK;
}


/* more than the server's limit is cut to it */

static ngx_int_t
ngx_cc_mcp_tools_timeout(ngx_cc_mcp_execute_t *ex,
    ngx_cc_command_conf_t *conf, ngx_cc_value_t *v)
{
    uint64_t  n;

    if (v == NULL) {
        return NGX_OK;
    }

    if (ngx_cc_mcp_tools_integer(v, &n) != NGX_OK || n == 0) {
        return ngx_cc_spec_wrong(&ex->spec, "timeout_ms must be an integer of "
                                 "at least 1");
    }

    n = ngx_min(n, NGX_MAX_INT32_VALUE);

    if (conf->timeout == 0 || n < conf->timeout) {
        ex->spec.command.timeout = n;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_cc_mcp_tools_on_timeout(ngx_cc_mcp_execute_t *ex, ngx_cc_value_t *v)
{
    if (v == NULL
        || (v->type == NGX_CC_VALUE_STRING
            && ngx_strcmp(v->text.data, "kill") == 0))
    {
        return NGX_OK;
    }

    return ngx_cc_spec_wrong(&ex->spec, "on_timeout: only \"kill\" is "
                             "possible here");
}


static ngx_int_t
ngx_cc_mcp_tools_output(ngx_cc_mcp_execute_t *ex, ngx_cc_value_t *v)
{
    uint64_t  n;

    ex->output = NGX_CC_MCP_TOOLS_OUTPUT;

    if (v == NULL) {
        return NGX_OK;
    }

    if (ngx_cc_mcp_tools_integer(v, &n) != NGX_OK
        || n > NGX_CC_MCP_TOOLS_MAX)
    {
        return ngx_cc_spec_wrong(&ex->spec, "max_output_bytes must be an "
                                 "integer from 0 to %d",
                                 NGX_CC_MCP_TOOLS_MAX);
    }

    ex->output = n;
    ex->output_given = 1;

    return NGX_OK;
}


/* a JSON integer >= 0: 10, 10.0 and 1e1 are the same number */

static ngx_int_t
ngx_cc_mcp_tools_integer(ngx_cc_value_t *v, uint64_t *n)
{
    double  number;

    if (v->type != NGX_CC_VALUE_NUMBER) {
        return NGX_ERROR;
    }

    number = strtod((char *) v->text.data, NULL);

    if (!(number >= 0)) {
        return NGX_ERROR;
    }

    *n = number < 1e15 ? (uint64_t) number : (uint64_t) 1e15;

    return (number < 1e15 && (double) *n != number) ? NGX_ERROR : NGX_OK;
}
