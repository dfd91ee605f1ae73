# MCP by POST over HTTP/3, where nginx has it ("make matrix"; Debian's has not), and
# what is handed over to another node: Debian's Chromium is the client.
#
# tags: smoke

use strict;
use warnings;

use Test::More;
use CC::Farm;
use CC::McpClients ();
use CC::Nginx;

my $farm = CC::Farm->new(names => [qw(a b)],
    location => 'cc_executor_allowed_origins ORIGIN;', server => 'listen 127.0.0.1:%%PORT_2%% quic;
    listen 127.0.0.1:%%PORT_2%% ssl;
    ssl_certificate %%DIR%%/cert.pem; ssl_certificate_key %%DIR%%/key.pem;
    ssl_protocols TLSv1.3;');
my ($t) = reverse $farm->all;
my $origin = 'https://localhost:' . $t->port(2);
$_->{conf} =~ s/ORIGIN/$origin/g for $farm->all;
plan skip_all => 'this nginx has no HTTP/3'
    if `'$t->{nginx}' -V 2>&1` !~ /--with-http_v3_module/;
plan skip_all => 'there is no browser'
    if !-x '/usr/bin/chromium' || !-e "$CC::Nginx::ROOT/build/browser/http3.mjs";

my $dir = $t->dir;
mkdir "$dir/home";
system("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"
    . " -subj /CN=localhost -addext subjectAltName=DNS:localhost"
    . " -keyout $dir/key.pem -out $dir/cert.pem 2> /dev/null") == 0 or die 'openssl';
chomp(my $spki = `openssl x509 -in $dir/cert.pem -pubkey -noout | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | openssl base64`);
system 'cp', "$dir/cert.pem", "$dir/key.pem", $farm->node('a')->dir;
$farm->start;
my $job = $farm->job('a', 'wc -c; exit 4', arguments => { open_stdin => \1 });

local $ENV{TMPDIR} = $dir;
CC::McpClients::finished(CC::McpClients::client($t, 'http3', 11,
    "$CC::Nginx::ROOT/build/browser/http3.mjs",
    $origin, $spki, $CC::Farm::TOKEN, $job));

$farm->finish;
done_testing;
