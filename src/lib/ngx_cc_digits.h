
/*
 * Numbers as decimal digits, for output that is made of them.
 */

#ifndef _NGX_CC_DIGITS_H_INCLUDED_
#define _NGX_CC_DIGITS_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>
#include <string.h>


#define NGX_CC_DIGITS_MAX  20        /* of any number of 64 bits */


/* how many digits n has */

static inline size_t
ngx_cc_digits_count(uint64_t n)
{
    size_t    digits;
    uint64_t  limit;

    digits = 1;

    for (limit = 10; n >= limit && digits < NGX_CC_DIGITS_MAX; limit *= 10) {
        digits++;
    }

    return digits;
}


/*
 * Writes n, which has so many digits, two at a time and straight to where it
 * belongs: what is read back at once would wait for what was stored.
 */

static inline void
ngx_cc_digits_write(uint8_t *p, uint64_t n, size_t digits)
{
    static const char  pairs[] =
        "0001020304050607080910111213141516171819202122232425262728293031323334"
        "3536373839404142434445464748495051525354555657585960616263646566676869"
        "707172737475767778798081828384858687888990919293949596979899";

    for ( /* void */ ; digits >= 2; n /= 100) {
        digits -= 2;
        memcpy(p + digits, &pairs[n % 100 * 2], 2);
    }

    if (digits) {
        *p = (uint8_t) ('0' + n);
    }
}


#endif /* _NGX_CC_DIGITS_H_INCLUDED_ */
