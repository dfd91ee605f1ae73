# Is anybody there?  Pings of the server, and who is closed.
#
# tags: asan coverage

use strict;
use warnings;

use Test::More;
use Time::HiRes qw(time);
use CC::Nginx;

my $t = CC::Nginx->new(location => 'cc_executor_allow any;
    cc_executor_shell /bin/sh; cc_executor_ping_interval 300ms;
    cc_executor_ping_timeout 500ms; cc_executor_kill_grace 200ms;',
    server => 'location /patient { cc_executor on; cc_executor_allow any; }')
    ->start;

# who answers, stays

my $c = $t->client;
my $ws = $c->ws;
my $t0 = time;
for my $n (1 .. 4) {
    my $f = $ws->read_frame(3);
    is($f->{op}, 9, "ping $n");
    is($f->{data}, '', 'without payload');
    $ws->send_frame(10, $f->{data});
}
cmp_ok(time - $t0, '>=', 1.1, 'an interval between them');
is($c->run('echo here')->{stdout}, "here\n", 'who answers stays');
$c->close;

# who does not answer is closed

$ws = $t->ws;
$ws->read_frame;
$t0 = time;
is($ws->read_frame(3)->{op}, 9, 'a ping without an answer');
ok($ws->read_eof(3), 'the connection is closed');
cmp_ok(time - $t0, '>=', 0.75, 'not before its time');
ok($t->wait_until(sub { $t->log =~ /the client is silent, closed session=/ }),
    'and the log says why');

# any message is as good as a pong

$ws = $t->ws;
$ws->read_frame;
for (1 .. 12) {
    $ws->send_text('{"method":"pong"}');
    select undef, undef, undef, 0.1;
}
$ws->send_text('{"id":1,"method":"list"}');
my $f;
while ($f = $ws->read_frame(3)) {
    last if $f->{op} == 1;
}
like($f->{data}, qr/"commands":\[\]/, 'who talks stays');
$ws->close;

# a reader that is slow, and does not answer pings, but takes something

$ws = $t->ws;
$ws->read_frame;
$ws->send_text('{"id":1,"method":"execute","params":{"command":"yes",'
    . '"output":"chunk"}}');
my $taken = 0;
for (1 .. 12) {
    select undef, undef, undef, 0.2;
    for (1 .. 4) {
        my $n = sysread $ws->{sock}, my $buf, 262144;
        $taken += $n // 0;
    }
}
ok(!$ws->{eof} && $taken > 1_000_000, 'a slow reader stays');

# until it stops: then it goes, and its command with it

ok($t->wait_until(sub { !grep { /^\d+ yes/ } $t->processes }, 20),
    'one that takes nothing any more is closed, its command ended');

# the default is patient

$ws = $t->ws(path => '/patient');
$ws->read_frame;
ok(!$ws->read_frame(0.8), 'no ping within 0.8 s by default');
$ws->close;

$t->finish;
done_testing;
