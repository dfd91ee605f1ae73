# nginx -t: t/cases/config.jsonl, and that cc-token appends whole lines.
#
# tags: asan slow coverage

use strict;
use warnings;

use Test::More;
use CC::Cases qw(cases);
use CC::Nginx;

my ($abi) = do { my $n = syscall(444, 0, 0, 1); $n > 0 ? $n : 0 };

for my $case (cases('config')) {
    SKIP: {
        skip "$case->{name}: not as root", 1 if $case->{root} && $> != 0;
        skip "$case->{name}: no Landlock", 1 if $case->{fence} && $abi < 2;
        my $t = CC::Nginx->new;
        my $dir = $t->dir;
        system('sh', '-ec', "cd '$dir'; $case->{setup}") == 0 or die
            if $case->{setup};
        my $inside = $case->{raw}
            // "location /x { cc_executor on; $case->{text} }";
        my $connections = $case->{connections} // 512;
        my $text = ($case->{main} // '') . "\nevents { worker_connections $connections; }\nhttp {\n"
            . "cc_executor_path %%DIR%%/runtime; @{[$case->{http} // '']}\n"
            . "server { server_name named; listen 127.0.0.1:%%PORT%%;\n$inside } }\n";
        $text =~ s{(?<!%)%D(?!IR)}{$dir}g;
        my ($rc, $out) = $t->test_config($text);
        my $level = $case->{level};
        my $ok = $rc == ($level eq 'emerg' ? 1 : 0);
        if ($level eq 'none') {
            $ok &&= $out !~ /\[(?:warn|emerg|error)\]/;
        } else {
            (my $message = $case->{message}) =~ s/%D/\Q$dir\E/g;
            my ($line) = grep { /\[\Q$level\E\] / && /$message/ } split /\n/, $out;
            $ok &&= defined $line;
            if ($ok && $case->{at}) {
                my @conf = split /\n/, $t->slurp('nginx.conf');
                my ($first) = grep { $conf[$_] =~ /^location/ } 0 .. $#conf;
                my ($said) = $line =~ /nginx\.conf:(\d+)/;
                $ok = defined $said && $said == $first + $case->{at};
            }
        }
        ok($ok, "$case->{name}: $level") or diag "$text$out";
    }
}

# cc-token

my $t = CC::Nginx->new;
my $file = $t->dir . '/tokens';
my $tool = "$CC::Nginx::ROOT/conf/cc-token";
open my $f, '>', $file or die $!;
print $f 'first ' . 'ab' x 32;
close $f;
system("'$tool' second '$file' > /dev/null; '$tool' third '$file' > /dev/null") == 0
    or die;
my @lines = split /\n/, $t->slurp('tokens'), -1;
is(scalar @lines, 4, 'cc-token: a line that was not ended is not continued');
is(join(' ', map { /^(\w+) [0-9a-f]{64}$/ } @lines), 'first second third',
    'every token on a line of its own');
is($lines[3], '', 'the last one is ended');
my ($rc, $out) = $t->test_config('events { worker_connections 512; } http {'
    . 'cc_executor_path %%DIR%%/runtime; server { location / { cc_executor on;'
    . ' cc_executor_allow any; cc_executor_token_file %%DIR%%/tokens; } } }');
is($rc, 0, 'and nginx takes it') or diag $out;

done_testing;
