
/*
 * Our stdin, on its way to a command: in pieces, several on the way at once,
 * each kept until the server says that the command has taken it.  What is
 * refused (docs/protocol.md, "input") goes again from where the server says,
 * and less of it at once; what was not answered before a connection was lost
 * goes again on the next one, without what was taken of it.
 */

#ifndef _NGX_CC_CLIENT_STDIN_H_INCLUDED_
#define _NGX_CC_CLIENT_STDIN_H_INCLUDED_


#include "ngx_cc_client_rpc.h"


#define NGX_CC_CLIENT_WINDOW  (1024 * 1024)  /* bytes on the way, at most */
#define NGX_CC_CLIENT_PIECE   32768          /* bytes of one request */
#define NGX_CC_CLIENT_INPUTS  64             /* requests on the way */


typedef struct {
    uint64_t              id;
    size_t                n;
    unsigned              eof:1;
    unsigned              refused:1;
} ngx_cc_client_input_t;


typedef struct {
    ngx_cc_client_rpc_t  *rpc;
    const char           *id;            /* of the command */
    uint32_t              channel;       /* of packets; 0 = JSON */
    unsigned              closed:1;      /* nothing goes there (any more) */
    unsigned              keys:1;        /* Ctrl-P Ctrl-Q sets "left" */
    unsigned              left:1;        /* it was typed; see gone() */
    unsigned              deaf:1;        /* nothing else that is typed counts */
    unsigned              tty:1;         /* it is a terminal's */

    /* private */
    unsigned              eof:1;         /* ours has ended */
    unsigned              told:1;        /* the command has been told */
    unsigned              known:1;       /* "offset" is */
    unsigned              prefix:1;      /* Ctrl-P was typed */
    unsigned              refused:1;     /* wait for the rest of the answers */
    unsigned              resume:1;      /* the next one carries "from" */
    unsigned              skip:1;        /* the rest of a line is dropped */
    unsigned              unfinished:1;  /* tty: a line was begun */
    unsigned              said:1;        /* that this was so */
    uint64_t              from;
    uint64_t              offset;        /* of buf[head] in that stdin */
    int64_t               again;         /* ms: not before then; 0 = now */
    int64_t               until;         /* ms: "left" waits no longer */
    size_t                window;
    size_t                piece;
    size_t                line;          /* tty: the next piece, 0 = any */
    size_t                head;          /* the first byte in buf */
    size_t                len;           /* bytes from there */
    size_t                sent;          /* of them on the way */
    size_t                ninputs;
    ngx_cc_client_input_t  input[NGX_CC_CLIENT_INPUTS];
    uint8_t               buf[2 * NGX_CC_CLIENT_WINDOW + 1];
} ngx_cc_client_stdin_t;


/* prepares a zeroed one; "closed": there is no stdin for the command */
void ngx_cc_client_stdin_init(ngx_cc_client_stdin_t *in,
    ngx_cc_client_rpc_t *rpc, const char *id, int closed);

/*
 * The command can be written to on this connection, has taken "offset" bytes so
 * far, and its stdin is open, or not.
 */
void ngx_cc_client_stdin_begin(ngx_cc_client_stdin_t *in, uint64_t offset,
    int open);

/* what to wait for with POLLIN, or -1; and how long at most (ms), or -1 */
int ngx_cc_client_stdin_fd(const ngx_cc_client_stdin_t *in);
int ngx_cc_client_stdin_wait(const ngx_cc_client_stdin_t *in);

/*
 * Was Ctrl-P Ctrl-Q typed, and is what was typed before it taken, or has that
 * lasted too long?
 */
int ngx_cc_client_stdin_gone(const ngx_cc_client_stdin_t *in);

/* reads once, and sends what may go */
void ngx_cc_client_stdin_take(ngx_cc_client_stdin_t *in);

/* sends what may go by now */
void ngx_cc_client_stdin_push(ngx_cc_client_stdin_t *in);

/* an answer that nobody else has waited for */
void ngx_cc_client_stdin_answer(ngx_cc_client_stdin_t *in,
    ngx_cc_client_message_t *m, uint64_t id);


#endif /* _NGX_CC_CLIENT_STDIN_H_INCLUDED_ */
