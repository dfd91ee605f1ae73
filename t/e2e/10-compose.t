# The compose file: one container behind a port of 127.0.0.1, on the bridge
# network, with a token.

use strict;
use warnings;

use JSON::PP qw(decode_json);
use Test::More;
use CC::Container;
use CC::Http;
use CC::Mcp;

plan skip_all => 'there is no bridge network' unless CC::Container::bridge();

my $t = CC::Container->new(compose => 1, token => 1,
    env => { ALLOWED_COMMANDS => 'any', MEMORY => '512m', CPUS => '1.5' });
$t->start;
ok($t->healthy, 'it gets healthy behind the published port')
    or BAIL_OUT($t->{why});

# how it is run

is($t->inspect('.HostConfig.NetworkMode'), 'bridge', 'on a bridge network');
is($t->inspect('.HostConfig.ReadonlyRootfs'), 'true', 'read-only root');
is($t->inspect('.HostConfig.RestartPolicy.Name'), 'unless-stopped',
    'restart policy');
is($t->inspect('.HostConfig.Memory'), 512 << 20, 'memory limit');
like($t->inspect('.HostConfig.PortBindings'), qr/\{127\.0\.0\.1 $t->{port}\}/,
    'published on 127.0.0.1');
is($t->inspect('.Config.StopSignal'), 3, 'stop signal QUIT');
like($t->logs, qr{^cc-executor: clients need a token of /run/secrets/}m,
    'it says that a token is needed');

is(decode_json($t->inspect('json .Config.Labels'))
    ->{"org.opencontainers.image.$_->[0]"}, $_->[1], "label $_->[0]")
    for ['title', 'cc-executor'], ['licenses', 'BSD-2-Clause'],
        ['version', $t->health->{version}];

# health

my $h = $t->health;
is("$h->{status} $h->{service} $h->{workers} $h->{max_sessions}",
    'healthy cc_executor 2 100', 'health');
is($t->get('/healthz')->{content}, "ok\n", 'healthz');
like($t->get('/metrics')->{content}, qr/^cc_executor_healthy 1$/m, 'metrics');
is($t->podman('healthcheck', 'run', $t->{container}) . $?, '0',
    'the health check of the image');

# tokens

for my $case (['none', undef], ['a wrong one', 'Bearer ' . 'x' x 43],
    ['a prefix', 'Bearer ' . substr $t->{secret}, 0, 42])
{
    my ($name, $value) = @$case;
    my $ws = CC::WebSocket->new(port => $t->{port},
        headers => { Authorization => $value });
    is($ws->{status}, 401, "token: $name");
}
my $c = $t->client;
is($c->ws->{status}, 101, 'with the token') or BAIL_OUT($t->logs);

# pages and names

is($t->client(headers => { Host => 'evil.example' })->ws->{status}, 421,
    'another name');
is($t->client(headers => { Host => "cc-executor:$t->{port}" })->ws->{status},
    101, 'its own name');
is($t->client(headers => { Origin => 'http://evil.example' })->ws->{status},
    403, 'a page from elsewhere');
is($t->client(headers => { Origin => "http://localhost:$t->{port}" })
    ->ws->{status}, 101, 'a page of its own');

# who commands are, and what they reach

sub out { my $r = $c->run($_[0]); return $r->{stdout} . $r->{stderr} }

is(out('id -u; id -g; pwd'), "1234\n1234\n/workspace\n", 'user and place');
is(out('grep -c "^Cap.*:\s0*$" /proc/self/status'), "5\n", 'no capability');
is(out('cat /proc/1/comm'), "tini\n", 'an init that reaps');
is(out('grep NoNewPrivs /proc/self/status'), "NoNewPrivs:\t1\n",
    'no new privileges');
like(out('touch /etc/x /usr/x /home/executor/x'),
    qr/^(?:touch: cannot touch .*: Read-only file system\n){3}$/,
    'the root is read-only');
is(out('echo tmp > /tmp/x && cat /tmp/x'), "tmp\n", '/tmp can be written');
like(out('git --version'), qr/^git version/, 'git is there');
is(out('git init -q . && echo one > a && git add a && git -c user.name=x'
    . ' -c user.email=x@x commit -qm one && git log --format=%s'), "one\n",
    'git works');

# the workspace is the host's

is($t->slurp('workspace/a'), "one\n", 'the host sees the file');
is((stat "$t->{dir}/workspace/a")[4], $CC::Container::UID, 'and its owner');
open my $f, '>', "$t->{dir}/workspace/b" or die $!;
print $f "from the host\n";
close $f;
is(out('cat b'), "from the host\n", 'the container sees a file of the host');

# MCP clients

my %bearer = (Authorization => "Bearer $t->{secret}");
my %call = (jsonrpc => '2.0', id => 1, method => 'tools/call',
    params => CC::Mcp::execute_params('echo by MCP; exit 4'));
for my $path (qw(/mcp /ws/mcp)) {
    my $http = CC::Http->new(port => $t->{port}, path => $path);
    is($http->post(\%call)->{status}, 401, "POST $path: no token");
    $http = CC::Http->new(port => $t->{port}, path => $path);
    my $r = $http->post(\%call, headers => \%bearer)->{message}{result};
    is($r->{structuredContent}{stdout}, "by MCP\n", "POST $path");
    is($r->{structuredContent}{exit_code}, 4, "POST $path: exit code");
}
my $mcp = CC::Mcp->new(port => $t->{port}, headers => \%bearer);
$mcp->initialize;
is($mcp->execute('cat b')->{result}{structuredContent}{stdout},
    "from the host\n", 'MCP over a WebSocket');
$mcp->close;

# logs

like($t->slurp('logs/audit.log'), qr/git init/, 'the audit log is on the host')
    or diag out('ls -la /var/log/cc-executor');
$c->close;
ok($t->wait_until(sub { $t->logs =~ /"dialect":"native"/ }),
    'the access log is in the logs of the container');
my @json = $t->logs =~ /^(\{.*)\n/mg;
is((grep { !eval { decode_json($_) } } @json), 0, 'each line is JSON');
unlike($t->logs . $t->slurp('logs/audit.log'), qr/\Q$t->{secret}/,
    'no log has the token');

# a second container of the same network, by name

my $there = "ws://cc-executor:$t->{port}/ws/mcp";
my @second = ('run', '--rm', '--no-healthcheck', '--network', $t->{network},
    '-v', "$CC::Container::ROOT/build:/b:ro", '--entrypoint', '/b/cc-run');
like($t->podman(@second, CC::Container::image(), $there, '--', 'hostname'),
    qr/401/, 'from a second container, without token');
is($t->podman(@second, '-e', "CC_TOKEN=$t->{secret}", CC::Container::image(),
    $there, '--', 'echo from there; id -u'), "from there\n1234\n",
    'from a second container, with it');

done_testing();
