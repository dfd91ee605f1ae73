
/*
 * Requests of "control" for one command that wait: for its start, or (PAUSE)
 * for all of its processes to stop.
 */

#ifndef _NGX_CC_NATIVE_CONTROLS_H_INCLUDED_
#define _NGX_CC_NATIVE_CONTROLS_H_INCLUDED_


#include "ngx_cc_native_command.h"


/* the request is kept until the process is that far; it is copied */
void ngx_cc_native_controls_wait(ngx_cc_native_command_t *ps,
    ngx_cc_native_command_control_e type, ngx_cc_asked_t *asked);

/* the tree has stopped, as far as it will: answers the requests for that */
void ngx_cc_native_controls_paused(ngx_cc_native_command_t *ps);

/* the answer to one, and the message of the process */
void ngx_cc_native_controls_done(ngx_cc_native_command_t *ps,
    ngx_cc_native_command_control_e type, ngx_cc_asked_t *asked);

/*
 * Its control program has failed: process.unpassed, and whoever waits for that
 * signal is refused.
 */
void ngx_cc_native_controls_unpassed(ngx_cc_native_command_t *ps);

/* it is over: whoever still waits for something gets an answer */
void ngx_cc_native_controls_settle(ngx_cc_native_command_t *ps);

/* nobody waits any more */
void ngx_cc_native_controls_forget(ngx_cc_native_command_t *ps);


#endif /* _NGX_CC_NATIVE_CONTROLS_H_INCLUDED_ */
