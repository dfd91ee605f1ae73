
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_cc_access_conf.h"
#include "ngx_cc_access_token.h"


static ngx_cc_access_item_t *ngx_cc_access_conf_add(ngx_conf_t *cf,
    ngx_array_t **list);
static ngx_int_t ngx_cc_access_conf_names(ngx_conf_t *cf,
    ngx_array_t *names);
static ngx_uint_t ngx_cc_access_conf_basic(ngx_conf_t *cf);
static void *ngx_cc_access_conf_field(ngx_conf_t *cf, ngx_module_t *module,
    const char *directive);


ngx_conf_enum_t  ngx_cc_access_conf_remote[] = {
    { ngx_string("deny"), NGX_CC_ACCESS_DENY },
    { ngx_string("token"), NGX_CC_ACCESS_TOKEN },
    { ngx_string("trust"), NGX_CC_ACCESS_TRUST },
    { ngx_null_string, 0 }
};


void
ngx_cc_access_conf_create(ngx_cc_access_conf_t *conf)
{
    conf->allowed_hosts = NGX_CONF_UNSET_PTR;
    conf->allowed_origins = NGX_CONF_UNSET_PTR;
    conf->remote = NGX_CONF_UNSET_UINT;
    conf->commands = NGX_CONF_UNSET;
}


void
ngx_cc_access_conf_merge(ngx_cc_access_conf_t *conf,
    ngx_cc_access_conf_t *prev)
{
    ngx_conf_merge_ptr_value(conf->allowed_hosts, prev->allowed_hosts,
                             NGX_CONF_UNSET_PTR);
    ngx_conf_merge_ptr_value(conf->allowed_origins, prev->allowed_origins,
                             NGX_CONF_UNSET_PTR);
    ngx_conf_merge_uint_value(conf->remote, prev->remote, NGX_CC_ACCESS_DENY);
    ngx_conf_merge_str_value(conf->token_file, prev->token_file, "off");
    ngx_conf_merge_value(conf->commands, prev->commands, 0);
}


char *
ngx_cc_access_conf_compile(ngx_conf_t *cf, ngx_cc_access_conf_t *conf)
{
    char                  **name;
    ngx_uint_t              i, automatic;
    ngx_array_t             names;
    ngx_cc_access_item_t   *item;

    if (ngx_array_init(&names, cf->pool, 4, sizeof(char *)) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    automatic = 1;

    if (conf->allowed_hosts != NGX_CONF_UNSET_PTR) {
        automatic = 0;
        item = conf->allowed_hosts->elts;

        for (i = 0; i < conf->allowed_hosts->nelts; i++) {
            if (item[i].kind == NGX_CC_ACCESS_AUTO) {
                automatic = 1;
                continue;
            }

            name = ngx_array_push(&names);
            if (name == NULL) {
                return NGX_CONF_ERROR;
            }

            *name = item[i].value.host;
        }
    }

    if (automatic && ngx_cc_access_conf_names(cf, &names) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    conf->basic = ngx_cc_access_conf_basic(cf);
    conf->loopback = automatic;
    conf->hosts = names.elts;
    conf->nhosts = names.nelts;

    if (ngx_strcmp(conf->token_file.data, "off") != 0) {
        conf->tokens = ngx_cc_access_token_read(cf, &conf->token_file);

        if (conf->tokens == NULL) {
            return NGX_CONF_ERROR;
        }

    } else if (conf->remote == NGX_CC_ACCESS_TOKEN) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"cc_executor_remote token\" needs a "
                           "\"cc_executor_token_file\"");
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


ngx_uint_t
ngx_cc_access_conf_host(ngx_cc_access_conf_t *conf, const char *host)
{
    ngx_uint_t  i;

    for (i = 0; i < conf->nhosts; i++) {
        if (ngx_strcmp(conf->hosts[i], host) == 0) {
            return 1;
        }
    }

    return conf->loopback && ngx_cc_origin_loopback(host);
}


char *
ngx_cc_access_conf_hosts(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t              *value;
    ngx_uint_t              i;
    ngx_array_t           **list;
    ngx_cc_access_item_t   *item;

    list = (ngx_array_t **) ((char *) conf + cmd->offset);
    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {

        item = ngx_cc_access_conf_add(cf, list);
        if (item == NULL) {
            return NGX_CONF_ERROR;
        }

        if (ngx_strcmp(value[i].data, "auto") == 0) {
            item->kind = NGX_CC_ACCESS_AUTO;
            continue;
        }

        if (ngx_cc_origin_host(&item->value, value[i].data, value[i].len) != 0
            || item->value.port)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid host \"%V\" in \"cc_executor_allowed_"
                               "hosts\": it must be \"auto\", a name without "
                               "a port and without wildcards, or an address "
                               "(IPv6 in brackets)", &value[i]);
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


char *
ngx_cc_access_conf_origins(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t              *value;
    ngx_uint_t              i;
    ngx_array_t           **list;
    ngx_cc_access_item_t   *item;

    list = (ngx_array_t **) ((char *) conf + cmd->offset);
    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "none") == 0) {
        if (cf->args->nelts > 2 || *list != NGX_CONF_UNSET_PTR) {
            return "has \"none\" beside other origins";
        }

        *list = ngx_array_create(cf->pool, 1, sizeof(ngx_cc_access_item_t));

        return *list ? NGX_CONF_OK : NGX_CONF_ERROR;
    }

    if (*list != NGX_CONF_UNSET_PTR && (*list)->nelts == 0) {
        return "has \"none\" beside other origins";
    }

    for (i = 1; i < cf->args->nelts; i++) {

        item = ngx_cc_access_conf_add(cf, list);
        if (item == NULL) {
            return NGX_CONF_ERROR;
        }

        if (ngx_strcmp(value[i].data, "auto") == 0) {
            item->kind = NGX_CC_ACCESS_AUTO;

        } else if (ngx_strcmp(value[i].data, "null") == 0) {
            item->kind = NGX_CC_ACCESS_NULL;

        } else if (ngx_cc_origin_parse(&item->value, value[i].data,
                                       value[i].len)
                   != 0)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid origin \"%V\" in \"cc_executor_"
                               "allowed_origins\": it must be \"auto\", "
                               "\"none\", \"null\" or scheme://host[:port] "
                               "without a path and without wildcards",
                               &value[i]);
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


static ngx_cc_access_item_t *
ngx_cc_access_conf_add(ngx_conf_t *cf, ngx_array_t **list)
{
    ngx_cc_access_item_t  *item;

    if (*list == NGX_CONF_UNSET_PTR) {
        *list = ngx_array_create(cf->pool, 4, sizeof(ngx_cc_access_item_t));

        if (*list == NULL) {
            *list = NGX_CONF_UNSET_PTR;
            return NULL;
        }
    }

    item = ngx_array_push(*list);

    if (item) {
        ngx_memzero(item, sizeof(ngx_cc_access_item_t));
    }

    return item;
}


/*
 * The server's own names.  A wildcard, a regular expression or no name at all
 * would let anybody's name in, and adds nothing.
 */

static ngx_int_t
ngx_cc_access_conf_names(ngx_conf_t *cf, ngx_array_t *names)
{
    char                      **name;
    ngx_uint_t                  i;
    ngx_cc_origin_t            *origin;
    ngx_http_server_name_t     *sn;
    ngx_http_core_srv_conf_t   *cscf;

    cscf = ngx_http_conf_get_module_srv_conf(cf, ngx_http_core_module);
    sn = cscf->server_names.elts;

    for (i = 0; i < cscf->server_names.nelts; i++) {

#if (NGX_PCRE)
        if (sn[i].regex) {
            continue;
        }
#endif

        if (sn[i].name.len == 0 || sn[i].name.data[0] == '.') {
            continue;
        }

        origin = ngx_palloc(cf->pool, sizeof(ngx_cc_origin_t));
        if (origin == NULL) {
            return NGX_ERROR;
        }

        /* what is no host, a wildcard for one, is no error in server_name */

        if (ngx_cc_origin_host(origin, sn[i].name.data, sn[i].name.len) != 0
            || origin->port)
        {
            continue;
        }

        name = ngx_array_push(names);
        if (name == NULL) {
            return NGX_ERROR;
        }

        *name = origin->host;
    }

    return NGX_OK;
}


/*
 * Does auth_basic look at everybody who comes to this location?  Only then the
 * user's name is more than what a header says.  It does not with "off", without
 * a file of users, or where "satisfy any" lets other rules decide; and of a
 * realm with variables nobody knows.
 *
 * The module keeps its struct to itself; its table of directives is public, and
 * says where the values are and, by the setter, of which type.
 */

static ngx_uint_t
ngx_cc_access_conf_basic(ngx_conf_t *cf)
{
    void                      **realm, **file;
    ngx_uint_t                  i;
    ngx_module_t               *module;
    ngx_http_complex_value_t   *cv;
    ngx_http_core_loc_conf_t   *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->satisfy != NGX_HTTP_SATISFY_ALL) {
        return 0;
    }

    for (i = 0; cf->cycle->modules[i]; i++) {
        module = cf->cycle->modules[i];

        if (ngx_strcmp(module->name, "ngx_http_auth_basic_module") != 0) {
            continue;
        }

        realm = ngx_cc_access_conf_field(cf, module, "auth_basic");
        file = ngx_cc_access_conf_field(cf, module, "auth_basic_user_file");

        if (realm == NULL || *realm == NULL || *realm == NGX_CONF_UNSET_PTR
            || file == NULL || *file == NULL || *file == NGX_CONF_UNSET_PTR)
        {
            return 0;
        }

        cv = *realm;

        if (cv->lengths) {
            ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                               "the realm of \"auth_basic\" has variables: "
                               "the users of this location are not known as "
                               "owners");
            return 0;
        }

        return !(cv->value.len == 3
                 && ngx_strncmp(cv->value.data, "off", 3) == 0);
    }

    return 0;
}


/* where a directive's value is; NULL: not there, or not as it is known */

static void *
ngx_cc_access_conf_field(ngx_conf_t *cf, ngx_module_t *module,
    const char *directive)
{
    char                *conf;
    ngx_command_t       *cmd;
    ngx_http_conf_ctx_t *ctx;

    ctx = cf->ctx;
    conf = ctx->loc_conf[module->ctx_index];

    for (cmd = module->commands; conf && cmd->name.len; cmd++) {

        if (ngx_strcmp(cmd->name.data, directive) != 0) {
            continue;
        }

        /* a file's setter is the module's own */

        if (cmd->conf != NGX_HTTP_LOC_CONF_OFFSET
            || (ngx_strcmp(directive, "auth_basic") == 0
                && cmd->set != ngx_http_set_complex_value_slot))
        {
            return NULL;
        }

        return conf + cmd->offset;
    }

    return NULL;
}


ngx_uint_t
ngx_cc_access_conf_local(struct sockaddr *sa)
{
#if (NGX_HAVE_INET6)
    struct in6_addr  *in6;
#endif

    switch (sa->sa_family) {

#if (NGX_HAVE_UNIX_DOMAIN)
    case AF_UNIX:
        return 1;
#endif

#if (NGX_HAVE_INET6)
    case AF_INET6:
        in6 = &((struct sockaddr_in6 *) sa)->sin6_addr;

        return IN6_IS_ADDR_LOOPBACK(in6)
               || (IN6_IS_ADDR_V4MAPPED(in6) && in6->s6_addr[12] == 127);
#endif

    case AF_INET:
        return (ntohl(((struct sockaddr_in *) sa)->sin_addr.s_addr) >> 24)
               == 127;

    default:
        return 0;
    }
}


ngx_str_t *
ngx_cc_access_conf_reach(ngx_conf_t *cf)
{
    ngx_uint_t                  p, a, s;
    ngx_http_conf_port_t       *port;
    ngx_http_conf_addr_t       *addr;
    ngx_http_core_srv_conf_t   *cscf, **server;
    ngx_http_core_main_conf_t  *cmcf;

    cscf = ngx_http_conf_get_module_srv_conf(cf, ngx_http_core_module);
    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    port = cmcf->ports ? cmcf->ports->elts : NULL;

    for (p = 0; port && p < cmcf->ports->nelts; p++) {
        addr = port[p].addrs.elts;

        for (a = 0; a < port[p].addrs.nelts; a++) {
            server = addr[a].servers.elts;

            for (s = 0; s < addr[a].servers.nelts; s++) {

                if (server[s] == cscf
                    && !ngx_cc_access_conf_local(addr[a].opt.sockaddr))
                {
                    return &addr[a].opt.addr_text;
                }
            }
        }
    }

    return NULL;
}
