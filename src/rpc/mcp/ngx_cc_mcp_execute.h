
/*
 * The tool "execute": what it takes, and what is started for a call of it.
 */

#ifndef _NGX_CC_MCP_EXECUTE_H_INCLUDED_
#define _NGX_CC_MCP_EXECUTE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_mcp_arguments.h"


typedef struct {
    ngx_cc_spec_t   spec;            /* or why not */
    ngx_str_t       stdin_data;
    size_t          output;          /* bytes of each stream */
    ngx_cc_command_keep_t  keep;     /* of one that is to be kept */
    ngx_msec_t      limit;           /* that was asked for, ms; 0 = none */
    ngx_msec_t      wait;            /* detach: so long, ms */
    ngx_msec_t      run;             /* detach: run limit of the job, ms;
                                        0 = none */
    unsigned        background:1;    /* it is a job from its start on */
    unsigned        detach:1;        /* it becomes one when the wait is over */
    unsigned        task:1;          /* detach: as a task */
    unsigned        clamped:1;       /* that is less than was asked for */
    unsigned        stdin_given:1;
    unsigned        stdin_stays:1;   /* open, behind what is given */
    unsigned        output_given:1;  /* else "output" is for both together */
} ngx_cc_mcp_execute_t;


extern const ngx_cc_mcp_argument_t  ngx_cc_mcp_execute_takes[];


/*
 * Fills "ex", whose spec is initialized, from arguments that passed the check
 * of the list.  Strings live in "pool" or in the request.  NGX_OK;
 * NGX_DECLINED: not, and ex->spec says why, in words for a model; NGX_ERROR: no
 * memory.
 */
ngx_int_t ngx_cc_mcp_execute_prepare(ngx_cc_mcp_execute_t *ex,
    ngx_cc_spec_conf_t *conf, ngx_cc_value_t *arguments, ngx_pool_t *pool);


/*
 * Its client knows tasks: it becomes one when it takes longer than
 * cc_executor_task_after, unless its arguments say more about it.  NGX_OK or
 * NGX_ERROR (no memory).
 */
ngx_int_t ngx_cc_mcp_execute_task(ngx_cc_mcp_execute_t *ex,
    ngx_cc_spec_conf_t *conf, ngx_pool_t *pool);

/* a task at once that has no place: it is a call like any other */
void ngx_cc_mcp_execute_bound(ngx_cc_mcp_execute_t *ex,
    ngx_cc_spec_conf_t *conf);


#endif /* _NGX_CC_MCP_EXECUTE_H_INCLUDED_ */
