// Programs for the tests of the owners: each does one thing that can be seen from outside.
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, __u64);
} table SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u64);
} hits SEC(".maps");

static __always_inline void count(__u32 index)
{
	__u64 *hit = bpf_map_lookup_elem(&hits, &index);
	if (hit)
		*hit += 1;
}

SEC("tc")
int passing(struct __sk_buff *skb)
{
	__u32 key = 1;
	__u64 length = skb->len;
	count(0);
	bpf_map_update_elem(&table, &key, &length, BPF_ANY);
	return TC_ACT_OK;
}

SEC("tc")
int dropping(struct __sk_buff *skb)
{
	(void)skb;
	count(1);
	return TC_ACT_SHOT;
}

// Writes where the packet is into its control words, and one byte into the packet.
SEC("tc")
int marking(struct __sk_buff *skb)
{
	__u8 byte = 0xee;
	skb->cb[0] = skb->ifindex;
	skb->cb[1] = skb->ingress_ifindex;
	skb->mark += 1;
	return bpf_skb_store_bytes(skb, 0, &byte, 1, 0) ? TC_ACT_SHOT : TC_ACT_PIPE;
}

SEC("cgroup/connect4")
int connect_passing(struct bpf_sock_addr *address)
{
	(void)address;
	count(2);
	return 1;
}

SEC("cgroup/connect4")
int connect_refusing(struct bpf_sock_addr *address)
{
	(void)address;
	count(3);
	return 0;
}

struct sum {
	__u64 a;
	__u64 b;
	__u64 result;
};

SEC("syscall")
int add_context(struct sum *sum)
{
	sum->result = sum->a + sum->b;
	return 7;
}

SEC("tc")
int add_data(struct __sk_buff *skb)
{
	struct sum *sum = (void *)(long)skb->data;
	if ((void *)(sum + 1) > (void *)(long)skb->data_end)
		return TC_ACT_SHOT;
	sum->result = sum->a + sum->b;
	return 8;
}

char program_license[] SEC("license") = "GPL";
