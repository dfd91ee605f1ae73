# Every directive and every field of a client with its longest value: answers
# are whole JSON, nothing is cut in the middle, no worker dies.
#
# tags: asan

use strict;
use warnings;

use File::Path qw(make_path remove_tree);
use JSON::PP ();
use POSIX ();
use Test::More;
use CC::Http;
use CC::Mcp;
use CC::Nginx;

my $json = JSON::PP->new->utf8->allow_nonref;

# before the directory changes: the table of directives is in it

open my $fh, '<', 'ngx_cc_executor_module.c' or die $!;
my $source = do { local $/; <$fh> };
close $fh;

# the longest path that can be entered: 4095 bytes (PATH_MAX with its NUL), in
# names of 200; a parameter of nginx has the same bound
my $t = CC::Nginx->new;
my $dir = $t->dir;

sub long_path {
    my ($base, $len) = @_;
    my $path = $base;
    my @names;
    while (length($path) < $len - 202) {
        $path .= '/' . ('d' x 200);
        push @names, 'd' x 200;
    }
    my $rest = $len - length($path) - 1;
    return ("$path/" . ('e' x $rest), @names, 'e' x $rest);
}

my ($cwd, @names) = long_path("$dir/work", 2430);
my $at = "$dir/work";
chdir $at or die $!;
for (@names) {
    mkdir $_ or die "$_: $!";
    chmod 0755, $_;
    chdir $_ or die $!;
}
my ($uid, $gid) = (getpwnam 'nobody')[2, 3];
chown $uid, $gid, '.' if $> == 0;
my $shell = "$cwd/sh";
symlink '/bin/sh', 'sh' or die $!;
my @programs = map { my $name = sprintf 'p%03d' . ('x' x 240), $_;
    symlink '/bin/echo', $name or die $!; "$cwd/$name" } 1 .. 40;
chdir '/' or die $!;

my $allow = join "\n", map {
    "cc_executor_allow $_ args=" . ('w' x 255) . ' ' . join(' ',
        map { "args=" . ('v' x 200) . $_ } 1 .. 10) . ';' } @programs[0 .. 30];
my $alias = join "\n", map { sprintf 'cc_executor_alias a%03d%s "%s %s";', $_,
    'n' x 900, $programs[0], 'x' x 1000 } 1 .. 30;
my $env = join ' ', map { "E$_=" . ('v' x 100) } 1 .. 50;
my $names = join ' ', map { "C$_" . ('_' x 100) } 1 .. 50;
my $origins = join ' ', map { "https://" . ('a' x 63 . '.') x 3 . 'x:65535' } 1 .. 5;
my $hosts = join ' ', map { ('a' x 63 . '.') x 3 . "x$_" } 1 .. 5;
my $name = 's' x 200;
my $long = 'l' x 700;

my $common = <<"EOC";
    cc_executor_env PATH=/usr/bin:/bin $env;
    cc_executor_client_env $names; cc_executor_client_cwd beneath;
    cc_executor_cwd $cwd; cc_executor_error_detail on;
    cc_executor_allowed_hosts auto $hosts;
    cc_executor_allowed_origins $origins;
    cc_executor_cors $origins;
    cc_executor_audit_log $dir/logs/audit.log;
    cc_executor_rlimit_cpu 2147483647; cc_executor_rlimit_nofile 2147483647;
    cc_executor_rlimit_fsize 9223372036854775807;
    cc_executor_rlimit_nproc 2147483647; cc_executor_rlimit_as 9223372036854775807;
    cc_executor_max_output 9223372036854775807;
    cc_executor_timeout 24d; cc_executor_silence_timeout 24d;
    cc_executor_max_sessions_per_owner 1000000; cc_executor_nice 19;
    cc_executor_wrapper $programs[1] @{[map { 'w' x 300 } 1 .. 10]};
    cc_executor_control $programs[2] @{[map { 'c' x 300 } 1 .. 10]} "%{id}";
    cc_executor_fence_read / $cwd; cc_executor_fence_write $cwd /tmp /dev;
EOC
# the longest numbers; where they hold no command could end or be told

my $numbers = <<"EOC";
    cc_executor_start_timeout 24d; cc_executor_kill_grace 24d;
    cc_executor_linger 24d; cc_executor_drain_timeout 24d;
    cc_executor_ping_interval 24d; cc_executor_ping_timeout 24d;
    cc_executor_frame_timeout 24d; cc_executor_idle_timeout 24d;
    cc_executor_buffer 64m; cc_executor_stdin_buffer 2047m;
    cc_executor_max_message 2047m;
    cc_executor_max_commands_per_session 512;
    cc_executor_max_commands_per_owner 1000000;
    cc_executor_max_sessions_per_address 1000000;
    cc_executor_umask 0777; cc_executor_keep_ttl 24d;
    cc_executor_keep_timeout 24d; cc_executor_keep_orphan 24d;
    cc_executor_keep_output 16m; cc_executor_stall_timeout 24d;
    cc_executor_resume 24d; cc_executor_task_after 24d;
    cc_executor_max_kept_per_owner 1000000; cc_executor_max_watchers 1024;
    cc_executor_max_waits 4096; cc_executor_realm @{['r' x 64]};
EOC
$t->{conf} = <<"EOC";
events { worker_connections 1024; }
http {
    access_log off;
    cc_executor_path %%DIR%%/runtime;
    cc_executor_node @{['n' x 32]};
    server {
        listen 127.0.0.1:%%PORT%%;
        server_name localhost $name;
        location /$long { cc_executor on; $allow $alias $common }
        location /shell { cc_executor on; cc_executor_allow any;
            cc_executor_shell $shell; $common }
        location /plain { cc_executor on; cc_executor_allow any;
            cc_executor_shell $shell; cc_executor_cwd $cwd;
            cc_executor_client_cwd beneath; cc_executor_error_detail on; }
        location /numbers { cc_executor on; cc_executor_allow any;
            $numbers $common }
        location /none { cc_executor on; cc_executor_allow any;
            cc_executor_shell $shell; cc_executor_cwd $cwd/none;
            cc_executor_env PATH=@{['p' x 4000]} HOME;
            cc_executor_error_detail on; }
    }
}
EOC

# Every directive of the module that takes a text or a number stands in the
# configuration above, or here with the reason.

my %without = (
    cc_executor_zone => 'a size that all locations share, see t/90-operation-status.t',
    cc_executor_helpers => 'as many processes, bounded by worker_connections',
    cc_executor_max_sessions => 'a million slots need a zone of that size',
    cc_executor_max_commands => 'the same',
    cc_executor_max_kept => 'the same',
    cc_executor_max_kept_calls => 'the same',
    cc_executor_secret => 'a file that belongs to root, see t/36-config-cases.t',
    cc_executor_session_key => 'likewise',
    cc_executor_observe => 'needs a token file, see t/36-config-cases.t',
    cc_executor_peer => 'needs a token file and more, see t/97-nodes-forward.t',
    cc_executor_service => 'needs a service that is there, see t/36-config-cases.t',
    cc_executor_user => 'likewise',
    cc_executor_cgroup => 'likewise',
    cc_executor_remote => 'one of three words',
    cc_executor_fence => 'one of a few words',
    cc_executor_token_file => 'no client of this test would get in',
    cc_executor_status => 'one of three words, in a location of its own',
    cc_executor_unreachable => 'neither, in a location of its own',
);
{
    my %takes = $source =~ /\{ ngx_string\("(cc_executor\w*)"\),\s+(NGX_[^,]+),/g;
    cmp_ok(scalar keys %takes, '>', 50, 'the table of directives is read');
    my %given = map { $_ => 1 }
        $t->{conf} =~ /(?:^|[;{\n])\s*(cc_executor\w*)\s/g;
    my @texts = grep { $takes{$_} !~ /NGX_CONF_FLAG/ } sort keys %takes;
    is_deeply([grep { !$given{$_} && !$without{$_} } @texts], [],
        'every directive with a text or a number is given its longest');
    is_deeply([grep { $given{$_} || !$takes{$_} } sort keys %without], [],
        'and the list of the others has no more than them');
}
$t->start;
my ($worker) = $t->workers;

# what MCP says of the location

for my $path ("/$long", '/shell', '/plain', '/numbers', '/none') {
    my $short = substr $path, 0, 8;
    my $m = CC::Mcp->new(port => $t->port, path => $path);
    my $r = $m->initialize;
    ok(ref $r, "$short: initialize") or next;
    my $text = $r->{result}{instructions} // $r->{instructions};
    ok(length $text, 'has instructions');
    like($text, qr/\.\z/, 'which are whole');
    unlike($text, qr/\Q$cwd\E/, 'a path that is too long is not told');
    my $list = $m->call('tools/list');
    my $tool = $list->{result}{tools}[0];
    is($tool->{name}, 'execute', 'tools/list');
    like($tool->{description}, qr/(?:\.|more)\z/, 'a whole description')
        or diag $tool->{description};
    $m->close;
    my $post = CC::Http->new(port => $t->port, path => $path)->post({
        jsonrpc => '2.0', id => 'i' x 1000, method => 'tools/list' });
    is($post->{message}{result}{tools}[0]{name}, 'execute', 'by POST, too')
        or diag explain $post;
}

# what clients send

my @long = (
    ['a program', { args => ['p' x 4096] }],
    ['a path', { args => ['/' . 'p' x 100_000] }],
    ['a command line', { command => 'c' x 100_000 }],
    ['an unclosed quote', { command => '"' . 'c' x 100_000 }],
    ['many arguments', { args => ['x', ('a') x 20_000] }],
    ['a long argument', { args => ['/bin/echo', 'a' x 140_000] }],
    ['an empty one', { args => [''] }],
    ['cwd', { command => 'x', cwd => 'c' x 10_000 }],
    ['cwd with slashes', { command => 'x', cwd => ('c/' x 5_000) . 'c' }],
    ['cwd with the path', { command => 'x', cwd => $cwd . '/x' x 1000 }],
    ['a name of env', { command => 'x', env => { 'E' x 10_000 => 'x' } }],
    ['a name in Cyrillic', { command => 'x', env => { "\x{416}" x 3_000 => 'x' } }],
    ['a value of env', { command => 'x', env => { 'C1' . '_' x 100 => 'v' x 140_000 } }],
    ['an env that is none', { command => 'x', env => { 'C1' . '_' x 100 => 1 } }],
    ['timeout', { command => 'x', timeout => 1e300 }],
    ['timeout as text', { command => 'x', timeout => '9' x 4000 }],
    ['encoding', { command => 'x', encoding => 'e' x 10_000 }],
    ['output', { command => 'x', output => 'o' x 10_000 }],
    ['a stranger', { command => 'x', 'k' x 10_000 => 1 }],
    ['stdin', { command => 'cat', stdin => 's' x 500_000 }],
    ['characters of four bytes', { args => ["\x{1f600}" x 5000] }],
    ['control characters', { args => ["\x01" x 5000] }],
);
for my $path ("/$long", '/plain', '/none') {
    my $short = substr $path, 0, 8;
    for (@long) {
        my ($what, $params) = @$_;
        my $c = $t->client(path => $path);
        my $r = eval { $c->run($params, timeout => 20) };
        ok($r && ($r->{answer}{error}{message} || $r->{completed}),
            "$short: $what") or diag $@, explain $r;
        my $m = $r ? $r->{answer}{error}{message} // '' : '';
        cmp_ok(length $m, '<=', 1024, 'what is said is bounded');
        $c->close;
    }
    my $c = $t->client(path => $path);
    for my $method ('m' x 10_000, "\x{416}" x 5_000, "\x01" x 5_000) {
        my $e = $c->call($method, {})->{error};
        is($e->{code}, -32601, "$short: a long method");
    }
    my $id = "\x01" x 4000;
    is($c->call('list', {}, id => $id)->{id}, $id, 'a long id');
    ok($c->call('control', { type => 'T' x 10_000, execution_id => 'x' x 10_000 })
        ->{error}{message}, 'control');
    $c->close;
}

# headers

for (['Origin', 'https://' . 'o' x 3000], ['Host', 'h' x 3000],
    ['Authorization', 'Bearer ' . 't' x 3000], ['Sec-WebSocket-Protocol',
    join ', ', map { "p$_" } 1 .. 500], ['Sec-WebSocket-Key', 'k' x 3000],
    ['Sec-WebSocket-Version', '9' x 3000], ['Upgrade', 'u' x 3000])
{
    my ($header, $value) = @$_;
    for my $path ("/$long", '/plain') {
        my $ws = $t->ws(path => $path, headers => { $header => $value });
        ok($ws->{status} >= 101, "a long $header");
        $ws->close;
    }
}

is(join(' ', $t->workers), $worker, 'it is the worker of the start');
my @lines = $t->slurp('logs/audit.log') =~ /(.*)\n/g;
is(scalar(grep { !eval { $json->decode($_) } } @lines), 0,
    'every line of the audit log is whole');
cmp_ok(scalar @lines, '>', 50, 'there are some');
$t->finish;

done_testing;
