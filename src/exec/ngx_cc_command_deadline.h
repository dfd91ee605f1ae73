
/*
 * Deadlines of a command: when its helper is not trusted any more.
 */

#ifndef _NGX_CC_COMMAND_DEADLINE_H_INCLUDED_
#define _NGX_CC_COMMAND_DEADLINE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_command_link.h"


/* the timers of a new object; none is set */
void ngx_cc_command_deadline_init(ngx_cc_command_link_t *cl);

/* it has to be over "time" ms from now, and the grace that it is given */
void ngx_cc_command_deadline_expect(ngx_cc_command_link_t *cl,
    ngx_msec_t time);

/* it may run as long as it likes */
void ngx_cc_command_deadline_none(ngx_cc_command_link_t *cl);

/* a SIGNAL has to be answered soon */
void ngx_cc_command_deadline_reply(ngx_cc_command_link_t *cl);


#endif /* _NGX_CC_COMMAND_DEADLINE_H_INCLUDED_ */
