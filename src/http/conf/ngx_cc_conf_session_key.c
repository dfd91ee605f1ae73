
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_conf_secret.h"
#include "ngx_cc_conf_session_key.h"
#include "ngx_cc_conf_user.h"


static ngx_int_t ngx_cc_conf_session_key_file(ngx_cycle_t *cycle,
    ngx_cc_main_conf_t *mcf, ngx_cc_conf_secret_t *file);
static ngx_int_t ngx_cc_conf_session_key_read(ngx_cycle_t *cycle,
    ngx_cc_conf_secret_t *file, ngx_cc_key_pair_t *pair);


ngx_int_t
ngx_cc_conf_session_key(ngx_cycle_t *cycle, ngx_cc_main_conf_t *mcf)
{
    ngx_int_t              rc;
    ngx_cc_key_pair_t      pair;
    ngx_cc_conf_secret_t   file;

    rc = ngx_cc_conf_session_key_file(cycle, mcf, &file);

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (rc == NGX_OK) {
        rc = ngx_cc_conf_session_key_read(cycle, &file, &pair);

        if (rc == NGX_ERROR && mcf->session_key.len) {
            return NGX_ERROR;
        }
    }

    if (ngx_test_config) {
        return NGX_OK;
    }

    if (rc != NGX_OK) {
        (void) ngx_cc_key_sessions(NULL);
        return NGX_OK;
    }

    rc = ngx_cc_key_sessions(&pair);
    ngx_explicit_memzero(&pair, sizeof(ngx_cc_key_pair_t));

    if (rc == NGX_DECLINED) {
        ngx_log_error(NGX_LOG_WARN, cycle->log, 0,
                      "\"cc_executor_session_key\" \"%V\" is not the key that "
                      "nginx was started with: a change counts from the next "
                      "start", &file.path);
    }

    return NGX_OK;
}


/* NGX_OK and "file"; NGX_DECLINED: there is to be none; NGX_ERROR: no memory */

static ngx_int_t
ngx_cc_conf_session_key_file(ngx_cycle_t *cycle, ngx_cc_main_conf_t *mcf,
    ngx_cc_conf_secret_t *file)
{
    size_t  len;

    if (mcf->session_key.len
        && ngx_strcmp(mcf->session_key.data, "off") == 0)
    {
        return NGX_DECLINED;
    }

    file->name = "cc_executor_session_key";
    file->make = 1;

    if (mcf->session_key.len) {
        file->level = NGX_LOG_EMERG;
        file->path = mcf->session_key;
        return NGX_OK;
    }

    if (mcf->secret.len || ngx_cc_conf_user_who(cycle) == NULL) {
        return NGX_DECLINED;
    }

    len = mcf->path.len + sizeof("/session_key");
    file->level = NGX_LOG_NOTICE;
    file->path.data = ngx_pnalloc(cycle->pool, len);

    if (file->path.data == NULL) {
        return NGX_ERROR;
    }

    file->path.len = len - 1;
    (void) ngx_snprintf(file->path.data, len, "%V/session_key%Z", &mcf->path);

    return NGX_OK;
}


static ngx_int_t
ngx_cc_conf_session_key_read(ngx_cycle_t *cycle, ngx_cc_conf_secret_t *file,
    ngx_cc_key_pair_t *pair)
{
    ngx_int_t  rc;

    rc = ngx_cc_conf_secret_read(cycle, file, pair);

    if (rc != NGX_DECLINED || ngx_test_config) {
        return rc;
    }

    if (ngx_cc_conf_secret_make(cycle, file) != NGX_OK) {
        return NGX_ERROR;
    }

    file->make = 0;

    return ngx_cc_conf_secret_read(cycle, file, pair);
}
