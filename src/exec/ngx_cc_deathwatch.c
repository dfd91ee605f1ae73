
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_deathwatch.h"


static int  ngx_cc_deathwatch[2] = { -1, -1 };


ngx_int_t
ngx_cc_deathwatch_open(ngx_log_t *log)
{
    if (ngx_cc_deathwatch[0] != -1) {
        return NGX_OK;
    }

    if (pipe2(ngx_cc_deathwatch, O_CLOEXEC) == -1) {
        ngx_log_error(NGX_LOG_EMERG, log, ngx_errno,
                      "cc_executor: pipe2() failed");
        return NGX_ERROR;
    }

    return NGX_OK;
}


void
ngx_cc_deathwatch_leave(void)
{
    /*
     * In single-process mode this process is what the others watch; the
     * spawner closes its copy with everything else.
     */

    if (ngx_process != NGX_PROCESS_SINGLE && ngx_cc_deathwatch[1] != -1) {
        (void) close(ngx_cc_deathwatch[1]);
        ngx_cc_deathwatch[1] = -1;
    }
}


int
ngx_cc_deathwatch_fd(void)
{
    return ngx_cc_deathwatch[0];
}
