
/*
 * Closes what a new process has inherited and must not keep: listening
 * sockets, clients' connections, the lifelines of others.
 */

#ifndef _NGX_CC_CLOSE_EXCEPT_H_INCLUDED_
#define _NGX_CC_CLOSE_EXCEPT_H_INCLUDED_


/*
 * Closes every descriptor from 3 on but the n ones of "keep" (in any order, -1
 * = none, n <= 8): by close_range(2), or, where there is none (before Linux
 * 5.9) or a filter forbids it, by the list in /proc/self/fd.  System calls
 * only.  Returns 0, or -1 with errno: something may be open still.
 */
int ngx_cc_close_except(const int *keep, int n);

/*
 * The same way for 0, 1 and 2: /dev/null.  Returns 0, or -1 with errno.
 */
int ngx_cc_close_stdio(void);


#endif /* _NGX_CC_CLOSE_EXCEPT_H_INCLUDED_ */
