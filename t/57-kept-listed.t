# list {watch: true}: a session is told of kept commands of its owner that begin,
# end and are forgotten, whichever worker has them; not of those of others, and not
# for ever.
#
# tags: asan coverage

use strict;
use warnings;

use JSON::PP ();
use Test::More;
use CC::Nginx;

my ($true, $false) = (JSON::PP::true, JSON::PP::false);

my $t = CC::Nginx->new(workers => 4, location => 'cc_executor_allow any;
    cc_executor_shell /bin/sh; cc_executor_keep on; cc_executor_max_kept 200;
    cc_executor_max_kept_per_owner 200; cc_executor_token_file %%DIR%%/tokens;');
my $dir = $t->dir;
chomp(my $mine = `$CC::Nginx::ROOT/conf/cc-token mine '$dir/tokens'`);
chomp(my $theirs = `$CC::Nginx::ROOT/conf/cc-token theirs '$dir/tokens'`);
$t->start;

sub client { return $t->client(headers => { Authorization => "Bearer $_[0]" }) }

sub start {
    my ($c, $command, %o) = @_;
    my $m = $c->call('execute', { command => $command, on_disconnect => 'keep', %o });
    return $m->{result}{execution_id} // die explain $m;
}

sub list { my ($c, %o) = @_; return $c->call('list', { scope => 'owner', %o }) }

# process.listed, until it says $state of $id ("removed" of its name); what it says
my %said;
sub told {
    my ($c, $id, $state) = @_;
    my $name = substr $id, 0, 16;
    while (1) {
        my $m = $c->wait_for(sub { ($_[0]{method} // '') eq 'process.listed' }, 20)
            or return;
        my $p = $m->{params};
        $said{$_->{name}}{ $_->{state} }++ for @{ $p->{commands} };
        my ($is) = grep { $_->{name} eq $name } @{ $p->{commands} };
        return $is if $is && $is->{state} eq $state;
        return $p if $state eq 'removed' && grep { $_ eq $name } @{ $p->{removed} };
    }
}

my $c = client($mine);
my $d = client($mine);
my $old = start($d, 'sleep 300', label => 'old');
my $m = list($c, watch => $true);
is($m->{result}{watching}, $true, 'it watches') or diag explain $m;
is_deeply([map { $_->{execution_id} } @{ $m->{result}{commands} }], [$old],
    'and has the list');

# others start, in whatever worker

my @ids = map { my $e = client($mine); my $id = start($e, "cat; echo $_ >&2; sleep 1000",
    label => "n$_"); $e->close; $id } 1 .. 4;
for my $id (@ids) {
    my $is = $said{ substr $id, 0, 16 } ? { execution_id => $id }
        : told($c, $id, 'running');
    is($is->{execution_id}, $id, 'one that began');
}
is($said{ substr $old, 0, 16 }, undef, 'what was in the list is not told again');

my $foreign = client($theirs);
my $theirs_id = start($foreign, 'sleep 1000');
$d->call('signal', { execution_id => $ids[0], signal => 'KILL' });
my $is = told($c, $ids[0], 'exited');
is($is->{exit_code}, -9, 'one that ended');
is($is->{label}, 'n1', 'with all that the list has of it');
is($said{ substr $theirs_id, 0, 16 }, undef, 'nothing of another owner');

$d->call('remove', { execution_id => $ids[0] });
ok(told($c, $ids[0], 'removed'), 'one that was forgotten');

# many at once: each is told, in few messages

my @many = map { start($d, 'true', label => "m$_") } 1 .. 40;
my %left = map { substr($_, 0, 16) => 1 } @many;
my $messages = 0;
while (%left) {
    my $n = $c->wait_for(sub { ($_[0]{method} // '') eq 'process.listed' }, 20)
        or last;
    $messages++;
    for (@{ $n->{params}{commands} }) {
        delete $left{ $_->{name} } if $_->{state} eq 'exited';
    }
}
is_deeply([keys %left], [], '40 that began and ended') or diag $messages;

# what goes together, and what does not

for ([{ watch => 1 }, qr/params\.watch/], [{ watch => $true, label => 'x' },
    qr/params\.watch goes with the whole list/], [{ watch => $true, limit => 5 },
    qr/params\.watch goes with the whole list/])
{
    my $r = list($d, %{ $_->[0] });
    is($r->{error}{code}, -32602, 'refused');
    like($r->{error}{message}, $_->[1], 'and why');
}
like($d->call('list', { watch => $true })->{error}{message}, qr/scope "owner"/,
    'of a session there is nothing to watch');

# no more: nothing is told of what comes later, while another session is

is(list($d, watch => $true)->{result}{watching}, $true, 'another session watches');
is(list($c, watch => $false)->{result}{watching}, undef, 'this one no more');
my $late = start($c, 'sleep 1000');
ok(told($d, $late, 'running'), 'the other one is told');
list($c);
my @after = grep { ($_->{method} // '') eq 'process.listed'
    && grep { $_->{name} eq substr $late, 0, 16 } @{ $_->{params}{commands} } }
    @{ $c->{queue} };
is_deeply(\@after, [], 'this one is not');

# the session may end at any moment of it

for (1 .. 10) {
    my $e = client($mine);
    $e->send('list', { scope => 'owner', watch => $true });
    start($d, 'true');
    $e->close;
}
is(list($d)->{error}, undef, 'the worker goes on');

$d->call('remove', { execution_id => $_, force => $true }) for $old, @ids[1 .. 3], $late;
$foreign->call('remove', { execution_id => $theirs_id, force => $true });
$_->close for $c, $d, $foreign;
$t->finish;
done_testing;
