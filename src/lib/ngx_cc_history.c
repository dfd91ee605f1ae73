
#define _GNU_SOURCE
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "ngx_cc_history.h"


static void ngx_cc_history_drop(ngx_cc_history_t *h);
static void ngx_cc_history_alloc(ngx_cc_history_t *h);
static void ngx_cc_history_append(ngx_cc_history_end_t *end, uint64_t offset,
    uint64_t seq, const uint8_t *p, size_t n);
static int ngx_cc_history_behind(const ngx_cc_history_t *h,
    const ngx_cc_history_cursor_t *cursor, unsigned stream,
    ngx_cc_history_piece_t *piece);
static void ngx_cc_history_piece(const ngx_cc_history_end_t *end,
    uint64_t offset, ngx_cc_history_piece_t *piece);
static void ngx_cc_history_follow(const ngx_cc_history_t *h,
    ngx_cc_history_cursor_t *cursor);


void
ngx_cc_history_init(ngx_cc_history_t *h, ngx_cc_ring_writer_t *ring,
    size_t output)
{
    memset(h, 0, sizeof(ngx_cc_history_t));

    h->ring = ring;
    h->output = output;
    h->floor.base = ring->base;
    h->floor.size = ring->size;
    ngx_cc_ring_rewind(&h->floor);
}


void
ngx_cc_history_done(ngx_cc_history_t *h)
{
    if (h->memory) {
        (void) munmap(h->memory, h->memory_size);
        h->memory = NULL;
    }
}


size_t
ngx_cc_history_room(ngx_cc_history_t *h, uint8_t **payload)
{
    size_t  room;

    for ( ;; ) {
        room = ngx_cc_ring_room(h->ring, payload);

        if (room || h->floor.pos >= h->need || h->floor.pos == h->ring->head) {
            return room;
        }

        ngx_cc_history_drop(h);
    }
}


int
ngx_cc_history_open(const ngx_cc_history_t *h)
{
    uint8_t               *p;
    ngx_cc_ring_writer_t   ring;

    ring = *h->ring;

    if (h->need > ring.tail) {
        ring.tail = h->need < ring.head ? h->need : ring.head;
    }

    return ngx_cc_ring_room(&ring, &p) != 0;
}


int
ngx_cc_history_credit(ngx_cc_history_t *h, uint64_t tail)
{
    if (tail < h->need || tail > h->ring->head) {
        return -1;
    }

    h->need = tail;

    return 0;
}


void
ngx_cc_history_commit(ngx_cc_history_t *h, unsigned stream, size_t n)
{
    ngx_cc_ring_commit(h->ring, stream, h->bytes[stream], n);
    h->bytes[stream] += n;
}


/* the oldest record leaves the ring; of its bytes remains what belongs to an
 * end of its stream */

static void
ngx_cc_history_drop(ngx_cc_history_t *h)
{
    size_t                 n;
    uint64_t               seq;
    ngx_cc_ring_record_t   rec;
    ngx_cc_history_end_t  *head;

    if (ngx_cc_ring_peek(&h->floor, h->ring->head, &rec) != 1) {
        /* only we write there: so nothing is left */
        h->floor.pos = h->ring->head;
        memcpy(h->floor.offset, h->bytes, sizeof(h->bytes));
        h->ring->tail = h->ring->head;
        return;
    }

    if (h->memory == NULL && h->output) {
        ngx_cc_history_alloc(h);
    }

    seq = h->floor.pos + NGX_CC_RING_HEADER;
    head = &h->head[rec.stream];
    n = head->size - head->to;
    n = n < rec.len ? n : rec.len;

    ngx_cc_history_append(head, rec.offset, seq, rec.data, n);
    ngx_cc_history_append(&h->tail[rec.stream], rec.offset + n, seq + n,
                          rec.data + n, rec.len - n);

    ngx_cc_ring_skip(&h->floor, &rec);
    h->ring->tail = h->floor.pos;
}


/* without memory there are no ends, and larger gaps */

static void
ngx_cc_history_alloc(ngx_cc_history_t *h)
{
    int                     i;
    size_t                  half[2], size;
    uint8_t                *p;
    ngx_cc_history_end_t   *end[2 * NGX_CC_STREAMS];
    ngx_cc_history_mark_t  *mark;

    half[0] = h->output / 2;
    half[1] = h->output - half[0];

    size = 2 * NGX_CC_STREAMS
           * NGX_CC_HISTORY_MARKS * sizeof(ngx_cc_history_mark_t)
           + NGX_CC_STREAMS * h->output;

    p = mmap(NULL, size, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1,
             0);

    if (p == MAP_FAILED) {
        h->output = 0;
        return;
    }

    h->memory = p;
    h->memory_size = size;

    mark = (ngx_cc_history_mark_t *) p;
    p = (uint8_t *) (mark + 2 * NGX_CC_STREAMS * NGX_CC_HISTORY_MARKS);

    for (i = 0; i < NGX_CC_STREAMS; i++) {
        end[2 * i] = &h->head[i];
        end[2 * i + 1] = &h->tail[i];
    }

    for (i = 0; i < 2 * NGX_CC_STREAMS; i++) {
        end[i]->data = p;
        end[i]->size = half[i % 2];
        end[i]->mark = mark;
        p += half[i % 2];
        mark += NGX_CC_HISTORY_MARKS;
    }
}


/*
 * Puts bytes behind those that an end has, and lets go of the first of them for
 * it.  When there is no mark left for them, they belong to the one before: the
 * order stays, their seq is a little too small.
 */

static void
ngx_cc_history_append(ngx_cc_history_end_t *end, uint64_t offset, uint64_t seq,
    const uint8_t *p, size_t n)
{
    size_t                  at, part;
    ngx_cc_history_mark_t  *mark;

    if (n == 0 || end->size == 0) {
        return;
    }

    if (n >= end->size) {
        part = n - end->size;
        offset += part;
        seq += part;
        p += part;
        n -= part;
        end->to = offset;
        end->marks = 0;
    }

    if (end->to != offset || end->marks == 0) {
        end->from = offset;
        end->marks = 0;
    }

    at = offset % end->size;
    part = end->size - at;
    part = part < n ? part : n;
    memcpy(end->data + at, p, part);
    memcpy(end->data, p + part, n - part);

    end->to = offset + n;

    if (end->to - end->from > end->size) {
        end->from = end->to - end->size;
    }

    while (end->marks > 1) {
        mark = &end->mark[(end->first + 1) % NGX_CC_HISTORY_MARKS];

        if (mark->offset > end->from) {
            break;
        }

        end->first = (end->first + 1) % NGX_CC_HISTORY_MARKS;
        end->marks--;
    }

    if (end->marks < NGX_CC_HISTORY_MARKS) {
        mark = &end->mark[(end->first + end->marks) % NGX_CC_HISTORY_MARKS];
        mark->offset = offset;
        mark->seq = seq;
        end->marks++;
    }
}


void
ngx_cc_history_seek(const ngx_cc_history_t *h, ngx_cc_history_cursor_t *cursor,
    const uint64_t from[NGX_CC_STREAMS])
{
    int  i, end;

    cursor->ring = h->floor;
    end = 1;

    for (i = 0; i < NGX_CC_STREAMS; i++) {
        cursor->next[i] = from[i] < h->bytes[i] ? from[i] : h->bytes[i];
        end &= (cursor->next[i] == h->bytes[i]);
    }

    if (end) {
        cursor->ring.pos = h->ring->head;
        memcpy(cursor->ring.offset, h->bytes, sizeof(h->bytes));
    }
}


int
ngx_cc_history_next(const ngx_cc_history_t *h, ngx_cc_history_cursor_t *cursor,
    size_t max, ngx_cc_history_piece_t *piece)
{
    int                      i, behind[NGX_CC_STREAMS], steps;
    uint64_t                 skip;
    ngx_cc_ring_record_t     rec;
    ngx_cc_history_piece_t   other;

    ngx_cc_history_follow(h, cursor);

    behind[0] = ngx_cc_history_behind(h, cursor, 0, piece);
    behind[1] = ngx_cc_history_behind(h, cursor, 1, &other);

    if (behind[0] || behind[1]) {

        /* what was written first; a gap is no reason to wait */

        if (behind[1] && (!behind[0] || other.seq < piece->seq)) {
            *piece = other;
        }

        if (piece->len > max) {
            piece->len = max;
            piece->to = piece->offset + max;
        }

        cursor->next[piece->stream] = piece->to;
        return 1;
    }

    for (steps = 0; steps < NGX_CC_HISTORY_STEPS; steps++) {

        if (ngx_cc_ring_peek(&cursor->ring, h->ring->head, &rec) != 1) {
            return 0;
        }

        i = rec.stream;
        skip = cursor->next[i] - rec.offset;

        if (skip >= rec.len) {
            ngx_cc_ring_skip(&cursor->ring, &rec);
            continue;
        }

        piece->stream = i;
        piece->data = rec.data + skip;
        piece->len = rec.len - skip < max ? rec.len - skip : max;
        piece->offset = cursor->next[i];
        piece->to = piece->offset + piece->len;
        piece->seq = cursor->ring.pos + NGX_CC_RING_HEADER + skip;

        cursor->next[i] = piece->to;

        if (skip + piece->len == rec.len) {
            ngx_cc_ring_skip(&cursor->ring, &rec);
        }

        return 1;
    }

    return -1;
}


int
ngx_cc_history_more(const ngx_cc_history_t *h,
    const ngx_cc_history_cursor_t *cursor)
{
    int  i;

    for (i = 0; i < NGX_CC_STREAMS; i++) {
        if (cursor->next[i] < h->bytes[i]) {
            return 1;
        }
    }

    return 0;
}


/* records that the cursor stood at may have been dropped */

static void
ngx_cc_history_follow(const ngx_cc_history_t *h,
    ngx_cc_history_cursor_t *cursor)
{
    if (cursor->ring.pos < h->floor.pos) {
        cursor->ring = h->floor;
    }
}


/* 1 and a piece, when what is wanted of that stream is not in the ring */

static int
ngx_cc_history_behind(const ngx_cc_history_t *h,
    const ngx_cc_history_cursor_t *cursor, unsigned stream,
    ngx_cc_history_piece_t *piece)
{
    uint64_t                     next, end;
    const ngx_cc_history_end_t  *head, *tail;

    next = cursor->next[stream];
    end = h->floor.offset[stream];

    if (next >= end) {
        return 0;
    }

    head = &h->head[stream];
    tail = &h->tail[stream];

    piece->stream = stream;

    if (next < head->to) {
        ngx_cc_history_piece(head, next, piece);
        return 1;
    }

    if (tail->marks && next >= tail->from) {
        ngx_cc_history_piece(tail, next, piece);
        return 1;
    }

    piece->data = NULL;
    piece->len = 0;
    piece->offset = next;
    piece->to = tail->marks ? tail->from : end;
    piece->seq = 0;

    return 1;
}


/* bytes of an end from "offset" on, of one mark */

static void
ngx_cc_history_piece(const ngx_cc_history_end_t *end, uint64_t offset,
    ngx_cc_history_piece_t *piece)
{
    size_t                        at;
    uint32_t                      low, high, mid;
    uint64_t                      to;
    const ngx_cc_history_mark_t  *mark;

    low = 0;
    high = end->marks;

    while (high - low > 1) {
        mid = (low + high) / 2;
        mark = &end->mark[(end->first + mid) % NGX_CC_HISTORY_MARKS];

        if (mark->offset <= offset) {
            low = mid;

        } else {
            high = mid;
        }
    }

    to = end->to;

    if (high < end->marks) {
        to = end->mark[(end->first + high) % NGX_CC_HISTORY_MARKS].offset;
    }

    mark = &end->mark[(end->first + low) % NGX_CC_HISTORY_MARKS];
    at = offset % end->size;

    piece->data = end->data + at;
    piece->len = to - offset < end->size - at ? to - offset : end->size - at;
    piece->offset = offset;
    piece->to = offset + piece->len;
    piece->seq = mark->seq + (offset - mark->offset);
}


uint64_t
ngx_cc_history_least(const ngx_cc_history_t *h, unsigned stream)
{
    if (h->head[stream].to) {
        return 0;
    }

    return h->tail[stream].marks ? h->tail[stream].from
                                 : h->floor.offset[stream];
}


void
ngx_cc_history_trim(const ngx_cc_history_t *h)
{
    size_t   page, from, to, size;
    uint8_t *base;

    page = sysconf(_SC_PAGESIZE);
    size = h->ring->size;
    base = h->ring->base;

    if (h->ring->head - h->floor.pos == 0) {
        (void) madvise(base, size, MADV_REMOVE);
        return;
    }

    /* what is free begins behind the head, and may go round */

    from = (h->ring->head % size + page - 1) / page * page;
    to = h->floor.pos % size / page * page;

    if (h->ring->head % size > h->floor.pos % size) {
        (void) madvise(base, to, MADV_REMOVE);
        to = size;
    }

    if (from < to) {
        (void) madvise(base + from, to - from, MADV_REMOVE);
    }
}
