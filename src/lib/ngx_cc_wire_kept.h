
/*
 * The messages between a worker and a helper whose command is kept: it outlives
 * its connection and has any number of readers ("watchers").  They have the
 * head of ngx_cc_wire.h and pass the same ngx_cc_wire_check().
 *
 * A watcher is either the control socket of the worker that started the
 * command, or a connection to the helper's listening socket, which has to prove
 * that it belongs to a worker of the same master:
 *
 *   worker                        helper
 *   HELLO nonce            ->
 *                          <-     WELCOME nonce, mac
 *   PROOF mac, ATTACH      ->
 *                          <-     ATTACHED
 *   READ                   ->
 *                          <-     DATA, ... EXITED
 *
 * READ and LIST may stand right behind ATTACH: what is asked together is
 * answered in one turn, ENTRY behind DATA.  Whoever is attached may attach
 * again, for more or for less; he is looked at as if he came anew.  Who waits
 * may say with WAIT what he wants to read then, and is not asked again; many
 * may wait over one connection, and are told in one BUNDLE.
 *
 * head.run is the run of START on the control socket, and 0 elsewhere.
 *
 * On the control socket ATTACH comes right behind START; a starter whose client
 * has left attaches as MONITOR.  EXITED comes once (elsewhere once for each
 * ATTACH), after all DATA that are owed; to those without DATA at once.
 */

#ifndef _NGX_CC_WIRE_KEPT_H_INCLUDED_
#define _NGX_CC_WIRE_KEPT_H_INCLUDED_


#include "ngx_cc_wire.h"


#define NGX_CC_WIRE_NONCE         32     /* bytes */
#define NGX_CC_WIRE_READER        16     /* bytes */
#define NGX_CC_WIRE_MAX_DATA      65536  /* payload bytes of one DATA, with the
                                            heads of its records */
#define NGX_CC_WIRE_ALIGN(n)      (((n) + 7) & ~(size_t) 7)
#define NGX_CC_WIRE_MAX_PATTERNS  8
#define NGX_CC_WIRE_MAX_PATTERN   256    /* bytes of one */
#define NGX_CC_WIRE_MAX_LABEL     320    /* bytes: 80 characters */
#define NGX_CC_WIRE_MAX_SHOWN     1024   /* bytes of a command line in a list */


/* HELLO (mac is 0), WELCOME, PROOF (nonce is 0) */

typedef struct {
    ngx_cc_wire_head_t  head;
    uint8_t         nonce[NGX_CC_WIRE_NONCE];
    uint8_t         mac[32];     /* see ngx_cc_door.h, as the socket's name */
} ngx_cc_wire_hello_t;


/* flags of ATTACH, and (granted) of ATTACHED */

#define NGX_CC_ATTACH_DATA      0x0001   /* wants output: READ is allowed */
#define NGX_CC_ATTACH_WRITE     0x0002   /* INPUT, SIGNAL, RESIZE, CANCEL,
                                            REMOVE are allowed */
#define NGX_CC_ATTACH_LOSSY     0x0004   /* never holds the command up */
#define NGX_CC_ATTACH_EXCLUSIVE 0x0008   /* nobody else may write from now */
#define NGX_CC_ATTACH_OBSERVER  0x0010   /* another owner of the same realm:
                                            never WRITE, always LOSSY; who is
                                            the owner is none */
#define NGX_CC_ATTACH_MONITOR   0x0020   /* does not count as a watcher, and
                                            does not keep an orphan alive; a
                                            worker that minds the index: only
                                            the name of "handle" is looked at,
                                            not its secret, nor "owner"; never
                                            with DATA; WRITE is for REMOVE */
#define NGX_CC_ATTACH_MARK      0x0040   /* begins at the mark of "reader", not
                                            at "from"; never granted */
#define NGX_CC_ATTACH_UNTOLD    0x0080   /* who started it looks: its owner does
                                            not know its id yet; never granted
                                            */
#define NGX_CC_ATTACH_SIGNAL    0x2000   /* OBSERVER: SIGNAL and CANCEL are
                                            allowed */
#define NGX_CC_ATTACH_BRIEF     0x4000   /* with DATA and LOSSY: reads what
                                            there is and leaves.  It does not
                                            count as a watcher, but as one that
                                            waits; never granted */
#define NGX_CC_ATTACH_CALL      0x8000   /* of a bound command (LISTEN): by its
                                            owner, to take it over, or to drop
                                            it; never granted.  Without it
                                            everybody else than its starter is
                                            granted OBSERVER, the owner, too */
#define NGX_CC_ATTACH_FLAGS     0xe0ff

/* more flags of ATTACHED: the state of the command */

#define NGX_CC_ATTACHED_TTY     0x0100
#define NGX_CC_ATTACHED_STDIN   0x0200   /* it is open */
#define NGX_CC_ATTACHED_OVER    0x0400   /* EXITED follows after the data */
#define NGX_CC_ATTACHED_ENDING  0x0800   /* it is being ended */
#define NGX_CC_ATTACHED_PAUSED  0x1000
#define NGX_CC_ATTACHED_FLAGS   0x3f3f

typedef struct {
    ngx_cc_wire_head_t  head;
    ngx_cc_handle_t handle;
    uint8_t         owner[32];
    uint8_t         realm[32];   /* OBSERVER: 0 matches nobody */
    int64_t         from[2];     /* offset of each stream; negative: that many
                                    bytes before the end */
    uint8_t         reader[NGX_CC_WIRE_READER];  /* whose mark it is; 0 =
                                    nobody's */
} ngx_cc_wire_attach_t;


/* why ATTACH, LIST or REMOVE was refused */

typedef enum {
    NGX_CC_DENIED_NONE = 0,
    NGX_CC_DENIED_UNKNOWN,      /* wrong secret or owner */
    NGX_CC_DENIED_WATCHERS,     /* there are too many */
    NGX_CC_DENIED_RUNNING,      /* REMOVE without FORCE */
    NGX_CC_DENIED_WAITS,        /* WAIT: there are too many */
    NGX_CC_DENIED_REASONS
} ngx_cc_wire_denied_e;


typedef struct {
    ngx_cc_wire_head_t  head;
    uint32_t        denied;      /* ngx_cc_wire_denied_e; then no other field
                                    is set, and the connection ends */
    int32_t         pid;         /* of the command, 0 = it never ran */
    uint64_t        start;       /* us since 1970 */
    uint64_t        from[2];     /* where DATA begins */
    uint64_t        held[2];     /* least offset that is still there */
    uint64_t        bytes[2];    /* that it has written so far */
    uint64_t        seq;         /* the ring's head */
    uint64_t        accepted;    /* bytes that its stdin has taken */
    uint32_t        watchers;    /* with this one */
    uint16_t        cols;        /* of its terminal */
    uint16_t        rows;
    int32_t         status;      /* OVER: as from waitpid() */
    uint32_t        cause;       /* OVER: ngx_cc_cause_e */
} ngx_cc_wire_attached_t;


/*
 * READ: everything that was sent is consumed (nothing else says so, not even
 * the end of the connection); one more DATA, please, of at most "max" payload
 * bytes (0 = any).  FLOW: flags LOSSY or 0 from now on.
 */

typedef struct {
    ngx_cc_wire_head_t  head;
    uint32_t        max;
    uint32_t        reserved;
} ngx_cc_wire_read_t;


/*
 * MARK: who reads this command in several connections, one after the other (the
 * "reader" of ATTACH and WAIT), has got everything before these offsets;
 * UINT64_MAX: as before.  A mark only moves forward.
 */

typedef struct {
    ngx_cc_wire_head_t  head;
    uint64_t        next[2];
    uint8_t         reader[NGX_CC_WIRE_READER];  /* never that of nobody */
} ngx_cc_wire_mark_t;


/*
 * DATA: "len" bytes of records follow, each padded to 8.  A gap says that
 * the bytes from "offset" to "to" of that stream are not held any more.
 */

typedef struct {
    ngx_cc_wire_head_t  head;
    uint32_t        len;
    uint32_t        eof;         /* NGX_CC_EOF_*: nothing follows this */
} ngx_cc_wire_data_t;

typedef struct {
    uint64_t        seq;         /* ring position of the first payload byte;
                                    of a gap: 0 */
    uint64_t        offset;      /* in its stream */
    uint64_t        to;          /* offset + len; of a gap its end */
    uint32_t        len;         /* payload bytes; 0 = a gap */
    uint32_t        stream;
} ngx_cc_wire_record_t;


/* what a WAIT waits for besides its patterns and its time */

typedef enum {
    NGX_CC_UNTIL_EXIT = 0,
    NGX_CC_UNTIL_OUTPUT,         /* bytes at or behind "from" */
    NGX_CC_UNTIL_IDLE,           /* none for "idle" ms */
    NGX_CC_UNTILS
} ngx_cc_wire_until_e;

#define NGX_CC_WAIT_ANSI        0x0001   /* patterns are looked for in what a
                                            reader is shown */
#define NGX_CC_WAIT_READ        0x0002   /* behind WOKE (unless REFUSED) comes
                                            what would answer ATTACH (DATA,
                                            LOSSY, BRIEF; from "read"), READ of
                                            "max" and LIST: one DATA at most,
                                            before ENTRY; the rest has to be
                                            asked for anew; not on the control
                                            socket */
#define NGX_CC_WAIT_MARK        0x0004   /* with READ: from the mark of
                                            "reader", not "read" */
#define NGX_CC_WAIT_SINCE       0x0008   /* waits from that mark on, not from
                                            "from" */
#define NGX_CC_WAIT_FLAGS       0x000f

/* behind it stand "n" patterns: u16 length, bytes; "text" bytes together */

typedef struct {
    ngx_cc_wire_head_t  head;
    uint32_t        serial;      /* of this connection, never 0 */
    uint32_t        until;       /* ngx_cc_wire_until_e */
    uint32_t        streams;     /* NGX_CC_EOF_* bits: those to be looked at */
    uint32_t        n;           /* patterns */
    uint32_t        text;
    uint32_t        idle;        /* ms */
    uint64_t        timeout;     /* ms, 0 = none */
    int64_t         from[2];     /* as "from" of ATTACH; INT64_MAX = from now
                                    on */
    int64_t         read[2];     /* likewise, when it is woken */
    uint8_t         reader[NGX_CC_WIRE_READER];  /* whose mark it is */
    uint32_t        max;         /* as of READ */
    uint32_t        reserved;
} ngx_cc_wire_wait_t;


typedef enum {
    NGX_CC_WOKE_EXIT = 0,
    NGX_CC_WOKE_OUTPUT,
    NGX_CC_WOKE_IDLE,
    NGX_CC_WOKE_PATTERN,
    NGX_CC_WOKE_TIMEOUT,
    NGX_CC_WOKE_REFUSED,         /* too many waits */
    NGX_CC_WOKES
} ngx_cc_wire_woke_e;

/* WOKE; UNWAIT has the serial only */

typedef struct {
    ngx_cc_wire_head_t  head;
    uint32_t        serial;
    uint32_t        reason;      /* ngx_cc_wire_woke_e */
    uint32_t        which;       /* PATTERN: its number, from 0 */
    uint32_t        stream;      /* PATTERN, OUTPUT */
    uint64_t        offset;      /* PATTERN: of its first byte (with ANSI:
                                    of the byte that completed it) */
    uint64_t        next;        /* offset behind it */
    uint64_t        bytes[2];    /* that the command has written so far */
} ngx_cc_wire_woke_t;


/* REMOVE: flag FORCE ends a running one; REMOVED answers */

#define NGX_CC_REMOVE_FORCE     0x0001

typedef struct {
    ngx_cc_wire_head_t  head;
    uint32_t        denied;      /* ngx_cc_wire_denied_e */
    uint32_t        reserved;
} ngx_cc_wire_removed_t;


/* DETACHED: the connection ends */

typedef enum {
    NGX_CC_DETACHED_REMOVED = 0,
    NGX_CC_DETACHED_TAKEN,       /* another one is exclusive now */
    NGX_CC_DETACHED_REASONS
} ngx_cc_wire_detached_e;

typedef struct {
    ngx_cc_wire_head_t  head;
    uint32_t        reason;
    uint32_t        reserved;
} ngx_cc_wire_detached_t;


/* STATE: told to every watcher when it changes; flags as of ATTACHED */

typedef struct {
    ngx_cc_wire_head_t  head;
    uint32_t        watchers;
    uint16_t        cols;
    uint16_t        rows;
    uint32_t        failed;      /* peers that could not prove themselves */
    uint32_t        reserved;
} ngx_cc_wire_state_t;


/*
 * LIST instead of ATTACH: handle 0; ENTRY answers, and the connection ends.  Of
 * one that is attached (no monitor): ENTRY answers, and the owner is not looked
 * at again.
 */

typedef struct {
    ngx_cc_wire_head_t  head;
    uint8_t         owner[32];
    uint8_t         realm[32];   /* of an observer, or 0 */
} ngx_cc_wire_list_t;

/* behind it stand label and shown (no NULs) */

typedef struct {
    ngx_cc_wire_head_t  head;    /* flags as of ATTACHED */
    uint32_t        denied;      /* ngx_cc_wire_denied_e */
    uint32_t        label;       /* bytes */
    uint32_t        shown;       /* bytes */
    uint32_t        watchers;
    ngx_cc_handle_t handle;      /* the whole id: the owner may have it */
    int32_t         pid;
    int32_t         status;      /* OVER: as from waitpid() */
    uint32_t        cause;       /* OVER */
    uint32_t        read;        /* OVER: somebody has read it to its end */
    uint64_t        start;       /* us since 1970 */
    uint64_t        ended;       /* us since 1970, 0 = not yet */
    uint64_t        expires;     /* ms from now, 0 = not before it ends */
    uint64_t        idle;        /* ms since it last wrote, or started */
    uint64_t        bytes[2];
    uint64_t        user;        /* us of CPU, of what has been waited for */
    uint64_t        system;
    uint64_t        max_rss;     /* KiB */
    uint64_t        memory_peak; /* OVER: as in EXITED, 0 = it is not known */
    uint32_t        pids_peak;
    uint32_t        reserved;
} ngx_cc_wire_entry_t;


/* ACK and TOLD: a head alone, on the control socket */


/*
 * KEEP, on the control socket of a command that was started KEEPABLE and runs:
 * it is kept from now on.  Its starter reads nothing in the ring from this
 * message on; when KEPT says that it is kept, it is attached with WRITE only,
 * and ACK and TOLD follow as at birth.  KEPT with an error: the command is
 * bound as before, and its starter goes on reading.  When EXITED comes instead,
 * there is no KEPT: it was over before.
 *
 * LISTEN, likewise: it stays bound, and its starter goes on reading in the ring
 * and giving credit, but whoever has the handle may attach, too.  LISTENING
 * answers.  When its starter is gone, or attaches as MONITOR because its client
 * is, the command goes on for "resume" ms unless somebody is attached; when it
 * is over, it stays as long for somebody who comes; with "resume" 0 it ends
 * with its starter, whoever is attached.  A starter that is told DETACHED reads
 * nothing any more and answers ATTACH MONITOR; until then the ring stays as it
 * is.  When somebody has delivered the result (DELIVERED from
 * the starter, REMOVE from others) the helper closes its socket, says FREE and
 * takes another START; one whose starter is gone leaves.
 *
 * Behind both stand label and shown (no NULs).
 */

typedef struct {
    ngx_cc_wire_head_t  head;
    ngx_cc_handle_t handle;      /* who has it may attach */
    uint8_t         owner[32];
    ngx_cc_wire_keep_t  keep;    /* "output" is that of START */
    uint64_t        run_limit;   /* KEEP: ms from its start on, 0 = none */
    uint64_t        resume;      /* LISTEN: ms; 0 = it ends with its starter */
    uint64_t        tail;        /* ring position consumed, as in CREDIT */
    uint32_t        label;       /* bytes */
    uint32_t        shown;       /* bytes */
} ngx_cc_wire_reach_t;

#define NGX_CC_WIRE_MAX_REACH                                                 \
    (sizeof(ngx_cc_wire_reach_t) + NGX_CC_WIRE_MAX_LABEL                      \
     + NGX_CC_WIRE_MAX_SHOWN)


/* KEPT, LISTENING; DELIVERED and FREE are a head alone */

typedef struct {
    ngx_cc_wire_head_t  head;
    int32_t         error;       /* errno, 0 = it is */
    uint32_t        reserved;
} ngx_cc_wire_reached_t;


/*
 * BUNDLE: messages follow, each with its own head (of the same run) and padded
 * to 8, none of them a BUNDLE; NGX_CC_WIRE_MAX_BUNDLE bytes at most with this
 * head.  They are obeyed one after the other.
 */

#define NGX_CC_WIRE_MAX_BUNDLE    NGX_CC_WIRE_MAX_DATA


/*
 * AGAIN stands for a message that it is the same as: many who waited for the
 * same are told the same.  It is the last one of its type before this.
 */

typedef struct {
    ngx_cc_wire_head_t  head;
    uint32_t        at;          /* where that is, bytes from the BUNDLE's
                                    head */
    uint32_t        reserved;
} ngx_cc_wire_again_t;


/* room for any message of this file but what stands behind them */

typedef union {
    ngx_cc_wire_head_t      head;
    ngx_cc_wire_hello_t     hello;
    ngx_cc_wire_attach_t    attach;
    ngx_cc_wire_attached_t  attached;
    ngx_cc_wire_read_t      read;
    ngx_cc_wire_mark_t      mark;
    ngx_cc_wire_data_t      data;
    ngx_cc_wire_wait_t      wait;
    ngx_cc_wire_woke_t      woke;
    ngx_cc_wire_removed_t   removed;
    ngx_cc_wire_detached_t  detached;
    ngx_cc_wire_state_t     state;
    ngx_cc_wire_list_t      list;
    ngx_cc_wire_entry_t     entry;
    ngx_cc_wire_reach_t     reach;
    ngx_cc_wire_reached_t   reached;
    ngx_cc_wire_again_t     again;
} ngx_cc_wire_kept_msg_t;


#define NGX_CC_WIRE_MAX_WAIT                                                  \
    (sizeof(ngx_cc_wire_wait_t)                                               \
     + NGX_CC_WIRE_MAX_PATTERNS * (2 + NGX_CC_WIRE_MAX_PATTERN))


/*
 * The part of ngx_cc_wire_check() for these types: msg has n bytes, a good head
 * and no unknown flag, n is at least the fixed part.  Lengths, enumerations,
 * reserved fields; of DATA every record's length, stream, padding and end.
 * Returns 1 when it is good, else 0.
 */
int ngx_cc_wire_kept_check(const void *msg, size_t n);

/* the numbers of START and KEEP that make a command a kept one: 1 or 0 */
int ngx_cc_wire_kept_limits(const ngx_cc_wire_keep_t *keep);

/*
 * Walks over the records of a DATA that has passed the check: *pos is 0 at
 * first.  Returns the next one (its payload stands behind it), or NULL.
 */
const ngx_cc_wire_record_t *ngx_cc_wire_kept_record(
    const ngx_cc_wire_data_t *data, size_t *pos);

/* likewise over the messages of a BUNDLE; for AGAIN what it stands for */
const ngx_cc_wire_head_t *ngx_cc_wire_kept_next(
    const ngx_cc_wire_head_t *bundle, size_t *pos);


#endif /* _NGX_CC_WIRE_KEPT_H_INCLUDED_ */
