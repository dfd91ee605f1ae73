package CC::Http;

# A HTTP/1.1 client for one connection that does what it is told: any method,
# header, body, cut anywhere; answers whole, or event by event.

use strict;
use warnings;

use Time::HiRes qw(time);

use CC::Mcp;
use CC::WebSocket;

my $json = $CC::Mcp::json;

# options as of CC::WebSocket (port, ssl, unix ...), and path
sub new {
    my ($class, %o) = @_;
    my $conn = CC::WebSocket->new(%o, raw => 1);
    return bless { conn => $conn, path => $o{path} // '/ws/mcp' }, $class;
}

sub write { my ($self, $bytes) = @_; return $self->{conn}->write($bytes) }

# headers of a request as text; a value of undef leaves one out
sub head {
    my ($self, %o) = @_;
    my %h = (
        Host => 'localhost',
        'Content-Type' => 'application/json',
        Accept => 'application/json, text/event-stream',
        (exists $o{length} ? ('Content-Length' => $o{length}) : ()),
        %{ $o{headers} // {} },
    );
    my $r = join(' ', $o{method} // 'POST', $o{path} // $self->{path},
        $o{version} // 'HTTP/1.1') . "\r\n";
    for my $name (sort keys %h) {
        next unless defined $h{$name};
        $r .= "$name: $_\r\n" for ref $h{$name} ? @{ $h{$name} } : $h{$name};
    }
    return "$r\r\n";
}

# sends a message: a structure or text
sub send {
    my ($self, $body, %o) = @_;
    $body = $json->encode($body) if ref $body;
    return $self->write($self->head(length => length $body, %o) . $body);
}

# status and headers of the answer; undef when the connection ended before
sub read_head {
    my ($self, $timeout) = @_;
    my $c = $self->{conn};
    my $deadline = time + ($timeout // $CC::WebSocket::TIMEOUT);
    my $end;
    while (($end = index $c->{buf}, "\r\n\r\n") < 0) {
        return undef if $c->{eof} || time > $deadline;
        $c->fill($deadline);
    }
    my %r = (head => substr $c->{buf}, 0, $end + 4, '');
    ($r{status}) = $r{head} =~ m{^HTTP/1\.[01] (\d+)};
    $r{type} = $r{head} =~ /^Content-Type: *([^\r;]+)/mi ? lc $1 : '';
    $r{left} = $r{head} =~ /^Content-Length: *(\d+)/mi ? $1 : undef;
    $r{left} = 0 if $r{status} < 200 || $r{status} == 204;
    $r{chunked} = 1 if $r{head} =~ /^Transfer-Encoding: *chunked/mi;
    $r{data} = '';
    $self->{answer} = \%r;
    return \%r;
}

# some more of the body: how many bytes, 0 at its end, undef: nothing in time
sub read_some {
    my ($self, $timeout) = @_;
    my ($c, $r) = ($self->{conn}, $self->{answer});
    my $deadline = time + ($timeout // $CC::WebSocket::TIMEOUT);
    return 0 if $r->{ended};
    while (1) {
        my $buf = \$c->{buf};
        if ($r->{chunked} && !$r->{left}) {
            if ($$buf =~ s/^(?:\r\n)?([0-9a-fA-F]+)\r\n//) {
                $r->{left} = hex $1;
                if ($r->{left} == 0) {
                    $c->fill($deadline)
                        while length $$buf < 2 && !$c->{eof} && time < $deadline;
                    $$buf =~ s/^\r\n//;
                    $r->{ended} = 1;
                    return 0;
                }
                next;
            }
        } elsif (defined $r->{left} && $r->{left} == 0) {
            $r->{ended} = 1;
            return 0;
        } elsif (length $$buf) {
            my $n = length $$buf;
            $n = $r->{left} if defined $r->{left} && $r->{left} < $n;
            $r->{data} .= substr $$buf, 0, $n, '';
            $r->{left} -= $n if defined $r->{left};
            return $n;
        }
        if ($c->{eof}) {
            $r->{ended} = 1;
            $r->{cut} = 1 if $r->{chunked} || $r->{left};
            return 0;
        }
        return undef if time >= $deadline;
        $c->fill($deadline);
    }
}

# the next message of an event stream, or the JSON of the whole body; comments
# are counted, events without data ignored; undef at the end
sub next {
    my ($self, $timeout) = @_;
    my $r = $self->{answer};
    my $deadline = time + ($timeout // $CC::WebSocket::TIMEOUT);
    while (1) {
        if ($r->{type} eq 'text/event-stream') {
            while ($r->{data} =~ s/^(.*?)\n\n//s) {
                my $event = $1;
                if ($event =~ /^:/) {
                    $r->{comments}++;
                    next;
                }
                my $data = join "\n", $event =~ /^data: (.*)$/mg;
                next if !length $data;
                return $json->decode($data);
            }
        }
        my $n = $self->read_some($deadline - time);
        return undef if !defined $n;
        next if $n;
        return undef if $r->{type} eq 'text/event-stream' || $r->{taken}++;
        return length $r->{data} ? eval { $json->decode($r->{data}) } : undef;
    }
}

# sends and reads the whole answer: { status, type, head, messages => [...] },
# "message" is the last of them
sub post {
    my ($self, $body, %o) = @_;
    $self->send($body, %o);
    my $r = $self->read_head($o{timeout}) or return { status => 0 };
    while (my $m = $self->next($o{timeout})) {
        push @{ $r->{messages} }, $m;
        $r->{message} = $m;
    }
    return $r;
}

sub close { my ($self) = @_; $self->{conn}->close; return }

1;
