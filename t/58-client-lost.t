# cc-run and a played server that loses connections: what was told is told again
# or not, pauses, Ctrl-P Ctrl-Q, signs of life while nobody reads our output.
#
# tags: asan

use strict;
use warnings;

use File::Temp qw(tempdir);
use IO::Select;
use JSON::PP ();
use MIME::Base64 qw(decode_base64 encode_base64);
use Test::More;
use Time::HiRes qw(CLOCK_MONOTONIC clock_gettime sleep);
use CC::FakeServer;
use CC::Run;

my $dir = tempdir('cc_test_XXXXXX', DIR => '/var/tmp', CLEANUP => 1);
delete @ENV{qw(CC_URL CC_TOKEN)};
my $id = 'a1' x 24;
my $server = CC::FakeServer->new(dir => $dir);
my $url = $server->url;

sub start { my ($do, $words, %o) = @_; $server->serve($do);
    return CC::Run->start($words, dir => $dir, %o) }

# the next request: its method, id and params
sub asked {
    my ($s) = @_;
    my $m = JSON::PP->new->decode(request($s));
    return ($m->{method}, $m->{id}, $m->{params});
}

# waits for this request, and returns its id
sub wanted {
    my ($s, $method, %params) = @_;
    my ($m, $request, $p) = asked($s);
    die "$m" if $m ne $method || grep { ($p->{$_} // '') ne $params{$_} }
        keys %params;
    return $request;
}

sub result { my ($s, $request, $json) = @_;
    print $s text(qq({"id":$request,"result":$json})); return }
sub told { my ($s, $method, $json) = @_;
    print $s text(qq({"method":"process.$method","params":{"execution_id":)
        . qq("$id",$json}})); return }
sub output { my ($s, $text) = @_;
    return told($s, 'output', '"type":"stdout","data":"'
        . encode_base64($text, '') . '","next":' . length $text) }
sub completed { my ($s, $code, $cause) = @_;
    told($s, 'completed', qq("exit_code":$code,"cause":"@{[$cause // 'exit']}"));
    return drain($s) }

# what the server has to say to the test
sub heard { my ($pipe) = @_;
    IO::Select->new($pipe)->can_read($CC::Run::TIMEOUT) or return;
    sysread $pipe, my $text, 100;
    return $text }

# shakes hands; the command runs, and says so
sub begin { my ($s, $method) = @_;
    handshake($s);
    result($s, wanted($s, $method // 'execute'), qq({"execution_id":"$id"}));
    return }

# nobody reads our output, so we do not read pings: signs of life all the same

my $quiet = CC::FakeServer->new(dir => $dir);
pipe my $read, my $live or die $!;
$quiet->serve(sub {
    my ($s) = @_;
    begin($s);
    output($s, 'x' x 2_000_000);
    1 while (next_frame($s))[0] != 10;
    syswrite $live, 'a pong';
    completed($s, 7);
});
close $live;
pipe my $from, my $to or die $!;
my $full = CC::Run->start(['-n', $quiet->url, '--', 'x'], dir => $dir,
    out => $to);
close $to;

# RESUME gets lost with the connection: it is told to the next one

my $c = start(sub {
    my ($s, $n) = @_;
    begin($s, $n ? 'attach' : 'execute');
    if ($n == 0) {
        output($s, "ready\n");
        my $request = wanted($s, 'control', type => 'PAUSE');
        output($s, "ready\npaused\n");
        result($s, $request, '{}');
        wanted($s, 'control', type => 'RESUME');
        return;
    }
    result($s, wanted($s, 'control', type => 'RESUME'), '{}');
    completed($s, 7);
}, ['-n', '-k', $url, '--', 'x']);
ok($c->wait_out(qr/ready/), 'a command that is kept');
$c->signal('TSTP');
ok($c->wait_out(qr/paused/), 'it is paused');    # SIGCONT undoes SIGTSTP
for (1 .. 50 * $CC::Run::TIMEOUT) {
    last if $c->ended;
    $c->signal('CONT');                  # where a shell could do so
    sleep 0.02;
}
is($c->rc, 7, 'RESUME that was not answered is told again');

# CANCEL, too; INT is not: it may mean something else the second time

$c = start(sub {
    my ($s, $n) = @_;
    begin($s, $n ? 'attach' : 'execute');
    if ($n == 0) {
        output($s, "ready\n");
        wanted($s, 'signal', signal => 'INT');
        return;
    }
    told($s, 'output', '"type":"stdout","data":"YWdhaW4K","next":12');
    wanted($s, 'control', type => 'CANCEL');
    if ($n == 1) {
        return;
    }
    completed($s, -15, 'cancel');
}, ['-n', '-k', $url, '--', 'x']);
ok($c->wait_out(qr/ready/), 'another one');
$c->signal('INT');
ok($c->wait_out(qr/again/), 'INT gets lost');
$c->signal('INT');
is($c->rc, 143, 'INT is told once, CANCEL until it is answered');

# of a command whose helper has died nobody knows, interrupted or not

$c = start(sub {
    my ($s) = @_;
    begin($s);
    output($s, "ready\n");
    wanted($s, 'signal', signal => 'INT');
    completed($s, 'null', 'lost');
}, ['-n', $url, '--', 'x']);
ok($c->wait_out(qr/ready/), 'one that is interrupted');
$c->signal('INT');
is($c->rc, 125, 'it is lost');
is($c->err, "cc-run: ended by the server, cause: lost\n", 'and that is said');

# a server that takes us and drops us: longer and longer pauses

my $seen = "$dir/seen";
$c = start(sub {
    my ($s, $n) = @_;
    open my $f, '>>', $seen or die $!;
    print $f clock_gettime(CLOCK_MONOTONIC), "\n";
    close $f;
    begin($s, $n ? 'attach' : 'execute');
    completed($s, 7) if $n == 5;
}, ['-n', '-k', $url, '--', 'x']);
is($c->rc, 7, 'dropped five times');
open my $f, '<', $seen or die $!;
my @at = <$f>;
close $f;
cmp_ok($at[5] - $at[0], '>', 1.4, 'with pauses that grow');

# wait: a server that reloads is not there at once

my $r = $server->meet(sub {
    my ($s, $n) = @_;
    if ($n == 1) {
        head($s);
        print $s "HTTP/1.1 503 x\r\n\r\n";
        return drain($s);
    }
    handshake($s);
    if ($n == 0) {
        result($s, wanted($s, 'wait'), '{"reason":"reload"}');
        return drain($s);
    }
    result($s, wanted($s, 'wait'), '{"reason":"exit"}');
    result($s, wanted($s, 'list'), qq({"commands":[{"execution_id":"$id",)
        . '"name":"a","exit_code":125}],"more":false}');
    drain($s);
}, [$url, 'wait', $id]);
is_deeply($r, { rc => 125, out => '', err => '' },
    'wait goes on with the next server; 125 of a command is its own');
$r = $server->meet(sub {
    my ($s) = @_;
    handshake($s);
    result($s, wanted($s, 'wait'), '{"reason":"exit"}');
    result($s, wanted($s, 'list'), qq({"commands":[{"execution_id":"$id",)
        . '"name":"a","exit_code":256}],"more":false}');
    drain($s);
}, [$url, 'wait', $id]);
is_deeply($r, { rc => 125, out => '',
    err => "cc-run: it is over, but not known how it ended\n" },
    'wait: 256 is no exit code');

# what the next server does not answer is not asked a third one

$r = $server->meet(sub {
    my ($s, $n) = @_;
    handshake($s);
    my $request = wanted($s, 'execute');
    return if $n == 1;
    if ($n == 0) {
        print $s text(qq({"id":$request,"error":{"code":-32603,)
            . '"message":"server is reloading, connect again"}}');
        return drain($s);
    }
    result($s, $request, qq({"execution_id":"$id"}));
    completed($s, 8);
}, ['-n', $url, '--', 'x']);
is_deeply($r, { rc => 125, out => '',
    err => "cc-run: the connection was lost\n" },
    'one that may have been started is not started again');

# Ctrl-P Ctrl-Q right behind other keys: these go first

pipe my $got, my $tell or die $!;
pipe my $wait, my $typed or die $!;
$server->serve(sub {
    my ($s) = @_;
    handshake($s);
    result($s, wanted($s, 'attach'), qq({"execution_id":"$id",)
        . '"tty":{"cols":80,"rows":24},"head":{"stdout":0,"stderr":0}}');
    my ($m, $request, $p, @keys);
    while (@keys < 2) {
        ($m, $request, $p) = asked($s);
        output($s, 'ready') if $m eq 'resize';
        next if $m ne 'input';
        push @keys, decode_base64($p->{data_base64});
        if (@keys == 1) {
            syswrite $tell, 'a key';
            sysread $wait, my $x, 1;
        }
        my $n = length $keys[-1];
        result($s, $request, qq({"accepted":$n}));
    }
    syswrite $tell, "keys @keys";
    drain($s);
});
close $tell;
$c = CC::Run->terminal(['attach', $url, $id], dir => $dir);
ok($c->expect(qr/ready/), 'a terminal that listens');
$c->type('a');
is(heard($got), 'a key', 'a key');
$c->type("b\x10\x11");
syswrite $typed, 'x';
is(heard($got), 'keys a b', 'the keys before Ctrl-P Ctrl-Q arrive');
is($c->rc, 0, 'and we leave');

# also while old output comes, when other keys do not count

$server->serve(sub {
    my ($s) = @_;
    handshake($s);
    result($s, wanted($s, 'attach'), qq({"execution_id":"$id",)
        . '"tty":{"cols":80,"rows":24},"head":{"stdout":99,"stderr":0}}');
    output($s, 'old');
    while (1) { die if (asked($s))[0] eq 'input' }
});
$c = CC::Run->terminal(['attach', $url, $id], dir => $dir);
ok($c->expect(qr/old/), 'some old output');
$c->type("x\x10\x11");
is($c->rc, 0, 'Ctrl-P Ctrl-Q leave');
ok($c->expect(qr/cc-run: detached/), 'and that is said');

# the signs of life

is(heard($read), 'a pong', 'a pong comes while nobody reads');
my $size = 0;
while (my $n = sysread $from, my $some, 1 << 20) { $size += $n }
is($size, 2_000_000, 'all of the output');
is($full->rc, 7, 'and the exit code');

undef $_ for $c, $full;
done_testing;
