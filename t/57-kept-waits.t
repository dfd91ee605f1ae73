# Many wait for one command, natively and as job_read: those of a worker share a
# connection to its helper.  They are woken together, each is told what it asked for
# and reads from where it is; some leave before, some read more than comes with the
# waking, and some are there when the helper dies.
#
# tags: asan coverage

use strict;
use warnings;

use Test::More;
use CC::Kept qw(begin pid_of);
use CC::Mcp;
use CC::Nginx;

my $waits = 30;
my ($t, $c, $id, $helper);

sub say_to {
    my ($text) = @_;
    my $m = $c->call('input', { execution_id => $id, data => $text });
    is($m->{error}, undef, 'it is told something') or diag(explain($m));
    return;
}

sub sockets {
    return scalar grep { (readlink // '') =~ /^socket:/ } glob "/proc/$helper/fd/*";
}

# A short wait behind those that this client has: when it is answered, they have
# come.  1, or 0: there is no place for one more.
sub waits_in {
    my ($s) = @_;
    my $m = $s->call('wait', { execution_id => $id, until => 'exit',
        timeout_ms => 1 });
    return ($m->{error}{message} // '') !~ /as many as may wait/;
}

# a client that waits three times, or "n"
sub native {
    my (%o) = @_;
    my $n = delete $o{n} // 3;
    my $s = $t->client;
    my @ids = map { $s->send('wait', { execution_id => $id, until => 'exit',
        timeout_ms => 90000, %o }) } 1 .. $n;
    waits_in($s);
    return { s => $s, ids => \@ids };
}

sub reader {
    my $s = CC::Mcp->new(port => $t->port);
    $s->initialize;
    return { s => $s };
}

sub job_read {
    my ($r, %o) = @_;
    return $r->{s}->send('tools/call', { name => 'job_read',
        arguments => { job_id => $id, until => 'exit', %o } });
}

sub result {
    my ($r, $call) = @_;
    my $m = $r->{s}->answer($call, 100);
    return $m->{result}{structuredContent} // {};
}

# it waits; what it had not read yet is returned
sub reads {
    my ($r, %o) = @_;
    $r->{id} = job_read($r, wait_ms => 90000, %o);
    return result($r, job_read($r, wait_ms => 1))->{stdout};
}

sub read_by { return result($_[0], $_[0]{id}) }

for my $workers (1, 4) {
    my $who = "$workers workers";
    $t = CC::Nginx->new(workers => $workers, location => "cc_executor_allow any;
        cc_executor_shell /bin/sh; cc_executor_keep on;
        cc_executor_max_waits $waits;")->start;
    $c = $t->client;
    $id = begin($c, 'read x; echo "now $x"; read y; seq 1 30000; read z; echo end;'
        . ' read end', open_stdin => \1);
    $helper = CC::Nginx::parent(pid_of($t, $id));

    # as many as may, over few connections

    my $before = sockets();
    my @native = map { native(patterns => ["now a\n"]) } 1 .. 6;
    my @readers = map { reader() } 1 .. 6;
    reads($_, pattern => "now a\n") for @readers;
    cmp_ok(sockets() - $before, '<=', $workers,
        "$who: 24 wait, over a connection of each worker");

    # who leaves makes room

    my $rest = native(n => $waits - 24);
    ok(!waits_in($c), "$who: as many as may");
    (pop @native)->{s}->close;
    (pop @readers)->{s}->close;
    ok($t->wait_until(sub { waits_in($c) }, 30), "$who: some have left");
    $rest->{s}->close;

    say_to("a\n");
    is_deeply([ map { my $n = $_; map { my $r = $n->{s}->answer($_, 90)->{result};
            "$r->{reason} $r->{pattern} $r->{offset}" } @{ $n->{ids} } } @native ],
        [ ('pattern 0 0') x 15 ], "$who: each wait is answered");
    my @s = map { read_by($_) } @readers;
    is_deeply([ map { [ @$_{qw(status stdout)} ] } @s ],
        [ (['running', "now a\n"]) x 5 ], "$who: each reader has read");

    # the mark of each of them has moved

    for my $r (@readers) {
        ok($t->wait_until(sub {
            return result($r, job_read($r, wait_ms => 1))->{stdout} eq '';
        }, 30), "$who: and goes on from there");
    }

    # more than comes with the waking

    my $text = join '', map { "$_\n" } 1 .. 30000;
    reads($_, pattern => "\n30000\n", max_bytes => 200_000) for @readers;
    my $more = native(patterns => ["\n30000\n"]);
    say_to("b\n");
    is_deeply([ map { [ $_->{stdout} eq $text, !!$_->{more} ] }
        map { read_by($_) } @readers ], [ ([1, '']) x 5 ],
        "$who: all of a long text");
    is_deeply([ map { $more->{s}->answer($_, 90)->{result}{offset} }
        @{ $more->{ids} } ], [ (length("now a\n$text") - 7) x 3 ],
        "$who: who only waited is not disturbed");

    # it dies, and all of them know

    reads($_) for @readers;
    my $last = native(n => 20);
    kill KILL => $helper;
    is(scalar(grep { my $m = $last->{s}->answer($_, 60); $m->{error} || $m->{result} }
        @{ $last->{ids} }), 20, "$who: the helper dies, waits are answered");
    is(scalar(grep { $_->{s}->answer($_->{id}, 60) } @readers), 5,
        "$who: and readers");
    is($c->call('list', { scope => 'owner' })->{error}, undef, "$who: life goes on");
    $t->stop;
}

# more at once than the socket of a helper that does not listen takes

$t = CC::Nginx->new(workers => 1, location => "cc_executor_allow any;
    cc_executor_shell /bin/sh; cc_executor_keep on; cc_executor_max_waits 100;")
    ->start;
$c = $t->client;
$id = begin($c, 'read x; echo "now $x"; read y; seq 1 30000; read z',
    open_stdin => \1);
$helper = CC::Nginx::parent(pid_of($t, $id));
my $first = native(n => 1);             # the connection is there
my @all = map { $t->client } 1 .. 6;
kill STOP => $helper;
my @asked = map { my $s = $_; map { [ $s, $s->send('wait', { execution_id => $id,
    until => 'exit', timeout_ms => 90000,
    patterns => [ 'now a', map { $_ x 256 } 'b' .. 'h' ] }) ] } 1 .. 15 } @all;
$_->call('nonsense', {}) for @all;      # the worker has read them
kill CONT => $helper;
waits_in($_) for @all;
say_to("a\n");
is(scalar(grep { $_->[0]->answer($_->[1], 90)->{result}{reason} eq 'pattern' } @asked),
    90, 'a helper that did not listen: each of them is answered');

# what is written first, and waited for over the same connection

my $writer = reader();
my $written = result($writer, $writer->{s}->send('tools/call', {
    name => 'job_write', arguments => { job_id => $id, data => "go\n",
        pattern => "\n30000\n", wait_ms => 60000, max_bytes => 200_000 } }));
my $text = join '', map { "$_\n" } 1 .. 30000;
ok(($written->{stdout} // '') =~ /\A(?:now a\n)?\Q$text\E\z/,
    'job_write reads all of a long text')
    or diag(length($written->{stdout} // ''), explain({ %$written, stdout => '' }));
$t->stop;

done_testing;
