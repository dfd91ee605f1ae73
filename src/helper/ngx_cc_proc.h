
/*
 * Processes as /proc shows them: whose child is who, and is it still the same
 * one?  A number alone names nobody, it may be given to a stranger at any
 * time; number and start time together name one process.
 */

#ifndef _NGX_CC_PROC_H_INCLUDED_
#define _NGX_CC_PROC_H_INCLUDED_


#include <stdint.h>
#include <sys/types.h>


typedef struct {
    int             dir;         /* descriptor of /proc */
    int             children;    /* of /proc/self/task/TID/children, or -1:
                                    this kernel has no such files, /proc is
                                    searched instead */
    pid_t           self;
} ngx_cc_proc_t;


typedef struct {
    char            state;       /* as in proc_pid_stat(5): R S D T t Z ... */
    pid_t           parent;
    pid_t           group;
    uint32_t        threads;
    uint64_t        start;       /* clock ticks since the machine started */
} ngx_cc_proc_stat_t;


typedef void (*ngx_cc_proc_visit_pt)(void *data, pid_t pid);


/*
 * Opens what the others need, for the calling process.  Returns 0, or -1 with
 * errno: there is no /proc.
 */
int ngx_cc_proc_open(ngx_cc_proc_t *proc);

/*
 * What /proc/PID/stat says.  Returns 0, or -1: it is gone, or hidden from us.
 */
int ngx_cc_proc_stat(const ngx_cc_proc_t *proc, pid_t pid,
    ngx_cc_proc_stat_t *st);

/*
 * Calls "visit" for every child of the calling process.  Returns 0, or -1 with
 * errno when the list could not be read.
 */
int ngx_cc_proc_own(const ngx_cc_proc_t *proc, ngx_cc_proc_visit_pt visit,
    void *data);

/*
 * The same for a process that has so many threads: each may have children of
 * its own.  Who is listed was a child a moment ago; the visitor has to look
 * again.
 */
int ngx_cc_proc_children(const ngx_cc_proc_t *proc, pid_t pid,
    uint32_t threads, ngx_cc_proc_visit_pt visit, void *data);


#endif /* _NGX_CC_PROC_H_INCLUDED_ */
