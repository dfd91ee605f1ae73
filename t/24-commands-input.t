# stdin: given with execute, sent later; list and status.
#
# tags: asan coverage smoke

use strict;
use warnings;

use MIME::Base64 qw(encode_base64);
use Test::More;
use CC::Nginx;

my $t = CC::Nginx->new(location => 'cc_executor_allow any;
    cc_executor_shell /bin/sh; cc_executor_max_message 4m;')->start;
my $c = $t->client;

# with execute

is($c->run({ command => 'cat', stdin => "one\ntwo\n" })->{stdout},
    "one\ntwo\n", 'stdin is written, then closed');
is($c->run({ command => 'wc -c', stdin => '' })->{stdout}, "0\n",
    'an empty stdin is closed at once');
is($c->run('cat; readlink /proc/self/fd/0')->{stdout}, "/dev/null\n",
    'without one it is /dev/null');

my $big = join '', map { "$_\n" } 1 .. 400_000;
is($c->run({ command => 'cat', stdin => $big, output => 'chunk' })->{stdout},
    $big, '2.7 MB in and out again');

my $r = $c->run({ command => 'head -n 1', stdin => $big });
is($r->{stdout}, "1\n", 'a command that does not read it all');
is($r->{completed}{exit_code}, 0, 'is none the worse for it');
$r = $c->run({ command => 'exec 0<&-; echo closed', stdin => $big });
is($r->{stdout}, "closed\n", 'nor one that closes it');
$r = $c->run({ command => 'sleep 0.3; cat', stdin => "late\n" });
is($r->{stdout}, "late\n", 'nor one that reads late');

# input

sub start {
    my ($command, %o) = @_;
    my $m = $c->call('execute',
        { command => $command, open_stdin => JSON::PP::true, %o });
    $c->notification('process.started');
    return $m->{result}{execution_id};
}

sub output { return $c->notification('process.output')->{params}{data} }

my $id = start('while read line; do echo "<$line>"; done; echo end');
is_deeply($c->call('input', { data => "first\n" })->{result},
    { accepted => 6, offset => 6 }, 'input is answered with what was taken');
is(output(), "<first>\n", 'and has arrived');
$c->call('input', { data => "sec" });
$c->call('input', { data => "ond\n", execution_id => $id });
is(output(), "<second>\n", 'in pieces, too');
is_deeply($c->call('input', { data_base64 => encode_base64("x\xff\n", '') })
    ->{result}, { accepted => 3, offset => 16 }, 'bytes as base64');
my $n = $c->notification('process.output')->{params};
is($n->{data}, "<x\x{fffd}>\n", 'arrive');
ok($n->{lossy}, 'as what they are');
is_deeply($c->call('input', { data => "last\n", eof => JSON::PP::true })
    ->{result}, { accepted => 5, offset => 21 }, 'the last one');
is(output(), "<last>\n", 'arrives');
is(output(), "end\n", 'and the end of it');
is($c->notification('process.completed')->{params}{exit_code}, 0, 'completed');

# stdin of execute, and then more

$id = start('cat', stdin => "a\n");
is(output(), "a\n", 'stdin and open_stdin: the first part');
$c->call('input', { data => "b\n" });
is(output(), "b\n", 'and the second');
is_deeply($c->call('input', { eof => JSON::PP::true })->{result},
    { accepted => 0, offset => 4 }, 'only the end');
$c->notification('process.completed');

# back-pressure: an input that is not read is not answered; others act

$id = start('sleep 0.5; exec cat > /dev/null');
my $slow = $c->send('input', { data => 'x' x 200_000 });
my $list = $c->call('list');
is($list->{result}{commands}[0]{state}, 'running',
    'list is answered while an input waits');
ok(!grep({ ($_->{id} // '') eq $slow } @{ $c->{queue} }),
    'which has no answer yet');
is($c->answer($slow)->{result}{accepted}, 200_000,
    'it comes when the command has read');
$c->call('control', { type => 'CANCEL' });
$c->notification('process.completed');

# input for a command that ends: answered with what it took

$id = start('head -c 10 > /dev/null; exec 0<&-; sleep 0.2');
my $answer = $c->answer($c->send('input', { data => 'x' x 300_000 }));
cmp_ok($answer->{result}{accepted}, '<', 300_000,
    'a command that closes stdin took less');
$c->notification('process.completed');

# bad requests

sub code { my $m = $c->call(@_); return $m->{error}{code} }

is(code('input', { data => 'x' }), -32003, 'input without a process');
$id = start('cat');
is(code('input', {}), -32602, 'nothing to write');
is(code('input', { data => 1 }), -32602, 'data is no string');
is(code('input', { data_base64 => '!' }), -32602, 'no base64');
is(code('input', { data => 'x', data_base64 => 'eA==' }), -32602, 'both');
is(code('input', { data => 'x', eof => 'yes' }), -32602, 'eof is no boolean');
is(code('input', { data => 'x', execution_id => 7 }), -32602,
    'execution_id is no string');
is(code('input', { data => 'x', execution_id => 'f' x 48 }), -32003,
    'an unknown one');
$c->call('input', { eof => JSON::PP::true });
$c->notification('process.completed');
is(code('input', { data => 'x' }), -32003, 'after the end');
$c->send('execute', { command => 'sleep 5' });
$c->notification('process.started');
my $m = $c->call('input', { data => 'x' });
is($m->{error}{code}, -32602, 'a command without open stdin');
like($m->{error}{message}, qr/open_stdin/, 'the remedy is named');

# list and status

$m = $c->call('list');
my ($first) = @{ $m->{result}{commands} };
is(scalar @{ $m->{result}{commands} }, 1, 'list: one command');
is_deeply([sort keys %$first],
    [qw(execution_id exit_code pid started state)], 'its members');
ok(kill(0, $first->{pid}), 'pid');
cmp_ok(abs($first->{started} - time), '<', 10, 'start time');
is($first->{exit_code}, undef, 'no exit code yet');
$c->send('execute', { command => 'sleep 6' });
$c->notification('process.started');
$m = $c->call('list');
is(scalar @{ $m->{result}{commands} }, 2, 'list: two commands');
my @states = map { $c->call('status', { execution_id => $_->{execution_id} })
    ->{result}{state} } @{ $m->{result}{commands} };
is("@states", 'running running', 'status of each');
is(code('status'), -32602, 'status without saying which');
is(code('status', { execution_id => 'nobody' }), -32003, 'status of nobody');
$c->call('control', { type => 'CANCEL', execution_id => $_->{execution_id} })
    for @{ $m->{result}{commands} };
$c->notification('process.completed') for 1, 2;
is_deeply($c->call('list')->{result}{commands}, [], 'an empty list');

$c->close;
$t->finish;
done_testing;
