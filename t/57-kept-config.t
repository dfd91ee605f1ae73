# The configuration changes under kept commands: cc_executor_keep off, the
# location gone, a zone of another size.  What was kept can be reached until it
# is over.
#
# tags: asan coverage

use strict;
use warnings;

use JSON::PP ();
use Test::More;
use CC::Kept qw(begin attach completed ids output places_exact);
use CC::Nginx;

my %conf = (keep => 'on', zone => '', places => 16, here => 1);

sub text {
    my $location = "cc_executor on; cc_executor_allow any;
        cc_executor_shell /bin/sh; cc_executor_kill_grace 500ms;";
    # an owner is of the realm, not of the location
    my $realm = 'cc_executor_realm one;';
    my $here = $conf{here} ? "location /ws/mcp { $location $realm
        cc_executor_keep $conf{keep};
        cc_executor_max_kept_per_owner $conf{places};
        cc_executor_max_kept $conf{places}; }" : '';
    return <<"EOC";
worker_processes 2;
events { worker_connections 256; }
http {
    access_log off;
    cc_executor_path %%DIR%%/runtime;
    cc_executor_audit_log %%DIR%%/logs/audit.log;
    $conf{zone}
    server {
        listen 127.0.0.1:%%PORT%%;
        server_name localhost;
        $here
        location /next { $location $realm cc_executor_keep on; }
    }
}
EOC
}

my $t = CC::Nginx->new(conf => text())->start;

sub reload {
    my (%o) = @_;
    %conf = (%conf, %o);
    $t->write_config($t->expand(text()));
    my %old = map { $_ => 1 } $t->workers;
    $t->signal('HUP');
    ok($t->wait_until(sub { my @w = $t->workers;
        @w == 2 && !grep { $old{$_} } @w }, 30), 'reloaded')
        or diag($t->log);
    return;
}

# two that run and one that is over
sub commands {
    my $c = $t->client;
    my %id = (runs => begin($c, 'echo runs; read x; exit 8',
            open_stdin => JSON::PP::true),
        other => begin($c, 'echo other; exec sleep 5741'),
        over => begin($c, 'echo over'));
    completed($c, $id{over});
    $c->close;
    return %id;
}

# all of them are there, and end when they are told to
sub reachable {
    my ($what, $path, %id) = @_;
    my ($c, $m) = attach($t, $id{over}, path => $path);
    is($m->{result}{state}, 'exited', "$what: what was over is there")
        or diag(explain($m));
    is((output($c, $id{over}))[0], "over\n", 'with its output');
    ($c, $m) = attach($t, $id{other}, path => $path);
    is($m->{result}{state}, 'running', 'what runs, too');
    $m = $c->call('remove', { execution_id => $id{other},
        force => JSON::PP::true });
    is($m->{result}{status}, 'removed', 'it can be removed');
    $c->close;
    ($c, $m) = attach($t, $id{runs}, path => $path, mode => 'write');
    $c->call('input', { execution_id => $id{runs}, data => "x\n" });
    my ($text, $last) = output($c, $id{runs});
    is($text, "runs\n", 'and be read');
    is($last->{params}{exit_code}, 8, 'to its end');
    $c->call('remove', { execution_id => $id{$_} }) for qw(runs over);
    $c->close;
    return;
}

my %id = commands();
reload(keep => 'off');
{
    my $c = $t->client;
    my $m = $c->call('execute', { command => 'true', on_disconnect => 'keep' });
    ok($m->{error}, 'keep off: no new one');
    $c->close;
}
reachable('keep off', '/next', %id);

reload(keep => 'on');
%id = commands();
reload(here => 0);
reachable('the location is gone', '/next', %id);

reload(here => 1);
%id = commands();
reload(zone => 'cc_executor_zone 4m;');
my $list = ids($t);
is(join(' ', grep { !$list->{$_} } values %id), '',
    'a zone of another size: all are in the list') or diag(explain($list));
reachable('a zone of another size', '/ws/mcp', %id);
my @ended;
ok($t->wait_until(sub { @ended = grep {
    $_->{event} eq 'command.ended'
        && $_->{execution} eq substr $id{runs}, 0, 16 }
    $t->records('logs/audit.log');
    @ended }, 20), 'the end is told');
is(scalar @ended, 1, 'once');
places_exact($t, $conf{places}, 'a zone of another size');

$t->finish;
done_testing;
