
#include <string.h>
#include "ngx_cc_shelf_table.h"


static ngx_cc_slots_location_t *ngx_cc_shelf_place(ngx_cc_slots_t *slots,
    uint32_t location);
static int ngx_cc_shelf_grow(ngx_cc_slots_t *slots,
    ngx_cc_shelf_table_t *table, uint32_t size);


uint64_t
ngx_cc_shelf_number(const uint8_t *p)
{
    uint64_t  n;

    memcpy(&n, p, sizeof(n));

    return n;
}


int
ngx_cc_shelf_make(ngx_cc_slots_t *slots, int location, uint32_t max,
    uint32_t calls)
{
    uint32_t                  offset;
    ngx_cc_shelf_table_t     *table;
    ngx_cc_slots_location_t  *place;

    place = ngx_cc_shelf_place(slots, location);

    if (place == NULL) {
        return -1;
    }

    offset = atomic_load(&place->shelf);

    if (offset == NGX_CC_SLOTS_NONE) {
        offset = ngx_cc_slots_table_alloc(slots,
                                          sizeof(ngx_cc_shelf_table_t));

        if (offset == NGX_CC_SLOTS_NONE) {
            return -1;
        }

        atomic_store(&place->shelf, offset);
    }

    table = ngx_cc_slots_table_at(slots, offset);
    atomic_store(&table->max, max);

    return ngx_cc_shelf_grow(slots, table,
                             max + max * NGX_CC_SHELF_TIMES + calls);
}


static int
ngx_cc_shelf_grow(ngx_cc_slots_t *slots, ngx_cc_shelf_table_t *table,
    uint32_t size)
{
    uint32_t               have, offset;
    _Atomic uint32_t      *link;
    ngx_cc_shelf_block_t  *block;

    link = &table->first;

    for (have = 0; /* void */ ; have += NGX_CC_SHELF_BLOCK) {
        offset = atomic_load(link);

        if (offset == NGX_CC_SLOTS_NONE) {

            if (have >= size) {
                return 0;
            }

            offset = ngx_cc_slots_table_alloc(slots,
                                              sizeof(ngx_cc_shelf_block_t));

            if (offset == NGX_CC_SLOTS_NONE) {
                return -1;
            }

            /* linked before it is counted: others may be walking */

            atomic_store(link, offset);
            atomic_fetch_add(&table->size, NGX_CC_SHELF_BLOCK);
        }

        block = ngx_cc_slots_table_at(slots, offset);
        link = &block->next;
    }
}


int
ngx_cc_shelf_holds(ngx_cc_slots_t *slots, uint64_t hash)
{
    uint32_t                  i;
    ngx_cc_shelf_table_t     *table;
    ngx_cc_slots_location_t  *place;

    for (i = 0; i < atomic_load(&slots->locations); i++) {
        table = ngx_cc_shelf_table(slots, i);
        place = ngx_cc_shelf_place(slots, i);

        if (table && place && place->hash == hash
            && (ngx_cc_shelf_used(slots, table,
                                  ~ngx_cc_shelf_bit(NGX_CC_SHELF_FREE), 0,
                                  NULL)
                || ngx_cc_shelf_bound(slots, table, NGX_CC_SHELF_LIVE)))
        {
            return 1;
        }
    }

    return 0;
}


static ngx_cc_slots_location_t *
ngx_cc_shelf_place(ngx_cc_slots_t *slots, uint32_t location)
{
    uint32_t                  offset;
    ngx_cc_slots_location_t  *place;

    offset = atomic_load(&slots->first);

    while (offset != NGX_CC_SLOTS_NONE) {
        place = ngx_cc_slots_table_at(slots, offset);

        if (location-- == 0) {
            return place;
        }

        offset = atomic_load(&place->next);
    }

    return NULL;
}


ngx_cc_shelf_table_t *
ngx_cc_shelf_table(ngx_cc_slots_t *slots, uint32_t location)
{
    uint32_t                  offset;
    ngx_cc_slots_location_t  *place;

    place = ngx_cc_shelf_place(slots, location);
    offset = place ? atomic_load(&place->shelf) : NGX_CC_SLOTS_NONE;

    return offset != NGX_CC_SLOTS_NONE ? ngx_cc_slots_table_at(slots, offset)
                                       : NULL;
}


uint64_t
ngx_cc_shelf_hash(ngx_cc_slots_t *slots, uint32_t location)
{
    ngx_cc_slots_location_t  *place;

    place = ngx_cc_shelf_place(slots, location);

    return place ? place->hash : NGX_CC_SLOTS_FREE;
}


int
ngx_cc_shelf_at(ngx_cc_slots_t *slots, ngx_cc_shelf_table_t *table,
    uint32_t index, ngx_cc_shelf_at_t *at)
{
    uint32_t  offset;

    if (index >= atomic_load(&table->size)) {
        return 0;
    }

    offset = atomic_load(&table->first);

    for ( ;; ) {
        at->block = ngx_cc_slots_table_at(slots, offset);

        if (index < NGX_CC_SHELF_BLOCK) {
            at->i = index;
            return 1;
        }

        index -= NGX_CC_SHELF_BLOCK;
        offset = atomic_load(&at->block->next);
    }
}


int
ngx_cc_shelf_step(ngx_cc_slots_t *slots, ngx_cc_shelf_table_t *table,
    uint32_t *index, ngx_cc_shelf_at_t *at)
{
    if (at->block && at->i + 1 < NGX_CC_SHELF_BLOCK) {
        at->i++;

    } else if (!ngx_cc_shelf_at(slots, table, *index, at)) {
        return 0;
    }

    (*index)++;

    return 1;
}


uint32_t
ngx_cc_shelf_used(ngx_cc_slots_t *slots, ngx_cc_shelf_table_t *table,
    unsigned kinds, uint64_t class, const uint64_t *key)
{
    uint32_t           n, index;
    uint64_t           word;
    ngx_cc_shelf_at_t  at;

    n = 0;
    index = 0;
    at.block = NULL;
    at.i = 0;

    while (ngx_cc_shelf_step(slots, table, &index, &at)) {
        word = atomic_load(&at.block->word[at.i]);

        n += (ngx_cc_shelf_is(word, kinds)
              && ngx_cc_shelf_class(word) == class
              && (key == NULL
                  || atomic_load(&at.block->key[at.i]) == *key));
    }

    return n;
}


uint32_t
ngx_cc_shelf_bound(ngx_cc_slots_t *slots, ngx_cc_shelf_table_t *table,
    unsigned kinds)
{
    return ngx_cc_shelf_used(slots, table, kinds, NGX_CC_SHELF_BOUND, NULL)
           + ngx_cc_shelf_used(slots, table, kinds,
                               NGX_CC_SHELF_BOUND|NGX_CC_SHELF_APART, NULL);
}


uint32_t
ngx_cc_shelf_size(ngx_cc_slots_t *slots)
{
    uint32_t               i, n;
    ngx_cc_shelf_table_t  *table;

    n = 0;

    for (i = 0; i < atomic_load(&slots->locations); i++) {
        table = ngx_cc_shelf_table(slots, i);
        n += table ? atomic_load(&table->size) : 0;
    }

    return n;
}


int
ngx_cc_shelf_copy(ngx_cc_shelf_at_t *at, const uint64_t *name,
    ngx_cc_shelf_entry_t *entry)
{
    uint64_t                word, again;
    ngx_cc_shelf_detail_t  *detail;

    detail = &at->block->detail[at->i];

    again = atomic_load(&at->block->word[at->i]);

    do {
        word = again;

        if (!ngx_cc_shelf_is(word, NGX_CC_SHELF_SEEN)) {
            return 0;
        }

        entry->place.name = atomic_load(&at->block->name[at->i]);

        if (name && entry->place.name != *name) {
            return 0;
        }

        memcpy(entry->owner, detail->owner, NGX_CC_SHELF_OWNER);
        entry->birth = detail->birth;
        entry->end = detail->end;
        entry->gone = detail->gone;
        entry->monitored = (atomic_load(&at->block->monitor[at->i]) != 0);

        /* nothing above may be read later than what follows */

        atomic_thread_fence(memory_order_acquire);
        again = atomic_load(&at->block->word[at->i]);

    } while (again != word);

    memcpy(entry->name, &entry->place.name, NGX_CC_SHELF_NAME);
    entry->state = ngx_cc_shelf_kind(word);
    entry->call = ((word & NGX_CC_SHELF_BOUND) != 0);
    entry->listed = (entry->call && (word & NGX_CC_SHELF_LISTED));
    entry->read = (!entry->call && (word & NGX_CC_SHELF_READ));
    entry->lost = (!entry->call && (word & NGX_CC_SHELF_LOST));

    if (entry->state == (ngx_cc_shelf_state_e) NGX_CC_SHELF_WRITING) {
        entry->state = NGX_CC_SHELF_RUNNING;
    }

    if (entry->state == (ngx_cc_shelf_state_e) NGX_CC_SHELF_LEAVING) {
        entry->state = NGX_CC_SHELF_FINISHED;
    }

    if (entry->state == NGX_CC_SHELF_RUNNING) {
        memset(&entry->end, 0, sizeof(entry->end));
    }

    return 1;
}


int
ngx_cc_shelf_entry(ngx_cc_slots_t *slots, const ngx_cc_shelf_place_t *place,
    ngx_cc_shelf_at_t *at)
{
    ngx_cc_shelf_table_t  *table;

    table = place->location ? ngx_cc_shelf_table(slots, place->location - 1)
                            : NULL;

    return table && ngx_cc_shelf_at(slots, table, place->index, at);
}


int
ngx_cc_shelf_move(ngx_cc_slots_t *slots, ngx_cc_shelf_at_t *at,
    uint64_t *word, unsigned kind, uint64_t flags, uint64_t tag)
{
    uint64_t  to;

    to = ngx_cc_shelf_word(*word, kind, flags, tag);

    if (!atomic_compare_exchange_strong(&at->block->word[at->i], word, to)) {
        return 0;
    }

    *word = to;

    /* what is written into the entry from now on is seen after the word */

    atomic_thread_fence(memory_order_release);
    (void) atomic_fetch_add(&slots->changes, 1);

    return 1;
}


void
ngx_cc_shelf_count(ngx_cc_slots_t *slots, int location,
    ngx_cc_shelf_count_t *count)
{
    unsigned               kind;
    uint32_t               next;
    uint64_t               word;
    ngx_cc_shelf_at_t      at;
    ngx_cc_shelf_table_t  *table;

    memset(count, 0, sizeof(*count));
    table = location >= 0 ? ngx_cc_shelf_table(slots, location) : NULL;

    next = 0;
    at.block = NULL;
    at.i = 0;

    while (table && ngx_cc_shelf_step(slots, table, &next, &at)) {
        word = atomic_load(&at.block->word[at.i]);
        kind = ngx_cc_shelf_kind(word);

        if (word & NGX_CC_SHELF_BOUND) {
            count->calls += (kind != NGX_CC_SHELF_FREE);
            continue;
        }

        if (kind == NGX_CC_SHELF_WRITING) {
            kind = NGX_CC_SHELF_RUNNING;

        } else if (kind == NGX_CC_SHELF_LEAVING) {
            kind = NGX_CC_SHELF_FINISHED;

        } else if (kind == NGX_CC_SHELF_CLAIMED) {
            kind = NGX_CC_SHELF_RESERVED;
        }

        count->state[kind]++;
    }
}


uint64_t
ngx_cc_shelf_changes(ngx_cc_slots_t *slots)
{
    return atomic_load(&slots->changes);
}
