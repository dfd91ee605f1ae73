
/*
 * The executor service of a master that is root: it starts one itself, by a
 * process between, the service's keeper, which restarts the service when it
 * dies (the log says how it died) and ends it when the master is gone.  Whoever
 * connects while it dies again and again is turned away at once.
 *
 * nginx's own ngx_spawn_process() cannot: this is before nginx becomes a
 * daemon, so the master that stays never hears of the process, and would wait
 * for it at its end; and it would be told to leave at each reload.
 */

#ifndef _NGX_CC_SERVICE_KEEPER_H_INCLUDED_
#define _NGX_CC_SERVICE_KEEPER_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include "ngx_cc_pools.h"


typedef struct {
    const char  *program;    /* cc-executord */
    const char  *users;      /* commands run as, with commas between them */
    const char  *worker;     /* name of the workers' user: the service's, too */
    ngx_uid_t    uid;        /* of it */
    const char  *path;       /* directory of root's: where its socket is made */
    const char  *tmp;        /* where TMPDIRs of commands are made */
} ngx_cc_service_keeper_conf_t;


/* room for "users" and the number of another one */

#define NGX_CC_SERVICE_KEEPER_USERS                                           \
    (NGX_CC_POOLS_USERS * NGX_CC_WIRE_USER + 32)


/*
 * In init_module of a master that is root, behind the deathwatch: starts a
 * keeper, unless there is one for these users.  With others, or another
 * program, there is one more until the master ends, after each such change.
 * Returns the path of the socket, which is valid until the next call; also when
 * the keeper could not be started (told): then nobody listens there.
 */
const char *ngx_cc_service_keeper(const ngx_cc_service_keeper_conf_t *conf,
    ngx_log_t *log);

/* in init_process: only the master looks whether it lives */
void ngx_cc_service_keeper_leave(void);


#endif /* _NGX_CC_SERVICE_KEEPER_H_INCLUDED_ */
