# Clients that we did not write: Mojo::UserAgent, the npm package ws, Python's
# websockets.
#
# tags: asan coverage

use strict;
use warnings;

use Mojo::IOLoop;
use Mojo::JSON qw(decode_json);
use Mojo::UserAgent;
use Test::More;
use CC::Nginx;

my $t = CC::Nginx->new->start;
my $url = 'ws://127.0.0.1:' . $t->port . '/ws/mcp';

# Mojo

my $ua = Mojo::UserAgent->new;
my (@got, $close, $tx, $pong);
$ua->websocket($url => ['cc-executor'] => sub {
    (my $agent, $tx) = @_;
    return Mojo::IOLoop->stop if !$tx->is_websocket;
    $tx->on(finish => sub { $close = $_[1]; Mojo::IOLoop->stop });
    $tx->on(frame => sub { $pong = $_[1][5] if $_[1][4] == 10 });
    $tx->on(message => sub {
        my ($ws, $text) = @_;
        push @got, my $m = decode_json($text);
        my $method = $m->{method} // '';
        if ($method eq 'connected') {
            $ws->send([1, 0, 0, 0, 9, 'here?']);
            $ws->send({ json => { jsonrpc => '2.0', id => 'a',
                method => 'execute', params => {
                    command => 'printf "%s\n" "$(seq 1 20000)"' } } });
        } elsif ($method eq 'process.completed') {
            $ws->finish(4711);
        }
    });
});
my $timer = Mojo::IOLoop->timer(20 => sub { Mojo::IOLoop->stop });
Mojo::IOLoop->start;
Mojo::IOLoop->remove($timer);

ok($tx->is_websocket, 'Mojo::UserAgent: a WebSocket');
is($tx->protocol, 'cc-executor', 'its subprotocol');
is($got[0]{method}, 'connected', 'connected');
is($got[1]{id}, 'a', 'the answer');
is($got[2]{method}, 'process.started', 'then the notification');
is(join('', map { $_->{params}{data} }
    grep { ($_->{method} // '') eq 'process.output' } @got),
    join('', map { "$_\n" } 1 .. 20000), '20,000 lines');
is($got[-1]{params}{exit_code}, 0, 'completed');
is($pong, 'here?', 'pong');
is($close, 4711, 'its close code comes back');

# npm ws

$ENV{NODE_PATH} = "$CC::Nginx::ROOT/build/node/node_modules";
my @lines = `node $CC::Nginx::ROOT/t/clients/node/session.js $url 2>&1`;
my $rc = $?;
for (@lines) {
    chomp;
    /^(not )?ok - (.*)/ ? ok(!$1, "npm ws: $2") : fail("npm ws: $_");
}
is($rc, 0, 'npm ws: all of it');
is(scalar @lines, 16, 'npm ws: every check has been made');

$t->finish;
done_testing;
