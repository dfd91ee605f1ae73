# Terminals: what is typed. Lines, their longest, ^C ^D ^S ^V, flow control,
# erase, passwords; signals to the foreground, the group, the tree.
#
# tags: asan coverage

use strict;
use warnings;

use Test::More;
use Time::HiRes qw(sleep time);
use CC::Nginx;
use CC::Terminal;

my $t = CC::Nginx->new(location => 'cc_executor_allow any;
    cc_executor_shell /bin/bash; cc_executor_tty on; cc_executor_timeout 120s;
    cc_executor_audit_log logs/audit.json argv=full;')->start;
my $c = $t->client;
my ($yes, $no) = (JSON::PP::true, JSON::PP::false);

sub tty { return CC::Terminal->new($c, @_) }

# echo, lines, erase

my $tty = tty('while read -r line; do echo "<$line>"; done; echo end');
is_deeply($tty->type("one\r"), { accepted => 4, offset => 4 }, 'a line');
ok($tty->expect(qr/^one\r\n<one>\r\n/), 'is echoed and read');
$tty->type("tw");
ok($tty->expect(qr/^tw/), 'a piece of one is echoed at once');
$tty->type("o\r");
ok($tty->expect(qr/<two>\r\n/), 'the line is whole');
$tty->type("a\xc3\xa4\x7fb\n");
ok($tty->expect(qr/<ab>\r\n/), 'a character of two bytes is erased as one');
$tty->type("xyz\x15w\n");
ok($tty->expect(qr/<w>\r\n/), '^U takes a line back');
$tty->type("s\x13t\x11u\n");
ok($tty->expect(qr/<s\x13t\x11u>\r\n/), '^S and ^Q are bytes as any other');
is($tty->call('status')->{result}{state}, 'running', 'and stop nothing');

# the end of file

is_deeply($tty->type('', eof => $yes), { accepted => 0, offset => 26 },
    'eof is answered');
ok($tty->expect(qr/end\r\n/), '^D ends what reads');
is($tty->end->{exit_code}, 0, 'and so the command');

$tty = tty('cat; echo again; cat');
$tty->type('abc', eof => $yes);
ok($tty->expect(qr/^abcabcagain\r\n/),
    'in a line: it ends that, then there is an end of file');
$tty->type("d\n");
ok($tty->expect(qr/d\r\nd\r\n/), 'the terminal stays open');
$tty->type('e', eof => $yes);
is($tty->end->{exit_code}, 0, 'for the next one');

$tty = tty({ command => 'cat', stdin => "typed\n" });
is($tty->end->{exit_code}, 0, 'stdin of execute has an end');
is($tty->{all}, "typed\r\ntyped\r\n", 'and is typed');
$tty = tty({ command => 'read a; read b; echo $a$b', stdin => "o\n",
    open_stdin => $yes });
ok($tty->expect(qr/o\r\n/), 'with open_stdin');
$tty->type("k\n");
ok($tty->expect(qr/ok\r\n/), 'there is none');
$tty->end;

# 4,095 bytes of a line, and one more

$tty = tty({ command => 'while read -r line; do echo ${#line}; done',
    tty => { echo => $no } });
is($tty->type('x' x 4095 . "\n")->{accepted}, 4096, '4,095 bytes are a line');
ok($tty->expect(qr/^4095\r\n/), 'that arrives whole');
my $e = $tty->type('x' x 4096 . "\n");
is($e->{code}, -32602, '4,096 are refused');
like($e->{message}, qr/more than 4095 bytes/, 'and the text says why');
is($e->{data}{offset}, 4096, 'and where to go on');
is($tty->type("lost\n")->{code}, -32001, 'nothing gets into the hole');
is_deeply($tty->type("ok\n", offset => 4096), { accepted => 3,
    offset => 4099 }, 'until the position is named');
ok($tty->expect(qr/^2\r\n/), 'nothing of the long line was typed');
$e = $tty->type("short\n" . 'y' x 5000 . "\nbehind\n");
is($e->{data}{offset}, 4105, 'what is before the long line is typed');
ok($tty->expect(qr/^5\r\n/), 'and read');
my $id = $c->send('input', { execution_id => $tty->{id}, offset => 4105,
    data => 'z' x 4000 });
is($c->answer($id)->{result}{accepted}, 4000, 'a line in pieces');
$e = $tty->type('z' x 96);
is($e->{code}, -32602, 'is one line');
is($tty->type("\x15ok\n", offset => $e->{data}{offset})->{accepted}, 4,
    '^U takes it back');
ok($tty->expect(qr/^2\r\n/), 'as the program sees');
$c->send('input', { execution_id => $tty->{id}, data => 'x' x 5000 . "\n" },
    notify => 1);
$e = $c->notification('process.error');
is($e->{params}{code}, -32602, 'a notification is told, too');
is($e->{params}{offset}, 8109, 'with the position');
my @sent = map { $c->send('input', { execution_id => $tty->{id},
    data => $_ == 1 ? 'x' x 5000 : "a\n",
    ($_ == 0 ? (offset => 8109) : ()) }) } 0 .. 3;
my @got = map { $c->answer($_) } @sent;
is($got[0]{result}{accepted}, 2, 'several at once: the first');
is($_->{error}{data}{offset}, 8111, 'the others are refused')
    for @got[1 .. 3];
$tty->type('', eof => $yes, offset => 8111);
is($tty->end->{exit_code}, 0, 'the end');

# many short lines into a reader that takes its time: none is lost

$tty = tty({ command => 'sleep 0.3; head -n 3000 | sha256sum',
    tty => { echo => $no } });
my $lines = join '', map { "line $_ " . 'x' x ($_ % 80) . "\n" } 1 .. 3000;
is($tty->type($lines)->{accepted}, length $lines, '150 KB in lines');
require Digest::SHA;
ok($tty->expect(qr/@{[Digest::SHA::sha256_hex($lines)]}/), 'byte for byte');
$tty->end;

# raw mode: any byte, any length; back pressure

my $bytes = pack 'C*', map { $_ % 256 } 1 .. 200_000;
$tty = tty({ command => q{stty raw -echo; echo ready; sleep 1.2;
    head -c 200000 | sha256sum} });
ok($tty->expect(qr/ready/), 'raw mode');
$id = $c->send('input', { execution_id => $tty->{id},
    data_base64 => MIME::Base64::encode_base64($bytes, '') });
is($c->answer($id, 0.6), undef, 'a reader that does not read: it waits');
is($c->answer($id)->{result}{accepted}, 200_000, 'until it reads');
ok($tty->expect(qr/@{[Digest::SHA::sha256_hex($bytes)]}/), 'byte for byte');
$tty->end;

# signals: typed, and sent; who gets them

my $bash = tty({ command => 'exec bash --norc --noprofile -i',
    tty => { cols => 200 } });
$bash->type("PS1='\$ '; echo re\"\"ady\n");
ok($bash->expect(qr/[\r\n]ready\r\n/), 'an interactive shell');
$bash->type("sleep 100; echo 'not'\"\" here\n");
ok($t->wait_until(sub { foreground() =~ /^sleep/ }, 10), 'runs a job');
$bash->type("\x03");
ok($bash->expect(qr/\^C/), '^C');
$bash->type("echo alive \$?\n");
ok($bash->expect(qr/[\r\n]alive 130\r\n/), 'ends the job, not the shell');
$bash->type("sleep 100\n");
$t->wait_until(sub { foreground() =~ /^sleep/ }, 10);
is_deeply($bash->call('signal', signal => 'INT', to => 'foreground')
    ->{result}, { status => 'signaled', signal => 'SIGINT',
    to => 'foreground', state => 'running' }, 'INT to the foreground');
$bash->type("echo alive again \$?\n");
ok($bash->expect(qr/[\r\n]alive again 130\r\n/), 'does the same');
$bash->type("sleep 100\n");
$t->wait_until(sub { foreground() =~ /^sleep/ }, 10);
$bash->call('signal', signal => 'SIGTSTP', to => 'foreground');
ok($bash->expect(qr/Stopped/), 'TSTP: the shell sees its job stop');
$bash->type("fg\n");
$t->wait_until(sub { foreground() =~ /^sleep/ }, 10);
$bash->call('signal', signal => 15, to => 'foreground');
ok($bash->expect(qr/Terminated/), 'TERM, which is none of the terminal\'s');

# pause stops every group of the session

$bash->type("sleep 200 & sleep 300 & sleep 100\n");
ok($t->wait_until(sub { 3 == sleeps() }, 10), 'three jobs');
is_deeply($bash->call('control', type => 'PAUSE')->{result},
    { status => 'paused' }, 'PAUSE');
is_deeply([map { state($_) } $bash->{pid}, sleeps()], [('T') x 4],
    'stops the shell and every group of it');
is_deeply($bash->call('control', type => 'RESUME')->{result},
    { status => 'resumed' }, 'RESUME');
ok($t->wait_until(sub { !grep { state($_) eq 'T' } $bash->{pid}, sleeps() },
    10), 'all go on');
$bash->type("\x03");
$bash->type("echo still\"\" here\n");
ok($bash->expect(qr/[\r\n]still here\r\n/), 'and the shell takes orders');
$bash->call('signal', signal => 'STOP', to => 'tree');
is($bash->call('status')->{result}{state}, 'paused', 'STOP is PAUSE');
$bash->call('signal', signal => 'CONT');
is($bash->call('status')->{result}{state}, 'running', 'CONT is RESUME');
$bash->call('signal', signal => 'HUP', to => 'group');
is($bash->end->{signal}, 'SIGHUP', 'HUP to the group ends the shell');
is($bash->{completed}{cause}, 'signal', 'with the cause signal');
is(sleeps(), 0, 'and nothing stays');

for (['NOSUCH', 'signal'], ['', 'signal'], [0, 'signal'], [65, 'signal'],
    [undef, 'signal'], ['INT', 'to', 'all'], ['INT', 'to', 1])
{
    my ($signal, $name, $to) = @$_;
    $e = $c->call('signal', { (defined $signal ? (signal => $signal) : ()),
        (defined $to ? (to => $to) : ()) })->{error};
    is($e->{code}, -32602, 'a signal that is none');
    like($e->{message}, qr/^params\.$name must/, 'named');
}

# signals reach who they are for: the tree, or the group

my $plain = $c->call('execute', { command => q{exec perl -MPOSIX -e '
    $SIG{USR1} = sub { syswrite STDOUT, "main\n" };
    if (!fork) { setsid; $SIG{USR1} = sub { syswrite STDOUT, "other\n" };
        syswrite STDOUT, "up\n"; }
    select undef, undef, undef, 0.1 while 1'} })->{result}{execution_id};
is($c->notification('process.output')->{params}{data}, "up\n",
    'two sessions of a command');
$c->call('signal', { signal => 'USR1', to => 'group',
    execution_id => $plain });
is($c->notification('process.output')->{params}{data}, "main\n",
    'USR1 to the group');
$c->call('signal', { signal => 'USR1', execution_id => $plain });
my %heard = map { $_ => 1 } map { $c->notification('process.output')
    ->{params}{data} } 1, 2;
is(join('', sort keys %heard), "main\nother\n", 'and to the tree');
$c->call('control', { type => 'CANCEL', execution_id => $plain });
$c->notification('process.completed');

# ^C passes although nobody reads the output

my $slow = $t->client(path => '/ws/mcp');
$tty = CC::Terminal->new($slow, 'yes');
sleep 0.5;
$slow->send('input', { execution_id => $tty->{id}, data => "\x03" });
$tty->{lean} = 1;
is($tty->end->{signal}, 'SIGINT', '^C passes while output waits');

# a password is seen by its program, nobody else

my $secret = "hunter2-$$-" . int rand 1e9;
$tty = tty({ command => q{read -rs -p 'Password: ' p; echo; echo ${#p}} });
ok($tty->expect(qr/Password: /), 'a prompt without echo');
$tty->type("$secret\n");
is($tty->end->{exit_code}, 0, 'is answered');
like($tty->{all}, qr/^Password: \r\n@{[length $secret]}\r\n$/,
    'nothing is echoed');
$t->stop;
for my $log (qw(logs/error.log logs/audit.json)) {
    my $text = $t->slurp($log);
    unlike($text, qr/\Q$secret\E/, "$log does not know it");
}
like($t->slurp('logs/audit.json'), qr/SIGINT/, 'signals are audited');

sub sleeps {
    my @pids = grep { /\S/ } split /\s+/,
        `ps -o pid= -s $bash->{pid} --no-headers`;
    return grep { (name($_) // '') eq 'sleep' } @pids;
}

sub name {
    my ($pid) = @_;
    open my $f, '<', "/proc/$pid/comm" or return undef;
    chomp(my $comm = <$f> // '');
    return $comm;
}

sub state {
    my ($pid) = @_;
    open my $f, '<', "/proc/$pid/stat" or return 'X';
    return (<$f> // '') =~ /\) (\S)/ ? $1 : 'X';
}

# the command in the foreground of the shell's terminal
sub foreground {
    open my $f, '<', "/proc/$bash->{pid}/stat" or return '';
    my @stat = split / /, (<$f> =~ /\) (.*)/)[0];
    return name($stat[5]) // '';
}

$t->finish;
done_testing;
