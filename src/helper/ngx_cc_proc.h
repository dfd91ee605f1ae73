
/*
 * Processes as /proc lists them: who is a child of whom.  Whether it is still
 * the same one, ngx_cc_proc_stat.h tells.
 */

#ifndef _NGX_CC_PROC_H_INCLUDED_
#define _NGX_CC_PROC_H_INCLUDED_


#include <stdint.h>
#include <sys/types.h>
#include "ngx_cc_proc_stat.h"


typedef struct {
    int             dir;         /* descriptor of /proc */
    int             children;    /* of /proc/self/task/TID/children, or -1:
                                    this kernel has no such files, /proc is
                                    searched instead */
    pid_t           self;
} ngx_cc_proc_t;


typedef void (*ngx_cc_proc_visit_pt)(void *data, pid_t pid);


/*
 * Opens what the others need, for the calling process.  Returns 0, or -1 with
 * errno: there is no /proc.
 */
int ngx_cc_proc_open(ngx_cc_proc_t *proc);

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
