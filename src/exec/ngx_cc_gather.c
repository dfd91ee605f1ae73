
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_gather.h"
#include "ngx_cc_utf8.h"


#define NGX_CC_GATHER_FIRST   512    /* bytes: most of what is read is short */
#define NGX_CC_GATHER_FEW     8      /* pieces */


static ngx_int_t ngx_cc_gather_record(ngx_cc_gather_t *g,
    const ngx_cc_wire_record_t *rec, ngx_log_t *log);
static ngx_cc_gather_piece_t *ngx_cc_gather_piece(ngx_cc_gather_t *g,
    const ngx_cc_wire_record_t *rec, ngx_log_t *log);
static ngx_int_t ngx_cc_gather_grow(ngx_cc_gather_t *g, size_t n,
    ngx_log_t *log);
static void ngx_cc_gather_border(const ngx_cc_gather_t *g, size_t *begin,
    size_t *end);
static void ngx_cc_gather_push(ngx_cc_gather_t *g,
    const ngx_cc_gather_piece_t *piece, size_t skip, size_t len);
static void ngx_cc_gather_gaps(ngx_cc_gather_t *g,
    ngx_cc_gather_piece_t *gaps);
static void *ngx_cc_gather_more(void *p, size_t used, size_t size,
    ngx_log_t *log);


void
ngx_cc_gather_init(ngx_cc_gather_t *g, size_t max, ngx_uint_t streams)
{
    ngx_memzero(g, sizeof(ngx_cc_gather_t));
    g->max = max;
    g->streams = streams;
}


ngx_int_t
ngx_cc_gather_add(ngx_cc_gather_t *g, const ngx_cc_wire_data_t *data,
    ngx_log_t *log)
{
    size_t                       pos;
    const ngx_cc_wire_record_t  *rec;

    pos = 0;

    while (!g->full && (rec = ngx_cc_wire_kept_record(data, &pos)) != NULL) {

        if ((g->streams & (1u << rec->stream))
            && ngx_cc_gather_record(g, rec, log) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_cc_gather_record(ngx_cc_gather_t *g, const ngx_cc_wire_record_t *rec,
    ngx_log_t *log)
{
    size_t                  n;
    ngx_cc_gather_piece_t  *piece;

    n = ngx_min(rec->len, g->max - g->len);

    if (rec->len && n == 0) {
        g->full = 1;
        return NGX_OK;
    }

    if (n && ngx_cc_gather_grow(g, n, log) != NGX_OK) {
        return NGX_ERROR;
    }

    piece = ngx_cc_gather_piece(g, rec, log);

    if (piece == NULL) {
        return g->full ? NGX_OK : NGX_ERROR;
    }

    if (rec->len == 0) {
        piece->to = rec->to;
        g->dropped += rec->to - rec->offset;
        g->next[rec->stream] = rec->to;
        return NGX_OK;
    }

    ngx_memcpy(g->data + g->len, rec + 1, n);
    g->len += n;
    piece->len += n;
    piece->to += n;
    g->next[rec->stream] = piece->to;
    g->full = (g->len == g->max);

    return NGX_OK;
}


/* the last one, when it goes on, or a new one; NULL: "full", or no memory */

static ngx_cc_gather_piece_t *
ngx_cc_gather_piece(ngx_cc_gather_t *g, const ngx_cc_wire_record_t *rec,
    ngx_log_t *log)
{
    void                   *p;
    ngx_uint_t              room;
    ngx_cc_gather_piece_t  *piece;

    if (g->n) {
        piece = &g->piece[g->n - 1];

        if (piece->stream == rec->stream && piece->to == rec->offset
            && (piece->len != 0) == (rec->len != 0))
        {
            return piece;
        }
    }

    if (g->n == NGX_CC_GATHER_PIECES) {
        g->full = 1;
        return NULL;
    }

    if (g->n == g->room) {
        room = g->room ? 2 * g->room : NGX_CC_GATHER_FEW;
        p = ngx_cc_gather_more(g->piece, g->n * sizeof(*piece),
                               room * sizeof(*piece), log);
        if (p == NULL) {
            return NULL;
        }

        g->piece = p;
        g->room = room;
    }

    piece = &g->piece[g->n++];
    piece->from = rec->offset;
    piece->to = rec->offset;
    piece->len = 0;
    piece->stream = rec->stream;

    return piece;
}


static ngx_int_t
ngx_cc_gather_grow(ngx_cc_gather_t *g, size_t n, ngx_log_t *log)
{
    void    *p;
    size_t   size;

    if (g->size - g->len >= n) {
        return NGX_OK;
    }

    size = ngx_max(2 * g->size, NGX_CC_GATHER_FIRST);
    size = ngx_max(size, g->len + n);
    size = ngx_min(size, g->max);

    p = ngx_cc_gather_more(g->data, g->len, size, log);

    if (p == NULL) {
        return NGX_ERROR;
    }

    g->data = p;
    g->size = size;

    return NGX_OK;
}


static void *
ngx_cc_gather_more(void *p, size_t used, size_t size, ngx_log_t *log)
{
    void  *q;

    q = ngx_alloc(size, log);

    if (q == NULL) {
        return NULL;
    }

    if (p) {
        ngx_memcpy(q, p, used);
        ngx_free(p);
    }

    return q;
}


void
ngx_cc_gather_last(ngx_cc_gather_t *g, size_t max)
{
    size_t                  n, cut;
    ngx_uint_t              i;
    ngx_cc_gather_piece_t  *piece;

    if (g->len <= max) {
        return;
    }

    cut = g->len - max;

    for (i = 0, n = cut; i < g->n; i++) {
        piece = &g->piece[i];

        if (piece->len > n) {
            piece->from += n;
            piece->len -= n;
            break;
        }

        n -= piece->len;

        if (piece->len == 0) {
            /* nobody asked for what was there */
            g->dropped -= piece->to - piece->from;
        }
    }

    g->n -= i;
    ngx_memmove(g->piece, g->piece + i, g->n * sizeof(*piece));

    g->len = max;
    ngx_memmove(g->data, g->data + cut, max);
}


ngx_int_t
ngx_cc_gather_ends(ngx_cc_gather_t *g, size_t max, ngx_log_t *log)
{
    size_t                  begin, end, at, a, b;
    ngx_uint_t              i, n;
    ngx_cc_gather_piece_t  *old, *piece, *gap, gaps[NGX_CC_STREAMS];

    if (g->len <= max) {
        return NGX_DECLINED;
    }

    old = g->piece;
    n = g->n;

    g->piece = ngx_alloc((n + 2 * NGX_CC_STREAMS + 2) * sizeof(*old), log);

    if (g->piece == NULL) {
        g->piece = old;
        return NGX_ERROR;
    }

    g->room = n + 2 * NGX_CC_STREAMS + 2;
    g->n = 0;

    begin = max / 2;
    end = g->len - (max - max / 2);

    for (i = 0; i < NGX_CC_STREAMS; i++) {
        gaps[i].from = 0;
        gaps[i].to = 0;
        gaps[i].stream = i;
        gaps[i].len = 0;
    }

    ngx_cc_gather_border(&(ngx_cc_gather_t) { .piece = old, .n = n,
                                              .data = g->data },
                         &begin, &end);

    for (i = 0, at = 0; i < n; at += piece->len, i++) {

        piece = &old[i];
        gap = &gaps[piece->stream];

        if (piece->len == 0 && (at <= begin || at >= end)) {

            if (at >= end) {
                ngx_cc_gather_gaps(g, gaps);
            }

            g->piece[g->n++] = *piece;
            continue;
        }

        /* what of it is cut out: from a to b, in it */

        a = begin > at ? ngx_min(begin - at, piece->len) : 0;
        b = end > at ? ngx_min(end - at, piece->len) : 0;

        ngx_cc_gather_push(g, piece, 0, a);

        if (b > a || piece->len == 0) {
            gap->from = gap->to ? gap->from : piece->from + a;
            gap->to = piece->len ? piece->from + b : piece->to;
            g->dropped += b - a;
        }

        if (b < piece->len) {
            ngx_cc_gather_gaps(g, gaps);
            ngx_cc_gather_push(g, piece, b, piece->len - b);
        }
    }

    /* with "max" 0 nothing stands behind them */

    ngx_cc_gather_gaps(g, gaps);

    ngx_memmove(g->data + begin, g->data + end, g->len - end);
    g->len -= end - begin;
    ngx_free(old);

    return NGX_OK;
}


/* no character is cut in two, if it is one */

static void
ngx_cc_gather_border(const ngx_cc_gather_t *g, size_t *begin, size_t *end)
{
    size_t                        at, last;
    ngx_uint_t                    i;
    const ngx_cc_gather_piece_t  *piece;

    for (i = 0, at = 0; i < g->n; at = last, i++) {

        piece = &g->piece[i];
        last = at + piece->len;

        if (*begin > at && *begin < last) {
            *begin = at + ngx_cc_utf8_cut(g->data + at, *begin - at);
        }

        if (*end > at && *end < last) {

            for (last = ngx_min(last, *end + 3);
                 *end < last && (g->data[*end] & 0xc0) == 0x80;
                 (*end)++)
            {
                /* void */
            }

            return;
        }
    }
}


static void
ngx_cc_gather_push(ngx_cc_gather_t *g, const ngx_cc_gather_piece_t *piece,
    size_t skip, size_t len)
{
    ngx_cc_gather_piece_t  *p;

    if (len) {
        p = &g->piece[g->n++];
        p->from = piece->from + skip;
        p->to = p->from + len;
        p->len = len;
        p->stream = piece->stream;
    }
}


/* those that are there, once */

static void
ngx_cc_gather_gaps(ngx_cc_gather_t *g, ngx_cc_gather_piece_t *gaps)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_CC_STREAMS; i++) {
        if (gaps[i].to) {
            g->piece[g->n++] = gaps[i];
            gaps[i].to = 0;
        }
    }
}


void
ngx_cc_gather_from(const ngx_cc_gather_t *g, uint64_t from[NGX_CC_STREAMS])
{
    ngx_uint_t  i;

    ngx_memcpy(from, g->next, sizeof(g->next));

    for (i = g->n; i--; /* void */ ) {
        from[g->piece[i].stream] = g->piece[i].from;
    }
}


void
ngx_cc_gather_free(ngx_cc_gather_t *g)
{
    if (g->piece) {
        ngx_free(g->piece);
        g->piece = NULL;
    }

    if (g->data) {
        ngx_free(g->data);
        g->data = NULL;
    }
}
