
/*
 * The end of entries: over, forgotten, removed; those that are too many.
 */

#ifndef _NGX_CC_SHELF_END_H_INCLUDED_
#define _NGX_CC_SHELF_END_H_INCLUDED_


#include "ngx_cc_shelf_table.h"


/*
 * The oldest ends go until there are no more than the location remembers, nor
 * than "limit".
 */
void ngx_cc_shelf_trim(ngx_cc_slots_t *slots, ngx_cc_shelf_table_t *table,
    uint32_t limit);


#endif /* _NGX_CC_SHELF_END_H_INCLUDED_ */
