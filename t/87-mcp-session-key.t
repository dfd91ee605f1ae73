# The key of legacy MCP sessions: cc_executor_session_key; sessions cost no memory.
#
# tags: asan coverage

use strict;
use warnings;

use Test::More;
use CC::Http;
use CC::Nginx;

my $t;

sub server {
    my ($http) = @_;
    $t = CC::Nginx->new(http => $http);
    return;
}

# on a connection that is left open
sub begin {
    my ($h) = @_;
    my $r = $h->post({ jsonrpc => '2.0', id => 1, method => 'initialize',
        params => { protocolVersion => '2025-11-25' } });
    return $r->{head} =~ /^Mcp-Session-Id: (.*?)\r$/mi ? $1 : undef;
}

sub http { return CC::Http->new(port => $t->port) }

sub session { my $h = http(); my $id = begin($h); $h->close; return $id }

sub status {
    my ($id) = @_;
    my $h = http();
    my $r = $h->post({ jsonrpc => '2.0', id => 1, method => 'ping' },
        headers => { 'Mcp-Session-Id' => $id });
    $h->close;
    return $r->{status};
}

# without a file each start has a key of its own

server('cc_executor_session_key off;');
$t->start;
my $id = session();
is(status($id), 200, 'cc_executor_session_key off: a session');
ok(!-e $t->dir . '/runtime/session_key', 'there is no file');
$t->stop;
$t->start;
is(status($id), 404, 'is unknown after a restart');
$t->finish;

# a file that is named; the secret before the current one is still good

if ($> == 0) {
    server('cc_executor_session_key %%DIR%%/root/sessions;');
    mkdir $t->dir . '/root' or die $!;
    my $file = $t->dir . '/root/sessions';
    $t->start;
    $id = session();
    my $first = $t->slurp('root/sessions');
    like($first, qr/^[0-9a-f]{64}\n\z/, 'a named file is made');
    $t->stop;
    open my $f, '>', $file or die $!;
    print $f '7' x 64, "\n", $first;
    close $f or die $!;
    $t->start;
    is(status($id), 200, 'its secret goes to the second line: still good');
    open $f, '>', $file or die $!;
    print $f '8' x 64, "\n";
    close $f or die $!;
    $t->signal('HUP');
    my $told = qr/"cc_executor_session_key" "\S+" is not the key that nginx was/;
    ok($t->wait_until(sub { $t->log =~ $told }, 20),
        'a change counts from the next start');
    is(status($id), 200, 'until then nothing has changed');
    $t->stop;
    $t->start;
    is(status($id), 404, 'then it is unknown');

    # sessions cost no memory

    my ($worker) = $t->workers;
    my $rss = sub { open my $s, '<', "/proc/$worker/status" or die $!;
        return (map { /^VmRSS:\s+(\d+)/ } <$s>)[0] };
    my $n = $ENV{CC_NIGHTLY} ? 10_000 : 1_000;
    my $h = http();
    my $begin = sub {
        my ($count) = @_;
        my %ids;
        for (1 .. $count) {
            $ids{ begin($h) }++;
            # a connection has 1000 requests
            if ($_ % 500 == 0) {
                $h->close;
                $h = http();
            }
        }
        return %ids;
    };
    $begin->(200);
    my $before = $rss->();
    my %ids = $begin->($n);
    is(scalar keys %ids, $n, "$n sessions");
    cmp_ok($rss->() - $before, '<', $ENV{CC_SANITIZE} ? 20_000 : 500,
        'cost no memory');
    is(join(' ', map { status($_) } (sort keys %ids)[0 .. 9]),
        join(' ', (200) x 10), 'and are all good');
    $h->close;
    $t->finish;
}

done_testing;
