
/*
 * The tools about jobs: what they take, and what a call of one asks for.
 */

#ifndef _NGX_CC_MCP_JOB_SPEC_H_INCLUDED_
#define _NGX_CC_MCP_JOB_SPEC_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_ask.h"
#include "ngx_cc_mcp_arguments.h"
#include "ngx_cc_node.h"


#define NGX_CC_MCP_JOB_WAIT     100000   /* ms: no call takes longer */
#define NGX_CC_MCP_JOB_OUTPUT   30000    /* bytes, when nobody says how many */
#define NGX_CC_MCP_JOB_MOST     1048576
#define NGX_CC_MCP_JOB_LABEL    80       /* characters */


typedef enum {
    NGX_CC_MCP_JOB_READ = 0,
    NGX_CC_MCP_JOB_WRITE,
    NGX_CC_MCP_JOB_SIGNAL,
    NGX_CC_MCP_JOB_LIST,
    NGX_CC_MCP_JOB_OTHER             /* see "begin" */
} ngx_cc_mcp_job_what_e;


/* strings are those of the arguments */

typedef struct {
    ngx_cc_mcp_job_what_e  what;
    ngx_str_t              id;           /* as it was given */
    ngx_cc_handle_t        handle;
    ngx_str_t              node;         /* that it names, or len 0 */
    unsigned               foreign:1;    /* another one than this */
    unsigned               malformed:1;  /* it cannot be an id */
    unsigned               cursor:1;     /* "from" is given */
    unsigned               raw:1;        /* terminal bytes stay */
    unsigned               base64:1;
    unsigned               enter:1;
    unsigned               eof:1;
    unsigned               waits:1;
    uint64_t               from[NGX_CC_STREAMS];
    size_t                 tail;         /* bytes, 0 = not asked for */
    size_t                 max;
    ngx_uint_t             streams;      /* NGX_CC_EOF_* */
    ngx_uint_t             until;        /* ngx_cc_wire_until_e */
    ngx_msec_t             wait;
    ngx_str_t              pattern;      /* len 0: none */
    ngx_str_t              input;
    int                    signo;

    /* OTHER: asks what it likes, ngx_cc_mcp_job_finish() follows */
    void                 (*begin)(void *job);
    ngx_uint_t             kind;         /* its own */

    ngx_str_t              label;        /* LIST */
    ngx_int_t              status;       /* 0 running, 1 finished, 2 all */
    ngx_uint_t             limit;
} ngx_cc_mcp_job_spec_t;


extern const ngx_cc_mcp_argument_t  ngx_cc_mcp_job_spec_read_takes[];
extern const ngx_cc_mcp_argument_t  ngx_cc_mcp_job_spec_write_takes[];
extern const ngx_cc_mcp_argument_t  ngx_cc_mcp_job_spec_signal_takes[];
extern const ngx_cc_mcp_argument_t  ngx_cc_mcp_job_spec_list_takes[];


/*
 * Fills js from arguments that passed the check of the tool's list.  NGX_OK, or
 * NGX_DECLINED: not, and "spec" says why.
 */
ngx_int_t ngx_cc_mcp_job_spec_read(ngx_cc_mcp_job_spec_t *js,
    ngx_cc_spec_t *spec, ngx_cc_value_t *arguments);
ngx_int_t ngx_cc_mcp_job_spec_write(ngx_cc_mcp_job_spec_t *js,
    ngx_cc_spec_t *spec, ngx_cc_value_t *arguments);
ngx_int_t ngx_cc_mcp_job_spec_signal(ngx_cc_mcp_job_spec_t *js,
    ngx_cc_spec_t *spec, ngx_cc_value_t *arguments);
ngx_int_t ngx_cc_mcp_job_spec_list(ngx_cc_mcp_job_spec_t *js,
    ngx_cc_spec_t *spec, ngx_cc_value_t *arguments);

/* reads an id of a job: handle, node, foreign, malformed */
void ngx_cc_mcp_job_spec_id(ngx_cc_mcp_job_spec_t *js, const ngx_str_t *text);

/* are there jobs at this location?  And terminals for them? */
ngx_uint_t ngx_cc_mcp_job_spec_kept(ngx_cc_spec_conf_t *conf);
ngx_uint_t ngx_cc_mcp_job_spec_tty(ngx_cc_spec_conf_t *conf);


#endif /* _NGX_CC_MCP_JOB_SPEC_H_INCLUDED_ */
