
/*
 * An executor service that is replaced in place (reload, upgrade): its process
 * executes the program anew and keeps its pid, its children, its listening
 * socket and its deathwatch, so everything that runs goes on.  What the new
 * program has to know is in its environment, NGX_CC_TAKEOVER_NAME:
 *
 *     2 PID LISTENER WATCH WATCH [KEEPER:UID:USER ...]
 *
 * in decimal: the form of this list; the process that it is for; descriptors;
 * the workers that are served.  Words of another form are refused, so a program
 * that cannot take over says so in its trial.
 */

#ifndef _NGX_CC_TAKEOVER_H_INCLUDED_
#define _NGX_CC_TAKEOVER_H_INCLUDED_


#include <stddef.h>
#include <sys/types.h>
#include "ngx_cc_spawner.h"


#define NGX_CC_TAKEOVER_NAME     "CC_EXECUTORD_TAKEOVER"
#define NGX_CC_TAKEOVER_WORKERS  NGX_CC_SPAWNER_SERVED
#define NGX_CC_TAKEOVER_TRIAL    10      /* s that a trial may take */


/* a worker that is served */

typedef struct {
    pid_t           keeper;
    uid_t           uid;         /* has asked for it */
    uid_t           user;        /* of its commands */
} ngx_cc_takeover_worker_t;


typedef struct {
    int                       listener;
    int                       watch[2];      /* the deathwatch: read, write */
    ngx_cc_takeover_worker_t  worker[NGX_CC_TAKEOVER_WORKERS];
    size_t                    nworkers;
} ngx_cc_takeover_t;


/*
 * For the new program, at its start: 1, and "t" is what it takes over, its
 * descriptors FD_CLOEXEC; 0: it is the first, the environment says nothing, or
 * something to another process; -1 with "why" (room bytes).  The environment
 * has it no longer.
 */
int ngx_cc_takeover_receive(ngx_cc_takeover_t *t, char *why, size_t room);

/* of the workers, how many are "uid"'s; "of_user": for commands of "user" */
size_t ngx_cc_takeover_count(const ngx_cc_takeover_t *t, uid_t uid, uid_t user,
    size_t *of_user);

/*
 * A child that tries whether "program" could take over: it is executed with
 * "argv" and "-n" behind the first word, privileges and all, and has to end
 * with 0 in time; SIGALRM ends it, and SIGKILL when this process ends.  Returns
 * its pid, or -1 with errno.
 */
pid_t ngx_cc_takeover_try(const ngx_cc_takeover_t *t, const char *program,
    char **argv);

/*
 * Executes "program".  Signals that are blocked stay so, those that arrive
 * meanwhile are not lost.  Returns only if that fails: nothing has changed,
 * errno.
 */
void ngx_cc_takeover_exec(const ngx_cc_takeover_t *t, const char *program,
    char **argv);


#endif /* _NGX_CC_TAKEOVER_H_INCLUDED_ */
