# Jobs in legacy MCP sessions over HTTP: each session reads on where it was, a
# call that waits is canceled from another connection, in whichever worker, and
# ends with its session; the job goes on.
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

my $true = $JSON::PP::true;

for my $workers (1, 4) {
    my $t = CC::Nginx->new(workers => $workers,
        http => 'cc_executor_helpers min=2 max=16;',
        location => 'cc_executor_allow any; cc_executor_shell /bin/sh;'
            . ' cc_executor_keep on;')->start;

    # one request on a connection of its own, so any worker may get it
    my $send = sub {
        my ($session, $method, $params, $request, %headers) = @_;
        my $h = CC::Http->new(port => $t->port);
        $h->send({ jsonrpc => '2.0', method => $method, params => $params // {},
            (defined $request ? (id => $request) : ()) },
            headers => { %headers, defined $session ? ('Mcp-Session-Id' => $session) : () });
        return $h;
    };
    my $ask = sub {
        my $h = $send->(@_);
        my $r = $h->read_head(60) or return {};
        while (my $m = $h->next(60)) {
            $r->{message} = $m;
        }
        $h->close;
        return $r;
    };
    my $tool = sub {
        my ($session, $name, %arguments) = @_;
        return $ask->($session, 'tools/call', { name => $name,
            arguments => \%arguments }, 1)->{message}{result};
    };
    my @session = map { $ask->(undef, 'initialize', { protocolVersion => '2025-11-25',
        capabilities => {}, clientInfo => { name => 'test', version => '1' } }, 0)
        ->{head} =~ /^Mcp-Session-Id: (.*?)\r$/mi ? $1 : () } 1 .. 2;
    is(scalar @session, 2, "$workers workers: two sessions");

    # each reads on where it was; those without a session are one reader

    my $job = $tool->($session[0], 'execute', command => 'echo one; cat',
        background => $true, open_stdin => $true)->{structuredContent}{job_id};
    my $read = sub { return $tool->($_[0], 'job_read', job_id => $job,
        wait_ms => 60000)->{structuredContent}{output} };
    is($read->($_), "one\n", 'each session reads all') for @session, undef;
    is($tool->($_, 'job_read', job_id => $job)->{structuredContent}{new_bytes}, 0,
        'and once') for (@session, undef) x 2;
    is($tool->($session[0], 'job_write', job_id => $job, data => "two\n", pattern => 'two',
        wait_ms => 60000)->{structuredContent}{output}, "two\n", 'what is new');
    is($read->($_), "two\n", 'is new for the others') for $session[1], undef;
    is($tool->($session[0], 'job_read', job_id => $job)->{structuredContent}{new_bytes}, 0,
        'and not for the one that had it');

    # the new era does not know sessions, whatever it says

    my $modern = $ask->('made up', 'tools/call', { name => 'job_read',
        arguments => { job_id => $job }, _meta => CC::Mcp::meta() }, 1,
        'MCP-Protocol-Version' => '2026-07-28', 'Mcp-Method' => 'tools/call',
        'Mcp-Name' => 'job_read')->{message};
    is($modern->{result}{structuredContent}{new_bytes}, 0, 'the new era: the owner')
        or diag(explain($modern));

    # a call that waits, and its end; the job goes on

    my $waits = sub {
        my ($session, $request, $name, %arguments) = @_;
        my $h = $send->($session, 'tools/call', { name => $name,
            arguments => { job_id => $job, wait_ms => 100000, %arguments },
            _meta => { progressToken => 1 } }, $request);
        return $h;
    };
    my $cancel = sub { return $ask->($_[0], 'notifications/cancelled',
        { requestId => $_[1] })->{status} };
    # how it ends: "act" is done until it does, since it may not have begun
    my $ended = sub {
        my ($h, $act) = @_;
        my ($head, $end) = (undef, time + 60);
        until ($head || $h->{conn}{eof} || time > $end) {
            $act->();
            $head = $h->read_head(1);
        }
        my $answered = 0;
        while ($head and my $m = $h->next(60)) {
            $answered = 1 if exists $m->{id};
        }
        my $eof = $head ? $h->{answer}{ended} : $h->{conn}{eof};
        $h->close;
        return $answered ? 'answered' : $eof ? 'ended' : 'there';
    };
    my $n = 100;
    for (['job_read', until => 'exit'], ['job_read', pattern => 'never'],
        ['job_write', data => "x\n", pattern => 'never'])
    {
        my ($name, @arguments) = @$_;
        for my $request (++$n, "request $n") {
            my $h = $waits->($session[0], $request, $name, @arguments);
            is($cancel->($session[1], $request), 202, "$name: another session");
            is($ended->($h, sub { $cancel->($session[0], $request) }), 'ended',
                "$name: canceled from another connection");
        }
    }
    is($tool->($session[0], 'job_read', job_id => $job)->{structuredContent}{status},
        'running', 'the job goes on');

    # the same id twice is refused; DELETE ends what waits

    my @calls = map { $waits->($session[1], 9, 'job_read', until => 'exit') }
        1 .. ($workers == 1 ? 2 : 1);
    if (@calls == 2) {
        my ($refused, $end) = (undef, time + 60);
        until (defined $refused || time > $end) {
            ($refused) = grep { $calls[$_]->read_head(0.2) } 0, 1;
        }
        is($calls[$refused // 0]{answer}{status}, 400, 'an id that is in use');
        (splice @calls, $refused // 0, 1)->close;
    }
    my $h = CC::Http->new(port => $t->port);
    is($h->post('', method => 'DELETE', headers => { 'Content-Type' => undef,
        'Mcp-Session-Id' => $session[1] })->{status}, 200, 'DELETE');
    my $how = $ended->($calls[0], sub {});
    ok($how eq 'ended' || $calls[0]{answer}{status} == 404, 'ends what waits') or diag $how;
    $h->close;

    is($tool->($session[0], 'job_signal', job_id => $job, signal => 'TERM',
        wait_ms => 60000)->{structuredContent}{status}, 'canceled', 'another ends the job');
    $t->finish;
}

done_testing;
