# Requests of MCP by POST that belong to another node (cc_executor_peer): jobs and
# tasks read, written, signalled and ended through any node; calls of a session,
# their cancellation, DELETE and resumption; bodies of all sizes; nodes that are
# not there; loops, and owners that are not the same.  What a call runs, it runs
# once.
#
# tags: asan coverage smoke

use strict;
use warnings;

use JSON::PP ();
use Test::More;
use Time::HiRes qw(time);
use CC::Farm;
use CC::Mcp;
use CC::Resume qw(events answer until_primed);

my $true = JSON::PP::true;
my $json = $CC::Mcp::json;
my $mark = 480000000 + $$ % 100000 * 100;

sub sleeps {
    my ($n) = @_;
    return scalar grep { CC::Nginx::title($_) =~ /^sleep $n\b/ }
        map { m{/proc/(\d+)} } glob '/proc/[0-9]*';
}

sub error { return $_[0]{message}{error} // {} }

for my $workers (1, 4) {
    my $farm = CC::Farm->new(workers => $workers,
        http => 'cc_executor_resume 60s;',
        server => 'listen 127.0.0.1:%%PORT_2%% http2;')->start;
    my $w = "$workers worker(s)";
    my ($a, $b, $c) = $farm->all;

    # a job of "a", through the others

    my $runs = $a->dir . '/work/runs';
    my $job = $farm->job('a', "echo run >> $runs; echo \$NODE;"
        . ' read x; echo "got $x"; exec sleep 300',
        arguments => { open_stdin => $true });
    like($job, qr/^a\./, "$w: a job of one node");
    my $r = $farm->tool('b', 'job_read', { job_id => $job, wait_ms => 30000,
        pattern => "a\n", cursor => 'start' });
    like($r->{content}[0]{text}, qr/^a$/m, 'job_read through another')
        or diag(explain($r));
    is($r->{structuredContent}{job_id}, $job, 'the id is the same');
    $r = $farm->tool('c', 'job_write', { job_id => $job, data => 'that',
        enter => $true, pattern => 'got that', wait_ms => 30000 });
    ok($r->{structuredContent}{matched} || $r->{content}[0]{text} =~ /got that/,
        'job_write through another') or diag(explain($r));
    $r = $farm->tool('b', 'job_read', { job_id => $job, wait_ms => 1000,
        until => 'exit' });
    is($r->{structuredContent}{status}, 'running', 'a wait through another');
    $r = $farm->ask('b', 'tasks/get', { taskId => $job }, modern => 1)->{message};
    is($r->{result}{status}, 'working', 'tasks/get through another')
        or diag(explain($r));
    $r = $farm->ask('c', 'tasks/cancel', { taskId => $job }, modern => 1)->{message};
    is($r->{error}, undef, 'tasks/cancel through another') or diag(explain($r));
    $r = $farm->tool('c', 'job_read', { job_id => $job, wait_ms => 30000,
        until => 'exit' });
    is($r->{structuredContent}{status}, 'canceled', 'it has ended');
    my $killed = $farm->job('b', 'exec sleep 300');
    $r = $farm->tool('a', 'job_signal', { job_id => $killed, signal => 'KILL',
        wait_ms => 30000 });
    is($r->{structuredContent}{signal}, 'SIGKILL', 'job_signal through another')
        or diag(explain($r));
    like($b->slurp('logs/access.log'), qr/^POST 200 node=a /m,
        '$cc_executor_node names the other one');
    like($a->slurp('logs/access.log'), qr/^POST 200 node=- hop="b [0-9a-f]{32}"/m,
        'Cc-Executor-Hop says who handed it over');

    # a session of "a": its calls run there, wherever they are sent

    my $session = $farm->session('a');
    is($farm->tool('b', 'execute', { command => "echo run >> $runs; echo \$NODE" },
        session => $session)->{structuredContent}{stdout}, "a\n",
        'a call of a session runs at its node');
    is($farm->ask('c', 'notifications/initialized', undef, notify => 1,
        session => $session)->{status}, 202, 'a notification');
    $r = $farm->tool('b', 'job_read', { job_id => $killed }, session => $session);
    is($r->{structuredContent}{job_id}, $killed,
        "a job of another node decides before the session") or diag(explain($r));
    $r = $farm->tool('c', 'job_read', { job_id => $killed }, session => $session);
    is($r->{structuredContent}{job_id}, $killed, 'by way of a third one, too')
        or diag(explain($r));

    # its cancellation, through a third one

    my $n = $mark++;
    my $h = $farm->http('b');
    $h->send($farm->message('tools/call', CC::Mcp::execute_params(
        "echo run >> $runs; setsid sleep $n & exec sleep $n"), id => 7),
        headers => CC::Farm::headers(session => $session));
    ok($a->wait_until(sub { sleeps($n) == 2 }, 30), 'a call that takes long');
    is($farm->ask('c', 'notifications/cancelled', { requestId => 7 }, notify => 1,
        session => $session)->{status}, 202, 'is canceled through another');
    ok($a->wait_until(sub { !sleeps($n) }, 30), 'its tree is gone');
    my $head = $h->read_head(60);
    is($head->{status}, 200, 'its stream ends');
    my @said;
    while (my $m = $h->next(60)) { push @said, $m }
    is_deeply([grep { exists $_->{id} } @said], [], 'without an answer');
    $h->close;

    # its stream is cut, and taken up through a third one

    my $flag = $a->dir . '/work/go';
    $h = $farm->http('b');
    $h->send($farm->message('tools/call', CC::Mcp::execute_params(
        "echo run >> $runs; until [ -e $flag ]; do sleep 0.05; done; echo done"),
        id => 'cut'), headers => CC::Farm::headers(session => $session));
    my @events = until_primed($h);
    ok($events[0]{id}, 'a stream with an event to come back to');
    $h->close;
    my ($back, $found) = $farm->bare('c', 'GET', session => $session,
        headers => { 'Last-Event-ID' => $events[0]{id} });
    is($found->{status}, 200, 'GET through another takes it up');
    CC::Farm::put($flag, 0644, '');
    my ($done) = answer(events($back));
    is($done->{id}, 'cut', 'the answer');
    is($done->{result}{structuredContent}{stdout}, "done\n", 'with the output');
    $back->close;

    # nobody ran anything twice

    is($a->slurp('work/runs'), "run\n" x 4, 'each command ran once');

    # DELETE through another; then it is none any more, wherever one asks

    my ($gone, $deleted) = $farm->bare('b', 'DELETE', session => $session);
    is($deleted->{status}, 200, 'DELETE through another');
    $gone->close;
    is(join(' ', map { $farm->ask($_, 'ping', undef, session => $session)->{status} }
        qw(a b c)), '404 404 404', 'the session has ended');

    # the rest does not depend on which worker has it

    if ($workers > 1) {
        $farm->finish;
        next;
    }

    # what is our own

    my $own = $farm->session('b');
    is($farm->ask('b', 'ping', undef, session => $own)->{status}, 200,
        'what is our own is served as ever');

    # bodies: whole, in pieces, chunked, byte by byte; on one connection, between
    # messages that are served here

    $session = $farm->session('a');
    $h = $farm->http('b');
    for my $size (0, 4096, 16_384, 700_000) {
        for my $how (qw(length chunked slow)) {
            my $text = $json->encode($farm->message('tools/call',
                CC::Mcp::execute_params({ command => 'wc -c',
                    stdin => 'z' x $size }), id => "$size $how"));
            my %headers = %{ CC::Farm::headers(session => $session) };
            $headers{'Transfer-Encoding'} = 'chunked' if $how ne 'length';
            if ($how eq 'length') {
                $h->send($text, headers => \%headers);
            } else {
                $h->write($h->head(headers => \%headers));
                my $step = $how eq 'slow' ? 1 + int length($text) / 5 : 30_000;
                for (my $i = 0; $i < length $text; $i += $step) {
                    my $piece = substr $text, $i, $step;
                    $h->write(sprintf "%x\r\n%s\r\n", length $piece, $piece);
                    select undef, undef, undef, 0.02 if $how eq 'slow';
                }
                $h->write("0\r\n\r\n");
            }
            my $got = $h->read_head(60);
            my $m = $h->next(60);
            $m = $h->next(60) while $m && !exists $m->{id};
            is($m->{result}{structuredContent}{stdout}, "$size\n",
                "$size bytes, $how, through another") or diag(explain($got, $m));
            1 while $h->next(60);
        }
        is($h->post($farm->message('ping', undef),
            headers => CC::Farm::headers(), timeout => 60)->{status}, 200,
            'and one that is served here');
    }
    $h->close;

    # a client that speaks HTTP/2

    for my $size (0, 16_384, 700_000) {
        $r = $farm->http2('b', $farm->message('tools/call', CC::Mcp::execute_params(
            { command => 'wc -c; echo $NODE', stdin => 'z' x $size })),
            session => $session);
        is($r->{version}, 2, "HTTP/2: $size bytes");
        is($r->{message}{result}{structuredContent}{stdout}, "$size\na\n",
            'through another') or diag(explain($r));
    }
    $r = $farm->http2('b', $farm->message('tools/call', { name => 'job_read',
        arguments => { job_id => $killed } }));
    is($r->{message}{result}{structuredContent}{job_id}, $killed, 'what is served here');
    $r = $farm->http2('c', $farm->message('tools/call', { name => 'job_read',
        arguments => { job_id => $killed } }));
    is($r->{message}{result}{structuredContent}{job_id}, $killed, 'a job of another');

    # a client that goes away in the middle: the call of its session goes on

    $n = $mark++;
    $h = $farm->http('c');
    $h->send($farm->message('tools/call', CC::Mcp::execute_params("exec sleep $n"),
        id => 8), headers => CC::Farm::headers());
    ok($c->wait_until(sub { sleeps($n) }, 30), 'a call without a session');
    $h->close;
    ok($c->wait_until(sub { !sleeps($n) }, 30), 'ends with its client');

    # loops, and headers that a client writes

    my %hop = (headers => { 'Cc-Executor-Hop' => 'b ' . '0' x 32 });
    $r = $farm->ask('a', 'ping', undef, %hop);
    is($r->{status}, 403, 'another token file is refused');
    like(error($r)->{message}, qr/node b.*another token file/, 'with the reason');
    my ($digest) = $a->slurp('logs/access.log') =~ /hop="b ([0-9a-f]{32})"/;
    $hop{headers}{'Cc-Executor-Hop'} = "b $digest";
    is($farm->ask('a', 'ping', undef, %hop)->{status}, 200, 'the same one is not');
    $r = $farm->ask('a', 'tools/call', { name => 'job_read', arguments =>
        { job_id => $killed } }, %hop);
    is($r->{status}, 502, 'handed over, but of another node again: a job');
    like(error($r)->{message}, qr/this is a, not b/, 'with the reason');
    $r = $farm->ask('a', 'ping', undef, %hop, session => $own);
    is($r->{status}, 502, 'a session');
    like(error($r)->{message}, qr/this is a, not b/, 'with the reason');
    for my $method (qw(GET DELETE)) {
        my ($bare, $got) = $farm->bare('a', $method, session => $own, headers => {
            %{ $hop{headers} }, 'Last-Event-ID' => 'x' });
        is($got->{status}, 502, $method);
        $bare->close;
    }
    for my $bad ('', 'b', "B $digest", "b $digest" . '0', "b  $digest",
        ["b $digest", "b $digest"])
    {
        $hop{headers}{'Cc-Executor-Hop'} = $bad;
        is($farm->ask('a', 'ping', undef, %hop)->{status}, 400, 'a bad header');
    }

    # the same name in two token files is two people

    $job = $farm->job('a', 'exec sleep 300', path => '/moved');
    $r = $farm->tool('b', 'job_read', { job_id => $job }, path => '/moved');
    is($r->{structuredContent}{status}, 'running', 'the same token file');
    $r = $farm->ask('c', 'tools/call', { name => 'job_read', arguments =>
        { job_id => $job } }, path => '/moved', token => $CC::Farm::MOVED);
    ok($r->{status} == 401 || $r->{status} == 403, 'another one: no')
        or diag(explain($r));
    $r = $farm->ask('c', 'tools/call', { name => 'job_read', arguments =>
        { job_id => $job } }, path => '/moved', token => $CC::Farm::TOKEN);
    is($r->{status}, 403, 'nor for a secret that both have');
    like(error($r)->{message}, qr/node c.*another token file/, 'with the reason');
    $farm->tool('b', 'job_signal', { job_id => $job, signal => 'KILL',
        wait_ms => 30000 });

    # who is not there: an error that names it, and nobody else answers

    my $digits = $job =~ s/^a\.//r;
    my $t0 = time;
    $r = $farm->ask('a', 'tools/call', { name => 'job_read', arguments =>
        { job_id => "zz.$digits" } });
    is($r->{status}, 502, 'a node that nobody knows');
    is(error($r)->{data}{node}, 'zz', 'is named');
    $r = $farm->tool('a', 'job_read', { job_id => "zz.$digits" },
        path => '/some');
    ok($r->{isError}, 'where peers are listed: an error');
    like($r->{content}[0]{text}, qr/the node zz\b/, 'that names it');
    like(error($farm->ask('a', 'tasks/get', { taskId => "zz.$digits" },
        modern => 1, path => '/some'))->{message}, qr/the node zz\b/, 'a task');
    (my $lost = $session) =~ s/^a/zz/;
    is($farm->ask('b', 'ping', undef, session => $lost, path => '/some')->{status},
        200, 'a session of one that is not listed is served here');
    is($farm->tool('b', 'job_read', { job_id => $killed }, path => '/some')
        ->{structuredContent}{job_id}, $killed, 'our own');
    $job = $farm->job('b', 'exec sleep 300', path => '/some');
    is($farm->tool('a', 'job_read', { job_id => $job }, path => '/some')
        ->{structuredContent}{status}, 'running', 'one that is listed');

    # a new node: what was there before goes on

    is($farm->ask('c', 'ping', undef, session => $session)->{status}, 200,
        'sessions of before');
    $farm->tool('c', 'job_signal', { job_id => $job, signal => 'KILL',
        wait_ms => 30000 });

    # a node that is killed

    my $dead = $farm->job('b', 'exec sleep 300');
    $b->stop;
    $r = $farm->ask('a', 'tools/call', { name => 'job_read', arguments =>
        { job_id => $dead } });
    is($r->{status}, 502, 'a node that is down');
    is(error($r)->{data}{node}, 'b', 'is named');
    $farm->finish;
}

done_testing;
