
/*
 * What is known of one session of MCP, for the parts that serve it: ngx_cc_mcp
 * (messages, what is pulled), ngx_cc_mcp_cancel (a call that ends without an
 * answer), ngx_cc_mcp_resume (a stream that was cut).
 */

#ifndef _NGX_CC_MCP_STATE_H_INCLUDED_
#define _NGX_CC_MCP_STATE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_dialogue.h"
#include "ngx_cc_mcp_call.h"
#include "ngx_cc_mcp_jobs.h"
#include "ngx_cc_mcp_methods.h"
#include "ngx_cc_mcp_session.h"
#include "ngx_cc_mcp_tasks.h"


/* a GET that wants to go on with a stream */

typedef struct {
    ngx_cc_ask_t          *ask;          /* what is it? */
    ngx_cc_legacy_call_t   name;         /* of the call */
    uint64_t               nonce;
    ngx_uint_t             answered;     /* its client has the answer */
} ngx_cc_mcp_resume_t;


typedef struct {
    ngx_cc_dialogue_t      base;         /* its commands: ngx_cc_mcp_call_t */
    ngx_cc_mcp_meta_t      meta;         /* of the request that is served */
    ngx_cc_mcp_methods_t   methods;      /* and the reply to it */
    ngx_cc_mcp_call_t     *current;      /* its answer is being pulled */
    ngx_cc_mcp_session_t   session;      /* by HTTP, of the old era */
    ngx_cc_mcp_resume_t    resume;       /* of such a one */
    ngx_cc_mcp_jobs_t      jobs;         /* calls about jobs */
    ngx_cc_mcp_tasks_t     tasks;        /* subscriptions */
    ngx_queue_t            sent;         /* ngx_cc_mcp_sent_t */
    u_char                 trace_id[NGX_CC_TRACE_ID];   /* of the last call
                                            that had one */
    unsigned               served:1;     /* a message has been */
} ngx_cc_mcp_t;


#endif /* _NGX_CC_MCP_STATE_H_INCLUDED_ */
