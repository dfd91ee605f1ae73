package CC::Client;

# A client of the native dialect: requests, answers, notifications, and what a
# command wrote.

use strict;
use warnings;

use JSON::PP ();
use MIME::Base64 qw(decode_base64);
use Time::HiRes qw(time);

use CC::WebSocket;

my $json = eval { require JSON::XS; JSON::XS->new->utf8->canonical }
    || JSON::PP->new->utf8->canonical;

sub new {
    my ($class, %o) = @_;
    my $ws = CC::WebSocket->new(%o);
    my $self = bless { ws => $ws, seq => 0, queue => [] }, $class;
    return $self if $ws->{status} != 101;
    $self->{connected} = $self->next unless $o{silent};
    return $self;
}

sub ws { return $_[0]{ws} }

# sends a request and returns its id
sub send {
    my ($self, $method, $params, %o) = @_;
    my $id = $o{id} // ++$self->{seq};
    $self->{ws}->send_text($json->encode({ jsonrpc => '2.0',
        method => $method, ($params ? (params => $params) : ()),
        ($o{notify} ? () : (id => $id)) }));
    return $id;
}

sub raw { my ($self, $text) = @_; return $self->{ws}->send_text($text) }

# sends a binary message: bytes for a channel.  Options: seq, offset, flags,
# stream, version
sub send_packet {
    my ($self, $channel, $data, %o) = @_;
    return $self->{ws}->send_frame(CC::WebSocket::BINARY,
        packet($channel, $data, %o));
}

sub packet {
    my ($channel, $data, %o) = @_;
    return pack('CCnNQ>Q>', $o{version} // 1, $o{stream} // 0, $o{flags} // 0,
        $channel, $o{offset} // 0, $o{seq} // 0) . $data;
}

# the next message as a structure, or undef; a binary one is { packet => {} }
sub next {
    my ($self, $timeout) = @_;
    return shift @{ $self->{queue} } if @{ $self->{queue} };
    return $self->receive($timeout);
}

sub receive {
    my ($self, $timeout) = @_;
    my $deadline = time + ($timeout // $CC::WebSocket::TIMEOUT);
    while (1) {
        my $f = $self->{ws}->read_frame($deadline - time) or return undef;
        if ($f->{op} == CC::WebSocket::PING) {
            $self->{ws}->send_frame(CC::WebSocket::PONG, $f->{data});
            next;
        }
        if ($f->{op} == CC::WebSocket::CLOSE) {
            $self->{closed} = length $f->{data} ? unpack('n', $f->{data}) : 0;
            return undef;
        }
        return $json->decode($f->{data}) if $f->{op} == CC::WebSocket::TEXT;
        next if $f->{op} != CC::WebSocket::BINARY;
        die "a binary message without a header\n" if length $f->{data} < 24;
        my %p;
        @p{qw(version stream flags channel offset seq data)}
            = unpack 'CCnNQ>Q>a*', $f->{data};
        return { packet => \%p };
    }
}

# the first message for which the predicate is true; the others stay queued
sub wait_for {
    my ($self, $is, $timeout) = @_;
    my $deadline = time + ($timeout // $CC::WebSocket::TIMEOUT);
    my $queue = $self->{queue};
    for my $i (0 .. $#$queue) {
        return splice @$queue, $i, 1 if $is->($queue->[$i]);
    }
    while (my $m = $self->receive($deadline - time)) {
        return $m if $is->($m);
        push @$queue, $m;
    }
    return undef;
}

sub answer {
    my ($self, $id, $timeout) = @_;
    return $self->wait_for(sub {
        exists $_[0]{id} && defined $_[0]{id} && $_[0]{id} eq $id }, $timeout);
}

sub notification {
    my ($self, $method, $timeout) = @_;
    return $self->wait_for(
        sub { ($_[0]{method} // '') eq $method }, $timeout);
}

sub call {
    my ($self, $method, $params, %o) = @_;
    return $self->answer($self->send($method, $params, %o));
}

# What the owner has (list, scope "owner"): the result.  A helper that has not
# answered in time leaves it partial; then it is asked again, for half a minute.
sub owned {
    my ($self, %o) = @_;
    my $until = time + 30;
    my $r;
    do {
        $r = $self->call('list', { scope => 'owner', %o })->{result};
    } while ($r && $r->{partial} && time < $until);
    return $r;
}

# Runs a command to its end.  Returns { answer, started, stdout, stderr,
# output => [notifications], error, completed, order => [what came] }; decodes
# base64; of binary messages "output" has the headers.  Option "each": a sub for every message.
sub run {
    my ($self, $params, %o) = @_;
    $params = { command => $params } unless ref $params;
    my $id = $self->send('execute', $params);
    my %r = (stdout => '', stderr => '', output => [], order => []);
    my $base64 = ($params->{encoding} // '') eq 'base64';
    while (my $m = $self->next($o{timeout})) {
        $o{each}->($m) if $o{each};
        if (my $p = $m->{packet}) {
            $r{ $p->{stream} == 2 ? 'stderr' : 'stdout' } .= $p->{data};
            $p->{length} = length delete $p->{data};
            push @{ $r{output} }, $p unless $o{lean};
            push @{ $r{order} }, 'packet' unless $o{lean};
            next;
        }
        my $method = $m->{method} // 'answer';
        push @{ $r{order} }, $method;
        if ($method eq 'answer') {
            $r{answer} = $m;
            return \%r if $m->{error};
        } elsif ($method eq 'process.output') {
            my $p = $m->{params};
            my $data = $base64 ? decode_base64($p->{data}) : $p->{data};
            utf8::encode($data) unless $base64;
            $r{ $p->{type} } .= $data;
            push @{ $r{output} }, $p unless $o{lean};
            pop @{ $r{order} } if $o{lean};
        } elsif ($method eq 'process.started') {
            $r{started} = $m->{params};
        } elsif ($method eq 'process.error') {
            $r{error} = $m->{params};
        } elsif ($method eq 'process.completed') {
            $r{completed} = $m->{params};
            return \%r;
        }
    }
    return \%r;
}

sub close { my ($self) = @_; $self->{ws}->close; return }

1;
