# Secrets that are put in on all sides come out nowhere: not in error frames,
# not in logs, not in the titles of processes.
#
# tags: asan coverage

use strict;
use warnings;

use Test::More;
use CC::Http;
use CC::Mcp;
use CC::Nginx;

my $t = CC::Nginx->new(workers => 2, http => <<'EOH', server => <<'EOC');
cc_executor_audit_log logs/audit.log argv=hash;
cc_executor_env PATH=/canary-path:/usr/bin:/bin SECRET=canary-env;
EOH
location /direct { cc_executor on; cc_executor_allow any; }
location /list { cc_executor on; cc_executor_allow /bin/true; }
location /gone { cc_executor on; cc_executor_allow any;
    cc_executor_cwd %%DIR%%/canary-cwd; }
location /told { cc_executor on; cc_executor_allow any;
    cc_executor_cwd %%DIR%%/canary-cwd; cc_executor_error_detail on; }
EOC
my $dir = $t->dir;
mkdir "$dir/canary-cwd";
$t->start;
rmdir "$dir/canary-cwd" or die $!;

my @texts;
my %headers = (
    Cookie => 'session=canary-cookie', 'X-Canary' => 'canary-header',
    Authorization => 'Bearer ' . 'canary-token-' x 4,
);

sub errors {
    my ($c, @calls) = @_;
    my $n = 0;
    for (@calls) {
        my $m = $c->call(@$_);
        $n++ if $m->{error};
        push @texts, JSON::PP->new->canonical->encode($m);
    }
    return $n;
}

# errors of every kind

my $c = $t->client(path => '/direct', headers => \%headers);
is(errors($c,
    ['execute', { args => ['/canary-none/program', 'canary-argument'] }],
    ['execute', { args => ['/etc/passwd'] }],
    ['execute', { args => ['canary-unknown'], stdin => 'canary-stdin' }],
    ['execute', { command => 'echo canary-argument | cat' }],
    ['execute', { command => 'echo "canary-argument' }],
    ['execute', { command => 'x', env => { A => 'canary-value' } }],
    ['execute', { command => 'x', cwd => '/canary-directory' }],
    ['execute', { args => ['true', 'canary-argument' x 20_000] }],
    ['control', { type => 'STOP' }],
    ['input', { data => 'canary-stdin' }],
), 10, 'ten errors') or diag explain \@texts;
$c->close;
$c = $t->client(path => '/list', headers => \%headers);
is(errors($c, ['execute', { args => ['/bin/cat', 'canary-argument'] }]), 1,
    'not allowed');
$c->close;
$c = $t->client(path => '/gone', headers => \%headers);
is(errors($c, ['execute', { args => ['true', 'canary-argument'] }]), 1,
    'a directory that is gone');
like($texts[-1], qr/"working directory: No such file or directory"/, 'why, and no more');
$c->close;

my $m = CC::Mcp->new(port => $t->port, path => '/gone', headers => \%headers);
$m->initialize;
push @texts, JSON::PP->new->encode($m->execute('true canary-argument'));
like($texts[-1], qr/working directory: No such file or directory/, 'by MCP the same');
push @texts, JSON::PP->new->encode($m->execute({ command => 'true',
    stdin => { a => 'canary-stdin' } }));
$m->close;
for my $body ('{"canary-body"', '["canary-body"]', "\xff canary-body") {
    my $r = CC::Http->new(port => $t->port, path => '/direct')->post($body,
        headers => \%headers);
    push @texts, $r->{data} // '', map { JSON::PP->new->encode($_) }
        @{ $r->{messages} // [] };
}

# commands that run: their titles are their own business, ours are not

$c = $t->client(headers => \%headers);
my $run = $c->call('execute', { args => ['sh', '-c', 'read line; sleep 60',
    'canary-argument'], open_stdin => JSON::PP::true() });
$c->notification('process.started');
$c->call('input', { data => "canary-stdin\n" });
my @ours = ($t->{master}, $t->workers, $t->spawners, $t->helpers);
cmp_ok(scalar @ours, '>', 4, 'processes of ours');
unlike(CC::Nginx::title($_), qr/canary/, 'a title: ' . CC::Nginx::title($_))
    for @ours;
$c->close;

# a name that a client chose comes back to it; what the server knows does not

my $texts = join "\n", @texts;
unlike($texts, qr/$_/, "no error has $_") for qw(canary-env canary-path
    canary-cwd canary-cookie canary-header canary-token canary-stdin
    canary-value canary-directory canary-body canary-argument),
    quotemeta $dir;

# but where the operator says so

$c = $t->client(path => '/told');
my $told = $c->call('execute', { args => ['true'] })->{error}{message};
like($told, qr{^working directory: No such file or directory \(error 2; cwd \Q$dir\E/canary-cwd; PATH /canary-path:/usr/bin:/bin\)$},
    'cc_executor_error_detail on');
$c->close;

$t->wait_until(sub { $t->slurp('logs/audit.log') =~ /"command.ended"/ });
$t->stop;
my $logs = '';
for my $file (glob "$dir/logs/*") {
    open my $f, '<', $file or die $!;
    local $/;
    $logs .= <$f> // '';
}
unlike($logs, qr/$_/, "no log has $_") for qw(canary-env canary-path
    canary-cookie canary-header canary-token canary-stdin canary-value
    canary-body canary-argument);

$t->finish;
done_testing;
