
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_cc_local.h"
#include "ngx_cc_pools.h"


static void ngx_cc_local_cleanup(void *data);


static pid_t          ngx_cc_local_elder;
static ngx_cc_ancestry_t  ngx_cc_local_self;     /* of this worker */


void
ngx_cc_local_init(void)
{
    if (ngx_cc_local_elder == 0 && getenv(NGINX_VAR)) {
        ngx_cc_local_elder = getppid();
    }
}


ngx_cc_ancestry_e
ngx_cc_local_peer(ngx_connection_t *c)
{
    ngx_cc_ancestry_e        rc;
    ngx_pool_cleanup_t  *cln;

    static ngx_uint_t    told;

    for (cln = c->pool->cleanup; cln; cln = cln->next) {
        if (cln->handler == ngx_cc_local_cleanup) {
            return *(ngx_cc_ancestry_e *) cln->data;
        }
    }

    if (ngx_cc_local_self.self != ngx_pid) {
        ngx_cc_local_self.self = ngx_pid;

        if (ngx_process == NGX_PROCESS_WORKER) {
            ngx_cc_local_self.master = ngx_parent;
            ngx_cc_local_self.elder = ngx_cc_local_elder;
        }
    }

    ngx_cc_pools_uids(ngx_cc_local_self.commands);

    rc = ngx_cc_ancestry(&ngx_cc_local_self, c->fd);

    if (rc == NGX_CC_ANCESTRY_SILENT) {
        rc = NGX_CC_ANCESTRY_FOREIGN;

        if (!told) {
            told = 1;
            ngx_log_error(NGX_LOG_WARN, c->log, ngx_errno,
                          "cc_executor: the kernel does not tell which process "
                          "a local connection belongs to: commands of this "
                          "server can connect to it");
        }
    }

    cln = ngx_pool_cleanup_add(c->pool, sizeof(ngx_cc_ancestry_e));

    if (cln) {
        cln->handler = ngx_cc_local_cleanup;
        *(ngx_cc_ancestry_e *) cln->data = rc;
    }

    return rc;
}


static void
ngx_cc_local_cleanup(void *data)
{
    /* only marks the entry */
}
