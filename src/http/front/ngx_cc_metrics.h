
/*
 * The totals as text for Prometheus (text exposition format 0.0.4).
 */

#ifndef _NGX_CC_METRICS_H_INCLUDED_
#define _NGX_CC_METRICS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_snapshot.h"


/* renders all metrics into memory of the pool; NGX_OK or NGX_ERROR */
ngx_int_t ngx_cc_metrics(ngx_pool_t *pool, ngx_cc_snapshot_t *st,
    ngx_str_t *text);


#endif /* _NGX_CC_METRICS_H_INCLUDED_ */
