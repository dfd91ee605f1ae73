# The worker is killed at every step of the birth of a kept command, and while
# somebody attaches, reads, waits: an id that was told is always reachable, what
# nobody was told of can be found by its owner (and ends by itself), no place
# leaks.
#
# tags: asan coverage

use strict;
use warnings;

use JSON::PP ();
use Test::More;
use Time::HiRes qw(time sleep);
use CC::Kept qw(begin attach ids places_exact);
use CC::Nginx;

my $true = JSON::PP::true;
my $rounds = $ENV{CC_NIGHTLY} ? 300 : 40;
my $places = 40;

my $t = CC::Nginx->new(workers => 1, location => "cc_executor_allow any;
    cc_executor_shell /bin/sh; cc_executor_keep on; cc_executor_max_kept $places;
    cc_executor_max_kept_per_owner $places; cc_executor_kill_grace 500ms;",
    http => 'cc_executor_helpers min=1 max=4;')->start;
my $kills = 0;

sub kill_worker {
    my ($w) = @_;
    kill 'KILL', $w;
    $kills++;
    $t->wait_until(sub { my ($now) = $t->workers; $now && $now != $w }, 20)
        or die "no new worker\n";
    return;
}

sub sleeps { return map { /^(\d+) sleep 5710$/ } $t->processes }

# before STARTED: the helper stands still while START comes and the worker dies

my $begun = 0;
for my $n (1 .. $rounds / 4) {
    my @helpers;
    $t->wait_until(sub { @helpers = $t->helpers }, 20) or die "no helper\n";
    my ($w) = $t->workers;
    my $c = $t->client;
    my @blind = $t->spawners;
    kill 'STOP', @blind, @helpers;
    $c->send('execute', { on_disconnect => 'keep',
        command => "echo > ${\$t->dir}/work/begun.$n; exec sleep 5710" });
    $c->call('list');                    # the worker has seen it by now
    kill_worker($w);
    kill 'CONT', @blind, @helpers;
    $t->wait_until(sub { !grep { -e "/proc/$_" } @helpers }, 20)
        or die "helpers stay\n";
    $begun++ if -e "${\$t->dir}/work/begun.$n";
    $c->close;
}
is($begun, 0, 'before STARTED: none begins');
is(scalar(my @none = sleeps()), 0, 'and none runs');

# at any moment: whoever was told can reach it

my ($told, %bad) = (0);
for my $n (1 .. $rounds) {
    my ($w) = $t->workers;
    my $c = $t->client;
    my $id = $c->send('execute', { command => 'exec sleep 5710',
        on_disconnect => 'keep' });
    my $until = time + rand($n % 4 ? 0.006 : 0.03);
    select undef, undef, undef, 0.0002 while time < $until;
    kill_worker($w);
    my $m = $c->answer($id, 10);
    $c->close;
    $id = $m->{result}{execution_id} // next;
    $told++;
    ($c, $m) = attach($t, $id);
    $bad{$id} = $m if ($m->{result}{state} // '') ne 'running';
    $m = $c->call('remove', { execution_id => $id, force => $true });
    $bad{$id} = $m if ($m->{result}{status} // '') ne 'removed';
    $c->close;
}
note "$told of $rounds were told";
is_deeply(\%bad, {}, 'every id that was told is reachable')
    or diag(explain(\%bad));

# What nobody was told of is in the list, so its owner can find it.  Those that
# are not kept yet end with their worker.

my ($ids, @running);
ok($t->wait_until(sub {
    $ids = ids($t, state => 'running');
    @running = sleeps();
    return @running == keys %$ids;
}, 30), 'whatever runs is in the list')
    or diag(scalar(keys %$ids) . ' of ' . @running);
note scalar(@running), ' run that nobody was told of';
if ($ENV{CC_NIGHTLY}) {
    ok($t->wait_until(sub { !sleeps() }, 90),
        'nobody knows them: they end by themselves');
} else {
    my $c = $t->client;
    $c->call('remove', { execution_id => $_, force => $true }) for keys %$ids;
    $c->close;
    ok($t->wait_until(sub { !sleeps() }, 20), 'their owner can end them');
}
places_exact($t, $places, 'births');

# ATTACH, READ, WAIT

my $c = $t->client;
my $id = begin($c, 'seq 1 3000; exec sleep 5711');
$c->call('wait', { execution_id => $id, patterns => ["\n3000\n"],
    stream => 'stdout', from => 0 });
$c->close;
my $all = join '', map { "$_\n" } 1 .. 3000;

for my $n (1 .. $rounds / 2) {
    my ($w) = $t->workers;
    my $c = $t->client;
    my ($method, %o) = @{ [ ['attach'], ['read', offset => 10],
        ['wait', until => 'exit'] ]->[$n % 3] };
    $c->send($method, { execution_id => $id, %o });
    my $until = time + rand 0.005;
    select undef, undef, undef, 0.0002 while time < $until;
    kill_worker($w);
    $c->close;
}

my $m;
($c, $m) = attach($t, $id);
is($m->{result}{watchers}, 1, 'nobody is left of those who attached');
my $text = '';
while (length $text < length $all) {
    my $m = $c->notification('process.output') or last;
    $text .= $m->{params}{data};
}
is($text, $all, 'and nothing is missing');
my ($helper) = CC::Nginx::parent($m->{result}{pid});
my $open;
ok($t->wait_until(sub { ($open = () = glob "/proc/$helper/fd/*") < 20 }, 20),
    'no connection of the dead stays open') or diag $open;
$c->close;

$t->allow(qr/worker process \d+ exited on signal 9/, $kills);
$t->finish;
done_testing;
