
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include "ngx_cc_client_terminal.h"


static struct termios  ngx_cc_client_terminal_saved;
static int             ngx_cc_client_terminal_now;     /* it is raw */
static int             ngx_cc_client_terminal_at_exit;


int
ngx_cc_client_terminal_raw(int signals)
{
    struct termios  t;

    if (tcgetattr(STDIN_FILENO, &t) == -1) {
        return -1;
    }

    if (!ngx_cc_client_terminal_now) {
        ngx_cc_client_terminal_saved = t;
    }

    if (!ngx_cc_client_terminal_at_exit) {
        ngx_cc_client_terminal_at_exit = 1;
        (void) atexit(ngx_cc_client_terminal_restore);
    }

    cfmakeraw(&t);
    t.c_lflag |= signals ? ISIG : 0;
    ngx_cc_client_terminal_now = 1;

    /* not after what is being shown: that may take any time (Ctrl-S) */

    return tcsetattr(STDIN_FILENO, TCSANOW, &t);
}


void
ngx_cc_client_terminal_restore(void)
{
    if (ngx_cc_client_terminal_now) {
        ngx_cc_client_terminal_now = 0;
        (void) tcsetattr(STDIN_FILENO, TCSADRAIN,
                         &ngx_cc_client_terminal_saved);
    }
}


int
ngx_cc_client_terminal_is_raw(void)
{
    return ngx_cc_client_terminal_now;
}


void
ngx_cc_client_terminal_forget(void)
{
    (void) tcflush(STDIN_FILENO, TCIFLUSH);
}


int
ngx_cc_client_terminal_size(unsigned *cols, unsigned *rows)
{
    int             i;
    struct winsize  size;

    static const int  fds[] = { STDOUT_FILENO, STDIN_FILENO, STDERR_FILENO };

    for (i = 0; i < 3; i++) {
        if (ioctl(fds[i], TIOCGWINSZ, &size) == 0 && size.ws_col
            && size.ws_row)
        {
            *cols = size.ws_col > 1000 ? 1000 : size.ws_col;
            *rows = size.ws_row > 1000 ? 1000 : size.ws_row;
            return 1;
        }
    }

    *cols = 80;
    *rows = 24;

    return 0;
}
