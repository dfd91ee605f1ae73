
/*
 * The waits of this worker for one command, by one owner: a group of questions
 * that share one connection.  Each has a serial number in there; many that are
 * woken at one moment are told in one message, and none of them has a
 * connection to close.
 *
 * The connection is attached once.  It stays for a moment when the last of them
 * has left: the next one may come soon.
 */

#ifndef _NGX_CC_ASK_GROUP_H_INCLUDED_
#define _NGX_CC_ASK_GROUP_H_INCLUDED_


#include "ngx_cc_ask_state.h"


/*
 * Takes in a WAIT, all of whose "spec" is set: the handlers of its peer
 * (message and gone) are called as if the connection were its own, from the
 * event loop.
 * NGX_OK, or NGX_ERROR: no memory, nothing has happened.
 */
ngx_int_t ngx_cc_ask_group_join(ngx_cc_ask_t *ask);

/* it wants to hear no more; nothing, when it is in no group */
void ngx_cc_ask_group_leave(ngx_cc_ask_t *ask);

/*
 * A MARK of one who was in there, or is: with those of others, before the event
 * loop sleeps.  Without memory it is sent at once.
 */
void ngx_cc_ask_group_mark(ngx_cc_ask_group_t *group,
    const ngx_cc_wire_mark_t *mark);

/*
 * Sends a message over what it shares, now or when there is room for it (many
 * may come at once); nothing when that is gone.
 */
void ngx_cc_ask_group_send(ngx_cc_ask_group_t *group, const void *msg,
    size_t n);


#endif /* _NGX_CC_ASK_GROUP_H_INCLUDED_ */
