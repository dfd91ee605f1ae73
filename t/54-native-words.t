# What the native dialect says about a command: when an unfinished line goes,
# which program was not found, which params nobody knows, how it ended.
#
# tags: asan coverage

use strict;
use warnings;

use Test::More;
use CC::Nginx;

my $t = CC::Nginx->new(location => 'cc_executor_allow any;
    cc_executor_shell /bin/sh;', server => <<'EOC')->start;
location /plain { cc_executor on; cc_executor_allow any; }
location /beneath { cc_executor on; cc_executor_allow any;
    cc_executor_client_cwd beneath; }
EOC
my $c = $t->client;

# dots with 20 ms between them are no silence (a busy machine may make some)

my $dots = 'i=0; while [ $i -lt 100 ]; do printf .; sleep 0.02;'
    . ' i=$((i+1)); done';
$c->call('execute', { command => "$dots; sleep 1; echo end" });
my @n;
while (my $m = $c->next) {
    last if $m->{method} eq 'process.completed';
    push @n, $m->{params} if $m->{method} eq 'process.output';
}
is(join('', map { $_->{data} } @n), '.' x 100 . "end\n", 'dots');
cmp_ok(scalar @n, '<=', 10, scalar @n . ' messages');
is($n[-1]{data}, "end\n", 'the silence before the last one was one');
ok($n[0]{partial}, 'what came before it is partial');

# params that nobody knows

my $m = $c->call('execute', { command => 'true', timout => 5 });
is_deeply($m->{result}{warnings},
    ['params.timout is not known and was ignored'], 'a warning');
$c->notification('process.completed');
$m = $c->call('execute', { command => 'true', timeout => 5 });
ok(!exists $m->{result}{warnings}, 'none where there is nothing to warn of');
$c->notification('process.completed');

# what is too long could go another way

$m = $c->call('execute', { args => ['/bin/echo', 'x' x 200_000] });
is($m->{error}{code}, -32602, 'a long argument');
like($m->{error}{message}, qr/argument list too long.* params\.stdin$/,
    'stdin is named');

# programs that are none

for (
    ['/ws/mcp', ['no-such-program', 'x'], qr/^exec: No such file or directory:/,
        qr/'no-such-program'$/],
    ['/ws/mcp', ['./nothing/here'], qr/^exec: No such/, qr{'\./nothing/here'$}],
    ['/ws/mcp', ['cd', '/tmp'], qr/'cd' is a shell builtin/,
        qr/give it in command, for the shell$/],
    ['/plain', ['cd', '/tmp'], qr/'cd' is a shell builtin/,
        qr/each starts in the same directory$/],
    ['/beneath', ['cd', '/tmp'], qr/'cd' is a shell builtin/,
        qr/choose the directory with cwd$/],
    ['/plain', ['export', 'A=b'], qr/'export' is a shell builtin/,
        qr/commands run without a shell here$/],
    ['/plain', ['y' x 100], qr/^exec: No such/, qr/: 'y{60}\.\.\.'$/],
) {
    my ($path, $args, @says) = @$_;
    my $one = $t->client(path => $path);
    my $m = $one->call('execute', { args => $args });
    is($m->{error}{code}, -32602, "$path: " . substr "@$args", 0, 30);
    like($m->{error}{message}, $_, "says $_") for @says;
    $one->close;
}

# how it ended: to the client, and in the log

for (['exit 3', 3, undef, 'cause=exit status=3 '],
    ['kill -KILL $$', -9, 'SIGKILL', 'cause=signal status=-9 signal=SIGKILL '],
    ['kill -34 $$; sleep 9', -34, 'SIGRTMIN+0', 'status=-34 signal=SIGRTMIN+0 '],
    ['kill -37 $$; sleep 9', -37, 'SIGRTMIN+3', 'status=-37 signal=SIGRTMIN+3 '],
    ['kill -16 $$; sleep 9', -16, 'SIGSTKFLT', 'status=-16 signal=SIGSTKFLT '])
{
    my ($command, $code, $signal, $log) = @$_;
    my $p = $c->run($command)->{completed};
    is($p->{exit_code}, $code, "$command: exit code");
    is($p->{signal}, $signal, 'signal');
    like($t->log, qr/command ended .*\Q$log\E/, 'the log');
}
$c->close;

$t->finish;
done_testing;
