
/*
 * The executor service: cc_executor_service and cc_executor_user.
 */

#ifndef _NGX_CC_CONF_SERVICE_H_INCLUDED_
#define _NGX_CC_CONF_SERVICE_H_INCLUDED_


#include "ngx_cc_conf.h"


/* 1: commands are started by an executor service */
ngx_uint_t ngx_cc_conf_service_is(const ngx_cc_main_conf_t *mcf);

/*
 * While the configuration is read: checks both and fills mcf->pool.service.
 * NGX_OK or NGX_ERROR (logged).
 */
ngx_int_t ngx_cc_conf_service(ngx_conf_t *cf, ngx_cc_main_conf_t *mcf);

/*
 * In init_module, behind the deathwatch: starts the service where this nginx
 * does.  NGX_OK, also when that failed (told), or NGX_ERROR (logged): it cannot
 * be done by this nginx at all.
 */
ngx_int_t ngx_cc_conf_service_start(ngx_cycle_t *cycle,
    ngx_cc_main_conf_t *mcf);


#endif /* _NGX_CC_CONF_SERVICE_H_INCLUDED_ */
