
/*
 * The three pipes of a command: stdout and stderr are pumped into the ring as
 * long as it has room, stdin is fed from one buffer.  Pipes are made for each
 * command and never used again: whoever still holds a write end could forge
 * the output of the next one.
 *
 * Both streams may be one pipe, or all three a terminal; what comes out is
 * stdout then.
 */

#ifndef _NGX_CC_PUMP_H_INCLUDED_
#define _NGX_CC_PUMP_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>
#include "ngx_cc_history.h"
#include "ngx_cc_pty.h"
#include "ngx_cc_wire.h"


typedef struct {
    ngx_cc_ring_writer_t  ring;
    ngx_cc_history_t     *history;       /* of a command that is or may become
                                            kept, else NULL; set by the caller
                                            before open() */
    int                   out[NGX_CC_STREAMS];   /* read ends, -1 = closed */
    ngx_cc_pty_t          pty;           /* a terminal; its master is
                                            out[NGX_CC_STDOUT], too */
    uint64_t              bytes[NGX_CC_STREAMS]; /* read so far */
    unsigned              eof;                   /* NGX_CC_EOF_* */
    unsigned              failures;      /* reads or writes, in a row */
    unsigned              wide;                  /* the same bits: the pipe has
                                                    been made larger */
    int                   discard;       /* there is no reader: discard it */
    uint64_t              max;           /* bytes of both streams, 0 = any; set
                                            by the caller after open() */
    int                   over;          /* there was more: discarded */

    int                   in;            /* write end of stdin, or -1 */
    uint8_t              *input;         /* NGX_CC_WIRE_MAX_INPUT bytes */
    size_t                input_len;
    size_t                input_pos;
    int                   input_eof;     /* close stdin after these bytes */
    int                   input_busy;    /* not all of them are taken */
    uint64_t              accepted;      /* bytes that stdin took in all */
    int                   input_long;    /* because of a line that no terminal
                                            takes */
    uint8_t              *scratch;       /* where discarded bytes go */
} ngx_cc_pump_t;


/*
 * Gets the memory for input and scratch.  Returns 0, or -1 with errno.
 */
int ngx_cc_pump_init(ngx_cc_pump_t *pump);

/* what ngx_cc_pump_open() makes beside stdout */

#define NGX_CC_PUMP_IN      0x01     /* stdin */
#define NGX_CC_PUMP_MERGE   0x02     /* stderr is stdout */

/*
 * Makes the pipes of a new command ("how": NGX_CC_PUMP_*) and empties the ring;
 * the ends for the child are written to child[0..2] (child[0] = -1 without
 * stdin, child[2] = -1 with MERGE) and are closed by the caller.  Returns 0, or
 * -1 with errno and nothing open.
 */
int ngx_cc_pump_open(ngx_cc_pump_t *pump, unsigned how, size_t window,
    int child[3]);

/*
 * Makes a terminal instead; the child's end is pump->pty.slave, which stays
 * open here.  Returns 0, or -1 with errno and nothing open.
 */
int ngx_cc_pump_terminal(ngx_cc_pump_t *pump, unsigned cols, unsigned rows,
    int echo, size_t window);

/*
 * Reads once from that stream, as much as there is room for.  Returns 1 when
 * more may be there, 0 when the pipe is empty or closed, -1 when the ring has
 * no room.  The first byte beyond "max" sets "over" and "discard".  A pipe
 * that was full is made larger, once, as far as the kernel lets the user:
 * fewer reads for the same bytes.
 */
int ngx_cc_pump_read(ngx_cc_pump_t *pump, int stream);

/*
 * That stream is at its end, as poll() has said already (POLLHUP and nothing to
 * read).
 */
void ngx_cc_pump_end(ngx_cc_pump_t *pump, int stream);

/*
 * How many bytes will have been read from each stream when what is in the
 * pipes now has been read; of a terminal, the most that it can be.
 */
void ngx_cc_pump_measure(const ngx_cc_pump_t *pump,
    uint64_t all[NGX_CC_STREAMS]);

/*
 * 1 when a process still has the other end of a stream open, else 0.  Asked
 * last: of a terminal our own end is closed.
 */
int ngx_cc_pump_held(ngx_cc_pump_t *pump);

/* 1 when the ring (or the discarding) could take output now */
int ngx_cc_pump_room(ngx_cc_pump_t *pump);

/*
 * Takes the bytes of an INPUT.  Returns 0, or -1 when an earlier one is still
 * there (a worker that counts does not send one).  A stdin that is closed
 * meanwhile is no error: write() is done at once then.
 */
int ngx_cc_pump_input(ngx_cc_pump_t *pump, const uint8_t *p, size_t n,
    int eof);

/*
 * Writes what the pipe or terminal takes; "now" is ms of the monotonic clock.
 * Returns 1 when the input is done (all taken, or the reader is gone, or
 * "input_long": the rest is refused), 0 when it is full: to be called again
 * when ngx_cc_pump_writable() says POLLOUT, when a terminal has output, and
 * when it is pty.retry_at.
 */
int ngx_cc_pump_write(ngx_cc_pump_t *pump, uint64_t now);

/* what to wait for with POLLOUT while there is input, or -1 */
int ngx_cc_pump_writable(const ngx_cc_pump_t *pump);

/* gives memory back that is only used while something is open */
void ngx_cc_pump_shrink(ngx_cc_pump_t *pump);

/* closes whatever is open */
void ngx_cc_pump_close(ngx_cc_pump_t *pump);


#endif /* _NGX_CC_PUMP_H_INCLUDED_ */
