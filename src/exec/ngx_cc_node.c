
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_node.h"


/* of this process: the text belongs to the configuration */

static ngx_str_t  ngx_cc_node;


void
ngx_cc_node_init(const ngx_str_t *name)
{
    ngx_cc_node = *name;
}


const ngx_str_t *
ngx_cc_node_name(void)
{
    return &ngx_cc_node;
}


ngx_uint_t
ngx_cc_node_valid(const u_char *p, size_t n)
{
    size_t  i;

    if (n == 0 || n > NGX_CC_NODE_NAME) {
        return 0;
    }

    for (i = 0; i < n; i++) {
        if (!((p[i] >= 'a' && p[i] <= 'z') || (p[i] >= '0' && p[i] <= '9')
              || p[i] == '-'))
        {
            return 0;
        }
    }

    return 1;
}


u_char *
ngx_cc_node_prefix(u_char *p)
{
    if (ngx_cc_node.len) {
        p = ngx_cpymem(p, ngx_cc_node.data, ngx_cc_node.len);
        *p++ = '.';
    }

    return p;
}


ngx_uint_t
ngx_cc_node_split(const ngx_str_t *text, ngx_str_t *node, ngx_str_t *rest)
{
    size_t  n;

    for (n = 0; n < text->len && text->data[n] != '.'; n++) { /* void */ }

    *rest = *text;
    node->data = text->data;
    node->len = 0;

    if (n == text->len || !ngx_cc_node_valid(text->data, n)) {
        return 0;
    }

    node->len = n;
    rest->data += n + 1;
    rest->len -= n + 1;

    return ngx_cc_node.len
           && (ngx_cc_node.len != n
               || ngx_memcmp(ngx_cc_node.data, node->data, n) != 0);
}


ngx_int_t
ngx_cc_node_handle(const ngx_str_t *text, ngx_cc_handle_t *handle,
    ngx_str_t *node)
{
    ngx_str_t   rest;
    ngx_uint_t  foreign;

    foreign = ngx_cc_node_split(text, node, &rest);

    if (ngx_cc_handle_parse((char *) rest.data, rest.len, handle) != 0) {
        node->len = 0;
        return NGX_DECLINED;
    }

    return foreign ? NGX_BUSY : NGX_OK;
}


const ngx_cc_node_peer_t *
ngx_cc_node_peer(const ngx_array_t *peers, const ngx_str_t *node)
{
    ngx_uint_t                 i;
    const ngx_cc_node_peer_t  *peer, *any;

    if (peers == NULL) {
        return NULL;
    }

    any = NULL;
    peer = peers->elts;

    for (i = 0; i < peers->nelts; i++) {

        if (peer[i].node.len == node->len
            && ngx_memcmp(peer[i].node.data, node->data, node->len) == 0)
        {
            return &peer[i];
        }

        if (peer[i].node.len == 1 && peer[i].node.data[0] == '*') {
            any = &peer[i];
        }
    }

    return any;
}
