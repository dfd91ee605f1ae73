# After the server's own Close frame: whatever the client still sends is thrown
# away, the worker serves others, and the connection ends in time.
#
# tags: asan

use strict;
use warnings;

use Test::More;
use Time::HiRes qw(time);
use CC::Nginx;

my $t = CC::Nginx->new(location => 'cc_executor_allow any;
    cc_executor_shell /bin/sh; cc_executor_max_message 64k;
    cc_executor_idle_timeout 300ms;', server => '
    location /limit { cc_executor on; cc_executor_allow any;
        cc_executor_max_sessions 1; }
    location /frame { cc_executor on; cc_executor_allow any;
        cc_executor_frame_timeout 300ms; }
    location /busy { cc_executor on; cc_executor_allow any;
        cc_executor_shell /bin/sh; cc_executor_max_message 64k; }')->start;

sub frame { return CC::WebSocket::frame(@_) }

# what the client may have in flight: name, bytes, is there a Close in it that
# can be found

my @flight = (
    ['nonsense', "\xff\xff" . 'x' x 20],
    ['nonsense in single bytes', [split //, "\xff\xff" . 'x' x 20]],
    ['a frame without mask', frame(1, 'x' x 40, mask => undef)],
    ['a reserved opcode', frame(3, 'xyz') . frame(8, pack 'n', 1000)],
    ['binary', frame(2, 'x' x 40)],
    ['too long', frame(1, 'x' x 70000)],
    ['too long, announced only', frame(1, 'x', len => 1 << 40)],
    ['no UTF-8', frame(1, "\xff\xfe\xff")],
    ['a text without its end', frame(1, '{"id":', fin => 0)],
    ['half a header', "\x81"],
    ['a split control frame', frame(9, 'x', fin => 0)],
    ['a bad Close', frame(8, pack 'n', 999)],
    ['Close of one byte', frame(8, 'x')],
    ['Close and nonsense', frame(8, pack 'n', 1000) . 'nonsense' x 100],
    ['a request and Close', frame(1, '{"id":1,"method":"list"}')
        . frame(8, pack 'n', 1000)],
    ['two megabytes', frame(1, 'x' x 60000) x 35],
    ['pings', frame(9, 'x' x 125) x 1000],
    ['nothing'],
);

sub cpu {
    open my $f, '<', "/proc/$_[0]/stat" or return 0;
    my @f = split / /, <$f> =~ s/^.*\) //sr;
    return $f[11] + $f[12];
}

sub served {
    my $s = CC::WebSocket->new(port => $t->port, raw => 1);
    $s->write("GET /other HTTP/1.1\r\nHost: localhost\r\n"
        . "Connection: close\r\n\r\n");
    my $deadline = time + 3;
    $s->fill($deadline) while !$s->{eof} && time < $deadline;
    return $s->{buf} =~ /^HTTP\/1.1 200/;
}

# all of them at once, so that the time of a close is waited for once: the
# sessions that "make" gives are at the server's Close when "close" returns

sub after_close {
    my ($what, $code, $make, $close) = @_;
    my ($worker) = $t->workers;
    my @ws = map { $make->() } @flight;
    $close->(@ws) if $close;
    my $cpu = cpu($worker);
    my $t0 = time;
    for my $i (0 .. $#ws) {
        is($ws[$i]->read_close(5), $code, "$what: Close $code")
            or diag $flight[$i][0];
        my $bytes = $flight[$i][1] // '';
        $ws[$i]->write($_) for ref $bytes ? @$bytes : $bytes;
    }
    ok(served(), "$what: others are served");
    for my $i (0 .. $#ws) {
        ok($ws[$i]->read_eof(4), "$what, then $flight[$i][0]: the end");
        is($ws[$i]{buf}, '', "$what, then $flight[$i][0]: not a byte more");
    }
    cmp_ok(time - $t0, '<', 5, "$what: all within the time of a close");
    cmp_ok(cpu($worker) - $cpu, '<', 100, "$what: no worker spins");
    $_->close for @ws;
}

sub opened {
    my ($path) = @_;
    return sub {
        my $ws = $t->ws(path => $path);
        $ws->read_frame;
        return $ws;
    };
}

after_close('idle', 1001, opened('/ws/mcp'));

my $holder = opened('/limit')->();
after_close('no session left', 1008, opened('/limit'));
$holder->close;

after_close('slow', 1008, opened('/frame'),
    sub { $_->write("\x81") for @_ });

# violations, of course, and a client that closes by itself and goes on

after_close('no UTF-8', 1007, opened('/busy'),
    sub { $_->send_text("\xff\xff") for @_ });
after_close('binary', 1003, opened('/busy'),
    sub { $_->send_frame(2, 'x') for @_ });
after_close('closed', 1000, opened('/busy'),
    sub { $_->send_frame(8, pack 'n', 1000) for @_ });

# reload: the worker that leaves

my @old = $t->workers;
after_close('reload', 1001, opened('/busy'), sub { $t->signal('HUP') });
ok($t->wait_until(sub { my %now = map { $_ => 1 } $t->workers;
    !grep { $now{$_} } @old }, 10), 'and the old worker ends');

$t->finish;
done_testing;
