# nginx stops: who has a command is told how it ends, with the cause
# "shutdown", before the connection closes with 1001.
#
# tags: asan coverage

use strict;
use warnings;

use Test::More;
use Time::HiRes qw(time sleep);
use CC::Http;
use CC::Mcp;
use CC::Nginx;

my $json = $CC::Mcp::json;

sub nginx {
    my (%o) = @_;
    return CC::Nginx->new(location => 'cc_executor_allow any;
        cc_executor_shell /bin/sh; cc_executor_audit_log
        %%DIR%%/logs/audit.log; cc_executor_kill_grace '
        . ($o{grace} // '500ms') . ';', http => 'cc_executor_helpers max=8;',
        %o)->start;
}

# the messages up to the close frame, and what that says
sub last_words {
    my ($c) = @_;
    my @m;
    while (my $m = $c->next(20)) { push @m, $m }
    return (\@m, $c->{closed}, $c->{reason});
}

{
    no warnings 'redefine';
    my $receive = \&CC::Client::receive;
    *CC::Client::receive = sub {
        my ($self, $timeout) = @_;
        my $deadline = time + ($timeout // 20);
        while (my $f = $self->{ws}->read_frame($deadline - time)) {
            if ($f->{op} == 8) {
                ($self->{closed}, $self->{reason}) = unpack 'na*', $f->{data};
                return undef;
            }
            return $json->decode($f->{data}) if $f->{op} == 1;
        }
        return undef;
    };
}

sub by_method {
    my ($m, $method) = @_;
    return map { $_->{params} } grep { ($_->{method} // '') eq $method } @$m;
}

# the fast stop

my $t = nginx(workers => 2, grace => '500ms');
my %c = map { $_ => $t->client } qw(polite deaf idle two);
$c{polite}->call('execute', { command =>
    'trap "echo bye; exit 3" TERM; echo ready; while :; do sleep 0.05; done' });
$c{deaf}->call('execute', { command =>
    'trap "" TERM; echo ready; while :; do sleep 0.05; done' });
$c{polite}->notification('process.output');
$c{deaf}->notification('process.output');
$c{two}->call('execute', { command => "sleep 450$_" }) for 1, 2;

my $json_h = CC::Http->new(port => $t->port);
$json_h->send({ jsonrpc => '2.0', id => 7, method => 'tools/call',
    params => CC::Mcp::execute_params('echo half; sleep 4503') });
my $stream = CC::Http->new(port => $t->port);
$stream->send({ jsonrpc => '2.0', id => 8, method => 'tools/call',
    params => CC::Mcp::execute_params('while :; do date; sleep 0.2; done',
        progressToken => 1) });
ok($stream->read_head && $stream->next, 'a stream of events');
my $mcp = CC::Mcp->new(port => $t->port);
$mcp->initialize;
$mcp->send('tools/call', CC::Mcp::execute_params('sleep 4504'), id => 9);
ok($t->wait_until(sub {
    4 == grep { /^\d+ sleep 450[1-4]/ } $t->processes }, 30),
    'everything runs');

my $t0 = time;
$t->signal('TERM');

my ($m, $code, $reason) = last_words($c{polite});
is(join('', map { $_->{data} } grep { $_->{type} eq 'stdout' }
    by_method($m, 'process.output')), "bye\n",
    'stop: a command has its last words');
my ($p) = by_method($m, 'process.completed');
is($p->{cause}, 'shutdown', 'the cause is "shutdown"');
is($p->{exit_code}, 3, 'its exit code is told');
is($m->[-1]{method}, 'process.completed', 'and that is the last message');
is("$code $reason", '1001 shutting down', 'close 1001 "shutting down"');

($m, $code, $reason) = last_words($c{deaf});
($p) = by_method($m, 'process.completed');
is($p->{cause}, 'shutdown', 'one that does not listen');
is($p->{signal}, 'SIGKILL', 'is killed after its grace, and that is told');
is("$code $reason", '1001 shutting down', 'before the close');

($m, $code, $reason) = last_words($c{two});
is_deeply([map { "$_->{cause} $_->{signal}" }
    by_method($m, 'process.completed')],
    ['shutdown SIGTERM', 'shutdown SIGTERM'], 'two of a session, once each');

($m, $code, $reason) = last_words($c{idle});
is("$code $reason", '1001 shutting down', 'a session without a command');

my $r = $json_h->read_head;
my $result = $json_h->next;
is($result->{id}, 7, 'MCP over HTTP: an answer');
ok($result->{result}{isError}, 'it is an error');
like($result->{result}{content}[0]{text},
    qr/\Ahalf\n.*the server is shutting down/s,
    'with what there was, and the reason');
ok(!$json_h->{answer}{cut}, 'the answer is whole');
my $event;
while (my $e = $stream->next(8)) { $event = $e }
is($event->{id}, 8, 'a stream ends with its answer');
like($event->{result}{content}[0]{text}, qr/the server is shutting down/,
    'that says so');
ok(!$stream->{answer}{cut}, 'and ends as it should');
$event = $mcp->answer(9);
ok($event->{result}{isError}, 'MCP over a WebSocket: so does this');
$mcp->next(5);
is($mcp->{closed}, 1001, 'before the close');

ok($t->wait_until(sub { $t->ended($t->{master}) }), 'nginx is gone');
cmp_ok(time - $t0, '<', 10, 'soon');
delete $t->{master};
my @ended = grep { $_->{event} eq 'command.ended' } map { $json->decode($_) }
    split /\n/, $t->slurp('logs/audit.log');
is_deeply([map { $_->{cause} } @ended], [('shutdown') x 7],
    'the audit log has all of them');
$t->finish;

# grace longer than a fast stop can take: told as it is

$t = nginx(grace => '20s');
my $c = $t->client;
$c->call('execute', { command =>
    'trap "" TERM; echo ready; while :; do sleep 0.05; done' });
$c->notification('process.output');
$t0 = time;
$t->signal('TERM');
($m, $code, $reason) = last_words($c);
($p) = by_method($m, 'process.completed');
is($p->{cause}, 'shutdown', 'no time to wait for the end: "shutdown"');
ok(!defined $p->{exit_code}, 'without an exit code');
is($p->{error}, 'the server is shutting down', 'and the reason');
is("$code $reason", '1001 shutting down', 'then the close');
cmp_ok(time - $t0, '<', 15, 'the stop is not delayed');
ok($t->wait_until(sub { $t->ended($t->{master}) }), 'nginx is gone');
delete $t->{master};
kill 'KILL', map { /^(\d+)/ } $t->processes;
$t->finish;

# a client that takes nothing does not delay it either

$t = nginx();
$c = $t->client;
$c->call('execute', { command => 'yes', output => 'chunk' });
sleep 0.5;
$t0 = time;
$t->signal('TERM');
ok($t->wait_until(sub { $t->ended($t->{master}) }), 'one that takes nothing');
cmp_ok(time - $t0, '<', 10, 'does not hold it up');
delete $t->{master};
$t->finish;

# quit: commands end by themselves; with a timeout in time before it

$t = nginx();
$c = $t->client;
$c->call('execute', { command => 'sleep 1; echo whole' });
my $idle = $t->client;
$t->signal('QUIT');
($m, $code, $reason) = last_words($idle);
is("$code $reason", '1001 shutting down', 'quit is no reload');
my $again = $c->call('execute', { command => 'true' });
is($again->{error}{message}, 'server is shutting down', 'nothing new begins');
($m, $code, $reason) = last_words($c);
($p) = by_method($m, 'process.completed');
is("$p->{cause} $p->{exit_code}", 'exit 0', 'quit waits for a command');
is("$code $reason", '1001 shutting down', 'then closes');
ok($t->wait_until(sub { $t->ended($t->{master}) }), 'and is gone');
delete $t->{master};
$t->finish;

$t = nginx(main => 'worker_shutdown_timeout 2s;');
$c = $t->client;
$c->call('execute', { command => 'sleep 4506' });
my $deaf = $t->client;
$deaf->call('execute', { command =>
    'trap "" TERM; echo ready; while :; do sleep 0.05; done' });
$deaf->notification('process.output');
my $h = CC::Http->new(port => $t->port);
$h->send({ jsonrpc => '2.0', id => 7, method => 'tools/call',
    params => CC::Mcp::execute_params('sleep 4507') });
$t->wait_until(sub { grep { /sleep 4507/ } $t->processes });
$t0 = time;
$t->signal('QUIT');
for ($c, $deaf) {
    ($m, $code, $reason) = last_words($_);
    ($p) = by_method($m, 'process.completed');
    is($p->{cause}, 'shutdown', 'worker_shutdown_timeout: "shutdown"');
    ok($p->{signal}, 'with its signal');
    is("$code $reason", '1001 shutting down', 'and the close');
}
$h->read_head;
ok($h->next->{result}{isError}, 'MCP has an answer');
cmp_ok(time - $t0, '>=', 0.9, 'not before half of its time');
ok($t->wait_until(sub { $t->ended($t->{master}) }), 'nginx is gone');
cmp_ok(time - $t0, '<', 10, 'in time');
delete $t->{master};
$t->finish;

# a reload is one still

$t = nginx();
$idle = $t->client;
$t->signal('HUP');
($m, $code, $reason) = last_words($idle);
is("$code $reason", '1001 server is reloading', 'a reload says so');
$t->finish;

done_testing;
