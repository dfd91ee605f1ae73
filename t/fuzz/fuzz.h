
/*
 * What every fuzz target shares.  A target is one file NAME.c with libFuzzer's
 * entry point; it gets any bytes and must neither crash, nor leak, nor break
 * a promise of the header that it tests (fuzz_check).
 *
 * Two programs are made of it: build/fuzz/NAME, which searches for new inputs
 * (clang, "make fuzz"), and build/replay/NAME, which runs the inputs of
 * t/fuzz/corpus/NAME once (gcc, replay.c, part of "make test").
 */

#ifndef _FUZZ_H_INCLUDED_
#define _FUZZ_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


#define fuzz_check(cond)                                                      \
    do {                                                                      \
        if (!(cond)) {                                                        \
            fprintf(stderr, "%s:%d: failed: %s\n", __FILE__, __LINE__,        \
                    #cond);                                                   \
            abort();                                                          \
        }                                                                     \
    } while (0)


/* the input, eaten from the front; 0 when nothing is left */

typedef struct {
    const uint8_t  *p;
    const uint8_t  *end;
} fuzz_in_t;


static inline unsigned
fuzz_byte(fuzz_in_t *in)
{
    return in->p < in->end ? *in->p++ : 0;
}


static inline unsigned
fuzz_u16(fuzz_in_t *in)
{
    unsigned  high = fuzz_byte(in);

    return high << 8 | fuzz_byte(in);
}


static inline size_t
fuzz_left(const fuzz_in_t *in)
{
    return in->end - in->p;
}


/*
 * A copy of n bytes of exactly that size, so that the address sanitizer sees
 * every byte too many; aligned for any type; to be freed.
 */

static inline void *
fuzz_copy(const void *p, size_t n)
{
    void  *copy;

    copy = malloc(n ? n : 1);
    fuzz_check(copy != NULL);

    return n ? memcpy(copy, p, n) : copy;
}


/* the next n bytes, or what is left of them, as such a copy */

static inline uint8_t *
fuzz_take(fuzz_in_t *in, size_t *n)
{
    uint8_t  *copy;

    *n = *n < fuzz_left(in) ? *n : fuzz_left(in);
    copy = fuzz_copy(in->p, *n);
    in->p += *n;

    return copy;
}


#endif /* _FUZZ_H_INCLUDED_ */
