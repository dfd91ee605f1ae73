
/*
 * Output of commands for somebody who has no terminal: what only a terminal
 * understands (escape sequences, ECMA-48) is left out, other control characters
 * are written as ^X, as cat -v does it.  Newline, tab and carriage return stay.
 */

#ifndef _NGX_CC_READABLE_H_INCLUDED_
#define _NGX_CC_READABLE_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>


/* all zero = in the middle of nothing */

typedef struct {
    uint8_t         state;
    uint16_t        len;         /* bytes of the sequence so far */
} ngx_cc_readable_t;


/*
 * As ngx_cc_json_escape() with "final": escapes src as the inside of a JSON
 * string to *dst, never beyond dst_end, and returns how many bytes of src were
 * taken.  A sequence may go on in the next call.  One that does not end (a new
 * line, another control character, NGX_CC_READABLE_MAX bytes) is given up, and
 * what follows is text again.
 */
#define NGX_CC_READABLE_MAX   4096

size_t ngx_cc_readable_escape(ngx_cc_readable_t *rd, uint8_t **dst,
    uint8_t *dst_end, const uint8_t *src, size_t n, int *lossy);

/*
 * The same for one byte, as plain bytes, not JSON: writes what is left of it
 * to dst, and returns how many bytes that is (0, 1 or 2).
 */
size_t ngx_cc_readable_byte(ngx_cc_readable_t *rd, uint8_t c, uint8_t *dst);


#endif /* _NGX_CC_READABLE_H_INCLUDED_ */
