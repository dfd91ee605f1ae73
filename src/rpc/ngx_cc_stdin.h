
/*
 * Input that waits for a command: bytes in order, and the requests that want to
 * know when the command has taken theirs.  One message is on its way to the
 * helper at a time, so a command that does not read delays only its own
 * writers.
 *
 * What waits is bounded in bytes, for a command and for all commands of a
 * session, whatever the number of messages; what the requests themselves need
 * (ids) is bounded by the same figures, apart.  Who would go beyond is refused,
 * and told at which position of stdin to go on; from then on nothing is taken
 * but an input that names this position: so stdin never has a hole, although
 * the client had sent more before it heard of the refusal.  A terminal refuses,
 * too: a line that is too long for it.
 *
 * A kept command may have several writers: the positions that each is told
 * count the bytes of all of them.
 */

#ifndef _NGX_CC_STDIN_H_INCLUDED_
#define _NGX_CC_STDIN_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_answers.h"
#include "ngx_cc_command.h"
#include "ngx_cc_input.h"


/* what the commands of a session have in common; owned by the session */

typedef struct {
    size_t             limit;            /* bytes that may wait for a command;
                                            twice that for all of them */
    size_t             bytes;            /* that wait, of all of them */
    size_t             requests;         /* memory of those that wait */
} ngx_cc_stdin_share_t;


typedef struct ngx_cc_stdin_block_s  ngx_cc_stdin_block_t;
typedef struct ngx_cc_stdin_ask_s  ngx_cc_stdin_ask_t;


typedef struct {
    ngx_cc_command_t      *cmd;
    ngx_cc_answers_t      *answers;
    ngx_log_t             *log;
    ngx_cc_stdin_share_t  *share;
    ngx_cc_stdin_block_t  *first;        /* bytes that are not yet given */
    ngx_cc_stdin_block_t  *last;
    ngx_cc_stdin_ask_t    *asks;         /* requests, in order */
    ngx_cc_stdin_ask_t    *last_ask;
    size_t                 bytes;        /* that wait, given ones too */
    size_t                 requests;     /* memory of asks */
    size_t                 flying;       /* bytes given, not yet taken */
    uint32_t               eofs;         /* of a terminal, which stays open: so
                                            many were asked for */
    uint32_t               eofs_passed;  /* and given */
    uint64_t               position;     /* of the next byte that may come */
    uint64_t               passed;       /* bytes that are done with */
    uint64_t               taken;        /* bytes that the command has read */
    uint64_t               others;       /* bytes before these that others have
                                            written: positions that are told
                                            are the command's */
    uint64_t               named;        /* refusing: the position told */
    unsigned               open:1;       /* more may come */
    unsigned               eof:1;        /* nothing does: to be told */
    unsigned               eof_given:1;
    unsigned               busy:1;       /* something is on its way */
    unsigned               terminal:1;
    unsigned               eof_flying:1; /* to a terminal */
    unsigned               closed:1;     /* the command reads no more */
    unsigned               refusing:1;   /* all but what names the position */
} ngx_cc_stdin_t;


/*
 * Begins.  "open": the command was started with an open stdin.  "share" may be
 * NULL, for one that only gets what ngx_cc_stdin_fill() says.
 */
void ngx_cc_stdin_init(ngx_cc_stdin_t *in, ngx_cc_command_t *cmd,
    ngx_cc_answers_t *answers, ngx_cc_stdin_share_t *share, ngx_uint_t open,
    ngx_log_t *log);

/*
 * A kept command to which we attached: its stdin has taken so many bytes, and
 * is "open" to us
 */
void ngx_cc_stdin_from(ngx_cc_stdin_t *in, uint64_t position,
    ngx_uint_t open);

/*
 * The first bytes, which came with the command and have no bound here; "eof":
 * nothing follows.  NGX_OK or NGX_ERROR (no memory).
 */
ngx_int_t ngx_cc_stdin_fill(ngx_cc_stdin_t *in, ngx_str_t *data,
    ngx_uint_t eof);

/*
 * Bytes of a request (copied).  It is answered when the command has taken them
 * or never will, or now when they are refused; without an id only a refusal is
 * told, as process.error.  NGX_OK (also when it was refused), or NGX_ERROR: no
 * memory.
 */
ngx_int_t ngx_cc_stdin_add(ngx_cc_stdin_t *in, ngx_cc_input_t *input,
    ngx_cc_asked_t *asked);

/* the command runs now: it gets what waits */
void ngx_cc_stdin_feed(ngx_cc_stdin_t *in);

/* event INPUT: what was on its way is taken, or never will be */
void ngx_cc_stdin_fed(ngx_cc_stdin_t *in);

/* the command is over: whatever waits is answered */
void ngx_cc_stdin_end(ngx_cc_stdin_t *in);

/* frees everything, without a word */
void ngx_cc_stdin_close(ngx_cc_stdin_t *in);


#endif /* _NGX_CC_STDIN_H_INCLUDED_ */
