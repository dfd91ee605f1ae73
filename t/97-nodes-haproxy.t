# Three nodes behind HAProxy, as conf/node.conf and conf/front-haproxy.cfg say: new
# work, what names a node, a node that is drained, one that answers no more; nodes
# are killed while clients work and try again, and no command runs twice.
#
# tags: nightly

use strict;
use warnings;

use Test::More;
use Time::HiRes qw(time);
use CC::Farm;
use CC::Mcp;

plan skip_all => 'no haproxy' if !grep { -x "$_/haproxy" } split /:/,
    "$ENV{PATH}:/usr/sbin";
$ENV{PATH} .= ':/usr/sbin';

my $farm = CC::Farm->shipped;
my $front = $farm->{front};
$farm->start;
$farm->haproxy;
my ($a, $b, $c) = $farm->all;

sub stdout { return $_[0]{structuredContent}{stdout} // explain($_[0]) }

# it asks them how they are; then they are there

ok($front->wait_until(sub { my $all = $farm->told('show stat');
    (() = $all =~ /^nodes,[abc],.*,UP,/mg) == 3 }, 30), 'three nodes are up');
my %seen;
for (1 .. 60) {
    $seen{ stdout($farm->tool('haproxy', 'execute', { command => 'echo $NODE' })) }++;
    last if keys %seen == 3 && $_ >= 10;
}
is(join('', sort keys %seen), "a\nb\nc\n", 'new work goes to every node');

for my $node (qw(a b c)) {
    my $w = $farm->native('haproxy', path => "/ws/mcp?node=$node");
    is($w->run('echo $NODE')->{stdout}, "$node\n", "?node=$node");
    $w->close;
}
my $tls = $farm->native('haproxy_tls', ssl => 1, path => '/ws/mcp?node=b');
is($tls->run('echo $NODE')->{stdout}, "b\n", 'by TLS');
$tls->close;
my $h = $farm->http('haproxy', path => '/ws/mcp?node=d');
is($h->post($farm->message('ping', undef), headers => CC::Farm::headers())->{status},
    404, 'a node that is none');
$h->close;
is($farm->ask('haproxy', 'ping', undef, session => 'd.' . '5' x 118)->{status}, 404,
    'a session of none');

# jobs, tasks, sessions

my $job = $farm->job('haproxy', 'echo $NODE; exec sleep 300');
my ($node) = $job =~ /^([abc])\./;
for (1 .. 4) {
    my $r = $farm->tool('haproxy', 'job_read', { job_id => $job, wait_ms => 20000,
        pattern => $node, cursor => 'start' });
    like($r->{content}[0]{text}, qr/^$node$/m, 'a job is read through any of them');
}
is($farm->ask('haproxy', 'tasks/get', { taskId => $job }, modern => 1)
    ->{message}{result}{status}, 'working', 'a task');
is($farm->tool('haproxy', 'job_signal', { job_id => $job, signal => 'KILL',
    wait_ms => 20000 })->{structuredContent}{signal}, 'SIGKILL', 'it is ended');
my $session = $farm->session('haproxy');
($node) = $session =~ /^([abc])\./;
is(join('', map { stdout($farm->tool('haproxy', 'execute',
    { command => 'echo $NODE' }, session => $session)) } 1 .. 4), "$node\n" x 4,
    'calls of a session run at its node');

# drain

$job = $farm->job('a', 'exec sleep 300');
$farm->told('set server nodes/a state drain');
is(join('', grep { /a/ } map { stdout($farm->tool('haproxy', 'execute',
    { command => 'echo $NODE' })) } 1 .. 12), '', 'drained: no new work');
is($farm->tool('haproxy', 'job_read', { job_id => $job })
    ->{structuredContent}{status}, 'running', 'its jobs are reached');
my $w = $farm->native('haproxy', path => '/ws/mcp?node=a');
is($w->run('echo $NODE')->{stdout}, "a\n", 'and who names it');
$w->close;
$farm->tool('haproxy', 'job_signal', { job_id => $job, signal => 'KILL',
    wait_ms => 20000 });
$farm->told('set server nodes/a state ready');

# nodes die while clients work, and a client that got no answer tries again

my ($calls, $kills, %how) = $ENV{CC_NIGHTLY}
    ? (2000, 1000, how => \&CC::Farm::killing, time => 1800,
        wait => 0.1) : (60, 2);
my $ran = $farm->hammer('haproxy', $calls, $kills, %how);
diag("$ran->{tries} tries, $ran->{good} answered, $kills kills") if $ENV{CC_NIGHTLY};
cmp_ok($ran->{good}, '>=', $calls, 'all calls came to their end');
is($ran->{twice}, '', 'no command ran twice, whoever was killed');
is($ran->{never}, '', 'what was answered has run');

# a machine that answers no more: its WebSocket ends, new work goes elsewhere

$w = $farm->native('haproxy', path => '/ws/mcp?node=c');
my @all = ($c->{master}, $c->workers);
kill 'STOP', @all;
my $until = time + 60;
1 while !$w->{ws}{eof} && time < $until && (eval { $w->receive(2) } || 1);
ok($w->{ws}{eof}, 'a machine that answers no more: its WebSocket ends');
$w->close;
ok($front->wait_until(sub { $farm->told('show stat') =~ /^nodes,c,.*,DOWN,/m }, 30),
    'it is down');
is(join('', grep { /c/ } map { stdout($farm->tool('haproxy', 'execute',
    { command => 'echo $NODE' })) } 1 .. 6), '', 'new work goes elsewhere');
kill 'CONT', @all;
ok($front->wait_until(sub { $farm->told('show stat') =~ /^nodes,c,.*,UP,/m }, 60),
    'it comes back');

kill 'TERM', $farm->{haproxy};
waitpid $farm->{haproxy}, 0;
unlike($front->slurp('logs/haproxy.log'), qr/panic|BUG/, 'HAProxy has no complaint');
$farm->finish;

done_testing;
