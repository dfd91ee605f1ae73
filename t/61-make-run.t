# What "make run" and "make demo" do: serve in the foreground, say how to talk
# to it, stop when asked; run real commands and show what they print.  What
# "make install" puts in place, "make uninstall" takes away.
#
# tags:

use strict;
use warnings;

use Cwd qw(abs_path);
use File::Path qw(make_path);
use File::Temp qw(tempdir);
use HTTP::Tiny;
use IO::Socket::INET;
use POSIX qw(WNOHANG);
use Test::More;
use CC::Nginx;

my $root = $CC::Nginx::ROOT;
my $dir = tempdir('cc_run_XXXXXX', DIR => '/var/tmp', CLEANUP => 1);
chmod 0755, $dir;

sub free_port {
    my $s = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1);
    return $s->sockport;
}

sub start {
    my ($port, $run) = @_;
    local $ENV{PORT} = $port;
    local $ENV{RUN} = $run // "$dir/run";
    open my $out, '>', "$dir/out" or die;   # what the one before said is gone
    my $pid = fork // die;
    if ($pid == 0) {
        open STDOUT, '>&', $out or die;
        open STDERR, '>&', \*STDOUT;
        exec "$root/.ci/serve" or POSIX::_exit(127);
    }
    return $pid;
}

sub said {
    open my $f, '<', "$dir/out" or return '';
    local $/;
    return <$f> // '';
}

my $port = free_port();
my $pid = start($port);
my $t = CC::Nginx->new;
ok($t->wait_until(sub { said() =~ /stop:.*\n/ }, 20), 'it serves')
    or diag said();
my @lines = split /\n/, said();
is(scalar @lines, 5, 'five lines');
like($lines[0], qr{ws://127\.0\.0\.1:$port/ws/mcp}, 'where');
my $built = -e "$root/build/console/index.html";
like($lines[1], $built ? qr{^page: +http://127\.0\.0\.1:$port/console/$}
    : qr{^page: +not built: "make console"}, 'where the console is');
like($lines[2], qr{^MCP: +http://127\.0\.0\.1:$port/mcp$}, 'where for MCP');
like($lines[3], qr{build/cc-run ws://127\.0\.0\.1:$port/ws/mcp}, 'how');

my ($try) = $lines[3] =~ /^try: +(.*)/;
my $out;
ok($t->wait_until(sub { $out = `cd $root && $try 2>&1`; $? == 0 }, 10),
    'what it says works') or diag $out;
like($out, qr/^Linux .*\ntotal 0\n/s, 'uname, and an empty work directory');
my $page = HTTP::Tiny->new->get("http://127.0.0.1:$port/console/");
is($page->{status}, $built ? 200 : 404, 'the console');
my $health = HTTP::Tiny->new->get("http://127.0.0.1:$port/health")->{content};
like($health, qr/"status":"healthy"/, 'health');
my $c = $t->client(port => $port);
is($c->run('pwd')->{stdout}, abs_path("$dir/run") . "/work\n",
    'commands start in the work directory');
if ($> == 0) {
    my $uid = $c->run('id -u')->{stdout};
    chomp $uid;
    my @nginx = map { (lstat "/proc/$_")[4] } CC::Nginx::children($pid, qr/worker/);
    ok(@nginx > 0 && !grep({ $_ == $uid } 0, @nginx),
        'commands are neither root nor nginx')
        or diag "command: $uid, workers: @nginx";
}
$c->close;

# the client says how it is used

my $cc_run = "$root/build/cc-run";
like(`$cc_run --help 2>$dir/err`, qr/^usage: .*COMMAND/, 'cc-run --help');
is(-s "$dir/err", 0, 'on standard output');
for my $wrong ('', '--no-such', 'a b c') {
    like(`$cc_run $wrong 2>&1`, qr/^cc-run: .*--help/s, "cc-run $wrong: how");
    is($? >> 8, 125, 'and exit code 125');
}
is(`$cc_run ws://127.0.0.1:$port/ws/mcp -- 'echo -n x' 2>&1`, 'x', 'cc-run URL');

# a second one on the same port

my $second = `PORT=$port RUN=$dir/second $root/.ci/serve 2>&1`;
isnt($?, 0, 'a port in use is an error');
like($second, qr/port $port is in use: .*PORT=/, 'with a remedy');

kill 'INT', $pid;                        # Ctrl-C
ok($t->wait_until(sub { waitpid($pid, WNOHANG) == $pid }, 10),
    'Ctrl-C ends it');
ok(!IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port),
    'the port is free again');

# again, in the same place

$pid = start($port = free_port());
ok($t->wait_until(sub { said() =~ /stop:.*\n/ }, 20), 'it starts again');
$t->wait_until(sub { IO::Socket::INET->new(PeerAddr => '127.0.0.1',
    PeerPort => $port) });
kill 'TERM', $pid;
waitpid $pid, 0;

# where somebody else could change what root starts

if ($> == 0) {
    mkdir "$dir/foreign";
    chown((getpwnam 'backup')[2, 3], "$dir/foreign");
    $pid = start($port = free_port(), "$dir/foreign/run");
    ok($t->wait_until(sub { said() =~ /stop:.*\n/ }, 20), 'it starts elsewhere');
    my ($elsewhere) = said() =~ m{: running in (/var/tmp/\S+) instead$}m;
    ok($elsewhere, 'and says where') or diag said();
    kill 'TERM', $pid;
    waitpid $pid, 0;
    system 'rm', '-rf', $elsewhere if $elsewhere;
}

# the demonstration

$port = free_port();
my $demo = `PORT=$port RUN=$dir/demo $root/.ci/demo 2>&1`;
is($?, 0, 'make demo') or diag $demo;
like($demo, qr/^ *\d+ total$/m, 'wc over /usr/include');
like($demo, qr/^commit [0-9a-f]{40}$/m, 'git log --stat');
like($demo, qr/^compiled .*ngx_cc_ws_frame\.c$/m, 'a compile of this module');
like($demo, qr/^\{"step":3,"ok":true\}$/m, 'JSON lines');
like($demo, qr/^tick 2$/m, 'python3 -u');
ok($t->wait_until(sub { !IO::Socket::INET->new(PeerAddr => '127.0.0.1',
    PeerPort => $port) }, 10), 'and nothing is left');

# install, uninstall: not while a configuration loads it

my $modules = `PATH=\$PATH:/usr/sbin nginx -V 2>&1` =~ /--modules-path=(\S+)/
    ? "$dir/root$1" : die;
my $make = "make -s -C $root DESTDIR=$dir/root";
`$make install 2>&1`;
ok(-e "$modules/ngx_cc_executor_module.so", 'make install');
my @client = map { "$dir/root/usr/$_" } 'bin/cc-run', 'share/man/man1/cc-run.1',
    'share/bash-completion/completions/cc-run';
is_deeply([grep { -s } @client], \@client, 'cc-run, its manual and completion');
make_path("$dir/root/etc/nginx/modules-enabled");
my $enabled = "$dir/root/etc/nginx/modules-enabled/60-cc-executor.conf";
open my $f, '>', $enabled or die $!;
print $f "load_module modules/ngx_cc_executor_module.so;\n";
close $f;
my $refused = `$make uninstall 2>&1`;
isnt($?, 0, 'make uninstall: refused while it is loaded');
like($refused, qr/\Q$enabled\E:1:load_module/, 'the line is shown');
ok(-e "$modules/ngx_cc_executor_module.so", 'and nothing is removed');
unlink $enabled;
`$make uninstall 2>&1`;
is($?, 0, 'make uninstall');
ok(!-e "$modules/ngx_cc_executor_module.so", 'it is gone');
is_deeply([grep { -e } @client], [], 'so is cc-run');

done_testing;
