
/*
 * Requests about one task: tasks/get, tasks/cancel, tasks/update.  Each is a
 * call about a job (ngx_cc_mcp_job.h) with questions and answers of its own.
 */

#ifndef _NGX_CC_MCP_TASK_H_INCLUDED_
#define _NGX_CC_MCP_TASK_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_mcp_job.h"
#include "ngx_cc_mcp_task_text.h"
#include "ngx_cc_request.h"


typedef enum {
    NGX_CC_MCP_TASK_GET = 0,
    NGX_CC_MCP_TASK_CANCEL,
    NGX_CC_MCP_TASK_UPDATE
} ngx_cc_mcp_task_kind_e;


/*
 * Which request a method is, 1 and *kind; or 0: it is none about a task
 */
ngx_uint_t ngx_cc_mcp_task_method(ngx_str_t *method,
    ngx_cc_mcp_task_kind_e *kind);

/*
 * Fills js from a request's params.  Returns NULL, or what is wrong with them;
 * params.taskId is a string then.
 */
const char *ngx_cc_mcp_task_spec(ngx_cc_mcp_job_spec_t *js,
    ngx_cc_mcp_task_kind_e kind, ngx_cc_value_t *params);

/*
 * The output of a task that is over is asked for in at most so many steps: all
 * of it; and while its end was not reached (it is too long, or goes from one
 * stream to the other too often), a shorter last part of it.
 */
#define NGX_CC_MCP_TASK_STEPS  3

/* where both streams are asked for in a step (from of ngx_cc_ask_spec_t) */
int64_t ngx_cc_mcp_task_from(ngx_uint_t step);

/* 1: the answer in that step does not reach the end, another step does */
ngx_uint_t ngx_cc_mcp_task_cut(const ngx_cc_ask_answer_t *answer,
    ngx_uint_t step);

/*
 * The answer in the last step, as text: told->id or a notification's
 * "subscription", see ngx_cc_mcp_task_text.h.  NGX_OK or NGX_ERROR (no
 * memory); what was read is free then.
 */
ngx_int_t ngx_cc_mcp_task_result(ngx_cc_mcp_job_text_t *t,
    ngx_cc_mcp_job_told_t *told, const ngx_cc_ask_answer_t *answer,
    ngx_uint_t step, ngx_str_t *subscription, ngx_cc_transport_t *transport);


#endif /* _NGX_CC_MCP_TASK_H_INCLUDED_ */
