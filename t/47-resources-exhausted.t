# Resources end: descriptors, connections, processes, memory, room for logs.
# The client concerned is told, nobody crashes, and when there is enough again
# all goes on.
#
# tags: asan slow coverage

use strict;
use warnings;

use File::Path qw(remove_tree);
use Test::More;
use Time::HiRes qw(time sleep);
use CC::Http;
use CC::Mcp;
use CC::Nginx alone => 'a spawner that shares the limits of its worker';

plan skip_all => 'needs root (prlimit of other users\' processes)' if $> != 0;

my $rules = 'cc_executor_allow any; cc_executor_shell /bin/sh;
    cc_executor_kill_grace 300ms; cc_executor_start_timeout 2s;';

sub limit {
    my ($pid, $what, $n) = @_;
    # allowed to who is the same user, or to a root that has every capability
    my @nobody = getpwnam 'nobody';
    my $child = fork // die $!;
    if ($child == 0) {
        $) = "$nobody[3] $nobody[3]";
        $( = $nobody[3];
        ($<, $>) = ($nobody[2], $nobody[2]);
        exec 'prlimit', '--pid', $pid, "--$what=$n:" or POSIX::_exit(127);
    }
    waitpid $child, 0;
    die "prlimit failed\n" if $?;
    return;
}

sub used {
    my ($pid) = @_;
    my @fds = map { m{/(\d+)$} } glob "/proc/$pid/fd/*";
    my %fds = map { $_ => 1 } @fds;
    my $n = 0;
    $n++ while $fds{$n};
    return $n;
}

# the command runs, at the latest after a while
sub runs {
    my ($t) = @_;
    return $t->wait_until(sub {
        my $c = eval { $t->client } or return 0;
        my $out = $c->{connected} ? $c->run('echo fine')->{stdout} : '';
        $c->close;
        return $out eq "fine\n";
    }, 30);
}

# one that fails with an error of the server, and says why
sub refused {
    my ($c, $re, $what) = @_;
    my $a = $c->call('execute', { command => 'exec sleep 4701' });
    is($a->{error}{code}, -32603, $what);
    like($a->{error}{message} // '', $re, 'says why');
    return;
}

sub forked {
    my ($pid) = @_;
    open my $f, '<', '/proc/stat' or die $!;
    return (grep { /^processes (\d+)/ } <$f>)[0] =~ /(\d+)/ ? $1 : 0;
}

# descriptors of the worker: helpers that it cannot take are not made over and
# over again

my $t = CC::Nginx->new(workers => 1, location => $rules,
    http => 'cc_executor_helpers min=1 max=20;')->start;
my $visitor = $t->visitor;
my $c = $t->client;
is($c->run('echo one')->{stdout}, "one\n", 'one helper');
my ($worker) = $t->workers;
my ($spawner) = $t->spawners;
my @c = map { $t->client } 1 .. 6;
limit($worker, 'nofile', used($worker) + 1);
my @ids = map { $_->send('execute', { command => 'exec sleep 4702' }) } @c;
my (%code, $answered);
for (0 .. $#c) {
    my $a = $c[$_]->answer($ids[$_]);
    $answered++ if $a;
    $code{ $a->{error} ? $a->{error}{code} : 'runs' }++;
}
is($answered, 6, 'no descriptor left in the worker: all are answered');
ok($code{-32603}, 'with an error') or diag explain \%code;
my $made = () = $t->log =~ /descriptors from a helper were lost/g;
ok($made, 'what was missing is in the log');
cmp_ok($made, '<=', 20, 'helpers are not made over and over again');
limit($worker, 'nofile', 1024);
$_->close for @c;
ok(runs($t), 'with descriptors again: commands run');
is($c->run('echo same')->{stdout}, "same\n", 'a session that was there, too');

# descriptors of a helper: its command cannot have pipes

limit($_, 'nofile', 7) for $t->helpers;
refused($c, qr/Too many open files/, 'no descriptor left in the helper');
limit($_, 'nofile', 1024) for $t->helpers;
ok(runs($t), 'with descriptors again: commands run');

# processes: the helper cannot make a command

limit($_, 'nproc', 1) for $t->helpers;
refused($c, qr/Resource temporarily unavailable/, 'no process left');
limit($_, 'nproc', 10000) for $t->helpers;
ok(runs($t), 'with processes again: commands run');

# the spawner cannot make a helper

limit($spawner, 'nproc', 1);
kill 'KILL', $t->helpers;
ok($t->wait_until(sub { !$t->helpers }), 'no helper');
refused($c, qr/Resource temporarily unavailable|in time/,
    'and none can be made');
limit($spawner, 'nproc', 10000);
ok(runs($t), 'with processes again: commands run');

# memory: helpers die at their birth

my ($size) = $t->slurp("../../../proc/$spawner/status") =~ /^VmSize:\s+(\d+)/m;
limit($spawner, 'as', $size * 1024 + 65536);
kill 'KILL', $t->helpers;
my $before = forked();
my $a = $c->call('execute', { command => 'exec sleep 4703' });
is($a->{error}{code}, -32603, 'no memory for helpers: an error');
SKIP: {
    skip 'a sanitizer needs address space', 1 if $ENV{CC_SANITIZE};
    my $log = () = $t->log =~ /could not make a helper|short-lived/g;
    cmp_ok($log, '<=', 20, 'they are not made over and over again');
}
limit($spawner, 'as', 'unlimited');
ok(runs($t), 'with memory again: commands run');
is(join(' ', $t->workers), $worker, 'the worker is the same');
is($visitor->(), '', 'other locations answered all the time');
$_->close for $c;
$t->finish;

# worker_connections: every helper needs one

$t = CC::Nginx->new(conf => <<"EOC")->start;
worker_processes 1;
events { worker_connections 40; }
http {
    access_log %%DIR%%/logs/access.log;
    cc_executor_path %%DIR%%/runtime;
    cc_executor_helpers max=40;
    server {
        listen 127.0.0.1:%%PORT%%;
        location /ws/mcp { cc_executor on; $rules }
    }
}
EOC
$c = $t->client;
is($c->run('echo one')->{stdout}, "one\n", 'few connections: commands run');
@c = map { $t->client } 1 .. 14;
@ids = map { $_->send('execute', { command => 'exec sleep 4704' }) } @c;
($answered, %code) = (0);
for (0 .. $#c) {
    my $a = $c[$_]->answer($ids[$_]);
    $answered++ if $a;
    $code{ $a->{error} ? $a->{error}{code} : 'runs' }++;
}
is($answered, 14, 'no connection left for helpers: all are answered');
ok($code{-32603} && $code{runs}, 'some with an error') or diag explain \%code;
like($t->log, qr/worker_connections are not enough/, 'the log says why');
$_->close for @c;
ok(runs($t), 'with connections again: commands run');
$c->close;
$t->finish;

# no room for logs

$t = CC::Nginx->new(location => $rules,
    http => 'error_log /dev/full info; access_log /dev/full;')->start;
for (1 .. 3) {
    $c = $t->client;
    is($c->run('echo still')->{stdout}, "still\n", 'the disk is full for logs');
    $c->close;
}
$t->finish;

# a runtime directory that cannot be made is told at the start

my $bad = CC::Nginx->new(http => 'cc_executor_path /proc/no/such;',
    location => $rules);
my $text = $bad->config;
$text =~ s/cc_executor_path [^;]*runtime;//;
my ($rc, $said) = $bad->test_config($text);
is($rc, 0, 'a runtime directory that cannot be does not stop nginx');
like($said, qr{\[warn\] "cc_executor_path": "/proc/no/such\S*" cannot be created},
    'nginx -t says which') or diag $said;
$bad->finish;

# the zone: its last slot, then locations that come and go

sub zone {
    my ($size, $limit, @names) = @_;
    return "cc_executor_zone $size; server { listen 127.0.0.1:%%PORT%%; "
        . join(' ', map { "location /$_ { cc_executor on; $rules
            cc_executor_max_sessions $limit; }" } @names) . '}';
}

sub conf {
    my ($http) = @_;
    return "worker_processes 1; events { } http { $http
        cc_executor_path %%DIR%%/runtime; }";
}

my $try = CC::Nginx->new;
my ($fits, $not) = (10, 100_000);
while ($not - $fits > 1) {
    my $middle = int(($fits + $not) / 2);
    my ($rc) = $try->test_config(conf(zone('256k', $middle, 'ws/mcp')));
    ($rc == 0 ? $fits : $not) = $middle;
}
($rc, $said) = $try->test_config(conf(zone('256k', $not, 'ws/mcp')));
like($said, qr/cc_executor_zone 256k is too small for all cc_executor_max_s/,
    'one slot more than there is room for is told at the start');

my $few = int($fits / 2) - 50;
$t = CC::Nginx->new(conf => conf(zone('256k', $few, 'ws/mcp')))->start;
$c = $t->client;
is($c->run('echo one')->{stdout}, "one\n", "half the zone: $few slots");
my $reload = sub {
    my ($http) = @_;
    my %old = map { $_ => 1 } $t->workers;
    my $lines = () = $t->log =~ /\n/g;
    $t->write_config($t->expand(conf($http)));
    $t->signal('HUP');
    my $new;
    $t->wait_until(sub {
        $new = grep { !$old{$_} } $t->workers;
        $new || $t->log =~ /^(?:.*\n){$lines}(?s:.*)zone 256k is too/ }, 20);
    # who connects to a worker that leaves is told to connect again
    ok($t->wait_until(sub { !grep { $old{$_} } $t->workers }, 20),
        'the old worker has left') if $new;
    return $new;
};
ok($reload->(zone('256k', $few, 'ws/mcp')), 'a reload needs no more');
ok($reload->(zone('256k', $few, 'ws/mcp')), 'nor the next one');
for my $round (1 .. 8) {
    $reload->(zone('256k', 500, 'ws/mcp', map { "of/$round/$_" } 1 .. 4))
        or last;
}
unlike($t->log, qr/is too small/,
    'locations that come and go give their place to others');
ok(!$reload->(zone('256k', 800, 'ws/mcp', map { "many/$_" } 1 .. 40)),
    'more than there is room for: the reload is refused');
is($t->client->run('echo old')->{stdout}, "old\n", 'what was, goes on');
$t->allow(qr/cc_executor_zone 256k is too small/, 1);
ok($reload->(zone('288k', 200, 'ws/mcp')), 'another size is a new zone');
is($t->client->run('echo new')->{stdout}, "new\n", 'and commands run');
$c->close;
$t->finish;

# a disk that is full: nothing can be begun there, what is there goes on

SKIP: {
    $t = CC::Nginx->new(location => $rules, http => 'cc_executor_cwd
        %%DIR%%/disk/work; client_body_buffer_size 1k;');
    my $disk = $t->dir . '/disk';
    mkdir $disk or die $!;
    my $unmount = Unmount->new($disk);
    skip 'no disk of our own can be mounted', 17 unless system(
        "mount -t tmpfs -o size=64k,nr_inodes=24,mode=755 none '$disk' 2>&1") == 0;

    for (qw(work temp)) {
        mkdir "$disk/$_" or die $!;
        chmod 0777, "$disk/$_";
    }
    my $path = $t->config;
    $path =~ s/cc_executor_path [^;]*/cc_executor_path $disk\/runtime/;
    $path =~ s/http \{/http { client_body_temp_path $disk\/temp\/body;/;
    $t->{conf} = $path;
    local *CC::Nginx::http_paths = sub { '' };
    $t->start;

    my $n = 0;
    while (open my $f, '>', "$disk/" . $n++) { }
    open my $f, '>>', "$disk/0" or die $!;
    1 while syswrite $f, 'x' x 4096;
    ok($!{ENOSPC}, 'a full disk');

    $c = $t->client;
    is($c->run('echo some')->{stdout}, "some\n", 'commands run on it');
    my $r = $c->run('echo more > file');
    isnt($r->{completed}{exit_code}, 0, 'what they cannot write is theirs');
    like($r->{stderr}, qr/No space left on device/, 'to say');
    my $post = CC::Http->new(port => $t->port);
    $r = $post->post({ jsonrpc => '2.0', id => 1, method => 'tools/call',
        params => { name => 'execute', arguments => { command => 'wc -c',
            stdin => 'y' x 200_000 }, _meta => CC::Mcp::meta() } },
        headers => { 'MCP-Protocol-Version' => $CC::Mcp::MODERN,
            'Mcp-Method' => 'tools/call', 'Mcp-Name' => 'execute' });
    like($r->{message}{result}{content}[0]{text} // '', qr/^200000\n/,
        'a body needs no room on it');

    my ($old) = $t->workers;
    $t->signal('HUP');
    ok($t->wait_until(sub { my @w = $t->workers; @w == 1 && $w[0] != $old }, 20),
        'a reload');
    is($t->client->run('echo fine')->{stdout}, "fine\n", 'and commands run');
    $c->close;
    $post->close;
    $t->finish;

    remove_tree("$disk/runtime");
    while (open my $more, '>', "$disk/" . $n++) { }
    ($rc, $said) = $t->test_config($path);
    is($rc, 0, 'no room for the runtime directory does not stop nginx');
    like($said, qr{\[warn\].*"$disk/runtime\S*" cannot.*28: No space left},
        'nginx -t says so') or diag $said;
}

done_testing;

# as long as it lives something may be mounted there

package Unmount;

sub new { my ($class, $dir) = @_; return bless { dir => $dir }, $class }

sub DESTROY { local $?; system 'umount', '-l', $_[0]{dir}; return }
