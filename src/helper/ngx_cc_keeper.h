
/*
 * The keeper: the process above a spawner, in case that is killed.  The kernel
 * gives what a dead process leaves to the nearest ancestor that asked for it
 * (a subreaper): first the spawner's helpers, and then, when one of these is
 * killed as well, its command's tree.  Without a keeper they would be init's,
 * and nobody's.
 *
 * It is the child of the worker and the parent of the spawner, holds no
 * descriptor that matters to others, and leaves with its last child.
 */

#ifndef _NGX_CC_KEEPER_H_INCLUDED_
#define _NGX_CC_KEEPER_H_INCLUDED_


#include <stddef.h>
#include <sys/types.h>


/* in memory that both share: whom the spawner has made */

typedef struct {
    volatile size_t  alive;
    volatile pid_t   pid[];      /* so many; an entry is written before it
                                    counts, and may stand twice for a moment */
} ngx_cc_keeper_list_t;


/*
 * To be called by a subreaper with one thread and default signals.  Returns in
 * a new process, which is to be the spawner: a descriptor whose end of file
 * says that the keeper is gone; or -1 with errno, in the caller, when there is
 * no new process.  The caller becomes the keeper otherwise and never returns.
 *
 * What the keeper obeys: SIGTERM (kill the spawner; this is how a spawner
 * that hangs is ended), SIGCONT (wake it).  When its own parent dies, it wakes
 * the spawner and those on the list every second: they have to leave.  With
 * "serviced" its parent is an executor service, which does not tell whether the
 * worker is gone: whoever is stopped is woken a second later.
 *
 * When the spawner dies, those on the list may stay, everybody else is killed,
 * and so is what any of them leaves later.
 */
int ngx_cc_keeper_split(const ngx_cc_keeper_list_t *list, int serviced);


#endif /* _NGX_CC_KEEPER_H_INCLUDED_ */
