
/*
 * cc_executor_observe: whose tokens may look at what others of the same realm
 * keep.
 */

#ifndef _NGX_CC_CONF_OBSERVE_H_INCLUDED_
#define _NGX_CC_CONF_OBSERVE_H_INCLUDED_


#include "ngx_cc_conf.h"


/* one who may */

typedef struct {
    ngx_str_t       name;                /* of a token */
    ngx_uint_t      signal;              /* and may signal and cancel them */
} ngx_cc_conf_observer_t;


/* setter of cc_executor_observe: none | name[:signal] ... */
char *ngx_cc_conf_observe(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/*
 * For a location that is on, after access_conf_compile(): its realm's digest,
 * and whether there are such tokens.  NGX_CONF_OK or NGX_CONF_ERROR (told).
 */
char *ngx_cc_conf_observe_compile(ngx_conf_t *cf, ngx_cc_main_conf_t *mcf,
    ngx_cc_loc_conf_t *conf);

/* who of the location's observers has a token of that name; NULL: none */
ngx_cc_conf_observer_t *ngx_cc_conf_observe_find(ngx_cc_loc_conf_t *conf,
    const ngx_str_t *name);


#endif /* _NGX_CC_CONF_OBSERVE_H_INCLUDED_ */
