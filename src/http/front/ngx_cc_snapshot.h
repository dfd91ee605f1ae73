
/*
 * The numbers of one moment: what health, JSON and metrics are made of.
 */

#ifndef _NGX_CC_SNAPSHOT_H_INCLUDED_
#define _NGX_CC_SNAPSHOT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_build.h"
#include "ngx_cc_totals.h"
#include "ngx_cc_zone.h"


typedef struct {
    ngx_cc_zone_t            *zone;
    ngx_uint_t                workers;       /* that are alive */
    ngx_uint_t                denied;        /* of them: have no helper and
                                                get none */
    ngx_uint_t                grouped;       /* of them: commands can have
                                                control groups */
    ngx_cc_totals_helpers_t   helpers;       /* sums over all workers */
    uint64_t                  uptime;        /* us */
    const ngx_cc_build_t     *build;         /* the caller's */

    /* sums over all locations */
    ngx_uint_t                sessions;
    ngx_uint_t                max_sessions;
    ngx_uint_t                commands;
    ngx_uint_t                max_commands;
} ngx_cc_snapshot_t;


/* fills "st" */
void ngx_cc_snapshot(ngx_cc_zone_t *zone, ngx_cc_snapshot_t *st);

/*
 * 1 when commands can be started: there are workers, and each has or gets
 * helpers
 */
ngx_uint_t ngx_cc_snapshot_healthy(ngx_cc_snapshot_t *st);

/*
 * 1 when no location before number i of the zone counts together with it, as
 * an "if" in a location does
 */
ngx_uint_t ngx_cc_snapshot_counts(ngx_cc_zone_t *zone, ngx_uint_t i);


#endif /* _NGX_CC_SNAPSHOT_H_INCLUDED_ */
