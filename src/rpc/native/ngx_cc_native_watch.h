
/*
 * What is said of watching a kept command, and how much of its output may be on
 * the way to whoever gives credit.
 */

#ifndef _NGX_CC_NATIVE_WATCH_H_INCLUDED_
#define _NGX_CC_NATIVE_WATCH_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_json_write.h"
#include "ngx_cc_native_command.h"


/* of a process that this owner does not have, wherever one asks for it */

#define NGX_CC_NATIVE_WATCH_UNKNOWN  "no such process of this owner"


/* bytes on the way to the client, 0 = any */
void ngx_cc_native_watch_limit(ngx_cc_native_command_t *ps, uint64_t window);

/* may more of its output be sent now? */
ngx_uint_t ngx_cc_native_watch_open(ngx_cc_native_command_t *ps);

/*
 * Messages, written to p (room for NGX_CC_MESSAGE_SIZE); their length: the
 * answer to an attach, to one that was refused, and process.detached
 */
size_t ngx_cc_native_watch_attached(ngx_cc_native_command_t *ps, u_char *p,
    size_t room);
size_t ngx_cc_native_watch_refused(ngx_cc_native_command_t *ps, u_char *p,
    size_t room);
size_t ngx_cc_native_watch_detached(ngx_cc_native_command_t *ps, u_char *p,
    size_t room);

size_t ngx_cc_native_watch_resized(ngx_cc_native_command_t *ps, u_char *p,
    size_t room);

/* the attach was refused: that is told, not at once if it is unknown */
void ngx_cc_native_watch_refuse(ngx_cc_native_command_t *ps);

/*
 * If the command is somebody else's: it is recorded that this session has done
 * that, "what" as in the record's entry
 */
void ngx_cc_native_watch_observed(ngx_cc_native_command_t *ps,
    const char *what, ngx_uint_t signal);

/* ,"name":{"stdout":n,"stderr":n} */
void ngx_cc_native_watch_both(ngx_cc_json_t *w, const char *name,
    const uint64_t n[NGX_CC_STREAMS]);


#endif /* _NGX_CC_NATIVE_WATCH_H_INCLUDED_ */
