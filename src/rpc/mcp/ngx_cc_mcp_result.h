
/*
 * The answer to tools/call: everything in both forms, a text for a model to
 * read and structuredContent for a program, since clients show one or the
 * other.  The text is readable, structuredContent has the exact bytes as far
 * as JSON can say them ("lossy" when it cannot).  It may be long (twice the
 * output, escaped), so it is a list of parts (ngx_cc_mcp_parts.h).
 */

#ifndef _NGX_CC_MCP_RESULT_H_INCLUDED_
#define _NGX_CC_MCP_RESULT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_capture.h"
#include "ngx_cc_command.h"
#include "ngx_cc_mcp_parts.h"
#include "ngx_cc_mcp_reply.h"
#include "ngx_cc_spec.h"


#define NGX_CC_MCP_RESULT_TEXT   12288   /* bytes of what stands around */


/* what the answer says about a command that ran, or did not */

typedef struct {
    ngx_str_t         *id;           /* JSON text */
    unsigned           modern:1;     /* the request's era */

    ngx_cc_command_t  *cmd;          /* over, or NULL: never started */
    ngx_msec_t         timeout;      /* run limit, ms */
    ngx_msec_t         silence;      /* limit, ms */
    ngx_cc_capture_t  *capture;      /* NGX_CC_STREAMS of them */
    size_t             limit;        /* bytes of each stream */
    unsigned           together:1;   /* of both */

    ngx_str_t          error;        /* why it did not start, or len 0 */
} ngx_cc_mcp_outcome_t;


typedef struct {
    ngx_cc_mcp_parts_t    parts;
    ngx_cc_capture_cut_t  cut[NGX_CC_STREAMS];
    u_char                mark[NGX_CC_STREAMS][64];
    u_char                text[NGX_CC_MCP_RESULT_TEXT];
} ngx_cc_mcp_result_t;


/*
 * Prepares the answer.  What "outcome" points to (captures, id) must stay; the
 * result itself must not move.
 */
void ngx_cc_mcp_result_init(ngx_cc_mcp_result_t *result,
    ngx_cc_mcp_outcome_t *outcome);

/* queues a whole one: nothing was started, and why; NGX_OK or NGX_ERROR */
ngx_int_t ngx_cc_mcp_result_refused(ngx_cc_mcp_reply_t *rp,
    ngx_cc_spec_t *spec);

/*
 * Writes the next piece to p (room >= 64); returns its length, never 0 before
 * the end.  *more: 0 when it was the last one.
 */
size_t ngx_cc_mcp_result_pull(ngx_cc_mcp_result_t *result, u_char *p,
    size_t room, ngx_uint_t *more);


#endif /* _NGX_CC_MCP_RESULT_H_INCLUDED_ */
