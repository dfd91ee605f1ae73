# The manifests for Kubernetes, without a Kubernetes: kubernetes-models and TypeScript
# know every field and value, the documents fit together and to the image; mistakes
# that are planted are found.

use strict;
use warnings;

use File::Basename qw(dirname);
use File::Copy qw(copy);
use File::Path qw(make_path);
use File::Temp qw(tempdir);
use Test::More;
use CC::Container;

my $root = $CC::Container::ROOT;
my $tool = "$root/build/kubernetes/check.mjs";
my $dir = tempdir(CLEANUP => 1);

sub check {
    my (@what) = @_;
    open my $p, '-|', 'node', $tool, $root, @what or die "node: $!";
    my @lines = <$p>;
    close $p;
    return ($? >> 8, @lines);
}

# as they are

my @all = map { "$root/conf/kubernetes/$_" } qw(base ingress gateway);
my ($rc, @said) = check(@all);
is("@said", "29 documents, 0 findings\n", 'nothing is found in them');
is($rc, 0, 'which is a success');

# what kubectl makes of them

SKIP: {
    skip 'there is no kubectl', 3 if system('kubectl version --client > /dev/null 2>&1');
    for (@all) {
        my $name = s{.*/}{}r;
        system("kubectl kustomize '$_' > '$dir/$name.yaml'") == 0
            or diag 'kubectl kustomize fails';
    }
    ($rc, @said) = check(map { "$dir/$_.yaml" } qw(base ingress gateway));
    is("@said", "29 documents, 0 findings\n", 'kubectl kustomize: nothing is found');
    open my $f, '<', "$dir/ingress.yaml" or die $!;
    my $text = do { local $/; <$f> };
    is(scalar(() = $text =~ /^  namespace: cc-executor$/mg), 9,
        'all but the namespace itself are in it');
    my ($version) = `$root/.ci/version` =~ /(\S+)/;
    like($text, qr{image: registry\.example\.com/cc-executor:\Q$version\E$}m,
        'the image is named');
}

# mistakes: file, what is changed, what is said

my @mistakes = (
    ['service', 's/port: 8003/prt: 8003/', qr/port.*(?:missing|required)|'prt' does not exist/],
    ['statefulset', 's/replicas: 2/replicas: "2"/', qr/replicas|'string' is not assignable/],
    ['statefulset', 's/terminationGracePeriodSeconds/terminationGracePeriodSecond/',
        qr/'terminationGracePeriodSecond' does not exist/],
    ['poddisruptionbudget', 's/maxUnavailable/maxUnavailabel/', qr/'maxUnavailabel' does not exist/],
    ['statefulset', 's/apiVersion: apps.v1/apiVersion: apps\/v9/', qr/unknown kind/],
    ['statefulset', 's/kind: StatefulSet/kind: StatefulSett/', qr/unknown kind/],
    ['statefulset', 's/^  serviceName: .*/  serviceName: cc-executor/m', qr/no headless Service/],
    ['statefulset', 's/(template:\n    metadata:\n      labels:\n        app\S+) \S+/$1 other/',
        qr/selector does not match the labels of its pods/],
    ['statefulset', 's{path: /healthz}{path: /ready}', qr{nothing is at /ready}],
    ['statefulset', 's/port: http\n            periodSeconds: 5/port: web\n            periodSeconds: 5/',
        qr/readinessProbe: there is no port web/],
    ['statefulset', 's/containerPort: 8003/containerPort: 8080/', qr/nginx listens on 8003/],
    ['statefulset', 's/terminationGracePeriodSeconds: 120/terminationGracePeriodSeconds: 60/',
        qr/killed after 60 s/],
    ['statefulset', 's/runAsNonRoot: true/runAsNonRoot: false/', qr/may run as root/],
    ['statefulset', 's/readOnlyRootFilesystem: true/readOnlyRootFilesystem: false/',
        qr/its root can be written/],
    ['statefulset', 's/drop:\n *- ALL/drop:\n                - NET_RAW/', qr/has capabilities/],
    ['statefulset', 's/allowPrivilegeEscalation: false/allowPrivilegeEscalation: true/',
        qr/may gain privileges/],
    ['statefulset', 's/type: RuntimeDefault/type: Unconfined/', qr/no seccomp/],
    ['statefulset', 's/automountServiceAccountToken: false//', qr/token of the API/],
    ['statefulset', 's/- name: tmp\n          emptyDir/- name: temp\n          emptyDir/',
        qr/no volume tmp/],
    ['statefulset', 's{mountPath: /tmp}{mountPath: /temp}', qr{/tmp cannot be written}],
    ['statefulset', 's/configMapRef:\n *name: cc-executor/configMapRef:\n                name: other/',
        qr{no ConfigMap/other}],
    ['statefulset', 's{mountPath: /etc/cc-executor}{mountPath: /etc/tokens}', qr/TOKEN_FILE/],
    ['statefulset', 's/fieldPath: metadata.name/fieldPath: spec.nodeName/',
        qr/NODE is not the name of the pod/],
    ['statefulset', 's/- name: NODE/- name: NODES/', qr/knows no NODES/],
    ['statefulset', 's/fieldPath: metadata.name/fieldPat: metadata.name/', qr/fieldPat/],
    ['configmap', 's/(PEERS: "\*\.)cc-executor-pods/$1cc-executor/', qr/PEERS are at/],
    ['configmap', 's/^ *SECRET_FILE.*\n//m', qr/PEERS without SECRET_FILE/],
    ['configmap', 's{SECRET_FILE: /etc}{SECRET_FILE: /run}', qr/SECRET_FILE .* is not mounted/],
    ['networkpolicy', 's/(egress:\n    - to:\n        - )podSelector(.*?name:) \S+/$1podSelector$2 other/s',
        qr/do not get to each other/],
    ['networkpolicy', 's/(ingress:\n    - from:\n        - )podSelector(.*?name:) \S+/$1podSelector$2 other/s',
        qr/let each other not in/],
    ['networkpolicy', 's/port: 53\n *protocol: UDP/port: 54\n          protocol: UDP/',
        qr/cannot ask for names/],
    ['statefulset', 's/          lifecycle:.*?- "10"\n//s', qr/no preStop/],
    ['configmap', 's/MAX_SESSIONS/MAX_SESSION/', qr/knows no MAX_SESSION\b/],
    ['configmap', 's/WORKERS: "2"/WORKERS: 2/', qr/WORKERS|'number' is not assignable/],
    ['service', 's/(cc-executor\nspec:\n.*?port: 8003\n *targetPort:) http/$1 web/s',
        qr/targetPort web is no port/],
    ['service', 's/(selector:\n *app\S+) \S+/$1 other/', qr/selector matches no pods/],
    ['networkpolicy', 's/port: http/port: web/', qr/port web is no port/],
    ['networkpolicy', 's/podSelector: \{\}/podSelector:\n    matchLabels:\n      x: y/',
        qr/nothing is denied by default/],
    ['horizontalpodautoscaler', 's/name: cc_executor_commands/name: cc_executor_comands/',
        qr/no metric cc_executor_comands/],
    ['horizontalpodautoscaler', 's/kind: StatefulSet/kind: Deployment/', qr{no Deployment/cc-executor}],
    ['ingress', 's{path: /mcp}{path: /mcpp}', qr{nothing is at /mcpp}],
    ['ingress', 's/pathType: Exact/pathType: Exactly/', qr/pathType|Exactly/],
    ['ingress', 's/name: http$/name: web/m', qr/has no port web/],
    ['ingress', 's/host: cc-executor.example.com/host: other.example.com/',
        qr/other.example.com is not in ALLOWED_HOSTS/],
    ['ingress', 's/error timeout/error timeout non_idempotent/', qr/could run twice/],
    ['gateway', 's/backendRefs/backendRef/', qr/'backendRef' does not exist/],
    ['gateway', 's/port: 8003/port: 80/', qr/has no port 80/],
    ['gateway', 's/- name: cc-executor$/- name: other/m', qr{no Service/other}],
);

# each in a copy of its own, looked at together

my @copies;
for my $i (0 .. $#mistakes) {
    my ($name, $change) = @{ $mistakes[$i] };
    my $to = "$dir/$i";
    my ($folder) = grep { $name eq $_ } qw(ingress gateway);
    $folder //= 'base';
    my $file = $name eq 'gateway' ? 'httproute' : $name;
    for my $from (glob "$root/conf/kubernetes/*/*.yaml") {
        my $copy = $to . ($from =~ s{.*/conf/kubernetes}{}r);
        make_path(dirname($copy));
        copy($from, $copy) or die "$copy: $!";
        next unless $copy eq "$to/$folder/$file.yaml";
        open my $in, '<', $copy or die $!;
        local $_ = do { local $/; <$in> };
        my $old = $_;
        eval "$change; 1" or die "$change: $@";
        isnt($_, $old, "$name: $change: the mistake is planted");
        open my $out, '>', $copy or die $!;
        print $out $_;
        close $out;
    }
    push @copies, "$to/$folder";
}
($rc, @said) = check(@copies);
is($rc, 1, 'a finding is a failure');
for my $i (0 .. $#mistakes) {
    my ($name, $change, $expected) = @{ $mistakes[$i] };
    my @found = grep { /^\Q$dir\E\/$i\// } @said;
    ok((grep { /$expected/ } @found), "$name: $change: it is found")
        or diag @found ? @found : 'nothing';
}

done_testing;
