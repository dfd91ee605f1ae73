
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_cc_conf.h"
#include "ngx_cc_upgrade.h"


static char *ngx_cc_conf_policy(ngx_conf_t *cf, ngx_cc_loc_conf_t *conf);
static char *ngx_cc_conf_environment(ngx_conf_t *cf,
    ngx_cc_loc_conf_t *conf);
static char *ngx_cc_conf_value(ngx_conf_t *cf, ngx_str_t *env,
    const char *cwd, const char **value);
static char *ngx_cc_conf_directory(ngx_conf_t *cf, ngx_cc_main_conf_t *mcf,
    ngx_cc_loc_conf_t *conf);
static char *ngx_cc_conf_bounds(ngx_conf_t *cf, ngx_cc_loc_conf_t *conf);
static char *ngx_cc_conf_count(ngx_conf_t *cf, ngx_cc_main_conf_t *mcf,
    ngx_cc_loc_conf_t *conf);


static ngx_path_init_t  ngx_cc_conf_path = {
    ngx_string("cc_executor_temp"), { 0, 0, 0 }
};


static ngx_str_t  ngx_cc_conf_default_env[] = {
    ngx_string("PATH"),
    ngx_string("HOME"),
    ngx_string("LANG"),
    ngx_string("PYTHONUNBUFFERED=1")
};


void *
ngx_cc_conf_create_main(ngx_conf_t *cf)
{
    ngx_cc_main_conf_t  *mcf;

    mcf = ngx_pcalloc(cf->pool, sizeof(ngx_cc_main_conf_t));
    if (mcf == NULL) {
        return NULL;
    }

    mcf->zone_size = NGX_CONF_UNSET_SIZE;
    mcf->pool.min = NGX_CONF_UNSET_UINT;
    mcf->pool.max = NGX_CONF_UNSET_UINT;

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
        return NGX_CONF_OK;
    }

    if (mcf->zone_size < 8 * ngx_pagesize) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"cc_executor_zone\" must be at least %uz",
                           8 * ngx_pagesize);
        return NGX_CONF_ERROR;
    }

    if (ngx_conf_merge_path_value(cf, &mcf->path, NULL, &ngx_cc_conf_path)
        != NGX_CONF_OK)
    {
        return NGX_CONF_ERROR;
    }

    mcf->work.len = mcf->path->name.len + sizeof("/work") - 1;
    mcf->work.data = ngx_pnalloc(cf->pool, mcf->work.len + 1);
    if (mcf->work.data == NULL) {
        return NGX_CONF_ERROR;
    }

    (void) ngx_sprintf(mcf->work.data, "%V/work%Z", &mcf->path->name);

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


void *
ngx_cc_conf_create_loc(ngx_conf_t *cf)
{
    ngx_cc_loc_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_cc_loc_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    conf->enable = NGX_CONF_UNSET;
    conf->allow = NGX_CONF_UNSET_PTR;
    conf->env = NGX_CONF_UNSET_PTR;
    conf->max_message = NGX_CONF_UNSET_SIZE;
    conf->max_sessions = NGX_CONF_UNSET_UINT;
    conf->ping_interval = NGX_CONF_UNSET_MSEC;
    conf->ping_timeout = NGX_CONF_UNSET_MSEC;

    conf->command.start_timeout = NGX_CONF_UNSET_MSEC;
    conf->command.timeout = NGX_CONF_UNSET_MSEC;
    conf->command.silence_timeout = NGX_CONF_UNSET_MSEC;
    conf->command.kill_grace = NGX_CONF_UNSET_MSEC;
    conf->command.buffer = NGX_CONF_UNSET_SIZE;
    conf->command.max_commands = NGX_CONF_UNSET_UINT;
    conf->command.max_commands_per_session = NGX_CONF_UNSET_UINT;

    return conf;
}


char *
ngx_cc_conf_merge_loc(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_cc_loc_conf_t  *prev = parent;
    ngx_cc_loc_conf_t  *conf = child;

    ngx_cc_main_conf_t        *mcf;
    ngx_cc_command_conf_t     *cmd, *up;
    ngx_http_core_loc_conf_t  *clcf;

    cmd = &conf->command;
    up = &prev->command;

    ngx_conf_merge_ptr_value(conf->allow, prev->allow, NULL);
    ngx_conf_merge_str_value(conf->shell, prev->shell, "off");
    ngx_conf_merge_ptr_value(conf->env, prev->env, NULL);
    ngx_conf_merge_str_value(conf->cwd, prev->cwd, "");
    ngx_conf_merge_size_value(conf->max_message, prev->max_message,
                              1024 * 1024);
    ngx_conf_merge_uint_value(conf->max_sessions, prev->max_sessions, 100);
    ngx_conf_merge_msec_value(conf->ping_interval, prev->ping_interval,
                              30000);
    ngx_conf_merge_msec_value(conf->ping_timeout, prev->ping_timeout, 30000);

    ngx_conf_merge_msec_value(cmd->start_timeout, up->start_timeout, 5000);
    ngx_conf_merge_msec_value(cmd->timeout, up->timeout, 600000);
    ngx_conf_merge_msec_value(cmd->silence_timeout, up->silence_timeout, 0);
    ngx_conf_merge_msec_value(cmd->kill_grace, up->kill_grace, 2000);
    ngx_conf_merge_size_value(cmd->buffer, up->buffer, 256 * 1024);
    ngx_conf_merge_uint_value(cmd->max_commands, up->max_commands, 64);
    ngx_conf_merge_uint_value(cmd->max_commands_per_session,
                              up->max_commands_per_session, 8);

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    /*
     * Not inherited by nested locations, as with every content handler; but
     * "if" and "limit_except" are the same location still, and the latter
     * loses its handler on the way.
     */

    if (conf->enable == NGX_CONF_UNSET) {
        conf->enable = (clcf->noname || clcf->lmt_excpt) ? prev->enable : 0;
    }

    if (conf->enable != 1) {
        return NGX_CONF_OK;
    }

    if (clcf->handler == NULL) {
        clcf->handler = ngx_cc_upgrade_handler;
    }

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_cc_executor_module);

    if (ngx_cc_conf_bounds(cf, conf) != NGX_CONF_OK
        || ngx_cc_conf_policy(cf, conf) != NGX_CONF_OK
        || ngx_cc_conf_directory(cf, mcf, conf) != NGX_CONF_OK
        || ngx_cc_conf_environment(cf, conf) != NGX_CONF_OK)
    {
        return NGX_CONF_ERROR;
    }

    return ngx_cc_conf_count(cf, mcf, conf);
}


/* compiles what may run, with or without a shell */

static char *
ngx_cc_conf_policy(ngx_conf_t *cf, ngx_cc_loc_conf_t *conf)
{
    ngx_uint_t         i;
    const char       **path;
    ngx_cc_policy_t   *policy;

    policy = &conf->command.policy;

    if (conf->allow) {
        path = conf->allow->elts;

        for (i = 0; i < conf->allow->nelts; i++) {
            if (path[i] == NULL) {
                policy->any = 1;
            }
        }

        if (policy->any && conf->allow->nelts > 1) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"cc_executor_allow any\" allows every "
                               "program already: remove the other "
                               "\"cc_executor_allow\" directives of this "
                               "location, or \"any\"");
            return NGX_CONF_ERROR;
        }

        if (!policy->any) {
            policy->paths = path;
            policy->npaths = conf->allow->nelts;
        }

    } else {
        ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                           "no \"cc_executor_allow\" in a location with "
                           "\"cc_executor on\": nothing may run there");
    }

    if (ngx_strcmp(conf->shell.data, "off") == 0) {
        return NGX_CONF_OK;
    }

    if (conf->shell.data[0] != '/') {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"cc_executor_shell\" must be \"off\" or an "
                           "absolute path, not \"%V\"", &conf->shell);
        return NGX_CONF_ERROR;
    }

    if (!policy->any) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"cc_executor_shell\" runs whatever a command "
                           "line says and cannot be used with a list of "
                           "allowed programs: use \"cc_executor_allow any\" "
                           "or \"cc_executor_shell off\"");
        return NGX_CONF_ERROR;
    }

    if (access((char *) conf->shell.data, X_OK) == -1) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           "\"cc_executor_shell\" \"%V\" cannot be executed",
                           &conf->shell);
        return NGX_CONF_ERROR;
    }

    conf->command.shell = (char *) conf->shell.data;

    return NGX_CONF_OK;
}


/* the whole environment of a command, ready to be packed */

static char *
ngx_cc_conf_environment(ngx_conf_t *cf, ngx_cc_loc_conf_t *conf)
{
    ngx_str_t    *env, *list;
    ngx_uint_t    i, n;
    const char  **value;

    if (conf->env) {
        list = conf->env->elts;
        n = conf->env->nelts;

    } else {
        list = ngx_cc_conf_default_env;
        n = sizeof(ngx_cc_conf_default_env) / sizeof(ngx_str_t);
    }

    value = ngx_palloc(cf->pool, (n + 1) * sizeof(char *));
    if (value == NULL) {
        return NGX_CONF_ERROR;
    }

    conf->command.env = value;
    conf->command.nenv = 0;
    conf->command.path = NULL;

    for (i = 0; i < n; i++) {
        env = &list[i];

        if (ngx_cc_conf_value(cf, env, conf->command.cwd, value)
            != NGX_CONF_OK)
        {
            return NGX_CONF_ERROR;
        }

        if (*value == NULL) {
            continue;
        }

        if (ngx_strncmp(*value, "PATH=", 5) == 0) {
            conf->command.path = *value + 5;
        }

        value++;
        conf->command.nenv++;
    }

    return NGX_CONF_OK;
}


/*
 * One variable as NAME=value.  A bare name has the value that nginx itself was
 * started with; where it has none, the three that every program expects get
 * one, and others are left out (NULL).  Root's HOME is not for commands, which
 * never run as root because of it.
 */

static char *
ngx_cc_conf_value(ngx_conf_t *cf, ngx_str_t *env, const char *cwd,
    const char **value)
{
    u_char  *p;
    size_t   len;
    char    *text;

    *value = NULL;

    if (ngx_strlchr(env->data, env->data + env->len, '=')) {
        *value = (char *) env->data;
        return NGX_CONF_OK;
    }

    text = getenv((char *) env->data);

    if (ngx_strcmp(env->data, "HOME") == 0 && (text == NULL || geteuid() == 0))
    {
        text = (char *) cwd;

    } else if (text == NULL && ngx_strcmp(env->data, "PATH") == 0) {
        text = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    } else if (text == NULL && ngx_strcmp(env->data, "LANG") == 0) {
        text = "C.UTF-8";
    }

    if (text == NULL) {
        return NGX_CONF_OK;
    }

    len = env->len + 1 + ngx_strlen(text) + 1;

    p = ngx_pnalloc(cf->pool, len);
    if (p == NULL) {
        return NGX_CONF_ERROR;
    }

    (void) ngx_sprintf(p, "%V=%s%Z", env, text);
    *value = (char *) p;

    return NGX_CONF_OK;
}


static char *
ngx_cc_conf_directory(ngx_conf_t *cf, ngx_cc_main_conf_t *mcf,
    ngx_cc_loc_conf_t *conf)
{
    ngx_file_info_t  fi;

    /* conf->cwd stays empty then: nested locations inherit it */

    conf->command.cwd = (char *) mcf->work.data;

    if (conf->cwd.len) {
        if (ngx_conf_full_name(cf->cycle, &conf->cwd, 0) != NGX_OK) {
            return NGX_CONF_ERROR;
        }

        if (ngx_file_info(conf->cwd.data, &fi) == NGX_FILE_ERROR) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                               "\"cc_executor_cwd\" \"%V\" cannot be used",
                               &conf->cwd);
            return NGX_CONF_ERROR;
        }

        if (!ngx_is_dir(&fi)) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"cc_executor_cwd\" \"%V\" is not a directory",
                               &conf->cwd);
            return NGX_CONF_ERROR;
        }

        conf->command.cwd = (char *) conf->cwd.data;
    }

    return NGX_CONF_OK;
}


static char *
ngx_cc_conf_bounds(ngx_conf_t *cf, ngx_cc_loc_conf_t *conf)
{
    ngx_uint_t  i;

    struct {
        const char  *name;
        uint64_t     value;
        uint64_t     min;
        uint64_t     max;
    } bound[] = {
        { "cc_executor_start_timeout", conf->command.start_timeout,
          1, NGX_MAX_INT32_VALUE },
        { "cc_executor_timeout", conf->command.timeout,
          0, NGX_MAX_INT32_VALUE },
        { "cc_executor_silence_timeout", conf->command.silence_timeout,
          0, NGX_MAX_INT32_VALUE },
        { "cc_executor_kill_grace", conf->command.kill_grace,
          0, NGX_MAX_INT32_VALUE },
        { "cc_executor_ping_interval", conf->ping_interval,
          1, NGX_MAX_INT32_VALUE },
        { "cc_executor_ping_timeout", conf->ping_timeout,
          1, NGX_MAX_INT32_VALUE },
        { "cc_executor_buffer", conf->command.buffer,
          NGX_CC_RING_MIN, NGX_CC_CONF_MAX_BUFFER },
        { "cc_executor_max_message", conf->max_message,
          1024, NGX_MAX_INT32_VALUE },
        { "cc_executor_max_sessions", conf->max_sessions,
          1, 1000000 },
        { "cc_executor_max_commands", conf->command.max_commands,
          1, 1000000 },
        { "cc_executor_max_commands_per_session",
          conf->command.max_commands_per_session,
          1, NGX_CC_CONF_MAX_COMMANDS }
    };

    for (i = 0; i < sizeof(bound) / sizeof(bound[0]); i++) {
        if (bound[i].value < bound[i].min || bound[i].value > bound[i].max) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"%s\" must be between %uL and %uL, it is %uL",
                               bound[i].name, bound[i].min, bound[i].max,
                               bound[i].value);
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


/* asks the zone for slots, and the pool for rings that are large enough */

static char *
ngx_cc_conf_count(ngx_conf_t *cf, ngx_cc_main_conf_t *mcf,
    ngx_cc_loc_conf_t *conf)
{
    uint64_t                   hash;
    ngx_str_t                 *name[2];
    ngx_uint_t                 i, j;
    ngx_cc_zone_location_t    *location;
    ngx_http_core_loc_conf_t  *clcf;
    ngx_http_core_srv_conf_t  *cscf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    cscf = ngx_http_conf_get_module_srv_conf(cf, ngx_http_core_module);

    name[0] = &cscf->server_name;
    name[1] = &clcf->name;
    hash = 14695981039346656037ULL;          /* FNV-1a, 64 bits */

    for (i = 0; i < 2; i++) {
        for (j = 0; j < name[i]->len; j++) {
            hash = (hash ^ name[i]->data[j]) * 1099511628211ULL;
        }

        hash *= 1099511628211ULL;            /* a border between the two */
    }

    location = ngx_array_push(&mcf->zone->locations);
    if (location == NULL) {
        return NGX_CONF_ERROR;
    }

    location->hash = hash;
    location->sessions = conf->max_sessions;
    location->commands = conf->command.max_commands;
    location->index = &conf->command.slots;

    mcf->pool.ring = ngx_max(mcf->pool.ring,
                             ngx_align(conf->command.buffer, ngx_pagesize));

    return NGX_CONF_OK;
}


ngx_int_t
ngx_cc_conf_init(ngx_cycle_t *cycle, ngx_cc_main_conf_t *mcf)
{
    ngx_file_info_t   fi;
    ngx_core_conf_t  *ccf;

    if (mcf->pool.max > cycle->connection_n / 4) {
        ngx_log_error(NGX_LOG_WARN, cycle->log, 0,
                      "cc_executor_helpers max=%ui is more than a quarter of "
                      "worker_connections (%ui): each helper takes one",
                      mcf->pool.max, cycle->connection_n);
    }

    if (ngx_create_dir(mcf->work.data, 0700) == NGX_FILE_ERROR
        && ngx_errno != NGX_EEXIST)
    {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, ngx_errno,
                      ngx_create_dir_n " \"%V\" failed", &mcf->work);
        return NGX_ERROR;
    }

    ccf = (ngx_core_conf_t *) ngx_get_conf(cycle->conf_ctx, ngx_core_module);

    if (geteuid() != 0 || ccf->user == (ngx_uid_t) NGX_CONF_UNSET_UINT) {
        return NGX_OK;
    }

    if (ngx_file_info(mcf->work.data, &fi) == NGX_FILE_ERROR) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, ngx_errno,
                      ngx_file_info_n " \"%V\" failed", &mcf->work);
        return NGX_ERROR;
    }

    if (fi.st_uid != ccf->user
        && chown((char *) mcf->work.data, ccf->user, -1) == -1)
    {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, ngx_errno,
                      "chown(\"%V\") failed", &mcf->work);
        return NGX_ERROR;
    }

    return NGX_OK;
}
