
/*
 * Which build of this code runs, and which one is installed: the identities
 * that the linker has given them (the note NT_GNU_BUILD_ID of ELF).
 */

#ifndef _NGX_CC_BUILD_H_INCLUDED_
#define _NGX_CC_BUILD_H_INCLUDED_


#define NGX_CC_BUILD_ID  65              /* bytes: digits in pairs, and NUL */


/* "": it has none, or that is not known */

typedef struct {
    char  loaded[NGX_CC_BUILD_ID];       /* of the calling code */
    char  installed[NGX_CC_BUILD_ID];    /* of the file that it was loaded from,
                                            as it is now; of a program, and not
                                            a shared object, unknown */
} ngx_cc_build_t;


/*
 * Looks at both.  What is loaded is what it was at the first look: who writes
 * over the file instead of replacing it changes what is mapped, too.
 */
void ngx_cc_build_look(ngx_cc_build_t *build);

/* 1: another one is installed than runs */
int ngx_cc_build_replaced(const ngx_cc_build_t *build);

/* the identity of an ELF file of this kind of machine; "": it has none, or
   cannot be read */
void ngx_cc_build_file(const char *path, char id[NGX_CC_BUILD_ID]);


#endif /* _NGX_CC_BUILD_H_INCLUDED_ */
