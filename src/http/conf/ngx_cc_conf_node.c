
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_cc_conf_node.h"
#include "ngx_cc_token.h"


static char *ngx_cc_conf_node_wrong(ngx_conf_t *cf, const char *directive,
    ngx_str_t *name);
static void ngx_cc_conf_node_tokens(ngx_cc_loc_conf_t *conf);


char *
ngx_cc_conf_node(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t           *value;
    ngx_cc_main_conf_t  *mcf = conf;

    if (mcf->node.len) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (!ngx_cc_node_valid(value[1].data, value[1].len)) {
        return ngx_cc_conf_node_wrong(cf, "cc_executor_node", &value[1]);
    }

    mcf->node = value[1];

    return NGX_CONF_OK;
}


char *
ngx_cc_conf_node_peer(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t           *value;
    ngx_uint_t           i;
    ngx_cc_loc_conf_t   *lcf = conf;
    ngx_cc_node_peer_t  *peer;

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "*") != 0
        && !ngx_cc_node_valid(value[1].data, value[1].len))
    {
        return ngx_cc_conf_node_wrong(cf, "cc_executor_peer", &value[1]);
    }

    if (value[2].len < 2 || value[2].data[0] != '@') {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"cc_executor_peer\" takes the name of a location "
                           "that begins with \"@\", not \"%V\"", &value[2]);
        return NGX_CONF_ERROR;
    }

    if (lcf->peers == NGX_CONF_UNSET_PTR) {
        lcf->peers = ngx_array_create(cf->pool, 4, sizeof(ngx_cc_node_peer_t));

        if (lcf->peers == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    peer = lcf->peers->elts;

    for (i = 0; i < lcf->peers->nelts; i++) {
        if (ngx_strcmp(peer[i].node.data, value[1].data) == 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"cc_executor_peer\" has \"%V\" twice",
                               &value[1]);
            return NGX_CONF_ERROR;
        }
    }

    peer = ngx_array_push(lcf->peers);

    if (peer == NULL) {
        return NGX_CONF_ERROR;
    }

    peer->node = value[1];
    peer->location = value[2];

    return NGX_CONF_OK;
}


static char *
ngx_cc_conf_node_wrong(ngx_conf_t *cf, const char *directive, ngx_str_t *name)
{
    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "\"%s\": the name of a node has 1 to %d of a-z, 0-9 "
                       "and \"-\", not as in \"%V\"", directive,
                       NGX_CC_NODE_NAME, name);
    return NGX_CONF_ERROR;
}


char *
ngx_cc_conf_node_compile(ngx_conf_t *cf, ngx_cc_main_conf_t *mcf,
    ngx_cc_loc_conf_t *conf)
{
    const char  *needs;

    if (conf->access.tokens) {
        ngx_cc_conf_node_tokens(conf);
    }

    if (conf->peers == NULL) {
        return NGX_CONF_OK;
    }

    if (mcf->node.len == 0) {
        needs = "cc_executor_node\": the name of this node";

    } else if (conf->access.tokens == NULL) {
        needs = "cc_executor_token_file\": an address is no owner that other "
                "nodes know";

    } else if (conf->realm.len == 0) {
        needs = "cc_executor_realm\": else owners are different ones at each "
                "node";

    } else if (mcf->secret.len == 0 && mcf->session_key.len == 0) {
        needs = "cc_executor_secret\", the same at all nodes: else none knows "
                "the sessions of another";

    } else {
        conf->spec.peers = conf->peers;
        return NGX_CONF_OK;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "\"cc_executor_peer\" needs \"%s", needs);

    return NGX_CONF_ERROR;
}


/* the same names and secrets in the same order: the same owners */

static void
ngx_cc_conf_node_tokens(ngx_cc_loc_conf_t *conf)
{
    ngx_uint_t        i;
    ngx_cc_token_t   *token;
    ngx_cc_sha256_t   sha;

    token = conf->access.tokens->elts;

    ngx_cc_sha256_init(&sha);

    for (i = 0; i < conf->access.tokens->nelts; i++) {
        ngx_cc_sha256_update(&sha, token[i].name,
                             ngx_strlen(token[i].name) + 1);
        ngx_cc_sha256_update(&sha, token[i].digest, NGX_CC_SHA256_SIZE);
    }

    ngx_cc_sha256_final(&sha, conf->tokens);
}
