# Whose a kept command is: of a verified name at one location, or, where
# locations share a realm, of that name at all of them.
#
# tags: coverage

use strict;
use warnings;

use Digest::SHA qw(sha256_hex);
use JSON::PP ();
use MIME::Base64 qw(encode_base64);
use Test::More;
use CC::Kept qw(begin output);
use CC::Nginx;

my $true = JSON::PP::true;
my $keep = 'cc_executor on; cc_executor_keep on;';
my $basic = 'auth_basic commands; auth_basic_user_file %%DIR%%/htpasswd;';
my $token = 'cc_executor_token_file tokens;';
my $certs = 'ssl_certificate %%DIR%%/server.pem;
    ssl_certificate_key %%DIR%%/server.key;
    ssl_client_certificate %%DIR%%/ca.pem; ssl_verify_client on;';

my $t = CC::Nginx->new(conf => <<"EOC");
worker_processes 2;
events { worker_connections 512; }
http {
    cc_executor_path %%DIR%%/runtime;
    cc_executor_allow any;
    cc_executor_shell /bin/sh;
    server {
        listen 127.0.0.1:%%PORT%%;
        location /token/1 { $keep $token cc_executor_realm team; }
        location /token/2 { $keep $token cc_executor_realm team; }
        location /token/apart { $keep $token }
        location /token/again { $keep $token }
        location /token/other { $keep $token cc_executor_realm other; }
        location /user/1 { $keep $basic cc_executor_realm team; }
        location /user/2 { $keep $basic cc_executor_realm team; }
        location /user/apart { $keep $basic }
        location /user/again { $keep $basic }
        location /user/other { $keep $basic cc_executor_realm other; }
    }
    server {
        listen 127.0.0.1:%%PORT_2%% ssl;
        $certs
        location /cert/1 { $keep cc_executor_realm team; }
        location /cert/apart { $keep }
        location /cert/other { $keep cc_executor_realm other; }
    }
    server {
        listen 127.0.0.1:%%PORT_3%% ssl;
        $certs
        location /cert/2 { $keep cc_executor_realm team; }
        location /cert/again { $keep }
    }
}
EOC
my $dir = $t->dir;

my $key = '-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes';

sub openssl {
    my ($text) = @_;
    system("cd '$dir' && openssl $text 2>/dev/null >/dev/null") == 0
        or die "openssl $text";
    return;
}

sub write_file {
    my ($name, $text) = @_;
    open my $f, '>', "$dir/$name" or die "$name: $!";
    print $f $text;
    close $f or die $!;
    return;
}

openssl("req -x509 $key -days 2 -subj /CN=$_ "
    . "-keyout $_.key -out $_.pem") for qw(ca server);
for my $name (qw(alice bob)) {
    openssl("req $key -subj /CN=$name -keyout $name.key "
        . "-out $name.csr");
    openssl("x509 -req -days 2 -in $name.csr -CA ca.pem -CAkey ca.key "
        . "-CAcreateserial -out $name.pem");
}
my %token = map { $_ => "$_-token-" x 8 } qw(alice bob);
write_file('tokens', join '', map { "$_ " . sha256_hex($token{$_}) . "\n" }
    sort keys %token);
write_file('htpasswd', "alice:{PLAIN}secret\nbob:{PLAIN}secret\n");
$t->start;

# somebody at a location
sub client {
    my ($kind, $path, $who) = @_;
    $path = "/$kind/$path";
    return $t->client(path => $path, headers => {
        Authorization => "Bearer $token{$who}" }) if $kind eq 'token';
    return $t->client(path => $path, headers => { Authorization =>
        'Basic ' . encode_base64("$who:secret", '') }) if $kind eq 'user';
    return $t->client(path => $path, ssl => 1, cert => "$dir/$who.pem",
        key => "$dir/$who.key",
        port => $t->port($path =~ /2|again/ ? 3 : 2));
}

sub listed {
    my ($c) = @_;
    return join ' ', sort map { $_->{execution_id} }
        @{ $c->owned->{commands} };
}

# what one is told who asks for an id that he does not have
sub told {
    my ($c, $id) = @_;
    my %said;
    for (['attach'], ['attach', mode => 'write'], ['read'], ['wait'],
        ['signal', signal => 'KILL'], ['remove', force => $true])
    {
        my ($method, %o) = @$_;
        my $m = $c->call($method, { execution_id => $id, %o });
        $said{JSON::PP->new->canonical->encode($m->{error} // $m)} = 1;
    }
    return join ' ', sort keys %said;
}

my (%ids, $unknown);
for my $kind (qw(token user cert)) {

    # one realm: it is the same owner in both

    my ($c, $d) = (client($kind, 1, 'alice'), client($kind, 2, 'alice'));
    my $id = begin($c, 'echo hello; read x; echo $x', open_stdin => $true);
    $c->close;
    is(listed($d), $id, "$kind, one realm: list has it");
    is($d->call('read', { execution_id => $id, wait_ms => 20_000 })
        ->{result}{data}, "hello\n", 'read');
    is($d->call('attach', { execution_id => $id, mode => 'write' })
        ->{result}{state}, 'running', 'attach');
    $unknown //= told($d, $id =~ tr/0-9a-f/1-9a-f0/r);
    like($unknown, qr/^\{"code":-32003,[^ ]*(?: [^{]*)?\}$/,
        'an id that nobody has: one answer');

    # not for another name, not in another realm, not without it

    for (['bob in the same realm', 1, 'bob'], ['bob, the other one', 2, 'bob'],
        ['another realm', 'other', 'alice'], ['no realm', 'apart', 'alice'])
    {
        my ($what, $path, $who) = @$_;
        my $e = client($kind, $path, $who);
        is(told($e, $id), $unknown, "$kind, $what: there is none");
        is(listed($e), '', 'nor in the list');
        $e->close;
    }
    is($d->call('input', { execution_id => $id, data => "world\n" })
        ->{result}{accepted}, 6, "$kind: input from the other location");
    is((output($d, $id))[0], "hello\nworld\n", 'output there, to the end');

    # without a realm an owner is of one location

    $c = client($kind, 'apart', 'alice');
    my $own = begin($c, 'sleep 600');
    $c->close;
    for my $path ('again', 1) {
        my $e = client($kind, $path, 'alice');
        is(told($e, $own), $unknown, "$kind, no realm: foreign at $path");
        unlike(listed($e), qr/$own/, 'nor in the list');
        $e->close;
    }
    $c = client($kind, 'apart', 'alice');
    is(listed($c), $own, 'at home it is there');
    is($c->call('remove', { execution_id => $own, force => $true })
        ->{result}{status}, 'removed', 'and may be removed');
    $_->close for $c, $d;
    $ids{$kind} = $id;
}

# the same name, of another kind: somebody else

for my $kind (qw(token user cert)) {
    my $c = client($kind, 1, 'alice');
    is(listed($c), $ids{$kind}, "$kind: alice has her own one only");
    is(told($c, $ids{$_}), $unknown, "not that of $_")
        for grep { $_ ne $kind } sort keys %ids;
    $c->close;
}

$t->finish;
done_testing;
