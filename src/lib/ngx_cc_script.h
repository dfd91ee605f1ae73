
/*
 * A command line that is longer than the kernel allows for one argument: the
 * shell reads it from a sealed memfd instead.  It is to behave as with -c; the
 * differences are listed in docs/protocol.md, "Long command lines".
 */

#ifndef _NGX_CC_SCRIPT_H_INCLUDED_
#define _NGX_CC_SCRIPT_H_INCLUDED_


#include <stddef.h>


/* its number in the shell: POSIX shells can name one digit */

#define NGX_CC_SCRIPT_FD    9


/*
 * What is given to the shell after -c.  Bash reads the descriptor by a builtin
 * and calls eval, which leaves the words of its messages alone.  Others read
 * it as a file: nothing is forked, no program is needed, and they start before
 * they have read all.  Where there is no /proc, cat is.
 */
extern const char  ngx_cc_script_boot[];

/*
 * Makes a close-on-exec memfd with the "len" bytes of "text" behind words that
 * close the descriptor in the shell, sealed against every change, its position
 * at the start.  Returns it, or -1 with errno.
 */
int ngx_cc_script_make(const char *text, size_t len);

/* is this descriptor a memfd that cannot be changed any more?  1 = yes */
int ngx_cc_script_sealed(int fd);


#endif /* _NGX_CC_SCRIPT_H_INCLUDED_ */
