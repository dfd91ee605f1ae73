# A node that cannot be reached (cc_executor_unreachable): what belongs to a session
# of it is served by the node that was asked, its cancellation and resumption
# included; what belongs to a job of it gets an error that names it.  What may have
# been sent is never begun again: nodes are killed between calls and during them, and
# no command runs twice.
#
# tags: asan coverage smoke

use strict;
use warnings;

use IO::Socket::INET;
use JSON::PP ();
use Socket qw(SOCK_STREAM);
use Test::More;
use CC::Farm;
use CC::Mcp;
use CC::Resume qw(events answer until_primed);

my $json = $CC::Mcp::json;
my $mark = 460000000 + $$ % 100000 * 100;

sub sleeps {
    my ($n) = @_;
    return scalar grep { CC::Nginx::title($_) =~ /^sleep $n\b/ }
        map { m{/proc/(\d+)} } glob '/proc/[0-9]*';
}

sub error { return $_[0]{message}{error} // {} }

sub stdout { return $_[0]{structuredContent}{stdout} // join '', explain($_[0]) }

my $farm = CC::Farm->new(http => 'cc_executor_resume 60s;',
    server => <<'EOC')->start;
listen 127.0.0.1:%%PORT_2%% http2;
location /lost { error_page 403 = @unreachable; return 403; }
location /named { cc_executor on; cc_executor_allow any; cc_executor_shell /bin/sh;
    cc_executor_commands_as_clients on; cc_executor_keep on; cc_executor_realm farm;
    cc_executor_remote token; cc_executor_token_file %%DIR%%/tokens;
    cc_executor_env PATH NODE; cc_executor_peer * @named; }
location @named {
    resolver 127.0.0.1:9;
    resolver_timeout 1s;
    proxy_pass http://$cc_executor_node.nodes.invalid:8003;
    error_page 502 504 = @unreachable;
}
EOC
my ($a, $b, $c) = $farm->all;
my $runs = $a->dir . '/work/runs';

sub runs { return -e $runs ? $a->slurp('work/runs') : '' }

# all is well: a call of a session runs at its node

my $session = $farm->session('a');
my $job = $farm->job('a', 'exec sleep 300');
my $call = "echo \$NODE >> $runs; echo \$NODE";
is(stdout($farm->tool('b', 'execute', { command => $call }, session => $session)),
    "a\n", 'a call of a session runs at its node');
is(runs(), "a\n", 'there only');

# the node is down

$farm->kill_node('a');
is(stdout($farm->tool('b', 'execute', { command => $call }, session => $session)),
    "b\n", 'it is down: a call runs where it was asked for');
is(stdout($farm->tool('c', 'execute', { command => $call }, session => $session)),
    "c\n", 'wherever that is');
is(runs(), "a\nb\nc\n", 'each ran once');
ok($b->wait_until(sub { $b->log =~ /the node a cannot be reached, served here/ }, 20),
    'the log says so');
ok($b->wait_until(sub { $b->slurp('logs/access.log')
    =~ /^POST 200 node=- hop="-" /m }, 20), 'it has not gone elsewhere');
unlike($b->slurp('logs/access.log'), qr/ node=- hop="b /, 'nothing is left of the way');
is($farm->ask('b', 'ping', undef, session => $session)->{status}, 200, 'a ping');
is($farm->ask('b', 'notifications/initialized', undef, notify => 1,
    session => $session)->{status}, 202, 'a notification');
ok($farm->ask('b', 'tools/list', undef, session => $session)
    ->{message}{result}{tools}, 'the list of tools');

# bodies of all sizes and forms, on one connection with others

my $h = $farm->http('b');
for my $size (0, 16_384, 700_000) {
    for my $how (qw(length chunked)) {
        my $text = $json->encode($farm->message('tools/call',
            CC::Mcp::execute_params({ command => 'wc -c', stdin => 'z' x $size }),
            id => "$size $how"));
        my %headers = %{ CC::Farm::headers(session => $session) };
        if ($how eq 'length') {
            $h->send($text, headers => \%headers);
        } else {
            $headers{'Transfer-Encoding'} = 'chunked';
            $h->write($h->head(headers => \%headers));
            $h->write(sprintf "%x\r\n%s\r\n", length $_, $_)
                for unpack '(a30000)*', $text;
            $h->write("0\r\n\r\n");
        }
        $h->read_head(60);
        my $m = $h->next(60);
        $m = $h->next(60) while $m && !exists $m->{id};
        is($m->{result}{structuredContent}{stdout}, "$size\n", "$size bytes, $how")
            or diag(explain($m));
        1 while $h->next(60);
    }
    is($h->post($farm->message('ping', undef), headers => CC::Farm::headers(),
        timeout => 60)->{status}, 200, 'and one without a session');
}
$h->close;

for my $size (0, 700_000) {
    my $r = $farm->http2('b', $farm->message('tools/call', CC::Mcp::execute_params(
        { command => 'wc -c; echo $NODE', stdin => 'z' x $size })), session => $session);
    is($r->{message}{result}{structuredContent}{stdout}, "$size\nb\n",
        "$size bytes, HTTP/$r->{version}") or diag(explain($r));
}

# a job of it: an error that names it, and nobody else answers

my $r = $farm->ask('b', 'tools/call', { name => 'job_read',
    arguments => { job_id => $job } }, session => $session);
is($r->{status}, 502, 'a job of it');
is(error($r)->{data}{node}, 'a', 'the error names it');
like(error($r)->{message}, qr/^the node a cannot be reached$/, 'and says why');
$r = $farm->ask('c', 'tasks/get', { taskId => $job }, modern => 1);
is($r->{status}, 502, 'a task of it');
is(error($r)->{data}{node}, 'a', 'the error names it');
my ($bare, $got) = $farm->bare('b', 'DELETE', session => $session);
is($got->{status}, 502, 'its session cannot be ended elsewhere');
$bare->close;
($bare, $got) = $farm->bare('b', 'GET', session => $session,
    headers => { 'Last-Event-ID' => 'x' });
is($got->{status}, 400, 'an event that nobody has');
$bare->close;
($bare, $got) = $farm->bare('b', 'GET', path => '/lost');
is($got->{status}, 404, 'cc_executor_unreachable is nothing for other requests');
$bare->close;

# a call that was begun elsewhere is canceled there

my $n = $mark++;
$h = $farm->http('b');
$h->send($farm->message('tools/call', CC::Mcp::execute_params(
    "setsid sleep $n & exec sleep $n"), id => 7),
    headers => CC::Farm::headers(session => $session));
ok($b->wait_until(sub { sleeps($n) == 2 }, 30), 'a call that takes long');
is($farm->ask('b', 'notifications/cancelled', { requestId => 7 }, notify => 1,
    session => $session)->{status}, 202, 'is canceled');
ok($b->wait_until(sub { !sleeps($n) }, 30), 'its tree is gone');
$h->read_head(60);
1 while $h->next(60);
$h->close;

# its stream is cut and taken up

my $flag = $a->dir . '/work/go';
$h = $farm->http('b');
$h->send($farm->message('tools/call', CC::Mcp::execute_params(
    "echo b >> $runs; until [ -e $flag ]; do sleep 0.05; done; echo done"),
    id => 'cut'), headers => CC::Farm::headers(session => $session));
my @events = until_primed($h);
$h->close;
my ($back, $found) = $farm->bare('b', 'GET', session => $session,
    headers => { 'Last-Event-ID' => $events[0]{id} });
is($found->{status}, 200, 'a stream that was cut is taken up');
CC::Farm::put($flag, 0644, '');
my ($done) = answer(events($back));
is($done->{result}{structuredContent}{stdout}, "done\n", 'with its answer');
$back->close;

# one that began elsewhere is canceled there also when its node is back

$n = $mark++;
$h = $farm->http('b');
$h->send($farm->message('tools/call', CC::Mcp::execute_params("exec sleep $n"),
    id => 8), headers => CC::Farm::headers(session => $session));
ok($b->wait_until(sub { sleeps($n) }, 30), 'another call that takes long');
$a->start;
is($farm->ask('b', 'notifications/cancelled', { requestId => 8 }, notify => 1,
    session => $session)->{status}, 202, 'its node is back: it is canceled');
ok($b->wait_until(sub { !sleeps($n) }, 30), 'and gone');
$h->read_head(60);
1 while $h->next(60);
$h->close;
is(stdout($farm->tool('b', 'execute', { command => $call }, session => $session)),
    "a\n", 'new calls run at its node');

# it dies while a call runs: that is not begun again

my $before = runs();
for my $way ('exec sleep %d', 'sleep %d & wait') {
    $n = $mark++;
    my $ready = sprintf $way, $n;
    $h = $farm->http('b');
    $h->send($farm->message('tools/call', CC::Mcp::execute_params(
        "echo \$NODE >> $runs; $ready"), id => "die $n"),
        headers => CC::Farm::headers(session => $session));
    ok($a->wait_until(sub { sleeps($n) }, 30), 'a call runs at its node');
    $farm->kill_node('a');
    my $head = $h->read_head(60);
    my $m = $head->{status} == 502 ? $h->next(60) : undef;
    if ($m) {
        is($m->{error}{data}{node}, 'a', 'the node dies: the error names it');
        like($m->{error}{message}, qr/may have been done/, 'and says what is at stake');
    } else {
        is_deeply([grep { exists $_->{result} }
            map { $_ // () } $h->next(60)], [], 'the node dies: the stream ends');
        pass('without an answer');
    }
    $h->close;
    $before .= "a\n";
    is(runs(), $before, 'it ran once');
    $a->start;
}

# it has no address

my $named = $farm->session('a', path => '/named');
is(stdout($farm->tool('b', 'execute', { command => "echo b >> $runs; echo here" },
    session => $named, path => '/named')), "here\n",
    'the name of a node is not found: served where it was asked for');
$before .= "b\n";
is(runs(), $before, 'once');

# who takes the connection, or the request, and does not answer

$farm->kill_node('a');
my $listen;
$a->wait_until(sub { $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.1',
    LocalPort => $a->port, Listen => 5, ReuseAddr => 1) }, 30) or die "port of a: $!";
for my $how (qw(reads closes)) {
    $h = $farm->http('b');
    $h->send($farm->message('tools/call', CC::Mcp::execute_params($call)),
        headers => CC::Farm::headers(session => $session));
    my $s = $listen->accept or die $!;
    $s->sysread(my $some, 65536) if $how eq 'reads';
    $s->close;
    my $head = $h->read_head(60);

    # who closes at once may do so before a byte was sent: then it is served here

    if ($how eq 'closes' && $head->{status} == 200) {
        ok($h->next(60)->{result}, 'one that closes, before it got anything');
        $before .= "b\n";
    } else {
        is($head->{status}, 502, "one that $how");
    }
    is(runs(), $before, 'nobody else runs it');
    $h->close;
}

# who does not even take the connection: it waits in a queue that is full

my @full;
for (1 .. 20) {
    my $s = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $a->port,
        Timeout => 1) or last;
    push @full, $s;
}
SKIP: {
    skip 'the queue of a socket does not fill up', 2 if @full == 20;
    is(stdout($farm->tool('b', 'execute', { command => $call },
        session => $session)), "b\n", 'a connect time-out: served where it was asked');
    is(runs(), $before . "b\n", 'once');
}
$_->close for @full;
$listen->close;

# and the node comes and goes

$a->start;
my $ran = $farm->hammer('b', 40, 6, session => $session, victims => ['a']);
cmp_ok($ran->{good}, '>=', 40, 'its node comes and goes: all calls came to their end');
is($ran->{twice}, '', 'none ran twice');
is($ran->{never}, '', 'what was answered has run');

$farm->finish;

done_testing;
