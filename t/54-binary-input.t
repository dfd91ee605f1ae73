# binary messages of a client: stdin of a command, what is wrong with them, and
# where none are accepted.
#
# tags: asan coverage

use strict;
use warnings;

use Digest::SHA qw(sha256_hex);
use JSON::PP ();
use Test::More;
use CC::Nginx;

my $true = JSON::PP::true;
my ($EOF, $PLACED) = (1, 2);
my $t = CC::Nginx->new(location => 'cc_executor_allow any;
    cc_executor_shell /bin/sh; cc_executor_keep on; cc_executor_tty on;
    cc_executor_stdin_buffer 64k;', server => 'location /small {
    cc_executor on; cc_executor_allow any; cc_executor_max_message 4k; }')->start;

# cat, or another command: its channel and its id
sub begin {
    my ($c, %o) = @_;
    my $m = $c->call('execute', { command => 'cat', open_stdin => $true,
        encoding => 'binary', %o });
    is($m->{error}, undef, 'started') or diag explain $m;
    $c->notification('process.started');
    return @{ $m->{result} }{qw(channel execution_id)};
}

# what comes up to its end
sub rest {
    my ($c) = @_;
    my %r = (data => '', answer => {}, told => []);
    while (my $m = $c->next(30)) {
        if ($m->{packet}) {
            $r{data} .= $m->{packet}{data};
        } elsif (exists $m->{id}) {
            $r{answer}{ $m->{id} // 'null' } = $m->{result} // $m->{error};
        } elsif ($m->{method} eq 'process.error') {
            push @{ $r{told} }, $m->{params};
        } elsif ($m->{method} eq 'process.completed') {
            $r{completed} = $m->{params};
            last;
        }
    }
    return \%r;
}

my $c = $t->client;
my ($channel, $id) = begin($c);
my $bytes = join '', map { chr } 0 .. 255;
$c->send_packet($channel, $bytes, seq => 1001);
$c->send('input', { data => 'text', execution_id => $id }, id => 1002);
$c->send_packet($channel, "\xff", seq => 1003, flags => $PLACED,
    offset => 260);
$c->send_packet($channel, '', seq => 1004);
$c->send_packet($channel, 'end', seq => 9_007_199_254_740_993, flags => $EOF);
my $r = rest($c);
is($r->{data}, "${bytes}text\xffend", 'bytes and text, in their order');
is_deeply([@{ $r->{answer} }{1001 .. 1004, 9_007_199_254_740_993}], [map {
    { accepted => $_->[0], offset => $_->[1] } } [256, 256], [4, 260], [1, 261],
    [0, 261], [3, 264]], 'answered like input, each with its seq');
is($r->{completed}{exit_code}, 0, 'its end is told');

# one that asks for no answer; in pieces; a message of many

($channel) = begin($c);
my $packet = CC::Client::packet($channel, 'abc' x 1000);
my $ws = $c->ws;
$ws->send_frame(2, substr($packet, 0, 1), fin => 0);
$ws->send_frame(9, 'ping');
$ws->send_frame(0, substr($packet, 1, 22), fin => 0);
$ws->send_frame(0, '', fin => 0);
$ws->send_frame(0, substr $packet, 23);
$ws->dribble(CC::WebSocket::frame(2, CC::Client::packet($channel, 'de')));
$c->send_packet($channel, '', flags => $EOF);
$r = rest($c);
is($r->{data}, 'abc' x 1000 . 'de', 'in fragments, byte by byte');
is_deeply([$r->{answer}, $r->{told}], [{}, []], 'seq 0: not answered');

# much of it, as it is taken

srand 5;
my $random = join '', map { pack 'N', int rand 2**32 } 1 .. 300_000;
($channel) = begin($c);
my ($sent, $seq, $got, $taken) = (0, 5000, '', 0);
my $more = sub {
    my $n = length($random) - $sent;
    $n = 16384 if $n > 16384;
    $c->send_packet($channel, substr($random, $sent, $n), seq => ++$seq,
        offset => $sent, flags => $PLACED | ($sent + $n == length $random
            ? $EOF : 0));
    $sent += $n;
};
$more->() for 1 .. 3;
while (my $m = $c->next(30)) {
    if ($m->{packet}) {
        $got .= $m->{packet}{data};
    } elsif ($m->{result}) {
        $taken = $m->{result}{offset};
        $more->() if $sent < length $random;
    } elsif (($m->{method} // '') eq 'process.completed') {
        last;
    }
}
is($taken, length $random, '1.2 MB are taken');
is(sha256_hex($got), sha256_hex($random), 'and come back');

# a command that does not read: bounded as input is, refused with the place

($channel, $id) = begin($c, command => 'sleep 600');
$c->send_packet($channel, 'x' x 60000, seq => 1) for 1 .. 8;
my $refused = $c->wait_for(sub { $_[0]{error} });
like($refused->{error}{message}, qr/bytes of input wait for this process/,
    'more than may wait is refused');
my $at = $refused->{error}{data}{offset};
is($at % 60000, 0, 'as a whole');
$c->send_packet($channel, 'y', seq => 2);
like($c->answer(2)->{error}{message}, qr/an earlier input .* was refused/,
    'and all behind it');
$c->send_packet($channel, 'y', seq => 3, flags => $PLACED, offset => $at + 1);
is($c->answer(3)->{error}{data}{offset}, $at, 'also at another place');
$c->send_packet($channel, 'z');
is($c->notification('process.error')->{params}{offset}, $at,
    'without seq: process.error');
$c->call('control', { type => 'CANCEL' });
$c->notification('process.completed');

# what is none, each with an error, and the connection goes on

@{ $c->{queue} } = ();
($channel, $id) = begin($c);
my $null = 'null';
for ([ 'nothing', '', $null, -32600, 'shorter' ],
    [ '23 bytes', substr(CC::Client::packet($channel, '', seq => 9), 0, 23),
        $null, -32600, 'shorter than its header, 24 bytes' ],
    [ 'version 0', CC::Client::packet($channel, 'x', seq => 9, version => 0),
        $null, -32600, 'version' ],
    [ 'version 2', CC::Client::packet($channel, 'x', seq => 9, version => 2),
        $null, -32600, 'version' ],
    [ 'stream 3', CC::Client::packet($channel, 'x', seq => 9, stream => 3), 9,
        -32600, 'stream' ],
    [ 'stdout', CC::Client::packet($channel, 'x', seq => 9, stream => 1), 9,
        -32600, 'stdin only' ],
    [ 'flag 4', CC::Client::packet($channel, 'x', seq => 9, flags => 4), 9,
        -32600, 'reserved flags' ],
    [ 'flag 0x8000, no seq', CC::Client::packet($channel, 'x',
        flags => 0x8000), $null, -32600, 'reserved flags' ],
    [ 'an offset that does not count', CC::Client::packet($channel, 'x',
        seq => 9, offset => 1), 9, -32600, 'offset' ],
    [ 'another channel', CC::Client::packet($channel + 1, 'x', seq => 9), 9,
        -32003, 'channel ' . ($channel + 1) ],
    [ 'channel 0', CC::Client::packet(0, 'x', seq => 9), 9, -32003,
        'channel 0' ],
    [ 'a channel that is over', CC::Client::packet($channel - 1, 'x',
        seq => 9), 9, -32003, 'channel' ],
    [ 'a wrong offset', CC::Client::packet($channel, 'x', seq => 9,
        flags => $PLACED, offset => 7), 9, -32602, 'offset is 7' ])
{
    my ($name, $message, $who, $code, $text) = @$_;
    $ws->send_frame(2, $message);
    my $m = $c->next(20);
    is_deeply([exists $m->{id} ? $m->{id} // $null : 'none', $m->{error}{code}],
        [$who, $code], "$name: refused") or diag explain $m;
    like($m->{error}{message} // '', qr/\Q$text/, "$name: and why");
}
$ws->send_frame(2, CC::Client::packet($channel + 1, 'x'));
$c->send_packet($channel, 'good', seq => 10, flags => $PLACED | $EOF);
$r = rest($c);
is($r->{data}, 'good', 'nothing of them was typed');
is_deeply([sort keys %{ $r->{answer} }], [10],
    'an unknown channel without seq is not answered');

# stdin that is not open; a terminal; one that only reads, one that writes

$c->send('execute', { command => 'exec sleep 600', encoding => 'binary' }, id => 20);
$channel = $c->answer(20)->{result}{channel};
$c->send_packet($channel, 'x', seq => 21);
is($c->answer(21)->{error}{code}, -32602, 'stdin that is not open');
$c->call('control', { type => 'CANCEL' });
$c->notification('process.completed');
($channel) = begin($c, command => 'read a; echo "<$a>"',
    tty => { cols => 80, rows => 24, echo => JSON::PP::false });
$c->send_packet($channel, "typed\n", seq => 22);
$r = rest($c);
is($r->{data}, "<typed>\r\n", 'typed into a terminal');
is_deeply($r->{answer}{22}, { accepted => 6, offset => 6 }, 'and answered');

($channel, $id) = begin($c, on_disconnect => 'keep');
my $o = $t->client;
my $read = $o->call('attach', { execution_id => $id, encoding => 'binary' })
    ->{result};
$o->send_packet($read->{channel}, 'x', seq => 30);
like($o->answer(30)->{error}{message}, qr/may only read/, 'attached to read');
$o->call('detach', { execution_id => $id });
my $write = $o->call('attach', { execution_id => $id, encoding => 'binary',
    mode => 'write' })->{result};
isnt($write->{channel}, $read->{channel}, 'attached once more: a new channel');
$o->send_packet($read->{channel}, 'x', seq => 31);
is($o->answer(31)->{error}{code}, -32003, 'the old one is over');
$o->send_packet($write->{channel}, "from there\n", seq => 32);
is_deeply($o->answer(32)->{result}, { accepted => 11, offset => 11 },
    'attached to write');
$c->send_packet($channel, "from here\n", seq => 33, flags => $EOF);
my ($here, $there) = (rest($c), rest($o));
is($here->{data}, "from there\nfrom here\n", 'both wrote');
is($there->{data}, $here->{data}, 'both read it');

# where none was asked for: 1003, before a byte of it is taken

my $n = $t->client;
$n->run({ command => 'true' });
$n->ws->send_frame(2, CC::Client::packet(1, 'x'));
is($n->ws->read_close, 1003, 'no binary channel: 1003');
is($n->ws->{close_reason}, 'binary messages are not accepted', 'and why');
$n = $t->client;
$n->call('execute', { args => ['/nonexistent'], encoding => 'binary' });
$n->call('execute', { args => ['true'], encoding => 'wrong' });
$n = $t->client;
$n->call('execute', { args => ['true'], encoding => 'wrong' });
$n->ws->write("\x82\x99");
is($n->ws->read_close, 1003, 'at its header');
$n = $t->client;
$n->run({ command => 'true', encoding => 'binary' });
$n->send_packet(1, 'x', seq => 5);
is($n->answer(5)->{error}{code}, -32003, 'when it is over: an error');

# one that is too big; a session that goes in the middle of one

$n = $t->client(path => '/small');
$channel = $n->call('execute', { args => ['cat'], open_stdin => $true,
    encoding => 'binary' })->{result}{channel};
$n->send_packet($channel, 'x' x 4073, seq => 6);
is($n->ws->read_close, 1009, 'more than cc_executor_max_message: 1009');
$n = $t->client;
$n->call('execute', { args => ['cat'], open_stdin => $true,
    encoding => 'binary' });
$n->ws->send_frame(2, 'x' x 40000, fin => 0);
$n->close;
$n = $t->client;
$n->call('execute', { args => ['cat'], open_stdin => $true,
    encoding => 'binary' });
$n->ws->send_frame(2, "\xff", fin => 0);
$n->ws->send_frame(1, 'x');
is($n->ws->read_close, 1002, 'a text inside of it: 1002');

$_->close for $c, $o, $n;
$t->finish;
done_testing;
