# Sessions as they were recorded, compared byte for byte: what is sent and what
# comes back is in t/cases/sessions/*.jsonl.  Ids, pids and times are replaced
# by their order or kind, nothing else.  What these files say was recorded with
# an older build; what has changed since on purpose has its comment there.
#
# One step a line:
#   {"open":"websocket" or "http","headers":{...}}  a new connection
#   {"send":TEXT,"until":REGEX}  a text message; "<id 1>" in it is what was
#                                replaced before; "until" matches the last answer
#   {"frame":[OPCODE,TEXT],"until":REGEX}           any other frame
#   {"post":TEXT,"headers":{...},"method":"..."}    a request of HTTP
#   {"end":1}                                       we close
#   {"receive":TEXT}                                one of the answers
# "count" in a step: so many answers, instead of "until"; "unordered": they may
# come in any order, and are sorted.
# CC_RECORD=1 writes the answers into these files instead of comparing them.
#
# tags: asan coverage

use strict;
use warnings;

use JSON::PP ();
use Test::More;
use Time::HiRes qw(time);
use CC::Http;
use CC::Nginx;

my $json = JSON::PP->new->utf8->canonical->allow_nonref;
my $t = CC::Nginx->new->start;

# what differs from run to run, by name or order; %$seen keeps the order

sub normal {
    my ($text, $seen) = @_;
    my $name = sub {
        my ($kind, $value) = @_;
        return $seen->{"$kind $value"} //= do {
            my $n = "<$kind " . ++$seen->{$kind} . '>';
            $seen->{$n} = $value;
            $n;
        };
    };
    my $hex = qr/[0-9a-f]/;
    $text =~ s/\b($hex{8}(?:-$hex{4}){3}-$hex{12})\b/$name->('session', $1)/ge;
    $text =~ s/\b($hex{48})\b/$name->('id', $1)/ge;
    $text =~ s/("p(?:id|gid)":)(\d+)/$1 . $name->('pid', $2)/ge;
    $text =~ s/("(?:execution_time|user_time|system_time|started|duration_ms
        |max_rss_kb|progress)":)\d+(?:\.\d+)?/$1<number>/gx;
    $text =~ s/^(Mcp-Session-Id: )$hex+/$1<session>/mi;
    $text =~ s/"seq":\d+/"seq":<number>/g;
    $text =~ s/, \d+\.\d s\]/, <number> s]/g;
    $text =~ s/\Q$t->{dir}\E/<dir>/g;
    $text =~ s{nginx/[\d.]+}{nginx/<version>}g;
    return $text;
}

sub frame {
    my ($ws, $seen) = @_;
    my $f = $ws->read_frame or return 'nothing more';
    my $data = $f->{data};
    $data = unpack('n', $data) . ' ' . substr $data, 2
        if $f->{op} == CC::WebSocket::CLOSE && length $data > 1;
    return ($f->{op} == CC::WebSocket::TEXT && $f->{fin} ? ''
        : "fin $f->{fin} opcode $f->{op}: ") . normal($data, $seen);
}

# an answer of HTTP; its length is looked at before it is replaced

sub http {
    my ($head, $body, $seen) = @_;
    $head =~ s/^(Date|Server|Sec-WebSocket-Accept): .*\r$/$1: <$1>\r/mgi;
    return "length $2 of " . length $body
        if $head =~ s/^(Content-Length:) (\d+)/$1 <length>/mi
        && $2 != length $body;
    return normal($head . $body, $seen);
}

sub answer {
    my ($http, $seen) = @_;
    my $r = $http->read_head or return 'nothing more';
    1 while $http->read_some;
    return http($r->{head}, $r->{data}, $seen) . ($r->{cut} ? ' (cut)' : '');
}

# an open connection is closed by us: what comes then belongs to the record

sub leave {
    my ($c, $seen) = @_;
    return if !$c || !$c->isa('CC::WebSocket') || $c->{gone};
    $c->send_frame(CC::WebSocket::CLOSE, pack 'n', 1000);
    my @got = frame($c, $seen);
    push @got, 'no end' if !$c->read_eof;
    return @got;
}

# does what a step says; returns what was received
sub step {
    my ($c, $step, $seen) = @_;
    my @got;
    if ($step->{open}) {
        push @got, leave($$c, $seen);
        if ($step->{open} eq 'http') {
            $$c = CC::Http->new(port => $t->port);
            return @got;
        }
        $$c = $t->ws(headers => $step->{headers});
        $$c->{gone} = 1 if $$c->{status} != 101;
        push @got, http($$c->{head}, $$c->{body} // '', $seen);
    } elsif (defined $step->{post}) {
        $$c->send($step->{post}, %$step{grep { $step->{$_} } qw(headers method)});
        return answer($$c, $seen);
    } elsif ($step->{end}) {
        return leave($$c, $seen);
    } else {
        my ($op, $text) = $step->{frame}
            ? @{ $step->{frame} } : (CC::WebSocket::TEXT, $step->{send});
        $text =~ s/(<\w+ \d+>)/$seen->{$1} \/\/ $1/ge;
        $$c->send_frame($op, $text);
    }
    my ($until, $count) = @$step{qw(until count)};
    return @got unless defined $until || $count;
    my @more;
    until (@more && ($count ? @more == $count : $more[-1] =~ /$until/)) {
        push @more, frame($$c, $seen);
        $$c->{gone} = $more[-1] =~ /^(?:nothing more$|fin 1 opcode 8)/;
        last if $$c->{gone};
    }
    @more = sort @more if $step->{unordered};
    return @got, @more;
}

for my $file (sort glob "$CC::Nginx::ROOT/t/cases/sessions/*.jsonl") {
    my ($name) = $file =~ m{([^/]+)\.jsonl$};
    open my $f, '<', $file or die "$file: $!\n";
    my @lines = <$f>;
    close $f;

    my (@record, @expected, @got, $conn, %seen);
    for my $line (@lines) {
        if ($line =~ /^\s*(?:#|$)/) {
            push @record, $line;
            next;
        }
        my $step = eval { $json->decode($line) } // die "$file: $line$@";
        if (exists $step->{receive}) {
            push @expected, $step->{receive};
            next;
        }
        push @record, $line;
        my @now = step(\$conn, $step, \%seen);
        push @record, map { $json->encode({ receive => $_ }) . "\n" } @now;
        push @got, @now;
        last if grep { $_ eq 'nothing more' } @now;
    }

    if ($ENV{CC_RECORD}) {
        open $f, '>', $file or die "$file: $!\n";
        print $f @record;
        close $f;
    }

    $ENV{CC_RECORD} || is_deeply(\@got, \@expected, "$name: " . @got . ' answers')
        or do {
            for my $i (0 .. ($#got > $#expected ? $#got : $#expected)) {
                next if ($got[$i] // '') eq ($expected[$i] // '');
                diag "$name, answer $i:\n  was: ", $expected[$i] // '',
                    "\n  is:  ", $got[$i] // '';
            }
        };
}

$t->finish;
done_testing;
