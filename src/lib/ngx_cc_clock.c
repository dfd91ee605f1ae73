
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <time.h>
#include "ngx_cc_clock.h"


static uint64_t ngx_cc_clock_read(clockid_t id);


uint64_t
ngx_cc_clock_ns(void)
{
    return ngx_cc_clock_read(CLOCK_MONOTONIC);
}


uint64_t
ngx_cc_clock_us(void)
{
    return ngx_cc_clock_read(CLOCK_MONOTONIC) / 1000;
}


uint64_t
ngx_cc_clock_ms(void)
{
    return ngx_cc_clock_read(CLOCK_MONOTONIC) / 1000000;
}


uint64_t
ngx_cc_clock_real_us(void)
{
    return ngx_cc_clock_read(CLOCK_REALTIME) / 1000;
}


/* 64 bits of ns last until the year 2554 */

static uint64_t
ngx_cc_clock_read(clockid_t id)
{
    struct timespec  ts;

    (void) clock_gettime(id, &ts);

    return (uint64_t) ts.tv_sec * 1000000000 + ts.tv_nsec;
}
