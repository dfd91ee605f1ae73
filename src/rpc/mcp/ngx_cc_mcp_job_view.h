
/*
 * What a result says of a job: its state in the words of MCP, wherever that is
 * known from.
 */

#ifndef _NGX_CC_MCP_JOB_VIEW_H_INCLUDED_
#define _NGX_CC_MCP_JOB_VIEW_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_command.h"
#include "ngx_cc_index.h"
#include "ngx_cc_json_write.h"


typedef enum {
    NGX_CC_MCP_JOB_RUNNING = 0,
    NGX_CC_MCP_JOB_PAUSED,
    NGX_CC_MCP_JOB_EXITED,
    NGX_CC_MCP_JOB_SIGNALED,
    NGX_CC_MCP_JOB_TIMED_OUT,
    NGX_CC_MCP_JOB_CANCELED,
    NGX_CC_MCP_JOB_LOST
} ngx_cc_mcp_job_status_e;


typedef struct {
    u_char         id[NGX_CC_HANDLE_TEXT];
    ngx_uint_t     known;            /* 0: only the name of its id is known */
    u_char         label[NGX_CC_WIRE_MAX_LABEL];
    size_t         nlabel;
    ngx_cc_mcp_job_status_e  status;
    ngx_cc_cause_e cause;            /* over */
    int            exit;             /* over, not lost: as from waitpid() */
    uint64_t       start;            /* us since 1970, 0 = not known */
    uint64_t       ended;            /* us since 1970, 0 = it runs */
    uint64_t       idle;             /* ms */
    uint64_t       expires;          /* ms, over */
    uint64_t       bytes[NGX_CC_STREAMS];
    uint32_t       flags;            /* NGX_CC_ATTACHED_* */
    pid_t          pid;
} ngx_cc_mcp_job_view_t;


/* from its helper; from the index, when only that knows it; from its starter */
void ngx_cc_mcp_job_view_entry(ngx_cc_mcp_job_view_t *view,
    const ngx_cc_wire_entry_t *entry);
void ngx_cc_mcp_job_view_index(ngx_cc_mcp_job_view_t *view,
    const ngx_cc_index_told_t *told, const u_char *id);
void ngx_cc_mcp_job_view_command(ngx_cc_mcp_job_view_t *view,
    const ngx_cc_command_t *cmd, const char *label);

/* is it over? */
ngx_uint_t ngx_cc_mcp_job_view_over(const ngx_cc_mcp_job_view_t *view);

const char *ngx_cc_mcp_job_view_status(const ngx_cc_mcp_job_view_t *view);

/* ms that it has run */
uint64_t ngx_cc_mcp_job_view_ran(const ngx_cc_mcp_job_view_t *view);

/*
 * The members that every result has: job_id to signal, without braces; and
 * running_ms to stdin.
 */
void ngx_cc_mcp_job_view_members(const ngx_cc_mcp_job_view_t *view,
    ngx_cc_json_t *w);
void ngx_cc_mcp_job_view_times(const ngx_cc_mcp_job_view_t *view,
    ngx_cc_json_t *w);

/* "job 3f2a... "dev" running 42 s, silent 3 s", for a text; room: VIEW_LINE */
#define NGX_CC_MCP_JOB_VIEW_LINE  768

u_char *ngx_cc_mcp_job_view_line(const ngx_cc_mcp_job_view_t *view,
    u_char *p, u_char *last);


#endif /* _NGX_CC_MCP_JOB_VIEW_H_INCLUDED_ */
