# MCP clients of others, all at once: libraries, bridges, command lines, curl over
# HTTP/1.0, 1.1 and 2, two of WebSocket; each lists, calls, fails, shows progress,
# takes 1 MB, cancels a tree of processes, and says nothing that a user would take
# for an error.
#
# tags:

use strict;
use warnings;

use Test::More;
use CC::McpClients qw(client finished $FROM $NODE);
use CC::Nginx;

my $root = $CC::Nginx::ROOT;

my $t = CC::Nginx->new(workers => 4,
    server => 'listen 127.0.0.1:%%PORT_2%% http2;'
        . ' location /token { cc_executor on; cc_executor_allow any;'
        . ' cc_executor_shell /bin/sh; cc_executor_token_file %%DIR%%/tokens; }',
    http => 'cc_executor_helpers min=4 max=32; cc_executor_resume 1s;');
my $dir = $t->dir;
chomp(my $token = `$root/conf/cc-token test '$dir/tokens'`);
mkdir "$dir/home";
$t->start;

my $http = 'http://127.0.0.1:' . $t->port . '/ws/mcp';
my $ws = 'ws://127.0.0.1:' . $t->port . '/ws/mcp';

sub program {
    my ($name, $expected, @arguments) = @_;
    return client($t, $name, $expected, "$FROM/client.mjs", @arguments);
}

# what users read as a failure, wherever it stands
my $alarming = qr/error|warn|fail|invalid|unexpected|refused|exception|denied|unsupported
    |not \s supported|reject|timed? \s? out|abort/xi;

my $remote = "$FROM/node_modules/mcp-remote/dist/proxy.js";
my $gateway = "$FROM/node_modules/supergateway/dist/index.js";

my @clients = (
    program('mcp-remote', 12, 'bridge', $http, '-', $NODE, $remote, $http),
    program('mcp-remote, auto', 12, 'bridge', $http,
        'mcp-remote does not end the stream of a call that it is told to cancel',
        $NODE, $remote, $http, '--protocol', 'auto'),
    program('supergateway', 10, 'bridge', $http, '-', $NODE, $gateway,
        '--streamableHttp', $http, '--logLevel', 'none'),
    program('@ai-sdk/mcp', 10, '@ai-sdk/mcp', $http),
    program('@openai/agents', 10, '@openai/agents', $http),
    program('@langchain/mcp-adapters', 11, '@langchain/mcp-adapters', $http),
    program('mcporter', 10, 'mcporter', $http),
    program('Inspector', 9, 'inspector', $http, 'auto'),
    program('python3-websockets', 12, 'bridge', $ws, '-', '/usr/bin/python3',
        "$FROM/websocket.py", $ws),
    program('wscat', 12, 'wscat', $ws),
    program('rpc-websockets', 11, 'rpc-websockets', $ws),
    program('curl, HTTP/1.0', 12, 'curl', $http =~ s{/ws/mcp}{/token}r, '--http1.0',
        '-H', "Authorization: Bearer $token"),
    program('curl, HTTP/1.1', 12, 'curl', $http, '--http1.1'),
    program('curl, HTTP/2', 12, 'curl', 'http://127.0.0.1:' . $t->port(2) . '/ws/mcp',
        '--http2-prior-knowledge'),
);

for my $c (@clients) {
    # the Inspector says with an exit code and a line that the tool failed, as it did
    my @said = finished($c);
    @said = grep { !/"code":"tool_is_error"|portability: 0 errors$/ } @said
        if $c->{name} eq 'Inspector';
    is(join("\n", grep { $_ =~ $alarming } @said), '',
        "$c->{name}: says nothing that looks like an error");
}

$t->finish;
done_testing;
