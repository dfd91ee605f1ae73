
/*
 * UTF-8 (RFC 3629; Unicode 15, table 3-7): incremental validation of what
 * clients send, and the two questions that arise when bytes of a command are
 * cut into messages: where may I cut, and how long is the broken part here.
 */

#ifndef _NGX_CC_UTF8_H_INCLUDED_
#define _NGX_CC_UTF8_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>


/* all zero = at a character border */

typedef struct {
    uint8_t         need;        /* continuation bytes to come, 0..3 */
    uint8_t         low;         /* least and greatest value of the next one */
    uint8_t         high;
} ngx_cc_utf8_t;


/*
 * Validates the next n bytes of a text that comes in pieces.  Returns n when
 * all may stand where they are, else the index of the first byte that makes
 * the text invalid (the state is then undefined).  ASCII runs are skipped 16
 * bytes at a time.
 */
size_t ngx_cc_utf8_check(ngx_cc_utf8_t *u, const uint8_t *p, size_t n);

/* the scalar twin of ngx_cc_utf8_check(), for the tests: same results */
size_t ngx_cc_utf8_check_scalar(ngx_cc_utf8_t *u, const uint8_t *p, size_t n);

/* 1 when the text so far ends at a character border, else 0 */
int ngx_cc_utf8_done(const ngx_cc_utf8_t *u);

/*
 * The number of bytes, 0..n, before which p may be cut without dividing a
 * character: n, or less by 1..3 when p ends in the beginning of a character
 * that more bytes could complete.  Bytes that are broken in any case do not
 * hold a cut back.
 */
size_t ngx_cc_utf8_cut(const uint8_t *p, size_t n);

/*
 * Looks at the character at p (n >= 1 bytes).  Returns its length 1..4 when it
 * is well-formed; 0 when p ends before it does (only possible for n < 4);
 * else minus the length of the broken part that one U+FFFD stands for
 * ("maximal subpart", Unicode 15, section 3.9: -1..-3).
 */
int ngx_cc_utf8_char(const uint8_t *p, size_t n);


/*
 * For the hot paths, which load four bytes at once and judge what they loaded:
 * the length 2..4 of the well-formed character of more than one byte at the
 * low end of w (its first byte is the lowest, whatever the machine), or 0 when
 * there is ASCII or something broken.
 */
static inline unsigned
ngx_cc_utf8_word(uint32_t w)
{
    uint32_t  bits;

    if ((w & 0xc0c0f0) == 0x8080e0) {

        /* the bits that tell overlong forms and surrogates */

        bits = w & 0x200f;

        return bits != 0 && bits != 0x200d ? 3 : 0;
    }

    if ((w & 0xc0e0) == 0x80c0) {
        return (w & 0x1e) ? 2 : 0;
    }

    if ((w & 0xc0c0c0f8) == 0x808080f0) {

        /* five bits of the plane; planes 1 to 16 exist */

        bits = ((w & 0x07) << 2) | ((w >> 12) & 0x03);

        return bits >= 1 && bits <= 16 ? 4 : 0;
    }

    return 0;
}


#endif /* _NGX_CC_UTF8_H_INCLUDED_ */
