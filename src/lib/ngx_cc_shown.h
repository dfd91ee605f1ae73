
/*
 * Output as somebody sees it who looks at it later and has no terminal: what is
 * for terminals only is left out or made readable (ngx_cc_readable.h), and of a
 * line that was overwritten after a carriage return (a progress bar) only the
 * last form is left.  CR LF is a newline.  Behind a backspace (a spinner,
 * letters that are printed twice) what follows stands over what was there, as
 * far back as NGX_CC_SHOWN_BACK bytes.
 */

#ifndef _NGX_CC_SHOWN_H_INCLUDED_
#define _NGX_CC_SHOWN_H_INCLUDED_


#include "ngx_cc_readable.h"


#define NGX_CC_SHOWN_BACK  1024      /* what stands behind is moved, perhaps */


/* of one stream; all zero = nothing was shown yet */

typedef struct {
    ngx_cc_readable_t   readable;
    size_t              line;        /* where its last line begins */
    size_t              at;          /* where the next character goes, if
                                        "back" */
    unsigned            back:1;      /* not to the end */
    unsigned            cr:1;        /* the last byte was a CR */
} ngx_cc_shown_t;


/* something else was added to the text: what is before "pos" stays */
void ngx_cc_shown_from(ngx_cc_shown_t *shown, size_t pos);

/*
 * Adds n bytes to a text of "pos" bytes, which has room for 2 * n more; returns
 * its new length, which may be less than before.
 */
size_t ngx_cc_shown_add(ngx_cc_shown_t *shown, uint8_t *text, size_t pos,
    const uint8_t *src, size_t n);


#endif /* _NGX_CC_SHOWN_H_INCLUDED_ */
