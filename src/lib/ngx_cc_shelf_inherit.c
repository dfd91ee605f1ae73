
#include <string.h>
#include "ngx_cc_shelf_inherit.h"


/* where entries of one location go */

typedef struct {
    ngx_cc_slots_t        *slots;
    ngx_cc_shelf_table_t  *table;        /* NULL: there is no room */
    ngx_cc_shelf_at_t      at;
    uint32_t               next;
} ngx_cc_shelf_heir_t;


static void ngx_cc_shelf_heir(ngx_cc_shelf_heir_t *heir, uint64_t hash,
    uint32_t n);
static int ngx_cc_shelf_give(ngx_cc_slots_t *old, ngx_cc_shelf_at_t *at,
    ngx_cc_shelf_entry_t *entry, uint64_t *flags);
static int ngx_cc_shelf_receive(ngx_cc_shelf_heir_t *heir,
    const ngx_cc_shelf_entry_t *entry, uint64_t flags);


uint32_t
ngx_cc_shelf_inherit(ngx_cc_slots_t *slots, ngx_cc_slots_t *old)
{
    uint32_t               i, n, next, lost;
    uint64_t               flags;
    ngx_cc_shelf_at_t      at;
    ngx_cc_shelf_heir_t    heir;
    ngx_cc_shelf_table_t  *table;
    ngx_cc_shelf_entry_t   entry;

    atomic_store(&old->closed, 1);

    heir.slots = slots;
    lost = 0;

    for (i = 0; i < atomic_load(&old->locations); i++) {
        table = ngx_cc_shelf_table(old, i);

        if (table == NULL) {
            continue;
        }

        n = ngx_cc_shelf_used(old, table, NGX_CC_SHELF_SEEN, 0, NULL)
            + ngx_cc_shelf_bound(old, table, NGX_CC_SHELF_SEEN);
        ngx_cc_shelf_heir(&heir, ngx_cc_shelf_hash(old, i), n);

        next = 0;
        at.block = NULL;
        at.i = 0;

        while (ngx_cc_shelf_step(old, table, &next, &at)) {
            if (ngx_cc_shelf_give(old, &at, &entry, &flags)) {
                lost += !ngx_cc_shelf_receive(&heir, &entry, flags);
            }
        }
    }

    return lost;
}


/* a location that is no longer configured has a table as long as it needs it */

static void
ngx_cc_shelf_heir(ngx_cc_shelf_heir_t *heir, uint64_t hash, uint32_t n)
{
    int  location;

    heir->table = NULL;
    heir->next = 0;
    heir->at.block = NULL;
    heir->at.i = 0;

    if (n == 0) {
        return;
    }

    location = ngx_cc_slots_location(heir->slots, hash, 0, 0);

    if (location == -1) {
        return;
    }

    heir->table = ngx_cc_shelf_table(heir->slots, location);

    if (heir->table == NULL || atomic_load(&heir->table->size) < n) {
        /* what it can, should it not be enough */
        (void) ngx_cc_shelf_make(heir->slots, location, n, 0);
        heir->table = ngx_cc_shelf_table(heir->slots, location);
    }
}


/* 1: it was there, and is no more; reservations are void */

static int
ngx_cc_shelf_give(ngx_cc_slots_t *old, ngx_cc_shelf_at_t *at,
    ngx_cc_shelf_entry_t *entry, uint64_t *flags)
{
    int       seen;
    uint64_t  word;

    word = atomic_load(&at->block->word[at->i]);

    do {
        if (ngx_cc_shelf_kind(word) == NGX_CC_SHELF_FREE) {
            return 0;
        }

        /* what is copied belongs to this word, or the word has changed */

        *flags = word & NGX_CC_SHELF_FLAGS;
        seen = ngx_cc_shelf_copy(at, NULL, entry);

    } while (!ngx_cc_shelf_move(old, at, &word, NGX_CC_SHELF_FREE, 0, 0));

    return seen;
}


static int
ngx_cc_shelf_receive(ngx_cc_shelf_heir_t *heir,
    const ngx_cc_shelf_entry_t *entry, uint64_t flags)
{
    uint64_t                word;
    ngx_cc_shelf_block_t   *block;
    ngx_cc_shelf_detail_t  *detail;

    if (heir->table == NULL
        || !ngx_cc_shelf_step(heir->slots, heir->table, &heir->next,
                              &heir->at))
    {
        return 0;
    }

    block = heir->at.block;
    detail = &block->detail[heir->at.i];

    memcpy(detail->owner, entry->owner, NGX_CC_SHELF_OWNER);
    detail->birth = entry->birth;
    detail->end = entry->end;
    detail->gone = entry->gone;

    atomic_store(&block->monitor[heir->at.i], 0);
    atomic_store(&block->key[heir->at.i], ngx_cc_shelf_number(entry->owner));
    atomic_store(&block->name[heir->at.i], entry->place.name);

    word = atomic_load(&block->word[heir->at.i]);

    return ngx_cc_shelf_move(heir->slots, &heir->at, &word, entry->state,
                             flags,
                             ngx_cc_shelf_helper(entry->birth.helper,
                                                 entry->birth.ticks));
}
