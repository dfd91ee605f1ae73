
#include <stddef.h>
#include "ngx_cc_totals.h"


/* the helpers of a worker in one word, which is always right as a whole */

#define NGX_CC_TOTALS_TOLD       ((uint64_t) 1 << 63)
#define NGX_CC_TOTALS_DENIED     ((uint64_t) 1 << 62)
#define NGX_CC_TOTALS_CGROUP     ((uint64_t) 1 << 61)
#define NGX_CC_TOTALS_MAX        0xffff


static uint64_t ngx_cc_totals_bounded(uint32_t n);


static const uint64_t  ngx_cc_totals_start_bound[NGX_CC_TOTALS_START_BUCKETS] =
{
    250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 1000000,
    5000000
};


static const char *const  ngx_cc_totals_start_label[] = {
    "0.00025", "0.0005", "0.001", "0.0025", "0.005", "0.01", "0.025", "0.05",
    "0.1", "0.25", "1", "5"
};


static const uint64_t  ngx_cc_totals_run_bound[NGX_CC_TOTALS_RUN_BUCKETS] = {
    1000, 10000, 100000, 1000000, 5000000, 15000000, 60000000, 300000000,
    600000000, 1800000000, 3600000000, 14400000000
};


static const char *const  ngx_cc_totals_run_label[] = {
    "0.001", "0.01", "0.1", "1", "5", "15", "60", "300", "600", "1800", "3600",
    "14400"
};


const ngx_cc_totals_histogram_t  ngx_cc_totals_start_time = {
    NGX_CC_TOTAL_START_TIME, NGX_CC_TOTALS_START_BUCKETS,
    ngx_cc_totals_start_bound, ngx_cc_totals_start_label
};


const ngx_cc_totals_histogram_t  ngx_cc_totals_run_time = {
    NGX_CC_TOTAL_RUN_TIME, NGX_CC_TOTALS_RUN_BUCKETS,
    ngx_cc_totals_run_bound, ngx_cc_totals_run_label
};


static const char *const  ngx_cc_totals_reason[NGX_CC_REASONS] = {
    "subrequest",
    "remote",
    "command",
    "host",
    "origin",
    "token",
    "handshake",
    "sessions",
    "sessions_per_address",
    "sessions_per_owner",
    "commands",
    "commands_per_session",
    "commands_per_owner",
    "policy",
    "request",
    "reloading",
    "unavailable"
};


static const struct {
    uint32_t     code;
    const char  *name;
} ngx_cc_totals_code[NGX_CC_CLOSED] = {
    { 1000, "1000" },
    { 1001, "1001" },
    { 1002, "1002" },
    { 1003, "1003" },
    { 1005, "1005" },
    { 1006, "1006" },
    { 1007, "1007" },
    { 1008, "1008" },
    { 1009, "1009" },
    { 1011, "1011" },
    { 0, "other" },
    { 0, "http" }
};


void
ngx_cc_totals_add(ngx_cc_totals_t *totals, uint32_t process, uint32_t total,
    uint64_t n)
{
    (void) atomic_fetch_add_explicit(
               &totals->stripe[process % NGX_CC_TOTALS_STRIPES][total], n,
               memory_order_relaxed);
}


void
ngx_cc_totals_time(ngx_cc_totals_t *totals, uint32_t process,
    const ngx_cc_totals_histogram_t *histogram, uint64_t us)
{
    uint32_t  i;

    for (i = 0; i < histogram->buckets && us > histogram->bound[i]; i++) {
        /* void */
    }

    ngx_cc_totals_add(totals, process, histogram->first + i, 1);
    ngx_cc_totals_add(totals, process,
                      histogram->first + histogram->buckets + 1, us);
}


uint64_t
ngx_cc_totals_get(ngx_cc_totals_t *totals, uint32_t total)
{
    uint32_t  i;
    uint64_t  n;

    n = 0;

    for (i = 0; i < NGX_CC_TOTALS_STRIPES; i++) {
        n += atomic_load_explicit(&totals->stripe[i][total],
                                  memory_order_relaxed);
    }

    return n;
}


void
ngx_cc_totals_set_helpers(ngx_cc_totals_t *totals, uint32_t process,
    const ngx_cc_totals_helpers_t *helpers)
{
    uint64_t  word;

    word = 0;

    if (helpers) {
        word = NGX_CC_TOTALS_TOLD
               | (helpers->denied ? NGX_CC_TOTALS_DENIED : 0)
               | (helpers->cgroup ? NGX_CC_TOTALS_CGROUP : 0)
               | ngx_cc_totals_bounded(helpers->idle)
               | ngx_cc_totals_bounded(helpers->busy) << 16
               | ngx_cc_totals_bounded(helpers->waiting) << 32;
    }

    atomic_store_explicit(&totals->helpers[process], word,
                          memory_order_relaxed);
}


int
ngx_cc_totals_get_helpers(ngx_cc_totals_t *totals, uint32_t process,
    ngx_cc_totals_helpers_t *helpers)
{
    uint64_t  word;

    word = atomic_load_explicit(&totals->helpers[process],
                                memory_order_relaxed);

    helpers->idle = word & NGX_CC_TOTALS_MAX;
    helpers->busy = (word >> 16) & NGX_CC_TOTALS_MAX;
    helpers->waiting = (word >> 32) & NGX_CC_TOTALS_MAX;
    helpers->denied = (word & NGX_CC_TOTALS_DENIED) ? 1 : 0;
    helpers->cgroup = (word & NGX_CC_TOTALS_CGROUP) ? 1 : 0;

    return (word & NGX_CC_TOTALS_TOLD) ? 1 : 0;
}


ngx_cc_closed_e
ngx_cc_totals_closed(uint32_t code)
{
    uint32_t  i;

    for (i = 0; i < NGX_CC_CLOSED_OTHER; i++) {
        if (ngx_cc_totals_code[i].code == code) {
            break;
        }
    }

    return (ngx_cc_closed_e) i;
}


const char *
ngx_cc_totals_reason_name(ngx_cc_reason_e reason)
{
    return ngx_cc_totals_reason[reason];
}


const char *
ngx_cc_totals_closed_name(ngx_cc_closed_e code)
{
    return ngx_cc_totals_code[code].name;
}


static uint64_t
ngx_cc_totals_bounded(uint32_t n)
{
    return n < NGX_CC_TOTALS_MAX ? n : NGX_CC_TOTALS_MAX;
}
