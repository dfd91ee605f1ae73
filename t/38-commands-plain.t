#!/usr/bin/perl

# Lines that need no shell are executed without one, and nobody can tell: a
# corpus of lines is run through the shell ("always") and as it comes, with dash
# and with bash, and everything that comes out is compared.
#
# tags: asan slow coverage

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;

use CC::Nginx;

# "=" at the start: executed directly; "!": through the shell

my @corpus = grep { /\S/ } split /\n/, <<'EOL';
=/bin/true
=/bin/false
=/bin/echo
=/bin/echo a b c
=/bin/echo  many    blanks	and	tabs 	
=  /bin/echo leading
=/bin/echo 'single quotes' "double quotes" mi'x'"e"d
=/bin/echo '' "" end
=/bin/echo -n no newline
=/bin/echo '$HOME' '`id`' '\n' '"'
=/bin/echo "it's" "a#b" "a;b" "a&b" "a|b" "a<b>c" "(a)" "{a,b}" "*" "?" "[a]" "~" "!x"
=/bin/echo a=b --c=d e@f g%h i+j k:l m,n ./o p/q r-s t_u
=/bin/echo A=1 B=2
=/bin/echo if then else fi for do done while case esac in
=/bin/echo cd exit export echo true
=/usr/bin/printf '[%s]\n' a 'b c' "d  e" '' f
=/usr/bin/printf '%s|' one two three
=/usr/bin/printf '%d %x %5.2f\n' 10 255 3.14159
=/usr/bin/env
=env
=env -u HOME
=env A=b
=env -i /usr/bin/env
=printenv PATH
=printenv PWD
=printenv SHLVL
=printenv _
=printenv HOME LANG
=printenv NOTHING
=/usr/bin/test 1 = 1
=/usr/bin/test 1 = 2
=/usr/bin/test -d /etc
=/usr/bin/test
=/usr/bin/pwd
=/bin/pwd -P
=/bin/kill -l
=ls /
=ls -la /etc/passwd
=ls /no/such/file
=ls -d /etc /usr /bin
=cat /etc/hostname /no/such/file
=cat
=cat /dev/null
=head -c 100 /etc/passwd
=head -n 3 /etc/passwd
=tail -n 1 /etc/passwd
=wc -l /etc/passwd
=wc -c /etc/passwd /etc/group
=sort -r /etc/passwd
=cut -d: -f1 /etc/passwd
=grep root /etc/passwd
=grep -c '^r' /etc/passwd
=grep nothing-of-this-kind /etc/passwd
=grep
=sed -n '1,3p' /etc/passwd
=sed 's/root/toor/;q' /etc/passwd
=awk -F: '{ print $1; exit }' /etc/passwd
=awk 'BEGIN { printf "%s\n", ENVIRON["PWD"] }'
=awk 'BEGIN { exit 3 }'
=tr a b
=expr 1 + 2
=expr 6 : 6
=seq 1 20
=seq 5 -1 1
=uname -s
=id -u
=id -un
=basename /a/b/c.txt .txt
=dirname /a/b/c
=realpath /bin/sh
=readlink /bin/sh
=readlink -f /proc/self/exe
=readlink /proc/self/cwd
=cat /proc/self/comm
=cat /proc/self/cmdline
=stat -c %F /etc /etc/passwd
=date -u -d @0 +%F
=date -u -d '@0' '+%Y %m'
=sleep 0
=sleep x
=nice
=nice -n 5 nice
=env sh -c 'echo $0 $PWD'
=env sh -c 'exit 7'
=env sh -c 'kill -TERM $$'
=env sh -c 'kill -KILL $$'
=env sh -c 'kill -SEGV $$'
=env sh -c 'echo out; echo err >&2; exit 3'
=env sh -c 'trap'
=env sh -c 'umask'
=env sh -c 'ulimit -c'
=env sh -c 'ulimit -n'
=env bash -c 'echo $SHLVL $PWD'
=env bash -c 'shopt -o'
=sh -c 'echo "$@"' name a 'b c'
=dash -c 'echo $PPID' extra
=bash -c 'exit 9'
=sh -c 'ls /proc/self/fd'
=sh -c "echo 'quoted twice'"
=find /etc -maxdepth 1 -name passwd
=find /etc -maxdepth 1 -name 'host*' -type f
=xargs -n 1 echo
=tee /dev/null
=timeout 5 true
=timeout -s INT 0.05 sleep 5
=perl -e 'print join "|", @ARGV' a 'b c' ''
=perl -e 'print "$0\n"; print STDERR "x\n"; exit 5'
=perl -e 'kill 9, $$'
=perl -le 'print for map { "$_=$ENV{$_}" } sort keys %ENV'
=python3 -c 'import sys; print(sys.argv)' a "b c"
=python3 -c 'import os; print(sorted(os.environ.items()))'
=python3 -c 'import signal; print([s for s in range(1, 32) if signal.getsignal(s) == signal.SIG_IGN])'
=./script a b
=./tool a 'b c'
=tool x
=elsewhere
=../bin/tool up
!/bin/true;
!/bin/true; /bin/true
!/bin/false || /bin/echo no
!/bin/true && /bin/echo yes
!/bin/echo a | /bin/cat
!/bin/echo a > /dev/null
!/bin/echo a >&2
!/bin/echo a 2>&1
!/bin/cat < /etc/hostname
!/bin/echo $HOME
!/bin/echo "$HOME"
!/bin/echo $PWD ${PWD}
!/bin/echo `id -u`
!/bin/echo $(id -u)
!/bin/echo $((1 + 2))
!/bin/echo *
!/bin/echo /etc/host*
!/bin/echo ?
!/bin/echo [a-z]
!/bin/echo ~
!/bin/echo {a,b}
!/bin/echo a#b
!/bin/echo a # comment
!/bin/echo a\ b
!/bin/echo "a\"b"
!/bin/echo a ! b
!/bin/echo a^b
!/bin/echo täglich
!/bin/echo 'täglich'
!(/bin/echo sub)
!{ /bin/echo group; }
!! /bin/true
!/bin/sleep 0 & wait
!A=b /usr/bin/printenv A
!A=b
!'/bin/echo' quoted
!"/bin/echo" quoted
!/bin/ech'o' quoted
!'ls' /
!/bin/echo 'not closed
!/bin/echo "not closed
!/bin/echo `not closed
!/bin/echo )
!if true; then echo a; fi
!for i in 1 2 3; do echo $i; done
!while false; do :; done
!case a in a) echo a;; esac
!f() { echo f; }; f
!nosuchcommand
!nosuchcommand a b
!/no/such/command
!./nosuch
!/etc/passwd
!/etc
!./noexec
!./noshebang a b
!noshebang
!./badshebang
!badshebang
!./empty
!./directory
!directory
!/bin/echo/x
!- a
!-x
!1
!a/
!%1
!@
!command ls -d /
!exec /bin/echo replaced
!eval /bin/echo evaluated
!echo builtin
!echo -n a
!echo -e 'a\tb'
!echo 'a\tb'
!printf '%s\n' builtin
!pwd
!pwd -P
!cd /
!cd /no/such
!true
!false
!:
!: a b
!test 1 = 1
![ 1 = 1 ]
![ 1 = 2 ]
!exit
!exit 7
!exit 300
!return 3
!export
!export A=b
!set
!unset PATH
!umask
!umask 077
!ulimit -c
!times > /dev/null
!trap
!type ls
!hash
!alias
!read x
!wait
!jobs
!kill -0 1
!shift
!local x
!getopts a x
!readonly A=b
!. /no/such
!source /no/such
!let 1
!declare A=1
!type cd
!function
![[ a = a ]]
!then
!fi
!done
!esac
!}
!select
!echo "$0"
!echo $#
!echo $-
!echo $?
EOL

# each of these, in all places, is a character or belongs to the shell

for my $c (grep { $_ ne '&' } map { chr } 0x21 .. 0x7e) {
    my $safe = $c =~ m{[A-Za-z0-9_\@%+=:,./-]};
    my $q = $c eq "'" ? undef : "'$c'";
    push @corpus, ($safe ? '=' : '!') . "/bin/echo a${c}b",
        ($safe ? '=' : '!') . "/bin/echo ${c}b $c b$c";
    push @corpus, "=/bin/echo a$q b" if $q;
    push @corpus, ($c =~ /[\$`\\"]/ ? '!' : '=') . "/bin/echo \"$c\" x";
}

push @corpus, "=/usr/bin/printf 'a\nb\n\nc' \"d\ne\"", "!/bin/echo a\n/bin/echo b",
    "!/bin/echo a\n", "!\n/bin/echo a";

# every first word that bash or dash knows, without and with arguments

push @corpus, map { ("!$_", "!$_ x") }
    grep { !/^(?:suspend|logout|fg|bg|select|coproc|times?|exec|history)$/ }
    split ' ', `bash -c 'compgen -b; compgen -k'`;

# what a random client might send: words with and without quotes

srand 7;
my @pieces = ('a', 'b c', '-x', 'k=v', '', '1', '/etc', 'x' x 200, '%s', '#',
    '$x', '*', ';', "tab\there");

for (1 .. 150) {
    my @args = map { my $p = $pieces[rand @pieces];
        my $q = rand() < 0.5 ? "'" : '"';
        $p = 'y' if $q eq '"' && $p =~ /\$/;
        "$q$p$q" } 0 .. rand 6;
    push @corpus, "=/usr/bin/printf '[%s]' @args";
}

my $t = CC::Nginx->new(conf => <<'EOC');
worker_processes 1;
events { worker_connections 1024; }
http {
    access_log off;
    cc_executor_path %%DIR%%/runtime;
    cc_executor_allow any;
    cc_executor_cwd %%DIR%%/work;
    cc_executor_env PATH=/usr/bin:/bin:%%DIR%%/bin HOME=/ LANG=C.UTF-8 X=y;
    cc_executor_max_sessions 10;
    server {
        listen 127.0.0.1:%%PORT%%;
        location /dash { cc_executor on; cc_executor_shell %%DIR%%/shell/dash; }
        location /dash/always {
            cc_executor on; cc_executor_shell %%DIR%%/shell/dash always;
        }
        location /bash { cc_executor on; cc_executor_shell %%DIR%%/shell/bash; }
        location /bash/always {
            cc_executor on; cc_executor_shell %%DIR%%/shell/bash always;
        }
        location /other { cc_executor on; cc_executor_shell %%DIR%%/shell/sh; }
        location /env/one {
            cc_executor on; cc_executor_shell %%DIR%%/shell/dash;
            cc_executor_env PATH=/bin: A=b;
        }
        location /env/two {
            cc_executor on; cc_executor_shell %%DIR%%/shell/bash;
            cc_executor_env PATH=/bin BASH_ENV=/dev/null;
        }
    }
}
EOC

my $dir = $t->dir;

# shells that tell when they are called

mkdir "$dir/$_" for qw(shell bin work/directory bin/directory);

sub script {
    my ($name, $text, $mode) = @_;
    open my $f, '>', "$dir/$name" or die $!;
    print $f $text;
    close $f;
    chmod $mode // 0755, "$dir/$name";
    return;
}

for my $shell (qw(dash bash sh)) {
    script("shell/$shell", "#!/bin/dash\necho >> $dir/called\n"
        . "exec /bin/$shell \"\$@\"\n");
}

open my $called, '>', "$dir/called" or die $!;
close $called;
chmod 0666, "$dir/called";

my $show = "#!/bin/sh\necho \"\$0 \$# \$*\"\nexit 4\n";
script('work/script', $show);
script('work/tool', "#!/usr/bin/perl\nprint join('|', \@ARGV), \"\\n\";\n");
script('bin/tool', "#!/usr/bin/perl\nprint join('|', \@ARGV), \"\\n\";\n");
script('bin/elsewhere', $show);
script('work/noexec', $show, 0644);
script("$_/noshebang", "echo \"no \$# \$*\"\nexit 6\n") for qw(work bin);
script("$_/badshebang", "#!/no/such/interpreter\n") for qw(work bin);
script('work/empty', '');

$t->start;

my $deaths = 0;

sub result {
    my ($c, $line) = @_;
    my $r = $c->run($line, timeout => 60);
    return 'refused ' . $r->{answer}{error}{message} if $r->{answer}{error};
    my $p = $r->{completed} or return 'nothing';
    my $out = join "\n", sort split /\n/, $r->{stdout};
    $out =~ s/\d+/N/ if $line =~ /PPID/;
    # each command has a directory of its own
    $out =~ s{^(TMPDIR=\S*/(?:tmp|service)/)[\d/-]+}{$1N}mg;
    return join "\n", "exit $p->{exit_code}", $p->{signal} // '-', $p->{cause},
        "swept $p->{descendants_killed}", "out $out", "err $r->{stderr}";
}

# dash stays and waits: a death by signal is 128 + n and a word on stderr there.
# Without it, as with bash, it is a death by signal.

sub as_dash {
    my ($got) = @_;
    my ($n, $name, $rest) = $got =~ /^exit -(\d+)\n(SIG\w+)\nsignal(\n.*)/s
        or return $got;
    my %word = (SIGTERM => 'Terminated', SIGKILL => 'Killed',
        SIGSEGV => 'Segmentation fault');
    $deaths++;
    return 'exit ' . (128 + $n) . "\n-\nexit$rest$word{$name}\n";
}

sub calls { return -s "$dir/called" // 0 }

# opened where they are used: one that is not read from for minutes is taken
# for dead
my %client;
sub clients { $client{$_} = $t->client(path => "/$_") for @_; return }

cmp_ok(scalar @corpus, '>', 600, 'a corpus of ' . @corpus . ' lines');

for my $shell (qw(dash bash)) {
    clients($shell, "$shell/always");
    my (@differ, @wrong);
    for (@corpus) {
        my ($kind, $line) = /^(.)(.*)/s;
        my $expected = result($client{"$shell/always"}, $line);
        my $before = calls();
        my $got = result($client{$shell}, $line);
        my $through = calls() - $before;
        $got = as_dash($got) if $shell eq 'dash';
        push @differ, "$line\n--- always\n$expected\n--- else\n$got"
            if $got ne $expected;
        push @wrong, $line if $through != ($kind eq '!' ? 1 : 0);
    }
    is(join("\n\n", @differ), '', "$shell: nobody can tell the difference");
    is(join("\n", @wrong), '', "$shell: without the shell where it is not "
        . 'needed, and only there');
}

is($deaths, 4, 'deaths by signal under dash');

clients(qw(dash bash other env/one env/two dash/always));
for my $path (qw(other env/one env/two dash/always)) {
    my $before = calls();
    $client{$path}->run('/bin/true');
    is(calls() - $before, 1, "$path: always through the shell");
}

# the shell that cannot be executed any more is not needed either

unlink "$dir/shell/dash";
my $r = $client{dash}->run('/bin/echo still');
is($r->{stdout}, "still\n", 'a plain line without the shell');
$r = $client{dash}->run('echo x');
like($r->{answer}{error}{message}, qr/exec: No such file/,
    'another line says that the shell is not there');

# configuration

for (['/bin/sh always', 0, qr/successful/], ['/bin/sh never', 1,
        qr/takes "off", or the path of a shell and perhaps "always"/],
    ['off always', 1, qr/takes "off"/]) {
    my ($value, $code, $text) = @$_;
    my ($rc, $out) = CC::Nginx->new->test_config(<<"EOC");
events {}
http {
    cc_executor_path %%DIR%%/runtime;
    server { listen 127.0.0.1:%%PORT%%; location / { cc_executor on;
        cc_executor_allow any; cc_executor_shell $value; } }
}
EOC
    is($rc, $code, "cc_executor_shell $value");
    like($out, $text, '  and what it says');
}

$t->finish;
done_testing;
