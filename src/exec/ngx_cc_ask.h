
/*
 * One short question to a kept command, by whoever knows its id, from any
 * worker: connects, attaches without counting as a watcher of its output, asks,
 * gives one answer, closes; or goes on with the next question
 * (ngx_cc_ask_next).
 */

#ifndef _NGX_CC_ASK_H_INCLUDED_
#define _NGX_CC_ASK_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_command.h"
#include "ngx_cc_gather.h"
#include "ngx_cc_index.h"


typedef struct ngx_cc_ask_s  ngx_cc_ask_t;


typedef enum {
    NGX_CC_ASK_ENTRY = 0,        /* what is it? */
    NGX_CC_ASK_READ,             /* output from an offset on */
    NGX_CC_ASK_OUTPUT,           /* output of both streams, in order, and the
                                    entry */
    NGX_CC_ASK_WAIT,             /* tell me when */
    NGX_CC_ASK_WRITE,            /* bytes for its stdin */
    NGX_CC_ASK_SIGNAL,
    NGX_CC_ASK_CANCEL,           /* the ladder */
    NGX_CC_ASK_REMOVE
} ngx_cc_ask_e;


/* a plain text that a WAIT looks for */

typedef struct {
    const u_char      *data;
    size_t             len;
} ngx_cc_ask_pattern_t;


typedef struct ngx_cc_ask_spec_s  ngx_cc_ask_spec_t;

struct ngx_cc_ask_spec_s {
    ngx_cc_ask_e       what;
    ngx_cc_handle_t    handle;
    ngx_uint_t         named;            /* ENTRY, REMOVE: only its name is
                                            known, as to one who minds the
                                            index: he may, whoever is attached
                                            alone */
    const uint8_t     *owner;            /* NGX_CC_OWNER_SIZE bytes */
    const uint8_t     *realm;            /* as many: the one who asks observes
                                            it (ENTRY, READ, WAIT), and may send
                                            SIGNAL; or NULL */

    /* READ: "max" bytes of stream from[stream] on; negative: before the end.
       With "wait" ms > 0 it waits for output (or the end) when there is none */
    ngx_uint_t         stream;
    int64_t            from[NGX_CC_STREAMS];     /* WAIT: INT64_MAX = from now
                                            on */
    size_t             max;
    ngx_msec_t         wait;             /* WAIT: its time */

    /* WAIT */
    ngx_uint_t         until;            /* ngx_cc_wire_until_e */
    ngx_uint_t         streams;          /* NGX_CC_EOF_* */
    ngx_msec_t         idle;
    const ngx_cc_ask_pattern_t  *patterns;
    ngx_uint_t         npatterns;
    const ngx_cc_ask_spec_t  *then;      /* an OUTPUT of the same reader: what
                                            is there when it is woken comes in
                                            the same answer, which is much the
                                            quicker way; or NULL */

    int                signo;            /* SIGNAL */
    uint32_t           to;               /* ngx_cc_signal_target_e */
    ngx_uint_t         force;            /* REMOVE */
    ngx_uint_t         call;             /* REMOVE: of a call (ngx_cc_call.h),
                                            by its owner */

    /* OUTPUT: of the streams in "streams", "max" bytes from from[] on;
       with "reader" (not all 0) and "mark" from its mark, which
       ngx_cc_ask_mark() moves.  WAIT: the mark, too */
    uint8_t            reader[NGX_CC_WIRE_READER];
    ngx_uint_t         mark;
    ngx_uint_t         untold;           /* the one who asks has started it, and
                                            not yet told its owner its id */
    ngx_uint_t         ansi;             /* WAIT: patterns are looked for
                                            without terminal bytes */

    /* WRITE: what is written; both are copied.  "enter": what Enter is on
       its stdin stands behind it */
    ngx_str_t          input;
    ngx_uint_t         enter;
    ngx_uint_t         eof;
};


typedef enum {
    NGX_CC_ASKED_OK = 0,
    NGX_CC_ASKED_UNKNOWN,        /* nobody has this id, or it is not yours */
    NGX_CC_ASKED_GONE,           /* only the index knows it any more: entry */
    NGX_CC_ASKED_DENIED,         /* see "denied" */
    NGX_CC_ASKED_BUSY            /* it could not be asked now */
} ngx_cc_asked_e;


typedef struct {
    ngx_cc_asked_e         result;
    ngx_cc_wire_denied_e   denied;
    ngx_cc_attached_t      attached;     /* all but ENTRY, GONE */
    pid_t                  pid;          /* of the command, likewise */

    /* READ */
    const u_char          *data;         /* len bytes, the first one at from */
    size_t                 len;
    uint64_t               from;
    uint64_t               dropped;      /* asked for, but not there */

    ngx_cc_wire_woke_t     woke;         /* WAIT */
    uint32_t               left;         /* SIGNAL: who did not get it */
    const ngx_cc_wire_unpassed_t  *unpassed;     /* SIGNAL: why not, or NULL */

    ngx_cc_gather_t       *output;       /* OUTPUT, WAIT with "then" that was
                                            not REFUSED; else NULL */

    /* WRITE: bytes that were taken, the rest was not; "closed": nobody reads
       it; "overlong": what follows is a line that is too long for a terminal;
       "late": it takes nothing more now */
    size_t                 written;
    unsigned               closed:1;
    unsigned               overlong:1;
    unsigned               late:1;

    /* ENTRY, and with "output"; label and shown stand in the message */
    const ngx_cc_wire_entry_t   *entry;
    const ngx_cc_index_told_t   *index;  /* GONE */
} ngx_cc_ask_answer_t;


/*
 * Asks.  done() comes once, from the event loop, and the question is closed
 * then.  What "spec" points to is used during the call only.  Returns NULL: no
 * memory, or too many questions of this worker are open.
 */
ngx_cc_ask_t *ngx_cc_ask(const ngx_cc_ask_spec_t *spec,
    void (*done)(void *data, const ngx_cc_ask_answer_t *answer), void *data);

/*
 * In done() of an answer that is ASKED_OK: the next question to the same
 * command by the same owner goes over the same connection, which is the quicker
 * way.  done() comes once more, for it, with that "data".  NGX_OK, or
 * NGX_ERROR: no memory, and the question is closed as it would have been.
 */
ngx_int_t ngx_cc_ask_next(ngx_cc_ask_t *ask, const ngx_cc_ask_spec_t *spec);

/*
 * In done() of an output with a reader, ASKED_OK: it stays open, for
 * ngx_cc_ask_mark(), until it is closed.  The answer is valid in done() only;
 * of its output, what is taken out of it (and zeroed there) is the caller's.
 */
void ngx_cc_ask_hold(ngx_cc_ask_t *ask);

/* the reader has got everything before next[]; UINT64_MAX: nothing new */
void ngx_cc_ask_mark(ngx_cc_ask_t *ask, const uint64_t next[NGX_CC_STREAMS]);

/* withdraws it: done() does not come any more */
void ngx_cc_ask_close(ngx_cc_ask_t *ask);

/*
 * Who asked at "begun" for an id that he does not have hears it this many ms
 * from now on: as late when nobody has it as when a helper, which takes its
 * time for that, has refused him.
 */
ngx_msec_t ngx_cc_ask_unknown(ngx_msec_t begun);

/* nobody asks: a finished one shall make room, if it can be told */
void ngx_cc_ask_remove(const uint8_t name[NGX_CC_INDEX_NAME]);


#endif /* _NGX_CC_ASK_H_INCLUDED_ */
