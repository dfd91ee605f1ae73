
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_mcp_reach.h"


static ngx_cc_mcp_trail_t *ngx_cc_mcp_reach_trail(
    const ngx_cc_mcp_trail_t *trail, const ngx_str_t *request,
    ngx_str_t *copy, ngx_log_t *log);
static void ngx_cc_mcp_reach_handler(ngx_event_t *ev);
static void ngx_cc_mcp_reach_try(ngx_cc_mcp_reach_t *reach);
static ngx_cc_start_e ngx_cc_mcp_reach_listen(ngx_cc_mcp_reach_t *reach);
static void ngx_cc_mcp_reach_poll(ngx_cc_mcp_reach_t *reach);


void
ngx_cc_mcp_reach_init(ngx_cc_mcp_reach_t *reach,
    const ngx_cc_mcp_trail_t *trail, const ngx_str_t *request, ngx_log_t *log)
{
    reach->timer.handler = ngx_cc_mcp_reach_handler;
    reach->timer.data = reach;
    reach->timer.log = log;

    if (trail) {
        reach->trail = ngx_cc_mcp_reach_trail(trail, request, &reach->request,
                                              log);
    }

    reach->awaited = (reach->trail != NULL);

    ngx_add_timer(&reach->timer, NGX_CC_MCP_REACH_AFTER);
}


/* NULL: it cannot be: ids are too long, no memory, no randomness */

static ngx_cc_mcp_trail_t *
ngx_cc_mcp_reach_trail(const ngx_cc_mcp_trail_t *trail,
    const ngx_str_t *request, ngx_str_t *copy, ngx_log_t *log)
{
    ngx_cc_mcp_trail_t  *t;

    if (request->len > NGX_CC_MCP_TRAIL_REQUEST) {
        return NULL;
    }

    t = ngx_alloc(sizeof(ngx_cc_mcp_trail_t) + request->len, log);

    if (t == NULL) {
        return NULL;
    }

    *t = *trail;
    copy->data = (u_char *) (t + 1);
    copy->len = request->len;
    ngx_memcpy(copy->data, request->data, request->len);

    if (ngx_cc_random(&t->nonce, sizeof(t->nonce)) != 0
        || ngx_cc_mcp_trail_write(t) != NGX_OK)
    {
        ngx_free(t);
        return NULL;
    }

    return t;
}


/* it has run for a while; what was said meanwhile nobody has heard */

static void
ngx_cc_mcp_reach_handler(ngx_event_t *ev)
{
    ngx_cc_mcp_reach_t  *reach = ev->data;

    if (ngx_cc_legacy_said(reach->name)) {
        reach->told(reach->data, NGX_CC_MCP_REACH_UNWANTED);
        return;
    }

    reach->due = 1;
    ngx_cc_mcp_reach_try(reach);
}


void
ngx_cc_mcp_reach_event(ngx_cc_mcp_reach_t *reach,
    ngx_cc_command_event_e event)
{
    switch (event) {

    case NGX_CC_COMMAND_STARTED:
        if (reach->due) {
            ngx_cc_mcp_reach_try(reach);
        }

        return;

    case NGX_CC_COMMAND_LISTENING:
        reach->awaited = 0;
        reach->open = 1;

        /* from now on nothing is missed */

        reach->told(reach->data, ngx_cc_legacy_said(reach->name)
                                 ? NGX_CC_MCP_REACH_UNWANTED
                                 : NGX_CC_MCP_REACH_OPEN);
        return;

    case NGX_CC_COMMAND_UNKEPT:
        reach->awaited = 0;

        if (reach->cmd->error == EADDRINUSE) {
            reach->told(reach->data, NGX_CC_MCP_REACH_TWICE);
            return;
        }

        ngx_cc_mcp_reach_poll(reach);
        return;

    default:
        return;
    }
}


static void
ngx_cc_mcp_reach_try(ngx_cc_mcp_reach_t *reach)
{
    if (reach->cmd->state == NGX_CC_COMMAND_OVER) {
        return;
    }

    if (reach->trail && reach->cmd->state == NGX_CC_COMMAND_RUNNING
        && ngx_cc_mcp_reach_listen(reach) == NGX_CC_START_OK)
    {
        return;
    }

    if (reach->cmd->state == NGX_CC_COMMAND_RUNNING) {
        reach->awaited = 0;
    }

    ngx_cc_mcp_reach_poll(reach);
}


static ngx_cc_start_e
ngx_cc_mcp_reach_listen(ngx_cc_mcp_reach_t *reach)
{
    ngx_cc_handover_spec_t  spec;

    ngx_memzero(&spec, sizeof(ngx_cc_handover_spec_t));
    spec.handle = &reach->name->handle;
    spec.owner = reach->name->owner;
    spec.label = (char *) reach->trail->label;
    spec.shown = (char *) reach->trail->shown;

    return ngx_cc_command_listen(reach->cmd, &spec);
}


static void
ngx_cc_mcp_reach_poll(ngx_cc_mcp_reach_t *reach)
{
    reach->told(reach->data, ngx_cc_legacy_poll(reach->name)
                             ? NGX_CC_MCP_REACH_UNWANTED
                             : NGX_CC_MCP_REACH_CLOSED);
}


void
ngx_cc_mcp_reach_lost(ngx_cc_mcp_reach_t *reach)
{
    /* one that listens, or is about to, refuses */

    if (reach->trail && reach->cmd->state == NGX_CC_COMMAND_RUNNING) {
        (void) ngx_cc_mcp_reach_listen(reach);
    }
}


void
ngx_cc_mcp_reach_stop(ngx_cc_mcp_reach_t *reach)
{
    if (reach->timer.timer_set) {
        ngx_del_timer(&reach->timer);
    }

    if (reach->trail) {
        ngx_free(reach->trail);
        reach->trail = NULL;
    }
}
