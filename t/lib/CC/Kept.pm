package CC::Kept;

# Kept commands in tests: start, attach until somebody answers, read to the end,
# and the check that every place is free again.

use strict;
use warnings;

use Exporter 'import';
use JSON::PP ();
use Test::More;
use Time::HiRes qw(sleep);

our @EXPORT_OK = qw(begin attach completed detached ids output pid_of
    places_exact);

# starts one; its id, or undef
sub begin {
    my ($c, $command, %o) = @_;
    my $m = $c->call('execute', { command => $command,
        on_disconnect => 'keep', %o });
    is($m->{error}, undef, "started: $command") or diag(explain($m));
    $c->notification('process.started') if $m->{result};
    return $m->{result}{execution_id};
}

# Attaches on a new connection; one to a worker that is leaving is tried again.
# The client and the answer.  "path": of another location.
sub attach {
    my ($t, $id, %o) = @_;
    my ($c, $m);
    my %where = map { exists $o{$_} ? ($_ => delete $o{$_}) : () } qw(path);
    $t->wait_until(sub {
        $c = eval { $t->client(%where) } or return 0;
        $m = $c->call('attach', { execution_id => $id, %o });
        return $m && ($m->{error}{message} // '') !~ /reloading|shutting/;
    }, 20);
    return ($c, $m);
}

sub about {
    my ($c, $id, $method, $timeout) = @_;
    my $m = $c->wait_for(sub { ($_[0]{params}{execution_id} // '') eq $id
        && ($_[0]{method} // '') eq $method }, $timeout // 30);
    return $m ? $m->{params} : {};
}

sub completed { return about($_[0], $_[1], 'process.completed', $_[2]) }

sub detached { return about($_[0], $_[1], 'process.detached', $_[2]) }

# Stdout of a command from now on, to what ends the attachment: the text, and
# that notification.
sub output {
    my ($c, $id) = @_;
    my $text = '';
    while (1) {
        my $m = $c->wait_for(sub {
            ($_[0]{params}{execution_id} // '') eq $id
                && ($_[0]{method} // '') =~ /^process\./ }, 30)
            or return ($text, undef);
        return ($text, $m)
            if $m->{method} =~ /^process\.(?:completed|detached)$/;
        $text .= $m->{params}{data} if $m->{method} eq 'process.output'
            && $m->{params}{type} eq 'stdout';
        $text .= '?' if $m->{method} eq 'process.gap';
    }
}

# what the owner is told of his commands: { id => entry }
sub ids {
    my ($t, %o) = @_;
    my $list;
    $t->wait_until(sub {
        my $c = eval { $t->client } or return 0;
        my $m = $c->call('list', { scope => 'owner', limit => 100, %o });
        $c->close;
        $list = $m->{result} or return 0;
        return !$list->{partial};
    }, 20);
    return { map { ($_->{execution_id} // '') => $_ } @{ $list->{commands} } };
}

# the process of one that runs
sub pid_of {
    my ($t, $id) = @_;
    my ($c, $m) = attach($t, $id);
    $c->close;
    return $m->{result}{pid};
}

# Everything is forgotten; then the location has n places and not one more, and
# nothing bound is counted.
sub places_exact {
    my ($t, $n, $what) = @_;
    my $ids = ids($t);
    my $c = $t->client;
    $c->call('remove', { execution_id => $_, force => JSON::PP::true })
        for grep { length } keys %$ids;
    my @id;
    my $ok = $t->wait_until(sub {
        while (@id < $n) {
            my $m = $c->call('execute', { command => 'exec sleep 5799',
                on_disconnect => 'keep' });
            push @id, $m->{result}{execution_id} // return 0;
            $c->call('detach', { execution_id => $id[-1] });
        }
        return 1;
    }, 30);
    ok($ok, "$what: all $n places are free") or diag(scalar @id);
    my $m = $c->call('execute', { command => 'exec sleep 5799',
        on_disconnect => 'keep' });
    is($m->{error}{code}, -32001, "$what: and no other") or diag(explain($m));
    $c->call('remove', { execution_id => $_, force => JSON::PP::true })
        for @id;
    $c->close;
    ok($t->wait_until(sub { !grep { /sleep 5799/ } $t->processes }, 20),
        "$what: all is gone again");
    return;
}

1;
