#!/usr/bin/perl

# Ways around a list of allowed programs, one attempt a line (at the end).
# Each is sent three times: as "command", as the only element of "args", and
# as "args" split at blanks.  The first two have to be refused.  The third is
# refused, too, or it is an "echo" that prints its words and does nothing else.
# Lines are JSON strings without their quotes; "raw" begins whole params.
#
# tags: asan coverage

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use JSON::PP ();
use Test::More;

use CC::Nginx;

my $t = CC::Nginx->new(location => <<'EOC')->start;
    cc_executor_cwd %%DIR%%/work;
    cc_executor_env PATH=/usr/bin:/bin HOME=/nonexistent LANG=C.UTF-8;
    cc_executor_allow /bin/echo;
    cc_executor_allow /usr/bin/git args=--version "args=log --oneline ..."
                                   "args=show HEAD:**";
    cc_executor_allow /usr/bin/find "args=/srv -name *";
    cc_executor_allow /usr/bin/tar "args=-tf *";
EOC
my $work = $t->dir . '/work';
my $json = JSON::PP->new->utf8->allow_nonref;
my ($c, $id) = ($t->client, 0);

# programs to be found by a wrong turn
for my $name ('echo', 'ls', 'evil', 'ech') {
    open my $f, '>', "$work/$name" or die $!;
    print $f "#!/bin/sh\ntouch $work/canary\nid\n";
    close $f;
    chmod 0755, "$work/$name";
}
symlink '/bin/sh', "$work/link" or die $!;

# sends params as they are; what came of it
sub attempt {
    my ($params) = @_;
    $id++;
    $c->{ws}->send_text(
        qq({"jsonrpc":"2.0","id":$id,"method":"execute","params":$params}));
    my %r = (stdout => '');
    while (my $m = $c->next) {
        my $method = $m->{method} // 'answer';
        $r{answer} = $m if $method eq 'answer';
        return \%r if $method eq 'answer' && $m->{error};
        $r{stdout} .= $m->{params}{data} if $method eq 'process.output';
        return \%r if $method eq 'process.completed';
    }
    # the connection is gone: that is a refusal, too
    $r{closed} = 1;
    $c = $t->client;
    return \%r;
}

sub refused {
    my ($r) = @_;
    return 'closed' if $r->{closed};
    my $e = $r->{answer}{error} or return '';
    return $e->{code} == -32002 || $e->{code} == -32602
        || $e->{code} == -32700 ? $e->{code} : '';
}

# what is allowed works: the rest of this file means something
is(attempt('{"command":"echo a b"}')->{stdout}, "a b\n", 'echo runs');
is(attempt('{"args":["/bin/echo","a b"]}')->{stdout}, "a b\n", 'by its path');
like(attempt('{"command":"git --version"}')->{stdout}, qr/^git version/,
    'git with an allowed argument');
is(attempt(q({"command":"echo 'a;b' \"c|d\" e\\\\&f"}))->{stdout},
    "a;b c|d e&f\n", 'quoted operators are text');

my $n = 0;
while (my $line = <DATA>) {
    chomp $line;
    next if $line =~ /^(?:#.*)?$/;
    $n++;
    if ($line =~ /^raw (.*)/) {
        my $r = attempt($1);
        ok(refused($r), "refused: $1") or diag explain $r;
        next;
    }
    $line =~ s/%DIR%/$work/g;
    my $text = $json->decode(qq("$line"));
    for my $params (qq({"command":"$line"}), qq({"args":["$line"]})) {
        my $r = attempt($params);
        ok(refused($r), "refused: $params") or diag explain $r;
    }
    my @words = split / /, $text;
    my $r = attempt($json->encode({ args => \@words }));
    shift @words;
    ok(refused($r) || $r->{stdout} eq "@words\n", "as words: $line")
        or diag explain $r;
    ok(!-e "$work/canary", 'nothing else ran') or unlink "$work/canary";
}

cmp_ok($n, '>=', 150, "$n attempts");

$c->close;
$t->finish;
done_testing();

__DATA__
# one command after another
echo hi; touch canary
echo hi;touch canary
echo hi ;touch canary
; touch canary
;;touch canary
echo hi && touch canary
echo hi&&touch canary
echo hi || touch canary
false || touch canary
echo hi & touch canary
echo hi&
& touch canary
echo hi\ntouch canary
\ntouch canary
echo hi\n
echo hi\r\ntouch canary
echo hi\n\n;touch canary
echo a;echo b;touch canary
echo hi \\\n;touch canary

# pipes and files
echo hi | sh
echo hi|sh
echo 'touch canary' | sh
echo hi |& sh
|sh
echo hi > canary
echo hi >canary
echo hi>canary
echo hi >> canary
echo hi >| canary
echo hi 2> canary
echo hi &> canary
echo hi >& canary
echo hi <> canary
echo hi < /etc/passwd
echo hi </etc/passwd
echo << X
echo <<< x
echo <(touch canary)
echo >(touch canary)
echo hi 2>&1

# substitutions
echo $(touch canary)
echo $(id)
echo hi$(touch canary)
echo `touch canary`
echo `id`
echo hi`touch canary`hi
echo \"$(touch canary)\"
echo \"`touch canary`\"
echo \"a $(touch canary) b\"
echo \"${x:=$(touch canary)}\"
echo $((1+1))
echo $[1+1]
echo ${x}
echo ${x:-$(touch canary)}
echo $HOME
echo \"$HOME\"
echo $IFS
$(echo touch) canary
`echo touch` canary
$0
$SHELL -c id
${SHELL} -c id
${PATH:0:1}bin${PATH:0:1}sh -c id
echo $'\\x3b touch canary'
$'\\x2fbin\\x2fsh' -c id
echo \"a\"$(id)
echo ''$(id)
echo a$(id

# words that a shell would expand or act on
(touch canary)
( touch canary )
{ touch canary; }
{touch,canary}
/bin/{sh,echo} -c id
!touch
!! touch
~/evil
~root/evil
echo ~
echo *
echo /et?/passwd
echo [a-z]*
/bin/s? -c id
/bin/[s]h -c id
/b*/sh -c id
PATH=. ls
PATH=%DIR% echo
LD_PRELOAD=./x.so echo
LD_PRELOAD=./x.so /bin/echo hi
BASH_ENV=evil sh
IFS=/ echo
A=b echo
=echo hi
echo hi # touch canary
#touch canary
function echo { touch canary; }
echo() { touch canary; }
[ -e /etc/passwd ]
[[ -e /etc/passwd ]]
echo;
echo\tx;touch\tcanary

# builtins and shells
sh
sh -c id
/bin/sh -c 'touch canary'
/bin/sh
bash -c id
dash -c id
eval touch canary
exec touch canary
command touch canary
builtin echo
source evil
. evil
. ./evil
alias echo=touch
trap 'touch canary' EXIT
set -- touch canary
env touch canary
/usr/bin/env touch canary
env -S 'touch canary'
xargs touch
nice touch canary
nohup touch canary
timeout 1 touch canary
setsid touch canary
stdbuf -o0 touch canary
busybox touch canary
python3 -c 'import os'
perl -e 'system(1)'
awk 'BEGIN{system(1)}'
sudo touch canary
su -c id
/lib64/ld-linux-x86-64.so.2 /bin/touch canary
/proc/self/exe

# other names for a program
./echo
./evil
evil
ech
echoo
echo/
/bin/echo/
//bin/echo
/bin//echo
/bin/./echo
/bin/../bin/echo
/usr/../bin/echo
/../bin/echo
../bin/echo
bin/echo
../../bin/echo
/proc/self/root/bin/echo
/proc/self/cwd/echo
%DIR%/echo
%DIR%/link -c id
/usr/bin/echo
/BIN/ECHO
ECHO
Echo
'' echo
\"\" touch
' echo' hi
'echo ' hi
\\ echo
e'cho ' hi
echo\\ hi
-echo
--
-c id
\u0065cho; id
/bin/echo\u00a0
\u00a0echo
\u200becho
ech\u03bf
\uff45cho
echo\u2028
raw {"command":"\ud800echo"}
/bin/ech\u00f8

# control characters
echo\u0000;touch canary
\u0000
/bin/echo\u0000/../../bin/sh
echo hi\u0000
echo hi\u000btouch; x
\u001becho
\u0007
\u007fecho
\fecho hi
\recho
\u000becho
echo\rhi

# quotes that do not close
echo 'hi
echo \"hi
echo hi\\
echo 'a'b'c
'
\"
\\
echo \"a\\\"

# allowed programs that can start others
git -c alias.x=!touch\\ canary x
git -c 'alias.x=!touch canary' x
git -c core.pager=evil log
git -c core.fsmonitor=evil status
git --exec-path=. status
git --git-dir=. status
git -C / status
git -p log
git --paginate log --oneline
git log --oneline --output=canary
git log --oneline -Ocanary
git log --oneline HEAD --ext-diff
git log --oneline HEAD --output canary
git show HEAD:x --ext-diff
git show HEAD:../../etc/passwd
git show HEAD:x/../y
git show --output=canary
git show
git
git log
git log --oneline2
git --version x
git version
git status
git clone ext::evil x
git grep -Oevil x
git bisect run evil
git submodule foreach evil
git config alias.x !evil
git diff --no-index --ext-diff a b
git-log
/usr/lib/git-core/git log --oneline
find / -name x
find . -exec touch canary {} +
find /srv -name x -exec touch canary +
find /srv -exec touch canary +
find /srv -name x -delete
find /srv -name -fprint canary
find /srv -name a/b
find /srv -name
tar -tf x --to-command=evil
tar --to-command=evil -tf x
tar -cf canary x
tar -tf --checkpoint-action=exec=evil
tar -tf ../../etc/passwd
tar -tf x/../y
tar -tf -I evil
tar -t -f x
tar --use-compress-program=evil -tf x
tar -tf x -Ievil

# what is no command line
raw {"command":"echo a","args":["echo","a"]}
raw {"args":[]}
raw {"args":["",""]}
raw {"args":["","echo"]}
raw {"args":[["echo"]]}
raw {"args":["echo",1]}
raw {"args":["echo",null]}
raw {"args":{"0":"echo"}}
raw {"args":"echo"}
raw {"command":["echo"]}
raw {"command":null}
raw {"command":""}
raw {"command":" \t "}
raw {"command":{"$gt":""}}
raw {"command":true}
raw {"command":"sh","command":"echo"}
raw {"command":"echo","command":"sh -c id"}
raw {"comm\u0061nd":"sh","command":"echo"}
raw {"args":["echo"],"args":["sh"]}
raw {"Command":"echo"}
raw {"args":["echo"],"env":{"LD_PRELOAD":"x"}}
raw {"args":["echo"],"env":{"PATH":"."}}
raw {"args":["echo"],"cwd":"/"}
raw {"args":["echo"],"cwd":".."}
raw {"args":["echo"],"tty":{"cols":80,"rows":24}}
raw {"args":["echo"],"on_disconnect":"keep"}
raw {"args":["echo","a\u0000b"]}
raw {"args":["echo\u0000","a"]}
raw {"args":["/bin/echo\u0000x"]}
raw {"args":["sh","-c","id"]}
raw {"args":["./echo"]}
raw {"args":["-c","id"]}
raw ["echo"]
raw "echo"
raw {"args":["git","-c","alias.x=!touch canary","x"]}
raw {"args":["git","log","--oneline","--output","canary"]}
raw {"args":["git","log","--oneline\u0000","x"]}
raw {"args":["find","/srv","-name","x","-exec","touch","canary","{}",";"]}
raw {"args":["tar","-tf","x","--to-command=touch canary"]}
