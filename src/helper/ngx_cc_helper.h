
/*
 * The helper: hosts one command at a time.  It starts the command, moves its
 * output from two pipes into the ring, feeds its stdin, signals its group,
 * counts its time, ends its whole tree and tells the worker what happened.
 * All rules of life and death are here, so they hold when the worker is gone.
 *
 * State table (in every state: end of the deathwatch or of the control socket
 * = cause "disconnect", no EXITED is sent, the helper leaves at the end;
 * OUTPUT is sent when armed; INPUT is fed while stdin is open):
 *
 *   state     entered by                    left by               to
 *   IDLE      birth, EXITED, FAILED         START                 RUNNING
 *                                           START that fails      IDLE
 *   RUNNING   exec succeeded                main process gone     LINGER
 *                                           CANCEL, ABANDON, run
 *                                           or silence limit, end
 *                                           of file               ENDING
 *   LINGER    main process gone             linger over, nobody
 *                                           left, CANCEL, ABANDON SWEEPING
 *   ENDING    TERM and CONT to the group    main and group gone,
 *                                           grace over            SWEEPING
 *   SWEEPING  KILL to group and children    wait says ECHILD      DRAINING
 *   DRAINING  every descendant gone         both pipes empty and
 *                                           read (waits for room
 *                                           without limit, except
 *                                           after ABANDON or end
 *                                           of file)              IDLE, exit
 */

#ifndef _NGX_CC_HELPER_H_INCLUDED_
#define _NGX_CC_HELPER_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>


typedef struct {
    int             socket;      /* control socket */
    int             deathwatch;  /* -1 = none */
    int             ring;        /* descriptor of the ring's memory, read and
                                    write */
    size_t          ring_size;
} ngx_cc_helper_conf_t;


/*
 * To be called in the new process, which has default signals, an empty mask
 * and /dev/null as 0, 1 and 2 (the spawner sees to that).  Closes every other
 * descriptor but the three of "conf", becomes a subreaper and serves until
 * the control socket or the deathwatch ends.  Leaves by _exit(0).
 */
void ngx_cc_helper_run(const ngx_cc_helper_conf_t *conf)
    __attribute__((noreturn));


#endif /* _NGX_CC_HELPER_H_INCLUDED_ */
