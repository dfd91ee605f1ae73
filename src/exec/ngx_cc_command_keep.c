
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_command_keep.h"
#include "ngx_cc_command_send.h"
#include "ngx_cc_index.h"
#include "ngx_cc_kept.h"
#include "ngx_cc_key.h"
#include "ngx_cc_watch.h"
#include "ngx_cc_zone.h"


ngx_cc_start_e
ngx_cc_command_keep_prepare(ngx_cc_command_link_t *cl,
    ngx_cc_command_conf_t *conf, ngx_cc_command_spec_t *spec,
    ngx_cc_wire_start_t *start)
{
    ngx_cc_start_e                rc;
    const ngx_cc_command_keep_t  *keep;

    keep = spec->keep;

    start->head.flags |= NGX_CC_START_KEEP;
    start->keep.flags = keep->drop ? NGX_CC_KEEP_DROP : 0;
    start->keep.output = conf->keep.output;

    if (ngx_cc_command_keep_fill(conf, &start->handle, keep->ttl, &start->keep)
        != NGX_OK)
    {
        return NGX_CC_START_UNAVAILABLE;
    }

    rc = ngx_cc_kept_reserve(conf, start->handle.byte, start->owner,
                             &cl->birth);

    if (rc == NGX_CC_START_OK
        && ngx_cc_watch_begin(cl, start, keep->lossy) != NGX_OK)
    {
        rc = NGX_CC_START_UNAVAILABLE;
    }

    return rc;
}


ngx_int_t
ngx_cc_command_keep_fill(ngx_cc_command_conf_t *conf,
    const ngx_cc_handle_t *handle, ngx_msec_t ttl, ngx_cc_wire_keep_t *keep)
{
    uint8_t  mac[NGX_CC_HMAC_SIZE];

    if (ngx_cc_key_mac(0, "pool", NULL, 0, mac) != NGX_OK
        || ngx_cc_key_auth(handle->byte, keep->auth) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_memcpy(keep->pool, mac, sizeof(keep->pool));
    ngx_memcpy(keep->realm, conf->keep.realm, sizeof(keep->realm));

    keep->ttl = ttl;
    keep->orphan = conf->keep.orphan;
    keep->stall = conf->keep.stall;
    keep->watchers = conf->keep.max_watchers;
    keep->waits = conf->keep.max_waits;
    keep->uid = geteuid();

    return NGX_OK;
}


ngx_cc_command_t *
ngx_cc_command_keep_attach(ngx_cc_command_conf_t *conf,
    const ngx_cc_attach_t *attach)
{
    ngx_cc_command_link_t  *cl;

    cl = ngx_calloc(sizeof(ngx_cc_command_link_t), ngx_cycle->log);

    if (cl == NULL) {
        return NULL;
    }

    cl->script = -1;
    cl->conf = conf;
    cl->event = attach->event;
    cl->wake = attach->wake;
    cl->public.data = attach->data;

    (void) ngx_cc_handle_format(&attach->handle, (char *) cl->public.id);
    cl->public.named = 1;

    ngx_cc_command_link_init(cl);

    if (ngx_cc_watch_connect(cl, attach) != NGX_OK) {
        ngx_free(cl);
        return NULL;
    }

    return &cl->public;
}


void
ngx_cc_command_keep_told(ngx_cc_command_t *cmd)
{
    ngx_cc_command_link_t  *cl = (ngx_cc_command_link_t *) cmd;

    if (cl->watch && cl->watch->kept) {
        ngx_cc_kept_told(cl->watch->kept);
    }
}


void
ngx_cc_command_keep_flow(ngx_cc_command_t *cmd, ngx_uint_t lossy)
{
    ngx_cc_command_link_t  *cl = (ngx_cc_command_link_t *) cmd;

    if (cl->watch && cl->watch->lossy != (lossy ? 1 : 0)) {
        cl->watch->lossy = lossy ? 1 : 0;
        cl->watch->flow_due = 1;
        ngx_cc_command_send(cl);
    }
}


void
ngx_cc_command_keep_read(ngx_cc_command_t *cmd)
{
    ngx_cc_command_link_t  *cl = (ngx_cc_command_link_t *) cmd;

    if (cl->watch && !(cmd->attached.flags & NGX_CC_ATTACH_OBSERVER)) {
        ngx_cc_index_read(cl->watch->attach.handle.byte);
    }
}


/* it goes on without us: helper and place are not ours any more */

ngx_int_t
ngx_cc_command_keep_born(ngx_cc_command_link_t *cl)
{
    if (ngx_cc_kept_born(cl->birth, cl) != NGX_OK) {
        ngx_cc_command_link_lose(cl, "it could not be kept");
        return NGX_ERROR;
    }

    cl->watch->kept = cl->birth;
    cl->birth = NULL;
    cl->helper = NULL;

    ngx_del_timer(&cl->timer);
    ngx_cc_zone_free(&cl->slot);

    return NGX_OK;
}


/* what was to be kept will not be */

void
ngx_cc_command_keep_unborn(ngx_cc_command_link_t *cl)
{
    if (cl->birth) {
        ngx_cc_kept_drop(cl->birth);
        cl->birth = NULL;
    }
}
