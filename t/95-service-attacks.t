# What commands can do to whatever has the user of nginx's workers, when nothing
# but the user stands between: without a service all of it, with one nothing.
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
my ($dir, %pid) = @ARGV;
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
try('connect', connect $s, pack_sockaddr_un("$dir/service.sock"));
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
    my ($t, %pid) = @_;
    ($pid{worker}) = $t->workers;
    my $shm = "/dev/shm/cc_test_$pid{worker}";
    open my $f, '>', $shm or die $!;
    close $f;
    chown((getpwnam 'nobody')[2, 3], $shm);
    my $c = $t->client;
    my $r = $c->run("perl ${\$t->dir}/attacks ${\$t->dir} "
        . join ' ', map { "$_ $pid{$_}" } sort keys %pid);
    $c->close;
    unlink $shm;
    is($r->{stderr}, '', 'the attacker runs') or diag explain $r;
    return { map { /^(.*?): (.*)/ } split /\n/, $r->{stdout} };
}

# without a service: the same user

my $t = nginx()->start;
my ($helper) = $t->helpers;
my $same = attack($t, helper => $helper);
for my $name ('kill worker', 'signal worker', 'priority of worker',
    'limits of worker', 'kill helper', 'mode of temp/client_body',
    'times of runtime/work', 'mode of shm')
{
    is($same->{$name}, 'ok', "same user: $name");
}
$t->finish;

# with one: another user

$t = nginx();
$t->{http} = "cc_executor_service unix:${\$t->dir}/service.sock;
    cc_executor_user backup; cc_executor_helpers min=1 max=8;";
my $s = CC::Service->new($t, policy => "nobody backup list\n")->start;
$t->start;
my $c = $t->client;
begin($c, 'exec sleep 9541');
$t->wait_until(sub { $s->helpers }, 20);
my %pid = (service => $s->{pid}, master => $t->{master});
($pid{keeper}) = $s->keepers;
($pid{spawner}) = $s->spawners;
($pid{helper}) = grep { CC::Nginx::children($_, qr/sleep 9541/) } $s->helpers;
my $other = attack($t, %pid);
my @all = 'connect';
for my $who ('worker', keys %pid) {
    push @all, "kill $who", "signal $who", map { "$_ of $who" } 'priority',
        'memory', 'environment', 'descriptors', 'oom score', 'limits';
}
push @all, map { ("mode of $_", "times of $_") } 'temp/client_body',
    'runtime/work', 'shm';
push @all, map { ("unlink $_", "open $_") } 'policy/table', 'service.sock',
    'service-tmp', 'nginx.conf', 'logs';
is_deeply([sort keys %$other], [sort @all], 'all attacks');
my @worked = grep { $other->{$_} !~ /not permitted|denied/i } sort keys %$other;
is_deeply([map { "$_: $other->{$_}" } @worked], [], 'and none of them works');

$c->close;
$t->finish;
$s->finish;

done_testing;
