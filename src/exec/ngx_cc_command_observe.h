
/*
 * A bound command that others may see (spec.shown): when it has run for a while
 * it is made reachable (ngx_cc_call.h), so that lists have it, and who may
 * observe it, or is its owner elsewhere, can attach, to read only.  It ends
 * with this object all the same.  Most commands are over before, and never have
 * a socket.
 *
 * It is only there to be seen: whoever started it is told nothing of it, and
 * where it cannot be made reachable the command goes on unseen.
 */

#ifndef _NGX_CC_COMMAND_OBSERVE_H_INCLUDED_
#define _NGX_CC_COMMAND_OBSERVE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_command_link.h"


#define NGX_CC_COMMAND_OBSERVE_AFTER  200    /* ms that it has run */
#define NGX_CC_COMMAND_OBSERVE_AGAIN  1000   /* ms; when all places are taken,
                                                by some that have just ended */


/* at its start; without memory it is not to be seen */
void ngx_cc_command_observe_init(ngx_cc_command_link_t *cl,
    const ngx_cc_command_spec_t *spec);

/* it runs */
void ngx_cc_command_observe_started(ngx_cc_command_link_t *cl);

/* it is over, or closed: also of one that was never to be seen, and again */
void ngx_cc_command_observe_end(ngx_cc_command_link_t *cl);


#endif /* _NGX_CC_COMMAND_OBSERVE_H_INCLUDED_ */
