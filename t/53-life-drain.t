# After the end of a command its helper and its slot are only there for the
# client: one that takes nothing any more does not keep them.  And what one
# owner may have of them.
#
# tags: asan slow coverage

use strict;
use warnings;

use Digest::SHA qw(sha256_hex);
use Test::More;
use Time::HiRes qw(time sleep);
use CC::Http;
use CC::Mcp;
use CC::Metrics qw(metrics);
use CC::Nginx;

my @token = map { 'cct_' . $_ x 43 } 'A', 'B', 'C';
my $usual = 'cc_executor on; cc_executor_allow any;
    cc_executor_shell /bin/sh; cc_executor_kill_grace 200ms;';

my $t = CC::Nginx->new(http => 'cc_executor_helpers min=2 max=6;',
    server => <<"EOC");
listen unix:%%DIR%%/nginx.sock;
cc_executor_drain_timeout 2s;
location /flood { $usual cc_executor_max_commands 6;
    cc_executor_timeout 6s; cc_executor_ping_interval 1s;
    cc_executor_ping_timeout 10s; }
location /one { $usual cc_executor_max_commands 1; }
location /patient { $usual cc_executor_drain_timeout 0; }
location /shares { $usual cc_executor_max_commands 4;
    cc_executor_token_file %%DIR%%/tokens; }
location /everybody { $usual cc_executor_max_commands 4; }
location /two { $usual cc_executor_max_commands_per_owner 2; }
location /metrics { cc_executor_status prometheus; }
EOC
open my $f, '>', $t->dir . '/tokens' or die $!;
print $f "name$_ " . sha256_hex($token[$_]) . "\n" for 0 .. 2;
close $f;
chmod 0644, $t->dir . '/tokens';
$t->start;

# what came of a command: { next => of stdout, gaps, completed, error }
sub rest {
    my ($c) = @_;
    my %r = (next => 0, gaps => 0, outputs => 0);
    while (my $m = $c->next(10)) {
        my $p = $m->{params} // {};
        if (($m->{method} // '') eq 'process.output') {
            $r{gaps}++ if $p->{offset} != $r{next};
            $r{next} = $p->{next};
            $r{outputs}++;
        } elsif (($m->{method} // '') eq 'process.error') {
            $r{error} = $p;
        } elsif (($m->{method} // '') eq 'process.completed') {
            $r{completed} = $p;
            last;
        }
    }
    return \%r;
}

# the slots of a location that are in use

sub commands {
    my ($path) = @_;
    my $m = metrics($t);
    my ($name) = grep { /^commands\{.*location="$path"\}$/ } keys %$m;
    return $m->{ $name // die "no metric of $path\n" };
}

# a process that has written nothing for half a second cannot
sub stuck {
    my ($pid) = @_;
    my ($wrote, $still) = (0, time);
    return $t->wait_until(sub {
        open my $io, '<', "/proc/$pid/io" or return 0;
        my ($now) = join('', <$io>) =~ /^wchar: (\d+)/m;
        ($wrote, $still) = ($now, time) if $now != $wrote;
        return $wrote && time - $still > 0.5; }, 20);
}

# three sessions of two floods each, none reads, all answer pings: every slot
# and every helper is theirs

my @mad = map { $t->client(path => '/flood') } 1 .. 3;
for my $c (@mad) {
    $c->send('execute', { command => 'yes', output => 'chunk' }) for 1 .. 2;
}
ok($t->wait_until(sub { 6 == grep { /^\d+ yes/ } $t->processes }),
    'six floods');
my $other = $t->client(path => '/flood');
is($other->call('execute', { command => 'true' })->{error}{code}, -32001,
    'nothing is left for others');

my $t0 = time;
my $served;
until ($served || time - $t0 > 30) {
    $_->ws->send_frame(10, '') for @mad, $other;
    sleep 0.1;
    $served = $other->run('echo served')->{stdout};
}
is($served, "served\n", 'soon there is');
cmp_ok(time - $t0, '<', 20, 'after timeout and drain timeout');
for (1 .. 6) {
    $_->ws->send_frame(10, '') for @mad, $other;
    sleep 0.1;
}
my $again = $other->run('echo again');
is($again->{stdout}, "again\n", 'and stays') or diag(explain($again));
ok($t->wait_until(sub { commands('/flood') == 0 }),
    'no slot is held');
is(scalar(() = $t->log =~ /the client reads nothing, the rest of the output is/g),
    6, 'the log tells of six');

my $r = rest($mad[0]);
ok($r->{completed}{truncated}, 'who reads after all is told');
is($r->{completed}{cause}, 'timeout', 'with the true cause');
is($r->{error}{code}, -32004, 'and its error before');
cmp_ok($r->{completed}{stdout_bytes}, '>', 65536, 'how much it was');
$_->close for @mad;

# one whose output came whole

$r = $other->run('seq 1 1000');
ok(!exists $r->{completed}{truncated}, 'nothing is truncated otherwise');
$other->close;

# the timeout is only for what is left: one that stops a while, but reads on in
# time, has everything; without a timeout there is no hurry

my $c = $t->client(path => '/patient');
my $late = $t->client(path => '/one');
for my $client ($c, $late) {
    $client->send('execute', { command => 'yes | head -c 30000000',
        output => 'chunk', timeout => 600 });
    $client->notification('process.started');
}
sleep 1.5;
for my $client ($late, $c) {
    $r = rest($client);
    is($r->{gaps}, 0, 'no gap');
    is($r->{next}, 30_000_000, 'all of it');
    ok(!exists $r->{completed}{truncated}, 'not truncated');
}
$late->close;

# stuck in the pipe when it ends

my $short = $t->client(path => '/one');
$short->send('execute', { command => 'exec yes', output => 'chunk' });
ok(stuck($short->notification('process.started')->{params}{pid}), 'a flood is stuck');
$short->send('control', { type => 'CANCEL' });
ok($t->wait_until(sub {
    my $n = $t->client(path => '/one');
    my $said = $n->run('echo free')->{stdout};
    $n->close;
    $said eq "free\n"; }, 20), 'canceled, and dropped as well');
$r = rest($short);
is($r->{completed}{cause}, 'cancel', 'the cause is "cancel"');
ok($r->{completed}{truncated}, 'and the rest is dropped');
is($r->{gaps}, 0, 'what came before has no gap');
cmp_ok($r->{next}, '<', $r->{completed}{stdout_bytes}, 'but is not all');
is($short->run('echo on')->{stdout}, "on\n", 'the session goes on');
$short->close;

# stuck in the ring: the command has exited long ago, behind another one

my $both = $t->client(path => '/everybody');
my $flood = $both->call('execute', { command => 'exec yes',
    output => 'chunk' })->{result};
ok(stuck($flood->{pid}), 'another flood is stuck');
$both->send('control', { type => 'CANCEL' });
$both->send('execute', { command => 'seq 1 40000', output => 'chunk' });
ok($t->wait_until(sub { $t->log =~ /cause=exit status=0/
    && commands('/everybody') == 0 }, 30),
    'both slots are free');
my %end;
while (keys %end < 2) {
    my $m = $both->next // last;
    $end{ $m->{params}{stdout_bytes} } = $m->{params}
        if ($m->{method} // '') eq 'process.completed';
}
ok($end{228_894}{truncated}, 'the one in the ring was dropped');
is($end{228_894}{exit_code}, 0, 'its exit code is known');
$both->close;
$c->close;

# who is slow, but takes something, gets everything

my $slow = $t->client(path => '/one');
$slow->send('execute', { command => 'head -c 20000000 /dev/zero'
    . ' | base64', output => 'chunk' });
$slow->notification('process.started');
my $ended = $t->wait_until(sub { !grep { /base64/ } $t->processes }, 0.5);
$t0 = time;
my $bytes = 0;
while (time - $t0 < 5) {
    sleep 0.1;
    my $n = sysread $slow->ws->{sock}, my $buf, 200_000;
    $slow->ws->{buf} .= $buf;
    $bytes += $n;
}
cmp_ok($bytes, '<', 15_000_000, 'a slow reader is not done');
$r = rest($slow);
ok(!exists $r->{completed}{truncated}, 'but nothing is dropped');
is($r->{completed}{stdout_bytes}, 27_017_546, 'not a byte');
$slow->close;

# over a unix socket

my $unix = CC::Client->new(unix => $t->dir . '/nginx.sock', path => '/one');
$unix->send('execute', { command => 'yes', output => 'chunk',
    timeout => 0.5 });
my $n = $t->client(path => '/one');
ok($t->wait_until(sub { ($n->run('echo free')->{stdout} // '') eq "free\n" },
    20), 'a unix socket that is not read');
$r = rest($unix);
ok($r->{completed}{truncated}, 'is told, too');
$unix->close;
$unix = CC::Client->new(unix => $t->dir . '/nginx.sock', path => '/one');
is(length $unix->run('seq 1 100000')->{stdout}, 588_895,
    'one that is read has everything');
$unix->close;

# MCP: a large answer that nobody fetches holds no command

my $h = CC::Http->new(port => $t->port, path => '/one');
$h->send({ jsonrpc => '2.0', id => 1, method => 'tools/call',
    params => CC::Mcp::execute_params({ command => 'seq 1 4000000',
        max_output_bytes => 15_000_000 }) });
ok($t->wait_until(sub { ($n->run('echo free')->{stdout} // '') eq "free\n" },
    30), 'MCP over HTTP: an answer that is not read holds no slot');
$h->close;
$n->close;

# shares: three quarters, the others find something

sub start {
    my ($client, $n) = @_;
    return map { $client->call('execute', { command => 'sleep 4200' }) }
        1 .. $n;
}

my @owner = map { $t->client(path => '/shares',
    headers => { Authorization => "Bearer $_" }) } @token;
my @m = start($owner[0], 4);
is(scalar(grep { $_->{result} } @m), 3, 'an owner alone: three of four');
is_deeply($m[3]{error}, { code => -32001, message => 'your share of the 4 '
    . 'commands is running already: wait for one to end' },
    'the fourth is refused with the reason');
@m = start($owner[1], 2);
ok($m[0]{result}, 'another owner finds one');
is($m[1]{error}{code}, -32001, 'and no second');
is((start($owner[2], 1))[0]{error}{message},
    'the limit of 4 commands is reached', 'then it is full');
is(metrics($t)->{'refused_total{reason="commands_per_owner"}'}, 1,
    'the metrics tell the two apart');
$_->close for @owner;

# clients of this machine without a name cannot be told apart

$c = $t->client(path => '/everybody');
is(scalar(grep { $_->{result} } start($c, 4)), 4, 'no shares where all are one');
$c->close;

# a number

$c = $t->client(path => '/two');
@m = start($c, 3);
is_deeply($m[2]{error}, { code => -32001,
    message => 'the limit of 2 commands of an owner is reached' },
    'cc_executor_max_commands_per_owner 2');
$c->close;

# what nginx -t says of wrong values

for (['cc_executor_max_commands_per_owner many',
        qr/takes "auto" or a number between 0 and 1000000, not "many"/],
    ['cc_executor_max_commands_per_owner auto;
        cc_executor_max_commands_per_owner 3', qr/is duplicate/],
    ['cc_executor_drain_timeout soon', qr/invalid value/])
{
    my $bad = CC::Nginx->new;
    my ($rc, $said) = $bad->test_config("events {} http {
        cc_executor_path %%DIR%%/runtime;
        server { listen 127.0.0.1:%%PORT%%; location / { cc_executor on;
            cc_executor_allow any; $_->[0]; } } }");
    ok($rc && $said =~ $_->[1], $_->[0]) or diag $said;
}

$t->finish;
done_testing;
