
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_cc_conf_files.h"
#include "ngx_cc_conf_report.h"
#include "ngx_cc_conf_service.h"
#include "ngx_cc_conf_user.h"
#include "ngx_cc_fence.h"
#include "ngx_cc_seccomp.h"
#include "ngx_cc_version.h"


static void ngx_cc_conf_report_reach(ngx_conf_t *cf, ngx_cc_loc_conf_t *conf);
static ngx_str_t *ngx_cc_conf_report_remote(ngx_cc_loc_conf_t *conf);


char *
ngx_cc_conf_report_add(ngx_conf_t *cf, ngx_cc_main_conf_t *mcf,
    ngx_cc_loc_conf_t *conf)
{
    ngx_cc_conf_location_t    *location;
    ngx_http_core_loc_conf_t  *clcf;
    ngx_http_core_srv_conf_t  *cscf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->noname || clcf->lmt_excpt) {
        /* the location around it is reported */
        return NGX_CONF_OK;
    }

    cscf = ngx_http_conf_get_module_srv_conf(cf, ngx_http_core_module);

    location = ngx_array_push(&mcf->locations);
    if (location == NULL) {
        return NGX_CONF_ERROR;
    }

    location->server = cscf->server_name;
    location->name = clcf->name;
    location->conf = conf;

    if (conf->spec.policy.any && conf->access.remote != NGX_CC_ACCESS_DENY)
    {
        ngx_cc_conf_report_reach(cf, conf);
    }

    return NGX_CONF_OK;
}


/* every program, for every client that can reach this server: on purpose? */

static void
ngx_cc_conf_report_reach(ngx_conf_t *cf, ngx_cc_loc_conf_t *conf)
{
    ngx_str_t  *listen;

    listen = ngx_cc_access_conf_reach(cf);

    if (listen) {
        ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                           "\"cc_executor_allow any\" in a location that "
                           "other machines can reach (listen %V, "
                           "cc_executor_remote %V): whoever gets in runs any "
                           "program",
                           listen, ngx_cc_conf_report_remote(conf));
    }
}


/* as it is written in the configuration */

static ngx_str_t *
ngx_cc_conf_report_remote(ngx_cc_loc_conf_t *conf)
{
    ngx_conf_enum_t  *e;

    e = ngx_cc_access_conf_remote;

    while (e->value != conf->access.remote) {
        e++;
    }

    return &e->name;
}


ngx_int_t
ngx_cc_conf_report_check(ngx_cycle_t *cycle, ngx_cc_main_conf_t *mcf)
{
    ngx_uid_t                user;
    ngx_uint_t               i, told;
    ngx_cc_loc_conf_t       *conf;
    ngx_cc_conf_location_t  *location;

    user = ngx_cc_conf_user(cycle);
    told = 0;

    location = mcf->locations.elts;

    for (i = 0; i < mcf->locations.nelts; i++) {
        conf = location[i].conf;

        if (user == 0 && !conf->allow_root && !ngx_cc_conf_service_is(mcf))
        {
            ngx_log_error(NGX_LOG_EMERG, cycle->log, 0,
                          "the commands of location \"%V\" would run as root: "
                          "give nginx a \"user\", or set "
                          "\"cc_executor_allow_root on\"", &location[i].name);

            if (ngx_is_init_cycle(cycle->old_cycle)) {
                return NGX_ERROR;
            }

            /* a reload must not fail here: it would end nginx */

            ngx_memzero(&conf->spec.policy, sizeof(ngx_cc_policy_t));
            conf->spec.shell = NULL;
        }

        ngx_cc_conf_files_check(cycle, &location[i]);

        if (conf->confine.mode != NGX_CC_CONF_FENCE_OFF
            && conf->spec.command.confine.fence == 0 && !told)
        {
            told = 1;
            ngx_log_error(NGX_LOG_WARN, cycle->log, 0,
                          "cc_executor: commands have no fence: it needs "
                          "version %d of Landlock (Linux 5.19), there is %d; "
                          "a command can read the memory of the workers and "
                          "end them",
                          NGX_CC_FENCE_MIN, ngx_cc_fence_abi());
        }
    }

    return NGX_OK;
}


void
ngx_cc_conf_report_tell(ngx_cycle_t *cycle, ngx_cc_main_conf_t *mcf)
{
    u_char                   allow[NGX_INT_T_LEN + 1];
    ngx_uint_t               i;
    ngx_cc_loc_conf_t       *conf;
    ngx_cc_spec_conf_t      *spec;
    ngx_cc_conf_location_t  *location;

    location = mcf->locations.elts;

    for (i = 0; i < mcf->locations.nelts; i++) {
        conf = location[i].conf;
        spec = &conf->spec;

        (void) ngx_snprintf(allow, sizeof(allow), "%uz%Z",
                            spec->policy.nrules);

        ngx_log_error(NGX_LOG_NOTICE, cycle->log, 0,
                      "cc_executor: location \"%V\" of \"%V\": fence=%s nnp=on "
                      "seccomp=%s shell=%s allow=%s remote=%V",
                      &location[i].name, &location[i].server,
                      ngx_cc_conf_confine_text(&spec->command.confine),
                      ngx_cc_seccomp_set(&spec->command.confine)
                      ? "on" : "off",
                      spec->shell ? spec->shell : "off",
                      spec->policy.any ? (u_char *) "any" : allow,
                      ngx_cc_conf_report_remote(conf));
    }
}


/* dlopen() gives the one that is loaded, whatever has its name now */

void
ngx_cc_conf_report_build(ngx_cycle_t *cycle, ngx_cc_main_conf_t *mcf)
{
    ngx_cc_build_look(&mcf->build);

    ngx_log_error(NGX_LOG_NOTICE, cycle->log, 0,
                  "cc_executor: version %s, build %s", NGX_CC_VERSION,
                  mcf->build.loaded[0] ? mcf->build.loaded : "unknown");

    if (ngx_cc_build_replaced(&mcf->build)) {
        ngx_log_error(NGX_LOG_WARN, cycle->log, 0,
                      "cc_executor: build %s is installed, but nginx goes on "
                      "with build %s: a new binary (USR2, \"service nginx "
                      "upgrade\") or a restart loads it, a reload does not",
                      mcf->build.installed, mcf->build.loaded);
    }
}
