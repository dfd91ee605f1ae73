
/*
 * Our stdin, on its way to a command: one piece at a time, kept until the
 * server says that it was taken, and sent again after a lost connection.
 */

#ifndef _NGX_CC_CLIENT_STDIN_H_INCLUDED_
#define _NGX_CC_CLIENT_STDIN_H_INCLUDED_


#include "ngx_cc_client_rpc.h"


#define NGX_CC_CLIENT_PIECE  262144      /* bytes */


typedef struct {
    ngx_cc_client_rpc_t  *rpc;
    unsigned              closed:1;      /* nothing goes there (any more) */
    unsigned              raw:1;         /* look for the keys that detach */
    unsigned              left:1;        /* they were typed */

    /* private */
    unsigned              eof:1;         /* the piece is the last one */
    unsigned              known:1;       /* "offset" is */
    unsigned              prefix:1;      /* Ctrl-P was typed */
    uint64_t              request;       /* that carries the piece, 0 = none */
    uint64_t              offset;        /* of the piece in that stdin */
    size_t                len;
    uint8_t               piece[NGX_CC_CLIENT_PIECE];
    char                  id[NGX_CC_CLIENT_ID];
} ngx_cc_client_stdin_t;


/* prepares a zeroed one; "closed": there is no stdin for the command */
void ngx_cc_client_stdin_init(ngx_cc_client_stdin_t *in,
    ngx_cc_client_rpc_t *rpc, int closed);

/*
 * The command can be written to, and has taken "offset" bytes so far.  A piece
 * that was not answered on an earlier connection goes out again, without what
 * was taken of it.
 */
void ngx_cc_client_stdin_begin(ngx_cc_client_stdin_t *in, uint64_t offset);

/* what to wait for, or -1 */
int ngx_cc_client_stdin_fd(const ngx_cc_client_stdin_t *in);

/* reads once and sends it; "keys": Ctrl-P Ctrl-Q sets "left" */
void ngx_cc_client_stdin_take(ngx_cc_client_stdin_t *in, const char *id,
    int keys);

/* an answer that nobody else has waited for */
void ngx_cc_client_stdin_answer(ngx_cc_client_stdin_t *in,
    ngx_cc_client_message_t *m, uint64_t id);


#endif /* _NGX_CC_CLIENT_STDIN_H_INCLUDED_ */
