
/*
 * Who is told what becomes of commands: started, signalled, ended, whoever
 * asked for them and whether anybody still waits.  A session (of whatever kind)
 * has a witness or none; each of its commands holds it, so it can outlive the
 * session.  This layer only tells; what is made of it (an audit log) is known
 * above.
 */

#ifndef _NGX_CC_WITNESS_H_INCLUDED_
#define _NGX_CC_WITNESS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_handle.h"
#include "ngx_cc_wire.h"


typedef struct ngx_cc_witness_s  ngx_cc_witness_t;


typedef enum {
    NGX_CC_WITNESS_STARTED = 0,
    NGX_CC_WITNESS_FAILED,               /* it never ran; last event */
    NGX_CC_WITNESS_SIGNALLED,
    NGX_CC_WITNESS_ENDED                 /* last event */
} ngx_cc_witness_event_e;


/* one command, as far as it has come */

typedef struct {
    ngx_cc_witness_t            *witness;
    u_char                       execution[NGX_CC_HANDLE_NAME];
    ngx_msec_t                   timeout;    /* run limit, 0 = none */

    /* STARTED, FAILED */
    const char                  *cwd;
    const char                  *beneath;    /* a directory below it, or "" */
    const char                  *program;
    const char                 **argv;
    uint32_t                     argc;

    pid_t                        pid;        /* after STARTED */

    ngx_cc_stage_e               stage;      /* FAILED */
    int                          error;

    const char                  *signal;     /* SIGNALLED: PAUSE, RESUME,
                                                CANCEL */

    const ngx_cc_wire_exited_t  *exited;     /* ENDED; NULL: only its cause is
                                                known */
    ngx_cc_cause_e               cause;      /* then */
} ngx_cc_witnessed_t;


struct ngx_cc_witness_s {
    ngx_uint_t   refs;                   /* the session, and each command */

    void       (*command)(ngx_cc_witness_t *w, ngx_cc_witness_event_e event,
                     const ngx_cc_witnessed_t *wd);

    /*
     * Somebody asked for a command and did not get it, "why" is what he was
     * told.  argc = 0: there is no argv yet; "line" is the command line then,
     * or empty.
     */
    void       (*refused)(ngx_cc_witness_t *w, const char **argv,
                     uint32_t argc, ngx_str_t *line, ngx_str_t *why);

    void       (*release)(ngx_cc_witness_t *w);  /* refs is 0: free it */
};


/* the session (or a command) does not need it any more; NULL is ignored */
void ngx_cc_witness_drop(ngx_cc_witness_t *w);

/*
 * A command that is asked for; its texts are copied.
 * Returns NULL without memory.
 */
ngx_cc_witnessed_t *ngx_cc_witness_command(ngx_cc_witness_t *w,
    const ngx_cc_wire_strings_t *strings, const ngx_cc_handle_t *handle,
    ngx_msec_t timeout);

/* The events.  NULL (nobody watches) is ignored everywhere. */

void ngx_cc_witness_started(ngx_cc_witnessed_t *wd, pid_t pid);
void ngx_cc_witness_signalled(ngx_cc_witnessed_t *wd, const char *name);

/* the last ones: "wd" is freed */

void ngx_cc_witness_failed(ngx_cc_witnessed_t *wd, ngx_cc_stage_e stage,
    int error);
void ngx_cc_witness_ended(ngx_cc_witnessed_t *wd,
    const ngx_cc_wire_exited_t *exited, ngx_cc_cause_e cause);


#endif /* _NGX_CC_WITNESS_H_INCLUDED_ */
