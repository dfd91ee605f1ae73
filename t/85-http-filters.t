# Every mechanism of nginx that delays, cuts or changes what is sent: answers
# are slow, but whole; and a client that takes nothing ends by send_timeout.
#
# tags: asan

use strict;
use warnings;

use Compress::Zlib ();
use Test::More;
use Time::HiRes qw(time);
use CC::Client;
use CC::Http;
use CC::Http2;
use CC::Mcp;
use CC::Metrics qw(json);
use CC::Nginx;

# what stands in the location, what is before and behind every answer

my $any = 'cc_executor on; cc_executor_allow any; cc_executor_shell /bin/sh;';
my $types = 'application/json text/event-stream';
my @row = (
    ['plain', ''],
    ['limit_rate', 'limit_rate 1m;'],
    ['limit_rate_after', 'limit_rate 1m; limit_rate_after 100k;'],
    ['limit_rate of a variable', 'set $rate 1m; limit_rate $rate;'],
    ['limit_req with delay', 'limit_req zone=slow burst=50;'],
    ['gzip', "gzip on; gzip_types $types; gzip_min_length 1;
        gzip_buffers 2 4k;"],
    ['gzip and limit_rate', "gzip on; gzip_types $types; gzip_min_length 1;
        limit_rate 50k;"],
    ['sub_filter', "sub_filter '9' '9'; sub_filter_once off;
        sub_filter_types *;"],
    ['charset', "source_charset utf-8; charset koi8-r; charset_types *;"],
    ['addition', 'add_before_body /before; add_after_body /after;
        addition_types *;', "before\n", "after\n"],
    ['addition and limit_rate', 'add_before_body /before;
        add_after_body /after; addition_types *; limit_rate 1m;', "before\n",
        "after\n"],
    ['ssi', 'ssi on; ssi_types *;'],
    ['postpone_output', 'postpone_output 100k;'],
    ['sendfile_max_chunk', 'sendfile on; sendfile_max_chunk 4k;'],
    ['output_buffers', 'output_buffers 1 1k;'],
    ['without chunks', 'chunked_transfer_encoding off;'],
    ['add_trailer', 'add_trailer X-Name value;'],
    ['mirror', 'mirror /mirror; client_body_buffer_size 128k;'],
    ['all of them', "limit_rate 300k; gzip on; gzip_types $types;
        gzip_min_length 1; sub_filter '9' '9'; sub_filter_once off;
        sub_filter_types *; charset utf-8; charset_types *; ssi on;
        ssi_types *; limit_req zone=slow burst=50;"],
);

my $locations = '';
for my $i (0 .. $#row) {
    $locations .= "location /row$i { $any $row[$i][1] }\n";
}
my $stuck = "$any send_timeout 500ms; ";

my $t = CC::Nginx->new(
    http => 'cc_executor_start_timeout 120s;
        limit_req_zone $server_name zone=slow:1m rate=20r/s;
        charset_map koi8-r utf-8 { 80 E282AC; }',
    server => "listen 127.0.0.1:%%PORT_2%% http2;
        listen 127.0.0.1:%%PORT_3%% sndbuf=2k; $locations
        location /before { return 200 \"before\\n\"; }
        location /after { return 200 \"after\\n\"; }
        location /mirror { internal; return 204; }
        location /stuck { $stuck }
        location /stuck_slow { $stuck limit_rate 1m; }
        location /stuck_gzip { $stuck gzip on; gzip_types $types; }
        location /health { cc_executor_status json; }",
)->start;

# 100 KB to 1 MB of answers; "progress": in steps, as an event stream

my ($small, $large) = (12_000, 80_000);

sub lines { return join '', map { "$_\n" } 1 .. $_[0] }

sub call {
    my ($n, $progress) = @_;
    my $half = $n / 2;
    my $command = $progress
        ? "seq 1 $half; sleep 0.3; seq " . ($half + 1) . " $n; sleep 0.2"
        : "seq 1 $n";
    return { jsonrpc => '2.0', id => 7, method => 'tools/call',
        params => CC::Mcp::execute_params(
            { command => $command, max_output_bytes => 2_000_000 },
            ($progress ? (progressToken => 'p') : ())) };
}

# The messages of a body, as text, without what stands around it.  Decoding
# them in Perl would take most of the time.

sub messages {
    my ($body, $stream, $before, $after) = @_;
    return () if $body !~ s/^\Q$before\E// || $body !~ s/\Q$after\E\z//;
    return $stream ? map { /^data: (\{.*\})$/m ? $1 : () } split /\n\n/, $body
        : $body;
}

sub whole {
    my ($n, $name, @message) = @_;
    my $message = $message[-1] // '';
    my $want = lines($n) =~ s/\n/\\n/gr;
    ok(index($message, qq("stdout":"$want")) > 0 && $message =~ /^\{.*\}$/
        && index($message, qq("text":"$want)) > 0, "$name: whole and exact")
        or diag scalar(@message) . ' messages, ' . length $message;
}

# all of them are asked at once, and then read one after the other

my (@http, @http2, @ws);
my $seq = "seq 1 $large";
for my $i (0 .. $#row) {
    for my $mode ([0, $small], [0, $large], [1, $small]) {
        my $h = CC::Http->new(port => $t->port, path => "/row$i");
        $h->send(call(@$mode[1, 0]), headers => { 'Accept-Encoding' => 'gzip' });
        push @http, [$i, @$mode, $h];
    }
    for my $window (65535, 5000) {
        my $h = CC::Http2->new(port => $t->port(2), window => $window);
        $h->post("/row$i", $CC::Mcp::json->encode(call($small, 1)));
        push @http2, [$i, $window, $h];
    }
    my $c = CC::Client->new(port => $t->port, path => "/row$i", silent => 1);
    $c->send('execute', { command => $seq, output => 'chunk' });
    push @ws, [$i, $c];
}

for (@http) {
    my ($i, $progress, $n, $h) = @$_;
    my ($name, $conf, $before, $after) = @{ $row[$i] };
    $name .= $progress ? ', stream' : ", JSON of $n lines";
    my $r = $h->read_head(90) // { data => '', head => '' };
    my ($some, $deadline) = (1, time + 90);
    $some = $h->read_some(30) while $some && time < $deadline;
    ok($r->{ended} && !$r->{cut}, "$name: it ends");
    my $data = $r->{data};
    my $gzip = $r->{head} =~ /^Content-Encoding: gzip/mi ? 1 : 0;
    is($gzip, $conf =~ /gzip on/ ? 1 : 0, "$name: gzip or not");
    $data = Compress::Zlib::memGunzip($data) // '' if $gzip;
    # a long silence makes a stream of any answer
    my @message = messages($data, $progress || ($r->{type} // '') eq
        'text/event-stream', $before // '', $after // '');
    whole($n, $name, @message) or diag($r->{head} . substr $data, 0, 500);
    cmp_ok(scalar @message, '>', 1, "$name: with progress") if $progress;
    $h->close;
}

for (@http2) {
    my ($i, $window, $h) = @$_;
    my ($name, undef, $before, $after) = @{ $row[$i] };
    $name .= ", HTTP/2, window of $window";
    ok($h->read(90, 1), "$name: it ends");
    whole($small, $name, messages($h->{data}, 1, $before // '',
        $after // ''));
    $h->close;
}

# a WebSocket is written by ourselves: nothing of it may play a role

my $want = lines($large);
for (@ws) {
    my ($i, $c) = @$_;
    my $got = '';
    $c->next(90);
    while (my $m = $c->next(90)) {
        $got .= $m->{params}{data}
            if ($m->{method} // '') eq 'process.output';
        last if ($m->{method} // '') eq 'process.completed';
    }
    ok($got eq $want, "$row[$i][0], WebSocket: exact");
    $c->close;
}

ok($t->wait_until(sub { my $j = json($t);
    !$j->{active_sessions} && !$j->{active_commands} }, 30), 'nothing is left');

# A client that takes nothing: for a while it is waited for, then its request
# ends, and with it the command.  What happens meanwhile does not prolong that.

my @stuck;
for my $path (qw(/stuck /stuck_slow /stuck_gzip)) {
    for my $progress (0, 1) {
        for my $version (1, 2) {
            my $body = $CC::Mcp::json->encode({ jsonrpc => '2.0', id => 1,
                method => 'tools/call', params => CC::Mcp::execute_params(
                    { command => $progress
                        ? 'while head -c 300 /dev/urandom | base64; do sleep 0.02; done'
                        : 'seq 1 400000; exec sleep 0.1',
                      max_output_bytes => 8_000_000 },
                    ($progress ? (progressToken => 1) : ())) });
            my $h;
            if ($version == 2) {
                $h = CC::Http2->new(port => $t->port(2), window => 10);
                $h->post($path, $body);
            } else {
                $h = CC::Http->new(port => $t->port(3), path => $path);
                setsockopt $h->{conn}{sock}, 1, 8, pack 'i', 2048;
                $h->send($body, headers => { 'Accept-Encoding' => 'gzip' });
            }
            push @stuck, $h;
        }
    }
}

ok($t->wait_until(sub { json($t)->{active_sessions} }, 10), 'stuck clients');
ok($t->wait_until(sub { my $j = json($t);
    !$j->{active_sessions} && !$j->{active_commands} }, 90),
    'every session and command ends') or diag explain json($t);
is(scalar(() = $t->log =~ /reads nothing|client timed out/g), scalar @stuck,
    'by send_timeout');
ok($t->wait_until(sub { !grep { m{/sh |seq|sleep} } $t->processes }, 30),
    'and the processes');
$_->close for @stuck;

$t->finish;
done_testing;
