# Legacy MCP sessions over HTTP: an id that any worker knows and that costs
# nothing, whose it is, its end; cancellation and DELETE reach a call in whichever
# worker it runs; reload, death of a worker, restart.
#
# tags: asan coverage

use strict;
use warnings;

use Digest::SHA qw(sha256_hex);
use Test::More;
use CC::Http;
use CC::Mcp;
use CC::Nginx;

my $any = 'cc_executor on; cc_executor_allow any; cc_executor_shell /bin/sh;';
my %token = map { $_ => $_ x 43 } qw(a b);
my $mark = 490000000 + $$ % 100000 * 100;
my $t;

sub server {
    my ($workers, $http) = @_;
    $t = CC::Nginx->new(workers => $workers,
        http => 'cc_executor_helpers min=2 max=16; cc_executor_resume 1s; '
            . ($http // ''),
        server => <<"EOC");
    location /another { $any }
    location /owners { $any cc_executor_token_file %%DIR%%/tokens; }
    location /east { $any cc_executor_realm both; }
    location /west { $any cc_executor_realm both; }
EOC
    open my $f, '>', $t->dir . '/tokens' or die $!;
    print $f "$_ " . sha256_hex($token{$_}) . "\n" for sort keys %token;
    close $f or die $!;
    return;
}

# one request on a connection of its own, so any worker may get it
sub ask {
    my ($method, $params, %o) = @_;
    my %headers = %{ $o{headers} // {} };
    $headers{'Mcp-Session-Id'} = $o{id} if defined $o{id};
    $headers{Authorization} = "Bearer $token{$o{token}}" if $o{token};
    my $h = CC::Http->new(port => $t->port, path => $o{path} // '/ws/mcp');
    my $r = $h->post({ jsonrpc => '2.0', method => $method,
        ($params ? (params => $params) : ()),
        ($o{notify} ? () : (id => $o{request} // 1)) }, headers => \%headers);
    $h->close;
    return $r;
}

sub id_of { return $_[0]{head} =~ /^Mcp-Session-Id: (.*?)\r$/mi ? $1 : undef }

sub initialize {
    my (%o) = @_;
    return ask('initialize', { protocolVersion => $o{version} // '2025-11-25',
        capabilities => {}, clientInfo => { name => 'test', version => '1' } },
        %o);
}

sub session { return id_of(initialize(@_)) }

sub status { my ($id, %o) = @_; return ask('ping', undef, id => $id,
    %o)->{status} }

sub delete_ {
    my ($id, %o) = @_;
    my $h = CC::Http->new(port => $t->port, path => $o{path} // '/ws/mcp');
    my $r = $h->post('', method => 'DELETE', headers => {
        'Content-Type' => undef, ($id ? ('Mcp-Session-Id' => $id) : ()),
        ($o{token} ? (Authorization => "Bearer $token{$o{token}}") : ()) });
    $h->close;
    return $r;
}

sub sleeps {
    my ($n) = @_;
    return scalar grep { CC::Nginx::title($_) =~ /^sleep $n\b/ }
        map { m{/proc/(\d+)} } glob '/proc/[0-9]*';
}

# a call of a tree of two processes, which runs when this returns
sub call {
    my ($id, $request, %o) = @_;
    my $n = $mark++;
    my $h = CC::Http->new(port => $t->port, path => '/ws/mcp');
    $h->send({ jsonrpc => '2.0', id => $request, method => 'tools/call',
        params => CC::Mcp::execute_params("setsid sleep $n & exec sleep $n",
            ($o{progress} ? (progressToken => 1) : ())) },
        headers => { (defined $id ? ('Mcp-Session-Id' => $id) : ()) });
    ok($t->wait_until(sub { sleeps($n) == 2 }, 30), 'a call runs');
    return { http => $h, n => $n };
}

sub cancel {
    my ($id, $request, %o) = @_;
    return ask('notifications/cancelled', { requestId => $request }, id => $id,
        notify => 1, %o)->{status};
}

# its tree ends, and so does its stream, without an answer
sub gone {
    my ($call, $name) = @_;
    ok($t->wait_until(sub { !sleeps($call->{n}) }, 30), "$name: its tree is gone");
    my $r = $call->{http}->read_head;
    is($r && $r->{status}, 200, "$name: its stream");
    my @said;
    while (my $m = $call->{http}->next) { push @said, $m }
    is_deeply([grep { exists $_->{id} } @said], [], "$name: ends without an answer");
    ok(!$r->{cut}, "$name: properly");
    $call->{http}->close;
    return;
}

for my $workers (1, 4) {
    server($workers);
    $t->start;
    my $w = "$workers worker(s)";

    # it begins with initialize, of the old era

    my $r = initialize();
    my $id = id_of($r);
    is($r->{status}, 200, "$w: initialize");
    like($id, qr/^[\x21-\x7e]+$/, 'answers a session id, visible ASCII');
    isnt(session(), $id, 'another one for everybody');
    ok(defined session(version => '2024-11-05'), 'an older version has one, too');
    is(id_of(ask('initialize', {})), undef, 'no session that has not begun');
    is(id_of(ask('ping', undef)), undef, 'nor is it said again');
    is(id_of(ask('server/discover', { _meta => CC::Mcp::meta() }, headers => {
        'MCP-Protocol-Version' => '2026-07-28', 'Mcp-Method' => 'server/discover'
        })), undef, 'the new era has none');

    # any worker knows it; without one all is as it was

    is(join(' ', map { status($id) } 1 .. 20), join(' ', (200) x 20),
        'requests with it');
    is(ask('notifications/initialized', undef, id => $id, notify => 1)->{status},
        202, 'a notification with it');
    is(status(undef), 200, 'requests without');

    # bad ones

    (my $forged = $id) =~ s/(.)$/$1 eq '0' ? '1' : '0'/e;
    for (['forged', $forged], ['cut', substr $id, 0, -1], ['nonsense', 'x'],
        ['empty', ''], ['twice', [$id, $id]], ['more', "${id}0"],
        ['upper case', uc $id])
    {
        my ($name, $bad) = @$_;
        $r = ask('ping', undef, id => $bad, request => 'me');
        is($r->{status}, 404, "$name: 404");
        is($r->{message}{error}{code}, -32600, "$name: an error of JSON-RPC");
        is($r->{message}{id}, 'me', "$name: to this request");
    }
    $r = ask('notifications/initialized', undef, id => $forged, notify => 1);
    is($r->{status}, 404, 'a notification: 404');
    ok(!defined $r->{message}{id}, 'which has no id');
    ok(defined session(id => $forged), 'initialize begins another');
    is(ask('tools/list', { _meta => CC::Mcp::meta() }, id => $forged, headers => {
        'MCP-Protocol-Version' => '2026-07-28', 'Mcp-Method' => 'tools/list'
        })->{status}, 200, 'the new era does not look at it');

    # whose it is

    is(status($id, path => '/another'), 404, 'foreign at another location');
    my $mine = session(path => '/owners', token => 'a');
    is(status($mine, path => '/owners', token => 'a'), 200, 'an owner\'s');
    is(status($mine, path => '/owners', token => 'b'), 404, 'not another one\'s');
    is(delete_($mine, path => '/owners', token => 'b')->{status}, 404,
        'who cannot end it');
    is(delete_($mine, path => '/owners')->{status}, 401, 'nor can nobody');
    is(status($mine, path => '/owners', token => 'a'), 200, 'it is still good');
    is(status(session(path => '/east'), path => '/west'), 200,
        'locations of a realm share it');

    # its end

    my $second = session();
    is(delete_($id)->{status}, 200, 'DELETE: 200');
    is(join(' ', map { status($id) } 1 .. 8), join(' ', (404) x 8),
        'then it is unknown in every worker');
    $r = delete_($id);
    is($r->{status}, 404, 'also to DELETE');
    is($r->{message}{error}{code}, -32600, 'with an error of JSON-RPC');
    is(status($second), 200, 'another one goes on');
    is(delete_(undef)->{status}, 405, 'DELETE of no session');
    my $h = CC::Http->new(port => $t->port, path => '/ws/mcp');
    is($h->post('', method => 'GET', headers => { Accept => 'text/event-stream',
        'Mcp-Session-Id' => $second })->{status}, 405, 'GET of its stream');
    $h->close;

    # cancellation comes by another connection

    $id = $second;
    my $call = call($id, 7);
    is(cancel($id, '7'), 202, 'the id of another type');
    is(cancel(session(), 7), 202, 'another session');
    is(cancel(undef, 7), 202, 'no session');
    is(cancel($forged, 7), 404, 'a forged one');
    is(ask('ping', undef, id => $id)->{status}, 200, 'are others');
    is(sleeps($call->{n}), 2, 'it runs on');
    is(cancel($id, 7), 202, 'its own');
    gone($call, 'canceled');

    for my $request (8, 'a"b', -5, 9007199254740993) {
        $call = call($id, $request, progress => 1);
        cancel($id, $request);
        gone($call, "canceled $request");
    }

    # it may come before the call does

    is(cancel($id, 'early'), 202, 'a cancellation that is faster');
    $r = ask('tools/call', CC::Mcp::execute_params('touch ' . $t->dir
        . '/work/early'), id => $id, request => 'early');
    is($r->{status}, 200, 'its call');
    is_deeply($r->{messages}, undef, 'gets no answer');
    ok(!-e $t->dir . '/work/early', 'and is not begun');

    # DELETE ends all calls of a session, and no other one's

    my $other = call(session(), 1);
    my @calls = map { call($id, $_) } 1 .. 3;
    is(delete_($id)->{status}, 200, 'DELETE with calls');
    gone($_, 'DELETE') for @calls;
    is(sleeps($other->{n}), 2, 'another session\'s runs on');
    $other->{http}->close;
    ok($t->wait_until(sub { !sleeps($other->{n}) }, 30),
        'until its own stream has ended, and a while');

    # an id that is in use

    $id = session();
    $call = call($id, 1);
    $r = ask('tools/call', CC::Mcp::execute_params('exec sleep 60'), id => $id);
    is($r->{message}{error}{code}, -32600, 'an id in use');
    is($r->{message}{id}, 1, 'is refused');
    is(ask('tools/call', CC::Mcp::execute_params('echo hi'), id => $id,
        request => '1')->{message}{result}{structuredContent}{stdout}, "hi\n",
        'one of another type is none');
    cancel($id, 1);
    gone($call, 'the first');

    # reload, and a worker that dies

    my @old = sort $t->workers;
    $t->signal('HUP');
    ok($t->wait_until(sub { my @now = sort $t->workers;
        @now == $workers && "@now" ne "@old" && !grep { my $o = $_;
            grep { $_ == $o } @now } @old }, 30), 'a reload');
    is(join(' ', map { status($id) } 1 .. 8), join(' ', (200) x 8),
        'the session goes on');
    is(delete_($second)->{status}, 404, 'the one that was ended does not');
    @old = $t->workers;
    kill 'KILL', $old[0];
    ok($t->wait_until(sub { my @now = $t->workers; @now == $workers
        && !grep { $_ == $old[0] } @now }, 30), 'a worker is killed');
    is(join(' ', map { status($id) } 1 .. 8), join(' ', (200) x 8),
        'the session goes on');
    $t->allow(qr/exited on signal 9/, 1);

    # a restart

    my $file = $t->dir . '/runtime/session_key';
    if ($> == 0 && $workers == 4) {
        my @stat = stat $file;
        is(sprintf('%o %d', $stat[2] & 07777, $stat[4]), '600 0',
            'the key is in a file of root\'s');
        $t->stop;
        $t->start;
        is(status($id), 200, 'the session is good after a restart');
    }
    $t->finish;
}

done_testing;
