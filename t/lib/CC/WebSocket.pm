package CC::WebSocket;

# A WebSocket client that does what it is told, right or wrong: any header, any
# frame, any number of bytes at a time.  Core modules only.

use strict;
use warnings;

use Digest::SHA qw(sha1_base64);
use IO::Select;
use IO::Socket::INET;
use IO::Socket::IP;
use IO::Socket::UNIX;
use Socket qw(SOL_SOCKET SO_RCVBUF);
use MIME::Base64 qw(encode_base64);
use Time::HiRes qw(time);

our $TIMEOUT = 20;

use constant { TEXT => 1, BINARY => 2, CLOSE => 8, PING => 9, PONG => 10 };

# Connects; with "raw" nothing is sent.  Options: host, port, unix, path,
# headers (list of lines that replace or add to the usual ones: { Name =>
# value }, undef removes), method, version, before and after (bytes around the
# handshake), ssl, cert and key (files, of the client), sni (a name).
sub new {
    my ($class, %o) = @_;
    my $self = bless { buf => '', %o }, $class;

    my $sock;
    if ($o{unix}) {
        $sock = IO::Socket::UNIX->new(Peer => $o{unix});
    } elsif ($o{ssl}) {
        require IO::Socket::SSL;
        $sock = IO::Socket::SSL->new(
            PeerAddr => $o{host} // '127.0.0.1', PeerPort => $o{port},
            SSL_verify_mode => 0,
            ($o{sni} ? (SSL_hostname => $o{sni}) : ()),
            ($o{cert} ? (SSL_cert_file => $o{cert}, SSL_key_file => $o{key})
                : ()));
    } else {
        my $class = ($o{host} // '') =~ /:/ || $o{room} ? 'IO::Socket::IP'
            : 'IO::Socket::INET';
        $sock = $class->new(
            PeerAddr => $o{host} // '127.0.0.1', PeerPort => $o{port},
            Proto => 'tcp', Timeout => $TIMEOUT,
            ($o{room} ? (Sockopts => [[SOL_SOCKET, SO_RCVBUF,
                pack 'i', $o{room}]]) : ()),
            ($o{local} ? (LocalAddr => $o{local}) : ()));
    }
    die "cannot connect: $! $@\n" unless $sock;
    $sock->setsockopt(6, 1, 1) unless $o{unix} || $o{ssl};
    binmode $sock;
    $self->{sock} = $sock;

    $self->handshake unless $o{raw};
    return $self;
}

sub request {
    my ($self) = @_;
    my %h = (
        'Host' => 'localhost',
        'Upgrade' => 'websocket',
        'Connection' => 'Upgrade',
        'Sec-WebSocket-Version' => '13',
        'Sec-WebSocket-Key' => encode_base64(pack('N4',
            map { int rand 2**32 } 1 .. 4), ''),
        %{ $self->{headers} // {} },
    );
    $self->{key} = $h{'Sec-WebSocket-Key'};
    my $r = join ' ', $self->{method} // 'GET', $self->{path} // '/ws/mcp',
        $self->{version} // 'HTTP/1.1';
    for my $name (sort keys %h) {
        next unless defined $h{$name};
        $r .= "\r\n$name: $_" for ref $h{$name} ? @{ $h{$name} } : $h{$name};
    }
    return "$r\r\n\r\n";
}

sub handshake {
    my ($self) = @_;
    $self->write(($self->{before} // '') . $self->request
        . ($self->{after} // ''));
    $self->read_head;
    return $self->{status} == 101;
}

# status, head and, when it is not a 101, the body of the answer
sub read_head {
    my ($self) = @_;
    $self->fill while $self->{buf} !~ /\r\n\r\n/ && !$self->{eof};
    if ($self->{buf} =~ s/^(.*?\r\n\r\n)//s) {
        $self->{head} = $1;
        ($self->{status}) = $self->{head} =~ m{^HTTP/1\.[01] (\d+)};
    } else {
        $self->{status} = 0;
        $self->{head} = '';
    }
    if ($self->{status} != 101 && ($self->{method} // "") ne "HEAD"
        && $self->{head} =~ /^Content-Length: (\d+)/mi)
    {
        my $n = $1;
        $self->fill while length $self->{buf} < $n && !$self->{eof};
        $self->{body} = substr $self->{buf}, 0, $n, '';
    }
    return $self->{status};
}

sub header {
    my ($self, $name) = @_;
    return $self->{head} =~ /^\Q$name\E: *(.*?)\r$/mi ? $1 : undef;
}

sub accept_ok {
    my ($self) = @_;
    my ($key) = $self->{key} =~ /^\s*(.*?)\s*$/;
    my $want = sha1_base64(
        $key . '258EAFA5-E914-47DA-95CA-C5AB0DC85B11') . '=';
    return ($self->header('Sec-WebSocket-Accept') // '') eq $want;
}

sub write {
    my ($self, $bytes) = @_;
    my $at = 0;
    local $SIG{PIPE} = 'IGNORE';
    while ($at < length $bytes) {
        my $n = $self->{sock}->syswrite($bytes, length($bytes) - $at, $at);
        return 0 unless $n;
        $at += $n;
    }
    return 1;
}

# one byte at a time, each its own packet
sub dribble {
    my ($self, $bytes) = @_;
    $self->write($_) or return 0 for split //, $bytes;
    return 1;
}

# a frame as bytes.  Options: fin, rsv, mask (undef = none), len (claimed),
# form (7, 16 or 64: how the length is written)
sub frame {
    my ($op, $payload, %o) = @_;
    my $fin = $o{fin} // 1;
    my $len = $o{len} // length $payload;
    my $masked = !exists $o{mask} || defined $o{mask};
    my $form = $o{form} // ($len < 126 ? 7 : $len < 65536 ? 16 : 64);
    my $bit = $masked ? 0x80 : 0;
    my $f = pack 'C', ($fin ? 0x80 : 0) | (($o{rsv} // 0) << 4) | $op;
    $f .= $form == 7 ? pack('C', $bit | $len)
        : $form == 16 ? pack('Cn', $bit | 126, $len)
        : pack('CQ>', $bit | 127, $len);
    return $f . $payload unless $masked;
    my $mask = $o{mask} // pack 'N', int rand 2**32;
    my $key = $mask x (int(length($payload) / 4) + 1);
    return $f . $mask . ($payload ^ substr $key, 0, length $payload);
}

sub send_frame { my ($self, @a) = @_; return $self->write(frame(@a)) }
sub send_text { my ($self, $t) = @_; return $self->write(frame(TEXT, $t)) }

# reads some bytes into the buffer, at most until the deadline
sub fill {
    my ($self, $deadline) = @_;
    return 0 if $self->{eof};
    $deadline //= time + $TIMEOUT;
    my $sock = $self->{sock};
    unless ($sock->can('pending') && $sock->pending) {
        my $left = $deadline - time;
        return 0 if $left <= 0;
        return 0 unless IO::Select->new($sock)->can_read($left);
    }
    my $n = sysread $sock, $self->{buf}, 262144, length $self->{buf};
    $self->{eof} = 1 unless $n;
    return $n;
}

# the next frame { fin, op, data } or undef (end of file, or the deadline)
sub read_frame {
    my ($self, $timeout) = @_;
    my $deadline = time + ($timeout // $TIMEOUT);
    while (1) {
        my $buf = \$self->{buf};
        if (length $$buf >= 2) {
            my ($b0, $b1) = unpack 'CC', $$buf;
            my ($len, $at) = ($b1 & 0x7f, 2);
            if ($len == 126) {
                $at = 4;
                $len = length $$buf >= 4 ? unpack('x2n', $$buf) : undef;
            } elsif ($len == 127) {
                $at = 10;
                $len = length $$buf >= 10 ? unpack('x2Q>', $$buf) : undef;
            }
            die "a masked frame from the server\n" if $b1 & 0x80;
            if (defined $len && length $$buf >= $at + $len) {
                my $data = substr $$buf, $at, $len;
                substr $$buf, 0, $at + $len, '';
                return { fin => $b0 >> 7, op => $b0 & 0xf, data => $data,
                    rsv => ($b0 >> 4) & 7 };
            }
        }
        return undef if $self->{eof};
        $self->fill($deadline);
        return undef if time > $deadline;
    }
}

# reads on until a close frame: its code (0 = without), or undef
sub read_close {
    my ($self, $timeout) = @_;
    while (my $f = $self->read_frame($timeout)) {
        next unless $f->{op} == CLOSE;
        $self->{close_reason} = length $f->{data} > 2
            ? substr($f->{data}, 2) : '';
        return length $f->{data} ? unpack('n', $f->{data}) : 0;
    }
    return undef;
}

# 1 when the server has closed the connection within the time
sub read_eof {
    my ($self, $timeout) = @_;
    my $deadline = time + ($timeout // $TIMEOUT);
    until ($self->{eof}) {
        $self->{buf} = '';
        $self->fill($deadline);
        return 0 if time > $deadline;
    }
    return 1;
}

sub close { my ($self) = @_; CORE::close $self->{sock}; return }

1;
