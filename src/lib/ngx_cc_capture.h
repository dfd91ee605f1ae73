
/*
 * The output of one stream, kept for a single answer: all of it while it is
 * short, else its beginning and its end.  Memory grows with what comes, to the
 * limit and not beyond.
 */

#ifndef _NGX_CC_CAPTURE_H_INCLUDED_
#define _NGX_CC_CAPTURE_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>


#define NGX_CC_CAPTURE_PIECES  4


/* all zero, but for "limit": nothing has come yet */

typedef struct {
    uint8_t    *buf;             /* "size" bytes: head, then a circle */
    size_t      size;
    size_t      limit;           /* most bytes to be kept */
    uint64_t    total;           /* bytes received, or missing */
    uint64_t    first;           /* "since": bytes before the first gap */
    uint64_t    since;           /* offset behind the last gap; 0 = none */
} ngx_cc_capture_t;


typedef struct {
    const uint8_t  *data;
    size_t          len;
} ngx_cc_capture_piece_t;


/* a capture cut to a length: what remains, ready to be written in order */

typedef struct {
    ngx_cc_capture_piece_t  head;
    ngx_cc_capture_piece_t  tail[NGX_CC_CAPTURE_PIECES - 1];
    uint8_t                 seam[4];     /* a character across the circle's
                                            border */
    uint64_t                cut;         /* bytes left out between the two */
} ngx_cc_capture_cut_t;


/*
 * n more bytes.  Returns 0, or -1 when there is no memory: nothing is kept any
 * more then (limit 0), only counted.
 */
int ngx_cc_capture_add(ngx_cc_capture_t *c, const uint8_t *p, size_t n);

/* n bytes are missing here: whoever brings the output does not have them */
void ngx_cc_capture_skip(ngx_cc_capture_t *c, uint64_t n);

/*
 * What is kept, cut to "limit" bytes (<= c->limit) if it is longer: the first
 * and the last half of them, less some bytes where a half would begin or end
 * inside a character, or the bytes are missing.  No piece divides a well-formed
 * character.  The result points into c and into itself.
 */
void ngx_cc_capture_cut(const ngx_cc_capture_t *c, size_t limit,
    ngx_cc_capture_cut_t *cut);

/* frees the memory; "total" stays */
void ngx_cc_capture_free(ngx_cc_capture_t *c);


#endif /* _NGX_CC_CAPTURE_H_INCLUDED_ */
