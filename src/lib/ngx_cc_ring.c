
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "ngx_cc_ring.h"


#define NGX_CC_RING_ALIGN(n)  (((n) + 7) & ~(size_t) 7)


/* how a record stands in the ring, before its payload */

typedef struct {
    uint32_t  length;
    uint8_t   stream;
    uint8_t   zero[3];
    uint64_t  offset;
} ngx_cc_ring_header_t;


_Static_assert(sizeof(ngx_cc_ring_header_t) == NGX_CC_RING_HEADER,
               "the header of a record has a fixed size");


int
ngx_cc_ring_create(size_t size)
{
    int     fd, err;
    size_t  page;

    page = sysconf(_SC_PAGESIZE);
    size = (size + page - 1) / page * page;

    fd = memfd_create("ngx_cc_ring", MFD_CLOEXEC|MFD_ALLOW_SEALING);

    if (fd == -1) {
        return -1;
    }

    if (ftruncate(fd, size) == -1
        || fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK|F_SEAL_GROW|F_SEAL_SEAL)
           == -1)
    {
        err = errno;
        (void) close(fd);
        errno = err;
        return -1;
    }

    return fd;
}


int
ngx_cc_ring_reopen(int fd)
{
    char  name[sizeof("/proc/self/fd/") + 16];

    (void) snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);

    return open(name, O_RDONLY|O_CLOEXEC);
}


uint8_t *
ngx_cc_ring_map(int fd, size_t size, int writable)
{
    int       i, prot, err;
    uint8_t  *base;

    prot = writable ? PROT_READ|PROT_WRITE : PROT_READ;

    base = mmap(NULL, 2 * size, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0);

    if (base == MAP_FAILED) {
        return NULL;
    }

    for (i = 0; i < 2; i++) {
        if (mmap(base + i * size, size, prot, MAP_SHARED|MAP_FIXED, fd, 0)
            == MAP_FAILED)
        {
            err = errno;
            (void) munmap(base, 2 * size);
            errno = err;
            return NULL;
        }
    }

    return base;
}


void
ngx_cc_ring_unmap(const uint8_t *base, size_t size)
{
    (void) munmap((void *) base, 2 * size);
}


void
ngx_cc_ring_reset(ngx_cc_ring_writer_t *w, size_t window)
{
    w->window = window < w->size ? window : w->size;
    w->head = 0;
    w->tail = 0;
}


size_t
ngx_cc_ring_room(ngx_cc_ring_writer_t *w, uint8_t **payload)
{
    size_t  room;

    room = w->window - (w->head - w->tail);

    if (room < w->window / 4 || room <= NGX_CC_RING_HEADER) {
        return 0;
    }

    *payload = w->base + w->head % w->size + NGX_CC_RING_HEADER;

    /* a multiple of 8, so the padding has room too */

    return (room - NGX_CC_RING_HEADER) & ~(size_t) 7;
}


void
ngx_cc_ring_commit(ngx_cc_ring_writer_t *w, uint8_t stream, uint64_t offset,
    size_t n)
{
    ngx_cc_ring_header_t  header;

    memset(&header, 0, sizeof(header));
    header.length = n;
    header.stream = stream;
    header.offset = offset;

    memcpy(w->base + w->head % w->size, &header, sizeof(header));

    w->head += NGX_CC_RING_HEADER + NGX_CC_RING_ALIGN(n);
}


int
ngx_cc_ring_credit(ngx_cc_ring_writer_t *w, uint64_t tail)
{
    if (tail < w->tail || tail > w->head) {
        return -1;
    }

    w->tail = tail;

    return 0;
}


void
ngx_cc_ring_release(ngx_cc_ring_writer_t *w)
{
    (void) madvise(w->base, w->size, MADV_REMOVE);
}


void
ngx_cc_ring_rewind(ngx_cc_ring_reader_t *r)
{
    r->pos = 0;
    memset(r->offset, 0, sizeof(r->offset));
}


int
ngx_cc_ring_peek(ngx_cc_ring_reader_t *r, uint64_t head,
    ngx_cc_ring_record_t *rec)
{
    uint64_t               room;
    const uint8_t         *p;
    ngx_cc_ring_header_t   header;

    if (r->pos == head) {
        return 0;
    }

    room = head - r->pos;

    if (head < r->pos || room > r->size || room <= NGX_CC_RING_HEADER) {
        return -1;
    }

    p = r->base + r->pos % r->size;
    memcpy(&header, p, sizeof(header));

    if (header.length == 0
        || header.length > room - NGX_CC_RING_HEADER
        || NGX_CC_RING_ALIGN(header.length) > room - NGX_CC_RING_HEADER
        || header.stream >= NGX_CC_STREAMS
        || header.offset != r->offset[header.stream])
    {
        return -1;
    }

    rec->data = p + NGX_CC_RING_HEADER;
    rec->len = header.length;
    rec->size = NGX_CC_RING_HEADER + NGX_CC_RING_ALIGN(header.length);
    rec->offset = header.offset;
    rec->to = header.offset + header.length;
    rec->seq = r->pos + NGX_CC_RING_HEADER;
    rec->stream = header.stream;

    return 1;
}


void
ngx_cc_ring_skip(ngx_cc_ring_reader_t *r, const ngx_cc_ring_record_t *rec)
{
    r->pos += rec->size;
    r->offset[rec->stream] += rec->len;
}
