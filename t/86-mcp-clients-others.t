# MCP clients of others, all at once: libraries, bridges, command lines, curl over
# HTTP/1.0, 1.1 and 2, two of WebSocket; each lists, calls, fails, shows progress,
# takes 1 MB, cancels a tree of processes, and says nothing that a user would take
# for an error.
#
# tags:

use strict;
use warnings;

use Test::More;
use CC::Nginx;

my $root = $CC::Nginx::ROOT;
my $from = "$root/build/mcp";
my $node = "$from/node_modules/.bin/node";

my $t = CC::Nginx->new(workers => 4,
    server => 'listen 127.0.0.1:%%PORT_2%% http2;'
        . ' location /token { cc_executor on; cc_executor_allow any;'
        . ' cc_executor_shell /bin/sh; cc_executor_token_file %%DIR%%/tokens; }',
    http => 'cc_executor_helpers min=4 max=32;');
my $dir = $t->dir;
chomp(my $token = `$root/conf/cc-token test '$dir/tokens'`);
mkdir "$dir/home";
$t->start;

my $http = 'http://127.0.0.1:' . $t->port . '/ws/mcp';
my $ws = 'ws://127.0.0.1:' . $t->port . '/ws/mcp';
my $mark = 490000000 + $$ % 100000 * 100;

sub client {
    my ($name, $expected, @command) = @_;
    my %c = (name => $name, mark => $mark++, expected => $expected);
    open $c{out}, '-|', 'sh', '-c', 'exec "$@" 2>&1', 'sh', 'env', "HOME=$dir/home",
        "CC_MARK=$c{mark}", 'NO_COLOR=1', 'timeout', 300, $node, "$from/client.mjs",
        @command or die "$name: $!";
    return \%c;
}

# what users read as a failure, wherever it stands
my $alarming = qr/error|warn|fail|invalid|unexpected|refused|exception|denied|unsupported
    |not \s supported|reject|timed? \s? out|abort/xi;

# its checks as ours; and nothing of it runs any more
sub finished {
    my ($c, $known) = @_;
    my ($n, $done, @alarming) = (0, 0);
    while (my $line = readline $c->{out}) {
        chomp $line;
        if ($line =~ /^(not )?ok - (.*?)(?: # TODO (.*))?$/) {
            local our $TODO = $3;
            ok(!$1, "$c->{name}: $2");
            $n++;
        } elsif ($line eq 'done') {
            $done = 1;
        } else {
            note "$c->{name}: $line";
            push @alarming, $line if $line =~ $alarming && !($known && $line =~ $known);
        }
    }
    ok(close $c->{out}, "$c->{name}: no failure");
    ok($done, "$c->{name}: to the end");
    is($n, $c->{expected}, "$c->{name}: every check has been made");
    is(join("\n", @alarming), '', "$c->{name}: says nothing that looks like an error");
    ok($t->wait_until(sub {
        !grep { CC::Nginx::title($_) =~ /^sleep $c->{mark}\b/ }
            map { m{/proc/(\d+)} } glob '/proc/[0-9]*' }, 15),
        "$c->{name}: no command is left");
    return;
}

my $remote = "$from/node_modules/mcp-remote/dist/proxy.js";
my $gateway = "$from/node_modules/supergateway/dist/index.js";

my @clients = (
    client('mcp-remote', 12, 'bridge', $http, 'legacy', $node, $remote, $http),
    client('mcp-remote, auto', 12, 'bridge', $http,
        'mcp-remote does not end the stream of a call that it is told to cancel',
        $node, $remote, $http, '--protocol', 'auto'),
    client('supergateway', 10, 'bridge', $http, 'legacy', $node, $gateway,
        '--streamableHttp', $http, '--logLevel', 'none'),
    client('@ai-sdk/mcp', 10, '@ai-sdk/mcp', $http),
    client('@openai/agents', 10, '@openai/agents', $http),
    client('@langchain/mcp-adapters', 11, '@langchain/mcp-adapters', $http),
    client('mcporter', 10, 'mcporter', $http),
    client('Inspector', 9, 'inspector', $http, 'auto'),
    client('python3-websockets', 12, 'bridge', $ws, '-', '/usr/bin/python3',
        "$from/websocket.py", $ws),
    client('wscat', 12, 'wscat', $ws),
    client('rpc-websockets', 11, 'rpc-websockets', $ws),
    client('curl, HTTP/1.0', 12, 'curl', $http =~ s{/ws/mcp}{/token}r, '--http1.0',
        '-H', "Authorization: Bearer $token"),
    client('curl, HTTP/1.1', 12, 'curl', $http, '--http1.1'),
    client('curl, HTTP/2', 12, 'curl', 'http://127.0.0.1:' . $t->port(2) . '/ws/mcp',
        '--http2-prior-knowledge'),
);

for my $c (@clients) {
    # the Inspector says with an exit code and a line that the tool failed, as it did
    finished($c, $c->{name} eq 'Inspector' ? qr/"code":"tool_is_error"|portability: 0 errors$/ : undef);
}

$t->finish;
done_testing;
