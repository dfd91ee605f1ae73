
/*
 * What becomes of entries without a word: of dead workers and helpers, and of
 * ends that are too old.  Monitors, who see to the rest.
 */

#ifndef _NGX_CC_SHELF_HEAL_H_INCLUDED_
#define _NGX_CC_SHELF_HEAL_H_INCLUDED_


#include "ngx_cc_shelf_end.h"


/*
 * The table is full: heals what it can.  Looking at each helper takes its time,
 * and whoever is refused may ask again at once: that is done once in a while.
 */
void ngx_cc_shelf_heal_all(ngx_cc_slots_process_t *self, uint32_t location,
    ngx_cc_shelf_table_t *table, uint64_t now);


#endif /* _NGX_CC_SHELF_HEAL_H_INCLUDED_ */
