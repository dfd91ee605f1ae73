# Processes die, or stand still: workers, helpers, the spawner.  What ran for
# somebody who is gone is gone too, others notice nothing, the next command
# runs.
#
# tags: asan slow coverage

use strict;
use warnings;

use Test::More;
use Time::HiRes qw(time sleep);
use CC::Nginx;

my $limits = 'cc_executor_allow any; cc_executor_shell /bin/sh;
    cc_executor_kill_grace 500ms; cc_executor_max_commands 50;
    cc_executor_max_commands_per_session 50; cc_executor_start_timeout ';

# where a start deadline is waited for, and where fifty helpers have to be made
# on a machine that may be busy

my $location = $limits . '5s;';
my $patient = $limits . '60s;';

# each with a background child, a daemon in a session of its own, a double fork

my $tree = 'sleep 4401 & setsid sleep 4402 & (setsid sh -c "sleep 4403 & '
    . 'exec sleep 4404" &) ; echo ready; exec sleep 4405';

sub sleeps { my ($t) = @_; return grep { /^\d+ sleep 44/ } $t->processes }

# starts n trees in one session
sub start_trees {
    my ($t, $c, $n) = @_;
    $c->send('execute', { command => $tree }) for 1 .. $n;
    my $started = 0;
    while ($started < $n) {
        my $m = $c->notification('process.output') or last;
        $started++;
    }
    my @s;
    return $started == $n && $t->wait_until(sub {
        (@s = sleeps($t)) >= 5 * $n }, 20);
}

# a new session that has n slots and not one more
sub slots_exact {
    my ($t, $n, $what) = @_;
    my $c = $t->client;
    my @ids = map { $c->send('execute', { command => 'exec sleep 4406' }) }
        1 .. $n;
    my @bad = grep { !$c->answer($_)->{result} } @ids;
    is("@bad", '', "$what: all $n slots are free");
    is($c->call('execute', { command => 'true' })->{error}{code}, -32001,
        "$what: and no other");
    $c->close;
    ok($t->wait_until(sub { !sleeps($t) }), "$what: all is gone again");
    # the slots are free when the helpers have said so
    ok($t->wait_until(sub {
        my $d = $t->client;
        my $ok = $d->call('execute', { command => 'true' })->{result};
        $d->close;
        $ok;
    }), "$what: the next command runs");
    return;
}

# kill -9 of a worker with 50 trees

my $t = CC::Nginx->new(workers => 1, location => $patient)->start;
my $visitor = $t->visitor;
my $c = $t->client;
ok(start_trees($t, $c, 50), '50 trees');
my ($worker) = $t->workers;
my @helpers = $t->helpers;
my ($spawner) = $t->spawners;
my $t0 = time;
kill 'KILL', $worker;
ok($t->wait_until(sub { !sleeps($t) }, 15), 'worker killed: its trees are gone');
note sprintf 'after %.2f s', time - $t0;
ok($t->wait_until(sub { !grep { -e "/proc/$_" } $spawner, @helpers }, 10),
    'so are its spawner and helpers');
ok($t->wait_until(sub { (my @w = $t->workers) == 1 }), 'there is another worker');
ok($c->ws->read_eof, 'the client sees the end');
slots_exact($t, 50, 'worker killed');
$t->allow(qr/worker process \d+ exited on signal 9/, 1);

# kill -9 of helpers: 10 of 50

$c = $t->client;
ok(start_trees($t, $c, 50), '50 trees');
my %busy = map { $_->{pid} => $_ } @{ $c->call('list')->{result}{commands} };
is(scalar keys %busy, 50, 'all are listed');
my @victims = (sort keys %busy)[0 .. 9];
my %lost;
for my $pid (@victims) {
    my ($helper) = CC::Nginx::parent($pid);
    kill 'KILL', $helper;
}
for (@victims) {
    my $m = $c->notification('process.completed') or last;
    $lost{ $m->{params}{pid} }++;
    is($m->{params}{cause}, 'lost', 'a helper killed: the cause is "lost"');
    is($m->{params}{status}, 'failed', 'status failed');
}
is(join(' ', sort keys %lost), join(' ', sort @victims),
    'exactly their commands are completed');
my @s;
ok($t->wait_until(sub { (@s = sleeps($t)) == 200 }),
    'their trees are gone, the others run') or diag scalar @s;
is(scalar(@{ $c->call('list')->{result}{commands} }), 40, '40 are left');
$c->close;
ok($t->wait_until(sub { !sleeps($t) }), 'and end with their client');
slots_exact($t, 50, 'helpers killed');

# kill -9 of the spawner: commands go on, the next ones run

$c = $t->client;
ok(start_trees($t, $c, 20), '20 trees');
($spawner) = $t->spawners;
kill 'KILL', $spawner;
ok($t->wait_until(sub {
    my @now = $t->spawners;
    @now == 1 && $now[0] != $spawner;
}), 'spawner killed: there is another');
is(scalar(my @all = sleeps($t)), 100, 'nothing that ran is touched');
my $next = $t->client;
is($next->run('echo next')->{stdout}, "next\n", 'the next command runs');
$next->close;
$c->send('control', { type => 'CANCEL', execution_id => $_ })
    for map { $_->{execution_id} }
        @{ $c->call('list')->{result}{commands} }[0 .. 9];
my $canceled = 0;
for (1 .. 10) {
    my $m = $c->notification('process.completed') or last;
    $canceled++ if $m->{params}{cause} eq 'cancel';
}
is($canceled, 10, 'what ran before still obeys');
$c->close;
ok($t->wait_until(sub { !sleeps($t) }), 'and ends with its client');
slots_exact($t, 50, 'spawner killed');

# again and again: it is replaced more and more slowly, commands wait

for (1 .. 3) {
    my ($now) = $t->spawners or next;
    kill 'KILL', $now;
    ok($t->wait_until(sub {
        my ($n) = $t->spawners;
        $n && $n != $now }, 20), "spawner killed again: there is another");
}
$c = $t->client;
is($c->run('echo fine')->{stdout}, "fine\n", 'and commands run');
$c->close;

is($visitor->(), '', 'other locations answered all the time');
is(join(' ', $t->zombies), '', 'no zombie');
$t->finish;

# SIGSTOP of helpers: the start deadline

$t = CC::Nginx->new(workers => 1, location => $location,
    http => 'cc_executor_helpers min=2 max=64;', server => 'location /short { cc_executor on; cc_executor_allow any;
        cc_executor_shell /bin/sh; cc_executor_kill_grace 200ms;
        cc_executor_timeout 3s; }')->start;
$visitor = $t->visitor;
ok($t->wait_until(sub { (@helpers = $t->helpers) >= 2 }), 'idle helpers');

# one that is busy and keeps no time any more: after its limit it is replaced

my $short = $t->client(path => '/short');
$short->send('execute', { command => $tree });
my $started = $short->notification('process.started')->{params};
$short->notification('process.output');
my ($stuck) = CC::Nginx::parent($started->{pid});
kill 'STOP', $stuck;

# idle ones are replaced before a command meets them

@helpers = grep { $_ != $stuck } $t->helpers;
kill 'STOP', @helpers;
ok($t->wait_until(sub { !grep { -e "/proc/$_" } @helpers }),
    'idle helpers stopped: they are replaced');
$c = $t->client;
my $r = $c->run('echo after');
is($r->{stdout}, "after\n", 'and commands run');

# unless nobody sees it: then it is the start that fails, in time

my ($blind) = $t->spawners;
@helpers = grep { $_ != $stuck } $t->helpers;
kill 'STOP', $blind, @helpers;
my $a = $c->call('execute', { command => 'exec sleep 4407' });
is($a->{error}{code}, -32603, 'and the spawner, too: the start fails in time');
like($a->{error}{message}, qr/in time|lost/, 'with a reason');
kill 'CONT', $blind;
for (1 .. 10) {
    $r = $c->run('echo after');
    last if $r->{completed};
}
is($r->{stdout}, "after\n", 'and then commands run');
ok(!(grep { /sleep 4407/ } $t->processes), 'what could not start never started');

# a client that leaves while its helper stands still

my $gone = $t->client;
$gone->send('execute', { command => $tree });
my $p = $gone->notification('process.started')->{params};
$gone->notification('process.output');
my ($h) = CC::Nginx::parent($p->{pid});
kill 'STOP', $h;
$gone->close;

# and one that is canceled then, without a time limit

my $cancel = $t->client;
$cancel->send('execute', { command => $tree });
$p = $cancel->notification('process.started')->{params};
$cancel->notification('process.output');
($h) = CC::Nginx::parent($p->{pid});
kill 'STOP', $h;
ok($cancel->call('control', { type => 'CANCEL' })->{result}, 'CANCEL');

my $done = $short->notification('process.completed', 60);
is($done->{params}{cause}, 'lost', 'a busy helper stopped: it is found out');
$done = $cancel->notification('process.completed', 60);
is($done->{params}{cause}, 'lost', 'also when its command is canceled');
ok($t->wait_until(sub { !sleeps($t) }, 30), 'nothing of all that is left')
    or diag join "\n", sleeps($t);
slots_exact($t, 50, 'helpers stopped');
is($visitor->(), '', 'other locations answered all the time');
$t->finish;

sub state_of {
    open my $f, '<', "/proc/$_[0]/stat" or return 'gone';
    return <$f> =~ /\) (\S)/ ? $1 : '?';
}

# SIGSTOP of the spawner: helpers run out, it is replaced

$t = CC::Nginx->new(workers => 1, location => $location)->start;
$visitor = $t->visitor;
$c = $t->client;
is($c->run('echo before')->{stdout}, "before\n", 'runs');
($spawner) = $t->spawners;
kill 'STOP', $spawner;
my @c = map { $t->client } 1 .. 12;
my @ids = map { $_->send('execute', { command => 'echo $PPID; exec sleep 4408' })
    } @c;
my ($ok, $late) = (0, 0);
for (0 .. $#c) {
    my $m = $c[$_]->answer($ids[$_]);
    $ok++ if $m->{result};
    $late++ if $m->{error} && $m->{error}{code} == -32603;
}
is($ok + $late, 12, "spawner stopped: 12 are answered ($ok run)");
# the service's keepers, its own children, wake theirs at once
my $woken = $t->{apart};
ok($t->wait_until(sub { $woken ? state_of($spawner) ne 'T'
    : grep { $_ != $spawner } $t->spawners }, 15), 'the spawner is replaced, or woken');
$r = $c->run('echo after');
is($r->{stdout}, "after\n", 'and the next command runs');
$_->close for @c;
SKIP: {
    skip 'it was woken', 1 if $woken;
    ok($t->wait_until(sub { !-e "/proc/$spawner" }), 'the old one is gone');
}

ok($t->wait_until(sub { !sleeps($t) }, 30), 'nothing of all that is left')
    or diag join "\n", sleeps($t);
slots_exact($t, 50, 'spawner stopped');
is($visitor->(), '', 'other locations answered all the time');

# stopped ones are no obstacle to an end

ok(start_trees($t, $c, 5), 'five trees');
kill 'STOP', $t->keepers, $t->spawners, $t->helpers;
$t->stop('TERM');
$t->finish;

$t = CC::Nginx->new(workers => 1, location => $location)->start;
$c = $t->client;
ok(start_trees($t, $c, 5), 'five trees');
($spawner) = $t->spawners;
@helpers = $t->helpers;
kill 'STOP', $t->keepers, $spawner, @helpers;
kill 'KILL', $t->workers;
ok($t->wait_until(sub { !sleeps($t) }, 15),
    'all stopped, the worker killed: the trees are gone');
ok($t->wait_until(sub { !grep { -e "/proc/$_" } $spawner, @helpers }),
    'and all of them');
$t->allow(qr/worker process \d+ exited on signal 9/, 1);
$t->finish;

# a worker is killed between START and STARTED, a hundred times: the helper
# stands still while the START comes and while the worker dies

$t = CC::Nginx->new(workers => 1, location => $location,
    http => 'cc_executor_helpers min=1 max=4;')->start;
my $rounds = 100;
my $begun = 0;
for my $n (1 .. $rounds) {
    $t->wait_until(sub { @helpers = $t->helpers }, 10) or last;
    my ($w) = $t->workers;
    my $d = $t->client;
    my @blind = $t->spawners;            # else they would be replaced
    kill 'STOP', @blind, @helpers;
    $d->send('execute', { command => "echo > ${\$t->dir}/work/begun.$n; "
        . 'exec sleep 4409' });
    $d->call('list') or last;            # the worker has seen it by now
    kill 'KILL', $w;
    $t->wait_until(sub { my ($now) = $t->workers; $now && $now != $w }, 10)
        or last;
    kill 'CONT', @blind, @helpers;
    $t->wait_until(sub { !grep { -e "/proc/$_" } @helpers }, 10) or last;
    $begun++ if -e "${\$t->dir}/work/begun.$n";
    $d->close;
    $rounds--;
}
is($rounds, 0, 'a hundred workers died after START');
is($begun, 0, 'and no command began');
is(scalar(my @none = sleeps($t)), 0, 'none runs');
$c = $t->client;
is($c->run('echo alive')->{stdout}, "alive\n", 'the hundred-and-first serves');
$c->close;
$t->allow(qr/worker process \d+ exited on signal 9/, 100);
$t->finish;

done_testing;
