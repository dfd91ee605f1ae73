
/* How willing the kernel is to kill this process when memory is short. */

#ifndef _NGX_CC_OOM_H_INCLUDED_
#define _NGX_CC_OOM_H_INCLUDED_


/*
 * Adds "by" to oom_score_adj of this process, at most 1000 in the end; it is
 * inherited.  Where that is not possible, nothing happens.  Only system calls:
 * it may be used between fork and exec.
 */
void ngx_cc_oom_raise(int by);

/*
 * For a process that is going to be not dumpable, which may not open the file
 * any more: a descriptor of it (FD_CLOEXEC), or -1.
 */
int ngx_cc_oom_open(void);

/* the same as _raise() by such a descriptor: what it was, or -1001 */
int ngx_cc_oom_add(int fd, int by);

/* what it is from now on */
void ngx_cc_oom_set(int fd, int value);


#endif /* _NGX_CC_OOM_H_INCLUDED_ */
