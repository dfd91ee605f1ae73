
/*
 * Output of a kept command, gathered from DATA: bytes of both streams in the
 * order in which they were read, and what was missing between them.  Bounded in
 * bytes and in pieces.
 */

#ifndef _NGX_CC_GATHER_H_INCLUDED_
#define _NGX_CC_GATHER_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_ring.h"
#include "ngx_cc_wire_kept.h"


#define NGX_CC_GATHER_PIECES  4096   /* changes from one stream to the other
                                        and gaps, at most */


/* bytes of one stream, or (len 0) a gap in it */

typedef struct {
    uint64_t            from;        /* offset */
    uint64_t            to;          /* the offset behind it */
    size_t              len;
    ngx_uint_t          stream;
} ngx_cc_gather_piece_t;


typedef struct {
    size_t                  max;         /* bytes wanted */
    ngx_uint_t              streams;     /* NGX_CC_EOF_*: those wanted */
    ngx_cc_gather_piece_t  *piece;       /* n of them, in order; own memory */
    ngx_uint_t              n;
    ngx_uint_t              room;        /* for pieces */
    u_char                 *data;        /* their bytes, one behind the other */
    size_t                  len;
    size_t                  size;
    uint64_t                next[NGX_CC_STREAMS];    /* where to go on */
    uint64_t                dropped;     /* bytes in gaps */
    ngx_uint_t              full;        /* no more of it is wanted */
} ngx_cc_gather_t;


/* begins: "next" is where each stream was told to begin */
void ngx_cc_gather_init(ngx_cc_gather_t *g, size_t max, ngx_uint_t streams);

/*
 * Takes what a DATA that has passed the check brings, until max bytes are
 * there.  NGX_OK, or NGX_ERROR (no memory).
 */
ngx_int_t ngx_cc_gather_add(ngx_cc_gather_t *g,
    const ngx_cc_wire_data_t *data, ngx_log_t *log);

/* forgets bytes from the beginning, until at most "max" are left */
void ngx_cc_gather_last(ngx_cc_gather_t *g, size_t max);

/* where what is left of each stream begins: "next" when nothing is */
void ngx_cc_gather_from(const ngx_cc_gather_t *g,
    uint64_t from[NGX_CC_STREAMS]);

/*
 * Leaves "max" bytes, the first and the last half of them; what is cut out
 * between them is a gap of each stream, and counts as dropped.  NGX_OK;
 * NGX_DECLINED: it is not longer; NGX_ERROR (no memory).
 */
ngx_int_t ngx_cc_gather_ends(ngx_cc_gather_t *g, size_t max, ngx_log_t *log);

void ngx_cc_gather_free(ngx_cc_gather_t *g);


#endif /* _NGX_CC_GATHER_H_INCLUDED_ */
