# A machine that vanishes: three nodes, each in a network namespace of its own, one of
# which loses its link while its processes go on.  nginx and HAProxy in front notice,
# new work and sessions go elsewhere, jobs get an error that names the node; what was
# sent to it is never begun again.  (Times are printed, and bounded generously.)
#
# tags: nightly

use strict;
use warnings;

use JSON::PP ();
use Test::More;
use Time::HiRes qw(time);
use CC::Farm;
use CC::Mcp;

plan skip_all => 'not as root' if $>;
plan skip_all => 'no network namespaces' if system('ip netns list > /dev/null 2>&1');
my %setns = (x86_64 => 308, aarch64 => 268);
chomp(my $machine = `uname -m`);
plan skip_all => "setns on $machine" if !$setns{$machine};
$ENV{PATH} .= ':/usr/sbin';

# a bridge, and a machine at each of its ports

my $tag = 'cct' . $$ % 100000;
my $net = '198.18.' . $$ % 250;
my %address = (front => "$net.254", a => "$net.1", b => "$net.2", c => "$net.3");

sub ip { return system("ip $_[0]") == 0 }

my @made;
END { local $?; ip($_) for reverse @made }
sub make { my ($do, $undo) = @_; ip($do) or return 0; push @made, $undo if $undo; return 1 }

my $ready = make("link add $tag type bridge", "link del $tag")
    && make("addr add $net.254/24 dev $tag") && make("link set $tag up");
for my $node (qw(a b c)) {
    $ready &&= make("netns add $tag$node", "netns del $tag$node")
        && make("link add $tag$node type veth peer name eth0 netns $tag$node")
        && make("link set $tag$node master $tag up")
        && make("-n $tag$node addr add $address{$node}/24 dev eth0")
        && make("-n $tag$node link set eth0 up") && make("-n $tag$node link set lo up");
}
plan skip_all => 'no bridge can be made' if !$ready;

sub down { ip("link set $tag$_[0] down") or die }
sub up { ip("link set $tag$_[0] up") or die }

# runs a sub where a node is

sub inside {
    my ($node, $do) = @_;
    open my $here, '<', '/proc/self/ns/net' or die $!;
    open my $there, '<', "/run/netns/$tag$node" or die $!;
    syscall($setns{$machine}, fileno $there, 0) == 0 or die "setns: $!";
    my @r = eval { $do->() };
    my $error = $@;
    syscall($setns{$machine}, fileno $here, 0) == 0 or die "setns: $!";
    die $error if $error;
    return @r;
}

# conf/*, with pings and the patience of the proxies in some seconds; an event stream
# says something every 15 s

my $patience = 20;
my $farm = CC::Farm->shipped(address => \%address);
my $front = $farm->{front};
for my $t ($farm->all, $front) {
    $t->{conf} =~ s/proxy_read_timeout( +)45s;/proxy_read_timeout$1${patience}s;/ or die;
    $t->{conf} =~ s/(cc_executor_keep +on;)/$1 cc_executor_ping_interval 5s;/;
}
inside($_, sub { $farm->node($_)->start }) for qw(a b c);
$front->start;
my $haproxy = grep { -x "$_/haproxy" } split /:/, $ENV{PATH};
$farm->haproxy if $haproxy;
my ($a, $b, $c) = $farm->all;
my $runs = $a->dir . '/work/runs';
CC::Farm::put($runs, 0666, '');

sub stdout { return $_[0]{structuredContent}{stdout} // join '', explain($_[0]) }

sub runs { return scalar(() = $a->slurp('work/runs') =~ /^$_[0]$/mg) }

sub sleeps {
    my ($n) = @_;
    return scalar grep { CC::Nginx::title($_) =~ /^sleep $n\b/ }
        map { m{/proc/(\d+)} } glob '/proc/[0-9]*';
}

for my $way ('front', $haproxy ? 'haproxy' : ()) {
    my $number = 450000000 + $$ % 100000 * 100 + ($way eq 'front' ? 0 : 50);
    if ($way eq 'haproxy') {
        ok($front->wait_until(sub { my $all = $farm->told('show stat');
            (() = $all =~ /^nodes,[abc],.*,UP,/mg) == 3 }, 60), 'three nodes are up');
    }
    my $session = $farm->session('c');
    my $job = $farm->job('c', 'exec sleep 900');
    ok($job, "$way: a job") or diag($c->log);
    my $name = "$way-c";
    is(stdout($farm->tool($way, 'execute', { command => "echo $name >> $runs; echo \$NODE" },
        session => $session)), "c\n", "$way: a session's node has its calls");
    my $w = $farm->native($way, path => '/ws/mcp?node=c');
    is($w->run('echo $NODE')->{stdout}, "c\n", 'a WebSocket to it');
    my $h = $farm->http($way);
    $h->send($farm->message('tools/call', CC::Mcp::execute_params(
        "echo $way-pending >> $runs; exec sleep $number"), id => 1),
        headers => CC::Farm::headers(session => $session));
    ok($c->wait_until(sub { sleeps($number) }, 60), 'a call runs there');

    # its link goes down

    down('c');
    my $t0 = time;
    1 while !$w->{ws}{eof} && time < $t0 + 120 && (eval { $w->receive(1) } || 1);
    ok($w->{ws}{eof}, 'its link goes down: the WebSocket ends');
    diag(sprintf '%s: a WebSocket to a machine that has vanished ends after %.1f s',
        $way, time - $t0);
    $w->close;
    if ($way eq 'haproxy') {
        ok($front->wait_until(sub { $farm->told('show stat') =~ /^nodes,c,.*,DOWN,/m }, 60),
            'HAProxy takes it off its list');
    }
    my $head = $h->read_head(120);
    ok(defined $head->{status}, 'the call is answered');
    diag(sprintf '%s: a call there after %.1f s, with %s', $way, time - $t0,
        $head->{status});
    my @said;
    while (my $m = eval { $h->next(120) }) { push @said, $m }
    is_deeply([grep { exists $_->{result} } @said], [], 'but not with a result');
    $h->close;

    # work goes on without it

    for my $n (1 .. 6) {
        my $r = $farm->tool($way, 'execute',
            { command => "echo $way-new$n >> $runs; echo \$NODE" });
        like(stdout($r), qr/^[ab]$/, 'new work goes elsewhere');
        is(runs("$way-new$n"), 1, 'once');
    }
    is(stdout($farm->tool($way, 'execute', { command =>
        "echo $way-deputy >> $runs; echo \$NODE" }, session => $session)), "a\n",
        'its session is served by the deputy');
    is(runs("$way-deputy"), 1, 'once');
    my $r = $farm->ask('a', 'tools/call', { name => 'job_read',
        arguments => { job_id => $job } });
    is($r->{status}, 502, 'a job of it');
    is($r->{message}{error}{data}{node}, 'c', 'the error names it');

    # it is back

    up('c');
    ok($c->wait_until(sub { ($farm->tool('a', 'job_read', { job_id => $job })
        ->{structuredContent}{status} // '') eq 'running' }, 60),
        'it is back, and so is its job');
    $farm->tool('a', 'job_signal', { job_id => $job, signal => 'KILL',
        wait_ms => 20000 });
    ok($front->wait_until(sub { $farm->told('show stat') =~ /^nodes,c,.*,UP,/m }, 60),
        'HAProxy has it on its list') if $way eq 'haproxy';
    ok($c->wait_until(sub { !sleeps($number) }, 120), 'what ran there has ended');
    is(runs("$way-pending"), 1, 'and ran once');
    is(runs($name), 1, 'as all calls');
}

# it comes and goes while clients work, and try again

{
    no warnings 'once';
    *CC::Farm::vanish = sub {
        my ($self, $name) = @_;
        down($name);
        select undef, undef, undef, 3;
        up($name);
        return;
    };
}
for my $way ('front', $haproxy ? 'haproxy' : ()) {
    my $ran = $farm->hammer($way, 60, 3, how => sub { 'vanish' });
    cmp_ok($ran->{good}, '>=', 60, "$way: links go down and up: all calls came to their end");
    is($ran->{twice}, '', 'none ran twice');
    is($ran->{never}, '', 'what was answered has run');
}

if ($haproxy) {
    kill 'TERM', $farm->{haproxy};
    waitpid $farm->{haproxy}, 0;
}
$farm->finish;
$front->finish;

done_testing;
