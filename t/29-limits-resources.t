#!/usr/bin/perl

# How much of the machine a command gets: umask, nice, resource limits, time
# for its background children, output.
#
# tags: asan coverage

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Time::HiRes qw(time);

use CC::Nginx;

my $t = CC::Nginx->new(
    http => 'cc_executor_cwd %%DIR%%/work; cc_executor_allow any;
        cc_executor_shell /bin/bash;',
    location => '',
    server => <<'EOS')->start;
        location /set { cc_executor on;
            cc_executor_umask 027; cc_executor_nice 5;
            cc_executor_rlimit_cpu 1s; cc_executor_rlimit_as 2g;
            cc_executor_rlimit_fsize 64k; cc_executor_rlimit_nofile 64;
            cc_executor_rlimit_nproc 4000; }
        location /linger { cc_executor on; cc_executor_linger 10s; }
        location /linger1 { cc_executor on; cc_executor_linger 300ms; }
        location /output { cc_executor on; cc_executor_max_output 1000; }
EOS

# limits; what is not set is as nginx has it

my $limits = 'umask; nice; ulimit -St; ulimit -Ht; ulimit -v; ulimit -f;'
    . ' ulimit -Sn; ulimit -Hn; ulimit -u; ulimit -c';
my $c = $t->client(path => '/set');
is($c->run($limits)->{stdout}, join('', map { "$_\n" } '0027', 5, 1, 2,
    2 * 1024 * 1024, 64, 64, 64, 4000, 0), 'limits');
is($c->run('bash -c "ulimit -n; nice; umask"')->{stdout}, "64\n5\n0027\n",
    'inherited by what it starts');
like($c->run('ulimit -n 65')->{stderr}, qr/ulimit/, 'not to be raised');
is($c->run('touch f; stat -c %a f; mkdir d; stat -c %a d')->{stdout},
    "640\n750\n", 'umask');

my $r = $c->run('dd if=/dev/zero of=big bs=1k count=100 2>/dev/null;'
    . ' echo $?; stat -c %s big');
is($r->{stdout}, "153\n65536\n", 'fsize: SIGXFSZ at 64k');
$r = $c->run('exec python3 -c "while True: pass"');
is($r->{completed}{signal}, 'SIGXCPU', 'cpu: a signal after a second');
is($r->{completed}{cause}, 'signal', 'which is not ours');
$r = $c->run(q(trap '' XCPU; exec python3 -c "while True: pass"));
is($r->{completed}{signal}, 'SIGKILL', 'cpu: no way around it');
$r = $c->run(q(python3 -c 'x = bytearray(3 << 30)'));
like($r->{stderr}, qr/MemoryError/, 'as: no more memory');
$r = $c->run(q(python3 -c 'a = [open("/dev/null") for i in range(70)]'));
like($r->{stderr}, qr/Too many open files/, 'nofile');
$c->close;

$c = $t->client;
my $own = qx(bash -c 'umask 022; $limits');
my @own = split /\n/, $own;
$own[6] = 1024 if $own[6] eq 'unlimited' || $own[6] > 1024;
$own[9] = 0;
is($c->run($limits)->{stdout}, join('', map { "$_\n" } @own),
    'nothing set: as nginx has it, 1024 descriptors, no core');
$c->close;

# background children

$c = $t->client(path => '/linger');
my $start = time;
$r = $c->run('(sleep 0.3; echo late) & echo early');
is($r->{stdout}, "early\nlate\n", 'linger: children may end their work');
is($r->{completed}{descendants_killed}, 0, 'nobody is killed');
cmp_ok(time - $start, '<', 9, 'and then it is over');
$r = $c->run('echo x');
is($r->{stdout}, "x\n", 'without children it is over at once');
my $id = $c->send('execute', { command => 'sleep 600 & echo $!' });
my $child = $c->notification('process.output')->{params}{data};
my $exec = $c->call('list')->{result}{commands}[0];
is($c->call('control', { type => 'CANCEL' })->{result}{status}, 'canceled',
    'CANCEL while children linger');
$r = $c->notification('process.completed');
is($r->{params}{descendants_killed}, 0, 'ends them by TERM');
ok(!kill(0, $child), 'they are gone');
$c->close;

$c = $t->client(path => '/linger1');
$r = $c->run('setsid sleep 600 & echo $!');
is($r->{completed}{descendants_killed}, 1, 'linger is over: they are ended');
ok(!kill(0, $r->{stdout}), 'really');
is($r->{completed}{exit_code}, 0, 'the command itself was well');
$c->close;

$c = $t->client;
$r = $c->run('sleep 600 & echo $!');
is($r->{completed}{descendants_killed}, 1, 'default: at once');
$c->close;

# output

$c = $t->client(path => '/output');
$r = $c->run('head -c 1000 /dev/zero | tr "\0" x');
is(length $r->{stdout}, 1000, 'max_output: as much as that');
is($r->{completed}{cause}, 'exit', 'is allowed');
ok(!$r->{error}, 'no error');
$r = $c->run('head -c 600 /dev/zero | tr "\0" x; '
    . 'head -c 600 /dev/zero | tr "\0" y >&2; exec sleep 600');
is(length($r->{stdout}) + length($r->{stderr}), 1000,
    'more is cut, over both streams');
is($r->{completed}{cause}, 'output', 'cause');
is($r->{error}{code}, -32001, 'process.error comes before');
like($r->{error}{error}, qr/more output than is allowed/, 'and says why');
is(join(' ', grep { /error|completed/ } @{ $r->{order} }),
    'process.error process.completed', 'in this order');
$r = $c->run('yes');
is($r->{stdout}, "y\n" x 500, 'an endless one');
is($r->{completed}{stdout_bytes}, 1000, 'what was delivered is counted');
is($r->{completed}{status}, 'failed', 'is ended');
$r = $c->run('head -c 5000 /dev/zero | tr "\0" z', timeout => 20);
is(length $r->{stdout}, 1000, 'one that ends by itself');
is($r->{completed}{cause}, 'output', 'is told, too');
$r = $c->run('echo again');
is($r->{stdout}, "again\n", 'each command has its own');
$c->close;
$t->finish;

# root

SKIP: {
    skip 'only root could run commands as root', 1 if $> != 0;
    my $conf = sub { my ($main, $location) = @_; return "events { }\n$main\n"
        . "http {\ncc_executor_path %%DIR%%/runtime;\n"
        . "server { listen 127.0.0.1:%%PORT%%;\n"
        . "location /x { cc_executor on; cc_executor_allow any; $location } } }" };
    no warnings 'redefine';
    my $globals = \&CC::Nginx::globals;
    local *CC::Nginx::globals = sub { return $globals->(@_) =~ s/user \w+ \w+;//r };
    my $why = qr/\[emerg\].*the commands of location "\/x" would run as root: give nginx a "user", or set "cc_executor_allow_root on"/;
    for ('master_process off;', 'user root;') {
        my ($rc, $out) = CC::Nginx->new->test_config($conf->($_, ''));
        is($rc, 1, "$_ refused");
        like($out, $why, 'and why');
        ($rc, $out) = CC::Nginx->new->test_config(
            $conf->($_, 'cc_executor_allow_root on;'));
        is($rc, 0, "$_ allowed by name") or diag $out;
    }
    # a reload must not end nginx, nor run anything as root
    my $v = CC::Nginx->new(main => 'user nobody nogroup;',
        location => 'cc_executor_allow any; cc_executor_shell /bin/sh;
            cc_executor_alias a "/bin/echo x";')->start;
    $c = $v->client;
    is($c->run('id -un')->{stdout}, "nobody\n", 'before the reload');
    $c->close;
    $v->allow(qr/would run as root/, 1);
    $v->{main} = 'user root;';
    $v->write_config;
    my ($old) = $v->workers;
    $v->signal('HUP');
    ok($v->wait_until(sub { my @w = $v->workers; @w == 1 && $w[0] != $old }, 20),
        'reloaded with "user root": nginx lives');
    $c = $v->client;
    for ('id', 'a') {
        is($c->run($_)->{answer}{error}{code}, -32002, 'and runs nothing');
    }
    $c->close;
    $v->finish;

    my $u = CC::Nginx->new(main => 'user root;',
        location => 'cc_executor_allow any; cc_executor_allow_root on;')->start;
    $c = $u->client;
    is($c->run('id -u')->{stdout}, "0\n", 'allowed: as root');
    $c->close;
    $u->finish;
}

done_testing();
