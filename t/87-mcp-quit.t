# A worker that is told to quit at any moment of a short request by POST answers
# it, or closes it: it leaves no connection open (nginx would say so, and does
# in the log of the test).  Reloads do not show it: there the master waits.
#
# tags: asan coverage

use strict;
use warnings;

use Test::More;
use Time::HiRes qw(sleep);
use CC::Http;
use CC::Mcp;
use CC::Nginx;
use CC::Resume qw(http session begin resume events answer until_primed);

my $t = CC::Nginx->new(workers => 1, location => 'cc_executor_allow any;'
    . ' cc_executor_shell /bin/sh; cc_executor_keep on;')->start;

sub tool {
    my ($name, %arguments) = @_;
    return { method => 'tools/call', params => { name => $name,
        arguments => \%arguments } };
}

my $tasks = CC::Mcp::meta('io.modelcontextprotocol/clientCapabilities' => {
    extensions => { 'io.modelcontextprotocol/tasks' => {} } });
my %kind = (
    'an unknown job' => tool('job_read', job_id => 'f' x 48),
    'no job' => tool('job_read', job_id => 'nonsense'),
    'an unknown job, awaited' => tool('job_read', job_id => 'f' x 48,
        wait_ms => 60000, until => 'exit'),
    'a list' => tool('job_list'),
    'a command' => tool('execute', command => 'true'),
    'an unknown task' => { method => 'tasks/get',
        params => { taskId => 'f' x 48, _meta => $tasks } },
    'a subscription' => { method => 'subscriptions/listen', params => {
        notifications => { taskIds => ['f' x 48] }, _meta => $tasks } },
);

for my $name (sort keys %kind) {
    my %message = (jsonrpc => '2.0', id => 1, %{ $kind{$name} });
    my $modern = $message{params}{_meta};
    my $session = $modern ? undef : session($t);
    my ($left, $answers) = (0, 0);
    for my $round (0 .. 9) {
        my ($old) = $t->workers;
        my @h = map { CC::Http->new(port => $t->port) } 1 .. 4;
        $_->send(\%message, headers => $modern ? {
            'MCP-Protocol-Version' => $CC::Mcp::MODERN,
            'Mcp-Method' => $message{method}, 'Mcp-Name' => 'f' x 48 }
            : { 'Mcp-Session-Id' => $session }) for @h;

        # another moment each time
        sleep 0.002 * $round;
        kill 'QUIT', $old;
        for my $h (@h) {
            my $head = $h->read_head(30);
            $answers++ if $head && $h->next(30);
            $h->close;
        }
        $left += $t->wait_until(sub { my @now = $t->workers;
            @now == 1 && $now[0] != $old }, 30) ? 1 : 0;
    }
    is($left, 10, "$name: the worker leaves");

    # of the rounds that leave time to read a request
    cmp_ok($answers, '>=', 20, "$name: those that it has read are answered");
}

# A call that somebody wants to take up in a worker that is leaving: half of the
# request is there when it is told to.

my $session = session($t);
my $go = $t->dir . '/go';
my $h = begin($t, $session, 'call',
    "until [ -e $go ]; do sleep 0.05; done; echo done");
my ($event) = map { $_->{id} } until_primed($h);
$h->close;
my ($old) = $t->workers;
$h = http($t);
my $head = $h->head(method => 'GET', headers => { Accept => 'text/event-stream',
    'Content-Type' => undef, 'Mcp-Session-Id' => $session,
    'Last-Event-ID' => $event });
$h->write(substr $head, 0, -2);
is(session($t) ne '', 1, 'the worker has seen that much');
kill 'QUIT', $old;
ok($t->wait_until(sub { CC::Nginx::title($old) =~ /shutting down/ }, 30),
    'it is leaving');
$h->write(substr $head, -2);
my $r = $h->read_head(30);
is($r && $r->{status}, 503, 'nothing is taken up there any more');
$h->close;
ok($t->wait_until(sub { my @now = $t->workers; @now == 1 && $now[0] != $old },
    30), 'it leaves');
($h, $r) = resume($t, $session, $event);
is($r->{status}, 200, 'the next worker takes it up');
open my $f, '>', $go or die $!;
close $f;
my ($answer) = answer(events($h));
is($answer->{result}{structuredContent}{stdout}, "done\n", 'and it is whole');
$h->close;

$t->finish;
done_testing;
