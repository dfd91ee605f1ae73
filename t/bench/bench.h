
/*
 * What the programs of the benchmark share.
 */

#ifndef _BENCH_H_INCLUDED_
#define _BENCH_H_INCLUDED_


#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>


/* ns of a clock that only goes forward */
uint64_t bench_now(void);

/* prints what failed, with errno, and ends the program */
void bench_die(const char *what) __attribute__((noreturn));

/* a socket that listens on a port of loopback, or the end of the program */
int bench_listen(int port);

/* connected to one, blocking, without Nagle's delay, or the end of it */
int bench_connect(int port);

/* all of n bytes to a blocking descriptor; 0, or -1 when it is broken */
int bench_write(int fd, const void *p, size_t n);


/* times in ns, to be sorted at the end; what does not fit is not kept */

#define BENCH_TIMES  (1 << 20)

void bench_time(uint64_t ns);

/* "p50=… p90=… p99=… max=…" in us, of what was given to bench_time() */
void bench_times_print(void);


#endif /* _BENCH_H_INCLUDED_ */
