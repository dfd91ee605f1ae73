
/*
 * The request parser: however a message is cut, it is understood in the same
 * way, stays within its limits, and nothing of it is left afterwards - not
 * even when memory runs out in the middle.
 */

#include <ngx_config.h>
#include <ngx_core.h>
#include "fuzz.h"
#include "ngx_cc_request.h"
#include "shim.h"


static ngx_log_t  log_;


static size_t
walk(ngx_cc_value_t *v, size_t depth)
{
    size_t           n;
    ngx_cc_value_t  *child;

    fuzz_check(depth <= NGX_CC_REQUEST_DEPTH);
    n = 1;

    if (v->type == NGX_CC_VALUE_STRING) {
        fuzz_check(strlen((char *) v->text.data) == v->text.len);
    }

    if (v->name.data) {
        fuzz_check(memchr(v->name.data, '\0', v->name.len) == NULL);
    }

    if (v->type == NGX_CC_VALUE_ARRAY || v->type == NGX_CC_VALUE_OBJECT) {

        for (child = v->first; child; child = child->next) {
            fuzz_check(child->next || child == v->last);
            n += walk(child, depth + 1);
        }
    }

    return n;
}


/* "step" bytes at a time; returns what push() said last */

static ngx_int_t
parse(ngx_cc_request_t *rq, const uint8_t *data, size_t size, size_t step)
{
    size_t      n;
    uint8_t    *piece;
    ngx_int_t   rc;

    memset(rq, 0, sizeof(ngx_cc_request_t));
    rq->log = &log_;

    do {
        n = step < size ? step : size;
        piece = fuzz_copy(data, n);
        rc = ngx_cc_request_push(rq, piece, n, n == size);
        free(piece);
        data += n;
        size -= n;

        fuzz_check(rc == NGX_OK || rc == NGX_AGAIN || rc == NGX_ERROR);
        fuzz_check(rc != NGX_OK || size == 0);

    } while (size && rc == NGX_AGAIN);

    return rc;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned           step, fail;
    fuzz_in_t          in = { data, data + size };
    ngx_cc_request_t   a, b;

    step = 1 + fuzz_byte(&in) % 8;
    fail = fuzz_byte(&in);

    fuzz_check(parse(&a, in.p, fuzz_left(&in), fuzz_left(&in) + 1) == NGX_OK);
    fuzz_check(parse(&b, in.p, fuzz_left(&in), step) == NGX_OK);

    fuzz_check(a.code == b.code);
    fuzz_check((a.error == NULL) == (a.code == 0));
    fuzz_check(a.code == 0 || strcmp(a.error, b.error) == 0);
    fuzz_check((a.id == NULL) == (b.id == NULL));
    fuzz_check(a.notification == b.notification);
    fuzz_check(!a.notification || (a.id == NULL && a.root != NULL));
    fuzz_check((a.method.data == NULL) == (b.method.data == NULL));

    if (a.id) {
        fuzz_check(a.id->text.len <= NGX_CC_REQUEST_ID);
        fuzz_check(a.id->text.len == b.id->text.len);
        fuzz_check(a.id->text.len == 0
                   || memcmp(a.id->text.data, b.id->text.data, a.id->text.len)
                      == 0);
    }

    if (a.code == 0) {
        fuzz_check(a.root && a.root->type == NGX_CC_VALUE_OBJECT);
        fuzz_check(walk(a.root, 1) <= NGX_CC_REQUEST_VALUES);
        fuzz_check(a.method.len == b.method.len);
        fuzz_check(a.method.len == 0
                   || memcmp(a.method.data, b.method.data, a.method.len) == 0);
        fuzz_check(ngx_cc_request_member(a.root, "method") != NULL);
        fuzz_check((a.params == NULL) == (b.params == NULL));
        (void) ngx_cc_request_member(a.params, "command");
    }

    ngx_cc_request_reset(&a);
    ngx_cc_request_reset(&b);

    /* the n-th allocation fails */

    if (fail) {
        shim_allocations = fail;
        (void) parse(&a, in.p, fuzz_left(&in), step);
        shim_allocations = 0;
        ngx_cc_request_reset(&a);
    }

    return 0;
}
