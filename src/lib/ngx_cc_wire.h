
/*
 * The messages between a worker, its spawner and its helpers.  One datagram
 * of a SOCK_SEQPACKET pair is one message: a head, a fixed part, and for two
 * types (START, INPUT) bytes behind it.  Both ends are on the same machine,
 * and the structs below are the format; whatever arrives is checked by
 * ngx_cc_wire_check() before any field is used.
 *
 * The spawner may be another program (the executor service), perhaps of
 * another build: whoever changes a struct gives NGX_CC_WIRE_VERSION another
 * number; t/64-wire-layout.t compares with what each one says (t/wire).
 * CONNECT and CONNECTED are the same in all versions, so that both sides can
 * say which one they speak.
 *
 * What is said to a kept command stands in ngx_cc_wire_kept.h.
 */

#ifndef _NGX_CC_WIRE_H_INCLUDED_
#define _NGX_CC_WIRE_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include "ngx_cc_handle.h"


#define NGX_CC_WIRE_MAGIC       0x31786363       /* "ccx1" */
#define NGX_CC_WIRE_VERSION     4

/* limits of the bytes behind a fixed part */

#define NGX_CC_WIRE_MAX_TEXT    (160 * 1024)     /* all strings of a START,
                                                    NULs included */
#define NGX_CC_WIRE_MAX_STRING  (128 * 1024 - 1) /* one string, without NUL */
#define NGX_CC_WIRE_MAX_STRINGS 16384            /* argv + env + paths of the
                                                    fence + control, pieces */
#define NGX_CC_WIRE_MAX_INPUT   65536            /* bytes of one INPUT */


/* type: direction, what it says */

typedef enum {
    NGX_CC_WIRE_SUPPLY = 1,  /* worker -> spawner: helpers to keep alive */
    NGX_CC_WIRE_KILL,        /* worker -> spawner: end this helper of yours */
    NGX_CC_WIRE_HELPER,      /* spawner -> worker: a new one, with two
                                descriptors: control socket, ring */
    NGX_CC_WIRE_GONE,        /* spawner -> worker: a helper has ended */
    NGX_CC_WIRE_NOFORK,      /* spawner -> worker: could not make one, or
                                (error 0) it died at its birth */
    NGX_CC_WIRE_CONNECT,     /* worker -> service: be my spawner */
    NGX_CC_WIRE_CONNECTED,   /* service -> worker: I am from now on, or not */

    NGX_CC_WIRE_START,       /* worker -> helper: run this */
    NGX_CC_WIRE_CREDIT,      /* worker -> helper: consumed up to here; arms
                                the next OUTPUT */
    NGX_CC_WIRE_SIGNAL,      /* worker -> helper: signal to the tree */
    NGX_CC_WIRE_CANCEL,      /* worker -> helper: the ladder */
    NGX_CC_WIRE_INPUT,       /* worker -> helper: bytes or end of stdin */
    NGX_CC_WIRE_RESIZE,      /* worker -> helper: its terminal has this size */
    NGX_CC_WIRE_RELEASE,     /* worker -> idle helper: give memory back */
    NGX_CC_WIRE_ABANDON,     /* worker -> helper: there is no reader; end it */

    NGX_CC_WIRE_STARTED,     /* helper -> worker: it runs */
    NGX_CC_WIRE_FAILED,      /* helper -> worker: it could not be started */
    NGX_CC_WIRE_OUTPUT,      /* helper -> worker: the ring's new head */
    NGX_CC_WIRE_INPUT_DONE,  /* helper -> worker: that INPUT is taken */
    NGX_CC_WIRE_ENDED,       /* helper -> worker: every process is gone, but
                                there is no room for the rest of the output */
    NGX_CC_WIRE_SIGNALLED,   /* helper -> worker: a SIGNAL has been sent */
    NGX_CC_WIRE_UNPASSED,    /* helper -> worker: a signal did not get to the
                                command's other end */
    NGX_CC_WIRE_EXITED,      /* helper -> worker: all is over and read */

    /* kept commands, ngx_cc_wire_kept.h: worker -> helper */

    NGX_CC_WIRE_HELLO,       /* who are you? */
    NGX_CC_WIRE_PROOF,       /* this is who I am */
    NGX_CC_WIRE_ATTACH,      /* I am a watcher of this command */
    NGX_CC_WIRE_READ,        /* one DATA, please */
    NGX_CC_WIRE_MARK,        /* a reader has got this far */
    NGX_CC_WIRE_FLOW,        /* hold the command up for me, or do not */
    NGX_CC_WIRE_WAIT,        /* tell me when */
    NGX_CC_WIRE_UNWAIT,      /* do not */
    NGX_CC_WIRE_REMOVE,      /* forget it */
    NGX_CC_WIRE_LIST,        /* what is it? */
    NGX_CC_WIRE_ACK,         /* its place is kept */
    NGX_CC_WIRE_TOLD,        /* its owner knows its id */
    NGX_CC_WIRE_KEEP,        /* one that runs: keep it from now on */
    NGX_CC_WIRE_LISTEN,      /* one that runs: let others reach it */
    NGX_CC_WIRE_DELIVERED,   /* one that is reached: nobody needs it now */

    /* helper -> worker */

    NGX_CC_WIRE_WELCOME,     /* this is who I am */
    NGX_CC_WIRE_ATTACHED,    /* or not */
    NGX_CC_WIRE_DATA,        /* output */
    NGX_CC_WIRE_WOKE,        /* it is time */
    NGX_CC_WIRE_REMOVED,     /* or not */
    NGX_CC_WIRE_DETACHED,    /* you are a watcher no more */
    NGX_CC_WIRE_STATE,       /* something about it has changed */
    NGX_CC_WIRE_ENTRY,       /* what it is */
    NGX_CC_WIRE_KEPT,        /* it is kept, or (error) stays as it was */
    NGX_CC_WIRE_LISTENING,   /* it can be reached, or (error) cannot */
    NGX_CC_WIRE_FREE,        /* it was reached: the helper takes a START */
    NGX_CC_WIRE_BUNDLE,      /* several of these at once */
    NGX_CC_WIRE_AGAIN,       /* in it: one that was there before */

    NGX_CC_WIRE_TYPES
} ngx_cc_wire_type_e;


/* why a command ended; the names are those of protocol "cause" */

typedef enum {
    NGX_CC_CAUSE_EXIT = 0,   /* by itself */
    NGX_CC_CAUSE_SIGNAL,     /* by a signal that we did not send */
    NGX_CC_CAUSE_TIMEOUT,
    NGX_CC_CAUSE_SILENCE,
    NGX_CC_CAUSE_CANCEL,
    NGX_CC_CAUSE_DISCONNECT,
    NGX_CC_CAUSE_OUTPUT,     /* more of it than allowed */
    NGX_CC_CAUSE_SHUTDOWN,   /* nginx stops */
    NGX_CC_CAUSE_LOST,       /* its helper died (said by the worker only) */
    NGX_CC_CAUSE_ORPHAN,     /* kept, and nobody has asked for it for long */
    NGX_CC_CAUSE_OOM,        /* the kernel: its group had too much memory */
    NGX_CC_CAUSES
} ngx_cc_cause_e;


/* the step of a command's birth that failed */

typedef enum {
    NGX_CC_STAGE_NONE = 0,
    NGX_CC_STAGE_PIPE,
    NGX_CC_STAGE_TERMINAL,
    NGX_CC_STAGE_FORK,
    NGX_CC_STAGE_GROUP,
    NGX_CC_STAGE_STDIO,
    NGX_CC_STAGE_CHDIR,
    NGX_CC_STAGE_RLIMIT,
    NGX_CC_STAGE_FENCE,
    NGX_CC_STAGE_EXEC,
    NGX_CC_STAGE_LISTEN,     /* its socket, if it is kept */
    NGX_CC_STAGE_USER,       /* to become the user that it runs as */
    NGX_CC_STAGE_SERVICE,    /* to reach the executor service */
    NGX_CC_STAGE_CGROUP,     /* a control group of its own */
    NGX_CC_STAGES
} ngx_cc_stage_e;


typedef struct {
    uint32_t        magic;
    uint8_t         version;
    uint8_t         type;        /* ngx_cc_wire_type_e */
    uint16_t        flags;       /* meaning by type, else 0 */
    uint32_t        run;         /* which START of this helper; 0 = none */
    uint32_t        size;        /* of the whole datagram, bytes */
} ngx_cc_wire_head_t;


typedef struct {
    ngx_cc_wire_head_t  head;
    uint32_t        helpers;     /* how many helpers shall be alive; 0 = make
                                    no more and leave with the last one */
    uint32_t        reserved;
} ngx_cc_wire_supply_t;


/* KILL, GONE, HELPER */

typedef struct {
    ngx_cc_wire_head_t  head;
    int32_t         pid;         /* of the helper */
    int32_t         status;      /* GONE: as from waitpid() */
    uint64_t        ring;        /* HELPER: bytes of its ring */
} ngx_cc_wire_helper_t;


/* NOFORK; FAILED with a stage */

typedef struct {
    ngx_cc_wire_head_t  head;
    int32_t         error;       /* errno */
    uint32_t        stage;       /* ngx_cc_stage_e */
} ngx_cc_wire_failed_t;


/* why a service does not serve */

typedef enum {
    NGX_CC_REFUSAL_NONE = 0,
    NGX_CC_REFUSAL_VERSION,  /* it speaks another one */
    NGX_CC_REFUSAL_POLICY,   /* its table cannot be read, or not be trusted */
    NGX_CC_REFUSAL_PEER,     /* the worker's uid is not in the table */
    NGX_CC_REFUSAL_USER,     /* it may not start commands as that user */
    NGX_CC_REFUSAL_UNKNOWN,  /* there is no such user */
    NGX_CC_REFUSAL_ROOT,     /* a user that no command runs as: root, or the
                                service's own */
    NGX_CC_REFUSAL_FULL,     /* too many workers */
    NGX_CC_REFUSAL_MANY,     /* as many for that user as its table gives us */
    NGX_CC_REFUSAL_SYSTEM,   /* "error" */
    NGX_CC_REFUSALS
} ngx_cc_refusal_e;


#define NGX_CC_WIRE_BUILD       32       /* bytes of a version and its NUL */
#define NGX_CC_WIRE_USER        256      /* of a user's name, too */
#define NGX_CC_WIRE_MAX_RING    (64 * 1024 * 1024)   /* bytes */

typedef struct {
    ngx_cc_wire_head_t  head;
    char            build[NGX_CC_WIRE_BUILD];
    char            user[NGX_CC_WIRE_USER];  /* commands shall run as */
    uint64_t        ring;        /* bytes of each helper's ring */
    int32_t         nice;        /* absolute */
    uint32_t        seccomp;     /* what every command is denied */
    uint32_t        enclosed;    /* 1: every command keeps signals in */
    uint32_t        reserved;
} ngx_cc_wire_connect_t;


/* flags of CONNECTED: the control groups that the service can make */

#define NGX_CC_CGROUP_GROUPS    0x0001   /* any at all */
#define NGX_CC_CGROUP_MEMORY    0x0002   /* and their limits can be set */
#define NGX_CC_CGROUP_PIDS      0x0004
#define NGX_CC_CGROUP_CPU       0x0008
#define NGX_CC_CGROUP_FLAGS     0x000f

typedef struct {
    ngx_cc_wire_head_t  head;
    char            build[NGX_CC_WIRE_BUILD];
    uint32_t        refusal;     /* ngx_cc_refusal_e */
    int32_t         error;       /* errno of it, 0 = none */
    uint32_t        helpers;     /* at most, of this worker */
    uint32_t        uid;         /* commands run as */
} ngx_cc_wire_connected_t;


/* the control group (cgroup v2) of a command */

#define NGX_CC_CGROUP_WANTED    0x0001   /* it gets one, if that is possible */
#define NGX_CC_CGROUP_REQUIRED  0x0002   /* else it does not start */
#define NGX_CC_CGROUP_SWAP      0x0004   /* "swap" counts */

#define NGX_CC_CGROUP_MAX_WEIGHT  10000
#define NGX_CC_CGROUP_MAX_CPU     100000     /* percent of one processor */

typedef struct {
    uint64_t        memory;      /* bytes, 0 = any */
    uint64_t        swap;        /* bytes, may be 0 */
    uint32_t        pids;        /* processes and threads, 0 = any */
    uint32_t        cpu;         /* percent of one processor, 0 = any */
    uint32_t        weight;      /* of cpu, 0 = the kernel's default (100) */
    uint32_t        flags;       /* NGX_CC_CGROUP_WANTED ...; 0 = no group, and
                                    all of the above is 0 */
} ngx_cc_wire_cgroup_t;


/* what a command may use, and how it is confined */

#define NGX_CC_CONFINE_FLAGS    0x00ff   /* which: ngx_cc_fence.h */

typedef struct {
    uint64_t        limit[RLIM_NLIMITS];     /* by RLIMIT_*, in its unit
                                    (setrlimit(2)); 0 = as the helper has it */
    uint32_t        umask;
    int32_t         nice;        /* 0 = as the helper has it */
    uint32_t        fence;       /* the fence's form (ngx_cc_fence.h), 0 =
                                    none */
    uint32_t        flags;
    uint32_t        nread;       /* paths that may be read */
    uint32_t        nwrite;      /* paths that may be read and changed */
    ngx_cc_wire_cgroup_t  cgroup;
} ngx_cc_confine_t;


/* flags of START */

#define NGX_CC_START_SEARCH     0x0001   /* "program" has no slash: look for
                                            it in the PATH of its environment */
#define NGX_CC_START_STDIN      0x0002   /* stdin is a pipe fed by INPUT, else
                                            /dev/null */
#define NGX_CC_START_EXACT      0x0004   /* "program" is opened once; what is
                                            executed is that file */
#define NGX_CC_START_DASH       0x0008   /* argv is a shell, -c and a line: */
#define NGX_CC_START_BASH       0x0010   /* one that may be executed without
                                            that shell, which is known */
#define NGX_CC_START_WORK       0x0020   /* "cwd" is ours: make it, and the
                                            directory it is in, if missing */
#define NGX_CC_START_KEEP       0x0040   /* it outlives this worker: "keep" is
                                            filled */
#define NGX_CC_START_TTY        0x0080   /* on a terminal of "cols" and "rows",
                                            which is stdin, too (STDIN is set)
                                            and both streams (no MERGE) */
#define NGX_CC_START_NOECHO     0x0100   /* one that does not echo at first */
#define NGX_CC_START_MERGE      0x0200   /* stderr is the pipe of stdout */
#define NGX_CC_START_SCRIPT     0x0400   /* with it comes a descriptor that the
                                            command gets (ngx_cc_script.h) */
#define NGX_CC_START_KEEPABLE   0x0800   /* KEEP or LISTEN may follow while it
                                            runs: of "keep" only "output" is
                                            filled */
#define NGX_CC_START_FLAGS      0x0fff

#define NGX_CC_WIRE_MAX_SIDE    1000     /* columns or rows of a terminal */


/* what makes a command a kept one */

#define NGX_CC_KEEP_DROP        0x0001   /* nobody attached and the ring full:
                                            drop the oldest, do not wait */
#define NGX_CC_KEEP_FLAGS       0x0001

#define NGX_CC_KEEP_MAX_OUTPUT  (16 * 1024 * 1024)
#define NGX_CC_KEEP_MAX_WATCHERS  1024
#define NGX_CC_KEEP_MAX_WAITS   4096

typedef struct {
    uint8_t         auth[32];    /* the key of its socket */
    uint8_t         realm[32];   /* whose observers may see it: a
                                    digest, 0 = nobody's */
    uint8_t         pool[8];     /* of the name of its socket */
    uint64_t        ttl;         /* ms that it stays after its end */
    uint64_t        orphan;      /* ms without a watcher, 0 = any */
    uint64_t        stall;       /* ms that one watcher may hold it up */
    uint32_t        output;      /* bytes of each stream besides the ring: the
                                    first half and the last half of them */
    uint32_t        watchers;    /* at most */
    uint32_t        waits;       /* at most */
    uint32_t        uid;         /* of those who may connect, besides root and
                                    the helper's own */
    uint32_t        flags;       /* NGX_CC_KEEP_* */
    uint32_t        reserved;
} ngx_cc_wire_keep_t;


/*
 * Behind it stand "text" bytes of strings, each ended by NUL, in this order:
 * cwd, beneath, program, argc arguments, envc times NAME=value, the nread and
 * nwrite paths of the fence, the ncontrol words of its control program, the
 * first of them a path, and of a kept command its label and the command line
 * that lists show.
 */

typedef struct {
    ngx_cc_wire_head_t  head;
    uint64_t        run_limit;   /* ms of wall clock, 0 = none */
    uint64_t        silence;     /* ms without output, 0 = none */
    uint64_t        grace;       /* ms from TERM to KILL */
    uint64_t        linger;      /* ms that background children may stay */
    uint64_t        window;      /* bytes of ring to use */
    uint64_t        max_output;  /* bytes of both streams, 0 = any */
    ngx_cc_confine_t  confine;
    ngx_cc_handle_t handle;      /* the command's name and secret */
    uint8_t         owner[32];   /* digest of its owner, 0 = none */
    ngx_cc_wire_keep_t  keep;    /* 0 without KEEP or KEEPABLE */
    uint32_t        argc;        /* >= 1 */
    uint32_t        envc;
    uint32_t        text;        /* bytes of strings behind this */
    uint16_t        cols;        /* of a terminal (START_TTY), else 0 */
    uint16_t        rows;
    uint32_t        ncontrol;    /* 0 = signals are for processes here */
    uint32_t        reserved;
} ngx_cc_wire_start_t;


typedef struct {
    ngx_cc_wire_head_t  head;
    uint64_t        tail;        /* ring position consumed */
    uint64_t        seen;        /* newest head that the worker knows */
} ngx_cc_wire_credit_t;


/*
 * CANCEL, ABANDON and ENDED are a head alone.  Flags of the first two are the
 * ngx_cc_cause_e that the command ends with, unless it ends for another reason
 * already; 0 stands for CANCEL and DISCONNECT.
 */

#define NGX_CC_CAUSE_FLAGS      0x000f

/* whom a SIGNAL is for */

typedef enum {
    NGX_CC_SIGNAL_TREE = 0,  /* every process of the command */
    NGX_CC_SIGNAL_GROUP,     /* the main process and its group */
    NGX_CC_SIGNAL_FOREGROUND,    /* the group that its terminal is with */
    NGX_CC_SIGNAL_TARGETS
} ngx_cc_signal_target_e;


/* flags of SIGNAL */

#define NGX_CC_SIGNAL_UNTOLD    0x0001   /* no SIGNALLED is expected; neither
                                            PAUSE nor RESUME, whatever signal
                                            it is */

/* SIGNAL, SIGNALLED */

typedef struct {
    ngx_cc_wire_head_t  head;
    int32_t         signo;       /* 1..64 */
    uint32_t        serial;      /* SIGNALLED: of the SIGNAL; one that was
                                    overtaken by another need not be told */
    uint32_t        left;        /* SIGNALLED: processes that did not get it,
                                    or (SIGSTOP) that have not stopped */
    uint32_t        to;          /* SIGNAL: ngx_cc_signal_target_e; TREE unless
                                    it is UNTOLD */
} ngx_cc_wire_signal_t;


/* why a signal was not passed on: what became of the control program */

typedef enum {
    NGX_CC_UNPASSED_START = 0,   /* it did not start: "detail" is errno */
    NGX_CC_UNPASSED_EXIT,        /* "detail" is its exit code */
    NGX_CC_UNPASSED_SIGNAL,      /* "detail" ended it */
    NGX_CC_UNPASSED_TIME,        /* it took too long, and was killed */
    NGX_CC_UNPASSED_OVERTAKEN,   /* it was killed for a signal that could not
                                    wait */
    NGX_CC_UNPASSED_BUSY,        /* it had not begun: others before it took too
                                    long, or were too many */
    NGX_CC_UNPASSED_REASONS
} ngx_cc_unpassed_e;

typedef struct {
    ngx_cc_wire_head_t  head;
    int32_t         signo;       /* 1..64 */
    uint32_t        reason;      /* ngx_cc_unpassed_e */
    int32_t         detail;      /* by reason, else 0 */
    uint32_t        reserved;
} ngx_cc_wire_unpassed_t;


typedef struct {
    ngx_cc_wire_head_t  head;
    uint16_t        cols;        /* 1..NGX_CC_WIRE_MAX_SIDE */
    uint16_t        rows;
    uint32_t        reserved;
} ngx_cc_wire_resize_t;


/* flags of INPUT and INPUT_DONE */

#define NGX_CC_INPUT_EOF        0x0001   /* INPUT: close stdin afterwards */
#define NGX_CC_INPUT_CLOSED     0x0002   /* DONE: it has no reader any more */
#define NGX_CC_INPUT_LONG       0x0004   /* DONE: what follows is a line that is
                                            too long for a terminal */
#define NGX_CC_INPUT_MORE       0x0008   /* INPUT: of a message that goes on in
                                            the next one; no other writer of a
                                            kept command comes between */

/* "len" bytes follow an INPUT */

typedef struct {
    ngx_cc_wire_head_t  head;
    uint32_t        len;         /* INPUT: bytes, may be 0; DONE: bytes that
                                    the command's pipe or terminal took */
    uint32_t        reserved;
    uint64_t        accepted;    /* DONE: bytes that it took in all */
} ngx_cc_wire_input_t;


typedef struct {
    ngx_cc_wire_head_t  head;
    int32_t         pid;         /* = pgid */
    uint32_t        reserved;
    uint64_t        start;       /* us since 1970 */
} ngx_cc_wire_started_t;


/* bits of OUTPUT.eof: that stream will bring nothing more */

#define NGX_CC_EOF_STDOUT       0x01
#define NGX_CC_EOF_STDERR       0x02

typedef struct {
    ngx_cc_wire_head_t  head;
    uint64_t        pos;         /* the ring's head */
    uint64_t        dropped;     /* bytes given up (kept commands only) */
    uint32_t        eof;
    uint32_t        reserved;
} ngx_cc_wire_output_t;


/* flags of EXITED */

#define NGX_CC_EXITED_REUSABLE  0x0001   /* the helper takes another START */
#define NGX_CC_EXITED_PIPES     0x0002   /* a stranger still holds a pipe */

typedef struct {
    ngx_cc_wire_head_t  head;
    int32_t         pid;
    int32_t         status;      /* as from waitpid() */
    uint64_t        start;       /* us since 1970 */
    uint64_t        elapsed;     /* us from start to the end of the main
                                    process */
    uint64_t        user;        /* us of CPU, the whole tree that was waited
                                    for; with a group, all of it */
    uint64_t        system;
    uint64_t        max_rss;     /* KiB */
    uint64_t        pos;         /* final head of the ring */
    uint64_t        bytes[2];    /* of stdout and stderr */
    uint32_t        cause;       /* ngx_cc_cause_e */
    uint32_t        swept;       /* descendants that were killed */
    uint64_t        memory_peak; /* bytes that its group used at most, 0 = it is
                                    not known: no group, or an old kernel */
    uint32_t        pids_peak;   /* processes and threads, of the same kind */
    uint32_t        reserved;
} ngx_cc_wire_exited_t;


/* room for any message but START and INPUT */

typedef union {
    ngx_cc_wire_head_t     head;
    ngx_cc_wire_supply_t   supply;
    ngx_cc_wire_helper_t   helper;
    ngx_cc_wire_failed_t   failed;
    ngx_cc_wire_connect_t  connect;
    ngx_cc_wire_connected_t  connected;
    ngx_cc_wire_credit_t   credit;
    ngx_cc_wire_signal_t   signal;
    ngx_cc_wire_unpassed_t  unpassed;
    ngx_cc_wire_resize_t   resize;
    ngx_cc_wire_input_t    input;
    ngx_cc_wire_started_t  started;
    ngx_cc_wire_output_t   output;
    ngx_cc_wire_exited_t   exited;
} ngx_cc_wire_msg_t;


#define NGX_CC_WIRE_MAX_START   (sizeof(ngx_cc_wire_start_t)                  \
                                 + NGX_CC_WIRE_MAX_TEXT)


/*
 * Fills the head of a message of "size" bytes (flags 0) and zeroes the rest
 * of those bytes.
 */
void ngx_cc_wire_init(void *msg, ngx_cc_wire_type_e type, uint32_t run,
    size_t size);

/*
 * Checks a datagram of n bytes (aligned to 8): magic, version (any of CONNECT
 * and CONNECTED, which is the caller's to look at), size, a type that exists,
 * exactly the length that the type has, flags that are known and every
 * enumeration and count in its range; of START also the strings: as many as
 * announced, none too long, program not empty.  Returns the type, or 0 when
 * the message must not be used.
 */
ngx_cc_wire_type_e ngx_cc_wire_check(const void *msg, size_t n);


/* what a START is made of; the strings are the caller's and end with NUL */

typedef struct {
    const char     *cwd;
    const char     *beneath;     /* a directory below cwd, or "" */
    const char     *program;
    const char    **argv;        /* argc of them, no closing NULL needed */
    const char    **env;
    const char    **paths;       /* of the fence: nread, then nwrite */
    const char    **control;     /* its first word is a path */
    const char     *label;       /* of a kept command, else NULL; so is: */
    const char     *shown;
    uint32_t        argc;
    uint32_t        envc;
    uint32_t        npaths;
    uint32_t        ncontrol;    /* 0 = none */
} ngx_cc_wire_strings_t;


/*
 * The bytes that the strings need behind the START (NULs included); *longest
 * is the length of the longest of them (may be NULL).
 */
size_t ngx_cc_wire_text_size(const ngx_cc_wire_strings_t *s, size_t *longest);

/*
 * Writes the strings behind "start", which has room for them, and completes
 * start->argc, envc, ncontrol, text and head.size.  Returns the size of the
 * datagram, or 0 when a limit of this file is broken, when npaths is not the
 * number of paths in start->confine, or when label and shown are given without
 * the flag KEEP or missing with it.
 */
size_t ngx_cc_wire_start_pack(ngx_cc_wire_start_t *start,
    const ngx_cc_wire_strings_t *s);

/*
 * The strings of a START that ngx_cc_wire_check() has accepted.  "vector" has
 * room for argc + envc + paths + ncontrol + 5 pointers; argv, env, paths and
 * control of "s" end with a NULL in there, and behind that of env one more
 * variable has room.
 * Everything points into the message.
 */
void ngx_cc_wire_start_unpack(const ngx_cc_wire_start_t *start,
    ngx_cc_wire_strings_t *s, const char **vector);


#endif /* _NGX_CC_WIRE_H_INCLUDED_ */
