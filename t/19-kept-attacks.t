# Whoever is not a worker of this nginx gets nothing from the helper of a kept
# command, and no other owner gets anything from a worker: not by its socket,
# not by a stolen id, not by standing in its place, not by noise.
#
# tags: asan coverage

use strict;
use warnings;

use Digest::SHA qw(hmac_sha256 sha256);
use IO::Select;
use JSON::PP ();
use Socket;
use Test::More;
use Time::HiRes qw(time sleep);
use CC::Attack qw(abi);
use CC::Nginx alone => "programs of the workers' user at the sockets of helpers";
use CC::Wire;

plan skip_all => 'needs root' if $> != 0;

my $true = JSON::PP::true;
my $secret = 'secret-' x 8;
my $noise = $ENV{CC_NIGHTLY} ? 20_000 : 1_000;

my $location = 'cc_executor on; cc_executor_allow any;
    cc_executor_shell /bin/sh; cc_executor_keep on;';
my $t = CC::Nginx->new(workers => 2,
    http => 'cc_executor_secret %%DIR%%/root/secret; cc_executor_fence off;',
    location => 'cc_executor_allow any; cc_executor_shell /bin/sh;
        cc_executor_keep on; cc_executor_max_watchers 17;
        cc_executor_max_waits 5;',
    server => <<"EOC");
location /alice { $location cc_executor_token_file alice; }
location /bob { $location cc_executor_token_file bob; }
location /both { $location cc_executor_token_file both; }
location /fenced { $location cc_executor_fence on; }
location /sixteen { $location }
EOC
mkdir $t->dir . '/root' or die $!;
write_file('root/secret', "$secret\n");
my %token = map { $_ => "$_-token-" x 8 } qw(alice bob);
my %line = map { $_ => "$_ " . Digest::SHA::sha256_hex($token{$_}) . "\n" }
    qw(alice bob);
write_file($_, $line{$_}) for qw(alice bob);
write_file('both', "$line{alice}$line{bob}");
$t->start;

sub write_file {
    my ($name, $text) = @_;
    my $file = $t->dir . "/$name";
    open my $fh, '>', $file or die "$file: $!";
    chmod $name =~ /root/ ? 0600 : 0644, $file;
    print $fh $text;
    close $fh or die $!;
    return;
}

sub client {
    my ($path, $who) = @_;
    return $t->client(path => $path // '/ws/mcp', $who
        ? (headers => { Authorization => "Bearer $token{$who}" }) : ());
}

sub start {
    my ($c, $command, %o) = @_;
    my $m = $c->call('execute', { command => $command,
        on_disconnect => 'keep', %o });
    is($m->{error}, undef, "started: $command") or diag(explain($m));
    $c->notification('process.started');
    return $m->{result}{execution_id};
}

# what a command does to a socket: connects and says datagrams, says nothing,
# makes noise, or stands in its place

write_file('attack.pl', <<'EOP');
use strict;
use warnings;
use IO::Select;
use Socket;
$| = 1;
my ($what, $name, @args) = @ARGV;
my $address = pack('S', AF_UNIX) . "\0cc-executor/$name";
sub seqpacket { socket my $s, AF_UNIX, SOCK_SEQPACKET, 0 or die $!; return $s }
sub door {
    for (1 .. 2000) {
        my $s = seqpacket();
        return $s if connect $s, $address;
        if (!$!{EAGAIN}) { print "connect: $!\n"; exit }
        select undef, undef, undef, 0.005;
    }
    print "connect: never\n";
    exit;
}
sub hear {
    my ($s) = @_;
    IO::Select->new($s)->can_read(20) or return 'silence';
    defined recv $s, my $data, 70000, 0 or return "$!";
    return length $data ? unpack 'H*', $data : 'closed';
}
if ($what eq 'say') {
    my $s = door();
    send $s, pack('H*', $_), 0 for @args;
    print hear($s), "\n";
} elsif ($what eq 'silent') {
    my @s = map { door() } 1 .. $args[0];
    print scalar @s, " are silent\n";
    readline STDIN;
} elsif ($what eq 'noise') {
    srand $args[1];
    for (1 .. $args[0]) {
        my $s = door();
        for (0 .. rand 3) {
            my $n = (16, 20, 24, 80, 80, 120, int rand 300)[rand 7];
            my $type = rand 4 < 1 ? int rand 256 : 20 + int rand 22;
            my $d = join '', map { chr rand 256 } 1 .. $n;
            substr $d, 0, 16, pack 'L C C S L L', 0x31786363, $args[2], $type,
                rand 2 < 1 ? 0 : rand 65536, rand 4 < 1 ? 1 : 0, $n
                if $n >= 16 && rand 8 > 1;
            send $s, $d, 0x4000;   # MSG_NOSIGNAL
        }
    }
    print "done\n";
} else {
    my $s = seqpacket();
    if (!bind $s, $address) { print "bind: $!\n"; exit }
    listen $s, 5;
    print "listening\n";
    for (1 .. $args[0]) {
        accept(my $c, $s);
        my @heard = hear($c);
        send $c, pack('H*', $args[1]), 0x4000;
        push @heard, hear($c);
        print join(' ', @heard), "\n";
    }
}
EOP

# a command of the workers' own user that does it, and the lines that it prints

sub attack {
    my ($path, @args) = @_;
    my $c = client($path);
    my $m = $c->call('execute', { args => ['/usr/bin/perl', $t->dir . '/attack.pl',
        map { "$_" } @args], open_stdin => $true });
    diag explain $m if $m->{error};
    return $c;
}

sub says {
    my ($c) = @_;
    my $m = $c->wait_for(sub { ($_[0]{method} // '') eq 'process.output' }, 60);
    return $m ? $m->{params}{data} =~ s/\n//r : undef;
}

sub once { my $c = attack(@_); my $said = says($c); $c->close; return $said }

# the words of ngx_cc_wire.h and ngx_cc_wire_kept.h

my %type = do {
    my ($enum) = $CC::Wire::HEADER =~ /typedef enum \{(\s*NGX_CC_WIRE_SUPPLY.*?)\}/s or die;
    $enum =~ s{/\*.*?\*/}{}gs;
    my $n = 0;
    map { $_ => ++$n } $enum =~ /NGX_CC_WIRE_(\w+)/g;
};

my $version = $CC::Wire::VERSION;

sub message {
    my ($type, $body, $flags) = @_;
    return pack('L C C S L L', 0x31786363, $version, $type{$type} // die, $flags // 0,
        0, 16 + length $body) . $body;
}

my $key = sha256("cc_executor_secret$secret");

# of a command: its socket, its key, proofs
sub door { my ($id) = @_;
    return unpack('H16', hmac_sha256('pool', $key)) . '/' . substr $id, 0, 16 }
sub auth { my ($id, $with) = @_;
    return hmac_sha256('helper' . pack('H16', $id), $with // $key) }
sub proof { my ($auth, $hello, $welcome, $id) = @_;
    return message('PROOF', "\0" x 32 . hmac_sha256('worker' . $hello
        . $welcome . pack('H16', $id), $auth)) }
sub attach_message { my ($id, $owner, $flags) = @_;
    return message('ATTACH', pack('H48', $id) . $owner . "\0" x 64,
        $flags // 1) }

# a connection of this process, as one of the workers' would be
sub connected {
    my ($id) = @_;
    socket my $s, AF_UNIX, SOCK_SEQPACKET, 0 or die $!;
    connect $s, pack('S', AF_UNIX) . "\0cc-executor/" . door($id)
        or die "connect: $!";
    return $s;
}
sub hear {
    my ($s) = @_;
    IO::Select->new($s)->can_read(20) or return 'silence';
    defined recv $s, my $data, 70000, 0 or return "$!";
    return $data;
}
sub hello {
    my ($s, $nonce) = @_;
    send $s, message('HELLO', $nonce . "\0" x 32), 0;
    my $welcome = hear($s);
    return length $welcome == 80 ? substr $welcome, 16, 32 : die $welcome;
}

my $nonce = join '', map { chr rand 256 } 1 .. 32;
my $nobody = "\x11" x 32;

my $owner = client();
my $id = start($owner, 'echo treasure; read x; echo $x; sleep 100',
    open_stdin => $true);
is($owner->notification('process.output')->{params}{data}, "treasure\n",
    'there is something to take');

# what a command can do that shares the workers' user and has no fence

is(once('/ws/mcp', 'say', door($id)), 'closed',
    'who says nothing is closed without a word');
for (['LIST without HELLO', message('LIST', $nobody . "\0" x 32)],
    ['ATTACH without HELLO', attach_message($id, $nobody)],
    ['READ without HELLO', message('READ', "\0" x 8)],
    ['a PROOF before HELLO', proof(auth($id), $nonce, $nonce, $id)],
    ['a message that is none', 'x' x 80])
{
    is(once('/ws/mcp', 'say', door($id), unpack 'H*', $_->[1]), 'closed',
        $_->[0]);
}
like(once('/ws/mcp', 'say', door($id),
    unpack 'H*', message('HELLO', $nonce . "\0" x 32)),
    qr/^63637831 @{[sprintf '%02x %02x', $version, $type{WELCOME}]}/x,
    'HELLO is answered with a nonce and a proof, nothing else');

# a proof without the key, with another one, for another command, once more

my $other = start($owner, 'sleep 100');
my @wrong = (
    ['no key', "\0" x 32], ['another key', auth($id, 'k' x 32)],
    ['the key of another command', auth($other)],
);
for (@wrong) {
    my ($what, $auth) = @$_;
    my $s = connected($id);
    my $welcome = hello($s, $nonce);
    send $s, proof($auth, $nonce, $welcome, $id), 0;
    is(hear($s), '', "$what: closed");
}
{
    # who is not quick enough, on a busy machine, is closed: once more then
    my ($s, $welcome, $proof, $begun, $answer);
    for (1 .. 20) {
        $s = connected($id);
        $welcome = hello($s, $nonce);
        $proof = proof(auth($id), $nonce, $welcome, $id);
        send $s, $proof, 0;
        $begun = time;
        send $s, attach_message($id, $nobody), 0;
        $answer = hear($s);
        last if length $answer;
    }
    cmp_ok(time - $begun, '>=', 0.004, 'the right key, the wrong owner: later');
    is(unpack('L', substr $answer, 16, 4), 1, 'unknown');
    is(hear($s), '', 'closed');

    $s = connected($id);
    hello($s, $nonce);
    send $s, $proof, 0;
    is(hear($s), '', 'the same proof again: closed');

    # what the helper itself proves is no proof

    $s = connected($id);
    send $s, message('HELLO', $nonce . "\0" x 32), 0;
    $welcome = hear($s);
    send $s, message('PROOF', "\0" x 32 . substr($welcome, 48)), 0;
    is(hear($s), '', 'its own proof sent back: closed');
}

# behind the fence a command does not come that far

SKIP: {
    skip 'this kernel does not confine sockets', 2 if abi() < 6;
    like(once('/fenced', 'say', door($id)), qr/^connect: /,
        'from behind the fence nobody connects');
    my $own = client('/fenced');
    my $mine = start($own, 'sleep 100');
    like(once('/fenced', 'say', door($mine)), qr/^connect: /,
        'not even to a helper of its own location');
    $own->close;
}

# nobody takes the place of a helper that lives

is(once('/ws/mcp', 'bind', door($id)), 'bind: Address already in use',
    'its name is taken');

# after its death somebody does: the worker shows nothing, and believes nothing

{
    my $pid = $owner->owned->{commands};
    my ($entry) = grep { $_->{execution_id} eq $other } @$pid;
    my $helper = CC::Nginx::parent($entry->{pid});
    kill 'KILL', $helper;
    is($owner->wait_for(sub { ($_[0]{params}{execution_id} // '') eq $other
        && ($_[0]{method} // '') eq 'process.completed' }, 20)
        ->{params}{cause}, 'lost', 'a helper dies');
    my $false = message('WELCOME', "\x22" x 64);
    my $squat = attack('/ws/mcp', 'bind', door($other), 1,
        unpack 'H*', $false);
    is(says($squat), 'listening', 'somebody listens in its place');
    my $c = client();
    my $m = $c->call('attach', { execution_id => $other });
    is($m->{result}{state}, 'lost', 'attach: it is lost, as before')
        or diag explain $m;
    my ($heard, $then) = split / /, says($squat);
    is(length $heard, 160, 'it has heard one message');
    is(hex substr($heard, 10, 2), $type{HELLO}, 'HELLO, with a nonce');
    is(substr($heard, -64), '0' x 64, 'and nothing of the key');
    is($then, 'closed', 'then it was left');
    $_->close for $squat, $c;
}

# an id that somebody else has: like one that nobody has

{
    my $alice = client('/both', 'alice');
    my $hers = start($alice, 'sleep 100');
    my $unknown = $hers =~ tr/0-9a-f/1-9a-f0/r;
    my %said;
    for (['/both', 'bob', $hers], ['/bob', 'bob', $hers],
        ['/alice', 'alice', $hers], ['/ws/mcp', undef, $hers],
        ['/both', 'bob', $unknown], ['/both', 'bob', substr($hers, 0, 16)
            . substr $unknown, 16], ['/both', 'alice', substr($hers, 0, 16)
            . substr $unknown, 16])
    {
        my ($path, $who, $theirs) = @$_;
        my $c = client($path, $who);
        for (['attach'], ['attach', mode => 'write', exclusive => $true],
            ['read'], ['wait'], ['signal', signal => 'KILL'],
            ['remove', force => $true])
        {
            my ($method, %o) = @$_;
            my $begun = time;
            my $m = $c->call($method, { execution_id => $theirs, %o });
            cmp_ok(time - $begun, '>=', 0.004, "$method at $path: not at once")
                if time - $begun < 0.004;
            $said{JSON::PP->new->canonical->encode($m->{error} // $m)}++;
        }
        is_deeply($c->owned->{commands}, [],
            "$path: $who lists nothing") if $who && $who eq 'bob';
        $c->close;
    }
    is(scalar keys %said, 1, 'all are told the same') or diag explain \%said;
    like((keys %said)[0], qr/-32003/, 'there is none');
    is($alice->call('status', { execution_id => $hers })->{result}{state},
        'running', 'nothing has happened to it');
    $alice->call('remove', { execution_id => $hers, force => $true });
    $alice->close;
}

# a hundred who say nothing: its owner does not notice

{
    my $silent = attack('/ws/mcp', 'silent', door($id), 100);
    my $bad = 0;
    for (1 .. 20) {
        my $c = client();
        my $m = $c->call('read', { execution_id => $id });
        $bad++ if ($m->{result}{data} // '') ne "treasure\n";
        $c->close;
    }
    is(says($silent), '100 are silent', 'a hundred came');
    is($bad, 0, 'its owner was served all the time');
    $silent->close;
}

# noise

{
    my $loud = attack('/ws/mcp', 'noise', door($id), $noise, 7,
        $version);
    my $bad = 0;
    for (1 .. 10) {
        my $c = client();
        my $m = $c->call('attach', { execution_id => $id });
        $bad++ if ($m->{result}{state} // '') ne 'running';
        $c->close;
    }
    is(says($loud), 'done', "$noise strangers made noise");
    is($bad, 0, 'its owner was served all the time');
    $loud->close;
}
is($owner->call('input', { execution_id => $id, data => "mine\n" })
    ->{result}{accepted}, 5, 'nobody has written to it');
is($owner->notification('process.output')->{params}{data}, "mine\n",
    'and nobody else');
$owner->call('remove', { execution_id => $id, force => $true });

# one too many

{
    my $c = client('/sixteen');
    my $mine = start($c, 'sleep 100');
    my @c = map { client('/sixteen') } 1 .. 16;
    is($c[$_]->call('attach', { execution_id => $mine })->{result}{watchers},
        $_ + 2, 'watcher ' . ($_ + 2)) for 0 .. 14;
    my $m = $c[15]->call('attach', { execution_id => $mine });
    is($m->{error}{code}, -32001, 'the 17th is refused');
    like($m->{error}{message}, qr/as many as may/, 'and told why');
    $c[0]->call('detach', { execution_id => $mine });
    ok($t->wait_until(sub { $c[15]->call('attach',
        { execution_id => $mine })->{result} }, 20), 'when one goes he may');
    $c->call('remove', { execution_id => $mine, force => $true });
    $_->close for $c, @c;

    $c = client();
    $mine = start($c, 'sleep 100');
    my $d = client();
    my @asked = map { $d->send('wait', { execution_id => $mine,
        timeout_ms => 100_000 }) } 1 .. 6;
    $m = $d->wait_for(sub { $_[0]{error} }, 20);
    is($m->{error}{code}, -32001, 'the 6th of 5 waits is refused');
    like($m->{error}{message}, qr/wait/, 'and told why');
    $c->call('remove', { execution_id => $mine, force => $true });
    is(scalar(grep { ($d->answer($_, 20)->{result}{reason} // '') eq 'exit' }
        grep { $_ != $m->{id} } @asked), 5, 'the others hear the end');
    $_->close for $c, $d;
}

$owner->close;
$t->finish;
done_testing;
