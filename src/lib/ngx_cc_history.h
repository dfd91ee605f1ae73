
/*
 * What is held of the output of a command that is or may become kept.  What has
 * been read stays in its ring as history until room is wanted; the oldest
 * records are dropped then, and of what was dropped each stream's first
 * and last bytes are held apart:
 *
 *     0        head       gap       tail      floor         ring         bytes
 *     |-----------|.................|-----------|----------------------------|
 *
 * Anybody reads by a cursor, from any offset of either stream: a piece is bytes
 * that are held, or a gap with its size.  The floor never passes "need", which
 * belongs to the caller: who may not lose anything has not read further.
 *
 * Memory comes from mmap, when something is dropped first: malloc would not be
 * safe in a process that was forked from one with threads.
 */

#ifndef _NGX_CC_HISTORY_H_INCLUDED_
#define _NGX_CC_HISTORY_H_INCLUDED_


#include "ngx_cc_ring.h"


#define NGX_CC_HISTORY_MARKS  512    /* records of an end whose order is known
                                        exactly */
#define NGX_CC_HISTORY_STEPS  16384  /* records that one call looks at */


/* where the bytes from "offset" on stood in the ring */

typedef struct {
    uint64_t        offset;
    uint64_t        seq;
} ngx_cc_history_mark_t;


/* bytes of one stream outside the ring: those from "from" to "to" */

typedef struct {
    uint8_t        *data;        /* byte k stands at k % size */
    size_t          size;
    uint64_t        from;
    uint64_t        to;
    ngx_cc_history_mark_t  *mark;
    uint32_t        first;
    uint32_t        marks;
} ngx_cc_history_end_t;


typedef struct {
    ngx_cc_ring_writer_t  *ring; /* its tail is the floor */
    ngx_cc_ring_reader_t   floor;
    uint64_t        need;        /* position; what is before it may be dropped.
                                    UINT64_MAX = everything */
    uint64_t        bytes[NGX_CC_STREAMS];   /* that were put in */
    ngx_cc_history_end_t   head[NGX_CC_STREAMS];
    ngx_cc_history_end_t   tail[NGX_CC_STREAMS];
    size_t          output;      /* bytes of both ends of a stream */
    uint8_t        *memory;      /* of the ends, or NULL */
    size_t          memory_size;
} ngx_cc_history_t;


typedef struct {
    ngx_cc_ring_reader_t   ring; /* what is before its position is done with */
    uint64_t        next[NGX_CC_STREAMS];    /* offset wanted next */
} ngx_cc_history_cursor_t;


typedef struct {
    const uint8_t  *data;        /* NULL: a gap */
    size_t          len;         /* bytes, of a gap 0 */
    uint64_t        offset;
    uint64_t        to;          /* the offset behind it */
    uint64_t        seq;         /* position of its first byte; increases from
                                    piece to piece; of a gap 0 */
    unsigned        stream;
} ngx_cc_history_piece_t;


/*
 * Begins with an empty ring; "output" bytes of each stream besides the ring,
 * the first and the last half of them.  need is 0.
 */
void ngx_cc_history_init(ngx_cc_history_t *h, ngx_cc_ring_writer_t *ring,
    size_t output);

/* gives the memory of the ends back */
void ngx_cc_history_done(ngx_cc_history_t *h);

/*
 * As ngx_cc_ring_room(): drops the oldest records, up to "need", when there is
 * no room without that.
 */
size_t ngx_cc_history_room(ngx_cc_history_t *h, uint8_t **payload);

/* 1 when ngx_cc_history_room() would find room; drops nothing */
int ngx_cc_history_open(const ngx_cc_history_t *h);

/*
 * As ngx_cc_ring_credit(): somebody who reads in the ring itself is done with
 * what is before "tail", so that may be dropped.  0; -1: not between need and
 * head.
 */
int ngx_cc_history_credit(ngx_cc_history_t *h, uint64_t tail);

/* as ngx_cc_ring_commit(); the offset is known */
void ngx_cc_history_commit(ngx_cc_history_t *h, unsigned stream, size_t n);

/*
 * Puts a cursor where reading begins: offset from[] of each stream, cut to what
 * has been put in.
 */
void ngx_cc_history_seek(const ngx_cc_history_t *h,
    ngx_cc_history_cursor_t *cursor, const uint64_t from[NGX_CC_STREAMS]);

/*
 * The next piece of at most "max" > 0 bytes (a gap has any size), and moves
 * behind it.  Returns 1; 0 when there is nothing more; -1 when it has looked at
 * NGX_CC_HISTORY_STEPS records that the cursor does not want: call it again,
 * perhaps later.  The piece is valid until something is dropped.
 */
int ngx_cc_history_next(const ngx_cc_history_t *h,
    ngx_cc_history_cursor_t *cursor, size_t max,
    ngx_cc_history_piece_t *piece);

/* 1 when next() would not return 0 */
int ngx_cc_history_more(const ngx_cc_history_t *h,
    const ngx_cc_history_cursor_t *cursor);

/* the least offset of a stream that is held */
uint64_t ngx_cc_history_least(const ngx_cc_history_t *h, unsigned stream);

/*
 * Nothing more will be put in: pages of the ring that hold nothing are given
 * back to the kernel.
 */
void ngx_cc_history_trim(const ngx_cc_history_t *h);


#endif /* _NGX_CC_HISTORY_H_INCLUDED_ */
