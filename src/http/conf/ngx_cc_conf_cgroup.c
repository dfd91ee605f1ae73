
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_conf_cgroup.h"


#define NGX_CC_CONF_CGROUP_PIDS  4194304     /* the kernel's own maximum */


static char *ngx_cc_conf_cgroup_parameter(ngx_conf_t *cf, ngx_str_t *value,
    ngx_cc_wire_cgroup_t *cgroup, ngx_uint_t *seen);
static ngx_int_t ngx_cc_conf_cgroup_size(ngx_str_t *text, uint64_t *size);
static ngx_int_t ngx_cc_conf_cgroup_number(ngx_str_t *text, ngx_int_t max,
    uint32_t *number);


/* parameters: the bit of each is its place in here */

static const struct {
    const char  *name;
    const char  *what;
} ngx_cc_conf_cgroup_names[] = {
    { "memory=", "a size, not 0" },
    { "swap=", "a size, or 0" },
    { "pids=", "a number from 1 to 4194304" },
    { "cpu=", "percent of one processor, \"1%\" to \"100000%\"" },
    { "weight=", "a number from 1 to 10000" }
};

#define NGX_CC_CONF_CGROUP_NAMES                                              \
    (sizeof(ngx_cc_conf_cgroup_names) / sizeof(ngx_cc_conf_cgroup_names[0]))


char *
ngx_cc_conf_cgroup(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t              *value;
    ngx_uint_t              i, seen;
    ngx_cc_wire_cgroup_t  **cgroup;

    cgroup = (ngx_cc_wire_cgroup_t **) ((char *) conf + cmd->offset);

    if (*cgroup != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "off") == 0) {
        *cgroup = NULL;
        return NGX_CONF_OK;
    }

    *cgroup = ngx_pcalloc(cf->pool, sizeof(ngx_cc_wire_cgroup_t));

    if (*cgroup == NULL) {
        return NGX_CONF_ERROR;
    }

    (*cgroup)->flags = NGX_CC_CGROUP_WANTED;
    seen = 0;

    for (i = 1; i < cf->args->nelts; i++) {
        if (ngx_cc_conf_cgroup_parameter(cf, &value[i], *cgroup, &seen)
            != NGX_CONF_OK)
        {
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


static char *
ngx_cc_conf_cgroup_parameter(ngx_conf_t *cf, ngx_str_t *value,
    ngx_cc_wire_cgroup_t *cgroup, ngx_uint_t *seen)
{
    size_t      len;
    ngx_int_t   rc;
    ngx_str_t   text;
    ngx_uint_t  i;

    if (ngx_strcmp(value->data, "required") == 0) {
        cgroup->flags |= NGX_CC_CGROUP_REQUIRED;
        return NGX_CONF_OK;
    }

    for (i = 0, len = 0; i < NGX_CC_CONF_CGROUP_NAMES; i++) {
        len = ngx_strlen(ngx_cc_conf_cgroup_names[i].name);

        if (ngx_strncmp(value->data, ngx_cc_conf_cgroup_names[i].name, len)
            == 0)
        {
            break;
        }
    }

    if (i == NGX_CC_CONF_CGROUP_NAMES) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid parameter \"%V\": \"cc_executor_cgroup\" "
                           "takes \"memory=\", \"swap=\", \"pids=\", \"cpu=\", "
                           "\"weight=\" and \"required\", or \"off\" alone",
                           value);
        return NGX_CONF_ERROR;
    }

    if (*seen & (1 << i)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\": the parameter \"%s\" is duplicate", value,
                           ngx_cc_conf_cgroup_names[i].name);
        return NGX_CONF_ERROR;
    }

    *seen |= 1 << i;
    text.data = value->data + len;
    text.len = value->len - len;

    switch (i) {

    case 0:
        rc = ngx_cc_conf_cgroup_size(&text, &cgroup->memory);

        if (cgroup->memory == 0) {
            rc = NGX_ERROR;
        }

        break;

    case 1:
        cgroup->flags |= NGX_CC_CGROUP_SWAP;
        rc = ngx_cc_conf_cgroup_size(&text, &cgroup->swap);
        break;

    case 2:
        rc = ngx_cc_conf_cgroup_number(&text, NGX_CC_CONF_CGROUP_PIDS,
                                       &cgroup->pids);
        break;

    case 3:
        rc = NGX_ERROR;

        if (text.len && text.data[text.len - 1] == '%') {
            text.len--;
            rc = ngx_cc_conf_cgroup_number(&text, NGX_CC_CGROUP_MAX_CPU,
                                           &cgroup->cpu);
        }

        break;

    default:
        rc = ngx_cc_conf_cgroup_number(&text, NGX_CC_CGROUP_MAX_WEIGHT,
                                       &cgroup->weight);
    }

    if (rc != NGX_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid parameter \"%V\": it must be %s", value,
                           ngx_cc_conf_cgroup_names[i].what);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_cc_conf_cgroup_size(ngx_str_t *text, uint64_t *size)
{
    off_t  n;

    n = ngx_parse_offset(text);

    if (n == NGX_ERROR) {
        return NGX_ERROR;
    }

    *size = n;

    return NGX_OK;
}


static ngx_int_t
ngx_cc_conf_cgroup_number(ngx_str_t *text, ngx_int_t max, uint32_t *number)
{
    ngx_int_t  n;

    n = ngx_atoi(text->data, text->len);

    if (n == NGX_ERROR || n < 1 || n > max) {
        return NGX_ERROR;
    }

    *number = n;

    return NGX_OK;
}


char *
ngx_cc_conf_cgroup_compile(ngx_conf_t *cf, const ngx_cc_wire_cgroup_t *cgroup,
    ngx_uint_t served, ngx_cc_command_conf_t *command, unsigned *needed)
{
    ngx_uint_t  required;

    if (cgroup == NULL) {
        return NGX_CONF_OK;
    }

    required = cgroup->flags & NGX_CC_CGROUP_REQUIRED;

    if (!served) {
        ngx_conf_log_error(required ? NGX_LOG_EMERG : NGX_LOG_WARN, cf, 0,
                           "\"cc_executor_cgroup\" without "
                           "\"cc_executor_service\"%s: nginx's workers make no "
                           "control groups", required ? "" : " has no effect");

        return required ? NGX_CONF_ERROR : NGX_CONF_OK;
    }

    command->confine.cgroup = *cgroup;

    if (required) {
        *needed |= NGX_CC_CGROUP_GROUPS
                   |((cgroup->memory || (cgroup->flags & NGX_CC_CGROUP_SWAP))
                     ? NGX_CC_CGROUP_MEMORY : 0)
                   |(cgroup->pids ? NGX_CC_CGROUP_PIDS : 0)
                   |((cgroup->cpu || cgroup->weight) ? NGX_CC_CGROUP_CPU : 0);
    }

    return NGX_CONF_OK;
}
