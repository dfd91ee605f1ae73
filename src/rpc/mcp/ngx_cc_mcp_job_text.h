
/*
 * The answer that tells of one job and its output, in both forms: a text, with
 * the state first and [stderr] where the stream changes, and
 * structuredContent.  Both are complete.
 */

#ifndef _NGX_CC_MCP_JOB_TEXT_H_INCLUDED_
#define _NGX_CC_MCP_JOB_TEXT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_ask.h"
#include "ngx_cc_gather.h"
#include "ngx_cc_mcp_job_view.h"
#include "ngx_cc_mcp_parts.h"
#include "ngx_cc_mcp_reply.h"
#include "ngx_cc_spec.h"


#define NGX_CC_MCP_JOB_TEXT_SIZE  16384  /* bytes of what stands around */
#define NGX_CC_MCP_JOB_TEXT_FORMS 4      /* of output */


typedef enum {
    NGX_CC_MCP_WAITED_NONE = 0,      /* nobody waited */
    NGX_CC_MCP_WAITED_EVENT,
    NGX_CC_MCP_WAITED_TIMEOUT,
    NGX_CC_MCP_WAITED_RELOADING
} ngx_cc_mcp_waited_e;


/* what there is to say; only used during the call */

typedef struct {
    ngx_str_t              *id;      /* of the request, JSON text: stays */
    ngx_cc_mcp_job_view_t   view;
    ngx_cc_gather_t        *output;  /* or NULL: none was read */
    uint64_t                from[NGX_CC_STREAMS];    /* where it began */
    ngx_cc_mcp_waited_e     waited;
    const char             *hint;    /* or NULL */
    unsigned                modern:1;
    unsigned                raw:1;       /* structuredContent: as it is */
    unsigned                base64:1;
    unsigned                more:1;      /* there is more output */
    unsigned                pattern:1;   /* it was waited for, */
    unsigned                matched:1;   /* and found */
    unsigned                execute:1;   /* it answers "execute" */
    unsigned                error:1;     /* isError */
} ngx_cc_mcp_job_told_t;


typedef struct {
    ngx_cc_mcp_parts_t   parts;
    u_char              *memory;     /* of the forms of output */
    ngx_str_t            form[NGX_CC_MCP_JOB_TEXT_FORMS];
    uint64_t             next[NGX_CC_STREAMS];   /* where to go on */
    u_char               text[NGX_CC_MCP_JOB_TEXT_SIZE];
} ngx_cc_mcp_job_text_t;


/*
 * Fills view, output, from and more from the answer to a question for output
 * (ASKED_OK) of these streams (NGX_CC_EOF_*).
 */
void ngx_cc_mcp_job_text_read(ngx_cc_mcp_job_told_t *told,
    const ngx_cc_ask_answer_t *answer, ngx_uint_t streams);

/*
 * Prepares the answer; it must not move.  What the output holds is in it in
 * its own memory.  NGX_OK, or NGX_ERROR (no memory).
 */
ngx_int_t ngx_cc_mcp_job_text_init(ngx_cc_mcp_job_text_t *t,
    ngx_cc_mcp_job_told_t *told, ngx_log_t *log);

/*
 * The same in two steps, for what has something else around it: prepare()
 * before anything is written to t->parts, members() writes content,
 * structuredContent and isError there.
 */
ngx_int_t ngx_cc_mcp_job_text_prepare(ngx_cc_mcp_job_text_t *t,
    ngx_cc_mcp_job_told_t *told, ngx_log_t *log);
void ngx_cc_mcp_job_text_members(ngx_cc_mcp_job_text_t *t,
    ngx_cc_mcp_job_told_t *told);

/* the same for one that is refused: isError, and why (static text) */
void ngx_cc_mcp_job_text_refuse(ngx_cc_mcp_job_text_t *t, ngx_str_t *id,
    ngx_uint_t modern, const char *why);

/*
 * The same as a whole answer, of a call that was not begun, for the reason
 * that "spec" has.  NGX_OK, or NGX_ERROR (no memory).
 */
ngx_int_t ngx_cc_mcp_job_text_refused(ngx_cc_mcp_reply_t *rp,
    ngx_cc_spec_t *spec);

/* where an answer is written: the same for all, until the next one begins */
ngx_cc_mcp_job_text_t *ngx_cc_mcp_job_text_begin(void);

/* frees its memory; t itself is the caller's */
void ngx_cc_mcp_job_text_free(ngx_cc_mcp_job_text_t *t);


#endif /* _NGX_CC_MCP_JOB_TEXT_H_INCLUDED_ */
