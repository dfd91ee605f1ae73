package CC::FakeServer;

# A WebSocket server that is played by a test, for cc-run: what no real one says,
# or not at that moment.  Handshake and frames as of RFC 6455; the rest is what
# the test gives.

use strict;
use warnings;

use Digest::SHA qw(sha1);
use Exporter qw(import);
use IO::Select;
use IO::Socket::INET;
use MIME::Base64 qw(encode_base64);
use POSIX ();

use CC::Run;

our @EXPORT = qw(head accept_line handshake greeting frame text next_frame request
    packet drain);

my $guid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
my %rest;                                # read, not asked for yet

# Listens; dir: where what cc-run says goes.
sub new {
    my ($class, %o) = @_;
    my $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 16)
        or die $!;
    return bless { %o, listen => $listen }, $class;
}

sub url { return 'ws://127.0.0.1:' . $_[0]{listen}->sockport . '/' }

# From now on this is done to each connection, one after the other: do(socket,
# number).  What dies in it ends that connection only.
sub serve {
    my ($self, $do) = @_;
    $self->rest;
    $self->{pid} = fork // die "fork: $!\n";
    return $self if $self->{pid};
    $SIG{PIPE} = 'IGNORE';
    my $n = 0;
    while (my $s = $self->{listen}->accept) {
        $s->autoflush(1);
        %rest = ();
        eval { $do->($s, $n++) };
        close $s;
    }
    POSIX::_exit(0);
}

# nobody is served any more
sub rest {
    my ($self) = @_;
    my $pid = delete $self->{pid} or return;
    local $?;
    kill 'KILL', $pid;
    waitpid $pid, 0;
    return;
}

sub DESTROY { return $_[0]->rest }

# runs cc-run meanwhile: { out, err, rc }
sub meet {
    my ($self, $do, $words, %o) = @_;
    $self->serve($do);
    my $r = CC::Run->run($words, dir => $self->{dir}, %o);
    $self->rest;
    return $r;
}

# the head of a request
sub head {
    my ($s) = @_;
    my $head = '';
    until ($head =~ /\r\n\r\n/) {
        sysread $s, $head, 4096, length $head or die;
    }
    return $head;
}

sub accept_line {
    my ($head) = @_;
    my ($key) = $head =~ /^Sec-WebSocket-Key: (\S+)/mi or die;
    return 'Sec-WebSocket-Accept: ' . encode_base64(sha1("$key$guid"), '');
}

# and what the server says first: what it can
sub handshake {
    my ($s, @can) = @_;
    print $s "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
        . "Connection: Upgrade\r\n", accept_line(head($s)), "\r\n\r\n",
        greeting(@can);
    return;
}

sub greeting {
    my $can = join ',', map { "\"$_\"" } 'execute', @_;
    return text('{"jsonrpc":"2.0","method":"connected","params":'
        . qq({"session_id":"x","version":"0","capabilities":[$can]}}));
}

sub frame {
    my ($first, $payload) = @_;
    my $n = length $payload;
    return pack('C', $first) . ($n < 126 ? pack('C', $n)
        : $n < 65536 ? pack('Cn', 126, $n) : pack('CQ>', 127, $n)) . $payload;
}

sub text { my ($t) = @_; return frame(0x81, $t) }

# output as a binary message
sub packet {
    my ($channel, $stream, $offset, $bytes) = @_;
    return frame(0x82, pack('CCnNQ>Q>', 1, $stream, 0, $channel, $offset, 0)
        . $bytes);
}

# waits for the next frame of the client: its opcode and what it carries
sub next_frame {
    my ($s) = @_;
    my $in = \($rest{ fileno $s } //= '');
    my $need = sub { until (length $$in >= $_[0]) {
        sysread $s, $$in, 65536, length $$in or die } };
    $need->(2);
    my ($opcode, $n, $at) = (ord($$in) & 15, ord(substr $$in, 1, 1) & 127, 2);
    if ($n >= 126) {
        my $size = $n == 126 ? 2 : 8;
        $need->(2 + $size);
        ($n, $at) = (unpack($size == 2 ? 'n' : 'Q>', substr $$in, 2, $size),
            2 + $size);
    }
    $need->($at + 4 + $n);
    my $mask = substr $$in, $at, 4;
    my $text = substr($$in, $at + 4, $n) ^ substr $mask x ($n / 4 + 1), 0, $n;
    substr $$in, 0, $at + 4 + $n, '';
    return ($opcode, $text);
}

# waits for the next message of the client
sub request {
    my ($s) = @_;
    while (1) {
        my ($opcode, $text) = next_frame($s);
        return $text if $opcode == 1;
        die if $opcode == 8;
    }
}

# until the other side has closed; so what was sent surely arrives
sub drain {
    my ($s) = @_;
    shutdown $s, 1;
    my $in;
    while (IO::Select->new($s)->can_read(20)) { sysread $s, $in, 65536 or last }
    return;
}

1;
