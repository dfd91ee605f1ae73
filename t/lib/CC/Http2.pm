package CC::Http2;

# One request over HTTP/2 without TLS, by a client that decides how much it
# takes: windows of any size, opened as far as it likes.  Headers of the answer
# are not decoded but for a status that stands in HPACK's static table.

use strict;
use warnings;

use Time::HiRes qw(time);

use CC::WebSocket;

use constant { DATA => 0, HEADERS => 1, RST => 3, SETTINGS => 4, PING => 6,
    GOAWAY => 7, WINDOW => 8, END_STREAM => 1, END_HEADERS => 4, ACK => 1 };

my %status = (8 => 200, 11 => 304, 12 => 400, 13 => 404, 14 => 500);

# options: port, window (bytes that a stream may send before it is asked to go
# on; 65535)
sub new {
    my ($class, %o) = @_;
    my $self = bless { conn => CC::WebSocket->new(port => $o{port}, raw => 1),
        window => $o{window} // 65535, data => '' }, $class;
    $self->{conn}->write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
        . frame(SETTINGS, 0, 0, pack 'nN', 4, $self->{window}));
    return $self;
}

sub frame {
    my ($type, $flags, $stream, $payload) = @_;
    return substr(pack('N', length $payload), 1)
        . pack('CCN', $type, $flags, $stream) . $payload;
}

# a string of HPACK without compression (RFC 7541, 5.2); short ones only
sub text { my ($s) = @_; return pack('C', length $s) . $s }

sub header { return "\0" . text($_[0]) . text($_[1]) }

sub post {
    my ($self, $path, $body) = @_;
    my $head = join '', map { header(@$_) } [':method', 'POST'],
        [':scheme', 'http'], [':path', $path], [':authority', 'localhost'],
        ['content-type', 'application/json'],
        ['accept', 'application/json, text/event-stream'];
    return $self->{conn}->write(frame(HEADERS, END_HEADERS, 1, $head)
        . frame(DATA, END_STREAM, 1, $body));
}

# lets the server send n more bytes
sub open {
    my ($self, $n) = @_;
    return $self->{conn}->write(join '',
        map { frame(WINDOW, 0, $_, pack 'N', $n) } 0, 1);
}

# Reads until the stream ends: 1, or the time is over: 0.  "take": is the
# window opened again for what came?
sub read {
    my ($self, $timeout, $take) = @_;
    my $c = $self->{conn};
    my $deadline = time + $timeout;
    until ($self->{ended}) {
        my $n = length $c->{buf} < 9 ? undef
            : unpack 'N', "\0" . substr $c->{buf}, 0, 3;
        if (!defined $n || length $c->{buf} < 9 + $n) {
            return 0 if $c->{eof} || time >= $deadline;
            $c->fill($deadline);
            next;
        }
        my ($type, $flags, $stream) = unpack 'x3CCN', $c->{buf};
        my $payload = substr substr($c->{buf}, 0, 9 + $n, ''), 9;
        $self->{ended} = 1 if $stream && $type <= HEADERS
            && $flags & END_STREAM;
        if ($type == DATA) {
            $self->{data} .= $payload;
            $self->open($n) if $take && $n;
        } elsif ($type == HEADERS) {
            $payload =~ s/^[\x20-\x3f]+//;       # a new size of the table
            $self->{status} //= $status{ ord($payload) & 0x7f };
        } elsif ($type == RST || $type == GOAWAY) {
            $self->{reset} = 1;
            $self->{ended} = 1;
        } elsif ($type == SETTINGS && !($flags & ACK)) {
            $c->write(frame(SETTINGS, ACK, 0, ''));
        } elsif ($type == PING && !($flags & ACK)) {
            $c->write(frame(PING, ACK, 0, $payload));
        }
    }
    return 1;
}

sub close { my ($self) = @_; $self->{conn}->close; return }

1;
