
/*
 * Removes what commands have left, a piece at a time, so that the caller can
 * do other work between.  Nothing is followed: no symbolic link, no mount.
 * Depth costs neither memory nor descriptors: a directory in a directory is
 * moved up to the top before its turn comes.
 */

#ifndef _NGX_CC_REMOVE_H_INCLUDED_
#define _NGX_CC_REMOVE_H_INCLUDED_


/*
 * Removes the entries of the directory "top" except the one called "spare"
 * (NULL = none).  *budget is the number of entries that may be touched, and
 * what is left of it afterwards.
 *
 * Returns 0 when nothing but "spare" is left, 1 when the budget is used up, -1
 * when nothing more can be removed (a file of another user, a read-only file
 * system).
 */
int ngx_cc_remove_beneath(int top, const char *spare, unsigned *budget);

/*
 * Removes the directory "name" in "top", with all that is in it; what it
 * cannot finish, it leaves in "top" for ngx_cc_remove_beneath().  Returns 0
 * when the directory is gone, 1 when the budget is used up, -1 with errno.
 */
int ngx_cc_remove_directory(int top, const char *name, unsigned *budget);

/*
 * Opens the directory "name" in "dir" for reading, with a mode that lets the
 * owner remove what is in it.  Returns a descriptor (close-on-exec), or -1 with
 * errno.
 */
int ngx_cc_remove_open(int dir, const char *name);


#endif /* _NGX_CC_REMOVE_H_INCLUDED_ */
