# Observers (cc_executor_observe): somebody's token lists and reads what others of
# the same realm keep, never writes to it, signals it only with the right to; all
# of it is in the audit log under the observer's name.  For everybody else it does
# not exist: one text, after one time.
#
# tags: asan coverage

use strict;
use warnings;

use Digest::SHA qw(sha256_hex);
use JSON::PP ();
use Test::More;
use Time::HiRes qw(time);
use CC::Kept qw(begin completed output);
use CC::Nginx;

my ($true, $false) = (JSON::PP::true, JSON::PP::false);
my $keep = 'cc_executor on; cc_executor_token_file tokens;';
my $observe = 'cc_executor_observe watch guard:signal;';

sub conf {
    my ($observe) = @_;
    return <<"EOC";
worker_processes 2;
events { worker_connections 512; }
http {
    cc_executor_path %%DIR%%/runtime;
    cc_executor_allow any;
    cc_executor_shell /bin/sh;
    cc_executor_keep on;
    cc_executor_tty on;
    cc_executor_audit_log logs/audit.log;
    server {
        listen 127.0.0.1:%%PORT%%;
        location /agents { $keep cc_executor_realm team; }
        location /people { $keep cc_executor_realm team; cc_executor_keep off; $observe }
        location /plain { $keep cc_executor_realm team; }
        location /other { $keep cc_executor_realm other; $observe }
        location /alone { $keep $observe }
        location /apart { $keep $observe }
    }
}
EOC
}

my $t = CC::Nginx->new(conf => conf($observe));
my $dir = $t->dir;
my %token = map { $_ => "$_-token-" x 8 } qw(agent watch guard nobody);

sub write_file {
    my ($name, $text) = @_;
    open my $f, '>', "$dir/$name" or die "$name: $!";
    print $f $text;
    close $f or die $!;
    return;
}
write_file('tokens', join '', map { "$_ " . sha256_hex($token{$_}) . "\n" }
    sort keys %token);
$t->start;

sub client {
    my ($who, $path) = @_;
    return $t->client(path => "/$path",
        headers => { Authorization => "Bearer $token{$who}" });
}

# an observer's list, complete: name of the command => entry
sub seen {
    my ($c, %o) = @_;
    my $r = $c->owned(scope => 'realm', %o) // return {};
    return { map { ($_->{label} || $_->{name}) => $_ } @{ $r->{commands} } };
}

# What one is told who asks for an id that is not his; and the shortest time until then
sub told {
    my ($c, $id) = @_;
    my (%said, $least);
    for (['attach'], ['attach', mode => 'write'], ['read'], ['wait'],
        ['signal', signal => 'KILL'], ['remove', force => $true])
    {
        my ($method, %o) = @$_;
        my $begun = time;
        my $m = $c->call($method, { execution_id => $id, %o });
        my $took = time - $begun;
        $least = $took if !defined $least || $took < $least;
        $said{JSON::PP->new->canonical->encode($m->{error} // $m)} = 1;
    }
    return (join(' ', sort keys %said), $least);
}

my $agent = client('agent', 'agents');
my $id = begin($agent, 'echo hello; echo error >&2; read x; echo "got $x"; exec sleep 600',
    open_stdin => $true, label => 'work');
my $name = substr $id, 0, 16;

# who may say so, and who may not

my $watch = client('watch', 'people');
my $guard = client('guard', 'people');
is_deeply([grep { /observe|attach|read|wait/ } @{ $watch->{connected}{params}{capabilities} }],
    [qw(attach read wait observe)], 'connected: an observer');
is_deeply([grep { /observe/ } @{ $guard->{connected}{params}{capabilities} }],
    [qw(observe observe:signal)], 'one who may signal');
for (['nobody', 'people'], ['watch', 'plain'], ['agent', 'agents']) {
    my $c = client(@$_);
    is_deeply([grep { /observe/ } @{ $c->{connected}{params}{capabilities} }], [],
        "$_->[0] at $_->[1] is none");
    my $m = $c->call('list', { scope => 'realm' });
    is($m->{error}{code}, -32602, 'and has no list of the realm');
    like($m->{error}{message}, qr/must be "session" or "owner"$/, 'which is not there');
    $c->close;
}

# list

my $entry = seen($watch)->{work};
is($entry->{execution_id}, $id, 'list: the id, by which it can be read');
is($entry->{owner}, 'token:agent', 'whose it is');
is($entry->{own}, $false, 'not the own one');
is($entry->{state}, 'running', 'state');
like($entry->{command}, qr/^echo hello/, 'command');
ok(exists $entry->{$_}, "and $_") for qw(cpu_time memory);
is_deeply($watch->owned->{commands}, [], 'scope owner: nothing of others');
my $mine = client('guard', 'agents');
my $own = begin($mine, 'sleep 600', label => 'mine');
$mine->close;
is_deeply({ map { $_->{label} => [@$_{qw(owner own)}] } values %{ seen($guard) } },
    { work => ['token:agent', $false], mine => ['token:guard', $true] },
    'own ones are there, too');
is_deeply([keys %{ seen($guard, label => 'mine') }], ['mine'], 'by label');
is_deeply(seen($guard, state => 'exited'), {}, 'by state');

# read, wait

is($watch->call('read', { execution_id => $id, wait_ms => 20_000 })->{result}{data},
    "hello\n", 'read');
is($watch->call('wait', { execution_id => $id, until => 'output', from => 0,
    stream => 'stderr', timeout_ms => 20_000 })->{result}{reason}, 'output', 'wait');

# attach: lossy, read only, whatever was asked for

my $m = $watch->call('attach', { execution_id => $id, mode => 'write', flow => 'lossless',
    exclusive => $true, redraw => $true });
is_deeply([@{ $m->{result} }{qw(state mode flow watchers)}], [qw(running read lossy 2)],
    'attach: to read, lossy') or diag explain $m;
$m = $watch->notification('process.output');
is($m->{params}{offset}, 0, 'from its beginning');
$watch->send('credit', { execution_id => $id, flow => 'lossless' }, notify => 1);
for (['input', data => "x\n"], ['resize', cols => 80, rows => 24],
    ['control', type => 'CANCEL'], ['signal', signal => 'KILL'])
{
    my ($method, %o) = @$_;
    my $r = $watch->call($method, { execution_id => $id, %o });
    is($r->{error}{code}, -32602, "$method: not here");
    like($r->{error}{message}, qr/only observes/, 'and why');
}
is($agent->call('input', { execution_id => $id, data => "word\n" })->{result}{accepted}, 5,
    'the owner writes as before: nobody is exclusive');
$m = $watch->wait_for(sub { ($_[0]{params}{data} // '') =~ /got/ }, 20);
is($m->{params}{data}, "got word\n", 'and the observer sees it');

# what is not for observers at all; one who may signal cannot remove or write, either

my $missing = $id =~ tr/0-9a-f/1-9a-f0/r;
my ($unknown) = told(client('watch', 'people'), $missing);
like($unknown, qr/^\{"code":-32003,[^ ]*(?: [^{]*)?\}$/, 'an id that nobody has: one answer');
for (['watch', 'signal', signal => 'KILL'], ['watch', 'remove', force => $true],
    ['guard', 'remove', force => $true])
{
    my ($who, $method, %o) = @$_;
    my $c = client($who, 'people');
    my $r = $c->call($method, { execution_id => $id, %o });
    is(JSON::PP->new->canonical->encode($r->{error} // $r), $unknown, "$who: no $method");
    $c->close;
}

# other names, realms and locations; the id's other half; the time tells nothing

my $alone = client('agent', 'alone');
my $foreign = begin($alone, 'sleep 600', label => 'alone');
for (['nobody', 'people', $id], ['watch', 'plain', $id], ['watch', 'other', $id],
    ['guard', 'alone', $id], ['watch', 'people', $foreign], ['guard', 'apart', $foreign],
    ['guard', 'people', substr($id, 0, 16) . substr($missing, 16)])
{
    my ($who, $path, $of) = @$_;
    my $c = client($who, $path);
    my ($said, $least) = told($c, $of);
    is($said, $unknown, "$who at $path: there is none");
    cmp_ok($least, '>=', 0.005, 'after the time that it takes to ask');
    ok(!grep({ ($_->{execution_id} // '') eq $of } values %{ seen($c) }), 'nor in a list');
    $c->close;
}
is_deeply([keys %{ seen(client('watch', 'alone')) }], ['alone'],
    'without a realm it is that location');

# signals, by who may

is($guard->call('signal', { execution_id => $id, signal => 'STOP' })->{result}{status},
    'signaled', 'STOP, not attached');
ok($t->wait_until(sub { seen($guard)->{work}{state} eq 'paused' }, 20), 'it is paused');
is($guard->call('attach', { execution_id => $id })->{result}{mode}, 'read', 'attached');
is($guard->call('control', { execution_id => $id, type => 'RESUME' })->{result}{status},
    'resumed', 'RESUME');
is($guard->call('control', { execution_id => $id, type => 'PAUSE' })->{result}{status},
    'paused', 'PAUSE');
is($guard->call('signal', { execution_id => $id, signal => 'CONT' })->{result}{status},
    'resumed', 'CONT');
is($guard->call('signal', { execution_id => $id, signal => 'WINCH' })->{result}{status},
    'signaled', 'another signal');
for (['input', data => "x\n"], ['resize', cols => 80, rows => 24]) {
    my ($method, %o) = @$_;
    like($guard->call($method, { execution_id => $id, %o })->{error}{message},
        qr/only observes/, "but no $method");
}
is($guard->call('control', { execution_id => $id, type => 'CANCEL' })->{result}{status},
    'canceled', 'CANCEL');
is(completed($agent, $id)->{cause}, 'cancel', 'it ends, and its owner is told');
is(completed($_, $id)->{cause}, 'cancel', 'so is an observer') for $watch, $guard;

# one on a terminal that nobody but an observer reads has its size and is not read

my $quiet = begin($agent, 'stty size; exit 3', label => 'quiet', on_disconnect => 'keep',
    tty => { cols => 81, rows => 25 });
$agent->call('detach', { execution_id => $quiet });
my $late = client('watch', 'people');
is($late->call('attach', { execution_id => $quiet, mode => 'write', redraw => $true })
    ->{result}{mode}, 'read', 'of another one');
like((output($late, $quiet))[0], qr/^25 81/, 'which keeps its size');

# a lossy observer that takes nothing, then everything: gaps exact, the command not
# held up, and what its owner did not read is still held back for him

my $size = 4_000_000;
my $busy = begin($agent, "head -c $size /dev/zero | tr '\\0' 'x' | fold -w 99", label => 'busy',
    output => 'chunk');
$m = $late->call('attach', { execution_id => $busy, window => 4096, output => 'chunk' });
is($m->{result}{flow}, 'lossy', 'one that is slow');
my $total = $size + int($size / 99);
is(completed($agent, $busy, 60)->{stdout_bytes}, $total, 'the owner has all of it');
my ($next, $gaps, $wrong, $end) = ($m->{result}{from}{stdout}, 0, '', undef);
until ($end) {
    my $n = $late->wait_for(sub { ($_[0]{params}{execution_id} // '') eq $busy }, 30) or last;
    my $p = $n->{params};
    if ($n->{method} eq 'process.completed') {
        $end = $p;
    } elsif ($n->{method} eq 'process.gap') {
        $wrong ||= "gap from $p->{from}, not $next" if $p->{from} != $next;
        $gaps += $p->{to} - $p->{from};
        $next = $p->{to};
    } elsif ($n->{method} eq 'process.output') {
        $wrong ||= "data at $p->{offset}, not $next" if $p->{offset} != $next;
        $next = $p->{offset} + length $p->{data};
    }
    $late->send('credit', { execution_id => $busy, stdout => $next }, notify => 1);
}
is($wrong, '', 'no byte is told twice or missing');
is($next, $total, 'to the end');
cmp_ok($gaps, '>', 0, 'with gaps');

# list, watched

my $listed = client('watch', 'people');
is($listed->call('list', { scope => 'realm', watch => $true })->{result}{watching}, $true,
    'the realm is watched');
my $new = begin($agent, 'sleep 600', label => 'new');
begin($alone, 'sleep 600', label => 'hidden');
my ($news, %labels);
while (!$news && (my $n = $listed->notification('process.listed', 30))) {
    $labels{ $_->{label} } = 1 for @{ $n->{params}{commands} };
    ($news) = grep { $_->{execution_id} eq $new } @{ $n->{params}{commands} };
}
is($news->{owner}, 'token:agent', 'what begins is told, with its owner');
ok(!$labels{hidden} && !$labels{alone}, 'nothing of another realm');

# a reload that takes the right away: of those who come later; nobody sees it then

$_->close for $watch, $guard, $late, $listed;
$t->{conf} = conf('');
$t->write_config;
my %old = map { $_ => 1 } $t->workers;
$agent->close;
$t->signal('HUP');
ok($t->wait_until(sub { 2 == grep { !$old{$_} } $t->workers }, 20), 'a reload without it');
ok($t->wait_until(sub { !grep { -e "/proc/$_" } keys %old }, 20), 'the old workers are gone');
my $after = client('watch', 'people');
is_deeply([grep { /observe/ } @{ $after->{connected}{params}{capabilities} }], [],
    'no observer');
is((told($after, $new))[0], $unknown, 'what it saw is not there');
is($after->call('list', { scope => 'realm' })->{error}{code}, -32602, 'nor a list');
$after->close;

# what was done is recorded, under the name of who did it

my @lines = $t->records('logs/audit.log');
my @done = map { [$_->{owner}, $_->{location}, $_->{action} // $_->{signal}] }
    grep { ($_->{execution} // '') eq $name
        && $_->{event} =~ /^command\.(?:observed|signalled)$/ } @lines;
is_deeply(\@done, [
    ['token:watch', '/people', 'read'], ['token:watch', '/people', 'wait'],
    ['token:watch', '/people', 'attach'], ['token:guard', '/people', 'SIGSTOP'],
    ['token:guard', '/people', 'attach'], ['token:guard', '/people', 'RESUME'],
    ['token:guard', '/people', 'PAUSE'], ['token:guard', '/people', 'RESUME'],
    ['token:guard', '/people', 'SIGWINCH'], ['token:guard', '/people', 'CANCEL'],
], 'audit log: all that observers did with a command, in order') or diag explain \@done;
cmp_ok(scalar(grep { $_->{event} eq 'command.observed' && ($_->{action} eq 'list')
    && !exists $_->{execution} } @lines), '>=', 8, 'and their lists');

$t->finish;
done_testing;
