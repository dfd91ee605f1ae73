
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_cc_conf_observe.h"
#include "ngx_cc_token.h"


static ngx_int_t ngx_cc_conf_observe_add(ngx_conf_t *cf,
    ngx_array_t *observers, ngx_str_t *value);
static ngx_int_t ngx_cc_conf_observe_owners(ngx_conf_t *cf,
    ngx_cc_main_conf_t *mcf, ngx_cc_loc_conf_t *conf);
static void ngx_cc_conf_observe_tokens(ngx_conf_t *cf,
    ngx_cc_loc_conf_t *conf);


char *
ngx_cc_conf_observe(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_cc_loc_conf_t  *lcf = conf;

    ngx_str_t    *value;
    ngx_uint_t    i;

    if (lcf->observers != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    lcf->observers = ngx_array_create(cf->pool, 2,
                                      sizeof(ngx_cc_conf_observer_t));
    if (lcf->observers == NULL) {
        return NGX_CONF_ERROR;
    }

    value = cf->args->elts;

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "none") == 0) {
        return NGX_CONF_OK;
    }

    for (i = 1; i < cf->args->nelts; i++) {
        if (ngx_cc_conf_observe_add(cf, lcf->observers, &value[i]) != NGX_OK) {
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


/* name[:signal] */

static ngx_int_t
ngx_cc_conf_observe_add(ngx_conf_t *cf, ngx_array_t *observers,
    ngx_str_t *value)
{
    u_char                  *colon;
    ngx_uint_t               i;
    ngx_cc_conf_observer_t  *other, item;

    item.name = *value;
    item.signal = 0;

    /* the name of a token has none */

    colon = ngx_strlchr(value->data, value->data + value->len, ':');

    if (colon) {
        item.name.len = colon - value->data;
        item.signal = 1;
    }

    if (item.name.len == 0 || (colon && ngx_strcmp(colon, ":signal") != 0)
        || ngx_strcmp(value->data, "none") == 0)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"cc_executor_observe\" must be \"none\", or names "
                           "of tokens, each with \":signal\" behind it or "
                           "nothing, it has \"%V\"", value);
        return NGX_ERROR;
    }

    other = observers->elts;

    for (i = 0; i < observers->nelts; i++) {
        if (other[i].name.len == item.name.len
            && ngx_memcmp(other[i].name.data, item.name.data, item.name.len)
               == 0)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"cc_executor_observe\" has \"%V\" twice",
                               &item.name);
            return NGX_ERROR;
        }
    }

    other = ngx_array_push(observers);

    if (other == NULL) {
        return NGX_ERROR;
    }

    *other = item;

    return NGX_OK;
}


char *
ngx_cc_conf_observe_compile(ngx_conf_t *cf, ngx_cc_main_conf_t *mcf,
    ngx_cc_loc_conf_t *conf)
{
    ngx_str_t                   nobody = ngx_null_string;
    ngx_cc_observe_location_t  *location;

    ngx_cc_identity_owner(&conf->identity, &conf->realm, &nobody,
                          conf->spec.command.keep.realm);

    location = ngx_array_push(&mcf->realms);

    if (location == NULL) {
        return NGX_CONF_ERROR;
    }

    location->realm = conf->spec.command.keep.realm;
    location->index = &conf->spec.command.slots;

    if (conf->observers == NULL || conf->observers->nelts == 0) {
        return NGX_CONF_OK;
    }

    if (conf->access.tokens == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"cc_executor_observe\" needs a "
                           "\"cc_executor_token_file\"");
        return NGX_CONF_ERROR;
    }

    conf->spec.command.keep.observed = 1;

    ngx_cc_conf_observe_tokens(cf, conf);

    return ngx_cc_conf_observe_owners(cf, mcf, conf) == NGX_OK
           ? NGX_CONF_OK : NGX_CONF_ERROR;
}


/*
 * Who was taken out of the file of tokens is gone by that: it is no reason to
 * refuse the configuration, and so to go on with the old file.
 */

static void
ngx_cc_conf_observe_tokens(ngx_conf_t *cf, ngx_cc_loc_conf_t *conf)
{
    ngx_uint_t               i, k;
    ngx_cc_token_t          *token;
    ngx_cc_conf_observer_t  *observer;

    token = conf->access.tokens->elts;
    observer = conf->observers->elts;

    for (i = 0; i < conf->observers->nelts; i++) {

        for (k = 0; k < conf->access.tokens->nelts; k++) {
            if (ngx_strlen(token[k].name) == observer[i].name.len
                && ngx_memcmp(token[k].name, observer[i].name.data,
                              observer[i].name.len)
                   == 0)
            {
                break;
            }
        }

        if (k == conf->access.tokens->nelts) {
            ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                               "\"cc_executor_observe\": there is no \"%V\" in "
                               "\"cc_executor_token_file\" %V",
                               &observer[i].name, &conf->access.token_file);
        }
    }
}


/* how the owners are called that have a token here */

static ngx_int_t
ngx_cc_conf_observe_owners(ngx_conf_t *cf, ngx_cc_main_conf_t *mcf,
    ngx_cc_loc_conf_t *conf)
{
    size_t                   len;
    ngx_uint_t               i;
    ngx_cc_token_t          *token;
    ngx_cc_observe_t        *observe;
    ngx_cc_observe_owner_t  *owner;

    observe = ngx_palloc(cf->pool, sizeof(ngx_cc_observe_t));

    if (observe == NULL) {
        return NGX_ERROR;
    }

    token = conf->access.tokens->elts;

    observe->realm = conf->spec.command.keep.realm;
    observe->locations = &mcf->realms;
    observe->owners = ngx_array_create(cf->pool,
                                       conf->access.tokens->nelts + 1,
                                       sizeof(ngx_cc_observe_owner_t));

    if (observe->owners == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < conf->access.tokens->nelts; i++) {
        owner = ngx_array_push(observe->owners);

        if (owner == NULL) {
            return NGX_ERROR;
        }

        len = sizeof("token:") - 1 + ngx_strlen(token[i].name);
        owner->name.data = ngx_pnalloc(cf->pool, len);
        owner->name.len = len;

        if (owner->name.data == NULL) {
            return NGX_ERROR;
        }

        (void) ngx_snprintf(owner->name.data, len, "token:%s", token[i].name);
        ngx_cc_identity_owner(&conf->identity, &conf->realm, &owner->name,
                              owner->digest);
    }

    conf->observe = observe;

    return NGX_OK;
}


ngx_cc_conf_observer_t *
ngx_cc_conf_observe_find(ngx_cc_loc_conf_t *conf, const ngx_str_t *name)
{
    ngx_uint_t               i;
    ngx_cc_conf_observer_t  *observer;

    if (conf->observe == NULL) {
        return NULL;
    }

    observer = conf->observers->elts;

    for (i = 0; i < conf->observers->nelts; i++) {
        if (observer[i].name.len == name->len
            && ngx_memcmp(observer[i].name.data, name->data, name->len) == 0)
        {
            return &observer[i];
        }
    }

    return NULL;
}
