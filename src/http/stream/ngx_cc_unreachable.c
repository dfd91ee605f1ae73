
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_cc_forward.h"
#include "ngx_cc_message.h"
#include "ngx_cc_unreachable.h"


#define NGX_CC_UNREACHABLE_TEXT  256     /* and twice the name of a node */


static ngx_int_t ngx_cc_unreachable_handler(ngx_http_request_t *r);
static ngx_uint_t ngx_cc_unreachable_unsent(ngx_http_request_t *r);
static ngx_int_t ngx_cc_unreachable_answer(ngx_http_request_t *r,
    ngx_str_t *node, const char *why);


char *
ngx_cc_unreachable_directive(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (!clcf->named) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"cc_executor_unreachable\" belongs into a "
                           "location whose name begins with \"@\", which "
                           "\"error_page 502 504 = @name\" leads to");
        return NGX_CONF_ERROR;
    }

    if (clcf->handler) {
        return "cannot share a location with another handler "
               "(\"cc_executor\", \"proxy_pass\", ...)";
    }

    clcf->handler = ngx_cc_unreachable_handler;

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_cc_unreachable_handler(ngx_http_request_t *r)
{
    ngx_uint_t         unsent;
    ngx_cc_forward_t  *fw;

    fw = ngx_cc_forward_find(r);

    if (fw == NULL || fw->back) {
        /* whoever led here, it is none of ours */
        return NGX_HTTP_NOT_FOUND;
    }

    unsent = ngx_cc_unreachable_unsent(r);

    if (unsent && fw->anywhere) {
        return ngx_cc_forward_back(r, fw);
    }

    return ngx_cc_unreachable_answer(r, &fw->node, unsent
                                     ? "cannot be reached"
                                     : "has not answered: what it was asked "
                                       "for may have been done");
}


/*
 * Is it certain that nobody got anything of the request?  What a connection was
 * given counts as sent, whether or not it arrived; a request that was begun to
 * be written does, even if the socket took nothing of it.
 */

static ngx_uint_t
ngx_cc_unreachable_unsent(ngx_http_request_t *r)
{
    ngx_uint_t                 i;
    ngx_http_upstream_state_t  *state;

    if (r->upstream == NULL || r->upstream->request_sent) {
        return 0;
    }

    /* a name that is not found has led to nobody */

    if (r->upstream_states == NULL) {
        return 1;
    }

    state = r->upstream_states->elts;

    for (i = 0; i < r->upstream_states->nelts; i++) {
        if (state[i].bytes_sent) {
            return 0;
        }
    }

    return 1;
}


static ngx_int_t
ngx_cc_unreachable_answer(ngx_http_request_t *r, ngx_str_t *node,
    const char *why)
{
    size_t                    size;
    ngx_str_t                 type = ngx_string("application/json");
    ngx_http_complex_value_t  cv;

    ngx_memzero(&cv, sizeof(ngx_http_complex_value_t));
    size = NGX_CC_UNREACHABLE_TEXT + 2 * node->len;
    cv.value.data = ngx_pnalloc(r->pool, size);

    if (cv.value.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* names of nodes need no escapes */

    cv.value.len = ngx_snprintf(cv.value.data, size,
                                "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":"
                                "{\"code\":%d,\"message\":\"the node %V %s\","
                                "\"data\":{\"node\":\"%V\"}}}",
                                NGX_CC_ERROR_INTERNAL, node, why, node)
                   - cv.value.data;

    return ngx_http_send_response(r, NGX_HTTP_BAD_GATEWAY, &type, &cv);
}
