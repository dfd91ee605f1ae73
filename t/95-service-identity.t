# Commands as another user than nginx's, by an executor service: who they are,
# what they can do to whoever started them, where they begin, and whom the
# service serves.
#
# tags:

use strict;
use warnings;

use IO::Select;
use Test::More;
use CC::Nginx;
use CC::Service;
use CC::Wire;

plan skip_all => 'only root can give commands another user' if $> != 0;

my $fixtures = "$CC::Nginx::ROOT/build/fixtures";
my ($uid, $gid, $home) = (getpwnam 'backup')[2, 3, 7];
my $service = getpwnam CC::Service::USER;

sub nginx {
    my (%o) = @_;
    my $user = delete $o{user} // 'backup';
    my $t = CC::Nginx->new(location => 'cc_executor_allow any;
        cc_executor_shell /bin/sh; cc_executor_kill_grace 500ms;
        cc_executor_tty on; cc_executor_fence off;', %o);
    $t->{http} = "cc_executor_service unix:${\$t->dir}/service.sock;
        cc_executor_user $user; cc_executor_helpers min=1 max=8;";
    return $t;
}

sub lines { my ($r) = @_; return { map { /^(.*?):\s*(.*)/ } split /\n/,
    $r->{stdout} // '' } }

my $t = nginx(server => 'location /fence { cc_executor on; cc_executor_allow any;
    cc_executor_shell /bin/sh; cc_executor_cwd %%DIR%%/own;
    cc_executor_client_cwd beneath;
    cc_executor_fence_read /usr /bin /lib /lib64;
    cc_executor_fence_write %%DIR%%/own/deep; }');

# The service has a secret in the keyring of its session.  Who starts it may
# ignore SIGCHLD, as some supervisors do.

my $s = CC::Service->new($t, before => ['perl', '-e', '$SIG{CHLD} = "IGNORE";
    exec @ARGV', "$fixtures/identity", '-k'])->start;
my @socket = stat "${\$t->dir}/service.sock";
is(sprintf('%o', $socket[2] & 0777), '660', 'its socket is for its group');
is("$socket[4] $socket[5]", '0 ' . scalar getgrnam('nogroup'), 'and root');

# a directory that only the command's user can enter
mkdir "${\$t->dir}/own";
mkdir "${\$t->dir}/own/deep";
chown $uid, $gid, "${\$t->dir}/own", "${\$t->dir}/own/deep";
chmod 0700, "${\$t->dir}/own";

$t->start;
my $c = $t->client;
my $r = $c->run("$fixtures/identity");
my $who = lines($r);
is($who->{uid}, "$uid $uid $uid $uid", 'real, effective, saved and file uid')
    or diag explain $r->{answer}, $t->log, $s->log;
is($who->{gid}, "$gid $gid $gid $gid", 'and gid');
is($who->{groups}, $gid, 'the groups of the user, none of the service');
is(hex $who->{$_}, 0, "$_: none") for qw(CapInh CapPrm CapEff CapAmb);
is(hex($who->{CapBnd}) & ~0xe1, 0, 'CapBnd: CHOWN SETGID SETUID KILL at most');
is($who->{NoNewPrivs}, 1, 'no new privileges');
is($who->{key}, 'Required key not available',
    'the key of the service is not there');
is($who->{'become root'}, 'Operation not permitted', 'no way to root');
is($who->{'change groups'}, 'Operation not permitted', 'nor to other groups');
is($who->{'open stdout'}, 'ok', '/dev/stdout can be opened');
is($who->{$_}, 'Operation not permitted', "$_: denied")
    for 'kill helper', 'trace helper';
is($who->{$_}, 'Permission denied', "$_: denied")
    for 'memory of helper', 'descriptor of helper';

# all of that without a fence: another uid is enough

my ($helper) = $s->helpers;
is((stat "/proc/$helper/environ")[4], 0, 'a helper is not dumpable');
my ($spawner) = $s->spawners;
open my $f, '<', "/proc/$spawner/status" or die $!;
my ($ids) = join('', <$f>) =~ /^Uid:\t(.*)/m;
is($ids, join("\t", ($service) x 3, $uid),
    'the spawner is the service\'s, with the rights of the user on files');
seek $f, 0, 0;
my ($caps) = join('', <$f>) =~ /^CapPrm:\t(.*)/m;
is(hex $caps, 0xe0, 'and SETGID SETUID KILL');

# what it inherits

$r = $c->run("$fixtures/inherit one");
my $text = $r->{stdout};
my %env = map { /^env: (\w+)=(.*)/ ? ($1 => $2) : () } split /\n/, $text;
is_deeply([grep { /^fd/ } split /\n/, $text],
    ['fd 0: /dev/null, both', 'fd 1: pipe, write', 'fd 2: pipe, write'],
    'three descriptors and no other');
is($env{$_}, 'backup', "$_ is the user's") for qw(USER LOGNAME);
is($env{HOME}, $home, 'HOME too');
like($text, qr/^cwd: \Q$home\E$/m, 'where it starts, too');
like($text, qr/^core: 0 0$/m, 'no core dumps');
ok(!(grep { /LISTEN|POLICY|GAMES/i } keys %env), 'nothing of the service');

# TMPDIR: the user's own, and removed, whatever is in it

$r = $c->run('stat -c "%U %a" $TMPDIR; mkdir -p $TMPDIR/a/b; '
    . 'touch $TMPDIR/a/b/c; chmod 500 $TMPDIR/a/b; echo $TMPDIR');
my ($owner, $tmp) = split /\n/, $r->{stdout};
is($owner, 'backup 700', 'TMPDIR belongs to the user');
like($tmp, qr{^\Q${\$t->dir}\E/service-tmp/$uid/}, 'in the service\'s place');
ok($t->wait_until(sub { !-e $tmp }), 'and is gone afterwards');

# a terminal

$r = $c->run({ command => 'tty; stat -c %U $(tty); exec 5<>$(tty) && echo open',
    tty => { cols => 80, rows => 24 } });
like($r->{stdout}, qr{/dev/pts/\d+\r\nbackup\r\nopen},
    'its terminal is its user\'s and can be opened') or diag explain $r;

# directories and fences are the user's matter: nobody else gets that far

my $d = $t->client(path => '/fence');
$r = $d->run('pwd; echo x > deep/file && stat -c %u deep/file; '
    . 'touch outside; echo end');
like($r->{stdout}, qr{^\Q${\$t->dir}\E/own\n$uid\nend\n$},
    'a directory that only the user can enter') or diag explain $r;
like($r->{stderr}, qr/outside.*Permission denied/, 'and a fence in there');
$r = $d->run({ command => 'pwd', cwd => 'nowhere' });
like($r->{answer}{error}{message} // '', qr/No such file/,
    'a place that is not there');
$d->close;
chown 0, 0, "${\$t->dir}/own";
$d = $t->client(path => '/fence');
$r = $d->run('pwd');
like($r->{answer}{error}{message} // '', qr/Permission denied/,
    'root\'s directory is not entered with the rights of somebody else');
$d->close;

# signals reach what has another uid than the helper; nothing is left

my $n = "953$$";
$d = $t->client;
$d->send('execute', { command =>
    "setsid sleep ${n}1 & (setsid sh -c 'trap : TERM; exec sleep ${n}2' &); "
    . "echo go; exec sleep ${n}3" });
is(($d->notification('process.output') // {})->{params}{data}, "go\n", 'runs');
sub sleeps { return grep { CC::Nginx::title($_) =~ /^sleep $n\d\s*$/ }
    map { m{(\d+)$} } glob '/proc/[0-9]*' }
ok($t->wait_until(sub { (my @n = sleeps()) == 3 }), 'three processes');
$d->call('control', { type => 'CANCEL' });
is($d->notification('process.completed')->{params}{cause}, 'cancel',
    'canceled');
is(scalar(my @left = sleeps()), 0, 'and all are gone');
$d->close;
$c->close;
$t->finish;

# whom it serves: the peer, the user, the version; from the same socket

sub connect_message {
    my ($user, %o) = @_;
    return pack 'L C C S L L a32 a256 Q l L L L', 0x31786363,
        $o{version} // $CC::Wire::VERSION, $o{type} // 6, 0, 0, $o{size} // 328,
        $o{build} // '0.1.0',
        $user, $o{ring} // 65536, 0, 0, $o{enclosed} // 0, 0;
}

sub ask {
    my ($as, $user, %o) = @_;
    pipe my $from, my $to or die $!;
    my $pid = fork // die $!;
    if ($pid == 0) {
        $) = "$as->[1] $as->[1]";
        POSIX::setgid($as->[1]);
        POSIX::setuid($as->[0]);
        my $k = $s->connect or do { print $to "no: $!"; CORE::close $to;
            POSIX::_exit(0) };
        send $k, connect_message($user, %o), 0;
        my $got = '';
        recv $k, $got, 4096, 0 if IO::Select->new($k)->can_read(20);
        my (undef, $version, $type, undef, undef, undef, undef, $refusal)
            = unpack 'L C C S L L a32 L', $got;
        $version = 'ours' if length $got && $version == $CC::Wire::VERSION;
        print $to length $got ? "$type $version $refusal" : 'closed';
        CORE::close $to;
        POSIX::_exit(0);
    }
    CORE::close $to;
    my $said = <$from>;
    waitpid $pid, 0;
    return $said;
}

my @nobody = (getpwnam 'nobody')[2, 3];
is(ask(\@nobody, 'backup'), '7 ours 0', 'a peer of the table is served');
is(ask(\@nobody, 'news'), '7 ours 4', 'not as a user that it may not name');
is(ask(\@nobody, 'root'), '7 ours 4', 'nor as root');
is(ask([(getpwnam 'list')[2], $nobody[1]], 'backup'), '7 ours 3',
    'another peer is not');
is(ask([0, 0], 'backup'), '7 ours 3', 'not even root');
like(ask([(getpwnam 'list')[2, 3]], 'backup'), qr/^no: Permission denied/,
    'who is not in the group does not get that far');
is(ask(\@nobody, 'backup', version => 200), '7 ours 1',
    'another version is told so');
like($s->log, qr/ it is version 0\.1\.0 \(200\), this is [\d.]+\S* \($CC::Wire::VERSION\): upgrade/,
    'and the log');
is(ask(\@nobody, 'backup', version => 200, build => "0\n[alert] x"), '7 ours 1',
    'one with an odd name, too');
like($s->log, qr/ it is version \? \(200\)/, 'which is not shown');
is(ask(\@nobody, 'backup', type => 1), 'closed', 'what is no CONNECT');
is(ask(\@nobody, 'backup', size => 100), 'closed', 'what lies about its size');
is(ask(\@nobody, 'backup', ring => 1 << 40), 'closed', 'what asks for too much');
is(ask(\@nobody, "x\n[alert] y"), '7 ours 4', 'an odd name');
unlike($s->log, qr/\[alert\]/, 'is in no log');

# places that are held

sub hold {
    my ($n, @as) = @_;
    my $pid = open my $from, '-|' // die $!;
    if ($pid == 0) {
        $) = "$as[1] $as[1]";
        POSIX::setgid($as[1]);
        POSIX::setuid($as[0]);
        my (@open, @said);
        for (1 .. $n) {
            push @open, my $k = $s->connect // die "connect: $!\n";
            send $k, connect_message('backup'), 0;
            my $got = '';
            recv $k, $got, 4096, 0 if IO::Select->new($k)->can_read(60);
            push @said, (unpack 'L C C S L L a32 L', $got)[7] // 'nothing';
        }
        $| = 1;
        print "@said\n";
        sleep 600;
        POSIX::_exit(0);
    }
    my $said = <$from>;
    return ($pid, $from, split ' ', $said // '');
}

# workers for one user's commands do not take the places of those for others

my @list = ((getpwnam 'list')[2], $nobody[1]);
$s->write("nobody backup max=2 list\nlist backup\n");
my ($pid, $from, @said) = hold(3, @nobody);
is("@said", '0 0 8', 'two of a peer for one user, as its line says');
like($s->log, qr/refused uid $nobody[0] .*as many workers for that user/,
    'the log says why');
is(ask(\@nobody, 'list'), '7 ours 0', 'another user has room');
is(ask(\@list, 'backup'), '7 ours 0', 'and another peer');
kill 'HUP', $s->{pid};
ok($t->wait_until(sub { $s->log =~ /has taken over/ }, 30), 'the service is replaced');
is(ask(\@nobody, 'backup'), '7 ours 8', 'they count for the next one');
$s->write("nobody backup max=3\nnobody backup max=4 backup\n");
is(ask(\@nobody, 'backup'), '7 ours 0', 'the table gives one more');
kill 'KILL', $pid;
CORE::close $from;
ok($t->wait_until(sub { !$s->keepers }, 60), 'all are gone');
for my $bad ('max=2 backup', 'backup max=0', 'backup max=2x', 'backup max=',
    'backup max=1 max=2', 'backup max=10000', 'backup min=2')
{
    $s->write("nobody $bad\n");
    is(ask(\@nobody, 'backup'), '7 ours 2', "no table: $bad");
}
like($s->log, qr/line 1 of .*"max=" is not a number behind a user/, 'and why');

# one peer does not take all places

$s->write("nobody backup\nlist backup\n");
($pid, $from, @said) = hold(98, @nobody);
is("@said", join(' ', (0) x 96, 7, 7), 'one peer has 96 workers at most');
is(ask([(getpwnam 'list')[2], $nobody[1]], 'backup'), '7 ours 0',
    'there is room for another peer');
kill 'KILL', $pid;
CORE::close $from;
ok($t->wait_until(sub { !$s->keepers }, 60), 'and for the first one, when they'
    . ' are gone');

$s->write("nobody root games ghost\n65534 backup  # by number\n");
is(ask(\@nobody, 'root'), '7 ours 6', 'root is no user, whatever the table says');
is(ask(\@nobody, 'games'), '7 ours 6', 'nor is the service itself');
is(ask(\@nobody, 'ghost'), '7 ours 5', 'one that does not exist');
is(ask(\@nobody, 'backup'), '7 ours 0', 'a peer by its number');
$s->write("nobody\n");
is(ask(\@nobody, 'backup'), '7 ours 2', 'a line without a user');
$s->write("nobody backup\n");
chmod 0666, "${\$t->dir}/policy/table";
is(ask(\@nobody, 'backup'), '7 ours 2', 'a table that others can write');
chmod 0644, "${\$t->dir}/policy/table";
chmod 0777, "${\$t->dir}/policy";
is(ask(\@nobody, 'backup'), '7 ours 2', 'a directory that others can write');
chmod 0755, "${\$t->dir}/policy";

# peers that say nothing do not keep others from being served

my @silent = map { $s->connect } 1 .. 40;
is(ask(\@nobody, 'backup'), '7 ours 0', 'behind 40 silent peers');
ok($t->wait_until(sub {
    my @open = grep { my $n = IO::Select->new($_)->can_read(0); !$n } @silent;
    !@open }, 10), 'who are sent away');

ok($t->wait_until(sub { !$s->keepers }, 20), 'who leaves is forgotten');
$s->finish;

# it does not start as what it must not be

mkdir "${\$t->dir}/setgid";
chown 0, scalar getgrnam('games'), "${\$t->dir}/setgid";
chmod 02755, "${\$t->dir}/setgid";

for my $case (
    [qr/runs as root/, $CC::Service::PROGRAM, '-l', "${\$t->dir}/x",
        '-p', "${\$t->dir}/policy/table"],
    [qr/is root/, $s->words, '-u', 'root'],
    [qr/CAP_SETUID/, 'setpriv', '--reuid=games', '--regid=games',
        '--clear-groups', '--inh-caps=-all', $CC::Service::PROGRAM,
        '-p', "${\$t->dir}/policy/table",
        '-l', "${\$t->dir}/service-tmp/x"],
    [qr/policy/, $s->words, '-p', '/nowhere'],
    [qr/name one|pass one/, $CC::Service::PROGRAM, '-u', 'games'],
    [qr/another group/, $s->words, '-l', "${\$t->dir}/setgid/socket"],
    [qr/no such group/, $s->words, '-g', 'no_such_group'],
    [qr/unknown argument: more.*usage:/s, $s->words, 'more'],
) {
    my ($why, @words) = @$case;
    my $code = $why =~ /usage/ ? 2 : 1;
    my $pid = open my $out, '-|' // die $!;
    if ($pid == 0) {
        open STDERR, '>&', \*STDOUT;
        exec @words or POSIX::_exit(127);
    }
    my $said = join '', <$out>;
    CORE::close $out;
    is($? >> 8, $code, "refuses to start: $why");
    like($said, $why, 'and says why');
}

done_testing;
