
/*
 * The ring that carries the output of one command from its helper to a
 * worker: records in shared memory.  The memory is mapped twice, side by
 * side, so that a record never wraps.
 *
 *   record = { u32 length, u8 stream, 3 x 0, u64 offset } payload, padded to 8
 *
 * A *position* counts every byte that was ever put into the ring (headers,
 * payload and padding) and stands at a record border wherever it crosses the
 * wire.  An *offset* counts payload bytes of one stream.  Head (written) and
 * tail (consumed) are positions and live in messages, never in the shared
 * memory: the other side cannot move them under our feet.
 *
 * The writer trusts no memory but its own; the reader copies a record's header
 * to a local, checks it, and uses the local only.
 */

#ifndef _NGX_CC_RING_H_INCLUDED_
#define _NGX_CC_RING_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>


#define NGX_CC_RING_HEADER    16
#define NGX_CC_RING_MIN       65536      /* least size of a ring, bytes */

#define NGX_CC_STDOUT         0
#define NGX_CC_STDERR         1
#define NGX_CC_STREAMS        2


typedef struct {
    uint8_t        *base;        /* 2 * size bytes are mapped here */
    size_t          size;        /* bytes, a multiple of the page size */
    size_t          window;      /* most bytes in use at a time, <= size */
    uint64_t        head;        /* position behind the last record */
    uint64_t        tail;        /* position up to which the reader is done */
} ngx_cc_ring_writer_t;


typedef struct {
    const uint8_t  *base;
    size_t          size;
    uint64_t        pos;         /* position of the current record */
    uint64_t        offset[NGX_CC_STREAMS];  /* next one expected */
} ngx_cc_ring_reader_t;


typedef struct {
    const uint8_t  *data;        /* payload, in shared memory */
    uint32_t        len;         /* bytes; 0 = a gap, see "to" */
    uint32_t        size;        /* bytes of the whole record in the ring */
    uint64_t        offset;      /* of the first payload byte in its stream */
    uint64_t        to;          /* of the byte behind it; a gap (of a kept
                                    command only): the bytes from "offset" to
                                    here are not held any more */
    uint64_t        seq;         /* position of the first payload byte */
    uint8_t         stream;      /* NGX_CC_STDOUT or NGX_CC_STDERR */
} ngx_cc_ring_record_t;


/*
 * Makes the memory of a ring of "size" bytes (rounded up to whole pages): a
 * close-on-exec memfd of that size, sealed against growing, shrinking and
 * further seals.  Returns the descriptor, owned by the caller, or -1 with
 * errno.
 */
int ngx_cc_ring_create(size_t size);

/*
 * Opens the same memory once more, read-only and close-on-exec, through
 * /proc/self/fd: what a worker gets.  Returns a descriptor or -1 with errno.
 */
int ngx_cc_ring_reopen(int fd);

/*
 * Maps fd twice side by side ("size": the file's, a multiple of the page
 * size; "writable": also for writing).  Returns the address or NULL with
 * errno.  The descriptor may be closed afterwards.
 */
uint8_t *ngx_cc_ring_map(int fd, size_t size, int writable);
void ngx_cc_ring_unmap(const uint8_t *base, size_t size);

/* empties the ring for a new command; "window" is cut to the ring's size */
void ngx_cc_ring_reset(ngx_cc_ring_writer_t *w, size_t window);

/*
 * The number of payload bytes that the next record may have; 0 when there is
 * less room than a quarter of the window (small reads into a nearly full ring
 * would only burn CPU).  *payload is where they go.
 */
size_t ngx_cc_ring_room(ngx_cc_ring_writer_t *w, uint8_t **payload);

/* ends the record whose n > 0 payload bytes were put where ring_room() said */
void ngx_cc_ring_commit(ngx_cc_ring_writer_t *w, uint8_t stream,
    uint64_t offset, size_t n);

/*
 * The reader is done with everything before "tail".  Returns 0, or -1 when
 * that is not between the old tail and the head (nothing changes then).
 */
int ngx_cc_ring_credit(ngx_cc_ring_writer_t *w, uint64_t tail);

/*
 * Gives the memory of an empty ring back to the kernel; it stays mapped and
 * reads as zeros.  Best effort.
 */
void ngx_cc_ring_release(ngx_cc_ring_writer_t *w);

/* starts reading at position 0, offsets 0 */
void ngx_cc_ring_rewind(ngx_cc_ring_reader_t *r);

/*
 * Looks at the record at r->pos, without moving.  Returns 1 and fills "rec";
 * 0 when r->pos has reached "head"; -1 when the record cannot be: length 0 or
 * beyond head, unknown stream, an offset that is not the expected one.
 */
int ngx_cc_ring_peek(ngx_cc_ring_reader_t *r, uint64_t head,
    ngx_cc_ring_record_t *rec);

/* moves behind a record that peek() gave */
void ngx_cc_ring_skip(ngx_cc_ring_reader_t *r,
    const ngx_cc_ring_record_t *rec);


#endif /* _NGX_CC_RING_H_INCLUDED_ */
