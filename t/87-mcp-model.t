# What a model reads: the tasks of t/cases/mcp-model.txt, done with the tools as
# a model does them, a few calls each; the text of every answer is compared, and
# what structuredContent says, and both say the same.  All tasks go on side by
# side, each in a session of its own.
#
# tags: asan coverage

use strict;
use warnings;
use utf8;

use Encode ();
use IO::Select;
use JSON::PP ();
use Test::More;
use CC::Mcp;
use CC::Nginx;
use CC::Schema;

binmode Test::More->builder->$_, ':encoding(UTF-8)'
    for qw(output failure_output todo_output);

my $json = JSON::PP->new->utf8->canonical->allow_nonref;
my $keep = 'cc_executor_allow any; cc_executor_shell /bin/sh;'
    . ' cc_executor_keep on; cc_executor_max_kept 100; cc_executor_tty on;'
    . ' cc_executor_max_kept_per_owner 90; cc_executor_max_sessions 100;'
    . ' cc_executor_max_commands 100; cc_executor_kill_grace 1s;';
my $t = CC::Nginx->new(workers => $ENV{TEST_WORKERS} || 4, location => $keep,
    http => 'cc_executor_helpers min=4 max=100;');
$t->start;
$t->port(2);                                 # nobody listens there: commands do

# the tasks: { name, calls => [{ tool, arguments, text, is, error, line }] }

sub tasks {
    my ($file) = @_;
    my @tasks;
    open my $f, '<:encoding(UTF-8)', $file or die "$file: $!\n";
    while (my $line = <$f>) {
        chomp $line;
        my $call = @tasks ? $tasks[-1]{calls}[-1] : undef;
        if ($line =~ /^# (.+)/) {
            push @tasks, { name => $1, calls => [] };
        } elsif ($line =~ /^> (\w+) (\{.*\})$/) {
            push @{ $tasks[-1]{calls} }, { tool => $1, arguments => $2,
                text => [], line => $. };
        } elsif ($line =~ /^  (.*)/) {
            push @{ $call->{text} }, $1;
        } elsif ($line =~ /^([=!]) (\{.*\})$/) {
            $call->{error} = $1 eq '!';
            $call->{is} = $json->decode(Encode::encode_utf8($2));
        } elsif ($line =~ /^!$/) {
            $call->{error} = 1;
        } elsif ($line =~ /^[^;]/) {
            die "$file:$.: what is that?\n";
        }
    }
    return @tasks;
}

# a text with marks for what differs from run to run, as a pattern

my %mark = (id => '[0-9a-f]{48}', t => '\d+\.\d', n => '\d+', c => 'c[0-9a-f]+-[0-9a-f]+',
    any => '(?s:.*?)', line => '[^\n]*');

sub pattern {
    my ($text) = @_;
    my $re = join '', map { /^<(\w+)>$/ && $mark{$1} ? $mark{$1} : quotemeta }
        split /(<(?:id|t|n|c|any|line)>)/, $text;
    return qr/\A$re\z/;
}

# Both forms of an answer say the same; whatever was asked.  What does not hold.

my %schema;

sub differs {
    my ($tool, $r) = @_;
    my $text = $r->{content}[0]{text};
    my $s = $r->{structuredContent};
    return () if !$s;
    my @odd = CC::Schema::check($schema{$tool},
        $json->decode($json->encode($s)), closed => 1);
    return @odd if !exists $s->{job_id};        # execute to its end, and lists
    my ($state) = $text =~ /\A(\[job .*\])$/m or return 'no state first';
    push @odd, 'the id' if index($state, "job $s->{job_id} ") < 0;
    push @odd, 'the label' if length $s->{label} && index($state, qq("$s->{label}" )) < 0;
    (my $status = $s->{status}) =~ tr/_/ /;
    push @odd, 'the status' if $state !~ /\b$status\b/;
    push @odd, 'the exit code' if defined $s->{exit_code}
        && $state !~ /\bcode $s->{exit_code}\b/;
    push @odd, 'the signal' if defined $s->{signal} && $state !~ /\bby $s->{signal}\b/;
    push @odd, 'the hint' if length $s->{hint} && index($text, "[$s->{hint}]\n") < 0
        && $text !~ /\Q[$s->{hint}]\E\z/;
    push @odd, 'lossy' if !$s->{lossy} != ($text !~ /not UTF-8/);
    return @odd if $tool eq 'job_signal' || $tool eq 'execute';
    my $more = $s->{more} ? ', more is there' : '';
    push @odd, 'the counts' if $text !~ /^\[$s->{new_bytes} new bytes, $s->{dropped_bytes} dropped before$more; next_cursor \Q$s->{next_cursor}\E\]\z/m;
    return @odd if $text =~ /bytes dropped \.\.\./ || $text =~ /base64/
        || $s->{output} =~ /\e/;
    my ($body) = $text =~ /\A[^\n]*\n(.*)\[\d+ new bytes[^\n]*\z/s;
    my $letters = sub { join '', grep { !/^\[std(?:out|err)\]$/ } split /\n/, $_[0] };
    push @odd, 'the output' if index($letters->($body), $letters->($s->{output})) != 0;
    push @odd, 'its two streams' if length $s->{output}
        != length($s->{stdout}) + length $s->{stderr};
    return @odd;
}

my @tasks = tasks("$CC::Nginx::ROOT/t/cases/mcp-model.txt");
@tasks = grep { $_->{name} =~ /$ENV{ONLY}/ } @tasks if $ENV{ONLY};
cmp_ok(scalar @tasks, '>=', 30, 'tasks') unless $ENV{ONLY};

for my $task (@tasks) {
    my $c = $task->{client} = CC::Mcp->new(port => $t->port);
    $c->initialize;
    %schema = map { $_->{name} => $_->{outputSchema} }
        @{ $c->call('tools/list', {})->{result}{tools} } if !%schema;
    cmp_ok(scalar @{ $task->{calls} }, '<=', 6, "$task->{name}: few calls");
}

# all go on side by side: what was answered decides what is asked next

sub ask {
    my ($task) = @_;
    my $call = $task->{call} = shift @{ $task->{calls} } or return;
    (my $arguments = $call->{arguments}) =~ s/<(id|cursor)>/$task->{$1} \/\/ ''/ge;
    $call->{id} = $task->{client}->send('tools/call', { name => $call->{tool},
        arguments => $json->decode(Encode::encode_utf8($t->expand($arguments))) });
    return;
}

sub answered {
    my ($task, $r) = @_;
    my $call = $task->{call};
    my $name = "$task->{name} (line $call->{line})";
    my $text = $r->{content}[0]{text};
    my $s = $r->{structuredContent};
    like($text, pattern($t->expand(join "\n", @{ $call->{text} })), $name)
        or diag("$text\n", explain($s));
    is($r->{isError} ? 1 : 0, $call->{error} ? 1 : 0, "$name: is it an error?");
    my $is = $call->{is} // {};
    is_deeply({ map { $_ => $s->{$_} } keys %$is }, $is, "$name: structuredContent")
        or diag(explain($s));
    is_deeply([differs($call->{tool}, $r)], [], "$name: both forms say the same")
        or diag("$text\n", explain($s));
    $task->{id} = $s->{job_id} if $call->{tool} eq 'execute' && $s->{job_id};
    $task->{cursor} = $s->{next_cursor} if $s->{next_cursor};
    return;
}

my $select = IO::Select->new;
my %task = map { my $sock = $_->{client}{ws}{sock};
    $select->add($sock); fileno($sock) => $_ } @tasks;
ask($_) for @tasks;
my $deadline = time + 110;
while (my @waits = grep { $_->{call} } @tasks) {
    last if time > $deadline;
    for my $sock ($select->can_read(1)) {
        my $task = $task{ fileno $sock };
        $task->{client}{ws}->fill;
        while (my $m = $task->{client}->receive(0)) {
            next if ($m->{id} // '') ne ($task->{call}{id} // '-');
            answered($task, $m->{result});
            ask($task);
        }
        $select->remove($sock) if $task->{client}{ws}{eof};
    }
}
is_deeply([map { "$_->{name} (line $_->{call}{line})" } grep { $_->{call} } @tasks], [],
    'every call was answered');

$_->{client}{ws}->close for @tasks;
$t->finish;
done_testing;
