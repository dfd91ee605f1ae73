
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_mcp_job_ask.h"
#include "ngx_cc_mcp_task.h"
#include "ngx_cc_message.h"


#define NGX_CC_MCP_TASK_ELSEWHERE                                             \
    "params.taskId: this task belongs to the node %V, which cannot be "       \
    "reached from here"

#define NGX_CC_MCP_TASK_ALL    (NGX_CC_EOF_STDOUT|NGX_CC_EOF_STDERR)


/* stages of tasks/get, besides those of other calls about jobs */

enum {
    NGX_CC_MCP_TASK_STAGE_STATE = NGX_CC_MCP_JOB_STAGE_STATE + 1,
                                         /* and its newest output */
    NGX_CC_MCP_TASK_STAGE_RESULT         /* ngx_cc_mcp_task_from(0), 1, ... */
};


static void ngx_cc_mcp_task_begin(void *data);
static void ngx_cc_mcp_task_ask(ngx_cc_mcp_job_t *job, ngx_uint_t stage);
static void ngx_cc_mcp_task_done(void *data,
    const ngx_cc_ask_answer_t *answer);
static void ngx_cc_mcp_task_answer(ngx_cc_mcp_job_t *job,
    const ngx_cc_ask_answer_t *answer);
static void ngx_cc_mcp_task_got(ngx_cc_mcp_job_t *job,
    const ngx_cc_ask_answer_t *answer);
static void ngx_cc_mcp_task_unknown(ngx_event_t *ev);
static void ngx_cc_mcp_task_fail(ngx_cc_mcp_job_t *job, ngx_int_t code,
    const char *text);


static const ngx_str_t  ngx_cc_mcp_task_methods[] = {
    ngx_string("tasks/get"),
    ngx_string("tasks/cancel"),
    ngx_string("tasks/update")
};


ngx_uint_t
ngx_cc_mcp_task_method(ngx_str_t *method, ngx_cc_mcp_task_kind_e *kind)
{
    ngx_uint_t        i;
    const ngx_str_t  *name;

    for (i = NGX_CC_MCP_TASK_GET; i <= NGX_CC_MCP_TASK_UPDATE; i++) {
        name = &ngx_cc_mcp_task_methods[i];

        if (name->len == method->len
            && ngx_memcmp(name->data, method->data, name->len) == 0)
        {
            *kind = i;
            return 1;
        }
    }

    return 0;
}


const char *
ngx_cc_mcp_task_spec(ngx_cc_mcp_job_spec_t *js, ngx_cc_mcp_task_kind_e kind,
    ngx_cc_value_t *params)
{
    ngx_cc_value_t  *v;

    ngx_memzero(js, sizeof(ngx_cc_mcp_job_spec_t));
    js->what = NGX_CC_MCP_JOB_OTHER;
    js->begin = ngx_cc_mcp_task_begin;
    js->kind = kind;
    js->streams = NGX_CC_MCP_TASK_ALL;

    v = ngx_cc_request_member(params, "taskId");
    ngx_cc_mcp_job_spec_id(js, &v->text);

    v = ngx_cc_request_member(params, "inputResponses");

    if (kind == NGX_CC_MCP_TASK_UPDATE
        && (v == NULL || v->type != NGX_CC_VALUE_OBJECT))
    {
        return "params.inputResponses must be an object";
    }

    return NULL;
}


static void
ngx_cc_mcp_task_begin(void *data)
{
    ngx_cc_mcp_job_t  *job = data;

    job->done = ngx_cc_mcp_task_done;
    job->delay.handler = ngx_cc_mcp_task_unknown;

    if (job->spec.foreign) {
        (void) ngx_slprintf(job->hint, job->hint + sizeof(job->hint) - 1,
                            NGX_CC_MCP_TASK_ELSEWHERE "%Z", &job->spec.node);
        ngx_cc_mcp_task_fail(job, NGX_CC_ERROR_PARAMS, (char *) job->hint);
        return;
    }

    if (job->spec.malformed) {
        ngx_add_timer(&job->delay, ngx_cc_ask_unknown(job->begun));
        return;
    }

    ngx_cc_mcp_task_ask(job, NGX_CC_MCP_TASK_STAGE_STATE);
}


static void
ngx_cc_mcp_task_ask(ngx_cc_mcp_job_t *job, ngx_uint_t stage)
{
    ngx_cc_ask_spec_t    ask;
    ngx_cc_ask_answer_t  answer;

    ngx_memzero(&ask, sizeof(ask));
    ask.handle = job->spec.handle;
    ask.owner = job->transport->owner;

    switch (job->spec.kind) {

    case NGX_CC_MCP_TASK_CANCEL:
        ask.what = NGX_CC_ASK_CANCEL;
        break;

    case NGX_CC_MCP_TASK_UPDATE:
        ask.what = NGX_CC_ASK_ENTRY;
        break;

    default:
        ask.what = NGX_CC_ASK_OUTPUT;
        ask.streams = NGX_CC_MCP_TASK_ALL;
        ask.max = NGX_CC_MCP_JOB_MOST;

        ask.from[NGX_CC_STDOUT] = stage == NGX_CC_MCP_TASK_STAGE_STATE
                                  ? -NGX_CC_MCP_TASK_LAST
                                  : ngx_cc_mcp_task_from(stage
                                            - NGX_CC_MCP_TASK_STAGE_RESULT);
        ask.from[NGX_CC_STDERR] = ask.from[NGX_CC_STDOUT];

        break;
    }

    job->stage = stage;
    job->ask = ngx_cc_ask(&ask, job->done, job);

    if (job->ask == NULL) {
        ngx_memzero(&answer, sizeof(answer));
        answer.result = NGX_CC_ASKED_BUSY;
        job->done(job, &answer);
    }
}


static void
ngx_cc_mcp_task_done(void *data, const ngx_cc_ask_answer_t *answer)
{
    ngx_cc_mcp_job_t  *job = data;

    job->ask = NULL;

    switch (answer->result) {

    case NGX_CC_ASKED_OK:
    case NGX_CC_ASKED_GONE:
        ngx_cc_mcp_task_answer(job, answer);
        return;

    case NGX_CC_ASKED_UNKNOWN:
        ngx_add_timer(&job->delay, ngx_cc_ask_unknown(job->begun));
        return;

    case NGX_CC_ASKED_DENIED:
        ngx_cc_mcp_task_fail(job, NGX_CC_ERROR_INTERNAL,
                             "as many as may look at this task already: ask "
                             "again");
        return;

    default:
        ngx_cc_mcp_task_fail(job, NGX_CC_ERROR_INTERNAL,
                             "the task cannot be reached now: ask again");
        return;
    }
}


static void
ngx_cc_mcp_task_answer(ngx_cc_mcp_job_t *job,
    const ngx_cc_ask_answer_t *answer)
{
    if (job->spec.kind == NGX_CC_MCP_TASK_GET
        && answer->result == NGX_CC_ASKED_OK
        && (job->stage == NGX_CC_MCP_TASK_STAGE_STATE
            ? (answer->entry->head.flags & NGX_CC_ATTACHED_OVER) != 0
            : ngx_cc_mcp_task_cut(answer, job->stage
                                          - NGX_CC_MCP_TASK_STAGE_RESULT)))
    {
        ngx_cc_mcp_task_ask(job, job->stage + 1);
        return;
    }

    job->text = ngx_cc_mcp_job_text_begin();

    if (job->spec.kind == NGX_CC_MCP_TASK_GET) {
        ngx_cc_mcp_task_got(job, answer);

    } else {
        ngx_cc_mcp_task_text_done(job->text, &job->id);
    }

    ngx_cc_mcp_job_finish(job);
}


static void
ngx_cc_mcp_task_got(ngx_cc_mcp_job_t *job, const ngx_cc_ask_answer_t *answer)
{
    u_char                   id[NGX_CC_HANDLE_TEXT];
    ngx_int_t                rc;
    ngx_cc_mcp_task_line_t   line;

    job->told.id = &job->id;
    line.len = 0;

    if (answer->result == NGX_CC_ASKED_OK
        && job->stage >= NGX_CC_MCP_TASK_STAGE_RESULT)
    {
        rc = ngx_cc_mcp_task_result(job->text, &job->told, answer,
                                    job->stage - NGX_CC_MCP_TASK_STAGE_RESULT,
                                    NULL, job->transport);
    } else {

        if (answer->result == NGX_CC_ASKED_OK) {
            ngx_cc_mcp_job_view_entry(&job->told.view, answer->entry);
            ngx_cc_mcp_task_line_read(&line, answer->output);

        } else {
            (void) ngx_cc_handle_format(&job->spec.handle, (char *) id);
            ngx_cc_mcp_job_view_index(&job->told.view, answer->index, id);
            job->told.hint = "its output is not held any more";
        }

        rc = ngx_cc_mcp_task_text_got(job->text, &job->told, &line, NULL,
                            job->transport->conf->command.keep.ttl,
                            job->transport->log);
    }

    if (rc != NGX_OK) {
        job->text = NULL;
    }
}


int64_t
ngx_cc_mcp_task_from(ngx_uint_t step)
{
    static const int64_t  from[] = {
        0,
        -(NGX_CC_MCP_TASK_OUTPUT / 2),
        -(NGX_CC_GATHER_PIECES / 2 - NGX_CC_STREAMS)
    };

    return from[step];
}


ngx_uint_t
ngx_cc_mcp_task_cut(const ngx_cc_ask_answer_t *answer, ngx_uint_t step)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_CC_STREAMS; i++) {
        if (answer->output->next[i] < answer->entry->bytes[i]) {
            return step < NGX_CC_MCP_TASK_STEPS - 1;
        }
    }

    return 0;
}


ngx_int_t
ngx_cc_mcp_task_result(ngx_cc_mcp_job_text_t *t, ngx_cc_mcp_job_told_t *told,
    const ngx_cc_ask_answer_t *answer, ngx_uint_t step,
    ngx_str_t *subscription, ngx_cc_transport_t *transport)
{
    ngx_int_t                rc;
    ngx_cc_mcp_task_line_t   line;

    ngx_cc_mcp_job_text_read(told, answer, NGX_CC_MCP_TASK_ALL);
    ngx_cc_mcp_task_line_read(&line, told->output);

    rc = ngx_cc_gather_ends(told->output, NGX_CC_MCP_TASK_OUTPUT,
                            transport->log);

    if (step) {
        told->hint = "long output: its last part; job_read with cursor start "
                     "tells what is held";

    } else if (rc == NGX_OK) {
        told->hint = "long output: its first and its last part; job_read with "
                     "cursor start tells what is held";
    }

    if (rc != NGX_ERROR) {
        rc = ngx_cc_mcp_task_text_got(t, told, &line, subscription,
                                      transport->conf->command.keep.ttl,
                                      transport->log);
    }

    ngx_cc_gather_free(told->output);
    told->output = NULL;

    return rc;
}


/* the same for an id that nobody has and for one that somebody else has */

static void
ngx_cc_mcp_task_unknown(ngx_event_t *ev)
{
    ngx_cc_mcp_task_fail(ev->data, NGX_CC_ERROR_PARAMS,
                         "params.taskId: no such task");
}


static void
ngx_cc_mcp_task_fail(ngx_cc_mcp_job_t *job, ngx_int_t code, const char *text)
{
    job->text = ngx_cc_mcp_job_text_begin();
    ngx_cc_mcp_task_text_refuse(job->text, &job->id, code, text);

    ngx_cc_mcp_job_finish(job);
}
