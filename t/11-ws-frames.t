# Frames: every violation has its close code, every good form is understood.
#
# tags: asan coverage smoke

use strict;
use warnings;

use Test::More;
use CC::Nginx;

my $t = CC::Nginx->new(location => <<'EOC')->start;
cc_executor_allow any; cc_executor_shell /bin/sh; cc_executor_max_message 1m;
EOC

sub f { return CC::WebSocket::frame(@_) }

my $status = '{"jsonrpc":"2.0","id":1,"method":"list"}';

# name, expected close code, bytes

my @violations = (
    'reserved bit 1' => 1002, f(1, 'x', rsv => 4),
    'reserved bit 2' => 1002, f(1, 'x', rsv => 2),
    'reserved bit 3' => 1002, f(1, 'x', rsv => 1),
    (map { ("opcode $_" => 1002, f($_, 'x')) } 3 .. 7, 11 .. 15),
    'not masked' => 1002, f(1, 'x', mask => undef),
    'binary' => 1003, f(2, 'x'),
    'long ping' => 1002, f(9, 'x' x 126),
    'fragmented ping' => 1002, f(9, 'x', fin => 0),
    'continuation of nothing' => 1002, f(0, 'x'),
    'text inside a message' => 1002, f(1, '{', fin => 0) . f(1, '}'),
    'length not minimal, 16 bits' => 1002, f(1, 'x', form => 16),
    'length not minimal, 64 bits' => 1002, f(1, 'x', form => 64),
    'length with the high bit' => 1002,
        f(1, '', form => 64, len => 9223372036854775808),
    'too big' => 1009, f(1, '', len => 1024 * 1024 + 1),
    'too big in 64 bits' => 1009, f(1, '', len => 2**40),
    'too big in sum' => 1009,
        f(1, ' ' x 524288, fin => 0) . f(0, '', len => 524289),
    'invalid UTF-8' => 1007, f(1, "\"\xc0\xaf\""),
    'surrogate' => 1007, f(1, "\"\xed\xa0\x80\""),
    'beyond Unicode' => 1007, f(1, "\"\xf4\x90\x80\x80\""),
    'UTF-8 that ends early' => 1007, f(1, "\"\xe2\x82"),
    'invalid UTF-8, message unfinished' => 1007,
        f(1, "\"\xff", fin => 0),
    'close of one byte' => 1002, f(8, 'x'),
    (map { ("close with code $_" => 1002, f(8, pack 'n', $_)) }
        0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535),
    'close with a bad reason' => 1007, f(8, pack('n', 1000) . "\xff"),
    '16385 fragments' => 1008,
        f(1, '[', fin => 0) . f(0, ' ', fin => 0) x 16384,
);

while (my ($name, $code, $bytes) = splice @violations, 0, 3) {
    my $ws = $t->ws;
    $ws->read_frame;
    $ws->write($bytes);
    is($ws->read_close, $code, "$name: $code");
    $ws->send_frame(8, pack 'n', $code);
    ok($ws->read_eof(5), "$name: the server closes");
}

# the close handshake

for my $code (1000, 1001, 1003, 1007, 1011, 3000, 4999) {
    my $ws = $t->ws;
    $ws->read_frame;
    $ws->send_frame(8, pack('n', $code) . 'bye');
    is($ws->read_close, $code, "close $code is answered");
    ok($ws->read_eof(5), "close $code: the server closes");
}

my $ws = $t->ws;
$ws->read_frame;
$ws->send_frame(8, '');
is($ws->read_close, 0, 'a close without a code is answered alike');

# what is right

sub answered {
    my ($name, $bytes, $dribble) = @_;
    my $ws = $t->ws;
    $ws->read_frame;
    $dribble ? $ws->dribble($bytes) : $ws->write($bytes);
    my $f = $ws->read_frame;
    like($f ? $f->{data} : '', qr/"id":1,"result"/, $name);
    $ws->close;
}

answered('one frame', f(1, $status));
answered('one byte at a time', f(1, $status), 1);
answered('fragments', join '', f(1, '{"id"', fin => 0),
    f(0, ':1,', fin => 0), f(0, '', fin => 0),
    f(0, '"method":"list"}'));
answered('fragments byte by byte', join('', f(1, '{"id"', fin => 0),
    f(0, ':1,', fin => 0), f(0, '"method":"list"}')), 1);
answered('16384 fragments', f(1, $status, fin => 0)
    . f(0, ' ', fin => 0) x 16382 . f(0, ' '));
answered('exactly 1 MiB', f(1, $status . ' ' x (1048576 - length $status)));
answered('UTF-8 split over fragments', join '',
    f(1, "{\"id\":1,\"method\":\"list\",\"x\":\"\xe2", fin => 0),
    f(0, "\x82", fin => 0), f(0, "\xac\"}"));

$ws = $t->ws;
$ws->read_frame;
$ws->write(f(1, '{"id":1,', fin => 0) . f(9, 'hello') . f(0, '"method":"list"}'));
my @ops = map { $ws->read_frame } 1, 2;
is(join(' ', sort map { $_->{op} } @ops), '1 10',
    'a ping between fragments is answered');
is((grep { $_->{op} == 10 } @ops)[0]{data}, 'hello', 'with its payload');

# 10,000 pings in one go: the latest is answered, all the others may be

$ws = $t->ws;
$ws->read_frame;
$ws->write(join '', map { f(9, "ping $_") } 1 .. 10000);
my $pong = '';
while (my $f = $ws->read_frame) {
    last if ($pong = $f->{data}) eq 'ping 10000';
}
is($pong, 'ping 10000', 'the last of 10,000 pings is answered');

$t->finish;
done_testing;
