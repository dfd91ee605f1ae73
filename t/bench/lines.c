
/*
 * lines BLOCK TOTAL [LENGTH]
 *
 * Writes TOTAL bytes to standard output, at most BLOCK of them at a time:
 * lines of LENGTH bytes (64; 0 = one line without an end), letters of the
 * alphabet from the start of the stream on.
 */

#include <string.h>
#include <unistd.h>
#include "bench.h"


int
main(int argc, char **argv)
{
    char    *p;
    size_t   i, n, block, total, length, period;

    if (argc < 3) {
        fprintf(stderr, "usage: %s block total [length]\n", argv[0]);
        return 2;
    }

    block = atoll(argv[1]);
    total = atoll(argv[2]);
    length = argc > 3 ? atoll(argv[3]) : 64;
    period = length ? length : 26;

    p = malloc(block + period);

    if (p == NULL || block == 0) {
        bench_die("malloc");
    }

    for (i = 0; i < block + period; i++) {
        p[i] = (length && i % length == length - 1)
               ? '\n' : 'a' + i % period % 26;
    }

    for (i = 0; i < total; i += n) {
        n = (block < total - i) ? block : total - i;

        if (bench_write(1, p + i % period, n) == -1) {
            return 1;
        }
    }

    return 0;
}
