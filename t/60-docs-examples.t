#!/usr/bin/perl

# The examples of README.md and docs/ do what they say: programs print what is
# printed below them, conversations go as written, the configuration works.
#
# tags:

use strict;
use warnings;

use File::Copy qw(copy);
use FindBin;
use lib "$FindBin::Bin/lib";

use JSON::PP ();
use Test::More;

use CC::Nginx;

my $root = $CC::Nginx::ROOT;
my $json = JSON::PP->new->utf8->canonical;

my @files = ("$root/README.md", sort glob "$root/docs/*.md");

# the blocks that stand behind a "test" comment
sub blocks {
    my @blocks;
    for my $file (@files) {
        open my $f, '<', $file or die "$file: $!";
        my $text = do { local $/; <$f> };
        while ($text =~ /<!--\ test:\ (\w+)\ ?(\w*)\ -->\n
                         ```(\w+)\n(.*?)^```\n
                         (?:<!--\ prints\ -->\n```text\n(.*?)^```\n)?/gmsx)
        {
            push @blocks, { kind => $1, option => $2, language => $3,
                text => $4, prints => $5 };
        }
    }
    return @blocks;
}

my @blocks = blocks();
cmp_ok(scalar(grep { $_->{kind} eq 'run' } @blocks), '>=', 5, 'programs');
cmp_ok(scalar(grep { $_->{kind} eq 'mcp' } @blocks), '>=', 2,
    'clients of MCP');
cmp_ok(scalar(grep { $_->{kind} eq 'talk' } @blocks), '>=', 6,
    'conversations');
cmp_ok(scalar(grep { $_->{kind} eq 'config' } @blocks), '>=', 1,
    'a configuration');
my %known = map { $_ => 1 } qw(run mcp talk shell config first second);
is_deeply([grep { !$known{ $_->{kind} } } @blocks], [],
    'every kind of example has its test');

my $nginx = CC::Nginx->new(server => <<'EOC')->start;
location /noshell { cc_executor on; cc_executor_allow any; }
    location /tty { cc_executor on; cc_executor_allow any;
        cc_executor_shell /bin/sh; cc_executor_tty on; }
    location /kept { cc_executor on; cc_executor_allow any;
        cc_executor_shell /bin/sh; cc_executor_keep on; }
EOC

# programs

my %run = (
    sh => [qw(sh)], bash => [qw(bash)], python => [qw(python3)],
    js => [qw(node)],
);

# another Python may stand before Debian's in PATH
$run{python} = ['/usr/bin/python3']
    if system("python3 -c 'import websockets' 2>/dev/null") != 0;

my $port = $nginx->port;
$ENV{NODE_PATH} = "$root/build/node/node_modules";
chdir $root or die $!;

for my $b (grep { $_->{kind} eq 'run' } @blocks) {
    (my $text = $b->{text}) =~ s/8003/$port/g;
    my $file = $nginx->dir . "/example.$b->{language}";
    open my $f, '>', $file or die $!;
    print $f $text;
    close $f;
    open my $p, '-|', @{ $run{ $b->{language} } }, $file or die $!;
    my $out = do { local $/; <$p> };
    close $p;
    is($out // '', $b->{prints}, "the $b->{language} program prints that");
}

# clients of MCP find their packages beside them

for my $b (grep { $_->{kind} eq 'mcp' } @blocks) {
    (my $text = $b->{text}) =~ s{:8003/mcp}{:$port/ws/mcp}g;
    my $file = "$root/build/mcp/example-$$.mjs";
    open my $f, '>', $file or die $!;
    print $f $text;
    close $f;
    my $out = `$root/build/mcp/node_modules/.bin/node $file 2>/dev/null`;
    unlink $file;
    is($out, $b->{prints}, 'the MCP client prints that');
}

# programs of examples/

my $url = "ws://127.0.0.1:$port/ws/mcp";
is(`@{ $run{python} } $root/examples/reconnecting.py $url 'echo one; exit 3' 'echo two' 2>&1`,
    "one\n[echo one; exit 3: exit code 3]\ntwo\n[echo two: exit code 0]\n",
    'examples/reconnecting.py');

# its second command meets a server that is told to go in the middle of it

{
    my $file = $nginx->dir . '/work/again';
    my $pid = open(my $p, '-|', @{ $run{python} },
        "$root/examples/reconnecting.py", $url, "touch $file; sleep 1; echo one",
        'echo two') // die $!;
    ok($nginx->wait_until(sub { -e $file }, 10), 'a command runs');
    $nginx->signal('HUP');
    my $out = do { local $/; <$p> };
    close $p;
    like($out, qr/^one\n.*\ntwo\n\[echo two: exit code 0\]\n/,
        'examples/reconnecting.py connects again after a reload');
}

{
    my $file = "$root/build/mcp/example-$$.mjs";
    copy("$root/examples/agent-loop.mjs", $file) or die $!;
    my $out = `$root/build/mcp/node_modules/.bin/node $file http://127.0.0.1:$port/ws/mcp 2>&1`;
    unlink $file;
    is($out, <<'EOO', 'examples/agent-loop.mjs');
tools: execute
$ seq 3 | sed 's/^/step /'
step 1
step 2
step 3
$ echo done
done
EOO
}

# lines for a shell: what "$" runs prints what is below it.  An id is written
# as 6f0c..., whatever it is here, and no line depends on how old it is.

for my $b (grep { $_->{kind} eq 'shell' } @blocks) {
    local $ENV{CC_URL} = "ws://127.0.0.1:$port/kept";
    my $id = '6f0c';
    for (split /^(?=\$ )/m, $b->{text}) {
        my ($line, $prints) = /^\$ ([^\n]*)\n(.*)\z/s or die $_;
        $line =~ s/\b6f0c\b/substr $id, 0, 12/e;
        my $out = `{ $line; } 2>&1 </dev/null`;
        $id = $1 if $out =~ /^([0-9a-f]{48})$/m;
        my $short = substr $id, 0, 12;
        for ($out, $prints) {
            s/^(?:$id|6f0c[0-9a-f]{44})$/6f0c/gm;
            s/^(?:$short|6f0c[0-9a-f]{8}) /6f0c /gm;
            s/ +\d+s / 0s /g;
        }
        is($out, $prints, "\$ $line");
    }
}

# conversations.  An id is remembered from one to the next.

my $kept_id = '';
my @anything = qw(pid pgid session_id execution_id execution_time max_rss_kb
    user_time system_time started);
my %anything = map { $_ => 1 } @anything;

# '' or where "got" is not what is written.  An example with "jsonrpc" is
# complete, another one names the interesting members only.
sub differs {
    my ($want, $got, $path, $complete) = @_;
    return "$path is missing" unless defined $got || !defined $want;
    if (ref $want eq 'HASH') {
        return "$path is no object" unless ref $got eq 'HASH';
        $complete ||= exists $want->{jsonrpc};
        for (sort keys %$want) {
            return "$path/$_ is missing" unless exists $got->{$_};
            if ($anything{$_}) {
                return "$path/$_ is null" unless defined $got->{$_};
                $kept_id = $got->{$_} if $want->{$_} =~ /^6f0c/;
                next;
            }
            my $d = differs($want->{$_}, $got->{$_}, "$path/$_", $complete);
            return $d if $d;
        }
        for (sort keys %$got) {
            return "$path/$_ is not written"
                if $complete && !exists $want->{$_};
        }
        return '';
    }
    if (ref $want eq 'ARRAY') {
        return "$path differs" unless ref $got eq 'ARRAY' && @$want == @$got;
        for (0 .. $#$want) {
            my $d = differs($want->[$_], $got->[$_], "$path/$_", $complete);
            return $d if $d;
        }
        return '';
    }
    return $json->allow_nonref->encode($want)
        eq $json->allow_nonref->encode($got) ? '' : "$path differs";
}

for my $b (grep { $_->{kind} eq 'talk' } @blocks) {
    my $c = $nginx->client(silent => 1,
        path => $b->{option} ? "/$b->{option}" : '/ws/mcp');
    my @lines = split /\n/, $b->{text};
    $c->next if $lines[0] !~ /"connected"/;
    for my $line (@lines) {
        my ($from, $message) = $line =~ /^(->|<-) (.*)$/ or die $line;
        if ($from eq '->') {
            $message =~ s/6f0c[^"]*/$kept_id/;
            $c->raw($message);
            next;
        }
        my $got;
        do { $got = $c->next(10) } while $got && $got->{packet};   # not shown
        is(differs($json->decode($message), $got, ''), '',
            substr($message, 0, 60))
            or diag $json->encode($got // {});
    }
    $c->close;
}

$nginx->finish;

# the configuration

my ($config) = map { $_->{text} } grep { $_->{kind} eq 'config' } @blocks;
$config =~ s/^load_module.*\n//m or die;
$config =~ s/^error_log.*\n//m or die;
$config =~ s{logs/access\.log}{%%DIR%%/logs/access.log} or die;
$config =~ s{/var/lib/nginx/cc_executor}{%%DIR%%/runtime} or die;
$config =~ s{/etc/nginx/cc_executor\.htpasswd}{%%DIR%%/htpasswd} or die;
$config =~ s{127\.0\.0\.1:8003}{127.0.0.1:%%PORT%%} or die;

my $second = CC::Nginx->new(conf => $config);
open my $f, '>', $second->dir . '/htpasswd' or die $!;
print $f "agent:{PLAIN}secret\n";
close $f;
$second->start;

my $c = $second->client;
my $r = $c->run('make --version');
like($r->{stdout}, qr/^GNU Make/, 'the listed program runs');
is($c->call('execute', { command => 'ls' })->{error}{code}, -32002,
    'another one does not');
$c->close;

is($second->ws(path => '/ws/shell')->{status}, 401, 'a password is asked for');
$c = $second->client(path => '/ws/shell',
    headers => { Authorization => 'Basic YWdlbnQ6c2VjcmV0' });
is($c->run('echo $BASH | wc -l')->{stdout}, "1\n", 'with it a shell runs');
$c->close;

$second->wait_until(sub { $second->slurp('logs/access.log') =~ /"1006"/ });
for ($second->slurp('logs/access.log') =~ /(.*)\n/g) {
    ok(eval { $json->decode($_) }, 'a line of the access log is JSON');
}

$second->finish;

done_testing();
