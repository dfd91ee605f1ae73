
/*
 * What a location says about kept commands: merged, checked.
 */

#ifndef _NGX_CC_CONF_KEEP_H_INCLUDED_
#define _NGX_CC_CONF_KEEP_H_INCLUDED_


#include "ngx_cc_conf.h"


/* in create_loc_conf: everything is unset */
void ngx_cc_conf_keep_create(ngx_cc_keep_conf_t *keep);

/* in merge_loc_conf, for every location */
void ngx_cc_conf_keep_merge(ngx_cc_keep_conf_t *keep,
    ngx_cc_keep_conf_t *prev);

/*
 * For a location that is on, after access_conf_compile(): a command that
 * outlives its connection needs an owner who can be told from others.
 * NGX_CONF_OK or NGX_CONF_ERROR (told).
 */
char *ngx_cc_conf_keep_compile(ngx_conf_t *cf, ngx_cc_main_conf_t *mcf,
    ngx_cc_loc_conf_t *conf);

/* setter of cc_executor_realm: name | off */
char *ngx_cc_conf_keep_realm(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/* in init_module: warns about what else would show the memory of workers */
void ngx_cc_conf_keep_check(ngx_cycle_t *cycle);


#endif /* _NGX_CC_CONF_KEEP_H_INCLUDED_ */
