
/*
 * What is said of a task (extension io.modelcontextprotocol/tasks, SEP-2663): a
 * job in the words of the extension.  Its id is that of the job.
 */

#ifndef _NGX_CC_MCP_TASK_TEXT_H_INCLUDED_
#define _NGX_CC_MCP_TASK_TEXT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_mcp_job_text.h"


#define NGX_CC_MCP_TASK_EXTENSION  "io.modelcontextprotocol/tasks"

#define NGX_CC_MCP_TASK_LINE       200   /* most bytes of a status message */
#define NGX_CC_MCP_TASK_LAST       512   /* newest bytes that it is made of */
#define NGX_CC_MCP_TASK_OUTPUT     30000 /* bytes of a result: the first and the
                                            last part of what is held */


/* the last line of n bytes of output, or len 0: there is none */

typedef struct {
    u_char          text[2 * NGX_CC_MCP_TASK_LAST];
    size_t          len;
} ngx_cc_mcp_task_line_t;


void ngx_cc_mcp_task_line(ngx_cc_mcp_task_line_t *line, const u_char *p,
    size_t n);

/* of the stream that was written to last */
void ngx_cc_mcp_task_line_read(ngx_cc_mcp_task_line_t *line,
    const ngx_cc_gather_t *output);

/*
 * Prepares the answer to tools/call that tells of a new task, to the request
 * with that id (JSON text).
 */
void ngx_cc_mcp_task_text_created(ngx_cc_mcp_job_text_t *t, ngx_str_t *id,
    const ngx_cc_mcp_job_view_t *view, const ngx_cc_mcp_task_line_t *line);

/*
 * Prepares the answer to tasks/get: told->view, and, when it is over, what a
 * result is made of; told->id NULL: notifications/tasks of the subscription
 * with the id "subscription" (JSON text).  NGX_OK or NGX_ERROR (no memory).
 */
ngx_int_t ngx_cc_mcp_task_text_got(ngx_cc_mcp_job_text_t *t,
    ngx_cc_mcp_job_told_t *told, const ngx_cc_mcp_task_line_t *line,
    ngx_str_t *subscription, ngx_msec_t ttl, ngx_log_t *log);

/* prepares the answer to tasks/cancel and tasks/update: that they were read */
void ngx_cc_mcp_task_text_done(ngx_cc_mcp_job_text_t *t, ngx_str_t *id);

/* prepares an error */
void ngx_cc_mcp_task_text_refuse(ngx_cc_mcp_job_text_t *t, ngx_str_t *id,
    ngx_int_t code, const char *why);


#endif /* _NGX_CC_MCP_TASK_TEXT_H_INCLUDED_ */
