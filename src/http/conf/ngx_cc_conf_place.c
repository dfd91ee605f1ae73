
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_cc_conf_place.h"


static ngx_uint_t ngx_cc_conf_place_returns(ngx_conf_t *cf);


void
ngx_cc_conf_place_enter(ngx_conf_t *cf, ngx_cc_loc_conf_t *conf,
    ngx_cc_conf_place_t *place)
{
    u_char                    *p;
    size_t                     len;
    ngx_http_core_loc_conf_t  *clcf;
    ngx_http_core_srv_conf_t  *cscf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    cscf = ngx_http_conf_get_module_srv_conf(cf, ngx_http_core_module);

    place->name = cf->conf_file->file.name;
    place->line = cf->conf_file->line;

    len = sizeof("location \"\" of server \"\", ") + clcf->name.len
          + cscf->server_name.len + conf->file.len;

    p = ngx_pnalloc(cf->pool, len);

    if (p == NULL || conf->file.len == 0) {
        return;
    }

    cf->conf_file->file.name.data = p;
    p = ngx_snprintf(p, len, "location \"%V\" of server \"%V\", %V%Z",
                     &clcf->name, &cscf->server_name, &conf->file);

    cf->conf_file->file.name.len = p - cf->conf_file->file.name.data - 1;
    cf->conf_file->line = conf->line;
}


void
ngx_cc_conf_place_leave(ngx_conf_t *cf, ngx_cc_conf_place_t *place)
{
    cf->conf_file->file.name = place->name;
    cf->conf_file->line = place->line;
}


char *
ngx_cc_conf_place_alone(ngx_conf_t *cf)
{
    ngx_cc_main_conf_t        *mcf;
    ngx_http_core_loc_conf_t  *clcf;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_cc_executor_module);
    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->handler && clcf->handler != mcf->handler) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"cc_executor on\" conflicts with a directive "
                           "that answers requests (\"proxy_pass\", "
                           "\"fastcgi_pass\", \"stub_status\", "
                           "\"cc_executor_status\", ...): a location has one");
        return NGX_CONF_ERROR;
    }

    if (!clcf->noname && ngx_cc_conf_place_returns(cf)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"return\" beside \"cc_executor on\" would answer "
                           "every request: put it into an \"if\", or into "
                           "another location");
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/*
 * The rewrite module keeps the compiled code of a location, one instruction
 * behind the other, in the first member of its struct.  Each begins with the
 * address of its function; an "if" says how long its body is.  The module may
 * be missing, the functions are the core's.
 */

static ngx_uint_t
ngx_cc_conf_place_returns(ngx_conf_t *cf)
{
    u_char                    *p, *last;
    ngx_uint_t                 i;
    ngx_array_t               *codes;
    ngx_http_script_if_code_t *code;

    for (i = 0; cf->cycle->modules[i]; i++) {
        if (ngx_strcmp(cf->cycle->modules[i]->name, "ngx_http_rewrite_module")
            == 0)
        {
            break;
        }
    }

    if (cf->cycle->modules[i] == NULL) {
        return 0;
    }

    codes = *(ngx_array_t **) ngx_http_conf_get_module_loc_conf(cf,
                                                   (*cf->cycle->modules[i]));

    if (codes == NULL || codes == NGX_CONF_UNSET_PTR) {
        return 0;
    }

    p = codes->elts;
    last = p + codes->nelts;

    while (p + sizeof(uintptr_t) <= last) {

        if (*(ngx_http_script_code_pt *) p == ngx_http_script_return_code) {
            return 1;
        }

        code = (ngx_http_script_if_code_t *) p;

        if (*(ngx_http_script_code_pt *) p == ngx_http_script_if_code
            && p + sizeof(*code) <= last && code->next > 0)
        {
            p += code->next;
            continue;
        }

        p += sizeof(uintptr_t);
    }

    return 0;
}


void
ngx_cc_conf_place_off(ngx_conf_t *cf, ngx_cc_loc_conf_t *conf)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    /* for locations inside of this one it may mean something */

    if (clcf->name.len == 0 || clcf->noname || clcf->lmt_excpt
        || clcf->locations)
    {
        return;
    }

    ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                       "\"cc_executor_allow\" in location \"%V\" without "
                       "\"cc_executor on\": it allows nothing there",
                       &clcf->name);
}
