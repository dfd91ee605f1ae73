
/*
 * A call: a bound command that others can reach as well, so that a client whose
 * connection is lost may take it up by another one, in any worker.
 *
 *   1. spec.keepable at its start.
 *   2. ngx_cc_command_listen() once STARTED was told.  Reading goes on as
 *      before, meanwhile and afterwards.  One of these events follows:
 *      LISTENING  whoever has the handle and is the owner can attach
 *                 (ngx_cc_command_keep_attach()), from any offset.
 *      UNKEPT     its helper could not.  error EADDRINUSE: there is another one
 *                 of that name.
 *      EXITED     it was over before.
 *   3. How this object is closed says what becomes of the command.
 *      EXITED, ngx_cc_command_delivered(), close(): its client has the result.
 *                 Its helper takes another command.
 *      close()    its client is lost: it goes on for cc_executor_resume (the
 *                 oldest output is dropped when the ring is full), and its
 *                 result is there for as long, unless somebody attaches.
 *      cancel(), close(): nobody wants it: it is ended, and forgotten at once.
 *      Before ngx_cc_command_listen() close() ends it, as that of any bound
 *      command; between that and LISTENING it goes on if it can be reached.
 *
 * Whoever attached with NGX_CC_ATTACH_EXCLUSIVE and "call" takes it over: this
 * object is told DETACHED (detached is TAKEN; last event, after EXITED, too),
 * and has nothing to read any more.  How the new one's object is closed says
 * the same as in 3; it may be taken over in turn.  REMOVE (ngx_cc_ask.h) is for
 * those who have no object: with "force" nobody wants it, without it a result
 * that nobody needs is dropped.
 *
 * With "observed" in its spec it is only there to be seen: whoever has the
 * handle and may observe it, or is the owner, can attach, to read.  None of
 * these events is told, and close() ends it as that of any bound command; who
 * is attached has a second to take the rest.  It counts in max_commands only.
 *
 * It counts in max_commands until it is over, and apart from kept commands in
 * cc_executor_max_kept_calls.  A worker that leaves or dies is a client that is
 * lost: the helper goes on without it, and leaves in the end.
 */

#ifndef _NGX_CC_CALL_H_INCLUDED_
#define _NGX_CC_CALL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_command_handover.h"


/*
 * Asks for it; "spec" is used during the call only, its ttl and timeout are not
 * (times are cc_executor_resume, or none if it is only there to be seen).
 * START_OK: one of the events above follows.  KEPT, KEPT_OWNER: there are as
 * many as may be; UNAVAILABLE: as for ngx_cc_command_handover(); it stays
 * bound.
 */
ngx_cc_start_e ngx_cc_command_listen(ngx_cc_command_t *cmd,
    const ngx_cc_handover_spec_t *spec);

/*
 * Its client has the result (after EXITED); close() follows.  For the starter,
 * and for who attached to a call.
 */
void ngx_cc_command_delivered(ngx_cc_command_t *cmd);


/* for ngx_cc_command_link.c and ngx_cc_command_send.c */

/* sends LISTEN, if it is due: NGX_AGAIN when it has to wait */
ngx_int_t ngx_cc_call_send(ngx_cc_command_link_t *cl);

/* NGX_OK: it was LISTENING, FREE or DETACHED, and is done with */
ngx_int_t ngx_cc_call_message(ngx_cc_command_link_t *cl,
    const ngx_cc_wire_msg_t *msg);

/* EXITED comes: if it cannot be reached by now, it never will */
void ngx_cc_call_exited(ngx_cc_command_link_t *cl);

/* 1 when its helper is not to be given back before close() */
ngx_uint_t ngx_cc_call_holds(const ngx_cc_command_link_t *cl);

/* close(): the helper is not cl's any more if it still has to do with a call */
void ngx_cc_call_close(ngx_cc_command_link_t *cl);


#endif /* _NGX_CC_CALL_H_INCLUDED_ */
