
/*
 * What a command owes its helper: START, CANCEL, ABANDON, RESIZE,
 * SIGNAL, CREDIT, INPUT, in that order.
 */

#ifndef _NGX_CC_COMMAND_SEND_H_INCLUDED_
#define _NGX_CC_COMMAND_SEND_H_INCLUDED_


#include "ngx_cc_command_link.h"


/*
 * Sends everything that is due.  What cannot go now stays due: positions and
 * signals are absolute, so only the newest matters.
 */
void ngx_cc_command_send(ngx_cc_command_link_t *cl);


#endif /* _NGX_CC_COMMAND_SEND_H_INCLUDED_ */
