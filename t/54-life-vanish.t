# A client that vanishes without a word (its packets are dropped, in a network
# of our own): over HTTP as over a WebSocket it is noticed within interval and
# timeout, and its command ends.
#
# tags: asan slow coverage

use strict;
use warnings;

use Test::More;
use Time::HiRes qw(time sleep);
use CC::Http;
use CC::Mcp;
use CC::Nginx;

BEGIN {
    plan skip_all => 'needs root, nft and ip' if $> != 0
        || system('which nft ip unshare > /dev/null 2>&1') != 0
        || system("unshare -n nft list ruleset > /dev/null 2>&1") != 0;
    exec 'unshare', '-n', $^X, map({ "-I$_" } grep { !ref } @INC), $0
        unless $ENV{CC_VANISH}++;
    system('ip link set lo up') == 0 or die;
}

my $usual = 'cc_executor on; cc_executor_allow any;
    cc_executor_shell /bin/sh; cc_executor_kill_grace 100ms;';
my $t = CC::Nginx->new(server => "location /ws { $usual
    cc_executor_ping_interval 1500ms; cc_executor_ping_timeout 1s; }
    location /quick { $usual
    cc_executor_ping_interval 300ms; cc_executor_ping_timeout 300ms; }")->start;

system(q(nft 'add table inet t; add set inet t gone { type inet_service; };
    add chain inet t in { type filter hook input priority 0; };
    add rule inet t in tcp sport @gone drop;
    add rule inet t in tcp dport @gone drop')) == 0 or die;

sub vanish {
    my ($sock) = @_;
    system('nft', 'add', 'element', 'inet', 't', 'gone', '{',
        $sock->sockport, '}') == 0 or die;
    return time;
}

sub runs { my ($n) = @_; return grep { /^\d+ sleep $n/ } $t->processes }

# interval and timeout are far less; TCP would take many minutes
my $most = 10;

sub noticed {
    my ($name, $sock, $n) = @_;
    ok($t->wait_until(sub { runs($n) }), "$name: its command runs");
    my $t0 = vanish($sock);
    ok($t->wait_until(sub { !runs($n) }, 12), 'it ends');
    my $took = time - $t0;
    cmp_ok($took, '<', $most, 'within interval and timeout');
    return;
}

sub call {
    my ($n, $path, %meta) = @_;
    my $h = CC::Http->new(port => $t->port, path => $path // '/ws');
    $h->send({ jsonrpc => '2.0', id => 1, method => 'tools/call',
        params => CC::Mcp::execute_params("sleep $n", %meta) });
    return $h;
}

# Each vanishes a while after it has come: when the next look is far away, and
# when it is near.

for my $after (0.1, 1.2) {
    my $c = $t->client(path => '/ws');
    $c->call('execute', { command => 'sleep 4301' });
    sleep $after;
    noticed("a WebSocket, after $after s", $c->ws->{sock}, 4301);

    my $h = call(4302);
    sleep $after;
    noticed("HTTP, after $after s", $h->{conn}{sock}, 4302);
}

# in the middle of a stream of events

my $h = CC::Http->new(port => $t->port, path => '/ws');
$h->send({ jsonrpc => '2.0', id => 1, method => 'tools/call',
    params => CC::Mcp::execute_params('while sleep 0.1; do date; done &'
        . ' sleep 4303; kill $!', progressToken => 1) });
ok($h->read_head, 'a stream of events');
ok($h->next, 'that says something');
noticed('its client', $h->{conn}{sock}, 4303);

# who is there and only waits, stays: no byte passes for a long time

my $patient = call('2 && echo here', '/quick');
my $t0 = time;
ok($patient->read_head, 'a client that only waits has its answer');
is($patient->next->{result}{structuredContent}{stdout}, "here\n",
    'the whole one');
cmp_ok(time - $t0, '>=', 1.8, 'after many intervals');
is(() = $t->log =~ /the client is silent, closed/g, 5,
    'five were closed as silent, no other');

$t->finish;
done_testing;
