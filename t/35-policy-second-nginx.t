#!/usr/bin/perl

# The recipe of docs/isolation.md: a second nginx with its own user, behind the first.
#
# tags: asan coverage

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;

use CC::Nginx alone => 'another nginx keeps the users apart here';

if ($> != 0) {
    plan skip_all => 'two users: only root can be both';
}

open my $doc, '<', "$CC::Nginx::ROOT/docs/isolation.md" or die $!;
my $text = do { local $/; <$doc> };
my ($second) = $text =~ /<!-- test: second -->\n```nginx\n(.*?)^```/ms;
my ($first) = $text =~ /<!-- test: first -->\n```nginx\n(.*?)^```/ms;
ok($second && $first, 'the recipe is in docs/isolation.md');

# paths of this machine become paths of this test; the harness has its own
# lines for module, pid, logs and temporary files

my $s = CC::Nginx->new(user => 'daemon');
my $dir = $s->dir;
for ($second) {
    s/^(?:load_module|pid|error_log|\s*access_log|\s*\w+_temp_path) .*\n//mg;
    s{/(?:run|var/lib)/nginx-commands}{$dir/run}g;
}
mkdir "$dir/run" or die $!;
my @daemon = getpwnam 'daemon';
chown $daemon[2], $daemon[3], "$dir/run";
# a port besides, by which the harness sees that it has started
$second =~ s/^( +server) \{/$1 { listen 127.0.0.1:%%PORT%%; }\n$1 {/m;
$s->{conf} = $second;

my $f = CC::Nginx->new(conf => '');
my $socket = "$dir/run/socket";
$first =~ s{/run/nginx-commands/socket}{$socket};
my $front = $f->dir;
$first =~ s{/etc/nginx/commands.htpasswd}{$front/htpasswd};
open my $h, '>', "$front/htpasswd" or die $!;
print $h "me:{PLAIN}secret\n";
close $h;
$f->{conf} = "events { }\nhttp { server { listen 127.0.0.1:%%PORT%%;\n$first } }\n";

$s->start;
ok($s->wait_until(sub { -S $socket }), 'the second one listens');
$f->start;

my $ws = $f->ws;
is($ws->{status}, 401, 'without a password: no');
my $c = $f->client(headers =>
    { Authorization => 'Basic bWU6c2VjcmV0' });
my $r = $c->run('id -un; id -Gn; kill -0 ' . ($f->workers)[0] . ' 2>&1');
my ($user, $groups, @rest) = split /\n/, $r->{stdout};
is($user, 'daemon', 'commands are somebody else');
is($groups, 'daemon', 'with its group only');
like("@rest", qr/not permitted/, 'who cannot reach the first nginx');
like($c->run("cat $front/htpasswd /proc/" . ($f->workers)[0] . '/environ')
    ->{stderr}, qr/environ: Permission denied/, 'nor read what it has');
$r = $c->run('seq 1 100000');
is(length $r->{stdout}, 588895, 'long output comes through');
$c->send('execute', { command => 'echo $$; exec sleep 600' });
my $pid = $c->notification('process.output')->{params}{data} + 0;
$c->close;
ok($s->wait_until(sub { !kill 0, $pid }),
    'a client that leaves takes its command along');
$f->finish;
$s->finish;

done_testing();
