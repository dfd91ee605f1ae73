# Floods and clients that get nothing done: limits of sessions for an address
# and an owner over all workers, unfinished messages, idle sessions.
#
# tags: asan slow coverage

use strict;
use warnings;

use Digest::SHA qw(sha256_hex);
use IO::Socket::INET;
use Test::More;
use Time::HiRes qw(time);
use CC::Nginx;

my $root = $CC::Nginx::ROOT;

my $conf = <<'EOC';
worker_processes WORKERS;
events { worker_connections 256; accept_mutex off; }
http {
    access_log off;
    client_header_timeout 1s;
    cc_executor_path %%DIR%%/runtime;
    cc_executor_allow any;
    cc_executor_shell /bin/sh;

    server {
        listen 127.0.0.1:%%PORT%% reuseport;
        listen unix:%%DIR%%/unix.sock;
        server_name localhost;
        location /ws/mcp { cc_executor on; }
        location /address { cc_executor on;
            cc_executor_max_sessions_per_address 3; }
        location /owner { cc_executor on; cc_executor_token_file tokens;
            cc_executor_max_sessions_per_owner 2;
            cc_executor_max_sessions_per_address 5; }
        location /total { cc_executor on; cc_executor_max_sessions 3; 
            cc_executor_max_sessions_per_address 5; }
        location /frame { cc_executor on; cc_executor_frame_timeout 1s;
            cc_executor_max_message 16m; }
        location /idle { cc_executor on; cc_executor_idle_timeout 1s; }
    }
}
EOC

sub refused {
    my ($c) = @_;
    my $m = $c->{connected};
    return 'open' if ($m->{method} // '') eq 'connected';
    is($m->{error}{code}, -32001, '-32001');
    is($m->{id}, undef, 'id null');
    is($c->ws->read_close, 1008, 'close 1008');
    return $m->{error}{message};
}

for my $workers (1, 4) {
    (my $text = $conf) =~ s/WORKERS/$workers/;
    my $t = CC::Nginx->new(conf => $text);
    my $dir = $t->dir;
    my %token;
    chomp($token{$_} = `$root/conf/cc-token $_ '$dir/tokens'`) for qw(a b c);
    $t->start;
    $t->wait_until(sub { $t->workers == $workers });

    # an address

    my %address = (path => '/address');
    my @held = map { $t->client(%address) } 1 .. 3;
    is(refused($_), 'open', 'one of three') for @held;
    is(refused($t->client(%address)),
        'the limit of 3 sessions of an address is reached', 'the fourth');
    is(refused($t->client(%address, local => '127.0.0.2')), 'open',
        'another address');
    is(refused($t->client(%address, unix => "$dir/unix.sock")), 'open',
        'a unix socket is one, too');
    is(refused($t->client), 'open', 'another location');
    (pop @held)->close;
    ok($t->wait_until(sub { ($t->client(%address)->{connected}{method} // '')
        eq 'connected' }), 'one goes, one may come');
    $_->close for @held;

    # many at once: exactly as many as may

    my @many = map { $t->ws(raw => 1, local => '127.0.0.3') } 1 .. 12;
    $_->{path} = '/address' for @many;
    $_->write($_->request) for @many;
    my ($in, $out) = (0, 0);
    for my $ws (@many) {
        is($ws->read_head, 101, 'handshake');
        my $f = $ws->read_frame;
        $f->{data} =~ /"connected"/ ? $in++ : $out++;
    }
    is("$in $out", '3 9', 'twelve at once: three get in');
    $_->close for @many;

    # an owner, from wherever

    my $owner = sub { my ($name, %o) = @_; return $t->client(path => '/owner',
        headers => { Authorization => "Bearer $token{$name}" }, %o) };
    @held = ($owner->('a'), $owner->('a', local => '127.0.0.2'));
    is(refused($_), 'open', 'an owner\'s session') for @held;
    is(refused($owner->('a', local => '127.0.0.4')),
        'the limit of 2 sessions of an owner is reached', 'a third one');
    my @other = ($owner->('b'), $owner->('b'));
    is(refused($_), 'open', 'another owner') for @other;
    push @held, $owner->('c'), $owner->('c');
    is(refused($held[-1]), 'open', 'and one more');
    is(refused($owner->('c', local => '127.0.0.9')),
        'the limit of 2 sessions of an owner is reached', 'to his limit');
    $_->close for @held, @other;

    # all together; what was refused holds nothing

    @held = map { $t->client(path => '/total') } 1 .. 3;
    is(refused($t->client(path => '/total')),
        'the limit of 3 sessions is reached', 'of the location')
        for 1 .. 3;
    $_->close for @held;
    ok($t->wait_until(sub { @held = map { $t->client(path => '/total') }
        1 .. 3; my $n = grep { $_->{connected}{method} } @held;
        $_->close for @held; $n == 3 }), 'all three places are there again');

    # a worker that is killed takes its sessions along

    if ($workers == 4) {
        @held = map { $t->client(%address, local => '127.0.0.5') } 1 .. 3;
        my @workers = $t->workers;
        kill 'KILL', @workers;
        $t->allow(qr/worker process \d+ exited on signal 9/, 4);
        ok($t->wait_until(sub { my %now = map { $_ => 1 } $t->workers;
            keys %now == 4 && !grep { $now{$_} } @workers }, 20),
            'new workers');
        ok($t->wait_until(sub { ($t->client(%address, local => '127.0.0.5')
            ->{connected}{method} // '') eq 'connected' }),
            'whose limits begin at nothing');
        $_->close for @held;
        $t->finish;
        next;
    }

    # The rest is a connection's own business.  A message that does not end:

    my $ping = CC::WebSocket::frame(9, 'x');
    my $status = '{"jsonrpc":"2.0","id":1,"method":"list"}';
    my $list = CC::WebSocket::frame(1, $status);
    my @unfinished;
    for (
        ['one byte', substr $list, 0, 1],
        ['half a header', substr $list, 0, 4],
        ['all but a byte', substr $list, 0, -1],
        ['half a ping', substr $ping, 0, 5],
        ['a first fragment', CC::WebSocket::frame(1, $status, fin => 0)],
        ['a message and a half', $list . substr $list, 0, 7],
    ) {
        my ($name, $bytes) = @$_;
        for my $together (0, 1) {
            my $ws = $t->ws(path => '/frame',
                ($together ? (after => $bytes) : ()));
            $ws->write($bytes) if !$together;
            push @unfinished, [$ws, $together ? "$name behind the handshake"
                : $name];
        }
    }
    ok(!IO::Select->new($unfinished[-1][0]{sock})->can_read(0.5)
        || $unfinished[-1][0]->read_frame->{op} != 8, 'not closed at once');
    for (@unfinished) {
        my ($ws, $name) = @$_;
        is($ws->read_close, 1008, "$name: closed");
        is($ws->{close_reason}, 'message takes too long', 'with a reason');
        ok($ws->read_eof(10), 'and gone');
    }

    # one byte now and then, one fragment now and then

    my $ws = $t->ws(path => '/frame');
    my $begun = time;
    for my $byte (split //, CC::WebSocket::frame(1, 'x' x 500)) {
        $ws->write($byte) or last;
        last if IO::Select->new($ws->{sock})->can_read(0.1)
            && do { my $f = $ws->read_frame; $f->{op} != 1 };
        last if time - $begun > 15;
    }
    cmp_ok(time - $begun, '<', 15, 'a sender of single bytes is closed');

    # slow, but going on: 640 KiB in 2.5 s

    my $c = $t->client(path => '/frame');
    my $big = CC::WebSocket::frame(1, '{"jsonrpc":"2.0","id":7,'
        . '"method":"execute","params":{"command":"wc -c","stdin":"'
        . 'y' x (640 * 1024) . '"}}');
    for (my $at = 0; $at < length $big; $at += 65536) {
        $c->ws->write(substr $big, $at, 65536);
        select undef, undef, undef, 0.25;
    }
    is($c->answer(7)->{result}{status}, 'started',
        'a large message over a slow line');
    is($c->notification('process.output')->{params}{data}, "655360\n",
        'arrives whole');

    # and pings between do not count as progress of a message

    $c->ws->write(CC::WebSocket::frame(1, '{"jsonrpc"', fin => 0));
    my $code;
    for (1 .. 150) {
        $c->ws->write($ping) or last;
        select undef, undef, undef, 0.1;
        my $f = $c->ws->read_frame(0.1) // next;
        if ($f->{op} == 8) { $code = unpack 'n', $f->{data}; last }
    }
    is($code, 1008, 'pings do not keep an unfinished message alive');

    # many whole messages are no unfinished one

    $c = $t->client(path => '/frame');
    $begun = time;
    my $answers = 0;
    my $half = substr $list, 0, 10, '';
    while (time - $begun < 2) {
        $c->ws->write($half . $list) or last;
        ($half, $list) = (substr($half . $list, 0, 10),
            substr($half . $list, 10));
        my $m = $c->next(5) or last;
        $answers++ if $m->{result};
        select undef, undef, undef, 0.05;
    }
    cmp_ok($answers, '>', 5, 'a busy client');
    is($c->call('list')->{error}, undef, 'is not closed');
    $c->close;

    # idle

    $c = $t->client(path => '/idle');
    $begun = time;
    is($c->ws->read_close, 1001, 'an idle session is closed');
    is($c->ws->{close_reason}, 'idle', 'with a reason');
    cmp_ok(time - $begun, '>', 0.8, 'not at once');

    $c = $t->client(path => '/idle');
    $begun = time;
    my $r = $c->run('sleep 2.5; echo done');
    is($r->{stdout}, "done\n", 'a command is not idle');
    my $ended = time;
    is($c->ws->read_close, 1001, 'but when it has ended');
    cmp_ok(time - $ended, '>', 0.8, 'time begins again');

    $c = $t->client(path => '/idle');
    for (1 .. 6) {
        select undef, undef, undef, 0.3;
        $c->call('list') or last;
    }
    is($c->call('list')->{error}, undef, 'a client that asks is not idle');
    $begun = time;
    for (1 .. 100) {
        $c->ws->write($ping);
        select undef, undef, undef, 0.1;
        my $f = $c->ws->read_frame(0.1) // next;
        last if $f->{op} == 8;
    }
    cmp_ok(time - $begun, '<', 9.5, 'one that only pings is');

    # a handshake that does not end

    my $s = IO::Socket::INET->new(PeerAddr => '127.0.0.1',
        PeerPort => $t->port);
    syswrite $s, "GET /ws/mcp HTTP/1.1\r\nHost: localhost\r\n";
    my $rest = '';
    my $deadline = time + 20;
    while (time < $deadline) {
        IO::Select->new($s)->can_read(1) or next;
        sysread($s, $rest, 4096, length $rest) or last;
    }
    cmp_ok(time, '<', $deadline, 'nginx ends a handshake that does not end');

    $t->finish;
}

done_testing;
