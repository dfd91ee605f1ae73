
/*
 * Who is at the other end of a connection on this machine: a command that we
 * started ourselves, or somebody else?
 *
 * A command is a process below one of our workers: spawner, helper, command,
 * whatever it starts; helpers keep those whose parent has gone.  Of a unix
 * socket the kernel names the process that connected (SO_PEERCRED, and
 * SO_PEERPIDFD where there is one: a number may belong to another process by
 * now).  Of a TCP connection it tells, by sock_diag, the uid and the inode of
 * the other socket; that is enough where commands have a uid of their own.
 * Where others have it, too, the process that holds the socket is looked for
 * in /proc, within bounds.
 *
 * Commands of an executor service have another uid and other ancestors: there
 * whatever has that uid counts as a command.
 *
 * Only a process that is seen to be foreign counts as foreign: a socket that
 * is in flight between two processes, or held by one that does not let itself
 * be looked at, counts as unknown.
 */

#ifndef _NGX_CC_ANCESTRY_H_INCLUDED_
#define _NGX_CC_ANCESTRY_H_INCLUDED_


#include <stdint.h>
#include <sys/types.h>


/* /proc is looked at so far, for one peer */

#define NGX_CC_ANCESTRY_MAX_PIDS   4096
#define NGX_CC_ANCESTRY_MAX_FDS    8192
#define NGX_CC_ANCESTRY_MAX_DEPTH  256

#define NGX_CC_ANCESTRY_HINTS      8
#define NGX_CC_ANCESTRY_USERS      64


typedef enum {
    NGX_CC_ANCESTRY_FOREIGN = 0, /* of another machine, user or process */
    NGX_CC_ANCESTRY_COMMAND,     /* below one of our workers, or of the user
                                    of commands */
    NGX_CC_ANCESTRY_UNSEEN,      /* of our commands' user, else unknown */
    NGX_CC_ANCESTRY_SILENT       /* the kernel does not tell; errno is set */
} ngx_cc_ancestry_e;


/* what a worker knows of itself; all zero but for the first two at first */

typedef struct {
    pid_t      self;             /* the worker */
    pid_t      master;           /* its parent; 0 = it is its own master */
    pid_t      elder;            /* the master that started the master for an
                                    upgrade and may have commands, or 0 */
    uint64_t   looked;           /* descriptors looked at, all in all */
    pid_t      hint[NGX_CC_ANCESTRY_HINTS];  /* who held a socket lately */
    unsigned   next;             /* hint to be replaced */
    uid_t      commands[NGX_CC_ANCESTRY_USERS];  /* of commands that another
                                    user than ours starts for us, and for
                                    whatever else has them; 0 = no more: they
                                    have our own */
} ngx_cc_ancestry_t;


/* the peer of a connected socket: TCP over IPv4 or IPv6, or unix */
ngx_cc_ancestry_e ngx_cc_ancestry(ngx_cc_ancestry_t *our, int fd);

/* 1: that process is below a worker of ours, 0: it is not, -1: it has gone */
int ngx_cc_ancestry_below(ngx_cc_ancestry_t *our, pid_t pid);


#endif /* _NGX_CC_ANCESTRY_H_INCLUDED_ */
