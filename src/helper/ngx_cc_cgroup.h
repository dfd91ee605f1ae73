
/*
 * The control group (cgroup v2) of one command: limits that hold for all of its
 * processes together, a KILL and a stop that none of them can run away from,
 * and what they have used.  Documentation/admin-guide/cgroup-v2.rst of Linux is
 * the source of what the files in there mean.
 *
 * Groups stand in a directory that belongs to the executor service ("base"),
 * each as long as its command; its helper holds a lock on it (flock), so one
 * without a lock is nobody's.  What is done in there is done with the rights of
 * the service, not of the command's user.
 */

#ifndef _NGX_CC_CGROUP_H_INCLUDED_
#define _NGX_CC_CGROUP_H_INCLUDED_


#include <stdint.h>
#include <sys/types.h>
#include "ngx_cc_wire.h"


#define NGX_CC_CGROUP_NAME    24         /* bytes of a group's name, and NUL */


typedef struct {
    int             base;        /* where groups are made; -1: nowhere */

    /* of the command; -1: it has none, or the kernel has no such file */
    int             dir;
    int             procs;
    int             kill;
    int             freeze;
    int             events;      /* POLLPRI: frozen() may say another thing */
    char            name[NGX_CC_CGROUP_NAME];
} ngx_cc_cgroup_t;


/* what a group has used; 0 = that is not known */

typedef struct {
    uint64_t        user;        /* us of CPU */
    uint64_t        system;
    uint64_t        memory_peak; /* bytes */
    uint32_t        pids_peak;
} ngx_cc_cgroup_use_t;


/* there are no groups, or below "base" (the caller's, or -1) */
void ngx_cc_cgroup_init(ngx_cc_cgroup_t *cg, int base);

/*
 * Makes the group of the next command and sets its limits.  Returns 0, or -1
 * with errno and nothing left: ENOTSUP, there is no "base", or (REQUIRED) no
 * controller for one of the limits; without REQUIRED that limit is left out.
 * Whatever else fails is an error with REQUIRED and without.
 */
int ngx_cc_cgroup_make(ngx_cc_cgroup_t *cg,
    const ngx_cc_wire_cgroup_t *limits);

/*
 * As clone(2) with CLONE_VM|CLONE_VFORK|SIGCHLD, but what begins is in the
 * group.  ENOSYS: it has to enter by itself.
 */
pid_t ngx_cc_cgroup_clone(const ngx_cc_cgroup_t *cg, int (*start)(void *),
    char *stack, size_t size, void *data);

/* the calling process moves there; system calls only */
int ngx_cc_cgroup_enter(const ngx_cc_cgroup_t *cg);

/* 1: the command has a group */
int ngx_cc_cgroup_is(const ngx_cc_cgroup_t *cg);

/* all of its processes stop (1), or go on (0); returns 0, or -1 with errno */
int ngx_cc_cgroup_freeze(const ngx_cc_cgroup_t *cg, int on);

/* 1: all of them stand still; also makes the next POLLPRI possible */
int ngx_cc_cgroup_frozen(const ngx_cc_cgroup_t *cg);

/* SIGKILL to all of them; -1: before Linux 5.14 there is no such thing */
int ngx_cc_cgroup_kill(const ngx_cc_cgroup_t *cg);

/* 1: the kernel has killed some of them, because memory was short in there */
int ngx_cc_cgroup_oom(const ngx_cc_cgroup_t *cg);

/* what it has used up to now */
void ngx_cc_cgroup_used(const ngx_cc_cgroup_t *cg, ngx_cc_cgroup_use_t *use);

/* the command is over: the group is gone, or left to a sweep if it cannot be */
void ngx_cc_cgroup_remove(ngx_cc_cgroup_t *cg);

/*
 * Removes the groups in "base" that are nobody's, and ends what is still in
 * there.  Returns how many of them are left: their processes have not quite
 * gone yet.
 */
int ngx_cc_cgroup_sweep(int base);


/*
 * Writes "value" to a file in "dir" (its path from there).  Returns 0, or -1
 * with errno: ENOENT, the kernel has no such file there.
 */
int ngx_cc_cgroup_write(int dir, const char *file, const char *value);


#endif /* _NGX_CC_CGROUP_H_INCLUDED_ */
