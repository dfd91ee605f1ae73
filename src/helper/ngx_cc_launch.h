
/*
 * The launch of a command, the first part of its life: START is taken apart,
 * what the command needs is made (TMPDIR, fence, filter, pipes), and its main
 * process is started.
 */

#ifndef _NGX_CC_LAUNCH_H_INCLUDED_
#define _NGX_CC_LAUNCH_H_INCLUDED_


#include <sys/types.h>
#include "ngx_cc_child.h"
#include "ngx_cc_life.h"
#include "ngx_cc_wire.h"


/*
 * Launches what "start" says ("vector" as for ngx_cc_wire_start_unpack()).
 * life->born and now are read from the clock behind what is not the command's
 * own time; life->pump has the pipes, life->tmp the directory.  Returns the
 * pid, or -1 with "result" filled; closing the pump and giving up the directory
 * is the caller's in either case.
 */
pid_t ngx_cc_launch(ngx_cc_life_t *life, const ngx_cc_wire_start_t *start,
    const char **vector, ngx_cc_child_result_t *result);


#endif /* _NGX_CC_LAUNCH_H_INCLUDED_ */
