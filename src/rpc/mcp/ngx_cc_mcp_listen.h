
/*
 * One subscriptions/listen: it is acknowledged with the part of it that is
 * honoured, then tells of each task how it ended (notifications/tasks), and is
 * answered when this worker leaves.  A task costs a connection to its helper
 * while it runs; nothing is polled.  The lists of this server never change
 * while it runs, so nothing else is ever told.
 */

#ifndef _NGX_CC_MCP_LISTEN_H_INCLUDED_
#define _NGX_CC_MCP_LISTEN_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_cc_ask.h"
#include "ngx_cc_dialect.h"
#include "ngx_cc_mcp_job_answer.h"
#include "ngx_cc_request.h"


typedef struct ngx_cc_mcp_listen_s  ngx_cc_mcp_listen_t;


typedef enum {
    NGX_CC_MCP_LISTEN_ASKED = 0,         /* is there such a task? */
    NGX_CC_MCP_LISTEN_NONE,              /* no */
    NGX_CC_MCP_LISTEN_WAITS,             /* for its end */
    NGX_CC_MCP_LISTEN_READS,             /* its result */
    NGX_CC_MCP_LISTEN_READY,             /* it can be told */
    NGX_CC_MCP_LISTEN_TOLD
} ngx_cc_mcp_listen_state_e;


typedef struct {
    ngx_cc_mcp_listen_t        *listen;
    ngx_cc_mcp_listen_state_e   state;
    ngx_uint_t                  step;    /* of reading */
    ngx_cc_handle_t             handle;
    ngx_cc_ask_t               *ask;
    ngx_event_t                 again;   /* it could not be asked */
    ngx_cc_mcp_job_answer_t    *answer;
} ngx_cc_mcp_listen_task_t;


struct ngx_cc_mcp_listen_s {
    ngx_queue_t                 queue;   /* of the session */
    ngx_cc_transport_t         *transport;
    ngx_str_t                   id;      /* JSON text, own memory */
    ngx_cc_mcp_listen_task_t   *current; /* is being pulled */
    ngx_msec_t                  begun;
    ngx_uint_t                  asked;   /* tasks that are not known yet */
    ngx_uint_t                  ntasks;
    unsigned                    acknowledged:1;
    unsigned                    ended:1; /* all has been pulled */
    unsigned                    canceled:1;  /* nothing is told any more */
    unsigned                    no_memory:1;
    ngx_cc_mcp_listen_task_t    task[];
};


/*
 * Begins.  "ids": an array of strings, or NULL, of which "most" are honoured,
 * each once; "id": JSON text, copied.  NULL: no memory.
 */
ngx_cc_mcp_listen_t *ngx_cc_mcp_listen_start(ngx_cc_transport_t *transport,
    ngx_str_t *id, ngx_cc_value_t *ids, ngx_uint_t most);

/* tasks of which something is to be told */
ngx_uint_t ngx_cc_mcp_listen_watches(const ngx_cc_mcp_listen_t *listen);

/* the next piece of what it has to say, or 0; *more as in ngx_cc_dialect_t */
size_t ngx_cc_mcp_listen_pull(ngx_cc_mcp_listen_t *listen, u_char *p,
    size_t room, ngx_uint_t *more);

/* frees it; it is in no queue */
void ngx_cc_mcp_listen_close(ngx_cc_mcp_listen_t *listen);


#endif /* _NGX_CC_MCP_LISTEN_H_INCLUDED_ */
