
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include "ngx_cc_call.h"
#include "ngx_cc_command_observe.h"


struct ngx_cc_observed_s {
    ngx_event_t   timer;
    uint8_t       owner[NGX_CC_OWNER_SIZE];
    char          shown[1];              /* and more, with a NUL */
};


static void ngx_cc_command_observe_due(ngx_event_t *ev);


void
ngx_cc_command_observe_init(ngx_cc_command_link_t *cl,
    const ngx_cc_command_spec_t *spec)
{
    size_t              len;
    ngx_cc_observed_t  *observed;

    len = ngx_strlen(spec->shown);
    observed = ngx_calloc(sizeof(ngx_cc_observed_t) + len, ngx_cycle->log);

    if (observed == NULL) {
        return;
    }

    ngx_memcpy(observed->owner, spec->owner, NGX_CC_OWNER_SIZE);
    ngx_memcpy(observed->shown, spec->shown, len);

    observed->timer.handler = ngx_cc_command_observe_due;
    observed->timer.data = cl;
    observed->timer.log = ngx_cycle->log;
    observed->timer.cancelable = 1;

    cl->observed = observed;
    cl->keepable = 1;
}


void
ngx_cc_command_observe_started(ngx_cc_command_link_t *cl)
{
    if (cl->observed) {
        ngx_add_timer(&cl->observed->timer, NGX_CC_COMMAND_OBSERVE_AFTER);
    }
}


static void
ngx_cc_command_observe_due(ngx_event_t *ev)
{
    ngx_cc_command_link_t   *cl = ev->data;
    ngx_cc_handover_spec_t   spec;

    ngx_memzero(&spec, sizeof(ngx_cc_handover_spec_t));
    spec.owner = cl->observed->owner;
    spec.label = "";
    spec.shown = cl->observed->shown;
    spec.observed = 1;

    if (ngx_cc_command_listen(&cl->public, &spec) == NGX_CC_START_KEPT) {
        ngx_add_timer(ev, NGX_CC_COMMAND_OBSERVE_AGAIN);
        return;
    }

    ngx_cc_command_observe_end(cl);
}


void
ngx_cc_command_observe_end(ngx_cc_command_link_t *cl)
{
    ngx_cc_observed_t  *observed = cl->observed;

    if (observed == NULL) {
        return;
    }

    if (observed->timer.timer_set) {
        ngx_del_timer(&observed->timer);
    }

    cl->observed = NULL;
    ngx_free(observed);
}
