#!/usr/bin/env bash
# The quickstart: a client, a node and three pods in network namespaces of their own, Fairway on the
# node, and every claim of the README tried out. Needs root, iproute2, curl, dig and nft (to look only).
#
#   FAIRWAY_BIN_DIR   where fairway and fairway-echo are (default: .build/debug of this package)
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
bin=$(cd "${FAIRWAY_BIN_DIR:-$here/../../.build/debug}" 2>/dev/null && pwd) || bin=${FAIRWAY_BIN_DIR:-.build/debug}
fairway=$bin/fairway
echo_server=$bin/fairway-echo

# Everything the demo makes carries this prefix or lies in this folder.
prefix=fwdemo-$$
client=$prefix-client
node=$prefix-node
work=
pids=()
pod=
daemon=

say() { printf '\n== %s\n' "$*"; }
note() { printf '   %s\n' "$*"; }
fail() {
    printf '\ndemo: FAILED: %s\n' "$*" >&2
    if [[ -n $work && -s $work/fairway.log ]]; then
        printf 'the last lines of the daemon:\n' >&2
        tail -n 15 "$work/fairway.log" | sed 's/^/   /' >&2
    fi
    exit 1
}

cleanup() {
    local status=$?
    trap - EXIT INT TERM HUP
    # A second Ctrl-C must not interrupt the cleaning up.
    trap '' INT TERM HUP
    for pid in "${pids[@]}"; do kill -KILL "$pid" 2>/dev/null || true; done
    for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
    local name
    for name in "$client" "$node" "$prefix-pod0" "$prefix-pod1" "$prefix-pod2"; do
        ip netns del "$name" 2>/dev/null || true
    done
    [[ -z $work ]] || rm -rf "$work"
    exit "$status"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

[[ $(id -u) == 0 ]] || fail "the demo makes network namespaces: run it as root"
for tool in ip nsenter curl nft dig; do
    command -v "$tool" >/dev/null || fail "$tool is not installed"
done
for program in "$fairway" "$echo_server"; do
    [[ -x $program ]] || fail "$program does not exist: run \`make build\`, or set FAIRWAY_BIN_DIR"
done
work=$(mktemp -d "${TMPDIR:-/tmp}/$prefix.XXXXXX")

# in_ns NAMESPACE COMMAND...: runs a command in a network namespace and nowhere else.
in_ns() { nsenter "--net=/run/netns/$1" -- "${@:2}"; }

# start VARIABLE NAMESPACE LOG COMMAND...: starts a command in a namespace, its pid in VARIABLE.
start() {
    local variable=$1 namespace=$2 log=$3
    shift 3
    nsenter "--net=/run/netns/$namespace" -- "$@" >"$log" 2>&1 &
    pids+=($!)
    printf -v "$variable" '%s' "$!"
}

# show COMMAND...: prints a command and what came back.
show() {
    printf '   $ %s\n' "$*"
    "$@" 2>&1 | sed 's/^/     /'
}

now_ms() { date +%s%3N; }

# --- where the packets go ---------------------------------------------------------------------------

set_sysctl() { in_ns "$1" sh -c "echo $3 >/proc/sys/net/$2"; }

make_namespace() {
    ip netns add "$1"
    local scope
    for scope in all default; do
        set_sysctl "$1" "ipv6/conf/$scope/accept_dad" 0
        set_sysctl "$1" "ipv4/conf/$scope/rp_filter" 0
    done
    ip -n "$1" link set lo up
}

make_network() {
    make_namespace "$client"
    make_namespace "$node"
    set_sysctl "$node" ipv4/ip_forward 1
    # A pod that reaches itself comes back out of the interface it came in on; a redirect for that
    # would count against the ICMP rate limit of the pod, and delay the refusals shown below.
    set_sysctl "$node" ipv4/conf/all/send_redirects 0
    set_sysctl "$node" ipv4/conf/default/send_redirects 0
    set_sysctl "$node" ipv6/conf/all/forwarding 1
    ip -n "$node" -batch - <<EOF
link add name pods0 type bridge
link set pods0 up
addr add 10.244.0.1/32 dev pods0
addr add fd00:10:244::1/128 dev pods0 nodad
link add name eth0 type veth peer name eth0 netns $client
link set eth0 up
addr add 192.0.2.1/24 dev eth0
addr add 2001:db8:2::1/64 dev eth0 nodad
EOF
    ip -n "$client" -batch - <<EOF
link set eth0 up
addr add 192.0.2.2/24 dev eth0
addr add 2001:db8:2::2/64 dev eth0 nodad
EOF
    # As every node has: without a route of any kind, a ClusterIP is refused before nftables sees it.
    # The client forwards nothing.
    set_sysctl "$client" ipv4/ip_forward 0
    ip -n "$node" -batch - <<EOF
route add default via 192.0.2.2
route add ::/0 via 2001:db8:2::2
EOF
    local i
    for i in 0 1 2; do make_pod "$i"; done
}

# A pod has one address of each family and the node as its only next hop, so that every packet between
# pods passes the node's IP layer.
make_pod() {
    local pod=$prefix-pod$1 v4=10.244.0.1$1 v6=fd00:10:244::1$1
    make_namespace "$pod"
    ip -n "$node" -batch - <<EOF
link add name veth$1 type veth peer name eth0 netns $pod
link set veth$1 up
addr add 169.254.1.1/32 dev veth$1 scope link
addr add fe80::1/64 dev veth$1 nodad
EOF
    ip -n "$pod" -batch - <<EOF
link set eth0 up
addr add $v4/32 dev eth0
addr add $v6/128 dev eth0 nodad
route add 169.254.1.1 dev eth0 scope link
route add default via 169.254.1.1 dev eth0
route add ::/0 via fe80::1 dev eth0
EOF
    ip -n "$node" -batch - <<EOF
route add $v4/32 dev veth$1 src 10.244.0.1
route add $v6/128 dev veth$1 src fd00:10:244::1
EOF
}

# --- asking --------------------------------------------------------------------------------------------

# ask NAMESPACE tcp|udp ADDRESS:PORT COUNT: a line for each try, never failing itself.
ask() { in_ns "$1" "$echo_server" connect "$2" "$3" --count "$4" --timeout 1s || true; }

# names: the first word of each line, with how often it came.
names() { awk '{print $1}' | sort | uniq -c | awk '{printf "%s%s x%d", sep, $2, $1; sep = ", "}'; }

# expect WHAT ANSWERS NAME...: every line of ANSWERS begins with one of the names, and each name came.
expect() {
    local what=$1 answers=$2 name
    shift 2
    note "answers: $(names <<<"$answers")"
    for name in "$@"; do
        grep -q "^$name " <<<"$answers" || grep -qx "$name" <<<"$answers" || fail "$what: no answer from $name"
    done
    while read -r name _; do
        [[ " $* " == *" $name "* ]] || fail "$what: an answer \"$name\", where only ($*) may be"
    done <<<"$answers"
}

# try_it WHERE NAMESPACE PROTOCOL TARGET COUNT NAME...
try_it() {
    local where=$1 namespace=$2 protocol=$3 target=$4 count=$5
    shift 5
    printf '   $ fairway-echo connect %s %s --count %s    (in %s)\n' "$protocol" "$target" "$count" "$where"
    local answers
    answers=$(ask "$namespace" "$protocol" "$target" "$count")
    expect "$protocol $target from $where" "$answers" "$@"
}

# until_served NAME...: waits until just these pods answer through the ClusterIP, and prints how long
# that took since $edited.
until_served() {
    local wanted seen elapsed
    wanted=$(printf '%s\n' "$@" | sort)
    while :; do
        seen=$(ask "$prefix-pod0" tcp 10.96.0.80:80 30 | awk '{print $1}' | sort -u)
        elapsed=$(($(now_ms) - edited))
        [[ $seen != "$wanted" ]] || break
        ((elapsed < 5000)) || fail "after $elapsed ms still answered by: ${seen//$'\n'/ }"
    done
    note "served by ${*} after $elapsed ms"
    ((elapsed < 1000)) || fail "it took $elapsed ms: more than a second"
}

get() { show "$fairway" get "$@" --admin-socket "$work/admin.sock"; }

# has PATTERN RESOURCE: what the daemon holds has a line like this.
has() {
    "$fairway" get "$2" --admin-socket "$work/admin.sock" | grep -Eq -- "$1" || fail "get $2 has no line like $1"
}

# edit FILE SED-EXPRESSION: changes a manifest as an editor does, by writing anew and renaming.
edit() {
    sed -E "$2" "$manifests/$1" >"$work/edited"
    diff -U0 "$manifests/$1" "$work/edited" | tail -n +4 | sed 's/^/     /' || true
    edited=$(now_ms)
    mv "$work/edited" "$manifests/$1"
}

# wait_ready NAMESPACE PID LOG URL: until the URL answers 200. A process that ends is not waited for.
wait_ready() {
    local deadline=$(($(now_ms) + 20000))
    until in_ns "$1" curl -sSf --max-time 2 "$4" >/dev/null 2>"$work/curl.log"; do
        kill -0 "$2" 2>/dev/null || fail "it ended: $(tail -n 1 "$3")"
        (($(now_ms) < deadline)) || fail "not ready after 20 s: $(cat "$work/curl.log")"
        sleep 0.02
    done
}

tables() { in_ns "$node" nft list tables; }

# --- the story ------------------------------------------------------------------------------------------

say "1. A client, a node and three pods, each in its own network namespace"
make_network
note "client 192.0.2.2, 2001:db8:2::2  --  node 192.0.2.1, 2001:db8:2::1"
for i in 0 1 2; do
    # web-2 listens elsewhere: the Service finds its port by name.
    port=8080
    [[ $i != 2 ]] || port=8081
    start pod "$prefix-pod$i" "$work/web-$i.log" \
        "$echo_server" --name "web-$i" --tcp "$port" --udp 9090 --http 7070
    wait_ready "$prefix-pod$i" "$pod" "$work/web-$i.log" http://127.0.0.1:7070/readyz
    note "pod web-$i 10.244.0.1$i, fd00:10:244::1$i: fairway-echo on TCP $port, UDP 9090"
done
try_it "pod web-0" "$prefix-pod0" tcp 10.244.0.11:8080 1 web-1
try_it "pod web-1" "$prefix-pod1" tcp "[fd00:10:244::12]:8081" 1 web-2
try_it "the node" "$node" udp 10.244.0.10:9090 1 web-0

say "2. Before Fairway, nobody answers at the Service's address"
printf '   $ fairway-echo connect tcp 10.96.0.80:80    (in pod web-0)\n'
answer=$(ask "$prefix-pod0" tcp 10.96.0.80:80 1)
note "answer: $answer"
[[ $answer == unreachable || $answer == timeout ]] || fail "something answers at 10.96.0.80 already: $answer"

say "3. Fairway starts on the node, with a folder of manifests"
manifests=$work/manifests
cp -r "$here/manifests" "$manifests"
# web-2 comes later.
mv "$manifests/22-pod-web-2.yaml" "$work/"
show ls "$manifests"
run=("$fairway" run --manifests "$manifests" --hostname-override node-a --state-dir "$work/state"
    --admin-socket "$work/admin.sock" --healthz-bind-address 127.0.0.1:10256
    --metrics-bind-address 127.0.0.1:10249 --dns-bind-address 10.244.0.1:53 --dns-upstream none)
printf '   $ %s &\n' "fairway run --manifests $manifests --hostname-override node-a ..."
begun=$(now_ms)
start daemon "$node" "$work/fairway.log" "${run[@]}"
wait_ready "$node" "$daemon" "$work/fairway.log" http://127.0.0.1:10256/readyz
note "ready after $(($(now_ms) - begun)) ms"
[[ $(tables) == *fairway* ]] || fail "the node has no table of Fairway's"
get services
has 'shop +web +NodePort +10\.96\.0\.80' services

say "4. The ClusterIP spreads connections over the pods"
try_it "pod web-0" "$prefix-pod0" tcp 10.96.0.80:80 60 web-0 web-1
try_it "pod web-0" "$prefix-pod0" tcp "[fd00:10:96::80]:80" 60 web-0 web-1
try_it "the node" "$node" tcp 10.96.0.80:80 60 web-0 web-1
try_it "the node" "$node" tcp "[fd00:10:96::80]:80" 60 web-0 web-1
note "(web-0 reached itself through the Service, too: replies come back through the node)"

say "5. UDP as well"
try_it "pod web-2" "$prefix-pod2" udp 10.96.0.53:5353 60 web-0 web-1
try_it "pod web-2" "$prefix-pod2" udp "[fd00:10:96::53]:5353" 60 web-0 web-1

say "6. By name: DNS on the node knows what the manifests say"
# name_is NAME TYPE ADDRESS: a pod asks the node's DNS and gets just this address.
name_is() {
    printf '   $ dig @10.244.0.1 +short %s %s    (in pod web-2)\n' "$1" "$2"
    local answer
    answer=$(in_ns "$prefix-pod2" dig @10.244.0.1 +short +tries=1 "$1" "$2")
    note "answer: $answer"
    [[ $answer == "$3" ]] || fail "$1 $2 should be $3, and is: $answer"
}
name_is web.shop.svc.cluster.local A 10.96.0.80
name_is web.shop.svc.cluster.local AAAA fd00:10:96::80
printf '   $ dig @10.244.0.1 +short -x 10.96.0.80    (in pod web-2)\n'
answer=$(in_ns "$prefix-pod2" dig @10.244.0.1 +short +tries=1 -x 10.96.0.80)
note "answer: $answer"
[[ $answer == web.shop.svc.cluster.local. ]] || fail "10.96.0.80 should be web.shop, and is: $answer"

say "7. From outside, through the NodePort"
try_it "the client" "$client" tcp 192.0.2.1:30080 60 web-0 web-1
try_it "the client" "$client" tcp "[2001:db8:2::1]:30080" 60 web-0 web-1

say "8. A Service without endpoints refuses at once"
begun=$(now_ms)
try_it "pod web-0" "$prefix-pod0" tcp 10.96.0.99:80 1 refused
elapsed=$(($(now_ms) - begun))
note "after $elapsed ms"
((elapsed < 900)) || fail "refusing took $elapsed ms, as long as a timeout"

say "9. Add a pod: its manifest appears"
printf '   $ mv 22-pod-web-2.yaml %s/\n' "$manifests"
edited=$(now_ms)
mv "$work/22-pod-web-2.yaml" "$manifests/"
until_served web-0 web-1 web-2
try_it "the client" "$client" tcp 192.0.2.1:30080 90 web-0 web-1 web-2
get endpoints
has '10\.244\.0\.12:8081' endpoints

say "10. Relabel a pod: it leaves"
edit 21-pod-web-1.yaml 's/app: web$/app: under-repair/'
until_served web-0 web-2
get backends
[[ $("$fairway" get backends --admin-socket "$work/admin.sock") == *10.244.0.11:* ]] &&
    fail "web-1 is still a backend"
edit 21-pod-web-1.yaml 's/app: under-repair$/app: web/'
until_served web-0 web-1 web-2

say "11. Make a pod not ready: it leaves, and comes back"
edit 20-pod-web-0.yaml 's/status: "True"/status: "False"/'
until_served web-1 web-2
edit 20-pod-web-0.yaml 's/status: "False"/status: "True"/'
until_served web-0 web-1 web-2

say "12. What the daemon says of itself"
get status

say "13. The daemon ends, the traffic goes on"
printf '   $ kill -TERM %s\n' "$daemon"
kill -TERM "$daemon"
status=0
wait "$daemon" || status=$?
note "exit status $status"
((status == 0)) || fail "the daemon ended with status $status"
try_it "the client" "$client" tcp 192.0.2.1:30080 60 web-0 web-1 web-2
try_it "pod web-0" "$prefix-pod0" tcp "[fd00:10:96::80]:80" 60 web-0 web-1 web-2

say "14. fairway cleanup takes everything away"
printf '   $ fairway cleanup    (on the node)\n'
in_ns "$node" "$fairway" cleanup 2>&1 | sed 's/^/     /' || fail "cleanup failed"
left=$(tables)
[[ $left != *fairway* ]] || fail "cleanup left: $left"
note "tables left: ${left:-none}"
answer=$(ask "$client" tcp 192.0.2.1:30080 1)
note "the NodePort now answers: $answer"
[[ $answer == refused ]] || fail "the NodePort should be closed, and is: $answer"

printf '\ndemo: all steps passed\n'
