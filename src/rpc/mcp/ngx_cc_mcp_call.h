
/*
 * One tools/call of "execute" that is under way: it takes what the command
 * writes as it comes (a slow client delays nothing here: the output that is
 * kept is bounded), reports progress, and ends in one answer.
 */

#ifndef _NGX_CC_MCP_CALL_H_INCLUDED_
#define _NGX_CC_MCP_CALL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_answers.h"
#include "ngx_cc_dialect.h"
#include "ngx_cc_legacy.h"
#include "ngx_cc_mcp_detach.h"
#include "ngx_cc_mcp_execute.h"
#include "ngx_cc_mcp_job_answer.h"
#include "ngx_cc_mcp_meta.h"
#include "ngx_cc_mcp_progress.h"
#include "ngx_cc_mcp_reach.h"
#include "ngx_cc_mcp_result.h"
#include "ngx_cc_mcp_sent.h"
#include "ngx_cc_words.h"
#include "ngx_cc_stdin.h"


typedef struct {
    ngx_queue_t             queue;       /* of the session */
    ngx_cc_legacy_call_t    legacy;      /* joined: of a legacy session by
                                            HTTP */
    ngx_cc_mcp_reach_t      reach;       /* of such a one */
    void                   *session;     /* for its end() */
    ngx_cc_command_t       *cmd;
    ngx_cc_spec_conf_t     *conf;        /* of the location */
    ngx_log_t              *log;
    u_char                 *session_id;
    ngx_str_t               id;          /* JSON text, own memory */
    ngx_str_t               token;       /* JSON text, own memory */
    ngx_cc_stdin_t          input;
    ngx_cc_capture_t        capture[NGX_CC_STREAMS];
    ngx_cc_mcp_progress_t   progress;
    ngx_cc_mcp_outcome_t    outcome;
    ngx_cc_mcp_result_t    *result;      /* when it is over */
    ngx_cc_mcp_job_answer_t  *job;       /* or when it goes on as a job */
    ngx_cc_mcp_sent_t       sent;        /* that answer */
    ngx_cc_mcp_detach_t     detach;      /* it becomes one while it runs */
    const char             *label;       /* own memory */
    u_char                  why[NGX_CC_WORDS_WHY];    /* it did not start */

    ngx_cc_answers_t       *answers;     /* for log messages */
    unsigned                log_level;
    unsigned                background:1;    /* it is a job */
    unsigned                task:1;      /* and the client is told of a task */
    unsigned                last:1;      /* the stream that wrote last */
    unsigned                clamped:1;   /* and becomes one sooner than asked */
    unsigned                stdin_stays:1;   /* open, for job_write */
    unsigned                over:1;      /* the answer can be pulled */
    unsigned                begun:1;     /* some of it has been */
    unsigned                ended:1;     /* all of it has been */
    unsigned                no_memory:1; /* there will be no answer */
    unsigned                resumed:1;   /* others have begun it */

    /* resumed: it is there (1), or not any more (0), and may be closed; no
       other event comes before */
    void                  (*found)(void *data, ngx_uint_t found);

    /* it is somebody else's now, or was ended: nothing will be said; it may
       be closed */
    void                  (*gone)(void *data);

    void                   *data;
    void                  (*wake)(void *data);
} ngx_cc_mcp_call_t;


/*
 * Starts the command.  "id" and "token" (len 0: no progress): JSON text,
 * copied.  Returns NULL with ex->spec.refused and text; without memory
 * "refused" is REFUSED_NOT.
 */
ngx_cc_mcp_call_t *ngx_cc_mcp_call_start(ngx_cc_mcp_execute_t *ex,
    ngx_cc_transport_t *transport, ngx_str_t *id, ngx_str_t *token,
    ngx_cc_mcp_meta_t *meta, ngx_cc_answers_t *answers);

/*
 * Takes up one that others began: found() comes, with the call as data, which
 * it has to be given.  Id of its answer, limits and token are the trail's,
 * copied.  NULL: no memory.
 */
ngx_cc_mcp_call_t *ngx_cc_mcp_call_resume(ngx_cc_mcp_trail_t *trail,
    const ngx_cc_handle_t *handle, ngx_cc_transport_t *transport);

/*
 * The next piece of what it has to say: its length, or 0.  *more as in
 * ngx_cc_dialect_t; *answer is 1 when the piece belongs to the answer.
 */
size_t ngx_cc_mcp_call_pull(ngx_cc_mcp_call_t *call, u_char *p, size_t room,
    ngx_uint_t *more, ngx_uint_t *answer);

/*
 * Is it answered by the id of a job, or can it be taken up by others?  Then
 * "sent" has to be awaited before it is closed, else the job ends, or the
 * answer is there for another time.
 */
ngx_uint_t ngx_cc_mcp_call_goes_on(ngx_cc_mcp_call_t *call);

/*
 * Frees it; a command that still runs is ended with its whole tree, unless it
 * can be taken up.  It is not in any queue any more.
 */
void ngx_cc_mcp_call_close(ngx_cc_mcp_call_t *call);


#endif /* _NGX_CC_MCP_CALL_H_INCLUDED_ */
