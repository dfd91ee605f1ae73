# encoding "binary": output as binary messages, every byte of it, with exact
# offsets; of execute, of attach, beside text, for slow readers.
#
# tags: asan coverage

use strict;
use warnings;

use Digest::SHA qw(sha256_hex);
use JSON::PP ();
use Test::More;
use Time::HiRes qw(time);
use CC::Nginx;

my $true = JSON::PP::true;
my $t = CC::Nginx->new(workers => 2, location => 'cc_executor_allow any;
    cc_executor_shell /bin/sh; cc_executor_keep on; cc_executor_buffer 256k;
    cc_executor_keep_output 1m;', server => 'location /bound {
    cc_executor on; cc_executor_allow any; cc_executor_shell /bin/sh;
    cc_executor_max_output 100k; }')->start;
my $c = $t->client;

sub file {
    my ($name, $bytes) = @_;
    my $path = $t->dir . "/$name";
    open my $f, '>:raw', $path or die "$path: $!";
    print $f $bytes;
    close $f;
    chmod 0644, $path;
    return $path;
}

# nothing is missing, nothing is set that is reserved; "from": offsets
sub exact {
    my ($r, $name, %from) = @_;
    my %at = (1 => $from{stdout} // 0, 2 => $from{stderr} // 0);
    my ($wrong, $seq) = ('', -1);
    my $channel = $r->{answer}{result}{channel};
    for my $p (@{ $r->{output} }) {
        $wrong .= " offset $p->{offset}" if $p->{offset} != $at{ $p->{stream} };
        $wrong .= " seq $p->{seq}" if $p->{seq} <= $seq;
        $wrong .= " flags $p->{flags}" if $p->{flags} || $p->{version} != 1;
        $wrong .= " channel $p->{channel}" if $p->{channel} != $channel;
        $wrong .= " length $p->{length}"
            if !$p->{length} || $p->{length} > 262144;
        $at{ $p->{stream} } += $p->{length};
        $seq = $p->{seq} + $p->{length} - 1;
    }
    is($wrong, '', "$name: offsets, seq, flags, channel");
    is_deeply([@{ $r->{completed} }{qw(stdout_bytes stderr_bytes)}],
        [@at{1, 2}], "$name: and the totals");
    return;
}

# execute

ok((grep { $_ eq 'binary' } @{ $c->{connected}{params}{capabilities} }),
    'it is a capability');

my $r = $c->run({ command => "printf 'a\\nb\\nc'", encoding => 'binary' });
like($r->{answer}{result}{channel}, qr/^[1-9][0-9]*$/, 'a channel');
is($r->{stdout}, "a\nb\nc", 'the bytes');
is_deeply($r->{order}, ['answer', 'process.started', 'packet',
    'process.completed'], 'lines are not cut, and all is in its order');
is_deeply($r->{output}[0], { version => 1, stream => 1, flags => 0,
    channel => $r->{answer}{result}{channel}, offset => 0, seq => 16,
    length => 5 }, 'the header');
exact($r, 'one message');

my $first = $r->{answer}{result}{channel};
$r = $c->run({ command => 'echo out; echo err >&2; echo again',
    encoding => 'binary', output => 'line' });
isnt($r->{answer}{result}{channel}, $first, 'a channel is not used twice');
is($r->{stdout} . $r->{stderr}, "out\nagain\nerr\n", 'both streams');
exact($r, 'two streams');

$r = $c->run({ command => 'exit 3', encoding => 'binary' });
is_deeply([$r->{completed}{exit_code}, scalar @{ $r->{output} }], [3, 0],
    'no output, no message');
exact($r, 'nothing');

my $all = join '', map { chr } 0 .. 255;
my $broken = "\0" x 100 . "\xff\xfe\xc3(\xe2\x82\xf0\x9f" . $all . "\xc3";
$r = $c->run({ args => ['cat', file('all', $broken)], encoding => 'binary' });
is($r->{stdout}, $broken, 'NUL and broken UTF-8, as they are');
exact($r, 'broken');

# little by little: half a character, no end of a line, nothing is waited for

for my $command ("printf 'a\\303'; read x; printf '\\244'",
    "printf 'prompt: '; read x; printf '\\0'")
{
    my $first;
    $r = $c->run({ command => $command, encoding => 'binary', open_stdin => $true },
        each => sub {
            return if $first || !$_[0]{packet};
            $first = $_[0]{packet}{channel};
            $c->send_packet($first, "\n");
        });
    is(scalar @{ $r->{output} }, 2, 'what comes is sent');
    exact($r, 'little by little');
}

srand 7;
my $random = join '', map { pack 'N', int rand 2**32 } 1 .. 1_000_000;
my $path = file('random', $random);
for my $o ({}, { window => 8192 }, { stderr => 'merge' }) {
    my $name = join ' ', '4 MB', keys %$o;
    my ($fly, $most, $id) = (0, 0);
    $r = $c->run({ args => ['dd', "if=$path", 'bs=64k', 'status=none'],
        encoding => 'binary', %$o }, timeout => 60, each => sub {
            my ($m) = @_;
            $id = $m->{result}{execution_id} if $m->{result};
            my $p = $m->{packet} or return;
            return unless $o->{window};
            $most = length $p->{data} if length $p->{data} > $most;
            $c->send('credit', { execution_id => $id,
                stdout => $p->{offset} + length $p->{data} }, notify => 1);
        });
    is(sha256_hex($r->{stdout}), sha256_hex($random), $name);
    exact($r, $name);
    cmp_ok($most, '<=', 2048, 'and no message beyond a quarter of the window')
        if $o->{window};
}

# lines are not cut apart

$r = $c->run({ command => "yes 123456789012345678901234567890123456789012345678901234567890123 | head -c 8m",
    encoding => 'binary', output => 'line' }, timeout => 60);
is(length $r->{stdout}, 8 << 20, '8 MB of lines of 64 bytes');
cmp_ok(scalar @{ $r->{output} }, '<', 8 << 10, 'not one message for each');
exact($r, 'lines');

# two of them and one that is text, at once

my %want = (one => 'binary', two => 'base64', three => 'binary');
my (%id, %channel, %got);
for my $name (sort keys %want) {
    my $m = $c->call('execute', { args => ['sh', '-c',
        "for i in 1 2 3 4 5; do echo $name \$i; done"],
        encoding => $want{$name} });
    $id{ $m->{result}{execution_id} } = $name;
    $channel{ $m->{result}{channel} } = $name if $m->{result}{channel};
}
is(scalar keys %channel, 2, 'two channels');
for (my $left = 3; $left; ) {
    my $m = $c->next or last;
    if (my $p = $m->{packet}) {
        $got{ $channel{ $p->{channel} } } .= $p->{data};
    } elsif ($m->{method} eq 'process.output') {
        $got{ $id{ $m->{params}{execution_id} } } .= 'text';
    } elsif ($m->{method} eq 'process.completed') {
        $left--;
    }
}
is_deeply(\%got, { two => 'text' x 5, map { my $n = $_;
    $n => join '', map { "$n $_\n" } 1 .. 5 } qw(one three) },
    'each in its own way');

# limits hold: output, a reader that does not read

my $b = $t->client(path => '/bound');
$r = $b->run({ command => 'head -c 1m /dev/zero', encoding => 'binary' });
is($r->{completed}{cause}, 'output', 'cc_executor_max_output');
is($r->{error}{code}, -32001, 'which is said');
is(length $r->{stdout}, 100 << 10, 'and no byte more comes');

my $worker = sub { my $sum = 0; for my $pid ($t->workers) {
    open my $f, '<', "/proc/$pid/status" or next;
    local $/;
    $sum += $1 if <$f> =~ /^RssAnon:\s+(\d+) kB/m } return $sum };
my $before = $worker->();
my $slow = $t->client(room => 4096);
my $s = $slow->call('execute', { command => 'head -c 64m /dev/zero; echo end',
    encoding => 'binary' });
my $cpu = sub { my $sum = 0; for my $pid ($t->workers) {
    open my $f, '<', "/proc/$pid/schedstat" or next;
    $sum += (split ' ', <$f>)[0] } return $sum / 1e6 };
my ($last, $same) = ($cpu->(), 0);
for (1 .. 200) {                        # until nothing moves any more
    select undef, undef, undef, 0.05;
    my $now = $cpu->();
    $same = $now - $last < 1 ? $same + 1 : 0;
    $last = $now;
    last if $same == 10;
}
is($same, 10, 'a slow reader: the worker is at rest');
cmp_ok($worker->() - $before, '<', 1024, 'and keeps less than 1 MB');
my $trip = time;
is($c->call('list')->{result}{commands} ? 1 : 0, 1, 'others are served');
cmp_ok(time - $trip, '<', 5, 'at once');
my ($n, $bad, $end) = (0, 0, '');
while (my $m = $slow->next(60)) {
    if (my $p = $m->{packet}) {
        $bad++ if $p->{offset} != $n;
        $n += length $p->{data};
        $end = substr $end . $p->{data}, -4;
    } elsif ($m->{method} eq 'process.completed') {
        is($m->{params}{stdout_bytes}, $n, 'then it gets all');
        last;
    }
}
is("$n $bad $end", ((64 << 20) + 4) . " 0 end\n", 'to the last byte');

# attach: from the beginning, from the middle, beside text

sub attached {
    my ($client, $id, %o) = @_;
    my %a = (stdout => '', stderr => '', output => [], order => []);
    my $ask = $client->send('attach', { execution_id => $id,
        encoding => 'binary', %o });
    while (my $m = $client->next(30)) {
        if (my $p = $m->{packet}) {
            $a{ $p->{stream} == 2 ? 'stderr' : 'stdout' } .= $p->{data};
            $p->{length} = length delete $p->{data};
            push @{ $a{output} }, $p;
            push @{ $a{order} }, 'packet';
        } elsif (exists $m->{id} && $m->{id} eq $ask) {
            $a{answer} = $m;
            return \%a if $m->{error};
        } else {
            push @{ $a{order} }, $m->{method};
            push @{ $a{gaps} }, $m->{params} if $m->{method} eq 'process.gap';
            $a{completed} = $m->{params}
                if $m->{method} eq 'process.completed';
            last if $a{completed};
        }
    }
    return \%a;
}

my $size = 200_000;
my $kept = file('kept', substr $random, 0, $size);
my $m = $c->call('execute', { command => "cat $kept; echo err >&2",
    on_disconnect => 'keep', encoding => 'binary' });
my $id = $m->{result}{execution_id};
ok($m->{result}{channel}, 'a kept one has a channel, too');
my $x = $t->client;
$x->call('wait', { execution_id => $id });
for my $from (0, 1, 65535, 65537, $size - 1, $size, -5) {
    my $at = $from < 0 ? $size + $from : $from;
    my $a = attached($x, $id, stdout => $from);
    is($a->{answer}{result}{from}{stdout}, $at, "attached at $from");
    ok($a->{stdout} eq substr($random, $at, $size - $at), 'from that byte on');
    is($a->{stderr}, "err\n", 'with stderr');
    exact($a, "attached at $from", stdout => $at);
}
my $a = attached($x, $id, encoding => 'base64');
is($a->{answer}{result}{channel}, undef, 'no channel without asking for it');

# what is not held any more is told as ever, and the rest is exact

$m = $c->call('execute', { command => 'echo x; head -c 2999998 /dev/zero; cat '
    . "$kept; echo >&2", on_disconnect => 'keep', overflow => 'drop',
    flow => 'lossy', encoding => 'binary' });
my $dropped = $m->{result}{execution_id};
$c->call('detach', { execution_id => $dropped });
is($x->call('wait', { execution_id => $dropped })->{result}{reason}, 'exit',
    'nobody reads, and it ends');
$a = attached($x, $dropped);
my $gap = $a->{gaps}[0];
is_deeply([@$gap{qw(stream from)}], ['stdout', 512 << 10], 'a gap');
is($gap->{to} - $gap->{from} + length $a->{stdout}, 3_000_000 + $size,
    'as long as what is missing');
ok(substr($a->{stdout}, -1000) eq substr($random, $size - 1000, 1000),
    'which is what was written');
my ($before_gap) = grep { $a->{order}[$_] eq 'process.gap' }
    0 .. $#{ $a->{order} };
is_deeply([$a->{output}[$before_gap - 1]{offset}
    + $a->{output}[$before_gap - 1]{length},
    $a->{output}[$before_gap]{offset}], [@$gap{qw(from to)}],
    'and it is told between the bytes around it');
$a = attached($x, $dropped, encoding => 'utf-8');
is_deeply($a->{gaps}, [$gap], 'text has the same gap, behind half a line');

# words that are none

for my $word ('Binary', '', 'utf8') {
    my $e = $c->call('execute', { args => ['true'], encoding => $word })->{error};
    is_deeply([@$e{qw(code message)}], [-32602, 'params.encoding must be '
        . '"utf-8", "base64" or "binary"'], "encoding '$word'");
    $e = $c->call('attach', { execution_id => $id, encoding => $word })->{error};
    is($e->{code}, -32602, 'of attach');
}
is($c->call('read', { execution_id => $id, stream => 'stdout',
    encoding => 'binary' })->{error}{code}, -32602, 'read has no such answer');

$_->close for $c, $x, $b, $slow;
$t->finish;
done_testing;
