package CC::Resume;

# A client of legacy MCP sessions that comes back: calls whose stream is cut
# wherever one likes, and taken up with the id of its last event.

use strict;
use warnings;

use Exporter qw(import);
use Time::HiRes qw(time);
use CC::Http;
use CC::Mcp;

our @EXPORT_OK = qw(http session begin resume events answer until_primed cut
    cancel delete_);

my $json = $CC::Mcp::json;

# every request has a connection of its own, so any worker may get it
sub http {
    my ($t, %o) = @_;
    return CC::Http->new(port => $t->port, path => $o{path} // '/ws/mcp',
        room => $o{room});
}

sub session {
    my ($t, %o) = @_;
    my $h = http($t, %o);
    my $r = $h->post({ jsonrpc => '2.0', id => 'init', method => 'initialize',
        params => { protocolVersion => $o{version} // '2025-11-25' } });
    $h->close;
    return $r->{head} =~ /^Mcp-Session-Id: (.*?)\r$/mi ? $1 : undef;
}

# sends a call and returns its connection
sub begin {
    my ($t, $session, $id, $command, %o) = @_;
    my $h = http($t, %o);
    my %meta = $o{token} ? (progressToken => $o{token}) : ();
    $h->send({ jsonrpc => '2.0', id => $id, method => 'tools/call', params =>
        CC::Mcp::execute_params($command, %meta) },
        headers => { ($session ? ('Mcp-Session-Id' => $session) : ()),
            %{ $o{headers} // {} } });
    return $h;
}

# GET with the id of an event: its connection, and the head of the answer
sub resume {
    my ($t, $session, $event, %o) = @_;
    my $h = http($t, %o);
    $h->write($h->head(method => 'GET', headers => { Accept =>
        'text/event-stream', 'Content-Type' => undef,
        (defined $session ? ('Mcp-Session-Id' => $session) : ()),
        (defined $event ? ('Last-Event-ID' => $event) : ()),
        %{ $o{headers} // {} } }));
    return ($h, $h->read_head);
}

# the events of a stream up to its end, or to the first that "enough" likes:
# { id, retry, data (decoded, or undef) }
sub events {
    my ($h, $enough) = @_;
    my $r = $h->{answer} // $h->read_head // return;
    my @events;
    while (1) {
        while ($r->{data} =~ s/^(.*?)\n\n//s) {
            my $text = $1;
            next if $text =~ /^:/;
            my %e;
            $e{$1} = $2 while $text =~ /^(\w+): ?(.*)$/mg;
            $e{data} = length $e{data} ? $json->decode($e{data}) : undef;
            push @events, \%e;
            return @events if $enough && $enough->(\%e);
        }
        return @events if !$h->read_some;
    }
}

sub until_primed { my ($h) = @_; return events($h, sub { $_[0]{id} }) }

# the answers of events
sub answer { return map { $_->{data} } grep { $_->{data} && exists $_->{data}{id} }
    @_ }

sub cut { $_->close for @_; return }

sub cancel {
    my ($t, $session, $id, %o) = @_;
    my $h = http($t, %o);
    my $r = $h->post({ jsonrpc => '2.0', method => 'notifications/cancelled',
        params => { requestId => $id } },
        headers => { 'Mcp-Session-Id' => $session });
    $h->close;
    return $r->{status};
}

sub delete_ {
    my ($t, $session, %o) = @_;
    my $h = http($t, %o);
    my $r = $h->post('', method => 'DELETE', headers => {
        'Content-Type' => undef, 'Mcp-Session-Id' => $session });
    $h->close;
    return $r->{status};
}

1;
