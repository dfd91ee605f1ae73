
/*
 * The user's signals, on their way to the command: Ctrl-C, Ctrl-Z, the size of
 * the terminal; what is left of them ends cc-run.  A signal that was ignored
 * when cc-run started (nohup, a job in the background of sh) stays so.
 */

#ifndef _NGX_CC_CLIENT_CONTROL_H_INCLUDED_
#define _NGX_CC_CLIENT_CONTROL_H_INCLUDED_


#include "ngx_cc_client_rpc.h"


/* to be told until it is answered, on the next connection if it has to be */

typedef struct {
    const char           *what;          /* NULL = nothing */
    uint64_t              request;       /* it was told by, 0 = not yet */
} ngx_cc_client_order_t;


typedef struct {
    ngx_cc_client_rpc_t  *rpc;
    const char           *id;            /* of the command */
    int                   fd;            /* readable: call take() */
    int                   interrupts;    /* Ctrl-C so far */
    int                   status;        /* to exit with, when "over" */
    unsigned              over:1;        /* the user wants to leave */
    unsigned              mute:1;        /* we only watch: all signals are for
                                            us alone */
    unsigned              ready:1;       /* the command can be told */
    unsigned              raw:1;         /* our terminal is the command's */

    /* private */
    ngx_cc_client_order_t  order;        /* INT (told once), CANCEL */
    ngx_cc_client_order_t  resume;
    uint64_t              pausing;       /* the request PAUSE, 0 = none */
    int64_t               until;         /* ms: no longer */
} ngx_cc_client_control_t;


/*
 * Prepares a zeroed one; from now on signals are read from "fd".  Ends the
 * process when that cannot be.
 */
void ngx_cc_client_control_init(ngx_cc_client_control_t *c,
    ngx_cc_client_rpc_t *rpc, const char *id, int mute);

/* obeys what has come */
void ngx_cc_client_control_take(ngx_cc_client_control_t *c);

/*
 * The command can be told (again): tells what it was owed, and the size.  It
 * cannot be told: what is said now is owed to it; on a raw terminal keys are
 * signals for us alone until then.
 */
void ngx_cc_client_control_ready(ngx_cc_client_control_t *c);
void ngx_cc_client_control_lost(ngx_cc_client_control_t *c);

/*
 * What to wait for at most (ms), or -1; to be called when that is over; an
 * answer, which may be the one to PAUSE, RESUME or CANCEL.  The last two may
 * stop the process.
 */
int ngx_cc_client_control_wait(const ngx_cc_client_control_t *c);
void ngx_cc_client_control_late(ngx_cc_client_control_t *c);
void ngx_cc_client_control_answer(ngx_cc_client_control_t *c, uint64_t id);

/* process.unpassed: says which signal did not get to the command, and why */
void ngx_cc_client_control_unpassed(ngx_cc_client_message_t *m);


#endif /* _NGX_CC_CLIENT_CONTROL_H_INCLUDED_ */
