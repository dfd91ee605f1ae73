
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_cc_header.h"


static ngx_uint_t ngx_cc_header_is(ngx_table_elt_t *h, ngx_str_t *name);


ngx_uint_t
ngx_cc_header(ngx_http_request_t *r, ngx_str_t *name, ngx_table_elt_t **first)
{
    ngx_uint_t        i, n;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    n = 0;

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {
            if (ngx_cc_header_is(&h[i], name) && n++ == 0) {
                *first = &h[i];
            }
        }
    }

    return n;
}


void
ngx_cc_header_begin(ngx_http_request_t *r, ngx_cc_header_iter_t *it)
{
    it->part = &r->headers_in.headers.part;
    it->i = 0;
    it->pos = NULL;
}


ngx_uint_t
ngx_cc_header_item(ngx_cc_header_iter_t *it, ngx_str_t *name, ngx_str_t *item)
{
    u_char           *p, *last;
    ngx_table_elt_t  *h;

    while (it->part) {

        if (it->i == it->part->nelts) {
            it->part = it->part->next;
            it->i = 0;
            continue;
        }

        h = (ngx_table_elt_t *) it->part->elts + it->i;

        if (!ngx_cc_header_is(h, name)) {
            it->i++;
            continue;
        }

        p = it->pos ? it->pos : h->value.data;
        last = h->value.data + h->value.len;

        while (p < last && (*p == ' ' || *p == '\t' || *p == ',')) {
            p++;
        }

        if (p == last) {
            it->pos = NULL;
            it->i++;
            continue;
        }

        item->data = p;

        while (p < last && *p != ',') {
            p++;
        }

        it->pos = p;

        while (p[-1] == ' ' || p[-1] == '\t') {
            p--;
        }

        item->len = p - item->data;

        return 1;
    }

    return 0;
}


ngx_uint_t
ngx_cc_header_has(ngx_http_request_t *r, ngx_str_t *name, ngx_str_t *token)
{
    ngx_str_t             item;
    ngx_cc_header_iter_t  it;

    ngx_cc_header_begin(r, &it);

    while (ngx_cc_header_item(&it, name, &item)) {
        if (item.len == token->len
            && ngx_strncasecmp(item.data, token->data, token->len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


ngx_uint_t
ngx_cc_header_media(ngx_str_t *item, const char *type)
{
    size_t  n;

    n = ngx_strlen(type);

    return item->len >= n
           && ngx_strncasecmp(item->data, (u_char *) type, n) == 0
           && (item->len == n || item->data[n] == ';'
               || item->data[n] == ' ' || item->data[n] == '\t');
}


ngx_str_t
ngx_cc_header_print(u_char *buf, ngx_str_t *text)
{
    u_char     *p, *last;
    size_t      i;
    ngx_str_t   printed;

    p = buf;
    last = buf + NGX_CC_HEADER_PRINT - sizeof("\\xHH...") + 1;

    for (i = 0; i < text->len; i++) {

        if (p > last) {
            p = ngx_cpymem(p, "...", 3);
            break;
        }

        if (text->data[i] < 0x20 || text->data[i] > 0x7e
            || text->data[i] == '"' || text->data[i] == '\\')
        {
            p = ngx_slprintf(p, buf + NGX_CC_HEADER_PRINT, "\\x%02Xd",
                             (ngx_int_t) text->data[i]);

        } else {
            *p++ = text->data[i];
        }
    }

    printed.data = buf;
    printed.len = p - buf;

    return printed;
}


static ngx_uint_t
ngx_cc_header_is(ngx_table_elt_t *h, ngx_str_t *name)
{
    return h->key.len == name->len
           && ngx_strncasecmp(h->key.data, name->data, name->len) == 0;
}
