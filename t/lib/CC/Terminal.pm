package CC::Terminal;

# A command on a terminal, and what its screen would show.

use strict;
use warnings;

use MIME::Base64 qw(decode_base64 encode_base64);
use Time::HiRes qw(time);

# Starts it on a client; params as of execute.  Dies when it does not start.
sub new {
    my ($class, $client, $params) = @_;
    $params = { command => $params } unless ref $params;
    my $m = $client->call('execute', { tty => {}, encoding => 'base64',
        %$params });
    die "not started: $m->{error}{message}\n" if $m->{error};
    return bless { client => $client, id => $m->{result}{execution_id},
        pid => $m->{result}{pid}, shown => '', all => '', offset => 0 },
        $class;
}

sub is_mine {
    my ($self, $m) = @_;
    return ($m->{params}{execution_id} // '') eq $self->{id};
}

# one message of its life; what it shows is kept
sub step {
    my ($self, $timeout) = @_;
    my $m = $self->{client}->wait_for(sub { $self->is_mine($_[0])
        && $_[0]{method} =~ /^process\.(output|completed|error)$/ },
        $timeout // $CC::WebSocket::TIMEOUT) or return;
    my $p = $m->{params};
    if ($m->{method} eq 'process.output') {
        my $data = decode_base64($p->{data});
        die "a terminal has one stream\n" if $p->{type} ne 'stdout';
        die "a hole at $p->{offset}\n" if $p->{offset} != $self->{offset};
        $self->{offset} = $p->{next};
        $self->{shown} .= $data;
        $self->{all} .= $data unless $self->{lean};
    } elsif ($m->{method} eq 'process.completed') {
        $self->{completed} = $p;
    }
    return $m;
}

# waits until what is shown matches; returns it up to the end of the match and
# keeps the rest, or undef
sub expect {
    my ($self, $re, $timeout) = @_;
    my $deadline = time + ($timeout // $CC::WebSocket::TIMEOUT);
    while (1) {
        return substr $self->{shown}, 0, $+[0], '' if $self->{shown} =~ $re;
        my $left = $deadline - time;
        return undef if $left <= 0 || $self->{completed} || !$self->step($left);
    }
}

# types bytes; returns the result or the error
sub type {
    my ($self, $bytes, %o) = @_;
    my $m = $self->{client}->call('input', { execution_id => $self->{id},
        (length $bytes ? (data_base64 => encode_base64($bytes, '')) : ()),
        %o });
    return $m->{result} // $m->{error};
}

sub call {
    my ($self, $method, %o) = @_;
    return $self->{client}->call($method,
        { execution_id => $self->{id}, %o });
}

# until its end: process.completed, or undef
sub end {
    my ($self, $timeout) = @_;
    my $deadline = time + ($timeout // $CC::WebSocket::TIMEOUT);
    while (!$self->{completed}) {
        $self->step($deadline - time) or return undef;
    }
    return $self->{completed};
}

1;
