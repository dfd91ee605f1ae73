
/*
 * Requests to a server and its answers: JSON-RPC 2.0 over the WebSocket.
 */

#ifndef _NGX_CC_CLIENT_RPC_H_INCLUDED_
#define _NGX_CC_CLIENT_RPC_H_INCLUDED_


#include "ngx_cc_client_args.h"
#include "ngx_cc_client_message.h"
#include "ngx_cc_client_ws.h"
#include "ngx_cc_json_write.h"
#include "ngx_cc_packet.h"


#define NGX_CC_CLIENT_ID      128        /* bytes of an execution_id */
#define NGX_CC_CLIENT_LEAVES  1001       /* the close code of a server that
                                            leaves: unanswered requests were
                                            not obeyed */


typedef struct {
    const ngx_cc_client_args_t  *args;
    ngx_cc_client_url_t          url;
    ngx_cc_client_ws_t           ws;
    ngx_cc_client_message_t     *message;    /* the one that came last */
    uint8_t                     *text;       /* its text, until next() */
    size_t                       len;
    ngx_cc_packet_t              packet; /* or what this one says, of which
                                            text, len are the bytes */
    unsigned                     quiet:1;    /* --json does not show answers */
    unsigned                     greeted:1;  /* something has come on this
                                            connection */
    unsigned                     offers:1;   /* and it was said that binary
                                            messages may be asked for */

    /* private */
    uint64_t                     id;     /* of the last request */
    ngx_cc_json_t                w;
    uint8_t                     *buf;
    size_t                       size;
    int64_t                      opened; /* ms, when this connection was
                                            made; 0 = there is none */
    int64_t                      lost;   /* ms, since when there is none that
                                            is any good; 0 = there is one */
    int                          pause;  /* ms before the next try: more each
                                            time, unless one lived a while */
} ngx_cc_client_rpc_t;


/* prepares a zeroed one; ends the process (125) when the URL is none */
void ngx_cc_client_rpc_init(ngx_cc_client_rpc_t *rpc,
    const ngx_cc_client_args_t *args);

/* connects: 0, or -1 and *error */
int ngx_cc_client_rpc_open(ngx_cc_client_rpc_t *rpc, const char **error);

/* the same; ends the process when it fails (status 125) */
void ngx_cc_client_rpc_need(ngx_cc_client_rpc_t *rpc);

/*
 * The connection is lost: another one, with growing pauses, for as long as
 * args->reconnect says since good() was called last.  Returns 0; 1: stop_fd of
 * the socket is readable, to be called again; -1 and *error: given up, or the
 * server does not want us (4xx).
 */
int ngx_cc_client_rpc_again(ngx_cc_client_rpc_t *rpc, const char **error);

/* this connection does what it is for */
void ngx_cc_client_rpc_good(ngx_cc_client_rpc_t *rpc);

/* can it be the id of a command?  It may be printed, or stand in a line */
int ngx_cc_client_rpc_is_id(const char *id);

/* why a connection has ended, for people */
const char *ngx_cc_client_rpc_why(const ngx_cc_client_rpc_t *rpc);

/*
 * Begins a request whose params take about "room" bytes of JSON text; what is
 * written to the result belongs into params.  end() sends it and returns its
 * id.
 */
ngx_cc_json_t *ngx_cc_client_rpc_begin(ngx_cc_client_rpc_t *rpc,
    const char *method, size_t room);
uint64_t ngx_cc_client_rpc_end(ngx_cc_client_rpc_t *rpc);

/* n bytes for the stdin of a channel, as a binary message; returns its id */
uint64_t ngx_cc_client_rpc_input(ngx_cc_client_rpc_t *rpc,
    ngx_cc_packet_t *packet, const uint8_t *p, size_t n);

/*
 * The next message, if one is whole: 1; 2: it is a packet, which were asked for
 * by ws.wanted.  0: not yet; -1: the connection has ended, or speaks nonsense.
 */
int ngx_cc_client_rpc_next(ngx_cc_client_rpc_t *rpc);

/* is that message one to show with --json?  All are but "connected". */
int ngx_cc_client_rpc_shown(const ngx_cc_client_rpc_t *rpc);

/*
 * Waits for the answer to that request, ignoring what else comes: 1 = a result,
 * 0 = an error, -1 = the connection has ended without.  With --json it is
 * printed, unless rpc->quiet.
 */
int ngx_cc_client_rpc_wait(ngx_cc_client_rpc_t *rpc, uint64_t id);

/* the id of the message, 0 = none */
uint64_t ngx_cc_client_rpc_id(ngx_cc_client_rpc_t *rpc);

/*
 * Is the error that has come "this server leaves, ask the next one"?  The
 * request was not obeyed then.
 */
int ngx_cc_client_rpc_leaves(ngx_cc_client_rpc_t *rpc);


#endif /* _NGX_CC_CLIENT_RPC_H_INCLUDED_ */
