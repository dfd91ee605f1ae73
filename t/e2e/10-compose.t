# The compose file: one container behind a port of 127.0.0.1, on the bridge
# network, with a token; nginx and commands are different users, and what that
# keeps commands from.

use strict;
use warnings;

use JSON::PP qw(decode_json);
use Test::More;
use CC::Container;
use CC::Http;
use CC::Mcp;

plan skip_all => 'there is no bridge network' unless CC::Container::bridge();

my $t = CC::Container->new(compose => 'compose', token => 1,
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
like($t->logs, qr/^cc-executor: nginx runs as www-data, commands as executor \(uid 1000\)$/m,
    'and who is who');
unlike($t->logs, qr/^cc-executor: (?!nginx runs|clients)/m, 'and nothing else');

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

my $uid = $CC::Container::APART;
is(out('id -u; id -g; id -G; pwd'), "$uid\n$uid\n$uid\n/workspace\n", 'user and place');
is(out('grep -c "^Cap\(Inh\|Prm\|Eff\|Amb\).*:\s0*$" /proc/self/status'), "4\n",
    'no capability');
my ($bound) = out('grep CapBnd /proc/self/status') =~ /([0-9a-f]+)$/;
is(hex($bound) & ~0xe1, 0, 'CapBnd: CHOWN KILL SETGID SETUID at most');
my $nginx = 'for p in $(grep -l "nginx: %s p[r]ocess" /proc/[0-9]*/cmdline | cut -d/ -f3);'
    . ' do grep ^Uid: /proc/$p/status | cut -f2; grep ^CapPrm: /proc/$p/status; done | sort -u';
is($t->exec('bash', '-c', sprintf $nginx, 'worker'), "33\nCapPrm:\t0000000000000000\n",
    'the workers are www-data, without any');
is($t->exec('bash', '-c', sprintf $nginx, 'master'), "0\nCapPrm:\t00000000000000e1\n",
    'the master is root, with these four');

# what they can do to nginx and its files: nothing, as a command (which has a fence, too)
# and as anything else of their user

my $attacks = <<'EOA';
others=0
for p in /proc/[0-9]*; do
    [ "$(stat -c %u $p 2> /dev/null || echo $UID)" != $UID ] || continue
    others=$(( others + 1 ))
    ! kill -0 ${p#/proc/} 2> /dev/null || echo "a signal to $p"
    ! (< $p/environ) 2> /dev/null || echo "$p/environ"
    ! (< $p/mem) 2> /dev/null || echo "$p/mem"
    ! ls $p/fd > /dev/null 2>&1 || echo "$p/fd"
done
for f in /run/secrets/cc_executor_token /var/log/cc-executor/audit.log \
    /var/lib/cc-executor/nginx.conf; do
    [ -e $f ] || echo "no $f"
    ! (< $f) 2> /dev/null || echo "reads $f"
    ! (>> $f) 2> /dev/null || echo "writes $f"
    ! mv $f $f.x 2> /dev/null || echo "moves $f"
done
for d in /var/log/cc-executor /var/lib/cc-executor/runtime; do
    ! touch $d/x 2> /dev/null || echo "writes $d"
done
[ $others -ge 5 ] && echo tried
EOA
is(out($attacks), "tried\n", 'a command does not get at nginx');
is($t->exec(qw(setpriv --reuid=executor --regid=executor --clear-groups bash -c), $attacks),
    "tried\n", 'nor does anything else of its user');
is(out('stat -c %U $TMPDIR; echo x > $TMPDIR/x && cat $TMPDIR/x'), "executor\nx\n",
    'TMPDIR is its own');
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
is((stat "$t->{dir}/workspace/a")[4], $uid, 'and its owner');
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
    $there, '--', 'echo from there; id -u'), "from there\n$uid\n",
    'from a second container, with it');

# an audit log that was rotated is the workers', and no reason not to reload

rename "$t->{dir}/logs/audit.log", "$t->{dir}/logs/audit.1" or die $!;
$t->podman('kill', '-s', 'USR1', $t->{container});
ok($t->wait_until(sub { -e "$t->{dir}/logs/audit.log" }), 'USR1: a new audit log');
$t->podman('kill', '-s', 'HUP', $t->{container});
ok($t->wait_until(sub { $t->logs =~ /audit\.log" cannot be opened now: workers will/ }),
    'HUP: workers open it');
unlike($t->logs, qr/emerg/, 'the reload is not refused');
ok($t->wait_until(sub {
    $t->podman(@second, '-e', "CC_TOKEN=$t->{secret}", CC::Container::image(),
        $there, '--', 'echo after the reload');
    $t->slurp('logs/audit.log') =~ /after the reload/ }), 'and write it');
$t->remove;

# nginx -t names a capability that is missing

open my $conf, '>', "$t->{dir}/nginx.conf" or die $!;
print $conf "load_module /usr/lib/nginx/modules/ngx_cc_executor_module.so; events {} http {
    cc_executor_service /usr/sbin/cc-executord; cc_executor_user executor;
    server { location / { cc_executor on; } } }";
close $conf;
my @t = ('run', '--rm', '--no-healthcheck', '--network', 'none', '--user', '0', '--cap-drop',
    'ALL', '-v', "$t->{dir}/nginx.conf:/c:ro");
my @four = qw(CHOWN KILL SETGID SETUID);
my %without = map { my $n = $_; $n => [map { ('--cap-add', $_) } grep { $_ ne $n } @four] }
    @four;
like($t->podman(@t, @{ $without{KILL} }, CC::Container::image(), 'nginx', '-t', '-c', '/c'),
    qr{"cc_executor_service" "/usr/sbin/cc-executord" .* this root lacks CAP_KILL in /c},
    'nginx -t names a capability that is missing');
for (@four) {
    like($t->podman(@t, @{ $without{$_} }, CC::Container::image()),
        qr/^cc-executor: running as root without $_: commands would be root's/,
        "root without $_ is refused");
    is($? >> 8, 78, 'and the container stops');
}

# one user for both

$t = CC::Container->new(compose => 'compose.rootless', token => 1)->start;
ok($t->healthy, 'compose.rootless.yml') or BAIL_OUT($t->{why});
like($t->logs, qr/^cc-executor: nginx and commands have one user \(uid 1234\): commands can/m,
    'it says what that means');
$c = $t->client;
is(out('id -u; id -g; pwd; echo x > x; stat -c %u x'), "1234\n1234\n/workspace\n1234\n",
    'that user is the one of .env');
is(out('cat /proc/[0-9]*/status | grep "^Uid:" | sort -u'), "Uid:\t1234\t1234\t1234\t1234\n",
    'nobody else is there');
is(out('cat /proc/[0-9]*/status | grep "^Cap" | grep -vc ":\s*0*$"'), "0\n",
    'no process has a capability');

done_testing();
