
/*
 * The ring: a reader of memory and of heads that somebody forged stays inside
 * the ring; a writer and a reader that play by the rules agree on every byte.
 */

#include "fuzz.h"
#include "ngx_cc_ring.h"


#define SIZE  4096


static uint8_t  sink;


static void
hostile(fuzz_in_t *in)
{
    int                    rc;
    size_t                 i, n;
    uint8_t               *base;
    uint64_t               head, before;
    ngx_cc_ring_reader_t   r;
    ngx_cc_ring_record_t   rec;

    base = calloc(2, SIZE);
    fuzz_check(base != NULL);

    memset(&r, 0, sizeof(r));
    r.base = base;
    r.size = SIZE;
    ngx_cc_ring_rewind(&r);
    r.pos = fuzz_u16(in) & ~7u;
    head = r.pos;

    /* a helper that writes anything anywhere and says any head */

    while (fuzz_left(in)) {
        i = fuzz_u16(in) % SIZE;
        n = fuzz_byte(in);
        n = n < fuzz_left(in) ? n : fuzz_left(in);
        n = n < SIZE - i ? n : SIZE - i;
        memcpy(base + i, in->p, n);
        memcpy(base + SIZE + i, in->p, n);
        in->p += n;

        if (fuzz_byte(in) % 8 == 0) {
            head -= fuzz_u16(in);

        } else {
            head += fuzz_byte(in) * 8;
        }

        for ( ;; ) {
            before = r.pos;
            rc = ngx_cc_ring_peek(&r, head, &rec);
            fuzz_check(r.pos == before);

            if (rc != 1) {
                break;
            }

            fuzz_check(rec.len > 0 && rec.stream < NGX_CC_STREAMS);
            fuzz_check(rec.size > rec.len && rec.size <= head - r.pos);
            fuzz_check(rec.data >= base);
            fuzz_check(rec.data + rec.len <= base + 2 * SIZE);

            for (i = 0; i < rec.len; i++) {
                sink ^= rec.data[i];
            }

            ngx_cc_ring_skip(&r, &rec);
            fuzz_check(r.pos == before + rec.size && r.pos <= head);
        }

        fuzz_check(rc == -1 || r.pos == head);
    }

    free(base);
}


/* what byte k of a stream is */

static uint8_t
nth(unsigned stream, uint64_t k)
{
    return (uint8_t) (k * 131 + (k >> 8) + stream * 77);
}


static void
honest(fuzz_in_t *in)
{
    int                    rc, fd;
    size_t                 i, n, room;
    uint8_t               *payload;
    unsigned               stream;
    uint64_t               offset[2], read[2];
    ngx_cc_ring_writer_t   w;
    ngx_cc_ring_reader_t   r;
    ngx_cc_ring_record_t   rec;

    memset(&w, 0, sizeof(w));
    memset(&r, 0, sizeof(r));
    memset(offset, 0, sizeof(offset));
    memset(read, 0, sizeof(read));

    fd = ngx_cc_ring_create(SIZE);
    fuzz_check(fd != -1);
    w.base = ngx_cc_ring_map(fd, SIZE, 1);
    r.base = ngx_cc_ring_map(fd, SIZE, 0);
    fuzz_check(w.base != NULL && r.base != NULL);
    w.size = SIZE;
    r.size = SIZE;
    ngx_cc_ring_reset(&w, 1024 + fuzz_u16(in) % SIZE);
    ngx_cc_ring_rewind(&r);

    while (fuzz_left(in)) {
        n = fuzz_u16(in);
        stream = n & 1;
        n >>= 1;

        switch (fuzz_byte(in) % 4) {

        case 0:
        case 1:
            room = ngx_cc_ring_room(&w, &payload);
            fuzz_check(room <= w.window - (w.head - w.tail));
            fuzz_check(room == 0 || room + NGX_CC_RING_HEADER
                                    >= w.window / 4 - 8);

            if (room == 0) {
                break;
            }

            n = 1 + n % room;

            for (i = 0; i < n; i++) {
                payload[i] = nth(stream, offset[stream] + i);
            }

            ngx_cc_ring_commit(&w, stream, offset[stream], n);
            offset[stream] += n;
            break;

        case 2:
            for (i = 0; i < n % 8; i++) {
                rc = ngx_cc_ring_peek(&r, w.head, &rec);
                fuzz_check(rc == 1 || r.pos == w.head);

                if (rc != 1) {
                    break;
                }

                fuzz_check(rec.offset == read[rec.stream]);

                for (room = 0; room < rec.len; room++) {
                    fuzz_check(rec.data[room]
                               == nth(rec.stream, rec.offset + room));
                }

                read[rec.stream] += rec.len;
                ngx_cc_ring_skip(&r, &rec);
            }

            break;

        default:

            /* one time in four the reader lies */

            if (n % 4 == 0) {
                rc = ngx_cc_ring_credit(&w, w.head + 1 + n);
                fuzz_check(rc == -1);

            } else {
                rc = ngx_cc_ring_credit(&w, r.pos);
                fuzz_check(rc == 0);
            }
        }

        fuzz_check(w.head - w.tail <= w.window);
        fuzz_check(read[0] <= offset[0] && read[1] <= offset[1]);
    }

    ngx_cc_ring_unmap(w.base, SIZE);
    ngx_cc_ring_unmap(r.base, SIZE);
    (void) fclose(fdopen(fd, "r"));
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_in_t  in = { data, data + size };

    if (fuzz_byte(&in) % 4) {
        hostile(&in);

    } else {
        honest(&in);
    }

    return 0;
}
