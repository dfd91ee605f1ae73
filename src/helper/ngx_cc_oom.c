
#define _GNU_SOURCE
#include <fcntl.h>
#include <unistd.h>
#include "ngx_cc_oom.h"


void
ngx_cc_oom_raise(int by)
{
    int  fd;

    fd = ngx_cc_oom_open();

    if (fd != -1) {
        (void) ngx_cc_oom_add(fd, by);
        (void) close(fd);
    }
}


int
ngx_cc_oom_open(void)
{
    return open("/proc/self/oom_score_adj", O_RDWR|O_CLOEXEC);
}


int
ngx_cc_oom_add(int fd, int by)
{
    int      sign, value;
    char     buf[16], *p;
    ssize_t  n;

    n = pread(fd, buf, sizeof(buf) - 1, 0);

    if (n <= 0) {
        return -1001;
    }

    value = 0;
    sign = 1;

    for (p = buf; p < buf + n; p++) {
        if (*p == '-') {
            sign = -1;

        } else if (*p >= '0' && *p <= '9') {
            value = value * 10 + (*p - '0');
        }
    }

    value *= sign;
    ngx_cc_oom_set(fd, value + by);

    return value;
}


void
ngx_cc_oom_set(int fd, int value)
{
    int   sign;
    char  buf[16], *p;

    value = value > 1000 ? 1000 : value;

    p = buf + sizeof(buf);
    sign = value < 0;
    value = sign ? -value : value;

    do {
        *--p = '0' + value % 10;
        value /= 10;
    } while (value);

    if (sign) {
        *--p = '-';
    }

    (void) !pwrite(fd, p, buf + sizeof(buf) - p, 0);
}
