
/*
 * Why a command is not started: kind and text of the refusal.  Each dialect
 * says in its own way what kind it is.
 */

#ifndef _NGX_CC_SPEC_REFUSE_H_INCLUDED_
#define _NGX_CC_SPEC_REFUSE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_record.h"


#define NGX_CC_SPEC_TEXT   512       /* bytes of a refusal's text */


typedef enum {
    NGX_CC_REFUSED_NOT = 0,
    NGX_CC_REFUSED_PARAMS,           /* a parameter is missing, of a wrong
                                        type, out of range: it is named */
    NGX_CC_REFUSED_POLICY,           /* it may not run here */
    NGX_CC_REFUSED_LIMIT,            /* of sessions or commands */
    NGX_CC_REFUSED_SERVER            /* no fault of the client */
} ngx_cc_refused_e;


typedef struct ngx_cc_spec_s  ngx_cc_spec_t;     /* see ngx_cc_spec.h */


/* tells the recorder (or NULL) of the refusal that is noted */
void ngx_cc_spec_report(ngx_cc_spec_t *spec, ngx_cc_recorder_t *recorder);

/* notes a refusal, printed like ngx_slprintf(); always NGX_DECLINED */
ngx_int_t ngx_cc_spec_refuse(ngx_cc_spec_t *spec, ngx_cc_refused_e refused,
    const char *fmt, ...);

/* the same for a parameter: "fmt" begins with its name, "prefix." is added */
ngx_int_t ngx_cc_spec_wrong(ngx_cc_spec_t *spec, const char *fmt, ...);


#endif /* _NGX_CC_SPEC_REFUSE_H_INCLUDED_ */
