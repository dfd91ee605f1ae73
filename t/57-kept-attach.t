# kept commands: they outlive their client; whoever has the id attaches again,
# from any worker, and gets every byte exactly once.
#
# tags: asan coverage

use strict;
use warnings;

use Digest::MD5 qw(md5_hex);
use JSON::PP ();
use MIME::Base64 qw(decode_base64);
use Test::More;
use Time::HiRes qw(time sleep);
use CC::Nginx;

my $true = JSON::PP::true;
my $rounds = $ENV{CC_NIGHTLY} ? 1000 : 100;

my $t = CC::Nginx->new(workers => 4, location => 'cc_executor_allow any;
    cc_executor_shell /bin/sh; cc_executor_keep on; cc_executor_max_kept 200;
    cc_executor_max_kept_per_owner 200;
    cc_executor_max_sessions 300;')->start;

sub start {
    my ($c, $command, %o) = @_;
    my $m = $c->call('execute', { command => $command,
        on_disconnect => 'keep', %o });
    is($m->{error}, undef, "started: $command") or diag(explain($m));
    $c->notification('process.started');
    return $m->{result}{execution_id};
}

# what a watcher is told of a command, to its end
sub watch {
    my ($c, $id) = @_;
    my %got = (stdout => '', stderr => '', gaps => [], next => {});
    while (1) {
        my $m = $c->wait_for(sub { ($_[0]{params}{execution_id} // '') eq $id
            && ($_[0]{method} // '') =~ /^process\./ }, 60) or last;
        my $p = $m->{params};
        if ($m->{method} eq 'process.output') {
            my $at = $got{next}{$p->{type}};
            push @{ $got{wrong} }, "$p->{type} $at $p->{offset}"
                if defined $at && $at != $p->{offset};
            push @{ $got{wrong} }, "seq $got{seq} $p->{seq}"
                if defined $got{seq} && $p->{seq} <= $got{seq};
            $got{seq} = $p->{seq};
            $got{next}{$p->{type}} = $p->{next};
            $got{$p->{type}} .= $p->{data};
        } elsif ($m->{method} eq 'process.gap') {
            push @{ $got{gaps} }, [@$p{qw(stream from to)}];
            $got{next}{$p->{stream}} = $p->{to};
        } elsif ($m->{method} eq 'process.completed') {
            $got{completed} = $p;
            last;
        } elsif ($m->{method} eq 'process.detached') {
            $got{detached} = $p->{reason};
            last;
        }
    }
    return \%got;
}

# the starter watches it to its end, like a bound one

{
    my $c = $t->client;
    ok((grep { $_ eq 'keep' } @{ $c->{connected}{params}{capabilities} }),
        'the location keeps commands, and says so');
    my $id = start($c, 'echo one; echo two >&2; exit 3');
    my $got = watch($c, $id);
    is($got->{stdout}, "one\n", 'stdout');
    is($got->{stderr}, "two\n", 'stderr');
    is($got->{completed}{exit_code}, 3, 'exit code');
    is($got->{completed}{stdout_bytes}, 4, 'bytes');

    # and it is still there, for everybody
    my $d = $t->client;
    my $m = $d->call('attach', { execution_id => $id });
    is($m->{result}{state}, 'exited', 'it has ended') or diag(explain($m));
    is($m->{result}{exit_code}, 3, 'the answer says how');
    $got = watch($d, $id);
    is($got->{stdout}, "one\n", 'stdout once more');
    is($got->{stderr}, "two\n", 'stderr once more');
    is($got->{completed}{exit_code}, 3, 'exit code once more');
    is(ref $got->{wrong}, '', 'in order');
    $_->close for $c, $d;
}

# the client goes, the command does not

{
    my $c = $t->client;
    my $id = start($c, 'i=0; while [ $i -lt 30 ]; do echo $i; i=$((i+1)); '
        . 'sleep 0.02; done');
    $c->wait_for(sub { ($_[0]{method} // '') eq 'process.output' });
    $c->close;

    my $d = $t->client;
    my $m = $d->call('attach', { execution_id => $id });
    is($m->{result}{from}{stdout}, 0, 'from the beginning');
    is($m->{result}{mode}, 'read', 'only to read, if nothing is said');
    is($m->{result}{flow}, 'lossless', 'and nothing may be lost');

    my $again = $d->call('attach', { execution_id => $id });
    is($again->{error}{code}, -32602, 'not twice in one session');

    my $got = watch($d, $id);
    is($got->{stdout}, join('', map { "$_\n" } 0 .. 29), 'all of it');
    is($got->{completed}{cause}, 'exit', 'its own end');
    $d->close;
}

# many rounds, anywhere: byte-exact against the source

{
    my $bad = 0;
    my $c = $t->client;
    my $size = 150000;
    my $src = join '', map { sprintf("%09d\n", $_) } 0 .. $size / 10 - 1;
    my $sum = md5_hex($src);
    my $id = start($c, "seq -f %09g 0 " . ($size / 10 - 1));
    my $got = watch($c, $id);
    is(md5_hex($got->{stdout}), $sum, 'the starter has it');
    $c->close;

    for my $i (1 .. $rounds) {
        my $d = $t->client;
        my $from = int rand $size;
        $from -= $size if $i % 3 == 0;
        my $m = $d->call('attach', { execution_id => $id, stdout => $from,
            output => $i % 2 ? 'line' : 'chunk' });
        my $g = watch($d, $id);
        my $want = substr $src, $from;
        $bad++ if $g->{stdout} ne $want || !$g->{completed} || $g->{wrong}
            || $m->{result}{from}{stdout} != ($from < 0 ? $size + $from
                                                        : $from);
        $d->close;
    }
    is($bad, 0, "$rounds attaches, each from somewhere else");
}

# who does not have the id has nothing

{
    my $c = $t->client;
    my $id = start($c, 'sleep 20', label => 'mine');
    my $d = $t->client;
    my $wrong = $id;
    substr($wrong, -1) = substr($id, -1) eq 'a' ? 'b' : 'a';
    my %text;
    for my $x ($wrong, 'f' x 48, 'nonsense', '') {
        for my $method (qw(attach read wait signal remove)) {
            my $begun = time;
            my $m = $d->call($method, { execution_id => $x,
                $method eq 'signal' ? (signal => 'TERM') : () });
            is($m->{error}{code}, -32003, "$method: not found");
            $text{ $m->{error}{message} }++;
            cmp_ok(time - $begun, '>=', 0.004, "$method: not at once");
        }
    }
    is(scalar keys %text, 1, 'the same words for all');
    is($d->call('detach', { execution_id => $id })->{error}{code}, -32003,
        'nobody detaches who is not attached');

    my $m = $d->call('remove', { execution_id => $id });
    is($m->{error}{code}, -32602, 'a running one is not removed');
    like($m->{error}{message}, qr/force/, 'without force');
    $m = $d->call('remove', { execution_id => $id, force => $true });
    is($m->{result}{status}, 'removed', 'with force it is');
    $_->close for $c, $d;
}

$t->finish;
done_testing;
