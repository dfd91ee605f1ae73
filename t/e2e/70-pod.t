# A pod of conf/kubernetes, run by podman: what the StatefulSet says of its container
# is enough for it, and what it takes away is not there; the end of a pod is told to
# clients.  (podman has no StatefulSets, no probes without systemd, no preStop.)

use strict;
use warnings;

use File::Temp qw(tempdir);
use POSIX ();
use Test::More;
use CC::Container;

plan skip_all => 'there is no bridge network' unless CC::Container::bridge();

my $root = $CC::Container::ROOT;
my $dir = tempdir('cc_e2e_XXXXXX', DIR => '/var/tmp', CLEANUP => 1);
chmod 0755, $dir;
mkdir "$dir/$_" for qw(workspace tokens);
chown 1000, 1000, "$dir/workspace";
chomp(my $token = `$root/conf/cc-token agent $dir/tokens/tokens`);
CC::Container::output('sh', '-c', "openssl rand -hex 32 > $dir/tokens/secret");
chown 0, 1000, "$dir/tokens/tokens", "$dir/tokens/secret";
chmod 0440, "$dir/tokens/tokens", "$dir/tokens/secret";

my $name = "cce2e-pod-$$";
my $port = CC::Container::free_port();

# what waits, asks and reads logs is that of a container
my $t = bless { dir => $dir, pid => $$, name => $name, port => $port,
    secret => $token, container => undef }, 'CC::Container';

my $podman = sub { return CC::Container::output('podman', @_) };

system("node '$root/build/kubernetes/pod.mjs' '$root' $name '"
    . CC::Container::image() . "' $port '$dir' SHUTDOWN_TIMEOUT=6 > $dir/pod.yaml") == 0
    or BAIL_OUT('no pod');
END { $podman->('pod', 'rm', '-f', '-t', '0', $name) if defined $name; }
my $out = $podman->('kube', 'play', "$dir/pod.yaml");
is($?, 0, 'podman runs it') or BAIL_OUT($out);
my $container = "$name-cc-executor";
my $logs = sub { return $podman->('logs', $container) };

ok($t->wait_until(sub { $t->get('/healthz')->{status} == 200 }), 'it gets healthy')
    or BAIL_OUT($out . $logs->());
like($logs->(), qr{clients need a token of /etc/cc-executor/tokens}, 'with its token');
like($podman->('exec', $container, 'cat', '/var/lib/cc-executor/nginx.conf'),
    qr{cc_executor_node \Q$name\E;.*proxy_pass +http://\$cc_executor_node\.cc-executor-pods}s,
    'a node with its name, that knows where the others are');

sub client { return $t->client(headers => { Host => 'cc-executor', @_ }) }
is(CC::WebSocket->new(port => $port, headers => { Host => 'cc-executor' })->{status},
    401, 'nobody comes in without');
is($t->client->ws->{status}, 421, 'nor by a name that is not in ALLOWED_HOSTS');
my $c = client();
is($c->ws->{status}, 101, 'who has it does') or BAIL_OUT($logs->());
sub out { my $r = $c->run($_[0]); return $r->{stdout} . $r->{stderr} }

is(out('id -u; id -g; pwd'), "1000\n1000\n/workspace\n", 'user and place');
is(out('grep -c "^Cap.*:\s0*$" /proc/self/status'), "5\n", 'no capability');
is(out('grep NoNewPrivs /proc/self/status'), "NoNewPrivs:\t1\n", 'no new privileges');
like(out('grep ^Seccomp: /proc/1/status'), qr/2$/, 'system calls are filtered');
like(out('touch /etc/x /usr/x'), qr/^(?:touch: cannot touch .*: Read-only file system\n){2}$/,
    'the root is read-only');
is(out('echo a > /tmp/a && echo b > /workspace/b && cat /tmp/a /workspace/b'), "a\nb\n",
    'but temporary files and the workspace');
is(out('ls /run/secrets/kubernetes.io /var/run/secrets/kubernetes.io 2>&1 | grep -c "No such"'),
    "2\n", 'no token of an API');
is((stat "$dir/workspace/b")[4], 1000, 'the workspace is that of the volume');

# the end: what kubelet does, which ends the container and leaves the pod's network

my $id = $c->send('execute', { command => q{trap 'echo told; exit 7' TERM; echo ready;}
    . q{ while :; do sleep 0.1; done} });
ok($c->wait_for(sub { ($_[0]{method} // '') eq 'process.output'
    && $_[0]{params}{data} eq "ready\n" }), 'a command runs');
my $idle = client();
my $pid = fork // die $!;
if ($pid == 0) {
    $podman->('stop', '-t', '60', $container);
    POSIX::_exit($? ? 1 : 0);
}
1 while $idle->next(20);
is($idle->{closed}, 1001, 'who has no command is told at once');
my $end = $c->notification('process.completed', 60);
is(($end // {})->{params}{cause}, 'shutdown', 'a command is completed');
is(($end // {})->{params}{exit_code}, 7, 'with the result of its own end');
1 while $c->next(20);
is($c->{closed}, 1001, 'then its session ends');
waitpid $pid, 0;
is($?, 0, 'the container has ended');
is($podman->('inspect', '-f', '{{.State.ExitCode}}', $container), "0\n", 'by itself');

done_testing;
