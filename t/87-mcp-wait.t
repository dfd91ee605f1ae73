# MCP: execute with wait_ms and with on_timeout detach: a command that is not
# over when the wait is goes on as a job, its answer has the output so far, and
# reading goes on exactly there; over a WebSocket and by POST, in both eras.
#
# tags: asan coverage

use strict;
use warnings;

use JSON::PP ();
use Test::More;
use Time::HiRes qw(time);
use CC::Http;
use CC::Mcp;
use CC::Nginx;

my ($true, $false) = ($JSON::PP::true, $JSON::PP::false);

my $t;                                # the nginx that is tested now
my $mark = 480000 + $$ % 10000;       # commands of this test, by their argument

sub sleeps {
    my ($n) = @_;
    return grep { CC::Nginx::title($_) =~ /^sleep $mark$n\b/ }
        map { m{/proc/(\d+)} } glob '/proc/[0-9]*';
}
sub gone { my ($n) = @_; return $t->wait_until(sub { !sleeps($n) }, 30) }

# who asks: a function that calls a tool and returns its result

sub ws {
    my (%o) = @_;
    my $c = CC::Mcp->new(port => $t->port, %o);
    $c->initialize;
    return sub {
        my ($name, %arguments) = @_;
        my $m = $c->call('tools/call', { name => $name,
            arguments => \%arguments }, timeout => 90);
        diag(explain($m)) if !$m->{result};
        return $m->{result} // {};
    };
}

sub params {
    my ($modern, $name, $arguments) = @_;
    return { jsonrpc => '2.0', id => 1, method => 'tools/call',
        params => { name => $name, arguments => $arguments,
            ($modern ? (_meta => CC::Mcp::meta()) : ()) } };
}

sub headers {
    my ($modern, $name) = @_;
    return $modern ? (headers => { 'MCP-Protocol-Version' => '2026-07-28',
        'Mcp-Method' => 'tools/call', 'Mcp-Name' => $name }) : ();
}

# each request on another connection: whichever worker takes it
sub http {
    my ($modern) = @_;
    return sub {
        my ($name, %arguments) = @_;
        my $c = CC::Http->new(port => $t->port);
        my $m = $c->post(params($modern, $name, \%arguments),
            headers($modern, $name), timeout => 90);
        $c->close;
        diag(explain($m)) if !$m->{message}{result};
        return $m->{message}{result} // {};
    };
}

sub text { return $_[0]{content}[0]{text} }
sub flag { my ($n) = @_; return $t->dir . "/work/$n" }
sub touch { open my $f, '>', flag($_[0]) or die $!; return }
sub until_flag { return "until [ -e " . flag($_[0]) . ' ]; do sleep 0.05; done' }

# The rest of a job from where its reader is: both streams, and the last answer.
# A helper on a busy machine may be too slow to prove itself: it is asked again.
sub rest {
    my ($call, $id, %o) = @_;
    my ($out, $err, $s) = ('', '');
    do {
        my $r;
        $t->wait_until(sub {
            $r = $call->('job_read', job_id => $id, until => 'exit',
                wait_ms => 60000, %o);
            return text($r) !~ /ask again/;
        }, 60);
        $s = $r->{structuredContent} or return ($out, $err, $r);
        $out .= $s->{stdout};
        $err .= $s->{stderr};
        $o{cursor} = $s->{next_cursor} if $o{cursor};
    } while ($s->{more} || ($s->{status} // '') eq 'running');
    return ($out, $err, $s);
}

my $n = 0;

sub contract {
    my ($who, $call) = @_;
    $n++;

    my $r = $call->('execute', command => 'echo quick; exit 3',
        wait_ms => 60000);
    my $s = $r->{structuredContent};
    is_deeply([@$s{qw(status exit_code stdout)}, exists $s->{job_id}],
        ['exited', 3, "quick\n", ''], "$who: over before: a usual result");
    ok($r->{isError}, "$who: which is an error, as ever");

    # not over: as a job, and reading goes on exactly there

    $r = $call->('execute', label => 'dev', wait_ms => 400,
        command => 'echo one; echo bad >&2; printf tw; '
            . until_flag("go$n") . '; echo o; echo end; exit 3');
    $s = $r->{structuredContent};
    my $id = $s->{job_id};
    like($id, qr/^[0-9a-f]{48}$/, "$who: not over: it has a job_id");
    ok(!$r->{isError}, "$who: that is no error");
    is_deeply([@$s{qw(status label stdout stderr wait more new_bytes
        dropped_bytes exit_code stdin)}],
        ['running', 'dev', "one\ntw", "bad\n", 'timeout', $false, 10, 0, undef,
            'closed'], "$who: its output so far") or diag(explain($s));
    is(length $s->{output}, 10, "$who: in one piece, too");
    like(text($r), qr/^\[job $id "dev" running .*^one\n.*^\[10 new bytes/ms,
        "$who: the text says the same");
    unlike(text($r), qr/exit/, "$who: but nothing of an end that there was not");
    my $cursor = $s->{next_cursor};
    my $again = $call->('job_read', job_id => $id)->{structuredContent};
    is_deeply([@$again{qw(new_bytes cursor)}], [0, $cursor],
        "$who: the mark is where the answer stopped");
    touch("go$n");
    my ($out, $err, $last) = rest($call, $id);
    is_deeply([$out, $err, @$last{qw(status exit_code)}],
        ["o\nend\n", '', 'exited', 3], "$who: the rest, no byte twice");
    ($out, $err) = rest($call, $id, cursor => $cursor);
    is($out, "o\nend\n", "$who: its cursor says the same");
    ($out, $err) = rest($call, $id, cursor => 'start');
    is_deeply([$out, $err], ["one\ntwo\nend\n", "bad\n"], "$who: all of it");

    # timeout_ms is the wait, with on_timeout detach

    $r = $call->('execute', command => "echo up; exec sleep ${mark}1",
        timeout_ms => 1200, on_timeout => 'detach');
    $s = $r->{structuredContent};
    is_deeply([@$s{qw(status stdout wait)}], ['running', "up\n", 'timeout'],
        "$who: on_timeout detach") or diag(explain($r));
    $s = $call->('job_read', job_id => $s->{job_id}, wait_ms => 600,
        until => 'exit')->{structuredContent};
    is($s->{status}, 'running', "$who: and it runs on");
    $s = $call->('job_signal', job_id => $s->{job_id}, signal => 'TERM',
        wait_ms => 60000)->{structuredContent};
    is($s->{status}, 'canceled', "$who: until it is told not to");
    $r = $call->('execute', command => 'echo quick', timeout_ms => 60000,
        on_timeout => 'detach');
    is($r->{structuredContent}{status}, 'exited', "$who: over before, too");
    return;
}

# more than one process of nginx has to know about

sub everything {
    my ($workers) = @_;
    my $keep = 'cc_executor_allow any; cc_executor_shell /bin/sh;'
        . ' cc_executor_keep on;';
    $t = CC::Nginx->new(workers => $workers,
        location => "$keep cc_executor_tty on; cc_executor_timeout 2s;"
            . ' cc_executor_max_kept 300; cc_executor_max_kept_per_owner 300;',
        server => "location /one { cc_executor on; $keep"
            . ' cc_executor_max_kept 1; }'
            . ' location /off { cc_executor on; cc_executor_allow any;'
            . ' cc_executor_shell /bin/sh; }')->start;

    my $call = ws();
    contract("$workers, WebSocket", $call) if $workers == 1;
    contract("$workers, POST", http(0)) if $workers > 1;
    contract("$workers, POST of 2026-07-28", http(1));
    return $call;
}

my $call = everything(1);
$t->finish;
$call = everything(4);

# what is asked for wrongly

my $r = $call->('execute', command => 'true', wait_ms => 100001);
ok($r->{isError}, 'longer than 100 s');
like(text($r), qr/arguments\.wait_ms must be/, 'names the argument');
$r = ws(path => '/off')->('execute', command => 'echo x', wait_ms => 1);
is($r->{structuredContent}{status}, 'exited', 'no jobs: it is ignored');
$r = ws(path => '/off')->('execute', command => 'echo x', on_timeout => 'detach');
like(text($r), qr/arguments\.on_timeout/, 'detach is not');

# 0 is at once, and background, too

for my $how ([wait_ms => 0], [wait_ms => 60000, background => $true]) {
    $r = $call->('execute', command => "exec sleep ${mark}2", @$how);
    is($r->{structuredContent}{wait}, 'none', "at once: @$how")
        or diag(explain($r));
    $call->('job_signal', job_id => $r->{structuredContent}{job_id},
        signal => 'KILL');
}

# limits: of the location while it is bound (but not before the wait is over),
# of jobs then

$r = $call->('execute', command => 'sleep 3; echo x; sleep 30', wait_ms => 2500,
    timeout_ms => 4000);
my $s = $r->{structuredContent};
is($s->{status}, 'running', 'cc_executor_timeout is shorter than the wait');
(my $out, undef, $s) = rest($call, $s->{job_id});
is_deeply([$out, $s->{status}], ["x\n", 'timed_out'], 'timeout_ms holds');

# a terminal; stdin that stays open

$r = $call->('execute', command => 'test -t 0 && echo tty; read a; echo "<$a>"',
    tty => $true, wait_ms => 400);
$s = $r->{structuredContent};
is_deeply([@$s{qw(status stdout stdin)}], ['running', "tty\n", 'terminal'],
    'a terminal');
$r = $call->('job_write', job_id => $s->{job_id}, data => 'x', enter => $true,
    pattern => '<x>', wait_ms => 60000);
is($r->{structuredContent}{stdout}, "x\n<x>\n", 'is written to')
    or diag(explain($r));
$r = $call->('execute', command => 'cat', stdin => "a\n", open_stdin => $true,
    wait_ms => 400);
$s = $r->{structuredContent};
is_deeply([@$s{qw(status stdout stdin)}], ['running', "a\n", 'open'],
    'stdin stays open');
$call->('job_write', job_id => $s->{job_id}, data => "b\n", eof => $true);
(undef, undef, $s) = rest($call, $s->{job_id});
is_deeply([@$s{qw(status exit_code)}], ['exited', 0], 'until it is closed');

# a job gets at its start what its helper holds whatever becomes of the worker

$r = $call->('execute', command => 'wc -c', stdin => 'x' x 65536,
    background => $true);
($out) = rest($call, $r->{structuredContent}{job_id});
is($out, "65536\n", 'so much stdin in the background');
for my $way ([background => $true], [wait_ms => 400], [on_timeout => 'detach']) {
    $r = $call->('execute', command => 'wc -c', stdin => 'x' x 65537, @$way);
    is_deeply([$r->{isError}, $r->{structuredContent}{job_id}], [$true, undef],
        "$way->[0]: more is refused") or diag(explain($r));
    like($r->{content}[0]{text}, qr/stdin: a job gets 65536 bytes at most/,
        'with its name');
}
$r = $call->('execute', command => 'cat', stdin => ('x' x 4095) . "\n"
    . ('y' x 4095) . "\n", tty => $true, wait_ms => 400);
$call->('job_signal', job_id => $r->{structuredContent}{job_id},
    signal => 'SIGKILL');
$r = $call->('execute', command => 'cat', stdin => "a\n" . ('x' x 4096) . "\n",
    tty => $true, wait_ms => 400);
like($r->{content}[0]{text}, qr/stdin: a terminal takes lines of 4095 bytes/,
    'nor a line that no terminal takes');

# long output: what does not fit is still to be read, what is not held is told

for my $size (50_000, 3_000_000) {
    $r = $call->('execute', wait_ms => 1500, command =>
        "yes 1234567 | head -c $size; " . until_flag("long$size") . '; echo end');
    $s = $r->{structuredContent};
    ok($s->{job_id}, "$size: a job") or diag(explain($r));
    ok($s->{more} && $s->{truncated}, "$size: there is more");
    my $seen = $s->{new_bytes} + $s->{dropped_bytes};
    is(length $s->{stdout}, $s->{new_bytes}, "$size: all of it is there");
    touch("long$size");
    my ($all, $dropped) = ($s->{stdout}, $s->{dropped_bytes});
    do {
        $s = $call->('job_read', job_id => $s->{job_id}, until => 'exit',
            wait_ms => 60000)->{structuredContent};
        $all .= $s->{stdout};
        $dropped += $s->{dropped_bytes};
    } while ($s->{more} || $s->{status} eq 'running');
    is(length($all) + $dropped, $size + 4, "$size: each byte once");
    is($dropped, 0, "$size: none lost") if $size < 200_000;
    if ($dropped) {
        like($all, qr/\A1234567\n.*1234567\nend\n\z/s,
            "$size: from its beginning to its end");
    } else {
        ok($all eq ("1234567\n" x ($size / 8)) . "end\n", "$size: all of it");
    }
}
$r = $call->('execute', command => 'echo abc; ' . until_flag('none'),
    wait_ms => 400, max_output_bytes => 0);
$s = $r->{structuredContent};
is_deeply([@$s{qw(new_bytes more)}], [0, $true], 'no output wanted');
touch('none');
($out) = rest($call, $s->{job_id});
is($out, "abc\n", 'it is to be read');

# progress goes on while it waits

{
    my $c = CC::Mcp->new(port => $t->port);
    $c->initialize;
    my $id = $c->send('tools/call', CC::Mcp::execute_params({ wait_ms => 1500,
        command => "while :; do echo tick; sleep 0.1; done" },
        progressToken => 5));
    my $m = $c->answer($id, 60);
    ok(scalar(grep { ($_->{method} // '') eq 'notifications/progress' }
        @{ $c->{queue} }), 'progress');
    $call->('job_signal', signal => 'KILL',
        job_id => $m->{result}{structuredContent}{job_id});

    # who cancels it, or goes away, ends it: nobody knows of it

    $id = $c->send('tools/call', CC::Mcp::execute_params({ wait_ms => 90000,
        command => "setsid sleep ${mark}3 & exec sleep ${mark}3" }));
    ok($t->wait_until(sub { sleeps(3) == 2 }, 30), 'two processes');
    $c->send('notifications/cancelled', { requestId => $id }, notify => 1);
    ok(gone(3), 'canceled: the whole tree is gone');
    $c->send('tools/call', CC::Mcp::execute_params({ wait_ms => 90000,
        command => "exec sleep ${mark}4" }));
    ok($t->wait_until(sub { sleeps(4) }, 30), 'another one');
    $c->close;
    ok(gone(4), 'a WebSocket that ends, ends it');
    my $h = CC::Http->new(port => $t->port);
    $h->send(params(1, 'execute', { wait_ms => 90000,
        command => "exec sleep ${mark}5" }), headers(1, 'execute'));
    ok($t->wait_until(sub { sleeps(5) }, 30), 'by POST');
    $h->close;
    ok(gone(5), 'a stream that ends, too');
}

# no place: it stays bound, and is answered as without

{
    my $one = ws(path => '/one');
    my $id = $one->('execute', command => "exec sleep ${mark}6",
        background => $true)->{structuredContent}{job_id};
    $r = $one->('execute', wait_ms => 200, command => 'sleep 0.6; echo done');
    is_deeply([@{ $r->{structuredContent} }{qw(status stdout)}],
        ['exited', "done\n"], 'no place for a job: a usual result');
    $one->('job_signal', job_id => $id, signal => 'KILL', wait_ms => 60000);
    rest($one, $id);
    $r = $one->('execute', wait_ms => 200, command => "exec sleep ${mark}7");
    is($r->{structuredContent}{status}, 'running', 'a place is free again')
        or diag(explain($r));
    $one->('job_signal', job_id => $r->{structuredContent}{job_id},
        signal => 'KILL', wait_ms => 60000);
}

# reload: the old worker hands it over, any new one reads it

{
    my $c = CC::Mcp->new(port => $t->port);
    $c->initialize;
    my $id = $c->send('tools/call', CC::Mcp::execute_params({ wait_ms => 1500,
        command => 'echo before; ' . until_flag('reload') . '; echo after' }));
    $c->call('ping', {});
    my %old = map { $_ => 1 } $t->workers;
    $t->signal('HUP');
    $s = $c->answer($id, 60)->{result}{structuredContent};
    is_deeply([@$s{qw(status stdout)}], ['running', "before\n"], 'reload');
    $c->close;
    ok($t->wait_until(sub { !grep { $old{$_} } $t->workers }, 60),
        'the old workers are gone');
    touch('reload');
    ($out, undef, $s) = rest(http(0), $s->{job_id}, cursor => $s->{next_cursor});
    is_deeply([$out, $s->{status}], ["after\n", 'exited'], 'it went on');
    $call = ws();
}

# Commands that end about when the wait does: how long is waited follows what
# came of the ones before, so that about half of them are jobs.

{
    my $rounds = $ENV{CC_NIGHTLY} ? 100 : 25;
    my @c = map { my $c = CC::Mcp->new(port => $t->port); $c->initialize; $c }
        1 .. 8;
    my $text = join '', map { "$_\n" } 1 .. 2000;
    my ($wait, %came, @wrong) = (150);
    my %job;
    for my $round (1 .. $rounds) {
        my @id = map { $_->send('tools/call', CC::Mcp::execute_params({
            command => 'seq 1 1000; sleep 0.1; seq 1001 2000; echo bad >&2;'
                . ' exit 7', wait_ms => int $wait })) } @c;
        for my $i (0 .. $#c) {
            my $r = $c[$i]->answer($id[$i], 60)->{result};
            my $s = $r->{structuredContent} // {};
            my ($out, $err) = @$s{qw(stdout stderr)};
            my $id = $s->{job_id};
            $came{ $id ? 'job' : 'call' }++;
            $wait *= $id ? 1.06 : 0.94;
            if ($id) {
                $job{$id} = 1;
                my $reader = sub {
                    my ($name, %a) = @_;
                    return $c[$i]->call('tools/call', { name => $name,
                        arguments => \%a }, timeout => 90)->{result};
                };
                my ($more, $bad, $last) = rest($reader, $id);
                $out .= $more;
                $err .= $bad;
                $s = $last;
            }
            push @wrong, join ' ', "round $round, ", $id ? 'job' : 'call',
                length $out, $err, map { $_ // '-' } @$s{qw(status cause
                    exit_code error hint)}
                unless $out eq $text && $err eq "bad\n"
                    && $s->{status} eq 'exited' && $s->{exit_code} == 7;
        }
    }
    is(join("\n", @wrong), '', 'each byte, and how it ended');
    cmp_ok($came{$_} // 0, '>', $rounds, "ends of a $_") for qw(call job);
    note(explain(\%came));
    my $list;
    $call = ws();
    ok($t->wait_until(sub {
        $list = $call->('job_list', limit => 100)->{structuredContent};
        return !$list->{partial};
    }, 60), 'they are listed');
    ok(!(grep { $_->{status} ne 'exited' && $job{ $_->{job_id} // '' } }
        @{ $list->{jobs} }), 'none of them runs');
    ok($t->wait_until(sub { !grep { /seq|sleep 0/ } $t->processes }, 30),
        'nothing is left');
}

$t->finish;
done_testing;
