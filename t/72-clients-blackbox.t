# A client that has gone mad, with a fixed seed: requests, frames and messages
# that are almost right.  Nobody crashes, nothing is left, the polite are served.
#
# tags: asan coverage

use strict;
use warnings;

use Socket qw(SOL_SOCKET SO_LINGER);
use Test::More;
use CC::Nginx;

my $rounds = $ENV{FUZZ_ROUNDS} // 600;
srand 20260101;

# what it could start is harmless, however it is written

my $t = CC::Nginx->new(workers => 1, server => <<'EOC',
location /mcp { cc_executor on; cc_executor_allow /bin/true; cc_executor_allow /bin/cat; }
EOC
    location => 'cc_executor_allow /bin/true; cc_executor_allow /bin/cat;
    cc_executor_kill_grace 200ms; cc_executor_max_message 64k;')->start;
my ($worker) = $t->workers;
my $visitor = $t->visitor;

my @messages = (
    '{"jsonrpc":"2.0","id":1,"method":"execute","params":{"command":"true"}}',
    '{"jsonrpc":"2.0","id":"a","method":"execute","params":{"args":["cat"],"open_stdin":true,"output":"chunk","encoding":"base64"}}',
    '{"id":2,"method":"execute","params":{"command":"cat","stdin":"\u00e4\n","timeout":0.5}}',
    '{"id":3,"method":"control","params":{"type":"CANCEL"}}',
    '{"id":4,"method":"control","params":{"type":"PAUSE"}}',
    '{"id":5,"method":"input","params":{"data":"abc","eof":true}}',
    '{"id":6,"method":"input","params":{"data_base64":"AAEC"}}',
    '{"id":7,"method":"list"}', '{"id":8,"method":"status"}',
    '{"method":"pong"}',
    '{"jsonrpc":"2.0","id":9,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"x","version":"1"}}}',
    '{"jsonrpc":"2.0","id":10,"method":"tools/list","params":{}}',
    '{"jsonrpc":"2.0","id":11,"method":"tools/call","params":{"name":"execute","arguments":{"command":"true"}}}',
    '[' x 40, '{"a":' x 40, '"' . 'x' x 5000 . '"',
);

# some bytes changed, lost, doubled, or another piece put in

sub mutate {
    my ($s) = @_;
    for (1 .. int rand 4) {
        my $at = int rand(1 + length $s);
        my $how = int rand 5;
        if ($how == 0 && $at < length $s) {
            substr $s, $at, 1, chr int rand 256;
        } elsif ($how == 1) {
            substr $s, $at, 1 + int rand 8, '';
        } elsif ($how == 2) {
            substr $s, $at, 0, substr $s, int rand(1 + length $s), int rand 30;
        } elsif ($how == 3) {
            my $other = $messages[rand @messages];
            substr $s, $at, 0, substr $other, int rand length $other, int rand 20;
        } else {
            $s = substr $s, 0, $at;
        }
    }
    return $s;
}

sub frames {
    my $bytes = '';
    for (1 .. 1 + int rand 6) {
        my $payload = mutate($messages[rand @messages]);
        my $kind = int rand 10;
        if ($kind < 5) {
            $bytes .= CC::WebSocket::frame(1, $payload);
        } elsif ($kind == 5) {
            my $cut = int rand(1 + length $payload);
            $bytes .= CC::WebSocket::frame(1, substr($payload, 0, $cut), fin => 0)
                . CC::WebSocket::frame(9, 'p')
                . CC::WebSocket::frame(0, substr($payload, $cut));
        } elsif ($kind == 6) {
            $bytes .= CC::WebSocket::frame(8 + int rand 3, pack('n', 990 + int
                rand 60) . substr $payload, 0, 100);
        } elsif ($kind == 7) {
            $bytes .= CC::WebSocket::frame(int rand 16, $payload, rsv => int
                rand 3, form => (7, 16, 64)[rand 3], len => int rand 200);
        } else {
            $bytes .= mutate(CC::WebSocket::frame(1, $payload));
        }
    }
    return $bytes;
}

my %kinds;
for my $round (1 .. $rounds) {
    my $path = rand() < 0.8 ? '/ws/mcp' : '/mcp';
    my $ws = CC::WebSocket->new(port => $t->port, raw => 1, path => $path,
        headers => rand() < 0.3 ? { 'Sec-WebSocket-Protocol' => 'mcp' } : {});
    my $kind = int rand 10;
    if ($kind == 0) {
        $ws->write(mutate($ws->request) . frames());
        $kinds{handshake}++;
    } elsif ($kind == 1) {
        my $body = mutate($messages[rand @messages]);
        $ws->write(mutate("POST $path HTTP/1.1\r\nHost: localhost\r\n"
            . "Content-Type: application/json\r\nAccept: application/json, "
            . "text/event-stream\r\nContent-Length: " . length($body)
            . "\r\n\r\n") . $body);
        $kinds{post}++;
    } else {
        $ws->write($ws->request . frames());
        $kinds{frames}++;
    }
    # it goes in one way or another, with or without a look at what it got
    my $end = int rand 4;
    if ($end == 0) {
        setsockopt $ws->{sock}, SOL_SOCKET, SO_LINGER, pack 'ii', 1, 0;
    } elsif ($end == 1) {
        shutdown $ws->{sock}, 1;
        $ws->fill(Time::HiRes::time() + 0.05);
    } elsif ($end == 2) {
        $ws->fill(Time::HiRes::time() + 0.05);
    }
    $ws->close;
    if ($round % 100 == 0) {
        my $c = $t->client;
        is($c->run({ args => ['cat'], stdin => "polite $round" })->{stdout},
            "polite $round", "after $round: the polite are served");
        $c->close;
    }
}
note join ', ', map { "$kinds{$_} $_" } sort keys %kinds;
ok($t->wait_until(sub { !grep { !/nginx/ } $t->processes }),
    'no command is left') or diag $t->processes;
is(join(' ', $t->workers), $worker, 'the worker is the same');
is($visitor->(), '', 'other locations answered all the time');
$t->finish;
done_testing;
