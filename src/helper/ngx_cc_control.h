
/*
 * The control program of a command whose processes live elsewhere (in a
 * container, on a node of a cluster): the command's main process is only what
 * stands for them here, and this program passes signals on to them.  It is
 * started like the command, by the same user, in the same place, with the same
 * environment, behind a fence of its own; stdin, stdout and stderr are
 * /dev/null.  It runs once for each signal, one after the other.
 *
 * "%{signal}" in one of its words is the name of the signal, without SIG
 * (TERM, KILL, USR1, RTMIN+3).
 *
 * When it runs and what follows from how it ends is in ngx_cc_remote.h.
 */

#ifndef _NGX_CC_CONTROL_H_INCLUDED_
#define _NGX_CC_CONTROL_H_INCLUDED_


#include <stdint.h>
#include <sys/types.h>
#include "ngx_cc_child.h"
#include "ngx_cc_wire.h"


#define NGX_CC_CONTROL_WAITING  16       /* signals, besides the one that is
                                            being passed on */


/* a signal that is to be passed on */

typedef struct {
    int             signo;
    uint32_t        serial;      /* of the SIGNAL */
    uint32_t        asker;       /* who asked for it (ngx_cc_life.h) */
    uint64_t        due;         /* ms; since when */
    unsigned        answer:1;    /* SIGNALLED is expected */
    unsigned        ladder:1;    /* it is of the command's end */
} ngx_cc_control_signal_t;


typedef struct {
    pid_t           pid;         /* it runs; 0 = it does not */
    pid_t           old;         /* was killed, and not waited for yet */
    uint64_t        until;       /* ms; then it is killed */
    uint64_t        kill_at;     /* ms; KILL goes to the processes here, too */

    ngx_cc_control_signal_t  now;        /* what it runs for */
    ngx_cc_control_signal_t  wait[NGX_CC_CONTROL_WAITING];
    uint32_t        waiting;

    unsigned        stopped:1;   /* STOP was passed on, and no CONT behind it */
    unsigned        rung:2;      /* of the ladder: times that were over */
    unsigned        termed:1;    /* TERM went to the processes here */
    unsigned        no_term:1;   /* the ladder's TERM did not get there */
    unsigned        no_kill:1;   /* nor did KILL */

    /* private */
    ngx_cc_child_t  child;
    ngx_cc_confine_t  confine;
    uint32_t        argc;
    const char    **words;       /* argc of them */
    const char    **argv;        /* argc, and NULL */
    char           *text;        /* room for what argv points to */
    size_t          size;        /* bytes of all of this */
} ngx_cc_control_t;


/*
 * For a command that is about to be started as "child" says; ncontrol of
 * "strings" is not 0.  All that is needed later is copied, but the user.
 * Returns NULL with errno.
 */
ngx_cc_control_t *ngx_cc_control_create(const ngx_cc_child_t *child,
    const ngx_cc_wire_strings_t *strings);

/* it does not run; NULL is ignored */
void ngx_cc_control_free(ngx_cc_control_t *c);

/*
 * Starts it for a signal, behind "fence" (or -1) and "filter" (or NULL): 0 with
 * c->pid, or -1 with errno.
 */
int ngx_cc_control_start(ngx_cc_control_t *c, int signo, int fence,
    const ngx_cc_seccomp_t *filter);

/* kills it, and all of its group; it has still to be waited for (c->old) */
void ngx_cc_control_kill(ngx_cc_control_t *c);


#endif /* _NGX_CC_CONTROL_H_INCLUDED_ */
