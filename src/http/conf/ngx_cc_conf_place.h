
/*
 * A location that is on, as its operator wrote it: what errors that are found
 * at the end of "http" say of it, and what cannot stand in it beside us.
 */

#ifndef _NGX_CC_CONF_PLACE_H_INCLUDED_
#define _NGX_CC_CONF_PLACE_H_INCLUDED_


#include "ngx_cc_conf.h"


/* what the core says of where it reads, to be put back */

typedef struct {
    ngx_str_t        name;
    ngx_uint_t       line;
} ngx_cc_conf_place_t;


/*
 * Until leave(), ngx_conf_log_error() ends in 'in location "/x" of server "y",
 * FILE:LINE', the line of its "cc_executor on".
 */
void ngx_cc_conf_place_enter(ngx_conf_t *cf, ngx_cc_loc_conf_t *conf,
    ngx_cc_conf_place_t *place);
void ngx_cc_conf_place_leave(ngx_conf_t *cf, ngx_cc_conf_place_t *place);

/*
 * For a location with a "cc_executor on" of its own: another content handler
 * or a "return" beside it is an error (NGX_CONF_ERROR, logged).
 */
char *ngx_cc_conf_place_alone(ngx_conf_t *cf);

/* "cc_executor_allow" in a location that is not on: a warning */
void ngx_cc_conf_place_off(ngx_conf_t *cf, ngx_cc_loc_conf_t *conf);


#endif /* _NGX_CC_CONF_PLACE_H_INCLUDED_ */
