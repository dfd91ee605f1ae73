
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_mcp_call_answer.h"
#include "ngx_cc_mcp_job.h"
#include "ngx_cc_mcp_task_text.h"


#define NGX_CC_MCP_CALL_ANSWER_GOES_ON                                        \
    "it goes on: job_read tells its output and its end"


static void ngx_cc_mcp_call_answer_ready(ngx_cc_mcp_call_t *call);
static void ngx_cc_mcp_call_answer_newest(ngx_cc_mcp_call_t *call,
    ngx_cc_mcp_task_line_t *line);


void
ngx_cc_mcp_call_answer_result(ngx_cc_mcp_call_t *call)
{
    ngx_cc_mcp_progress_stop(&call->progress);

    call->result = ngx_alloc(sizeof(ngx_cc_mcp_result_t), call->log);

    if (call->result) {
        ngx_cc_mcp_result_init(call->result, &call->outcome);
        call->over = 1;

    } else {
        call->no_memory = 1;
    }

    call->wake(call->data);
}


/* it is kept, whoever has its id reaches it: that is the answer */

void
ngx_cc_mcp_call_answer_job(void *data, const ngx_cc_ask_answer_t *answer)
{
    ngx_cc_mcp_call_t  *call = data;

    ngx_uint_t              over;
    ngx_cc_mcp_job_told_t   told;
    ngx_cc_mcp_job_text_t  *text;

    ngx_cc_mcp_progress_stop(&call->progress);

    ngx_memzero(&told, sizeof(told));
    told.id = &call->id;
    told.modern = call->outcome.modern;
    told.execute = 1;

    if (answer) {
        ngx_cc_mcp_job_text_read(&told, answer,
                                 NGX_CC_EOF_STDOUT|NGX_CC_EOF_STDERR);
    } else {
        ngx_cc_mcp_job_view_command(&told.view, call->cmd, call->label);
        told.view.flags |= call->cmd->cols ? NGX_CC_ATTACHED_TTY
                           : call->stdin_stays ? NGX_CC_ATTACHED_STDIN : 0;
    }

    over = ngx_cc_mcp_job_view_over(&told.view);

    if (!call->background) {
        told.waited = over ? NGX_CC_MCP_WAITED_EVENT
                           : NGX_CC_MCP_WAITED_TIMEOUT;
    }

    told.hint = over ? "it ended as a job: job_read tells its output"
                : call->clamped ? "the wait was cut to 100 s, the longest "
                                  "there is; " NGX_CC_MCP_CALL_ANSWER_GOES_ON
                : NGX_CC_MCP_CALL_ANSWER_GOES_ON;

    text = ngx_cc_mcp_job_text_begin();

    if (ngx_cc_mcp_job_text_init(text, &told, call->log) == NGX_OK) {
        call->job = ngx_cc_mcp_job_answer_keep(text, call->log);
    }

    if (told.output) {
        ngx_cc_gather_free(told.output);
    }

    ngx_cc_mcp_call_answer_ready(call);
}


/* the same for a client that knows tasks */

void
ngx_cc_mcp_call_answer_task(ngx_cc_mcp_call_t *call)
{
    ngx_cc_mcp_job_view_t    view;
    ngx_cc_mcp_job_text_t   *text;
    ngx_cc_mcp_task_line_t   line;

    ngx_cc_mcp_progress_stop(&call->progress);

    text = ngx_cc_mcp_job_text_begin();
    ngx_cc_mcp_job_view_command(&view, call->cmd, call->label);
    ngx_cc_mcp_call_answer_newest(call, &line);
    ngx_cc_mcp_task_text_created(text, &call->id, &view, &line);
    call->job = ngx_cc_mcp_job_answer_keep(text, call->log);

    ngx_cc_mcp_call_answer_ready(call);
}


static void
ngx_cc_mcp_call_answer_ready(ngx_cc_mcp_call_t *call)
{
    if (call->job) {
        call->over = 1;

    } else {
        call->no_memory = 1;
    }

    call->wake(call->data);
}


static void
ngx_cc_mcp_call_answer_newest(ngx_cc_mcp_call_t *call,
    ngx_cc_mcp_task_line_t *line)
{
    u_char                 text[2 * NGX_CC_MCP_TASK_LAST], *p;
    ngx_uint_t             i;
    ngx_cc_capture_t      *capture;
    ngx_cc_capture_cut_t   cut;

    capture = &call->capture[call->last];
    ngx_cc_capture_cut(capture, ngx_min(capture->limit, sizeof(text)), &cut);

    p = text;

    if (cut.cut == 0 && cut.head.len) {
        p = ngx_cpymem(p, cut.head.data, cut.head.len);
    }

    for (i = 0; i < NGX_CC_CAPTURE_PIECES - 1; i++) {
        if (cut.tail[i].len) {
            p = ngx_cpymem(p, cut.tail[i].data, cut.tail[i].len);
        }
    }

    ngx_cc_mcp_task_line(line, text, p - text);
}
