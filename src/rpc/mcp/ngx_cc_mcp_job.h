
/*
 * One tools/call about a job that is under way: it writes, or signals, waits,
 * reads, one question after the other, and ends in one answer.  Nothing is
 * polled: who waits costs a connection to the job's helper, and this.
 */

#ifndef _NGX_CC_MCP_JOB_H_INCLUDED_
#define _NGX_CC_MCP_JOB_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_cc_ask.h"
#include "ngx_cc_dialect.h"
#include "ngx_cc_kept_list.h"
#include "ngx_cc_legacy.h"
#include "ngx_cc_mcp_job_answer.h"
#include "ngx_cc_mcp_job_spec.h"
#include "ngx_cc_mcp_progress.h"
#include "ngx_cc_mcp_sent.h"


typedef struct {
    ngx_queue_t              queue;      /* of the session */
    ngx_cc_mcp_sent_t        sent;
    ngx_cc_transport_t      *transport;
    ngx_str_t                id;         /* JSON text, own memory */
    ngx_str_t                token;      /* JSON text, own memory */
    ngx_cc_mcp_job_spec_t    spec;       /* its strings are own memory */
    uint8_t                  reader[NGX_CC_WIRE_READER];
    ngx_cc_mcp_progress_t    progress;
    ngx_cc_ask_t            *ask;        /* the question now, or NULL */
    ngx_cc_ask_t            *answered;   /* the one before it, until that is
                                            asked; valid in its done() only */
    void                   (*done)(void *data,
                                 const ngx_cc_ask_answer_t *answer);
    ngx_cc_ask_t            *held;       /* the one whose mark is to move */
    ngx_cc_kept_list_t      *list;       /* of job_list */
    ngx_uint_t               stage;
    ngx_event_t              delay;      /* of "no such job" */
    ngx_msec_t               begun;
    ngx_msec_t               until;      /* when the wait is over */
    uint64_t                 wrote[NGX_CC_STREAMS];  /* before job_write */
    ngx_cc_mcp_job_told_t    told;
    ngx_cc_mcp_job_text_t   *text;       /* the answer while it is written */
    ngx_cc_mcp_job_answer_t *answer;     /* and when it is ready */
    u_char                   hint[192];
    ngx_cc_legacy_call_t     legacy;     /* others may end it by that */
    void                    *jobs;       /* whose it is */
    unsigned                 modern:1;
    unsigned                 tty:1;
    unsigned                 over:1;     /* the answer can be pulled */
    unsigned                 pulled:1;   /* some of it has been */
    unsigned                 ended:1;    /* all of it has been */
    unsigned                 no_memory:1;    /* there will be none */
} ngx_cc_mcp_job_t;


/*
 * Begins; "id" and "token" (len 0: no progress) are JSON text, and copied as is
 * what "spec" points to.  Returns NULL without memory.
 */
ngx_cc_mcp_job_t *ngx_cc_mcp_job_start(ngx_cc_mcp_job_spec_t *spec,
    ngx_cc_transport_t *transport, ngx_str_t *id, ngx_str_t *token,
    ngx_uint_t modern);

/* as ngx_cc_mcp_call_pull() */
size_t ngx_cc_mcp_job_pull(ngx_cc_mcp_job_t *job, u_char *p, size_t room,
    ngx_uint_t *more, ngx_uint_t *answer);

/*
 * Of OTHER: job->text is the answer, in what ngx_cc_mcp_job_text_begin()
 * returned; or NULL: there is no memory for one.
 */
void ngx_cc_mcp_job_finish(ngx_cc_mcp_job_t *job);

/* this worker leaves: a wait ends now */
void ngx_cc_mcp_job_leave(ngx_cc_mcp_job_t *job);

/* has somebody to know whether its answer was sent? */
ngx_uint_t ngx_cc_mcp_job_marks(ngx_cc_mcp_job_t *job);

/*
 * Whose mark moves when a session reads: a WebSocket is a reader of its own, so
 * is a legacy session over HTTP ("modern": of an era without them); all other
 * POSTs of an owner are one.
 */
void ngx_cc_mcp_job_reader(const ngx_cc_transport_t *transport,
    ngx_uint_t modern, uint8_t reader[NGX_CC_WIRE_READER]);

/* frees it; nothing is answered any more.  It is not in any queue */
void ngx_cc_mcp_job_close(ngx_cc_mcp_job_t *job);


#endif /* _NGX_CC_MCP_JOB_H_INCLUDED_ */
