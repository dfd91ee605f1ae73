
/*
 * What time it is.  Async-signal-safe.  Where nginx's loop runs, its cached
 * time (ngx_current_msec, ngx_timeofday()) is enough for most.
 */

#ifndef _NGX_CC_CLOCK_H_INCLUDED_
#define _NGX_CC_CLOCK_H_INCLUDED_


#include <stdint.h>


/* of the monotonic clock: for durations and deadlines */

uint64_t ngx_cc_clock_ns(void);
uint64_t ngx_cc_clock_us(void);
uint64_t ngx_cc_clock_ms(void);

/* us since 1970: to be shown, not for durations: it can be set back */
uint64_t ngx_cc_clock_real_us(void);


#endif /* _NGX_CC_CLOCK_H_INCLUDED_ */
