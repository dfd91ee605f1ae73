# cc-run's stdin against a played server: a line that is too long for a terminal,
# and is taken back while more is typed.
#
# tags: asan

use strict;
use warnings;

use File::Temp qw(tempdir);
use JSON::PP ();
use MIME::Base64 qw(decode_base64);
use Test::More;
use CC::FakeServer;
use CC::Run;

my $dir = tempdir('cc_test_XXXXXX', DIR => '/var/tmp', CLEANUP => 1);
delete @ENV{qw(CC_URL CC_TOKEN)};
my $id = 'a1' x 24;

sub completed { my ($s, $code) = @_;
    print $s text(qq({"method":"process.completed","params":{"execution_id":)
        . qq("$id","exit_code":$code,"cause":"exit"}}));
    return drain($s) }

# shakes hands, and the command runs
sub begin { my ($s) = @_;
    handshake($s);
    request($s);
    print $s text(qq({"id":1,"result":{"execution_id":"$id"}}));
    return }

# the next piece, which is this one
sub piece {
    my ($s, $wanted, $eof) = @_;
    my $m = JSON::PP->new->decode(request($s));
    die if decode_base64($m->{params}{data_base64} // '') ne $wanted;
    return $m->{id};
}

sub taken { my ($s, $id, $n, $offset) = @_;
    print $s text(qq({"id":$id,"result":{"accepted":$n,"offset":$offset}}));
    return }

# a line whose beginning was taken turns out to be too long; while the ^U that
# takes it back is on its way, its rest and the next line are typed

pipe my $from, my $to or die $!;
my $server = CC::FakeServer->new(dir => $dir);
$server->serve(sub {
    my ($s) = @_;
    begin($s);
    syswrite $to, 'x' x 4000;
    taken($s, piece($s, 'x' x 4000), 4000, 4000);
    syswrite $to, 'y' x 1000;
    my $request = piece($s, 'y' x 1000);
    print $s text(qq({"id":$request,"error":{"code":-32602,"message":"long",)
        . '"data":{"offset":4000}}}');
    $request = piece($s, "\x15");
    syswrite $to, "yyy\nafter\n";
    print $s frame(0x89, 'read?');
    1 while (next_frame($s))[0] != 10;
    taken($s, $request, 1, 4001);
    taken($s, piece($s, "after\n"), 6, 4007);
    close $to;
    piece($s, '');
    completed($s, 9);
});
close $to;
my $c = CC::Run->start(['-t', $server->url, '--', 'x'], dir => $dir,
    in => $from);
close $from;
is($c->rc, 9, 'a line is taken back while more is typed: the next one goes');
like($c->err, qr/\Acc-run: a line of more than 4095 bytes is too long[^\n]*\n\z/,
    'and that is said');

undef $c;
done_testing;
