
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_mcp_sent.h"


static ngx_cc_mcp_sent_t *ngx_cc_mcp_sent_first(ngx_queue_t *list);
static void ngx_cc_mcp_sent_tell(ngx_cc_mcp_sent_t *sent, ngx_uint_t yes);


void
ngx_cc_mcp_sent_await(ngx_queue_t *list, ngx_cc_mcp_sent_t *sent,
    ngx_uint_t round)
{
    sent->round = round;
    ngx_queue_insert_tail(list, &sent->queue);
}


void
ngx_cc_mcp_sent_check(ngx_queue_t *list, ngx_uint_t round)
{
    ngx_cc_mcp_sent_t  *sent;

    for ( ;; ) {
        sent = ngx_cc_mcp_sent_first(list);

        if (sent == NULL || (ngx_int_t) (round - sent->round) <= 0) {
            return;
        }

        ngx_cc_mcp_sent_tell(sent, 1);
    }
}


void
ngx_cc_mcp_sent_close(ngx_queue_t *list, ngx_uint_t round)
{
    ngx_cc_mcp_sent_t  *sent;

    ngx_cc_mcp_sent_check(list, round);

    while ((sent = ngx_cc_mcp_sent_first(list)) != NULL) {
        ngx_cc_mcp_sent_tell(sent, 0);
    }
}


static ngx_cc_mcp_sent_t *
ngx_cc_mcp_sent_first(ngx_queue_t *list)
{
    return ngx_queue_empty(list) ? NULL
           : ngx_queue_data(ngx_queue_head(list), ngx_cc_mcp_sent_t, queue);
}


static void
ngx_cc_mcp_sent_tell(ngx_cc_mcp_sent_t *sent, ngx_uint_t yes)
{
    ngx_queue_remove(&sent->queue);
    sent->done(sent->data, yes);
}
