
/*
 * Waits: what workers want to be told of a kept command, when it comes: its
 * end, output, silence, a pattern.  They are looked after here, so nobody
 * polls, and a pattern is found wherever the borders of reads and messages are.
 *
 * A wait that looks for patterns reads the history from where it was told to,
 * a piece a turn; nothing is dropped that it has not seen.
 */

#ifndef _NGX_CC_WAITS_H_INCLUDED_
#define _NGX_CC_WAITS_H_INCLUDED_


#include "ngx_cc_match.h"
#include "ngx_cc_watcher.h"


#define NGX_CC_WAITS_SCAN   65536    /* bytes that one turn looks at, all waits
                                        together */


typedef struct {
    uint32_t        watcher;     /* serial of the connection; 0 = free */
    uint32_t        serial;      /* of the wait */
    uint32_t        until;       /* ngx_cc_wire_until_e */
    unsigned        streams;     /* NGX_CC_EOF_* */
    unsigned        flags;       /* NGX_CC_WAIT_* */
    unsigned        woken:1;     /* "woke" is to be sent */
    uint64_t        idle;        /* ms */
    uint64_t        began;       /* ms */
    uint64_t        timeout_at;  /* ms */
    uint64_t        from[NGX_CC_STREAMS];
    int64_t         read[NGX_CC_STREAMS];    /* READ: from where, */
    uint32_t        max;                     /* how much, */
    uint8_t         reader[NGX_CC_WIRE_READER];  /* and who */
    ngx_cc_history_cursor_t  cursor;     /* of what was looked through */
    ngx_cc_wire_woke_t       woke;
    ngx_cc_match_t  match;       /* without patterns: n = 0 */
} ngx_cc_wait_t;


typedef struct {
    ngx_cc_wait_t  *wait;        /* keep.waits of them, mapped */
    uint32_t        max;
    uint32_t        used;        /* those from here on are free */
    uint32_t        n;
    unsigned        stale:1;     /* a connection has ended that had some */
    uint32_t        turn;        /* whose turn it is to look through history */
    uint64_t        output_at[NGX_CC_STREAMS];   /* ms; the last output */
    uint64_t        bytes[NGX_CC_STREAMS];       /* that were there then */
} ngx_cc_waits_t;


/* gets the memory for "max" waits; 0, or -1 with errno */
int ngx_cc_waits_init(ngx_cc_waits_t *waits, uint32_t max);
void ngx_cc_waits_done(ngx_cc_waits_t *waits);

/*
 * A WAIT of a watcher that is attached.  Returns 1, or 0: it has one with that
 * serial already.  One too many is told REFUSED.
 */
int ngx_cc_waits_add(struct ngx_cc_stay_s *stay, ngx_cc_watcher_t *w,
    const ngx_cc_wire_wait_t *msg);

/* UNWAIT: nothing will be told; one that is told already is no error */
void ngx_cc_waits_withdraw(struct ngx_cc_stay_s *stay, ngx_cc_watcher_t *w,
    uint32_t serial);

/*
 * Sends what there is to be told to a watcher that is "woken", up to the first
 * wait that wants to read: that is to be told ATTACHED and the rest then.
 */
void ngx_cc_waits_tell(struct ngx_cc_stay_s *stay, ngx_cc_watcher_t *w);

/*
 * Once a turn: who has to be woken is told.  Returns when there is something to
 * do again, ms of the monotonic clock (the past: at once).
 */
uint64_t ngx_cc_waits_turn(struct ngx_cc_stay_s *stay);

/* the least position that a wait has still to look through */
uint64_t ngx_cc_waits_need(const ngx_cc_waits_t *waits);


#endif /* _NGX_CC_WAITS_H_INCLUDED_ */
