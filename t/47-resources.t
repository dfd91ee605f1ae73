# Resources end: descriptors, connections, processes, memory, room for logs.
# The client concerned is told, nobody crashes, and when there is enough again
# all goes on.

use strict;
use warnings;

use Test::More;
use Time::HiRes qw(time sleep);
use CC::Nginx;

plan skip_all => 'needs root (prlimit of other users\' processes)' if $> != 0;

my $rules = 'cc_executor_allow any; cc_executor_shell /bin/sh;
    cc_executor_kill_grace 300ms; cc_executor_start_timeout 2s;';

sub limit {
    my ($pid, $what, $n) = @_;
    # allowed to who is the same user, or to a root that has every capability
    my @nobody = getpwnam 'nobody';
    my $child = fork // die $!;
    if ($child == 0) {
        $) = "$nobody[3] $nobody[3]";
        $( = $nobody[3];
        ($<, $>) = ($nobody[2], $nobody[2]);
        exec 'prlimit', '--pid', $pid, "--$what=$n:" or POSIX::_exit(127);
    }
    waitpid $child, 0;
    die "prlimit failed\n" if $?;
    return;
}

sub used {
    my ($pid) = @_;
    my @fds = map { m{/(\d+)$} } glob "/proc/$pid/fd/*";
    my %fds = map { $_ => 1 } @fds;
    my $n = 0;
    $n++ while $fds{$n};
    return $n;
}

# the command runs, at the latest after a while
sub runs {
    my ($t) = @_;
    return $t->wait_until(sub {
        my $c = eval { $t->client } or return 0;
        my $out = $c->{connected} ? $c->run('echo fine')->{stdout} : '';
        $c->close;
        return $out eq "fine\n";
    }, 30);
}

# one that fails with an error of the server, and says why
sub refused {
    my ($c, $re, $what) = @_;
    my $a = $c->call('execute', { command => 'exec sleep 4701' });
    is($a->{error}{code}, -32603, $what);
    like($a->{error}{message} // '', $re, 'says why');
    return;
}

sub forked {
    my ($pid) = @_;
    open my $f, '<', '/proc/stat' or die $!;
    return (grep { /^processes (\d+)/ } <$f>)[0] =~ /(\d+)/ ? $1 : 0;
}

# descriptors of the worker: helpers that it cannot take are not made over and
# over again

my $t = CC::Nginx->new(workers => 1, location => $rules,
    http => 'cc_executor_helpers min=1 max=20;')->start;
my $visitor = $t->visitor;
my $c = $t->client;
is($c->run('echo one')->{stdout}, "one\n", 'one helper');
my ($worker) = $t->workers;
my ($spawner) = $t->spawners;
my @c = map { $t->client } 1 .. 6;
limit($worker, 'nofile', used($worker) + 1);
my @ids = map { $_->send('execute', { command => 'exec sleep 4702' }) } @c;
my (%code, $answered);
for (0 .. $#c) {
    my $a = $c[$_]->answer($ids[$_]);
    $answered++ if $a;
    $code{ $a->{error} ? $a->{error}{code} : 'runs' }++;
}
is($answered, 6, 'no descriptor left in the worker: all are answered');
ok($code{-32603}, 'with an error') or diag explain \%code;
my $made = () = $t->log =~ /descriptors from a helper were lost/g;
ok($made, 'what was missing is in the log');
cmp_ok($made, '<=', 20, 'helpers are not made over and over again');
limit($worker, 'nofile', 1024);
$_->close for @c;
ok(runs($t), 'with descriptors again: commands run');
is($c->run('echo same')->{stdout}, "same\n", 'a session that was there, too');

# descriptors of a helper: its command cannot have pipes

limit($_, 'nofile', 7) for $t->helpers;
refused($c, qr/Too many open files/, 'no descriptor left in the helper');
limit($_, 'nofile', 1024) for $t->helpers;
ok(runs($t), 'with descriptors again: commands run');

# processes: the helper cannot make a command

limit($_, 'nproc', 1) for $t->helpers;
refused($c, qr/Resource temporarily unavailable/, 'no process left');
limit($_, 'nproc', 10000) for $t->helpers;
ok(runs($t), 'with processes again: commands run');

# the spawner cannot make a helper

limit($spawner, 'nproc', 1);
kill 'KILL', $t->helpers;
ok($t->wait_until(sub { !$t->helpers }), 'no helper');
refused($c, qr/Resource temporarily unavailable|in time/,
    'and none can be made');
limit($spawner, 'nproc', 10000);
ok(runs($t), 'with processes again: commands run');

# memory: helpers die at their birth

my ($size) = $t->slurp("../../../proc/$spawner/status") =~ /^VmSize:\s+(\d+)/m;
limit($spawner, 'as', $size * 1024 + 65536);
kill 'KILL', $t->helpers;
my $before = forked();
my $a = $c->call('execute', { command => 'exec sleep 4703' });
is($a->{error}{code}, -32603, 'no memory for helpers: an error');
SKIP: {
    skip 'a sanitizer needs address space', 1 if $ENV{CC_SANITIZE};
    my $log = () = $t->log =~ /could not make a helper|short-lived/g;
    cmp_ok($log, '<=', 20, 'they are not made over and over again');
}
limit($spawner, 'as', 'unlimited');
ok(runs($t), 'with memory again: commands run');
is(join(' ', $t->workers), $worker, 'the worker is the same');
is($visitor->(), '', 'other locations answered all the time');
$_->close for $c;
$t->finish;

# worker_connections: every helper needs one

$t = CC::Nginx->new(conf => <<"EOC")->start;
worker_processes 1;
events { worker_connections 40; }
http {
    access_log %%DIR%%/logs/access.log;
    cc_executor_path %%DIR%%/runtime;
    server {
        listen 127.0.0.1:%%PORT%%;
        location /ws/mcp { cc_executor on; $rules }
    }
}
EOC
$c = $t->client;
is($c->run('echo one')->{stdout}, "one\n", 'few connections: commands run');
@c = map { $t->client } 1 .. 14;
@ids = map { $_->send('execute', { command => 'exec sleep 4704' }) } @c;
($answered, %code) = (0);
for (0 .. $#c) {
    my $a = $c[$_]->answer($ids[$_]);
    $answered++ if $a;
    $code{ $a->{error} ? $a->{error}{code} : 'runs' }++;
}
is($answered, 14, 'no connection left for helpers: all are answered');
ok($code{-32603} && $code{runs}, 'some with an error') or diag explain \%code;
like($t->log, qr/worker_connections are not enough/, 'the log says why');
$_->close for @c;
ok(runs($t), 'with connections again: commands run');
$c->close;
$t->finish;

# no room for logs

$t = CC::Nginx->new(location => $rules,
    http => 'error_log /dev/full info; access_log /dev/full;')->start;
for (1 .. 3) {
    $c = $t->client;
    is($c->run('echo still')->{stdout}, "still\n", 'the disk is full for logs');
    $c->close;
}
$t->finish;

# a disk without room for the runtime directory is told at the start

my $bad = CC::Nginx->new(http => 'cc_executor_path /proc/no/such;',
    location => $rules);
my $text = $bad->config;
$text =~ s/cc_executor_path [^;]*runtime;//;
my ($rc, $said) = $bad->test_config($text);
isnt($rc, 0, 'a runtime directory that cannot be: nginx -t says so');
like($said, qr/cc_executor_path|\/proc\/no\/such/, 'which') or diag $said;
$bad->allow(qr/mkdir\(\) "\/proc\/no\/such" failed/, 1);
$bad->finish;

done_testing;
