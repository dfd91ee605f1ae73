
/*
 * The stay of a kept command: what its helper does besides hosting it.  It
 * listens for workers, serves watchers, holds what was written, waits on their
 * behalf, and decides how long all of this lasts:
 *
 *   before ACK    the end of the control socket ends the command, as that of
 *                 any other one
 *   until TOLD    it lives on for NGX_CC_STAY_UNTOLD ms; who attaches meanwhile
 *                 knows its id, so it was told
 *   then          it is its owner's: it ends by itself, by its limits, by
 *                 CANCEL or REMOVE, or as an orphan
 *   after its end it stays for its ttl, or until REMOVE, and in any case until
 *                 whoever minds the index has heard how it ended, or has not
 *                 come for NGX_CC_STAY_UNHEARD ms
 *   no master     it ends (cause "shutdown") and does not stay
 *
 * A call is a bound command that others can reach as well (LISTEN).  Its
 * starter reads in the ring as before.  With nobody attached it lives on for
 * "resume" ms, and so does its result; then, or when the result was delivered,
 * the helper is "free" for another command, or leaves if its starter is gone.
 * With "resume" 0 it ends with its starter.  Nobody but him, and who takes it
 * over (ATTACH_CALL), does more with it than read, and signal if he may.
 *
 * All of its descriptors but the helper's own ones are in one epoll(7), so the
 * helper's loop has one more to look at however many there are.
 */

#ifndef _NGX_CC_STAY_H_INCLUDED_
#define _NGX_CC_STAY_H_INCLUDED_


#include <sys/resource.h>
#include "ngx_cc_life.h"
#include "ngx_cc_marks.h"
#include "ngx_cc_waits.h"


#define NGX_CC_STAY_UNTOLD    60000      /* ms */
#define NGX_CC_STAY_LAST      1000       /* ms that watchers have to take what
                                            they are owed when it leaves */
#define NGX_CC_STAY_UNHEARD   5000       /* ms that it waits for one who minds
                                            the index, whose worker has just
                                            left or died */
#define NGX_CC_STAY_SPARE     48         /* connections besides watchers and
                                            waits: they are asking, or on their
                                            way in */


#define NGX_CC_STAY_DATA      (sizeof(ngx_cc_wire_data_t)                     \
                               + NGX_CC_WIRE_MAX_DATA)


typedef struct ngx_cc_stay_s {
    ngx_cc_life_t         *life;
    uint8_t               *buffer;       /* room for any message */
    size_t                 room;

    ngx_cc_handle_t        handle;       /* of START: */
    uint8_t                owner[32];
    ngx_cc_wire_keep_t     keep;
    uint32_t               run;
    uint16_t               label_len;
    uint16_t               shown_len;
    char                   label[NGX_CC_WIRE_MAX_LABEL + 1];
    char                   shown[NGX_CC_WIRE_MAX_SHOWN + 1];

    ngx_cc_history_t       history;
    ngx_cc_waits_t         waits;
    ngx_cc_marks_t         marks;
    uint64_t               consumed;     /* position; by watchers for whom
                                            nothing may be lost */

    int                    epoll;
    int                    listener;
    ngx_cc_watcher_t      *watcher;      /* the first is the control socket */
    uint32_t               places;
    uint32_t               used;         /* those from here on are free */
    uint32_t               serial;       /* of the last connection */
    uint32_t               exclusive;    /* serial of who writes alone, or 0 */
    uint32_t               writer;       /* serial of whose INPUT it is */
    uint32_t               holder;       /* whose message goes on, or 0 */
    uint64_t               turn;         /* of the last INPUT */
    uint32_t               failed;       /* peers without a proof */
    uint8_t               *data;         /* where a DATA is put together */
    uint8_t               *bundle;       /* and a BUNDLE, */
    uint32_t               bundled;      /* of this connection; 0 = none */
    uint32_t               said[NGX_CC_WIRE_TYPES];  /* where the last message
                                            of a type is in it; 0 = none */
    ngx_cc_wire_state_t    state;        /* that was told */

    /* ms of the monotonic clock; NEVER = not awaited */
    uint64_t               listen_at;    /* no descriptor was left; until then
                                            nobody is let in */
    uint64_t               asked_at;     /* somebody was attached, or asked */
    uint64_t               lost_at;      /* the control socket has ended */
    uint64_t               over_at;
    uint64_t               full_since;   /* the ring takes no more output */
    uint64_t               leave_at;     /* no more patience with watchers */
    uint64_t               failed_at;    /* failed peers were told of */
    uint64_t               next_at;      /* something of this is due */
    uint64_t               ended;        /* us since 1970 */

    uint64_t               resume;       /* ms, of a call */
    rlim_t                 files;        /* RLIMIT_NOFILE as it was */

    unsigned               call:1;
    unsigned               free:1;       /* a call that is done with */
    unsigned               acked:1;
    unsigned               told:1;
    unsigned               over:1;
    unsigned               read:1;       /* over, and somebody has read it */
    unsigned               heard:1;      /* over, and whoever minds the index
                                            was told */
    unsigned               present:1;    /* somebody was, in the last turn */
    unsigned               leaving:1;    /* once it is over nobody may attach
                                            any more, but monitors */
    unsigned               busy:1;       /* there is more to do at once */
} ngx_cc_stay_t;


/*
 * Before the program starts: takes from START what it needs and listens.  The
 * memory is mapped.  "buffer" is where messages may be received, "room" bytes.
 * Returns NULL with errno when it cannot be kept.
 */
ngx_cc_stay_t *ngx_cc_stay_open(ngx_cc_life_t *life,
    const ngx_cc_wire_start_t *start, const ngx_cc_wire_strings_t *strings,
    int control, uint8_t *buffer, size_t room);

/*
 * The same while the program runs, as KEEP or LISTEN says: the output so far is
 * "history", which the caller must not use any more.  Who reads in the ring
 * itself has stopped to (KEEP), or awaits an OUTPUT if "armed", and knows of
 * what is before "told".  KEPT or LISTENING is to be told.  Returns NULL with
 * errno, and nothing has changed.
 */
ngx_cc_stay_t *ngx_cc_stay_take_over(ngx_cc_life_t *life,
    const ngx_cc_wire_reach_t *reach, const ngx_cc_history_t *history,
    int armed, uint64_t told, int control, uint8_t *buffer, size_t room);

/* it could not be started, or is "free": the helper is as it was */
void ngx_cc_stay_close(ngx_cc_stay_t *stay);

/* it was, or is: watchers may come */
void ngx_cc_stay_begin(ngx_cc_stay_t *stay);

/* takes what its epoll has; to be called when that is readable */
void ngx_cc_stay_receive(ngx_cc_stay_t *stay);

/* there is no master any more */
void ngx_cc_stay_dead(ngx_cc_stay_t *stay);

/* when it wants to be woken, ms of the monotonic clock */
uint64_t ngx_cc_stay_next(const ngx_cc_stay_t *stay);


#endif /* _NGX_CC_STAY_H_INCLUDED_ */
