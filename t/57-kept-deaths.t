# Helper, spawner, keeper and worker are killed, one or two at a time, while
# kept commands run, one of them with processes in sessions of their own: what
# loses its helper is lost, told to all and gone with all its processes; the
# others go on, are reachable, and end with nginx.
#
# tags: asan coverage

use strict;
use warnings;

use Test::More;
use Time::HiRes qw(sleep);
use CC::Kept qw(begin attach completed ids);
use CC::Nginx alone => 'it kills the workers above helpers';

my $tree = 'setsid -f sleep 5721; (setsid sh -c "sleep 5722 & '
    . 'exec sleep 5723" &) ; echo ready; exec sleep 5724';

my @cases = (['helper'], ['spawner'], ['keeper'], ['worker'],
    ['spawner', 'helper'], ['helper', 'spawner'], ['keeper', 'helper'],
    ['keeper', 'spawner'], ['worker', 'helper'], ['helper', 'worker'],
    ['worker', 'spawner'], ['worker', 'keeper']);

my $t;
sub sleeps { my ($n) = @_; return grep { /^\d+ sleep $n/ } $t->processes }

for my $case (@cases) {
    my $name = join ', then ', @$case;
    my %dies = map { $_ => 1 } @$case;

    $t = CC::Nginx->new(workers => 1, location => 'cc_executor_allow any;
        cc_executor_shell /bin/sh; cc_executor_keep on;
        cc_executor_kill_grace 500ms; cc_executor_start_timeout 60s;',
        http => 'cc_executor_helpers min=1 max=8;')->start;
    my $c = $t->client;
    my $id = begin($c, $tree);
    my $other = begin($c, 'echo other; exec sleep 5725');
    my $over = begin($c, 'echo over');
    completed($c, $over);
    ok($t->wait_until(sub { 4 == (my @s = sleeps('572[1-4]')) }, 20),
        "$name: a tree runs");
    my $command = ids($t)->{$id}{pid} // do {
        my ($x, $m) = attach($t, $id); $x->close; $m->{result}{pid} };
    my %pid = (worker => ($t->workers)[0], helper => CC::Nginx::parent($command));
    $pid{spawner} = CC::Nginx::parent($pid{helper});
    $pid{keeper} = CC::Nginx::parent($pid{spawner});
    is(CC::Nginx::parent($pid{keeper}), $pid{worker}, 'of this worker');

    kill 'KILL', $pid{$_} for @$case;

    if ($dies{worker}) {
        $t->allow(qr/worker process \d+ exited on signal 9/, 1);
        ok($t->wait_until(sub { my ($w) = $t->workers;
            $w && $w != $pid{worker} }, 20), "$name: there is a new worker");
        $c->close;
    }

    # this one

    my ($d, $m);
    if ($dies{helper}) {
        ok($t->wait_until(sub { !sleeps('572[1-4]') }, 20),
            "$name: the tree goes with its helper")
            or diag(join "\n", sleeps('572[1-4]'));
        is(completed($c, $id)->{cause}, 'lost', 'who watched is told')
            if !$dies{worker};
        ($d, $m) = attach($t, $id);
        is($m->{result}{state}, 'lost', 'so is whoever comes later')
            or diag(explain($m));
        is(completed($d, $id)->{cause}, 'lost', 'and that it is over');
        $d->close;
    } else {
        ($d, $m) = attach($t, $id, mode => 'write');
        is($m->{result}{state}, 'running', "$name: it goes on")
            or diag(explain($m));
        is($d->notification('process.output')->{params}{data}, "ready\n",
            'with its output');
        is(scalar(my @s = sleeps('572[1-4]')), 4, 'and all its processes');
        $m = $d->call('signal', { execution_id => $id, signal => 'KILL' });
        is(completed($d, $id)->{signal}, 'SIGKILL', 'it obeys');
        ok($t->wait_until(sub { !sleeps('572[1-4]') }, 20),
            'and is gone as a whole');
        $d->close;
    }

    # the others

    ($d, $m) = attach($t, $over);
    is($m->{result}{state}, 'exited', "$name: the one that was over")
        or diag(explain($m));
    is($d->notification('process.output')->{params}{data}, "over\n",
        'has its output');
    $d->close;
    ($d, $m) = attach($t, $other);
    is($m->{result}{state}, 'running', 'the other one goes on')
        or diag(explain($m));
    is($d->notification('process.output')->{params}{data}, "other\n",
        'with its output');
    $m = $d->call('remove', { execution_id => $other,
        force => JSON::PP::true });
    is($m->{result}{status}, 'removed', 'until it is told to end');
    ok($t->wait_until(sub { !sleeps(5725) }, 20), 'and does');
    $d->close;

    # the next one

    $c->close;
    $c = $t->client;
    my $next = begin($c, 'exit 6');
    is(completed($c, $next)->{exit_code}, 6, "$name: the next one runs");
    $c->close;

    # a worker is told of its keeper by SIGCHLD, and nginx does not know it
    $t->allow(qr/unknown process \d+ exited on signal 9/, 1)
        if $dies{keeper} && !$dies{worker};
    $t->finish;
}

# Spawner and keeper of a worker that is gone stay as long as a kept command
# does, which can be days: they sleep, and a helper that is stopped goes on.

$t = CC::Nginx->new(workers => 1, location => 'cc_executor_allow any;
    cc_executor_shell /bin/sh; cc_executor_keep on;')->start;
my $c = $t->client;
my $id = begin($c, 'exec sleep 5726');
my ($d, $m) = attach($t, $id);
my $helper = CC::Nginx::parent($m->{result}{pid});
$d->close;
my $spawner = CC::Nginx::parent($helper);
my @both = ($spawner, CC::Nginx::parent($spawner));
my ($old) = $t->workers;
kill 'KILL', $old;
$t->allow(qr/worker process \d+ exited on signal 9/, 1);
ok($t->wait_until(sub { my ($w) = $t->workers; $w && $w != $old }, 20),
    'the worker of a kept command is killed');

sub wakes {
    return join ' ', map { my $s = $t->slurp("../../../proc/$_/status");
        $s =~ /^voluntary_ctxt_switches:\s+(\d+)/m } @both;
}

ok($t->wait_until(sub {
    my $before = wakes();
    sleep 2.5;
    return wakes() eq $before;
}, 30), 'its spawner and keeper are still and sleep');
like(wakes(), qr/^\d+ \d+$/, 'both');

sub stopped { return $t->slurp("../../../proc/$helper/stat") =~ /\) T / }

for my $who ('a spawner', 'a keeper') {
    kill 'STOP', $helper;
    $t->wait_until(\&stopped, 5);
    ok($t->wait_until(sub { !stopped() }, 20),
        "a helper that is stopped is woken by $who");
    kill 'KILL', $spawner;
    $t->wait_until(sub { CC::Nginx::parent($helper) == $both[1] }, 20);
}

($d, $m) = attach($t, $id);
is($m->{result}{state}, 'running', 'it runs on');
$_->close for $c, $d;
$t->finish;

done_testing;
