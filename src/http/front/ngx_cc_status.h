
/*
 * How this nginx is doing, for a load balancer, a person and Prometheus: the
 * content handlers of "cc_executor_status".  The numbers are those of all
 * workers, whichever is asked, and only numbers: no command line, no address.
 * Who may ask is up to nginx ("allow", "auth_basic").
 */

#ifndef _NGX_CC_STATUS_H_INCLUDED_
#define _NGX_CC_STATUS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_cc_conf.h"


/* the numbers of one moment */

typedef struct {
    ngx_cc_zone_t            *zone;
    ngx_uint_t                workers;       /* that are alive */
    ngx_uint_t                denied;        /* of them: have no helper and
                                                get none */
    ngx_cc_totals_helpers_t   helpers;       /* sums over all workers */
    uint64_t                  uptime;        /* us */

    /* sums over all locations */
    ngx_uint_t                sessions;
    ngx_uint_t                max_sessions;
    ngx_uint_t                commands;
    ngx_uint_t                max_commands;
} ngx_cc_status_t;


/* the directive "cc_executor_status health | json | prometheus" */
char *ngx_cc_status_directive(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/* fills "st" */
void ngx_cc_status_read(ngx_cc_zone_t *zone, ngx_cc_status_t *st);

/*
 * 1 when commands can be started: there are workers, and each has or gets
 * helpers
 */
ngx_uint_t ngx_cc_status_healthy(ngx_cc_status_t *st);


#endif /* _NGX_CC_STATUS_H_INCLUDED_ */
