#!/usr/bin/perl

# Usual tools behind a fence that confines files, with exactly the rules that
# the documentation recommends; TMPDIR, which they need, is there as long as
# the command and no longer, whoever is killed.  A list of inputs is in
# t/cases/fence-tools.jsonl.
#
# tags: coverage

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Time::HiRes qw(time);

use CC::Cases qw(cases);
use CC::Nginx;

my $abi = syscall(444, 0, 0, 1);
plan skip_all => "Landlock $abi cannot confine files" if $abi < 2;

my $rules = 'cc_executor_fence required;
    cc_executor_fence_read /usr /bin /lib /lib64 /etc /proc;
    cc_executor_fence_write %%DIR%%/work;';

my $t = CC::Nginx->new(workers => 2, location => "cc_executor_allow any;
    cc_executor_shell /bin/sh; cc_executor_cwd %%DIR%%/work; $rules",
    server => "location /shm { cc_executor on; cc_executor_allow any;
    cc_executor_shell /bin/sh; cc_executor_cwd %%DIR%%/work; $rules
    cc_executor_fence_write /dev/shm; }
    location /free { cc_executor on; cc_executor_allow any;
    cc_executor_shell /bin/sh; cc_executor_cwd %%DIR%%/work;
    cc_executor_fence off; }")->start;
my $c = $t->client;
my $shm = $t->client(path => '/shm');
my $dir = $t->dir;
my $where = $CC::Nginx::APART ? 'runtime/service/' . getpwnam('nobody') : 'runtime/tmp';
my $tmp = "$dir/$where";

# what is in the directories of helpers: only what commands have
sub left {
    return map { my $d = $_; map { "$d/$_" } grep { !/^\.\.?$/ } do {
        opendir my $h, $d or return; readdir $h } } glob "$tmp/*";
}

for my $case (cases('fence-tools')) {
    SKIP: {
        skip "$case->{name}: nightly", 2
            if $case->{nightly} && !$ENV{CC_NIGHTLY};
        skip "no $case->{needs}", 2
            if $case->{needs} && !grep { -x "$_/$case->{needs}" }
            qw(/usr/bin /bin /usr/local/bin);
        my $r = ($case->{shm} ? $shm : $c)->run(
            "rm -rf w && mkdir w && cd w && { $case->{command}\n}",
            timeout => 120);
        is($r->{stdout}, $case->{stdout}, $case->{name})
            or diag $r->{stderr};
        is($r->{completed}{exit_code}, $case->{exit_code} // 0,
            "$case->{name}: exit code");
    }
}
ok($t->wait_until(sub { !left() }, 20), 'nothing is left of all that')
    or diag left();

# other places are still closed

for my $no ("echo x > /var/tmp/cc_fence_$$", "echo x > $tmp/x",
    "mkdir $tmp/x", 'echo x > /dev/shm/cc_x', "ls $tmp", "cat $dir/nginx.conf",
    'rmdir $TMPDIR', 'mv $TMPDIR $TMPDIR.x', 'echo x > $TMPDIR/../x',
    'ls $TMPDIR/..')
{
    my $r = $c->run($no);
    like($r->{stderr}, qr/denied|not permitted|cannot/i, "refused: $no")
        or diag explain $r;
}

# private: another command's cannot be reached, nor that of the next one known

my $other = $c->call('execute', { command => 'echo $TMPDIR; exec sleep 600' });
my ($theirs) = $c->notification('process.output')->{params}{data} =~ /(\S+)/;
ok(-d $theirs, 'one command has its own');
is((stat _)[2] & 07777, 0700, 'mode 0700');
for my $no ("ls $theirs", "echo x > $theirs/x", "rmdir $theirs") {
    isnt($c->run($no)->{completed}{exit_code}, 0,
        "another one's: " . $no =~ s/\Q$tmp//r);
}
$c->call('control', { type => 'CANCEL',
    execution_id => $other->{result}{execution_id} });
$c->notification('process.completed');
ok($t->wait_until(sub { !-e $theirs }), 'canceled: gone');

# gone however it ends

for my $how ('exit 3', 'kill -9 $$', 'setsid sleep 600 & exit 0',
    'cd $TMPDIR && mkdir -p a/b/c && chmod 0 a',
    'cd $TMPDIR && seq 1 200 | xargs touch', 'rm -rf $TMPDIR',
    'ln -s / $TMPDIR/root', "ln -s $dir/work \$TMPDIR/work",
    'python3 -c "import os; [(os.mkdir(\'d\'), os.chdir(\'d\')) for i in range(1500)]"')
{
    my $r = $c->run("cd \$TMPDIR; pwd; touch x; $how");
    my ($path) = $r->{stdout} =~ /^(\S+)/;
    like($path, qr{^\Q$tmp\E/\d+/\d+$}, "$how: there was one");
    ok($t->wait_until(sub { !-e $path }), "$how: gone");
    ok(-d "$dir/work", "$how: no link was followed");
}
# empty at the end, it may be the next one's: as new
for my $how ('chmod 755 $TMPDIR', 'touch $TMPDIR/x', 'rmdir $TMPDIR',
    'touch $TMPDIR/x; rm $TMPDIR/x', 'chmod 0 $TMPDIR', ':')
{
    $c->run($how);
    my $new = $c->run('echo x > $TMPDIR/f && stat -c %a $TMPDIR && ls $TMPDIR');
    is($new->{stdout}, "700\nf\n", "after $how: the next one is as new")
        or diag explain $new;
}
is($c->run({ args => ['/no/such/program'] })->{answer}{error}{code} != 0, 1,
    'a command that does not start');
ok($t->wait_until(sub { !left() }, 20), 'leaves nothing') or diag left();

# much of it is removed while the helper serves others

my $r = $c->run('cd $TMPDIR; for d in 1 2 3 4 5; do mkdir $d; (cd $d;'
    . ' seq 1 1000 | xargs touch); done; pwd', timeout => 60);
my $t0 = time;
is($c->run('echo x')->{stdout}, "x\n", 'the next command');
cmp_ok(time - $t0, '<', 5, 'does not wait for it');
ok($t->wait_until(sub { !left() }, 30), 'and then all is gone') or diag left();

# what somebody without a fence can do to it: others go on

my $free = $t->client(path => '/free');
$free->run("mv $tmp/* $dir/work/; rm -rf $tmp/*");
for my $client ($c, $free) {
    $r = $client->run('touch $TMPDIR/x && echo $TMPDIR');
    like($r->{stdout}, qr{^\Q$tmp\E/}, 'directories moved away: a new one');
}
$free->run("rm -rf $dir/work/*");

# whoever is killed

# a command that goes on writing there, and those above it
sub holder {
    $c->call('execute', { command =>
        'cd $TMPDIR; mkdir -p a/b; ln -s / root; echo $$ $TMPDIR;'
        . ' trap "" TERM; while :; do date > a/b/c; sleep 0.05; done' });
    my ($pid, $path) = $c->notification('process.output')->{params}{data}
        =~ /(\d+) (\S+)/;
    my @up = ($pid);
    push @up, CC::Nginx::parent($up[-1])
        until CC::Nginx::title($up[-1]) =~ /worker process|cc-executord -k/
            || $up[-1] < 2;
    # the worker or the service, what is between, the helper, the command
    return ($path, reverse @up);
}

my ($path, @all) = holder();
my $pid = $all[-1];
my ($helper) = grep { CC::Nginx::title($_) =~ /cc(?:-executord:)? helper/ } @all;
kill 'KILL', $helper;
ok($t->wait_until(sub { !-e $path }, 20), 'the helper is killed: gone')
    or diag `ls -laR $tmp`;
ok($t->wait_until(sub { !kill 0, $pid }, 10), 'as is the command');
$c->close;

$c = $t->client;
($path, my $worker) = holder();
$t->allow(qr/worker process \d+ exited on signal 9/, $CC::Nginx::APART ? 0 : 2);
kill 'KILL', $worker;
ok($t->wait_until(sub { !-e $path }, 20), 'the worker is killed: gone');

# all of them at once: those who come next clear up
$c = $t->client;
($path, @all) = holder();
kill 'KILL', @all;
ok($t->wait_until(sub { !-e $path }, 20),
    'worker, helper and all between are killed: gone');
$shm->close;
$free->close;
$t->finish;

# the master, too: the next start

$t = CC::Nginx->new(location => "cc_executor_allow any;
    cc_executor_shell /bin/sh; cc_executor_cwd %%DIR%%/work; $rules");
$tmp = $t->dir . "/$where";
for my $above ('runtime', $CC::Nginx::APART ? 'runtime/service' : ()) {
    mkdir $t->dir . "/$above" or die $!;
    chmod 0711, $t->dir . "/$above";
}
chown scalar getpwnam($CC::Nginx::APART), -1, $t->dir . '/runtime/service'
    if $CC::Nginx::APART;
mkdir $_ for $tmp, "$tmp/1", "$tmp/1/2", "$tmp/1/2/3", "$tmp/4";
symlink '/etc', "$tmp/1/2/etc";
open my $f, '>', "$tmp/file" or die $!;
system('chown', '-hR', 'nobody:nogroup', $tmp) == 0 or die if $> == 0;
chmod 0700, $tmp;
$t->start;
ok($t->wait_until(sub { !grep { -e "$tmp/$_" } '1', '4', 'file' }, 20),
    'left by an earlier one: removed at the start') or diag `ls -laR $tmp`;
$c = $t->client;
like($c->run('cd $TMPDIR && touch x && pwd')->{stdout}, qr{^\Q$tmp\E/},
    'and there is a new one');
$c->close;
$t->stop;
is_deeply([glob "$tmp/*"], [], 'a stop leaves nothing');
$t->finish;

done_testing();
