# The runtime directory when somebody has put something else in its place: at
# the start, a reload, a configuration test, a stop.  Nothing outside is
# touched, nginx serves everything else, and the commands that cannot start
# say why.  As root, as one who is not, and on a disk that is full.
#
# tags: asan coverage

use strict;
use warnings;

use Fcntl qw(S_IMODE);
use File::Path qw(remove_tree);
use POSIX qw(mkfifo);
use Test::More;
use CC::Nginx alone => 'what workers make and own where commands have their user';

plan skip_all => 'this needs root' if $> != 0;

my ($nobody, $nogroup) = (getpwnam 'nobody')[2, 3];
my $location = 'cc_executor_allow any; cc_executor_shell /bin/sh;';

sub owner { my ($file) = @_; my @s = lstat $file;
    return @s ? sprintf '%d:%o', $s[4], S_IMODE($s[2]) : 'gone' }

sub run {
    my ($t, $command) = @_;
    my $c = $t->client;
    my $r = $c->run($command);
    $c->close;
    return $r;
}

# the line that is new in the log since the last call
my %seen;
sub told {
    my ($t, $re) = @_;
    my $log = $t->log;
    my $new = substr $log, $seen{ $t->dir } // 0;
    return $new =~ $re ? $& : '';
}
sub mark { my ($t) = @_; $seen{ $t->dir } = length $t->log; return }

# HUP, until workers of the new configuration are there alone
sub reload {
    my ($t) = @_;
    my %old = map { $_ => 1 } $t->workers;
    mark($t);
    $t->signal('HUP');
    return $t->wait_until(sub { my @w = $t->workers;
        @w && !grep { $old{$_} } @w }, 20);
}

# what the attack was: a command, the default configuration, the fence on

my $t = CC::Nginx->new(location => $location)->start;
my $dir = $t->dir;
my $work = "$dir/runtime/work";
open my $f, '>', "$dir/secret" or die $!;
print $f "root's\n";
close $f;
chmod 0600, "$dir/secret";
mkdir "$dir/roots", 0755 or die $!;

is(owner("$dir/runtime"), '0:711', 'the runtime directory is root\'s');
is(owner($work), "$nobody:700", 'what is in it is the user\'s');
my $r = run($t, "cd / && mv $work $dir/runtime/was; ln -s $dir/secret $work;"
    . " ln -sfn $dir/secret $work; mkdir $dir/runtime/x; ls $dir/runtime;"
    . " rmdir $work; pwd");
is($r->{stdout}, "/\n", 'a command changes nothing there') or diag $r->{stderr};
like($r->{stderr}, qr/Permission denied/, 'and is told so');
ok(-d $work && !-l $work, 'it is what it was');
ok(reload($t), 'a reload');
is(owner("$dir/secret"), '0:600', 'root\'s file stays root\'s');
is(told($t, qr/\[warn\].*/), '', 'nothing to warn of');

# rm -rf "$PWD"

run($t, 'touch a; mkdir b; rm -rf "$PWD"');
is_deeply([glob "$work/*"], [], 'a command has emptied it');
is(run($t, 'pwd')->{stdout}, "$work\n", 'it is still there for others');

# what an older version, or an operator, may have left there

my @plants = (
    ['a link to a file', sub { symlink "$dir/secret", $_[0] },
        qr/\[warn\].*"\Q$work\E" cannot be created or used.*\(20: Not a directory\)/, 0],
    ['a link to a directory', sub { symlink "$dir/roots", $_[0] },
        qr/\[warn\].*"\Q$work\E" cannot be created or used.*\(20: Not a directory\)/, 1],
    ['a link to nothing', sub { symlink "$dir/nothing", $_[0] },
        qr/\[warn\].*"\Q$work\E" cannot be created or used/, 0],
    ['a link to itself', sub { symlink 'work', $_[0] },
        qr/\[warn\].*"\Q$work\E" cannot be created or used/, 0],
    ['a fifo', sub { mkfifo $_[0], 0666 },
        qr/\[warn\].*"\Q$work\E" cannot be created or used.*\(20: Not a directory\)/, 0],
    ['a file', sub { open my $n, '>', $_[0]; close $n; 1 },
        qr/\[warn\].*"\Q$work\E" cannot be created or used.*\(20: Not a directory\)/, 0],
    ['a directory of root', sub { mkdir $_[0], 0700 },
        qr/\[warn\].*"\Q$work\E" does not belong to the user that commands run as/, 0],
    ['nothing', sub { 1 }, qr/^(?!.*\[warn\])/s, 1],
);
for my $plant (@plants) {
    my ($name, $make, $message, $starts) = @$plant;
    rename $work, "$dir/runtime/kept" or die $!;
    ok($make->($work), "$name in the place of work");
    my $before = owner($work);
    my ($rc, $out) = $t->test_config($t->config);
    is($rc, 0, 'nginx -t takes it') or diag $out;
    rmdir $work if $name eq 'nothing';
    ok(reload($t), 'so does a reload');
    ok(told($t, $message) || $name eq 'nothing', 'which warns') or diag $t->log;
    is(owner($work), $before, 'and leaves it alone') if $name ne 'nothing';
    is(owner("$dir/secret") . owner("$dir/roots"), '0:6000:755',
        'like all that is outside');
    ok(!-e "$dir/nothing", 'nothing is made there');
    is($t->ws(path => '/other', headers => { Upgrade => undef })->{status}, 200,
        'others are served');
    $r = run($t, 'echo on');
    if ($starts) {
        is($r->{stdout}, "on\n", 'commands start');
    } else {
        is($r->{answer}{error}{code}, -32603, 'commands do not start');
        like($r->{answer}{error}{message}, qr/^working directory: \S/, 'which says why');
    }
    unlink $work;
    rmdir $work;
    rename "$dir/runtime/kept", $work or die $!;
}
$t->stop('TERM');
is(owner("$dir/secret") . owner($work), "0:600$nobody:700",
    'a stop changes nothing');
$t->finish;

# a directory of the commands' user above it: root keeps its hands off, and
# commands make theirs themselves

for my $case (
    ['its parent', 'theirs/runtime', sub { my ($d) = @_; mkdir "$d/theirs";
        chown $nobody, $nogroup, "$d/theirs" },
        qr/"cc_executor_path" "[^"]*\/theirs\/runtime": the user that commands run as can write "[^"]*\/theirs"/],
    ['a directory for everybody', 'open/runtime', sub { my ($d) = @_;
        mkdir "$d/open"; chmod 0777, "$d/open" },
        qr/can write "[^"]*\/open"/],
    ['a link in one', 'open/to/runtime', sub { my ($d) = @_; mkdir "$d/open";
        mkdir "$d/safe"; chown $nobody, -1, "$d/safe";
        symlink "$d/safe", "$d/open/to"; chmod 0777, "$d/open" },
        qr/can write "[^"]*\/open"/],
    ['itself', 'runtime', sub { my ($d) = @_; mkdir "$d/runtime";
        chown $nobody, $nogroup, "$d/runtime" },
        qr/"[^"]*\/runtime" belongs to another user than root/],
    ['itself, by its mode', 'runtime', sub { my ($d) = @_; mkdir "$d/runtime";
        chmod 0777, "$d/runtime" },
        qr/"[^"]*\/runtime" can be written by the user that commands run as/],
) {
    my ($name, $path, $prepare, $message) = @$case;
    my $u = CC::Nginx->new(conf => <<"EOC");
events { worker_connections 512; }
http {
    cc_executor_path %%DIR%%/$path;
    server {
        listen 127.0.0.1:%%PORT%%;
        location /ws/mcp { cc_executor on; $location }
    }
}
EOC
    $prepare->($u->dir);
    $u->start;
    my $there = $u->dir . "/$path";
    like($u->log, qr/\[warn\].*$message/, "commands can write $name: a warning");
    ok(!-e "$there/work", 'root makes nothing');
    is(run($u, 'pwd -P; rm -rf "$PWD"')->{stdout} =~ m{/runtime/work\n} ? 1 : 0,
        1, 'a command does') or diag $u->log;
    is(owner("$there/work"), 'gone', 'and may remove it');
    is(run($u, 'touch x; ls')->{stdout}, "x\n", 'the next one makes it again');
    is(owner("$there/work"), "$nobody:700", 'as the user');
    $u->finish;
}

# who is not root: one user for everything

my $v = CC::Nginx->new(location => $location, server => 'location /confined {'
    . " cc_executor on; $location"
    . ' cc_executor_fence_write %%DIR%%/runtime/work; }');
my $own = $v->dir . '/nginx';
open $f, '>', $own or die $!;
print $f "#!/bin/sh\nexec setpriv --reuid=$nobody --regid=$nogroup"
    . " --clear-groups $v->{nginx} \"\$@\"\n";
close $f;
chmod 0755, $own;
chown $nobody, $nogroup, $v->dir, glob $v->dir . '/{logs,temp,work}';
$v->{nginx} = $own;
$v->{daemon} = 0;
mkdir $v->dir . '/runtime';
mkdir $v->dir . '/runtime/work';
chown $nobody, $nogroup, $v->dir . '/runtime', $v->dir . '/runtime/work';
$v->start;
$work = $v->dir . '/runtime/work';
is(run($v, 'pwd; rm -rf "$PWD"')->{stdout}, "$work\n", 'not as root');
is(owner($work), 'gone', 'a command removes the directory');
my $confined = $v->client(path => '/confined');
is($confined->run('echo x > y; cat y')->{stdout}, "x\n",
    'it is made again, before the fence is');
run($v, 'rm -rf "$PWD"');
ok(reload($v), 'it may be missing at a reload, too');
like(told($v, qr/\[warn\].*"cc_executor_fence_write".*/), qr/cannot be used now/,
    'which warns');
for my $plant (['a link', sub { symlink '/etc', $work }, 1],
    ['a fifo', sub { mkfifo $work, 0600 }, 0],
    ['a link to nothing', sub { symlink '/nonexistent', $work }, 0])
{
    my ($name, $make, $starts) = @$plant;
    remove_tree($work);
    unlink $work;
    $make->();
    ok(reload($v), "$name: a reload goes on");
    like(told($v, qr/\[warn\].*"cc_executor_path": .*cannot be created or used.*/), qr/$work/,
        'warns');
    $r = run($v, 'echo on');
    ok($starts ? $r->{stdout} eq "on\n" || $r->{answer}{error} : $r->{answer}{error}{message},
        'and commands say what they can');
}
unlink $work;
$v->finish;

# a disk that is full: in a mount namespace of our own

SKIP: {
    skip 'no mount namespace', 1
        if syscall(272, 0x20000) != 0            # unshare(CLONE_NEWNS)
        || system('mount', '--make-rprivate', '/') != 0;
    my $w = CC::Nginx->new(conf => <<"EOC");
events { worker_connections 512; }
http {
    cc_executor_path %%DIR%%/full/runtime;
    server {
        listen 127.0.0.1:%%PORT%%;
        location /ws/mcp { cc_executor on; $location }
        location /tmp { cc_executor on; $location cc_executor_cwd /tmp; }
    }
}
EOC
    my $full = $w->dir . '/full';
    mkdir $full or die $!;
    system('mount', '-t', 'tmpfs', '-o', 'size=64k,mode=755,nr_inodes=2', 'none', $full)
        == 0 or die;
    open $f, '>', "$full/last" or die $!;
    close $f;
    $w->start;
    like($w->log, qr/\[warn\].*"cc_executor_path": "\Q$full\E\/runtime" cannot be created or used.*\(28: No space left/,
        'a full disk is a warning');
    $r = run($w, 'echo on');
    is($r->{answer}{error}{code}, -32603, 'commands do not start');
    my $c = $w->client(path => '/tmp');
    is($c->run('pwd')->{stdout}, "/tmp\n", 'in other places they do');
    $c->close;
    unlink "$full/last";
    system('mount', '-o', 'remount,nr_inodes=16', $full) == 0 or die;
    ok(reload($w), 'there is room: a reload');
    is(run($w, 'pwd')->{stdout}, "$full/runtime/work\n", 'is enough');
    $w->finish;
    system('umount', '-l', $full);
}

# an explicit directory that is missing: that command, not the location

my $x = CC::Nginx->new(location => "$location cc_executor_cwd %%DIR%%/work/own;");
mkdir $x->dir . '/work/own';
chown $nobody, $nogroup, $x->dir . '/work/own';
$x->start;
is(run($x, 'pwd; rm -rf "$PWD"')->{stdout}, $x->dir . "/work/own\n", 'a cwd');
$r = run($x, 'pwd');
is($r->{answer}{error}{code}, -32602, 'that is missing');
is($r->{answer}{error}{message}, 'working directory: No such file or directory',
    'is told');
my ($rc, $out) = $x->test_config($x->config);
is($rc, 0, 'nginx -t');
like($out, qr/\[warn\] "cc_executor_cwd" "[^"]*\/work\/own" cannot be used now: no command will start there \(2: No such/,
    'warns');
ok(reload($x), 'a reload goes on');
mkdir $x->dir . '/work/own';
is(run($x, 'pwd')->{stdout}, $x->dir . "/work/own\n", 'it is there again');
$x->finish;

done_testing;
