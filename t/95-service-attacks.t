# What commands can do to whatever has the user of nginx's workers, when nothing
# but the user stands between: without a service all of it, with one nothing,
# whether nginx's master has started it or somebody else.
#
# tags:

use strict;
use warnings;

use Test::More;
use CC::Kept qw(begin);
use CC::Nginx;
use CC::Service;

plan skip_all => 'only root can give commands another user' if $> != 0;

my $location = 'cc_executor_allow any; cc_executor_shell /bin/sh;
    cc_executor_fence off; cc_executor_cwd /tmp; cc_executor_keep on;
    cc_executor_kill_grace 500ms;';

# each prints "name: ok" or what the system said; the numbers of processes and
# the directory are those of the victim

my $attacks = <<'EOA';
use POSIX ();
my ($dir, $socket, %pid) = @ARGV;
sub try { my ($name, $rc) = @_;
    print "$name: ", $rc ? "ok" : "$!", "\n" }
$| = 1;
for my $who (sort keys %pid) {
    my $pid = $pid{$who};
    try("kill $who", kill 0, $pid);
    try("signal $who", kill 'WINCH', $pid);
    try("priority of $who", POSIX::nice(0) && setpriority(0, $pid, 5));
    try("memory of $who", open my $m, '<', "/proc/$pid/mem");
    try("environment of $who", open my $e, '<', "/proc/$pid/environ");
    try("descriptors of $who", opendir my $d, "/proc/$pid/fd");
    try("oom score of $who", open my $o, '>', "/proc/$pid/oom_score_adj");
    my $said = `prlimit --pid $pid --core=0 2>&1`;
    try("limits of $who", $? == 0 || do { $! = $said =~ /not permitted/ ? 1 : 22;
        0 });
}
for my $file ('temp/client_body', 'runtime/work', 'shm') {
    my $path = $file eq 'shm' ? "/dev/shm/cc_test_$pid{worker}" : "$dir/$file";
    my $mode = (stat $path)[2] & 07777;
    try("mode of $file", chmod $mode, $path);
    try("times of $file", utime undef, undef, $path);
}
for my $file (qw(policy/table service.sock service-tmp nginx.conf logs)) {
    next unless -e "$dir/$file";
    try("unlink $file", rename("$dir/$file", "$dir/$file.gone")
        && rename("$dir/$file.gone", "$dir/$file"));
    try("open $file", -d "$dir/$file" ? mkdir "$dir/$file/x"
        : open my $f, '>>', "$dir/$file");
}
use Socket;
socket my $s, AF_UNIX, 5, 0;
try('connect', connect $s, pack_sockaddr_un($socket));
EOA

sub nginx {
    my (%o) = @_;
    my $t = CC::Nginx->new(location => $location, %o);
    open my $f, '>', $t->dir . '/attacks' or die $!;
    print $f $attacks;
    close $f;
    return $t;
}

# { name => what it said }
sub attack {
    my ($t, $socket, %pid) = @_;
    ($pid{worker}) = $t->workers;
    my $shm = "/dev/shm/cc_test_$pid{worker}";
    open my $f, '>', $shm or die $!;
    close $f;
    chown((getpwnam 'nobody')[2, 3], $shm);
    my $c = $t->client;
    my $r = $c->run("perl ${\$t->dir}/attacks ${\$t->dir} $socket "
        . join ' ', map { "$_ $pid{$_}" } sort keys %pid);
    $c->close;
    unlink $shm;
    is($r->{stderr}, '', 'the attacker runs') or diag explain $r;
    return { map { /^(.*?): (.*)/ } split /\n/, $r->{stdout} };
}

# without a service: the same user

my $t = nginx()->start;
my $helper;
ok($t->wait_until(sub { ($helper) = $t->helpers }, 20), 'there is a helper');
my $same = attack($t, '/none', helper => $helper);
for my $name ('kill worker', 'signal worker', 'priority of worker',
    'limits of worker', 'kill helper', 'mode of temp/client_body',
    'times of runtime/work', 'mode of shm')
{
    is($same->{$name}, 'ok', "same user: $name");
}
$t->finish;

# with one: another user

# all processes of the program below these, by what they call themselves
sub family {
    my (@pids) = @_;
    my %is;
    while (@pids) {
        for (@pids) {
            my ($name) = CC::Nginx::title($_) =~ /^cc-executord: (\w+)/;
            $is{$name} //= $_ if $name;
        }
        @pids = map { CC::Nginx::children($_, qr/cc-executord/) } @pids;
    }
    return %is;
}

sub nothing_works {
    my ($form, $t, $socket, @service) = @_;
    my $c = $t->client;
    begin($c, 'exec sleep 9541');
    my %pid;
    $t->wait_until(sub { %pid = family($service[-1]); $pid{helper} }, 20);
    is(join(' ', sort keys %pid), 'helper keeper spawner', "$form: its processes");
    @pid{qw(service master)} = ($service[0], $t->{master});
    $pid{above} = $service[1] if @service > 1;
    my $said = attack($t, $socket, %pid);
    my @all = 'connect';
    for my $who ('worker', keys %pid) {
        push @all, "kill $who", "signal $who", map { "$_ of $who" } 'priority',
            'memory', 'environment', 'descriptors', 'oom score', 'limits';
    }
    push @all, map { ("mode of $_", "times of $_") } 'temp/client_body',
        'runtime/work', 'shm';
    push @all, map { ("unlink $_", "open $_") } grep { -e $t->dir . "/$_" }
        'policy/table', 'service.sock', 'service-tmp', 'nginx.conf', 'logs';
    is_deeply([sort keys %$said], [sort @all], "$form: all attacks");
    my @worked = grep { $said->{$_} !~ /not permitted|denied/i } sort keys %$said;
    is_deeply([map { "$_: $said->{$_}" } @worked], [], 'and none of them works');
    $c->close;
    return;
}

$t = nginx();
my $socket = $t->dir . '/service.sock';
$t->{http} = "cc_executor_service unix:$socket;
    cc_executor_user backup; cc_executor_helpers min=1 max=8;";
my $s = CC::Service->new($t, policy => "nobody backup list\n")->start;
$t->start;
nothing_works('a service apart', $t, $socket, $s->{pid});
$t->finish;
$s->finish;

$t = nginx(http => "cc_executor_service $CC::Service::PROGRAM;
    cc_executor_user backup; cc_executor_helpers min=1 max=8;")->start;
my ($service) = grep { CC::Nginx::title($_) =~ m{^cc-executord -k .*\Q${\$t->dir}\E} }
    map { m{(\d+)$} } glob '/proc/[0-9]*';
ok($service, 'a service of the master') or BAIL_OUT($t->log);
($socket) = glob $t->dir . '/runtime/service.*';
nothing_works('a service of the master', $t, $socket, $service,
    CC::Nginx::parent($service));
$t->finish;

done_testing;
