
#include "ngx_cc_slots_table.h"


void *
ngx_cc_slots_table_at(ngx_cc_slots_t *slots, uint32_t offset)
{
    return (char *) slots + (size_t) offset * 64;
}


uint32_t
ngx_cc_slots_table_alloc(ngx_cc_slots_t *slots, size_t size)
{
    uint32_t  n, offset;

    n = (size + 63) / 64;

    if (n > slots->size - slots->used) {
        return NGX_CC_SLOTS_NONE;
    }

    offset = slots->used;
    slots->used += n;

    return offset;
}


int
ngx_cc_slots_table_grow(ngx_cc_slots_t *slots, ngx_cc_slots_table_t *table,
    uint32_t size)
{
    uint32_t               offset, have;
    _Atomic uint32_t      *link;
    ngx_cc_slots_block_t  *block;

    have = 0;
    link = &table->first;

    for ( ;; ) {
        offset = atomic_load(link);

        if (offset == NGX_CC_SLOTS_NONE) {
            if (have >= size) {
                return 0;
            }

            offset = ngx_cc_slots_table_alloc(slots,
                                              sizeof(ngx_cc_slots_block_t));

            if (offset == NGX_CC_SLOTS_NONE) {
                return -1;
            }

            /* linked before it is counted: others may be walking */

            atomic_store(link, offset);
            atomic_fetch_add(&table->size, NGX_CC_SLOTS_BLOCK);
        }

        have += NGX_CC_SLOTS_BLOCK;
        block = ngx_cc_slots_table_at(slots, offset);
        link = &block->next;
    }
}


ngx_cc_slots_table_t *
ngx_cc_slots_table_find(ngx_cc_slots_t *slots, uint32_t location, uint32_t kind)
{
    uint32_t                  offset;
    ngx_cc_slots_location_t  *loc;

    offset = atomic_load(&slots->first);

    for ( ;; ) {
        if (offset == NGX_CC_SLOTS_NONE || kind >= NGX_CC_SLOTS_KINDS) {
            return NULL;
        }

        loc = ngx_cc_slots_table_at(slots, offset);

        if (location-- == 0) {
            return &loc->table[kind];
        }

        offset = atomic_load(&loc->next);
    }
}


ngx_cc_slots_block_t *
ngx_cc_slots_table_block(ngx_cc_slots_t *slots, ngx_cc_slots_table_t *table,
    uint32_t *index)
{
    ngx_cc_slots_block_t  *block;

    block = ngx_cc_slots_table_at(slots, atomic_load(&table->first));

    while (*index >= NGX_CC_SLOTS_BLOCK) {
        block = ngx_cc_slots_table_at(slots, atomic_load(&block->next));
        *index -= NGX_CC_SLOTS_BLOCK;
    }

    return block;
}


void
ngx_cc_slots_table_walk(ngx_cc_slots_walk_t *walk, ngx_cc_slots_t *slots,
    ngx_cc_slots_table_t *table)
{
    walk->slots = slots;
    walk->index = 0;
    walk->size = atomic_load(&table->size);
    walk->block = walk->size
                  ? ngx_cc_slots_table_at(slots, atomic_load(&table->first))
                  : NULL;
}


_Atomic uint64_t *
ngx_cc_slots_table_next(ngx_cc_slots_walk_t *walk)
{
    uint32_t  i;

    if (walk->index == walk->size) {
        return NULL;
    }

    i = walk->index++ % NGX_CC_SLOTS_BLOCK;

    if (i == 0 && walk->index > 1) {
        walk->block = ngx_cc_slots_table_at(walk->slots,
                                            atomic_load(&walk->block->next));
    }

    return &walk->block->word[i];
}


uint32_t
ngx_cc_slots_table_used(ngx_cc_slots_t *slots, ngx_cc_slots_table_t *table)
{
    uint32_t              n;
    _Atomic uint64_t     *word;
    ngx_cc_slots_walk_t   walk;

    n = 0;
    ngx_cc_slots_table_walk(&walk, slots, table);

    while ((word = ngx_cc_slots_table_next(&walk)) != NULL) {
        n += (atomic_load(word) != 0);
    }

    return n;
}


uint32_t
ngx_cc_slots_table_sharing(ngx_cc_slots_t *slots, ngx_cc_slots_table_t *table,
    int what, uint64_t key)
{
    uint32_t              n;
    _Atomic uint64_t     *word;
    ngx_cc_slots_walk_t   walk;

    n = 0;
    ngx_cc_slots_table_walk(&walk, slots, table);

    while ((word = ngx_cc_slots_table_next(&walk)) != NULL) {
        n += (atomic_load(&walk.block->key[what][word - walk.block->word])
              == key
              && atomic_load(word) != 0);
    }

    return n;
}
