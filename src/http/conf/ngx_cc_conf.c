
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_cc_conf.h"
#include "ngx_cc_conf_cgroup.h"
#include "ngx_cc_conf_report.h"
#include "ngx_cc_conf_keep.h"
#include "ngx_cc_conf_node.h"
#include "ngx_cc_conf_observe.h"
#include "ngx_cc_conf_place.h"
#include "ngx_cc_conf_runtime.h"
#include "ngx_cc_conf_secret.h"
#include "ngx_cc_conf_service.h"
#include "ngx_cc_conf_session_key.h"
#include "ngx_cc_conf_user.h"
#include "ngx_cc_fence.h"
#include "ngx_cc_seccomp.h"


static ngx_int_t ngx_cc_conf_identify(ngx_conf_t *cf,
    ngx_cc_main_conf_t *mcf, ngx_cc_loc_conf_t *conf,
    ngx_cc_loc_conf_t *prev);
static char *ngx_cc_conf_compile(ngx_conf_t *cf, ngx_cc_main_conf_t *mcf,
    ngx_cc_loc_conf_t *conf);
static char *ngx_cc_conf_count(ngx_conf_t *cf, ngx_cc_main_conf_t *mcf,
    ngx_cc_loc_conf_t *conf);
static ngx_int_t ngx_cc_conf_key(ngx_cycle_t *cycle,
    ngx_cc_main_conf_t *mcf);


void *
ngx_cc_conf_create_main(ngx_conf_t *cf, ngx_http_handler_pt handler)
{
    ngx_cc_main_conf_t  *mcf;

    mcf = ngx_pcalloc(cf->pool, sizeof(ngx_cc_main_conf_t));
    if (mcf == NULL) {
        return NULL;
    }

    if (ngx_array_init(&mcf->locations, cf->pool, 4,
                       sizeof(ngx_cc_conf_location_t))
        != NGX_OK
        || ngx_array_init(&mcf->realms, cf->pool, 4,
                          sizeof(ngx_cc_observe_location_t))
           != NGX_OK)
    {
        return NULL;
    }

    mcf->handler = handler;
    mcf->zone_size = NGX_CONF_UNSET_SIZE;
    mcf->pool.min = NGX_CONF_UNSET_UINT;
    mcf->pool.max = NGX_CONF_UNSET_UINT;
    mcf->pool.seccomp = ~0U;

    return mcf;
}


char *
ngx_cc_conf_init_main(ngx_conf_t *cf, void *conf)
{
    ngx_cc_main_conf_t  *mcf = conf;

    ngx_conf_init_size_value(mcf->zone_size, 1024 * 1024);
    ngx_conf_init_uint_value(mcf->pool.min, 4);
    ngx_conf_init_uint_value(mcf->pool.max, 64);

    if (!mcf->enable) {
        if (mcf->status) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"cc_executor_status\" without a location "
                               "that has \"cc_executor on\": there is "
                               "nothing to report");
            return NGX_CONF_ERROR;
        }

        return NGX_CONF_OK;
    }

    if (mcf->zone_size < 8 * ngx_pagesize) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"cc_executor_zone\" must be at least %uz",
                           8 * ngx_pagesize);
        return NGX_CONF_ERROR;
    }

    if (ngx_cc_conf_runtime_name(cf, mcf) != NGX_OK
        || ngx_cc_conf_service(cf, mcf) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    if (mcf->secret.len
        && ngx_conf_full_name(cf->cycle, &mcf->secret, 1) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    if (mcf->session_key.len
        && ngx_strcmp(mcf->session_key.data, "off") != 0
        && ngx_conf_full_name(cf->cycle, &mcf->session_key, 1) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    mcf->zone = ngx_pcalloc(cf->pool, sizeof(ngx_cc_zone_t));
    if (mcf->zone == NULL) {
        return NGX_CONF_ERROR;
    }

    if (ngx_array_init(&mcf->zone->locations, cf->pool, 4,
                       sizeof(ngx_cc_zone_location_t))
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    if (ngx_cc_zone_add(cf, mcf->zone, mcf->zone_size,
                        &ngx_cc_executor_module)
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


char *
ngx_cc_conf_executor(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char                      *rv;
    ngx_cc_loc_conf_t         *lcf = conf;
    ngx_cc_main_conf_t        *mcf;
    ngx_http_core_loc_conf_t  *clcf;

    rv = ngx_conf_set_flag_slot(cf, cmd, conf);

    if (rv != NGX_CONF_OK || !lcf->enable) {
        return rv;
    }

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_cc_executor_module);
    mcf->enable = 1;

    lcf->file = cf->conf_file->file.name;
    lcf->line = cf->conf_file->line;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    /* another handler is reported after the merge */

    if (clcf->handler == NULL) {
        clcf->handler = mcf->handler;
    }

    return NGX_CONF_OK;
}


char *
ngx_cc_conf_helpers(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_cc_main_conf_t  *mcf = conf;

    ngx_int_t    n;
    ngx_str_t   *value;
    ngx_uint_t   i, *number;

    if (mcf->pool.min != NGX_CONF_UNSET_UINT
        || mcf->pool.max != NGX_CONF_UNSET_UINT)
    {
        return "is duplicate";
    }

    mcf->pool.min = 4;
    mcf->pool.max = 64;

    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {

        if (ngx_strncmp(value[i].data, "min=", 4) == 0) {
            number = &mcf->pool.min;

        } else if (ngx_strncmp(value[i].data, "max=", 4) == 0) {
            number = &mcf->pool.max;

        } else {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"%V\": \"cc_executor_"
                               "helpers\" takes \"min=n\" and \"max=n\"",
                               &value[i]);
            return NGX_CONF_ERROR;
        }

        n = ngx_atoi(value[i].data + 4, value[i].len - 4);

        if (n < 1 || n > NGX_CC_CONF_MAX_HELPERS) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid number of helpers in \"%V\", it must "
                               "be between 1 and %d", &value[i],
                               NGX_CC_CONF_MAX_HELPERS);
            return NGX_CONF_ERROR;
        }

        *number = n;
    }

    if (mcf->pool.min > mcf->pool.max) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"cc_executor_helpers\": min=%ui is more than "
                           "max=%ui", mcf->pool.min, mcf->pool.max);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


void *
ngx_cc_conf_create_loc(ngx_conf_t *cf)
{
    ngx_cc_loc_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_cc_loc_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    conf->enable = NGX_CONF_UNSET;
    conf->client_cwd = NGX_CONF_UNSET_UINT;
    conf->wrapper = NGX_CONF_UNSET_PTR;
    conf->control = NGX_CONF_UNSET_PTR;
    conf->peers = NGX_CONF_UNSET_PTR;
    conf->allow_root = NGX_CONF_UNSET;
    conf->observers = NGX_CONF_UNSET_PTR;
    conf->max_message = NGX_CONF_UNSET_SIZE;
    conf->max_sessions = NGX_CONF_UNSET_UINT;
    conf->ping_interval = NGX_CONF_UNSET_MSEC;
    conf->ping_timeout = NGX_CONF_UNSET_MSEC;

    conf->session.max_per_address = NGX_CONF_UNSET_UINT;
    conf->session.max_per_owner = NGX_CONF_UNSET_UINT;
    conf->session.frame_timeout = NGX_CONF_UNSET_MSEC;
    conf->session.idle_timeout = NGX_CONF_UNSET_MSEC;

    ngx_cc_access_conf_create(&conf->access);
    ngx_cc_cors_conf_create(&conf->cors);
    ngx_cc_audit_file_create(&conf->audit);
    ngx_cc_conf_policy_create(&conf->policy);
    ngx_cc_conf_env_create(&conf->env);
    ngx_cc_conf_confine_create(&conf->confine);
    ngx_cc_conf_command_create(&conf->spec);
    ngx_cc_conf_keep_create(&conf->spec.command.keep);

    return conf;
}


char *
ngx_cc_conf_merge_loc(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_cc_loc_conf_t  *prev = parent;
    ngx_cc_loc_conf_t  *conf = child;

    char                      *rv;
    ngx_uint_t                 own, allows;
    ngx_cc_main_conf_t        *mcf;
    ngx_cc_conf_place_t        place;
    ngx_http_core_loc_conf_t  *clcf;

    allows = (conf->policy.allow != NGX_CONF_UNSET_PTR);

    ngx_cc_access_conf_merge(&conf->access, &prev->access);
    ngx_cc_cors_conf_merge(&conf->cors, &prev->cors);
    ngx_cc_audit_file_merge(&conf->audit, &prev->audit);
    ngx_cc_conf_policy_merge(&conf->policy, &prev->policy);
    ngx_cc_conf_env_merge(&conf->env, &prev->env);
    ngx_cc_conf_confine_merge(&conf->confine, &prev->confine);
    ngx_cc_conf_command_merge(&conf->spec, &prev->spec);
    ngx_cc_conf_keep_merge(&conf->spec.command.keep,
                           &prev->spec.command.keep);

    ngx_conf_merge_uint_value(conf->client_cwd, prev->client_cwd, 0);
    ngx_conf_merge_ptr_value(conf->wrapper, prev->wrapper, NULL);
    ngx_conf_merge_ptr_value(conf->control, prev->control, NULL);
    ngx_conf_merge_ptr_value(conf->peers, prev->peers, NULL);
    ngx_conf_merge_value(conf->allow_root, prev->allow_root, 0);
    ngx_conf_merge_str_value(conf->cwd, prev->cwd, "");
    ngx_conf_merge_str_value(conf->user, prev->user, "");
    ngx_conf_merge_str_value(conf->realm, prev->realm, "");
    ngx_conf_merge_ptr_value(conf->observers, prev->observers, NULL);
    ngx_conf_merge_size_value(conf->max_message, prev->max_message,
                              1024 * 1024);
    ngx_conf_merge_uint_value(conf->max_sessions, prev->max_sessions, 100);
    ngx_conf_merge_msec_value(conf->ping_interval, prev->ping_interval,
                              30000);
    ngx_conf_merge_msec_value(conf->ping_timeout, prev->ping_timeout, 30000);
    ngx_conf_merge_uint_value(conf->session.max_per_address,
                              prev->session.max_per_address, 0);
    ngx_conf_merge_uint_value(conf->session.max_per_owner,
                              prev->session.max_per_owner, 0);
    ngx_conf_merge_msec_value(conf->session.frame_timeout,
                              prev->session.frame_timeout, 30000);
    ngx_conf_merge_msec_value(conf->session.idle_timeout,
                              prev->session.idle_timeout, 3600000);

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_cc_executor_module);

    if (mcf->enable
        && ngx_cc_conf_identify(cf, mcf, conf, prev) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    /*
     * Not inherited by nested locations, as with every content handler; but
     * "if" and "limit_except" are the same location still, and the latter
     * loses its handler on the way.
     */

    own = (conf->enable == 1);

    if (conf->enable == NGX_CONF_UNSET) {

        if (clcf->noname || clcf->lmt_excpt) {
            conf->enable = prev->enable;
            conf->file = prev->file;
            conf->line = prev->line;

        } else {
            conf->enable = 0;

            if (allows) {
                ngx_cc_conf_place_off(cf, conf);
            }
        }
    }

    if (conf->enable != 1) {
        return NGX_CONF_OK;
    }

    ngx_cc_conf_place_enter(cf, conf, &place);

    rv = own ? ngx_cc_conf_place_alone(cf) : NGX_CONF_OK;

    if (clcf->handler == NULL) {
        clcf->handler = mcf->handler;
    }

    if (rv == NGX_CONF_OK) {
        rv = ngx_cc_conf_compile(cf, mcf, conf);
    }

    ngx_cc_conf_place_leave(cf, &place);

    return rv;
}


static char *
ngx_cc_conf_compile(ngx_conf_t *cf, ngx_cc_main_conf_t *mcf,
    ngx_cc_loc_conf_t *conf)
{
    ngx_uint_t  user;

    conf->spec.client_cwd = conf->client_cwd;

    if (ngx_cc_conf_service_location(cf, mcf, conf) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    user = conf->spec.command.user;

    if (ngx_cc_access_conf_compile(cf, &conf->access) != NGX_CONF_OK
        || ngx_cc_conf_keep_compile(cf, mcf, conf) != NGX_CONF_OK
        || ngx_cc_conf_node_compile(cf, mcf, conf) != NGX_CONF_OK
        || ngx_cc_conf_observe_compile(cf, mcf, conf) != NGX_CONF_OK
        || ngx_cc_conf_policy_compile(cf, &conf->policy, &conf->spec)
           != NGX_CONF_OK
        || ngx_cc_conf_command_cwd(cf, &conf->spec.command, &conf->cwd,
                                   &mcf->work)
           != NGX_CONF_OK
        || ngx_cc_conf_confine_compile(cf, &conf->confine,
                                       &conf->spec.command)
           != NGX_CONF_OK
        || ngx_cc_conf_cgroup_compile(cf, conf->confine.cgroup,
                                      ngx_cc_conf_service_is(mcf),
                                      &conf->spec.command,
                                      &mcf->pool.user[user].required)
           != NGX_CONF_OK
        || ngx_cc_conf_command_wrap(cf, &conf->spec, conf->wrapper,
                                    conf->control)
           != NGX_CONF_OK
        || ngx_cc_conf_env_compile(cf, &conf->env, &conf->spec,
                                   &mcf->account[user])
           != NGX_CONF_OK
        || ngx_cc_conf_report_add(cf, mcf, conf) != NGX_CONF_OK)
    {
        return NGX_CONF_ERROR;
    }

    return ngx_cc_conf_count(cf, mcf, conf);
}


static ngx_int_t
ngx_cc_conf_identify(ngx_conf_t *cf, ngx_cc_main_conf_t *mcf,
    ngx_cc_loc_conf_t *conf, ngx_cc_loc_conf_t *prev)
{
    ngx_uint_t                 i;
    ngx_cc_conf_location_t    *location;
    ngx_http_core_loc_conf_t  *clcf;

    if (ngx_cc_identity_make(cf, &conf->identity, &prev->identity) != NGX_OK) {
        return NGX_ERROR;
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->noname || clcf->lmt_excpt) {
        return NGX_OK;
    }

    location = mcf->locations.elts;

    for (i = 0; i < mcf->locations.nelts; i++) {
        if (ngx_memcmp(location[i].conf->identity.digest,
                       conf->identity.digest, NGX_CC_SHA256_SIZE)
            == 0)
        {
            if (ngx_cc_identity_again(cf, &conf->identity) != NGX_OK) {
                return NGX_ERROR;
            }

            i = -1;                      /* that one may be there, too */
        }
    }

    return NGX_OK;
}


/* asks the zone for slots, and the pool for rings that are large enough */

static char *
ngx_cc_conf_count(ngx_conf_t *cf, ngx_cc_main_conf_t *mcf,
    ngx_cc_loc_conf_t *conf)
{
    ngx_cc_zone_location_t    *location;
    ngx_http_core_srv_conf_t  *cscf;

    cscf = ngx_http_conf_get_module_srv_conf(cf, ngx_http_core_module);

    location = ngx_array_push(&mcf->zone->locations);
    if (location == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memcpy(&location->hash, conf->identity.digest, sizeof(uint64_t));
    location->server = cscf->server_name;
    location->listen = conf->identity.listen;
    location->name = conf->identity.name;
    location->sessions = conf->max_sessions;
    location->commands = conf->spec.command.max_commands;
    location->index = &conf->spec.command.slots;
    location->kept = conf->spec.command.keep.enable
                     ? conf->spec.command.keep.max : 0;
    location->calls = conf->spec.command.keep.max_calls
                      + (conf->spec.command.keep.observed
                         ? conf->spec.command.max_commands : 0);

    mcf->pool.seccomp &= ngx_cc_seccomp_set(&conf->spec.command.confine);
    mcf->pool.ring = ngx_max(mcf->pool.ring,
                             ngx_align(conf->spec.command.buffer,
                                       ngx_pagesize));

    if (conf->spec.command.confine.fence < NGX_CC_FENCE_SIGNALS) {
        mcf->pool.unfenced = 1;
    }

    return NGX_CONF_OK;
}


ngx_int_t
ngx_cc_conf_init(ngx_cycle_t *cycle, ngx_cc_main_conf_t *mcf)
{
    ngx_uint_t        i, users, max;
    ngx_core_conf_t  *ccf;

    ccf = (ngx_core_conf_t *) ngx_get_conf(cycle->conf_ctx, ngx_core_module);

    users = ngx_cc_conf_service_users(mcf);
    max = mcf->pool.max * users;

    if (max > cycle->connection_n) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, 0,
                      "cc_executor_helpers max=%ui%s is too many: each helper "
                      "takes a connection, worker_connections are %ui; "
                      "commands would wait forever", mcf->pool.max,
                      users > 1 ? " for each user" : "",
                      cycle->connection_n);

        if (ngx_is_init_cycle(cycle->old_cycle)) {
            return NGX_ERROR;
        }

    } else if (max > cycle->connection_n / 4) {
        ngx_log_error(NGX_LOG_WARN, cycle->log, 0,
                      "cc_executor_helpers max=%ui%s is more than a quarter "
                      "of worker_connections (%ui): each helper takes one",
                      mcf->pool.max, users > 1 ? " for each user" : "",
                      cycle->connection_n);
    }

    if (users > 1 && ccf->master == 0) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, 0,
                      "\"cc_executor_user\": a single process "
                      "(\"master_process off\") has one user for commands, "
                      "not %ui", users);

        return NGX_ERROR;
    }

    ngx_cc_conf_service_places(cycle, mcf);
    ngx_cc_conf_user_know(&mcf->pool);

    if (ngx_cc_conf_report_check(cycle, mcf) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_cc_conf_key(cycle, mcf) != NGX_OK
        && ngx_is_init_cycle(cycle->old_cycle))
    {
        return NGX_ERROR;
    }

    ngx_cc_conf_runtime_make(cycle, mcf);

    if (ngx_cc_conf_session_key(cycle, mcf) != NGX_OK
        && ngx_is_init_cycle(cycle->old_cycle))
    {
        return NGX_ERROR;
    }

    for (i = 0; i < NGX_CC_POOLS_USERS; i++) {
        ngx_cc_conf_env_name(&mcf->account[i],
                             ngx_cc_conf_service_is(mcf)
                             ? mcf->pool.user[i].name : NULL,
                             ngx_cc_conf_user(cycle));
    }

    return NGX_OK;
}


/*
 * The key of kept commands: reads the file, makes the key.  Without any kept
 * one it is there, too: sessions have theirs from it.
 */

static ngx_int_t
ngx_cc_conf_key(ngx_cycle_t *cycle, ngx_cc_main_conf_t *mcf)
{
    ngx_int_t              rc;
    ngx_cc_key_pair_t      pair;
    ngx_cc_conf_secret_t   file;

    if (mcf->keep) {
        ngx_cc_conf_keep_check(cycle);
    }

    ngx_memzero(&file, sizeof(ngx_cc_conf_secret_t));
    file.name = "cc_executor_secret";
    file.level = NGX_LOG_EMERG;
    file.path = mcf->secret;

    if (mcf->secret.len
        && ngx_cc_conf_secret_read(cycle, &file, &pair) != NGX_OK)
    {
        return NGX_ERROR;
    }

    rc = NGX_OK;

    if (!ngx_test_config) {
        rc = ngx_cc_key_make(mcf->secret.len ? &pair : NULL, cycle->log);
    }

    if (mcf->secret.len) {
        ngx_explicit_memzero(&pair, sizeof(ngx_cc_key_pair_t));
    }

    if (rc == NGX_DECLINED) {
        ngx_log_error(NGX_LOG_WARN, cycle->log, 0,
                      "\"cc_executor_secret\" \"%V\" is not the key that "
                      "nginx was started with: a change counts from the next "
                      "start", &mcf->secret);
        rc = NGX_OK;
    }

    return rc;
}
