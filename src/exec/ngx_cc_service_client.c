
#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_fdmsg.h"
#include "ngx_cc_names.h"
#include "ngx_cc_service_client.h"
#include "ngx_cc_version.h"


ngx_socket_t
ngx_cc_service_client_connect(const ngx_cc_service_client_conf_t *conf,
    const ngx_cc_spawner_conf_t *spawner)
{
    int                    size;
    ngx_err_t              err;
    ngx_socket_t           s;
    struct sockaddr_un     addr;
    ngx_cc_wire_connect_t  msg;

    /* "" would be an abstract name, which anybody may have taken */

    if (conf->path[0] != '/') {
        ngx_set_errno(NGX_ENOENT);
        return (ngx_socket_t) -1;
    }

    s = socket(AF_UNIX, SOCK_SEQPACKET|SOCK_NONBLOCK|SOCK_CLOEXEC, 0);

    if (s == (ngx_socket_t) -1) {
        return s;
    }

    size = NGX_CC_FDMSG_BUFFER / 2;
    (void) setsockopt(s, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));

    ngx_memzero(&addr, sizeof(addr));
    addr.sun_family = AF_UNIX;
    (void) ngx_cpystrn((u_char *) addr.sun_path, (u_char *) conf->path,
                       sizeof(addr.sun_path));

    ngx_cc_wire_init(&msg, NGX_CC_WIRE_CONNECT, 0, sizeof(msg));

    (void) ngx_cpystrn((u_char *) msg.build, (u_char *) NGX_CC_VERSION,
                       sizeof(msg.build));
    (void) ngx_cpystrn((u_char *) msg.user, (u_char *) conf->user,
                       sizeof(msg.user));

    msg.ring = spawner->ring;
    msg.nice = spawner->nice;
    msg.seccomp = spawner->seccomp;
    msg.enclosed = spawner->enclosed ? 1 : 0;

    if (connect(s, (struct sockaddr *) &addr, sizeof(addr)) == -1
        || ngx_cc_fdmsg_send(s, &msg, sizeof(msg), NULL, 0) == -1)
    {
        err = ngx_errno;
        (void) close(s);
        ngx_set_errno(err);

        return (ngx_socket_t) -1;
    }

    return s;
}


ngx_err_t
ngx_cc_service_client_error(const ngx_cc_wire_connected_t *msg)
{
    if (msg->refusal == NGX_CC_REFUSAL_SYSTEM && msg->error) {
        return msg->error;
    }

    return (msg->refusal == NGX_CC_REFUSAL_FULL
            || msg->refusal == NGX_CC_REFUSAL_MANY) ? EUSERS
           : (msg->refusal == NGX_CC_REFUSAL_VERSION) ? EPROTO : EACCES;
}


void
ngx_cc_service_client_refused(const ngx_cc_service_client_conf_t *conf,
    const ngx_cc_wire_connected_t *msg, ngx_log_t *log)
{
    if (msg->head.version != NGX_CC_WIRE_VERSION) {
        ngx_log_error(NGX_LOG_ERR, log, 0,
                      "cc_executor: the executor service at \"%s\" is version "
                      "%s (%ud), this is %s (%d): upgrade both",
                      conf->path, msg->build, (ngx_uint_t) msg->head.version,
                      NGX_CC_VERSION, NGX_CC_WIRE_VERSION);
        return;
    }

    ngx_log_error(NGX_LOG_ERR, log, msg->error,
                  "cc_executor: the executor service at \"%s\" starts no "
                  "commands as \"%s\": %s", conf->path, conf->user,
                  ngx_cc_names_refusal(msg->refusal));
}


void
ngx_cc_service_client_lacks(const ngx_cc_service_client_conf_t *conf,
    unsigned has, ngx_log_t *log)
{
    u_char      text[64], *p, *last;
    unsigned    missing;
    ngx_uint_t  i;

    static const struct {
        unsigned     flag;
        const char  *name;
    } limits[] = {
        { NGX_CC_CGROUP_MEMORY, "memory" },
        { NGX_CC_CGROUP_PIDS, "pids" },
        { NGX_CC_CGROUP_CPU, "cpu" }
    };

    missing = conf->required & ~has;

    if (missing == 0) {
        return;
    }

    p = text;
    last = text + sizeof(text);

    for (i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        if ((missing & limits[i].flag) && !(missing & NGX_CC_CGROUP_GROUPS)) {
            p = ngx_slprintf(p, last, "%s %s",
                             p == text ? " with limits of" : ",",
                             limits[i].name);
        }
    }

    ngx_log_error(NGX_LOG_ERR, log, 0,
                  "cc_executor: the executor service at \"%s\" has no control "
                  "groups%*s: commands that require them "
                  "(\"cc_executor_cgroup\") do not start", conf->path,
                  (size_t) (p - text), text);
}
