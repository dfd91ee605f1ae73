
/*
 * The answer to one MCP request: a result, in the form of the request's era,
 * or an error; and what HTTP says about it.  It is queued as a whole.
 */

#ifndef _NGX_CC_MCP_REPLY_H_INCLUDED_
#define _NGX_CC_MCP_REPLY_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_answers.h"
#include "ngx_cc_json_write.h"
#include "ngx_cc_mcp_meta.h"


#define NGX_CC_MCP_REPLY_ECHO  1024  /* most bytes of what a client sent, its
                                        id aside, that are said again */


typedef struct {
    ngx_cc_answers_t   *answers;     /* where it goes */
    ngx_cc_mcp_post_t  *post;        /* or NULL: a WebSocket */
    ngx_pool_t         *pool;        /* of the request */
    ngx_str_t           id;          /* JSON text; len 0: none */
    ngx_cc_json_t       w;           /* writes it */
    u_char             *out;         /* its beginning */
    unsigned            modern:1;    /* the request's era */
    unsigned            notification:1;  /* none was asked for */
} ngx_cc_mcp_reply_t;


/* the status of HTTP */
void ngx_cc_mcp_reply_status(ngx_cc_mcp_reply_t *rp, ngx_uint_t status);

/*
 * Answers with an error, printed like ngx_slprintf(); when the id could not be
 * told it is said all the same, with null.  A notification gets no answer; HTTP
 * has to say something to it, and then the error has no id (specification,
 * "Sending Messages to the Server").  Always NGX_OK.
 */
ngx_int_t ngx_cc_mcp_reply_refuse(ngx_cc_mcp_reply_t *rp, ngx_int_t code,
    ngx_uint_t status, const char *fmt, ...);

/* answers with meta's error UNSUPPORTED; NGX_OK or NGX_ERROR (no memory) */
ngx_int_t ngx_cc_mcp_reply_unsupported(ngx_cc_mcp_reply_t *rp,
    ngx_cc_mcp_meta_t *meta);

/*
 * Begin to write an answer that needs "size" bytes beside its id: anything, or
 * a result.  NGX_OK or NGX_ERROR (no memory).
 */
ngx_int_t ngx_cc_mcp_reply_begin(ngx_cc_mcp_reply_t *rp, size_t size);
ngx_int_t ngx_cc_mcp_reply_result(ngx_cc_mcp_reply_t *rp, size_t size);

/* members of a result, the first of which may need a comma before it */
void ngx_cc_mcp_reply_member(ngx_cc_mcp_reply_t *rp, const char *text);

/* writes what a client sent as a JSON string of REPLY_ECHO bytes at most */
void ngx_cc_mcp_reply_echo(ngx_cc_mcp_reply_t *rp, ngx_str_t *s);

/*
 * Queues what has been written since reply_begin(), or an error when that was
 * more than the announced size.  NGX_OK or NGX_ERROR (no memory).
 */
ngx_int_t ngx_cc_mcp_reply_put(ngx_cc_mcp_reply_t *rp);

/*
 * Ends a result and queues it; "cacheable": a client may keep it for a while
 * (specification 2026-07-28, "Caching").  NGX_OK or NGX_ERROR.
 */
ngx_int_t ngx_cc_mcp_reply_end(ngx_cc_mcp_reply_t *rp, ngx_uint_t cacheable);


#endif /* _NGX_CC_MCP_REPLY_H_INCLUDED_ */
