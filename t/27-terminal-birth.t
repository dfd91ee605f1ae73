# Terminals: what a command finds, sizes, the end; merged streams; refusals.
#
# tags: asan coverage

use strict;
use warnings;

use Test::More;
use CC::Nginx;
use CC::Terminal;

my $t = CC::Nginx->new(location => 'cc_executor_allow any;
    cc_executor_shell /bin/bash; cc_executor_tty on; cc_executor_timeout 60s;
    cc_executor_client_env TERM;', server => '
    location = /off { cc_executor on; cc_executor_allow any;
        cc_executor_shell /bin/sh; }
    location = /confined { cc_executor on; cc_executor_allow any;
        cc_executor_shell /bin/bash; cc_executor_tty on;
        cc_executor_fence_read /usr /bin /lib /lib64 /etc /proc;
        cc_executor_fence_write %%DIR%%/work; }
    location = /term { cc_executor on; cc_executor_allow any;
        cc_executor_shell /bin/sh; cc_executor_tty on;
        cc_executor_env PATH TERM=vt100; }')->start;
my $c = $t->client;
my ($yes, $no) = (JSON::PP::true, JSON::PP::false);

sub shown {
    my ($params, $client) = @_;
    my $tty = CC::Terminal->new($client // $c, $params);
    $tty->end;
    return $tty->{all};
}

is("@{ $c->{connected}{params}{capabilities} }",
    'execute control stream input list signal binary tty resize',
    'a location says that it has terminals');

# isatty, session, controlling terminal

like(shown('test -t 0 && test -t 1 && test -t 2 && echo all; tty; tty <&1;'
    . ' tty <&2'), qr{^all\r\n(/dev/pts/\d+\r\n)\1\1$},
    'standard input, output and error are one, and it has a name');
like(shown('set -- $(cat /proc/$$/stat); echo pid $1 group $5 session $6 '
    . 'foreground $8'), qr/^pid (\d+) group \1 session \1 foreground \1\r\n$/,
    'the command leads its own session, group and the foreground');

# tcgetattr on /dev/tty, by name and by descriptor, behind the fence

my $attr = q{exec 3<>/dev/tty && stty -a <&3 >/dev/null && echo tty;
    exec 4<>$(tty) && stty -a <&4 > /dev/null && echo name};
is(shown($attr), "tty\r\nname\r\n", '/dev/tty and its name can be used');
my $confined = $t->client(path => '/confined');
is(shown($attr, $confined), "tty\r\nname\r\n",
    'and so can they where files are confined');
unlike(shown('ls /dev/pts; cat /etc/../var/lib/dpkg/status | head -1',
    $confined), qr/^Package/m, 'and nothing else with them');

# termios

my $stty = shown('stty -a');
like($stty, qr/(?<![-\w])$_\b/, "termios: $_")
    for qw(icrnl iutf8 opost onlcr isig icanon iexten echo echoe echok);
like($stty, qr/-$_\b/, "termios: -$_") for qw(ixon ixoff);
like($stty, qr/erase = \^\?/, 'termios: erase is ^?');
like(shown({ command => 'stty -a', tty => { echo => $no } }),
    qr/-echo\b/, 'echo:false: no echo, before anything runs');

# sizes: set before it runs

is(shown({ command => 'stty size', tty => $yes }), "24 80\r\n",
    'tty:true is 80 by 24');
is(shown({ command => 'stty size', tty => { cols => 132, rows => 43 } }),
    "43 132\r\n", 'columns and rows as asked for');
is(shown({ command => 'stty size', tty => { cols => 1000, rows => 1 } }),
    "1 1000\r\n", 'up to 1000, down to 1');

# and later; bash would lose a signal that comes while it serves one

my $tty = CC::Terminal->new($c, { command => q{exec perl -e '$| = 1;
    $SIG{WINCH} = sub { print "winch ", `stty size` }; print "ready\n";
    select undef, undef, undef, 0.5 while 1'} });
ok($tty->expect(qr/ready\r\n/), 'a program that minds its size');
my $m = $tty->call('resize', cols => 100, rows => 50);
is_deeply($m->{result}, { status => 'resized', cols => 100, rows => 50 },
    'resize is answered');
$m = $c->notification('process.resized');
is_deeply($m->{params}, { cols => 100, rows => 50,
    execution_id => $tty->{id} }, 'and told');
ok($tty->expect(qr/winch 50 100\r\n/), 'the program gets SIGWINCH');
$tty->call('resize', cols => 100, rows => 50);
ok($tty->expect(qr/winch (?:50|49) 100\r\n/),
    'the same size again: it is to draw again');
is_deeply($tty->call('status')->{result}{tty}, { cols => 100, rows => 50 },
    'status knows the size');
$tty->call('resize', cols => 1, rows => 1);
ok($tty->expect(qr/winch 1 1\r\n/), '1 by 1');
$tty->call('resize', cols => 1, rows => 1);
ok($tty->expect(qr/winch [12] 1\r\n/), 'twice');
for (['cols', { cols => 0, rows => 1 }], ['cols', { rows => 1 }],
    ['rows', { cols => 80, rows => 1001 }], ['rows', { cols => 80 }],
    ['rows', { cols => 80, rows => 1.5 }], ['cols', { cols => '80',
    rows => 24 }])
{
    my ($name, $size) = @$_;
    my $e = $tty->call('resize', %$size)->{error};
    is($e->{code}, -32602, 'a size that is none: -32602');
    like($e->{message}, qr/^params\.$name must be a whole number/, 'named');
}
$tty->call('control', type => 'CANCEL');
is($tty->end->{cause}, 'cancel', 'cancel ends it');

# environment

is(shown('echo $TERM'), "xterm-256color\r\n", 'TERM is xterm-256color');
is(shown({ command => 'echo $TERM', env => { TERM => 'screen' } }),
    "screen\r\n", 'unless the client says something else');
is(shown('echo $TERM', $t->client(path => '/term')), "vt100\r\n",
    'or the configuration');
is($c->run('echo $TERM')->{stdout}, "dumb\n", 'without a terminal: dumb');

# refusals

$m = $t->client(path => '/off');
is("@{ $m->{connected}{params}{capabilities} }",
    'execute control stream input list signal binary', 'a location without terminals');
my $e = $m->call('execute', { command => 'true', tty => $yes })->{error};
is($e->{code}, -32602, 'refuses them');
is($e->{message}, 'params.tty is not allowed here (cc_executor_tty is off)',
    'and says why');
ok($m->call('execute', { command => 'true', tty => $_ })->{result},
    'no terminal is wanted') for $no, undef;
for ('yes', 1, [80, 24], { cols => 0 }, { rows => 1001 }, { cols => 'x' },
    { echo => 1 })
{
    $e = $c->call('execute', { command => 'true', tty => $_ })->{error};
    is($e->{code}, -32602, 'tty: -32602');
    like($e->{message}, qr/^params\.tty/, 'named');
}
my $id = $c->call('execute', { command => 'sleep 60' })
    ->{result}{execution_id};
for (['resize', { cols => 80, rows => 24 }],
    ['signal', { signal => 'INT', to => 'foreground' }])
{
    my ($method, $params) = @$_;
    $e = $c->call($method, { %$params, execution_id => $id })->{error};
    is($e->{code}, -32602, "$method without a terminal: -32602");
    like($e->{message}, qr/has no terminal/, 'and the reason');
}
$c->call('signal', { signal => 'KILL', execution_id => $id });
is($c->wait_for(sub { ($_[0]{method} // '') eq 'process.completed'
    && $_[0]{params}{execution_id} eq $id })->{params}{signal}, 'SIGKILL',
    'signal KILL');

# merged streams: true order, one stream

my $script = join ';', map { "echo o$_; echo e$_ >&2" } 1 .. 200;
my $r = $c->run({ command => $script, stderr => 'merge' });
is($r->{stdout}, join('', map { "o$_\ne$_\n" } 1 .. 200),
    'stderr:"merge" keeps the order');
is($r->{stderr}, '', 'and has one stream');
is($r->{completed}{stderr_bytes}, 0, 'as is counted');
$r = $c->run({ command => 'echo e >&2; echo o', stderr => 'separate' });
is("$r->{stdout}$r->{stderr}", "o\ne\n", '"separate" is what there is always');
$e = $c->call('execute', { command => 'true', stderr => 'both' })->{error};
like($e->{message}, qr/^params\.stderr must be/, 'and nothing else');

# the end: whoever holds the terminal

is(shown('seq 3; exit 3'), "1\r\n2\r\n3\r\n", 'everything up to the end');
$tty = CC::Terminal->new($c, '(sleep 60; echo never) & echo done; exit 4');
$m = $tty->end;
is($m->{exit_code}, 4, 'the end of the main process is the end');
is($tty->{all}, "done\r\n", 'what is in the background goes with it');
is($m->{pipes_open}, $no, 'nobody has the terminal then');
is($m->{stderr_bytes}, 0, 'one stream');
is($m->{stdout_bytes}, 6, 'counted');

$t->finish;
done_testing;
