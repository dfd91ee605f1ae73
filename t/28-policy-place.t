#!/usr/bin/perl

# What a client may choose: environment variables, a directory; what it runs
# by another name: aliases; and the arguments that are allowed.
#
# tags: asan coverage

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;

use CC::Nginx;

my $t = CC::Nginx->new(
    http => 'cc_executor_env PATH=/usr/bin:/bin A=server;
        cc_executor_cwd %%DIR%%/work;',
    location => 'cc_executor_allow any; cc_executor_shell /bin/sh;
        cc_executor_client_env A B LC_ALL PATH;
        cc_executor_client_cwd beneath;
        cc_executor_alias greet "/bin/echo hello";',
    server => <<'EOS')->start;
        location /none { cc_executor on; cc_executor_allow any; }
        location /list { cc_executor on;
            cc_executor_client_env A;
            cc_executor_allow /bin/pwd;
            cc_executor_allow /usr/bin/printenv;
            cc_executor_allow /bin/cat "args=/srv/*" args=-;
            cc_executor_alias count "/bin/sh -c 'seq 3 | wc -l'";
            cc_executor_alias ls "/bin/echo 'not ls' '$A'";
        }
        location /alias { cc_executor on;
            cc_executor_alias only "/bin/echo x"; }
EOS
my $c = $t->client;
my $work = $t->dir . '/work';

sub error {
    my ($client, $params, $code, $message, $name) = @_;
    my $e = $client->run($params)->{answer}{error};
    is($e->{code}, $code, $name // $message);
    like($e->{message}, ref $message ? $message : qr/^\Q$message\E$/, '- why');
    return;
}

# environment

is($c->run('echo $A')->{stdout}, "server\n", 'env: the server\'s');
is($c->run({ command => 'echo $A$B', env => { A => 'client', B => '' } })
    ->{stdout}, "client\n", 'env: the client\'s instead');
like($c->run({ args => ['/usr/bin/env'],
        env => { B => "=1\n2", LC_ALL => "\x{e4}" } })->{stdout},
    qr{^B==1\n2\nLC_ALL=\xc3\xa4\nPATH=/usr/bin:/bin\nA=server\n
       TMPDIR=/[^\n]+\n\z}x, 'env: byte for byte, the client\'s first');
is($c->run({ command => 'echo $A', env => {} })->{stdout}, "server\n",
    'env: empty');
is($c->run({ command => 'echo $A', env => undef })->{stdout}, "server\n",
    'env: null');
is($c->run({ command => 'echo $A', env => { A => '$(id) `id` ; id' } })
    ->{stdout}, "\$(id) `id` ; id\n", 'env: a value is not looked at');
mkdir "$work/bin";
open my $f, '>', "$work/bin/mine" or die $!;
print $f "#!/bin/sh\necho mine\n";
close $f;
chmod 0755, "$work/bin", "$work/bin/mine";
is($c->run({ args => ['mine'], env => { PATH => "$work/bin:/bin" } })
    ->{stdout}, "mine\n", 'env: PATH is searched, under "any"');

error($c, { command => 'x', env => { C => '1' } }, -32602,
    'params.env.C is not allowed here');
error($c, { command => 'x', env => { a => '1' } }, -32602,
    'params.env.a is not allowed here');
error($c, { command => 'x', env => { 'A=x' => '1' } }, -32602,
    'params.env.A=x is not allowed here');
error($c, { command => 'x', env => { '' => '1' } }, -32602,
    'params.env. is not allowed here');
error($c, { command => 'x', env => { LD_PRELOAD => 'x' } }, -32602,
    'params.env.LD_PRELOAD is not allowed here');
error($c, { command => 'x', env => { A => 1 } }, -32602,
    'params.env.A must be a string');
error($c, { command => 'x', env => { A => undef } }, -32602,
    'params.env.A must be a string');
error($c, { command => 'x', env => ['A=1'] }, -32602,
    'params.env must be an object of strings');
error($c, { command => 'x', env => { A => "x\0" } }, -32602, qr/NUL/,
    'NUL in a value');
error($c, { command => 'x', env => { A => 'x' x 131072 } }, -32602,
    qr/^argument list too long/, 'a value that is too long');

# directory

mkdir "$work/$_" for 'a', 'a/b', 'a b';
symlink '/etc', "$work/out";
symlink 'a', "$work/in";
open $f, '>', "$work/file" or die $!;
close $f;
mkdir "$work/locked", 0;
for (
    ['a', '/a'], ['a/b', '/a/b'], ['a b', '/a b'], ['./a/./b/', '/a/b'],
    ['.', ''], [$work, ''], ["$work/", ''], ["$work/a/b", '/a/b'],
    ["$work//a", '/a'],
) {
    my ($cwd, $where) = @$_;
    is($c->run({ command => 'pwd -P', cwd => $cwd })->{stdout},
        "$work$where\n", "cwd: $cwd");
}
is($c->run({ command => 'pwd', cwd => undef })->{stdout}, "$work\n",
    'cwd: null');
for ('..', 'a/..', 'a/../..', '../work', "$work/..", "$work/../runtime",
    'a/b/../../..')
{
    error($c, { command => 'pwd', cwd => $_ }, -32602,
        'params.cwd must not contain ".."', "cwd: $_");
}
for ('/', '/etc', "${work}er", $t->dir, "/proc/self/root", "/$work") {
    error($c, { command => 'pwd', cwd => $_ }, -32602,
        'params.cwd must be below the directory in which commands start',
        "cwd: $_");
}
for (['out', 'Too many levels|Not a directory'], ['in', 'Too many|Not a dir'],
    ['in/b', 'Too many|Not a dir'], ['out/ssl', 'Too many|Not a dir'],
    ['file', 'Not a directory'], ['nowhere', 'No such file'],
    ['x' x 300, 'File name too long'], ['locked', 'Permission denied'])
{
    my ($cwd, $why) = @$_;
    error($c, { command => 'pwd', cwd => $cwd }, -32602,
        qr/^working directory: (?:$why)/, 'cwd: ' . substr $cwd, 0, 20);
}
error($c, { command => 'pwd', cwd => $_ }, -32602,
    'params.cwd must be the name of a directory') for '', 1, ['a'];
$c->close;

# nothing to choose, by default

$c = $t->client(path => '/none');
error($c, { args => ['pwd'], cwd => 'a' }, -32602,
    'params.cwd is not allowed here');
error($c, { args => ['pwd'], env => { A => '1' } }, -32602,
    'params.env is not allowed here');
$c->close;

# aliases and arguments

$c = $t->client;
is($c->run('greet')->{stdout}, "hello\n", 'alias beside a shell');
is($c->run('greet 2>&1 || echo no')->{stdout} =~ /not found/ ? 1 : 0, 1,
    'more than its name is for the shell');
$c->close;
$c = $t->client(path => '/list');
is($c->run('count')->{stdout}, "3\n", 'alias: a fixed pipeline');
is($c->run({ args => ['count'] })->{stdout}, "3\n", 'by args');
is($c->run(' count ')->{stdout}, "3\n", 'with blanks');
is($c->run('ls')->{stdout}, "not ls \$A\n",
    'alias: before programs of its name, and no shell by itself');
error($c, 'count 1', -32002, "'count' is an alias and takes no arguments");
error($c, { args => ['count', ''] }, -32002,
    "'count' is an alias and takes no arguments");
error($c, 'coun', -32002, "'coun' is not on the allow-list");
error($c, 'sh', -32002, "'sh' is not on the allow-list");
error($c, 'count; count', -32002, "operator ';' is not allowed without a shell");
is($c->run('printenv A')->{stdout}, "server\n", 'a program of the list');
is($c->run({ command => 'printenv A', env => { A => 'x' } })->{stdout},
    "x\n", 'with the client\'s variable');
error($c, 'cat /etc/passwd', -32002,
    "'cat' is not allowed with these arguments");
error($c, '/bin/cat /srv/../etc/passwd', -32002,
    "'/bin/cat' is not allowed with these arguments");
error($c, 'cat', -32002, "'cat' is not allowed with these arguments");
error($c, 'cat - -', -32002, "'cat' is not allowed with these arguments");
is($c->run({ command => 'cat -', stdin => 'x' })->{stdout}, 'x',
    'arguments that match');
like($c->run('cat /srv/nowhere')->{stderr}, qr/No such file/, 'a wildcard');
$c->close;
$c = $t->client(path => '/alias');
is($c->run('only')->{stdout}, "x\n", 'nothing but an alias');
error($c, 'echo x', -32002, "'echo' is not on the allow-list");
$c->close;
unlike($t->log, qr/no "cc_executor_allow"/, 'no warning for it');

# what is executed is the file of the list

my $tool = $t->dir . '/tool';
system('cp', '/bin/echo', $tool) == 0 or die;
$t->finish;

my $u = CC::Nginx->new(location => "cc_executor_cwd %%DIR%%/work;
    cc_executor_allow $tool; cc_executor_allow /bin/ls;
    cc_executor_allow %%DIR%%/script;");
system('mkdir', '-p', $t->dir) == 0 or die;
system('cp', '/bin/echo', $tool) == 0 or die;
open $f, '>', $u->dir . '/script' or die $!;
print $f "#!/bin/sh\necho \"\$0 \$*\"\n";
close $f;
chmod 0755, $u->dir . '/script';
$u->start;
$c = $u->client;
is($c->run({ args => [$tool, 'x'] })->{stdout}, "x\n", 'a program');
like($c->run('ls -l /proc/self/exe')->{stdout}, qr{/bin/ls$},
    'it is what it says it is');
is($c->run('ls /proc/self/fd')->{stdout}, "0\n1\n2\n3\n",
    'its own descriptor is not left open');
is($c->run({ args => [$u->dir . '/script', 'a', 'b'] })->{stdout},
    $u->dir . "/script a b\n", 'a script knows its name');
unlink $tool;
error($c, { args => [$tool] }, -32602, "exec: No such file or directory: '$tool'",
    'a program that is gone');
mkdir $tool;
error($c, { args => [$tool] }, -32602, "exec: Permission denied: '$tool'",
    'a directory in its place');
rmdir $tool;
symlink '/bin/ls', $tool;
is($c->run({ args => [$tool, '/nonexistent'] })->{completed}{exit_code}, 2,
    'a symbolic link that the operator made');
$c->close;
system('rm', '-rf', $t->dir);
$u->finish;

done_testing();
