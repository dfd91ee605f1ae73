#!/usr/bin/perl

# nginx -t about policy, environment, place and limits: what is refused, what
# is warned of, what is told at the start.
#
# tags: asan coverage

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;

use CC::Nginx;

my $t = CC::Nginx->new;

sub config {
    my ($location, $server, $http) = @_;
    $server //= 'listen 127.0.0.1:%%PORT%%;';
    $http //= '';
    return $t->test_config("events { }\nhttp {\n"
        . "cc_executor_path %%DIR%%/runtime; $http\nserver { $server\n"
        . "location /x { cc_executor on; $location } } }");
}

# what is refused

my $any = 'cc_executor_allow any;';
for (
    ['cc_executor_allow any args=x;',
        qr/"cc_executor_allow any" takes no patterns/],
    ['cc_executor_allow /bin/ls x;',
        qr/invalid parameter "x" of "cc_executor_allow": it must be "args=pattern"/],
    ['cc_executor_allow /bin/ls "args=... x";',
        qr/invalid parameter "args=\.\.\. x" of "cc_executor_allow": "\.\.\." must be the last word/],
    ['cc_executor_allow /bin/ls args=a***b;', qr/"\*\*\*" means nothing/],
    ['cc_executor_allow /bin/ls args=' . 'x' x 256 . ';',
        qr/a word is longer than 255 bytes/],
    ['cc_executor_allow bin/ls args=x;', qr/it is not absolute/],

    ['cc_executor_alias a;', qr/invalid number of arguments/],
    ['cc_executor_alias "a b" /bin/ls;', qr/invalid name of an alias "a b"/],
    ['cc_executor_alias "" /bin/ls;', qr/invalid name of an alias ""/],
    ['cc_executor_alias a "ls -l";',
        qr/alias "a" needs the absolute path of a program; "ls": it is not absolute/],
    ['cc_executor_alias a "/bin/ls | cat";',
        qr/the command line of alias "a" is empty or contains "\|" outside of quotes/],
    ['cc_executor_alias a "/bin/sh -c \'x";', qr/contains "'" outside/],
    ['cc_executor_alias a " ";', qr/is empty/],
    ['cc_executor_alias a /bin/ls; cc_executor_alias a /bin/ls;',
        qr/alias "a" is given twice/],

    ["$any cc_executor_client_env A=1;",
        qr/"cc_executor_client_env" takes names of environment variables or "none", not "A=1"/],
    ["$any cc_executor_client_env *;", qr/not "\*"/],
    ["$any cc_executor_client_env none A;", undef],
    (map { ["$any cc_executor_client_env $_;",
        qr/"cc_executor_client_env $_" would let a client run its own code in every program/] }
        qw(LD_PRELOAD LD_LIBRARY_PATH LD_AUDIT GCONV_PATH GLIBC_TUNABLES
        LOCPATH MALLOC_TRACE RES_OPTIONS)),
    (map { ["cc_executor_allow /bin/ls; cc_executor_client_env X $_;",
        qr/"cc_executor_client_env $_" would let a client run other programs than those allowed/] }
        qw(BASH_ENV BASH_FUNC_ls ENV IFS PATH PYTHONPATH PYTHONSTARTUP
        PERL5OPT PERL5LIB NODE_OPTIONS RUBYOPT GIT_SSH_COMMAND GIT_CONFIG_COUNT
        GIT_EXTERNAL_DIFF PAGER EDITOR LESSOPEN MAKEFLAGS TAR_OPTIONS
        JAVA_TOOL_OPTIONS HOME)),

    ["$any cc_executor_client_cwd maybe;", qr/invalid value "maybe"/],
    ["$any cc_executor_client_cwd;", qr/invalid number of arguments/],

    ["$any cc_executor_umask 8;",
        qr/"cc_executor_umask" directive must be an octal number from 0 to 777/],
    ["$any cc_executor_umask 1000;", qr/octal number/],
    ["$any cc_executor_umask 0x7;", qr/octal number/],
    ["$any cc_executor_umask 1; cc_executor_umask 2;", qr/duplicate/],
    ["$any cc_executor_nice 20;", qr/must be a number from 0 to 19/],
    ["$any cc_executor_nice -1;", qr/less than 0 needs a privilege/],
    ["$any cc_executor_nice 1; cc_executor_nice 2;", qr/duplicate/],
    ["$any cc_executor_rlimit_nofile 7;",
        qr/"cc_executor_rlimit_nofile" must be 0 or between 8 and 2147483647, it is "7"/],
    ["$any cc_executor_rlimit_as 1k;", qr/"cc_executor_rlimit_as" must be 0 or at least 1m, it is "1k"/],
    ["$any cc_executor_rlimit_as x;", qr/invalid value/],
    ["$any cc_executor_rlimit_cpu x;", qr/invalid value/],
    ["$any cc_executor_rlimit_nproc -1;", qr/invalid number/],
    ["$any cc_executor_rlimit_fsize 1x;", qr/invalid value/],
    ["$any cc_executor_max_output x;", qr/invalid value/],
    ["$any cc_executor_linger x;", qr/invalid value/],
    ["$any cc_executor_allow_root maybe;", qr/it must be "on" or "off"/],
) {
    my ($text, $message) = @$_;
    my ($rc, $out) = config($text);
    if (!defined $message) {
        is($rc, 0, "$text is a name like any other") or diag $out;
        next;
    }
    is($rc, 1, substr("refused: $text", 0, 100)) or diag $out;
    like($out, $message, 'says why');
    like($out, qr{/nginx\.conf:\d+}, 'and where');
}

# what is right

my ($rc, $out) = config(<<'EOC');
    cc_executor_allow /bin/ls; cc_executor_allow /bin/ls "args=-l *";
    cc_executor_allow /usr/bin/git "args=log ..." args=status args=;
    cc_executor_alias a "/bin/ls -l"; cc_executor_alias b.c_d-E1 "/bin/ls";
    cc_executor_client_env LC_ALL TZ CI; cc_executor_client_cwd beneath;
    cc_executor_umask 0; cc_executor_nice 19; cc_executor_rlimit_cpu 1h;
    cc_executor_rlimit_as 1g; cc_executor_rlimit_fsize 0;
    cc_executor_rlimit_nofile 8; cc_executor_rlimit_nproc 1;
    cc_executor_max_output 1g; cc_executor_linger 1m;
    cc_executor_allow_root off; cc_executor_fence on;
    cc_executor_fence_connect on;
EOC
is($rc, 0, 'every directive with a good value') or diag $out;
unlike($out, qr/\[warn\]/, 'nothing to warn of') or diag $out;
for ("$any cc_executor_client_env PATH PYTHONPATH BASH_ENV;") {
    ($rc, $out) = config($_);
    is($rc, 0, 'who may run anything may set anything') or diag $out;
}

# programs that can start others

for ('/bin/sh', '/usr/bin/env', '/usr/bin/find', '/usr/bin/xargs',
    '/usr/bin/python3', '/usr/bin/perl', '/usr/bin/git', '/bin/tar')
{
    next if !-x $_;
    ($rc, $out) = config("cc_executor_allow $_;");
    is($rc, 0, "$_ may be allowed");
    like($out, qr/\[warn\] "cc_executor_allow $_" can be told by its arguments to run any other program: restrict them with "args="/,
        'is warned of');
    ($rc, $out) = config("cc_executor_allow $_ args=--version;");
    unlike($out, qr/\[warn\]/, 'not with patterns');
}
symlink '/bin/sh', $t->dir . '/harmless' or die $!;
($rc, $out) = config("cc_executor_allow %%DIR%%/harmless;");
like($out, qr/\[warn\] .*harmless" can be told/, 'by another name');

# everything, for everybody

my $far = 'listen %%PORT%%; listen 127.0.0.1:%%PORT_2%%;';
for (
    ["$any cc_executor_remote trust;", $far, 1],
    ["$any cc_executor_remote trust;", 'listen [::]:%%PORT%%;', 1],
    ["$any cc_executor_remote trust;", 'listen 127.0.0.1:%%PORT%%; listen [::1]:%%PORT%%;', 0],
    ["$any cc_executor_remote trust;", 'listen unix:%%DIR%%/socket;', 0],
    [$any, $far, 0],
    ['cc_executor_allow /bin/ls; cc_executor_remote trust;', $far, 0],
) {
    my ($location, $server, $warned) = @$_;
    ($rc, $out) = config($location, $server);
    is($rc, 0, "$location $server") or diag $out;
    my $found = $out =~ /\[warn\] "cc_executor_allow any" in a location that other machines can reach \(listen \S+, cc_executor_remote trust\): whoever gets in runs any program/ ? 1 : 0;
    is($found, $warned, $warned ? 'is warned of' : 'is not warned of') or diag $out;
}

# a program that commands themselves could replace

SKIP: {
    skip 'commands run as we do', 1 if $> != 0;
    my $dir = $t->dir;
    mkdir "$dir/theirs" or die $!;
    chmod 0777, "$dir/theirs";
    system("cp /bin/ls $dir/theirs/ls && cp /bin/ls $dir/ls"
        . " && chmod 777 $dir/ls && cp /bin/ls $dir/good") == 0 or die;
    for (['theirs/ls', 1], ['ls', 1], ['good', 0]) {
        my ($file, $warned) = @$_;
        ($rc, $out) = config("cc_executor_allow %%DIR%%/$file;");
        my $found = $out =~ /\[warn\] .*"\Q$dir\E\/$file" can be replaced by the user that commands run as/ ? 1 : 0;
        is($found, $warned, "$file: " . ($warned ? 'warned' : 'no warning'))
            or diag $out;
    }
}

# the start-up line

my $u = CC::Nginx->new(location => 'cc_executor_allow any;', server => <<'EOS')->start;
    location /list { cc_executor on; cc_executor_allow /bin/ls;
        cc_executor_allow /bin/cat; cc_executor_remote trust;
        cc_executor_fence off; if ($arg_x) { set $y 1; } }
    location /shell { cc_executor on; cc_executor_allow any;
        cc_executor_shell /bin/sh; limit_except GET { allow all; } }
EOS
my $lines = sub { return grep { /fence=/ } split /\n/, $u->log };
my @lines = $lines->();
is(scalar @lines, 3, 'one line per location');
for (
    ['/ws/mcp', qr/fence=(?:off|landlock-\d .*) nnp=on seccomp=(?:on|off) shell=off allow=any remote=deny$/],
    ['/list', qr/fence=off nnp=on seccomp=off shell=off allow=2 remote=trust$/],
    ['/shell', qr{shell=/bin/sh allow=any remote=deny$}],
) {
    my ($name, $re) = @$_;
    my ($line) = grep { /location "\Q$name\E" of "localhost":/ } @lines;
    like($line, $re, "$name: what is in force");
    like($line, qr/\[notice\]/, 'as a notice');
}
$u->signal('HUP');
ok($u->wait_until(sub { $lines->() == 6 }), 'again after a reload');
$u->finish;

done_testing();
