#!/usr/bin/perl

# What a command is born with, byte for byte, whatever the worker has: nothing
# of nginx, nothing of whoever started nginx.
#
# tags: asan coverage smoke

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Fcntl qw(F_SETFD);
use Test::More;

use CC::Nginx;

my $fixture = "$CC::Nginx::ROOT/build/fixtures/inherit";

# what nginx inherits from us

my %limit;

open my $limits, '<', '/proc/self/limits' or die $!;
while (<$limits>) {
    $limit{$1} = [$2, $3]
        if /^Max ([a-z ]+?) {2,}(\S+) +(\S+)/;
}

sub limit { my ($n) = @_; return join ' ', @{ $limit{$n} } }

# descriptors that the caller of nginx leaks, and signals that it ignores
open my $leak, '<', '/etc/passwd' or die $!;
fcntl $leak, F_SETFD, 0;
$SIG{QUIT} = $SIG{HUP} = $SIG{USR2} = 'IGNORE';
$ENV{SECRET_OF_THE_CALLER} = 'x';
$ENV{PASSED_ON} = 'yes';

sub expected {
    my ($t, %o) = @_;
    my $dir = $t->dir;
    my $spawner;
    $t->wait_until(sub { ($spawner) = $t->spawners; $spawner });
    chomp(my $cpus = `taskset -c 0-1023 nproc`);
    open my $f, '<', '/proc/self/oom_score_adj' or die $!;
    my $oom = <$f> + 200;
    $oom = 1000 if $oom > 1000;
    my $hard = $o{nofile} // $limit{'open files'}[1];
    my $soft = $o{nofile} // $limit{'open files'}[0];
    $soft = 1024 if $soft > 1024;
    my $stdin = $o{stdin} // '/dev/null, both';
    my @env = @{ $o{env} };
    push @env, 'TMPDIR=(own)' if !grep { /^TMPDIR=/ } @env;
    return <<"EOT" . join '', map { "env: $_\n" } @env;
fd 0: $stdin
fd 1: pipe, write
fd 2: pipe, write
TracerPid:\t0
SigPnd:\t0000000000000000
ShdPnd:\t0000000000000000
SigBlk:\t0000000000000000
SigIgn:\t0000000000000000
SigCgt:\t0000000000000000
NoNewPrivs:\t1
umask: @{[$o{umask} // '022']}
nice: @{[$o{nice} // 0]}
policy: 0
cpus: $cpus
core: 0 0
nofile: @{[$o{limit_nofile} // "$soft $hard"]}
nproc: @{[$o{nproc} // limit('processes')]}
as: @{[$o{as} // limit('address space')]}
cpu: @{[$o{cpu} // limit('cpu time')]}
fsize: @{[$o{fsize} // limit('file size')]}
stack: @{[limit('stack size')]}
cwd: $dir/work@{[$o{beneath} // '']}
oom: $oom
deathsig: 0
dumpable: 1
subreaper: no
timerslack: 50000
group: own
session: $spawner
terminal: none
argv 0: $dir/inherit
argv 1: a b
argv 2: 
EOT
}

sub check {
    my ($t, $name, %o) = @_;
    my $file = $t->dir . '/inherit';
    # the workers' user need not be able to enter the checkout
    system('cp', $fixture, $file) == 0 or die;
    chmod 0755, $file;
    $t->start;
    my $c = $t->client;
    my $want = expected($t, %o);
    my $dir = $t->dir;
    my %more = %{ $o{params} // {} };
    my $own = sub {
        my ($text) = @_;
        $text =~ s{^(env: TMPDIR=)$dir/runtime/(?:tmp|service/\d+)/\d+/\d+$}{$1(own)}m;
        return $text;
    };
    for my $i (1 .. 2) {
        my $r = $c->run({ args => [$file, 'a b', ''], %more });
        is($own->($r->{stdout}), $want, "$name, command $i") or diag explain $r->{answer};
    }
    # whose helper is a younger sibling of others
    $c->call('execute', { args => ['/bin/sleep', 60] }) for 1 .. 5;
    is($own->($c->run({ args => [$file, 'a b', ''], %more })->{stdout}), $want,
        "$name, beside five others");
    (my $piped = $want) =~ s{^fd 0: .*}{fd 0: pipe, read};
    is($own->($c->run({ args => [$file, 'a b', ''], stdin => 'x', %more })
        ->{stdout}), $piped, "$name, with stdin");
    $c->close;
    $t->finish;
    return;
}

my $t = CC::Nginx->new(location =>
    'cc_executor_allow any; cc_executor_cwd %%DIR%%/work;
     cc_executor_env HOME=/nowhere A= "B=1 2";
     cc_executor_env PASSED_ON NOT_THERE;');
check($t, 'usual', env => ['HOME=/nowhere', 'A=', 'B=1 2', 'PASSED_ON=yes']);

# a TMPDIR that the operator has named is that one
$t = CC::Nginx->new(location => 'cc_executor_allow any;
    cc_executor_cwd %%DIR%%/work; cc_executor_env TMPDIR=/var/tmp;');
check($t, 'TMPDIR named', env => ['TMPDIR=/var/tmp']);

# as default: the caller's LANG; HOME and PATH, too, unless they are root's
$ENV{USER} = $ENV{LOGNAME} = 'the caller';
$ENV{SHELL} = '/bin/callers';
$ENV{TERM} = 'xterm-256color';
$t = CC::Nginx->new(location =>
    'cc_executor_allow any; cc_executor_cwd %%DIR%%/work;');
my $home = $> == 0 ? $t->dir . '/work' : $ENV{HOME};
my $path = $> == 0
    ? '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
    : $ENV{PATH};
my $user = $> == 0 ? 'nobody' : getpwuid $>;
check($t, 'default environment', env => ["PATH=$path", "HOME=$home",
    'LANG=' . ($ENV{LANG} // 'C.UTF-8'), "USER=$user", "LOGNAME=$user",
    'SHELL=/bin/sh', 'TERM=dumb', 'PYTHONUNBUFFERED=1']);

# the same by name: what belongs to commands is theirs, the rest the caller's;
# SHELL is that of the location, and "user" may come last
$t = CC::Nginx->new(location => 'cc_executor_allow any;
    cc_executor_shell /bin/bash; cc_executor_cwd %%DIR%%/work;
    cc_executor_env USER LOGNAME SHELL TERM PATH;');
check($t, 'by name', env => ["USER=$user", "LOGNAME=$user", 'SHELL=/bin/bash',
    'TERM=xterm-256color', "PATH=$path"]);

# the directories of root are not for commands: an unknown program is unknown
{
    local $ENV{PATH} = "/root/bin:$ENV{PATH}";
    my $u = CC::Nginx->new(location => 'cc_executor_allow any;
        cc_executor_shell /bin/sh; cc_executor_cwd %%DIR%%/work;')->start;
    my $c = $u->client;
    for my $shell ('no_such_program', 'sh -c no_such_program') {
        my $r = $c->run($shell);
        like($r->{stderr}, qr/not found/, "$shell: not found");
        is($r->{completed}{exit_code}, 127, 'and not denied');
    }
    $c->close;
    $u->finish;
}

# everything that can be said about it: nothing else changes

$t = CC::Nginx->new(location => 'cc_executor_allow %%DIR%%/inherit;
    cc_executor_allow /bin/sleep; cc_executor_cwd %%DIR%%/work;
    cc_executor_env A=1 B=2; cc_executor_client_env B C;
    cc_executor_client_cwd beneath;
    cc_executor_umask 002; cc_executor_nice 3;
    cc_executor_rlimit_cpu 100s; cc_executor_rlimit_as 1g;
    cc_executor_rlimit_fsize 1m; cc_executor_rlimit_nofile 32;
    cc_executor_rlimit_nproc 5000; cc_executor_fence on;
    cc_executor_fence_write / ; cc_executor_fence_connect off;
    cc_executor_linger 1s; cc_executor_max_output 1m;');
mkdir $t->dir . '/work/below' or die $!;
chmod 0755, $t->dir . '/work/below';
check($t, 'all that can be set', env => ['B=3', 'C=4', 'A=1'],
    params => { env => { B => '3', C => '4' }, cwd => 'below' },
    beneath => '/below', umask => '002', nice => 3, cpu => '100 101',
    as => '1073741824 1073741824', fsize => '1048576 1048576',
    limit_nofile => '32 32', nproc => '5000 5000');

$t = CC::Nginx->new(workers => 2,
    main => 'worker_cpu_affinity auto; worker_rlimit_nofile 4096;
             worker_rlimit_core 10m;'
        . ($> == 0 ? 'worker_priority -5;' : ''),
    location => 'cc_executor_allow any; cc_executor_env A=1;
        cc_executor_cwd %%DIR%%/work;');

# the session is that of whichever worker has the connection
{
    no warnings 'redefine';
    my $one = \&expected;
    *expected = sub {
        my $text = $one->(@_);
        $text =~ s/^session: .*\n//m;
        return $text;
    };
    my $run = \&CC::Client::run;
    *CC::Client::run = sub {
        my $r = $run->(@_);
        $r->{stdout} =~ s/^session: .*\n//m;
        return $r;
    };
    # a service has limits of its own
    check($t, 'with affinity, priority and limits of the workers',
        env => ['A=1'], nofile => 4096) unless $CC::Nginx::APART;
}

done_testing();
