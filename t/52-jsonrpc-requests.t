# Messages that are refused, or not answered at all: in both dialects, over a
# WebSocket (whole, and in frames of a few bytes) and by POST, with the same
# code, id and words (t/cases/jsonrpc.jsonl).
#
# tags: asan coverage

use strict;
use warnings;

use JSON::PP ();
use Test::More;
use CC::Cases qw(cases);
use CC::Http;
use CC::Mcp;
use CC::Nginx;

my $json = JSON::PP->new->utf8->allow_nonref->canonical;
my $t = CC::Nginx->new(location => 'cc_executor_allow any;
    cc_executor_shell /bin/sh; cc_executor_client_env A;')->start;

# the text of a message for that dialect
sub text {
    my ($text, $dialect) = @_;
    my ($call, $open, $close) = $dialect eq 'native'
        ? ('execute', '"params":{', '}')
        : ('tools/call', '"params":{"name":"execute","arguments":{', '}}');
    $text =~ s/%CALL%/"method":"$call"/g;
    $text =~ s/%PARAMS\((.*?)\)%/$open$1$close/gs;
    $text =~ s/\{\{(.+?)\*(\d+)\}\}/$1 x $2/ge;
    utf8::encode($text);
    return $text;
}

sub is_refused {
    my ($case, $dialect, $m, $how) = @_;
    my $name = "$how: $case->{name}";

    # an argument of a tool is for the model to mend: a result that says so

    if ($dialect eq 'mcp' && $case->{text} =~ /%PARAMS/ && $m->{result}) {
        ok($m->{result}{isError}, $name);
        is($json->encode($m->{id}), $json->encode($case->{id}), "$name: id");
        (my $says = $case->{says} // '') =~ s/%P%/arguments/;
        like($m->{result}{content}[0]{text}, qr/\Q$says\E/, "$name: says so");
        return;
    }
    is($m->{error}{code}, $case->{code}, $name) or return diag explain $m;
    is($json->encode($m->{id}), $json->encode($case->{id}), "$name: id");
    my $says = $case->{says} // return;
    my $place = $dialect eq 'native' ? 'params' : 'params.arguments';
    $says =~ s/%P%/$place/;
    like($m->{error}{message}, qr/\Q$says\E/, "$name: says so");
}

# a request whose answer comes next when there is none to what was sent before
my %ping = (native => 'list', mcp => 'ping');
my $n = 1000;

sub is_silent {
    my ($case, $c, $dialect, $how) = @_;
    my $id = $c->send($ping{$dialect}, undef, id => 'after ' . $n++);
    my $m = $c->next;
    is($m->{id}, $id, "$how: $case->{name}") or diag explain $m;
}

for my $dialect ('native', 'mcp') {
    my $c = $dialect eq 'native' ? $t->client
        : CC::Mcp->new(port => $t->port);
    $c->call('initialize', { protocolVersion => '2025-11-25',
        capabilities => {}, clientInfo => { name => 't', version => 1 } })
        if $dialect eq 'mcp';
    my $h = CC::Http->new(port => $t->port);

    for my $case (cases('jsonrpc')) {
        next if ($case->{only} // $dialect) ne $dialect;
        my $text = text($case->{text}, $dialect);

        # whole, and cut into frames

        for my $step (length $text, length $text < 1000 ? (1, 7) : 65_521) {
            my $how = "$dialect, frames of $step";
            my $frames = '';
            for (my $at = 0; $at < length $text; $at += $step) {
                $frames .= CC::WebSocket::frame($at ? 0
                    : CC::WebSocket::TEXT, substr($text, $at, $step),
                    fin => $at + $step >= length $text ? 1 : 0);
            }
            $c->ws->write($frames);

            if (defined $case->{code}) {
                is_refused($case, $dialect, $c->next, $how);
            } else {
                is_silent($case, $c, $dialect, $how);
            }
        }
        next if $dialect eq 'native';

        my $r = $h->post($text);

        if (defined $case->{code}) {
            is_refused($case, $dialect, $r->{message}, 'POST');
        } elsif ($r->{status} == 202) {
            is($r->{data}, '', "POST: $case->{name}: 202 and no body");
        } else {
            is($r->{status}, 400, "POST: $case->{name}: 400");
            ok(!exists $r->{message}{id}, 'and an error without an id');
        }
        $h = CC::Http->new(port => $t->port) if $h->{conn}{eof};
    }
    is(scalar @{ $c->{queue} }, 0, "$dialect: nothing else was said");
    $c->close;
    $h->close;
}

# pairs are characters, in any piece

my $c = $t->client;
for my $step (1 .. 13) {
    my $text = '{"id":1,"method":"execute","params":{"args":["printf","%s",'
        . '"\ud83d\ude00\\\\\uD83D\uDE01\n\\"\u20ac\\\\ud83d"]}}';
    my $frames = '';
    for (my $at = 0; $at < length $text; $at += $step) {
        $frames .= CC::WebSocket::frame($at ? 0 : CC::WebSocket::TEXT,
            substr($text, $at, $step),
            fin => $at + $step >= length $text ? 1 : 0);
    }
    $c->ws->write($frames);
    my $out = '';
    while (my $m = $c->next) {
        last if ($m->{method} // '') eq 'process.completed';
        $out .= $m->{params}{data} // '' if ($m->{method} // '')
            eq 'process.output';
    }
    is($out, "\x{1f600}\\\x{1f601}\n\"\x{20ac}\\ud83d",
        "characters beyond 16 bits in pieces of $step");
}
$c->close;

$t->finish;
done_testing;
