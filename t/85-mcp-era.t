# Which era of MCP a request belongs to, and what is refused for it: the requests of
# t/cases/mcp-era.jsonl, to us and to the official reference server; then the same
# over a WebSocket, where there are no headers.
#
# tags: coverage

use strict;
use warnings;

use Test::More;
use CC::Cases qw(cases);
use CC::Http;
use CC::Mcp;
use CC::Nginx;

my $from = "$CC::Nginx::ROOT/build/mcp";
my @legacy = qw(2025-11-25 2025-06-18 2025-03-26 2024-11-05 2024-10-07);

my $pid = open my $reference, '-|', 'timeout', 300,
    "$from/node_modules/.bin/node", "$from/reference.mjs"
    or die "the reference server: $!";

my $t = CC::Nginx->new->start;

my $port = readline $reference;
like($port // '', qr/^\d+$/, 'the reference server runs') or BAIL_OUT('no reference');
chomp $port;

# a case as a message: the text, and its headers
sub message {
    my ($case) = @_;
    my %headers = (%{ $case->{headers} // {} },
        (exists $case->{version}
            ? ('MCP-Protocol-Version' => $case->{version}) : ()));
    return ($case->{body}, \%headers) if exists $case->{body};
    my %meta = (exists $case->{claim} ? (
        'io.modelcontextprotocol/protocolVersion' => $case->{claim},
        'io.modelcontextprotocol/clientCapabilities' => {}) : ());
    for my $name (keys %{ $case->{meta} // {} }) {
        $meta{ $name =~ s/^@/io.modelcontextprotocol\//r } = $case->{meta}{$name};
    }
    my %params = (%{ $case->{params} // {} }, (%meta ? (_meta => \%meta) : ()));
    return ({ jsonrpc => '2.0', method => $case->{method},
        (%params ? (params => \%params) : ()),
        exists $case->{id} && !defined $case->{id} ? () : (id => $case->{id} // 1),
    }, \%headers);
}

# what a server says to it: status, code or undef, and the whole answer
sub verdict {
    my ($case, $port, $path) = @_;
    my ($body, $headers) = message($case);
    my $h = CC::Http->new(port => $port, path => $path);
    my $r = $h->post($body, headers => $headers, timeout => 20);
    $h->close;
    return ($r->{status}, ($r->{message} // {})->{error}{code}, $r->{message});
}

my @cases = cases('mcp-era');
cmp_ok(scalar @cases, '>=', 60, 'as many cases as there are to compare');

for my $case (@cases) {
    my $name = "$case->{name} (line $case->{line})";
    my ($status, $code, $m) = verdict($case, $t->port, '/ws/mcp');
    my @want = ($case->{status}, $case->{code});
    is_deeply([$status, $code], \@want, $name) or diag explain $m;
    if ($case->{era}) {
        is(exists $m->{result}{resultType} ? 'modern' : 'legacy', $case->{era},
            "$name: it is $case->{era}");
    }
    if ($case->{supported}) {
        is_deeply($m->{error}{data}{supported},
            $case->{supported} eq 'modern' ? ['2026-07-28'] : \@legacy,
            "$name: it names the $case->{supported} versions");
    }
    if (defined $code && ref((message($case))[0])) {
        is($m->{id}, exists $case->{id} ? $case->{id} : 1, "$name: with its id");
    }
    my ($theirs, $their_code, $why) = @{ $case->{reference} // [@want] };
    my @got = verdict($case, $port, '/mcp');
    is_deeply([@got[0, 1]], [$theirs, $their_code],
        $why ? "$name: the reference server differs ($why)"
            : "$name: the reference server says the same") or diag explain $got[2];
}

# over a WebSocket _meta alone decides, and one connection may carry both

my $c = CC::Mcp->new(port => $t->port);
is($c->initialize('2025-12-01')->{result}{protocolVersion}, '2025-11-25',
    'WebSocket: an unknown version is negotiated');
my $m = $c->call('tools/list', { _meta => CC::Mcp::meta() });
is($m->{result}{resultType}, 'complete', 'a modern request on the same connection');
$m = $c->call('tools/list', { _meta => { progressToken => 1 } });
ok(!exists $m->{result}{resultType}, 'and one of the old era again');
$m = $c->call('tools/list', { _meta => {
    'io.modelcontextprotocol/protocolVersion' => '2026-07-28' } });
is($m->{error}{code}, -32602, 'half a claim is refused');
$m = $c->call('initialize', { protocolVersion => '2025-06-18', _meta => CC::Mcp::meta() });
is($m->{error}{code}, -32601, 'initialize does not exist in the new era');
$m = $c->call('tools/list', { _meta => CC::Mcp::meta(
    'io.modelcontextprotocol/protocolVersion' => '2025-11-25') });
is($m->{error}{code}, -32022, 'a version of the handshake in _meta');
$c->close;

kill 'TERM', $pid;
close $reference;
$t->finish;
done_testing;
