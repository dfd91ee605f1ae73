# What operators read: the access log with our variables, the error log.
#
# tags: asan coverage

use strict;
use warnings;

use Test::More;
use CC::Nginx;

# the format of the bundled configuration

open my $f, '<', "$CC::Nginx::ROOT/conf/nginx.conf" or die $!;
my ($format) = do { local $/; <$f> } =~ /(log_format .*?;)/s or die;

my $t = CC::Nginx->new(http => $format, server => <<'EOC')->start;
access_log %%DIR%%/logs/json.log cc_executor;
location /refused { cc_executor on; cc_executor_allow any; deny all; }
EOC

sub lines { return $t->records('logs/json.log') }

sub last_line {
    my ($n) = @_;
    $t->wait_until(sub { (my @l = lines()) >= $n }) or return {};
    return (lines())[-1];
}

my $c = $t->client;
my $session = $c->{connected}{params}{session_id};
my @ids;
for (1 .. 3) {
    my $r = $c->run("echo $_");
    push @ids, $r->{answer}{result}{execution_id};
}
$c->ws->send_frame(8, pack 'n', 4000);
$c->ws->read_close;
my $line = last_line(1);
is($line->{session}, $session, 'session');
is($line->{dialect}, 'native', 'dialect');
is($line->{commands}, 3, 'commands');
cmp_ok($line->{bytes_out}, '>', 1000, 'bytes_out');
is($line->{close}, 4000, 'close: the code of the client');
is($line->{status}, 101, 'status');
is($line->{peer}, '127.0.0.1', 'peer');
cmp_ok($line->{duration}, '>', 0, 'duration');

$c = $t->client;
$c->ws->close;
is(last_line(2)->{close}, 1006, 'close: broken');
$c = $t->client;
$c->ws->send_frame(8, '');
$c->ws->read_close;
is(last_line(3)->{close}, 1005, 'close: without a code');
$c = $t->client;
$c->ws->send_frame(2, 'x');
$c->ws->read_close;
$c->close;
is(last_line(4)->{close}, 1003, 'close: ours');

# requests that are no session

$c = $t->ws(headers => { Origin => 'http://a' });
$line = last_line(5);
is($line->{status}, 403, 'a refused one');
is($line->{session}, '', 'no session');
$t->ws(path => '/refused');
is(last_line(6)->{status}, 403, 'access rules of nginx come first');

# error log: our lines have a fixed form

my $log = $t->log;
like($log, qr/cc_executor: session opened session=\Q$session\E/, 'opened');
like($log, qr/cc_executor: session closed code=4000 session=\Q$session\E/,
    'closed');
for my $id (@ids) {
    my $name = substr $id, 0, 16;
    like($log, qr/cc_executor: command started pid=\d+ execution=$name session=\Q$session\E/,
        'a command started');
    like($log, qr/cc_executor: command ended cause=exit status=0 pid=\d+ execution=$name session=\Q$session\E/,
        'a command ended');
    unlike($log, qr/$id/, 'the secret part of its id is not in the log');
}
like($log, qr/\[info\].*cc_executor: refused with 403, cc_executor_allowed_origins does not list "http:\/\/a"/,
    'why a request was refused');
unlike($log, qr/echo 1/, 'no command line');

$t->finish;
done_testing;
