
/*
 * The questions of a call about a job: one at a time, job->done() gets the
 * answer (ASKED_BUSY, at once, when there is no connection for it).
 */

#ifndef _NGX_CC_MCP_JOB_ASK_H_INCLUDED_
#define _NGX_CC_MCP_JOB_ASK_H_INCLUDED_


#include "ngx_cc_mcp_job.h"


/* what is asked now */

enum {
    NGX_CC_MCP_JOB_STAGE_WRITE = 0,
    NGX_CC_MCP_JOB_STAGE_SIGNAL,
    NGX_CC_MCP_JOB_STAGE_ECHO,       /* what was written is echoed */
    NGX_CC_MCP_JOB_STAGE_REACTION,   /* the first output behind it */
    NGX_CC_MCP_JOB_STAGE_WAIT,
    NGX_CC_MCP_JOB_STAGE_READ,
    NGX_CC_MCP_JOB_STAGE_STATE       /* of one that was signalled */
};


void ngx_cc_mcp_job_ask_write(ngx_cc_mcp_job_t *job);
void ngx_cc_mcp_job_ask_signal(ngx_cc_mcp_job_t *job);

/* a signal did not reach all, as its answer says: a hint for the client */
void ngx_cc_mcp_job_ask_hint(ngx_cc_mcp_job_t *job,
    const ngx_cc_ask_answer_t *answer);

/* from[] of both streams; NULL: where reading goes on */
void ngx_cc_mcp_job_ask_wait(ngx_cc_mcp_job_t *job, ngx_uint_t stage,
    const int64_t *from);

/* its output; of one that was signalled, its state */
void ngx_cc_mcp_job_ask_read(ngx_cc_mcp_job_t *job);

/*
 * Would the echo on a terminal be taken for the pattern?  Then *line is what
 * has to be seen first, and 1 is returned.
 */
ngx_uint_t ngx_cc_mcp_job_ask_echoes(ngx_cc_mcp_job_t *job,
    ngx_cc_ask_pattern_t *line);


#endif /* _NGX_CC_MCP_JOB_ASK_H_INCLUDED_ */
