
/*
 * How much one client may take of a location, and how long it may be slow or
 * idle: directives, merge, checks.
 */

#ifndef _NGX_CC_CONF_SESSION_H_INCLUDED_
#define _NGX_CC_CONF_SESSION_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


typedef struct {
    ngx_uint_t       max_per_address;    /* sessions; 0 = no limit */
    ngx_uint_t       max_per_owner;
    ngx_msec_t       frame_timeout;
    ngx_msec_t       idle_timeout;       /* 0 = none */
} ngx_cc_conf_session_t;


void ngx_cc_conf_session_create(ngx_cc_conf_session_t *conf);
void ngx_cc_conf_session_merge(ngx_cc_conf_session_t *conf,
    ngx_cc_conf_session_t *prev);


#endif /* _NGX_CC_CONF_SESSION_H_INCLUDED_ */
