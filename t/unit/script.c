
/*
 * A command line in a sealed memfd: what is in it, who can change it, what the
 * shells make of it.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include "unit.h"
#include "ngx_cc_script.h"


static const char  head[] = "exec 9<&-; unset MAPFILE; ";


START_TEST(made)
{
    int          fd, flags;
    char         text[256];
    const char  *script = "echo a\n\nexit 3\n\n";

    fd = ngx_cc_script_make(script, strlen(script));
    ck_assert_int_ne(fd, -1);

    /* from the start, in one piece, and nothing behind it */

    memset(text, 0, sizeof(text));
    ck_assert_int_eq(read(fd, text, sizeof(text)),
                     strlen(head) + strlen(script));
    ck_assert_int_eq(memcmp(text, head, strlen(head)), 0);
    ck_assert_str_eq(text + strlen(head), script);

    flags = fcntl(fd, F_GETFD);
    ck_assert_int_eq(flags, FD_CLOEXEC);
    ck_assert_int_eq(ngx_cc_script_sealed(fd), 1);

    ck_assert_int_eq(pwrite(fd, "x", 1, 0), -1);
    ck_assert_int_eq(errno, EPERM);
    ck_assert_int_eq(ftruncate(fd, 0), -1);
    ck_assert_int_eq(ftruncate(fd, 4096), -1);
    ck_assert_int_eq(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW), -1);
    ck_assert_ptr_eq(mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_SHARED, fd, 0),
                     MAP_FAILED);

    (void) close(fd);
}
END_TEST


START_TEST(not_sealed)
{
    int  i, fd, p[2];

    static const int  seals[] = {
        F_SEAL_SHRINK|F_SEAL_GROW|F_SEAL_WRITE,
        F_SEAL_SEAL|F_SEAL_GROW|F_SEAL_WRITE,
        F_SEAL_SEAL|F_SEAL_SHRINK|F_SEAL_WRITE,
        F_SEAL_SEAL|F_SEAL_SHRINK|F_SEAL_GROW,
        0
    };

    for (i = 0; i < 5; i++) {
        fd = memfd_create("unit", MFD_CLOEXEC|MFD_ALLOW_SEALING);
        ck_assert_int_ne(fd, -1);
        ck_assert_int_eq(fcntl(fd, F_ADD_SEALS, seals[i]), 0);
        ck_assert_int_eq(ngx_cc_script_sealed(fd), 0);
        (void) close(fd);
    }

    ck_assert_int_eq(pipe(p), 0);
    ck_assert_int_eq(ngx_cc_script_sealed(p[0]), 0);
    (void) close(p[0]);
    (void) close(p[1]);
    ck_assert_int_eq(ngx_cc_script_sealed(p[0]), 0);

    fd = open("/dev/null", O_RDONLY);
    ck_assert_int_eq(ngx_cc_script_sealed(fd), 0);
    (void) close(fd);
}
END_TEST


/* no room: errno says so, nothing stays open */

START_TEST(refused)
{
    int            fd, next;
    struct rlimit  limit = { 0, 0 };

    next = dup(0);
    (void) close(next);
    (void) signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);

    fd = ngx_cc_script_make("echo", 4);
    ck_assert_int_eq(fd, -1);
    ck_assert_int_eq(errno, EFBIG);

    fd = dup(0);
    ck_assert_int_eq(fd, next);
    (void) close(fd);
}
END_TEST


/* both ways in which shells read it; all of it, and 9 is closed */

START_TEST(shells)
{
    int      fd, status;
    pid_t    pid;

    static char         script[1024 * 1024];
    static const char   end[] = "\n[ -e /proc/$$/fd/9 ] && exit 1;"
                                " [ $# = 0 ] || exit 2; exit 57";
    static const char  *shells[] = { "/bin/sh", "/bin/bash" };

    memset(script, '#', sizeof(script));
    memcpy(script + sizeof(script) - sizeof(end), end, sizeof(end));

    if (access(shells[_i], X_OK) == -1) {
        return;
    }

    fd = ngx_cc_script_make(script, strlen(script));
    ck_assert_int_ne(fd, -1);

    pid = fork();

    if (pid == 0) {
        (void) dup2(fd, NGX_CC_SCRIPT_FD);
        (void) execl(shells[_i], shells[_i], "-c", ngx_cc_script_boot, NULL);
        _exit(99);
    }

    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(WEXITSTATUS(status), 57);
    (void) close(fd);
}
END_TEST


int
main(void)
{
    TCase  *tc = tcase_create("script");
    Suite  *s = suite_create("script");

    tcase_add_test(tc, made);
    tcase_add_test(tc, not_sealed);
    tcase_add_test(tc, refused);
    tcase_add_loop_test(tc, shells, 0, 2);
    suite_add_tcase(s, tc);

    return unit_run(s);
}
