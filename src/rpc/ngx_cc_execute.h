
/*
 * The params of "execute": from a JSON object to what a command is started
 * with, or to the reason why it is not.
 */

#ifndef _NGX_CC_EXECUTE_H_INCLUDED_
#define _NGX_CC_EXECUTE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_command.h"
#include "ngx_cc_request.h"


#define NGX_CC_ERROR_NOT_ALLOWED   -32002

#define NGX_CC_EXECUTE_TEXT        512   /* bytes of an error's text */


typedef struct {
    ngx_cc_command_spec_t  spec;     /* argv, argc, program, timeout and
                                        open_stdin are set */
    ngx_str_t              stdin_data;   /* to be written first */
    unsigned               stdin_given:1;
    unsigned               stdin_stays:1;    /* open for "input" */
    unsigned               chunk:1;
    unsigned               base64:1;
    unsigned               shell:1;      /* runs through the shell */

    ngx_int_t              code;     /* 0, or the error */
    size_t                 len;      /* of its text */
    u_char                 text[NGX_CC_EXECUTE_TEXT];
} ngx_cc_execute_t;


/*
 * Checks params (NULL = none) against what the location allows.  Strings live
 * in "pool" or in the request.  Returns NGX_OK; NGX_DECLINED with code and
 * text; NGX_ERROR: no memory.
 */
ngx_int_t ngx_cc_execute_check(ngx_cc_execute_t *ex,
    ngx_cc_command_conf_t *conf, ngx_cc_value_t *params, ngx_pool_t *pool);

/* sets an error, printed like ngx_sprintf(); always NGX_DECLINED */
ngx_int_t ngx_cc_execute_refuse(ngx_cc_execute_t *ex, ngx_int_t code,
    const char *fmt, ...);


#endif /* _NGX_CC_EXECUTE_H_INCLUDED_ */
