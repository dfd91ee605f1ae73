
/*
 * Signals for a command whose processes live elsewhere: its control program
 * passes them on (ngx_cc_control.h).  As long as the main process is there,
 * which stands for them here:
 *
 *   STOP, CONT and others   go to the other end only; what is here only waits
 *                           for it, and brings output and exit code
 *   KILL                    the same, and a second later to what is still here
 *   the ladder              TERM (and CONT, if it was stopped) goes to the
 *                           other end, which has the grace time.  When it
 *                           cannot be passed on, TERM goes to the processes
 *                           here at once.  Then KILL, to the other end; half a
 *                           second later TERM, and after another half KILL to
 *                           what is still here (ngx_cc_ladder.h)
 *
 * The control program runs for one signal at a time, NGX_CC_REMOTE_LIMIT ms at
 * most; then it is killed.  Signals wait in the order in which they came, but
 * KILL and the ladder do not: what is on its way is given up for them.  What
 * was not passed on is told (UNPASSED).
 *
 * Once the main process has ended the command is over at its other end, too:
 * signals are for what is left here, and a program that still runs is of no use
 * any more, unless it passes on KILL.
 */

#ifndef _NGX_CC_REMOTE_H_INCLUDED_
#define _NGX_CC_REMOTE_H_INCLUDED_


#include "ngx_cc_life.h"


#define NGX_CC_REMOTE_LIMIT     5000     /* ms */
#define NGX_CC_REMOTE_PATIENCE  4000     /* ms that a signal may wait to begin;
                                            its sender hears of it before he
                                            gives the helper up */
#define NGX_CC_REMOTE_KILL      1000     /* ms; KILL is not delayed longer */


/* are signals for its other end? */
int ngx_cc_remote_is(const ngx_cc_life_t *life);

/*
 * A signal, which is, for the first time: passes it on, or lets it wait.
 * "answer": SIGNALLED is to be told when that has been done.
 */
void ngx_cc_remote_signal(ngx_cc_life_t *life,
    const ngx_cc_wire_signal_t *signal, int answer);

/* TERM and KILL of the ladder; see no_term, no_kill of the control program */
void ngx_cc_remote_term(ngx_cc_life_t *life);
void ngx_cc_remote_kill(ngx_cc_life_t *life);

/* the sweep begins: only KILL is passed on to its end */
void ngx_cc_remote_over(ngx_cc_life_t *life);

/* a child has ended: 1, it was the control program; 0, it was not */
int ngx_cc_remote_gone(ngx_cc_life_t *life, pid_t pid, int status);

/* its time may be over; to be called when it is ngx_cc_remote_next() */
void ngx_cc_remote_clock(ngx_cc_life_t *life);

/* ms of the monotonic clock; only with a control program */
uint64_t ngx_cc_remote_next(const ngx_cc_life_t *life);

/*
 * How the other end ended, as from waitpid(): an exit code of 128 + n stands
 * for signal n.
 */
int ngx_cc_remote_status(int status);


#endif /* _NGX_CC_REMOTE_H_INCLUDED_ */
