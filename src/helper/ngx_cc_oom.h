
/* How willing the kernel is to kill this process when memory is short. */

#ifndef _NGX_CC_OOM_H_INCLUDED_
#define _NGX_CC_OOM_H_INCLUDED_


/*
 * Adds "by" to oom_score_adj of this process, at most 1000 in the end; it is
 * inherited.  Where that is not possible, nothing happens.  Only system calls:
 * it may be used between fork and exec.
 */
void ngx_cc_oom_raise(int by);


#endif /* _NGX_CC_OOM_H_INCLUDED_ */
