// One program that the verifier takes, and one that it must not: it reads a packet without asking for its length.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("tc")
int sound(struct __sk_buff *skb)
{
	return skb->len ? 0 : 1;
}

SEC("tc")
int reads_past(struct __sk_buff *skb)
{
	char *data = (void *)(long)skb->data;
	return data[100];
}

char program_license[] SEC("license") = "GPL";
