
/*
 * A signal for the whole tree of a command: every descendant of the calling
 * process (its helper, a subreaper), whatever group or session it is in.
 *
 * Exact where the helper has a Landlock domain of its own that signals cannot
 * leave (ABI 6): kill(-1) in there reaches every process born in it, in one
 * step that no fork can run through.  Else, and where the order matters, a
 * walk down the lists of children, in rounds, until a round finds no new
 * process.
 *
 * STOP goes from parents to children and waits a moment between: a shell with
 * job control that saw its job stop before it stopped itself would take the
 * job for suspended, and go on.  CONT goes from children to parents.
 *
 * The walk signals by pidfd, after it has looked again: a number that was given
 * to a stranger meanwhile is found out.  Without pidfd (before Linux 5.3, or
 * where a filter forbids it) only own children and the main process' group can
 * be signalled without that risk, so only they are.
 */

#ifndef _NGX_CC_TREE_H_INCLUDED_
#define _NGX_CC_TREE_H_INCLUDED_


#include "ngx_cc_proc.h"


/* processes that a walk can tell apart; those beyond it are not signalled */

#define NGX_CC_TREE_MAX       16384


typedef struct {
    pid_t           pid;
    uint32_t        slot;        /* where the index has it */
    uint64_t        start;
    uint32_t        round;       /* in which it was met last */
    unsigned        own:1;       /* an own child, in that round */
    unsigned        grouped:1;   /* in the main process' group */
    unsigned        reached:1;   /* has got the signal, or is gone */
    unsigned        running:1;   /* is not stopped, and not gone */
} ngx_cc_tree_member_t;


typedef struct {
    ngx_cc_proc_t   proc;
    int             scoped;      /* kill(-1) reaches the tree, and it alone */
    int             pidfd;       /* the kernel has pidfds */
    pid_t           spare;       /* an own child that is not of the command,
                                    and gets nothing; 0 = there is none */

    int             signo;       /* that is being sent; 0 = none */
    int             then;        /* and behind it, to each; 0 = none */
    pid_t           group;       /* of the main process, 0 = it is reaped */
    pid_t           only;        /* nobody but this group's, 0 = everybody */
    uint32_t        left;        /* who did not get it, or (STOP) did not
                                    stop, as of the last turn */
    uint32_t        awake;       /* who ran or slept when SIGSTOP was sent */

    /* private */
    ngx_cc_tree_member_t  *member;
    uint16_t       *order;       /* of this round: indices of members */
    uint16_t       *index;       /* by pid: index of member + 1, 0 = none */
    uint32_t        members;
    uint32_t        ordered;
    uint32_t        beyond;      /* there was no room for them */
    uint32_t        round;
    uint32_t        fresh;       /* met for the first time */
    uint64_t        until;       /* ms; when this turn has to end */
} ngx_cc_tree_t;


/*
 * For the calling process, of a zeroed "tree".  Returns 0, or -1 with errno:
 * without /proc there is no walk and no sweep.
 */
int ngx_cc_tree_init(ngx_cc_tree_t *tree);

/*
 * Puts the calling process into a domain of its own that signals cannot leave;
 * needs no_new_privs.  For good: all that it starts can signal nobody outside.
 * Returns 1, or 0: this kernel cannot, walks have to do.
 */
int ngx_cc_tree_enclose(ngx_cc_tree_t *tree);

/*
 * Begins to send a signal, and behind it, to each process, the signal "then"
 * (or 0).  "group" is the number of the main process, which leads a group of
 * that number, as long as it is not reaped, else 0.
 */
void ngx_cc_tree_signal(ngx_cc_tree_t *tree, int signo, int then,
    pid_t group);

/*
 * Begins to send a signal to that group alone, as far as it is of the tree: the
 * foreground group of a terminal may have ended by now.
 */
void ngx_cc_tree_signal_group(ngx_cc_tree_t *tree, int signo, pid_t only);

/* whatever is being sent is given up, and nobody is missing */
void ngx_cc_tree_none(ngx_cc_tree_t *tree);

/*
 * Goes on with it, for some ms at most.  Returns 1 when all have it (and have
 * stopped, if that is the signal), 0 when it has to be called again.  "left"
 * says how many are missing.
 */
int ngx_cc_tree_turn(ngx_cc_tree_t *tree);

/*
 * SIGKILL to all that can be reached at once; the rest is reached by calling
 * it again after some have been waited for.  Returns as ngx_cc_sweep_kill().
 */
int ngx_cc_tree_kill(ngx_cc_tree_t *tree, pid_t group);


#endif /* _NGX_CC_TREE_H_INCLUDED_ */
