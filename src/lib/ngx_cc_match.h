
/*
 * Plain patterns in output that comes in pieces: a few at a time, found over
 * every border between pieces, each stream by itself.  The one that ends first
 * counts, of those that end together the one that was added first.
 */

#ifndef _NGX_CC_MATCH_H_INCLUDED_
#define _NGX_CC_MATCH_H_INCLUDED_


#include "ngx_cc_readable.h"


#define NGX_CC_MATCH_PATTERNS  8
#define NGX_CC_MATCH_PATTERN   256   /* bytes of one */
#define NGX_CC_MATCH_STREAMS   2


/* where in the output its text is; all zero = at the beginning */

typedef struct {
    ngx_cc_readable_t  readable;
    uint8_t         cr;          /* a CR that is no text yet */
} ngx_cc_match_text_t;


typedef struct {
    ngx_cc_match_text_t  text;
    uint16_t        len;         /* bytes of "last" */
    uint8_t         last[NGX_CC_MATCH_PATTERN - 1];
} ngx_cc_match_stream_t;


typedef struct {
    uint16_t        n;           /* patterns */
    uint16_t        longest;
    uint16_t        len[NGX_CC_MATCH_PATTERNS];
    uint8_t         pattern[NGX_CC_MATCH_PATTERNS][NGX_CC_MATCH_PATTERN];
    int             ansi;
    ngx_cc_match_stream_t  stream[NGX_CC_MATCH_STREAMS];
} ngx_cc_match_t;


/*
 * No patterns yet.  "ansi": they are looked for in what a reader is shown
 * (ngx_cc_shown.h), not in the bytes of the output: escape sequences are left
 * out, and CR LF, as a terminal writes it, is a newline.  What was shown and
 * then overwritten is found, too.
 */
void ngx_cc_match_init(ngx_cc_match_t *m, int ansi);

/*
 * Adds a pattern, 1..NGX_CC_MATCH_PATTERN bytes; 0, or -1 when it cannot.  CR
 * LF in it is a newline where it is one in the output.
 */
int ngx_cc_match_add(ngx_cc_match_t *m, const void *p, size_t n);

/*
 * The next n bytes of a stream.  Returns 1 when they complete a pattern: *which
 * is its number, *end how many of the n bytes it took; feeding ends there.
 * Else 0.
 */
int ngx_cc_match_feed(ngx_cc_match_t *m, unsigned stream, const uint8_t *p,
    size_t n, unsigned *which, size_t *end);

/* bytes of that stream are missing: what was before does not count any more */
void ngx_cc_match_gap(ngx_cc_match_t *m, unsigned stream);


#endif /* _NGX_CC_MATCH_H_INCLUDED_ */
