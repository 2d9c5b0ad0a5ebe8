import Netlink

extension ServiceLayout {
    /// What `nft list ruleset` prints for the layout; also what loads it.
    var text: String {
        let ip = family.text
        let v4 = family == .ip
        let vip = v4 ? "10.96.0.10" : "fd00:96::10"
        let pod = v4 ? "10.1.1." : "fd00:1:1::"
        return """
            table \(ip) fw {
            	comment "services"
            	map service-ips {
            		typeof \(ip) daddr . meta l4proto . th dport : meta priority
            		elements = { \(vip) . tcp . 80 comment "default/web:http" : 0:3 }
            	}

            	map service-nodeports {
            		typeof meta l4proto . th dport : meta priority
            		comment "node ports"
            		elements = { tcp . 30080 : 0:3 }
            	}

            	map endpoints {
            		typeof \(ip) daddr . meta l4proto . th dport . numgen random mod 2 : \(ip) daddr . th dport
            		elements = { \(vip) . tcp . 80 . 0 : \(pod)1 . 8080,
            			     \(vip) . tcp . 80 . 1 : \(pod)2 . 8080,
            			     \(vip) . tcp . 80 . 2 : \(pod)3 . 8080 }
            	}

            	map np-endpoints {
            		typeof meta l4proto . th dport . numgen random mod 2 : \(ip) daddr . th dport
            		elements = { tcp . 30080 . 0 : \(pod)1 . 8080 }
            	}

            	map from-pod {
            		typeof meta priority : verdict
            		elements = { 0:3 : goto lb-3 }
            	}

            	set masq-pod {
            		typeof meta priority
            		elements = { 0:3 }
            	}

            	set hairpin {
            		typeof \(ip) saddr . \(ip) daddr
            		elements = { \(pod)1 . \(pod)1 }
            	}

            	set pod-cidrs {
            		typeof \(ip) saddr
            		flags interval
            		elements = { \(v4 ? "10.1.0.0/16" : "fd00:1::/32") }
            	}

            	map marks {
            		typeof \(ip) saddr . meta mark : meta mark
            		elements = { \(pod)1 . 0x00000005 : 0x00000006 }
            	}

            	chain lb-3 {
            		meta priority set none
            		dnat \(ip) to \(ip) daddr . meta l4proto . th dport . numgen random mod 3 map @endpoints
            	}

            	chain np-lb-3 {
            		dnat \(ip) to meta l4proto . th dport . numgen random mod 3 map @np-endpoints
            	}

            	chain dispatch {
            		\(ip) saddr @pod-cidrs meta priority vmap @from-pod
            		fib saddr type local meta priority vmap @from-pod
            	}

            	chain masq {
            		meta priority @masq-pod meta priority set none masquerade fully-random
            	}

            	chain services {
            		comment "one rule a frontend kind"
            		meta priority set \(ip) daddr . meta l4proto . th dport map @service-ips goto dispatch
            		fib daddr type local meta priority set meta l4proto . th dport map @service-nodeports goto dispatch
            	}

            	chain reject-it {
            		reject
            	}

            	chain more {
            		iifname "br0" accept
            		iifname != "br0" ct state new meta mark set numgen random mod 5
            		meta mark set numgen inc mod 5
            		ct mark set meta mark
            		oifname "lo" return
            		meta mark & 0x00004000 == 0x00004000 reject with tcp reset
            		meta mark set meta mark | 0x00004000 comment "hello"
            		meta mark set ct mark
            		ct mark 0x00000005 snat to \(pod)9
            		masquerade
            		meta mark 0x00000001 drop
            		meta mark 0x00000002 continue
            		\(ip) saddr . \(ip) daddr != @hairpin accept
            	}

            	chain nat-prerouting {
            		type nat hook prerouting priority dstnat; policy accept;
            		jump services
            	}

            	chain nat-output {
            		type nat hook output priority -100; policy accept;
            		jump services
            	}

            	chain nat-postrouting {
            		type nat hook postrouting priority srcnat; policy accept;
            		ct status dnat \(ip) saddr . \(ip) daddr @hairpin masquerade fully-random
            		meta l4proto tcp ct status dnat meta priority set ct original \(ip) daddr . meta l4proto . ct original proto-dst map @service-ips goto masq
            	}
            }

            """
    }
}
