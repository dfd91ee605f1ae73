
/*
 * The params of the methods for kept commands, one by one.  What is wrong with
 * one is answered here.
 */

#ifndef _NGX_CC_NATIVE_READ_H_INCLUDED_
#define _NGX_CC_NATIVE_READ_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_handle.h"
#include "ngx_cc_native_methods.h"
#include "ngx_cc_native_watch.h"


/* queues an error as the answer to the request that is served */
void ngx_cc_native_error(ngx_cc_native_t *s, ngx_int_t code, const char *fmt,
    ...);

/*
 * All of these return NGX_OK: *value is set; NGX_DECLINED: the param is not
 * there, or null; NGX_ERROR: it is wrong, and that is answered.
 */

/* a whole number from min to max */
ngx_int_t ngx_cc_native_read_number(ngx_cc_native_t *s,
    ngx_cc_value_t *params, const char *name, int64_t min, int64_t max,
    int64_t *value);

/* one of two words: 0 or 1 */
ngx_int_t ngx_cc_native_read_word(ngx_cc_native_t *s, ngx_cc_value_t *params,
    const char *name, const char *no, const char *yes, ngx_uint_t *value);

ngx_int_t ngx_cc_native_read_flag(ngx_cc_native_t *s, ngx_cc_value_t *params,
    const char *name, ngx_uint_t *value);

ngx_int_t ngx_cc_native_read_string(ngx_cc_native_t *s,
    ngx_cc_value_t *params, const char *name, ngx_str_t *value);

/*
 * params.execution_id: NGX_OK and the handle; NGX_ERROR: missing, no string, or
 * of another node (answered); NGX_DECLINED: nobody can have this id, nothing is
 * answered yet.
 */
ngx_int_t ngx_cc_native_read_id(ngx_cc_native_t *s, ngx_cc_value_t *params,
    ngx_cc_handle_t *handle);

/* the command of this session with that id, or NULL */
ngx_cc_native_command_t *ngx_cc_native_read_here(ngx_cc_native_t *s,
    ngx_cc_value_t *params);

/*
 * Has this session one of these rights (NGX_CC_ATTACH_...) to a command of its?
 * NGX_OK, or NGX_DECLINED: that is answered.
 */
ngx_int_t ngx_cc_native_read_may(ngx_cc_native_t *s,
    const ngx_cc_native_command_t *ps, uint32_t rights);

/* is that the id of this command, with the name of this node or without? */
ngx_uint_t ngx_cc_native_read_same(const ngx_str_t *text,
    const ngx_cc_native_command_t *ps);


#endif /* _NGX_CC_NATIVE_READ_H_INCLUDED_ */
