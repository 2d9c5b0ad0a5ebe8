# Inside the machine, read by other scripts: the machine is a node with pods, and a client beside it.
#
#   client 192.0.2.2 ---- 192.0.2.1 the machine 10.244.0.1 ---- pod0 10.244.0.10, pod1 ...11, pod2 ...12
#   2001:db8:2::2         2001:db8:2::1         fd00:10:244::1  fd00:10:244::10, ::11, ::12
#
# Pods hang on routed links, as ServiceTopology of the tests has them. Processes in $pods_cgroup have their
# connections balanced at connect(); others' packets are translated.

pods_cgroup=/sys/fs/cgroup/pods
# The name alone is the shell's own small one.
ip=/usr/bin/ip

# inside NAME COMMAND...: in the network namespace of the client or a pod, outside of the cgroup.
inside() {
    where=$1
    shift
    nsenter --net="/run/netns/$where" "$@"
}

# from_cgroup COMMAND...: in the cgroup.
from_cgroup() {
    sh -c 'echo $$ >'"$pods_cgroup"'/cgroup.procs && exec "$@"' sh "$@"
}

join() { # NAME DEVICE-HERE: a veth from the machine into a new namespace
    "$ip" netns add "$1"
    "$ip" link add "$2" type veth peer name eth0 netns "$1"
    "$ip" link set "$2" up
    inside "$1" "$ip" link set lo up
    inside "$1" "$ip" link set eth0 up
}

make_node() {
    mkdir -p /var/run /run/netns "$pods_cgroup"
    [ -e /var/run/netns ] || ln -s /run/netns /var/run/netns
    echo root:x:0:0::/root:/bin/sh >/etc/passwd
    echo root:x:0: >/etc/group
    echo 1 >/proc/sys/net/ipv4/ip_forward
    echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
    echo 0 >/proc/sys/net/ipv4/conf/all/send_redirects
    echo 0 >/proc/sys/net/ipv4/conf/default/send_redirects
    "$ip" link add name pods0 type dummy
    "$ip" link set pods0 up
    "$ip" addr add 10.244.0.1/32 dev pods0
    "$ip" addr add fd00:10:244::1/128 dev pods0 nodad
    join client eth0
    "$ip" addr add 192.0.2.1/24 dev eth0
    "$ip" addr add 2001:db8:2::1/64 dev eth0 nodad
    inside client "$ip" addr add 192.0.2.2/24 dev eth0
    inside client "$ip" addr add 2001:db8:2::2/64 dev eth0 nodad
    "$ip" route add default via 192.0.2.2
    "$ip" route add ::/0 via 2001:db8:2::2
    for number in 0 1 2; do make_pod "$number"; done
}

make_pod() {
    join "pod$1" "veth$1"
    "$ip" addr add 169.254.1.1/32 dev "veth$1" scope link
    "$ip" addr add fe80::1/64 dev "veth$1" nodad
    "$ip" route add "10.244.0.1$1/32" dev "veth$1" src 10.244.0.1
    "$ip" route add "fd00:10:244::1$1/128" dev "veth$1" src fd00:10:244::1
    inside "pod$1" "$ip" addr add "10.244.0.1$1/32" dev eth0
    inside "pod$1" "$ip" addr add "fd00:10:244::1$1/128" dev eth0 nodad
    inside "pod$1" "$ip" route add 169.254.1.1 dev eth0 scope link
    inside "pod$1" "$ip" route add default via 169.254.1.1 dev eth0
    inside "pod$1" "$ip" route add ::/0 via fe80::1 dev eth0
}

# Services web (10.96.0.10, fd00:10:96::10, NodePort 30080, over pod1 and pod2 at 8080) and empty (10.96.0.11,
# NodePort 30081, nobody behind it).
write_manifests() {
    mkdir -p /manifests
    cat >/manifests/services.yaml <<'YAML'
apiVersion: v1
kind: Service
metadata: { name: web, namespace: default }
spec:
  type: NodePort
  clusterIPs: ["10.96.0.10", "fd00:10:96::10"]
  ipFamilies: [IPv4, IPv6]
  ports: [{ name: http, port: 80, targetPort: 8080, nodePort: 30080 }]
---
apiVersion: v1
kind: Service
metadata: { name: empty, namespace: default }
spec:
  type: NodePort
  clusterIPs: ["10.96.0.11"]
  ipFamilies: [IPv4]
  ports: [{ name: http, port: 80, targetPort: 8080, nodePort: 30081 }]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: web-v4, namespace: default, labels: { kubernetes.io/service-name: web } }
addressType: IPv4
ports: [{ name: http, port: 8080 }]
endpoints:
  - { addresses: ["10.244.0.11"], conditions: { ready: true } }
  - { addresses: ["10.244.0.12"], conditions: { ready: true } }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: web-v6, namespace: default, labels: { kubernetes.io/service-name: web } }
addressType: IPv6
ports: [{ name: http, port: 8080 }]
endpoints:
  - { addresses: ["fd00:10:244::11"], conditions: { ready: true } }
  - { addresses: ["fd00:10:244::12"], conditions: { ready: true } }
YAML
}

# start_fairway MODE: returns when Services are served; its log is /tmp/fairway.log.
start_fairway() {
    fairway run --proxy-mode "$1" --manifests /manifests --state-dir /run/fairway --hostname-override node \
        --cluster-cidr 10.244.0.0/16,fd00:10:244::/64 --ebpf-cgroup "$pods_cgroup" \
        --healthz-bind-address 127.0.0.1:10256 --metrics-bind-address 127.0.0.1:10249 \
        --admin-socket /run/fairway.sock >/tmp/fairway.log 2>&1 &
    fairway_pid=$!
    attempts=0
    until curl -s -f -m 5 -o /dev/null http://127.0.0.1:10256/healthz &&
        inside client curl -s -f -m 5 -o /dev/null http://192.0.2.1:30080/; do
        attempts=$((attempts + 1))
        if [ "$attempts" -gt 120 ] || ! kill -0 "$fairway_pid" 2>/dev/null; then
            cat /tmp/fairway.log
            echo "fairway $1 serves nothing"
            return 1
        fi
        sleep 1
    done
}

# stop_fairway MODE: and has nothing of it in the kernel.
stop_fairway() {
    kill "$fairway_pid"
    wait "$fairway_pid"
    fairway cleanup --state-dir /run/fairway >>/tmp/fairway.log 2>&1
}
