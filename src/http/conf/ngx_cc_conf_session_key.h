
/*
 * cc_executor_session_key: where the key of legacy MCP sessions comes from, so
 * that their ids are good after a restart.  Clients of SDK 1.x do not begin
 * anew when one is not.
 */

#ifndef _NGX_CC_CONF_SESSION_KEY_H_INCLUDED_
#define _NGX_CC_CONF_SESSION_KEY_H_INCLUDED_


#include "ngx_cc_conf.h"


/*
 * In init_module, behind ngx_cc_key_make() and when the runtime directory is
 * there: sets the key of sessions.
 *
 *     a path       that file; it is made when it is not there
 *     off          it follows from the key of kept commands
 *     not said     the same with cc_executor_secret, or when nginx is not
 *                  started by root; else "session_key" in cc_executor_path, but
 *                  what is wrong with it does not keep nginx from starting
 *
 * NGX_OK or NGX_ERROR (told).
 */
ngx_int_t ngx_cc_conf_session_key(ngx_cycle_t *cycle,
    ngx_cc_main_conf_t *mcf);


#endif /* _NGX_CC_CONF_SESSION_KEY_H_INCLUDED_ */
