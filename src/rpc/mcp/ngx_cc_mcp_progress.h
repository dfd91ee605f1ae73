
/*
 * When a client hears of a call that runs, and what: notifications/progress
 * with the newest output, at most ten a second, and every 15 seconds when
 * there is none (specification, "Progress").  What is not pulled in time is
 * replaced by what is newer.
 *
 * The message is made to be shown in place of the one before, it is no delta:
 * the newest whole lines of the stream that was written to last, at most
 * PROGRESS_TEXT bytes of them, readable (see ngx_cc_readable.h).
 */

#ifndef _NGX_CC_MCP_PROGRESS_H_INCLUDED_
#define _NGX_CC_MCP_PROGRESS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_cc_ring.h"


#define NGX_CC_MCP_PROGRESS_TEXT     256     /* newest bytes of a stream */
#define NGX_CC_MCP_PROGRESS_FIRST    200     /* ms: quick calls have none */
#define NGX_CC_MCP_PROGRESS_LEAST    100     /* ms between two */
#define NGX_CC_MCP_PROGRESS_SILENCE  15000   /* ms */


typedef struct {
    u_char         text[NGX_CC_MCP_PROGRESS_TEXT];
    size_t         len;
    unsigned       cut:1;            /* text does not begin the stream */
} ngx_cc_mcp_newest_t;


typedef struct {
    ngx_str_t            token;      /* JSON text; len 0: not wanted */
    ngx_event_t          timer;
    ngx_msec_t           start;
    ngx_msec_t           last;       /* when the last one was sent */
    ngx_msec_t           told;       /* ms since start, in the last one */
    ngx_uint_t           stream;     /* that was written to last */
    ngx_cc_mcp_newest_t  newest[NGX_CC_STREAMS];
    void                *data;
    void               (*wake)(void *data);  /* pull() has something */
    unsigned             fresh:1;    /* output since the last one */
    unsigned             due:1;
} ngx_cc_mcp_progress_t;


/* begins; "token" must stay; with len 0 nothing will ever be due */
void ngx_cc_mcp_progress_init(ngx_cc_mcp_progress_t *progress,
    ngx_str_t *token, void (*wake)(void *data), void *data, ngx_log_t *log);

/* the command has written this */
void ngx_cc_mcp_progress_output(ngx_cc_mcp_progress_t *progress,
    ngx_uint_t stream, const u_char *p, size_t n);

/* the notification that is due: its length, or 0 */
size_t ngx_cc_mcp_progress_pull(ngx_cc_mcp_progress_t *progress, u_char *p,
    size_t room);

/* no more of it */
void ngx_cc_mcp_progress_stop(ngx_cc_mcp_progress_t *progress);


#endif /* _NGX_CC_MCP_PROGRESS_H_INCLUDED_ */
