
/*
 * The part of the tree of control groups (cgroup v2) that a service manager has
 * given to the executor service (systemd: Delegate=yes): the group that the
 * service was started in, if that belongs to its user.  The service moves into
 * a group "daemon" of its own below it, because a group with processes cannot
 * set limits for others; commands get their groups beside that
 * (ngx_cc_cgroup.h).
 */

#ifndef _NGX_CC_DELEGATION_H_INCLUDED_
#define _NGX_CC_DELEGATION_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>


typedef struct {
    int             base;        /* its directory, -1: none was given */
    unsigned        has;         /* NGX_CC_CGROUP_GROUPS ... */
    uint64_t        sweep_at;    /* ms; groups are left whose processes are not
                                    quite gone; 0 = none are */
} ngx_cc_delegation_t;


/*
 * Takes it, for the calling process and those that it will start; also when
 * the program before this one had it.  Returns 0, or -1 with "why" (room bytes)
 * and base = -1: commands get none.
 */
int ngx_cc_delegation_take(ngx_cc_delegation_t *d, char *why, size_t room);

/*
 * Removes the groups of commands that nobody looks after any more, and ends
 * what is in there.
 */
void ngx_cc_delegation_sweep(ngx_cc_delegation_t *d);

/*
 * Does that again where some were left, and says when to be called next, ms;
 * UINT64_MAX: not at all.
 */
uint64_t ngx_cc_delegation_next(ngx_cc_delegation_t *d, uint64_t now);


#endif /* _NGX_CC_DELEGATION_H_INCLUDED_ */
