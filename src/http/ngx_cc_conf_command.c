
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_conf_command.h"


void
ngx_cc_conf_command_create(ngx_cc_command_conf_t *conf)
{
    conf->start_timeout = NGX_CONF_UNSET_MSEC;
    conf->timeout = NGX_CONF_UNSET_MSEC;
    conf->silence_timeout = NGX_CONF_UNSET_MSEC;
    conf->kill_grace = NGX_CONF_UNSET_MSEC;
    conf->linger = NGX_CONF_UNSET_MSEC;
    conf->buffer = NGX_CONF_UNSET_SIZE;
    conf->max_output = NGX_CONF_UNSET;
    conf->max_commands = NGX_CONF_UNSET_UINT;
    conf->max_commands_per_session = NGX_CONF_UNSET_UINT;
}


void
ngx_cc_conf_command_merge(ngx_cc_command_conf_t *conf,
    ngx_cc_command_conf_t *prev)
{
    ngx_conf_merge_msec_value(conf->start_timeout, prev->start_timeout, 5000);
    ngx_conf_merge_msec_value(conf->timeout, prev->timeout, 600000);
    ngx_conf_merge_msec_value(conf->silence_timeout, prev->silence_timeout,
                              0);
    ngx_conf_merge_msec_value(conf->kill_grace, prev->kill_grace, 2000);
    ngx_conf_merge_msec_value(conf->linger, prev->linger, 0);
    ngx_conf_merge_size_value(conf->buffer, prev->buffer, 256 * 1024);
    ngx_conf_merge_off_value(conf->max_output, prev->max_output, 0);
    ngx_conf_merge_uint_value(conf->max_commands, prev->max_commands, 64);
    ngx_conf_merge_uint_value(conf->max_commands_per_session,
                              prev->max_commands_per_session, 8);
}


char *
ngx_cc_conf_command_check(ngx_conf_t *cf, ngx_cc_command_conf_t *conf)
{
    ngx_cc_conf_bound_t  bound[] = {
        { "cc_executor_start_timeout", conf->start_timeout,
          1, NGX_MAX_INT32_VALUE },
        { "cc_executor_timeout", conf->timeout,
          0, NGX_MAX_INT32_VALUE },
        { "cc_executor_silence_timeout", conf->silence_timeout,
          0, NGX_MAX_INT32_VALUE },
        { "cc_executor_kill_grace", conf->kill_grace,
          0, NGX_MAX_INT32_VALUE },
        { "cc_executor_linger", conf->linger,
          0, NGX_MAX_INT32_VALUE },
        { "cc_executor_buffer", conf->buffer,
          NGX_CC_RING_MIN, NGX_CC_CONF_MAX_BUFFER },
        { "cc_executor_max_commands", conf->max_commands,
          1, 1000000 },
        { "cc_executor_max_commands_per_session",
          conf->max_commands_per_session,
          1, NGX_CC_CONF_MAX_COMMANDS }
    };

    return ngx_cc_conf_bounds(cf, bound, sizeof(bound) / sizeof(bound[0]));
}


char *
ngx_cc_conf_bounds(ngx_conf_t *cf, const ngx_cc_conf_bound_t *bound,
    ngx_uint_t n)
{
    ngx_uint_t  i;

    for (i = 0; i < n; i++) {
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


char *
ngx_cc_conf_command_cwd(ngx_conf_t *cf, ngx_cc_command_conf_t *command,
    ngx_str_t *cwd, ngx_str_t *work)
{
    ngx_file_info_t  fi;

    /* "cwd" stays empty then: nested locations inherit it */

    command->cwd = (char *) work->data;

    if (cwd->len) {
        if (ngx_conf_full_name(cf->cycle, cwd, 0) != NGX_OK) {
            return NGX_CONF_ERROR;
        }

        if (ngx_file_info(cwd->data, &fi) == NGX_FILE_ERROR) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                               "\"cc_executor_cwd\" \"%V\" cannot be used",
                               cwd);
            return NGX_CONF_ERROR;
        }

        if (!ngx_is_dir(&fi)) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"cc_executor_cwd\" \"%V\" is not a directory",
                               cwd);
            return NGX_CONF_ERROR;
        }

        command->cwd = (char *) cwd->data;
    }

    return NGX_CONF_OK;
}
