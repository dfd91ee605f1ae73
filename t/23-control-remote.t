# Commands whose processes live elsewhere (cc_executor_control): which signals
# their other end gets, in which order, and what is told when it does not.  The
# other end is a process of this test, which starts what the wrapper asks for
# outside of all that belongs to nginx.
#
# tags: asan coverage

use strict;
use warnings;

use File::Temp qw(tempdir);
use IO::Socket::UNIX;
use JSON::PP ();
use POSIX qw(setsid);
use Test::More;
use CC::Kept qw(attach begin completed output);
use CC::Nginx;
use CC::Run;

my $far = tempdir(CLEANUP => 1);
chmod 0755, $far;

# The other end.  A connection is one request, ended by a line: "run ID WORD
# ..." (hexadecimal) is answered with what the command writes, and a last line
# "=CODE"; "signal ID NAME" with "ok".

my $listener = IO::Socket::UNIX->new(Local => "$far/socket", Listen => 64)
    or die $!;
chmod 0777, "$far/socket";

sub note_down {
    my ($line) = @_;
    open my $f, '>>', "$far/log" or die $!;
    syswrite $f, "$line\n";
    return;
}

sub run_far {
    my ($s, $id, @argv) = @_;
    pipe my $out, my $in or die $!;
    my $pid = fork // die $!;
    if ($pid == 0) {
        setsid();
        open STDOUT, '>&', $in or die $!;
        open STDERR, '>&', $in or die $!;
        open STDIN, '<', '/dev/null' or die $!;
        $SIG{CHLD} = 'DEFAULT';
        exec @argv or POSIX::_exit(127);
    }
    close $in;
    open my $f, '>', "$far/$id.new" or die $!;
    print $f "$pid\n";
    close $f;
    rename "$far/$id.new", "$far/$id.pid";
    while (sysread $out, my $data, 65536) {
        syswrite $s, $data;
    }
    waitpid $pid, 0;
    syswrite $s, sprintf "=%d\n", $? & 127 ? 128 + ($? & 127) : $? >> 8;
    return;
}

sub serve {
    my ($s) = @_;
    my ($what, $id, @words) = split ' ', <$s> // return;
    return run_far($s, $id, map { pack 'H*', $_ } @words) if $what eq 'run';
    note_down($words[0]);
    open my $f, '<', "$far/$id.pid" or return;
    chomp(my $pid = <$f>);
    syswrite $s, "ok\n" if kill $words[0], -$pid;
    return;
}

my $server = fork // die $!;
if ($server == 0) {
    setsid();
    $SIG{CHLD} = 'IGNORE';
    while (1) {
        my $s = $listener->accept or next;
        my $pid = fork // die $!;
        next if $pid;
        $SIG{CHLD} = 'DEFAULT';
        serve($s);
        POSIX::_exit(0);
    }
}
close $listener;

sub far_pids {
    return map { open my $f, '<', $_ or (); chomp(my $p = <$f>); $p }
        glob "$far/*.pid";
}

END {
    my $rc = $?;
    if ($server) {
        kill 'KILL', $server, map { -$_ } grep { kill 0, $_ } far_pids();
        waitpid $server, 0;
    }
    $? = $rc;
}

sub noted { open my $f, '<', "$far/log" or return '';
    return join ' ', map { chomp; $_ } <$f> }

sub far_mode { my ($mode) = @_; open my $f, '>', "$far/mode.new" or die $!;
    print $f "$mode\n"; close $f; rename "$far/mode.new", "$far/mode";
    unlink "$far/log"; return }

# What stands for it here, and what reaches it.

sub script {
    my ($name, $text) = @_;
    open my $f, '>', "$far/$name" or die $!;
    print $f "#!/usr/bin/perl\nuse strict; use warnings; use Socket;\n"
        . "socket my \$s, PF_UNIX, SOCK_STREAM, 0 or exit 70;\n"
        . "connect \$s, sockaddr_un('$far/socket') or exit 71;\n$text";
    close $f;
    chmod 0755, "$far/$name";
    return "$far/$name";
}

my $wrapper = script('there', <<'EOS');
my $id = shift;
$SIG{$_} = eval "sub { syswrite STDOUT, qq(local $_\n) }" for qw(USR1 CONT);
$SIG{TERM} = sub { syswrite STDOUT, "local TERM\n"; exit 99 };
syswrite $s, join(' ', 'run', $id, map { unpack 'H*', $_ } @ARGV) . "\n";
my ($text, $code) = ('', 72);
while (1) {
    my $n = sysread $s, $text, 65536, length $text;
    next if !defined $n;
    last if !$n;
    $code = $1 if $text =~ s/^=(\d+)\n\z//m;
    syswrite STDOUT, $1 while $text =~ s/\A([^=\n]*\n)//;
}
exit $code;
EOS

my $control = script('reach', "my \$far = '$far';\n" . <<'EOS');
open my $f, '<', "$far/mode" or exit 73;
chomp(my $mode = <$f>);
my ($id, $name) = @ARGV;
sleep 600 if $mode eq 'hang';
exit 3 if $mode =~ /fail/;
syswrite $s, "signal $id $name\n";
my $n = sysread $s, my $answer, 16;
exit($n && $answer eq "ok\n" ? 0 : 4);
EOS

far_mode('pass');

my $t = CC::Nginx->new(
    http => "cc_executor_wrapper $wrapper \"%{id}\";
        cc_executor_control $control \"%{id}\" \"%{signal}\";
        cc_executor_env PATH=/usr/bin:/bin;",
    location => 'cc_executor_allow any; cc_executor_shell /bin/sh;
        cc_executor_kill_grace 60s; cc_executor_keep on;
        cc_executor_audit_log %%DIR%%/logs/audit.log;',
    server => 'location /short { cc_executor on; cc_executor_allow any;
        cc_executor_shell /bin/sh; cc_executor_kill_grace 2s;
        cc_executor_audit_log %%DIR%%/logs/audit.log; }
    location /here { cc_executor on; cc_executor_allow any;
        cc_executor_shell /bin/sh; cc_executor_wrapper off;
        cc_executor_control off; }')->start;

sub state_of {
    my ($pid) = @_;
    open my $f, '<', "/proc/$pid/stat" or return '-';
    return <$f> =~ /^\d+ \(.*\) (\S)/s ? $1 : '-';
}

# starts one and awaits that it says so: its answer, and its pid far away
sub start {
    my ($c, $command, %o) = @_;
    my $m = $c->call('execute', { command => $command, %o });
    is($m->{error}, undef, "starts: $command");
    my $id = $m->{result}{execution_id};
    $c->wait_for(sub { ($_[0]{params}{execution_id} // '') eq $id
        && ($_[0]{method} // '') eq 'process.output' }, 20);
    $id = substr $id, 0, 16;
    open my $f, '<', "$far/$id.pid" or die "$id: $!";
    chomp(my $pid = <$f>);
    return ($m->{result}, $pid);
}

sub audited {
    my ($id, $event, $n) = @_;
    my @found;
    $t->wait_until(sub {
        @found = grep { ($_->{execution} // '') eq substr($id, 0, 16)
            && $_->{event} eq $event } $t->records('logs/audit.log');
        return @found >= $n }, 20);
    return @found;
}

my $c = $t->client;

# what it writes, its exit code, its id

my $r = $c->run('echo far; exit 5');
is($r->{stdout}, "far\n", 'its output');
is($r->{completed}{exit_code}, 5, 'its exit code');
$r = $c->run('kill -SEGV $$');
is_deeply([@{ $r->{completed} }{qw(exit_code signal cause)}],
    [-11, 'SIGSEGV', 'signal'], '128 + n is signal n');
is($c->run('exit 130')->{completed}{signal}, 'SIGINT', 'whoever says so');
is($c->run('exit 200')->{completed}{exit_code}, 200, 'and no signal is 72');
is(noted(), '', 'nothing was passed on');

# PAUSE and RESUME: at the other end, and nowhere else

my ($run, $pid) = start($c, 'echo ready; while :; do sleep 0.05; done');
ok(-e "$far/" . substr($run->{execution_id}, 0, 16) . '.pid',
    '%{id}: the public half');
my $m = $c->call('control', { type => 'PAUSE' });
is_deeply($m->{result}, { status => 'paused' }, 'PAUSE is answered');
is(noted(), 'STOP', 'when it was passed on');
ok($t->wait_until(sub { state_of($pid) eq 'T' }), 'it stops there');
isnt(state_of($run->{pid}), 'T', 'and not here');
is($c->call('status', { execution_id => $run->{execution_id} })->{result}{state},
    'paused', 'so says its state');
$c->call('control', { type => 'RESUME' });
ok($t->wait_until(sub { state_of($pid) =~ /[RS]/ }), 'it goes on');
$c->call('signal', { signal => 'USR1', to => 'group' });
ok($t->wait_until(sub { noted() eq 'STOP CONT USR1' }), 'any signal');
my $text;
($text, $m) = output($c, $run->{execution_id});
is_deeply([@{ $m->{params} }{qw(signal cause)}], ['SIGUSR1', 'signal'],
    'ended there by it');
is($text, '', 'none of them came here');

# CANCEL: TERM there, with all of the grace time

far_mode('pass');
($run, $pid) = start($c, 'trap "echo tidy; exit 9" TERM; echo ready;'
    . ' while :; do sleep 0.05; done');
$c->call('control', { type => 'PAUSE' });
$c->call('control', { type => 'CANCEL' });
($text, $m) = output($c, $run->{execution_id});
like($text, qr/^tidy$/m, 'it tidies up');
is_deeply([@{ $m->{params} }{qw(exit_code cause)}], [9, 'cancel'], 'and ends');
is(noted(), 'STOP TERM CONT', 'a stopped one had to go on');
is(state_of($pid), '-', 'it is gone');

# one that does not listen: KILL

far_mode('pass');
my $s = $t->client(path => '/short');
($run, $pid) = start($s, 'trap "" TERM; echo ready; while :; do sleep 0.05; done');
$s->call('control', { type => 'CANCEL' });
$m = $s->notification('process.completed');
is($m->{params}{cause}, 'cancel', 'it does not listen');
like(noted(), qr/\bKILL$/, 'KILL there');
ok($t->wait_until(sub { state_of($pid) eq '-' }), 'it is gone');

# the program fails

far_mode('fail');
($run, $pid) = start($c, 'echo ready; while :; do sleep 0.05; done');
$m = $c->call('control', { type => 'PAUSE' });
is($m->{error}{code}, -32603, 'PAUSE fails');
like($m->{error}{message}, qr/the process was not paused, its control program has failed: exit code 3/,
    'and says why');
is_deeply($c->notification('process.unpassed')->{params}, { signal => 'SIGSTOP',
    error => 'exit code 3', execution_id => $run->{execution_id} }, 'it is told');
is($c->call('status', { execution_id => $run->{execution_id} })->{result}{state},
    'running', 'it runs');
$c->call('signal', { signal => 'HUP' });
is($c->notification('process.unpassed')->{params}{signal}, 'SIGHUP',
    'a signal that nobody waits for, too');
$c->call('control', { type => 'CANCEL' });
is($c->notification('process.unpassed')->{params}{signal}, 'SIGTERM', 'TERM');
$m = $c->notification('process.completed');
is($m->{params}{exit_code}, 99, 'then TERM goes to what is here');
is(join(' ', map { "$_->{signal}: $_->{error}" }
    audited($run->{execution_id}, 'command.unpassed', 4)),
    join(' ', map { "SIG$_: exit code 3" } qw(STOP HUP TERM CONT)),
    'audited; the STOP may have got there all the same');
like($t->log, qr/\[warn\].*"cc_executor_control" has not passed SIGSTOP on: exit code 3/,
    'and in the error log');
kill 'KILL', -$pid;

# cc-run says so

far_mode('fail');
my $cli = CC::Run->start(['-n', 'ws://127.0.0.1:' . $t->port . '/ws/mcp', '--',
     'echo ready $$; sleep 600'],
    dir => $t->dir);
ok($cli->wait_out(qr/ready \d+\n/), 'cc-run');
$cli->signal('INT');
ok($cli->wait_err(qr/^cc-run: SIGINT did not get to the command: exit code 3$/m),
    'SIGINT: it says that it did not get there');
$cli->signal('INT');
is($cli->rc, 99, 'the second one ends what is here');
($pid) = $cli->out =~ /ready (\d+)/;
kill 'KILL', -$pid;

# it hangs: the ladder does not wait for it

far_mode('hang');
($run, $pid) = start($s, 'echo ready; while :; do sleep 0.05; done');
$s->call('control', { type => 'CANCEL' });
my @unpassed = map { $s->notification('process.unpassed', 20)->{params} } 1, 2;
is_deeply([map { "$_->{signal}: $_->{error}" } @unpassed],
    ['SIGTERM: not done when the next signal was due, killed',
    'SIGKILL: not done in time, killed'], 'both are told');
is($s->notification('process.completed', 20)->{params}{cause}, 'cancel',
    'it has ended here');
kill 'KILL', -$pid;

# a kept one, by somebody else and by MCP's way

far_mode('pass');
my $id = begin($c, 'echo ready; while :; do sleep 0.05; done');
ok($t->wait_until(sub { -e "$far/" . substr($id, 0, 16) . '.pid' }), 'kept');
$c->close;
my $d;
($d, $m) = attach($t, $id, mode => 'write');
is($m->{result}{state}, 'running', 'attached');
is($d->call('signal', { execution_id => $id, signal => 'STOP' })->{error},
    undef, 'STOP');
is(noted(), 'STOP', 'is passed on');
far_mode('fail');
$m = $d->call('signal', { execution_id => $id, signal => 'CONT' });
is($d->notification('process.unpassed')->{params}{signal}, 'SIGCONT',
    'who watches it is told');
my $e = $t->client;
$m = $e->call('signal', { execution_id => $id, signal => 'CONT' });
is($m->{error}{message}, 'exit code 3', 'who only asks is refused');
is($e->call('signal', { execution_id => $id, signal => 'HUP' })->{result}{status},
    'signaled', 'unless nobody waits for that signal');
is(join(' ', map { $_->{signal} } audited($id, 'command.unpassed', 3)),
    'SIGCONT SIGCONT SIGHUP', 'audited, once each');
far_mode('pass');
$d->call('control', { execution_id => $id, type => 'CANCEL' });
is(completed($d, $id)->{cause}, 'cancel', 'ended');
like(noted(), qr/^TERM CONT$/, 'there');
$d->close;
$e->close;

# nobody is there any more: the client, a worker

for my $death (qw(client worker)) {
    far_mode('pass');
    my $g = $t->client;
    ($run, $pid) = start($g, 'echo ready; while :; do sleep 0.05; done');
    if ($death eq 'client') {
        $g->close;
    } else {
        kill 'KILL', $t->workers;
    }
    ok($t->wait_until(sub { state_of($pid) eq '-' }, 20), "no $death: it ends");
    is(noted(), 'TERM', 'by TERM');
    $g->close if $death ne 'client';
}
$s->close;
ok($t->wait_until(sub { $t->workers }, 20), 'a new worker');

# where it is off everything is as always

my $h = $t->client(path => '/here');
my $x = $h->call('execute', { command => 'echo ready; exec sleep 600' });
$h->notification('process.output');
$h->call('control', { type => 'PAUSE' });
ok($t->wait_until(sub { state_of($x->{result}{pid}) eq 'T' }), 'here it stops');
$h->call('control', { type => 'CANCEL' });
is($h->notification('process.completed')->{params}{signal}, 'SIGTERM', 'and ends');
is(noted(), 'TERM', 'no program was asked');
$h->close;

$t->allow(qr/signal 9/, 1);
$t->finish;

# configuration

my $conf = sub { return "events { }\nhttp {\ncc_executor_path %%DIR%%/runtime;"
    . "\nserver { listen 127.0.0.1:%%PORT%%;\nlocation / { cc_executor on;"
    . " cc_executor_allow any; $_[0] } } }" };
my $w = 'cc_executor_wrapper /usr/bin/env;';
for (
    ['cc_executor_control;', 1, qr/invalid number of arguments/],
    ["$w cc_executor_control kill;", 1,
        qr/"cc_executor_control" takes "off" or the absolute path of a program and its arguments, not "kill"/],
    ["$w cc_executor_control /nonexistent;", 1,
        qr/"cc_executor_control" "\/nonexistent" cannot be executed \(2: No such/],
    ["$w cc_executor_control off; cc_executor_control off;", 1,
        qr/is duplicate/],
    ['cc_executor_control /bin/true "%{id}";', 1,
        qr/"cc_executor_control" needs a "cc_executor_wrapper"/],
    ["$w cc_executor_control /bin/true \"%{ID}\";", 1,
        qr/"cc_executor_control" knows "%\{id\}" and "%\{signal\}", not what is in "%\{ID\}"/],
    ['cc_executor_wrapper /usr/bin/env "A=%{signal}";', 1,
        qr/"cc_executor_wrapper" knows "%\{id\}", not what is in "A=%\{signal\}"/],
    ["$w cc_executor_control /bin/true;", 0,
        qr/\[warn\] "cc_executor_control \/bin\/true" has no "%\{id\}"/],
) {
    my ($text, $want, $message) = @$_;
    my ($rc, $out) = CC::Nginx->new->test_config($conf->($text));
    is($rc, $want, "nginx -t: $text") or diag $out;
    like($out, $message, 'says why');
}
my ($rc, $out) = CC::Nginx->new->test_config($conf->(
    "$w cc_executor_control /bin/true \"%{id}%{id}\" \"-%{signal}\";"));
is($rc, 0, 'nginx -t: both') or diag $out;
unlike($out, qr/warn.*control/, 'nothing to say');

done_testing;
