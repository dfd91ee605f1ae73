
/*
 * An entry of a directory as getdents64(2) gives it: libc's readdir() takes
 * memory and locks, which is not allowed between fork and exec, and libc has
 * no name for this struct everywhere.
 */

#ifndef _NGX_CC_DIRENT_H_INCLUDED_
#define _NGX_CC_DIRENT_H_INCLUDED_


#include <stdint.h>


/* for a buffer of entries: they contain words of 64 bits */

#define ngx_cc_dirent_aligned  __attribute__((aligned(sizeof(uint64_t))))


typedef struct {
    uint64_t        ino;
    int64_t         off;
    unsigned short  size;        /* bytes from this entry to the next one */
    unsigned char   type;
    char            name[];      /* ends with NUL */
} ngx_cc_dirent_t;


#endif /* _NGX_CC_DIRENT_H_INCLUDED_ */
