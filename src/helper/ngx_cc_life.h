
/*
 * The life of one command inside its helper: start, output, signals, limits
 * of time, the end of its whole tree.  All rules of life and death are here,
 * so they hold when the worker is gone.  The states follow each other in
 * ngx_cc_life_states.
 *
 *   tell      what the worker has to be told is noted as a bit in "tell"; the
 *             helper's loop sends it and clears the bit
 *   linger    the time that descendants have after their main process ended
 *             by itself
 *   ladder    the steps of an end that is forced: TERM and CONT, the grace
 *             time, KILL (ngx_cc_ladder.h)
 *   sweep     KILL to all that are left and wait for them, again and again
 *             until there is no descendant (ngx_cc_tree.h, ngx_cc_sweep.h)
 *   childless the helper has no child: no descendant of the command is left,
 *             a subreaper would have inherited it
 *   orphaned  worker or master is gone: end of file on the control socket or
 *             the deathwatch
 */

#ifndef _NGX_CC_LIFE_H_INCLUDED_
#define _NGX_CC_LIFE_H_INCLUDED_


#include <stdint.h>
#include <sys/types.h>
#include "ngx_cc_cgroup.h"
#include "ngx_cc_control.h"
#include "ngx_cc_pump.h"
#include "ngx_cc_seccomp.h"
#include "ngx_cc_tmpdir.h"
#include "ngx_cc_tree.h"
#include "ngx_cc_user.h"
#include "ngx_cc_wire.h"


#define NGX_CC_LIFE_NEVER     UINT64_MAX
#define NGX_CC_LIFE_UNPASSED  32         /* that may wait to be told: more than
                                            fail at once */


typedef enum {
    NGX_CC_LIFE_IDLE = 0,
    NGX_CC_LIFE_RUNNING,
    NGX_CC_LIFE_LINGERING,
    NGX_CC_LIFE_ENDING,
    NGX_CC_LIFE_SWEEPING,
    NGX_CC_LIFE_DRAINING,
    NGX_CC_LIFE_OVER
} ngx_cc_life_state_e;


/* what has to be told to the worker; who has sent it clears the bit */

#define NGX_CC_TELL_STARTED     0x01     /* not before tell_at */
#define NGX_CC_TELL_INPUT       0x02     /* input_done */
#define NGX_CC_TELL_FAILED      0x04     /* failed */
#define NGX_CC_TELL_EXITED      0x08     /* exited */
#define NGX_CC_TELL_ENDED       0x10     /* no room to read what is left */
#define NGX_CC_TELL_SIGNALLED   0x20     /* signalled */
#define NGX_CC_TELL_UNPASSED    0x40     /* unpassed; before SIGNALLED */


typedef struct {
    ngx_cc_life_state_e    state;
    int                    signals;      /* signalfd of SIGCHLD */
    ngx_cc_tree_t          tree;
    ngx_cc_pump_t          pump;

    int                    fence;        /* for the next command, or -1 */
    ngx_cc_confine_t       fenced;       /* what it was made for */
    int                    script;       /* of START, or -1: the helper's */
    ngx_cc_cgroup_t        cgroup;       /* of the command, if it has one */
    const ngx_cc_user_t   *user;         /* commands run as, or NULL */
    ngx_cc_tmpdir_t        tmp;          /* TMPDIR of commands */
    unsigned               inherits;     /* ngx_cc_seccomp: what this process
                                            itself is denied already */
    ngx_cc_seccomp_t       filter;       /* the rest, for the next command */

    uint32_t               run;
    pid_t                  pid;          /* = pgid; 0 once it is reaped */
    unsigned               tell;
    ngx_cc_wire_exited_t   exited;       /* gathered while it lives */
    ngx_cc_wire_failed_t   failed;
    ngx_cc_wire_input_t    input_done;
    ngx_cc_wire_signal_t   signalled;
    ngx_cc_wire_unpassed_t  unpassed[NGX_CC_LIFE_UNPASSED];   /* the last ones,
                                            by number */
    uint32_t               nunpassed;    /* how many there were */
    uint32_t               told;         /* how many the starter of a bound
                                            command was told */
    uint32_t               asker;        /* who asks for a signal: the number of
                                            a connection, 0 = the starter */
    uint32_t               answers;      /* whom "signalled" is for */

    ngx_cc_control_t      *control;      /* its processes live elsewhere
                                            (ngx_cc_remote.h); else NULL */

    uint64_t               run_limit;    /* ms, of START or KEEP; 0 = none */
    uint64_t               grace;        /* ms, of START */
    uint64_t               linger;       /* ms */
    uint64_t               silence;      /* ms, 0 = none */
    uint64_t               all[NGX_CC_STREAMS];  /* bytes written when the last
                                            descendant was gone */

    /* moments in ms of the monotonic clock; NEVER = not awaited */
    uint64_t               now;
    uint64_t               born;         /* in us */
    uint64_t               tell_at;      /* STARTED is held back until then */
    uint64_t               limit_at;     /* run limit; later by the time that
                                            it is paused */
    uint64_t               quiet_since;  /* last output */
    uint64_t               ladder_at;    /* the grace or linger time is over */
    uint64_t               tick_at;      /* the next check of the tree */
    uint64_t               drop_at;      /* no other command has come */
    uint64_t               signal_at;    /* a signal is still on its way */
    uint64_t               signal_until; /* then that is given up */
    uint64_t               look_at;      /* paused: are they stopped? */
    uint64_t               looked;       /* they did, or it was counted */
    uint64_t               reluctant_at; /* then it is given up */

    unsigned               paused:1;
    unsigned               freezing:1;   /* its group is about to stand still:
                                            that is what is answered */
    unsigned               answer:1;     /* the client asked for the signal */
    unsigned               childless:1;
    unsigned               orphaned:1;
    unsigned               stdin_open:1;
    unsigned               ended:1;      /* ENDED is, or was, to be told */
    unsigned               kept:1;       /* it outlives its worker: this
                                            process gets no other command
                                            (ngx_cc_stay) */
    unsigned               masterless:1; /* kept, or of a service, and there
                                            is no master, or no service */
} ngx_cc_life_t;


/*
 * Prepares a zeroed "life"; "ring" is mapped for writing, "size" bytes.  Blocks
 * SIGCHLD and SIGPIPE in this process.  Returns 0, or -1 with errno.
 */
int ngx_cc_life_init(ngx_cc_life_t *life, uint8_t *ring, size_t size);

/*
 * Starts a command (state IDLE only): RUNNING with STARTED to be told, or IDLE
 * with FAILED.  "vector" as for ngx_cc_wire_start_unpack().
 */
void ngx_cc_life_start(ngx_cc_life_t *life, const ngx_cc_wire_start_t *start,
    const char **vector);

/*
 * Another run limit, ms from its start on, 0 = none.  Time that it was paused
 * has been added, and stays so.
 */
void ngx_cc_life_limit(ngx_cc_life_t *life, uint64_t run_limit);

/* reads the clock: once after every sleep, before anything below */
void ngx_cc_life_woke(ngx_cc_life_t *life);

/* when it wants to be woken, ms of the monotonic clock */
uint64_t ngx_cc_life_next(ngx_cc_life_t *life);

/*
 * Worker or master is gone: ends the command, if there is one.  When the state
 * is OVER (at once without a command) the process has to leave.
 */
void ngx_cc_life_orphan(ngx_cc_life_t *life);

/* waits for whatever has ended */
void ngx_cc_life_reap(ngx_cc_life_t *life);

/*
 * Reads once from those pipes that are worth it (out, err != 0): 1 = there may
 * be more, 0 = they are empty, -1 = no room in the ring.
 */
int ngx_cc_life_pump(ngx_cc_life_t *life, int out, int err);

/*
 * There will be no other command: gives back what one needs while it runs.
 */
void ngx_cc_life_shrink(ngx_cc_life_t *life);

/* it cannot be started: FAILED is to be told */
void ngx_cc_life_refuse(ngx_cc_life_t *life, uint32_t run,
    ngx_cc_stage_e stage, int error);

/* the command is over: closes its pipes, removes its directory or keeps it */
void ngx_cc_life_clear(ngx_cc_life_t *life);

/*
 * The next signal that was not passed on, for one who was told of *told of them
 * and is to count on himself; NULL: there is no more.
 */
const ngx_cc_wire_unpassed_t *ngx_cc_life_unpassed(const ngx_cc_life_t *life,
    uint32_t *told);


#endif /* _NGX_CC_LIFE_H_INCLUDED_ */
