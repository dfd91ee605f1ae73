
/*
 * cc_executor_node and cc_executor_peer: this node's name, and who hands over
 * what belongs to another one (exec/ngx_cc_node.h).
 */

#ifndef _NGX_CC_CONF_NODE_H_INCLUDED_
#define _NGX_CC_CONF_NODE_H_INCLUDED_


#include "ngx_cc_conf.h"


/* setter of cc_executor_node: name */
char *ngx_cc_conf_node(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/* setter of cc_executor_peer: name @location, or * @location; repeatable */
char *ngx_cc_conf_node_peer(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/*
 * For a location that is on, after access_conf_compile(): peers need a name of
 * this node, a key and a realm that all nodes share, and a token file, whose
 * digest (conf->tokens) tells whether another node has the same one.
 * NGX_CONF_OK or NGX_CONF_ERROR (told).
 */
char *ngx_cc_conf_node_compile(ngx_conf_t *cf, ngx_cc_main_conf_t *mcf,
    ngx_cc_loc_conf_t *conf);


#endif /* _NGX_CC_CONF_NODE_H_INCLUDED_ */
