
#include <string.h>
#include "ngx_cc_shelf_heal.h"


#define NGX_CC_SHELF_TURNS       64      /* tries for the last place */


static int ngx_cc_shelf_claim(ngx_cc_slots_process_t *self, uint32_t location,
    ngx_cc_shelf_table_t *table, const uint8_t *name, const uint8_t *owner,
    uint64_t flags, uint64_t now, ngx_cc_shelf_at_t *at, uint32_t *index);
static int ngx_cc_shelf_fits(ngx_cc_slots_process_t *self, uint32_t location,
    ngx_cc_shelf_table_t *table, ngx_cc_shelf_at_t *at, uint64_t key,
    uint32_t max, uint32_t share, uint64_t now);
static int ngx_cc_shelf_beyond(ngx_cc_slots_t *slots,
    ngx_cc_shelf_table_t *table, uint64_t class, uint64_t key, uint32_t max,
    uint32_t share);
static int ngx_cc_shelf_mine(ngx_cc_slots_process_t *self,
    ngx_cc_shelf_at_t *at, unsigned kind, uint64_t *word);


int
ngx_cc_shelf_reserve(ngx_cc_slots_process_t *self, int location,
    const uint8_t name[NGX_CC_SHELF_NAME], const uint8_t *owner,
    ngx_cc_shelf_sort_e sort, uint32_t max, uint32_t share, uint64_t now,
    ngx_cc_shelf_place_t *place)
{
    int                    rc;
    uint32_t               index;
    uint64_t               flags;
    ngx_cc_shelf_at_t      at;
    ngx_cc_shelf_table_t  *table;

    static const uint64_t  sorts[] = {
        0,
        NGX_CC_SHELF_BOUND,
        NGX_CC_SHELF_BOUND|NGX_CC_SHELF_LISTED,
        NGX_CC_SHELF_BOUND|NGX_CC_SHELF_LISTED|NGX_CC_SHELF_APART
    };

    table = location >= 0 ? ngx_cc_shelf_table(self->slots, location) : NULL;

    share = (share == 0) ? UINT32_MAX : share;
    flags = sorts[sort];

    if (table == NULL || max == 0 || atomic_load(&self->slots->closed)
        || ngx_cc_shelf_claim(self, location, table, name, owner, flags, now,
                              &at, &index)
           == -1)
    {
        return NGX_CC_SHELF_FULL;
    }

    rc = ngx_cc_shelf_fits(self, location, table, &at,
                           ngx_cc_shelf_number(owner), max, share, now);

    place->location = location + 1;
    place->index = index;
    place->name = ngx_cc_shelf_number(name);

    if (rc != 0) {
        ngx_cc_shelf_release(self, place);
    }

    return rc;
}


/* a free entry becomes RESERVED: 0, or -1 when there is none */

static int
ngx_cc_shelf_claim(ngx_cc_slots_process_t *self, uint32_t location,
    ngx_cc_shelf_table_t *table, const uint8_t *name, const uint8_t *owner,
    uint64_t flags, uint64_t now, ngx_cc_shelf_at_t *at, uint32_t *index)
{
    int                     turn;
    uint32_t                next;
    uint64_t                word, tag;
    ngx_cc_shelf_detail_t  *detail;

    tag = ngx_cc_shelf_worker(self->owner);

    for (turn = 0; turn < 3; turn++) {
        next = 0;
        at->block = NULL;
        at->i = 0;

        while (ngx_cc_shelf_step(self->slots, table, &next, at)) {
            word = atomic_load_explicit(&at->block->word[at->i],
                                        memory_order_relaxed);

            if (ngx_cc_shelf_kind(word) != NGX_CC_SHELF_FREE
                || !ngx_cc_shelf_move(self->slots, at, &word,
                                      NGX_CC_SHELF_CLAIMED, flags, tag))
            {
                continue;
            }

            detail = &at->block->detail[at->i];
            memcpy(detail->owner, owner, NGX_CC_SHELF_OWNER);
            memset(&detail->birth, 0, sizeof(detail->birth));
            memset(&detail->end, 0, sizeof(detail->end));
            detail->gone = 0;

            atomic_store(&at->block->monitor[at->i], 0);
            atomic_store(&at->block->key[at->i], ngx_cc_shelf_number(owner));
            atomic_store(&at->block->name[at->i],
                         ngx_cc_shelf_number(name));

            *index = next - 1;

            return ngx_cc_shelf_move(self->slots, at, &word,
                                     NGX_CC_SHELF_RESERVED, flags, tag)
                   ? 0 : -1;
        }

        /* first what has healed, then what is remembered */

        if (turn == 0) {
            ngx_cc_shelf_heal_all(self, location, table, now);

        } else {
            ngx_cc_shelf_trim(self->slots, table,
                              ngx_cc_shelf_used(self->slots, table,
                                      ngx_cc_shelf_bit(NGX_CC_SHELF_ENDED),
                                      0, NULL)
                              / 2);
        }
    }

    return -1;
}


/*
 * Does a RESERVED entry stay within both limits?  Who reserves last sees all
 * others, so there are never more.  Of those that withdraw because of one
 * another the last one finds the place free: withdrawing is to go back to
 * CLAIMED.  When it does not, the entry may be in either state.
 */

static int
ngx_cc_shelf_fits(ngx_cc_slots_process_t *self, uint32_t location,
    ngx_cc_shelf_table_t *table, ngx_cc_shelf_at_t *at, uint64_t key,
    uint32_t max, uint32_t share, uint64_t now)
{
    int       rc, turn;
    uint64_t  word, tag, sort, class;

    tag = ngx_cc_shelf_worker(self->owner);
    sort = ngx_cc_shelf_sort(atomic_load(&at->block->word[at->i]));
    class = ngx_cc_shelf_class(sort);
    rc = 0;

    for (turn = 0; turn < NGX_CC_SHELF_TURNS; turn++) {

        rc = ngx_cc_shelf_beyond(self->slots, table, class, key, max, share);

        if (rc == 0) {
            return 0;
        }

        if (!ngx_cc_shelf_mine(self, at, NGX_CC_SHELF_RESERVED, &word)
            || !ngx_cc_shelf_move(self->slots, at, &word,
                                  NGX_CC_SHELF_CLAIMED, sort, tag))
        {
            break;
        }

        if (turn == 0) {
            ngx_cc_shelf_heal_all(self, location, table, now);
        }

        rc = ngx_cc_shelf_beyond(self->slots, table, class, key, max - 1,
                                 share - 1);

        if (rc != 0
            || !ngx_cc_shelf_move(self->slots, at, &word,
                                  NGX_CC_SHELF_RESERVED, sort, tag))
        {
            break;
        }
    }

    return rc ? rc : NGX_CC_SHELF_FULL;
}


/* which limit are there more than?  0 = none */

static int
ngx_cc_shelf_beyond(ngx_cc_slots_t *slots, ngx_cc_shelf_table_t *table,
    uint64_t class, uint64_t key, uint32_t max, uint32_t share)
{
    if (ngx_cc_shelf_used(slots, table, NGX_CC_SHELF_LIVE, class, NULL)
        > max)
    {
        return NGX_CC_SHELF_FULL;
    }

    return ngx_cc_shelf_used(slots, table, NGX_CC_SHELF_LIVE, class, &key)
           > share
           ? NGX_CC_SHELF_SHARE : 0;
}


/* is the entry in that state, and is that this worker's doing? */

static int
ngx_cc_shelf_mine(ngx_cc_slots_process_t *self, ngx_cc_shelf_at_t *at,
    unsigned kind, uint64_t *word)
{
    *word = atomic_load(&at->block->word[at->i]);

    return ngx_cc_shelf_kind(*word) == kind
           && ngx_cc_shelf_tag(*word) == ngx_cc_shelf_worker(self->owner);
}


void
ngx_cc_shelf_release(ngx_cc_slots_process_t *self,
    ngx_cc_shelf_place_t *place)
{
    uint64_t           word;
    ngx_cc_shelf_at_t  at;

    if (ngx_cc_shelf_entry(self->slots, place, &at)
        && atomic_load(&at.block->name[at.i]) == place->name
        && (ngx_cc_shelf_mine(self, &at, NGX_CC_SHELF_RESERVED, &word)
            || ngx_cc_shelf_mine(self, &at, NGX_CC_SHELF_CLAIMED, &word)))
    {
        (void) ngx_cc_shelf_move(self->slots, &at, &word, NGX_CC_SHELF_FREE,
                                 0, 0);
    }

    memset(place, 0, sizeof(*place));
}


int
ngx_cc_shelf_hand_over(ngx_cc_slots_process_t *self,
    const ngx_cc_shelf_place_t *place, const ngx_cc_shelf_birth_t *birth)
{
    uint64_t           word, sort;
    ngx_cc_shelf_at_t  at;

    if (!ngx_cc_shelf_entry(self->slots, place, &at)
        || !ngx_cc_shelf_mine(self, &at, NGX_CC_SHELF_RESERVED, &word)
        || atomic_load(&at.block->name[at.i]) != place->name)
    {
        return -1;
    }

    sort = ngx_cc_shelf_sort(word);
    at.block->detail[at.i].birth = *birth;
    atomic_store(&at.block->monitor[at.i], sort ? 0 : self->owner);

    if (!ngx_cc_shelf_move(self->slots, &at, &word, NGX_CC_SHELF_RUNNING, sort,
                           ngx_cc_shelf_helper(birth->helper, birth->ticks)))
    {
        return -1;
    }

    /* the index has moved, perhaps without it */

    if (atomic_load(&self->slots->closed)) {
        (void) ngx_cc_shelf_move(self->slots, &at, &word, NGX_CC_SHELF_FREE,
                                 0, 0);
        return -1;
    }

    return 0;
}


int
ngx_cc_shelf_find(ngx_cc_slots_t *slots,
    const uint8_t name[NGX_CC_SHELF_NAME], ngx_cc_shelf_entry_t *entry)
{
    uint32_t               i, index;
    uint64_t               number;
    ngx_cc_shelf_at_t      at;
    ngx_cc_shelf_table_t  *table;

    number = ngx_cc_shelf_number(name);

    for (i = 0; i < atomic_load(&slots->locations); i++) {
        table = ngx_cc_shelf_table(slots, i);
        index = 0;
        at.block = NULL;
        at.i = 0;

        while (table && ngx_cc_shelf_step(slots, table, &index, &at)) {

            if (atomic_load_explicit(&at.block->name[at.i],
                                     memory_order_relaxed)
                == number
                && ngx_cc_shelf_copy(&at, &number, entry))
            {
                entry->place.location = i + 1;
                entry->place.index = index - 1;
                return 1;
            }
        }
    }

    return 0;
}


int
ngx_cc_shelf_next(ngx_cc_slots_t *slots, ngx_cc_shelf_walk_t *walk,
    ngx_cc_shelf_entry_t *entry)
{
    uint64_t               key;
    ngx_cc_shelf_at_t      at;
    ngx_cc_shelf_table_t  *table;

    if (walk->at == 0) {
        walk->at = walk->location ? walk->location : 1;
    }

    key = walk->owner ? ngx_cc_shelf_number(walk->owner) : 0;

    while (walk->at <= atomic_load(&slots->locations)) {
        table = ngx_cc_shelf_table(slots, walk->at - 1);
        at.block = NULL;
        at.i = 0;

        while (table && ngx_cc_shelf_step(slots, table, &walk->index, &at)) {

            if ((walk->owner && atomic_load(&at.block->key[at.i]) != key)
                || !ngx_cc_shelf_copy(&at, NULL, entry)
                || entry->call != walk->calls
                || (walk->listed && !entry->listed)
                || (walk->owner && memcmp(entry->owner, walk->owner,
                                          NGX_CC_SHELF_OWNER) != 0))
            {
                continue;
            }

            entry->place.location = walk->at;
            entry->place.index = walk->index - 1;

            return 1;
        }

        if (walk->location) {
            break;
        }

        walk->at++;
        walk->index = 0;
    }

    return 0;
}
