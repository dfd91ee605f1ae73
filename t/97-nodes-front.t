# Three nodes behind nginx, as conf/node.conf and conf/front-nginx.conf say: new work
# goes to any of them, what names a node to that one; cancellation, resumption and
# DELETE; a node is drained; nodes are killed while clients work and try again, and
# no command runs twice.  Nightly: 1,000 kills, a machine that answers no more, and a
# long silence.
#
# tags:

use strict;
use warnings;

use JSON::PP ();
use Test::More;
use Time::HiRes qw(time);
use CC::Farm;
use CC::Mcp;
use CC::Resume qw(events answer until_primed);

my $true = JSON::PP::true;
my $mark = 470000000 + $$ % 100000 * 100;

sub sleeps {
    my ($n) = @_;
    return scalar grep { CC::Nginx::title($_) =~ /^sleep $n\b/ }
        map { m{/proc/(\d+)} } glob '/proc/[0-9]*';
}

my $farm = CC::Farm->shipped;
my $front = $farm->{front};
$farm->start;
$front->start;
my ($a, $b, $c) = $farm->all;

sub stdout { return $_[0]{structuredContent}{stdout} // join '', explain($_[0]) }

# new work goes to all of them

my %seen;
for (1 .. 60) {
    $seen{ stdout($farm->tool('front', 'execute', { command => 'echo $NODE' })) }++;
    last if keys %seen == 3 && $_ >= 10;
}
is(join('', sort keys %seen), "a\nb\nc\n", 'new work goes to every node');

# what names a node goes there

for my $node (qw(a b c)) {
    my $w = $farm->native('front', path => "/ws/mcp?node=$node");
    is($w->run('echo $NODE')->{stdout}, "$node\n", "?node=$node");
    my $id = $w->call('execute', { command => 'exec sleep 300',
        on_disconnect => 'keep' })->{result}{execution_id};
    like($id, qr/^$node\./, 'its ids begin with it');
    $w->close;
    my $d = $farm->native('front', path => '/ws/mcp?node='
        . (split /\./, $id)[0]);
    is($d->call('attach', { execution_id => $id, mode => 'write' })
        ->{result}{state}, 'running', 'which is where one finds it again');
    is($d->call('signal', { execution_id => $id, signal => 'SIGKILL' })->{error},
        undef, 'and ends it');
    $d->close;
}
my $h = $farm->http('front', path => '/ws/mcp?node=d');
is($h->post($farm->message('ping', undef), headers => CC::Farm::headers())->{status},
    404, 'a node that is none');
$h->close;
for my $bad ('d.' . '5' x 118, '..', "a\tb.5") {
    my $r = $farm->ask('front', 'ping', undef, session => $bad);
    ok($r->{status} == 404 || $r->{status} == 400, 'a session of none')
        or diag(explain($r));
}
my $tls = $farm->native('tls', ssl => 1, path => '/ws/mcp?node=b');
is($tls->run('echo $NODE')->{stdout}, "b\n", 'by TLS');
$tls->close;

# jobs and tasks: any way in

my $job = $farm->job('front', 'echo $NODE; exec sleep 300');
my ($node) = $job =~ /^([abc])\./;
for (1 .. 6) {
    my $r = $farm->tool('front', 'job_read', { job_id => $job, wait_ms => 20000,
        pattern => $node, cursor => 'start' });
    like($r->{content}[0]{text}, qr/^$node$/m, 'a job is read through any of them');
}
is($farm->ask('front', 'tasks/get', { taskId => $job }, modern => 1)
    ->{message}{result}{status}, 'working', 'a task');
is($farm->tool('front', 'job_signal', { job_id => $job, signal => 'KILL',
    wait_ms => 20000 })->{structuredContent}{signal}, 'SIGKILL', 'it is ended');

# a session: its calls, cancellation, resumption, end

my $session = $farm->session('front');
($node) = $session =~ /^([abc])\./;
is(join('', map { stdout($farm->tool('front', 'execute', { command => 'echo $NODE' },
    session => $session)) } 1 .. 4), "$node\n" x 4, 'calls of a session run at its node');
my $n = $mark++;
$h = $farm->http('front');
$h->send($farm->message('tools/call', CC::Mcp::execute_params(
    "setsid sleep $n & exec sleep $n"), id => 7),
    headers => CC::Farm::headers(session => $session));
ok($a->wait_until(sub { sleeps($n) == 2 }, 30), 'a call that takes long');
is($farm->ask('front', 'notifications/cancelled', { requestId => 7 }, notify => 1,
    session => $session)->{status}, 202, 'is canceled');
ok($a->wait_until(sub { !sleeps($n) }, 30), 'its tree is gone');
$h->close;
my $go = $farm->node($node)->dir . '/work/go';
$h = $farm->http('front');
$h->send($farm->message('tools/call', CC::Mcp::execute_params(
    "until [ -e $go ]; do sleep 0.05; done; echo done"), id => 'cut'),
    headers => CC::Farm::headers(session => $session));
my @events = until_primed($h);
$h->close;
my ($back, $found) = $farm->bare('front', 'GET', session => $session,
    headers => { 'Last-Event-ID' => $events[0]{id} });
is($found->{status}, 200, 'a stream that was cut is taken up');
CC::Farm::put($go, 0644, '');
my ($done) = answer(events($back));
is($done->{result}{structuredContent}{stdout}, "done\n", 'with its answer');
$back->close;
my ($gone, $deleted) = $farm->bare('front', 'DELETE', session => $session);
is($deleted->{status}, 200, 'DELETE');
$gone->close;
is($farm->ask('front', 'ping', undef, session => $session)->{status}, 404,
    'the session has ended');

# drain: no new work, what names it still gets there

$job = $farm->job('a', 'exec sleep 300');
(my $text = $front->config) =~ s/(server 127\.0\.0\.1:@{[$a->port]} max_fails=1[^;]*);/$1 down;/
    or die;
$front->write_config($text);
my %old = map { $_ => 1 } $front->workers;
$front->signal('HUP');
ok($front->wait_until(sub { my @now = $front->workers;
    @now == 2 && !grep { $old{$_} } @now }, 30), 'a node is drained');
is(join('', grep { /a/ } map { stdout($farm->tool('front', 'execute',
    { command => 'echo $NODE' })) } 1 .. 12), '', 'no new work goes there');
is($farm->tool('front', 'job_read', { job_id => $job })->{structuredContent}{status},
    'running', 'its jobs are reached');
my $w = $farm->native('front', path => '/ws/mcp?node=a');
is($w->run('echo $NODE')->{stdout}, "a\n", 'and who names it');
$w->close;
$farm->tool('front', 'job_signal', { job_id => $job, signal => 'KILL',
    wait_ms => 20000 });
$front->write_config;
%old = map { $_ => 1 } $front->workers;
$front->signal('HUP');
ok($front->wait_until(sub { my @now = $front->workers;
    @now == 2 && !grep { $old{$_} } @now }, 30), 'and takes part again');

# nodes die while clients work, and a client that got no answer tries again

my ($calls, $kills, %how) = $ENV{CC_NIGHTLY}
    ? (2000, 1000, how => \&CC::Farm::killing, time => 1800,
        wait => 0.1) : (60, 3);
my $ran = $farm->hammer('front', $calls, $kills, %how);
diag("$ran->{tries} tries, $ran->{good} answered, $kills kills") if $ENV{CC_NIGHTLY};
cmp_ok($ran->{good}, '>=', $calls, 'all calls came to their end');
is($ran->{twice}, '', 'no command ran twice, whoever was killed');
is($ran->{never}, '', 'what was answered has run');

# a node that is down is named (started anew, it has room for a job again)

$farm->kill_node('b');
$b->start;
$job = $farm->job('b', 'exec sleep 300');
$session = $farm->session('b');
$farm->kill_node('b');
my $r = $farm->ask('a', 'tools/call', { name => 'job_read',
    arguments => { job_id => $job } });
is($r->{status}, 502, 'a node that is down');
is($r->{message}{error}{data}{node}, 'b', 'is named');
my %served = map { stdout($farm->tool('front', 'execute', { command => 'echo $NODE' },
    session => $session)) => 1 } 1 .. 6;
is(join('', keys %served), "c\n", 'a session of it is served by its deputy');
$n = $mark++;
$h = $farm->http('front');
$h->send($farm->message('tools/call', CC::Mcp::execute_params("exec sleep $n"),
    id => 9), headers => CC::Farm::headers(session => $session));
ok($c->wait_until(sub { sleeps($n) }, 30), 'a call that takes long');
is($farm->ask('front', 'notifications/cancelled', { requestId => 9 }, notify => 1,
    session => $session)->{status}, 202, 'is canceled');
ok($c->wait_until(sub { !sleeps($n) }, 30), 'by the same one');
$h->close;
ok($b->wait_until(sub { stdout($farm->tool('front', 'execute',
    { command => 'echo here' })) eq "here\n" }, 20), 'new work goes on');
$b->start;

if ($ENV{CC_NIGHTLY}) {

    # 100 s of silence, by WebSocket and by POST

    $w = $farm->native('front', path => '/ws/mcp?node=a');
    my $asked = $w->send('execute', { command => 'sleep 100; echo late' });
    $h = $farm->http('front');
    $h->send($farm->message('tools/call', CC::Mcp::execute_params(
        'sleep 100; echo late'), id => 'late'), headers => CC::Farm::headers());
    is($w->wait_for(sub { ($_[0]{method} // '') eq 'process.output' }, 160)
        ->{params}{data}, "late\n", '100 s of silence: a WebSocket');
    $w->close;
    $h->read_head(60);
    my $m = $h->next(160);
    $m = $h->next(160) while $m && !exists $m->{id};
    is($m->{result}{structuredContent}{stdout}, "late\n", 'a POST');
    $h->close;

    # a machine that answers no more

    $w = $farm->native('front', path => '/ws/mcp?node=c');
    $w->call('execute', { command => 'exec sleep 300' });
    my @all = ($c->{master}, $c->workers);
    kill 'STOP', @all;
    my $t0 = time;
    1 while !$w->{ws}{eof} && time < $t0 + 120
        && (eval { $w->receive(5) } || 1);
    cmp_ok(time - $t0, '<', 100, 'its WebSocket ends');
    $w->close;
    kill 'CONT', @all;
    ok($c->wait_until(sub { eval { stdout($farm->tool('c', 'execute',
        { command => 'echo back' }))
        eq "back\n" } }, 60), 'it comes back');
}

$farm->finish;
$front->finish;

done_testing;
