
/*
 * Warnings about the files that a location names: what the user that commands
 * run as could exchange, cannot reach, or would not see behind the fence.
 */

#ifndef _NGX_CC_CONF_FILES_H_INCLUDED_
#define _NGX_CC_CONF_FILES_H_INCLUDED_


#include "ngx_cc_conf.h"


/* in init_module, for a location that is on */
void ngx_cc_conf_files_check(ngx_cycle_t *cycle,
    ngx_cc_conf_location_t *location);


#endif /* _NGX_CC_CONF_FILES_H_INCLUDED_ */
