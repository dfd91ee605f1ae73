# Attacks on an executor service that need no command, or all the time that one
# has: messages with descriptors, more connections than there is room for, a user
# who is removed or becomes root while he is served, and what a command can make
# of its own TMPDIR before that is removed.
#
# tags:

use strict;
use warnings;

use IO::Select;
use POSIX ();
use Test::More;
use CC::Nginx;
use CC::Service;
use CC::Wire;

plan skip_all => 'only root can give commands another user' if $> != 0;

my $t = CC::Nginx->new(location => 'cc_executor_allow any; cc_executor_shell /bin/sh;
    cc_executor_fence off; cc_executor_kill_grace 500ms; cc_executor_start_timeout 20s;',
    server => 'location /race { cc_executor on; cc_executor_allow any; cc_executor_fence off;
        cc_executor_shell /bin/sh; cc_executor_cwd %%DIR%%/race; cc_executor_client_cwd beneath;
        cc_executor_keep on; cc_executor_start_timeout 20s; }
        location /second { cc_executor on; cc_executor_allow any; cc_executor_fence off;
        cc_executor_user cc-second; cc_executor_start_timeout 20s; }');
my $dir = $t->dir;
$t->{http} = "cc_executor_service unix:$dir/service.sock; cc_executor_user cc-guest;
    cc_executor_helpers min=1 max=8;";

# the service has users of its own

sub users {
    my ($guest) = @_;
    open my $in, '<', '/etc/passwd' or die $!;
    open my $out, -e "$dir/passwd" ? '+<' : '>', "$dir/passwd" or die $!;
    my @lines = <$in>;
    push @lines, "cc-second:x:54323:65534::/nonexistent:/bin/sh\n";
    push @lines, "cc-guest:x:$guest:65534::/nonexistent:/bin/sh\n" if defined $guest;
    print {$out} @lines;
    truncate $out, tell $out;
    close $out;
    return;
}

users(54321);
mkdir $_ for "$dir/race", "$dir/race/way";
symlink '/etc', "$dir/race/link";
chown 54321, -1, "$dir/race", "$dir/race/way";
system "cp /etc/group $dir/group && echo cc-extra:x:54322:cc-guest >> $dir/group";
my $s = CC::Service->new($t, policy => "nobody cc-guest cc-second\n", before => ['unshare', '-m', 'sh',
    '-c', 'mount --bind "$0" /etc/passwd && mount --bind "$1" /etc/group && shift && '
        . 'exec setpriv --groups=0,4,27 prlimit --nproc=300:300 "$@"',
    "$dir/passwd", "$dir/group"]);
if (system('unshare', '-m', 'mount', '--bind', "$dir/passwd", '/etc/passwd') != 0) {
    plan skip_all => 'nothing can be mounted here';
}
$s->start;
$t->start;
sub command {
    my ($c, $line) = @_;
    my $r;
    ok($t->wait_until(sub { $r = $c->run($line); $r->{completed} }, 20), 'a command runs')
        or diag explain $r, $s->log;
    return $r->{stdout} // '';
}
my $c = $t->client;

# groups: those of the user, whatever the service was started with

my %who = map { /^(.*?):\s*(.*)/ } split /\n/,
    command($c, "$CC::Nginx::ROOT/build/fixtures/identity");
is(join(' ', sort split ' ', $who{groups}), '54322 65534',
    'the groups of the user, and none of those that the service was started with');
is($who{'change groups'}, 'Operation not permitted', 'he has no others');
is(command($c, 'id -u'), "54321\n", 'as the user');

# descriptors that nobody asked for, connections that say nothing

sub descriptors { return scalar(() = glob "/proc/$s->{pid}/fd/*") }
my $open = descriptors();
my $flood = <<'EOP';
import array, os, socket, sys
path, message = sys.argv[1], bytes.fromhex(sys.argv[2])
os.setgid(65534)
os.setuid(65534)
held = []
for i in range(41):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    s.connect(path)
    fds = array.array("i", [0] * (0, 1, 10, 100, 253)[(i > 0) * (1 + i % 4)])
    s.sendmsg([message], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)] if i else [])
    s.settimeout(20)
    try:
        if (s.recv(1000) == b"") != (i > 0):
            print("with", len(fds))
    except ConnectionResetError:
        if i == 0:
            print("without")
    s.close()
for i in range(300):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    s.setblocking(False)
    try:
        s.connect(path)
        held.append(s)
    except BlockingIOError:
        pass
print("held", len(held) > 100)
sys.stdout.flush()
sys.stdin.read()
EOP
my $message = unpack 'H*', pack 'L C C S L L a32 a256 Q l L L L', 0x31786363,
    $CC::Wire::VERSION, 6, 0, 0, 328, '0.1.0', 'cc-guest', 65536, 0, 0, 0, 0;
pipe my $end, my $wait or die $!;
my $pid = open my $from, '-|' // die $!;
if ($pid == 0) {
    open STDIN, '<&', $end or die $!;
    close $wait;
    exec 'python3', '-c', $flood, $s->{socket}, $message or POSIX::_exit(127);
}
close $end;
is(scalar <$from>, "held True\n", 'descriptors with a question: no answer; many connect');
cmp_ok(descriptors(), '<=', $open + 16, 'the service has a few more descriptors');
my ($old) = $t->workers;
$t->signal('HUP');
ok($t->wait_until(sub { my @w = $t->workers; @w == 1 && $w[0] != $old }, 30), 'a reload');
$c->close;
$c = $t->client;
is(command($c, 'id -u'), "54321\n", 'a worker behind them is served');
close $wait;
close $from;
ok($t->wait_until(sub { descriptors() <= $open }, 20), 'and none is left')
    or diag descriptors() . " instead of $open";

# more processes than one user may have, by the limit of the service

my $n = 955 . $$;
sub sleeps { return grep { CC::Nginx::title($_) =~ /^sleep $n\s*$/ }
    map { m{(\d+)$} } glob '/proc/[0-9]*' }
my $bomb = $t->client;
my $r = $bomb->run("i=0; while [ \$i -lt 400 ]; do sleep $n & i=\$((i+1)); done");
like($r->{stderr}, qr/fork/i, 'a command cannot make any number of processes')
    or diag explain $r;
is(scalar(my @left = sleeps()), 0, 'and its end is that of all of them');
is(command($c, 'echo next'), "next\n", 'then another one runs');

# one that makes them as long as it can, and those beside it

$bomb->send('execute', { args => ['/usr/bin/perl', '-e',
    '1 while defined fork or select undef, undef, undef, 1 or 1', $n] });
sub bombs { return grep { CC::Nginx::title($_) =~ / $n\s*$/ }
    map { m{(\d+)$} } glob '/proc/[0-9]*' }
ok($t->wait_until(sub { bombs() >= 300 }, 60), 'a user has all the processes that he may')
    or diag scalar bombs();
# who becomes a user may be one more than his limit
for (1 .. 5) {
    $r = $c->call('execute', { command => "exec sleep $n" });
    last if !$r->{result};
}
like($r->{error}{message} // '', qr/temporarily unavailable/,
    'beyond one more no command of his begins, and it is said why') or diag explain $r;
my $second = $t->client(path => '/second');
is($second->run({ args => ['/usr/bin/id', '-u'] })->{stdout}, "54323\n",
    "turn $_: another user's begins") for 1 .. 5;
$second->close;
$bomb->close;
$c->close;
$c = $t->client;
ok($t->wait_until(sub { bombs() == 0 }, 60), 'with its client all of it is gone')
    or diag scalar bombs();
is(command($c, 'echo again'), "again\n", 'and the user has commands again');

# a directory that a client may name becomes a link while it is entered

my $race = $t->client;
my $renameat2 = (POSIX::uname())[4] eq 'aarch64' ? 276 : 316;
$race->send('execute', { command => "cd $dir/race; exec perl -e '\$| = 1; "
    . 'my ($w, $l) = qw(way link); my $n = 0; '
    . "while (syscall($renameat2, -100, \$w, -100, \$l, 2) == 0) "
    . '{ print "go\n" if ++$n == 1 }\'' });
is(($race->notification('process.output', 30) // {})->{params}{data}, "go\n",
    'a directory and a link to /etc change places');
my $there = $t->client(path => '/race');
my %seen;
for (1 .. 2000) {
    $r = $there->run({ command => 'pwd -P', cwd => 'way' });
    my $where = $r->{stdout} || $r->{answer}{error}{message} // 'nothing';
    $seen{$where =~ s/\n.*//sr}++;
    last if keys %seen > 1 && $_ > 100;
}
my @within = grep { m{^\Q$dir\E/race/(?:way|link)$} } keys %seen;
my @refused = grep { /symbolic links|Not a directory/ } keys %seen;
ok(@within && @refused, 'a command begins in the directory, or not at all')
    or diag explain \%seen;
is(@within + @refused, keys %seen, 'and nowhere else') or diag explain \%seen;
$_->close for $race, $there;

# the number of a process that has gone is another one's

SKIP: {
    my $kept = $t->client(path => '/race');
    $kept->send('execute', { command => 'echo $$', on_disconnect => 'keep' });
    my $started = $kept->notification('process.started', 30)->{params};
    $kept->notification('process.completed', 30);
    my ($number, $id) = @$started{qw(pid execution_id)};
    my $victim;
    for (1 .. 500) {
        open my $last, '>', '/proc/sys/kernel/ns_last_pid' or last;
        defined syswrite $last, $number - 1 or last;
        my $pid = fork // die $!;
        if ($pid == 0) {
            exec 'setpriv', '--reuid=54321', '--clear-groups', 'sleep', '300'
                if $$ == $number;
            POSIX::_exit(0);
        }
        $victim = $pid, last if $pid == $number;
        waitpid $pid, 0;
    }
    skip 'no process can be given a number here', 3 if !$victim;
    ok($t->wait_until(sub { CC::Nginx::title($victim) =~ /^sleep/ }, 20),
        'another process of the user has the number of a command that is over');
    my $e = $kept->call('signal', { execution_id => $id, signal => 'KILL' });
    is($e->{result}{state}, 'exited', 'a signal to the command: it is over')
        or diag explain $e;
    $kept->call('control', { type => 'CANCEL', execution_id => $id });
    $kept->call('remove', { execution_id => $id, force => JSON::PP::true });
    command($c, 'true');
    is(waitpid($victim, POSIX::WNOHANG()), 0, 'and the other one lives');
    kill 'KILL', $victim;
    waitpid $victim, 0;
    $kept->close;
}

# what a command is called, what it runs and where: no line of any log, no title

my $odd = "x\n2026/01/01 00:00:00 [alert] 1#1: planted\e]0;planted\a\r";
my $c2 = $t->client(path => '/race');
$c2->run($_) for { args => ["/bin/echo$odd", $odd] }, { command => "echo '$odd' >&2" },
    { command => 'true', cwd => $odd }, { command => 'true', label => $odd,
    on_disconnect => 'keep' }, { args => ['/bin/sh', '-c', 'kill -9 $$', $odd] };
$c2->close;
for (['error log', $t->log], ['log of the service', $s->log]) {
    my ($what, $log) = @$_;
    unlike($log, qr/^[^\n]*\[alert\][^\n]*planted|^planted|[\x00-\x08\x0b-\x1f]/m,
        "$what: nothing of it") or diag $log;
}
is_deeply([grep { !/^cc-executord: (?:keeper|spawner|helper)\b[ -~]*$/ }
    map { CC::Nginx::title($_) =~ s/\s+$//r } $s->tree], [], 'titles say what they are');

# TMPDIR is removed with what its user has put there, and nothing else

mkdir "$dir/victim";
open my $f, '>', "$dir/victim/$_" or die $! for 'file', 'other';
chown 54321, -1, "$dir/victim", map { "$dir/victim/$_" } 'file', 'other';
for my $attack (['a link in it', 'ln -s ' . "$dir/victim \$TMPDIR/x"],
    ['a hard link', "ln $dir/victim/file \$TMPDIR/file"],
    ['a link in its place', "mv \$TMPDIR \$TMPDIR.x && ln -s $dir/victim \$TMPDIR"],
    ['a link above it', "p=\${TMPDIR%/*}; mv \$p \$p.x && ln -s $dir/victim \$p"],
    ['odd names, no rights', 'mkdir -p $TMPDIR/.../..x && chmod 0 $TMPDIR/...'])
{
    my ($what, $line) = @$attack;
    is(command($c, "$line && echo planted"), "planted\n", $what);
    is(command($c, 'echo next'), "next\n", "TMPDIR, $what: the next command runs");
    is(join(' ', sort map { s{.*/}{}r } glob "$dir/victim/*"), 'file other',
        'what is elsewhere stays');
}

# a user who is gone, and one who has become root

users(undef);
is(command($c, 'id -u'), "54321\n", 'a user is removed: who was granted him keeps him');
($old) = $t->workers;
$t->signal('HUP');
ok($t->wait_until(sub { my @w = $t->workers; @w == 1 && $w[0] != $old }, 30), 'a reload');
$c->close;
$r = $t->client->run('true');
like($r->{answer}{error}{message}, qr/executor service: Permission denied/,
    'the next worker is refused') or diag explain $r;
like($t->log, qr/starts no commands as "cc-guest": .*(?:unknown|no such|not exist)/i,
    'the log says that there is no such user');
users(0);
ok($t->wait_until(sub { $t->client->run('true'); $t->log
    =~ /starts no commands as "cc-guest": .*root/i }, 20), 'as root there is none, either')
    or diag $t->log, $s->log;
$t->finish;
$s->finish;

done_testing;
