# control: PAUSE, RESUME, CANCEL; what becomes of those who do not listen.
#
# tags: asan coverage smoke

use strict;
use warnings;

use Test::More;
use Time::HiRes qw(time);
use CC::Nginx;

my $t = CC::Nginx->new(server => <<'EOC')->start;
location /short { cc_executor on; cc_executor_allow any;
    cc_executor_shell /bin/sh; cc_executor_kill_grace 300ms; }
EOC

my $c = $t->client;

sub state_of {
    my ($pid) = @_;
    open my $f, '<', "/proc/$pid/stat" or return '-';
    my ($state) = <$f> =~ /^\d+ \(.*\) (\S)/s;
    return $state;
}

sub start {
    my ($client, $command, %o) = @_;
    my $m = $client->call('execute', { command => $command, %o });
    $client->notification('process.started');
    return $m->{result};
}

# Group members that execute "sleep" already.  A shell that is stopped between
# vfork and exec of a child is not in state T: it waits for the child, in D.

sub sleepers {
    my ($pgid) = @_;
    my @found;
    for my $stat (glob '/proc/[0-9]*/stat') {
        open my $f, '<', $stat or next;
        my $line = <$f> // next;
        my ($pid, $group) = $line =~ /^(\d+) \(sleep\) \S \d+ (\d+)/s or next;
        push @found, $pid if $group == $pgid;
    }
    return @found;
}

# the whole group stops and goes on

my $run = start($c, 'sleep 30 & sleep 30; true');
my @sleepers;
ok($t->wait_until(sub { 2 == (@sleepers = sleepers($run->{pgid})) }),
    'two children run');

my $m = $c->call('control', { type => 'PAUSE' });
is_deeply($m->{result}, { status => 'paused' }, 'PAUSE is answered');
my $n = $c->notification('process.paused');
is_deeply($n->{params}, { status => 'paused', pid => $run->{pid},
    pgid => $run->{pgid}, exit_code => undef, error => undef,
    execution_id => $run->{execution_id} }, 'and told');
for my $pid ($run->{pid}, @sleepers) {
    ok($t->wait_until(sub { state_of($pid) eq 'T' }), 'state T');
}
is($c->call('status', { execution_id => $run->{execution_id} })
    ->{result}{state}, 'paused', 'status says so');

$m = $c->call('control', { type => 'RESUME',
    execution_id => $run->{execution_id} });
is_deeply($m->{result}, { status => 'resumed' }, 'RESUME is answered');
is($c->notification('process.resumed')->{params}{status}, 'resumed',
    'and told');
for my $pid ($run->{pid}, @sleepers) {
    ok($t->wait_until(sub { state_of($pid) eq 'S' }), 'state S');
}

$m = $c->call('control', { type => 'CANCEL' });
is_deeply($m->{result}, { status => 'canceled' }, 'CANCEL is answered');
is($c->notification('process.canceled')->{params}{status}, 'canceled',
    'and told');
$n = $c->notification('process.completed')->{params};
is_deeply([@$n{qw(status cause signal exit_code)}],
    ['failed', 'cancel', 'SIGTERM', -15], 'and completed');
ok(!-e "/proc/$_", "$_ is gone") for $run->{pid}, @sleepers;

# cancel while paused

$run = start($c, 'sleep 30');
$c->call('control', { type => 'PAUSE' });
$c->notification('process.paused');
$c->call('control', { type => 'CANCEL' });
$n = $c->notification('process.completed')->{params};
is_deeply([@$n{qw(cause signal)}], ['cancel', 'SIGTERM'],
    'CANCEL while paused: TERM arrives');

# nobody has to be told twice, nor in the right order

$run = start($c, 'sleep 30');
is($c->call('control', { type => $_ })->{result}{status}, lc($_) . 'd',
    "$_ once more") for qw(PAUSE PAUSE RESUME RESUME);
is($c->call('control', { type => 'CANCEL' })->{result}{status}, 'canceled',
    'CANCEL once');
my $id = $c->send('control', { type => 'CANCEL' });
$m = $c->answer($id);
ok(($m->{result}{status} // '') eq 'canceled'
    || $m->{error}{code} == -32003, 'CANCEL again is answered');
$c->notification('process.completed');

# work goes on where it stopped

my $r = $c->run('for i in 1 2 3 4 5; do echo $i; sleep 0.05; done', each => sub {
    my $data = $_[0]{params}{data} // return;
    $c->send('control', { type => 'PAUSE' }) if $data eq "2\n";
    $c->send('control', { type => 'RESUME' }) if $data eq "2\n";
});
is($r->{stdout}, "1\n2\n3\n4\n5\n", 'paused, resumed, nothing lost');

# a paused command writes nothing

$run = start($c, 'i=0; while :; do echo $((i+=1)); sleep 0.01; done');
$c->notification('process.output');
$c->call('control', { type => 'PAUSE' });
$c->notification('process.paused');
$c->wait_for(sub { 0 }, 0.3);
@{ $c->{queue} } = ();
ok(!$c->receive(0.3), 'silence while paused');
$c->call('control', { type => 'RESUME' });
ok($c->notification('process.output'), 'and output again');
$c->call('control', { type => 'CANCEL' });
$c->notification('process.completed');
@{ $c->{queue} } = ();

# those who ignore TERM

my $s = $t->client(path => '/short');
$run = start($s, "trap '' TERM; echo ready; while :; do sleep 1; done");
$s->notification('process.output');
my $t0 = time;
$s->call('control', { type => 'CANCEL' });
$n = $s->notification('process.completed')->{params};
is_deeply([@$n{qw(cause signal exit_code)}], ['cancel', 'SIGKILL', -9],
    'who ignores TERM is killed');
cmp_ok(time - $t0, '>=', 0.29, 'after the grace time');
cmp_ok(time - $t0, '<', 8, 'and not much later');

# and those who use the grace time

$r = $s->run("trap 'echo tidy; exit 7' TERM; echo ready; "
    . 'while :; do sleep 0.02; done', each => sub {
    $s->send('control', { type => 'CANCEL' })
        if ($_[0]{params}{data} // '') eq "ready\n";
});
is($r->{stdout}, "ready\ntidy\n", 'the last words are heard');
is_deeply([@{ $r->{completed} }{qw(cause exit_code signal)}],
    ['cancel', 7, undef], 'and the exit code');

# whoever left the group and does not listen is found all the same

$run = start($s, 'trap "" TERM; setsid sleep 3031 & (setsid sleep 3032 &) ; '
    . 'nohup sleep 3033 >/dev/null 2>&1 & echo ready; wait');
$s->notification('process.output');
my @sleeps;
ok($t->wait_until(sub { @sleeps = grep { /^\d+ sleep 303[123]/ } $t->processes;
    @sleeps == 3 }), 'three that left');
$s->call('control', { type => 'CANCEL' });
$n = $s->notification('process.completed')->{params};
cmp_ok($n->{descendants_killed}, '>=', 2, 'are counted');
@sleeps = grep { /^\d+ sleep 303[123]/ } $t->processes;
is("@sleeps", '', 'and gone when the command is completed');

# control sent right behind execute

$c->send('execute', { command => 'sleep 5' });
$id = $c->send('control', { type => 'PAUSE' });
is($c->answer($id)->{result}{status}, 'paused', 'PAUSE before it is started');
$c->call('control', { type => 'CANCEL' });
$c->notification('process.completed');
$c->send('execute', { command => 'sleep 5' });
$id = $c->send('control', { type => 'CANCEL' });
is($c->answer($id)->{result}{status}, 'canceled', 'CANCEL before it is started');
is($c->notification('process.completed')->{params}{cause}, 'cancel',
    'and completed');

# whose process it is

my $other = $t->client;
$run = start($c, 'sleep 30');
$m = $other->call('control', { type => 'CANCEL',
    execution_id => $run->{execution_id} });
is($m->{error}{code}, -32003, 'a process of another session does not exist');
$c->call('control', { type => 'CANCEL' });
$c->notification('process.completed');
$m = $c->call('control', { type => 'PAUSE',
    execution_id => $run->{execution_id} });
is($m->{error}{code}, -32003, 'nor one that is over');

$t->finish;
done_testing;
