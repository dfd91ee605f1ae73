
/*
 * What a watcher is told.  Its socket may be full: whatever is due stays due,
 * as a bit or a position, so there is no queue.
 */

#ifndef _NGX_CC_WATCHER_TELL_H_INCLUDED_
#define _NGX_CC_WATCHER_TELL_H_INCLUDED_


#include "ngx_cc_stay.h"


/* sends what is due, as far as the socket takes it */
void ngx_cc_watcher_tell(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w);

/* who is DENIED is told so, or what it asked for, and closed */
void ngx_cc_watcher_deny(ngx_cc_stay_t *stay, ngx_cc_watcher_t *w);

/* flags of the command's state, NGX_CC_ATTACHED_* */
unsigned ngx_cc_watcher_state(const ngx_cc_stay_t *stay);


#endif /* _NGX_CC_WATCHER_TELL_H_INCLUDED_ */
