# The output of kept commands: who waits and who loses when the ring is full,
# gaps that are exact to the byte, whatever offset a reader begins at, and what
# is left of much output that nobody read.
#
# tags: coverage

use strict;
use warnings;

use JSON::PP ();
use Test::More;
use Time::HiRes qw(sleep);
use CC::Kept qw(begin attach);
use CC::Nginx;

my $nightly = $ENV{CC_NIGHTLY};
my $location = 'cc_executor_allow any; cc_executor_shell /bin/sh;
    cc_executor_keep on; cc_executor_max_kept 100;
    cc_executor_max_kept_per_owner 0; cc_executor_max_sessions 300;';
my $t = CC::Nginx->new(workers => 4, location => $location,
    server => <<"EOC")->start;
location /stall { cc_executor on; $location cc_executor_stall_timeout 2s; }
EOC

# the source: every byte is known by its offset

my $lines = 100_000;
my $seq = 'seq -f %09g 0 ' . ($lines - 1);
my $source = join '', map { sprintf "%09d\n", $_ } 0 .. $lines - 1;

# starts a command that goes on when a file is there; its id and that file
my $files = 0;
sub held_back {
    my ($c, $command, %o) = @_;
    my $go = $t->dir . '/work/go' . ++$files;
    my $id = begin($c, "until [ -e $go ]; do sleep 0.02; done; $command",
        output => 'chunk', %o);
    return ($id, $go);
}

sub let_go {
    open my $f, '>', $_[0] or die "$_[0]: $!";
    close $f;
    return;
}

# what a reader knows: where each stream goes on, what it got, what it lost
sub reader {
    my ($c, $id, $from, %source) = @_;
    return { c => $c, id => $id, next => { stdout => 0, stderr => 0, %$from },
        source => { stderr => '', %source }, data => 0, gaps => [],
        completed => 0, credited => 0, wrong => [] };
}

# takes one message of it: each byte has to be the one of its offset, each gap
# has to begin where the bytes before it ended
sub take {
    my ($r, $m) = @_;
    my $p = $m->{params};
    return if ($p->{execution_id} // '') ne $r->{id};
    push @{ $r->{wrong} }, "$m->{method} after the end" if $r->{completed};
    if ($m->{method} eq 'process.output') {
        my $at = $r->{next}{ $p->{type} };
        push @{ $r->{wrong} }, "$p->{type} $p->{offset}, not $at"
            if $p->{offset} != $at;
        push @{ $r->{wrong} }, "$p->{type} at $at has other bytes"
            if $p->{data} ne substr $r->{source}{ $p->{type} }, $at,
                length $p->{data};
        push @{ $r->{wrong} }, "$p->{type}: next is $p->{next}"
            if $p->{next} != $at + length $p->{data};
        $r->{data} += length $p->{data};
        $r->{next}{ $p->{type} } = $p->{next};
    } elsif ($m->{method} eq 'process.gap') {
        my $at = $r->{next}{ $p->{stream} };
        push @{ $r->{wrong} }, "gap at $p->{from}, not $at"
            if $p->{from} != $at || $p->{to} <= $at;
        push @{ $r->{gaps} }, [@$p{qw(stream from to)}];
        $r->{next}{ $p->{stream} } = $p->{to};
    } elsif ($m->{method} eq 'process.completed') {
        $r->{completed}++;
        $r->{end} = $p;
        for (qw(stdout stderr)) {
            push @{ $r->{wrong} }, "$_ ends at $r->{next}{$_}"
                if $r->{next}{$_} != length $r->{source}{$_}
                    || $r->{next}{$_} != $p->{"${_}_bytes"};
        }
    }
    return;
}

sub credit {
    my ($r, $stdout) = @_;
    $r->{credited} = $stdout;
    $r->{c}->send('credit', { execution_id => $r->{id}, stdout => $stdout },
        notify => 1);
    return;
}

# to the end; a reader with a window says that it takes what it got
sub drain {
    my ($r) = @_;
    while (!$r->{completed}) {
        my $m = $r->{c}->wait_for(sub {
            ($_[0]{params}{execution_id} // '') eq $r->{id} }, 60) or last;
        take($r, $m);
        credit($r, $r->{next}{stdout}) if $r->{window}
            && $r->{next}{stdout} - $r->{credited} >= $r->{window} / 2;
    }
    return $r;
}

sub good {
    my ($r, $what) = @_;
    is($r->{completed}, 1, "$what: told of the end");
    is_deeply($r->{wrong}, [], "$what: every byte at its offset or in a gap");
    return;
}

# how much a command has written, as the list of its owner says
sub written {
    my ($id) = @_;
    my ($e) = CC::Kept::ids($t)->{$id};
    return $e->{bytes};
}

# nobody attached, "block": the command waits, and goes on when somebody comes

{
    my $c = $t->client;
    my ($id, $go) = held_back($c, "$seq; exit 4", overflow => 'block');
    $c->call('detach', { execution_id => $id });
    let_go($go);
    my ($bytes, $same) = (0, 0);
    ok($t->wait_until(sub {
        my $now = written($id);
        $same = $now == $bytes ? $same + 1 : 0;
        $bytes = $now;
        sleep 0.1;
        return $bytes && $same >= 10;
    }, 60), 'block: it writes until the ring is full');
    cmp_ok($bytes, '<', length $source, 'and no more');
    my ($d, $m) = attach($t, $id, output => 'chunk');
    is($m->{result}{state}, 'running', 'it waits');
    my $r = drain(reader($d, $id, {}, stdout => $source));
    good($r, 'block');
    is_deeply($r->{gaps}, [], 'block: nothing is lost');
    is($r->{end}{exit_code}, 4, 'it went on to its end');
    $_->close for $c, $d;
}

# nobody attached, "drop": it goes on; the head, one gap, what was last

{
    my $c = $t->client;
    my ($id, $go) = held_back($c, "echo first >&2; $seq; echo last >&2",
        overflow => 'drop');
    $c->call('detach', { execution_id => $id });
    let_go($go);
    is($c->call('wait', { execution_id => $id, timeout_ms => 60_000 })
        ->{result}{reason}, 'exit', 'drop: it ends with nobody there');
    my ($d, $m) = attach($t, $id, output => 'chunk');
    my $r = drain(reader($d, $id, {}, stdout => $source,
        stderr => "first\nlast\n"));
    good($r, 'drop');
    is(scalar @{ $r->{gaps} }, 1, 'drop: one gap') or diag explain $r->{gaps};
    my ($stream, $from, $to) = @{ $r->{gaps}[0] // ['', 0, 0] };
    is($stream, 'stdout', 'of stdout');
    cmp_ok($from, '>=', 16384, 'behind the head');
    cmp_ok($to, '<=', length($source) - 16384, 'before the tail');
    is($r->{data}, length($source) + 11 - ($to - $from),
        'what came and what is missing is all of it');

    # a question says the same

    $m = $c->call('read', { execution_id => $id, offset => $from,
        max_bytes => 1000 });
    is($m->{result}{from}, $to, 'read in the gap: goes on behind it');
    is($m->{result}{dropped}, $to - $from, 'and says how much is missing');
    is($m->{result}{data}, substr($source, $to, 1000), 'then what is there');
    $m = $c->call('read', { execution_id => $id, offset => $from - 100,
        max_bytes => 1000 });
    is($m->{result}{data}, substr($source, $from - 100, 100),
        'read before it: up to it');
    $_->close for $c, $d;
}

# a lossless watcher that takes nothing holds it up for a while, then loses

{
    my ($c, $d) = map { $t->client(path => '/stall') } 1 .. 2;
    my ($id, $go) = held_back($c, $seq);
    my $r = reader($d, $id, {}, stdout => $source);
    $d->call('attach', { execution_id => $id, window => 4096,
        output => 'chunk' });
    let_go($go);
    my $q = drain(reader($c, $id, {}, stdout => $source));
    good($q, 'the other watcher');
    is_deeply($q->{gaps}, [], 'the other watcher loses nothing');
    $r->{window} = 4096;
    take($r, $d->notification('process.output'));
    credit($r, $r->{next}{stdout});
    good(drain($r), 'the stalled watcher');
    cmp_ok(scalar @{ $r->{gaps} }, '>=', 1, 'it has lost something');
    $_->close for $c, $d;
}

# every kind of offset, in whatever worker, while it runs and afterwards

{
    my $c = $t->client;
    my $out = substr $source, 0, 100_000;
    my $err = substr $source, 0, 3000;
    my $go = $t->dir . '/work/more';
    my $id = begin($c, "seq -f %09g 0 9999; seq -f %09g 0 299 >&2; "
        . "until [ -e $go ]; do sleep 0.02; done; echo more",
        output => 'chunk');
    my $r = reader($c, $id, {}, stdout => "${out}more\n", stderr => $err);
    while ($r->{next}{stdout} < 100_000 || $r->{next}{stderr} < 3000) {
        take($r, $c->wait_for(sub { ($_[0]{method} // '') =~ /^process\./ })
            // last);
    }
    my %kind = (
        absent => sub { undef }, absolute => sub { int rand $_[0] },
        negative => sub { -1 - int rand $_[0] }, end => sub { $_[0] },
        'before the beginning' => sub { -$_[0] - 1 - int rand 1e6 },
        'beyond the end' => sub { $_[0] + 1 + int rand 1e6 },
    );
    my $rounds = $nightly ? 1000 : 100;
    my @kinds = sort keys %kind;
    my (@bad, @waiting);
    my $round = sub {
        my ($i, $o, $e) = @_;
        my ($ko, $ke) = ($kinds[$i % 6], $kinds[$i / 6 % 6]);
        my ($so, $se) = ($kind{$ko}->($o), $kind{$ke}->($e));
        my ($d, $m) = attach($t, $id, output => 'chunk',
            defined $so ? (stdout => $so) : (),
            defined $se ? (stderr => $se) : ());
        my $from = sub {
            my ($said, $n) = (($_[0] // 0), $_[1]);
            $said += $n if $said < 0;
            return $said < 0 ? 0 : $said > $n ? $n : $said;
        };
        my %want = (stdout => $from->($so, $o), stderr => $from->($se, $e));
        my %got = %{ $m->{result}{from} // {} };
        push @bad, "$ko/$ke: " . JSON::PP::encode_json($m)
            if $got{stdout} != $want{stdout} || $got{stderr} != $want{stderr};
        return { %{ reader($d, $id, \%want, %{ $r->{source} }) },
            what => "$ko/$ke" };
    };
    my $ended = sub {
        my ($d) = @_;
        drain($d);
        push @bad, "$d->{what}: @{ $d->{wrong} }" if @{ $d->{wrong} }
            || $d->{completed} != 1 || @{ $d->{gaps} };
        $d->{c}->close;
    };

    # some wait for what it has still to write

    push @waiting, $round->($_, 100_000, 3000) for 0 .. 11;
    let_go($go);
    $ended->($_) for @waiting;
    good(drain($r), 'the starter');
    $ended->($round->($_, 100_005, 3000)) for 12 .. $rounds - 1;
    is_deeply(\@bad, [], "$rounds attaches at offsets of every kind");
    $c->close;
}

# readers of every pace at once

{
    my $seed = $ENV{CC_SEED} // int rand 2**31;
    srand $seed;
    my (%lost, @bad);
    for my $round (1 .. ($nightly ? 20 : 1)) {
        my $c = $t->client;
        my ($id, $go) = held_back($c, $seq, overflow => 'drop', window => 65536);
        my @r = reader($c, $id, {}, stdout => $source);
        $r[0]{window} = 65536;
        for my $i (1 .. 6) {
            my $flow = $i % 2 ? 'lossy' : 'lossless';
            my $window = $i == 5 ? undef : 16384 << int rand 3;
            my ($d, $m) = attach($t, $id, flow => $flow,
                output => 'chunk',
                $window ? (window => $window) : ());
            push @r, reader($d, $id, $m->{result}{from}, stdout => $source);
            @{ $r[-1] }{qw(flow window)} = ($flow, $window);
        }
        let_go($go);
        my %open = map { $_ => $r[$_] } 0 .. $#r;
        while (%open) {
            # the first lossy one takes nothing more until it is alone
            my @k = grep { $_ != 1 || keys %open == 1 } keys %open;
            my $k = $k[rand @k];
            my $r = $open{$k};
            my $m;
            for (0 .. rand 6) {
                $m = @{ $r->{c}{queue} } ? $r->{c}->next
                    : $r->{c}->receive(0.01) or last;
                take($r, $m);
            }
            if ($r->{completed} || $r->{c}{closed}) {
                delete $open{$k};
            } elsif ($r->{window} && $r->{next}{stdout} > $r->{credited}) {
                my $new = $r->{next}{stdout} - $r->{credited};
                credit($r, $r->{credited} + (rand() < 0.3 ? int rand $new + 1 : $new));
            }
        }
        for (0 .. $#r) {
            push @bad, "$round/$_: @{ $r[$_]{wrong} }" if @{ $r[$_]{wrong} }
                || $r[$_]{completed} != 1;
            push @bad, "$round/$_ lost" if @{ $r[$_]{gaps} }
                && ($r[$_]{flow} // '') ne 'lossy';
            $lost{$_} += @{ $r[$_]{gaps} };
        }
        $_->{c}->close for @r;
    }
    is_deeply(\@bad, [], "slow readers: exact (seed $seed)");
    cmp_ok($lost{1}, '>', 0, 'one that came last had gaps');
}

# who comes in the last moment gets all of it and is told of the end once

{
    my $rounds = $nightly ? 1000 : 50;
    my (%state, @bad);
    my ($c, $late) = map { $t->client } 1 .. 2;
    for my $i (1 .. $rounds) {
        my $m = $c->call('execute', { on_disconnect => 'keep',
            command => 'echo begin; sleep 0.03; echo end; exit 7' });
        my $id = $m->{result}{execution_id} // do { push @bad, $m; next };
        my $r = reader($c, $id, {}, stdout => "begin\nend\n");
        take($r, $c->notification('process.output'));
        sleep 0.02 + rand 0.012;
        $late = do { $late->close; $t->client } if $i % 5 == 0;
        $m = $late->call('attach', { execution_id => $id });
        $state{ $m->{result}{state} // 'none' }++;
        my $d = drain(reader($late, $id, {}, stdout => "begin\nend\n"));
        drain($r);
        for ($r, $d) {
            # an answer behind it: what would come twice is there before
            $_->{c}->call('ping');
            take($_, $_->{c}->next) while @{ $_->{c}{queue} };
            push @bad, [$i, $_->{completed}, $_->{gaps}, $_->{wrong}]
                if $_->{completed} != 1 || @{ $_->{wrong} } || @{ $_->{gaps} }
                    || $_->{end}{exit_code} != 7;
        }
        $c->call('remove', { execution_id => $id });
    }
    is_deeply(\@bad, [], "$rounds attaches about the end")
        or diag explain \@bad;
    note join ' ', map { "$_: $state{$_}" } sort keys %state;
    $_->close for $c, $late;
}

# much output that nobody reads: no more memory for it, and the first and last
# bytes of each stream stay, also of the one that the other pushed out

{
    my $many = ($nightly ? 1024 : 64) * 1024 * 1024;
    my $c = $t->client;
    my ($id, $go) = held_back($c, "yes abcdefg | head -c 40000; "
        . "yes ERRORS! | head -c $many >&2; echo abcdefg",
        overflow => 'drop');
    my $helper = CC::Nginx::parent(CC::Kept::pid_of($t, $id));
    $c->call('detach', { execution_id => $id });
    my $private = sub {
        my $n = 0;
        $n += $_ for $t->slurp("../../../proc/$helper/smaps_rollup")
            =~ /^Private_\w+:\s+(\d+)/mg;
        return $n;
    };
    my ($first, $most, $seen) = (0, 0, 0);
    let_go($go);
    $t->wait_until(sub {
        my $e = CC::Kept::ids($t)->{$id};
        my $kb = $private->();
        if ($e->{bytes} > 2_000_000) {
            $first ||= $kb;
            $most = $kb if $kb > $most;
            $seen++;
        }
        return $e->{state} ne 'running';
    }, 600);
    cmp_ok($seen, '>', 0, 'memory was looked at');
    note "private memory of the helper: $first, at most $most KiB";
    cmp_ok($most - $first, '<=', $ENV{CC_SANITIZE} ? 16384 : 256,
        'it does not grow with what is written');

    my ($d, $m) = attach($t, $id, output => 'chunk');
    is_deeply($m->{result}{head}, { stdout => 40008, stderr => $many },
        'all is counted') or diag explain $m;
    my %got = (stdout => [], stderr => []);
    my %next = (stdout => 0, stderr => 0);
    my @wrong;
    while (my $n = $d->wait_for(sub { ($_[0]{method} // '') =~ /^process\./ },
        30))
    {
        my $p = $n->{params};
        last if $n->{method} eq 'process.completed';
        my ($s, $at) = $n->{method} eq 'process.gap' ? @$p{qw(stream from)}
            : @$p{qw(type offset)};
        push @wrong, "$s $at, not $next{$s}" if $at != $next{$s};
        if ($n->{method} eq 'process.gap') {
            push @{ $got{$s} }, [$p->{from}, $p->{to}];
            $next{$s} = $p->{to};
            next;
        }
        my $line = $s eq 'stderr' ? "ERRORS!\n" : "abcdefg\n";
        my $n8 = length($p->{data}) / 8 + 2;
        my $want = substr $line x $n8, $at % 8, length $p->{data};
        push @wrong, "$s at $at has other bytes" if $p->{data} ne $want;
        $next{$s} = $p->{next};
    }
    is_deeply(\@wrong, [], 'head and tail are right');
    is_deeply(\%next, { stdout => 40008, stderr => $many }, 'to the end');
    for (['stdout', 40008], ['stderr', $many]) {
        my ($s, $n) = @$_;
        is(scalar @{ $got{$s} }, 1, "$s: one gap") or diag explain $got{$s};
        my ($from, $to) = @{ $got{$s}[0] // [0, $n] };
        cmp_ok($from, '>=', 16384, "$s: a head");
        cmp_ok($to, '<=', $n - 16384, "$s: a tail");
    }
    $_->close for $c, $d;
}

$t->finish;
done_testing;
