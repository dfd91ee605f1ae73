
/*
 * The answer to tools/call: everything in both forms, a text for a model to
 * read and structuredContent for a program, since clients show one or the
 * other.  The text is readable, structuredContent has the exact bytes as far
 * as JSON can say them ("lossy" when it cannot).  It may be long (twice the
 * output, escaped), so it is never built: it is a list of parts in the memory
 * of others, rendered piece by piece as it is pulled.
 */

#ifndef _NGX_CC_MCP_RESULT_H_INCLUDED_
#define _NGX_CC_MCP_RESULT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_capture.h"
#include "ngx_cc_command.h"
#include "ngx_cc_readable.h"


#define NGX_CC_MCP_RESULT_PARTS  40
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


typedef enum {
    NGX_CC_MCP_PART_JSON = 0,        /* ready to be copied */
    NGX_CC_MCP_PART_EXACT,           /* bytes, to be escaped */
    NGX_CC_MCP_PART_READABLE,        /* bytes for somebody without a terminal */
    NGX_CC_MCP_PART_LOSSY            /* JSON, said only if what was rendered
                                        before was not UTF-8 */
} ngx_cc_mcp_part_e;


typedef struct {
    const u_char      *data;
    size_t             len;
    ngx_cc_mcp_part_e  kind;
} ngx_cc_mcp_part_t;


typedef struct {
    ngx_cc_mcp_part_t     part[NGX_CC_MCP_RESULT_PARTS];
    ngx_uint_t            nparts;
    ngx_uint_t            current;
    size_t                pos;           /* in the current part */
    ngx_cc_readable_t     readable;
    int                   lossy;         /* so far */
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

/*
 * Writes the next piece to p (room >= 64); returns its length, never 0 before
 * the end.  *more: 0 when it was the last one.
 */
size_t ngx_cc_mcp_result_pull(ngx_cc_mcp_result_t *result, u_char *p,
    size_t room, ngx_uint_t *more);


#endif /* _NGX_CC_MCP_RESULT_H_INCLUDED_ */
