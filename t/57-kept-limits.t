# Kept commands: how many there may be, who makes room, how long they stay, and
# what is known of them afterwards; lists of many.
#
# tags: asan coverage

use strict;
use warnings;

use Digest::SHA qw(sha256_hex);
use JSON::PP ();
use Test::More;
use CC::Nginx;

my $true = JSON::PP::true;

my $location = 'cc_executor on; cc_executor_allow any;
    cc_executor_shell /bin/sh; cc_executor_keep on;';
my $t = CC::Nginx->new(workers => 2, server => <<"EOC");
location /few { $location cc_executor_token_file tokens;
    cc_executor_max_kept 4; cc_executor_max_kept_per_owner 3; }
location /brief { $location cc_executor_keep_ttl 1s; }
location /many { $location cc_executor_max_kept 34;
    cc_executor_max_kept_per_owner 0; }
EOC
my %token = map { $_ => "$_-token-" x 8 } qw(alice bob);
open my $fh, '>', $t->dir . '/tokens' or die $!;
print $fh "$_ ", sha256_hex($token{$_}), "\n" for sort keys %token;
close $fh;
$t->start;

sub client {
    my ($path, $who) = @_;
    return $t->client(path => $path, $who
        ? (headers => { Authorization => "Bearer $token{$who}" }) : ());
}

sub execute {
    my ($c, $command, %o) = @_;
    return $c->call('execute', { command => $command,
        on_disconnect => 'keep', %o });
}

sub start {
    my ($c, $command, %o) = @_;
    my $m = execute($c, $command, %o);
    is($m->{error}, undef, "started: $command") or diag(explain($m));
    return $m->{result}{execution_id};
}

sub completed {
    my ($c, $id) = @_;
    my $m = $c->wait_for(sub { ($_[0]{params}{execution_id} // '') eq $id
        && ($_[0]{method} // '') eq 'process.completed' }, 30);
    return $m ? $m->{params} : {};
}

# one that has ended while nobody was attached: it waits until all have left
sub unread {
    my ($c, $n) = @_;
    my $go = $t->dir . "/work/go$n";
    # a place is free when the helper of who had it has gone
    my ($id, $m);
    ok($t->wait_until(sub {
        $m = execute($c, "until [ -e $go ]; do sleep 0.02; done; echo out$n");
        return $id = $m->{result}{execution_id};
    }, 30), "$n is started") or diag(explain($m));
    is($c->call('detach', { execution_id => $id })->{result}{status},
        'detached', 'everybody leaves');
    open my $f, '>', $go or die "$go: $!";
    close $f;
    is($c->call('wait', { execution_id => $id })->{result}{reason}, 'exit',
        'it has ended');
    return $id;
}

sub state_of {
    my ($c, $id) = @_;
    my $r = $c->call('read', { execution_id => $id })->{result} // {};
    return join ' ', $r->{state} // 'unknown', $r->{data} // '';
}

# places: those that run, and those that nobody has read, stay

{
    my ($a, $b) = map { client('/few', $_) } qw(alice bob);
    my @run = map { start($a, "sleep 10$_") } 1 .. 3;
    my $m = execute($a, 'true');
    is($m->{error}{code}, -32001, 'a fourth one of an owner is refused');
    like($m->{error}{message}, qr/kept.*owner|owner.*kept/, 'the text says it');
    my $his = start($b, 'sleep 104');
    $m = execute($b, 'true');
    is($m->{error}{code}, -32001, 'a fifth one of the location is refused');
    like($m->{error}{message}, qr/kept/, 'the text says it');
    unlike($m->{error}{message}, qr/owner/, 'and that it is not his limit');

    # two end, the younger one first; that is read, last

    $_->close for $a, $b;
    $a = client('/few', 'alice');
    $a->call('signal', { execution_id => $run[1], signal => 'KILL' });
    is($a->call('wait', { execution_id => $run[1] })->{result}{reason}, 'exit',
        'the second ends first');
    $a->call('signal', { execution_id => $run[0], signal => 'TERM' });
    is($a->call('wait', { execution_id => $run[0] })->{result}{reason}, 'exit',
        'the first ends second');
    is(execute($a, 'true')->{error}{code}, -32001,
        'they keep their places until they are read');
    $a->call('attach', { execution_id => $run[0] });
    is(completed($a, $run[0])->{signal}, 'SIGTERM', 'the first is read to its end');
    $a->call('attach', { execution_id => $run[1] });
    is(completed($a, $run[1])->{signal}, 'SIGKILL', 'the second, too');

    my $third = start($a, 'sleep 105');
    my $list = $a->owned->{commands};
    my %by = map { $_->{name} => $_ } @$list;
    is($by{substr $run[1], 0, 16}{execution_id}, undef,
        'the one that ended first has made room');
    is($by{substr $run[1], 0, 16}{exit_code}, -9, 'how it ended is known');
    is($by{substr $run[0], 0, 16}{execution_id}, $run[0],
        'the other one is still there');
    my $r = $a->call('attach', { execution_id => $run[1] })->{result};
    is("$r->{state} $r->{exit_code}", 'exited -9', 'attach: so is it said');
    is(completed($a, $run[1])->{exit_code}, -9, 'and told');

    # the place of another owner is taken when the location is full

    $b = client('/few', 'bob');
    my $fifth = start($b, 'sleep 106');
    is(execute($b, 'true')->{error}{code}, -32001, 'no other one is over');
    is($a->call('read', { execution_id => $run[0] })->{result}{state},
        'exited', 'his new one has taken the place of hers');
    $a->call('remove', { execution_id => $_, force => $true })
        for $run[2], $third;
    $b->call('remove', { execution_id => $_, force => $true })
        for $his, $fifth;

    # a read to the end of it counts as well; one that stops before does not

    ok($t->wait_until(sub { !grep { defined $_->{execution_id} } map {
        @{ $_->owned->{commands} } } $a, $b }, 30), 'all are gone');
    my @id = map { unread($a, $_) } 1 .. 3;
    is($a->call('read', { execution_id => $id[2], max_bytes => 3 })
        ->{result}{data}, 'out', 'a part is read');
    is(execute($a, 'true')->{error}{code}, -32001, 'that is not enough');
    is(state_of($a, $id[1]), "exited out2\n", 'all is read');
    my $next = start($a, 'true');
    is(state_of($a, $id[1]), 'exited ', 'that one has made room');
    is(state_of($a, $id[0]), "exited out1\n", 'the others have not');
    $a->call('remove', { execution_id => $_, force => $true })
        for @id, $next;
    is(state_of($a, $id[0]), 'unknown ', 'what is removed is not known');
    $_->close for $a, $b;
}

# how long

{
    my $c = client('/brief');
    my $long = start($c, 'sleep 100');
    my $id = start($c, 'echo gone; exit 5', keep_ttl => 500);
    my $short = start(client('/many'), 'echo gone; exit 6', keep_ttl => 0.2);
    my $entry = sub {
        my ($c, $id) = @_;
        my $l = $c->owned->{commands};
        return (grep { $_->{name} eq substr $id, 0, 16 } @$l)[0];
    };
    ok($t->wait_until(sub { !defined $entry->($c, $id)->{execution_id} }, 30),
        'after cc_executor_keep_ttl its output is gone, whatever keep_ttl says');
    my $e = $entry->($c, $id);
    is("$e->{state} $e->{exit_code} $e->{bytes}", 'exited 5 5',
        'how it ended and how much it wrote is known');
    is($e->{label} . $e->{command}, '', 'what it was is not');
    ok(defined $entry->($c, $long)->{execution_id}, 'one that runs stays');
    my $d = client('/many');
    ok($t->wait_until(sub { !defined $entry->($d, $short)->{execution_id} },
        30), 'keep_ttl below it counts');
    my $r = $d->call('read', { execution_id => $short })->{result};
    is("$r->{state} $r->{from} $r->{data}", 'exited 5 ', 'read: only the end');
    is($d->call('wait', { execution_id => $short })->{result}{reason}, 'exit',
        'wait: it has ended');
    is($d->call('attach', { execution_id => $short })->{result}{exit_code}, 6,
        'attach: how');
    is(completed($d, $short)->{exit_code}, 6, 'and it is told');
    is($d->call('remove', { execution_id => $short })->{result}{status},
        'removed', 'until that is removed');
    is($entry->($d, $short), undef, 'then nothing is known');
    $c->call('remove', { execution_id => $long, force => $true });
    $_->close for $c, $d;
}

# a list of many: pages, filters

{
    my $c = client('/many');
    my @id = map {
        my $m = execute($c, "exit $_", label => "odd") or die;
        completed($c, $m->{result}{execution_id});
        $m->{result}{execution_id} // die explain $m;
    } 1 .. 120;
    is(scalar @id, 120, '120 came and went');
    my @run = map { start($c, "sleep 10$_", label => 'runs') } 1 .. 3;

    my $pages = sub {
        my (%o) = @_;
        my (@all, @n, $after);
        for (1 .. 200) {
            my $r = $c->owned(%o, $after ? (after => $after) : ()) // last;
            push @all, @{ $r->{commands} };
            push @n, scalar @{ $r->{commands} };
            last if !$r->{more};
            $after = $r->{next};
        }
        return (\@all, \@n);
    };
    my ($all, $n) = $pages->();
    is_deeply([sort map { $_->{name} } @$all],
        [sort map { substr $_, 0, 16 } @id, @run], 'all pages: all of them');
    is($n->[0], 100, 'a page has at most 100');
    my %code = map { $_->{name} => $_->{exit_code} } @$all;
    is_deeply([map { $code{substr $_, 0, 16} } @id], [1 .. 120],
        'how each ended');
    ($all, $n) = $pages->(limit => 7);
    is(scalar @$all, 123, 'small pages: as many');
    is($n->[0], 7, 'of 7');
    ($all) = $pages->(state => 'running', limit => 2);
    is_deeply([sort map { $_->{execution_id} } @$all], [sort @run],
        'those that run');
    ($all) = $pages->(label => 'runs', limit => 5);
    is_deeply([sort map { $_->{execution_id} } @$all], [sort @run],
        'those with that label, on whatever pages they are');
    ($all) = $pages->(state => 'exited', limit => 50);
    is(scalar @$all, 120, 'those that have ended');
    my $r = $c->owned(limit => 10);
    is($c->owned(after => $r->{next}, limit => 1)->{commands}[0]{name} =~ /^\w{16}$/, 1, 'next goes on');
    for (['limit', 0], ['limit', 101], ['limit', 'x'], ['state', 'dead'],
        ['label', 1], ['after', 7])
    {
        my $m = $c->call('list', { scope => 'owner', $_->[0] => $_->[1] });
        is($m->{error}{code}, -32602, "list: $_->[0] $_->[1]");
        like($m->{error}{message}, qr/^params\.$_->[0] /, 'is named');
    }
    is($c->call('list', { scope => 'owner', after => 'f' x 48 })
        ->{error}{code}, -32003, 'list: after one that is not there');
    $c->call('remove', { execution_id => $_, force => $true }) for @run;
    $c->close;
}

# more than a thousand of one worker: their helpers are no limit

if ($ENV{CC_NIGHTLY}) {
    my $n = 1100;
    my $t = CC::Nginx->new(workers => 1, server => "location /many { $location
        cc_executor_max_kept $n; cc_executor_max_kept_per_owner 0;
        cc_executor_max_commands 512; cc_executor_max_commands_per_session 512; }",
        http => 'cc_executor_zone 4m;')->start;
    my $c = $t->client(path => '/many');
    my @spawners = $t->spawners;
    my (@id, @wrong);
    for my $i (1 .. $n) {
        my $m = execute($c, $i % 3 ? 'exit 1' : 'exec sleep 3600');
        push @{ $m->{error} ? \@wrong : \@id }, $m;
        @{ $c->{queue} } = ();
    }
    is_deeply(\@wrong, [], "$n are kept, a third of them runs");
    is_deeply([$t->spawners], \@spawners, 'the spawner is the same');
    $c->call('remove', { execution_id => $_->{result}{execution_id},
        force => $true }) for @id;
    $c->close;
    $t->finish;
}

$t->finish;
done_testing;
