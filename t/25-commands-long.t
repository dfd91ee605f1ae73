#!/usr/bin/perl

# Command lines longer than the kernel allows for one argument: the shell reads
# them from a sealed descriptor, and they do what they would do with -c.
#
# tags: asan coverage

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use JSON::PP ();
use Test::More;

use CC::Cases qw(cases);
use CC::Mcp;
use CC::Nginx;

my $MAX = 131071;            # bytes of one argument
my $PATH = '/proc/self/fd/9';
my $abi = syscall(444, 0, 0, 1);

# a comment so long that nothing behind it fits
sub pad { my ($n) = @_; return '#' . 'x' x ($n // 140_000) . "\n" }

my $t = CC::Nginx->new(
    http => 'cc_executor_cwd %%DIR%%/work; cc_executor_allow any;
        cc_executor_env PATH=/usr/bin:/bin LC_ALL=C.UTF-8;
        cc_executor_shell /bin/sh;',
    server => <<'EOS');
        location /dash { cc_executor on; cc_executor_shell /bin/dash always; }
        location /bash { cc_executor on; cc_executor_shell /bin/bash always; }
        location /plain { cc_executor on; cc_executor_shell /bin/sh;
            cc_executor_audit_log logs/audit.log; }
        location /none { cc_executor on; cc_executor_shell off; }
        location /env { cc_executor on; cc_executor_client_env A B; }
        location /large { cc_executor on; cc_executor_max_message 4m;
            cc_executor_max_output 0; }
        location /wrapped/dash { cc_executor on;
            cc_executor_wrapper /usr/bin/env -i A=1 /usr/bin/nice -n 1; }
        location /wrapped/bash { cc_executor on; cc_executor_shell /bin/bash;
            cc_executor_wrapper /usr/bin/env -i A=1 /usr/bin/nice -n 1; }
        location /misled/dash { cc_executor on; cc_executor_wrapper
            /usr/bin/env BASH_VERSION=5 "MAPFILE=echo misled" PATH=.:/bin; }
        location /misled/bash { cc_executor on; cc_executor_shell /bin/bash;
            cc_executor_wrapper
            /usr/bin/env BASH_VERSION= "MAPFILE=echo misled" PATH=.:/bin; }
EOS
$t->start;

# what a run shows to whoever asked for it
sub seen {
    my ($c, $case, $command) = @_;
    my $r = $c->run({ command => $command,
        defined $case->{stdin} ? (stdin => $case->{stdin}) : () });
    return { %{ $r->{completed} }{qw(exit_code signal cause)},
        %$r{qw(stdout stderr)} } if $r->{completed};
    return { refused => $r->{answer}{error} };
}

# The words that a shell puts into its messages, as docs/protocol.md says.
sub without {
    my ($shell, $stderr) = @_;
    return $shell eq 'dash' ? $stderr =~ s{^(/bin/dash: \d+: )$PATH: }{$1}gmr
        : $stderr =~ s{^(/bin/bash: )eval: }{$1-c: }gmr;
}

for my $shell (qw(dash bash)) {
    my $c = $t->client(path => "/$shell");
    for my $case (cases('long-commands')) {
        next if ($case->{shell} // $shell) ne $shell;
        for my $at ('', $case->{end} ? ', the padding behind it' : ()) {
            my ($short, $long) = map {
                seen($c, $case, $at ? "$case->{command}\n" . pad($_)
                                    : pad($_) . $case->{command})
            } 5, 140_000;
            $_->{stderr} = without($shell, $_->{stderr}) for $short, $long;
            $long->{stderr} =~ s/line 1: `\Kexec 9<&-; unset MAPFILE; // if $at;
            is_deeply($long, $short, "$shell: $case->{name}$at")
                or diag explain [$short, $long];
        }
    }

    my $r = seen($c, {}, pad() . 'nosuch');
    is($r->{stderr}, $shell eq 'dash' ? "/bin/dash: 2: $PATH: nosuch: not found\n"
        : "/bin/bash: line 2: nosuch: command not found\n",
        "$shell: its own words");

    # what is known to differ, and nothing beyond that

    $r = seen($c, {}, pad() . "set -x\necho a");
    is($r->{stderr}, $shell eq 'dash' ? "+ echo a\n" : "++ echo a\n",
        "$shell: xtrace");
    $r = seen($c, {}, pad() . "set -v\necho a\n");
    is($r->{stderr}, "echo a\n", "$shell: verbose");
    my $cmdline = seen($c, {}, pad() . 'tr "\0" "\n" < /proc/$$/cmdline');
    unlike($cmdline->{stdout}, qr/xxx/, "$shell: not in its command line");
    cmp_ok(length $cmdline->{stdout}, '<', 300, "$shell: which is short");

    # the shell itself: at most a descriptor of its own, for nobody else

    $r = seen($c, {}, pad() . 'ls -l /proc/$$/fd');
    my @fds = grep { !/\b[012] ->/ } $r->{stdout} =~ /\b(\d+ -> .*)/g;
    is(scalar @fds, $shell eq 'dash' ? 1 : 0, "$shell: what it holds itself")
        or diag $r->{stdout};
    $r = seen($c, {}, pad() . 'ls -l /proc/self/fd; ls /proc/$$/fd/9');
    unlike($r->{stdout}, qr/memfd/, "$shell: its children hold nothing");
    is($r->{exit_code}, 2, "$shell: 9 is closed");
    $c->close;
}

# where the border is

my $c = $t->client(path => '/dash');
my $show = "tr '\\0' '\\n' < /proc/\$\$/cmdline | wc -c\n#";
for ([$MAX, qr/^1310\d\d$/], [$MAX + 1, qr/^\d\d\d$/]) {
    my ($n, $want) = @$_;
    my $command = $show . 'x' x ($n - length $show);
    like(seen($c, {}, $command)->{stdout}, $want, "$n bytes");
}
$c->close;

$c = $t->client(path => '/large');
my $text = 'y' x 3_900_000;
my $r = $c->run({ command => "printf %s $text", output => 'chunk' },
    lean => 1);
ok($r->{stdout} eq $text, '3.9 MB, all of which is used');
is($c->run('echo alive')->{stdout}, "alive\n", 'a short one after it');
$c->close;

# argument and environment together

$c = $t->client(path => '/env');
$r = $c->run({ command => 'echo ${#A}; #' . 'x' x 120_000,
    env => { A => 'a' x 60_000 } });
is($r->{stdout}, "60000\n", 'a line that is too long with its environment');
$r = $c->run({ command => pad() . 'echo', env => { A => 'a' x 130_000,
    B => 'b' x 60_000 } });
is($r->{answer}{error}{code}, -32602, 'an environment that is too long');
like($r->{answer}{error}{message}, qr/at most 163840/, 'the limit is named');
$c->close;

# no shell, no script

$c = $t->client(path => '/none');
for ({ command => 'echo ' . 'x' x 140_000 }, { args => ['echo', 'x' x 140_000] })
{
    my $e = $c->call('execute', $_)->{error};
    is($e->{code}, -32602, 'without a shell: -32602');
    like($e->{message}, qr/longest string 140000 bytes, at most $MAX/,
        'the limit is named');
}
$c->close;
$c = $t->client(path => '/dash');
my $e = $c->call('execute', { args => ['/bin/sh', '-c', pad() . 'echo'] })
    ->{error};
is($e->{code}, -32602, 'args keep their limit');
my ($short, $long) = map { $c->call('execute',
    { command => pad($_) . "echo a\0b" })->{error} } 5, 140_000;
is_deeply($long, $short, 'NUL: refused the same way');
is($long->{code}, -32602, 'with -32602');
$c->close;

# a plain line, which a short one is executed directly; and the audit log

$c = $t->client(path => '/plain');
$r = $c->run('echo ' . 'z' x 140_000);
is($r->{stdout}, 'z' x 140_000 . "\n", 'a plain line');
my $m = CC::Mcp->new(port => $t->port, path => '/plain');
$m->initialize;
$r = $m->execute(pad() . 'echo $0; echo err >&2; exit 3');
is($r->{result}{structuredContent}{exit_code}, 3, 'MCP: execute');
like($r->{result}{structuredContent}{stdout}, qr{^/bin/sh$}m, 'MCP: output');
ok($t->wait_until(sub {
    2 == (() = $t->slurp('logs/audit.log') =~ /"event":"command.started"/g) }),
    'audit: both');
for ([qr/"program":"\/bin\/sh".*"argv":\["\/bin\/sh","-c","echo zzz/, 140_017],
    [qr/"argv":\["\/bin\/sh","-c","#xxx/, undef])
{
    my ($re, $bytes) = @$_;
    my ($line) = grep { /$re/ } split /\n/, $t->slurp('logs/audit.log');
    ok($line, 'audit: what was asked for');
    cmp_ok(length $line, '<', 10_000, 'audit: cut');
    is(JSON::PP::decode_json($line)->{argv_bytes}, $bytes, 'audit: its length')
        if $bytes;
}
$c->close;

# wrappers

for my $shell (qw(dash bash)) {
    $c = $t->client(path => "/wrapped/$shell");
    $r = $c->run({ command => pad() . 'echo $A $# "$(nice)"; cat; '
        . 'ls /proc/self/fd | wc -l', stdin => "in\n" });
    is_deeply([@$r{qw(stdout stderr)}], ["1 0 1\nin\n4\n", ''],
        "env, nice and $shell");
    $c->close;
}

# what the environment says of the shell does not count, nor does a program of
# the builtin's name

{
    my $file = $t->dir . '/work/mapfile';
    open my $to, '>', $file or die $!;
    print $to "#!/bin/sh\necho misled\n";
    chmod 0755, $to;
    close $to;
    for my $shell (qw(dash bash)) {
        $c = $t->client(path => "/misled/$shell");
        $r = $c->run(pad() . 'echo $? "$PATH" "${MAPFILE-unset}"; nosuch; exit 6');
        is_deeply([$r->{stdout}, $r->{completed}{exit_code}],
            ["0 .:/bin unset\n", 6], "$shell: variables do not mislead it");
        like($r->{stderr}, qr/^\S+ [^\n]*nosuch: [^\n]*not found\n\z/,
            'and its messages are there');
        $c->close;
    }
    unlink $file;
}

# descriptors are given back

$c = $t->client(path => '/dash');
$c->run(pad() . ':') for 1 .. 5;
$c->close;
is(scalar(grep { /cc_script/ } map { CC::Nginx::descriptors($_) } $t->workers,
    $t->spawners, $t->helpers), 0, 'no descriptor is left anywhere');
$t->finish;

# The fence: what may be read says nothing of descriptors, so no /proc is
# needed among it.

SKIP: {
    skip 'no Landlock', 1 if $abi < 1;
    my $u = CC::Nginx->new(http => 'cc_executor_allow any;
        cc_executor_cwd %%DIR%%/work; cc_executor_fence_write %%DIR%%/work;
        cc_executor_fence_read /usr /bin /lib /lib64 /etc /dev;',
        location => 'cc_executor_shell /bin/dash;', server =>
        'location /bash { cc_executor on; cc_executor_shell /bin/bash; }')
        ->start;
    for my $path (undef, '/bash') {
        my $c = $u->client($path ? (path => $path) : ());
        my $r = $c->run(pad() . "cat /proc/version\necho \$#; nosuch");
        is($r->{stdout}, "0\n", 'within the fence' . ($path // ''));
        like($r->{stderr}, qr/version: Permission denied/, 'which is there');
        like($r->{stderr}, qr/line 3: nosuch|: 3: .*nosuch/, 'line numbers');
        $c->close;
    }
    $u->finish;
}

# bwrap hands descriptors on; without /proc the shell needs cat

SKIP: {
    skip 'no bwrap', 1 if !-x '/usr/bin/bwrap';
    my @probe = (qw(bwrap --ro-bind / / --unshare-pid --proc /proc true));
    unshift @probe, qw(setpriv --reuid=nobody --regid=nogroup --clear-groups)
        if $> == 0;
    skip 'user namespaces are not allowed here', 1
        if system("@probe 2>/dev/null") != 0;
    my $bwrap = '/usr/bin/bwrap --ro-bind /usr /usr --symlink usr/bin /bin
        --symlink usr/lib /lib --symlink usr/lib64 /lib64 --dev /dev
        --unshare-pid --die-with-parent';
    my $u = CC::Nginx->new(http => 'cc_executor_allow any;
        cc_executor_cwd %%DIR%%/work; cc_executor_fence off;', location => '',
        server => join "\n", map { my $shell = $_;
            map { "location $_/$shell { cc_executor on;
                cc_executor_shell /bin/$shell; cc_executor_wrapper $bwrap "
                . ($_ eq '/proc' ? '--proc /proc' : '') . ' --; }' }
            '/proc', '/none' } qw(dash bash))->start;
    for my $path (map { ("/proc/$_", "/none/$_") } qw(dash bash)) {
        my $c = $u->client(path => $path);
        my $r = $c->run({ command => pad() . "echo \$0 \$#; cat\nnosuch",
            stdin => "in\n" });
        my ($shell) = $path =~ /(\w+)$/;
        is($r->{stdout}, "/bin/$shell 0\nin\n", "bwrap $path");
        like($r->{stderr}, qr/line 3: nosuch|: 3: .*nosuch/, 'line numbers');
        is($r->{completed}{exit_code}, 127, 'exit code');
        $c->close;
    }
    $u->finish;
}

# another user may read it

SKIP: {
    skip 'only root can become somebody else', 1 if $> != 0;
    my $u = CC::Nginx->new(main => 'user root;', http => 'cc_executor_allow any;
        cc_executor_cwd %%DIR%%/work; cc_executor_allow_root on;
        cc_executor_wrapper /usr/bin/setpriv --reuid=daemon --regid=daemon
            --clear-groups --inh-caps=-all --bounding-set=-all;',
        location => 'cc_executor_shell /bin/dash;', server =>
        'location /bash { cc_executor on; cc_executor_shell /bin/bash; }');
    no warnings 'redefine';
    my $globals = \&CC::Nginx::globals;
    local *CC::Nginx::globals = sub { return $globals->(@_) =~ s/user \w+ \w+;//r };
    $u->start;
    for my $path (undef, '/bash') {
        my $c = $u->client($path ? (path => $path) : ());
        is($c->run(pad() . 'id -un')->{stdout}, "daemon\n",
            'setpriv' . ($path // ''));
        $c->close;
    }
    $u->finish;
}

done_testing;
