
/*
 * The inside of ngx_cc_shelf: the tables of locations, the blocks that they
 * grow by, and the word of an entry.  Offsets and memory as in
 * ngx_cc_slots_table.h.
 *
 * Who may write what is in the word.  Name, key and what is fixed at birth are
 * written by the worker that has CLAIMED or RESERVED the entry, the end by the
 * one that has it in WRITING or LEAVING; each gets there, and leaves, by one
 * compare-and-set.  Every one of these makes another version, so whoever copies
 * an entry and finds the same word before and after has a copy of one moment.
 */

#ifndef _NGX_CC_SHELF_TABLE_H_INCLUDED_
#define _NGX_CC_SHELF_TABLE_H_INCLUDED_


#include "ngx_cc_shelf.h"
#include "ngx_cc_slots_table.h"


#define NGX_CC_SHELF_BLOCK      64       /* entries of a block */

/* kinds of a word besides ngx_cc_shelf_state_e */

#define NGX_CC_SHELF_CLAIMED    5        /* being filled; counts for nothing */
#define NGX_CC_SHELF_WRITING    6        /* RUNNING; its end is being written */
#define NGX_CC_SHELF_LEAVING    7        /* FINISHED; likewise, ENDED follows */

/*
 * The word: kind, flags, version, and above these whose it is: a worker's
 * {generation, process + 1} or a helper's {start time, pid}, both cut
 */

#define NGX_CC_SHELF_READ       0x08
#define NGX_CC_SHELF_LOST       0x10
#define NGX_CC_SHELF_BOUND      0x20     /* a call; fixed when it is claimed */
#define NGX_CC_SHELF_FLAGS      0x38

/* of a call the other two say which sort: it is never read, nor lost */

#define NGX_CC_SHELF_APART      NGX_CC_SHELF_READ    /* OBSERVED */
#define NGX_CC_SHELF_LISTED     NGX_CC_SHELF_LOST

#define ngx_cc_shelf_sort(word)                                               \
    ((word) & NGX_CC_SHELF_BOUND ? (word) & NGX_CC_SHELF_FLAGS : 0)

/* those of one class count together */

#define ngx_cc_shelf_class(word)                                              \
    ((word) & NGX_CC_SHELF_BOUND                                              \
     ? (word) & (NGX_CC_SHELF_BOUND|NGX_CC_SHELF_APART) : 0)

#define ngx_cc_shelf_kind(word)      ((unsigned) (word) & 7)
#define ngx_cc_shelf_bit(kind)       (1u << (kind))
#define ngx_cc_shelf_is(word, kinds)                                          \
    (ngx_cc_shelf_bit(ngx_cc_shelf_kind(word)) & (kinds))
#define ngx_cc_shelf_tag(word)       ((word) >> 16)

/* the one that follows "word" */

#define ngx_cc_shelf_word(word, kind, flags, tag)                             \
    ((uint64_t) (tag) << 16 | (((word) + 0x40) & 0xffc0) | (flags) | (kind))

#define ngx_cc_shelf_worker(owner)                                            \
    (((owner) >> 32) << 11 | ((owner) & 0x7ff))
#define ngx_cc_shelf_owner(tag)                                               \
    (((tag) >> 11) << 32 | ((tag) & 0x7ff))
#define ngx_cc_shelf_helper(pid, start)                                       \
    (((uint64_t) (start) & 0x3ffffff) << 22 | ((uint32_t) (pid) & 0x3fffff))

/*
 * sets of kinds: those that count for limits, those in a worker's hands, those
 * that others may see
 */

#define NGX_CC_SHELF_LIVE                                                     \
    (ngx_cc_shelf_bit(NGX_CC_SHELF_RESERVED)                                  \
     | ngx_cc_shelf_bit(NGX_CC_SHELF_RUNNING)                                 \
     | ngx_cc_shelf_bit(NGX_CC_SHELF_WRITING)                                 \
     | ngx_cc_shelf_bit(NGX_CC_SHELF_LEAVING)                                 \
     | ngx_cc_shelf_bit(NGX_CC_SHELF_FINISHED))
#define NGX_CC_SHELF_WORKERS                                                  \
    (ngx_cc_shelf_bit(NGX_CC_SHELF_CLAIMED)                                   \
     | ngx_cc_shelf_bit(NGX_CC_SHELF_RESERVED)                                \
     | ngx_cc_shelf_bit(NGX_CC_SHELF_WRITING)                                 \
     | ngx_cc_shelf_bit(NGX_CC_SHELF_LEAVING))
#define NGX_CC_SHELF_SEEN                                                     \
    (ngx_cc_shelf_bit(NGX_CC_SHELF_RUNNING)                                   \
     | ngx_cc_shelf_bit(NGX_CC_SHELF_WRITING)                                 \
     | ngx_cc_shelf_bit(NGX_CC_SHELF_LEAVING)                                 \
     | ngx_cc_shelf_bit(NGX_CC_SHELF_FINISHED)                                \
     | ngx_cc_shelf_bit(NGX_CC_SHELF_ENDED))


typedef struct {
    uint8_t               owner[NGX_CC_SHELF_OWNER];
    ngx_cc_shelf_birth_t  birth;
    ngx_cc_shelf_end_t    end;
    uint64_t              gone;
} ngx_cc_shelf_detail_t;


typedef struct {
    _Atomic uint64_t       word[NGX_CC_SHELF_BLOCK];
    _Atomic uint64_t       name[NGX_CC_SHELF_BLOCK];
    _Atomic uint64_t       key[NGX_CC_SHELF_BLOCK];      /* of the owner */
    _Atomic uint64_t       monitor[NGX_CC_SHELF_BLOCK];  /* a worker, or 0 */
    ngx_cc_shelf_detail_t  detail[NGX_CC_SHELF_BLOCK];
    _Atomic uint32_t       next;         /* offset of the next block / 64 */
    uint32_t               pad[15];
} ngx_cc_shelf_block_t;


typedef struct {
    _Atomic uint32_t       first;        /* offset of the first block / 64 */
    _Atomic uint32_t       size;         /* entries */
    _Atomic uint32_t       max;          /* of ngx_cc_shelf_make() */
    uint32_t               pad[11];
    _Atomic uint64_t       healed;       /* when all helpers were looked at */
} ngx_cc_shelf_table_t;


/* where an entry is */

typedef struct {
    ngx_cc_shelf_block_t  *block;
    uint32_t               i;
} ngx_cc_shelf_at_t;


/* the first 8 bytes of a name or digest as a number */
uint64_t ngx_cc_shelf_number(const uint8_t *p);

/* a location's table by its index; NULL: it has none, or does not exist */
ngx_cc_shelf_table_t *ngx_cc_shelf_table(ngx_cc_slots_t *slots,
    uint32_t location);

/* the hash of a location by its index; NGX_CC_SLOTS_FREE: there is none */
uint64_t ngx_cc_shelf_hash(ngx_cc_slots_t *slots, uint32_t location);

/* an entry of a table: 1, or 0 behind its end */
int ngx_cc_shelf_at(ngx_cc_slots_t *slots, ngx_cc_shelf_table_t *table,
    uint32_t index, ngx_cc_shelf_at_t *at);

/* the same for the next one; *index is raised.  Zeroed "at" at first. */
int ngx_cc_shelf_step(ngx_cc_slots_t *slots, ngx_cc_shelf_table_t *table,
    uint32_t *index, ngx_cc_shelf_at_t *at);

/* where the entry of a place should be: 1, or 0 for nonsense */
int ngx_cc_shelf_entry(ngx_cc_slots_t *slots,
    const ngx_cc_shelf_place_t *place, ngx_cc_shelf_at_t *at);

/*
 * The only way in which a word changes: 1, and *word is the new one; or 0, and
 * *word is what somebody else has made of it.
 */
int ngx_cc_shelf_move(ngx_cc_slots_t *slots, ngx_cc_shelf_at_t *at,
    uint64_t *word, unsigned kind, uint64_t flags, uint64_t tag);

/*
 * How many of a class (ngx_cc_shelf_class) are of these kinds; "key": of this
 * owner, unless it is NULL.
 */
uint32_t ngx_cc_shelf_used(ngx_cc_slots_t *slots, ngx_cc_shelf_table_t *table,
    unsigned kinds, uint64_t class, const uint64_t *key);

/* the same, of calls of any sort and owner */
uint32_t ngx_cc_shelf_bound(ngx_cc_slots_t *slots,
    ngx_cc_shelf_table_t *table, unsigned kinds);

/*
 * A copy of the entry, should it be one that others may see; "name" not NULL:
 * and has this name.  1 and "entry" (without its place), or 0.
 */
int ngx_cc_shelf_copy(ngx_cc_shelf_at_t *at, const uint64_t *name,
    ngx_cc_shelf_entry_t *entry);


#endif /* _NGX_CC_SHELF_TABLE_H_INCLUDED_ */
