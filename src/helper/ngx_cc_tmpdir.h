
/*
 * TMPDIR: a directory for each command, mode 0700, that exists exactly as long
 * as the command.
 *
 *     cc_executor_path/tmp      one for all, of the commands' user, mode 0700
 *         PID                   of a helper; locked (flock) as long as it lives
 *             1, 2, 3 ...       of its commands, one at a time
 *             ~0, ~1 ...        left by a command, on its way out
 *
 * A helper removes what its commands leave; a large tree piece by piece, while
 * it serves the next one.  A directory that is left empty is as good as a new
 * one, and kept for a moment: commands often follow each other closely, and to
 * make and remove one costs 20 to 100 us.  What a dead helper leaves is locked
 * no more: a spawner removes it, at its birth and when a helper has died.
 */

#ifndef _NGX_CC_TMPDIR_H_INCLUDED_
#define _NGX_CC_TMPDIR_H_INCLUDED_


#include <stdint.h>
#include <sys/types.h>
#include "ngx_cc_wire.h"


#define NGX_CC_TMPDIR_PATH  4096


typedef struct {
    const char     *path;        /* cc_executor_path/tmp; NULL = no TMPDIR */
    uid_t           owner;       /* of it; with whose rights we have on files */
    int             parent;      /* it, or -1 */
    int             own;         /* this process' directory in it, or -1 */
    int             fd;          /* the command's, or -1 */
    uint32_t        n;           /* the last command */
    char            name[24];    /* of own */
    char            run[12];     /* of fd, "" = none */
    char            env[NGX_CC_TMPDIR_PATH];     /* TMPDIR=... */
    unsigned        kept:1;      /* no command has fd, and it is empty */
    unsigned        dirty:1;     /* own has something to be removed */
    unsigned        stale:1;     /* parent may have */
} ngx_cc_tmpdir_t;


/*
 * Prepares a zeroed one; "path" must stay.  The owner is the effective user,
 * unless the caller has the rights of another one (ngx_cc_user_files()) and
 * says so.
 */
void ngx_cc_tmpdir_init(ngx_cc_tmpdir_t *tmp, const char *path);

/*
 * Makes and locks the directory of this process.  Returns 0, or -1 with errno;
 * ngx_cc_tmpdir_make() tries again.
 */
int ngx_cc_tmpdir_open(ngx_cc_tmpdir_t *tmp);

/*
 * Makes the directory of a command, and the helper's again where it is gone.
 * Returns its environment variable (valid until the next call), or NULL with
 * errno: then the command has to do without.  tmp->fd is open on it.
 */
const char *ngx_cc_tmpdir_make(ngx_cc_tmpdir_t *tmp);

/*
 * The same for a START whose environment names no other TMPDIR: it gets one
 * more variable (ngx_cc_wire_start_unpack() has left room).  A command without
 * (a full disk) is started all the same: it may be what makes room.
 */
void ngx_cc_tmpdir_give(ngx_cc_tmpdir_t *tmp, ngx_cc_wire_strings_t *strings);

/* the command is over: removes its directory, begins to, or keeps it empty */
void ngx_cc_tmpdir_done(ngx_cc_tmpdir_t *tmp);

/* no other one has come: what is kept is removed */
void ngx_cc_tmpdir_drop(ngx_cc_tmpdir_t *tmp);

/*
 * A piece of what is left to be removed: "dirty" or "stale" is set while there
 * is more.  Some milliseconds at most (a single large file may take longer).
 */
void ngx_cc_tmpdir_step(ngx_cc_tmpdir_t *tmp);

/*
 * Before the process leaves: removes what it has left, within limits, and its
 * own directory.
 */
void ngx_cc_tmpdir_leave(ngx_cc_tmpdir_t *tmp);


#endif /* _NGX_CC_TMPDIR_H_INCLUDED_ */
