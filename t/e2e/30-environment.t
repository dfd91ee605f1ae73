# Environment variables: what they do, and that a wrong one stops the container
# with a sentence that names it.

use strict;
use warnings;

use JSON::PP ();
use Test::More;
use CC::Container;

# a list of commands

my $t = CC::Container->new(env => { ALLOWED_COMMANDS => 'git, ls,/usr/bin/id',
    DEFAULT_PORT => 9003, STREAM_TIMEOUT => 2, WS_MAX_SIZE => '4k',
    LOG_LEVEL => 'WARNING', ALLOWED_HOSTS => 'agent-box',
    ALLOWED_ORIGINS => 'agent-box,https://ui.example:8443' })->start;
ok($t->healthy, 'a list of commands') or BAIL_OUT($t->{why});
my %host = (headers => { Host => 'agent-box' });
my $c = $t->client(%host);
is($c->run({ args => ['id', '-u'] })->{stdout}, "1234\n", 'a listed one runs');
is($c->run('ls -d /usr')->{stdout}, "/usr\n", 'by its name, without a shell');
for my $command ('cat /etc/passwd', 'ls; ls', '/bin/sh -c ls') {
    my $r = $c->run($command);
    is($r->{answer}{error}{code}, -32002, "refused: $command")
        or diag explain $r;
}
is($t->client->ws->{status}, 421, 'another name is refused');
for my $case (["http://agent-box:9003", 101], ['https://ui.example:8443', 101],
    ['http://localhost:9003', 403])
{
    is($t->client(headers => { Host => 'agent-box', Origin => $case->[0] })
        ->ws->{status}, $case->[1], "a page of $case->[0]");
}
$c->ws->send_text('x' x 5000);
is($c->ws->read_close, 1009, 'WS_MAX_SIZE');
unlike($t->logs, qr/\[(?:info|notice)\]/, 'LOG_LEVEL');

# the bill of materials names everything that is installed

my $bill = JSON::PP::decode_json(
    $t->exec('cat', '/usr/share/cc-executor/sbom.cdx.json'));
my %listed = map { $_->{name} => $_->{version} }
    grep { $_->{purl} =~ /^pkg:deb/ } @{ $bill->{components} };
my %installed = map { split } split /\n/,
    $t->exec('dpkg-query', '-W', '-f', '${Package} ${Version}\n');
my %ours = map { $_ => delete $installed{$_} }
    qw(libnginx-mod-http-cc-executor cc-executor-client cc-executor-service);
is_deeply(\%listed, \%installed, 'the bill of materials');

# the image is made of the packages, and as large as the documentation says

is_deeply([map { s/-\d+$//r } values %ours], [($t->health->{version}) x 3],
    'our packages are installed');
is($t->exec('sh', '-c', 'cd / && grep -h -e modules/ -e bin/'
    . ' /var/lib/dpkg/info/libnginx-mod-http-cc-executor.md5sums'
    . ' /var/lib/dpkg/info/cc-executor-client.md5sums'
    . ' /var/lib/dpkg/info/cc-executor-service.md5sums | md5sum -c --quiet && echo same'),
    "same\n", 'and what is there is theirs');
my ($told) = do { local (@ARGV, $/) = "$CC::Container::ROOT/docs/operation.md"; <> }
    =~ /^The image has about (\d+) MB/m;
my $size = $t->podman('image', 'inspect', '-f', '{{.Size}}', CC::Container::image()) / 1e6;
cmp_ok(abs($size - $told), '<', $told / 10, "its size is told: $told MB");
$t->remove;

# the shell

$t = CC::Container->new(env => { CC_EXECUTOR_SHELL => 'sh',
    STREAM_TIMEOUT => 1, WORKERS => 3 })->start;
ok($t->healthy, 'another shell') or BAIL_OUT($t->{why});
$c = $t->client;
like($c->run('readlink /proc/$$/exe')->{stdout}, qr{/dash$}, 'it is used');
is($c->run('sleep 60')->{completed}{cause}, 'timeout', 'STREAM_TIMEOUT');
is($t->health->{workers}, 3, 'WORKERS');
$t->remove;

$t = CC::Container->new(env => { CC_EXECUTOR_SHELL => 'off' })->start;
ok($t->healthy, 'no shell') or BAIL_OUT($t->{why});
$c = $t->client;
is($c->run('echo $HOME')->{answer}{error}{code}, -32002, 'no operators');
is($c->run('echo one')->{stdout}, "one\n", 'any program');
$t->remove;

# a workspace that can only be read

$t = CC::Container->new;
chown 0, 0, "$t->{dir}/workspace";
$t->start;
ok($t->healthy, 'a workspace of somebody else') or BAIL_OUT($t->{why});
like($t->logs, qr{^cc-executor: /workspace cannot be written by user 1234: }m,
    'it is said');
$t->remove;

# root with what engines give it: nginx drops what it does not need

$t = CC::Container->new(args => ['--user', '0'])->start;
ok($t->healthy, 'root') or BAIL_OUT($t->{why});
is($t->client->run('id -un')->{stdout}, "executor\n", 'commands are another user');
like($t->exec('sh', '-c', 'cat /proc/$(cat /var/lib/cc-executor/nginx.pid)/status'),
    qr/^CapPrm:\t0*e1$/m, 'nginx has four capabilities');
like($t->logs, qr{^cc-executor: /var/log/cc-executor can be written by commands: the audit log}m,
    'a directory of theirs has no audit log');
$t->remove;

# another program than nginx

$t = CC::Container->new(command => ['echo', 'hello'])->start;
is(($t->ended)[1], "hello\n", 'arguments: that program runs');
$t->remove;

# wrong values

my @wrong = (
    [DEFAULT_PORT => '0'], [DEFAULT_PORT => '99999'], [DEFAULT_PORT => 'http'],
    [MAX_SESSIONS => '0'], [MAX_SESSIONS => '-1'], [MAX_SESSIONS => ''],
    [MAX_SESSIONS => '010'], [MAX_SESSIONS => '1; evil'],
    [SESSION_TIMEOUT => '1h'], [STREAM_TIMEOUT => '1.5'],
    [WS_PING_INTERVAL => '0'], [SHUTDOWN_TIMEOUT => '0'], [WORKERS => 'auto'],
    [UMASK => '088'],
    [MAX_BUFFER_SIZE => '8192'], [MAX_BUFFER_SIZE => '1g'],
    [MAX_BUFFER_SIZE => '100m'], [WS_MAX_SIZE => '1'],
    [LOG_LEVEL => 'loud'], [ALLOWED_COMMANDS => ''],
    [ALLOWED_COMMANDS => ' , '], [ALLOWED_COMMANDS => 'ls;id'],
    [ALLOWED_COMMANDS => 'nosuchprogram', qr/no program "nosuchprogram"/],
    [ALLOWED_COMMANDS => 'any,ls', qr/"any" allows every program already/],
    [CC_EXECUTOR_SHELL => '/bin/nosuch'], [CC_EXECUTOR_SHELL => 'a b'],
    [ALLOWED_HOSTS => ''], [ALLOWED_HOSTS => 'a:80'], [ALLOWED_HOSTS => 'a}b'],
    [ALLOWED_ORIGINS => ''], [ALLOWED_ORIGINS => 'ftp://x'],
    [ALLOWED_ORIGINS => 'https://x/path'], [ALLOWED_ORIGINS => '*'],
    [TOKEN_FILE => '/nonexistent'],
    [TOKEN_FILE => '/dev/null', qr/is empty or cannot be read by user 1234/],
);

for (@wrong) {
    my ($name, $value, $says) = @$_;
    my $out = CC::Container::output('podman', 'run', '--rm',
        '--no-healthcheck', '--network', 'none', '--user', '1234:1234',
        '-e', "$name=$value", CC::Container::image());
    is($? >> 8, 78, "$name=\"$value\" stops the container") or diag $out;
    like($out, $says // qr/^cc-executor: $name\b/m, 'with a sentence');
}

my $out = CC::Container::output('podman', 'run', '--rm', '--no-healthcheck',
    '--network', 'none', '-e', 'ALLOWED_COMMANDS=ls', '-e',
    'CC_EXECUTOR_SHELL=/bin/bash', CC::Container::image());
like($out, qr/^cc-executor: CC_EXECUTOR_SHELL=.* cannot be used with a list/m,
    'a shell and a list');
$out = CC::Container::output('podman', 'run', '--rm', '--no-healthcheck',
    '--network', 'none', '--user', '0', '--cap-drop', 'ALL', CC::Container::image());
like($out, qr/^cc-executor: running as root without CHOWN KILL SETGID SETUID: /, 'root');
$out = CC::Container::output('podman', 'run', '--rm', '--no-healthcheck',
    '--network', 'none', '--read-only', CC::Container::image());
like($out, qr{^cc-executor: /var/lib/cc-executor cannot be written by user 1000}m,
    'a read-only root without a tmpfs');

done_testing();
