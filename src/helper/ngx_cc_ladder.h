
/*
 * Signals in the life of a command: what a client asks for (PAUSE, RESUME),
 * and the ladder by which it ends: TERM and CONT, the grace time, KILL.  They
 * go to the whole tree and may take a while; meanwhile life goes on.
 */

#ifndef _NGX_CC_LADDER_H_INCLUDED_
#define _NGX_CC_LADDER_H_INCLUDED_


#include "ngx_cc_life.h"


/*
 * A signal for the whole tree.  SIGNALLED is to be told when all have it (and
 * have stopped, after SIGSTOP), or after a second; at once where the command
 * is being ended: that goes on, and no other signal is sent.
 */
void ngx_cc_ladder_signal(ngx_cc_life_t *life,
    const ngx_cc_wire_signal_t *signal);

/*
 * A signal that nobody waits for (SIGNAL_UNTOLD): to the tree, the group of the
 * main process or the foreground group of the terminal.  Dropped where the
 * command is being ended, or there is no such group.
 */
void ngx_cc_ladder_pass(ngx_cc_life_t *life,
    const ngx_cc_wire_signal_t *signal);

/* TERM and CONT to the tree, then ENDING; the first cause counts */
void ngx_cc_ladder_begin(ngx_cc_life_t *life, ngx_cc_cause_e cause);

/*
 * The steps of a command that is ENDING and lives elsewhere (ngx_cc_remote.h):
 * 1, the time of all of them is over; 0, it is not.
 */
int ngx_cc_ladder_climb(ngx_cc_life_t *life);

/* KILL to the processes here, for a client's KILL at the other end */
void ngx_cc_ladder_kill(ngx_cc_life_t *life);

/* goes on with a signal; to be called when it is signal_at */
void ngx_cc_ladder_spread(ngx_cc_life_t *life);

/* the signal has reached all that it will reach: its sender is told */
void ngx_cc_ladder_told(ngx_cc_life_t *life);

/*
 * Others of the same user can wake a command that is paused: a process that
 * runs is stopped again, and the time since the last check counts as time that
 * the command ran.  To be called when it is look_at, of a paused one with a
 * limit.
 */
void ngx_cc_ladder_look(ngx_cc_life_t *life);


#endif /* _NGX_CC_LADDER_H_INCLUDED_ */
