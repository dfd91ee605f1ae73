
/*
 * The record of a command: what the totals and the recorder of its session (an
 * audit log) learn of it: asked for, started, signalled, ended.  Each command
 * that gets a helper is counted as failed, or as started and then as ended,
 * whether its client still waits for it or not (ngx_cc_abandon).
 *
 * A session (of whatever kind) has a recorder or none; the record of each of
 * its commands holds it, so it can outlive the session.  What becomes of a
 * record is decided above this layer.
 */

#ifndef _NGX_CC_RECORD_H_INCLUDED_
#define _NGX_CC_RECORD_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_handle.h"
#include "ngx_cc_trace.h"
#include "ngx_cc_wire.h"


typedef struct ngx_cc_recorder_s  ngx_cc_recorder_t;


typedef enum {
    NGX_CC_RECORD_STARTED = 0,
    NGX_CC_RECORD_FAILED,                /* it never ran; last event */
    NGX_CC_RECORD_SIGNALLED,
    NGX_CC_RECORD_UNPASSED,              /* its control program has failed */
    NGX_CC_RECORD_OBSERVED,              /* by another than its owner */
    NGX_CC_RECORD_ENDED                  /* last event */
} ngx_cc_record_event_e;


/* what a recorder is shown of a command */

typedef struct {
    ngx_cc_recorder_t           *recorder;
    u_char                       execution[NGX_CC_HANDLE_NAME];
    ngx_msec_t                   timeout;    /* run limit, 0 = none */
    char                         trace[NGX_CC_TRACE_PARENT + 1];
                                         /* a traceparent, or "" */

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
                                                CANCEL, or its name */
    const ngx_cc_wire_unpassed_t  *unpassed; /* UNPASSED */
    const char                  *action;     /* OBSERVED: attach, read, wait;
                                                list (of no command: "execution"
                                                is all 0) */

    const ngx_cc_wire_exited_t  *exited;     /* ENDED; NULL: only its cause is
                                                known */
    ngx_cc_cause_e               cause;      /* then */
} ngx_cc_record_entry_t;


struct ngx_cc_recorder_s {
    ngx_uint_t   refs;                   /* the session, and each record */

    void       (*command)(ngx_cc_recorder_t *rec, ngx_cc_record_event_e event,
                     const ngx_cc_record_entry_t *entry);

    /*
     * A command was asked for and refused, "why" is what the client was told.
     * argc = 0: there is no argv yet; "line" is the command line then, or
     * empty.  "trace": a traceparent, or NULL.
     */
    void       (*refused)(ngx_cc_recorder_t *rec, const char **argv,
                     uint32_t argc, ngx_str_t *line, const char *trace,
                     ngx_str_t *why);

    void       (*release)(ngx_cc_recorder_t *rec);   /* refs is 0: free it */
};


/* one command; zeroed by who has it */

typedef struct {
    uint64_t                asked;       /* us since 1970 */
    ngx_cc_record_entry_t  *entry;       /* NULL: no recorder, or its last
                                            event is over */
    unsigned                started:1;
} ngx_cc_record_t;


/* the session does not need its recorder any more; NULL is ignored */
void ngx_cc_record_release(ngx_cc_recorder_t *rec);

/*
 * A command is asked for now.  "rec" may be NULL, and so may "trace", a
 * traceparent of version 00.  The texts are copied.  Returns NGX_OK, or
 * NGX_ERROR without memory.
 */
ngx_int_t ngx_cc_record_open(ngx_cc_record_t *record, ngx_cc_recorder_t *rec,
    const ngx_cc_wire_strings_t *strings, const ngx_cc_handle_t *handle,
    ngx_msec_t timeout, const char *trace);

/* another one has it from now on; "from" is as if it was over */
void ngx_cc_record_move(ngx_cc_record_t *to, ngx_cc_record_t *from);

/* it runs since "start" (us since 1970); only the first call counts */
void ngx_cc_record_started(ngx_cc_record_t *record, pid_t pid,
    uint64_t start);

/* "name": see the entry */
void ngx_cc_record_signalled(ngx_cc_record_t *record, const char *name);

/* a signal did not get to its other end; said in the error log, too */
void ngx_cc_record_unpassed(ngx_cc_record_t *record,
    const ngx_cc_wire_unpassed_t *msg);

/*
 * An observer (cc_executor_observe) did something with a command that this
 * session did not start: SIGNALLED or OBSERVED; "what" is "signal" or "action"
 * of the entry.  Of the id only its first digits are read; NULL: no command.
 * "rec" may be NULL.
 */
void ngx_cc_record_observer(ngx_cc_recorder_t *rec,
    ngx_cc_record_event_e event, const u_char *id, pid_t pid,
    const char *what);

/* The last events.  */

/* as EXITED says; stands for STARTED too */
void ngx_cc_record_exited(ngx_cc_record_t *record,
    const ngx_cc_wire_exited_t *msg);

/* only its cause is known: LOST, its helper died or was killed; SHUTDOWN */
void ngx_cc_record_lost(ngx_cc_record_t *record, ngx_cc_cause_e cause);

/* it could not be started */
void ngx_cc_record_failed(ngx_cc_record_t *record, ngx_cc_stage_e stage,
    int error);

/* somebody else has told, or will, how it ended */
void ngx_cc_record_forget(ngx_cc_record_t *record);

/* no client waits for it any more, and no helper had it: it is not counted */
void ngx_cc_record_withdrawn(ngx_cc_record_t *record);


#endif /* _NGX_CC_RECORD_H_INCLUDED_ */
