
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_conf_confine.h"
#include "ngx_cc_fence.h"
#include "ngx_cc_seccomp.h"


static ngx_int_t ngx_cc_conf_confine_form(ngx_conf_t *cf,
    ngx_cc_conf_confine_t *conf, ngx_uint_t *form);
static ngx_int_t ngx_cc_conf_confine_add(ngx_conf_t *cf, const char *name,
    ngx_array_t *list, const char ***path, uint32_t *n);


void
ngx_cc_conf_confine_create(ngx_cc_conf_confine_t *conf)
{
    conf->umask = NGX_CONF_UNSET_UINT;
    conf->nice = NGX_CONF_UNSET;
    conf->cpu = NGX_CONF_UNSET;
    conf->as = NGX_CONF_UNSET;
    conf->fsize = NGX_CONF_UNSET;
    conf->nofile = NGX_CONF_UNSET;
    conf->nproc = NGX_CONF_UNSET;
    conf->cgroup = NGX_CONF_UNSET_PTR;

    conf->mode = NGX_CONF_UNSET_UINT;
    conf->abi = NGX_CONF_UNSET_UINT;
    conf->read = NGX_CONF_UNSET_PTR;
    conf->write = NGX_CONF_UNSET_PTR;
    conf->connect = NGX_CONF_UNSET;
    conf->listen = NGX_CONF_UNSET;
}


void
ngx_cc_conf_confine_merge(ngx_cc_conf_confine_t *conf,
    ngx_cc_conf_confine_t *prev)
{
    ngx_conf_merge_uint_value(conf->umask, prev->umask, 022);
    ngx_conf_merge_value(conf->nice, prev->nice, 0);
    ngx_conf_merge_sec_value(conf->cpu, prev->cpu, 0);
    ngx_conf_merge_off_value(conf->as, prev->as, 0);
    ngx_conf_merge_off_value(conf->fsize, prev->fsize, 0);
    ngx_conf_merge_value(conf->nofile, prev->nofile, 0);
    ngx_conf_merge_value(conf->nproc, prev->nproc, 0);
    ngx_conf_merge_ptr_value(conf->cgroup, prev->cgroup, NULL);

    if (conf->mode == NGX_CONF_UNSET_UINT) {
        conf->abi = prev->abi;
        conf->excepted = prev->excepted;

    } else {
        conf->excepted = (conf->read == NGX_CONF_UNSET_PTR
                          && conf->write == NGX_CONF_UNSET_PTR);
    }

    ngx_conf_merge_uint_value(conf->mode, prev->mode, NGX_CC_CONF_FENCE_ON);
    ngx_conf_merge_ptr_value(conf->read, prev->read, NULL);
    ngx_conf_merge_ptr_value(conf->write, prev->write, NULL);
    ngx_conf_merge_value(conf->connect, prev->connect, 1);
    ngx_conf_merge_value(conf->listen, prev->listen, 1);
}


/* an octal number, as in a shell */

char *
ngx_cc_conf_confine_umask(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t   *value;
    ngx_int_t    n;
    ngx_uint_t  *umask;

    umask = (ngx_uint_t *) ((char *) conf + cmd->offset);

    if (*umask != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    value = cf->args->elts;

    for (n = 0; n <= 0777 && value[1].len; value[1].len--) {

        if (*value[1].data < '0' || *value[1].data > '7') {
            break;
        }

        n = n * 8 + (*value[1].data++ - '0');
    }

    if (n > 0777 || value[1].len) {
        return "must be an octal number from 0 to 777";
    }

    *umask = n;

    return NGX_CONF_OK;
}


char *
ngx_cc_conf_confine_nice(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t  *value;
    ngx_int_t   n, *nice;

    nice = (ngx_int_t *) ((char *) conf + cmd->offset);

    if (*nice != NGX_CONF_UNSET) {
        return "is duplicate";
    }

    value = cf->args->elts;
    n = ngx_atoi(value[1].data, value[1].len);

    if (n == NGX_ERROR || n > 19) {
        return "must be a number from 0 to 19 (less than 0 needs a privilege "
               "that commands do not have)";
    }

    *nice = n;

    return NGX_CONF_OK;
}


char *
ngx_cc_conf_confine_fence(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_int_t               n;
    ngx_str_t              *value;
    ngx_cc_conf_confine_t  *fence;

    fence = (ngx_cc_conf_confine_t *) ((char *) conf + cmd->offset);

    if (fence->mode != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "on") == 0) {
        fence->mode = NGX_CC_CONF_FENCE_ON;

    } else if (ngx_strcmp(value[1].data, "off") == 0) {
        fence->mode = NGX_CC_CONF_FENCE_OFF;

    } else if (ngx_strcmp(value[1].data, "required") == 0) {
        fence->mode = NGX_CC_CONF_FENCE_REQUIRED;

    } else {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid value \"%V\": \"cc_executor_fence\" is "
                           "\"on\", \"off\" or \"required\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    if (cf->args->nelts == 2) {
        return NGX_CONF_OK;
    }

    n = NGX_ERROR;

    if (ngx_strncmp(value[2].data, "abi=", 4) == 0) {
        n = ngx_atoi(value[2].data + 4, value[2].len - 4);
    }

    if (n == NGX_ERROR || n > NGX_CC_FENCE_MAX) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid parameter \"%V\": it must be \"abi=n\" "
                           "with n from 0 to %d", &value[2],
                           NGX_CC_FENCE_MAX);
        return NGX_CONF_ERROR;
    }

    fence->abi = n;

    return NGX_CONF_OK;
}


char *
ngx_cc_conf_confine_paths(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t     *value, *path;
    ngx_uint_t     i;
    ngx_array_t  **list;

    list = (ngx_array_t **) ((char *) conf + cmd->offset);

    if (*list == NGX_CONF_UNSET_PTR) {
        *list = ngx_array_create(cf->pool, 4, sizeof(ngx_str_t));
        if (*list == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {

        if (value[i].data[0] != '/') {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"%V\" takes absolute paths, not \"%V\"",
                               &cmd->name, &value[i]);
            return NGX_CONF_ERROR;
        }

        path = ngx_array_push(*list);
        if (path == NULL) {
            return NGX_CONF_ERROR;
        }

        *path = value[i];
    }

    return NGX_CONF_OK;
}


char *
ngx_cc_conf_confine_compile(ngx_conf_t *cf, ngx_cc_conf_confine_t *conf,
    ngx_cc_command_conf_t *command)
{
    ngx_uint_t         form;
    const char       **path;
    ngx_cc_confine_t  *confine;

    confine = &command->confine;

    confine->umask = conf->umask;
    confine->nice = conf->nice;
    confine->limit[RLIMIT_CPU] = conf->cpu;
    confine->limit[RLIMIT_AS] = conf->as;
    confine->limit[RLIMIT_FSIZE] = conf->fsize;
    confine->limit[RLIMIT_NOFILE] = conf->nofile;
    confine->limit[RLIMIT_NPROC] = conf->nproc;

    confine->fence = 0;
    confine->flags = 0;
    confine->nread = 0;
    confine->nwrite = 0;

    if (conf->mode == NGX_CC_CONF_FENCE_OFF) {

        if ((conf->read || conf->write) && !conf->excepted) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"%s\" confines nothing with "
                               "\"cc_executor_fence off\": remove one of them",
                               conf->read ? "cc_executor_fence_read"
                                          : "cc_executor_fence_write");
            return NGX_CONF_ERROR;
        }

        return NGX_CONF_OK;
    }

    if (ngx_cc_conf_confine_form(cf, conf, &form) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    if (form < NGX_CC_FENCE_MIN) {
        return NGX_CONF_OK;
    }

    confine->fence = form;

    if (!conf->connect) {
        confine->flags |= NGX_CC_CONFINE_CONNECT;
    }

    if (!conf->listen) {
        confine->flags |= NGX_CC_CONFINE_LISTEN;
    }

    if (ngx_cc_seccomp_available()) {
        confine->flags |= NGX_CC_CONFINE_SECCOMP;
    }

    path = ngx_palloc(cf->pool, ((conf->read ? conf->read->nelts : 0)
                                 + (conf->write ? conf->write->nelts : 0) + 1)
                                * sizeof(char *));
    if (path == NULL) {
        return NGX_CONF_ERROR;
    }

    command->paths = path;

    if (ngx_cc_conf_confine_add(cf, "cc_executor_fence_read", conf->read, &path,
                              &confine->nread)
        != NGX_OK
        || ngx_cc_conf_confine_add(cf, "cc_executor_fence_write", conf->write,
                                 &path, &confine->nwrite)
           != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/* the form that is possible here, and whether that will do */

static ngx_int_t
ngx_cc_conf_confine_form(ngx_conf_t *cf, ngx_cc_conf_confine_t *conf,
    ngx_uint_t *form)
{
    ngx_uint_t  level;

    *form = ngx_min((ngx_uint_t) ngx_cc_fence_abi(), conf->abi);

    level = (conf->mode == NGX_CC_CONF_FENCE_REQUIRED) ? NGX_LOG_EMERG
                                                       : NGX_LOG_WARN;

    if (*form < NGX_CC_FENCE_MIN
        && (conf->mode == NGX_CC_CONF_FENCE_REQUIRED || conf->read
            || conf->write))
    {
        ngx_conf_log_error(level, cf, 0,
                           "no fence for commands here: it needs version %d "
                           "of Landlock (Linux 5.19), there is %ui",
                           NGX_CC_FENCE_MIN, *form);

        return (level == NGX_LOG_EMERG) ? NGX_ERROR : NGX_OK;
    }

    if (*form < NGX_CC_FENCE_TCP && (!conf->connect || !conf->listen)) {
        ngx_conf_log_error(level, cf, 0,
                           "\"cc_executor_fence_%s off\" has no effect "
                           "here: it needs version %d of Landlock "
                           "(Linux 6.7), there is %ui",
                           conf->connect ? "listen" : "connect",
                           NGX_CC_FENCE_TCP, *form);

        return (level == NGX_LOG_EMERG) ? NGX_ERROR : NGX_OK;
    }

    if (*form >= NGX_CC_FENCE_MIN && !ngx_cc_seccomp_available()) {
        ngx_conf_log_error(level, cf, 0,
                           "the fence for commands has no filter for system "
                           "calls here (seccomp, x86-64 and aarch64): a "
                           "command can change limits and priority of the "
                           "workers");

        return (level == NGX_LOG_EMERG) ? NGX_ERROR : NGX_OK;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_cc_conf_confine_add(ngx_conf_t *cf, const char *name, ngx_array_t *list,
    const char ***path, uint32_t *n)
{
    ngx_str_t        *value;
    ngx_uint_t        i;
    ngx_file_info_t   fi;

    if (list == NULL) {
        return NGX_OK;
    }

    value = list->elts;

    for (i = 0; i < list->nelts; i++) {

        /* a command may have removed it: no reason to refuse a reload */

        if (ngx_file_info(value[i].data, &fi) == NGX_FILE_ERROR) {
            ngx_conf_log_error(NGX_LOG_WARN, cf, ngx_errno,
                               "\"%s\" \"%V\" cannot be used now: no "
                               "command will start there", name, &value[i]);
        }

        *(*path)++ = (char *) value[i].data;
        (*n)++;
    }

    return NGX_OK;
}


const char *
ngx_cc_conf_confine_text(const ngx_cc_confine_t *confine)
{
    static const char  *text[] = {
        "off", "off",
        "landlock-2 (ptrace)", "landlock-3 (ptrace)", "landlock-4 (ptrace)",
        "landlock-5 (ptrace)",
        "landlock-6 (ptrace, signals, abstract sockets)",
        "landlock-7 (ptrace, signals, abstract sockets)"
    };

    return text[confine->fence];
}
