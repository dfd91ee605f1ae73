
/*
 * cc_executor_audit_log and its file: lines are gathered for one turn of the
 * event loop and written by one write() each, so that those of several
 * workers do not mix.  It is opened again on USR1, like nginx's own logs, but
 * not by nginx: its master would open and chown, as root, whatever stands at
 * that name.
 *
 * Where root reads the configuration and commands can write a directory of the
 * path, root neither opens nor makes it: workers do, as the user they have.
 * There, only a regular file is taken, since a fifo would stop whoever writes.
 */

#ifndef _NGX_CC_AUDIT_FILE_H_INCLUDED_
#define _NGX_CC_AUDIT_FILE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>


#define NGX_CC_AUDIT_FILE_BUFFER   (128 * 1024)
#define NGX_CC_AUDIT_FILE_LINE     (64 * 1024)   /* no line is longer */


typedef struct {
    ngx_cycle_t      *cycle;             /* of its configuration */
    ngx_open_file_t  *hook;              /* by which nginx reports USR1 */
    int               anchor;            /* what that opens instead of us */
    ngx_fd_t          fd;                /* or NGX_INVALID_FILE: not open */
    ngx_str_t         name;
    ngx_uint_t        theirs;            /* commands can replace it */
    ngx_event_t       post;              /* flush soon */
    u_char           *start;             /* made when it is first needed */
    u_char           *pos;
    ngx_uint_t        waited;            /* others have had their turn */
    time_t            told;              /* when a failure was last logged */
    ngx_uint_t        lost;              /* lines, since then */
} ngx_cc_audit_file_t;


/* what a location says about it */

typedef struct {
    ngx_cc_audit_file_t  *file;          /* NULL = off */
    ngx_uint_t            hash;          /* SHA-256 of argv instead of argv */
} ngx_cc_audit_conf_t;


void ngx_cc_audit_file_create(ngx_cc_audit_conf_t *conf);
void ngx_cc_audit_file_merge(ngx_cc_audit_conf_t *conf,
    ngx_cc_audit_conf_t *prev);

/*
 * Setter of cc_executor_audit_log: off | path [argv=full | argv=hash]; the
 * command's offset is that of ngx_cc_audit_conf_t
 */
char *ngx_cc_audit_file_set(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/*
 * The file of that name (made absolute, relative to nginx's prefix); one object
 * however many locations write to it.  NULL: logged.  What a command may be the
 * cause of, and a full disk, is a warning: workers try again.
 */
ngx_cc_audit_file_t *ngx_cc_audit_file_open(ngx_conf_t *cf, ngx_str_t *name);

/*
 * When all is read: NGX_ERROR, and logged, when root has opened a file that a
 * user can replace who was only named behind it (cc_executor_user).
 */
ngx_int_t ngx_cc_audit_file_order(ngx_conf_t *cf);

/*
 * Adds a line of n bytes, at most NGX_CC_AUDIT_FILE_LINE, its newline included.
 * What cannot be written (a full disk) is lost, and that is logged.
 */
void ngx_cc_audit_file_write(ngx_cc_audit_file_t *f, const u_char *line,
    size_t n);

/* this process leaves: writes what all audit files of the cycle still have */
void ngx_cc_audit_file_leave(ngx_cycle_t *cycle);


#endif /* _NGX_CC_AUDIT_FILE_H_INCLUDED_ */
