
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "ngx_cc_notify.h"


void
ngx_cc_notify(const char *state)
{
    int                  s;
    size_t               len;
    const char          *path;
    struct sockaddr_un   addr;

    path = getenv("NOTIFY_SOCKET");
    len = path ? strlen(path) : 0;

    if (len == 0 || len >= sizeof(addr.sun_path)) {
        return;
    }

    memset(&addr, 0, sizeof(addr));
    addr.sun_family = AF_UNIX;
    memcpy(addr.sun_path, path, len);

    /* "@": an abstract name */

    if (*path == '@') {
        addr.sun_path[0] = '\0';
    }

    s = socket(AF_UNIX, SOCK_DGRAM|SOCK_CLOEXEC, 0);

    if (s == -1) {
        return;
    }

    (void) sendto(s, state, strlen(state), MSG_NOSIGNAL|MSG_DONTWAIT,
                  (struct sockaddr *) &addr,
                  offsetof(struct sockaddr_un, sun_path) + len);
    (void) close(s);
}
