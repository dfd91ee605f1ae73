
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_cc_conf.h"
#include "ngx_cc_conf_user.h"


#define NGX_CC_CONF_USER_GROUPS  256


static const ngx_cc_trust_who_t *ngx_cc_conf_user_commands(
    ngx_cycle_t *cycle);
static ngx_cc_trust_who_t *ngx_cc_conf_user_known(
    const ngx_cc_pools_conf_t *conf, ngx_uint_t user);
static void ngx_cc_conf_user_groups(ngx_cc_trust_who_t *who, gid_t *groups,
    const char *name, gid_t group);


ngx_uid_t
ngx_cc_conf_user(ngx_cycle_t *cycle)
{
    ngx_core_conf_t  *ccf;
    struct passwd    *pwd;

    ccf = (ngx_core_conf_t *) ngx_get_conf(cycle->conf_ctx, ngx_core_module);

    if (geteuid() != 0 || ccf->master == 0) {
        return geteuid();
    }

    if (ccf->user != (ngx_uid_t) NGX_CONF_UNSET_UINT) {
        return ccf->user;
    }

    pwd = getpwnam(NGX_USER);

    return pwd ? pwd->pw_uid : 0;
}


const ngx_cc_trust_who_t *
ngx_cc_conf_user_who(ngx_cycle_t *cycle)
{
    gid_t        group;
    const char  *name;

    static gid_t               groups[NGX_CC_CONF_USER_GROUPS];
    static ngx_cc_trust_who_t  who;

    who.uid = ngx_cc_conf_user(cycle);

    if (geteuid() != 0 || who.uid == 0) {
        return NULL;
    }

    name = ngx_cc_conf_user_name(cycle, &group);

    ngx_cc_conf_user_groups(&who, groups, name, group);
    who.next = ngx_cc_conf_user_commands(cycle);

    return &who;
}


/* those of an executor service that this machine knows */

static const ngx_cc_trust_who_t *
ngx_cc_conf_user_commands(ngx_cycle_t *cycle)
{
    ngx_uint_t                 i;
    ngx_cc_trust_who_t        *who;
    ngx_cc_main_conf_t        *mcf;
    const ngx_cc_trust_who_t  *next;

    mcf = ngx_http_cycle_get_module_main_conf(cycle,
                                              ngx_cc_executor_module);
    next = NULL;

    for (i = mcf ? mcf->pool.nusers : 0; i-- > 0; ) {
        who = ngx_cc_conf_user_known(&mcf->pool, i);

        if (who) {
            who->next = next;
            next = who;
        }
    }

    return next;
}


const ngx_cc_trust_who_t *
ngx_cc_conf_user_of(const ngx_cc_pools_conf_t *conf, ngx_uint_t user)
{
    ngx_cc_trust_who_t  *who;

    who = ngx_cc_conf_user_known(conf, user);

    if (who) {
        who->next = NULL;
    }

    return who;
}


void
ngx_cc_conf_user_know(const ngx_cc_pools_conf_t *conf)
{
    ngx_uint_t           i;
    ngx_cc_trust_who_t  *who;

    for (i = 0; i < conf->nusers; i++) {
        who = ngx_cc_conf_user_known(conf, i);

        if (who) {
            ngx_cc_pools_know(who->uid);
        }
    }
}


static ngx_cc_trust_who_t *
ngx_cc_conf_user_known(const ngx_cc_pools_conf_t *conf, ngx_uint_t user)
{
    const char     *name;
    struct passwd  *pwd;

    static gid_t               groups[NGX_CC_POOLS_USERS]
                                     [NGX_CC_CONF_USER_GROUPS];
    static ngx_cc_trust_who_t  who[NGX_CC_POOLS_USERS];

    name = conf->user[user].name;
    pwd = name ? getpwnam(name) : NULL;

    if (pwd == NULL) {
        return NULL;
    }

    who[user].uid = pwd->pw_uid;
    ngx_cc_conf_user_groups(&who[user], groups[user], name, pwd->pw_gid);

    return &who[user];
}


/* what initgroups() reads, too; more groups are cut */

static void
ngx_cc_conf_user_groups(ngx_cc_trust_who_t *who, gid_t *groups,
    const char *name, gid_t group)
{
    groups[0] = group;
    who->groups = groups;
    who->ngroups = NGX_CC_CONF_USER_GROUPS;

    if (name == NULL || getgrouplist(name, group, groups, &who->ngroups) < 0) {
        who->ngroups = name ? NGX_CC_CONF_USER_GROUPS : 1;
    }
}


const char *
ngx_cc_conf_user_name(ngx_cycle_t *cycle, gid_t *group)
{
    ngx_core_conf_t  *ccf;
    struct passwd    *pwd;

    ccf = (ngx_core_conf_t *) ngx_get_conf(cycle->conf_ctx, ngx_core_module);

    if (ccf->user != (ngx_uid_t) NGX_CONF_UNSET_UINT) {
        *group = ccf->group;
        return ccf->username;
    }

    pwd = getpwnam(NGX_USER);
    *group = pwd ? pwd->pw_gid : 0;

    return pwd ? NGX_USER : NULL;
}
