
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_request.h"


#define NGX_CC_REQUEST_POOL   1024


static ngx_int_t ngx_cc_request_begin(ngx_cc_request_t *rq);
static void ngx_cc_request_finish(ngx_cc_request_t *rq);
static int ngx_cc_request_refuse(ngx_cc_request_t *rq, ngx_int_t code,
    const char *error);
static ngx_cc_value_t *ngx_cc_request_add(ngx_cc_request_t *rq,
    ngx_cc_value_e type);
static int ngx_cc_request_text(ngx_cc_request_t *rq, ngx_str_t *text,
    const u_char *p, size_t n);
static int ngx_cc_request_open(ngx_cc_request_t *rq, ngx_cc_value_e type);

static int ngx_cc_request_on_null(void *data);
static int ngx_cc_request_on_bool(void *data, int on);
static int ngx_cc_request_on_number(void *data, const char *p, size_t n);
static int ngx_cc_request_on_string(void *data, const u_char *p, size_t n);
static int ngx_cc_request_on_open_object(void *data);
static int ngx_cc_request_on_key(void *data, const u_char *p, size_t n);
static int ngx_cc_request_on_open_array(void *data);
static int ngx_cc_request_on_close(void *data);


/* numbers as text: an id must come back as it was sent, whatever its size */

static yajl_callbacks  ngx_cc_request_callbacks = {
    ngx_cc_request_on_null,
    ngx_cc_request_on_bool,
    NULL,
    NULL,
    ngx_cc_request_on_number,
    ngx_cc_request_on_string,
    ngx_cc_request_on_open_object,
    ngx_cc_request_on_key,
    ngx_cc_request_on_close,
    ngx_cc_request_on_open_array,
    ngx_cc_request_on_close
};


ngx_int_t
ngx_cc_request_push(ngx_cc_request_t *rq, u_char *p, size_t n,
    ngx_uint_t last)
{
    ngx_int_t  rc;

    if (rq->pool == NULL && ngx_cc_request_begin(rq) != NGX_OK) {
        return NGX_ERROR;
    }

    /* after a refusal the rest is not even looked at */

    rc = rq->code ? NGX_OK : ngx_cc_yajl_parse(&rq->json, p, n, last);

    if (rc == NGX_ERROR || rq->no_memory) {
        return NGX_ERROR;
    }

    if (rc == NGX_DECLINED && rq->code == 0) {
        (void) ngx_cc_request_refuse(rq, NGX_CC_ERROR_PARSE,
                                     "not valid JSON");
    }

    if (!last) {
        return NGX_AGAIN;
    }

    ngx_cc_request_finish(rq);

    return NGX_OK;
}


void
ngx_cc_request_reset(ngx_cc_request_t *rq)
{
    ngx_log_t  *log;

    if (rq->pool) {
        ngx_destroy_pool(rq->pool);
    }

    log = rq->log;
    ngx_memzero(rq, sizeof(ngx_cc_request_t));
    rq->log = log;
}


ngx_cc_value_t *
ngx_cc_request_member(ngx_cc_value_t *object, const char *name)
{
    size_t           len;
    ngx_cc_value_t  *v;

    if (object == NULL) {
        return NULL;
    }

    len = ngx_strlen(name);

    for (v = object->first; v; v = v->next) {
        if (v->name.len == len && ngx_memcmp(v->name.data, name, len) == 0) {
            return v;
        }
    }

    return NULL;
}


static ngx_int_t
ngx_cc_request_begin(ngx_cc_request_t *rq)
{
    rq->pool = ngx_create_pool(NGX_CC_REQUEST_POOL, rq->log);

    if (rq->pool == NULL) {
        return NGX_ERROR;
    }

    return ngx_cc_yajl_begin(&rq->json, &ngx_cc_request_callbacks, rq,
                             rq->pool);
}


/* from a tree to a request, JSON-RPC 2.0, section 4 */

static void
ngx_cc_request_finish(ngx_cc_request_t *rq)
{
    ngx_cc_value_t  *id, *method, *version;

    if (rq->code == NGX_CC_ERROR_PARSE || rq->root == NULL) {
        return;
    }

    id = ngx_cc_request_member(rq->root, "id");

    if (rq->code && id && id->type != NGX_CC_VALUE_NULL && !id->text.data) {
        id = NULL;   /* it is what was refused */
    }

    if (id) {
        if (id->type == NGX_CC_VALUE_STRING || id->type == NGX_CC_VALUE_NUMBER
            || id->type == NGX_CC_VALUE_NULL)
        {
            if (id->text.len <= NGX_CC_REQUEST_ID) {
                rq->id = id;

            } else {
                (void) ngx_cc_request_refuse(rq, NGX_CC_ERROR_REQUEST,
                                             "id is longer than 4096 bytes");
            }

        } else {
            (void) ngx_cc_request_refuse(rq, NGX_CC_ERROR_REQUEST,
                                         "id must be a string or a number");
        }
    }

    if (rq->code) {
        return;
    }

    version = ngx_cc_request_member(rq->root, "jsonrpc");

    if (version
        && (version->type != NGX_CC_VALUE_STRING || version->text.len != 3
            || ngx_memcmp(version->text.data, "2.0", 3) != 0))
    {
        (void) ngx_cc_request_refuse(rq, NGX_CC_ERROR_REQUEST,
                                     "jsonrpc must be \"2.0\"");
        return;
    }

    method = ngx_cc_request_member(rq->root, "method");

    if (method == NULL || method->type != NGX_CC_VALUE_STRING) {
        (void) ngx_cc_request_refuse(rq, NGX_CC_ERROR_REQUEST,
                                     "method must be a string");
        return;
    }

    rq->method = method->text;
    rq->params = ngx_cc_request_member(rq->root, "params");

    if (rq->params && rq->params->type == NGX_CC_VALUE_NULL) {
        rq->params = NULL;
    }

    if (rq->params && rq->params->type != NGX_CC_VALUE_OBJECT) {
        (void) ngx_cc_request_refuse(rq, NGX_CC_ERROR_PARAMS,
                                     "params must be an object");
    }
}


/* always 0: it is what a callback returns to stop yajl */

static int
ngx_cc_request_refuse(ngx_cc_request_t *rq, ngx_int_t code, const char *error)
{
    if (rq->code == 0) {
        rq->code = code;
        rq->error = error;
    }

    return 0;
}


/* a new value where the parser stands; NULL: refused */

static ngx_cc_value_t *
ngx_cc_request_add(ngx_cc_request_t *rq, ngx_cc_value_e type)
{
    ngx_uint_t       n;
    ngx_cc_value_t  *v, *parent, *other;

    if (rq->depth == 0 && type != NGX_CC_VALUE_OBJECT) {
        (void) ngx_cc_request_refuse(rq, NGX_CC_ERROR_REQUEST,
                                     type == NGX_CC_VALUE_ARRAY
                                     ? "batches are not supported"
                                     : "a request must be an object");
        return NULL;
    }

    if (++rq->values > NGX_CC_REQUEST_VALUES) {
        (void) ngx_cc_request_refuse(rq, NGX_CC_ERROR_PARAMS,
                                     "more than 16384 values");
        return NULL;
    }

    v = ngx_pcalloc(rq->pool, sizeof(ngx_cc_value_t));

    if (v == NULL) {
        rq->no_memory = 1;
        return NULL;
    }

    v->type = type;

    if (rq->depth == 0) {
        rq->root = v;
        return v;
    }

    parent = rq->stack[rq->depth - 1];

    if (parent->type == NGX_CC_VALUE_OBJECT) {

        if (parent->number == NGX_CC_REQUEST_MEMBERS) {
            (void) ngx_cc_request_refuse(rq, NGX_CC_ERROR_PARAMS,
                                         "an object with more than 256 "
                                         "members");
            return NULL;
        }

        n = rq->key.len;

        for (other = parent->first; other; other = other->next) {
            if (other->name.len == n
                && ngx_memcmp(other->name.data, rq->key.data, n) == 0)
            {
                (void) ngx_cc_request_refuse(rq, NGX_CC_ERROR_PARAMS,
                                             "a member is given twice");
                return NULL;
            }
        }

        v->name = rq->key;
    }

    if (parent->last) {
        parent->last->next = v;

    } else {
        parent->first = v;
    }

    parent->last = v;
    parent->number++;

    return v;
}


static int
ngx_cc_request_text(ngx_cc_request_t *rq, ngx_str_t *text, const u_char *p,
    size_t n)
{
    u_char  *to;

    if (memchr(p, '\0', n)) {
        return ngx_cc_request_refuse(rq, NGX_CC_ERROR_PARAMS,
                                     "a NUL character inside a string");
    }

    to = ngx_pnalloc(rq->pool, n + 1);

    if (to == NULL) {
        rq->no_memory = 1;
        return 0;
    }

    ngx_memcpy(to, p, n);
    to[n] = '\0';

    text->data = to;
    text->len = n;

    return 1;
}


static int
ngx_cc_request_open(ngx_cc_request_t *rq, ngx_cc_value_e type)
{
    ngx_cc_value_t  *v;

    v = ngx_cc_request_add(rq, type);

    if (v == NULL) {
        return 0;
    }

    if (rq->depth == NGX_CC_REQUEST_DEPTH) {
        return ngx_cc_request_refuse(rq, NGX_CC_ERROR_PARAMS,
                                     "nested deeper than 32 levels");
    }

    rq->stack[rq->depth++] = v;

    return 1;
}


static int
ngx_cc_request_on_null(void *data)
{
    return ngx_cc_request_add(data, NGX_CC_VALUE_NULL) != NULL;
}


static int
ngx_cc_request_on_bool(void *data, int on)
{
    ngx_cc_value_t  *v;

    v = ngx_cc_request_add(data, NGX_CC_VALUE_BOOL);

    if (v) {
        v->number = on ? 1 : 0;
    }

    return v != NULL;
}


static int
ngx_cc_request_on_number(void *data, const char *p, size_t n)
{
    ngx_cc_value_t  *v;

    v = ngx_cc_request_add(data, NGX_CC_VALUE_NUMBER);

    return v && ngx_cc_request_text(data, &v->text, (const u_char *) p, n);
}


static int
ngx_cc_request_on_string(void *data, const u_char *p, size_t n)
{
    ngx_cc_value_t  *v;

    v = ngx_cc_request_add(data, NGX_CC_VALUE_STRING);

    return v && ngx_cc_request_text(data, &v->text, p, n);
}


static int
ngx_cc_request_on_key(void *data, const u_char *p, size_t n)
{
    ngx_cc_request_t  *rq = data;

    return ngx_cc_request_text(rq, &rq->key, p, n);
}


static int
ngx_cc_request_on_open_object(void *data)
{
    return ngx_cc_request_open(data, NGX_CC_VALUE_OBJECT);
}


static int
ngx_cc_request_on_open_array(void *data)
{
    return ngx_cc_request_open(data, NGX_CC_VALUE_ARRAY);
}


static int
ngx_cc_request_on_close(void *data)
{
    ngx_cc_request_t  *rq = data;

    rq->depth--;

    return 1;
}
