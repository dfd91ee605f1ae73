# What describes cc-run: help, manual, completion and docs/cc-run.md name the same
# options and verbs, the manual is well-formed and has every exit status, the
# completion completes.
#
# tags:

use strict;
use warnings;

use Test::More;
use CC::Nginx;
use CC::Run;

my $root = $CC::Nginx::ROOT;
my $run = CC::Run::binary();
delete @ENV{qw(CC_URL CC_TOKEN)};

sub slurp {
    my ($name) = @_;
    open my $f, '<', "$root/$name" or die "$name: $!";
    local $/;
    return <$f>;
}

sub names { my %n = map { $_ => 1 } @_; return [sort keys %n] }

# options

my $help = `$run --help`;
is($?, 0, '--help');
my $options = names($help =~ /(--[a-z][a-z-]+)/g);
cmp_ok(scalar @$options, '>=', 18, 'it has options');
(my $man = slurp('src/client/cc-run.1')) =~ s/\\-/-/g;
my $page = slurp('docs/cc-run.md');
(my $bash = slurp('src/client/cc-run.bash')) =~ s/^ *#.*$//gm;
$bash =~ s/--reconnect 0//;
is_deeply(names(map { /(--[a-z][a-z-]+)/g } $man =~ /^(\.B[RI]? .*)/gm), $options,
    'the manual has the same');
is_deeply(names($bash =~ /(--[a-z][a-z-]+)/g), $options,
    'the completion has the same');
is_deeply(names(map { /(--[a-z][a-z-]+)/g } $page =~ /^\| (`-[^|]*)\|/gm), $options,
    'docs/cc-run.md has the same');
for (@$options) {
    my $said = `$run $_= 2>&1`;
    unlike($said, qr/unknown option/, "$_ is one");
}

# letters stand beside the same names

my @pairs = $help =~ /^ +(-[a-z], --[a-z-]+)/gm;
is_deeply(names(map { s/^\.BR (-[a-z]) ", " (--[a-z-]+)/$1, $2/r }
    $man =~ /^(\.BR -[a-z] ", " --[a-z-]+)/gm), names(@pairs),
    'the manual: the same letters');

# verbs

my ($verbs) = $help =~ /^verbs.*?\n(.*?)^ID may/ms;
my $verb = names(map { split /, / } $verbs =~ /^  ([a-z]+(?:, [a-z]+)*)/gm);
is(scalar @$verb, 9, 'verbs');
my ($manual) = $man =~ /^\.SH VERBS\n(.*?)^\.SH/ms;
is_deeply(names(grep { !/^(?:fR)$/ }
    map { /([a-z]+)/g } map { s/" (?:NAME )?ID\S*//gr =~ s/\\f\w//gr =~ s/"//gr }
    $manual =~ /^\.BI? ([a-z].*)$/gm), $verb, 'the manual has the same');
my ($completed) = $bash =~ /verbs='([^']*)'/;
is_deeply(names(split ' ', $completed), $verb, 'the completion has the same');

# statuses, environment, version

like($man, qr/^\.SH EXIT STATUS\n.*^\.B $_$/ms, "the manual: status $_")
    for 125, 126;
like($man, qr/^\.BR 128 \+/m, 'the manual: 128 + n');
like($man, qr/^\.B $_$/m, "the manual: $_") for qw(CC_URL CC_TOKEN);
my ($version) = slurp('src/lib/ngx_cc_version.h') =~ /"(\d[\w.]*)"/;
is(`$run --version`, "cc-run $version\n", '--version');

SKIP: {
    skip 'no groff(1)', 2 if system('groff --version > /dev/null 2>&1') != 0;
    is(`groff -man -Tutf8 -ww -z $root/src/client/cc-run.1 2>&1`, '',
        'the manual is well-formed');
    is((grep { length > 80 } split /\n/,
        `groff -man -Tascii -P-cbou $root/src/client/cc-run.1`), 0,
        'and fits a terminal');
}

# the completion, as bash calls it; the last word is the one to complete

my $t = CC::Nginx->new(location => 'cc_executor_allow any;
    cc_executor_shell /bin/sh; cc_executor_keep on;')->start;
my $url = 'ws://127.0.0.1:' . $t->port . '/ws/mcp';

sub complete {
    my (@words) = @_;
    my $script = "$root/src/client/cc-run.bash";
    my $line = join ' ', 'cc-run', @words;
    $line =~ s/ : /:/g;
    my $list = join ' ', map { "'$_'" } $run, @words;
    open my $f, '>', $t->dir . '/complete' or die $!;
    print $f "source $script; COMP_LINE='$line'; COMP_WORDS=($list);"
        . ' COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _cc_run;'
        . ' printf "%s\n" "${COMPREPLY[@]}"';
    close $f;
    return [sort split /\n/, `bash $t->{dir}/complete 2>&1`];
}

is_deeply(complete(''), [sort '--', @$verb], 'verbs');
is_deeply(complete('re'), ['resume'], 'the beginning of one');
is_deeply(complete('logs', '--t'), ['--tail', '--token-file'],
    'options of a verb');
is_deeply(complete('--de'), ['--detach'], 'options');
is_deeply(complete('--', 'l'), [], 'nothing of a command');
is_deeply(complete('signal', 'US'), ['USR1', 'USR2'], 'signals');
chomp(my $id = `$run -d $url -- 'true'`);
{
    local $ENV{CC_URL} = $url;
    is_deeply(complete('attach', substr $id, 0, 3), [substr $id, 0, 12], 'ids');
}
is_deeply(complete(split(/(:)/, $url), 'logs', ''), [substr $id, 0, 12],
    'ids of the URL on the line');
is_deeply(complete('logs', 'xyz'), [], 'none');

$t->finish;
done_testing;
