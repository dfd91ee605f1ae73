
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_request.h"
#include "ngx_cc_utf8.h"


#define NGX_CC_REQUEST_POOL   1024
#define NGX_CC_REQUEST_TEXT   320        /* bytes of an error's text */
#define NGX_CC_REQUEST_PLACE  200        /* of them for where it is */


static ngx_int_t ngx_cc_request_begin(ngx_cc_request_t *rq);
static void ngx_cc_request_finish(ngx_cc_request_t *rq);
static ngx_cc_value_t *ngx_cc_request_usable(ngx_cc_request_t *rq);
static void ngx_cc_request_invalid(ngx_cc_request_t *rq, const char *error);
static void ngx_cc_request_refuse(ngx_cc_request_t *rq, ngx_uint_t self,
    const char *fmt, ...);
static u_char *ngx_cc_request_place(ngx_cc_request_t *rq, ngx_uint_t self,
    u_char *p, u_char *last);
static ngx_cc_value_t *ngx_cc_request_add(ngx_cc_request_t *rq,
    ngx_cc_value_e type);
static ngx_cc_value_t *ngx_cc_request_glance(ngx_cc_request_t *rq,
    ngx_cc_value_e type);
static ngx_cc_value_t *ngx_cc_request_append(ngx_cc_request_t *rq,
    ngx_cc_value_e type);
static int ngx_cc_request_more(ngx_cc_request_t *rq);
static void ngx_cc_request_text(ngx_cc_request_t *rq, ngx_str_t *text,
    const u_char *p, size_t n, const char *where);
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

    rc = rq->stopped ? NGX_OK : ngx_cc_yajl_parse(&rq->json, p, n, last);

    if (rc == NGX_ERROR || rq->no_memory) {
        return NGX_ERROR;
    }

    if (rc == NGX_DECLINED && !rq->stopped) {
        rq->stopped = 1;
        rq->code = NGX_CC_ERROR_PARSE;
        rq->error = "not valid JSON";
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

    id = ngx_cc_request_usable(rq);
    version = ngx_cc_request_member(rq->root, "jsonrpc");
    method = ngx_cc_request_member(rq->root, "method");

    if (version
        && (version->type != NGX_CC_VALUE_STRING || version->text.len != 3
            || ngx_memcmp(version->text.data, "2.0", 3) != 0))
    {
        ngx_cc_request_invalid(rq, "jsonrpc must be \"2.0\"");
    }

    if (method == NULL || method->type != NGX_CC_VALUE_STRING) {
        ngx_cc_request_invalid(rq, "method must be a string");
    }

    if (rq->code == NGX_CC_ERROR_REQUEST) {
        return;
    }

    rq->notification = (id == NULL);
    rq->method = method->text;

    if (rq->code) {
        return;
    }

    rq->params = ngx_cc_request_member(rq->root, "params");

    if (rq->params && rq->params->type == NGX_CC_VALUE_NULL) {
        rq->params = NULL;
    }

    if (rq->params && rq->params->type != NGX_CC_VALUE_OBJECT) {
        rq->params = NULL;
        rq->positional = 1;
        rq->code = NGX_CC_ERROR_PARAMS;
        rq->error = "params must be an object";
    }
}


/* the member "id", if it is that of the request itself */

static ngx_cc_value_t *
ngx_cc_request_usable(ngx_cc_request_t *rq)
{
    ngx_cc_value_t  *id;

    id = ngx_cc_request_member(rq->root, "id");

    if (id == NULL) {
        return NULL;
    }

    if (id->type != NGX_CC_VALUE_STRING && id->type != NGX_CC_VALUE_NUMBER
        && id->type != NGX_CC_VALUE_NULL)
    {
        ngx_cc_request_invalid(rq, "id must be a string or a number");
        return id;
    }

    if (id->text.len > NGX_CC_REQUEST_ID) {
        ngx_cc_request_invalid(rq, "id is longer than 4096 bytes");
        return id;
    }

    /* without a text it is what was refused */

    if (id->text.data || id->type == NGX_CC_VALUE_NULL) {
        rq->id = id;
    }

    return id;
}


/* it is no request: that comes before anything that is wrong with params */

static void
ngx_cc_request_invalid(ngx_cc_request_t *rq, const char *error)
{
    if (rq->code != NGX_CC_ERROR_REQUEST) {
        rq->code = NGX_CC_ERROR_REQUEST;
        rq->error = error;
    }
}


/*
 * Refuses it with ERROR_PARAMS: "PLACE", then what is printed like ngx_sprintf.
 * The first refusal counts.  "self": see ngx_cc_request_place().
 */

static void
ngx_cc_request_refuse(ngx_cc_request_t *rq, ngx_uint_t self,
    const char *fmt, ...)
{
    u_char   *text, *p;
    va_list   args;

    if (rq->code) {
        return;
    }

    text = ngx_pnalloc(rq->pool, NGX_CC_REQUEST_TEXT);

    if (text == NULL) {
        rq->no_memory = 1;
        return;
    }

    p = ngx_cc_request_place(rq, self, text, text + NGX_CC_REQUEST_PLACE);

    va_start(args, fmt);
    p = ngx_vslprintf(p, text + NGX_CC_REQUEST_TEXT - 1, fmt, args);
    va_end(args);

    *p = '\0';

    rq->code = NGX_CC_ERROR_PARAMS;
    rq->error = (char *) text;
}


/*
 * Where the parser stands, as "params.args[2]".  "self": the value that was
 * added last belongs to it, or (it could not be added) the key that was read
 * last; else it is the object that is open.
 */

static u_char *
ngx_cc_request_place(ngx_cc_request_t *rq, ngx_uint_t self, u_char *p,
    u_char *last)
{
    u_char          *start;
    ngx_str_t        name;
    ngx_uint_t       i;
    ngx_cc_value_t  *parent;

    start = p;

    for (i = 1; i < rq->depth + (self ? 1 : 0); i++) {
        parent = rq->stack[i - 1];

        if (parent->type == NGX_CC_VALUE_ARRAY) {
            p = ngx_slprintf(p, last, "[%ui]", parent->number - 1);
            continue;
        }

        name = (i < rq->depth) ? rq->stack[i]->name : rq->key;
        name.len = ngx_cc_utf8_cut(name.data, ngx_min(name.len, 64));

        p = ngx_slprintf(p, last, "%s%V", p == start ? "" : ".", &name);
    }

    return p == start ? ngx_slprintf(p, last, "the request") : p;
}


/*
 * A new value where the parser stands; NULL: it has none.  Callbacks go on all
 * the same: see ngx_cc_request_more().
 */

static ngx_cc_value_t *
ngx_cc_request_add(ngx_cc_request_t *rq, ngx_cc_value_e type)
{
    size_t           n;
    ngx_cc_value_t  *parent, *other;

    if (rq->code) {
        return ngx_cc_request_glance(rq, type);
    }

    if (rq->depth == 0 && type != NGX_CC_VALUE_OBJECT) {
        /* no id can be in it */
        rq->stopped = 1;
        ngx_cc_request_invalid(rq, type == NGX_CC_VALUE_ARRAY
                                   ? "batches are not supported"
                                   : "a request must be an object");
        return NULL;
    }

    if (++rq->values > NGX_CC_REQUEST_VALUES) {
        ngx_cc_request_refuse(rq, 0, ": more than %d values in a message",
                              NGX_CC_REQUEST_VALUES);
        return ngx_cc_request_glance(rq, type);
    }

    if (rq->depth == 0) {
        rq->root = ngx_cc_request_append(rq, type);
        return rq->root;
    }

    parent = rq->stack[rq->depth - 1];

    if (parent->type == NGX_CC_VALUE_OBJECT) {
        n = rq->key.len;

        for (other = parent->first; other; other = other->next) {
            if (other->name.len == n
                && ngx_memcmp(other->name.data, rq->key.data, n) == 0)
            {
                ngx_cc_request_refuse(rq, 1, " is given twice");
                return NULL;
            }
        }

        if (parent->number == NGX_CC_REQUEST_MEMBERS) {
            ngx_cc_request_refuse(rq, 0, ": an object with more than %d "
                                  "members", NGX_CC_REQUEST_MEMBERS);
            return ngx_cc_request_glance(rq, type);
        }
    }

    return ngx_cc_request_append(rq, type);
}


/* after a refusal: only what the answer needs, the id and the method */

static ngx_cc_value_t *
ngx_cc_request_glance(ngx_cc_request_t *rq, ngx_cc_value_e type)
{
    if (rq->depth != 1 || !rq->wanted || rq->no_memory) {
        return NULL;
    }

    rq->wanted = 0;

    return ngx_cc_request_append(rq, type);
}


/* a value at the end of what is open */

static ngx_cc_value_t *
ngx_cc_request_append(ngx_cc_request_t *rq, ngx_cc_value_e type)
{
    ngx_cc_value_t  *v, *parent;

    v = ngx_pcalloc(rq->pool, sizeof(ngx_cc_value_t));

    if (v == NULL) {
        rq->no_memory = 1;
        return NULL;
    }

    v->type = type;

    if (rq->depth == 0) {
        return v;
    }

    parent = rq->stack[rq->depth - 1];

    if (parent->type == NGX_CC_VALUE_OBJECT) {
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


/* what a callback returns: shall yajl go on? */

static int
ngx_cc_request_more(ngx_cc_request_t *rq)
{
    return !rq->stopped && !rq->no_memory;
}


/*
 * Copies a string; *text stays empty when there is something in it that no
 * string may hold.  "where": of the place, that is of the open object or of
 * the value that was added last, NULL.
 */

static void
ngx_cc_request_text(ngx_cc_request_t *rq, ngx_str_t *text, const u_char *p,
    size_t n, const char *where)
{
    u_char        *to;
    const u_char  *lone;

    if (memchr(p, '\0', n)) {
        ngx_cc_request_refuse(rq, where == NULL, "%s: a NUL character inside "
                              "a string", where ? where : "");
        return;
    }

    lone = memchr(p, NGX_CC_YAJL_LONE, n);

    if (lone) {
        n = ngx_min(5, (size_t) (p + n - lone - 1));

        ngx_cc_request_refuse(rq, where == NULL, "%s: \"\\%*s\" inside a "
                              "string is half of a surrogate pair",
                              where ? where : "", n, lone + 1);
        return;
    }

    to = ngx_pnalloc(rq->pool, n + 1);

    if (to == NULL) {
        rq->no_memory = 1;
        return;
    }

    ngx_memcpy(to, p, n);
    to[n] = '\0';

    text->data = to;
    text->len = n;
}


static int
ngx_cc_request_open(ngx_cc_request_t *rq, ngx_cc_value_e type)
{
    ngx_cc_value_t  *v;

    v = ngx_cc_request_add(rq, type);

    if (v && rq->code == 0) {

        if (rq->depth == NGX_CC_REQUEST_DEPTH) {
            ngx_cc_request_refuse(rq, 1, ": nested deeper than %d levels",
                                  NGX_CC_REQUEST_DEPTH);

        } else {
            rq->stack[rq->depth] = v;
        }
    }

    rq->depth++;

    return ngx_cc_request_more(rq);
}


static int
ngx_cc_request_on_null(void *data)
{
    (void) ngx_cc_request_add(data, NGX_CC_VALUE_NULL);

    return ngx_cc_request_more(data);
}


static int
ngx_cc_request_on_bool(void *data, int on)
{
    ngx_cc_value_t  *v;

    v = ngx_cc_request_add(data, NGX_CC_VALUE_BOOL);

    if (v) {
        v->number = on ? 1 : 0;
    }

    return ngx_cc_request_more(data);
}


static int
ngx_cc_request_on_number(void *data, const char *p, size_t n)
{
    ngx_cc_value_t  *v;

    v = ngx_cc_request_add(data, NGX_CC_VALUE_NUMBER);

    if (v) {
        ngx_cc_request_text(data, &v->text, (const u_char *) p, n, NULL);
    }

    return ngx_cc_request_more(data);
}


static int
ngx_cc_request_on_string(void *data, const u_char *p, size_t n)
{
    ngx_cc_value_t  *v;

    v = ngx_cc_request_add(data, NGX_CC_VALUE_STRING);

    if (v) {
        ngx_cc_request_text(data, &v->text, p, n, NULL);
    }

    return ngx_cc_request_more(data);
}


static int
ngx_cc_request_on_key(void *data, const u_char *p, size_t n)
{
    ngx_uint_t         i;
    ngx_cc_request_t  *rq = data;

    static const ngx_str_t  known[] = {
        ngx_string("id"), ngx_string("method"), ngx_string("jsonrpc")
    };

    if (rq->code == 0) {
        ngx_cc_request_text(rq, &rq->key, p, n, ": a member's name");
    }

    rq->wanted = 0;

    for (i = 0; rq->depth == 1 && i < 3; i++) {

        if (known[i].len == n && ngx_memcmp(known[i].data, p, n) == 0
            && ngx_cc_request_member(rq->root, (char *) known[i].data)
               == NULL)
        {
            rq->key = known[i];
            rq->wanted = 1;
        }
    }

    return ngx_cc_request_more(rq);
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
