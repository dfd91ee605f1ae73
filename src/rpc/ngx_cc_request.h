
/*
 * A JSON-RPC 2.0 request, parsed while it comes in (yajl, SAX) into a bounded
 * tree.  Everything that yajl lets through and that would hurt further down is
 * refused here: NUL inside a string, half a pair of surrogates, duplicate keys,
 * depth, number of values.  That the bytes are UTF-8 has been checked by the
 * transport.
 *
 * What is refused is still read to its end, without keeping anything of it but
 * the members "id", "method" and "jsonrpc" of the message itself: the refusal
 * has to carry the id, wherever it stands, and none may be sent to whoever did
 * not ask.  The errors have an order, so that it does not matter which part of
 * a message comes first: not JSON, no request (-32600), params (-32602).  A
 * dialect puts its -32601, unknown method, before the last of them.
 */

#ifndef _NGX_CC_REQUEST_H_INCLUDED_
#define _NGX_CC_REQUEST_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_yajl.h"


#define NGX_CC_REQUEST_DEPTH     32
#define NGX_CC_REQUEST_MEMBERS   256     /* of one object */
#define NGX_CC_REQUEST_VALUES    16384   /* of one message */
#define NGX_CC_REQUEST_ID        4096    /* bytes of an id's text */

/* error codes, JSON-RPC 2.0, section 5.1 */

#define NGX_CC_ERROR_PARSE       -32700
#define NGX_CC_ERROR_REQUEST     -32600
#define NGX_CC_ERROR_METHOD      -32601
#define NGX_CC_ERROR_PARAMS      -32602
#define NGX_CC_ERROR_INTERNAL    -32603


typedef enum {
    NGX_CC_VALUE_NULL = 0,
    NGX_CC_VALUE_BOOL,
    NGX_CC_VALUE_NUMBER,
    NGX_CC_VALUE_STRING,
    NGX_CC_VALUE_ARRAY,
    NGX_CC_VALUE_OBJECT
} ngx_cc_value_e;


typedef struct ngx_cc_value_s  ngx_cc_value_t;

struct ngx_cc_value_s {
    ngx_cc_value_e   type;
    ngx_str_t        name;       /* of a member, decoded */
    ngx_str_t        text;       /* STRING: decoded, a NUL follows; NUMBER:
                                    as it was sent */
    ngx_uint_t       number;     /* BOOL: 0 or 1; ARRAY, OBJECT: how many */
    ngx_cc_value_t  *first;      /* elements or members */
    ngx_cc_value_t  *last;
    ngx_cc_value_t  *next;
};


typedef struct {
    ngx_log_t       *log;
    ngx_pool_t      *pool;       /* of the message; NULL between messages */
    ngx_cc_yajl_t    json;
    ngx_cc_value_t  *stack[NGX_CC_REQUEST_DEPTH];
    ngx_uint_t       depth;      /* of the parser, also beyond the stack */
    ngx_uint_t       values;
    ngx_str_t        key;        /* of the member to come */
    unsigned         wanted:1;   /* it is one of those that are still read
                                    after a refusal */
    unsigned         stopped:1;  /* nothing more is read */
    unsigned         no_memory:1;

    /* the result; valid until ngx_cc_request_reset() */
    unsigned         notification:1;     /* it has no id: whatever comes of
                                    it, it is not answered */
    unsigned         positional:1;       /* the error is that params have no
                                    names */
    ngx_cc_value_t  *root;
    ngx_cc_value_t  *id;         /* NULL: none, or not known */
    ngx_cc_value_t  *params;     /* an object, or NULL */
    ngx_str_t        method;     /* also when "code" is ERROR_PARAMS; data is
                                    NULL when it is not known */
    ngx_int_t        code;       /* 0, or the error to answer with */
    const char      *error;      /* its text */
} ngx_cc_request_t;


/*
 * The next n bytes of a message; "last": it ends with them.  Returns NGX_AGAIN
 * while it has not ended; NGX_OK when it has: "code" tells whether it is a
 * request; NGX_ERROR when there is no memory.
 */
ngx_int_t ngx_cc_request_push(ngx_cc_request_t *rq, u_char *p, size_t n,
    ngx_uint_t last);

/* frees the message; "log" stays */
void ngx_cc_request_reset(ngx_cc_request_t *rq);

/* the member of that name, or NULL; "object" may be NULL */
ngx_cc_value_t *ngx_cc_request_member(ngx_cc_value_t *object,
    const char *name);


#endif /* _NGX_CC_REQUEST_H_INCLUDED_ */
