
/*
 * One command as a worker sees it: start, a cursor on its output, signals,
 * input, end.  The process itself lives in a helper; this object is a client
 * of it.
 *
 * Data is pulled (peek, skip); only two things come up: "wake" (there is
 * something to pull) and "event" (the state has changed).  Both are called
 * from the event loop, never from inside a function of this file, and the
 * command may be closed in them.
 */

#ifndef _NGX_CC_COMMAND_H_INCLUDED_
#define _NGX_CC_COMMAND_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_handle.h"
#include "ngx_cc_plainline.h"
#include "ngx_cc_ring.h"
#include "ngx_cc_record.h"
#include "ngx_cc_wire_kept.h"


/*
 * An owner's fair share of max_commands: three quarters of what the others
 * leave free.  A single owner leaves a quarter for the next one, and each of
 * several leaves something, too.
 */

#define NGX_CC_COMMAND_SHARE  NGX_MAX_UINT32_VALUE


#define NGX_CC_OWNER_SIZE  32            /* bytes of an owner's digest */


/* what a location says about kept commands */

typedef struct {
    ngx_flag_t         enable;           /* they may be started here */
    ngx_msec_t         ttl;              /* of the output, from the end on */
    ngx_msec_t         timeout;          /* run limit; 0 = none */
    ngx_msec_t         orphan;           /* running, unwatched; 0 = any */
    ngx_msec_t         stall;            /* that one watcher may hold it up */
    size_t             output;           /* bytes of each stream that stay in
                                            any case */
    ngx_uint_t         max;              /* of the location */
    ngx_uint_t         max_per_owner;    /* 0 = any */
    ngx_uint_t         max_watchers;     /* of one command */
    ngx_uint_t         max_waits;
    ngx_uint_t         max_calls;        /* of the location: bound commands that
                                            can be reached, ngx_cc_call.h */
    ngx_msec_t         resume;           /* that one of them, and its result, is
                                            there without a client */
    ngx_flag_t         observed;         /* bound ones may be seen, too */
    uint8_t            realm[NGX_CC_OWNER_SIZE];     /* whose observers may
                                            see them (cc_executor_observe) */
} ngx_cc_keep_conf_t;


/*
 * What a location says about processes; compiled at configuration time.  What
 * it says about requests for them is in ngx_cc_spec_conf_t.
 */

typedef struct {
    const char       **env;              /* nenv times NAME=value */
    uint32_t           nenv;
    const char        *cwd;
    unsigned           work:1;           /* "cwd" is the default directory */
    ngx_cc_confine_t   confine;
    const char       **paths;            /* of the fence: nread and nwrite */
    ngx_msec_t         start_timeout;
    ngx_msec_t         silence_timeout;  /* 0 = none */
    ngx_msec_t         kill_grace;
    ngx_msec_t         linger;           /* of background children */
    ngx_msec_t         drain_timeout;    /* see ngx_cc_drain.h; 0 = none */
    size_t             buffer;           /* bytes of ring */
    off_t              max_output;       /* bytes, 0 = any */
    ngx_uint_t         max_commands;
    ngx_uint_t         max_per_owner;    /* 0 = any, NGX_CC_COMMAND_SHARE */
    ngx_int_t          slots;            /* ngx_cc_slots_location() */
    ngx_uint_t         user;             /* of ngx_cc_pools_conf_t */
    ngx_cc_keep_conf_t  keep;
} ngx_cc_command_conf_t;


typedef struct ngx_cc_command_s  ngx_cc_command_t;


/*
 * Commands are bound to this object: they end with it.  A kept one goes on, and
 * several objects of several workers may be about it: that of who started it
 * (spec.keep, or spec.keepable and later kept), and others that attached to it.
 */

typedef enum {
    NGX_CC_COMMAND_STARTED,      /* pid, start are known; of one to which we
                                    attach: "attached", too */
    NGX_CC_COMMAND_FAILED,       /* never ran: stage, error; or we may not
                                    attach: refused; last event */
    NGX_CC_COMMAND_EXITED,       /* result is known; records may remain; last
                                    event.  Without STARTED (pid 0): it was
                                    canceled before it was started */
    NGX_CC_COMMAND_INPUT,        /* the input in flight was taken: accepted */
    NGX_CC_COMMAND_SIGNALLED,    /* pause() has reached the tree: left */
    NGX_CC_COMMAND_STATE,        /* kept: "attached" has changed */
    NGX_CC_COMMAND_DETACHED,     /* kept: it goes on without us: detached; last
                                    event */
    NGX_CC_COMMAND_KEPT,         /* it is kept from now on, see
                                    ngx_cc_command_handover.h */
    NGX_CC_COMMAND_UNKEPT,       /* it could not be, or not be reached: it is
                                    bound as before, and its output is read on;
                                    error */
    NGX_CC_COMMAND_LISTENING,    /* it can be reached, see ngx_cc_call.h */
    NGX_CC_COMMAND_UNPASSED      /* its control program has failed: unpassed.
                                    Of a STOP for pause(), before SIGNALLED */
} ngx_cc_command_event_e;


/* kept: why an object is not attached any more */

typedef enum {
    NGX_CC_COMMAND_REMOVED = NGX_CC_DETACHED_REMOVED,
    NGX_CC_COMMAND_TAKEN = NGX_CC_DETACHED_TAKEN,
    NGX_CC_COMMAND_UNREACHABLE   /* this worker could not hold the
                                    connection */
} ngx_cc_command_detached_e;


/* kept: what an object has been told of it */

typedef struct {
    uint32_t           flags;            /* NGX_CC_ATTACH_*: what was granted,
                                            NGX_CC_ATTACHED_*: how it is */
    uint64_t           from[NGX_CC_STREAMS];   /* where its records begin */
    uint64_t           held[NGX_CC_STREAMS];   /* least offset that is there */
    uint64_t           bytes[NGX_CC_STREAMS];  /* written when we came */
    uint64_t           seq;              /* the ring's head then */
    uint64_t           accepted;         /* bytes that its stdin had taken */
    uint32_t           watchers;
    uint16_t           cols;             /* of its terminal */
    uint16_t           rows;
    int                status;           /* OVER: as from waitpid() */
    ngx_cc_cause_e     cause;            /* OVER */
} ngx_cc_attached_t;


/* what a client may say about a command that is to be kept */

typedef struct {
    const char        *label;            /* "", or for lists */
    const char        *shown;            /* its command line, for lists; both
                                            within the wire's limits */
    ngx_msec_t         ttl;              /* ms that it stays after its end */
    unsigned           drop:1;           /* nobody attached and its ring full:
                                            it does not wait */
    unsigned           lossy:1;          /* its starter never holds it up */
} ngx_cc_command_keep_t;


/* a wish to attach */

typedef struct {
    ngx_cc_handle_t    handle;
    const uint8_t     *owner;            /* NGX_CC_OWNER_SIZE bytes */
    int64_t            from[NGX_CC_STREAMS];   /* negative: so many bytes
                                            before the end */
    const uint8_t     *realm;            /* where we may observe others', as
                                            long; or NULL */
    uint32_t           flags;            /* NGX_CC_ATTACH_*: DATA is added; with
                                            "realm" OBSERVER is, too */
    unsigned           call:1;           /* it is one (ngx_cc_call.h): attached
                                            until close(), behind EXITED, too */

    void              *data;             /* as in the spec */
    void             (*event)(void *data, ngx_cc_command_t *cmd,
                           ngx_cc_command_event_e event);
    void             (*wake)(void *data, ngx_cc_command_t *cmd);
} ngx_cc_attach_t;


typedef struct {
    const uint8_t     *owner;            /* NGX_CC_OWNER_SIZE bytes, or NULL
                                            = none */
    ngx_cc_recorder_t *recorder;         /* who is told of it, or NULL */
    const ngx_cc_command_keep_t  *keep;  /* it shall be kept; NULL = it shall
                                            not */
    const char       **argv;             /* argc >= 1; argv[0] as the client
                                            named it */
    uint32_t           argc;
    const char        *program;          /* what to execute: a path, or a bare
                                            name to be searched in PATH */
    const ngx_cc_handle_t  *handle;      /* its id; NULL = one is made */
    const char       **control;          /* ncontrol words: what passes signals
                                            on to its other end, by its path;
                                            "%{signal}" in words is the name of
                                            a signal */
    uint32_t           ncontrol;         /* 0 = signals are for its processes
                                            here */
    const char        *beneath;          /* directory below the location's
                                            cwd; NULL = that itself */
    const char       **env;              /* nenv times NAME=value; NULL = the
                                            location's */
    uint32_t           nenv;
    const char        *trace;            /* for its record: a traceparent of
                                            version 00; NULL = none */
    ngx_msec_t         timeout;          /* run limit, ms; 0 = none */
    ngx_cc_plainline_shell_e  direct;    /* argv: that shell, -c, a line;
                                            bypass the shell if it is plain */
    unsigned           keepable:1;       /* while it runs it may become kept
                                            (ngx_cc_command_handover.h), or
                                            reachable (ngx_cc_call.h).  Not
                                            with "keep" */
    const char        *shown;            /* others shall see it when it has run
                                            for a while
                                            (ngx_cc_command_observe.h): its
                                            command line, for lists, within the
                                            wire's limits; NULL = no.  Not with
                                            "keep", "keepable" */
    unsigned           script:1;         /* argv ends in a text for a shell,
                                            which may read it from a descriptor
                                            when it is too long */
    unsigned           exact:1;          /* see NGX_CC_START_EXACT */
    unsigned           open_stdin:1;     /* stdin is fed by input() */
    unsigned           merge:1;          /* stderr is the pipe of stdout */
    unsigned           noecho:1;         /* of a terminal */
    uint16_t           cols;             /* of one; open_stdin is set.  0 = no
                                            terminal */
    uint16_t           rows;
    unsigned           apart:1;          /* the owner can be distinguished
                                            from others: has a share */

    /* what the client has taken so far, bytes, whatever they were (see
     * ngx_cc_drain.h); NULL: the reader of this command never waits */
    uint64_t         (*taken)(void *reader);
    void              *reader;

    void              *data;             /* for the two callbacks */
    void             (*event)(void *data, ngx_cc_command_t *cmd,
                           ngx_cc_command_event_e event);
    void             (*wake)(void *data, ngx_cc_command_t *cmd);
} ngx_cc_command_spec_t;


/* how a command could not be started */

typedef enum {
    NGX_CC_START_OK = 0,
    NGX_CC_START_LIMIT,          /* max_commands of the location */
    NGX_CC_START_OWNER,          /* what one owner may have of them */
    NGX_CC_START_TOO_LONG,       /* argv + env + cwd beyond the wire's limits:
                                    see "total", "longest" */
    NGX_CC_START_KEPT,           /* kept commands of the location */
    NGX_CC_START_KEPT_OWNER,     /* those of an owner */
    NGX_CC_START_EXITING,        /* this worker is shutting down */
    NGX_CC_START_UNAVAILABLE     /* no memory, no randomness, no spawner */
} ngx_cc_start_e;


typedef enum {
    NGX_CC_COMMAND_WAITING,      /* for a helper, or for STARTED */
    NGX_CC_COMMAND_RUNNING,
    NGX_CC_COMMAND_OVER          /* EXITED or FAILED */
} ngx_cc_command_state_e;


/* what others may read; everything else is private to ngx_cc_command.c */

#define NGX_CC_COMMAND_PROGRAM   64      /* bytes, with a NUL */


struct ngx_cc_command_s {
    ngx_cc_command_state_e   state;
    u_char                   id[NGX_CC_HANDLE_TEXT];  /* execution_id */
    unsigned                 named:1;    /* it is to be kept: for clients the
                                            name of the node stands before */
    pid_t                    pid;        /* = pgid, 0 = none yet */
    uint64_t                 start;      /* ms since 1970 */
    uint16_t                 cols;       /* of its terminal, 0 = none */
    uint16_t                 rows;
    unsigned                 paused:1;
    unsigned                 canceling:1;
    unsigned                 kept:1;

    /* kept, after STARTED; of its starter only "flags" of what was asked for
       until STATE comes */
    ngx_cc_attached_t        attached;
    ngx_cc_wire_denied_e     refused;    /* after FAILED of an attach */
    ngx_cc_command_detached_e  detached;     /* after DETACHED; a call may be
                                            TAKEN, too */

    /* after SIGNALLED: processes that have not stopped, or gone on */
    uint32_t                 left;

    /* after UNPASSED: which signal, and why not */
    ngx_cc_wire_unpassed_t   unpassed;

    /* after FAILED; stage NONE: no helper in time, or it was lost */
    ngx_cc_stage_e           stage;
    int                      error;      /* errno; after UNKEPT, too */

    /* after INPUT */
    uint32_t                 accepted;   /* bytes that the pipe took */
    uint64_t                 stdin_taken;     /* kept: in all, whoever wrote */
    unsigned                 stdin_closed:1;  /* it has no reader any more */
    unsigned                 stdin_long:1;    /* behind "accepted" begins a line
                                                 that is too long for a
                                                 terminal */

    /* after EXITED; "unknown": only its cause is known */
    ngx_cc_cause_e           cause;
    int                      status;     /* as from waitpid() */
    uint64_t                 elapsed;    /* us, of the main process */
    uint64_t                 user;       /* us of CPU */
    uint64_t                 system;     /* us of CPU */
    uint64_t                 max_rss;    /* KiB */
    uint64_t                 memory_limit;    /* bytes that its group may use,
                                                 0 = any, or it is not known */
    uint64_t                 memory_peak;     /* bytes that it used, 0 = it is
                                                 not known */
    uint32_t                 pids_peak;  /* the same of processes */
    uint32_t                 swept;      /* descendants killed */
    unsigned                 pipes_open:1;    /* a stranger held a pipe */
    unsigned                 unknown:1;
    unsigned                 truncated:1;     /* its client stopped reading:
                                                 the rest was dropped */
    uint64_t                 bytes[NGX_CC_STREAMS];  /* that it wrote */

    char                     program[NGX_CC_COMMAND_PROGRAM];   /* as the
                                            client named it, cut; empty: what
                                            is executed is not its choice */

    void                    *data;       /* of the spec */
};


/*
 * Starts a command: takes one of the location's slots, makes its id, packs
 * the START and gives it to an idle helper or lets it wait for one in order of
 * arrival.  "spec" and its strings are only used during the call; "conf" must
 * live as long as the command.
 *
 * Returns START_OK and *cmd, which the caller ends with
 * ngx_cc_command_close(); or why not.  For TOO_LONG, *total is the number of
 * bytes that argv + env + cwd need and *longest the length of the longest
 * string (both may be NULL).  For UNAVAILABLE nothing else is set.
 */
ngx_cc_start_e ngx_cc_command_start(ngx_cc_command_conf_t *conf,
    ngx_cc_command_spec_t *spec, ngx_cc_command_t **cmd, size_t *total,
    size_t *longest);

/*
 * The current record of output, without moving: 1 and "rec", or 0 when there
 * is none yet.  What rec->data points to may change under the reader's eyes.
 */
int ngx_cc_command_peek(ngx_cc_command_t *cmd, ngx_cc_ring_record_t *rec);

/* the record is consumed; its memory is given back to the command soon */
void ngx_cc_command_skip(ngx_cc_command_t *cmd,
    const ngx_cc_ring_record_t *rec);

/* 1 when it is OVER and no record is left */
int ngx_cc_command_finished(ngx_cc_command_t *cmd);

/*
 * SIGSTOP (on) or SIGCONT to the whole tree.  NGX_OK: event SIGNALLED follows
 * when it has reached all processes, or after a second, or EXITED does; of
 * several calls in a row only the last one is told.  NGX_DECLINED when the
 * command does not run.
 */
ngx_int_t ngx_cc_command_pause(ngx_cc_command_t *cmd, ngx_uint_t on);

/*
 * Any signal, to whom "to" says; nobody waits for it.  NGX_OK; NGX_DECLINED
 * when the command does not run; NGX_BUSY when too many wait to be sent.
 */
ngx_int_t ngx_cc_command_signal(ngx_cc_command_t *cmd, int signo,
    ngx_cc_signal_target_e to);

/*
 * Another size of its terminal, which the command learns before any input()
 * that comes later; the same size: it draws again.  NGX_OK, or NGX_DECLINED
 * when the command does not run or has none.
 */
ngx_int_t ngx_cc_command_resize(ngx_cc_command_t *cmd, uint16_t cols,
    uint16_t rows);

/*
 * The ladder: TERM and CONT, kill_grace, KILL, sweep; a command that still
 * waits for a helper is never started (EXITED follows).  Returns NGX_OK, or
 * NGX_DECLINED when the command is over.  May be called again: no effect.
 */
ngx_int_t ngx_cc_command_cancel(ngx_cc_command_t *cmd);

/*
 * nginx stops.  The ladder, with the cause "shutdown"; what still waits for a
 * helper stays there and gets none.  With "now" the command is over, however
 * far it has come: EXITED or FAILED comes from inside this call, the only one
 * that does so.
 */
void ngx_cc_command_shutdown(ngx_cc_command_t *cmd, ngx_uint_t now);

/*
 * Bytes for stdin: copies at most NGX_CC_WIRE_MAX_INPUT of them, and closes
 * stdin afterwards when "eof" is set and all were copied.  On a terminal they
 * are typed, "eof" is what ^D is, and more may come behind it.  "more": they
 * belong together with what comes next, other writers of a kept command have to
 * wait.  Returns the number of bytes taken into flight; event INPUT follows
 * when the command has read them or never will.  NGX_BUSY when an earlier input
 * is still in flight, NGX_DECLINED when the command does not run or has no open
 * stdin, NGX_ERROR when its helper could not be reached (event EXITED follows).
 */
ssize_t ngx_cc_command_input(ngx_cc_command_t *cmd, const u_char *p,
    size_t len, ngx_uint_t more, ngx_uint_t eof);

/*
 * Ends the object, in any state, and with it the command: one that still runs
 * or waits is abandoned (its tree is gone within kill_grace).  A kept one goes
 * on, except that its starter was not told().  No callback comes any more.
 */
void ngx_cc_command_close(ngx_cc_command_t *cmd);


#endif /* _NGX_CC_COMMAND_H_INCLUDED_ */
