
/*
 * The spawner as this worker sees it: forked at the start, forked again when
 * it dies, told how many helpers shall be alive.  With an executor service it
 * is the service's: the worker connects, and connects again.  What it makes
 * goes up to the pool.
 */

#ifndef _NGX_CC_SPAWNER_CLIENT_H_INCLUDED_
#define _NGX_CC_SPAWNER_CLIENT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_channel.h"
#include "ngx_cc_service_client.h"
#include "ngx_cc_spawner.h"


/* who is told; all are called from the event loop */

typedef struct {
    /* there is a new spawner: it has to be told what is wanted */
    void  (*ready)(void *data);

    /*
     * A new helper: fds[0] is its control socket, fds[1] its ring of "size"
     * bytes, now the callee's.  fds NULL: they were lost on the way (no
     * descriptor was free here).
     */
    void  (*made)(void *data, pid_t pid, int *fds, size_t size);

    /* a helper of the current spawner was stopped */
    void  (*stopped)(void *data, pid_t pid);

    /* a helper of the current spawner has ended */
    void  (*gone)(void *data, pid_t pid);

    /* a helper could not be made, or the service not be reached: it is tried
     * again */
    void  (*refused)(void *data, ngx_cc_stage_e stage, ngx_err_t err);

    /* the spawner is gone: its helpers, "generation" tells them, are orphans */
    void  (*lost)(void *data);

    /* the worker begins to shut down */
    void  (*exiting)(void *data);
} ngx_cc_spawner_client_handlers_t;


typedef struct {
    ngx_uint_t                       generation; /* of the current spawner */
    ngx_uint_t                       wanted;     /* what it was told last */
    ngx_uid_t                        uid;        /* of commands, as a service
                                                    said last; 0 = it has not,
                                                    or there is none */

    unsigned                         cgroup;     /* NGX_CC_CGROUP_GROUPS ...:
                                                    what the service has */

    /* private to ngx_cc_spawner_client.c */
    const ngx_cc_spawner_client_handlers_t  *handlers;
    void                                    *data;
    ngx_log_t                               *log;
    ngx_cc_spawner_conf_t                    conf; /* of the next one */
    ngx_cc_service_client_conf_t             service;
    ngx_cc_channel_t                         channel;
    pid_t                                    pid; /* of its keeper */
    ngx_msec_t                               born; /* when it was forked */
    ngx_msec_t                               heard; /* when it last said
                                                    something */
    ngx_msec_t                       refused;    /* when it last said so */
    ngx_uint_t                       deaths;     /* in a row, each soon after
                                                    birth */
    ngx_event_t                      fork;       /* the next attempt */
    unsigned                         unsent:1;   /* "wanted" has to be told */
    unsigned                         refusing:1; /* since "refused" it could
                                                    not make one */
    unsigned                         stopped:1;
    unsigned                         asking:1;   /* the service has not
                                                    answered yet */
    ngx_uint_t                       told;       /* why it does not serve, as
                                                    was logged last; 0 = it
                                                    does */
} ngx_cc_spawner_client_t;


/*
 * In init_process, after nginx has changed the user and made the process
 * dumpable: not any more, so that no command of that user reads its memory.
 * The oom_score_adj of spawners is then raised by the worker.
 */
void ngx_cc_spawner_client_undumpable(ngx_log_t *log);

/*
 * Forks the first spawner of this worker, or tries again later (told).
 * Of "conf" the ring's size, nice, tmp, seccomp and enclosed are used.  With a
 * "service" it connects instead.
 */
void ngx_cc_spawner_client_start(ngx_cc_spawner_client_t *sc,
    const ngx_cc_spawner_conf_t *conf,
    const ngx_cc_service_client_conf_t *service,
    const ngx_cc_spawner_client_handlers_t *handlers, void *data,
    ngx_log_t *log);

/*
 * "n" helpers of the current spawner shall be alive.  It never ends one, so a
 * smaller number only matters after some have been closed; 0: it makes no more
 * and leaves with the last one.
 */
void ngx_cc_spawner_client_want(ngx_cc_spawner_client_t *sc, ngx_uint_t n);

/* ends a helper of that generation, and its tree, by force */
void ngx_cc_spawner_client_kill(ngx_cc_spawner_client_t *sc,
    ngx_uint_t generation, pid_t pid);

/*
 * A helper did not come within "patience" ms although the spawner was to make
 * one.  If it has sent nothing in that time either, it is ended by force: it
 * was stopped, or hangs.  The handler "lost" follows.
 */
void ngx_cc_spawner_client_doubt(ngx_cc_spawner_client_t *sc,
    ngx_msec_t patience);

/*
 * A command wants a helper.  Without a connection to the service it is asked
 * now, so that the command is soon refused, if it has to be (the handler
 * "refused"); or, when it has let us in within the last second, a little later:
 * clients must not drive it faster than that.
 */
void ngx_cc_spawner_client_hurry(ngx_cc_spawner_client_t *sc);

/* no spawner is forked any more */
void ngx_cc_spawner_client_retire(ngx_cc_spawner_client_t *sc);

/* closes the socket: the spawner leaves */
void ngx_cc_spawner_client_stop(ngx_cc_spawner_client_t *sc);


#endif /* _NGX_CC_SPAWNER_CLIENT_H_INCLUDED_ */
