# cc-run and TLS: whom it trusts (--ca-file, --insecure), names and addresses in
# certificates, a few MB both ways, versions, a handshake that does not end.
#
# tags: asan

use strict;
use warnings;

use Digest::SHA qw(sha1_hex);
use IO::Socket::INET;
use Test::More;
use CC::Nginx;
use CC::Run;

# name => [who signed it, subjectAltName]; each has a port of its own

my @certificates = (
    [ good => 'ca', 'DNS:localhost,DNS:*.example.com,IP:127.0.0.1' ],
    [ other => 'ca', 'DNS:other.example.com,IP:127.0.0.2' ],
    [ named => 'ca', 'DNS:localhost,DNS:127.0.0.1' ],
    [ self => 'self', 'DNS:localhost,IP:127.0.0.1' ],
    [ late => 'ca', 'DNS:localhost,IP:127.0.0.1' ]);
my %port;
my $server = '';
for my $n (0 .. $#certificates) {
    my ($name) = @{ $certificates[$n] };
    $port{$name} = $n + 2;
    $server .= "server { listen 127.0.0.1:%%PORT_@{[$n + 2]}%% ssl;"
        . " ssl_certificate %%DIR%%/$name.pem;"
        . " ssl_certificate_key %%DIR%%/$name.key;"
        . ($name eq 'late' ? ' ssl_protocols TLSv1.2;' : '')
        . ' location / { cc_executor on; } }';
}
my $t = CC::Nginx->new(conf => <<"EOC");
worker_processes %%WORKERS%%;
events { worker_connections 256; }
http {
    access_log off;
    cc_executor_path %%DIR%%/runtime;
    cc_executor_allow any;
    cc_executor_shell /bin/sh;
    server { listen 127.0.0.1:%%PORT%%; }
    $server
}
EOC
my $dir = $t->dir;
delete @ENV{qw(CC_URL CC_TOKEN SSL_CERT_FILE SSL_CERT_DIR)};

sub openssl {
    my ($text) = @_;
    system("cd '$dir' && openssl $text 2>/dev/null >/dev/null") == 0
        or die "openssl $text";
    return;
}

my $new = '-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes';
openssl("req -x509 $new -days 2 -subj /CN=$_ -keyout $_.key -out $_.pem")
    for qw(ca stranger);
for (@certificates) {
    my ($name, $by, $names) = @$_;
    if ($by eq 'self') {
        openssl("req -x509 $new -days 2 -subj /CN=localhost -addext"
            . " subjectAltName=$names -keyout $name.key -out $name.pem");
        next;
    }
    open my $f, '>', "$dir/$name.ext" or die $!;
    print $f "subjectAltName=$names\n";
    close $f;
    openssl("req $new -subj /CN=localhost -keyout $name.key -out $name.csr");
    openssl("x509 -req -days 2 -in $name.csr -CA $by.pem -CAkey $by.key"
        . " -CAcreateserial -extfile $name.ext -out $name.pem");
}
$t->start;

sub url { my ($name, $host) = @_;
    return 'wss://' . ($host // '127.0.0.1') . ':' . $t->port($port{$name})
        . '/' }

sub run { my ($words, %o) = @_; return CC::Run->run($words, dir => $dir, %o) }

sub takes {
    my ($what, @words) = @_;
    is_deeply(run(['-n', @words, '--', 'echo x; exit 3']),
        { rc => 3, out => "x\n", err => '' }, "$what: taken");
    return;
}

sub refuses {
    my ($what, $why, @words) = @_;
    my $r = run(['-n', @words, '--', 'touch begun']);
    is($r->{rc}, 125, "$what: refused");
    like($r->{err}, qr/^cc-run: .*$why/, 'and why');
    return;
}

# One that says a byte now and then, and never all of its hello; meanwhile the
# rest of this.

my $slow = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 4)
    or die $!;
my $drop = fork // die $!;
if ($drop == 0) {
    local $SIG{PIPE} = 'DEFAULT';
    my $s = $slow->accept;
    syswrite $s, "\x16\x03\x03\x40\x00\x02\x00\x3f\xfc";
    while (1) { syswrite $s, "\x03"; sleep 1 }
}
my $endless = CC::Run->start(['-n', '--insecure', 'wss://127.0.0.1:'
    . $slow->sockport . '/', '--', 'true'], dir => $dir);

# whom to trust, and for which names and addresses

my @ca = ('--ca-file', "$dir/ca.pem");
takes('an address in the certificate', @ca, url('good'));
takes('a name', @ca, url('good', 'localhost'));
takes('https', @ca, url('good') =~ s/^wss/https/r);
takes('a certificate that is trusted itself', '--ca-file', "$dir/self.pem",
    url('self'));
takes('TLS 1.2', @ca, url('late'));

my $unknown = 'the server\'s certificate: .*(self.signed|local issuer)';
refuses('nobody is trusted', $unknown . '.*--ca-file', url('good'));
refuses('a stranger is trusted', $unknown, '--ca-file', "$dir/stranger.pem",
    url('good'));
refuses('signed by itself', $unknown, @ca, url('self'));
refuses('another address', 'IP address mismatch', @ca, url('other'));
refuses('an address as a name', 'IP address mismatch', @ca, url('named'));
refuses('another name', 'hostname mismatch', @ca, url('other', 'localhost'));
refuses('no file', '--ca-file: no certificates', '--ca-file', "$dir/none",
    url('good'));
refuses('no certificate in it', '--ca-file: no certificates', '--ca-file',
    "$dir/ca.key", url('good'));
ok(!-e "$dir/runtime/work/begun", 'nothing was begun');

takes("--insecure, $_", '--insecure', url($_)) for qw(good other self);

# no TLS there, and none here

refuses('no TLS there', 'TLS: ', @ca, 'wss://127.0.0.1:' . $t->port . '/');
refuses('TLS there', '400 \(no WebSocket, or https is wanted: wss://\)',
    url('good') =~ s/^wss/ws/r);

# a few MB both ways at once, which are not the same

my $much = join '', map { "line $_\n" } 1 .. 400_000;
open my $f, '>', "$dir/in" or die $!;
print $f $much;
close $f;
for my $name (qw(good late)) {
    my $r = run([@ca, url($name), '--', 'tr a-z A-Z; exit 4'],
        in => "$dir/in");
    is($r->{rc}, 4, "5 MB both ways ($name)");
    is(sha1_hex($r->{out}), sha1_hex(uc $much), 'every byte');
    is($r->{err}, '', 'without a word');
}

# the one who was never ready

is($endless->rc, 125, 'a handshake without end: given up');
like($endless->err, qr/^cc-run: .*the TLS handshake took too long/, 'and why');
kill 'KILL', $drop;
waitpid $drop, 0;

undef $endless;
$t->finish;
done_testing;
