
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_cc_conf.h"
#include "ngx_cc_json_write.h"
#include "ngx_cc_message.h"
#include "ngx_cc_problem.h"


typedef struct {
    void       *location;        /* where it was refused; compared only */
    ngx_uint_t  status;
    ngx_int_t   code;
    ngx_str_t   text;
} ngx_cc_problem_t;


static ngx_int_t ngx_cc_problem_filter(ngx_http_request_t *r);
static ngx_int_t ngx_cc_problem_send(ngx_http_request_t *r, ngx_str_t *body);
static ngx_int_t ngx_cc_problem_body(ngx_http_request_t *r, ngx_str_t *body);
static ngx_cc_problem_t *ngx_cc_problem_known(ngx_http_request_t *r);
static void ngx_cc_problem_status(ngx_cc_problem_t *problem,
    ngx_uint_t status);
static void ngx_cc_problem_cleanup(void *data);


static ngx_http_output_header_filter_pt  ngx_cc_problem_next;


/* of those who refuse without a word */

static struct {
    ngx_uint_t   status;
    ngx_int_t    code;
    ngx_str_t    text;
} ngx_cc_problems[] = {
    { NGX_HTTP_UNAUTHORIZED, NGX_CC_ERROR_REQUEST,
      ngx_string("who are you?  WWW-Authenticate says what is asked for") },
    { NGX_HTTP_FORBIDDEN, NGX_CC_ERROR_REQUEST,
      ngx_string("access is denied by the server's configuration") },
    { NGX_HTTP_REQUEST_ENTITY_TOO_LARGE, NGX_CC_ERROR_REQUEST,
      ngx_string("the message is longer than client_max_body_size") },
    { NGX_HTTP_TOO_MANY_REQUESTS, NGX_CC_ERROR_LIMIT,
      ngx_string("too many requests, try again later") },
    { NGX_HTTP_SERVICE_UNAVAILABLE, NGX_CC_ERROR_LIMIT,
      ngx_string("the server limits requests or connections, try again "
                 "later") }
};


/*
 * The chain is made anew with every configuration; a module that nginx was
 * built with comes before the filters, so its postconfiguration is too early.
 */

void
ngx_cc_problem_init(void)
{
    if (ngx_http_top_header_filter != ngx_cc_problem_filter) {
        ngx_cc_problem_next = ngx_http_top_header_filter;
        ngx_http_top_header_filter = ngx_cc_problem_filter;
    }
}


/* the chain begins with what stood behind it: then it cannot be in it */

void
ngx_cc_problem_again(void)
{
    if (ngx_http_top_header_filter == ngx_cc_problem_next) {
        ngx_http_top_header_filter = ngx_cc_problem_filter;
    }
}


ngx_int_t
ngx_cc_problem(ngx_http_request_t *r, ngx_int_t status, ngx_int_t code,
    ngx_str_t *text)
{
    ngx_cc_problem_t    *problem;
    ngx_pool_cleanup_t  *cln;

    cln = ngx_pool_cleanup_add(r->pool, sizeof(ngx_cc_problem_t));

    if (cln == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    problem = cln->data;
    problem->location = ngx_http_get_module_loc_conf(r,
                                                     ngx_cc_executor_module);
    problem->status = status;
    problem->code = code;
    problem->text.len = ngx_min(text->len, NGX_CC_PROBLEM_TEXT);
    problem->text.data = ngx_pnalloc(r->pool, problem->text.len);

    if (problem->text.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_memcpy(problem->text.data, text->data, problem->text.len);
    cln->handler = ngx_cc_problem_cleanup;

    return status;
}


/* is it the core's page for browsers, in answer to a POST to us? */

static ngx_int_t
ngx_cc_problem_filter(ngx_http_request_t *r)
{
    ngx_str_t           body, *type;
    ngx_cc_loc_conf_t  *lcf;

    if (r->method != NGX_HTTP_POST || r != r->main || r->header_only
        || r->err_status < NGX_HTTP_BAD_REQUEST)
    {
        return ngx_cc_problem_next(r);
    }

    lcf = ngx_http_get_module_loc_conf(r, ngx_cc_executor_module);
    type = &r->headers_out.content_type;

    if (lcf->enable != 1
        || (type->len
            && (type->len != sizeof("text/html") - 1
                || ngx_strncmp(type->data, "text/html", type->len) != 0)))
    {
        return ngx_cc_problem_next(r);
    }

    if (ngx_cc_problem_body(r, &body) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_cc_problem_send(r, &body);
}


static ngx_int_t
ngx_cc_problem_send(ngx_http_request_t *r, ngx_str_t *body)
{
    ngx_int_t     rc;
    ngx_buf_t    *b;
    ngx_chain_t   out;

    ngx_str_set(&r->headers_out.content_type, "application/json");
    r->headers_out.content_type_len = r->headers_out.content_type.len;
    r->headers_out.content_type_lowcase = NULL;
    r->headers_out.content_length_n = body->len;

    rc = ngx_cc_problem_next(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    b = ngx_calloc_buf(r->pool);

    if (b == NULL) {
        return NGX_ERROR;
    }

    b->pos = body->data;
    b->last = body->data + body->len;
    b->memory = 1;
    b->last_buf = 1;
    b->last_in_chain = 1;

    out.buf = b;
    out.next = NULL;

    rc = ngx_http_output_filter(r, &out);

    /* the core's page does not follow */

    r->header_only = 1;

    return rc;
}


static ngx_int_t
ngx_cc_problem_body(ngx_http_request_t *r, ngx_str_t *body)
{
    size_t             size;
    ngx_cc_json_t      w;
    ngx_cc_problem_t  *problem, other;

    problem = ngx_cc_problem_known(r);

    if (problem == NULL) {
        problem = &other;
        ngx_cc_problem_status(problem, r->err_status);
    }

    size = sizeof("{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":"
                  ",\"message\":\"\"}}")
           + NGX_INT64_LEN + 6 * problem->text.len;

    body->data = ngx_pnalloc(r->pool, size);

    if (body->data == NULL) {
        return NGX_ERROR;
    }

    ngx_cc_message_writer(&w, body->data, size);
    ngx_cc_json_lit(&w, "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":"
                        "{\"code\":");
    ngx_cc_json_int(&w, problem->code);
    ngx_cc_json_lit(&w, ",\"message\":");
    ngx_cc_json_string(&w, problem->text.data, problem->text.len);
    ngx_cc_json_lit(&w, "}}");

    body->len = w.pos - body->data;

    return NGX_OK;
}


/* the one of this location, and of this status: the last */

static ngx_cc_problem_t *
ngx_cc_problem_known(ngx_http_request_t *r)
{
    ngx_cc_problem_t    *problem;
    ngx_pool_cleanup_t  *cln;

    for (cln = r->pool->cleanup; cln; cln = cln->next) {

        if (cln->handler != ngx_cc_problem_cleanup) {
            continue;
        }

        problem = cln->data;

        return problem->status == r->err_status
               && problem->location
                  == ngx_http_get_module_loc_conf(r, ngx_cc_executor_module)
               ? problem : NULL;
    }

    return NULL;
}


static void
ngx_cc_problem_status(ngx_cc_problem_t *problem, ngx_uint_t status)
{
    ngx_uint_t  i, n;

    n = sizeof(ngx_cc_problems) / sizeof(ngx_cc_problems[0]);

    for (i = 0; i < n; i++) {
        if (ngx_cc_problems[i].status == status) {
            problem->code = ngx_cc_problems[i].code;
            problem->text = ngx_cc_problems[i].text;
            return;
        }
    }

    if (status < NGX_HTTP_INTERNAL_SERVER_ERROR) {
        problem->code = NGX_CC_ERROR_REQUEST;
        ngx_str_set(&problem->text, "the server refuses the request");

    } else {
        problem->code = NGX_CC_ERROR_INTERNAL;
        ngx_str_set(&problem->text, "the server failed");
    }
}


static void
ngx_cc_problem_cleanup(void *data)
{
    /* only marks the entry */
}
