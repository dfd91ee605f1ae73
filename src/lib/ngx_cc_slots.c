
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>
#include "ngx_cc_proc_stat.h"
#include "ngx_cc_slots.h"
#include "ngx_cc_slots_table.h"


#define NGX_CC_SLOTS_TURNS       64      /* tries for the last place */

/* an owner: generation in the upper half, process index + 1 in the lower */

#define ngx_cc_slots_owner(gen, process)                                      \
    ((uint64_t) (gen) << 32 | ((process) + 1))
#define ngx_cc_slots_index(owner)       ((uint32_t) (owner) - 1)
#define ngx_cc_slots_generation(owner)  ((uint32_t) ((owner) >> 32))


static void ngx_cc_slots_drop(ngx_cc_slots_process_t *self, int former);
static void ngx_cc_slots_heal(ngx_cc_slots_t *slots,
    ngx_cc_slots_table_t *table, int kind);
static int ngx_cc_slots_ended(pid_t pid, uint64_t start, int zombie);
static int ngx_cc_slots_exists(ngx_cc_slots_worker_t *worker);


ngx_cc_slots_t *
ngx_cc_slots_init(void *p, size_t size)
{
    ngx_cc_slots_t  *slots;

    if (size < sizeof(ngx_cc_slots_t) + sizeof(ngx_cc_slots_block_t)) {
        return NULL;
    }

    slots = p;
    slots->used = (sizeof(ngx_cc_slots_t) + 63) / 64;
    slots->size = size / 64;

    return slots;
}


void
ngx_cc_slots_retire(ngx_cc_slots_t *slots,
    int (*stays)(void *data, uint64_t hash), void *data)
{
    int                       kind;
    uint32_t                  offset, used;
    ngx_cc_slots_location_t  *location;

    for (offset = atomic_load(&slots->first); offset != NGX_CC_SLOTS_NONE;
         offset = atomic_load(&location->next))
    {
        location = ngx_cc_slots_table_at(slots, offset);

        if (location->hash == NGX_CC_SLOTS_FREE
            || stays(data, location->hash))
        {
            continue;
        }

        used = 0;

        for (kind = 0; kind < NGX_CC_SLOTS_KINDS; kind++) {
            used += ngx_cc_slots_table_used(slots, &location->table[kind]);
        }

        if (used == 0) {
            location->hash = NGX_CC_SLOTS_FREE;
        }
    }
}


int
ngx_cc_slots_location(ngx_cc_slots_t *slots, uint64_t hash,
    uint32_t sessions, uint32_t commands)
{
    int                       i, index;
    uint32_t                  offset;
    _Atomic uint32_t         *link;
    ngx_cc_slots_location_t  *location, *retired;

    index = -1;
    retired = NULL;
    link = &slots->first;

    for (i = 0; /* void */ ; i++) {
        offset = atomic_load(link);

        if (offset == NGX_CC_SLOTS_NONE) {
            break;
        }

        location = ngx_cc_slots_table_at(slots, offset);

        if (location->hash == hash) {
            index = i;
            goto found;
        }

        if (location->hash == NGX_CC_SLOTS_FREE && retired == NULL) {
            retired = location;
            index = i;
        }

        link = &location->next;
    }

    if (retired) {
        location = retired;
        location->hash = hash;
        goto found;
    }

    index = i;

    offset = ngx_cc_slots_table_alloc(slots, sizeof(ngx_cc_slots_location_t));

    if (offset == NGX_CC_SLOTS_NONE) {
        return -1;
    }

    location = ngx_cc_slots_table_at(slots, offset);
    location->hash = hash;

    atomic_store(link, offset);
    atomic_fetch_add(&slots->locations, 1);

found:

    if (ngx_cc_slots_table_grow(slots,
                                &location->table[NGX_CC_SLOTS_SESSIONS],
                                sessions)
        == -1
        || ngx_cc_slots_table_grow(slots,
                                   &location->table[NGX_CC_SLOTS_COMMANDS],
                                   commands)
           == -1)
    {
        return -1;
    }

    return index;
}


int
ngx_cc_slots_enter(ngx_cc_slots_process_t *self, ngx_cc_slots_t *slots,
    uint32_t process, pid_t pid, uint64_t start)
{
    uint32_t                generation;
    ngx_cc_slots_worker_t  *worker;

    if (process >= NGX_CC_SLOTS_PROCESSES) {
        return -1;
    }

    worker = &slots->worker[process];

    /*
     * The generation first: whoever compares an old word with this entry from
     * now on finds that its owner is gone, whatever else is not yet written.
     */

    generation = atomic_fetch_add(&worker->generation, 1) + 1;
    atomic_store(&worker->start, start);
    atomic_store(&worker->pid, pid);

    self->slots = slots;
    self->owner = ngx_cc_slots_owner(generation, process);

    ngx_cc_slots_drop(self, 1);

    return 0;
}


void
ngx_cc_slots_leave(ngx_cc_slots_process_t *self)
{
    ngx_cc_slots_drop(self, 0);
}


int
ngx_cc_slots_claim(ngx_cc_slots_process_t *self, int index, int kind,
    uint32_t limit, ngx_cc_slot_t *slot)
{
    int                    healed;
    uint32_t               i, size;
    uint64_t               free;
    _Atomic uint64_t      *word;
    ngx_cc_slots_t        *slots;
    ngx_cc_slots_walk_t    walk;
    ngx_cc_slots_table_t  *table;

    slots = self->slots;
    table = ngx_cc_slots_table_find(slots, index, kind);

    if (table == NULL) {
        return -1;
    }

    for (healed = 0; healed < 2; healed++) {

        size = atomic_load(&table->size);

        /* some beyond a limit that was lowered may still be in use */

        if (size <= limit || ngx_cc_slots_table_used(slots, table) < limit) {

            ngx_cc_slots_table_walk(&walk, slots, table);

            for (i = 0; i < limit; i++) {
                word = ngx_cc_slots_table_next(&walk);
                free = 0;

                if (word == NULL) {
                    break;
                }

                if (atomic_load_explicit(word, memory_order_relaxed) == 0
                    && atomic_compare_exchange_strong(word, &free,
                                                      self->owner))
                {
                    slot->location = index + 1;
                    slot->kind = kind;
                    slot->index = i;
                    slot->owner = self->owner;

                    return 0;
                }
            }
        }

        ngx_cc_slots_heal(slots, table, kind);
    }

    return -1;
}


int
ngx_cc_slots_share(ngx_cc_slots_process_t *self, ngx_cc_slot_t *slot,
    int what, uint64_t key, uint32_t limit)
{
    int                    turn;
    uint32_t               index;
    _Atomic uint64_t      *mine;
    ngx_cc_slots_t        *slots;
    ngx_cc_slots_table_t  *table;

    slots = self->slots;
    table = ngx_cc_slots_table_find(slots, slot->location - 1, slot->kind);
    index = slot->index;
    mine = &ngx_cc_slots_table_block(slots, table, &index)->key[what][index];

    if (key == 0) {
        key = UINT64_MAX;                    /* 0 in memory is no key */
    }

    for (turn = 0; turn < NGX_CC_SLOTS_TURNS; turn++) {

        /* who writes its key last sees all others: never more than "limit" */

        atomic_store(mine, key);

        if (ngx_cc_slots_table_sharing(slots, table, what, key) <= limit) {
            return 0;
        }

        atomic_store(mine, 0);

        if (turn == 0) {
            ngx_cc_slots_heal(slots, table, slot->kind);
        }

        /*
         * Of those that withdrew because of one another the last one finds the
         * place free.
         */

        if (ngx_cc_slots_table_sharing(slots, table, what, key) >= limit) {
            break;
        }
    }

    return -1;
}


int
ngx_cc_slots_share_fairly(ngx_cc_slots_process_t *self, ngx_cc_slot_t *slot,
    int what, uint64_t key, uint32_t max)
{
    uint32_t               used, own, left;
    ngx_cc_slots_table_t  *table;

    table = ngx_cc_slots_table_find(self->slots, slot->location - 1,
                                    slot->kind);

    /* without the one that was claimed, which has no key yet */

    own = ngx_cc_slots_table_sharing(self->slots, table, what, key);
    used = ngx_cc_slots_table_used(self->slots, table) - 1;
    used = used > own ? used - own : 0;
    left = max > used ? max - used : 1;

    return ngx_cc_slots_share(self, slot, what, key, left - left / 4);
}


void
ngx_cc_slots_free(ngx_cc_slots_process_t *self, ngx_cc_slot_t *slot)
{
    int                    i;
    uint32_t               index;
    uint64_t               owner;
    ngx_cc_slots_block_t  *block;
    ngx_cc_slots_table_t  *table;

    if (slot->location == 0) {
        return;
    }

    table = ngx_cc_slots_table_find(self->slots, slot->location - 1,
                                    slot->kind);
    index = slot->index;
    block = ngx_cc_slots_table_block(self->slots, table, &index);
    owner = slot->owner;

    for (i = 0; i < NGX_CC_SLOTS_KEYS; i++) {
        atomic_store(&block->key[i][index], 0);
    }

    (void) atomic_compare_exchange_strong(&block->word[index], &owner, 0);

    memset(slot, 0, sizeof(*slot));
}


uint32_t
ngx_cc_slots_count(ngx_cc_slots_t *slots, int location, int kind)
{
    ngx_cc_slots_table_t  *table;

    table = ngx_cc_slots_table_find(slots, location, kind);

    return table ? ngx_cc_slots_table_used(slots, table) : 0;
}


uint64_t
ngx_cc_slots_healed(ngx_cc_slots_t *slots, int kind)
{
    return atomic_load(&slots->healed[kind]);
}


int
ngx_cc_slots_alive(ngx_cc_slots_t *slots, uint32_t process)
{
    return ngx_cc_slots_exists(&slots->worker[process]);
}


uint64_t
ngx_cc_slots_start_time(pid_t pid)
{
    ngx_cc_proc_stat_t  st;

    return ngx_cc_proc_stat(-1, pid, &st) == 0 ? st.start : 0;
}


/* frees the words of this process, or those of its predecessors ("former") */

static void
ngx_cc_slots_drop(ngx_cc_slots_process_t *self, int former)
{
    uint32_t              i, kind, count, process;
    uint64_t              owner;
    ngx_cc_slots_t       *slots;
    _Atomic uint64_t     *word;
    ngx_cc_slots_walk_t   walk;

    slots = self->slots;
    process = ngx_cc_slots_index(self->owner);
    count = atomic_load(&slots->locations);

    for (i = 0; i < count * NGX_CC_SLOTS_KINDS; i++) {
        kind = i % NGX_CC_SLOTS_KINDS;

        ngx_cc_slots_table_walk(&walk, slots,
                                ngx_cc_slots_table_find(slots,
                                                   i / NGX_CC_SLOTS_KINDS,
                                                   kind));

        while ((word = ngx_cc_slots_table_next(&walk)) != NULL) {
            owner = atomic_load(word);

            if (owner && ngx_cc_slots_index(owner) == process
                && (owner != self->owner) == former
                && atomic_compare_exchange_strong(word, &owner, 0) && former)
            {
                atomic_fetch_add(&slots->healed[kind], 1);
            }
        }
    }
}


static void
ngx_cc_slots_heal(ngx_cc_slots_t *slots, ngx_cc_slots_table_t *table,
    int kind)
{
    uint64_t              owner;
    _Atomic uint64_t     *word;
    ngx_cc_slots_walk_t   walk;

    ngx_cc_slots_table_walk(&walk, slots, table);

    while ((word = ngx_cc_slots_table_next(&walk)) != NULL) {
        owner = atomic_load(word);

        if (owner && ngx_cc_slots_gone(slots, owner)
            && atomic_compare_exchange_strong(word, &owner, 0))
        {
            atomic_fetch_add(&slots->healed[kind], 1);
        }
    }
}


int
ngx_cc_slots_gone(ngx_cc_slots_t *slots, uint64_t owner)
{
    int                     exists;
    ngx_cc_slots_worker_t  *worker;

    worker = &slots->worker[ngx_cc_slots_index(owner)];
    exists = ngx_cc_slots_exists(worker);

    /* read last: the entry may have got another generation meanwhile */

    if (atomic_load(&worker->generation) != ngx_cc_slots_generation(owner)) {
        return 1;
    }

    return !exists;
}


static int
ngx_cc_slots_exists(ngx_cc_slots_worker_t *worker)
{
    pid_t     pid;
    uint64_t  start;

    pid = atomic_load(&worker->pid);
    start = atomic_load(&worker->start);

    return pid != 0 && !ngx_cc_slots_ended(pid, start, 0);
}


int
ngx_cc_slots_dead(pid_t pid, uint64_t start)
{
    return ngx_cc_slots_ended(pid, start, 1);
}


/* "zombie": one that nobody has waited for yet has ended, too */

static int
ngx_cc_slots_ended(pid_t pid, uint64_t start, int zombie)
{
    ngx_cc_proc_stat_t  st;

    if (kill(pid, 0) == -1 && errno == ESRCH) {
        return 1;
    }

    /*
     * Under hidepid=2 one that is not dumpable looks gone: hidden is not dead.
     * Should it have ended since the line above, that is seen the next time.
     */

    return ngx_cc_proc_stat(-1, pid, &st) == 0
           && ((start && st.start != start)
               || (zombie && (st.state == 'Z' || st.state == 'X')));
}
