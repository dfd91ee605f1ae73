
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_cc_conf.h"
#include "ngx_cc_dialect.h"
#include "ngx_cc_metrics.h"
#include "ngx_cc_reply.h"
#include "ngx_cc_snapshot.h"
#include "ngx_cc_status.h"


#define NGX_CC_STATUS_JSON       896         /* bytes, with any numbers */


static ngx_int_t ngx_cc_status_health_handler(ngx_http_request_t *r);
static ngx_int_t ngx_cc_status_json_handler(ngx_http_request_t *r);
static ngx_int_t ngx_cc_status_prometheus_handler(ngx_http_request_t *r);
static ngx_int_t ngx_cc_status_begin(ngx_http_request_t *r,
    ngx_cc_snapshot_t *st);
static ngx_int_t ngx_cc_status_send(ngx_http_request_t *r, ngx_uint_t status,
    const char *type, ngx_str_t *text);


static const struct {
    const char               *name;
    ngx_http_handler_pt       handler;
} ngx_cc_status_formats[] = {
    { "health", ngx_cc_status_health_handler },
    { "json", ngx_cc_status_json_handler },
    { "prometheus", ngx_cc_status_prometheus_handler }
};


char *
ngx_cc_status_directive(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t                 *value;
    ngx_uint_t                 i;
    ngx_cc_main_conf_t        *mcf;
    ngx_http_core_loc_conf_t  *clcf;

    value = cf->args->elts;
    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->handler) {
        return "cannot share a location with another handler "
               "(\"cc_executor\", \"proxy_pass\", a second "
               "\"cc_executor_status\", ...)";
    }

    for (i = 0; i < sizeof(ngx_cc_status_formats)
                    / sizeof(ngx_cc_status_formats[0]); i++)
    {
        if (ngx_strcmp(value[1].data, ngx_cc_status_formats[i].name) == 0) {
            clcf->handler = ngx_cc_status_formats[i].handler;

            mcf = ngx_http_conf_get_module_main_conf(cf,
                                                     ngx_cc_executor_module);
            mcf->status = 1;

            return NGX_CONF_OK;
        }
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "\"cc_executor_status\" takes \"health\", \"json\" or "
                       "\"prometheus\", not \"%V\"", &value[1]);

    return NGX_CONF_ERROR;
}


/* one word, for whoever looks at the status only */

static ngx_int_t
ngx_cc_status_health_handler(ngx_http_request_t *r)
{
    ngx_int_t          rc;
    ngx_str_t          ok = ngx_string("ok\n");
    ngx_str_t          bad = ngx_string("no helpers\n");
    ngx_uint_t         healthy;
    ngx_cc_snapshot_t  st;

    rc = ngx_cc_status_begin(r, &st);

    if (rc != NGX_OK) {
        return rc;
    }

    healthy = ngx_cc_snapshot_healthy(&st);

    return ngx_cc_status_send(r, healthy ? NGX_HTTP_OK
                                         : NGX_HTTP_SERVICE_UNAVAILABLE,
                              "text/plain", healthy ? &ok : &bad);
}


static ngx_int_t
ngx_cc_status_json_handler(ngx_http_request_t *r)
{
    ngx_int_t          rc;
    ngx_str_t          text;
    ngx_uint_t         healthy;
    ngx_cc_snapshot_t  st;

    rc = ngx_cc_status_begin(r, &st);

    if (rc != NGX_OK) {
        return rc;
    }

    text.data = ngx_pnalloc(r->pool, NGX_CC_STATUS_JSON);

    if (text.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    healthy = ngx_cc_snapshot_healthy(&st);

    text.len = ngx_snprintf(text.data, NGX_CC_STATUS_JSON,
                            "{\"status\":\"%s\",\"service\":\"cc_executor\","
                            "\"version\":\"%s\","
                            "\"build\":\"%s\",\"installed_build\":\"%s\","
                            "\"active_sessions\":%ui,\"max_sessions\":%ui,"
                            "\"active_commands\":%ui,\"max_commands\":%ui,"
                            "\"uptime_seconds\":%uL.%03uL,\"workers\":%ui,"
                            "\"helpers\":{\"idle\":%uD,\"busy\":%uD},"
                            "\"waiting_commands\":%uD,"
                            "\"cgroup\":%s}\n",
                            healthy ? "healthy" : "unhealthy", NGX_CC_VERSION,
                            st.build->loaded, st.build->installed,
                            st.sessions, st.max_sessions,
                            st.commands, st.max_commands,
                            st.uptime / 1000000, st.uptime % 1000000 / 1000,
                            st.workers, st.helpers.idle, st.helpers.busy,
                            st.helpers.waiting,
                            st.workers && st.grouped == st.workers
                            ? "true" : "false")
               - text.data;

    return ngx_cc_status_send(r, healthy ? NGX_HTTP_OK
                                         : NGX_HTTP_SERVICE_UNAVAILABLE,
                              "application/json", &text);
}


static ngx_int_t
ngx_cc_status_prometheus_handler(ngx_http_request_t *r)
{
    ngx_int_t          rc;
    ngx_str_t          text;
    ngx_cc_snapshot_t  st;

    rc = ngx_cc_status_begin(r, &st);

    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_cc_metrics(r->pool, &st, &text) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* a server that cannot start commands can still be measured */

    return ngx_cc_status_send(r, NGX_HTTP_OK,
                              "text/plain; version=0.0.4; charset=utf-8",
                              &text);
}


static ngx_int_t
ngx_cc_status_begin(ngx_http_request_t *r, ngx_cc_snapshot_t *st)
{
    ngx_int_t            rc;
    ngx_cc_main_conf_t  *mcf;

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        return NGX_HTTP_NOT_ALLOWED;
    }

    rc = ngx_http_discard_request_body(r);

    if (rc != NGX_OK) {
        return rc;
    }

    mcf = ngx_http_get_module_main_conf(r, ngx_cc_executor_module);
    ngx_cc_snapshot(mcf->zone, st);
    st->build = &mcf->build;

    return NGX_OK;
}


static ngx_int_t
ngx_cc_status_send(ngx_http_request_t *r, ngx_uint_t status, const char *type,
    ngx_str_t *text)
{
    ngx_int_t         rc;
    ngx_buf_t        *b;
    ngx_chain_t       out;

    b = ngx_calloc_buf(r->pool);

    if (b == NULL
        || ngx_cc_reply_header(r, "Cache-Control", "no-store", 8) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->headers_out.status = status;
    r->headers_out.content_length_n = text->len;
    r->headers_out.content_type.data = (u_char *) type;
    r->headers_out.content_type.len = ngx_strlen(type);
    r->headers_out.content_type_len = r->headers_out.content_type.len;

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    b->pos = text->data;
    b->last = text->data + text->len;
    b->memory = 1;
    b->last_buf = (r == r->main) ? 1 : 0;
    b->last_in_chain = 1;

    out.buf = b;
    out.next = NULL;

    return ngx_http_output_filter(r, &out);
}
