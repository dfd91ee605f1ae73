
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_conf_command.h"
#include "ngx_cc_fence.h"
#include "ngx_cc_spec_wrap.h"


static ngx_int_t ngx_cc_conf_command_places(ngx_conf_t *cf, ngx_str_t *name,
    ngx_str_t *word, ngx_uint_t signal);
static const char **ngx_cc_conf_command_argv(ngx_conf_t *cf,
    ngx_array_t *words, uint32_t *n, ngx_uint_t *named);


ngx_conf_enum_t  ngx_cc_conf_command_client_cwd[] = {
    { ngx_string("off"), 0 },
    { ngx_string("beneath"), 1 },
    { ngx_null_string, 0 }
};


void
ngx_cc_conf_command_create(ngx_cc_spec_conf_t *spec)
{
    ngx_cc_command_conf_t  *conf;

    spec->timeout = NGX_CONF_UNSET_MSEC;
    spec->task_after = NGX_CONF_UNSET_MSEC;
    spec->stdin_buffer = NGX_CONF_UNSET_SIZE;
    spec->tty = NGX_CONF_UNSET;
    spec->error_detail = NGX_CONF_UNSET;
    spec->trace = NGX_CONF_UNSET;
    spec->max_commands_per_session = NGX_CONF_UNSET_UINT;

    conf = &spec->command;

    conf->start_timeout = NGX_CONF_UNSET_MSEC;
    conf->silence_timeout = NGX_CONF_UNSET_MSEC;
    conf->kill_grace = NGX_CONF_UNSET_MSEC;
    conf->linger = NGX_CONF_UNSET_MSEC;
    conf->drain_timeout = NGX_CONF_UNSET_MSEC;
    conf->buffer = NGX_CONF_UNSET_SIZE;
    conf->max_output = NGX_CONF_UNSET;
    conf->max_commands = NGX_CONF_UNSET_UINT;
    conf->max_per_owner = NGX_CONF_UNSET_UINT;
}


void
ngx_cc_conf_command_merge(ngx_cc_spec_conf_t *spec, ngx_cc_spec_conf_t *parent)
{
    ngx_cc_command_conf_t  *conf, *prev;

    ngx_conf_merge_msec_value(spec->timeout, parent->timeout, 600000);
    ngx_conf_merge_msec_value(spec->task_after, parent->task_after, 2000);
    ngx_conf_merge_size_value(spec->stdin_buffer, parent->stdin_buffer,
                              2 * 1024 * 1024);
    ngx_conf_merge_value(spec->tty, parent->tty, 0);
    ngx_conf_merge_value(spec->error_detail, parent->error_detail, 0);
    ngx_conf_merge_value(spec->trace, parent->trace, 0);
    ngx_conf_merge_uint_value(spec->max_commands_per_session,
                              parent->max_commands_per_session, 8);

    conf = &spec->command;
    prev = &parent->command;

    ngx_conf_merge_msec_value(conf->start_timeout, prev->start_timeout, 5000);
    ngx_conf_merge_msec_value(conf->silence_timeout, prev->silence_timeout,
                              0);
    ngx_conf_merge_msec_value(conf->kill_grace, prev->kill_grace, 2000);
    ngx_conf_merge_msec_value(conf->linger, prev->linger, 0);
    ngx_conf_merge_msec_value(conf->drain_timeout, prev->drain_timeout, 60000);
    ngx_conf_merge_size_value(conf->buffer, prev->buffer, 256 * 1024);
    ngx_conf_merge_off_value(conf->max_output, prev->max_output, 0);
    ngx_conf_merge_uint_value(conf->max_commands, prev->max_commands, 64);
    ngx_conf_merge_uint_value(conf->max_per_owner, prev->max_per_owner,
                              NGX_CC_COMMAND_SHARE);
}


char *
ngx_cc_conf_command_cwd(ngx_conf_t *cf, ngx_cc_command_conf_t *command,
    ngx_str_t *cwd, ngx_str_t *work)
{
    ngx_file_info_t  fi;

    /* "cwd" stays empty then: nested locations inherit it */

    command->cwd = (char *) work->data;
    command->work = (cwd->len == 0);

    if (cwd->len) {
        if (cwd->data[0] != '/') {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"cc_executor_cwd\" takes an absolute path, "
                               "not \"%V\"", cwd);
            return NGX_CONF_ERROR;
        }

        /* a command may have removed it: no reason to refuse a reload */

        if (ngx_file_info(cwd->data, &fi) == NGX_FILE_ERROR) {
            ngx_conf_log_error(NGX_LOG_WARN, cf, ngx_errno,
                               "\"cc_executor_cwd\" \"%V\" cannot be used "
                               "now: no command will start there", cwd);

        } else if (!ngx_is_dir(&fi)) {
            ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                               "\"cc_executor_cwd\" \"%V\" is not a "
                               "directory: no command will start there", cwd);
        }

        command->cwd = (char *) cwd->data;
    }

    return NGX_CONF_OK;
}


/* auto | number */

char *
ngx_cc_conf_command_per_owner(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_int_t    n;
    ngx_str_t   *value;
    ngx_uint_t  *limit;

    limit = (ngx_uint_t *) ((char *) conf + cmd->offset);

    if (*limit != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "auto") == 0) {
        *limit = NGX_CC_COMMAND_SHARE;
        return NGX_CONF_OK;
    }

    n = ngx_atoi(value[1].data, value[1].len);

    if (n == NGX_ERROR || n > NGX_CC_CONF_MAX_OWNED) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" takes \"auto\" or a number between 0 and "
                           "%d, not \"%V\"", &cmd->name,
                           NGX_CC_CONF_MAX_OWNED, &value[1]);
        return NGX_CONF_ERROR;
    }

    *limit = n;

    return NGX_CONF_OK;
}


/* off | argv ... */

char *
ngx_cc_conf_command_words(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t     *value, *word;
    ngx_uint_t     i, signal;
    ngx_array_t  **words;

    words = (ngx_array_t **) ((char *) conf + cmd->offset);
    signal = (ngx_strcmp(cmd->name.data, "cc_executor_control") == 0);

    if (*words != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "off") == 0) {
        *words = NULL;
        return NGX_CONF_OK;
    }

    if (value[1].data[0] != '/') {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" takes \"off\" or the absolute path of a "
                           "program and its arguments, not \"%V\"",
                           &cmd->name, &value[1]);
        return NGX_CONF_ERROR;
    }

    if (access((char *) value[1].data, X_OK) == -1) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           "\"%V\" \"%V\" cannot be executed", &cmd->name,
                           &value[1]);
        return NGX_CONF_ERROR;
    }

    *words = ngx_array_create(cf->pool, cf->args->nelts - 1,
                              sizeof(ngx_str_t));
    if (*words == NULL) {
        return NGX_CONF_ERROR;
    }

    for (i = 1; i < cf->args->nelts; i++) {

        if (ngx_cc_conf_command_places(cf, &cmd->name, &value[i], signal)
            != NGX_OK)
        {
            return NGX_CONF_ERROR;
        }

        word = ngx_array_push(*words);
        if (word == NULL) {
            return NGX_CONF_ERROR;
        }

        *word = value[i];
    }

    return NGX_CONF_OK;
}


/* is there a "%{...}" in it that stands for nothing? */

static ngx_int_t
ngx_cc_conf_command_places(ngx_conf_t *cf, ngx_str_t *name, ngx_str_t *word,
    ngx_uint_t signal)
{
    const char  *p;

    for (p = strstr((char *) word->data, "%{"); p; p = strstr(p + 2, "%{")) {

        if (strncmp(p, NGX_CC_SPEC_WRAP_ID, sizeof(NGX_CC_SPEC_WRAP_ID) - 1)
            == 0
            || (signal
                && strncmp(p, NGX_CC_SPEC_WRAP_SIGNAL,
                           sizeof(NGX_CC_SPEC_WRAP_SIGNAL) - 1)
                   == 0))
        {
            continue;
        }

        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" knows %s, not what is in \"%V\"", name,
                           signal ? "\"%{id}\" and \"%{signal}\""
                                  : "\"%{id}\"", word);
        return NGX_ERROR;
    }

    return NGX_OK;
}


char *
ngx_cc_conf_command_wrap(ngx_conf_t *cf, ngx_cc_spec_conf_t *spec,
    ngx_array_t *wrapper, ngx_array_t *control)
{
    char              *name;
    ngx_str_t         *word;
    ngx_uint_t         named;
    ngx_cc_confine_t  *confine;

    spec->nwrapper = 0;
    spec->ncontrol = 0;

    if (control && wrapper == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"cc_executor_control\" needs a "
                           "\"cc_executor_wrapper\": signals for processes "
                           "that are here need no program");
        return NGX_CONF_ERROR;
    }

    if (wrapper == NULL) {
        return NGX_CONF_OK;
    }

    if (control) {
        named = 0;
        spec->control = ngx_cc_conf_command_argv(cf, control, &spec->ncontrol,
                                                 &named);
        if (spec->control == NULL) {
            return NGX_CONF_ERROR;
        }

        if (!named) {
            ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                               "\"cc_executor_control %s\" has no \"%%{id}\": "
                               "it cannot know which command is meant",
                               spec->control[0]);
        }
    }

    named = (spec->ncontrol != 0);
    spec->wrapper = ngx_cc_conf_command_argv(cf, wrapper, &spec->nwrapper,
                                             &named);
    if (spec->wrapper == NULL) {
        return NGX_CONF_ERROR;
    }

    spec->named = named;

    word = wrapper->elts;
    name = strrchr((char *) word[0].data, '/') + 1;
    confine = &spec->command.confine;

    if (confine->fence
        && (confine->fence < NGX_CC_FENCE_SIGNALS
            || confine->nread + confine->nwrite)
        && (ngx_strcmp(name, "bwrap") == 0 || ngx_strcmp(name, "unshare") == 0
            || ngx_strcmp(name, "firejail") == 0))
    {
        ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                           "\"cc_executor_wrapper %V\" mounts, and nothing can "
                           "be mounted behind the fence of this location: use "
                           "\"cc_executor_fence off\"", &word[0]);
    }

    return NGX_CONF_OK;
}


/* "named" is set when one of the words has the id in it; NULL: no memory */

static const char **
ngx_cc_conf_command_argv(ngx_conf_t *cf, ngx_array_t *words, uint32_t *n,
    ngx_uint_t *named)
{
    ngx_str_t    *word;
    ngx_uint_t    i;
    const char  **argv;

    argv = ngx_palloc(cf->pool, words->nelts * sizeof(char *));
    if (argv == NULL) {
        return NULL;
    }

    word = words->elts;

    for (i = 0; i < words->nelts; i++) {
        argv[i] = (char *) word[i].data;
        *named |= (strstr(argv[i], NGX_CC_SPEC_WRAP_ID) != NULL);
    }

    *n = words->nelts;

    return argv;
}
