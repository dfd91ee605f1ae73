
#include <string.h>
#include "ngx_cc_shelf_end.h"


static int ngx_cc_shelf_write(ngx_cc_slots_process_t *self,
    const ngx_cc_shelf_place_t *place, unsigned from,
    const ngx_cc_shelf_end_t *end, uint64_t gone);
static int ngx_cc_shelf_eldest(ngx_cc_slots_t *slots,
    ngx_cc_shelf_table_t *table, uint64_t with, ngx_cc_shelf_state_e state,
    const uint8_t *owner, ngx_cc_shelf_entry_t *entry);


int
ngx_cc_shelf_finish(ngx_cc_slots_process_t *self,
    const ngx_cc_shelf_place_t *place, const ngx_cc_shelf_end_t *end,
    uint64_t gone)
{
    return ngx_cc_shelf_write(self, place, NGX_CC_SHELF_RUNNING, end, gone);
}


int
ngx_cc_shelf_forget(ngx_cc_slots_process_t *self,
    const ngx_cc_shelf_place_t *place, uint64_t now)
{
    return ngx_cc_shelf_write(self, place, NGX_CC_SHELF_FINISHED, NULL, now);
}


/*
 * Writes what is known of an end: "end", and when the helper was gone (0: it
 * is not).  0, or -1: it is not, or no longer, of that kind and name.
 */

static int
ngx_cc_shelf_write(ngx_cc_slots_process_t *self,
    const ngx_cc_shelf_place_t *place, unsigned from,
    const ngx_cc_shelf_end_t *end, uint64_t gone)
{
    uint64_t                word, flags;
    ngx_cc_shelf_at_t       at;
    ngx_cc_shelf_detail_t  *detail;

    if (!ngx_cc_shelf_entry(self->slots, place, &at)) {
        return -1;
    }

    word = atomic_load(&at.block->word[at.i]);

    do {
        if (ngx_cc_shelf_kind(word) != from
            || atomic_load(&at.block->name[at.i]) != place->name)
        {
            return -1;
        }

        flags = word & NGX_CC_SHELF_FLAGS;

        /* should this worker die, it is what it was */

    } while (!ngx_cc_shelf_move(self->slots, &at, &word,
                                from == NGX_CC_SHELF_RUNNING
                                ? NGX_CC_SHELF_WRITING
                                : NGX_CC_SHELF_LEAVING,
                                flags, ngx_cc_shelf_worker(self->owner)));

    detail = &at.block->detail[at.i];

    if (end) {
        detail->end = *end;
    }

    detail->gone = gone;

    if (gone && from == NGX_CC_SHELF_RUNNING) {
        flags |= NGX_CC_SHELF_LOST;
    }

    if (!ngx_cc_shelf_move(self->slots, &at, &word,
                           gone ? NGX_CC_SHELF_ENDED : NGX_CC_SHELF_FINISHED,
                           flags, ngx_cc_shelf_helper(detail->birth.helper,
                                                      detail->birth.ticks)))
    {
        return -1;
    }

    atomic_store(&at.block->monitor[at.i], 0);

    if (gone) {
        ngx_cc_shelf_trim(self->slots,
                          ngx_cc_shelf_table(self->slots,
                                             place->location - 1),
                          UINT32_MAX);
    }

    return 0;
}


int
ngx_cc_shelf_read(ngx_cc_slots_t *slots, const ngx_cc_shelf_place_t *place)
{
    uint64_t           word;
    ngx_cc_shelf_at_t  at;

    if (!ngx_cc_shelf_entry(slots, place, &at)) {
        return -1;
    }

    word = atomic_load(&at.block->word[at.i]);

    do {
        /* of another one in its place the word would have been another, too */

        if (!ngx_cc_shelf_is(word, ngx_cc_shelf_bit(NGX_CC_SHELF_RUNNING)
                                   | ngx_cc_shelf_bit(NGX_CC_SHELF_FINISHED)
                                   | ngx_cc_shelf_bit(NGX_CC_SHELF_ENDED))
            || atomic_load(&at.block->name[at.i]) != place->name)
        {
            return -1;
        }

    } while (!ngx_cc_shelf_move(slots, &at, &word, ngx_cc_shelf_kind(word),
                                (word & NGX_CC_SHELF_FLAGS)
                                | NGX_CC_SHELF_READ, ngx_cc_shelf_tag(word)));

    return 0;
}


int
ngx_cc_shelf_remove(ngx_cc_slots_t *slots, const ngx_cc_shelf_place_t *place)
{
    uint64_t           word;
    ngx_cc_shelf_at_t  at;

    if (!ngx_cc_shelf_entry(slots, place, &at)) {
        return -1;
    }

    word = atomic_load(&at.block->word[at.i]);

    do {
        if (!ngx_cc_shelf_is(word, NGX_CC_SHELF_SEEN)
            || atomic_load(&at.block->name[at.i]) != place->name)
        {
            return -1;
        }

    } while (!ngx_cc_shelf_move(slots, &at, &word, NGX_CC_SHELF_FREE, 0, 0));

    return 0;
}


int
ngx_cc_shelf_oldest(ngx_cc_slots_t *slots, int location,
    const uint8_t *owner, ngx_cc_shelf_entry_t *entry)
{
    ngx_cc_shelf_table_t  *table;

    table = location >= 0 ? ngx_cc_shelf_table(slots, location) : NULL;

    if (table == NULL
        || !ngx_cc_shelf_eldest(slots, table, NGX_CC_SHELF_READ,
                                NGX_CC_SHELF_FINISHED, owner, entry))
    {
        return 0;
    }

    entry->place.location = location + 1;

    return 1;
}


void
ngx_cc_shelf_trim(ngx_cc_slots_t *slots, ngx_cc_shelf_table_t *table,
    uint32_t limit)
{
    uint32_t              max;
    uint64_t              word;
    ngx_cc_shelf_at_t     at;
    ngx_cc_shelf_entry_t  entry;

    max = atomic_load(&table->max) * NGX_CC_SHELF_TIMES;
    limit = limit < max ? limit : max;

    while (ngx_cc_shelf_used(slots, table,
                             ngx_cc_shelf_bit(NGX_CC_SHELF_ENDED), 0, NULL)
           > limit
           && ngx_cc_shelf_eldest(slots, table, 0, NGX_CC_SHELF_ENDED, NULL,
                                  &entry)
           && ngx_cc_shelf_at(slots, table, entry.place.index, &at))
    {
        word = atomic_load(&at.block->word[at.i]);

        if (ngx_cc_shelf_kind(word) == NGX_CC_SHELF_ENDED
            && atomic_load(&at.block->name[at.i]) == entry.place.name)
        {
            (void) ngx_cc_shelf_move(slots, &at, &word, NGX_CC_SHELF_FREE, 0,
                                     0);
        }
    }
}


/* its place lacks the location; "with": only words with this flag */

static int
ngx_cc_shelf_eldest(ngx_cc_slots_t *slots, ngx_cc_shelf_table_t *table,
    uint64_t with, ngx_cc_shelf_state_e state, const uint8_t *owner,
    ngx_cc_shelf_entry_t *entry)
{
    int                   found;
    uint32_t              index;
    uint64_t              word;
    ngx_cc_shelf_at_t     at;
    ngx_cc_shelf_entry_t  one;

    found = 0;
    index = 0;
    at.block = NULL;
    at.i = 0;

    while (ngx_cc_shelf_step(slots, table, &index, &at)) {
        word = atomic_load(&at.block->word[at.i]);

        if (ngx_cc_shelf_kind(word) != state || (word & with) != with
            || !ngx_cc_shelf_copy(&at, NULL, &one) || one.state != state
            || (owner && memcmp(one.owner, owner, NGX_CC_SHELF_OWNER) != 0))
        {
            continue;
        }

        if (!found || one.end.ended < entry->end.ended) {
            *entry = one;
            entry->place.index = index - 1;
            found = 1;
        }
    }

    return found;
}
