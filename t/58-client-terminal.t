# cc-run on a terminal: -t, its size, Ctrl-C as a key, Ctrl-P Ctrl-Q, attach again,
# several who watch, Ctrl-Z.
#
# tags: asan

use strict;
use warnings;

use Test::More;
use CC::Nginx;
use CC::Run;

my $t = CC::Nginx->new(workers => 2, location => 'cc_executor_allow any;
    cc_executor_shell /bin/sh; cc_executor_keep on; cc_executor_tty on;')
    ->start;
my $dir = $t->dir;
$ENV{CC_URL} = 'ws://127.0.0.1:' . $t->port . '/ws/mcp';
$ENV{PS1} = '';
my $sh = 'PS1= exec sh -i';

sub terminal { my ($words, %o) = @_; return CC::Run->terminal($words,
    dir => $dir, %o) }
sub run { my ($words, %o) = @_; return CC::Run->run($words, dir => $dir, %o) }

# a shell on a terminal, of this size and then of another one

my $c = terminal(['-t', '-k', '--label', 'shell', '--', $sh],
    cols => 101, rows => 33);
ok($c->type("stty size; test -t 0 -a -t 1 -a -t 2 && echo a''ll\r")
    && $c->expect(qr/33 101\r\nall\r\n/), '-t: a terminal of our size');
like(`stty -a < $c->{slave}`, qr/-opost.* -icanon/s, 'ours is raw');
$c->resize(90, 40);
$c->type("until [ \"\$(stty size)\" = '40 90' ]; do sleep 0.05; done; echo si''zed\r");
ok($c->expect(qr/sized\r\n/), 'it follows ours');

# keys are the program's

$c->type("sleep 600\r");
ok($t->wait_until(sub { grep { /sleep 600/ } $t->processes }, 20), 'it sleeps');
$c->type("\x03");
ok($t->wait_until(sub { !grep { /sleep 600/ } $t->processes }, 20),
    'Ctrl-C ends what runs there');
$c->type("echo li''ves\r");
ok($c->expect(qr/lives\r\n/), 'not the shell');
$c->type("printf %s 'a\x10b' | od -An -c\r");
ok($c->expect(qr/ a +020 +b\r\n/),
    'a Ctrl-P alone is a key like others');

# two who watch: one writes, one only reads

my ($id) = run(['ps'])->{out} =~ /^(\w{12})  running .* shell$/m;
ok($id, 'ps: it runs');
my $reader = CC::Run->start(['attach', '-r', $id], dir => $dir);
my $writer = terminal(['attach', $id]);
ok($writer->insist("echo typed by a''nother\r", qr/typed by another\r\n/),
    'who writes sees it');
ok($c->expect(qr/typed by another\r\n/), 'who was there sees it');
ok($reader->wait_out(qr/typed by another\r?\n/), 'who only reads, too');
$reader->signal('INT');
is($reader->rc, 130, 'who only reads leaves by Ctrl-C');
$c->type("echo still h''ere\r");
ok($c->expect(qr/still here\r\n/), 'and nobody else notices');

# leaving, and coming back

$writer->type("\x10\x11");
is($writer->rc, 0, 'Ctrl-P Ctrl-Q leave');
ok($writer->expect(qr/cc-run: detached; back again: cc-run attach \w{48}\r\n/),
    'and say how to come back');
ok($writer->cooked, 'the terminal is as it was');
$c->type("echo be''fore\x10\x11");
is($c->rc, 0, 'the first one leaves');
$c = terminal(['attach', $id]);
ok($c->expect(qr/echo be''fore/), 'what was typed before it is still there');
ok($c->insist("\recho o''nce more\r", qr/once more/), 'it listens');
$c->type("exit 5\r");
is($c->rc, 5, 'attached again: the exit code');
ok($c->cooked, 'the terminal is as it was');

# a terminal to attach to later; what is no terminal here does not matter

my $r = run(['-d', '-t', '--', $sh]);
is($r->{rc}, 0, '-d -t');
chomp($id = $r->{out});
$c = terminal(['attach', $id]);
ok($c->insist("echo t''here\r", qr/there\r\n/),
    'it waits for whoever attaches');
$c->type("exit 6\r");
is($c->rc, 6, 'its exit code');
open my $f, '>', "$dir/typed" or die $!;
print $f "echo fro''m a file\n" . ('x' x 5000) . "\necho aft''er it; exit 7\n";
close $f;
$r = run(['-t', '--', $sh], in => "$dir/typed");
like($r->{out}, qr/from a file\r\n.*after it\r\n/s, '-t, stdin is a file');
is($r->{rc}, 7, 'its exit code');
like($r->{err}, qr/^cc-run: a line of more than 4095 bytes is too long/,
    'a line that no terminal takes: said, and left out');

# killed: the terminal is put back

$c = terminal(['-t', '--', $sh]);
$c->type("echo r''uns\r");
ok($c->expect(qr/runs\r\n/), 'another one');
$c->signal('TERM');
is($c->rc, 143, 'SIGTERM');
ok($c->cooked, 'the terminal is as it was');

# Ctrl-Z pauses the command, fg lets it go on

sub states {
    return map { $t->slurp("../../../proc/$_/stat") =~ /\) (\S)/ ? $1 : '?' }
        map { /^(\d+) .*sleep 0\.0[3]/ } $t->processes;
}

my $run = CC::Run::binary();
$c = terminal(['--norc', '--noprofile', '-i'], program => '/bin/bash');
$c->type("PS1='\$ '; $run -n -- 'i=0; while [ \$i -lt 4000 ]; do"
    . " i=\$((i + 1)); echo lo''op; sleep 0.03; done'\r");
ok($c->expect(qr/loop\r\n/), 'a command in a shell with jobs');
$c->type("\x1a");
ok($c->expect(qr/Stopped/), 'Ctrl-Z stops us');
like(join('', states()), qr/\AT+\z/, 'after the command has stopped');
$c->type("fg\r");
ok($c->expect(qr/loop\r\nloop\r\n/), 'fg: both go on');
$c->type("\x03");
$c->type("echo sta''tus \$?\r");
ok($c->expect(qr/status 130\r\n/), 'Ctrl-C ends it');
ok($t->wait_until(sub { !states() }, 20), 'nothing of it is left');
$c->type("exit\r");
is($c->rc, 0, 'the shell ends');

# a line that breaks: keys are the program's again on the next one; where there
# is none, Ctrl-C leaves

sub isig { my ($tty) = @_; return `stty -a < $tty->{slave}` =~ /(?<!-)\bisig/ }
my $killed = 0;
$c = terminal(['-t', '-k', '--label', 'broken', '--', $sh]);
ok($c->insist("echo a''ll\r", qr/all\r\n/), 'a kept shell');
($id) = run(['ps'])->{out} =~ /^(\w{12})  running .* broken$/m;
$killed += kill 'KILL', $t->workers;
ok($c->insist("echo th''ere\r", qr/there\r\n/), 'its workers are killed');
ok(!isig($c), 'keys are keys');
$c->type("sleep 600\r");
ok($t->wait_until(sub { grep { /sleep 600/ } $t->processes }, 20), 'it sleeps');
$c->type("\x03");
ok($t->wait_until(sub { !grep { /sleep 600/ } $t->processes }, 20),
    'Ctrl-C ends what runs there');
$t->signal('STOP');
$killed += kill 'KILL', $t->workers;
ok($t->wait_until(sub { isig($c) }, 30), 'nobody is there: keys are signals');
$c->type("\x03");
is($c->rc, 130, 'Ctrl-C leaves');
ok($c->expect(qr/cc-run: interrupted; the command may go on: cc-run attach $id/),
    'and says how to come back');
ok($c->cooked, 'the terminal is as it was');
$t->signal('CONT');
is(run(['rm', '-f', $id])->{rc}, 0, 'it went on');
my $died = () = $t->log =~ /worker process \d+ exited on signal 9/g;
ok($died > 0 && $died <= $killed, 'workers died as we wanted, no other');
$t->allow(qr/worker process \d+ exited on signal 9/, $died);

undef $_ for $c, $writer, $reader;
$t->finish;
done_testing;
