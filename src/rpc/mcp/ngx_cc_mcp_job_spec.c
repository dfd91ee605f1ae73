
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_mcp_job_spec.h"
#include "ngx_cc_names.h"


#define NGX_CC_MCP_JOB_SPEC_READ_WAIT   20000    /* ms */
#define NGX_CC_MCP_JOB_SPEC_WRITE_WAIT  1000     /* ms */

#define NGX_CC_MCP_JOB_SPEC_ID                                                \
    { .name = ngx_string("job_id"), .required = 1,                            \
      .meaning = "As execute or job_list told it" }

/* how output is answered, the same for job_read and job_write */

#define NGX_CC_MCP_JOB_SPEC_ANSWER                                            \
    { .name = ngx_string("pattern"), .most = NGX_CC_WIRE_MAX_PATTERN,         \
      .meaning = "Wait until this plain text has been written" },             \
    { .name = ngx_string("max_bytes"), .type = NGX_CC_MCP_INTEGER, .min = 1,  \
      .max = NGX_CC_MCP_JOB_MOST,                                             \
      .meaning = "Of output in the answer; 30000 without it" },               \
    { .name = ngx_string("ansi"), .choices = ngx_cc_mcp_job_spec_ansi,        \
      .preset = 1,                                                            \
      .meaning = "keep: structuredContent has terminal bytes as they are" },  \
    { .name = ngx_string("encoding"),                                         \
      .choices = ngx_cc_mcp_job_spec_encodings, .preset = 1 },                \
    { .name = ngx_null_string }


static void ngx_cc_mcp_job_spec_common(ngx_cc_mcp_job_spec_t *js,
    ngx_cc_value_t *arguments);
static ngx_int_t ngx_cc_mcp_job_spec_cursor(ngx_cc_mcp_job_spec_t *js,
    ngx_cc_spec_t *spec, ngx_cc_value_t *arguments);
static const char *ngx_cc_mcp_job_spec_number(const char *p, uint64_t *n);
static ngx_uint_t ngx_cc_mcp_job_spec_wait(ngx_cc_mcp_job_spec_t *js,
    ngx_cc_value_t *arguments);
static const char *const *ngx_cc_mcp_job_spec_streams(
    ngx_cc_spec_conf_t *conf);
static const char *const *ngx_cc_mcp_job_spec_untils(
    ngx_cc_spec_conf_t *conf);
static const char *const *ngx_cc_mcp_job_spec_ansi(ngx_cc_spec_conf_t *conf);
static const char *const *ngx_cc_mcp_job_spec_encodings(
    ngx_cc_spec_conf_t *conf);
static const char *const *ngx_cc_mcp_job_spec_signals(
    ngx_cc_spec_conf_t *conf);
static const char *const *ngx_cc_mcp_job_spec_states(
    ngx_cc_spec_conf_t *conf);


const ngx_cc_mcp_argument_t  ngx_cc_mcp_job_spec_read_takes[] = {

    NGX_CC_MCP_JOB_SPEC_ID,

    { .name = ngx_string("cursor"),
      .meaning = "next_cursor of an earlier answer, or start: read from there. "
                 "Without it reading goes on where you were" },

    { .name = ngx_string("tail_bytes"), .type = NGX_CC_MCP_INTEGER, .min = 1,
      .max = NGX_CC_MCP_JOB_MOST,
      .meaning = "Only so many of the last bytes; instead of cursor" },

    { .name = ngx_string("stream"), .choices = ngx_cc_mcp_job_spec_streams,
      .preset = 1 },

    { .name = ngx_string("wait_ms"), .type = NGX_CC_MCP_INTEGER,
      .max = NGX_CC_MCP_JOB_WAIT,
      .meaning = "Wait so long at most for what until or pattern say; 20000 "
                 "when only those are given" },

    { .name = ngx_string("until"), .choices = ngx_cc_mcp_job_spec_untils,
      .meaning = "What to wait for: new output (when only wait_ms is given), "
                 "the end, or a second of silence" },

    NGX_CC_MCP_JOB_SPEC_ANSWER
};


const ngx_cc_mcp_argument_t  ngx_cc_mcp_job_spec_write_takes[] = {

    NGX_CC_MCP_JOB_SPEC_ID,

    { .name = ngx_string("data"), .meaning = "Text for its stdin" },

    { .name = ngx_string("enter"), .type = NGX_CC_MCP_BOOLEAN,
      .meaning = "End it with the Enter key" },

    { .name = ngx_string("eof"), .type = NGX_CC_MCP_BOOLEAN,
      .meaning = "Close stdin behind it; on a terminal: Ctrl-D" },

    { .name = ngx_string("wait_ms"), .type = NGX_CC_MCP_INTEGER,
      .max = NGX_CC_MCP_JOB_WAIT,
      .meaning = "Wait so long at most for its reaction: output, and silence "
                 "behind it; 1000 without it" },

    NGX_CC_MCP_JOB_SPEC_ANSWER
};


const ngx_cc_mcp_argument_t  ngx_cc_mcp_job_spec_signal_takes[] = {

    NGX_CC_MCP_JOB_SPEC_ID,

    { .name = ngx_string("signal"), .required = 1,
      .choices = ngx_cc_mcp_job_spec_signals,
      .meaning = "TERM ends it with all its processes, by KILL if need be" },

    { .name = ngx_string("wait_ms"), .type = NGX_CC_MCP_INTEGER,
      .max = NGX_CC_MCP_JOB_WAIT,
      .meaning = "Wait so long at most for its end" },

    { .name = ngx_null_string }
};


const ngx_cc_mcp_argument_t  ngx_cc_mcp_job_spec_list_takes[] = {

    { .name = ngx_string("status"), .choices = ngx_cc_mcp_job_spec_states,
      .preset = 1 },

    { .name = ngx_string("label"), .meaning = "Only jobs with this label" },

    { .name = ngx_string("limit"), .type = NGX_CC_MCP_INTEGER, .min = 1,
      .max = 100, .meaning = "100 without it" },

    { .name = ngx_null_string }
};


static const char *const *
ngx_cc_mcp_job_spec_streams(ngx_cc_spec_conf_t *conf)
{
    static const char *const  names[] = { "both", "stdout", "stderr", NULL };

    return names;
}


static const char *const *
ngx_cc_mcp_job_spec_untils(ngx_cc_spec_conf_t *conf)
{
    /* as ngx_cc_wire_until_e */

    static const char *const  names[] = { "exit", "output", "idle", NULL };

    return names;
}


static const char *const *
ngx_cc_mcp_job_spec_ansi(ngx_cc_spec_conf_t *conf)
{
    static const char *const  names[] = { "strip", "keep", NULL };

    return names;
}


static const char *const *
ngx_cc_mcp_job_spec_encodings(ngx_cc_spec_conf_t *conf)
{
    static const char *const  names[] = { "utf-8", "base64", NULL };

    return names;
}


static const char *const *
ngx_cc_mcp_job_spec_signals(ngx_cc_spec_conf_t *conf)
{
    static const char *const  names[] = {
        "TERM", "KILL", "INT", "HUP", "QUIT", "STOP", "CONT", "USR1", "USR2",
        NULL
    };

    return names;
}


static const char *const *
ngx_cc_mcp_job_spec_states(ngx_cc_spec_conf_t *conf)
{
    static const char *const  names[] = { "all", "running", "finished", NULL };

    return names;
}


ngx_uint_t
ngx_cc_mcp_job_spec_kept(ngx_cc_spec_conf_t *conf)
{
    return conf->command.keep.enable == 1;
}


ngx_uint_t
ngx_cc_mcp_job_spec_tty(ngx_cc_spec_conf_t *conf)
{
    return ngx_cc_mcp_job_spec_kept(conf) && conf->tty;
}


ngx_int_t
ngx_cc_mcp_job_spec_read(ngx_cc_mcp_job_spec_t *js, ngx_cc_spec_t *spec,
    ngx_cc_value_t *arguments)
{
    uint64_t    n;
    ngx_int_t   i;
    ngx_uint_t  given;

    js->what = NGX_CC_MCP_JOB_READ;

    ngx_cc_mcp_job_spec_common(js, arguments);

    if (ngx_cc_mcp_job_spec_cursor(js, spec, arguments) != NGX_OK) {
        return NGX_DECLINED;
    }

    if (ngx_cc_mcp_arguments_number(arguments, "tail_bytes", &n) == NGX_OK) {

        if (js->cursor) {
            return ngx_cc_spec_wrong(spec, "tail_bytes is given instead of "
                                     "%s.cursor, not beside it",
                                     spec->prefix);
        }

        js->tail = ngx_min(n, js->max);
    }

    i = ngx_cc_mcp_arguments_choice(arguments, "stream",
                                    ngx_cc_mcp_job_spec_streams(NULL));
    js->streams = i == 1 ? NGX_CC_EOF_STDOUT : i == 2 ? NGX_CC_EOF_STDERR
                  : NGX_CC_EOF_STDOUT|NGX_CC_EOF_STDERR;

    given = ngx_cc_mcp_job_spec_wait(js, arguments);

    i = ngx_cc_mcp_arguments_choice(arguments, "until",
                                    ngx_cc_mcp_job_spec_untils(NULL));

    js->until = i >= 0 ? (ngx_uint_t) i
                : js->pattern.len ? NGX_CC_UNTIL_EXIT : NGX_CC_UNTIL_OUTPUT;

    if (!given && (i >= 0 || js->pattern.len)) {
        js->wait = NGX_CC_MCP_JOB_SPEC_READ_WAIT;
    }

    js->waits = (js->wait != 0);

    return NGX_OK;
}


ngx_int_t
ngx_cc_mcp_job_spec_write(ngx_cc_mcp_job_spec_t *js, ngx_cc_spec_t *spec,
    ngx_cc_value_t *arguments)
{
    ngx_cc_value_t  *v;

    js->what = NGX_CC_MCP_JOB_WRITE;
    js->streams = NGX_CC_EOF_STDOUT|NGX_CC_EOF_STDERR;

    ngx_cc_mcp_job_spec_common(js, arguments);

    v = ngx_cc_mcp_arguments_given(arguments, "data");

    if (v) {
        js->input = v->text;
    }

    js->enter = ngx_cc_mcp_arguments_flag(arguments, "enter");
    js->eof = ngx_cc_mcp_arguments_flag(arguments, "eof");

    if (js->input.len == 0 && !js->enter && !js->eof) {
        return ngx_cc_spec_wrong(spec, "data is missing: there is nothing to "
                                 "write");
    }

    if (!ngx_cc_mcp_job_spec_wait(js, arguments)) {
        js->wait = NGX_CC_MCP_JOB_SPEC_WRITE_WAIT;
    }

    js->until = js->pattern.len ? NGX_CC_UNTIL_EXIT : NGX_CC_UNTIL_IDLE;
    js->waits = (js->wait != 0);

    return NGX_OK;
}


ngx_int_t
ngx_cc_mcp_job_spec_signal(ngx_cc_mcp_job_spec_t *js, ngx_cc_spec_t *spec,
    ngx_cc_value_t *arguments)
{
    ngx_cc_value_t  *v;

    js->what = NGX_CC_MCP_JOB_SIGNAL;
    js->streams = NGX_CC_EOF_STDOUT|NGX_CC_EOF_STDERR;
    js->until = NGX_CC_UNTIL_EXIT;

    ngx_cc_mcp_job_spec_common(js, arguments);
    (void) ngx_cc_mcp_job_spec_wait(js, arguments);

    v = ngx_cc_mcp_arguments_given(arguments, "signal");
    js->signo = ngx_cc_names_signo((char *) v->text.data);
    js->waits = (js->wait != 0);

    return NGX_OK;
}


ngx_int_t
ngx_cc_mcp_job_spec_list(ngx_cc_mcp_job_spec_t *js, ngx_cc_spec_t *spec,
    ngx_cc_value_t *arguments)
{
    uint64_t         n;
    ngx_int_t        i;
    ngx_cc_value_t  *v;

    js->what = NGX_CC_MCP_JOB_LIST;
    js->limit = 100;

    i = ngx_cc_mcp_arguments_choice(arguments, "status",
                                    ngx_cc_mcp_job_spec_states(NULL));
    js->status = i == 1 ? 0 : i == 2 ? 1 : 2;

    v = ngx_cc_mcp_arguments_given(arguments, "label");

    if (v) {
        js->label = v->text;
    }

    if (ngx_cc_mcp_arguments_number(arguments, "limit", &n) == NGX_OK) {
        js->limit = n;
    }

    return NGX_OK;
}


static void
ngx_cc_mcp_job_spec_common(ngx_cc_mcp_job_spec_t *js,
    ngx_cc_value_t *arguments)
{
    uint64_t         n;
    ngx_cc_value_t  *v;

    v = ngx_cc_mcp_arguments_given(arguments, "job_id");
    js->id = v->text;
    ngx_cc_mcp_job_spec_id(js, &v->text);

    v = ngx_cc_mcp_arguments_given(arguments, "pattern");

    if (v) {
        js->pattern = v->text;
    }

    js->max = NGX_CC_MCP_JOB_OUTPUT;

    if (ngx_cc_mcp_arguments_number(arguments, "max_bytes", &n) == NGX_OK) {
        js->max = n;
    }

    js->raw = (ngx_cc_mcp_arguments_choice(arguments, "ansi",
                                           ngx_cc_mcp_job_spec_ansi(NULL))
               == 1);
    js->base64 = (ngx_cc_mcp_arguments_choice(arguments, "encoding",
                                      ngx_cc_mcp_job_spec_encodings(NULL))
                  == 1);
}


/* "start", or what ngx_cc_mcp_job_text writes */

static ngx_int_t
ngx_cc_mcp_job_spec_cursor(ngx_cc_mcp_job_spec_t *js, ngx_cc_spec_t *spec,
    ngx_cc_value_t *arguments)
{
    const char      *p;
    ngx_cc_value_t  *v;

    v = ngx_cc_mcp_arguments_given(arguments, "cursor");

    if (v == NULL) {
        return NGX_OK;
    }

    js->cursor = 1;

    if (ngx_strcmp(v->text.data, "start") == 0) {
        return NGX_OK;
    }

    p = (char *) v->text.data;
    p = (*p == 'c') ? ngx_cc_mcp_job_spec_number(p + 1,
                                                 &js->from[NGX_CC_STDOUT])
                    : NULL;
    p = (p && *p == '-') ? ngx_cc_mcp_job_spec_number(p + 1,
                                                  &js->from[NGX_CC_STDERR])
                         : NULL;

    if (p == NULL || *p != '\0') {
        return ngx_cc_spec_wrong(spec, "cursor must be next_cursor of an "
                                 "earlier answer, or \"start\"");
    }

    return NGX_OK;
}


/* a number in hexadecimal digits, less than 2^60: what is behind it, or NULL */

static const char *
ngx_cc_mcp_job_spec_number(const char *p, uint64_t *n)
{
    size_t  digits;

    digits = strspn(p, "0123456789abcdef");

    if (digits == 0 || digits > 15) {
        return NULL;
    }

    *n = strtoull(p, NULL, 16);

    return p + digits;
}


/* 1 when it is given */

static ngx_uint_t
ngx_cc_mcp_job_spec_wait(ngx_cc_mcp_job_spec_t *js, ngx_cc_value_t *arguments)
{
    uint64_t  n;

    if (ngx_cc_mcp_arguments_number(arguments, "wait_ms", &n) != NGX_OK) {
        return 0;
    }

    js->wait = n;

    return 1;
}


void
ngx_cc_mcp_job_spec_id(ngx_cc_mcp_job_spec_t *js, const ngx_str_t *text)
{
    ngx_int_t  rc;

    rc = ngx_cc_node_handle(text, &js->handle, &js->node);

    js->foreign = (rc == NGX_BUSY);
    js->malformed = (rc == NGX_DECLINED);
}
