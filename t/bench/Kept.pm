package Kept;

# Kept commands: what it costs to start, attach to, list and await them, and
# what many of them take.  One client in Perl asks; its own time is measured by
# "list" of an empty session and is part of every figure.

use strict;
use warnings;

use List::Util qw(sum0);
use POSIX ();
use Time::HiRes qw(time);
use CC::Client;
use CC::Mcp;
use CC::Nginx;

my $N = 1000;                            # kept commands, half of them finished

# measures on an nginx of its own: a hash of figures
sub measure {
    my ($bench, $n) = @_;
    $n //= $N;
    my $nginx = CC::Nginx->new(log => 'error', conf => <<"EOC")->start;
worker_processes 2;
worker_rlimit_nofile 20000;
events { worker_connections 16000; }
http {
    cc_executor_path %%DIR%%/runtime;
    cc_executor_zone 8m;
    cc_executor_helpers min=8 max=1024;
    access_log off;
    server {
        listen 127.0.0.1:%%PORT%%;
        location /ws/mcp { cc_executor on; cc_executor_allow any;
            cc_executor_shell /bin/sh;
            cc_executor_keep on; cc_executor_max_kept 4000;
            cc_executor_max_kept_per_owner 4000; cc_executor_max_commands 512;
            cc_executor_max_commands_per_session 512; }
    }
}
EOC
    my %r;
    my $c = $nginx->client;
    my $other = $nginx->client;

    # one at a time: a kept command against a bound one, to its end
    my %start = map { $_ => [] } qw(bound keep);
    for my $i (1 .. 60) {
        for my $how (qw(bound keep)) {
            my $t0 = time;
            my $a = $c->call('execute', { args => ['/bin/true'],
                $how eq 'keep' ? (on_disconnect => 'keep') : () });
            $c->notification('process.completed');
            push @{ $start{$how} }, time - $t0;
            $c->call('remove', { execution_id => $a->{result}{execution_id} })
                if $how eq 'keep';
        }
    }
    $r{"start_$_"} = quantile($start{$_}, 0.5) * 1e6 for keys %start;

    # a round trip, and attach to the first byte, from another connection
    my ($id) = start($c, "$Bench::BIN/lines", 64, 6400);
    $c->notification('process.completed');
    my (@trip, @attach);
    for (1 .. 200) {
        my $t0 = time;
        $other->call('list');
        push @trip, time - $t0;
        $t0 = time;
        $other->send('attach', { execution_id => $id });
        $other->notification('process.output');
        push @attach, time - $t0;
        $other->notification('process.completed');
        @{ $other->{queue} } = ();
    }
    $r{trip} = quantile(\@trip, 0.5) * 1e6;
    $r{attach} = quantile(\@attach, 0.5) * 1e6;
    $r{attach99} = quantile(\@attach, 0.99) * 1e6;

    # awake: the command tells when it writes
    my ($clock) = start($c, 'perl', '-MTime::HiRes=time', '-e',
        '$| = 1; while (1) { select undef, undef, undef, 0.02; '
        . 'printf "%.6f\n", time }');
    my @wake;
    for (1 .. 100) {
        my $w = $other->call('wait', { execution_id => $clock,
            until => 'output', timeout_ms => 5000 });
        my $now = time;
        my $read = $other->call('read', { execution_id => $clock,
            stream => 'stdout', offset => -18, max_bytes => 18 });
        my ($at) = ($read->{result}{data} // '') =~ /(\d+\.\d+)/ or next;
        push @wake, $now - $at if $now > $at && $now - $at < 0.02;
    }
    $r{wake} = @wake ? quantile(\@wake, 0.5) * 1e3 : undef;
    $other->call('remove', { execution_id => $clock, force => \1 });

    # many
    my $before = memory($nginx);
    my @ids;
    for my $i (1 .. $n) {
        push @ids, start($c, $i % 2 ? ('/bin/sleep', 3600)
            : ("$Bench::BIN/lines", 64, 1024));
        $c->notification('process.completed') unless $i % 2;
        @{ $c->{queue} } = ();
    }
    $r{many} = (memory($nginx) - $before) / $n;
    my @many;
    for (1 .. 200) {
        my $t0 = time;
        $other->send('attach', { execution_id => $ids[2 * int(rand $n / 2) + 1] });
        $other->notification('process.output');
        push @many, time - $t0;
        $other->notification('process.completed');
        @{ $other->{queue} } = ();
    }
    $r{many_attach} = quantile(\@many, 0.5) * 1e6;
    $r{many_attach99} = quantile(\@many, 0.99) * 1e6;
    my @list;
    for (1 .. 20) {
        my $t0 = time;
        my $l = $other->call('list', { scope => 'owner', limit => 100 });
        push @list, time - $t0;
        $r{listed} = @{ $l->{result}{commands} };
    }
    $r{list} = quantile(\@list, 0.5) * 1e3;

    waits($bench, $nginx, $n, \%r);
    $nginx->stop;
    return %r;
}

# n waits at rest: what they cost while nothing happens, and how long it takes
# until all have been answered once their commands write; by "wait", and by
# job_read of MCP over WebSockets.  Beside them a program that has nothing to do
# but to answer as many, as long, to the same client.
sub waits {
    my ($bench, $nginx, $n, $r) = @_;
    my $native = $nginx->client;
    my $mcp = CC::Mcp->new(port => $nginx->port);
    waits_of($bench, $nginx, $n, $r, {
        name => 'waits',
        protocol => '-',
        start => sub { start($native, 'sh', '-c', $_[0]) },
        ask => sub { [ wait => { execution_id => $_[0], until => 'exit',
            patterns => ['now'], timeout_ms => 100000 } ] },
        answer => '"reason":',
    });
    waits_of($bench, $nginx, $n, $r, {
        name => 'reads',
        protocol => 'mcp',
        start => sub {
            my $a = $mcp->call('tools/call', CC::Mcp::execute_params(
                { command => $_[0], background => \1 }));
            return $a->{result}{structuredContent}{job_id};
        },
        ask => sub { [ 'tools/call' => { name => 'job_read', arguments => {
            job_id => $_[0], until => 'exit', pattern => 'now',
            wait_ms => 100000 } } ] },
        answer => '"structuredContent":',
    });
    return;
}

sub waits_of {
    my ($bench, $nginx, $n, $r, $kind) = @_;
    my $name = $kind->{name};
    my (%ours, %bare);
    for my $round (1 .. $bench->{rounds}) {
        my $one = woken($bench, $nginx, $n, $kind, $r, $round);
        push @{ $ours{$_} }, $one->{$_} for keys %$one;
        my $other = woken_bare($bench, $nginx, $n, $kind, $one->{bytes}, $round);
        push @{ $bare{$_} }, $other->{$_} for keys %$other;
    }
    $r->{$name} = $n;
    $r->{"${name}_$_"} = quantile($ours{$_}, 0.5) for keys %ours;
    $r->{"${name}_bare_$_"} = quantile($bare{$_}, 0.5) for keys %bare;
    return;
}

# 50 wait for each of some commands, over a connection for each
sub woken {
    my ($bench, $nginx, $n, $kind, $r, $round) = @_;
    my $name = $kind->{name};
    my $commands = int(($n + 49) / 50);

    # what is opened to write, and closed, wakes all who read it
    my $go = fifo($nginx, "${name}_$round");
    my $never = fifo($nginx, "${name}_never_$round");
    my @ids = map { $kind->{start}->("read x < $go; echo now; read x < $never") }
        1 .. $commands;
    $bench->same_priority($nginx);

    my $rest = $round == 1 ? at_rest($bench, $nginx) : 0;
    my $before = memory_of($nginx->workers);
    my $client = $bench->background('woken', [ requests(map {
        $kind->{ask}->($ids[$_ % $commands]) } 0 .. $n - 1) ], $nginx->port,
        '/ws/mcp', $kind->{protocol}, $commands, $go, $kind->{answer});
    # they have come
    select undef, undef, undef, 2;
    if ($round == 1) {
        $r->{"${name}_memory"} = (memory_of($nginx->workers) - $before) / $n;
        $r->{"${name}_rest"} = at_rest($bench, $nginx) - $rest;
    }

    my $cpu = $bench->cpu($nginx);
    my $figures = $bench->background_figures($client);
    # connections to helpers end behind the answers
    select undef, undef, undef, 0.3;
    return { ms => $figures->{ms}, first => $figures->{first},
        bytes => $figures->{bytes}, client => $figures->{cpu},
        cpu => ($bench->cpu($nginx) - $cpu) * 1e6 / $n };
}

# as many answers of so many bytes, from a program that has them ready
sub woken_bare {
    my ($bench, $nginx, $n, $kind, $bytes, $round) = @_;
    my $commands = int(($n + 49) / 50);
    my $go = fifo($nginx, "$kind->{name}_bare_$round");
    my $len = int($bytes + 0.5) - ($bytes < 128 ? 2 : 4);
    my $text = $kind->{answer} . 'x' x ($len - length $kind->{answer});
    my $port = $bench->peer('hold', $text, $go);
    my $pid = $bench->{peers}[-1];
    my $client = $bench->background('woken', [ requests(map {
        [ list => {} ] } 1 .. $n) ], $port, '/', '-', $commands, $go,
        $kind->{answer});
    select undef, undef, undef, 0.2;
    my $cpu = Bench::cpu_of($pid);
    my $figures = $bench->background_figures($client);
    return { ms => $figures->{ms}, first => $figures->{first},
        client => $figures->{cpu},
        cpu => (Bench::cpu_of($pid) - $cpu) * 1e6 / $n };
}

sub fifo {
    my ($nginx, $name) = @_;
    my $file = $nginx->dir . "/go_$name";
    POSIX::mkfifo($file, 0644) or die "$file: $!";
    return $file;
}

# lines for "woken"
sub requests {
    my $id = 0;
    return map { $CC::Mcp::json->encode({ jsonrpc => '2.0', id => ++$id,
        method => $_->[0], params => $_->[1] }) } @_;
}

# MB/s of 24 MB: as a bound command writes them, and once more from the ring of
# a finished kept one
sub replay {
    my ($bench) = @_;
    my $nginx = CC::Nginx->new(log => 'error', workers => 1, location =>
        'cc_executor_allow any; cc_executor_keep on; cc_executor_buffer 64m;')
        ->start;
    my $c = $nginx->client;
    my $bytes = 24 << 20;
    my @program = ("$Bench::BIN/lines", 65536, $bytes);
    my ($id) = start($c, @program);
    to_the_end($c);
    my (@live, @again);
    for (1 .. 15) {
        my $t0 = time;
        $c->send('execute', { output => 'chunk',
            args => [map { "$_" } @program] });
        to_the_end($c);
        push @live, $bytes / 1e6 / (time - $t0);
        $t0 = time;
        $c->send('attach', { output => 'chunk',
            execution_id => $id });
        to_the_end($c);
        push @again, $bytes / 1e6 / (time - $t0);
    }
    $nginx->stop;
    return (live => quantile(\@live, 0.5), again => quantile(\@again, 0.5));
}

# reads without looking at it, up to the last message of a command
sub to_the_end {
    my ($c) = @_;
    my $tail = '';
    while (sysread $c->ws->{sock}, my $bytes, 1 << 20) {
        $tail = substr $tail . $bytes, -1024;
        return if $tail =~ /"process\.completed"/;
    }
    die 'the connection has ended';
}

# ms of CPU in a second in which nothing happens
sub at_rest {
    my ($bench, $nginx) = @_;
    my $cpu = $bench->cpu($nginx);
    select undef, undef, undef, 5;
    return ($bench->cpu($nginx) - $cpu) / 5 * 1e3;
}

sub start {
    my ($c, @args) = @_;
    my $a = $c->call('execute', { args => [map { "$_" } @args],
        on_disconnect => 'keep' });
    die "kept: $a->{error}{message}\n" if $a->{error};
    return $a->{result}{execution_id};
}

# KiB of private memory of all helpers
sub memory { return memory_of($_[0]->helpers) }

sub memory_of {
    my $sum = 0;
    for my $pid (@_) {
        open my $f, '<', "/proc/$pid/smaps_rollup" or next;
        $sum += sum0(map { /^Private_\w+:\s+(\d+)/ ? $1 : () } <$f>);
    }
    return $sum;
}

sub quantile {
    my ($list, $q) = @_;
    my @l = sort { $a <=> $b } @$list;
    return $l[int($q * $#l + 0.5)];
}

1;
