
#include <string.h>
#include "ngx_cc_shelf_heal.h"


#define NGX_CC_SHELF_PAUSE   100000      /* us between two looks at all helpers
                                            for somebody who is refused */
#define NGX_CC_SHELF_KNOWN   16          /* monitors that are remembered */


static void ngx_cc_shelf_heal(ngx_cc_slots_process_t *self,
    ngx_cc_shelf_at_t *at, const ngx_cc_shelf_place_t *where, unsigned kinds,
    uint64_t now);


void
ngx_cc_shelf_heal_all(ngx_cc_slots_process_t *self, uint32_t location,
    ngx_cc_shelf_table_t *table, uint64_t now)
{
    unsigned              kinds;
    uint32_t              next;
    uint64_t              last;
    ngx_cc_shelf_at_t     at;
    ngx_cc_shelf_place_t  where;

    kinds = NGX_CC_SHELF_WORKERS;
    last = atomic_load(&table->healed);

    if ((now < last || now - last >= NGX_CC_SHELF_PAUSE)
        && atomic_compare_exchange_strong(&table->healed, &last, now))
    {
        kinds = ~0U;
    }

    where.location = location + 1;
    next = 0;
    at.block = NULL;
    at.i = 0;

    while (ngx_cc_shelf_step(self->slots, table, &next, &at)) {
        where.index = next - 1;
        ngx_cc_shelf_heal(self, &at, &where, kinds, now);
    }
}


void
ngx_cc_shelf_tend(ngx_cc_slots_process_t *self, uint64_t *cursor, uint32_t n,
    uint64_t now)
{
    uint32_t               location, next, rounds;
    ngx_cc_shelf_at_t      at;
    ngx_cc_shelf_table_t  *table;
    ngx_cc_shelf_place_t   where;

    location = *cursor >> 32;
    next = (uint32_t) *cursor;
    at.block = NULL;
    at.i = 0;

    for (rounds = 0; n && rounds < 2; /* void */ ) {

        if (location >= atomic_load(&self->slots->locations)) {
            location = 0;
            next = 0;
            at.block = NULL;
            at.i = 0;
            rounds++;
            continue;
        }

        table = ngx_cc_shelf_table(self->slots, location);

        if (table == NULL
            || !ngx_cc_shelf_step(self->slots, table, &next, &at))
        {
            location++;
            next = 0;
            at.block = NULL;
            at.i = 0;
            continue;
        }

        n--;

        where.location = location + 1;
        where.index = next - 1;
        ngx_cc_shelf_heal(self, &at, &where, ~0U, now);
    }

    *cursor = (uint64_t) location << 32 | next;
}


/*
 * There are many commands and few workers: whether one is alive is asked once.
 */

int
ngx_cc_shelf_mind(ngx_cc_slots_process_t *self, ngx_cc_shelf_place_t *place)
{
    uint32_t               i, k, known, next;
    uint64_t               word, monitor, alive[NGX_CC_SHELF_KNOWN];
    ngx_cc_shelf_at_t      at;
    ngx_cc_shelf_table_t  *table;

    alive[0] = self->owner;
    known = 1;

    for (i = 0; i < atomic_load(&self->slots->locations); i++) {
        table = ngx_cc_shelf_table(self->slots, i);
        next = 0;
        at.block = NULL;
        at.i = 0;

        while (table && ngx_cc_shelf_step(self->slots, table, &next, &at)) {

            word = atomic_load(&at.block->word[at.i]);

            if (ngx_cc_shelf_kind(word) != NGX_CC_SHELF_RUNNING
                || (word & NGX_CC_SHELF_BOUND))
            {
                continue;
            }

            monitor = atomic_load(&at.block->monitor[at.i]);

            for (k = 0; k < known && alive[k] != monitor; k++) { /* void */ }

            if (k < known) {
                continue;
            }

            place->location = i + 1;
            place->index = next - 1;
            place->name = atomic_load(&at.block->name[at.i]);

            if (ngx_cc_shelf_monitor(self, place) == 0) {
                return 1;
            }

            if (monitor && known < NGX_CC_SHELF_KNOWN) {
                alive[known++] = monitor;
            }
        }
    }

    return 0;
}


/* what became of it without a word: of its worker, its helper, its time */

static void
ngx_cc_shelf_heal(ngx_cc_slots_process_t *self, ngx_cc_shelf_at_t *at,
    const ngx_cc_shelf_place_t *where, unsigned kinds, uint64_t now)
{
    uint64_t                word, worker;
    ngx_cc_shelf_entry_t    entry;
    ngx_cc_shelf_detail_t  *detail;

    word = atomic_load(&at->block->word[at->i]);
    worker = ngx_cc_shelf_owner(ngx_cc_shelf_tag(word));
    detail = &at->block->detail[at->i];

    if (!ngx_cc_shelf_is(word, kinds)) {
        return;
    }

    switch (ngx_cc_shelf_kind(word)) {

    case NGX_CC_SHELF_CLAIMED:
    case NGX_CC_SHELF_RESERVED:

        if (ngx_cc_slots_gone(self->slots, worker)) {
            (void) ngx_cc_shelf_move(self->slots, at, &word,
                                     NGX_CC_SHELF_FREE, 0, 0);
        }

        return;

    case NGX_CC_SHELF_WRITING:
    case NGX_CC_SHELF_LEAVING:

        if (ngx_cc_slots_gone(self->slots, worker)) {
            (void) ngx_cc_shelf_move(self->slots, at, &word,
                                     ngx_cc_shelf_kind(word)
                                     == NGX_CC_SHELF_WRITING
                                     ? NGX_CC_SHELF_RUNNING
                                     : NGX_CC_SHELF_FINISHED,
                                     word & NGX_CC_SHELF_FLAGS,
                                     ngx_cc_shelf_helper(detail->birth.helper,
                                                       detail->birth.ticks));
        }

        return;

    default:
        break;
    }

    if (!ngx_cc_shelf_copy(at, NULL, &entry)) {
        return;
    }

    entry.place.location = where->location;
    entry.place.index = where->index;

    /* the end of a RUNNING one is its monitor's to tell, and nobody else's */

    switch (entry.state) {

    case NGX_CC_SHELF_RUNNING:

        if (entry.call
            && ngx_cc_slots_dead(entry.birth.helper, entry.birth.ticks))
        {
            (void) ngx_cc_shelf_remove(self->slots, &entry.place);
        }

        break;

    case NGX_CC_SHELF_FINISHED:

        if (ngx_cc_slots_dead(entry.birth.helper, entry.birth.ticks)) {
            (void) ngx_cc_shelf_forget(self, &entry.place, now);
        }

        break;

    case NGX_CC_SHELF_ENDED:

        if (now >= entry.gone + NGX_CC_SHELF_MEMORY) {
            (void) ngx_cc_shelf_remove(self->slots, &entry.place);
        }

        break;

    default:
        break;
    }
}


int
ngx_cc_shelf_monitor(ngx_cc_slots_process_t *self,
    const ngx_cc_shelf_place_t *place)
{
    uint64_t           monitor;
    ngx_cc_shelf_at_t  at;

    if (!ngx_cc_shelf_entry(self->slots, place, &at)) {
        return -1;
    }

    monitor = atomic_load(&at.block->monitor[at.i]);

    return (monitor == 0 || (monitor != self->owner
                             && ngx_cc_slots_gone(self->slots, monitor)))
           && ngx_cc_shelf_kind(atomic_load(&at.block->word[at.i]))
              == NGX_CC_SHELF_RUNNING
           && atomic_load(&at.block->name[at.i]) == place->name
           && atomic_compare_exchange_strong(&at.block->monitor[at.i],
                                             &monitor, self->owner)
           ? 0 : -1;
}


void
ngx_cc_shelf_unmonitor(ngx_cc_slots_process_t *self,
    const ngx_cc_shelf_place_t *place)
{
    uint64_t           monitor;
    ngx_cc_shelf_at_t  at;

    if (ngx_cc_shelf_entry(self->slots, place, &at)
        && atomic_load(&at.block->name[at.i]) == place->name)
    {
        monitor = self->owner;
        (void) atomic_compare_exchange_strong(&at.block->monitor[at.i],
                                              &monitor, 0);
    }
}
