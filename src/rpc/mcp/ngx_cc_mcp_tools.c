
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_mcp_tools.h"


#define NGX_CC_MCP_TOOLS_ALLOWED  1000   /* bytes of the list of programs */
#define NGX_CC_MCP_TOOLS_PATH     1000   /* a longer path is not told */
#define NGX_CC_MCP_TOOLS_TEXT     3072   /* all that is said fits */


static void ngx_cc_mcp_tools_allowed(u_char **p, u_char *end,
    ngx_cc_command_conf_t *conf);
static void ngx_cc_mcp_tools_properties(ngx_cc_json_t *w,
    ngx_cc_command_conf_t *conf);
static void ngx_cc_mcp_tools_env(ngx_cc_json_t *w,
    ngx_cc_command_conf_t *conf);


/* the arguments that exist everywhere; before them stand cwd and env */

static const char  ngx_cc_mcp_tools_input[] =
    "\"stdin\":{\"type\":\"string\","
        "\"description\":\"Text written to stdin, then closed\"},"
    "\"stdin_base64\":{\"type\":\"string\","
        "\"description\":\"The same in base64, for bytes that are no text; "
        "instead of stdin\"},"
    "\"timeout_ms\":{\"type\":\"integer\",\"minimum\":1,"
        "\"description\":\"Kill after this time; the server has a default "
        "and a maximum\"},"
    "\"on_timeout\":{\"type\":\"string\",\"enum\":[\"kill\"],"
        "\"default\":\"kill\"},"
    "\"max_output_bytes\":{\"type\":\"integer\",\"minimum\":0,"
        "\"maximum\":16777216,\"description\":\"Per stream; beyond it the "
        "first and the last part are kept. Without it: 30000 for both\"}}},";

static const char  ngx_cc_mcp_tools_output[] =
    "\"outputSchema\":{\"type\":\"object\",\"required\":[\"status\","
    "\"exit_code\",\"signal\",\"timed_out\",\"stdout\",\"stderr\","
    "\"stdout_bytes\",\"stderr_bytes\",\"truncated\",\"duration_ms\"],"
    "\"properties\":{"
    "\"status\":{\"type\":\"string\",\"enum\":[\"exited\",\"signaled\","
        "\"timed_out\",\"failed\"]},"
    "\"exit_code\":{\"anyOf\":[{\"type\":\"integer\"},"
        "{\"type\":\"null\"}]},"
    "\"signal\":{\"anyOf\":[{\"type\":\"string\"},"
        "{\"type\":\"null\"}]},"
    "\"timed_out\":{\"type\":\"boolean\"},"
    "\"stdout\":{\"type\":\"string\"},"
    "\"stderr\":{\"type\":\"string\"},"
    "\"stdout_bytes\":{\"type\":\"integer\"},"
    "\"stderr_bytes\":{\"type\":\"integer\"},"
    "\"truncated\":{\"type\":\"boolean\"},"
    "\"lossy\":{\"type\":\"boolean\",\"description\":\"Some of what is shown "
        "was not UTF-8 and is replaced by U+FFFD\"},"
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
    u_char  text[NGX_CC_MCP_TOOLS_TEXT], *p, *end;

    end = text + sizeof(text);

    p = ngx_slprintf(text, end,
                     "Run a command and wait for it. Returns exit code, "
                     "stdout and stderr; long output keeps its first and last "
                     "part. stdin is empty unless given. Processes left in "
                     "the background end with the call. ");
    ngx_cc_mcp_tools_allowed(&p, end, conf);

    ngx_cc_json_lit(w, "[{\"name\":\"execute\",\"title\":\"Run a command\","
                       "\"description\":");
    ngx_cc_json_string(w, text, p - text);
    ngx_cc_mcp_tools_properties(w, conf);
    ngx_cc_json_lit(w, ngx_cc_mcp_tools_output);
    ngx_cc_json_lit(w, "}]");
}


void
ngx_cc_mcp_tools_instructions(ngx_cc_json_t *w, ngx_cc_command_conf_t *conf)
{
    u_char  text[NGX_CC_MCP_TOOLS_TEXT], *p, *end;

    end = text + sizeof(text);

    p = ngx_slprintf(text, end, "Runs commands on the machine of this server "
                                "with the tool execute. ");
    ngx_cc_mcp_tools_allowed(&p, end, conf);

    if (conf->timeout) {
        p = ngx_slprintf(p, end, " A command is killed after %ui s; "
                                 "timeout_ms sets less.",
                         (ngx_uint_t) (conf->timeout / 1000));
    }

    if (ngx_strlen(conf->cwd) <= NGX_CC_MCP_TOOLS_PATH) {
        p = ngx_slprintf(p, end, " Commands start in %s.", conf->cwd);
    }

    ngx_cc_json_string(w, text, p - text);
}


/* only what this location lets a client choose */

static void
ngx_cc_mcp_tools_properties(ngx_cc_json_t *w, ngx_cc_command_conf_t *conf)
{
    ngx_cc_json_lit(w, ",\"inputSchema\":{\"type\":\"object\","
                       "\"additionalProperties\":false,"
                       "\"required\":[\"command\"],\"properties\":{"
                       "\"command\":{\"type\":\"string\",\"minLength\":1,"
                       "\"description\":\"Command line\"},");

    if (conf->client_cwd) {
        ngx_cc_json_lit(w, "\"cwd\":{\"type\":\"string\",\"description\":"
                           "\"Working directory, below the one in which "
                           "commands start: relative to it, or absolute\"},");
    }

    if (conf->nclient_env) {
        ngx_cc_mcp_tools_env(w, conf);
    }

    ngx_cc_json_lit(w, ngx_cc_mcp_tools_input);
}


static void
ngx_cc_mcp_tools_env(ngx_cc_json_t *w, ngx_cc_command_conf_t *conf)
{
    uint32_t    i;
    uint8_t    *last;
    ngx_str_t  *name;

    ngx_cc_json_lit(w, "\"env\":{\"type\":\"object\","
                       "\"additionalProperties\":{\"type\":\"string\"},"
                       "\"description\":\"Environment variables. These may be "
                       "set: ");

    last = w->pos + NGX_CC_MCP_TOOLS_ALLOWED;

    for (i = 0; i < conf->nclient_env; i++) {
        name = &conf->client_env[i];

        if (w->pos + name->len * NGX_CC_JSON_MAX_ESCAPE > last) {
            ngx_cc_json_lit(w, " and ");
            ngx_cc_json_uint(w, conf->nclient_env - i);
            ngx_cc_json_lit(w, " more");
            break;
        }

        ngx_cc_json_raw(w, ", ", i ? 2 : 0);
        (void) ngx_cc_json_escape(&w->pos, w->end, name->data, name->len, 1,
                                  &(int) { 0 });
    }

    ngx_cc_json_lit(w, "\"},");
}


/* what may run here, for a model */

static void
ngx_cc_mcp_tools_allowed(u_char **p, u_char *end, ngx_cc_command_conf_t *conf)
{
    size_t       i, n;
    u_char      *last;
    const char  *name, *before;

    if (conf->shell) {
        *p = ngx_slprintf(*p, end, "command is a line for the shell%s%s.",
                          ngx_strlen(conf->shell) > NGX_CC_MCP_TOOLS_PATH
                          ? "" : " ",
                          ngx_strlen(conf->shell) > NGX_CC_MCP_TOOLS_PATH
                          ? "" : conf->shell);
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
