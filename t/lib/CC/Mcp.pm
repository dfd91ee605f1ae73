package CC::Mcp;

# MCP over a WebSocket (subprotocol mcp): requests, answers, notifications;
# messages that come in fragments are put together.

use strict;
use warnings;

use JSON::PP ();
use Time::HiRes qw(time);

use CC::Client;
use CC::WebSocket;

# the queue of messages that came, and who waits for which, are the same

our @ISA = 'CC::Client';

our $json = eval { require JSON::XS; JSON::XS->new->utf8->canonical }
    || JSON::PP->new->utf8->canonical;

our $MODERN = '2026-07-28';

sub new {
    my ($class, %o) = @_;
    my $ws = CC::WebSocket->new(%o, headers => {
        'Sec-WebSocket-Protocol' => 'mcp', %{ $o{headers} // {} } });
    return bless { ws => $ws, seq => 0, queue => [], fragments => 0 }, $class;
}

# the _meta of a modern request, more members may be given
sub meta {
    my (%more) = @_;
    return {
        'io.modelcontextprotocol/protocolVersion' => $MODERN,
        'io.modelcontextprotocol/clientCapabilities' => {},
        %more,
    };
}

# sends a request and returns its id
sub send {
    my ($self, $method, $params, %o) = @_;
    my $id = exists $o{id} ? $o{id} : ++$self->{seq};
    $self->raw($json->encode({ jsonrpc => '2.0', method => $method,
        ($params ? (params => $params) : ()), ($o{notify} ? () : (id => $id))
    }));
    return $id;
}

sub receive {
    my ($self, $timeout) = @_;
    my $deadline = time + ($timeout // $CC::WebSocket::TIMEOUT);
    my $text = delete $self->{begun} // '';
    while (1) {
        my $f = $self->{ws}->read_frame($deadline - time);
        if (!$f) {
            $self->{begun} = $text;
            return undef;
        }
        if ($f->{op} == CC::WebSocket::PING) {
            $self->{ws}->send_frame(CC::WebSocket::PONG, $f->{data});
        } elsif ($f->{op} == CC::WebSocket::CLOSE) {
            $self->{closed} = length $f->{data} ? unpack('n', $f->{data}) : 0;
            return undef;
        } elsif ($f->{op} == CC::WebSocket::TEXT || $f->{op} == 0) {
            die "a message inside another\n"
                if ($f->{op} == 0) != (length $text > 0);
            $text .= $f->{data};
            $self->{fragments}++ unless $f->{fin};
            next unless $f->{fin};
            $self->{text} = $text;
            return $json->decode($text);
        }
    }
}

sub call {
    my ($self, $method, $params, %o) = @_;
    return $self->answer($self->send($method, $params, %o), $o{timeout});
}

sub initialize {
    my ($self, $version) = @_;
    my $m = $self->call('initialize', {
        protocolVersion => $version // '2025-11-25', capabilities => {},
        clientInfo => { name => 'test', version => '1' } });
    $self->send('notifications/initialized', undef, notify => 1);
    return $m;
}

# the request of a tools/call of execute
sub execute_params {
    my ($arguments, %meta) = @_;
    $arguments = { command => $arguments } unless ref $arguments;
    return { name => 'execute', arguments => $arguments,
        (%meta ? (_meta => \%meta) : ()) };
}

sub execute {
    my ($self, $arguments, %meta) = @_;
    return $self->call('tools/call', execute_params($arguments, %meta));
}

1;
