#!/usr/bin/perl

# Commands behind a wrapper: it gets the command's words unmodified; and the
# wrappers that docs/isolation.md recommends.
#
# tags: asan coverage

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;

use CC::Nginx;

my $show = "$CC::Nginx::ROOT/build/fixtures/inherit";

sub argv {
    my ($r) = @_;
    return [map { /^argv \d+: (.*)/ ? $1 : () } split /\n/, $r->{stdout}];
}

# what the wrapper is given

my $t = CC::Nginx->new(
    http => 'cc_executor_cwd %%DIR%%/work; cc_executor_env PATH=/usr/bin:/bin;',
    location => 'cc_executor_allow any; cc_executor_shell /bin/sh;
        cc_executor_wrapper %%DIR%%/show "-x y" --;',
    server => <<'EOS');
        location /list { cc_executor on; cc_executor_allow /bin/echo;
            cc_executor_wrapper %%DIR%%/show;
            cc_executor_alias greet "/bin/echo hello"; }
        location /off { cc_executor on; cc_executor_allow any;
            cc_executor_wrapper off; }
        location /script { cc_executor on; cc_executor_allow any;
            cc_executor_wrapper %%DIR%%/script; }
EOS
my $dir = $t->dir;
system('cp', $show, "$dir/show") == 0 or die;
chmod 0755, "$dir/show";
open my $f, '>', "$dir/script" or die $!;
print $f "#!/bin/sh\necho wrapped\nexec \"\$@\"\n";
close $f;
chmod 0755, "$dir/script";
$t->start;
my $c = $t->client;
is_deeply(argv($c->run({ args => ['ls', '-l', '', 'a b', '$(id)'] })),
    ["$dir/show", '-x y', '--', 'ls', '-l', '', 'a b', '$(id)'],
    'its own words, then the command\'s');
is_deeply(argv($c->run('echo "$A"; id')), ["$dir/show", '-x y', '--',
    '/bin/sh', '-c', 'echo "$A"; id'], 'a command line: the shell\'s words');
$c->close;
$c = $t->client(path => '/list');
is_deeply(argv($c->run('echo a')), ["$dir/show", '/bin/echo', 'a'],
    'a program of the list: by its path');
is_deeply(argv($c->run('greet')), ["$dir/show", '/bin/echo', 'hello'],
    'an alias');
is($c->run('ls')->{answer}{error}{code}, -32002,
    'the list is not the wrapper\'s business');
$c->close;
$c = $t->client(path => '/off');
is($c->run('echo a')->{stdout}, "a\n", 'off');
$c->close;
$c = $t->client(path => '/script');
my $r = $c->run({ args => ['cat'], stdin => 'x' });
is($r->{stdout}, "wrapped\nx", 'a script');
is($c->run({ args => ['nowhere'] })->{completed}{exit_code}, 127,
    'a program that is not there: the wrapper\'s own exit code');
my $id = $c->send('execute', { args => ['sleep', '600'] });
is($c->notification('process.output')->{params}{data}, "wrapped\n", 'starts');
$c->call('control', { type => 'CANCEL' });
is($c->notification('process.completed')->{params}{signal}, 'SIGTERM',
    'CANCEL reaches through');
unlink "$dir/script";
my $e = $c->run({ args => ['true'] })->{answer}{error};
is($e->{code}, -32603, 'a wrapper that is gone is not the client\'s fault');
$c->close;
$t->finish;

# setpriv: another user.  Only root can become somebody else, so these workers
# are root's, and the commands are not.

SKIP: {
    skip 'only root can become somebody else', 1 if $> != 0;
    my $u = CC::Nginx->new(main => 'user root;',
        location => 'cc_executor_allow any; cc_executor_shell /bin/sh;
        cc_executor_cwd %%DIR%%/work; cc_executor_allow_root on;
        cc_executor_wrapper /usr/bin/setpriv --reuid=daemon --regid=daemon
            --clear-groups --inh-caps=-all --bounding-set=-all;');
    no warnings 'redefine';
    my $globals = \&CC::Nginx::globals;
    local *CC::Nginx::globals = sub { return $globals->(@_) =~ s/user \w+ \w+;//r };
    $u->start;
    my $daemon = getpwnam 'daemon';
    $c = $u->client;
    $r = $c->run('id -u; id -G; grep -E "^Cap(Prm|Eff|Bnd)" /proc/self/status;'
        . ' kill -0 $PPID 2>&1');
    my ($uid, $groups, @rest) = split /\n/, $r->{stdout};
    is($uid, $daemon, 'setpriv: another user');
    is($groups, (getpwnam 'daemon')[3], 'its group only');
    is(join(' ', grep { /^Cap/ } @rest), join(' ', map { "Cap$_:\t" . '0' x 16 }
        'Prm', 'Eff', 'Bnd'), 'no capability');
    $id = $c->send('execute', { command => 'echo $$; exec sleep 600' });
    my $pid = $c->notification('process.output')->{params}{data} + 0;
    ok(kill(0, $pid), 'a command of somebody else');
    $c->call('control', { type => 'CANCEL' });
    is($c->notification('process.completed')->{params}{signal}, 'SIGTERM',
        'is ended all the same');
    $c->close;
    $u->finish;
}

# bwrap: a file system and processes of its own.  Where a container forbids
# user namespaces it cannot work.

SKIP: {
    skip 'no bwrap', 1 if !-x '/usr/bin/bwrap';
    my @probe = (qw(bwrap --ro-bind / / --unshare-pid --proc /proc true));
    unshift @probe, qw(setpriv --reuid=nobody --regid=nogroup --clear-groups)
        if $> == 0;
    skip 'user namespaces are not allowed here', 1
        if system("@probe 2>/dev/null") != 0;
    open my $in, '-|', 'perl', '-e', 'print syscall 444, 0, 0, 1' or die $!;
    my $abi = <$in>;
    my $bwrap = '/usr/bin/bwrap --ro-bind /usr /usr --symlink usr/bin /bin
        --symlink usr/lib /lib --symlink usr/lib64 /lib64 --dev /dev
        --proc /proc --tmpfs /tmp --bind %%DIR%%/work /work --chdir /work
        --unshare-pid --unshare-net --unshare-ipc --die-with-parent --';
    for my $fence ($abi >= 6 ? ('on', 'off') : 'off') {
        my $u = CC::Nginx->new(location => "cc_executor_allow any;
            cc_executor_shell /bin/sh; cc_executor_fence $fence;
            cc_executor_wrapper $bwrap;")->start;
        $c = $u->client;
        my $name = "bwrap, fence $fence";
        is($c->run('pwd; echo x > f; cat f')->{stdout}, "/work\nx\n",
            "$name: a place of its own");
        is($c->run('ls /')->{stdout}, join('', map { "$_\n" } sort qw(bin dev
            lib lib64 proc tmp usr work)), "$name: nothing else to be seen");
        cmp_ok($c->run('ps -e | wc -l')->{stdout}, '<', 8,
            "$name: nor other processes");
        $r = $c->run("python3 -c 'import socket; socket.create_connection(("
            . '"127.0.0.1", ' . $u->port . "))'");
        like($r->{stderr}, qr/refused|unreachable/, "$name: no network");
        is($c->run('exit 3')->{completed}{exit_code}, 3, "$name: exit code");
        $c->send('execute', { command => 'echo a; exec sleep 600' });
        $c->notification('process.output');
        $c->call('control', { type => 'CANCEL' });
        ok($c->notification('process.completed'), "$name: CANCEL");
        $c->close;
        $u->finish;
    }
}

# configuration

my $conf = sub { return "events { }\nhttp {\ncc_executor_path %%DIR%%/runtime;"
    . "\nserver { listen 127.0.0.1:%%PORT%%;\nlocation / { cc_executor on;"
    . " cc_executor_allow any; $_[0] } } }" };
for (
    ['cc_executor_wrapper;', 1, qr/invalid number of arguments/],
    ['cc_executor_wrapper env;', 1,
        qr/"cc_executor_wrapper" takes "off" or the absolute path of a program and its arguments, not "env"/],
    ['cc_executor_wrapper /nonexistent;', 1,
        qr/"cc_executor_wrapper" "\/nonexistent" cannot be executed \(2: No such/],
    ['cc_executor_wrapper /usr/bin/env; cc_executor_wrapper /usr/bin/nice;', 1,
        qr/is duplicate/],
    ['cc_executor_wrapper /usr/bin/env; cc_executor_client_env PYTHONPATH;', 1,
        qr/"cc_executor_client_env PYTHONPATH" would let a client run other programs than those allowed/],
    ['cc_executor_wrapper /usr/bin/unshare -r; cc_executor_fence on abi=2;', 0,
        qr/\[warn\] "cc_executor_wrapper \/usr\/bin\/unshare" mounts, and nothing can be mounted behind the fence of this location: use "cc_executor_fence off"/],
) {
    my ($text, $want, $message) = @$_;
    my ($rc, $out) = CC::Nginx->new->test_config($conf->($text));
    is($rc, $want, "nginx -t: $text") or diag $out;
    like($out, $message, 'says why');
}
my ($rc, $out) = CC::Nginx->new->test_config($conf->(
    'cc_executor_wrapper /usr/bin/unshare -r; cc_executor_fence off;'));
unlike($out, qr/mounts/, 'no warning without a fence');

done_testing();
