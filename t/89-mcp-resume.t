# The stream of a legacy call over HTTP that was cut is taken up by GET with
# Last-Event-ID, in whichever worker: no byte is lost, none comes twice; who may
# and what is unknown; takeover, cancellation, the end of the session; an id that
# is used twice, or again; how long a call waits, and how many may.  The official
# SDK does it by itself.
#
# tags: asan coverage

use strict;
use warnings;

use Test::More;
use CC::McpClients qw(client finished $FROM);
use CC::Nginx;
use CC::Resume qw(http session begin resume events answer until_primed cut
    cancel delete_);

my $any = 'cc_executor on; cc_executor_allow any; cc_executor_shell /bin/sh;';
my $mark = 491000000 + $$ % 100000 * 100;
my $t;

sub server {
    my ($workers) = @_;
    $t = CC::Nginx->new(workers => $workers,
        http => 'cc_executor_helpers min=2 max=24;
            cc_executor_kill_grace 500ms;',
        server => <<"EOC")->start;
    location /another { $any }
    location /east { $any cc_executor_realm both; }
    location /west { $any cc_executor_realm both; }
    location /short { $any cc_executor_resume 600ms; }
    location /few { $any cc_executor_max_kept_calls 4; }
    location /kept { $any cc_executor_keep on; }
EOC
    return;
}

sub sleepers {
    my ($n) = @_;
    return grep { CC::Nginx::title($_) =~ /^sleep $n\b/ }
        map { m{/proc/(\d+)} } glob '/proc/[0-9]*';
}

sub sleeps { return scalar(my @all = sleepers(@_)) }

# does the helper of that tree listen?  Then its call can be reached.
sub listens {
    my ($n) = @_;
    open my $f, '<', '/proc/net/unix' or die $!;
    my %listens = map { /^\S+ \w+ \w+ 00010000 \w+ \w+ +(\d+)/
        ? ("socket:[$1]" => 1) : () } <$f>;
    my %helper = map { $_ => 1 } $t->helpers;
    for my $pid (sleepers($n)) {
        $pid = CC::Nginx::parent($pid) while $pid && !$helper{$pid};
        return 1 if $pid && grep { $listens{ readlink($_) // '' } }
            glob "/proc/$pid/fd/*";
    }
    return 0;
}

# a tree of two processes that lives until it is ended
sub forever { my $n = $mark++; return ($n, "setsid sleep $n & exec sleep $n") }

sub runs { my ($n) = @_; return $t->wait_until(sub { sleeps($n) == 2 }, 30) }
sub gone { my ($n) = @_; return $t->wait_until(sub { !sleeps($n) }, 30) }

# a command that says what it says when the file is there
my $files = 0;
sub when {
    my ($then) = @_;
    my $file = $t->dir . '/work/go' . $files++;
    return ("while ! [ -e $file ]; do sleep 0.02; done; $then", sub {
        open my $f, '>', $file or die $!;
        close $f;
    });
}

# the id of the event that a call begins with
sub primed {
    my ($h) = @_;
    my @e = until_primed($h);
    return @e ? $e[-1]{id} : undef;
}

# the status that a GET gets
sub get {
    my ($session, $event, %o) = @_;
    my ($h, $r) = resume($t, $session, $event, %o);
    $h->close;
    return $r->{status};
}

# takes a call up to its end: the answers; who meets a worker that leaves comes
# back
sub finish {
    my ($session, $event, %o) = @_;
    my @answers;
    for (1 .. 10) {
        my ($h, $r) = resume($t, $session, $event, %o);
        # 503: the worker leaves
        next if !$r || $r->{status} == 503;
        return "status $r->{status}" if $r->{status} != 200;
        @answers = answer(events($h));
        $h->close;
        last if @answers;
    }
    return @answers;
}

sub out { my ($answer) = @_; return ref $answer
    ? $answer->{result}{structuredContent}{stdout} : $answer }

# what a stream is like

sub stream {
    my ($w) = @_;
    my $s = session($t);
    my ($command, $go) = when('echo out; echo err >&2; exit 3');
    my $h = begin($t, $s, 7, "echo first; $command", token => 'p');
    my @e = until_primed($h);
    is($h->{answer}{type}, 'text/event-stream', "$w: an event stream");
    is_deeply([@{ $e[0] }{qw(retry data)}], [1000, undef],
        'begins with an event without data, and when to come back');
    like($e[0]{id}, qr/^[\x21-\x7e]+$/, 'which has an id');
    $go->();
    push @e, events($h);
    is_deeply([map { exists $_->{id} ? 1 : 0 } grep { $_->{data}
        && exists $_->{data}{method} } @e], [map { 0 } grep { $_->{data}
        && exists $_->{data}{method} } @e], 'what cannot be had again has none');
    is(scalar(answer(@e)), 1, 'one answer');
    is($e[-1]{data}{id}, 7, 'it is the last');
    ok($e[-1]{id} && $e[-1]{id} ne $e[0]{id}, 'and has an id of its own');
    is($e[-1]{data}{result}{structuredContent}{exit_code}, 3, 'its exit code');
    $h->close;
    ok($t->wait_until(sub { get($s, $e[0]{id}) == 400 }, 30),
        'who has it cannot have it again');

    for (['quick', $s, 'true'], ['older', session($t, version => '2025-06-18'),
        'sleep 0.5'], ['none', undef, 'sleep 0.5'])
    {
        my ($name, $session, $c) = @$_;
        $h = begin($t, $session, 1, $c, token => 1);
        $h->read_head;
        @e = $h->{answer}{type} eq 'text/event-stream' ? events($h)
            : { data => $h->next };
        is_deeply([grep { exists $_->{id} || !$_->{data} } @e], [],
            "$name: no ids, no event without data");
        is(scalar(answer(@e)), 1, "$name: an answer");
        $h->close;
    }
    return;
}

# Cut anywhere, and taken up until there is an answer; all at once.  What a
# client's TCP has acknowledged counts as fetched, so it gets little room.

sub cuts {
    my ($w) = @_;
    my $s = session($t);
    my $lines = 'i=0; while [ $i -lt 2500 ]; do i=$((i+1)); printf "line $i \303\251\n";'
        . ' echo "err $i" >&2; done';
    my ($command, $go) = when($lines);
    my $out = join '', map { "line $_ \x{e9}\n" } 1 .. 2500;
    my $err = join '', map { "err $_\n" } 1 .. 2500;
    my @calls = map { { id => "call $_", h => begin($t, $s, "call $_", {
        command => $command, max_output_bytes => 100000 }, token => "token $_",
        room => 4096) } } 1 .. 8;
    $_->{event} = primed($_->{h}) for @calls;
    $go->();
    for my $c (@calls) {
        my @answers;
        for (1 .. 30) {
            my $left = int rand 3 ? int rand 90000 : 1 << 30;
            while ($left > 0 && !$c->{h}{answer}{ended}) {
                my $n = $c->{h}->read_some or last;
                $left -= $n;
            }
            my $r = $c->{h}{answer};
            substr($r->{data}, $left) = '' if $left < 0;
            $r->{ended} = 1;
            my @e = events($c->{h});
            push @answers, answer(@e);
            for (@e) { $c->{event} = $_->{id} if $_->{id} }
            $c->{h}->close;
            last if @answers;
            ($c->{h}, $r) = resume($t, $s, $c->{event}, room => 4096);
            is($r->{status}, 200, "$c->{id}: taken up") or last;
        }
        is(scalar @answers, 1, "$w: $c->{id}: one answer");
        is($answers[0]{id}, $c->{id}, 'of its id');
        my $content = $answers[0]{result}{structuredContent} // {};
        ok(($content->{stdout} // '') eq $out, "$c->{id}: every byte, once");
        ok(($content->{stderr} // '') eq $err, 'of both streams');
    }
    return;
}

# its end comes while nobody is there; it was long; it went on meanwhile

sub results {
    my ($w) = @_;
    my $s = session($t, path => '/east');
    my ($command, $go) = when('seq 1 100000; exit 4');
    my $h = begin($t, $s, 1, $command, path => '/east');
    my $event = primed($h);
    cut($h);
    $go->();
    my ($answer, @more) = finish($s, $event, path => '/west');
    is_deeply(\@more, [], "$w: one answer, at another location of the realm");
    my $content = $answer->{result}{structuredContent};
    is($content->{exit_code}, 4, 'the exit code');
    is($content->{stdout_bytes}, 588895, 'true counts');
    like($content->{stdout}, qr/^1\n2\n3\n.*\[\.\.\.[ ]\d+[ ]bytes[ ]left
        [ ]out[ ]\.\.\.\]\n.*99999\n100000\n$/xs, 'its beginning and its end');
    my ($cut) = $content->{stdout} =~ /(\d+) bytes left out/;
    (my $rest = $content->{stdout}) =~ s/\n\[\.\.\. \d+ bytes left out \.\.\.\]\n//;
    is(length($rest) + $cut, 588895, 'nothing is missing beside');
    ok($t->wait_until(sub { get($s, $event, path => '/east') == 400 }, 30),
        'then it is forgotten');

    # stdin, and a location that keeps

    $s = session($t, path => '/kept');
    my ($wait, $then) = when('cat');
    $h = begin($t, $s, 2, { command => $wait, stdin => "typed\n" },
        path => '/kept');
    $event = primed($h);
    cut($h);
    $then->();
    is(out(finish($s, $event, path => '/kept')), "typed\n",
        'with stdin, where jobs may be kept');

    # the answer was there, only its end was not seen

    $s = session($t);
    ($command, $go) = when('echo seen');
    $h = begin($t, $s, 3, $command);
    $event = primed($h);
    $go->();
    my @e = events($h);
    $h->close;
    ok($t->wait_until(sub { my ($g, $r) = resume($t, $s, $e[-1]{id});
        my @said = $r->{status} == 200 ? answer(events($g)) : ();
        $g->close; !@said && $r->{status} =~ /^(?:200|400)$/ }, 30),
        'behind the answer nothing follows');
    return;
}

# whose it is, and what is none

sub unknown {
    my ($w) = @_;
    my ($s, $other) = (session($t), session($t));
    my ($n, $command) = forever();
    my $h = begin($t, $s, 1, $command);
    my $event = primed($h);
    (my $nonce = $event) =~ tr/0-9a-f/1-9a-f0/;
    for (['garbage', 'x'], ['empty', ''], ['another nonce',
        substr($nonce, 0, 16) . substr $event, 16], ['cut', substr $event, 0, -1],
        ['longer', "${event}31"], ['twice', [$event, $event]],
        ['very long', 'a' x 3000])
    {
        is(get($s, $_->[1]), 400, "$w: $_->[0]: 400");
    }
    is(get($other, $event), 400, 'another session\'s');
    is(get(undef, $event), 400, 'no session');
    is(get('x', $event), 404, 'a session that is none');
    is(get($s, $event, path => '/another'), 404, 'of another location');
    is(get($s, undef), 405, 'no event');
    is(get($s, $event, headers => { 'MCP-Protocol-Version' => '2026-07-28' }),
        405, 'the new era has no such thing');
    my ($g, $r) = resume($t, $s, 'x');
    is($g->next->{error}{code}, -32600, 'an error of JSON-RPC');
    $g->close;
    ok(runs($n), 'it runs on');
    is(get($s, $event, headers => { 'MCP-Protocol-Version' => '2025-11-25' }),
        200, 'its own');

    # cancellation, while nobody is there and while somebody is

    cut($h);
    is(cancel($t, $s, 1), 202, 'canceled, cut');
    ok($t->wait_until(sub { get($s, $event) == 400 }, 30),
        'nobody can have it any more');
    ok(gone($n), 'its tree is gone');
    is(get($s, $event), 400, 'nor later');

    # several at a time: whichever workers meet

    my @taken = map { my ($m, $c) = forever();
        my $b = begin($t, $s, "c$_", $c); { n => $m, h => $b } } 1 .. 5;
    for (@taken) {
        $_->{event} = primed($_->{h});
        cut($_->{h});
        ($_->{h}, $r) = resume($t, $s, $_->{event});
        is($r->{status}, 200, 'taken up');
        until_primed($_->{h});
    }
    is(cancel($t, $s, "c$_"), 202, 'canceled, taken up') for 1 .. 5;
    for (@taken) {
        is_deeply([answer(events($_->{h}))], [],
            'its stream ends without an answer');
        $_->{h}->close;
        ok(gone($_->{n}), 'its tree is gone');
        is(get($s, $_->{event}), 400, 'and there is nothing left of it');
    }

    # DELETE

    my @calls = map { my ($m, $c) = forever();
        my $b = begin($t, $s, "d$_", $c); { n => $m, h => $b } } 1 .. 3;
    $_->{event} = primed($_->{h}) for @calls;
    cut($calls[0]{h}, $calls[1]{h});
    is(delete_($t, $s), 200, 'DELETE');
    ok(gone($_->{n}), 'ends a call') for @calls;
    is_deeply([answer(events($calls[2]{h}))], [], 'whose stream ends');
    cut($calls[2]{h});
    is(get($s, $calls[0]{event}), 404, 'of a session that is over');
    return;
}

# a newer stream takes over: the older one ends, and there is one answer

sub takeover {
    my ($w) = @_;
    my $s = session($t);
    my ($command, $go) = when('echo taken');
    my @h = begin($t, $s, 1, $command);
    my $event = primed($h[0]);
    for (1 .. 3) {
        my ($h, $r) = resume($t, $s, $event);
        is($r->{status}, 200, "$w: taken over");
        ok(primed($h), 'it begins as the first one did');
        is_deeply([answer(events($h[-1]))], [],
            'the older one ends without an answer');
        push @h, $h;
    }
    $go->();
    is(out(answer(events($h[-1]))), "taken\n", 'the newest has it');
    cut(@h);
    return;
}

# an id that is in use, in whichever worker, or was

sub ids {
    my ($w) = @_;
    my $s = session($t);
    my ($n, $command) = forever();
    my $h = begin($t, $s, 1, $command);
    my $event = primed($h);
    for (1 .. 6) {
        my $b = begin($t, $s, 1, 'echo again');
        $b->read_head;
        is($b->next->{error}{code}, -32600, "$w: an id in use is refused");
        $b->close;
    }
    ok(runs($n), 'and the first runs on');
    is(get($s, $event), 200, 'and can be taken up');

    # both at once: one of them is the later

    my @both = map { my ($m, $c) = forever();
        my $b = begin($t, $s, 'both', $c); { h => $b, n => $m } } 1, 2;
    $_->{h}->read_head for @both;
    my ($lost) = grep { $_->{h}{answer}{status} == 400 } @both;
    ok($lost, 'two at once: one is refused');
    is($lost->{h}->next->{error}{code}, -32600, 'with an error') if $lost;
    is(scalar(grep { $_->{h}{answer}{status} == 200 } @both), 1,
        'the other one is not');
    cancel($t, $s, $_) for 1, 'both';
    ok(gone($_), 'canceled') for $n, map { $_->{n} } @both;
    cut($h, map { $_->{h} } @both);

    # again: the old result is dropped, and its events are unknown

    $s = session($t);
    my ($c, $go) = when('echo old');
    $h = begin($t, $s, 5, $c);
    $event = primed($h);
    cut($h);
    $go->();
    my $answered = $t->wait_until(sub {
        my $b = begin($t, $s, 5, 'echo new');
        $b->read_head;
        my $m = $b->next;
        $b->close;
        return $m->{result} && out($m) eq "new\n";
    }, 30);
    ok($answered, 'an id that is used again');
    is(get($s, $event), 400, 'the old result is gone');
    return;
}

# how long one waits, and how many may

sub limits {
    my ($w) = @_;
    my $s = session($t, path => '/short');
    my ($n, $command) = forever();
    my $h = begin($t, $s, 1, $command, path => '/short');
    my $event = primed($h);
    my ($c, $go) = when('echo over');
    my $g = begin($t, $s, 2, $c, path => '/short');
    my $over = primed($g);
    $go->();
    ok(runs($n), "$w: it runs");
    cut($h, $g);
    ok(gone($n), 'nobody comes: it ends');
    ok($t->wait_until(sub { get($s, $event, path => '/short') == 400
        && get($s, $over, path => '/short') == 400 }, 30),
        'and its result, and that of another one, are forgotten');

    # an owner has a quarter

    $s = session($t, path => '/few');
    ($c, $go) = when('echo one');
    $h = begin($t, $s, 1, $c, path => '/few');
    $event = primed($h);
    my @more = map { my ($m, $f) = forever(); { n => $m,
        h => begin($t, $s, "more $_", $f, path => '/few', token => 1) } } 1, 2;
    ok(runs($_->{n}), 'beyond it calls run') for @more;
    cut($h, $more[0]{h});
    ok(gone($more[0]{n}), 'but end with their stream');
    is(cancel($t, $s, 'more 2', path => '/few'), 202, 'can be canceled');
    ok(gone($more[1]{n}), 'from anywhere');
    is_deeply([grep { exists $_->{id} } events($more[1]{h})], [],
        'and have no ids');
    cut($more[1]{h});
    $go->();
    is(out(finish($s, $event, path => '/few')), "one\n", 'the first is there');

    # the stream is lost before there was a socket

    ($n, $command) = forever();
    $s = session($t);
    $h = begin($t, $s, 'early', $command);
    ok(runs($n), 'it runs');
    cut($h);
    ok($t->wait_until(sub { listens($n) }, 30), 'it gets a socket');
    is(sleeps($n), 2, 'cut early it runs on');
    is(cancel($t, $s, 'early'), 202, 'until it is canceled');
    ok(gone($n), 'by its socket');
    return;
}

# workers that leave or die

sub workers {
    my ($w, $workers) = @_;
    my $s = session($t);
    my @calls = map { my ($c, $go) = when("echo $_");
        { h => begin($t, $s, $_, $c), go => $go } } qw(dies leaves stays);
    $_->{event} = primed($_->{h}) for @calls;
    my $new = sub {
        my ($old, $n) = @_;
        return $t->wait_until(sub { my @now = $t->workers;
            @now >= $workers && grep({ my $p = $_; !grep { $_ == $p } @$old }
                @now) >= $n }, 30);
    };
    my @old = $t->workers;
    kill 'KILL', @old;
    $t->allow(qr/exited on signal 9/, scalar @old);
    ok($new->(\@old, $workers), "$w: all workers are killed");
    $calls[0]{go}->();
    is(out(finish($s, $calls[0]{event})), "dies\n", 'it is taken up all the same');

    my ($h, $r) = resume($t, $s, $calls[1]{event});
    is($r->{status}, 200, 'another one is taken up');
    @old = $t->workers;
    $t->signal('HUP');
    ok($new->(\@old, $workers), 'a reload');
    cut($h);
    $calls[1]{go}->();
    is(out(finish($s, $calls[1]{event})), "leaves\n",
        'and again, in a worker of the next generation');
    $calls[2]{go}->();
    is(out(finish($s, $calls[2]{event})), "stays\n", 'the third one, too');
    return;
}

for my $workers (1, 4) {
    server($workers);
    my $w = "$workers worker(s)";
    my $sdk = client($t, "SDK 1.x, $w", 9, "$FROM/sdk1-resume.mjs", $t->port,
        '/ws/mcp', $t->dir . '/work/sdk');
    $_->($w) for \&stream, \&cuts, \&results, \&unknown, \&takeover, \&ids,
        \&limits;
    finished($sdk);
    workers($w, $workers);
    $t->finish;
}

done_testing;
