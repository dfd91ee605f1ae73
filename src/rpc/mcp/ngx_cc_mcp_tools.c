
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_mcp_tools.h"


#define NGX_CC_MCP_TOOLS_ALLOWED  1000   /* bytes of the list of programs */
#define NGX_CC_MCP_TOOLS_PATH     1000   /* a longer path is not shown */
#define NGX_CC_MCP_TOOLS_TEXT     3072   /* all that is said fits */


static void ngx_cc_mcp_tools_one(ngx_cc_json_t *w,
    const ngx_cc_mcp_tool_t *tool, ngx_cc_spec_conf_t *conf);
static void ngx_cc_mcp_tools_text(ngx_cc_json_t *w, const char *text);
static void ngx_cc_mcp_tools_execute(u_char **p, u_char *end,
    ngx_cc_spec_conf_t *conf);
static void ngx_cc_mcp_tools_read(u_char **p, u_char *end,
    ngx_cc_spec_conf_t *conf);
static void ngx_cc_mcp_tools_write(u_char **p, u_char *end,
    ngx_cc_spec_conf_t *conf);
static void ngx_cc_mcp_tools_signal(u_char **p, u_char *end,
    ngx_cc_spec_conf_t *conf);
static void ngx_cc_mcp_tools_jobs(u_char **p, u_char *end,
    ngx_cc_spec_conf_t *conf);
static ngx_uint_t ngx_cc_mcp_tools_offered(const ngx_cc_mcp_tool_t *tool,
    ngx_cc_spec_conf_t *conf);
static void ngx_cc_mcp_tools_allowed(u_char **p, u_char *end,
    ngx_cc_spec_conf_t *conf);


/* parts of schemas */

#define NGX_CC_MCP_TOOLS_NULL(type)                                           \
    "{\"anyOf\":[{\"type\":\"" type "\"},{\"type\":\"null\"}]}"

#define NGX_CC_MCP_TOOLS_ENDS                                                 \
    "\"exit_code\":" NGX_CC_MCP_TOOLS_NULL("integer")                         \
    ",\"signal\":" NGX_CC_MCP_TOOLS_NULL("string")

#define NGX_CC_MCP_TOOLS_EXECUTED(more)                                       \
    "{\"type\":\"object\",\"required\":[\"status\","                          \
    "\"exit_code\",\"signal\",\"timed_out\",\"stdout\",\"stderr\","           \
    "\"stdout_bytes\",\"stderr_bytes\",\"truncated\",\"duration_ms\"],"       \
    "\"properties\":{"                                                        \
    more                                                                      \
    NGX_CC_MCP_TOOLS_ENDS ","                                                 \
    "\"timed_out\":{\"type\":\"boolean\"},"                                   \
    "\"stdout\":{\"type\":\"string\"},"                                       \
    "\"stderr\":{\"type\":\"string\"},"                                       \
    "\"stdout_bytes\":{\"type\":\"integer\"},"                                \
    "\"stderr_bytes\":{\"type\":\"integer\"},"                                \
    "\"truncated\":{\"type\":\"boolean\"},"                                   \
    "\"lossy\":{\"type\":\"boolean\",\"description\":\"Some of what is shown " \
        "was not UTF-8 and is replaced by U+FFFD\"},"                         \
    "\"duration_ms\":{\"type\":\"integer\"},"                                 \
    "\"pid\":{\"type\":\"integer\"},"                                         \
    "\"pgid\":{\"type\":\"integer\"},"                                        \
    "\"descendants_killed\":{\"type\":\"integer\"},"                          \
    "\"pipes_open\":{\"type\":\"boolean\"},"                                  \
    "\"error\":{\"type\":\"string\"}}}"

#define NGX_CC_MCP_TOOLS_STATES                                               \
    "\"running\",\"paused\",\"exited\",\"signaled\",\"timed_out\","           \
    "\"canceled\",\"lost\""

/* what is said of every job */

#define NGX_CC_MCP_TOOLS_JOB                                                  \
    "\"job_id\":" NGX_CC_MCP_TOOLS_NULL("string") ","                         \
    "\"label\":{\"type\":\"string\"},"                                        \
    "\"cause\":" NGX_CC_MCP_TOOLS_NULL("string") ","

#define NGX_CC_MCP_TOOLS_TIMES                                                \
    "\"running_ms\":{\"type\":\"integer\"},"                                  \
    "\"idle_ms\":" NGX_CC_MCP_TOOLS_NULL("integer") ","                       \
    "\"expires_in_ms\":" NGX_CC_MCP_TOOLS_NULL("integer") ","                 \
    "\"stdin\":{\"type\":\"string\",\"enum\":[\"open\",\"closed\","           \
        "\"terminal\"]}"

#define NGX_CC_MCP_TOOLS_READ                                                 \
    "\"output\":{\"type\":\"string\",\"description\":\"Both streams, in the " \
        "order of reading\"},"                                                \
    "\"cursor\":{\"type\":\"string\"},"                                       \
    "\"next_cursor\":{\"type\":\"string\"},"                                  \
    "\"new_bytes\":{\"type\":\"integer\"},"                                   \
    "\"dropped_bytes\":{\"type\":\"integer\"},"                               \
    "\"more\":{\"type\":\"boolean\"},"                                        \
    "\"wait\":{\"type\":\"string\",\"enum\":[\"event\",\"timeout\",\"none\"," \
        "\"reloading\"]},"                                                    \
    "\"matched\":{\"type\":\"boolean\"},"                                     \
    "\"hint\":{\"type\":\"string\"},"                                         \
    NGX_CC_MCP_TOOLS_TIMES


static const char  ngx_cc_mcp_tools_returns[] =
    NGX_CC_MCP_TOOLS_EXECUTED(
        "\"status\":{\"type\":\"string\",\"enum\":[\"exited\",\"signaled\","
        "\"timed_out\",\"failed\"]},");


static const char  ngx_cc_mcp_tools_returns_job[] =
    NGX_CC_MCP_TOOLS_EXECUTED(
        "\"status\":{\"type\":\"string\",\"enum\":[" NGX_CC_MCP_TOOLS_STATES
        ",\"failed\"]}," NGX_CC_MCP_TOOLS_JOB NGX_CC_MCP_TOOLS_READ ",");


static const char  ngx_cc_mcp_tools_tells[] =
    "{\"type\":\"object\",\"required\":[\"job_id\",\"label\",\"status\","
    "\"cause\",\"exit_code\",\"signal\",\"output\",\"stdout\",\"stderr\","
    "\"cursor\",\"next_cursor\",\"new_bytes\",\"dropped_bytes\",\"more\","
    "\"wait\",\"matched\",\"running_ms\",\"idle_ms\",\"expires_in_ms\","
    "\"stdin\",\"hint\"],\"properties\":{"
    NGX_CC_MCP_TOOLS_JOB
    "\"status\":{\"type\":\"string\",\"enum\":[" NGX_CC_MCP_TOOLS_STATES "]},"
    NGX_CC_MCP_TOOLS_ENDS ","
    "\"stdout\":{\"type\":\"string\"},"
    "\"stderr\":{\"type\":\"string\"},"
    "\"lossy\":{\"type\":\"boolean\"},"
    NGX_CC_MCP_TOOLS_READ "}}";


static const char  ngx_cc_mcp_tools_lists[] =
    "{\"type\":\"object\",\"required\":[\"jobs\",\"more\"],\"properties\":{"
    "\"jobs\":{\"type\":\"array\",\"items\":{\"type\":\"object\","
    "\"required\":[\"job_id\",\"label\",\"command\",\"status\",\"cause\","
    "\"exit_code\",\"signal\",\"bytes\",\"running_ms\",\"idle_ms\","
    "\"expires_in_ms\",\"stdin\"],\"properties\":{"
    NGX_CC_MCP_TOOLS_JOB
    "\"command\":{\"type\":\"string\"},"
    "\"status\":{\"type\":\"string\",\"enum\":[" NGX_CC_MCP_TOOLS_STATES "]},"
    NGX_CC_MCP_TOOLS_ENDS ","
    "\"bytes\":{\"type\":\"integer\"},"
    NGX_CC_MCP_TOOLS_TIMES "}}},"
    "\"more\":{\"type\":\"boolean\"},"
    "\"partial\":{\"type\":\"boolean\"}}}";


static const ngx_cc_mcp_tool_t  ngx_cc_mcp_tools_table[] = {

    { .name = ngx_string("execute"),
      .title = "Run a command",
      .describe = ngx_cc_mcp_tools_execute,
      .takes = ngx_cc_mcp_execute_takes,
      .returns = ngx_cc_mcp_tools_returns,
      .returns_job = ngx_cc_mcp_tools_returns_job,
      .destructive = 1, .open_world = 1,
      .prepare = ngx_cc_mcp_execute_prepare },

    { .name = ngx_string("job_read"),
      .title = "Read a job",
      .describe = ngx_cc_mcp_tools_read,
      .takes = ngx_cc_mcp_job_spec_read_takes,
      .returns = ngx_cc_mcp_tools_tells,
      .offered = ngx_cc_mcp_job_spec_kept,
      .read_only = 1,
      .ask = ngx_cc_mcp_job_spec_read },

    { .name = ngx_string("job_write"),
      .title = "Write to a job",
      .describe = ngx_cc_mcp_tools_write,
      .takes = ngx_cc_mcp_job_spec_write_takes,
      .returns = ngx_cc_mcp_tools_tells,
      .offered = ngx_cc_mcp_job_spec_kept,
      .destructive = 1, .open_world = 1,
      .ask = ngx_cc_mcp_job_spec_write },

    { .name = ngx_string("job_signal"),
      .title = "Signal a job",
      .describe = ngx_cc_mcp_tools_signal,
      .takes = ngx_cc_mcp_job_spec_signal_takes,
      .returns = ngx_cc_mcp_tools_tells,
      .offered = ngx_cc_mcp_job_spec_kept,
      .destructive = 1, .open_world = 1,
      .ask = ngx_cc_mcp_job_spec_signal },

    { .name = ngx_string("job_list"),
      .title = "List jobs",
      .describe = ngx_cc_mcp_tools_jobs,
      .takes = ngx_cc_mcp_job_spec_list_takes,
      .returns = ngx_cc_mcp_tools_lists,
      .offered = ngx_cc_mcp_job_spec_kept,
      .read_only = 1,
      .ask = ngx_cc_mcp_job_spec_list }
};


#define NGX_CC_MCP_TOOLS_NUMBER                                               \
    (sizeof(ngx_cc_mcp_tools_table) / sizeof(ngx_cc_mcp_tools_table[0]))


void
ngx_cc_mcp_tools_list(ngx_cc_json_t *w, ngx_cc_spec_conf_t *conf)
{
    ngx_uint_t  i, n;

    ngx_cc_json_lit(w, "[");

    for (i = 0, n = 0; i < NGX_CC_MCP_TOOLS_NUMBER; i++) {

        if (ngx_cc_mcp_tools_offered(&ngx_cc_mcp_tools_table[i], conf)) {
            ngx_cc_json_raw(w, ",", n++ ? 1 : 0);
            ngx_cc_mcp_tools_one(w, &ngx_cc_mcp_tools_table[i], conf);
        }
    }

    ngx_cc_json_lit(w, "]");
}


static ngx_uint_t
ngx_cc_mcp_tools_offered(const ngx_cc_mcp_tool_t *tool,
    ngx_cc_spec_conf_t *conf)
{
    return tool->offered == NULL || tool->offered(conf);
}


static void
ngx_cc_mcp_tools_one(ngx_cc_json_t *w, const ngx_cc_mcp_tool_t *tool,
    ngx_cc_spec_conf_t *conf)
{
    u_char  text[NGX_CC_MCP_TOOLS_TEXT], *p;

    p = text;
    tool->describe(&p, text + sizeof(text), conf);

    ngx_cc_json_lit(w, "{\"name\":");
    ngx_cc_json_string(w, tool->name.data, tool->name.len);
    ngx_cc_json_lit(w, ",\"title\":\"");
    ngx_cc_mcp_tools_text(w, tool->title);
    ngx_cc_json_lit(w, "\",\"description\":");
    ngx_cc_json_string(w, text, p - text);
    ngx_cc_json_lit(w, ",\"inputSchema\":");
    ngx_cc_mcp_arguments_schema(w, tool->takes, conf);
    ngx_cc_json_lit(w, ",\"outputSchema\":");
    ngx_cc_mcp_tools_text(w, tool->returns_job
                             && ngx_cc_mcp_job_spec_kept(conf)
                             ? tool->returns_job : tool->returns);
    ngx_cc_json_lit(w, ",\"annotations\":{\"title\":\"");
    ngx_cc_mcp_tools_text(w, tool->title);
    ngx_cc_json_lit(w, "\",\"readOnlyHint\":");
    ngx_cc_json_bool(w, tool->read_only);
    ngx_cc_json_lit(w, ",\"destructiveHint\":");
    ngx_cc_json_bool(w, tool->destructive);
    ngx_cc_json_lit(w, ",\"idempotentHint\":");
    ngx_cc_json_bool(w, tool->idempotent);
    ngx_cc_json_lit(w, ",\"openWorldHint\":");
    ngx_cc_json_bool(w, tool->open_world);
    ngx_cc_json_lit(w, "},\"_meta\":{\"anthropic/maxResultSizeChars\":"
                       "200000}}");
}


static void
ngx_cc_mcp_tools_text(ngx_cc_json_t *w, const char *text)
{
    ngx_cc_json_raw(w, text, ngx_strlen(text));
}


const ngx_cc_mcp_tool_t *
ngx_cc_mcp_tools_find(ngx_str_t *name, ngx_cc_spec_conf_t *conf)
{
    ngx_uint_t                i;
    const ngx_cc_mcp_tool_t  *tool;

    for (i = 0; i < NGX_CC_MCP_TOOLS_NUMBER; i++) {
        tool = &ngx_cc_mcp_tools_table[i];

        if (tool->name.len == name->len
            && ngx_memcmp(tool->name.data, name->data, name->len) == 0
            && ngx_cc_mcp_tools_offered(tool, conf))
        {
            return tool;
        }
    }

    return NULL;
}


ngx_int_t
ngx_cc_mcp_tools_asked(ngx_cc_mcp_reply_t *rp, ngx_cc_spec_conf_t *conf,
    ngx_cc_value_t *params, const ngx_cc_mcp_tool_t **tool,
    ngx_cc_value_t **arguments)
{
    ngx_cc_value_t  *name, *v;

    name = ngx_cc_request_member(params, "name");

    if (name == NULL || name->type != NGX_CC_VALUE_STRING) {
        (void) ngx_cc_mcp_reply_refuse(rp, NGX_CC_ERROR_PARAMS, 200,
                                       "params.name must be a string");
        return NGX_DECLINED;
    }

    *tool = ngx_cc_mcp_tools_find(&name->text, conf);

    if (*tool == NULL) {
        (void) ngx_cc_mcp_reply_refuse(rp, NGX_CC_ERROR_PARAMS, 200,
                                       "unknown tool '%V'", &name->text);
        return NGX_DECLINED;
    }

    v = ngx_cc_request_member(params, "arguments");
    *arguments = (v && v->type == NGX_CC_VALUE_NULL) ? NULL : v;

    if (*arguments && v->type != NGX_CC_VALUE_OBJECT) {
        (void) ngx_cc_mcp_reply_refuse(rp, NGX_CC_ERROR_PARAMS, 200,
                                       "params.arguments must be an object");
        return NGX_DECLINED;
    }

    return NGX_OK;
}


ngx_int_t
ngx_cc_mcp_tools_prepare(const ngx_cc_mcp_tool_t *tool,
    ngx_cc_mcp_execute_t *ex, ngx_cc_mcp_job_spec_t *js,
    ngx_cc_spec_conf_t *conf, ngx_cc_value_t *arguments, ngx_pool_t *pool)
{
    ngx_memzero(ex, sizeof(ngx_cc_mcp_execute_t));
    ngx_cc_spec_init(&ex->spec, "arguments");

    if (ngx_cc_mcp_arguments_check(&ex->spec, tool->takes, conf, arguments)
        != NGX_OK)
    {
        return NGX_DECLINED;
    }

    if (tool->ask) {
        ngx_memzero(js, sizeof(ngx_cc_mcp_job_spec_t));
        return tool->ask(js, &ex->spec, arguments);
    }

    return tool->prepare(ex, conf, arguments, pool);
}


void
ngx_cc_mcp_tools_instructions(ngx_cc_json_t *w, ngx_cc_spec_conf_t *conf)
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

    if (ngx_cc_mcp_job_spec_kept(conf)) {
        p = ngx_slprintf(p, end, " Take a job (execute with background) for "
                                 "servers, watchers, anything that takes more "
                                 "than a minute or asks questions: it answers "
                                 "at once with a job_id, and goes on without "
                                 "a connection. job_read waits for its output "
                                 "or its end, job_write and job_signal act on "
                                 "it, job_list finds it again.");
    }

    if (ngx_strlen(conf->command.cwd) <= NGX_CC_MCP_TOOLS_PATH) {
        p = ngx_slprintf(p, end, " Commands start in %s.", conf->command.cwd);
    }

    ngx_cc_json_string(w, text, p - text);
}


static void
ngx_cc_mcp_tools_execute(u_char **p, u_char *end, ngx_cc_spec_conf_t *conf)
{
    *p = ngx_slprintf(*p, end,
                      "Run a command and wait for it. Returns exit code, "
                      "stdout and stderr; long output keeps its first and last "
                      "part. stdin is empty unless given. Processes left in "
                      "the background end with the call. ");

    if (ngx_cc_mcp_job_spec_kept(conf)) {
        *p = ngx_slprintf(*p, end,
                          "For servers, watchers and anything long or "
                          "interactive say background: it becomes a job, see "
                          "job_read. ");
    }

    ngx_cc_mcp_tools_allowed(p, end, conf);
}


static void
ngx_cc_mcp_tools_read(u_char **p, u_char *end, ngx_cc_spec_conf_t *conf)
{
    *p = ngx_slprintf(*p, end,
                      "State and new output of a job. Every call goes on where "
                      "the last one ended; cursor reads again. Do not poll: "
                      "wait_ms, until and pattern wait here, up to 100 s. That "
                      "a wait is over does not mean that the job is: see "
                      "status.");
}


static void
ngx_cc_mcp_tools_write(u_char **p, u_char *end, ngx_cc_spec_conf_t *conf)
{
    *p = ngx_slprintf(*p, end,
                      "Write to stdin of a job that was started with "
                      "open_stdin%s, then wait for its reaction and read it as "
                      "job_read does.",
                      ngx_cc_mcp_job_spec_tty(conf) ? " or tty" : "");
}


static void
ngx_cc_mcp_tools_signal(u_char **p, u_char *end, ngx_cc_spec_conf_t *conf)
{
    *p = ngx_slprintf(*p, end,
                      "Send a signal to all processes of a job. TERM ends it. "
                      "Answers with its state; with wait_ms it waits for its "
                      "end. Output is read by job_read.");
}


static void
ngx_cc_mcp_tools_jobs(u_char **p, u_char *end, ngx_cc_spec_conf_t *conf)
{
    *p = ngx_slprintf(*p, end,
                      "The jobs there are, whatever session started them, "
                      "also those that ended and are still held.");
}


/* what may run here, for a model */

static void
ngx_cc_mcp_tools_allowed(u_char **p, u_char *end, ngx_cc_spec_conf_t *conf)
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
