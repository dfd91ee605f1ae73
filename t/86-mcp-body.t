# The body of a POST: one that comes slowly ends by the same deadline as a frame
# and holds no session, and one that is still coming when the request has gone
# elsewhere (error_page) disturbs nobody.
#
# tags: asan

use strict;
use warnings;

use Test::More;
use Time::HiRes qw(time);
use CC::Http;
use CC::Mcp;
use CC::Metrics qw(json);
use CC::Nginx;

my $any = 'cc_executor on; cc_executor_allow any; cc_executor_shell /bin/sh;';
my $t = CC::Nginx->new(server => <<"EOC")->start;
    location /slow { $any cc_executor_frame_timeout 700ms;
        cc_executor_max_sessions 1; }
    location /error { $any client_max_body_size 1k;
        error_page 413 400 408 500 /elsewhere; }
    location /named { $any client_max_body_size 1k;
        error_page 413 \@named; }
    location /ours { $any client_max_body_size 1k;
        error_page 413 \@ours; }
    location /timeout { $any client_body_timeout 300ms;
        error_page 408 /elsewhere; }
    location /elsewhere { limit_rate 2k; root %%DIR%%; }
    location \@named { return 200 "other\\n"; }
    location \@ours { $any client_max_body_size 10m; }
    location /mirrored { $any mirror /mirror; client_body_buffer_size 16k; }
    location /mirror { internal; return 204; }
    location /health { cc_executor_status json; }
EOC

my $text = 'elsewhere ' x 300;
open my $f, '>', $t->dir . '/elsewhere' or die $!;
print $f $text;
close $f;

my $call = $CC::Mcp::json->encode({ jsonrpc => '2.0', id => 1,
    method => 'tools/call', params => CC::Mcp::execute_params('echo hi') });

sub post {
    my ($path) = @_;
    return CC::Http->new(port => $t->port, path => $path);
}

# a byte now and then; with a length and in chunks

for my $kind ('length', 'chunks') {
    my $h = post('/slow');
    my $t0 = time;
    my $next = $t0;
    $h->write($kind eq 'length' ? $h->head(length => 1000)
        : $h->head(headers => { 'Transfer-Encoding' => 'chunked' }));
    my $r;
    until ($h->{conn}{eof} || time - $t0 > 10) {
        $h->write($kind eq 'length' ? ' ' : "1\r\n \r\n") or last;
        $h->{conn}->fill(time + 0.1);
        last if length $h->{conn}{buf};
    }
    my $took = time - $t0;
    $r = $h->read_head(5) // {};
    is($r->{status}, 408, "$kind: 408");
    like($h->next->{error}{message} // '', qr/too long/, "$kind: it says why");
    cmp_ok($took, '>=', 0.6, "$kind: not before its time");
    cmp_ok($took, '<', 5, "$kind: not much later");
    $h->close;
    is(post('/slow')->post($call)->{message}{result}{isError} ? 1 : 0, 0,
        "$kind: the session is free");
}
like($t->log, qr/a message was not complete in time/, 'the log knows');

# much, but fast enough: more time for more bytes

my $long = ' ' x 400_000 . $call;
my $h = post('/slow');
$h->write($h->head(length => length $long));
for (my $at = 0; $at < length $long; $at += 50_000) {
    $h->write(substr $long, $at, 50_000);
    select undef, undef, undef, 0.15;
}
is($h->read_head->{status}, 200, '400 KB in 1.2 s');
is($h->next->{result}{structuredContent}{stdout}, "hi\n", 'are served');

# the deadline is over with the body: what the command takes is its own

$h = post('/slow');
$h->send({ jsonrpc => '2.0', id => 1, method => 'tools/call',
    params => CC::Mcp::execute_params('sleep 1.2; echo late') });
is($h->read_head->{status}, 200, 'a slow command');
is($h->next->{result}{structuredContent}{stdout}, "late\n", 'is waited for');
$h->close;

# too much in chunks, and more while another location answers

sub chunk { return sprintf "%x\r\n%s\r\n", length $_[0], $_[0] }

for my $case (['/error', 413, qr/^(?:elsewhere )+$/],
    ['/named', 413, qr/^other\n$/])
{
    my ($path, $status, $body) = @$case;
    $h = post($path);
    $h->write($h->head(headers => { 'Transfer-Encoding' => 'chunked' })
        . chunk('{"jsonrpc":'));
    ok($t->wait_until(sub { json($t)->{active_sessions} == 1 }, 5),
        "$path: the body has begun");
    $h->write(chunk(' ' x 2000));
    my $r = $h->read_head;
    for (1 .. 20) {
        $h->write(chunk(' ' x 100));
        select undef, undef, undef, 0.01;
    }
    is($r->{status}, $status, "$path: $status");
    1 while $h->read_some(5);
    like($r->{data}, $body, "$path: the page of error_page");
    $h->close;
}

$h = post('/ours');
$h->write($h->head(headers => { 'Transfer-Encoding' => 'chunked' })
    . chunk('{"jsonrpc":'));
ok($t->wait_until(sub { json($t)->{active_sessions} == 1 }, 5), 'begun');
$h->write(chunk(' ' x 2000));
my $r = $h->read_head;
like($r->{status}, qr/^4/, 'one of ours does not take the rest for a message');
$h->write(chunk($call)) for 1 .. 3;
1 while $h->read_some(5);
unlike($r->{data}, qr/"result"/, 'and runs nothing');
$h->close;

# client_body_timeout, then some more bytes

$h = post('/timeout');
$h->write($h->head(length => 1000) . '{');
$r = $h->read_head(5);
$h->write(' ') for 1 .. 10;
ok(!$r || $r->{status} == 408, 'client_body_timeout');
$h->close;

# a body that another module has read before

for my $n (100, 10_000) {
    $r = post('/mirrored')->post(' ' x $n . $call);
    is($r->{message}{result}{structuredContent}{stdout}, "hi\n",
        "mirror: a body of $n bytes");
}
$r = post('/mirrored')->post(' ' x 100_000 . $call);
is($r->{status}, 500, 'mirror: one in a file is not taken for another');
like($t->log, qr/client_body_buffer_size is too small/, 'the log says why');

is(post('/ws/mcp')->post($call)->{message}{result}{structuredContent}{stdout},
    "hi\n", 'and on it goes');
ok($t->wait_until(sub { json($t)->{active_sessions} == 0 }, 5),
    'no session is left');

$t->finish;
done_testing;
