
/*
 * The executor service as a worker sees it: where it is, how it is asked to be
 * this worker's spawner, and what its answer means.
 */

#ifndef _NGX_CC_SERVICE_CLIENT_H_INCLUDED_
#define _NGX_CC_SERVICE_CLIENT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_spawner.h"
#include "ngx_cc_wire.h"


typedef struct {
    const char      *path;       /* of its socket, absolute; "" = nobody
                                    listens; NULL = there is no service, the
                                    worker forks its spawner */
    const char      *user;       /* commands run as */
    unsigned         required;   /* NGX_CC_CGROUP_GROUPS ...: what commands of a
                                    location cannot do without */
} ngx_cc_service_client_conf_t;


/*
 * Connects and asks.  Of "spawner" the ring's size, nice, seccomp and enclosed
 * are used.  Returns a socket (non-blocking) on which CONNECTED will come, or
 * -1 with ngx_errno; NGX_EAGAIN: too many are connecting; NGX_ENOENT also for
 * a path that is not absolute.
 */
ngx_socket_t ngx_cc_service_client_connect(
    const ngx_cc_service_client_conf_t *conf,
    const ngx_cc_spawner_conf_t *spawner);

/* the errno that stands for a refusal where there is room for no more */
ngx_err_t ngx_cc_service_client_error(const ngx_cc_wire_connected_t *msg);

/* logs why it does not serve */
void ngx_cc_service_client_refused(const ngx_cc_service_client_conf_t *conf,
    const ngx_cc_wire_connected_t *msg, ngx_log_t *log);

/* logs what it lacks of what is required; "has": NGX_CC_CGROUP_GROUPS ... */
void ngx_cc_service_client_lacks(const ngx_cc_service_client_conf_t *conf,
    unsigned has, ngx_log_t *log);


#endif /* _NGX_CC_SERVICE_CLIENT_H_INCLUDED_ */
