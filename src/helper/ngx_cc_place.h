
/*
 * The working directory of a command: one that the operator has named, or one
 * below it that the client chose.  Below means below: no "..", no symbolic
 * link, whatever is renamed meanwhile.
 */

#ifndef _NGX_CC_PLACE_H_INCLUDED_
#define _NGX_CC_PLACE_H_INCLUDED_


/*
 * Makes "beneath" ("" = root itself) the working directory of this process.
 * Makes system calls only.  Returns 0, or -1 with errno: EXDEV when "beneath"
 * is absolute or has a "..", ELOOP or ENOTDIR for a symbolic link.
 */
int ngx_cc_place_enter(const char *root, const char *beneath);

/*
 * Makes the directory "path", mode 0700, and the one it is in where that is
 * missing, too.  Returns 0, also when something is there, or -1 with errno.
 */
int ngx_cc_place_make(const char *path);

/*
 * The two ways to open "beneath" below the directory "root" (O_PATH): by the
 * kernel (openat2, Linux 5.6: ENOSYS without it) and component by component.
 * Return a descriptor (close-on-exec), or -1 with errno.
 */
int ngx_cc_place_resolve(int root, const char *beneath);
int ngx_cc_place_walk(int root, const char *beneath);


#endif /* _NGX_CC_PLACE_H_INCLUDED_ */
