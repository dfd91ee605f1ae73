# MCP clients that we did not write: the official SDK 1.x and 2.x, the Inspector,
# the conformance suite; with one worker and with four, with TLS once.
#
# tags: asan coverage

use strict;
use warnings;

use Test::More;
use CC::McpClients qw(client finished $FROM $NODE);
use CC::Nginx;

sub server {
    my ($workers) = @_;
    my $t = CC::Nginx->new(workers => $workers,
        server => 'listen 127.0.0.1:%%PORT_2%% ssl http2;'
            . ' ssl_certificate %%DIR%%/cert.pem;'
            . ' ssl_certificate_key %%DIR%%/key.pem;');
    my $dir = $t->dir;
    system("openssl req -x509 -newkey rsa:2048 -nodes -days 2"
        . " -subj /CN=localhost -addext subjectAltName=DNS:localhost"
        . " -keyout $dir/key.pem -out $dir/cert.pem 2>/dev/null") == 0
        or die "no certificate";
    mkdir "$dir/home";
    return $t->start;
}

# a program that is asked once: what it said, and its exit code
sub asked {
    my (@command) = @_;
    open my $out, '-|', 'sh', '-c', 'exec "$@" 2>&1', 'sh', 'timeout', 300, $NODE,
        @command or die "$command[0]: $!";
    return sub {
        my $text = do { local $/; readline $out };
        close $out;
        return ($text, $?);
    };
}

# all of them run at once

my ($one, $four) = (server(1), server(4));
my @clients;

for ([$one, 'one worker'], [$four, 'four workers']) {
    my ($t, $name) = @$_;
    my $at = '127.0.0.1:' . $t->port . '/ws/mcp';
    push @clients,
        client($t, "SDK 1.x, WebSocket, $name", 24, "$FROM/sdk1.mjs", 'ws',
            "ws://$at"),
        client($t, "SDK 1.x, HTTP, $name", 25, "$FROM/sdk1.mjs", 'http',
            "http://$at"),
        client($t, "SDK 2.x, auto, $name", 21, "$FROM/sdk2.mjs", 'auto',
            "http://$at");
}

my $url = 'http://127.0.0.1:' . $four->port . '/ws/mcp';
my $tls = 'localhost:' . $four->port(2) . '/ws/mcp';
push @clients,
    client($four, 'SDK 1.x, WebSocket, TLS', 24, "$FROM/sdk1.mjs", 'ws',
        "wss://$tls"),
    client($four, 'SDK 2.x, modern, TLS', 21, "$FROM/sdk2.mjs", 'modern',
        "https://$tls"),
    client($four, 'SDK 2.x, legacy', 21, "$FROM/sdk2.mjs", 'legacy', $url);

$ENV{HOME} = $four->dir . '/home';
my %inspector = map { $_ => asked("$FROM/node_modules/.bin/mcp-inspector", '--cli',
    $url, qw(--transport http --protocol-era), $_, qw(--method tools/call
    --tool-name execute --tool-arg), 'command=echo inspected') }
    qw(legacy auto modern);
my %conformance = map { $_ => asked("$FROM/node_modules/.bin/conformance", 'server',
    '--url', $url, qw(--suite all --spec-version), $_, '--expected-failures',
    "$FROM/conformance-$_.yml") } qw(2025-11-25 2026-07-28);

finished($_) for @clients;

for my $era (sort keys %inspector) {
    my ($out, $status) = $inspector{$era}->();
    is($status, 0, "Inspector, $era");
    like($out, qr/"stdout": "inspected\\n"/, "Inspector, $era: the result")
        or diag $out;
    unlike($out, qr/warning/i, "Inspector, $era: and no warning");
}

for my $version (sort keys %conformance) {
    my ($out, $status) = $conformance{$version}->();
    is($status, 0, "conformance, $version: nothing unexpected") or diag $out;
    my ($passed) = $out =~ /^Total: (\d+) passed/m;
    ok(($passed // 0) >= 35, "conformance, $version: checks passed")
        or diag $passed // $out;
}

$one->finish;
$four->finish;
done_testing;
