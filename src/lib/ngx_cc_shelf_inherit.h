
/*
 * The index goes into other memory: a zone of another size has been configured.
 */

#ifndef _NGX_CC_SHELF_INHERIT_H_INCLUDED_
#define _NGX_CC_SHELF_INHERIT_H_INCLUDED_


#include "ngx_cc_shelf_table.h"


/*
 * Everything that "old" has comes to "slots", which nobody uses yet.  Whoever
 * still works with "old" finds nothing there from then on, and gets no place:
 * so each end is told once, by the monitor that an entry gets here.  Returns
 * how many found no room.
 */
uint32_t ngx_cc_shelf_inherit(ngx_cc_slots_t *slots, ngx_cc_slots_t *old);


#endif /* _NGX_CC_SHELF_INHERIT_H_INCLUDED_ */
