# cc_executor_cors: preflights, headers, what stays refused.
#
# tags: asan coverage

use strict;
use warnings;

use Test::More;
use CC::Http;
use CC::Nginx;

my $t = CC::Nginx->new(server => <<'EOC');
cc_executor_allow any;
cc_executor_shell /bin/sh;
location /cors { cc_executor on; cc_executor_cors https://app.example http://localhost:3000; }
location /token { cc_executor on; cc_executor_cors https://app.example;
    cc_executor_token_file %%DIR%%/tokens; }
EOC
my $token = 'a' x 43;
open my $f, '>', $t->dir . '/tokens' or die $!;
use Digest::SHA qw(sha256_hex);
print $f 'one ' . sha256_hex($token) . "\n";
close $f;
$t->start;

my $ping = { jsonrpc => '2.0', id => 1, method => 'ping' };

sub ask {
    my ($path, %o) = @_;
    my $h = CC::Http->new(port => $t->port, path => $path);
    my $r = $h->post($o{body} // $ping, %o);
    $h->close;
    return $r;
}

sub header { my ($r, $name) = @_;
    return $r->{head} =~ /^\Q$name\E: (.*?)\r$/mi ? $1 : undef }

sub preflight {
    my ($path, $origin) = @_;
    return ask($path, body => '', method => 'OPTIONS', headers => {
        Origin => $origin, 'Access-Control-Request-Method' => 'POST',
        'Access-Control-Request-Headers' => 'content-type,mcp-method' });
}

for my $origin ('https://app.example', 'http://localhost:3000') {
    my $r = preflight('/cors', $origin);
    is($r->{status}, 204, "$origin: the preflight is answered");
    is(header($r, 'Access-Control-Allow-Origin'), $origin, 'for that origin');
    like(header($r, 'Access-Control-Allow-Headers'), qr/Mcp-Method/, 'headers');
    like(header($r, 'Access-Control-Allow-Headers'), qr/Mcp-Session-Id/,
        'those of sessions');
    like(header($r, 'Access-Control-Allow-Methods'), qr/POST, DELETE/, 'methods');
    is(header($r, 'Vary'), 'Origin', 'Vary');

    $r = ask('/cors', headers => { Origin => $origin });
    is($r->{status}, 200, 'and so is the request');
    is(header($r, 'Access-Control-Allow-Origin'), $origin, 'readable');
    is(header($r, 'Access-Control-Expose-Headers'), 'Mcp-Session-Id',
        'its session id, too');
    is(header($r, 'Access-Control-Allow-Credentials'), undef,
        'without cookies');
}

for my $origin ('https://app.example.evil.example', 'http://app.example',
    'https://app.example:444', 'null', 'https://app.example/')
{
    my $r = preflight('/cors', $origin);
    isnt($r->{status}, 204, "$origin: no");
    is(header($r, 'Access-Control-Allow-Origin'), undef, 'nothing granted');
    is(ask('/cors', headers => { Origin => $origin })->{status}, 403,
        'nor let in');
}

my $r = ask('/cors');
is($r->{status}, 200, 'no Origin: no browser');
is(header($r, 'Vary'), 'Origin', 'but caches are told');
is(ask('/cors', body => '', method => 'OPTIONS', headers => {
    Origin => 'https://app.example' })->{status}, 405,
    'OPTIONS that asks for nothing');

is(preflight('/ws/mcp', 'https://app.example')->{status}, 403,
    'off: no preflight');

# a preflight has no token and needs none, the request does

is(preflight('/token', 'https://app.example')->{status}, 204, 'preflight');
$r = ask('/token', headers => { Origin => 'https://app.example' });
is($r->{status}, 401, 'no token: 401');
is(header($r, 'Access-Control-Allow-Origin'), 'https://app.example',
    'which the page may know');
is(ask('/token', headers => { Origin => 'https://app.example',
    Authorization => "Bearer $token" })->{status}, 200, 'with a token');

$t->finish;

for (['https://app.example/', qr/invalid origin "https:\/\/app.example\/"/],
    ['*', qr/invalid origin/], ['null', qr/invalid origin/],
    ['off https://a.example', qr/invalid origin "off"/])
{
    my ($value, $re) = @$_;
    my ($rc, $said) = CC::Nginx->new->test_config(<<"EOC");
events { } http { server { listen 127.0.0.1:%%PORT%%;
location / { cc_executor on; cc_executor_allow any;
cc_executor_cors $value; } } }
EOC
    isnt($rc, 0, "cc_executor_cors $value is refused");
    like($said, $re, 'and it says why');
}

done_testing;
