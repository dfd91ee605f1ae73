# The tasks-* scenarios of the conformance suite, through a proxy that gives the
# tools which they call (t/clients/mcp/tasks-proxy.mjs).  Which do not apply, and
# why, is in docs/mcp.md.
#
# tags: coverage

use strict;
use warnings;

use IPC::Open2;
use Test::More;
use CC::McpClients qw($FROM $NODE);
use CC::Nginx;

my $t = CC::Nginx->new(workers => 4, location => 'cc_executor_allow any;'
    . ' cc_executor_shell /bin/sh; cc_executor_keep on;'
    . ' cc_executor_max_kept 100; cc_executor_max_kept_per_owner 90;'
    . ' cc_executor_task_after 500ms;')->start;
mkdir $t->dir . '/home';
$ENV{HOME} = $t->dir . '/home';

my $pid = open2(my $said, my $stdin, $NODE, "$FROM/tasks-proxy.mjs",
    'http://127.0.0.1:' . $t->port . '/ws/mcp');
my $port = readline $said;
chomp $port;

# checks that need a tool which fails with an error of JSON-RPC, or that asks for
# input: no command does

my %foreign = map { $_ => 1 } qw(sep-2663-tasks-get-status-failed);

# all at once

my @runs = map {
    open my $out, '-|', 'sh', '-c', 'exec "$@" 2>&1', 'sh', $NODE,
        "$FROM/node_modules/.bin/conformance", 'server', '--url',
        "http://127.0.0.1:$port/mcp", '--scenario', $_, '--verbose'
        or die "conformance: $!";
    [$_, $out];
} qw(tasks-lifecycle tasks-capability-negotiation tasks-wire-fields
    tasks-request-state-removal tasks-request-headers
    tasks-dispatch-and-envelope);

for (@runs) {
    my ($scenario, $from) = @$_;
    my $out = do { local $/; readline $from };
    my %status = $out =~ /"id": "([^"]+)".*?"status": "(\w+)"/gs;
    my @failed = grep { $status{$_} eq 'FAILURE' && !$foreign{$_} }
        sort keys %status;
    is("@failed", '', "$scenario: nothing has failed") or diag($out);
    cmp_ok(scalar(grep { $_ eq 'SUCCESS' } values %status), '>=', 2,
        "$scenario: checks have passed") or diag($out);
}

close $stdin;
waitpid $pid, 0;
$t->finish;
done_testing;
