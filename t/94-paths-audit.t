# The audit log when somebody has put something else in its place: at the
# start, a reload, a configuration test, USR1, a stop.  Root touches nothing
# by a path that commands can change, nobody waits for a fifo, nginx and the
# commands go on.
#
# tags: asan coverage

use strict;
use warnings;

use Fcntl qw(S_IMODE);
use POSIX qw(mkfifo);
use Test::More;
use CC::Nginx alone => 'a log that workers make and commands could write';

plan skip_all => 'this needs root' if $> != 0;

my ($nobody, $nogroup) = (getpwnam 'nobody')[2, 3];

sub state { my ($file) = @_; my @s = lstat $file;
    return @s ? sprintf '%d:%o:%d', $s[4], S_IMODE($s[2]), $s[7] : 'gone' }

sub make {
    my ($log, %o) = @_;
    my $t = CC::Nginx->new(conf => <<"EOC");
events { worker_connections 512; }
http {
    access_log off;
    cc_executor_path %%DIR%%/runtime;
    server {
        listen 127.0.0.1:%%PORT%%;
        location /ws/mcp { cc_executor on; cc_executor_allow any;
            cc_executor_shell /bin/sh; cc_executor_audit_log $log; }
        location /other { return 200 "other\\n"; }
    }
}
EOC
    my $dir = $t->dir;
    for ('theirs', 'open') {
        mkdir "$dir/$_" or die $!;
    }
    chown $nobody, $nogroup, "$dir/theirs";
    chmod 01777, "$dir/open";
    mkdir "$dir/roots", 0755 or die $!;
    open my $f, '>', "$dir/secret" or die $!;
    print $f "root's\n";
    close $f;
    chmod 0600, "$dir/secret";
    if ($o{user}) {
        open $f, '>', "$dir/nginx" or die $!;
        print $f "#!/bin/sh\nexec setpriv --reuid=$nobody --regid=$nogroup"
            . " --clear-groups $t->{nginx} \"\$@\"\n";
        close $f;
        chmod 0755, "$dir/nginx";
        chown $nobody, $nogroup, $dir, "$dir/logs", "$dir/temp";
        $t->{nginx} = "$dir/nginx";
    }
    return $t;
}

# takes the place of whatever is there, or comes there meanwhile
sub put {
    my ($new, $file) = @_;
    for (1 .. 100) {
        return if rename $new, $file;
        unlink $file or rmdir $file;
    }
    die "$file: $!";
}

# nginx serves, a command runs
sub alive {
    my ($t, $name) = @_;
    my $ws = $t->ws(path => '/other', headers => { Upgrade => undef });
    is($ws->{status}, 200, "$name: others are served");
    my $c = $t->client;
    is($c->run('echo on')->{stdout}, "on\n", 'commands run');
    $c->close;
    return;
}

sub reload {
    my ($t) = @_;
    my %old = map { $_ => 1 } $t->workers;
    $t->signal('HUP');
    return $t->wait_until(sub { my @w = $t->workers;
        @w && !grep { $old{$_} } @w }, 20);
}

# the master and the only worker say so before they do; what the worker
# serves afterwards, it serves after it has done
sub usr1 {
    my ($t) = @_;
    my $n = () = $t->log =~ /reopening logs/g;
    $t->signal('USR1');
    return $t->wait_until(sub {
        (() = $t->log =~ /reopening logs/g) >= $n + 2 }, 10);
}

my @plants = (
    ['a link to a file', sub { symlink "$_[1]/secret", $_[0] }],
    ['a link to a directory', sub { symlink "$_[1]/roots", $_[0] }],
    ['a link to nothing', sub { symlink "$_[1]/roots/nothing", $_[0] }],
    ['a link to itself', sub { symlink 'audit.log', $_[0] }],
    ['a fifo', sub { mkfifo($_[0], 0666) && chmod 0666, $_[0] }],
    ['a directory', sub { mkdir $_[0] }],
    ['a file of root', sub { open my $f, '>', $_[0]; close $f;
        chmod 0600, $_[0] }],
);

# where commands can write, as root and as one who is not

for my $case (['theirs', 0], ['open', 0], ['theirs', 1]) {
    my ($where, $user) = @$case;
    my $t = make("%%DIR%%/$where/audit.log", user => $user);
    my $dir = $t->dir;
    my $log = "$dir/$where/audit.log";
    my $as = $user ? 'not as root' : "root, $where";
    my ($rc, $out) = $t->test_config($t->config);
    is($rc, 0, "$as: nginx -t");
    if ($user) {
        unlike($out, qr/audit_log/, 'one user for all: nothing to say');
    } else {
        like($out, qr/\[warn\] "cc_executor_audit_log" "\Q$log\E": the user that commands run as can write "\Q$dir\E\/$where", and so/,
            'warns');
        is(state($log), 'gone', 'root makes no file there');
    }
    $t->start;
    alive($t, 'start');
    ok($t->wait_until(sub { -s $log }), 'a worker makes it');
    like(state($log), qr/^$nobody:644:/, 'as the user');

    for my $plant (@plants) {
        my ($name, $make) = @$plant;
        # in a sticky directory root's own is what root means
        next if $where eq 'open' && $name eq 'a file of root';
        # a worker that had none makes one as soon as it may: no gap
        my $kept = "$dir/$where/kept";
        link $log, $kept or die $!;
        ok($make->("$log.new", $dir), "$as: $name");
        system('chown', '-h', 'nobody', "$log.new")
            if $name ne 'a file of root';
        put("$log.new", $log);
        my $before = state($log);
        ok(usr1($t), 'USR1');
        alive($t, 'USR1');
        ok(reload($t), 'a reload');
        alive($t, 'a reload');
        is(state($log), $before, 'it is left alone');
        is(state("$dir/secret"), '0:600:7', 'and what it leads to');
        ok(!-e "$dir/roots/nothing", 'nothing is made');
        put($kept, $log);
    }
    like($t->log, qr/\[error\].*the audit log "\Q$log\E" cannot be reopened/,
        'the error log says so');
    ok($t->log =~ /\[crit\].*lines of the audit log "\Q$log\E" are lost/,
        'and what is lost');
    my $was = -s $log;
    ok(usr1($t), 'it is there again: USR1');
    alive($t, 'again');
    ok($t->wait_until(sub { -s $log > $was }), 'gets the lines');
    unlink $log;
    mkfifo($log, 0666);
    my ($end, $said) = do {
        my @c = map { quotemeta } $t->command('-s', 'stop');
        local %ENV = %ENV;
        $t->sanitize;
        my $o = `timeout 10 @c 2>&1`; ($? >> 8, $o) };
    is($end, 0, 'nginx -s stop does not wait for a fifo') or diag $said;
    ok($t->wait_until(sub { $t->ended($t->{master}) }), 'nginx stops');
    delete $t->{master};
    my @lost = $t->log =~ /lines of the audit log/g;
    $t->allow(qr/lines of the audit log/, scalar @lost);
    $t->finish;
}

# where only root can write: as logs are rotated

my $t = make('%%DIR%%/logs/audit.log');
my $dir = $t->dir;
my $log = "$dir/logs/audit.log";
$t->start;
alive($t, 'root\'s directory');
ok($t->wait_until(sub { -s $log }), 'a file');
like(state($log), qr/^0:644:/, 'is root\'s: commands cannot write it');
my $c = $t->client;
like($c->run("cat < /dev/null > $log")->{stderr}, qr/Permission denied/, 'they try');
$c->close;
ok(usr1($t), 'USR1 without a reason');
alive($t, 'then');
like(state($log), qr/^0:644:/, 'it is still root\'s');
unlike($t->log, qr/cannot be reopened/, 'and none complains');
for my $made (undef, $nobody, 0) {
    unlink "$dir/logs/audit.1";
    rename $log, "$dir/logs/audit.1" or die $!;
    if (defined $made) {
        open my $f, '>', $log or die $!;
        close $f;
        chmod 0640, $log;
        chown $made, -1, $log;
    }
    ok(usr1($t), 'USR1: rotated, ' . (defined $made
        ? "a new one of user $made" : 'no new one'));
    alive($t, 'then');
    ok($t->wait_until(sub { -s $log }), 'the new one gets the lines');
    like(state($log), qr/^$nobody:/, 'and belongs to who writes it');
}

# what only root can put there is what root means

my ($rc, $out);
unlink $log;
symlink 'other.log', $log or die $!;
ok(reload($t), 'a link of root\'s');
alive($t, 'then');
ok($t->wait_until(sub { -s "$dir/logs/other.log" }), 'is followed');
unlink $log;
mkfifo($log, 0666);
($rc, $out) = $t->test_config($t->config);
is($rc, 1, 'a fifo that nobody reads is refused, at once');
like($out, qr/\[emerg\] "cc_executor_audit_log" "\Q$log\E" cannot be opened \(6: /,
    'which says why');
unlink $log;
$t->allow(qr/"cc_executor_audit_log" .* cannot be opened \(6: /, 1);
$t->finish;
is((make('%%DIR%%/none/audit.log')->test_config(
    make('%%DIR%%/none/audit.log')->config))[0], 1, 'a directory that is missing');

# a disk that is full, in a mount namespace of our own

SKIP: {
    skip 'no mount namespace', 1
        if syscall(272, 0x20000) != 0            # unshare(CLONE_NEWNS)
        || system('mount', '--make-rprivate', '/') != 0;
    my $w = make('%%DIR%%/roots/audit.log');
    my $full = $w->dir . '/roots';
    system('mount', '-t', 'tmpfs', '-o', 'size=64k,mode=755,nr_inodes=2',
        'none', $full) == 0 or die;
    open my $f, '>', "$full/last" or die $!;
    close $f;
    $w->start;
    like($w->log, qr/\[warn\].*"cc_executor_audit_log" "\Q$full\E\/audit\.log" cannot be opened now.*\(28: No space left/,
        'a full disk is a warning');
    alive($w, 'then');
    ok($w->wait_until(sub { $w->log =~ /lines of the audit log/ }), 'lines are lost');
    unlink "$full/last";
    ok(usr1($w), 'there is room: USR1');
    alive($w, 'then');
    ok($w->wait_until(sub { -s "$full/audit.log" }), 'and a file');
    my @lost = $w->log =~ /lines of the audit log/g;
    $w->allow(qr/lines of the audit log/, scalar @lost);
    $w->finish;
    system('umount', '-l', $full);
}

done_testing;
