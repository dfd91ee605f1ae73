
/*
 * How a call of "execute" is answered: each of these makes the answer, so that
 * it can be pulled ("over"), or there is no memory for it ("no_memory"), and
 * wakes the session.
 */

#ifndef _NGX_CC_MCP_CALL_ANSWER_H_INCLUDED_
#define _NGX_CC_MCP_CALL_ANSWER_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_mcp_call.h"


/* the command is over, or was not started ("why") */
void ngx_cc_mcp_call_answer_result(ngx_cc_mcp_call_t *call);

/*
 * It goes on as a job: its id and, with "answer" (see ngx_cc_mcp_detach.h), the
 * output so far.  "data" is the call.
 */
void ngx_cc_mcp_call_answer_job(void *data,
    const ngx_cc_ask_answer_t *answer);

/* the same for a client that knows tasks */
void ngx_cc_mcp_call_answer_task(ngx_cc_mcp_call_t *call);


#endif /* _NGX_CC_MCP_CALL_ANSWER_H_INCLUDED_ */
