# Kept commands: what docs/jobs.md and docs/protocol.md decide where one could
# guess: who may write, whose offset it is, which size a terminal has, which
# clocks run.
#
# tags: asan coverage

use strict;
use warnings;

use JSON::PP ();
use Test::More;
use Time::HiRes qw(time sleep);
use CC::Nginx;

my $true = JSON::PP::true;

my $t = CC::Nginx->new(workers => 2, location => 'cc_executor_allow any;
    cc_executor_shell /bin/sh; cc_executor_keep on; cc_executor_tty on;
    cc_executor_max_kept_per_owner 0; cc_executor_max_commands_per_session 9;
    cc_executor_kill_grace 20s;',
    server => <<'EOC')->start;
location /short { cc_executor on; cc_executor_allow any;
    cc_executor_shell /bin/sh; cc_executor_keep on;
    cc_executor_keep_timeout 1s; cc_executor_kill_grace 1s; }
location /small { cc_executor on; cc_executor_allow any;
    cc_executor_shell /bin/sh; cc_executor_keep on;
    cc_executor_stdin_buffer 64k; }
location /orphans { cc_executor on; cc_executor_allow any;
    cc_executor_shell /bin/sh; cc_executor_keep on;
    cc_executor_keep_orphan 3s; cc_executor_kill_grace 1s; }
EOC

sub start {
    my ($c, $command, %o) = @_;
    my $m = $c->call('execute', { command => $command,
        on_disconnect => 'keep', %o });
    is($m->{error}, undef, "started: $command") or diag(explain($m));
    $c->notification('process.started');
    return $m->{result}{execution_id};
}

# attached, or the error
sub attach {
    my ($c, $id, %o) = @_;
    my $m = $c->call('attach', { execution_id => $id, %o });
    return $m->{result} // $m;
}

# the next notification of that kind about a command
sub about {
    my ($c, $id, $method) = @_;
    my $m = $c->wait_for(sub { ($_[0]{params}{execution_id} // '') eq $id
        && ($_[0]{method} // '') eq $method }, 10);
    return $m ? $m->{params} : {};
}

# stdout of it to the end, or until it has this text
sub output {
    my ($c, $id, $until) = @_;
    my $text = '';
    while (!defined $until || index($text, $until) < 0) {
        my $m = $c->wait_for(sub { ($_[0]{params}{execution_id} // '') eq $id
            && ($_[0]{method} // '') =~ /^process\.(?:output|completed)$/ },
            10) or return "$text...";
        last if $m->{method} eq 'process.completed';
        $text .= $m->{params}{data};
    }
    return $text;
}

# several write: each message is whole, and positions are the command's

{
    my @c = map { $t->client } 1 .. 3;
    my $id = start($c[0], 'x=$(cat); echo "$x"', open_stdin => $true,
        output => 'chunk');
    is($c[0]->call('attach', { execution_id => $id })->{error}{code}, -32602,
        'who started it is attached to it');
    is(attach($c[$_], $id, mode => 'write')->{stdin_offset}, 0,
        'nothing was written') for 1, 2;

    my $n = 10;
    my @line = map { $_ x 2999 . "\n" } qw(a b c);
    $line[2] = 'c' x 69_999 . "\n";
    my (@end, $wrong);
    my @asked;
    for my $i (1 .. $n) {
        push @asked, [$_, $c[$_]->send('input', { execution_id => $id,
            data => $line[$_] })] for 0 .. 2;
    }
    for (@asked) {
        my $m = $c[$_->[0]]->answer($_->[1], 30);
        $wrong = $m if ($m->{result}{accepted} // 0) != length $line[$_->[0]];
        push @{ $end[$_->[0]] }, $m->{result}{offset};
    }
    is($wrong, undef, 'all of each was taken') or diag explain $wrong;
    my $all = $n * length join '', @line;
    my $d = $t->client;
    is(attach($d, $id, mode => 'write')->{stdin_offset}, $all,
        'attach says where it stands');

    # an offset names the command's position, too

    my $m = $d->call('input', { execution_id => $id, data => "d\n",
        offset => $all });
    is($m->{result}{offset}, $all + 2, 'a good offset');
    $m = $d->call('input', { execution_id => $id, data => "d\n",
        offset => $all });
    is($m->{error}{data}{offset}, $all + 2, 'a wrong one is told the right');
    is($m->{error}{code}, -32602, 'as a wrong param');
    is($c[1]->call('input', { execution_id => $id, data => "b\n" })
        ->{result}{accepted}, 2, 'others go on meanwhile');
    is($d->call('input', { execution_id => $id, data => "d\n" })
        ->{error}{data}{offset}, $all + 2, 'without it: the same again');
    is($d->call('input', { execution_id => $id, data => "d\n",
        offset => $all + 2 })->{result}{offset}, $all + 6,
        'what the refusal named counts, although another one has written');

    is($c[2]->call('input', { execution_id => $id, eof => $true })
        ->{result}{accepted}, 0, 'anybody may close it');
    my $text = output($c[0], $id);
    is(length $text, $all + 6, 'all of it came back');
    my ($at, $bad, %seen) = (0, 0);
    for (split /^/, $text) {
        $at += length;
        next if /^[bd]$/;
        my $i = ord() - ord 'a';
        $bad++ if $i < 0 || $i > 2 || $_ ne $line[$i];
        push @{ $seen{$i} }, $at;
    }
    is($bad, 0, 'no message has another one in it');
    is_deeply([@seen{0, 1, 2}], \@end,
        'each answer has the position in stdin behind its message');
    $_->close for @c, $d;
}

# a writer that is refused is told its own position; another one is not refused

{
    my ($c, $d) = map { $t->client(path => '/small') } 1 .. 2;
    my $go = $t->dir . '/work/reads';
    my $id = start($c, "dd bs=1 count=1 2> /dev/null; until [ -e $go ]; "
        . 'do sleep 0.02; done; exec cat', open_stdin => $true,
        stdin => 'b' x 60_006, output => 'chunk');
    is(about($c, $id, 'process.output')->{data}, 'b',
        'what came with it is in the pipe');
    attach($d, $id, mode => 'write');

    # there is no room for it in the pipe

    my $big = 'x' x 60_000;
    my $asked = $c->send('input', { execution_id => $id, data => $big });
    my $m = $c->call('input', { execution_id => $id, data => $big });
    is($m->{error}{code}, -32001, 'too much of one writer waits')
        or diag explain $m;
    my $at = $m->{error}{data}{offset};
    is($at, 120_006, 'and it is told where to go on');
    my $other = $d->send('input', { execution_id => $id, data => "\n" });
    open my $f, '>', $go or die $!;
    close $f;
    is($d->answer($other, 30)->{error}, undef, 'another one may write');
    is($c->answer($asked, 30)->{result}{accepted}, 60_000, 'that was taken');
    is($c->call('input', { execution_id => $id, data => 'end', offset => $at,
        eof => $true })->{result}{offset}, 120_010, 'it goes on there');
    $_->close for $c, $d;
}

# exclusive

{
    my ($a, $b, $c, $r) = map { $t->client } 1 .. 4;
    my $id = start($a, 'cat', open_stdin => $true);
    is(attach($r, $id)->{mode}, 'read', 'one reads');
    is(attach($b, $id, mode => 'write')->{mode}, 'write', 'one writes, too');
    is(attach($c, $id, exclusive => $true)->{error}{code}, -32602,
        'exclusive without write');
    is(attach($c, $id, mode => 'write', exclusive => $true)->{mode}, 'write',
        'one takes over');
    is(about($_, $id, 'process.detached')->{reason}, 'taken',
        'who wrote is detached') for $a, $b;
    is($a->call('input', { execution_id => $id, data => "a\n" })
        ->{error}{code}, -32003, 'and writes no more');
    is(attach($b, $id, mode => 'write')->{mode}, 'read',
        'who comes meanwhile may read');
    is($b->call('input', { execution_id => $id, data => "b\n" })
        ->{error}{code}, -32602, 'only');
    is($c->call('input', { execution_id => $id, data => "c\n" })
        ->{result}{accepted}, 2, 'one writes');
    my $d = $t->client;
    is(attach($d, $id, mode => 'write', exclusive => $true)->{mode}, 'write',
        'a newer one takes over');
    is(about($c, $id, 'process.detached')->{reason}, 'taken', 'again');
    my $x = $t->client;
    for (['signal', signal => 'SIGTERM'], ['remove', force => $true]) {
        my ($method, %more) = @$_;
        my $m = $x->call($method, { execution_id => $id, %more });
        is($m->{error}{message}, 'somebody else controls this process alone',
            "nobody else may $method it") or diag(explain($m));
    }
    $x->close;
    $d->call('detach', { execution_id => $id });
    my $mode;
    ok($t->wait_until(sub {
        my $e = $t->client;
        $mode = attach($e, $id, mode => 'write')->{mode};
        $e->close;
        return $mode eq 'write';
    }, 20), 'when it has gone everybody may write again');
    is(output($r, $id, "c\n"), "c\n", 'who only reads was never disturbed');
    $r->call('remove', { execution_id => $id, force => $true });
    $_->close for $a, $b, $c, $d, $r;
}

# terminals: the latest size counts, the same size again means: draw

{
    my ($a, $b) = map { $t->client } 1 .. 2;
    my $draw = '$| = 1; ($m, $n) = (0, 0); $SIG{WINCH} = sub { $n++ };'
        . ' print "up\n"; while (1) { select undef, undef, undef, 0.05;'
        . ' next if $m == $n; $m = $n; print "size ", `stty size` }';
    my $id = start($a, "exec perl -e '$draw'",
        tty => { cols => 90, rows => 20 });
    is(output($a, $id, "up\r\n"), "up\r\n", 'it is up');
    my $r = attach($b, $id, mode => 'write', stdout => -1);
    is_deeply($r->{tty}, { cols => 90, rows => 20 }, 'attach: its size');
    is($a->call('resize', { execution_id => $id, cols => 100, rows => 30 })
        ->{error}, undef, 'one');
    is_deeply([@{ about($b, $id, 'process.resized') }{qw(cols rows)}],
        [100, 30], 'the other one is told');
    is($b->call('resize', { execution_id => $id, cols => 70, rows => 10 })
        ->{error}, undef, 'the other');
    like(output($a, $id, "size 10 70\r\n"), qr/size 10 70/,
        'the latest counts');
    my @told = map { my $p = about($a, $id, 'process.resized');
        "$p->{cols}x$p->{rows}" } 1 .. 2;
    is("@told", '100x30 70x10', 'each is told once, who asked for it, too');
    is(attach($t->client, $id)->{tty}{cols}, 70, 'and whoever comes later');

    is($a->call('resize', { execution_id => $id, cols => 70, rows => 10 })
        ->{error}, undef, 'the same again');
    like(output($a, $id, "size 10 70\r\n"), qr/size 10 70/, 'draws');

    my $c = $t->client;
    is(attach($c, $id, redraw => $true)->{error}{message},
        'params.redraw needs params.mode "write"', 'redraw needs write');
    is(attach($c, $id, redraw => $true, mode => 'write')->{tty}{rows}, 10,
        'attach with redraw');
    like(output($a, $id, "size 10 70\r\n"), qr/size 10 70/, 'draws');
    $a->call('remove', { execution_id => $id, force => $true });
    $_->close for $a, $b, $c;
}

# who is not attached is told what to do

{
    my ($c, $d) = map { $t->client } 1 .. 2;
    my $id = start($c, 'sleep 100', open_stdin => $true);
    for (['input', data => 'x'], ['control', type => 'PAUSE'],
        ['resize', cols => 80, rows => 24])
    {
        my ($method, %o) = @$_;
        my $m = $d->call($method, { execution_id => $id, %o });
        is($m->{error}{code}, -32003, "$method without an attachment");
        like($m->{error}{message}, qr/attach .*mode "write"/,
            "$method: what to do");
    }
    attach($d, $id);
    for (['input', data => 'x'], ['control', type => 'PAUSE'],
        ['resize', cols => 80, rows => 24], ['signal', signal => 'TERM'])
    {
        my ($method, %o) = @$_;
        my $m = $d->call($method, { execution_id => $id, %o });
        is($m->{error}{code}, -32602, "$method by one who reads");
        like($m->{error}{message}, qr/mode "write"/, "$method: what to do");
    }
    is($c->call('status', { execution_id => $id })->{result}{state}, 'running',
        'nothing has happened to it');

    # it is being ended: it runs, and what it says counts

    my $ending = '$| = 1; $SIG{TERM} = sub { print "caught\n"; sleep 1;'
        . ' print "last\n"; exit 3 }; print "up\n"; sleep 1 while 1';
    my $e = start($c, "exec perl -e '$ending'");
    output($c, $e, "up\n");
    $c->call('control', { execution_id => $e, type => 'CANCEL' });
    my $f = $t->client;
    my $r = attach($f, $e);
    is($r->{state}, 'running', 'one that is being ended is running');
    is($r->{ending}, $true, 'and ending');
    my ($x) = grep { ($_->{execution_id} // '') eq $e } @{ $f->owned->{commands} };
    is("$x->{state} $x->{ending}", 'running 1', 'list says so, too');
    is(output($f, $e), "up\ncaught\nlast\n", 'its output counts');
    $c->call('remove', { execution_id => $id, force => $true });
    $_->close for $c, $d, $f;
}

# labels are for people and filters

{
    my $c = $t->client;
    my @id = map { start($c, "sleep 9$_", label => "\x{e9}t\x{e9}" x 26
        . 'ab') } 1 .. 2;
    is($c->call('execute', { command => 'true', on_disconnect => 'keep',
        label => 'x' x 81 })->{error}{code}, -32602, '81 characters');
    my $l = $c->owned(label => "\x{e9}t\x{e9}" x 26 . 'ab');
    is_deeply([sort map { $_->{execution_id} } @{ $l->{commands} }],
        [sort @id], '80 characters, two commands');
    is($c->call('attach', { execution_id => $l->{commands}[0]{label} })
        ->{error}{code}, -32003, 'it is no id');
    is($c->owned(label => 'x' x 500)->{commands}[0], undef, 'nobody has a longer one');
    $c->call('remove', { execution_id => $_, force => $true }) for @id;
    $c->close;
}

# a worker that drains: the connection stays for what
# is bound to it

{
    my $c = $t->client;
    my $id = start($c, 'sleep 30');
    my $m = $c->call('execute', { command => 'read x; echo bye; exit 5',
        open_stdin => $true });
    my $bound = $m->{result}{execution_id};
    $t->signal('HUP');
    ok($t->wait_until(sub {
        $m = $c->call('attach', { execution_id => 'f' x 48 });
        return ($m->{error}{message} // '') =~ /reloading/;
    }, 30), 'its worker leaves');
    is($c->call('status', { execution_id => $_ })->{result}{state},
        'running', 'the connection serves what is here') for $id, $bound;
    $c->call('input', { execution_id => $bound, data => "\n" });
    is(about($c, $bound, 'process.completed')->{exit_code}, 5,
        'what is bound to it runs to its end');
    is(about($c, $id, 'process.detached')->{reason}, 'reload',
        'then the kept one is detached');
    1 while $c->receive(20);
    is($c->{closed}, 1001, 'and the connection closed');
    my $d = $t->client;
    is(attach($d, $id)->{state}, 'running', 'the kept one is elsewhere');
    $d->call('remove', { execution_id => $id, force => $true });
    $d->close;
}

# clocks

{
    my $c = $t->client(path => '/short');
    my $id = start($c, 'sleep 100', timeout => 50);
    my $paused = start($c, 'sleep 100');
    $c->call('control', { execution_id => $paused, type => 'PAUSE' });
    my $p = about($c, $id, 'process.completed');
    is($p->{cause}, 'timeout', 'timeout is cc_executor_keep_timeout at most');
    sleep 0.5;
    is($c->call('status', { execution_id => $paused })->{result}{state},
        'paused', 'the time in PAUSE does not count');
    $c->call('control', { execution_id => $paused, type => 'RESUME' });
    is(about($c, $paused, 'process.completed')->{cause}, 'timeout',
        'the other time does');
    $c->close;
}

# the orphan clock: attach, read and wait begin it anew, list does not

{
    my $c = $t->client(path => '/orphans');
    my %id = map { $_ => start($c, "echo $_; sleep 100") }
        qw(list read wait attach);
    my $d = $t->client(path => '/orphans');
    attach($d, $id{attach});
    $c->close;
    my ($e, $w) = map { $t->client(path => '/orphans') } 1 .. 2;
    my $begun = time;
    my ($x, $waits, $reads) = ({}, 0, 0);
    while (time < $begun + 40 && ($x->{state} // 'running') eq 'running') {
        ($x) = grep { $_->{name} eq substr $id{list}, 0, 16 }
            @{ $e->owned->{commands} };
        $reads++ if $e->call('read', { execution_id => $id{read} })->{result};
        $waits++ if $w->call('wait', { execution_id => $id{wait},
            timeout_ms => 100 })->{result};
    }
    is($x->{cause}, 'orphan', 'a list does not keep it alive');
    cmp_ok($reads, '>', 3, 'it was read');
    for (qw(read wait attach)) {
        is($e->call('read', { execution_id => $id{$_} })->{result}{state},
            'running', "$_ does");
    }
    $e->call('remove', { execution_id => $_, force => $true })
        for values %id;
    $_->close for $d, $e, $w;
}

$t->finish;
done_testing;
