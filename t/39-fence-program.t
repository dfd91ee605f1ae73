# cc-fence: the fence as a program of its own.  What it keeps, what the command
# gets, its exit codes; in a wrapper's chain.
#
# tags:

use strict;
use warnings;

use File::Temp qw(tempdir);
use IO::Socket::INET;
use Test::More;
use CC::Nginx;

my $program = "$CC::Nginx::ROOT/build/cc-fence";
my $dir = tempdir('cc_fence_XXXXXX', DIR => '/var/tmp', CLEANUP => 1);
chmod 0755, $dir;
my @user = $> ? () : (qw(setpriv --reuid=www-data --regid=www-data --clear-groups));

# runs it as an ordinary user: what it prints, and its exit code
sub fence {
    my (@words) = @_;
    local $ENV{PATH} = '/usr/bin:/bin';
    my $pid = open(my $from, '-|') // die "fork: $!\n";
    if ($pid == 0) {
        open STDERR, '>&', \*STDOUT;
        exec @user, $program, @words or POSIX::_exit(99);
    }
    my $out = join '', <$from>;
    close $from;
    return { out => $out, rc => $? >> 8 };
}

plan skip_all => 'this kernel has not all of the fence'
    if fence('true')->{out} =~ /^cc-fence: no fence: /;

# another process of the same user

my $other = fork // die $!;
if ($other == 0) {
    exec @user, qw(sleep 600) or POSIX::_exit(99);
}
END { my $rc = $?; kill 'KILL', $other if $other; waitpid $other, 0; $? = $rc }
sub other { open my $f, '<', "/proc/$other/comm" or return ''; return <$f> }
CC::Nginx->wait_until(sub { other() eq "sleep\n" }, 30) or BAIL_OUT('no process');

sub unfenced { my @words = @_; return system { $words[0] } @words }
is(unfenced(@user, 'sh', '-c', "kill -0 $other"), 0, 'without it: a signal');
isnt(fence('sh', '-c', "kill -0 $other")->{rc}, 0, 'no signal');
isnt(fence('sh', '-c', "cat /proc/$other/environ > /dev/null")->{rc}, 0,
    'no look into its memory');
isnt(fence('prlimit', '--pid', $other, '--nofile=5')->{rc}, 0, 'no limit');
like(fence('sh', '-c', 'sleep 600 & kill $!; wait $!; echo "<$?>"')->{out}, qr/<143>/,
    'its own children');
like(fence('grep', '-E', 'NoNewPrivs|Seccomp:', '/proc/self/status')->{out},
    qr/^NoNewPrivs:\t1\nSeccomp:\t2\n/, 'no_new_privs, a filter');
{
    open my $leak, '<', '/dev/null' or die $!;
    fcntl $leak, 2, 0 or die $!;         # F_SETFD: inherited
    is(fence('sh', '-c', 'echo /proc/self/fd/*')->{out},
        "/proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2 /proc/self/fd/3\n",
        'stdin, stdout, stderr (3: to list them)');
}

# files

mkdir "$dir/work" or die $!;
chmod 0777, "$dir/work";
my @files = ((map { ('-r', $_) } grep { -e } qw(/usr /bin /lib /lib64)),
    '-w', "$dir/work");
is(fence(@files, '--', 'sh', '-c', "echo hi > $dir/work/a; cat $dir/work/a")->{out},
    "hi\n", '-w');
like(fence(@files, 'cat', '/etc/passwd')->{out}, qr/Permission denied/,
    '-r: what is not named is not there to be read');
like(fence(@files, 'touch', "$dir/a")->{out}, qr/Permission denied/, 'or changed');
is(fence(@files, 'unshare', '-U', 'true')->{rc}, 1, 'no new namespaces');

# TCP

my $port = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1')
    or die $!;
my $connect = 'exec 3<> /dev/tcp/127.0.0.1/' . $port->sockport;
is(fence('bash', '-c', $connect)->{rc}, 0, 'TCP');
isnt(fence('-C', 'bash', '-c', $connect)->{rc}, 0, '-C: no connection');
my $listen = 'use IO::Socket::INET; exit(IO::Socket::INET->new(Listen => 1,'
    . ' LocalAddr => "127.0.0.1:0") ? 0 : 3)';
is(fence('-C', 'perl', '-e', $listen)->{rc}, 0, 'a port');
is(fence('-L', 'perl', '-e', $listen)->{rc}, 3, '-L: no port');

# exit codes, messages

is(fence('sh', '-c', 'exit 7')->{rc}, 7, 'the exit code of the command');
is(fence('-b', 'sh', '-c', 'echo $0 $1', 'a', '-b')->{out}, "a -b\n",
    'options behind the command are its own');
is_deeply(fence('there-is-no-such'), { rc => 127,
    out => "cc-fence: there-is-no-such: No such file or directory\n" }, 'no such program: 127');
is_deeply(fence('/dev'), { rc => 126, out => "cc-fence: /dev: Permission denied\n" },
    'no program: 126');
is_deeply(fence('-r', '/none', 'true'), { rc => 125,
    out => "cc-fence: /none: No such file or directory\n" }, 'a path is not there: 125');
for ([], ['-x', 'true']) {
    my $r = fence(@$_);
    is($r->{rc}, 125, "a wrong command line: @$_");
    like($r->{out}, qr/^usage: cc-fence /m, 'and how to use it');
}
like(fence(map({ ('-r', '/') } 1 .. 65), 'true')->{out}, qr{too many paths},
    'too many paths');
like(fence('-v')->{out}, qr/^cc-fence \d+\.\d+\.\d+\n\z/, '-v');
like(fence('-h')->{out}, qr/^usage: cc-fence /, '-h');

# in the chain of a wrapper

my $t = CC::Nginx->new(location => "cc_executor_allow any; cc_executor_fence off;
    cc_executor_shell /bin/sh; cc_executor_wrapper $program -w /dev --;")->start;
my $c = $t->client;
is($c->run('grep Seccomp: /proc/self/status')->{stdout}, "Seccomp:\t2\n",
    'as a wrapper');
is($c->run('touch /var/tmp/cc_fence_none')->{completed}{exit_code}, 1,
    'its fence is around the command');
$c->close;
$t->finish;

done_testing;
