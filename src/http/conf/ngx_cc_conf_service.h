
/*
 * The executor service: cc_executor_service and cc_executor_user.
 */

#ifndef _NGX_CC_CONF_SERVICE_H_INCLUDED_
#define _NGX_CC_CONF_SERVICE_H_INCLUDED_


#include "ngx_cc_conf.h"


/* 1: commands are started by an executor service */
ngx_uint_t ngx_cc_conf_service_is(const ngx_cc_main_conf_t *mcf);

/*
 * When the http block has been read: checks the first one and fills
 * mcf->pool.service.  NGX_OK or NGX_ERROR (logged).
 */
ngx_int_t ngx_cc_conf_service(ngx_conf_t *cf, ngx_cc_main_conf_t *mcf);

/*
 * Of a location that is on: whom its commands run as, conf->spec.command.user.
 * NGX_OK or NGX_ERROR (logged).
 */
ngx_int_t ngx_cc_conf_service_location(ngx_conf_t *cf,
    ngx_cc_main_conf_t *mcf, ngx_cc_loc_conf_t *conf);

/* setter of cc_executor_user: the name is one of mcf->pool.user, too */
char *ngx_cc_conf_service_user(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/* whom commands of all locations run as; 1: nobody else than the workers */
ngx_uint_t ngx_cc_conf_service_users(const ngx_cc_main_conf_t *mcf);

/*
 * In init_module: warns when workers, those of a reload counted, are more than
 * an executor service serves.
 */
void ngx_cc_conf_service_places(ngx_cycle_t *cycle,
    const ngx_cc_main_conf_t *mcf);

/*
 * In init_module, behind the deathwatch: starts the service where this nginx
 * does.  NGX_OK, also when that failed (told), or NGX_ERROR (logged): it cannot
 * be done by this nginx at all.
 */
ngx_int_t ngx_cc_conf_service_start(ngx_cycle_t *cycle,
    ngx_cc_main_conf_t *mcf);


#endif /* _NGX_CC_CONF_SERVICE_H_INCLUDED_ */
