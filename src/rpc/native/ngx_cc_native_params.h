
/*
 * The params of "execute" in the native dialect: what is a command's is
 * checked by ngx_cc_spec, the rest here.
 */

#ifndef _NGX_CC_NATIVE_PARAMS_H_INCLUDED_
#define _NGX_CC_NATIVE_PARAMS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_spec.h"


#define NGX_CC_ERROR_NOT_ALLOWED   -32002


/* how output is carried */

typedef enum {
    NGX_CC_NATIVE_UTF8 = 0,
    NGX_CC_NATIVE_BASE64,
    NGX_CC_NATIVE_BINARY
} ngx_cc_native_encoding_e;

#define NGX_CC_NATIVE_PARAMS_ENCODING                                         \
    "encoding must be \"utf-8\", \"base64\" or \"binary\""


typedef struct {
    ngx_cc_spec_t          spec;         /* and its refusal */
    ngx_str_t              stdin_data;   /* to be written first */
    unsigned               stdin_given:1;
    unsigned               stdin_stays:1;    /* open for "input" */
    const ngx_uint_t      *rounds;       /* of the transport */
    ngx_cc_command_keep_t  keep;         /* spec.command.keep, if it is */
    unsigned               kept:1;
    unsigned               chunk:1;
    ngx_cc_native_encoding_e  encoding;
} ngx_cc_native_params_t;


/*
 * Checks params (NULL = none) against what the location allows.  Strings live
 * in "pool" or in the request.  Returns NGX_OK; NGX_DECLINED with the refusal
 * in ex->spec; NGX_ERROR: no memory.
 */
ngx_int_t ngx_cc_native_params_check(ngx_cc_native_params_t *ex,
    ngx_cc_spec_conf_t *conf, ngx_cc_value_t *params, ngx_pool_t *pool);

/* params.encoding, UTF8 without one; NGX_OK, or NGX_DECLINED: another word */
ngx_int_t ngx_cc_native_params_encoding(ngx_cc_value_t *params,
    ngx_cc_native_encoding_e *encoding);

/* the code of this dialect's error for a refusal, 0 for none */
ngx_int_t ngx_cc_native_params_code(ngx_cc_refused_e refused);


#endif /* _NGX_CC_NATIVE_PARAMS_H_INCLUDED_ */
