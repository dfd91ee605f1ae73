# process.output: lines, chunks, bytes that are not text.
#
# tags: asan coverage smoke

use strict;
use warnings;

use Digest::SHA qw(sha256_hex);
use MIME::Base64 qw(decode_base64);
use Test::More;
use CC::Nginx;

my $t = CC::Nginx->new->start;
my $c = $t->client;

# a file for what no shell can say

sub file {
    my ($name, $bytes) = @_;
    my $path = $t->dir . "/$name";
    open my $f, '>:raw', $path or die "$path: $!";
    print $f $bytes;
    close $f;
    chmod 0644, $path;
    return $path;
}

# what each notification carries: offsets without a gap, flags only when true

sub continuous {
    my ($r, $name) = @_;
    my %at = (stdout => 0, stderr => 0);
    my $gaps = 0;
    for my $p (@{ $r->{output} }) {
        $gaps++ if $p->{offset} != $at{ $p->{type} };
        $at{ $p->{type} } = $p->{next};
        $gaps++ if grep { exists $p->{$_} && !$p->{$_} } qw(partial lossy);
    }
    is($gaps, 0, "$name: offsets go on without a gap");
    is_deeply([@{ $r->{completed} }{qw(stdout_bytes stderr_bytes)}],
        [@at{qw(stdout stderr)}], "$name: and end with the totals");
    return;
}

# line mode

my $r = $c->run("printf 'one\\ntwo\\n\\nthree'");
is_deeply([map { $_->{data} } @{ $r->{output} }],
    ["one\n", "two\n", "\n", 'three'], 'one notification carries one line');
is_deeply($r->{output}[0], { type => 'stdout', data => "one\n",
    truncated => JSON::PP::false(), offset => 0, next => 4, seq => 16,
    execution_id => $r->{started}{execution_id} }, 'its members');
ok($r->{output}[3]{partial}, 'what does not end is partial');
continuous($r, 'lines');

$r = $c->run("printf 'a\\nb' ; printf 'c\\nd' >&2");
is($r->{stdout} . '|' . $r->{stderr}, "a\nb|c\nd", 'both streams');
continuous($r, 'two streams');

$r = $c->run({ command => "printf 'name: '; read x; echo hello \$x",
    open_stdin => JSON::PP::true(), output => 'line' }, each => sub {
        my $p = $_[0]{params} // return;
        $c->send('input', { data => "you\n" })
            if ($p->{data} // '') eq 'name: ' && $p->{partial};
    });
is($r->{stdout}, "name: hello you\n", 'a prompt is sent while it waits');

# a prompt that goes on is not sent twice

$r = $c->run("printf begin; sleep 0.3; echo -end; echo next");
is_deeply([map { [@$_{qw(data offset partial)}] } @{ $r->{output} }],
    [['begin', 0, JSON::PP::true()], ["-end\n", 5, undef],
        ["next\n", 10, undef]], 'the rest of an unfinished line');

# long lines

my $max = 65536;
for my $n ($max - 2, $max - 1, $max, $max + 1, 2 * $max, 3 * $max - 1) {
    $r = $c->run("head -c $n /dev/zero | tr '\\0' x; echo");
    is(length $r->{stdout}, $n + 1, "a line of $n bytes and its end");
    my @p = @{ $r->{output} };
    is(scalar @p, int($n / $max) + 1, 'in as many as it takes');
    is(scalar(grep { !$_->{truncated} } @p), 1, 'truncated on all');
    ok(!$p[-1]{truncated}, 'but the last');
}
$r = $c->run("head -c 200000 /dev/zero | tr '\\0' y");
is(length $r->{stdout}, 200000, 'a long line without an end');
ok($r->{output}[-1]{partial} && !$r->{output}[-1]{truncated},
    'the last one is partial');

my $big = 32 * 1024 * 1024;
$r = $c->run("head -c $big /dev/zero | tr '\\0' z; echo; echo after",
    timeout => 60);
is(length $r->{stdout}, $big + 7, 'a line of 32 MiB');
is($r->{stdout} =~ tr/z//, $big, 'is what was written');
is(scalar(grep { $_->{truncated} } @{ $r->{output} }), $big / $max,
    'in parts of 64 KiB');
is($r->{output}[-1]{data}, "after\n", 'and the next line is one again');
continuous($r, '32 MiB');

# bytes that are not text

my $all = join '', map { chr } 0 .. 255;
my $path = file('all', $all);
$r = $c->run({ args => ['cat', $path], encoding => 'base64' });
is($r->{stdout}, $all, 'base64: every byte value');
$r = $c->run({ args => ['cat', $path], output => 'chunk' });
my $text = $r->{stdout};
utf8::decode($text);
is(($text =~ tr/\x{fffd}//), 128, 'UTF-8: U+FFFD for each');
is(substr($text, 0, 128), substr($all, 0, 128), 'ASCII with NUL as it is');
ok($r->{output}[0]{lossy}, 'lossy');
is($r->{completed}{stdout_bytes}, 256, 'counted as it was written');
continuous($r, 'all bytes');
ok(!grep({ $_->{lossy} } @{ $c->run("printf '\\303\\244'")->{output} }),
    'good text is not lossy');

srand 2;
my $random = join '', map { chr int rand 256 } 1 .. 3_000_000;
$path = file('random', $random);
for my $mode (qw(line chunk)) {
    $r = $c->run({ args => ['cat', $path], encoding => 'base64',
        output => $mode }, lean => 1, timeout => 60);
    is(sha256_hex($r->{stdout}), sha256_hex($random),
        "3 MB of random bytes, base64, $mode mode");
    $r = $c->run({ args => ['cat', $path], output => $mode }, timeout => 60);
    continuous($r, "random bytes as text, $mode mode");
    $text = $r->{stdout};
    ok(utf8::decode($text), 'and it is text');
}

# every way to split a character over two writes

for my $ch ("\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80") {
    for my $at (1 .. length($ch) - 1) {
        my ($one, $two) = map { join '', map { sprintf '\\%03o', ord }
            split //, $_ } substr($ch, 0, $at), substr($ch, $at);
        for my $mode (qw(line chunk)) {
            $r = $c->run({ command => "printf 'a$one'; sleep 0.01; "
                . "printf '${two}b\\n'", output => $mode });
            is($r->{stdout}, "a${ch}b\n", length($ch)
                . " bytes split after $at, $mode mode");
            ok(!grep({ $_->{lossy} } @{ $r->{output} }), 'not lossy');
        }
    }
}
$r = $c->run("printf 'a\\303'; sleep 0.3; printf '\\244\\n'");
is($r->{stdout}, "a\xc3\xa4\n", 'half a character is waited for');
$r = $c->run("printf 'a\\303'");
is($r->{stdout}, "a\xef\xbf\xbd", 'half a character at the end');
ok($r->{output}[-1]{lossy}, 'is lossy');

my $wide = "\xe2\x82\xac" x 400_000;
$path = file('wide', $wide);
for my $mode (qw(line chunk)) {
    $r = $c->run({ args => ['cat', $path], output => $mode });
    is($r->{stdout}, $wide, "1.2 MB of 3-byte characters, $mode mode");
    ok(!grep({ $_->{lossy} } @{ $r->{output} }), 'no character is cut');
    continuous($r, "wide, $mode mode");
}

# all that JSON has to escape

my $esc = join '', map { sprintf '\\%03o', $_ } 1 .. 31, 34, 92, 127;
$r = $c->run({ args => ['printf', $esc], output => 'chunk' });
is($r->{stdout}, join('', map { chr } 1 .. 31, 34, 92, 127), 'control bytes');

# chunk mode

$r = $c->run({ command => 'seq 1 200000', output => 'chunk' });
is(sha256_hex($r->{stdout}), sha256_hex(join '', map { "$_\n" } 1 .. 200000),
    'chunk mode: 1.3 MB');
cmp_ok(scalar @{ $r->{output} }, '<', 2000, 'in large pieces');
continuous($r, 'chunks');
is($c->run('seq 1 100000', lean => 1)->{stdout},
    join('', map { "$_\n" } 1 .. 100000), 'line mode: 100,000 lines');

# what is left in the background when the main process ends

$r = $c->run('(sleep 10; echo late) & echo early');
is($r->{order}[-1], 'process.completed', 'completed is the last');
is($r->{stdout}, "early\n", 'a child in the background is not waited for');
cmp_ok($r->{completed}{descendants_killed}, '>=', 1, 'it is ended');
$r = $c->run('(yes late | head -c 1000000) & echo early; wait');
is(length $r->{stdout}, 1000006, 'unless the command waits for it');

# streams that end long before the process: what is hung up wakes nobody again

sub helpers_cpu {
    my $sum = 0;
    for my $pid ($t->helpers) {
        open my $f, '<', "/proc/$pid/schedstat" or next;
        $sum += (split ' ', <$f> // 0)[0] / 1e9;
    }
    return $sum;
}

my $cpu = helpers_cpu();
$r = $c->run('echo a; exec >&-; echo b >&2; sleep 0.5; echo c >&2; '
    . 'exec 2>&-; sleep 0.5; exit 3');
is($r->{stdout}, "a\n", 'a stream that ends early');
is($r->{stderr}, "b\nc\n", 'the other one goes on');
is($r->{completed}{exit_code}, 3, 'and the command when both have ended');
cmp_ok(helpers_cpu() - $cpu, '<', 0.2, 'nobody turns round in between');

$t->finish;
done_testing;
