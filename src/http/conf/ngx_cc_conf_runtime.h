
/*
 * The runtime directory (cc_executor_path) and what is in it: "work", where
 * commands start that have no other place, and "tmp" (ngx_cc_tmpdir.h).
 *
 * Where nginx is started by root, the runtime directory stays root's, so that
 * a command can neither rename "work" nor put anything else in its place; and
 * root touches nothing in a directory that commands can write.  What root does
 * not make there, a helper makes when it is needed, as the commands' user (see
 * NGX_CC_START_WORK).
 */

#ifndef _NGX_CC_CONF_RUNTIME_H_INCLUDED_
#define _NGX_CC_CONF_RUNTIME_H_INCLUDED_


#include "ngx_cc_conf.h"


/* while the configuration is read: names mcf->path, mcf->work */
ngx_int_t ngx_cc_conf_runtime_name(ngx_conf_t *cf, ngx_cc_main_conf_t *mcf);

/*
 * In init_module: makes what is missing.  What cannot be made or used is a
 * warning: only commands that start there suffer from it, and their clients
 * are told.
 */
void ngx_cc_conf_runtime_make(ngx_cycle_t *cycle, ngx_cc_main_conf_t *mcf);


#endif /* _NGX_CC_CONF_RUNTIME_H_INCLUDED_ */
