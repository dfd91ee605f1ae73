# Every system call of helper, command's birth and spawner that can fail does
# so, once, in turn (strace injects it): nobody crashes, nothing is left behind,
# only the client concerned is told, and the next command runs.
#
# tags:

use strict;
use warnings;

use Test::More;
use Time::HiRes qw(time sleep);
use CC::Nginx alone => 'the system calls of a worker and of the spawner below it';

plan skip_all => 'needs root (strace on processes that are not dumpable)'
    if $> != 0;
plan skip_all => 'needs ptrace'
    if system('strace -qq -e trace=none true 2> /dev/null') != 0;

my ($t, $worker, $visitor, $dir);

sub instance {
    my ($helpers) = @_;
    $t = CC::Nginx->new(workers => 1, http => "cc_executor_helpers $helpers;",
        location => 'cc_executor_allow any; cc_executor_shell /bin/sh;
            cc_executor_kill_grace 300ms; cc_executor_start_timeout 2s;')->start;
    $visitor = $t->visitor;
    ($worker) = $t->workers;
    $dir = $t->dir;
    return $t;
}

instance('min=1 max=1');

# attaches strace; returns its pid once it is there
sub attach {
    my ($pid, @args) = @_;
    pipe my $from, my $to or die $!;
    my $strace = fork // die $!;
    if ($strace == 0) {
        open STDERR, '>&', $to;
        exec 'strace', @args, '-p', $pid or POSIX::_exit(127);
    }
    close $to;
    my $said = '';
    until ($said =~ /attached/) {
        sysread $from, $said, 4096, length $said or last;
    }
    push @{ $t->{straces}{$strace} }, $from;
    return $said =~ /attached/ ? $strace : detach($strace);
}

sub detach {
    my ($strace) = @_;
    kill 'INT', $strace;
    waitpid $strace, 0;
    delete $t->{straces}{$strace};
    return 0;
}

sub runs_soon {
    return $t->wait_until(sub {
        my $c = $t->client;
        my $out = $c->run('echo next', timeout => 10)->{stdout};
        $c->close;
        return $out eq "next\n";
    }, 20);
}

sub idle_helper {
    my @h;
    $t->wait_until(sub {
        @h = grep { !CC::Nginx::children($_, qr/./) } $t->helpers;
        @h == 1 }, 10);
    return $h[0];
}

# what a trace says was called: name => how often, by the process that strace
# was attached to, or (its children, until they execute another program)
sub calls {
    my ($file, $pid, $children) = @_;
    my (%n, %over);
    open my $f, '<', $file or return %n;
    while (<$f>) {
        my ($who, $name) = /^(\d+)\s+(\w+)\(/ or next;
        next if $children ? $who == $pid || $over{$who} : $who != $pid;
        $n{$name}++;
        $over{$who} = 1 if $name eq 'execve';
    }
    return %n;
}

# what cannot fail, or whose failure by injection is something else (a close()
# that is not carried out is a leak of strace's making)
my %harmless = map { $_ => 1 } qw(close exit_group getpid getuid rt_sigreturn
    restart_syscall brk arch_prctl set_tid_address set_robust_list rseq
    prlimit64 exit gettid umask munmap mprotect);

my %error = (
    read => 'EIO', write => 'EIO', recvmsg => 'ENOMEM', sendmsg => 'ENOBUFS',
    ppoll => 'EINTR', poll => 'EINTR', wait4 => 'EINTR', kill => 'EPERM',
    pipe2 => 'EMFILE', clone => 'EAGAIN', clone3 => 'EAGAIN',
    vfork => 'EAGAIN', fork => 'EAGAIN', execve => 'ENOMEM', chdir => 'EACCES',
    setpgid => 'EPERM', dup2 => 'EMFILE', openat => 'EMFILE', open => 'EMFILE',
    memfd_create => 'ENOSPC', ftruncate => 'ENOSPC', fcntl => 'EPERM',
    socketpair => 'EMFILE', mmap => 'ENOMEM', signalfd4 => 'EMFILE',
    prctl => 'EINVAL', close_range => 'ENOSYS', lseek => 'ESPIPE',
    pread64 => 'EIO', ioctl => 'ENOTTY', getdents64 => 'ENOMEM',
    rt_sigprocmask => 'EINVAL', setsid => 'EPERM', setpriority => 'EACCES',
    sched_setaffinity => 'EINVAL', sched_setscheduler => 'EPERM',
    rt_sigaction => 'EINVAL', madvise => 'EAGAIN', fallocate => 'ENOSPC',
);

my $input = join '', map { "line $_\n" } 1 .. 3000;
my %outcome;

# a command that uses all that a helper does; what became of it
sub scenario {
    my ($what) = @_;
    my $c = $t->client;
    my $r = $c->run({ command => 'cat; echo err >&2; (setsid sleep 4601 &); '
        . 'sleep 4602 &', stdin => $input }, timeout => 15);
    my $said;
    if (!$r->{answer}) {
        $said = 'NO ANSWER';
    } elsif ($r->{answer}{error}) {
        $said = 'refused ' . $r->{answer}{error}{code};
    } elsif (!$r->{completed}) {
        $said = 'NO COMPLETION';
    } elsif ($r->{completed}{cause} eq 'exit') {
        $said = $r->{stdout} eq $input && $r->{stderr} eq "err\n" ? 'ran'
            : 'OTHER OUTPUT';
    } else {
        $said = $r->{completed}{cause};
    }
    # meanwhile the session itself is sound
    my $list = $c->call('list');
    $said .= ', NO LIST' unless $list && $list->{result};
    $c->close;
    $outcome{$said}{$what}++;
    return $said;
}

sub sound {
    my ($what, $said) = @_;
    my @left;
    my $gone = $t->wait_until(sub {
        !(@left = grep { !/nginx|strace/ } $t->processes) }, 12);
    my $next = runs_soon();
    return "$what: $said" . ($gone ? '' : ", left: @left")
        . ($next ? '' : ', and the next command does not run')
        if !$gone || !$next || $said =~ /[A-Z]{2}/;
    return;
}

sub loop {
    my ($who, $deep, $pid_of, $cause, $counts, @how) = @_;
    my (@bad, @names, $runs);
    for my $name (sort keys %$counts) {
        next if $harmless{$name};
        my $n = $counts->{$name} < $deep ? $counts->{$name} : $deep;
        for my $k (1 .. $n) {
            my $error = $error{$name} // 'ENOMEM';
            my $pid = $pid_of->() or push(@bad, "$name $k: no $who"), last;
            my $s = attach($pid, @how, '-o', "$dir/strace.log",
                '-e', "trace=$name", '-e', "inject=$name:error=$error:when=$k");
            my $said = $cause->("$name $error $k");
            detach($s) if $s;
            $runs++;
            push @bad, sound("$name=$error:when=$k", $said);
        }
        push @names, $name;
    }
    is(join("\n", @bad), '', "$who: each of " . @names . ' system calls failed, '
        . "$runs runs");
    note "$who: @names";
    return;
}

# a helper

my $h = idle_helper();
my $s = attach($h, '-f', '-o', "$dir/count.log");
is(scenario('counted'), 'ran', 'a command under strace');
detach($s);
my %counts = calls("$dir/count.log", $h, 0);
cmp_ok(scalar keys %counts, '>=', 10, 'its system calls are known');
loop('helper', 3, \&idle_helper, \&scenario, \%counts);
note join "\n", map { "$_: " . join ' ', sort keys %{ $outcome{$_} } }
    sort keys %outcome;

# the birth of a command, up to its execve()

sub birth {
    my $c = $t->client;
    my $r = $c->run({ args => ['/bin/echo', 'born'] }, timeout => 15);
    $c->close;
    return !$r->{answer} ? 'NO ANSWER' : $r->{answer}{error}
        ? "refused $r->{answer}{error}{message}" : !$r->{completed}
        ? 'NO COMPLETION' : $r->{stdout} eq "born\n" ? 'ran' : 'OTHER OUTPUT';
}

%counts = calls("$dir/count.log", $h, 1);
loop('birth of a command', 1, \&idle_helper, \&birth,
    { map { $_ => 1 } grep { $counts{$_} } qw(setpgid dup2 chdir fchdir openat2
    close_range prctl setrlimit setpriority execve landlock_restrict_self) },
    '-f');

is(join(' ', $t->workers), $worker, 'the worker has survived all of it');
is($visitor->(), '', 'other locations answered all the time');
$t->finish;

# the spawner, and the birth of its helpers: more commands than helpers

$t = instance('min=1 max=4');

sub crowd {
    my ($what) = @_;
    my @c = map { $t->client } 1 .. 3;
    my @id = map { $_->send('execute', { command => 'exec sleep 4603' }) } @c;
    my @said;
    for (0 .. $#c) {
        my $a = $c[$_]->answer($id[$_], 15);
        push @said, !$a ? 'NO ANSWER' : $a->{error}
            ? "refused $a->{error}{code}" : 'runs';
    }
    $_->close for @c;
    return join ', ', @said;
}

# a new instance each time: helpers are made when they are needed, and more and
# more slowly when it does not go well

my @complaints;

sub fresh_spawner {
    if ($t->{master}) {
        push @complaints, $visitor->() || ();
        push @complaints, 'another worker'
            if join(' ', $t->workers) ne $worker;
        $t->stop('TERM');
    }
    instance('min=1 max=4');
    $t->wait_until(sub { (my @h = $t->helpers) == 1 });
    return ($t->spawners)[0];
}

my $sp = fresh_spawner();
$s = attach($sp, '-f', '-o', "$dir/count.log");
like(crowd('counted'), qr/^runs, runs, runs$/, 'three commands under strace');
detach($s);
%counts = calls("$dir/count.log", $sp, 0);
my %births = calls("$dir/count.log", $sp, 1);
sound('counted', '');
loop('spawner', 2, \&fresh_spawner, \&crowd, \%counts);
loop('births of helpers', 1, \&fresh_spawner, \&crowd, { map { $_ => 1 }
    grep { $births{$_} } qw(mmap prctl signalfd4 openat) }, '-f');

fresh_spawner();
is(join(', ', @complaints), '', 'no worker died, other locations answered');
$visitor->();
$t->finish;

# the worker, and the birth of its spawner: a new instance for each, because a
# spawner is replaced more and more slowly

my @bad;
my %worker = map { $_ => 1 } qw(clone socketpair mmap signalfd4 setsid prctl
    dup2 close_range);
for my $name (sort keys %worker) {
    instance('min=1 max=4');
    runs_soon() or push @bad, "$name: does not run before";
    my ($sp) = $t->spawners;
    my $s = attach($worker, '-f', '-o', "$dir/strace.log", '-e', "trace=$name",
        '-e', "inject=$name:error=$error{$name}:when=1");
    kill 'KILL', $sp;
    $t->wait_until(sub { $t->slurp('strace.log') =~ /INJECTED/ });
    push @bad, "$name: was not called"
        unless $t->slurp('strace.log') =~ /INJECTED/;
    detach($s);
    push @bad, sound("$name=$error{$name}:when=1", '');
    push @bad, "$name: another worker" if join(' ', $t->workers) ne $worker;
    push @bad, $visitor->() || ();
    $t->stop('TERM');
}
is(join("\n", @bad), '', 'birth of a spawner: each of '
    . keys(%worker) . ' system calls failed');

done_testing;
