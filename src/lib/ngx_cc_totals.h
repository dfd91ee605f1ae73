
/*
 * What has happened, over all workers and since the master's start: counters
 * and histograms on plain shared memory, only added to, so nothing is lost
 * with a worker that dies.  And the helpers of each worker now.
 *
 * A counter has a word in each of a few stripes; a process adds to the stripe
 * of its process slot, so that workers do not fight for a cache line, and a
 * reader takes the sum.  All additions are atomic: two processes may share a
 * stripe (a worker and its successor during a reload).
 */

#ifndef _NGX_CC_TOTALS_H_INCLUDED_
#define _NGX_CC_TOTALS_H_INCLUDED_


#include <stdatomic.h>
#include <stdint.h>
#include "ngx_cc_slots.h"
#include "ngx_cc_wire.h"


#define NGX_CC_TOTALS_STRIPES   16


/* why a client or request was refused; the names are labels of a metric */

typedef enum {
    NGX_CC_REASON_SUBREQUEST = 0,   /* a request within a request */
    NGX_CC_REASON_REMOTE,           /* not a peer of this machine */
    NGX_CC_REASON_COMMAND,          /* a command of ours, or maybe one */
    NGX_CC_REASON_HOST,             /* Host is not in the list */
    NGX_CC_REASON_ORIGIN,           /* Origin is not in the list */
    NGX_CC_REASON_TOKEN,            /* no token, or a wrong one */
    NGX_CC_REASON_HANDSHAKE,        /* no request that is served here */
    NGX_CC_REASON_SESSIONS,         /* limits of sessions: all, ... */
    NGX_CC_REASON_SESSIONS_ADDRESS, /* ... of an address, ... */
    NGX_CC_REASON_SESSIONS_OWNER,   /* ... of an owner */
    NGX_CC_REASON_COMMANDS,         /* limits of commands: all, ... */
    NGX_CC_REASON_COMMANDS_SESSION, /* ... of a session, ... */
    NGX_CC_REASON_COMMANDS_OWNER,   /* ... of an owner */
    NGX_CC_REASON_POLICY,           /* a program that may not run */
    NGX_CC_REASON_REQUEST,          /* a malformed message */
    NGX_CC_REASON_RELOADING,        /* this worker shuts down */
    NGX_CC_REASON_UNAVAILABLE,      /* no memory, no helper */
    NGX_CC_REASONS
} ngx_cc_reason_e;


/* close codes that are told apart; all others are OTHER */

typedef enum {
    NGX_CC_CLOSED_1000 = 0,
    NGX_CC_CLOSED_1001,
    NGX_CC_CLOSED_1002,
    NGX_CC_CLOSED_1003,
    NGX_CC_CLOSED_1005,
    NGX_CC_CLOSED_1006,
    NGX_CC_CLOSED_1007,
    NGX_CC_CLOSED_1008,
    NGX_CC_CLOSED_1009,
    NGX_CC_CLOSED_1011,
    NGX_CC_CLOSED_OTHER,
    NGX_CC_CLOSED_HTTP,              /* no WebSocket: the request is over */
    NGX_CC_CLOSED
} ngx_cc_closed_e;


#define NGX_CC_TOTALS_START_BUCKETS   12
#define NGX_CC_TOTALS_RUN_BUCKETS     12


/*
 * The counters.  One that stands for several has the number of the first; the
 * others follow.  A histogram is its buckets (the last one: above every
 * bound) and the sum in microseconds.
 */

enum {
    NGX_CC_TOTAL_SESSIONS = 0,           /* opened */
    NGX_CC_TOTAL_COMMANDS,               /* started */
    NGX_CC_TOTAL_FAILED,                 /* could not be started */
    NGX_CC_TOTAL_WAITS,                  /* starts that waited for a helper */
    NGX_CC_TOTAL_HELPERS_LOST,           /* helpers that died, or were killed */
    NGX_CC_TOTAL_SPAWNERS_LOST,
    NGX_CC_TOTAL_AUDIT_LOST,             /* lines of audit logs */
    NGX_CC_TOTAL_OUTPUT,                 /* bytes of stdout, of stderr */
    NGX_CC_TOTAL_CPU = NGX_CC_TOTAL_OUTPUT + 2,
                                         /* us of commands that have ended:
                                            user, system */
    NGX_CC_TOTAL_ENDED = NGX_CC_TOTAL_CPU + 2,
                                         /* commands, by ngx_cc_cause_e */
    NGX_CC_TOTAL_REFUSED = NGX_CC_TOTAL_ENDED + NGX_CC_CAUSES,
                                         /* by ngx_cc_reason_e */
    NGX_CC_TOTAL_CLOSED = NGX_CC_TOTAL_REFUSED + NGX_CC_REASONS,
                                         /* sessions, by ngx_cc_closed_e */
    NGX_CC_TOTAL_START_TIME = NGX_CC_TOTAL_CLOSED + NGX_CC_CLOSED,
    NGX_CC_TOTAL_RUN_TIME = NGX_CC_TOTAL_START_TIME
                            + NGX_CC_TOTALS_START_BUCKETS + 2,
    NGX_CC_TOTALS = NGX_CC_TOTAL_RUN_TIME + NGX_CC_TOTALS_RUN_BUCKETS + 2
};


/* a histogram: where it is, and the upper bounds of its buckets */

typedef struct {
    uint32_t           first;        /* NGX_CC_TOTAL_..._TIME */
    uint32_t           buckets;
    const uint64_t    *bound;        /* microseconds, inclusive */
    const char *const *label;        /* the bounds in seconds, as text */
} ngx_cc_totals_histogram_t;


/* the helpers of a worker; 16 bits each are kept */

typedef struct {
    uint32_t           idle;
    uint32_t           busy;
    uint32_t           waiting;      /* commands that wait for one */
    uint32_t           denied;       /* 1: there is none, and none could be
                                        made */
    uint32_t           cgroup;       /* 1: they can make control groups */
} ngx_cc_totals_helpers_t;


typedef struct {
    uint64_t           start;        /* us since 1970: when counting began */
    _Atomic uint64_t   configurations;   /* read so far */
    uint64_t           pad[6];
    _Atomic uint64_t   helpers[NGX_CC_SLOTS_PROCESSES];
    _Alignas(64)
    _Atomic uint64_t   stripe[NGX_CC_TOTALS_STRIPES][(NGX_CC_TOTALS + 7) / 8
                                                     * 8];
} ngx_cc_totals_t;


extern const ngx_cc_totals_histogram_t  ngx_cc_totals_start_time;
extern const ngx_cc_totals_histogram_t  ngx_cc_totals_run_time;


/* "process" is the process slot of who calls; any number will do */

void ngx_cc_totals_add(ngx_cc_totals_t *totals, uint32_t process,
    uint32_t total, uint64_t n);

/* counts a time in a histogram */
void ngx_cc_totals_time(ngx_cc_totals_t *totals, uint32_t process,
    const ngx_cc_totals_histogram_t *histogram, uint64_t us);

/* the sum over all stripes */
uint64_t ngx_cc_totals_get(ngx_cc_totals_t *totals, uint32_t total);

/*
 * This worker's helpers now; NULL: it has left.  Of a process index below
 * NGX_CC_SLOTS_PROCESSES.
 */
void ngx_cc_totals_set_helpers(ngx_cc_totals_t *totals, uint32_t process,
    const ngx_cc_totals_helpers_t *helpers);

/* 1 and "helpers", or 0 when the process has reported nothing, or left */
int ngx_cc_totals_get_helpers(ngx_cc_totals_t *totals, uint32_t process,
    ngx_cc_totals_helpers_t *helpers);

/* what a close code counts as */
ngx_cc_closed_e ngx_cc_totals_closed(uint32_t code);

/* the labels */
const char *ngx_cc_totals_reason_name(ngx_cc_reason_e reason);
const char *ngx_cc_totals_closed_name(ngx_cc_closed_e code);


#endif /* _NGX_CC_TOTALS_H_INCLUDED_ */
