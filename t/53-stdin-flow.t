# stdin with flow control: chunks in order, bounded by bytes, never a hole.
#
# tags: asan coverage

use strict;
use warnings;

use Digest::MD5 qw(md5_hex);
use File::Path qw(remove_tree);
use JSON::PP ();
use Test::More;
use Time::HiRes qw(time sleep);
use CC::Nginx;

my $t = CC::Nginx->new(location => 'cc_executor_allow any;
    cc_executor_shell /bin/sh;', server => <<'EOC')->start;
location /small { cc_executor on; cc_executor_allow any;
    cc_executor_shell /bin/sh; cc_executor_stdin_buffer 64k; }
EOC

my $json = JSON::PP->new->utf8->canonical;
my $true = JSON::PP::true;

sub start {
    my ($c, $command, %o) = @_;
    my $m = $c->call('execute',
        { command => $command, open_stdin => $true, %o });
    $c->notification('process.started');
    return $m->{result}{execution_id};
}

# a frame with an input: id (undef: a notification) and params
sub input {
    my ($id, %params) = @_;
    return CC::WebSocket::frame(CC::WebSocket::TEXT, $json->encode({
        jsonrpc => '2.0', method => 'input', params => \%params,
        defined $id ? (id => $id) : () }));
}

# the output of the command that ends next
sub output {
    my ($c, $timeout) = @_;
    my $out = '';
    my $done = $c->wait_for(sub { ($_[0]{method} // '')
        eq 'process.completed' }, $timeout);
    ok($done, 'it has ended') or return '';
    my @rest;
    for my $m (@{ $c->{queue} }) {
        if (($m->{method} // '') eq 'process.output') {
            $out .= $m->{params}{data};
        } else {
            push @rest, $m;
        }
    }
    @{ $c->{queue} } = @rest;
    return $out;
}

# 10,000 requests of 7 bytes and the end, written at once

my $c = $t->client;
start($c, 'cat', output => 'chunk');
my $want = join '', map { sprintf "%06d\n", $_ } 1 .. 10_000;
$c->ws->write(join '', (map { input("i$_", data => sprintf "%06d\n", $_) }
    1 .. 10_000), input('eof', eof => $true));
is(md5_hex(output($c, 60)), md5_hex($want), '10,000 inputs in one segment');
my @answers = @{ $c->{queue} };
is(scalar @answers, 10_001, 'each is answered');
is_deeply([grep { $answers[$_ - 1]{id} ne "i$_"
    || $answers[$_ - 1]{result}{accepted} != 7
    || $answers[$_ - 1]{result}{offset} != 7 * $_ } 1 .. 10_000], [],
    'in order, with what was taken and where stdin stands');
is_deeply($answers[-1], { jsonrpc => '2.0', id => 'eof',
    result => { accepted => 0, offset => 70_000 } }, 'so is the end');
@{ $c->{queue} } = ();

# the same as notifications, behind the stdin of execute, in the same segment

$c->ws->write(CC::WebSocket::frame(CC::WebSocket::TEXT, $json->encode({
    jsonrpc => '2.0', id => 'x', method => 'execute', params => {
        command => 'cat', open_stdin => $true, stdin => "first\n",
        output => 'chunk' } }))
    . join '', (map { input(undef, data => sprintf "%06d\n", $_) }
        1 .. 10_000), input(undef, data => "last\n", eof => $true));
is(md5_hex(output($c, 60)), md5_hex("first\n${want}last\n"),
    '10,000 notifications with the execute before them');
is_deeply([map { $_->{id} // $_->{method} } @{ $c->{queue} }],
    ['x', 'process.started'], 'nothing else is said');
@{ $c->{queue} } = ();

# who waits costs what it holds, not what a message costs

SKIP: {
    skip 'the sanitizer\'s memory is another', 1 if $ENV{CC_SANITIZE};
    my ($worker) = $t->workers;
    my $rss = sub {
        open my $f, '<', "/proc/$worker/statm" or die $!;
        return (split ' ', <$f>)[1] * 4096;
    };
    my $id = start($c, 'sleep 60');
    my $before = $rss->();
    $c->ws->write(join '', map { input(undef, data => '1234567') }
        1 .. 40_000);
    $c->call('list');
    my $more = $rss->() - $before;
    cmp_ok($more, '<', 1_500_000, "40,000 times 7 bytes cost $more bytes");
    $c->call('control', { type => 'CANCEL' });
    output($c);
    @{ $c->{queue} } = ();
}
$c->close;

# 60 x 30 KB, all sent at once and again where they are refused, into a slow
# reader behind a small buffer; control acts meanwhile

$c = $t->client(path => '/small');
start($c, 'sleep 0.3; for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18; do'
    . ' head -c 100000; sleep 0.05; done; cat',
    output => 'chunk');
my @chunk = map { sprintf("%05d", $_) . chr(96 + $_ % 26 + 1) x 29_994 . "\n" }
    0 .. 59;
my $serial = 0;
sub chunk {
    my ($i, @more) = @_;
    return input("c$i." . ++$serial, @more,
        $i == 60 ? (eof => $true) : (data => $chunk[$i]));
}
$c->ws->write(join '', map { chunk($_) } 0 .. 60);
my $asked = time;
is($c->call('list')->{result}{commands}[0]{state}, 'running',
    'list is answered while much waits');
cmp_ok(time - $asked, '<', 5, 'soon');

# whoever is refused goes on when one is accepted (or all are that were not
# refused), with two at a time

my ($next, $refused, $from, $last) = (0, 0);
my @wrong;
while ($next <= 60) {
    my $m = $c->wait_for(sub { ($_[0]{id} // '') =~ /^c/ }, 30) // last;
    my ($i, $n) = $m->{id} =~ /^c(\d+)\.(\d+)$/;
    if ($m->{error}) {
        $refused++;
        ($from, $last) = ($m->{error}{data}{offset} / 30_000, $n);
        push @wrong, $m if $m->{error}{code} != -32001 || $from > $i;
    } else {
        push @wrong, $m if $i != $next
            || $m->{result}{accepted} != ($i == 60 ? 0 : 30_000)
            || $m->{result}{offset} != ($i == 60 ? 1_800_000
                : 30_000 * ($i + 1));
        $next = $i + 1;
    }
    $from //= $next if $n == $serial;      # none was refused
    next if !defined $from || ($last != $serial && $n != $serial)
        || ($m->{error} && $next < $from) || $from > 60;
    $c->ws->write(chunk($from, offset => 30_000 * $from)
        . ($from < 60 ? chunk($from + 1) : ''));
    undef $from;
}
is($next, 61, 'all are taken in the end');
is_deeply(\@wrong, [], 'in order, and every refusal names the right place');
cmp_ok($refused, '>', 50, "$refused refusals on the way");
is(md5_hex(output($c, 60)), md5_hex(join '', @chunk), 'byte for byte');
@{ $c->{queue} } = ();

# a refused one, and whatever was sent behind it (the command is stopped, and
# its pipe full, so that nothing is taken)

my $pipe = 'p' x 65_536;
my $id = start($c, 'cat', output => 'chunk');
$c->call('control', { type => 'PAUSE' });
is($c->call('input', { data => $pipe })->{result}{offset}, 65_536,
    'what a pipe holds is taken at once');
my @ids = map { $c->send('input', $_) } { data => 'a' x 60_000 },
    { data => 'b' x 6_000 }, { data => 'c' }, { eof => $true };
$c->send('input', { data => 'd' }, notify => 1);
for my $i (1 .. 3) {
    my $m = $c->answer($ids[$i]);
    is($m->{error}{code}, -32001, "input $i is refused");
    like($m->{error}{message}, qr/wait for accepted.* 125536$/, 'what to do');
    is($m->{error}{data}{offset}, 125_536, 'where to go on');
}
my $m = $c->notification('process.error');
is_deeply($m->{params}, { execution_id => $id, code => -32001,
    offset => 125_536, error => $m->{params}{error} },
    'a notification is refused by process.error');
$m = $c->call('input', { data => 'e' x 70_000, offset => 125_536 });
is($m->{error}{code}, -32001, 'more than the buffer at once');
like($m->{error}{message}, qr/70000.*65536.*pieces/, 'says so');
$c->call('control', { type => 'RESUME' });
is_deeply($c->answer($ids[0])->{result}, { accepted => 60_000,
    offset => 125_536 }, 'the first is accepted');
$m = $c->call('input', { data => 'f', offset => 125_535 });
is($m->{error}{code}, -32001, 'another place is not taken');
is_deeply($c->call('input', { data => 'b' x 6_000, offset => 125_536 })
    ->{result}, { accepted => 6_000, offset => 131_536 }, 'the right one is');
is_deeply($c->call('input', { data => 'c', eof => $true })->{result},
    { accepted => 1, offset => 131_537 }, 'and what follows');
is(md5_hex(output($c)), md5_hex($pipe . 'a' x 60_000 . 'b' x 6_000 . 'c'),
    'byte for byte');
@{ $c->{queue} } = ();

# an offset that is wrong although nothing was refused

start($c, 'cat');
$m = $c->call('input', { data => 'x', offset => 1 });
is($m->{error}{code}, -32602, 'a wrong offset');
is($m->{error}{data}{offset}, 0, 'the right one');
$m = $c->call('input', { data => 'y' });
is($m->{error}{code}, -32001, 'what was sent behind it');
is_deeply($c->call('input', { data => "z\n", offset => 0, eof => $true })
    ->{result}, { accepted => 2, offset => 2 }, 'the right one is taken');
is(output($c), "z\n", 'and nothing else');
@{ $c->{queue} } = ();

# the commands of a session have twice as much together

my @runs = map { start($c, 'sleep 60') } 1 .. 3;
$c->call('input', { execution_id => $_, data => $pipe }) for @runs;
$c->send('input', { execution_id => $_, data => $pipe }) for @runs[0, 1];
$m = $c->call('input', { execution_id => $runs[2], data => 'x' });
is($m->{error}{code}, -32001, 'the third command\'s input is refused');
like($m->{error}{message}, qr/of this session/, 'says why');
$c->call('control', { type => 'CANCEL', execution_id => $runs[0] });
$c->notification('process.completed');
$c->send('input', { execution_id => $runs[2], data => 'x', offset => 65_536 },
    id => 'again');
$c->call('list');
ok(!$c->wait_for(sub { ($_[0]{id} // '') eq 'again' }, 0),
    'one that has ended makes room');
$c->close;

$t->finish;

# the directive

my $conf = CC::Nginx->new;
my ($rc, $out) = $conf->test_config(<<'EOC');
events {} http { server { listen 127.0.0.1:%%PORT_9%%; location / {
cc_executor on; cc_executor_stdin_buffer 1k; } } }
EOC
is($rc, 1, 'a buffer that is too small is refused');
like($out, qr/cc_executor_stdin_buffer/, 'by its name');
remove_tree($conf->dir);

done_testing;
