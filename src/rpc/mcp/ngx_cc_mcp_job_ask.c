
#include <ngx_config.h>
#include <ngx_core.h>
#include <signal.h>
#include "ngx_cc_mcp_job_ask.h"
#include "ngx_cc_names.h"


#define NGX_CC_MCP_JOB_ASK_IDLE      200     /* ms of silence that end a
                                                reaction */
#define NGX_CC_MCP_JOB_ASK_SILENCE   1000    /* ms, of "until":"idle" */
#define NGX_CC_MCP_JOB_ASK_ECHO      500     /* ms for a terminal to echo */
#define NGX_CC_MCP_JOB_ASK_PATIENCE  5000    /* ms for a write that waits for
                                                nothing else */


static void ngx_cc_mcp_job_ask_output(ngx_cc_mcp_job_t *job,
    ngx_cc_ask_spec_t *ask);
static void ngx_cc_mcp_job_ask_now(ngx_cc_mcp_job_t *job, ngx_uint_t stage,
    ngx_cc_ask_spec_t *ask);


void
ngx_cc_mcp_job_ask_write(ngx_cc_mcp_job_t *job)
{
    ngx_cc_ask_spec_t  ask;

    ngx_memzero(&ask, sizeof(ask));
    ask.what = NGX_CC_ASK_WRITE;
    ask.input = job->spec.input;
    ask.enter = job->spec.enter;
    ask.eof = job->spec.eof;
    ask.wait = ngx_max(job->spec.wait, NGX_CC_MCP_JOB_ASK_PATIENCE);

    ngx_cc_mcp_job_ask_now(job, NGX_CC_MCP_JOB_STAGE_WRITE, &ask);
}


/* TERM is the ladder: nothing of it is left behind */

void
ngx_cc_mcp_job_ask_signal(ngx_cc_mcp_job_t *job)
{
    ngx_cc_ask_spec_t  ask;

    ngx_memzero(&ask, sizeof(ask));
    ask.what = (job->spec.signo == SIGTERM) ? NGX_CC_ASK_CANCEL
                                            : NGX_CC_ASK_SIGNAL;
    ask.signo = job->spec.signo;
    ask.to = NGX_CC_SIGNAL_TREE;

    ngx_cc_mcp_job_ask_now(job, NGX_CC_MCP_JOB_STAGE_SIGNAL, &ask);
}


void
ngx_cc_mcp_job_ask_hint(ngx_cc_mcp_job_t *job,
    const ngx_cc_ask_answer_t *answer)
{
    char     why[NGX_CC_NAMES_UNPASSED];
    u_char  *last;

    last = job->hint + sizeof(job->hint) - 1;

    if (answer->unpassed) {
        ngx_cc_names_unpassed(why, sizeof(why), answer->unpassed);
        (void) ngx_slprintf(job->hint, last, "its control program has failed: "
                            "%s%Z", why);

    } else {
        (void) ngx_slprintf(job->hint, last,
                            "%uD processes could not be stopped now%Z",
                            answer->left);
    }

    job->told.hint = (char *) job->hint;
}


/* "from" NULL: where reading goes on */

void
ngx_cc_mcp_job_ask_wait(ngx_cc_mcp_job_t *job, ngx_uint_t stage,
    const int64_t *from)
{
    ngx_uint_t              i;
    ngx_msec_int_t          left;
    ngx_cc_ask_spec_t       ask, then;
    ngx_cc_ask_pattern_t    pattern;
    ngx_cc_mcp_job_spec_t  *spec = &job->spec;

    left = job->until - ngx_current_msec;

    ngx_memzero(&ask, sizeof(ask));
    ask.what = NGX_CC_ASK_WAIT;
    ask.wait = ngx_max(left, 1);
    ask.streams = spec->streams;
    ask.ansi = !spec->raw;
    ask.until = spec->until;
    ask.idle = spec->what == NGX_CC_MCP_JOB_WRITE ? NGX_CC_MCP_JOB_ASK_IDLE
                                                  : NGX_CC_MCP_JOB_ASK_SILENCE;

    for (i = 0; i < NGX_CC_STREAMS; i++) {
        ask.from[i] = from ? from[i] : (int64_t) spec->from[i];
    }

    ask.mark = (from == NULL && !spec->cursor);

    if (spec->pattern.len) {
        pattern.data = spec->pattern.data;
        pattern.len = spec->pattern.len;
        ask.patterns = &pattern;
        ask.npatterns = 1;
    }

    if (stage == NGX_CC_MCP_JOB_STAGE_ECHO) {
        (void) ngx_cc_mcp_job_ask_echoes(job, &pattern);
        ask.until = NGX_CC_UNTIL_EXIT;
        ask.wait = ngx_min(ask.wait, NGX_CC_MCP_JOB_ASK_ECHO);

    } else if (stage == NGX_CC_MCP_JOB_STAGE_REACTION) {
        ask.until = NGX_CC_UNTIL_OUTPUT;

    } else if (spec->what != NGX_CC_MCP_JOB_SIGNAL) {
        ngx_cc_mcp_job_ask_output(job, &then);
        ask.then = &then;
    }

    ngx_cc_mcp_job_ask_now(job, stage, &ask);
}


void
ngx_cc_mcp_job_ask_read(ngx_cc_mcp_job_t *job)
{
    ngx_cc_ask_spec_t  ask;

    if (job->spec.what == NGX_CC_MCP_JOB_SIGNAL) {
        ngx_memzero(&ask, sizeof(ask));
        ask.what = NGX_CC_ASK_ENTRY;
        ngx_cc_mcp_job_ask_now(job, NGX_CC_MCP_JOB_STAGE_STATE, &ask);
        return;
    }

    ngx_cc_mcp_job_ask_output(job, &ask);
    ngx_cc_mcp_job_ask_now(job, NGX_CC_MCP_JOB_STAGE_READ, &ask);
}


/* what is there, from where reading goes on */

static void
ngx_cc_mcp_job_ask_output(ngx_cc_mcp_job_t *job, ngx_cc_ask_spec_t *ask)
{
    ngx_uint_t              i;
    ngx_cc_mcp_job_spec_t  *spec = &job->spec;

    ngx_memzero(ask, sizeof(ngx_cc_ask_spec_t));

    ask->what = NGX_CC_ASK_OUTPUT;
    ask->streams = spec->streams;
    ask->max = spec->tail ? 2 * spec->tail : spec->max;
    ask->mark = (!spec->tail && !spec->cursor);

    for (i = 0; i < NGX_CC_STREAMS; i++) {
        ask->from[i] = spec->tail ? -(int64_t) spec->tail
                                  : (int64_t) spec->from[i];
    }
}


/*
 * Would the echo on a terminal be taken for the pattern?  Then the last line
 * that was written, or its end, is what has to be seen first.
 */

ngx_uint_t
ngx_cc_mcp_job_ask_echoes(ngx_cc_mcp_job_t *job, ngx_cc_ask_pattern_t *line)
{
    size_t      i, len;
    u_char     *p, *last;
    ngx_str_t  *pattern;

    pattern = &job->spec.pattern;
    p = job->spec.input.data;
    len = job->spec.input.len;

    for (i = 0; i + pattern->len <= len; i++) {
        if (ngx_memcmp(p + i, pattern->data, pattern->len) == 0) {
            break;
        }
    }

    if (!job->tty || i + pattern->len > len) {
        return 0;
    }

    last = p + len;

    while (last > p && (last[-1] == '\n' || last[-1] == '\r')) {
        last--;
    }

    for (line->data = last;
         line->data > p && line->data[-1] >= ' '
         && last - line->data < NGX_CC_WIRE_MAX_PATTERN;
         line->data--)
    {
        /* void */
    }

    line->len = last - line->data;

    return line->len != 0;
}


static void
ngx_cc_mcp_job_ask_now(ngx_cc_mcp_job_t *job, ngx_uint_t stage,
    ngx_cc_ask_spec_t *ask)
{
    ngx_cc_ask_t         *last;
    ngx_cc_ask_answer_t   answer;

    ask->handle = job->spec.handle;
    ask->owner = job->transport->owner;
    ngx_memcpy(ask->reader, job->reader, NGX_CC_WIRE_READER);

    last = job->answered;
    job->answered = NULL;
    job->stage = stage;

    if (last == NULL) {
        job->ask = ngx_cc_ask(ask, job->done, job);

    } else if (ngx_cc_ask_next(last, ask) == NGX_OK) {
        job->ask = last;
    }

    if (job->ask == NULL) {
        ngx_memzero(&answer, sizeof(answer));
        answer.result = NGX_CC_ASKED_BUSY;
        job->done(job, &answer);
    }
}
