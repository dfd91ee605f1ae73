package Bench;

# What the drivers of the benchmark share: servers, rounds, processor time,
# and the decision that a round was disturbed.

use strict;
use warnings;

use JSON::PP ();
use File::Basename qw(dirname);
use IPC::Open2 qw(open2);
use List::Util qw(sum0);
use POSIX qw(sysconf _SC_CLK_TCK);
use Time::HiRes qw(time sleep);

use lib dirname(__FILE__) . '/../lib';
use CC::Nginx;

our $ROOT = $CC::Nginx::ROOT;
our $BIN = "$ROOT/build/bench";
our $TICK = sysconf(_SC_CLK_TCK);
our $CPUS = () = glob '/sys/devices/system/cpu/cpu[0-9]*';
$CPUS ||= 1;

# a round is thrown away when others used more than this part of all
# processors, or when two parents started less than so many times as many
# commands as one

our $FOREIGN = 0.05;
our $SCALE = $CPUS > 1 ? 1.6 : 0;

$ENV{PATH} .= ':/usr/sbin:/sbin';

sub new {
    my ($class, %o) = @_;
    return bless { quick => 0, rounds => 5, peers => [], %o }, $class;
}


# programs

# runs a program of build/bench and returns what it printed as name=value
sub program {
    my ($self, @args) = @_;
    my $pid = open my $out, '-|';
    die "fork: $!\n" unless defined $pid;
    if ($pid == 0) {
        open STDIN, '<', '/dev/null';
        exec "$BIN/$args[0]", @args[1 .. $#args] or POSIX::_exit(127);
    }
    my $text = do { local $/; <$out> };
    close $out or die "@args[0, 1] failed\n";
    return { $text =~ /(\w+)=([-\d.]+)/g };
}

# a program that says "ready" and stays until its input ends; it is given lines
# and an empty one before when behind its name stands a list of them
sub background {
    my ($self, $name, @args) = @_;
    my $lines = ref $args[0] ? shift @args : undef;
    my $pid = open2(my $out, my $in, "$BIN/$name", @args);
    if ($lines) {
        print {$in} map { "$_\n" } @$lines, '';
        $in->flush;
    }
    (<$out> // '') =~ /ready/ or die "$name @args failed\n";
    return { pid => $pid, in => $in, out => $out };
}

# ends its input, and returns what it printed then as name=value
sub background_figures {
    my ($self, $b) = @_;
    close $b->{in};
    my $text = do { local $/; readline $b->{out} };
    waitpid $b->{pid}, 0;
    die "it failed\n" if $?;
    return { $text =~ /(\w+)=([-\d.]+)/g };
}

sub background_end {
    my ($self, $b) = @_;
    close $b->{in};
    waitpid $b->{pid}, 0;
    return;
}

sub start {
    my ($self, @cmd) = @_;
    my $pid = fork // die "fork: $!\n";
    if ($pid == 0) {
        open STDIN, '<', '/dev/null';
        open STDOUT, '>', '/dev/null';
        exec @cmd or POSIX::_exit(127);
    }
    push @{ $self->{peers} }, $pid;
    return $pid;
}

# a server of t/bench/peer.c or websocketd on a port of its own
sub peer {
    my ($self, $name, @args) = @_;
    my $port = $self->free_port;
    if ($name eq 'websocketd') {
        my @flags = $args[0] eq 'binary' ? '--binary' : ();
        $self->start('websocketd', "--port=$port", '--address=127.0.0.1',
            '--loglevel=fatal', @flags, @args[1 .. $#args]);
    } else {
        $self->start("$BIN/peer", $name, $port, @args);
    }
    for (1 .. 500) {
        return $port if IO::Socket::INET->new(PeerAddr => '127.0.0.1',
            PeerPort => $port);
        sleep 0.01;
    }
    die "$name does not listen\n";
}

sub free_port {
    my $s = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1,
        Proto => 'tcp') or die "no port: $!\n";
    return $s->sockport;
}

# An nginx with one worker, stock pool sizes, and locations: /direct (no shell),
# /shell, /terminal, /guarded (fence, list with patterns, limits), /watched (audit log,
# limits of clients), /page.  "more" is put into all but the last, "server" beside them,
# "http" around the server; "before" is called with it before it is started.
sub nginx {
    my ($self, %o) = @_;
    my $more = $o{more} // '';
    my $http = $o{http} // '';
    my $server = $o{server} // '';
    my $limits = 'cc_executor_allow any; cc_executor_max_sessions 16000; '
        . "cc_executor_max_commands 256; $more";
    (my $guarded = $limits) =~ s{any;}{/bin/true "args=-a -b" "args=--x=*" args=;
        cc_executor_allow /bin/echo "args=...";
        cc_executor_client_env A; cc_executor_client_cwd beneath;
        cc_executor_umask 027; cc_executor_max_output 1m;
        cc_executor_rlimit_as 8g; cc_executor_rlimit_nofile 256;};
    my $n = CC::Nginx->new(log => $o{log} // 'error',
        ($o{module} ? (module => $o{module}) : ()), conf => <<"EOC");
worker_processes 1;
worker_rlimit_nofile 20000;
events { worker_connections 16000; }
http {
    cc_executor_path %%DIR%%/runtime;
    cc_executor_zone 4m;
    access_log off;
    keepalive_requests 100000000;
    $http
    server {
        listen 127.0.0.1:%%PORT%% backlog=511;
        location /direct { cc_executor on; $limits }
        location /keeping { cc_executor on; cc_executor_keep on; $limits }
        location /shell { cc_executor on; cc_executor_shell /bin/sh; $limits }
        location /terminal { cc_executor on; cc_executor_tty on; $limits }
        location /guarded { cc_executor on; $guarded }
        location /watched { cc_executor on; $limits
            cc_executor_audit_log %%DIR%%/logs/audit.log;
            cc_executor_max_sessions_per_address 16000;
            cc_executor_max_sessions_per_owner 16000;
            cc_executor_allowed_hosts 127.0.0.1 localhost a.example b.example; }
        location /page { return 200 "ok\\n"; }
        $server
    }
}
EOC
    $o{before}->($n) if $o{before};
    $n->start;
    $self->warm($n);
    $self->same_priority($n);
    return $n;
}

# makes the helpers that 64 commands need; every 5 s half of those without work leave
sub warm {
    my ($self, $n) = @_;
    for (my $before = 0; $before < (my $now = $self->tree($n)); $before = $now) {
        $self->call($n, '/direct', 64, execute('/bin/true'), 0.3);
    }
    return;
}

# Helpers have sessions of their own, so where processes are scheduled by
# session (autogroup) they do not share the priority that this one was given:
#     setsid -w sh -c 'echo -15 > /proc/self/autogroup; make bench'
sub same_priority {
    my ($self, $nginx) = @_;
    open my $f, '<', '/proc/self/autogroup' or return;
    my ($nice) = <$f> =~ /nice (-?\d+)/ or return;
    return unless $nice;
    for my $pid ($self->tree($nginx)) {
        open my $g, '>', "/proc/$pid/autogroup" or next;
        print $g "$nice\n";
        close $g;
    }
    return;
}

sub execute {
    my (@args) = @_;
    my $list = join ',', map { "\"$_\"" } @args;
    return '{"jsonrpc":"2.0","id":1,"method":"execute","params":{"args":['
        . $list . '],"output":"chunk"}}';
}

# the same with its output in binary messages
sub binary { return $_[0] =~ s/"output":/"encoding":"binary","output":/r }

# a request of MCP
sub mcp {
    my ($method, $params) = @_;
    return JSON::PP->new->utf8->canonical->encode({ jsonrpc => '2.0',
        id => 1, method => $method, ($params ? (params => $params) : ()) });
}

sub execute_line {
    my ($command, $output) = @_;
    $output //= 'chunk';
    return '{"jsonrpc":"2.0","id":1,"method":"execute","params":{"command":"'
        . $command . "\",\"output\":\"$output\"}}";
}

# c connections that execute again and again; adds our CPU of each, us, and
# that together with the commands' own ("all")
sub call {
    my ($self, $nginx, $path, $c, $request, $t, $done) = @_;
    my @before = ($self->cpu($nginx), $self->cpu_of_children($nginx));
    my $r = $self->program('load', 'call', $nginx->port, '-c', $c, '-p', $path,
        '-t', $t, '-s', $request, '-d', $done // 'process.completed');
    my $ours = $self->cpu($nginx) - $before[0];
    my $theirs = $self->cpu_of_children($nginx) - $before[1];
    $r->{cpu} = $ours * 1e6 / $r->{count};
    $r->{all} = ($ours + $theirs) * 1e6 / $r->{count};
    return $r;
}

# one command for each of c connections, read to its end; adds our CPU of each
# GB, s
sub output {
    my ($self, $nginx, $path, $c, $request, @more) = @_;
    my $before = $self->cpu($nginx);
    my $r = $self->program('load', 'output', $nginx->port, '-c', $c, '-p',
        $path, '-s', $request, @more);
    $r->{cpu} = ($self->cpu($nginx) - $before) / ($r->{bytes} / 1e9);
    return $r;
}


# processor time

# s of worker, spawner and helpers, their children excluded
sub cpu { my ($self, $nginx) = @_; return cpu_of($self->tree($nginx)) }

sub cpu_of {
    my $sum = 0;
    for my $pid (@_) {
        open my $f, '<', "/proc/$pid/schedstat" or next;
        $sum += (split ' ', <$f>)[0];
    }
    return $sum / 1e9;
}

# s of what helpers have waited for, in clock ticks
sub cpu_of_children {
    my ($self, $nginx) = @_;
    my $sum = 0;
    for my $pid ($self->tree($nginx)) {
        open my $f, '<', "/proc/$pid/stat" or next;
        my ($user, $system) = (split ' ', <$f> =~ s/.*\) //r)[13, 14];
        $sum += $user + $system;
    }
    return $sum / $TICK;
}

# worker, spawner, helpers
sub tree {
    my ($self, $nginx) = @_;
    my @all = my @level = $nginx->workers;
    for my $below (qr/cc keeper/, qr/cc spawner/, qr/cc helper/) {
        @level = map { CC::Nginx::children($_, $below) } @level;
        push @all, @level;
    }
    return @all;
}

# KiB from /proc/PID/status
sub memory {
    my ($self, $pid, $field) = @_;
    open my $f, '<', "/proc/$pid/status" or return 0;
    local $/;
    return <$f> =~ /^\Q$field\E:\s+(\d+) kB/m ? $1 : 0;
}

# s that all processors were busy, and that they were stolen
sub busy {
    open my $f, '<', '/proc/stat' or die "/proc/stat: $!\n";
    my (undef, @t) = split ' ', <$f>;
    return (sum0(@t[0, 1, 2, 5, 6]) / $TICK, ($t[7] // 0) / $TICK);
}

# s that we used: all processes below this one, with the children they reaped
sub used {
    my (%parent, %time);
    for my $file (glob '/proc/[0-9]*/stat') {
        open my $f, '<', $file or next;
        my $line = <$f> // next;
        my ($pid, $rest) = $line =~ /^(\d+) \(.*\) (.*)$/s or next;
        my @t = split ' ', $rest;
        $parent{$pid} = $t[1];
        $time{$pid} = sum0(@t[11 .. 14]);
    }
    my $sum = 0;
    for my $pid (keys %time) {
        my $p = $pid;
        $p = $parent{$p} while $p && $p != $$;
        $sum += $time{$pid} if $p;
    }
    return $sum / $TICK;
}


# rounds

# Runs a round again and again: the sub returns name => number.  Returns the
# medians over the good rounds; "rounds" and "thrown" are how many there were.
sub rounds {
    my ($self, $round, $want) = @_;
    $want //= $self->{rounds};
    my (@good, @bad);
    while (@good < $want && @good + @bad < 3 * $want) {
        my ($ok, $r) = $self->one($round);
        push @{ $ok ? \@good : \@bad }, $r;
    }
    # better said than hidden: too few good ones, so the least disturbed count
    my $short = @good < $want;
    my $thrown = @bad;
    if ($short) {
        @bad = sort { $a->{foreign} <=> $b->{foreign} } @bad;
        push @good, splice @bad, 0, $want - @good;
    }
    my %median = map { my $k = $_; $k => median(map { $_->{$k} } @good) }
        keys %{ $good[0] };
    @median{qw(rounds thrown disturbed)} = (scalar @good, $thrown, $short);
    $median{all} = \@good;
    return \%median;
}

# waits until others leave the processors alone, but not for ever
sub settle {
    my ($self) = @_;
    for (1 .. ($self->{quick} ? 5 : 20)) {
        my ($busy, $used, $time) = ((busy())[0], used(), time);
        sleep 0.2;
        return if (busy())[0] - $busy - (used() - $used)
            < $FOREIGN * $CPUS * (time - $time);
    }
    return;
}

# binds processes, all of their threads, to one processor, or to all of them
sub pin {
    my ($self, $one, @pids) = @_;
    my $to = $one ? 0 : '0-' . ($CPUS - 1);
    system "taskset -a -c -p $to $_ > /dev/null 2>&1" for @pids;
    return;
}

# one round, between two looks at the processors; (good?, results)
sub one {
    my ($self, $round) = @_;
    $self->settle;
    my $t = $self->{quick} ? 0.1 : 0.2;
    my ($busy, $stolen) = busy();
    my ($used, $time) = (used(), time);
    my $one = $self->program('bare', 1, 1, $t, '/bin/true');
    my $many = $self->program('bare', 2, 4, $t, '/bin/true');
    my %r = $round->($one, $many);
    my ($busy2, $stolen2) = busy();
    my $all = (time - $time) * $CPUS;
    $r{foreign} = ($busy2 - $busy - (used() - $used)) / $all;
    $r{stolen} = ($stolen2 - $stolen) / $all;
    $r{bare1} = $one->{rate};
    $r{bare1_p50} = $one->{p50};
    $r{bare8} = $many->{rate};
    my $ok = $r{foreign} < $FOREIGN && $r{stolen} < $FOREIGN
        && $many->{rate} >= $SCALE * $one->{rate};
    printf STDERR "  %s foreign %.0f %%, stolen %.0f %%, bare 2 x 4 is %.2f "
        . "x bare\n", $ok ? 'good: ' : 'thrown away:', 100 * $r{foreign},
        100 * $r{stolen}, $many->{rate} / $one->{rate} if $self->{verbose};
    return ($ok, \%r);
}

sub median {
    my @v = sort { $a <=> $b } grep { defined } @_;
    return undef unless @v;
    return @v % 2 ? $v[@v / 2] : ($v[@v / 2 - 1] + $v[@v / 2]) / 2;
}

sub end {
    my ($self) = @_;
    kill 'TERM', $_ for @{ $self->{peers} };
    waitpid $_, 0 for @{ $self->{peers} };
    $self->{peers} = [];
    return;
}

sub DESTROY { local ($?, $@, $!); $_[0]->end; return }

1;
