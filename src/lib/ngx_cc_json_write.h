
/*
 * JSON text (RFC 8259) into a bounded buffer.  Two sides:
 *
 *   ngx_cc_json_t     a writer for messages of known, small size: it never
 *                     writes beyond its end and remembers that it would have
 *   ngx_cc_json_escape()   the hot path: output of commands, any number of
 *                     bytes, resumable wherever room or input ends
 */

#ifndef _NGX_CC_JSON_WRITE_H_INCLUDED_
#define _NGX_CC_JSON_WRITE_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>


/* the longest text that one input byte can become: \u00XX */

#define NGX_CC_JSON_MAX_ESCAPE   6


typedef struct {
    uint8_t        *pos;         /* next byte to write */
    uint8_t        *end;         /* first byte that is not ours */
    unsigned        overflow:1;  /* something did not fit; sticky; what had
                                    been written before stays, and nothing
                                    is written after it */
} ngx_cc_json_t;


/*
 * Escapes src as the inside of a JSON string, without the quotes, to *dst
 * (moved behind what was written, never beyond dst_end).  Returns the number
 * of bytes of src that were taken.  Stops early when
 *   - the next character does not fit (nothing of it is written), or
 *   - src ends inside a character that more bytes could complete, unless
 *     "final" is set: then the rest counts as broken.
 * A broken part becomes U+FFFD and sets *lossy to 1 (never cleared here).
 * Control characters become \b \t \n \f \r or \u00XX; 0x7f and all other
 * characters are copied.  Memory at src may change while it is read (it is
 * shared with another process): the result is then any valid JSON text.
 * Bytes between the new *dst and dst_end may have been overwritten.
 */
size_t ngx_cc_json_escape(uint8_t **dst, uint8_t *dst_end, const uint8_t *src,
    size_t n, int final, int *lossy);

/* the scalar twin, for the tests: same results, byte by byte */
size_t ngx_cc_json_escape_scalar(uint8_t **dst, uint8_t *dst_end,
    const uint8_t *src, size_t n, int final, int *lossy);

/* copies n bytes of ready JSON text */
void ngx_cc_json_raw(ngx_cc_json_t *w, const void *p, size_t n);

/* a literal: ngx_cc_json_lit(w, "{\"a\":") */
#define ngx_cc_json_lit(w, s)  ngx_cc_json_raw(w, s, sizeof(s) - 1)

/* a quoted, escaped string (repaired to UTF-8 where it has to be) */
void ngx_cc_json_string(ngx_cc_json_t *w, const void *p, size_t n);

/* the same for a text that ends with NUL */
void ngx_cc_json_cstring(ngx_cc_json_t *w, const char *s);

/* decimal integers */
void ngx_cc_json_uint(ngx_cc_json_t *w, uint64_t n);
void ngx_cc_json_int(ngx_cc_json_t *w, int64_t n);

/* microseconds as seconds with up to six decimals, no trailing zeros, at
 * least one decimal: 410000 -> 0.41, 0 -> 0.0, 2000000 -> 2.0 */
void ngx_cc_json_seconds(ngx_cc_json_t *w, uint64_t usec);

/* true or false */
void ngx_cc_json_bool(ngx_cc_json_t *w, int on);


#endif /* _NGX_CC_JSON_WRITE_H_INCLUDED_ */
