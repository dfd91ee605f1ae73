
/*
 * Requests to a server and its answers: JSON-RPC 2.0 over the WebSocket.
 */

#ifndef _NGX_CC_CLIENT_RPC_H_INCLUDED_
#define _NGX_CC_CLIENT_RPC_H_INCLUDED_


#include "ngx_cc_client_args.h"
#include "ngx_cc_client_message.h"
#include "ngx_cc_client_ws.h"
#include "ngx_cc_json_write.h"


#define NGX_CC_CLIENT_ID  128            /* bytes of an execution_id */


typedef struct {
    const ngx_cc_client_args_t  *args;
    ngx_cc_client_url_t          url;
    ngx_cc_client_ws_t           ws;
    ngx_cc_client_message_t     *message;    /* the one that came last */

    /* private */
    uint64_t                     id;     /* of the last request */
    ngx_cc_json_t                w;
    uint8_t                     *buf;
    size_t                       size;
} ngx_cc_client_rpc_t;


/* prepares a zeroed one; ends the process when the URL is none */
void ngx_cc_client_rpc_init(ngx_cc_client_rpc_t *rpc,
    const ngx_cc_client_args_t *args);

/* connects: 0, or -1 and *error */
int ngx_cc_client_rpc_open(ngx_cc_client_rpc_t *rpc, const char **error);

/* the same; ends the process when it fails (status 125) */
void ngx_cc_client_rpc_need(ngx_cc_client_rpc_t *rpc);

/*
 * Begins a request whose params take about "room" bytes of JSON text; what is
 * written to the result belongs into params.  end() sends it and returns its
 * id.
 */
ngx_cc_json_t *ngx_cc_client_rpc_begin(ngx_cc_client_rpc_t *rpc,
    const char *method, size_t room);
uint64_t ngx_cc_client_rpc_end(ngx_cc_client_rpc_t *rpc);

/* a request about one command, with nothing else in its params */
uint64_t ngx_cc_client_rpc_about(ngx_cc_client_rpc_t *rpc, const char *method,
    const char *execution_id);

/*
 * The next message, if one is whole: 1 (with --json it is printed as it came,
 * but for "connected").  0: not yet; -1: the connection has ended, or speaks
 * nonsense.
 */
int ngx_cc_client_rpc_next(ngx_cc_client_rpc_t *rpc);

/*
 * Waits for the answer to that request, ignoring what else comes.  Ends the
 * process when there is none; an error is printed, and the process ended with
 * "status", unless that is 0: returns 0 then, 1 for a result.
 */
int ngx_cc_client_rpc_wait(ngx_cc_client_rpc_t *rpc, uint64_t id, int status);

/* the id of the message, 0 = none */
uint64_t ngx_cc_client_rpc_id(ngx_cc_client_rpc_t *rpc);

/* prints "cc-run: text" and ends the process with that status */
void ngx_cc_client_fail(int status, const char *text)
    __attribute__((noreturn));


#endif /* _NGX_CC_CLIENT_RPC_H_INCLUDED_ */
