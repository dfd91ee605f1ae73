# Clients misbehave: they vanish without a word, break off at every byte, send
# a byte now and then, do not read, ping ten thousand times, come by the
# hundred.  Each loses what is its own and nobody else's.
#
# tags: asan coverage

use strict;
use warnings;

use Socket qw(SOL_SOCKET SO_LINGER);
use Test::More;
use Time::HiRes qw(time sleep);
use CC::Nginx;

# In a network of its own, where packets can be lost.  Nothing but loopback.

my $own = $ENV{CC_OWN_NETWORK};
if (!$own && $> == 0 && system('unshare -n true 2> /dev/null') == 0) {
    $ENV{CC_OWN_NETWORK} = 1;
    exec 'unshare', '-n', $^X, map({ "-I$_" } @INC), $0 or die $!;
}
system('ip', 'link', 'set', 'lo', 'up') if $own;

my $t = CC::Nginx->new(workers => 1, location => 'cc_executor_allow any;
    cc_executor_shell /bin/sh; cc_executor_kill_grace 300ms;
    cc_executor_max_sessions 1000; cc_executor_max_commands 2000;',
    server => 'location /watched { cc_executor on; cc_executor_allow any;
        cc_executor_shell /bin/sh; cc_executor_kill_grace 300ms;
        cc_executor_ping_interval 400ms; cc_executor_ping_timeout 600ms; }')
    ->start;
my ($worker) = $t->workers;
my $visitor = $t->visitor;

# gone without a FIN: packets of that connection are dropped, both ways

SKIP: {
    skip 'needs root and network namespaces', 4 if !$own;
    my $nft = sub { system('nft', @_) == 0 or die "nft @_\n" };
    $nft->('add table ip cc');
    $nft->('add chain ip cc in { type filter hook input priority 0 ; }');
    for my $how ('in silence', 'in a flood') {
        my $c = $t->client(path => '/watched');
        $c->send('execute', { command => 'setsid sleep 7101 & '
            . ($how =~ /flood/ ? 'yes' : 'echo up; exec sleep 7102'),
            output => 'chunk' });
        $c->notification('process.output');
        my $port = $c->ws->{sock}->sockport;
        $nft->("add rule ip cc in tcp sport $port drop");
        $nft->("add rule ip cc in tcp dport $port drop");
        my $t0 = time;
        ok($t->wait_until(sub {
            !grep { /sleep 710|yes/ } $t->processes }, 15),
            "a client vanishes $how: its commands are gone");
        ok($t->wait_until(sub { $t->log =~ /the client is silent/ }),
            'as soon as it does not answer pings');
        note sprintf 'after %.1f s', time - $t0;
    }
    $nft->('delete table ip cc');
}

# reset and half-close after every byte of a conversation

my $ws = CC::WebSocket->new(port => $t->port, raw => 1);
my $all = $ws->request . CC::WebSocket::frame(1,
    '{"id":1,"method":"execute","params":{"command":"sleep 7103"}}');
$ws->close;
for my $n (map { 3 * $_ } 0 .. length($all) / 3) {
    my $w = CC::WebSocket->new(port => $t->port, raw => 1);
    $w->write(substr $all, 0, $n);
    if ($n % 2) {
        shutdown $w->{sock}, 1;
    } else {
        setsockopt $w->{sock}, SOL_SOCKET, SO_LINGER, pack 'ii', 1, 0;
    }
    $w->close;
}
ok($t->wait_until(sub { !grep { /sleep 7103/ } $t->processes }),
    'broken off at every third byte: nothing runs');

# a byte now and then, while others are served

my $slow = $t->client;
my $frame = CC::WebSocket::frame(1,
    '{"id":1,"method":"execute","params":{"command":"echo slow"}}');
$slow->ws->write(substr $frame, 0, -5, '');
for my $byte (split //, $frame) {
    sleep 1;
    $slow->ws->write($byte);
}
is($slow->notification('process.output')->{params}{data}, "slow\n",
    'a byte a second: it is served');
$slow->close;

# ten thousand pings, not one pong read before

my $pinger = $t->ws;
$pinger->read_frame;
my $pings = join '', map { CC::WebSocket::frame(9, "ping $_") } 1 .. 10_000;
my $child = fork // die $!;
if ($child == 0) { $pinger->write($pings); POSIX::_exit(0) }
my $last = '';
while (my $f = $pinger->read_frame) {
    $last = $f->{data} if $f->{op} == CC::WebSocket::PONG;
    last if $last eq 'ping 10000';
}
waitpid $child, 0;
is($last, 'ping 10000', '10,000 pings: the last is answered');
$pinger->close;

# more fragments than a message may have

my $pieces = $t->ws;
$pieces->read_frame;
my $many = CC::WebSocket::frame(1, ' ', fin => 0)
    . CC::WebSocket::frame(0, ' ', fin => 0) x 16384;
$child = fork // die $!;
if ($child == 0) { $pieces->write($many); POSIX::_exit(0) }
is($pieces->read_close, 1008, '16,385 fragments: closed with 1008');
waitpid $child, 0;
$pieces->close;

# never reads: its command stands still, others do not

my $deaf = $t->client;
$deaf->send('execute', { command => 'yes', output => 'chunk' });
$deaf->notification('process.started');

# two hundred who come, execute and go as fast as they can (8 x 26 x 8 commands
# at once at most, which is below the limit), and one who is polite

my $seconds = 5;
my @flood;
for (1 .. 8) {
    my $pid = fork // die $!;
    push @flood, $pid;
    next if $pid;
    my $end = time + $seconds;
    my @c;
    while (time < $end && getppid == $t->{pid}) {
        my $c = eval { CC::WebSocket->new(port => $t->port, raw => 1) } or next;
        $c->write($c->request . CC::WebSocket::frame(1,
            '{"id":1,"method":"execute","params":{"command":"echo flood"}}') x 8);
        push @c, $c;
        (shift @c)->close if @c > 25;
    }
    POSIX::_exit(0);
}
my (@trips, $refused);
my $end = time + $seconds;
my $polite = $t->client;
while (time < $end) {
    my $t0 = time;
    my $r = $polite->run('echo polite');
    push @trips, time - $t0;
    $refused = $r if ($r->{stdout} // '') ne "polite\n";
    sleep 0.02;
}
waitpid $_, 0 for @flood;
@trips = sort { $a <=> $b } @trips;
is($refused, undef, '200 clients flood: the polite one is served')
    or diag explain $refused;
ok(@trips >= 1 && $trips[-1] < 20, 'each time') or diag $trips[-1];
diag sprintf 'polite round trips in a flood of 200: %d, median %.0f ms, '
    . 'longest %.0f ms', scalar @trips, 1000 * $trips[@trips / 2],
    1000 * $trips[-1];
$_->close for $polite, $deaf;

my @left;
ok($t->wait_until(sub { !(@left = grep { !/nginx/ } $t->processes) }, 20),
    'nothing is left') or diag join "\n", @left;
is(join(' ', $t->workers), $worker, 'the worker is the same');
is($visitor->(), '', 'other locations answered all the time');
$t->finish;
done_testing;
