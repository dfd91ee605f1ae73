# cc-run and servers that are none, break the protocol, talk nonsense or close at any
# point: it ends, says why, and obeys nothing that is not for it; what a server that
# leaves has not begun, the next one gets.
#
# tags: asan slow

use strict;
use warnings;

use File::Temp qw(tempdir);
use JSON::PP ();
use MIME::Base64 ();
use Test::More;
use CC::FakeServer;
use CC::Run;

my $dir = tempdir('cc_test_XXXXXX', DIR => '/var/tmp', CLEANUP => 1);
my $server = CC::FakeServer->new(dir => $dir);
my $url = $server->url;
delete @ENV{qw(CC_URL CC_TOKEN)};
my $r;

# Runs cc-run against a server that does this to each connection.
sub meet {
    my ($do, @words) = @_;
    @words = ('-n', $url, '--', 'true') if !@words;
    return $server->meet($do, \@words);
}

# it fails, and says so, without a byte for the terminal to obey
sub fails {
    my ($name, $do, $why) = @_;
    my $r = meet($do);
    my $ok = defined $r->{rc} && $r->{rc} == 125
        && $r->{err} =~ ($why // qr/./) && $r->{err} =~ /\Acc-run: [ -~]+\n\z/
        && $r->{out} eq '';
    ok($ok, $name) or diag explain $r;
    return;
}

my $id = 'a1' x 24;
my $connected = '{"jsonrpc":"2.0","method":"connected","params":{"session_id":"x"}}';
my $started = qq({"id":1,"result":{"status":"started","execution_id":"$id"}});
my $done = qq({"method":"process.completed","params":{"execution_id":"$id",)
    . '"exit_code":7,"cause":"exit"}}';

# the handshake

my $hundred = "HTTP/1.1 101 Switching Protocols\r\n";
my $upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\n";
my ($mute, $other) = (qr/no answer from a WebSocket server/,
    qr/no WebSocket server/);
my $wrong = qr/the server's handshake is wrong/;

for ([ 'nothing', '', $mute ], [ 'half a line', 'HTTP/1.1 10', $mute ],
    [ 'garbage', "\0\xff" x 500, $mute ], [ 'no end', 'x' x 40_000, $mute ],
    [ 'no HTTP', "SSH-2.0-x\r\n\r\n", $other ],
    [ 'HTTP/1.0', "HTTP/1.0 101 x\r\n\r\n", $wrong ],
    [ 'a NUL', "${hundred}Upgrade: web\0socket\r\n\r\n", $other ],
    [ 'no Accept', "$hundred$upgrade\r\n", $wrong ],
    [ 'a wrong Accept', "$hundred${upgrade}Sec-WebSocket-Accept: eA==\r\n\r\n",
        $wrong ],
    [ 'a status with letters', "HTTP/1.1 abc x\r\n\r\n", $other ])
{
    my ($name, $text, $why) = @$_;
    fails("handshake: $name", sub { head($_[0]); print { $_[0] } $text;
        drain($_[0]) }, $why);
}

# headers come in any order, and each of them counts, wherever it stands

sub answer { my ($s, @lines) = @_; my $accept = accept_line(head($s));
    print $s $hundred, map({ s/^ACCEPT$/$accept/r . "\r\n" } @lines), "\r\n",
        greeting();
    return }

my @good = ('Connection: Upgrade', 'ACCEPT', "Sec-WebSocket-Protocol: \t"
    . "cc-executor \t", 'UPGRADE:WebSocket', 'Zero:');
for my $n (0 .. $#good) {
    my @lines = @good[$n .. $#good, 0 .. $n - 1];
    $r = meet(sub { my ($s) = @_; answer($s, @lines); request($s);
        print $s text($started), text($done); drain($s) });
    is_deeply($r, { rc => 7, out => '', err => '' },
        "handshake: '$lines[0]' comes first");
    for my $line ('Sec-WebSocket-Extensions: permessage-deflate',
        'Sec-WebSocket-Protocol: other')
    {
        my @bad = map { $line =~ /Protocol/ && /Protocol/ ? $line : $_ } @lines;
        push @bad, $line if $line =~ /Ext/;
        fails("handshake: '$lines[0]' comes first, $line", sub {
            answer($_[0], @bad); drain($_[0]) }, $wrong);
    }
}
fails("handshake: $_", sub { answer($_[0], (map { s/WebSocket$/h2c/r }
    @good)); drain($_[0]) }, $wrong) for 'another protocol than WebSocket';
fails("handshake: $_->[0]", sub { my ($s) = @_; head($s);
        print $s "HTTP/1.1 $_->[0] x\r\nContent-Type: text/plain\r\n\r\n",
            "\e[31mwhy \x07not\nmore"; drain($s) },
    qr/the server answered $_->[0] \(.*$_->[1].*\): \?\[31mwhy \?not\n/)
    for [ 401, 'token' ], [ 403, 'allowed' ], [ 404, 'path' ], [ 502, 'proxy' ],
        [ 301, 'moved' ];

# frames

for ([ 'masked', "\x81\x81\0\0\0\0x" ], [ 'a reserved bit', "\xc1\x01x" ],
    [ 'opcode 3', "\x83\x00" ], [ 'opcode 11', "\x8b\x00" ],
    [ 'a long ping', frame(0x89, 'x' x 126) ], [ 'half a ping', "\x09\x01x" ],
    [ 'binary', frame(0x82, '{}') ],
    [ '2^63 bytes', "\x81\x7f\x80" . "\0" x 7 ],
    [ '2^62 bytes', "\x81\x7f\x40" . "\0" x 7 ],
    [ '9 MB', "\x81\x7f" . pack('Q>', 9 << 20) ],
    [ '9 MB in pieces', frame(0x01, ' ' x (1 << 20))
        . frame(0x00, ' ' x (1 << 20)) x 8 ],
    [ 'goes on with nothing', frame(0x80, 'x') ],
    [ 'two at once', frame(0x01, 'x') . frame(0x81, 'y') ])
{
    my ($name, $bytes) = @$_;
    fails("frame: $name", sub { my ($s) = @_; handshake($s); request($s);
        print $s $bytes; drain($s) }, qr/WebSocket protocol/);
}
fails("close: $_->[0]", sub { my ($s) = @_; handshake($s); request($s);
        print $s frame(0x88, $_->[1]), 'junk'; drain($s) })
    for [ 'empty', '' ], [ 'one byte', 'x' ], [ 'a code', "\x03\xf3" ],
        [ 'a code that is none', "\0\0" ], [ 'text', "\x03\xf3\e[2Jgo\x9b" ];

# messages

for ([ 'no JSON', 'hello' ], [ 'nothing', '' ], [ 'half', '{"id":1,' ],
    [ 'two', '{} {}' ], [ 'deep', '[' x 100 . ']' x 100 ],
    [ '40,000 scalars', '[' . join(',', (0) x 40_000) . ']' ],
    [ 'a long key', '{"' . 'k' x 5000 . '":1}' ],
    [ 'a number', '17' ], [ 'a list', '[1,{"id":1}]' ],
    [ 'no id of a command', '{"id":1,"result":[]}' ],
    [ 'an object for an id', '{"id":1,"result":{"execution_id":{"a":1}}}' ],
    [ 'a long id', '{"id":1,"result":{"execution_id":"' . 'a' x 500 . '"}}' ],
    [ 'an answer to nobody', '{"id":99,"error":{"message":"x"}}' ],
    [ 'a number of a thousand digits', '{"id":' . '9' x 1000 . '}' ],
    [ 'keys in a row', '{"a":{"b":[[],{},[{"c":null}]]}}' ])
{
    my ($name, $message) = @$_;
    fails("message: $name", sub { my ($s) = @_; handshake($s); request($s);
        print $s text($message); drain($s) });
}
$r = meet(sub { my ($s) = @_; handshake($s); request($s);
    print $s text(qq({"id":1,"error":{"code":-32002,"message":"\\u001b[2J no\\u009b"}}));
    drain($s) });
is_deeply($r, { rc => 126, out => '', err => "cc-run: ?[2J no?\n" },
    'an error: said, not obeyed');

# notifications of a command that runs, then its end; each alone

my @nonsense = map { qq({"method":"process.$_->[0]","params":{"execution_id":"$id",$_->[1]}}) }
    [ output => '"type":"stdout"' ], [ output => '"data":"AAAA"' ],
    [ output => '"type":1,"data":2' ], [ output => '"type":"x","data":"="' ],
    [ output => '"type":"stderr","data":"\u0000\u00ff!==","next":-5' ],
    [ output => '"type":"stderr","data":"","next":99999999999999999999' ],
    [ output => '"type":"stderr","data":[],"next":{}' ],
    [ gap => '"stream":"stderr","from":9,"to":-9' ], [ gap => '"stream":[1]' ],
    [ detached => '"reason":null' ], [ completely => '"exit_code":3' ],
    [ started => '"x":1' ], [ error => '"error":"\u001b[2J"' ];
$r = meet(sub { my ($s) = @_; handshake($s); request($s);
    print $s text($connected), text($started),
        frame(0x89, 'ping'), map({ text($_) } @nonsense),
        text('{"method":"process.output","params":{"execution_id":"other",'
            . '"type":"stdout","data":"b3RoZXI="}}'),
        text('{"id":77,"result":{"accepted":99,"offset":-1}}'),
        text('{"id":2,"error":{"code":-32001,"data":{"offset":5},"message":"x"}}'),
        frame(0x01, substr $done, 0, 9), frame(0x8a, ''),
        frame(0x80, substr $done, 9);
    drain($s) });
is($r->{rc}, 7, 'nonsense about a command: its exit code comes all the same');
unlike($r->{out} . $r->{err}, qr/other|\e|Sanitizer|runtime error/,
    'and nothing that is not its own');

for ([ 0, 0 ], [ 255, 255 ], [ -1, 129 ], [ -64, 192 ], [ 125, 125, '' ],
    [ '"abc"' ], [ '1e99' ], [ -65 ], [ -99999 ], [ 256 ], [ '7.5' ], [ '{}' ],
    [ 'null' ], [ 'true' ], [ '""' ], [ '-9223372036854775808' ],
    [ '9' x 30 ])
{
    my ($code, $wanted, $err) = @$_;
    $r = meet(sub { my ($s) = @_; handshake($s); request($s);
        print $s text($started), text($done =~ s/:7/:$code/r); drain($s) });
    is_deeply($r, { rc => $wanted // 125, out => '', err => defined $wanted ? ''
        : "cc-run: it is over, but not known how it ended\n" },
        "exit code $code");
}

# what is not there any more is said where it was, and only if it was something

$r = meet(sub { my ($s) = @_; handshake($s); request($s);
    print $s text($started), map({ text(qq({"method":"process.gap","params":{)
        . qq("execution_id":"$id","stream":"stdout","from":$_->[0],)
        . qq("to":$_->[1]}})) } [ 3, 8 ], [ 8, 8 ], [ 9, 2 ],
            [ '-9223372036854775808', '9223372036854775807' ]), text($done);
    drain($s) });
is_deeply($r, { rc => 7, out => '',
    err => "cc-run: 5 bytes of stdout are not held any more\n" }, 'a gap');

# an id is printed, and stands on command lines

for my $bad ('\u001b[2J', 'a b', '\u00e4', '$(x)') {
    $r = meet(sub { my ($s) = @_; handshake($s); request($s);
        print $s text(qq({"id":1,"result":{"execution_id":"$bad"}}));
        drain($s) }, '-d', $url, '--', 'true');
    is_deeply($r, { rc => 125, out => '',
        err => "cc-run: the server does not say which command it is\n" },
        "an id $bad");
}

# a kept command that we are sent away from

$r = meet(sub { my ($s) = @_; handshake($s); request($s);
    print $s text($started), text(qq({"method":"process.detached","params":{)
        . qq("execution_id":"$id","reason":"unreachable"}})); drain($s) },
    '-n', '-k', $url, '--', 'true');
is_deeply($r, { rc => 125, out => '', err => 'cc-run: detached: unreachable; the '
    . "command may go on: cc-run attach $id\n" }, 'detached: how to come back');

# binary messages: asked for where the server can, and what is none of them

my $channel = $started =~ s/"status"/"channel":5,"status"/r;
my @hello = (packet(6, 1, 0, 'other'), packet(5, 1, 0, "\0\xff\n"),
    packet(5, 2, 0, 'err'), packet(5, 1, 3, ''), packet(5, 1, 3, 'end'));
my $asked;
$r = meet(sub { my ($s) = @_; handshake($s, 'binary');
    $asked = JSON::PP->new->decode(request($s))->{params}{encoding};
    die if $asked ne 'binary';
    print $s text($channel), @hello, text($done); drain($s) });
is_deeply($r, { rc => 7, out => "\0\xff\nend", err => 'err' },
    'binary messages of its channel, and of no other');
$r = meet(sub { my ($s) = @_; handshake($s); my $m = request($s);
    print $s text($started), text($done)
        if JSON::PP->new->decode($m)->{params}{encoding} eq 'base64';
    drain($s) });
is($r->{rc}, 7, 'a server that cannot is not asked for them');
$r = meet(sub { my ($s) = @_; handshake($s, 'binary'); my $m = request($s);
    print $s text($started), text($done)
        if JSON::PP->new->decode($m)->{params}{encoding} eq 'base64';
    drain($s) }, '--json', '-n', $url, '--', 'true');
is($r->{rc}, 7, 'nor with --json, which shows messages');
my $good = substr packet(5, 1, 0, 'x'), 2;
for ([ 'short', substr $good, 0, 23 ], [ 'empty', '' ],
    [ 'version 2', "\2" . substr $good, 1 ],
    [ 'stdin', "\1\0" . substr $good, 2 ],
    [ 'stream 9', "\1\x09" . substr $good, 2 ],
    [ 'flags', "\1\1\x80" . substr $good, 3 ])
{
    my ($name, $bytes) = @$_;
    $r = meet(sub { my ($s) = @_; handshake($s, 'binary'); request($s);
        print $s text($channel), frame(0x82, $bytes); drain($s) });
    is_deeply($r, { rc => 125, out => '', err =>
        "cc-run: the server does not speak our binary messages\n" },
        "a binary message: $name");
}
$r = meet(sub { my ($s) = @_; handshake($s, 'binary'); request($s);
    print $s text($channel), frame(0x02, substr $good, 0, 9),
        frame(0x89, ''), frame(0x80, substr $good, 9), text($done);
    drain($s) });
is_deeply($r, { rc => 7, out => 'x', err => '' }, 'a binary message in pieces');

# input that is refused again and again

open my $f, '>', "$dir/in" or die $!;
print $f 'x' x 10_000;
close $f;
$r = $server->meet(sub {
    my ($s) = @_;
    handshake($s);
    request($s);
    print $s text($started);
    my ($got, $n, $refused) = (0, 0, 0);
    while (my $request = request($s)) {
        my $m = JSON::PP->new->decode($request);
        my $p = $m->{params};
        my $size = length MIME::Base64::decode_base64($p->{data_base64} // '');
        $refused = 0 if ($p->{offset} // -1) == $got;
        if ($refused || $size > 3000 || $n++ == 1) {
            $refused = 1;
            print $s text(qq({"id":$m->{id},"error":{"code":-32001,)
                . qq("message":"full","data":{"offset":$got}}}));
            next;
        }
        $got += $size;
        print $s text(qq({"id":$m->{id},"result":{"accepted":$size,)
            . qq("offset":$got}}));
        if ($p->{eof}) {
            print $s text($done =~ s/:7/:@{[$got == 10_000 ? 9 : 8]}/r);
            last;
        }
    }
    drain($s);
}, [$url, '--', 'x'], in => "$dir/in");
is_deeply($r, { rc => 9, out => '', err => '' },
    'input with little room: all of it, in smaller pieces');

# closed at any point of a conversation that would be good

my $talk = text($connected) . text($started) . text('{"method":'
    . qq("process.output","params":{"execution_id":"$id","type":"stdout",)
    . '"data":"aGVsbG8K","offset":0,"next":6}}') . text($done);
my @bad;
for (my $n = 0; $n <= length $talk; $n += 37) {
    $r = meet(sub { my ($s) = @_; handshake($s); request($s);
        print $s substr $talk, 0, $n; drain($s) });
    push @bad, "$n: rc " . ($r->{rc} // '?') . " $r->{err}"
        if ($r->{rc} // 0) != 125 || $r->{out} !~ /^(hello\n)?\z/
            || $r->{err} !~ /\Acc-run: [ -~]+\n\z/;
}
is_deeply(\@bad, [], 'closed after any byte: 125, and said');
$r = meet(sub { my ($s) = @_; handshake($s); request($s); print $s $talk;
    drain($s) });
is_deeply($r, { rc => 7, out => "hello\n", err => '' }, 'all of it');

# a server that leaves has not begun: the next one does; not for ever

for ([ 'a refusal', text('{"id":1,"error":{"code":-32603,'
        . '"message":"server is reloading, connect again"}}') ],
    [ 'no answer', frame(0x88, "\x03\xe9server is reloading") ])
{
    my ($name, $bytes) = @$_;
    $r = meet(sub { my ($s, $n) = @_; handshake($s); request($s);
        if ($n == 0) { print $s $bytes }
        else { print $s $talk =~ s/"id":1/"id":2/r }
        drain($s) });
    is_deeply($r, { rc => 7, out => "hello\n", err => '' },
        "a server that leaves, $name: the next one is asked");
    $r = meet(sub { my ($s) = @_; handshake($s); request($s);
        print $s $bytes; drain($s) }, '--reconnect', 1, $url, '--', 'true');
    is($r->{rc}, 125, "$name, again and again: given up");
}

# ps: page after page, ids that nobody knows any more

my @page = map { my $page = $_; join ',', map { sprintf '{"execution_id":%s,'
    . '"name":"%016x","label":"l%d","state":"exited","exit_code":0}',
    $_ % 2 ? 'null' : sprintf('"%048x"', $page * 10 + $_), $page * 10 + $_,
    $page * 10 + $_ } 0 .. 2 } 0 .. 2;
$r = meet(sub { my ($s) = @_; handshake($s);
    for my $n (0 .. 2) {
        my $asked = JSON::PP->new->decode(request($s));
        die if ($asked->{params}{after} // '') ne ($n ? "next$n" : '');
        my $next = $n + 1;
        print $s text(qq({"id":$asked->{id},"result":{"commands":[$page[$n]],)
            . ($n < 2 ? qq("more":true,"next":"next$next"}}) : '"more":false}}'));
    }
    drain($s) }, $url, 'ps');
is_deeply([$r->{rc}, [$r->{out} =~ /\bl(\d+)$/mg]],
    [0, [0, 1, 2, 10, 11, 12, 20, 21, 22]], 'ps: three pages, all rows');

done_testing;
