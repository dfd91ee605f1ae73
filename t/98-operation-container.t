# The container's entrypoint and its configuration as nodes (NODE, PEERS, SECRET_FILE),
# without a container: two of them at addresses of their own, which a small name server
# knows.  What is wrong is said.
#
# tags:

use strict;
use warnings;

use Digest::SHA qw(sha256_hex);
use IO::Socket::INET;
use POSIX ();
use Test::More;
use CC::Farm;
use CC::Nginx;

plan skip_all => 'not as root' if $>;
my $dns = IO::Socket::INET->new(Proto => 'udp', LocalAddr => '127.53.0.9',
    LocalPort => 53) or plan skip_all => "no name server can be here: $!";

my $root = $CC::Nginx::ROOT;
my $t = CC::Nginx->new;
my $port = $t->port;
my $dir = $t->dir;
my %address = (a => '127.53.0.1', b => '127.53.0.2');
my @pids;

# a name server: A of NAME.nodes.test, and that there is no other

my $server = fork // die $!;
if ($server == 0) {
    while (defined $dns->recv(my $q, 512)) {
        my ($name, $type) = ('', 0);
        my $at = 12;
        while (my $n = ord substr $q, $at, 1) {
            $name .= substr($q, $at + 1, $n) . '.';
            $at += $n + 1;
        }
        $type = unpack 'n', substr $q, $at + 1, 2;
        my ($node) = $name =~ /^([a-z]+)\.nodes\.test\.$/;
        my $ip = $address{ $node // '' };
        my $found = $ip && $type == 1;
        $dns->send(substr($q, 0, 2)
            . pack('n5', $ip ? 0x8180 : 0x8183, 1, $found ? 1 : 0, 0, 0)
            . substr($q, 12, $at - 12 + 5)
            . ($found ? pack('n3Nn', 0xc00c, 1, 1, 1, 4)
                . pack('C4', split /\./, $ip) : ''));
    }
    POSIX::_exit(0);
}
push @pids, $server;
END { kill 'KILL', @pids if @pids; }

# the container's files for one node, with its paths below a folder

sub container {
    my ($name) = @_;
    my $home = "$dir/$name";
    mkdir "$home$_" for '', qw(/run /logs /work);
    chown scalar getpwnam('nobody'), -1, "$home/run", "$home/logs", "$home/work";
    my $read = sub { open my $f, '<', "$root/docker/$_[0]" or die $!; local $/; <$f> };
    my $template = $read->('nginx.conf.template');
    my $module = $CC::Nginx::ROOT . '/build/ngx_cc_executor_module.so';
    $module = $ENV{CC_MODULE} if $ENV{CC_MODULE};
    $template =~ s{/usr/lib/nginx/modules/ngx_cc_executor_module\.so}{$module};
    $template =~ s{/var/lib/cc-executor}{$home/run}g;
    # they have one user, and one machine: for each the others are its commands
    $template =~ s{^( +)(cc_executor_cwd)}{$1cc_executor_commands_as_clients on; $2}m or die;
    $template =~ s{/workspace}{$home/work};
    $template =~ s{0\.0\.0\.0:}{($address{$name} // '127.0.0.1') . ':'}e;
    CC::Farm::put("$home/template", 0644, $template);
    my $entrypoint = $read->('entrypoint');
    for (['/usr/share/cc-executor/nginx.conf.template', "$home/template"],
        ['/var/lib/cc-executor', "$home/run"], ['/var/log/cc-executor', "$home/logs"],
        ['/etc/resolv.conf', "$dir/resolv"], ['/workspace', "$home/work"],
        ['/proc/net/if_inet6', '/dev/null'])
    {
        $entrypoint =~ s/\Q$_->[0]/$_->[1]/g or die "no $_->[0] in the entrypoint";
    }
    CC::Farm::put("$home/entrypoint", 0755, $entrypoint);
    return $home;
}

my %fixed = (DEFAULT_PORT => $port, WORKERS => 1, ALLOWED_HOSTS => 'cc.test',
    ALLOWED_ORIGINS => 'none', TOKEN_FILE => "$dir/tokens",
    SECRET_FILE => "$dir/secret", PATH => $ENV{PATH});

# its pid; what it says goes to a file
sub run {
    my ($home, %env) = @_;
    # nginx opens it once more, as /dev/stdout
    CC::Farm::put("$home/said", 0600, '');
    chown scalar getpwnam('nobody'), -1, "$home/said";
    my $pid = fork // die $!;
    return $pid if $pid;
    %ENV = (%fixed, %env);
    delete @ENV{ grep { !defined $ENV{$_} } keys %ENV };
    open STDIN, '<', '/dev/null';
    open STDOUT, '>>', "$home/said";
    open STDERR, '>&', \*STDOUT;
    exec qw(setpriv --reuid=nobody --clear-groups), 'bash', "$home/entrypoint"
        or POSIX::_exit(127);
}

CC::Farm::put("$dir/tokens", 0644, 'me ' . sha256_hex($CC::Farm::TOKEN) . "\n");
CC::Farm::put("$dir/secret", 0644, '5' x 64 . "\n");
CC::Farm::put("$dir/resolv", 0644, "search test\nnameserver 127.53.0.9\n");
CC::Farm::put("$dir/silent", 0644, "search test\n");

# what is wrong

my $home = container('x');
for (['a bad name', qr/^cc-executor: NODE must have 1 to 32 of a-z/m, NODE => 'a.b'],
    ['a long one', qr/^cc-executor: NODE must have/m, NODE => 'a' x 33],
    ['no name', qr/^cc-executor: PEERS without NODE/m, PEERS => '*.nodes.test:1'],
    ['no place for the name', qr/^cc-executor: PEERS must be where a node is/m,
        NODE => 'a', PEERS => 'nodes.test:1'],
    ['no port', qr/^cc-executor: PEERS must be/m, NODE => 'a', PEERS => '*.nodes.test'],
    ['two names', qr/^cc-executor: PEERS must be/m, NODE => 'a', PEERS => '*.*.test:1'],
    ['text that would be configuration', qr/^cc-executor: PEERS must be/m,
        NODE => 'a', PEERS => '*.test:1; return 200'],
    ['no tokens', qr/cc-executor: PEERS without a token file/, NODE => 'a',
        PEERS => '*.nodes.test:1', TOKEN_FILE => undef],
    ['no secret', qr/cc-executor: PEERS without SECRET_FILE/, NODE => 'a',
        PEERS => '*.nodes.test:1', SECRET_FILE => undef],
    ['a secret that is not there', qr/cc-executor: SECRET_FILE=.* does not exist/,
        NODE => 'a', SECRET_FILE => "$dir/none"])
{
    my ($what, $expected, %env) = @$_;
    waitpid run($home, %env), 0;
    is($? >> 8, 78, "$what: it does not start");
    like($t->slurp('x/said'), $expected, 'and says why');
}
ok(-e "$home/entrypoint", 'its files are there');
{
    my $text = $t->slurp('x/entrypoint');
    CC::Farm::put("$home/entrypoint", 0755, $text =~ s{\Q$dir/resolv}{$dir/silent}r);
    waitpid run($home, NODE => 'a', PEERS => '*.nodes.test:1'), 0;
    is($? >> 8, 78, 'no name server: it does not start');
    like($t->slurp('x/said'), qr/PEERS: there is no nameserver/, 'and says why');
}

# two of them

my %pid;
for my $node (qw(a b)) {
    $pid{$node} = run(container($node), NODE => $node, PEERS => "*.nodes.test:$port");
    push @pids, $pid{$node};
}
my $farm = bless { names => [], seq => 0 }, 'CC::Farm';
{
    no warnings 'redefine';
    *CC::Farm::http = sub {
        my ($self, $name, %o) = @_;
        return CC::Http->new(host => $address{$name}, port => $port, path => '/mcp');
    };
}
$CC::Farm::HOST = 'cc.test';
for my $node (qw(a b)) {
    ok($t->wait_until(sub { IO::Socket::INET->new(PeerAddr => $address{$node},
        PeerPort => $port) }, 30), "the node $node starts")
        or diag($t->slurp("$node/said"));
}
is(sprintf('%o', (stat "$dir/a/run/secret")[2] & 0777), '600',
    'the secret can be read by nobody else');
my $job = $farm->job('a', 'echo here; exec sleep 300');
like($job, qr/^a\./, 'ids name the node');
my $r = $farm->tool('b', 'job_read', { job_id => $job, wait_ms => 20000,
    pattern => 'here', cursor => 'start' });
is($r->{structuredContent}{job_id}, $job, 'a job is read through the other one')
    or diag(explain($r), $t->slurp('b/said'));
my $session = $farm->session('a');
is($farm->ask('b', 'ping', undef, session => $session)->{status}, 200, 'a session, too');
ok($t->wait_until(sub { $t->slurp('a/said') =~ /"peer":"127\..*POST \/mcp/ }, 20),
    'by way of it');
$r = $farm->ask('b', 'tools/call', { name => 'job_read',
    arguments => { job_id => $job =~ s/^a/zz/r } });
is($r->{status}, 502, 'a node that nobody knows');
is($r->{message}{error}{data}{node}, 'zz', 'is named');
$farm->tool('b', 'job_signal', { job_id => $job, signal => 'KILL', wait_ms => 20000 });

kill 'QUIT', $pid{a};
waitpid $pid{a}, 0;
is($? >> 8, 0, 'one ends');
is($farm->tool('b', 'execute', { command => 'echo there' }, session => $session)
    ->{structuredContent}{stdout}, "there\n", 'its sessions are served by the other one');
kill 'QUIT', $pid{b};
waitpid $pid{b}, 0;
is($? >> 8, 0, 'and the other one');
for my $node (qw(a b)) {
    is(join('', grep { /\[(?:alert|emerg|crit)\]/ } split /^/, $t->slurp("$node/said")),
        '', "$node: no alert");
}
kill 'KILL', $server;
waitpid $server, 0;
@pids = ();

done_testing;
