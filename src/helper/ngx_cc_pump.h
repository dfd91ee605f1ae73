
/*
 * The three pipes of a command: stdout and stderr are pumped into the ring as
 * long as it has room, stdin is fed from one buffer.  Pipes are made for each
 * command and never used again: whoever still holds a write end could forge
 * the output of the next one.
 */

#ifndef _NGX_CC_PUMP_H_INCLUDED_
#define _NGX_CC_PUMP_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>
#include "ngx_cc_history.h"
#include "ngx_cc_wire.h"


typedef struct {
    ngx_cc_ring_writer_t  ring;
    ngx_cc_history_t     *history;       /* of a kept command, else NULL; set
                                            by the caller before open() */
    int                   out[NGX_CC_STREAMS];   /* read ends, -1 = closed */
    uint64_t              bytes[NGX_CC_STREAMS]; /* read so far */
    unsigned              eof;                   /* NGX_CC_EOF_* */
    unsigned              failures;      /* reads or writes, in a row */
    unsigned              wide;                  /* the same bits: the pipe has
                                                    been made larger */
    int                   discard;       /* nobody reads: throw it away */
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
    uint8_t              *scratch;       /* where discarded bytes go */
} ngx_cc_pump_t;


/*
 * Gets the memory for input and scratch.  Returns 0, or -1 with errno.
 */
int ngx_cc_pump_init(ngx_cc_pump_t *pump);

/*
 * Makes the pipes of a new command and empties the ring; the ends for the
 * child are written to child[0..2] (child[0] = -1 without "has_in") and are
 * closed by the caller.  Returns 0, or -1 with errno and nothing open.
 */
int ngx_cc_pump_open(ngx_cc_pump_t *pump, int has_in, size_t window,
    int child[3]);

/*
 * Reads once from that stream, as much as there is room for.  Returns 1 when
 * more may be there, 0 when the pipe is empty or closed, -1 when the ring has
 * no room.  The first byte beyond "max" sets "over" and "discard".  A pipe that
 * was full is made larger, once, as far as the kernel lets the user: fewer
 * turns for the same bytes.
 */
int ngx_cc_pump_read(ngx_cc_pump_t *pump, int stream);

/*
 * That stream is at its end, as poll() has said already (POLLHUP and nothing to
 * read).
 */
void ngx_cc_pump_end(ngx_cc_pump_t *pump, int stream);

/*
 * How many bytes will have been read from each stream when what is in the
 * pipes now has been read.
 */
void ngx_cc_pump_measure(const ngx_cc_pump_t *pump,
    uint64_t all[NGX_CC_STREAMS]);

/* 1 when somebody still has the other end of a stream open, else 0 */
int ngx_cc_pump_held(const ngx_cc_pump_t *pump);

/* 1 when the ring (or the discarding) could take output now */
int ngx_cc_pump_room(ngx_cc_pump_t *pump);

/*
 * Takes the bytes of an INPUT.  Returns 0, or -1 when an earlier one is still
 * there (a worker that counts knows better).  A stdin that is closed meanwhile
 * is no error: write() is done at once then.
 */
int ngx_cc_pump_input(ngx_cc_pump_t *pump, const uint8_t *p, size_t n,
    int eof);

/*
 * Writes what the pipe takes.  Returns 1 when the input is done (all taken, or
 * nobody reads any more), 0 when the pipe is full.
 */
int ngx_cc_pump_write(ngx_cc_pump_t *pump);

/* gives memory back that is only used while something is open */
void ngx_cc_pump_shrink(ngx_cc_pump_t *pump);

/* closes whatever is open */
void ngx_cc_pump_close(ngx_cc_pump_t *pump);


#endif /* _NGX_CC_PUMP_H_INCLUDED_ */
