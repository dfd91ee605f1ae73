
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>
#include "ngx_cc_client_args.h"
#include "ngx_cc_client_message.h"
#include "ngx_cc_client_say.h"


#define NGX_CC_CLIENT_KEY      256       /* bytes of a way */
#define NGX_CC_CLIENT_SIGNALS  64


/* offsets into "text", since it moves as it grows */

typedef struct {
    size_t    name;
    size_t    value;
    size_t    len;
} ngx_cc_client_entry_t;


struct ngx_cc_client_message_s {
    char                   *text;
    size_t                  text_len;
    size_t                  text_size;
    ngx_cc_client_entry_t  *entry;
    size_t                  n;
    size_t                  size;

    char                    path[NGX_CC_CLIENT_KEY];
    size_t                  level[NGX_CC_CLIENT_DEPTH];  /* path's length */
    long                    index[NGX_CC_CLIENT_DEPTH];  /* -1 = an object */
    size_t                  depth;
};


static size_t ngx_cc_client_message_put(ngx_cc_client_message_t *m,
    const void *p, size_t n);
static int ngx_cc_client_message_add(ngx_cc_client_message_t *m,
    const void *p, size_t n);
static int ngx_cc_client_message_name(ngx_cc_client_message_t *m,
    const void *p, size_t n);
static int ngx_cc_client_message_next(ngx_cc_client_message_t *m);
static void *ngx_cc_client_message_grow(void *p, size_t *size, size_t need,
    size_t each);


static int
ngx_cc_client_message_null(void *data)
{
    /* as if it was not there, but it counts in a list */

    return ngx_cc_client_message_next(data);
}


static int
ngx_cc_client_message_boolean(void *data, int on)
{
    return ngx_cc_client_message_add(data, on ? "true" : "false", on ? 4 : 5);
}


static int
ngx_cc_client_message_digits(void *data, const char *p, size_t n)
{
    return ngx_cc_client_message_add(data, p, n);
}


static int
ngx_cc_client_message_string(void *data, const unsigned char *p, size_t n)
{
    return ngx_cc_client_message_add(data, p, n);
}


static int
ngx_cc_client_message_begin(ngx_cc_client_message_t *m, long index)
{
    if (m->depth == NGX_CC_CLIENT_DEPTH
        || (m->depth && !ngx_cc_client_message_next(m)))
    {
        return 0;
    }

    m->level[m->depth] = strlen(m->path);
    m->index[m->depth++] = index;

    return 1;
}


static int
ngx_cc_client_message_object(void *data)
{
    return ngx_cc_client_message_begin(data, -1);
}


static int
ngx_cc_client_message_array(void *data)
{
    return ngx_cc_client_message_begin(data, 0);
}


static int
ngx_cc_client_message_key(void *data, const unsigned char *p, size_t n)
{
    return ngx_cc_client_message_name(data, p, n);
}


static int
ngx_cc_client_message_end(void *data)
{
    ngx_cc_client_message_t  *m = data;

    m->depth--;

    return 1;
}


static const yajl_callbacks  ngx_cc_client_message_callbacks = {
    ngx_cc_client_message_null,
    ngx_cc_client_message_boolean,
    NULL,
    NULL,
    ngx_cc_client_message_digits,
    ngx_cc_client_message_string,
    ngx_cc_client_message_object,
    ngx_cc_client_message_key,
    ngx_cc_client_message_end,
    ngx_cc_client_message_array,
    ngx_cc_client_message_end
};


int
ngx_cc_client_message_parse(ngx_cc_client_message_t **message,
    const uint8_t *text, size_t n)
{
    yajl_handle               h;
    yajl_status               rc;
    ngx_cc_client_message_t  *m;

    if (*message == NULL) {
        *message = calloc(1, sizeof(ngx_cc_client_message_t));
    }

    m = *message;

    if (m == NULL) {
        ngx_cc_client_fail(NGX_CC_CLIENT_FAILED, "no memory");
    }

    m->text_len = 0;
    m->n = 0;
    m->depth = 0;
    m->path[0] = '\0';

    h = yajl_alloc(&ngx_cc_client_message_callbacks, NULL, m);

    if (h == NULL) {
        ngx_cc_client_fail(NGX_CC_CLIENT_FAILED, "no memory");
    }

    (void) yajl_config(h, yajl_dont_validate_strings, 1);

    rc = yajl_parse(h, text, n);

    if (rc == yajl_status_ok) {
        rc = yajl_complete_parse(h);
    }

    yajl_free(h);

    return rc == yajl_status_ok;
}


/* the way to the next member of what is open */

static int
ngx_cc_client_message_name(ngx_cc_client_message_t *m, const void *p, size_t n)
{
    size_t  len;

    len = m->level[m->depth - 1];

    if (len + n + 2 > sizeof(m->path)) {
        return 0;
    }

    if (len) {
        m->path[len++] = '.';
    }

    memcpy(m->path + len, p, n);
    m->path[len + n] = '\0';

    return 1;
}


/* of a list: the number of what comes now */

static int
ngx_cc_client_message_next(ngx_cc_client_message_t *m)
{
    int   n;
    char  digits[24];

    if (m->depth == 0 || m->index[m->depth - 1] == -1) {
        return 1;
    }

    n = snprintf(digits, sizeof(digits), "%ld", m->index[m->depth - 1]++);

    return ngx_cc_client_message_name(m, digits, n);
}


static int
ngx_cc_client_message_add(ngx_cc_client_message_t *m, const void *p, size_t n)
{
    ngx_cc_client_entry_t  *e;

    if (m->n == NGX_CC_CLIENT_SCALARS || !ngx_cc_client_message_next(m)) {
        return 0;
    }

    m->entry = ngx_cc_client_message_grow(m->entry, &m->size, m->n + 1,
                                          sizeof(ngx_cc_client_entry_t));
    e = &m->entry[m->n++];
    e->name = ngx_cc_client_message_put(m, m->path, strlen(m->path));
    e->value = ngx_cc_client_message_put(m, p, n);
    e->len = n;

    return 1;
}


static size_t
ngx_cc_client_message_put(ngx_cc_client_message_t *m, const void *p, size_t n)
{
    size_t  at;

    m->text = ngx_cc_client_message_grow(m->text, &m->text_size,
                                         m->text_len + n + 1, 1);
    at = m->text_len;
    memcpy(m->text + at, p, n);
    m->text[at + n] = '\0';
    m->text_len += n + 1;

    return at;
}


static void *
ngx_cc_client_message_grow(void *p, size_t *size, size_t need, size_t each)
{
    if (need <= *size) {
        return p;
    }

    *size = need * 2;
    p = realloc(p, *size * each);

    if (p == NULL) {
        ngx_cc_client_fail(NGX_CC_CLIENT_FAILED, "no memory");
    }

    return p;
}


const char *
ngx_cc_client_message_get(ngx_cc_client_message_t *m, const char *path,
    size_t *n)
{
    size_t  i;

    for (i = 0; i < m->n; i++) {
        if (strcmp(m->text + m->entry[i].name, path) == 0) {

            if (n) {
                *n = m->entry[i].len;
            }

            return m->text + m->entry[i].value;
        }
    }

    return NULL;
}


int64_t
ngx_cc_client_message_number(ngx_cc_client_message_t *m, const char *path,
    int64_t other)
{
    const char  *text;

    text = ngx_cc_client_message_get(m, path, NULL);

    return text ? strtoll(text, NULL, 10) : other;
}


int
ngx_cc_client_message_status(ngx_cc_client_message_t *m, const char *path)
{
    char        *end;
    long         code;
    const char  *text;

    text = ngx_cc_client_message_get(m, path, NULL);

    if (text == NULL || *text == '\0') {
        return -1;
    }

    code = strtol(text, &end, 10);

    if (*end || code > 255 || code < -NGX_CC_CLIENT_SIGNALS) {
        return -1;
    }

    return (int) (code < 0 ? 128 - code : code);
}


int
ngx_cc_client_message_true(ngx_cc_client_message_t *m, const char *path)
{
    const char  *text;

    text = ngx_cc_client_message_get(m, path, NULL);

    return text && strcmp(text, "true") == 0;
}
