
/*
 * What becomes of entries without a word: of dead workers and helpers, and of
 * ends that are too many.
 */

#ifndef _NGX_CC_SHELF_HEAL_H_INCLUDED_
#define _NGX_CC_SHELF_HEAL_H_INCLUDED_


#include "ngx_cc_shelf_table.h"


/*
 * The table is full: heals what it can.  Looking at each helper takes its time,
 * and whoever is refused may ask again at once: that is done once in a while.
 */
void ngx_cc_shelf_heal_all(ngx_cc_slots_process_t *self, uint32_t location,
    ngx_cc_shelf_table_t *table, uint64_t now);

/*
 * The oldest ends go until there are no more than the location remembers, nor
 * than "limit".
 */
void ngx_cc_shelf_trim(ngx_cc_slots_t *slots, ngx_cc_shelf_table_t *table,
    uint32_t limit);


#endif /* _NGX_CC_SHELF_HEAL_H_INCLUDED_ */
