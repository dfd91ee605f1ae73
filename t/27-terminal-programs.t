# Terminals: programs that draw (vim, less, top); output to the byte; the end of
# everything: cancel, a daemon, closed descriptors, no terminal left; no
# terminal to be had.
#
# tags: asan slow

use strict;
use warnings;

use Test::More;
use Digest::SHA qw(sha256_hex);
use Time::HiRes qw(sleep time);
use CC::Nginx;
use CC::Terminal;

my $t = CC::Nginx->new(location => 'cc_executor_allow any;
    cc_executor_shell /bin/bash; cc_executor_tty on; cc_executor_timeout 120s;
    cc_executor_linger 2s;')->start;
my $c = $t->client;

sub tty { return CC::Terminal->new($c, @_) }

sub program { return !system "command -v $_[0] > /dev/null 2>&1" }

# those that draw

SKIP: {
    my ($vim) = grep { program($_) } qw(vim vim.tiny)
        or skip 'no vim here', 4;
    my $tty = tty("exec $vim -N -u NONE -i NONE");
    ok($tty->expect(qr/\e\[/), 'vim draws');
    $tty->call('resize', cols => 60, rows => 10);
    $tty->type("iwritten by hand\e:w terminal-vim.txt\r");
    ok($tty->expect(qr/terminal-vim\.txt.*written/s), 'writes a file');
    $tty->type(":set lines? columns?\r");
    ok($tty->expect(qr/lines=10.*columns=60/s), 'knows the size');
    $tty->type(":q!\r");
    is($tty->end->{exit_code}, 0, 'and quits');
}

SKIP: {
    skip 'no less here', 3 if !program('less');
    my $tty = tty('seq 1000 | exec less');
    ok($tty->expect(qr/23\r\n:/), 'less shows a page of 23 lines');
    $tty->type('G');
    ok($tty->expect(qr/1000\r\n.*END/s), 'the last one');
    $tty->type('q');
    is($tty->end->{exit_code}, 0, 'and quits');
}

SKIP: {
    skip 'no top here', 2 if !program('top');
    my $tty = tty('exec top -d 0.2');
    ok($tty->expect(qr/load average.*load average/s), 'top draws again');
    $tty->type('q');
    is($tty->end->{exit_code}, 0, 'and quits');
}

# output, to the byte

my $rounds = $ENV{CC_NIGHTLY} ? 1000 : 10;
my $want = sha256_hex(join '', map { sprintf "%07d\r\n", $_ }
    1 .. 116_509);
my $wrong = 0;
for (1 .. $rounds) {
    my $tty = tty(q{seq -f %07.0f 116509});
    my $end = $tty->end(120);
    $wrong++ if $end->{stdout_bytes} != 9 * 116_509
        || sha256_hex($tty->{all}) ne $want;
}
is($wrong, 0, "1 MiB of output, $rounds times, is complete");

my @short = map { my $tty = tty("printf 'last %d' $_"); $tty->end;
    $tty->{all} eq "last $_" ? () : $tty->{all} } 1 .. 40;
is("@short", '', 'the last bytes before an end are never lost');

# the end

my $tty = tty(q{trap '' TERM HUP; setsid sleep 300 & nohup sleep 300 &
    sleep 300 & echo up; wait});
ok($tty->expect(qr/up\r\n/), 'a command with what it can leave behind');
$tty->call('control', type => 'CANCEL');
is($tty->end->{cause}, 'cancel', 'is canceled');
is(scalar(grep { /sleep 300/ } $t->processes), 0, 'with all of its tree');

# nobody has the terminal open, or somebody opens it again and again: the
# helper sleeps

sub ticks {
    my $n = 0;
    for my $pid ($t->helpers) {
        open my $f, '<', "/proc/$pid/stat" or next;
        my @stat = split / /, (<$f> =~ /\) (.*)/)[0];
        $n += $stat[11] + $stat[12];
    }
    return $n;
}

$tty = tty('echo closed; exec 0<&- 1>&- 2>&-; exec sleep 3');
ok($tty->expect(qr/closed/), 'all of it is closed');
my $before = ticks();
sleep 1.5;
cmp_ok(ticks() - $before, '<', 20, 'and the helper sleeps');
$tty->end;
is($tty->{completed}{exit_code}, 0, 'until the end');

$tty = tty(q{exec 0<&- 1>&- 2>&-; for i in $(seq 30); do sleep 0.05;
    echo $i > /dev/tty; done});
$before = ticks();
ok($tty->expect(qr/30\r\n/), 'a process that opens it thirty times');
cmp_ok(ticks() - $before, '<', 20, 'is heard without any hurry');
$tty->end;
is($tty->{all}, join('', map { "$_\r\n" } 1 .. 30), 'every time');

# a stranger keeps the terminal: the command ends all the same

my $name;
$tty = tty('tty; read x; exit 5');
($name) = $tty->expect(qr{/dev/pts/\d+\r\n}) =~ m{(/dev/pts/\d+)};
SKIP: {
    open my $stranger, '+<', $name or skip "$name is not for us", 2;
    $tty->type("\n");
    is($tty->end->{exit_code}, 5, 'a stranger has it open');
    ok($tty->{completed}{pipes_open}, 'and that is told');
}
$tty->end;

# descriptors: none is left, however a command ends

sub ptys {
    my $n = 0;
    for my $pid ($t->helpers) {
        $n += grep { (readlink($_) // '') =~ m{^/dev/(?:pts/)?(?:ptmx|\d+)} }
            glob "/proc/$pid/fd/*";
    }
    return $n;
}

tty($_)->end for ('true', 'exit 3', 'kill -9 $$', 'echo x; kill -HUP 0');
$c->call('execute', { args => ['/nonexistent'], tty => JSON::PP::true });
$c->call('execute', { args => ['/etc/passwd'], tty => JSON::PP::true });
my $gone = $t->client;
CC::Terminal->new($gone, 'sleep 300');
$gone->close;
ok($t->wait_until(sub { ptys() == 0 }, 20), 'no helper keeps a terminal');

$t->finish;

# as many as there are: a mount namespace with room for two

SKIP: {
    skip 'not root', 4 if $> != 0;
    my $script = 'mount -t devpts -o newinstance,ptmxmode=0666,max=2 devpts '
        . '/dev/pts && mount --bind /dev/pts/ptmx /dev/ptmx';
    skip 'no mount namespaces here', 4
        if system "unshare -m sh -c '$script' 2> /dev/null";
    my $few = CC::Nginx->new(location => 'cc_executor_allow any;
        cc_executor_shell /bin/sh; cc_executor_tty on;');
    open my $wrapper, '>', "$few->{dir}/nginx" or die $!;
    print $wrapper "#!/bin/sh\nexec unshare -m sh -c '$script && "
        . "exec \"\$0\" \"\$@\"' $few->{nginx} \"\$@\"\n";
    close $wrapper;
    chmod 0755, "$few->{dir}/nginx";
    $few->{nginx} = "$few->{dir}/nginx";
    $few->start;
    my $client = $few->client;
    my @two = map { CC::Terminal->new($client, 'read x') } 1, 2;
    my $e = $client->call('execute', { command => 'true',
        tty => JSON::PP::true })->{error};
    is($e->{code}, -32603, 'no terminal is left: an error');
    like($e->{message}, qr/^no terminal can be opened: too many are in use/,
        'that says so');
    is($client->run('echo fine')->{stdout}, "fine\n",
        'commands without one run');
    $two[0]->type("\n");
    $two[0]->end;
    ok($client->call('execute', { command => 'true',
        tty => JSON::PP::true })->{result}, 'one that ends makes room');
    $two[1]->type("\n");
    $two[1]->end;
    $few->finish;
}

done_testing;
