# A command that is canceled: before it was started, while it is paused, by
# MCP; what is told, counted and written to the audit log.
#
# tags: asan coverage

use strict;
use warnings;

use Test::More;
use Time::HiRes qw(time);
use CC::Http;
use CC::Mcp;
use CC::Metrics qw(metrics);
use CC::Nginx;
use CC::WebSocket;

my $t = CC::Nginx->new(http => 'cc_executor_helpers min=1 max=1;',
    location => 'cc_executor_allow any; cc_executor_shell /bin/sh;
        cc_executor_kill_grace 500ms; cc_executor_start_timeout 20s;
        cc_executor_audit_log %%DIR%%/logs/audit.log;',
    server => 'location /metrics { cc_executor_status prometheus; }')->start;
chmod 0777, $t->dir . '/work';

my $json = $CC::Mcp::json;

# lines of the audit log since the last call, as structures; the last of a
# command's events, as trace() writes it, is waited for
my $seen = 0;
sub audit {
    my ($last) = @_;
    my @new;
    $t->wait_until(sub {
        my @lines = $t->records('logs/audit.log');
        @new = @lines[$seen .. $#lines];
        trace(@new) =~ /(?:$last)$/ }, 5);
    $seen += @new;
    return @new;
}

sub trace { return join ' ', map { "$_->{event}" . ($_->{signal} //
    $_->{cause} // '' ? ":" . ($_->{signal} // $_->{cause}) : '') }
    grep { $_->{event} =~ /^command/ } @_ }

# what grew by how much
sub grown {
    my ($before, $after) = @_;
    return { map { $_ => $after->{$_} - ($before->{$_} // 0) }
        grep { /^(?:commands_(?!cpu)|sessions_(?:opened|closed))/
            && $after->{$_} != ($before->{$_} // 0) } keys %$after };
}

# the only helper is busy

my $busy = $t->client;
$busy->send('execute', { command => 'sleep 4100' });
my $sleep = $busy->notification('process.started')->{params}{execution_id};
audit('command.started');

# execute and CANCEL in one segment

my $c = $t->client;
my $marker = $t->dir . '/work/started';
my $before = metrics($t);
my $t0 = time;
$c->ws->write(join '', map { CC::WebSocket::frame(1, $json->encode($_)) } (
    { jsonrpc => '2.0', id => 1, method => 'execute',
        params => { command => "touch $marker" } },
    { jsonrpc => '2.0', id => 2, method => 'control',
        params => { type => 'PAUSE' } },
    { jsonrpc => '2.0', id => 3, method => 'control',
        params => { type => 'CANCEL' } }));
my @got;
while (my $m = $c->next(20)) {
    push @got, $m;
    last if ($m->{method} // '') eq 'process.completed';
}
cmp_ok(time - $t0, '<', 15, 'a command in the line is canceled at once');
my ($answer) = grep { ($_->{id} // 0) == 1 } @got;
is($answer->{result}{status}, 'canceled', 'execute is answered');
ok(exists $answer->{result}{pid} && !defined $answer->{result}{pid},
    'with no pid');
my ($paused) = grep { ($_->{id} // 0) == 2 } @got;
is($paused->{error}{code}, -32003, 'a PAUSE that waited is refused');
my ($canceled) = grep { ($_->{id} // 0) == 3 } @got;
is_deeply($canceled->{result}, { status => 'canceled' }, 'so is CANCEL');
is_deeply([map { $_->{method} } grep { $_->{method} } @got],
    ['process.canceled', 'process.completed'], 'nothing says "started"');
my $p = $got[-1]{params};
is($p->{execution_id}, $answer->{result}{execution_id}, 'it completes');
is($p->{cause}, 'cancel', 'with the cause "cancel"');
is($p->{status}, 'failed', 'as failed');
ok(!defined $p->{exit_code} && !defined $p->{pid},
    'without an exit code or a pid');
is($p->{error}, 'canceled before it was started', 'and says why');

# the line is empty, so the helper has nothing else to do

$busy->call('control', { type => 'CANCEL', execution_id => $sleep });
is($busy->notification('process.completed')->{params}{cause}, 'cancel',
    'the first one is canceled as ever');
is($c->run('echo next')->{stdout}, "next\n", 'the helper serves the next one');
ok(!-e $marker, 'the program was never started');
is(trace(audit('ended:exit')),
    'command.signalled:CANCEL command.failed'
    . ' command.signalled:CANCEL command.ended:cancel'
    . ' command.started command.ended:exit', 'audit: it never started');
is_deeply(grown($before, metrics($t)), {
    commands_started_total => 1,
    'commands_ended_total{cause="cancel"}' => 1,
    'commands_ended_total{cause="exit"}' => 1,
}, 'what never started is not counted as started or ended');

# CANCEL while it is born

$c->ws->write(join '', map { CC::WebSocket::frame(1, $json->encode($_)) } (
    { jsonrpc => '2.0', id => 4, method => 'execute',
        params => { command => 'sleep 4101' } },
    { jsonrpc => '2.0', id => 5, method => 'control',
        params => { type => 'CANCEL' } }));
my $end = $c->notification('process.completed')->{params};
is_deeply([@$end{qw(cause signal)}], ['cancel', 'SIGTERM'],
    'canceled at its birth, at once: by the first signal');

# MCP over a WebSocket: a call that runs, and one in the line

audit('ended:cancel|failed');
$before = metrics($t);
my $m = CC::Mcp->new(port => $t->port);
$m->initialize;
my $id = $m->send('tools/call', CC::Mcp::execute_params('sleep 4102'));
$t->wait_until(sub { (metrics($t)->{commands_started_total} // 0)
    > ($before->{commands_started_total} // 0) });
my $waits = $m->send('tools/call',
    CC::Mcp::execute_params("touch $marker"));
$m->send('notifications/cancelled', { requestId => $waits }, notify => 1);
$m->send('notifications/cancelled', { requestId => $id }, notify => 1);
ok($t->wait_until(sub { !grep { /sleep 4102/ } $t->processes }),
    'MCP: the command ends');
my $after;
$t->wait_until(sub { $after = metrics($t);
    $after->{'commands_ended_total{cause="cancel"}'}
        > $before->{'commands_ended_total{cause="cancel"}'} });
is_deeply(grown($before, $after), { sessions_opened_total => 1,
    commands_started_total => 1, 'commands_ended_total{cause="cancel"}' => 1 },
    'and is counted as canceled');
is(trace(audit('ended:cancel')),
    'command.started command.signalled:CANCEL command.failed'
    . ' command.signalled:CANCEL command.ended:cancel',
    'audit: who canceled is told');
ok(!-e $marker, 'the one in the line was never started');
is($m->execute('echo on')->{result}{structuredContent}{stdout}, "on\n",
    'the session goes on');
$m->close;

# a client that only goes away disconnects

my $gone = $t->client;
$gone->send('execute', { command => 'sleep 4103' });
$gone->notification('process.started');
audit('started');
$gone->close;
ok($t->wait_until(sub { $t->slurp('logs/audit.log')
    =~ /"event":"command.ended",[^\n]*"cause":"disconnect"/ }),
    'a disconnect is one');

# a session of MCP over HTTP is one, too, and ends

$before = metrics($t);
my $h = CC::Http->new(port => $t->port);
is($h->post({ jsonrpc => '2.0', id => 1, method => 'tools/list',
    params => { _meta => CC::Mcp::meta() } }, headers => {
    'MCP-Protocol-Version' => $CC::Mcp::MODERN, 'Mcp-Method' => 'tools/list' })
    ->{status}, 200, 'MCP over HTTP');
is_deeply(grown($before, metrics($t)), { sessions_opened_total => 1,
    'sessions_closed_total{code="http"}' => 1 },
    'counted as opened and closed');
is(CC::Http->new(port => $t->port)->post('{}', headers => {
    'Content-Type' => 'text/plain' })->{status}, 415, 'one that is refused');
is(metrics($t)->{sessions_opened_total}, $before->{sessions_opened_total} + 1,
    'is none');

# the time in PAUSE does not count against the run limit

my $r = $t->client;
$t0 = time;
$r->send('execute', { command => 'sleep 4104', timeout => 2.5 });
$r->notification('process.started');
$r->call('control', { type => 'PAUSE' });
ok(!$r->notification('process.completed', 3.5),
    'a paused command outlives its timeout');
$r->call('control', { type => 'RESUME' });
my $done = $r->notification('process.completed', 20);
is($done->{params}{cause}, 'timeout', 'resumed, it has the rest of it');
cmp_ok(time - $t0, '>=', 5.9, 'all of the rest');
cmp_ok($done->{params}{execution_time}, '>=', 5.9,
    'its execution time is that of the clock');

# but who is woken behind the server's back runs, and that counts; without a
# fence every process of the user can do it

my $awake = CC::Nginx->new(location => 'cc_executor_allow any;
    cc_executor_shell /bin/sh; cc_executor_fence off;
    cc_executor_timeout 2s;')->start;
my ($sleeper, $waker) = map { $awake->client } 1, 2;
my $run = $sleeper->call('execute', { command =>
    'sleep 4105 & while :; do :; done' })->{result};
is($sleeper->call('control', { type => 'PAUSE' })->{result}{status}, 'paused',
    'paused');
is($waker->call('execute', { timeout => 60, command =>
    "while kill -CONT $run->{pid}; do sleep 0.05; done" })->{error}, undef,
    'somebody wakes it, for longer than it may run');
$done = $sleeper->notification('process.completed', 30);
is($done && $done->{params}{cause}, 'timeout',
    'a paused command that others wake has its limit');
$_->close for $sleeper, $waker;
$awake->finish;

# the worker believes in a helper whose command is paused: no "lost"

unlike($t->log, qr/its helper does not end it/, 'the helper is believed');

$_->close for $c, $busy, $r;
$t->finish;
done_testing;
