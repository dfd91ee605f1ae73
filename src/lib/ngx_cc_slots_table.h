
/*
 * The inside of ngx_cc_slots: locations, their tables of words, the blocks that
 * they grow by.  Everything refers to others by offsets, because each process
 * maps the memory elsewhere.
 */

#ifndef _NGX_CC_SLOTS_TABLE_H_INCLUDED_
#define _NGX_CC_SLOTS_TABLE_H_INCLUDED_


#include <stdatomic.h>
#include "ngx_cc_slots.h"


#define NGX_CC_SLOTS_BLOCK       64      /* words of a block */
#define NGX_CC_SLOTS_NONE        0       /* no block: offset 0 is the head */
#define NGX_CC_SLOTS_FREE        0       /* the hash of a retired location */


typedef struct {
    _Atomic uint64_t  word[NGX_CC_SLOTS_BLOCK];
    _Atomic uint64_t  key[NGX_CC_SLOTS_KEYS][NGX_CC_SLOTS_BLOCK];
    _Atomic uint32_t  next;              /* offset of the next block / 64 */
    uint32_t          pad[15];
} ngx_cc_slots_block_t;


typedef struct {
    _Atomic uint32_t  first;             /* offset of the first block / 64 */
    _Atomic uint32_t  size;              /* words */
} ngx_cc_slots_table_t;


typedef struct {
    uint64_t              hash;
    ngx_cc_slots_table_t  table[NGX_CC_SLOTS_KINDS];
    _Atomic uint32_t      next;          /* offset of the next location / 64 */
    _Atomic uint32_t      shelf;         /* offset of its ngx_cc_shelf / 64 */
    uint32_t              pad[8];
} ngx_cc_slots_location_t;


typedef struct {
    _Atomic uint32_t  generation;
    _Atomic int32_t   pid;
    _Atomic uint64_t  start;
} ngx_cc_slots_worker_t;


struct ngx_cc_slots_s {
    uint32_t               used;         /* of the memory / 64 */
    uint32_t               size;         /* of the memory / 64 */
    _Atomic uint32_t       locations;    /* how many */
    _Atomic uint32_t       first;        /* offset of the first / 64 */
    _Atomic uint64_t       healed[NGX_CC_SLOTS_KINDS];
    _Atomic uint64_t       changes;      /* of ngx_cc_shelf */
    _Atomic uint64_t       closed;       /* its ngx_cc_shelf: moved elsewhere */
    uint64_t               pad[2];
    ngx_cc_slots_worker_t  worker[NGX_CC_SLOTS_PROCESSES];
};


/* a walk over the words of a table */

typedef struct {
    ngx_cc_slots_t        *slots;
    ngx_cc_slots_block_t  *block;
    uint32_t               index;        /* of the next word */
    uint32_t               size;
} ngx_cc_slots_walk_t;


/* what stands at an offset (in units of 64 bytes) */
void *ngx_cc_slots_table_at(ngx_cc_slots_t *slots, uint32_t offset);

/* takes memory for good: its offset, or NGX_CC_SLOTS_NONE */
uint32_t ngx_cc_slots_table_alloc(ngx_cc_slots_t *slots, size_t size);

/* sees to it that a table has at least "size" words: 0, or -1 without memory */
int ngx_cc_slots_table_grow(ngx_cc_slots_t *slots,
    ngx_cc_slots_table_t *table, uint32_t size);

/* the table of a location (by index) and kind, or NULL */
ngx_cc_slots_table_t *ngx_cc_slots_table_find(ngx_cc_slots_t *slots,
    uint32_t location, uint32_t kind);

/* the block that has the word of that index; *index is then that in it */
ngx_cc_slots_block_t *ngx_cc_slots_table_block(ngx_cc_slots_t *slots,
    ngx_cc_slots_table_t *table, uint32_t *index);

/* begins a walk over the words of a table; the next word, NULL at the end */
void ngx_cc_slots_table_walk(ngx_cc_slots_walk_t *walk,
    ngx_cc_slots_t *slots, ngx_cc_slots_table_t *table);
_Atomic uint64_t *ngx_cc_slots_table_next(ngx_cc_slots_walk_t *walk);

/* how many slots are in use, and how many of them count for a key */
uint32_t ngx_cc_slots_table_used(ngx_cc_slots_t *slots,
    ngx_cc_slots_table_t *table);
uint32_t ngx_cc_slots_table_sharing(ngx_cc_slots_t *slots,
    ngx_cc_slots_table_t *table, int what, uint64_t key);


#endif /* _NGX_CC_SLOTS_TABLE_H_INCLUDED_ */
