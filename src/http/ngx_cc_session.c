
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include "ngx_cc_conf_observe.h"
#include "ngx_cc_header.h"
#include "ngx_cc_session.h"


#define NGX_CC_SESSION_REFUSAL  96       /* bytes of a refusal's text */


static ngx_int_t ngx_cc_session_trace(ngx_cc_session_t *s);
static void ngx_cc_session_observe(ngx_cc_session_t *s);
static ngx_int_t ngx_cc_session_admit(ngx_cc_session_t *s);
static uint64_t ngx_cc_session_address(ngx_connection_t *c);
static uint64_t ngx_cc_session_key(const uint8_t *digest);


ngx_int_t
ngx_cc_session_create(ngx_cc_session_t *s, ngx_http_request_t *r,
    const ngx_cc_dialect_t *dialect, void *data, void (*wake)(void *data))
{
    ngx_cc_transport_t  *transport;

    s->caller = ngx_cc_caller(r);

    if (s->caller == NULL) {
        return NGX_ERROR;
    }

    s->request = r;
    s->conf = ngx_http_get_module_loc_conf(r, ngx_cc_executor_module);
    s->dialect = dialect;

    transport = &s->transport;
    transport->log = r->connection->log;
    transport->conf = &s->conf->spec;
    transport->owner = s->caller->digest;
    transport->apart = ngx_cc_caller_apart(r, s->caller);
    transport->nameless = ngx_cc_caller_nameless(r, s->caller);
    transport->data = data;
    transport->wake = wake;

    ngx_cc_session_observe(s);

    if (ngx_cc_handle_uuid((char *) transport->session_id) != 0) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, ngx_errno,
                      "cc_executor: getrandom() failed");
        return NGX_ERROR;
    }

    if (transport->conf->trace && ngx_cc_session_trace(s) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_cc_session_admit(s);
}


/* the trace that the request's headers name, or none */

static ngx_int_t
ngx_cc_session_trace(ngx_cc_session_t *s)
{
    ngx_str_t              item;
    ngx_cc_trace_t         trace, *copy;
    ngx_table_elt_t       *h;
    ngx_cc_header_iter_t   it;

    static ngx_str_t  parent = ngx_string("traceparent");
    static ngx_str_t  state = ngx_string("tracestate");

    ngx_memzero(&trace, sizeof(ngx_cc_trace_t));

    /* there is one request's parent; more of them are none */

    if (ngx_cc_header(s->request, &parent, &h) != 1
        || ngx_cc_trace_parent(&trace, (char *) h->value.data, h->value.len)
           != 0)
    {
        return NGX_OK;
    }

    ngx_cc_header_begin(s->request, &it);

    while (ngx_cc_header_item(&it, &state, &item)) {
        (void) ngx_cc_trace_state(&trace, (char *) item.data, item.len);
    }

    copy = ngx_palloc(s->transport.pool, sizeof(ngx_cc_trace_t));

    if (copy == NULL) {
        return NGX_ERROR;
    }

    *copy = trace;
    s->transport.trace = copy;

    return NGX_OK;
}


/* is it one of those who may look at what others keep? */

static void
ngx_cc_session_observe(ngx_cc_session_t *s)
{
    ngx_str_t                name;
    ngx_cc_conf_observer_t  *observer;

    if (s->caller->token != NGX_CC_CALLER_GOOD) {
        return;
    }

    /* its owner is "token:NAME" */

    name.data = s->caller->owner.data + sizeof("token:") - 1;
    name.len = s->caller->owner.len - (sizeof("token:") - 1);

    observer = ngx_cc_conf_observe_find(s->conf, &name);

    if (observer) {
        s->transport.observe = s->conf->observe;
        s->transport.steers = observer->signal;
    }
}


ngx_int_t
ngx_cc_session_open(ngx_cc_session_t *s)
{
    if (ngx_cc_audit_open(s->request, s->caller, s->transport.session_id,
                          s->dialect->name, &s->audit)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    s->transport.recorder = ngx_cc_audit_recorder(s->audit);
    s->state = s->dialect->open(&s->transport);

    if (s->state == NULL) {
        return NGX_ERROR;
    }

    ngx_cc_zone_count(NGX_CC_TOTAL_SESSIONS, 1);

    return NGX_OK;
}


void
ngx_cc_session_join(ngx_cc_session_t *s,
    const ngx_cc_farewell_handlers_t *handlers)
{
    s->farewell.data = s->transport.data;
    s->farewell.handlers = handlers;

    ngx_cc_farewell_join(&s->farewell);
}


ngx_uint_t
ngx_cc_session_runs(void *data)
{
    return ngx_cc_session_busy(data);
}


ngx_msec_t
ngx_cc_session_grace(void *data)
{
    ngx_cc_session_t  *s = data;

    return s->conf->spec.command.kill_grace;
}


ngx_uint_t
ngx_cc_session_busy(ngx_cc_session_t *s)
{
    return s->state ? s->dialect->busy(s->state) : 0;
}


ngx_uint_t
ngx_cc_session_full(ngx_cc_session_t *s)
{
    return s->state
           && s->dialect->pending(s->state) > NGX_CC_DIALECT_HIGH_WATER;
}


void
ngx_cc_session_close(ngx_cc_session_t *s)
{
    ngx_cc_farewell_leave(&s->farewell);

    if (s->state) {
        s->dialect->close(s->state);
        s->state = NULL;
    }

    ngx_cc_audit_close(s->audit, s->code, s->transport.commands,
                       s->bytes_out);
    s->audit = NULL;

    ngx_cc_zone_free(&s->slot);
}


/* is there room for one more session, over all workers? */

static ngx_int_t
ngx_cc_session_admit(ngx_cc_session_t *s)
{
    u_char                 *p;
    ngx_str_t               text;
    ngx_uint_t              limit;
    const char             *of, *name;
    ngx_cc_reason_e         reason;
    ngx_cc_conf_session_t  *conf;

    conf = &s->conf->session;

    of = "";
    name = "";
    limit = s->conf->max_sessions;
    reason = NGX_CC_REASON_SESSIONS;

    if (ngx_cc_zone_claim(s->conf->spec.command.slots, NGX_CC_SLOTS_SESSIONS,
                          limit, &s->slot)
        != NGX_OK)
    {
        goto busy;
    }

    of = " of an address";
    name = "_per_address";
    limit = conf->max_per_address;
    reason = NGX_CC_REASON_SESSIONS_ADDRESS;

    if (limit
        && ngx_cc_zone_share(&s->slot, NGX_CC_SLOTS_ADDRESS,
                             ngx_cc_session_address(s->request->connection),
                             limit)
           != NGX_OK)
    {
        goto busy;
    }

    of = " of an owner";
    name = "_per_owner";
    limit = conf->max_per_owner;
    reason = NGX_CC_REASON_SESSIONS_OWNER;

    if (limit
        && ngx_cc_zone_share(&s->slot, NGX_CC_SLOTS_OWNER,
                             ngx_cc_session_key(s->caller->digest), limit)
           != NGX_OK)
    {
        goto busy;
    }

    return NGX_OK;

busy:

    ngx_cc_zone_free(&s->slot);

    ngx_log_error(NGX_LOG_WARN, s->transport.log, 0,
                  "cc_executor: over cc_executor_max_sessions%s %ui",
                  name, limit);

    ngx_cc_zone_refused(reason);

    p = ngx_pnalloc(s->transport.pool, NGX_CC_SESSION_REFUSAL + 1);

    if (p == NULL) {
        return NGX_ERROR;
    }

    s->refusal = p;
    text.data = p;
    p = ngx_slprintf(p, p + NGX_CC_SESSION_REFUSAL,
                     "the limit of %ui sessions%s is reached", limit, of);
    text.len = p - text.data;
    *p = '\0';

    ngx_cc_audit_refused(s->request, NGX_HTTP_SERVICE_UNAVAILABLE, reason,
                         &text);

    return NGX_BUSY;
}


/*
 * An IPv6 client has a network of 64 bits for itself: that counts as one
 * address.
 */

static uint64_t
ngx_cc_session_address(ngx_connection_t *c)
{
    size_t                len;
    uint8_t               digest[NGX_CC_SHA256_SIZE];
    const void           *p;
    ngx_cc_sha256_t       sha;
#if (NGX_HAVE_INET6)
    struct in6_addr      *in6;
#endif

    switch (c->sockaddr->sa_family) {

    case AF_INET:
        p = &((struct sockaddr_in *) c->sockaddr)->sin_addr;
        len = 4;
        break;

#if (NGX_HAVE_INET6)
    case AF_INET6:
        in6 = &((struct sockaddr_in6 *) c->sockaddr)->sin6_addr;

        if (IN6_IS_ADDR_V4MAPPED(in6)) {
            p = &in6->s6_addr[12];
            len = 4;

        } else {
            p = in6;
            len = 8;
        }

        break;
#endif

    default:
        p = "";
        len = 0;
        break;
    }

    ngx_cc_sha256_init(&sha);
    ngx_cc_sha256_update(&sha, p, len);
    ngx_cc_sha256_final(&sha, digest);

    return ngx_cc_session_key(digest);
}


static uint64_t
ngx_cc_session_key(const uint8_t *digest)
{
    uint64_t  key;

    ngx_memcpy(&key, digest, sizeof(key));

    return key;
}
