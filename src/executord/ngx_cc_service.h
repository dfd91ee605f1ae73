
/*
 * The executor service's loop: workers connect and say who they want to start
 * commands as; whoever may gets a spawner (ngx_cc_spawner), a child of this
 * process, with the connection as its socket.  From then on this process has
 * nothing to do with them, but its end is theirs: they all hold the read end of
 * its deathwatch.
 */

#ifndef _NGX_CC_SERVICE_H_INCLUDED_
#define _NGX_CC_SERVICE_H_INCLUDED_


#include <stddef.h>
#include "ngx_cc_delegation.h"
#include "ngx_cc_spawner.h"
#include "ngx_cc_takeover.h"


#define NGX_CC_SERVICE_WORKERS  NGX_CC_TAKEOVER_WORKERS
                                         /* served at a time, those included
                                            that are gone while kept commands
                                            of theirs go on; each has a keyring
                                            of the service's, which may have 200
                                            (kernel.keys.maxkeys) */
#define NGX_CC_SERVICE_SHARE    NGX_CC_SPAWNER_SHARE
                                         /* of one peer's uid, so that it does
                                            not keep the others out */
#define NGX_CC_SERVICE_PEERS    16       /* that have not said anything yet; one
                                            more, and the oldest has to go */
#define NGX_CC_SERVICE_TIME     1000     /* ms that one has */


typedef struct {
    ngx_cc_takeover_t  begin;    /* where it begins: "listener" is
                                    SOCK_SEQPACKET, listening, non-blocking,
                                    with SO_PASSCRED: the sender of each
                                    message is told, for who has connected may
                                    have passed the socket on.  The rest counts
                                    if it is taken over */
    int             taken;       /* it is, from the program before this one */
    const char     *program;     /* what this one is, by its path */
    char          **words;       /* its command line */
    int             oom;         /* of ngx_cc_oom_open(), or -1 */
    const char     *policy;      /* ngx_cc_grants.h */
    const char     *grant;       /* instead: ngx_cc_grants_one(), or NULL */
    const char     *tmp;         /* where TMPDIRs of commands are made, below a
                                    directory for each user, or NULL */
    ngx_cc_delegation_t  groups; /* control groups, if it may make any */
    char          **argv;        /* memory of the process title */
    size_t          title_room;
} ngx_cc_service_conf_t;


/*
 * Serves until SIGTERM, SIGINT or SIGQUIT; then tells all spawners and helpers,
 * which end what runs, and returns when the last of them is gone: 0; or -1 with
 * errno when it could not begin.
 *
 * SIGHUP: the program, which may have been replaced, takes over
 * (ngx_cc_takeover); first it is tried, and goes unused if it fails.  Whoever
 * connects meanwhile waits: half a second, and what those who have connected
 * take to speak (NGX_CC_SERVICE_TIME).
 */
int ngx_cc_service_run(const ngx_cc_service_conf_t *conf);


#endif /* _NGX_CC_SERVICE_H_INCLUDED_ */
