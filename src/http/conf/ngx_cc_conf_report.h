
/*
 * What the operator is told when nginx starts or reads its configuration
 * again: one line per location that says what is in force, and warnings.
 */

#ifndef _NGX_CC_CONF_REPORT_H_INCLUDED_
#define _NGX_CC_CONF_REPORT_H_INCLUDED_


#include "ngx_cc_conf.h"


/*
 * While the configuration is read: notes a location that is on, warns of a
 * policy that is wider than it may look.  NGX_CONF_OK or NGX_CONF_ERROR.
 */
char *ngx_cc_conf_report_add(ngx_conf_t *cf, ngx_cc_main_conf_t *mcf,
    ngx_cc_loc_conf_t *conf);

/*
 * In init_module: NGX_ERROR (logged) when commands would run as root and nobody
 * has allowed that, else NGX_OK; warns when there is no fence, and of listed
 * programs that commands could replace.  In a reload there is no NGX_ERROR:
 * such a location runs nothing then.
 */
ngx_int_t ngx_cc_conf_report_check(ngx_cycle_t *cycle,
    ngx_cc_main_conf_t *mcf);

/* the lines */
void ngx_cc_conf_report_tell(ngx_cycle_t *cycle, ngx_cc_main_conf_t *mcf);


/*
 * In init_module, not under -t: tells which build is loaded, and warns when
 * another one is installed.
 */
void ngx_cc_conf_report_build(ngx_cycle_t *cycle, ngx_cc_main_conf_t *mcf);


#endif /* _NGX_CC_CONF_REPORT_H_INCLUDED_ */
