
/*
 * An answer about a job that is ready, and waits until it is pulled.  Many may
 * wait, so a short one, as most are, is kept as the JSON that will be sent, in
 * memory of that size; a long one as its parts, rendered as they are pulled.
 */

#ifndef _NGX_CC_MCP_JOB_ANSWER_H_INCLUDED_
#define _NGX_CC_MCP_JOB_ANSWER_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_mcp_job_text.h"


typedef struct {
    uint64_t                next[NGX_CC_STREAMS];    /* as of its text */
    ngx_cc_mcp_job_text_t  *text;    /* of a long one, own memory; or NULL: */
    size_t                  len;     /* bytes, that follow, */
    size_t                  pos;     /* and how many of them were pulled */
} ngx_cc_mcp_job_answer_t;


/*
 * Takes what is in "t", complete and not pulled yet, and its memory: nothing of
 * it is left there.  Returns NULL without memory.
 */
ngx_cc_mcp_job_answer_t *ngx_cc_mcp_job_answer_keep(ngx_cc_mcp_job_text_t *t,
    ngx_log_t *log);

/* as ngx_cc_mcp_parts_pull() */
size_t ngx_cc_mcp_job_answer_pull(ngx_cc_mcp_job_answer_t *answer, u_char *p,
    size_t room, ngx_uint_t *more);

/* "answer" may be NULL */
void ngx_cc_mcp_job_answer_free(ngx_cc_mcp_job_answer_t *answer);


#endif /* _NGX_CC_MCP_JOB_ANSWER_H_INCLUDED_ */
