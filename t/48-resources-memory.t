# Memory runs short in a worker: each allocation of a client's life fails once
# in turn.  That client may get an error or be closed, nothing else happens.
#
# tags: asan coverage

use strict;
use warnings;

use Test::More;
use Time::HiRes qw(time);
use CC::Http;
use CC::Mcp;
use CC::Metrics;
use CC::Nginx;

plan skip_all => 'a sanitizer has an allocator of its own' if $ENV{CC_SANITIZE};

my $so = "$CC::Nginx::ROOT/build/fixtures/short_memory.so";
my $shared = "/var/tmp/short_memory.$$";

open my $f, '+>', $shared or die $!;
syswrite $f, pack 'l2', 0, 0;
END { unlink $shared if defined $shared }

my $t = CC::Nginx->new(workers => 1, main => 'env LD_PRELOAD; env SHORT_MEMORY;',
    http => 'cc_executor_audit_log logs/audit.log;',
    server => 'location /health { cc_executor_status json; }',
    location => 'cc_executor_allow any; cc_executor_shell /bin/sh;
        cc_executor_kill_grace 300ms; cc_executor_start_timeout 2s;
        cc_executor_env A=1; cc_executor_client_env B;');
{
    local $ENV{LD_PRELOAD} = $so;
    local $ENV{SHORT_MEMORY} = $shared;
    $t->start;
}

my ($worker) = $t->workers;

# the n-th allocation of the worker from now on fails
sub arm {
    my ($n) = @_;
    sysseek $f, 0, 0;
    syswrite $f, pack 'l2', $worker, $n;
    return;
}

# has it?
sub failed {
    sysseek $f, 4, 0;
    sysread $f, my $n, 4;
    arm(0);
    return unpack('l', $n) == 0;
}

# what clients do, to the end or as far as they are let

my $PATIENCE = 10;              # s; who waits longer was forgotten

sub native {
    my ($request, $then) = @_;
    my $c = $t->client;
    if ($c->{connected}) {
        my $id = $c->send('execute', $request);
        $then->($c) if $then;
        while (my $m = $c->next($PATIENCE)) {
            last if $m->{error} || ($m->{method} // '') eq 'process.completed';
        }
    }
    $c->close;
    return;
}

sub modern {
    my ($http, $name, $params) = @_;
    return $http->post({ jsonrpc => '2.0', id => 1, method => $name,
        params => { %$params, _meta => CC::Mcp::meta(progressToken => 1) } },
        timeout => $PATIENCE, headers => {
            'MCP-Protocol-Version' => $CC::Mcp::MODERN, 'Mcp-Method' => $name,
            ($params->{name} ? ('Mcp-Name' => $params->{name}) : ()) });
}

my %life = (
    'execute' => sub { native({ command => 'echo some',
        env => { B => 'b' } }) },
    'a long line' => sub { native({ command => 'echo long #' . 'x' x 140_000,
        output => 'chunk' }) },
    'input' => sub { native({ command => 'cat', open_stdin => JSON::PP::true },
        sub { $_[0]->send('input', { data => 'x' x 5000,
            eof => JSON::PP::true }) }) },
    'output' => sub { native({ command => 'yes | head -c 300000',
        output => 'chunk' }) },
    'half a line' => sub { native({ command => 'printf half; sleep 0.2; '
        . 'printf line' }) },
    'cancel' => sub { native({ command => 'exec sleep 4801' },
        sub { my ($c) = @_;
            my $m = $c->wait_for(sub { $_[0]{error}
                || ($_[0]{method} // '') eq 'process.started' }, $PATIENCE);
            $m && $m->{error} ? unshift @{ $c->{queue} }, $m
                : $c->send('control', { type => 'CANCEL' }) }) },
    'two at once' => sub { native({ args => ['/bin/true'] },
        sub { $_[0]->send('list'); $_[0]->send('execute',
            { args => ['/bin/true'], concurrent => JSON::PP::true }) }) },
    'MCP' => sub {
        my $m = CC::Mcp->new(port => $t->port);
        $m->call('tools/call', CC::Mcp::execute_params('echo mcp',
            progressToken => 7), timeout => $PATIENCE) if $m->initialize;
        $m->close;
    },
    'MCP by HTTP' => sub {
        my $http = CC::Http->new(port => $t->port);
        my $r = modern($http, 'tools/list', {});
        modern($http, 'tools/call', { name => 'execute',
            arguments => { command => 'yes | head -c 100000' } })
            if $r->{status} == 200;
        $http->close;
    },
);

for my $name (sort keys %life) {
    my ($n, @forgotten, @after);
    $life{$name}->();
    for ($n = 1; $n < 1000; $n++) {
        arm($n);
        my $start = time;
        $life{$name}->();
        push @forgotten, $n if time - $start >= $PATIENCE;
        last unless failed();
        next if $n % 8;
        my $c = $t->client;
        push @after, $n if $c->run('echo fine')->{stdout} ne "fine\n";
        $c->close;
    }
    note "$name: $n allocations";
    cmp_ok($n, '>', 5, "$name: each allocation failed once");
    cmp_ok($n, '<', 1000, 'and there were no more');
    is("@forgotten", '', 'nobody was left without an answer');
    is("@after", '', 'and the next command ran');
}

# nothing is left behind

ok($t->wait_until(sub { !grep { /sleep 4801/ } $t->processes }, 10),
    'no command is left');
my $health;
ok($t->wait_until(sub {
    $health = CC::Metrics::json($t);
    $health->{active_sessions} == 0 && $health->{active_commands} == 0
        && $health->{helpers}{busy} == 0 }, 20), 'no slot and no helper')
    or diag explain $health;
is(join(' ', $t->workers), $worker, 'the worker is the same');
is(scalar(grep { /cc_script/ } CC::Nginx::descriptors($worker)), 0,
    'no descriptor of a long line is left');

my @short = $t->log =~ /\[emerg\].*\) failed \(12: Cannot allocate memory\)/g;
ok(@short, 'nginx says what was missing');
$t->allow(qr/\[emerg\].*\) failed \(12: Cannot allocate memory\)/,
    scalar @short);
$t->finish;
done_testing();
