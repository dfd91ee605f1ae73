
/*
 * The user that workers, and so commands, run as.
 */

#ifndef _NGX_CC_CONF_USER_H_INCLUDED_
#define _NGX_CC_CONF_USER_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_pools.h"
#include "ngx_cc_trust.h"


/*
 * Its uid, also while the configuration is read and "user" has not come yet:
 * then it is nginx's default.
 */
ngx_uid_t ngx_cc_conf_user(ngx_cycle_t *cycle);

/* its name, or NULL: it has none; and its group */
const char *ngx_cc_conf_user_name(ngx_cycle_t *cycle, gid_t *group);

/*
 * The same with its groups, for those that must not trust it: a master (or
 * nginx -t) that is root, while commands are not.  Behind it ("next") come the
 * users that an executor service runs commands as, if this machine knows them.
 * NULL in any other case: then they may do whatever we may.  It is valid until
 * the next call.
 */
const ngx_cc_trust_who_t *ngx_cc_conf_user_who(ngx_cycle_t *cycle);

/* that user of an executor service alone, or NULL: nobody has such a name */
const ngx_cc_trust_who_t *ngx_cc_conf_user_of(const ngx_cc_pools_conf_t *conf,
    ngx_uint_t user);

/* what runs as any of them is a command, and stays one after a reload */
void ngx_cc_conf_user_know(const ngx_cc_pools_conf_t *conf);


#endif /* _NGX_CC_CONF_USER_H_INCLUDED_ */
