
/*
 * A call of "execute" that does not wait for the end of its command: when the
 * wait is over, the command is handed over (exec/ngx_cc_command_handover.h) and
 * goes on as a job, and what it has written so far is read as job_read does.
 *
 *   init     begins to wait.
 *   started  the command runs: a wait that was over before is over now.
 *   kept     event KEPT: its output is read; then read() is called once, and
 *            the call is answered.
 *   sent     the client has the answer: reading goes on behind what it says.
 *   stop     ends it in any state; the command is the caller's.
 *
 * A command that ends before is answered as if nobody had wanted to hand it
 * over; one that cannot be kept (places, UNKEPT) stays bound.
 */

#ifndef _NGX_CC_MCP_DETACH_H_INCLUDED_
#define _NGX_CC_MCP_DETACH_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_cc_ask.h"
#include "ngx_cc_command_handover.h"


typedef struct {
    ngx_cc_command_t        *cmd;
    ngx_cc_handover_spec_t   spec;   /* what it points to is the caller's */
    size_t                   max;    /* bytes of output in the answer */
    uint8_t                  reader[NGX_CC_WIRE_READER];     /* whose mark */
    ngx_event_t              timer;
    ngx_cc_ask_t            *ask;    /* for its output */
    ngx_cc_ask_t            *held;   /* it is answered: moves the mark */
    ngx_uint_t               asked;  /* how often */
    unsigned                 due:1;  /* the wait is over, it does not run yet */
    unsigned                 kept:1;

    /* "answer" NULL: it is kept, but could not be read now */
    void                   (*read)(void *data,
                                 const ngx_cc_ask_answer_t *answer);
    void                    *data;
} ngx_cc_mcp_detach_t;


/* all but timer, ask, held and flags is set; "wait" in ms */
void ngx_cc_mcp_detach_init(ngx_cc_mcp_detach_t *d, ngx_msec_t wait,
    ngx_log_t *log);

void ngx_cc_mcp_detach_started(ngx_cc_mcp_detach_t *d);

void ngx_cc_mcp_detach_kept(ngx_cc_mcp_detach_t *d);

/* next[]: where reading goes on; also of one that is all zero */
void ngx_cc_mcp_detach_sent(ngx_cc_mcp_detach_t *d,
    const uint64_t next[NGX_CC_STREAMS]);

/* also of one that is all zero */
void ngx_cc_mcp_detach_stop(ngx_cc_mcp_detach_t *d);


#endif /* _NGX_CC_MCP_DETACH_H_INCLUDED_ */
