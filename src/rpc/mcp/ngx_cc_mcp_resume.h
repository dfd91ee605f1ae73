
/*
 * The stream of a call that was cut, taken up by GET with the id of an event
 * (specification 2025-11-25, "Resumability and Redelivery"): the call is looked
 * for by its handle, in whichever worker it began, and from then on it is a
 * call of this session like any other.
 */

#ifndef _NGX_CC_MCP_RESUME_H_INCLUDED_
#define _NGX_CC_MCP_RESUME_H_INCLUDED_


#include "ngx_cc_mcp_state.h"


/*
 * Serves a GET instead of a message: "session" is a ngx_cc_mcp_t whose
 * transport->post has session and last.  Whatever comes of it is pulled, as
 * after push().
 */
void ngx_cc_mcp_resume(void *session);

/*
 * This worker leaves: calls that it has taken up go on without it, their
 * streams end without an answer, and their clients come back to another worker.
 */
void ngx_cc_mcp_resume_move(void *session);

/* what was asked is not awaited any more */
void ngx_cc_mcp_resume_close(ngx_cc_mcp_resume_t *resume);


#endif /* _NGX_CC_MCP_RESUME_H_INCLUDED_ */
