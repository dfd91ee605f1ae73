
/* the birth of a command: what it gets, and which step failed */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "unit.h"
#include "ngx_cc_child.h"
#include "ngx_cc_script.h"


static char                   dir[] = "/tmp/cc_child_XXXXXX";
static char                   text[8192];
static ngx_cc_child_t         child;
static ngx_cc_child_result_t  result;


static void
file(const char *name, const char *content, int mode)
{
    char  path[256];
    FILE *f;

    (void) snprintf(path, sizeof(path), "%s/%s", dir, name);
    f = fopen(path, "w");
    ck_assert_ptr_nonnull(f);
    (void) fputs(content, f);
    (void) fclose(f);
    ck_assert_int_eq(chmod(path, mode), 0);
}


static void
setup(void)
{
    ck_assert_ptr_nonnull(mkdtemp(dir));
    ck_assert_int_eq(chdir(dir), 0);
    file("text", "no magic number\n", 0755);
    file("cc_script", "#!/bin/sh\necho script\n", 0755);
    file("plain", "#!/bin/sh\necho plain\n", 0644);
    file("orphan", "#!/nonexistent/interpreter\n", 0755);
}


static void
teardown(void)
{
    char  command[300];

    (void) snprintf(command, sizeof(command), "rm -rf '%s'", dir);
    ck_assert_int_eq(system(command), 0);
}


/* runs it with stdout in "text"; returns the wait status or -1 */

static const ngx_cc_confine_t   confine = { .umask = 077 };
static const ngx_cc_confine_t  *use = &confine;
static int                      script = -1;


static int
run(const char *program, int search, const char **argv, const char **env)
{
    int      out[2], status;
    pid_t    pid;
    size_t   n;
    ssize_t  rc;

    ck_assert_int_eq(pipe2(out, O_CLOEXEC), 0);

    child.cwd = dir;
    child.beneath = "";
    child.confine = use;
    child.fence = -1;
    child.script = script;
    child.direct = NULL;
    child.program = program;
    child.argv = argv;
    child.env = env;
    child.search = search;
    child.tty = -1;
    child.in = -1;
    child.out = out[1];
    child.err = out[1];

    pid = ngx_cc_child_start(&child, &result);
    (void) close(out[1]);

    for (n = 0; (rc = read(out[0], text + n, sizeof(text) - 1 - n)) > 0;
         n += rc)
    {
        /* void */
    }

    text[n] = '\0';
    (void) close(out[0]);

    if (pid == -1) {
        ck_assert_int_eq(waitpid(-1, NULL, 0), -1);
        ck_assert_int_eq(errno, ECHILD);
        return -1;
    }

    ck_assert_int_eq(result.stage, NGX_CC_STAGE_NONE);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);

    return status;
}


START_TEST(runs)
{
    const char  *argv[] = { "sh", "-c",
        "echo $0 $1 $A; pwd; ls /proc/self/fd | wc -l;"
        "ps -o pid=,pgid= -p $$ | { read a b; [ $a = $b ] && echo leader; }",
        "x y", "z", NULL };
    const char  *env[] = { "A=1 2", "PATH=/usr/bin:/bin", NULL };
    char         want[512];

    ck_assert_int_eq(run("/bin/sh", 0, argv, env), 0);
    (void) snprintf(want, sizeof(want), "x y z 1 2\n%s\n4\nleader\n", dir);
    ck_assert_str_eq(text, want);
}
END_TEST


static const struct {
    const char  *program;
    int          search;
    const char  *path;
    int          error;          /* 0: prints "script" */
} cases[] = {
    { "/nonexistent", 0, "PATH=/bin", ENOENT },
    { "/tmp", 0, "PATH=/bin", EACCES },
    { "/etc/passwd/x", 0, "PATH=/bin", ENOTDIR },
    { "./plain", 0, "PATH=/bin", EACCES },
    { "./text", 0, "PATH=/bin", ENOEXEC },
    { "./orphan", 0, "PATH=/bin", ENOENT },
    { "./cc_script", 0, "PATH=/bin", 0 },
    { "cc_script", 1, "PATH=/bin:/nonexistent:%s", 0 },
    { "cc_script", 1, "PATH=/etc/passwd:%s:/bin", 0 },
    { "cc_script", 1, "PATH=/bin:/usr/bin", ENOENT },
    { "cc_script", 1, "PATH=", ENOENT },
    { "cc_script", 1, "PATH=::", ENOENT },
    { "plain", 1, "PATH=%s:/bin", EACCES },
    { "text", 1, "PATH=%s", ENOEXEC },
    { "echo", 1, "B=1", 0 },
};


START_TEST(exec)
{
    int          status;
    char         path[300];
    const char  *argv[] = { cases[_i].program, "script", NULL };
    const char  *env[] = { path, NULL };

    (void) snprintf(path, sizeof(path), cases[_i].path, dir);

    status = run(cases[_i].program, cases[_i].search, argv, env);

    if (cases[_i].error == 0) {
        ck_assert_int_eq(status, 0);
        ck_assert_str_eq(text, "script\n");
        return;
    }

    ck_assert_int_eq(status, -1);
    ck_assert_int_eq(result.stage, NGX_CC_STAGE_EXEC);
    ck_assert_int_eq(result.error, cases[_i].error);
}
END_TEST


START_TEST(stages)
{
    const char  *argv[] = { "true", NULL };
    const char  *env[] = { NULL };

    child.program = "/bin/true";
    child.argv = argv;
    child.env = env;
    child.beneath = "";
    child.confine = &confine;
    child.fence = -1;
    child.direct = NULL;
    child.script = -1;
    child.search = 0;
    child.tty = -1;
    child.in = -1;
    child.out = 1;
    child.err = 2;

    child.cwd = "/nonexistent";
    ck_assert_int_eq(ngx_cc_child_start(&child, &result), -1);
    ck_assert_int_eq(result.stage, NGX_CC_STAGE_CHDIR);
    ck_assert_int_eq(result.error, ENOENT);

    child.cwd = "/etc/passwd";
    ck_assert_int_eq(ngx_cc_child_start(&child, &result), -1);
    ck_assert_int_eq(result.error, ENOTDIR);

    child.cwd = "/";
    child.beneath = "../etc";
    ck_assert_int_eq(ngx_cc_child_start(&child, &result), -1);
    ck_assert_int_eq(result.stage, NGX_CC_STAGE_CHDIR);
    ck_assert_int_eq(result.error, EXDEV);

    child.beneath = "";
    child.fence = 0;                     /* which is none */
    ck_assert_int_eq(ngx_cc_child_start(&child, &result), -1);
    ck_assert_int_eq(result.stage, NGX_CC_STAGE_FENCE);

    child.fence = -1;
    child.direct = NULL;
    child.script = 1000;
    ck_assert_int_eq(ngx_cc_child_start(&child, &result), -1);
    ck_assert_int_eq(result.stage, NGX_CC_STAGE_STDIO);
    ck_assert_int_eq(result.error, EBADF);

    child.script = -1;
    child.out = 1000;
    ck_assert_int_eq(ngx_cc_child_start(&child, &result), -1);
    ck_assert_int_eq(result.stage, NGX_CC_STAGE_STDIO);
    ck_assert_int_eq(result.error, EBADF);
}
END_TEST


/* whatever number it has here, the command finds it under the one it knows */

START_TEST(script_number)
{
    int          fd;
    const char  *argv[] = { "sh", "-c", "cat <&9; ls /proc/$$/fd", NULL };
    const char  *env[] = { "PATH=/usr/bin:/bin", NULL };

    static const int  number[] = { NGX_CC_SCRIPT_FD, NGX_CC_SCRIPT_FD - 1, 30 };

    fd = ngx_cc_script_make("text\n", 5);
    ck_assert_int_ne(fd, -1);
    script = fcntl(fd, F_DUPFD_CLOEXEC, 40);
    ck_assert_int_eq(dup3(script, number[_i], O_CLOEXEC), number[_i]);
    script = number[_i];

    ck_assert_int_eq(run("/bin/sh", 0, argv, env), 0);
    ck_assert_str_eq(text, "exec 9<&-; unset MAPFILE; text\n0\n1\n2\n9\n");
    ck_assert_int_eq(fcntl(script, F_GETFD), FD_CLOEXEC);
}
END_TEST


/* limits, umask and nice are what was said; others as they were */

START_TEST(confined)
{
    const char        *argv[] = { "sh", "-c", "umask; nice; ulimit -t;"
                                  "ulimit -Ht; ulimit -v; ulimit -f; ulimit -n;"
                                  "ulimit -Hn; ulimit -u", NULL };
    const char        *env[] = { "PATH=/usr/bin:/bin", NULL };
    char               want[256];
    struct rlimit      nproc;
    ngx_cc_confine_t   some;

    memset(&some, 0, sizeof(some));
    some.umask = 027;
    some.nice = 7;
    some.limit[RLIMIT_CPU] = 100;
    some.limit[RLIMIT_AS] = 1024 * 1024 * 1024;
    some.limit[RLIMIT_FSIZE] = 512 * 1000;
    some.limit[RLIMIT_NOFILE] = 8;

    ck_assert_int_eq(getrlimit(RLIMIT_NPROC, &nproc), 0);
    (void) snprintf(want, sizeof(want), "0027\n7\n100\n101\n%d\n1000\n8\n8\n",
                    1024 * 1024);

    use = &some;
    ck_assert_int_eq(run("/bin/bash", 0, argv, env), 0);
    use = &confine;

    if (nproc.rlim_cur == RLIM_INFINITY) {
        (void) strcat(want, "unlimited\n");

    } else {
        (void) sprintf(want + strlen(want), "%llu\n",
                       (unsigned long long) nproc.rlim_cur);
    }

    ck_assert_str_eq(text, want);

    /* a limit is not raised, and that is no error */

    some.limit[RLIMIT_NOFILE] = UINT64_MAX - 1;
    use = &some;
    ck_assert_int_eq(run("/bin/bash", 0, argv, env), 0);
    use = &confine;
}
END_TEST


/* the file that was opened, by its descriptor; scripts by their name */

START_TEST(exact)
{
    const char  *argv[] = { "name", "a b", NULL };
    const char  *env[] = { "PATH=/nonexistent", NULL };
    char         path[300];

    child.exact = 1;

    ck_assert_int_eq(run("/bin/echo", 0, argv, env), 0);
    ck_assert_str_eq(text, "a b\n");

    (void) snprintf(path, sizeof(path), "%s/cc_script", dir);
    ck_assert_int_eq(run(path, 0, argv, env), 0);
    ck_assert_str_eq(text, "script\n");

    ck_assert_int_eq(run("/nonexistent", 0, argv, env), -1);
    ck_assert_int_eq(result.stage, NGX_CC_STAGE_EXEC);
    ck_assert_int_eq(result.error, ENOENT);
    ck_assert_int_eq(run("/tmp", 0, argv, env), -1);
    ck_assert_int_eq(result.error, EACCES);
    ck_assert_int_eq(run("/etc/passwd", 0, argv, env), -1);
    ck_assert_int_eq(result.error, EACCES);
    ck_assert_int_eq(run("/dev/null", 0, argv, env), -1);
    ck_assert_int_eq(result.error, EACCES);

    child.exact = 0;
}
END_TEST


/* an argument list beyond the kernel's limit */

START_TEST(too_long)
{
    char        *big;
    const char  *argv[] = { "true", NULL, NULL };
    const char  *env[] = { NULL };

    big = malloc(200000);
    memset(big, 'x', 199999);
    big[199999] = '\0';
    argv[1] = big;

    ck_assert_int_eq(run("/bin/true", 0, argv, env), -1);
    ck_assert_int_eq(result.error, E2BIG);
    free(big);
}
END_TEST


int
main(void)
{
    TCase  *tc = tcase_create("child");
    Suite  *s = suite_create("child");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, runs);
    tcase_add_loop_test(tc, exec, 0, sizeof(cases) / sizeof(cases[0]));
    tcase_add_test(tc, stages);
    tcase_add_loop_test(tc, script_number, 0, 3);
    tcase_add_test(tc, confined);
    tcase_add_test(tc, exact);
    tcase_add_test(tc, too_long);
    suite_add_tcase(s, tc);

    return unit_run(s);
}
