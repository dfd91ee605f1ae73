# Many at once, and one too many.
#
# tags: asan coverage

use strict;
use warnings;

use Test::More;
use Time::HiRes qw(time);
use CC::Nginx;

my $t = CC::Nginx->new(workers => 4, server => <<'EOC')->start;
location /many { cc_executor on; cc_executor_allow any;
    cc_executor_shell /bin/sh; cc_executor_max_commands_per_session 60; }
location /few { cc_executor on; cc_executor_allow any;
    cc_executor_shell /bin/sh; cc_executor_max_commands 3; }
location /one { cc_executor on; cc_executor_allow any;
    cc_executor_shell /bin/sh; cc_executor_max_commands_per_session 1; }
EOC

# 50 commands at once, in one session

my $c = $t->client(path => '/many');
my %want;
for my $i (1 .. 50) {
    my $id = $c->send('execute',
        { command => "echo first $i; sleep 0.5; echo second $i; exit $i" });
    $want{$id} = $i;
}
my (%i, %out, %code);
while (keys %code < 50) {
    my $m = $c->next // last;
    if ($m->{result}) {
        $i{ $m->{result}{execution_id} } = delete $want{ $m->{id} };
    } elsif ($m->{method} eq 'process.output') {
        $out{ $i{ $m->{params}{execution_id} } } .= $m->{params}{data};
    } elsif ($m->{method} eq 'process.completed') {
        $code{ $i{ $m->{params}{execution_id} } } = $m->{params}{exit_code};
    }
}
is_deeply(\%code, { map { $_ => $_ } 1 .. 50 }, '50 commands: exit codes');
is_deeply(\%out, { map { $_ => "first $_\nsecond $_\n" } 1 .. 50 },
    '50 commands: output');
$c->close;

# 50 sessions, a command each

my @c = map { $t->client } 1 .. 50;
$c[$_]->send('execute', { command => "sleep 0.3; echo $_" }) for 0 .. 49;
my @got = map { $_->notification('process.output')->{params}{data} } @c;
is(join('', @got), join('', map { "$_\n" } 0 .. 49), '50 sessions');
$_->close for @c;

# commands of a session

$c = $t->client;
$c->send('execute', { command => 'sleep 30' }) for 1 .. 8;
$c->notification('process.started') for 1 .. 8;
my $m = $c->call('execute', { command => 'true' });
is($m->{error}{code}, -32001, 'the ninth command of a session');
like($m->{error}{message}, qr/limit of 8/, 'the limit is named');
$m = $c->call('control', { type => 'CANCEL' });
is($m->{error}{code}, -32602, 'CANCEL of which?');
my @list = @{ $c->call('list')->{result}{commands} };
$c->call('control', { type => 'CANCEL',
    execution_id => $list[3]{execution_id} });
is($c->notification('process.completed')->{params}{execution_id},
    $list[3]{execution_id}, 'exactly that one ends');
is($c->run('echo again')->{stdout}, "again\n", 'and makes room');
$c->close;

$c = $t->client(path => '/one');
$c->send('execute', { command => 'sleep 30' });
$c->notification('process.started');
$m = $c->call('execute', { command => 'true' });
is_deeply($m->{error}, { code => -32001,
    message => 'A process is already running' }, 'a limit of one');
$c->close;

# commands of a location, whatever worker and session they belong to

@c = map { $t->client(path => '/few') } 1 .. 12;
$_->send('execute', { command => 'sleep 30' }) for @c;
my @answers = map { $_->wait_for(sub { defined $_[0]{id} }) } @c;
is(scalar(grep { $_->{result} } @answers), 3, 'three commands of a location');
is(scalar(grep { ($_->{error}{code} // 0) == -32001 } @answers), 9,
    'the other nine are refused');
my ($busy) = grep { $answers[$_]{result} } 0 .. 11;
my ($free) = grep { !$answers[$_]{result} } 0 .. 11;
$c[$busy]->close;
ok($t->wait_until(sub {
    my $r = $c[$free]->run('echo mine');
    ($r->{stdout} // '') eq "mine\n";
}), 'who leaves makes room');
$_->close for @c;

# 300 sessions against a limit of 100

my (@in, @refused);
for (1 .. 300) {
    my $client = $t->client;
    if ($client->{connected}{method}) {
        push @in, $client;
        next;
    }
    push @refused, $client;
}
is(scalar @in, 100, '100 sessions');
is(scalar @refused, 200, '200 refused');
is(scalar(grep { $_->ws->{status} == 101 } @refused), 200,
    'after a handshake, so that a client can read why');
is(scalar(grep { exists $_->{connected}{id} && !defined $_->{connected}{id}
    && $_->{connected}{error}{code} == -32001 } @refused), 200,
    'error -32001, id null');
is(scalar(grep { $_->ws->read_close == 1008 } @refused), 200, 'close 1008');
$_->close for @refused;
is($in[$_]->run("echo $_")->{stdout}, "$_\n", "session $_ works") for 0, 50, 99;
$_->close for @in;
ok($t->wait_until(sub {
    my $client = $t->client;
    my $ok = $client->{connected}{method};
    $client->close;
    $ok;
}), 'and there is room again');
is($t->slurp('logs/error.log') =~ s/over cc_executor_max_sessions 100//gr
    =~ /over cc_executor/, '', 'the log says which limit');

$t->finish;
done_testing;
