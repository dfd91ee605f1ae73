# What has been tried to get in, and held: t/cases/access.jsonl (its kinds "host"
# and "origin" are driven by t/13-access-host.t).
#
# tags: asan coverage

use strict;
use warnings;

use IO::Select;
use Test::More;
use Time::HiRes ();
use CC::Cases qw(cases);
use CC::Http;
use CC::Nginx;

my $t = CC::Nginx->new(server => <<'EOC');
cc_executor_allow any;
cc_executor_shell /bin/sh;
location /token { cc_executor on; cc_executor_token_file tokens; }
location /nested { location /nested/in { cc_executor on;
    cc_executor_token_file tokens; } }
location ~ ^/re/mcp$ { cc_executor on; cc_executor_token_file tokens; }
location ~* ^/caseless/mcp$ { cc_executor on; cc_executor_token_file tokens; }
location /rewritten { rewrite ^ /token last; }
location /tried { try_files /nothing /token; }
location /named { try_files /nothing @token; }
location @token { cc_executor on; cc_executor_token_file tokens; }
location /except { limit_except POST { allow all; } cc_executor on;
    cc_executor_token_file tokens; }
location /any { satisfy any; allow all; auth_basic "x"; cc_executor on; }
location /any-deny { satisfy any; allow all; auth_basic "x"; cc_executor on;
    cc_executor_token_file tokens; }
location /inside-if { if ($http_host) { cc_executor on; }
    cc_executor_token_file tokens; }
location /alias { rewrite ^/alias(/.*)$ $1 last; }
EOC
my $dir = $t->dir;
chomp(my $token = `$CC::Nginx::ROOT/conf/cc-token ci '$dir/tokens'`);
$t->start;

my $body = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":'
    . '"execute","arguments":{"command":"touch ' . "$dir/work/ran" . '"}}}';
my $run = "POST /ws/mcp HTTP/1.1\r\nHost: localhost\r\n"
    . "Content-Type: application/json\r\nConnection: close\r\n"
    . 'Content-Length: ' . length($body) . "\r\n\r\n$body";
my %fill = (
    token => $token, run => $run, length => length $run,
    ws => "Upgrade: websocket\r\nConnection: Upgrade\r\n"
        . "Sec-WebSocket-Version: 13\r\n"
        . "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
);

sub fill { my ($text) = @_; $text =~ s/\{(token|run|length|ws)\}/$fill{$1}/g;
    return $text }

# all that comes until the end of the connection, or nothing for a while: the
# statuses in it
sub statuses {
    my ($bytes) = @_;
    my $ws = $t->ws(raw => 1);
    $ws->write($bytes);
    $ws->fill(Time::HiRes::time() + 10);
    while (IO::Select->new($ws->{sock})->can_read(0.3)) {
        $ws->fill or last;
    }
    $ws->close;
    # (an answer in JSON ends without a newline)
    return $ws->{buf} =~ /HTTP\/1\.1 (\d+) /g;
}

my %serve = (
    path => sub {
        my ($case) = @_;
        my %h = map { $_ => fill($case->{headers}{$_}) }
            keys %{ $case->{headers} // {} };
        my $ws = $t->ws(path => fill($case->{path}), headers => \%h,
            ($case->{method} ? (method => $case->{method}) : ()));
        $ws->close;
        return $ws->{status};
    },
    type => sub {
        my ($case) = @_;
        return CC::Http->new(port => $t->port)->post({ jsonrpc => '2.0',
            id => 1, method => 'ping' },
            headers => { 'Content-Type' => $case->{type} })->{status};
    },
    raw => sub { return [statuses(fill($_[0]{bytes}))] },
);

my $n = 0;
for my $case (cases('access')) {
    my $serve = $serve{ $case->{kind} } or next;
    $n++;
    is_deeply($serve->($case), $case->{status}, $case->{name});
    next if $case->{kind} ne 'raw';
    is((-e "$dir/work/ran") ? 1 : 0, $case->{runs} ? 1 : 0,
        "$case->{name}: " . ($case->{runs} ? 'it ran' : 'nothing ran'));
    unlink "$dir/work/ran";
}
cmp_ok($n, '>', 100, 'cases');

$t->finish;
done_testing;
