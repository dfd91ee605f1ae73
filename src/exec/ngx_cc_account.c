
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_account.h"
#include "ngx_cc_zone.h"


void
ngx_cc_account_begin(ngx_cc_helper_handle_t *h, uint64_t asked,
    ngx_cc_witnessed_t *witnessed)
{
    h->asked = asked;
    h->started = 0;
    h->witnessed = witnessed;
}


void
ngx_cc_account_started(ngx_cc_helper_handle_t *h, pid_t pid, uint64_t start)
{
    if (h->started) {
        return;
    }

    h->started = 1;

    ngx_cc_witness_started(h->witnessed, pid);
    ngx_cc_zone_count(NGX_CC_TOTAL_COMMANDS, 1);

    /* somebody may have set the clock back meanwhile */

    ngx_cc_zone_time(&ngx_cc_totals_start_time,
                     start > h->asked ? start - h->asked : 0);
}


void
ngx_cc_account_exited(ngx_cc_helper_handle_t *h,
    const ngx_cc_wire_exited_t *msg)
{
    ngx_cc_account_started(h, msg->pid, msg->start);

    ngx_cc_witness_ended(h->witnessed, msg, msg->cause);
    h->witnessed = NULL;

    ngx_cc_zone_count(NGX_CC_TOTAL_ENDED + msg->cause, 1);
    ngx_cc_zone_time(&ngx_cc_totals_run_time, msg->elapsed);
}


void
ngx_cc_account_lost(ngx_cc_helper_handle_t *h, ngx_cc_cause_e cause)
{
    if (h->started) {
        ngx_cc_zone_count(NGX_CC_TOTAL_ENDED + cause, 1);

        ngx_cc_witness_ended(h->witnessed, NULL, cause);
        h->witnessed = NULL;

    } else {
        ngx_cc_account_failed(&h->witnessed, NGX_CC_STAGE_NONE, 0);
    }
}


void
ngx_cc_account_failed(ngx_cc_witnessed_t **witnessed, ngx_cc_stage_e stage,
    int error)
{
    ngx_cc_witness_failed(*witnessed, stage, error);
    *witnessed = NULL;

    ngx_cc_zone_count(NGX_CC_TOTAL_FAILED, 1);
}
