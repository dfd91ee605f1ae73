# execute: how commands are named, started and reported.
#
# tags: asan coverage smoke

use strict;
use warnings;

use Test::More;
use CC::Nginx;

my $t = CC::Nginx->new(server => <<'EOC')->start;
location /direct { cc_executor on; cc_executor_allow any; }
location /list { cc_executor on; cc_executor_allow /bin/echo;
    cc_executor_allow /usr/bin/printf; }
location /none { cc_executor on; }
location /big { cc_executor on; cc_executor_allow any;
    cc_executor_max_message 4m; }
location /quick { cc_executor on; cc_executor_allow any;
    cc_executor_shell /bin/sh; cc_executor_timeout 3s; }
location /env { cc_executor on; cc_executor_allow any;
    cc_executor_env A=1 "B=two words" PATH; cc_executor_cwd /usr; }
EOC

my $uuid = qr/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

# server first

my $c = $t->client;
my $p = $c->{connected}{params};
is($c->{connected}{method}, 'connected', 'the server speaks first');
like($p->{session_id}, $uuid, 'session_id is a UUIDv4');
like($p->{version}, qr/^\d+\.\d+\.\d+$/, 'version');
is("@{ $p->{capabilities} }", 'execute control stream input list signal binary',
    'capabilities: what there is');

# a whole life

my $r = $c->run('echo out; echo err >&2; exit 3');
is("@{ $r->{order} }[0, 1, -1]", 'answer process.started process.completed',
    'answer, started ... completed');
my $res = $r->{answer}{result};
is($res->{status}, 'started', 'answered: started');
ok($res->{pid} > 1, 'pid');
is($res->{pgid}, $res->{pid}, 'its own group');
like($res->{execution_id}, qr/^[0-9a-f]{48}$/, 'execution_id');
is_deeply($r->{started}, { %$res, exit_code => undef, error => undef },
    'process.started has the same, and two nulls');
is($r->{stdout}, "out\n", 'stdout');
is($r->{stderr}, "err\n", 'stderr');
my $done = $r->{completed};
is_deeply([sort keys %$done], [sort qw(status pid pgid exit_code error
    execution_id signal cause execution_time stdout_bytes stderr_bytes
    descendants_killed pipes_open max_rss_kb user_time system_time)],
    'the members of process.completed');
is_deeply([@$done{qw(status exit_code error signal cause stdout_bytes
    stderr_bytes descendants_killed execution_id pid)}],
    ['failed', 3, undef, undef, 'exit', 4, 4, 0,
        $res->{execution_id}, $res->{pid}], 'and their values');
ok(!$done->{pipes_open}, 'no pipe is open');
ok($done->{max_rss_kb} > 0, 'max_rss_kb');
cmp_ok($done->{execution_time}, '>', 0, 'execution_time');

is($c->run('true')->{completed}{status}, 'completed', 'status completed');

for my $sig (qw(TERM KILL SEGV HUP)) {
    $done = $c->run("kill -$sig \$\$")->{completed};
    my $n = { TERM => 15, KILL => 9, SEGV => 11, HUP => 1 }->{$sig};
    is_deeply([@$done{qw(status exit_code signal cause)}],
        ['failed', -$n, "SIG$sig", 'signal'], "death by $sig");
}

is($c->run({ command => 'sleep 10', timeout => 0.2 })->{completed}{cause},
    'timeout', 'the timeout of the client');
$r = $t->client(path => '/quick')->run('echo first; sleep 10');
is($r->{completed}{cause}, 'timeout', 'the timeout of the server');
is($r->{error}{code}, -32004, 'process.error is sent before');
is($r->{order}[-2], 'process.error', 'and after the output');
like($r->{error}{error}, qr/timeout/, 'it says why');
is($r->{stdout}, "first\n", 'what was said is not lost');
$r = $t->client(path => '/quick')->run({ command => 'sleep 60',
    timeout => 100 });
cmp_ok($r->{completed}{execution_time}, '<', 30,
    'the client cannot ask for more');

# how a command is named

is($c->run({ args => ['printf', '%s|', 'a b', '$HOME', "c'\"d", ''] })
    ->{stdout}, 'a b|$HOME|c\'"d||', 'args are never seen by a shell');
is($c->run('printf "%s|" a\ b "$((1+1))"')->{stdout}, 'a b|2|',
    'command is seen by the shell');

my $d = $t->client(path => '/direct');
is($d->run(q{printf '%s|' "a b" 'c"d' e\ f '' "x\"y"})->{stdout},
    'a b|c"d|e f||x"y|', 'without a shell the line is split');
is($d->run('/bin/echo plain')->{stdout}, "plain\n", 'absolute path');

for my $op (';', '|', '&', '>', '<', '$', '`', '*', '?', '#', '~', '(', '{') {
    my $m = $d->call('execute', { command => "echo a ${op}b" });
    is($m->{error}{code}, -32002, "operator $op is refused");
    like($m->{error}{message}, qr/operator '\Q$op\E/, "$op is named");
}
is($d->run("echo 'a;b|c' \"d>e\"")->{stdout}, "a;b|c d>e\n",
    'operators in quotes are text');

my $l = $t->client(path => '/list');
is($l->run('/bin/echo yes')->{stdout}, "yes\n", 'on the list');
is($l->run('echo bare')->{stdout}, "bare\n", 'its bare name');
is($l->run({ args => ['printf', 'x'] })->{stdout}, 'x', 'the other one');
for my $no ('/bin/ls', 'ls', './echo', '/bin/../bin/echo', '/bin//echo') {
    my $m = $l->call('execute', { command => $no });
    is($m->{error}{code}, -32002, "$no is not allowed");
    like($m->{error}{message}, qr/'\Q$no\E' is not on the allow-list/,
        'and named');
}
my $m = $t->client(path => '/none')->call('execute', { command => 'true' });
is($m->{error}{code}, -32002, 'nothing is allowed by default');

# what cannot be executed

mkdir $t->dir . '/work/dir';
chmod 0755, $t->dir . '/work';
open my $f, '>', $t->dir . '/work/text' or die;
print $f "#!/bin/sh\necho no\n";
close $f;
chmod 0644, $t->dir . '/work/text';

for (['/nowhere/prog', qr/No such file/], ['no_such_program', qr/No such file/],
    [$t->dir . '/work/dir', qr/Permission denied/],
    [$t->dir . '/work/text', qr/Permission denied/],
    ["$0/below", qr/Not a directory|No such file/])
{
    my ($prog, $why) = @$_;
    my $m = $d->call('execute', { args => [$prog] });
    is($m->{error}{code}, -32602, "$prog: -32602");
    like($m->{error}{message}, $why, 'with the cause');
}
is($c->run('/nowhere/prog')->{completed}{exit_code}, 127, 'shell: 127');
is($c->run($t->dir . '/work/text')->{completed}{exit_code}, 126, 'shell: 126');

# sizes

my $long = 'x' x 102400;
is($c->run({ args => ['printf', '%s', $long], output => 'chunk' })->{stdout},
    $long, 'an argument of 100 KiB');
my $big = $t->client(path => '/big');
$m = $big->call('execute', { command => 'echo ' . 'x' x 3_000_000 });
is($m->{error}{code}, -32602, 'a command of 3 MB: -32602');
like($m->{error}{message}, qr/131071/, 'the limit is named');
like($m->{error}{message}, qr/3000000/, 'and the figure');
$m = $big->call('execute', { args => ['echo', map { 'y' x 1000 } 1 .. 300] });
is($m->{error}{code}, -32602, '300 KB in all: -32602');
like($m->{error}{message}, qr/163840/, 'the limit is named');
is($big->run('echo alive')->{stdout}, "alive\n", 'the connection lives');

# environment and directory

my %env = map { /^(\w+)=(.*)/s } split /\n/,
    $t->client(path => '/env')->run({ args => ['/usr/bin/env'] })->{stdout};
is_deeply([@env{qw(A B)}], ['1', 'two words'], 'cc_executor_env');
is(join(' ', sort keys %env), 'A B PATH TMPDIR', 'and nothing else');
%env = map { /^(\w+)=(.*)/s } split /\n/,
    $d->run({ args => ['/usr/bin/env'] })->{stdout};
is(join(' ', sort keys %env),
    'HOME LANG LOGNAME PATH PYTHONUNBUFFERED SHELL TERM TMPDIR USER',
    'the default environment');
is($t->client(path => '/env')->run({ args => ['pwd'] })->{stdout}, "/usr\n",
    'cc_executor_cwd');
is($c->run('pwd')->{stdout}, $t->dir . "/runtime/work\n",
    'the default directory');

# stdin

is($c->run('cat; echo end')->{stdout}, "end\n", 'stdin is /dev/null');
is($c->run({ command => 'cat', stdin => "one\ntwo" })->{stdout}, "one\ntwo",
    'stdin is written and closed');
is($c->run({ command => 'cat; echo end', stdin => '' })->{stdout}, "end\n",
    'an empty stdin is closed');
my $much = join '', map { "line $_\n" } 1 .. 50000;
is($c->run({ command => 'cat', stdin => $much, output => 'chunk' },
    lean => 1)->{stdout}, $much, '600 KB of stdin come back');
is($c->run({ command => 'true', stdin => $much })->{completed}{exit_code}, 0,
    'a command that does not read its stdin');

# notifications are obeyed and not answered

$c->send('execute', { command => 'echo quiet' }, notify => 1);
is($c->next->{method}, 'process.started', 'no answer to a notification');
is($c->notification('process.completed')->{params}{exit_code}, 0,
    'but it runs');

# several at a time

my @ids = map { $c->send('execute', { command => "sleep 0.$_; echo $_" }) }
    1 .. 8;
my %name = map { $_ => $c->answer($_)->{result}{execution_id} } @ids;
my %seen;
for (1 .. 8) {
    $m = $c->notification('process.completed');
    $seen{ $m->{params}{execution_id} } = 1;
}
is(scalar keys %seen, 8, '8 commands in a session');
is_deeply([sort keys %seen], [sort values %name], 'each with its own id');

$t->finish;
done_testing;
