# Every target installs the Debian packages it needs if they are missing, and works as root on a fresh
# machine with a Swift 6.3 toolchain.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

PREFIX ?= /usr/local
BUILD_DIR := .build
RELEASE_DIR := .build/release-static
# What the product links, and what the demo and the tests call.
BUILD_PACKAGES := gcc libstdc++-12-dev libnftnl-dev libmnl-dev libbpf-dev libelf-dev zlib1g-dev pkg-config
RUN_PACKAGES := nftables iptables ipset iproute2 bpftool curl python3 conntrack bind9-dnsutils knot-dnsutils dnsperf openssl
# Another package's kubectl does as well, and has the same place.
ifeq ($(shell command -v kubectl),)
RUN_PACKAGES += kubernetes-client
endif
# Where systemd runs, installing unbound starts its service, which a machine of CI can bear. Elsewhere tests that need it
# are skipped unless it is there.
ifeq ($(CI),true)
RUN_PACKAGES += unbound
endif
BENCH_ARGUMENTS ?=

# Swift's libraries and the C++ runtime they need are linked statically: the linker finds the C++
# library's archive, and no shared one, in the first folder it looks in.
STATIC_LIBS := $(CURDIR)/$(RELEASE_DIR)/static-libs
RELEASE_FLAGS := -c release --scratch-path $(RELEASE_DIR) --static-swift-stdlib \
	-Xlinker -L$(STATIC_LIBS) -Xlinker -s -Xswiftc -Xclang-linker -Xswiftc -static-libgcc

.PHONY: all build build-tests install test test-linking test-allocations test-kernel-6.1 test-ten-thousand soak soak-dns soak-relay soak-api \
	demo bench-sync \
	bench-controller bench-conntrack bench-dns bench-datapath bench-ipvs bench-api fuzz protos packages \
	run-packages clean

all: build

packages:
	@./Tests/Support/install-packages $(BUILD_PACKAGES)

run-packages: packages
	@./Tests/Support/install-packages $(RUN_PACKAGES)

build: packages
	mkdir -p $(STATIC_LIBS)
	ln -sf "$$(gcc -print-file-name=libstdc++.a)" $(STATIC_LIBS)/libstdc++.a
	swift build $(RELEASE_FLAGS) --product fairway
	swift build $(RELEASE_FLAGS) --product fairway-echo

install: build
	install -D -m 0755 $(RELEASE_DIR)/release/fairway $(DESTDIR)$(PREFIX)/bin/fairway
	install -D -m 0755 $(RELEASE_DIR)/release/fairway-echo $(DESTDIR)$(PREFIX)/bin/fairway-echo

# Tests that wait for processes would otherwise all be under way at once, on however few cores.
TEST_WIDTH ?= 4

# Products one by one: `swift build --build-tests` also builds every program of every package, swift-protobuf's C++ compiler
# among them, twice.
BENCHMARK_PROGRAMS := sync-benchmark controller-benchmark conntrack-benchmark dns-benchmark datapath-benchmark api-benchmark
build-tests: packages
	swift build --product fairwayPackageTests
	for program in $(BENCHMARK_PROGRAMS); do swift build --product $$program; done

test: run-packages build-tests
	SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=$(TEST_WIDTH) FAIRWAY_BIN_DIR="$$(swift build --show-bin-path)" Tests/Support/run-tests --skip-build

# What the release program links, after make build.
test-linking:
	Tests/Support/check-linking $(RELEASE_DIR)/release/fairway

# That DNS answers allocate nothing and count no references, in what make build has compiled, with a program that counts:
# after make build.
test-allocations:
	swift build $(RELEASE_FLAGS) --product answer-allocations
	$(RELEASE_DIR)/release/answer-allocations

# A million questions over ten restarts; the small form is part of make test.
soak-dns: run-packages
	swift build --product fairwayPackageTests
	FAIRWAY_DNS_RESTARTS=10 FAIRWAY_DNS_QUERIES=1000000 FAIRWAY_BIN_DIR="$$(swift build --show-bin-path)" \
		swift test --skip-build --filter DNSRestartTests

# The Swift of KubernetesWire's .proto files; it is committed. Wants protoc and protoc-gen-swift on the PATH (the plugin is
# built by `swift build --product protoc-gen-swift` in a checkout of swift-protobuf). The digest tells a test that the
# two are in step; what is put in is what strict memory safety and the style ask for.
PROTOS := Sources/KubernetesWire/Protos
GENERATED := Sources/KubernetesWire/Generated
protos:
	mkdir -p $(GENERATED)
	rm -f $(GENERATED)/*.pb.swift
	protoc -I $(PROTOS) --swift_out=$(GENERATED) --swift_opt=Visibility=Internal \
		--swift_opt=UseAccessLevelOnImports=true $(PROTOS)/*.proto
	sed -i 's|^.*@unchecked Sendable {$$|// SAFETY: the storage is written only while this is its one owner.\n&|' $(GENERATED)/*.pb.swift
	sed -i 's|^\(.*\) = _StorageClass.defaultInstance$$|  // SAFETY: nobody writes to it: it is never held once.\n\1 = unsafe _StorageClass.defaultInstance|' \
		$(GENERATED)/*.pb.swift
	cd $(PROTOS) && cksum *.proto > ../Generated/protos.cksum

# Ten thousand connections at once, in a software-emulated machine: few machines give a process the descriptors.
test-ten-thousand: packages
	@./Tests/Support/install-packages qemu-system-x86 cpio kmod busybox-static
	swift build -c release --scratch-path .build/bench-release --product relay-process
	Tests/KernelVM/run-in-vm --program .build/bench-release/release/relay-process --memory 3072 --seconds 1800 \
		Tests/KernelVM/hold-connections

# The relay for longer than in make test: a gibibyte in both directions at once, thousands of connections with random ends,
# ten thousand at once (as far as ulimit -Hn goes), and restarts under load.
soak-relay: run-packages
	swift build --product fairwayPackageTests
	FAIRWAY_SOAK_RELAY=1 FAIRWAY_SOAK_TAKEOVERS=10 FAIRWAY_BIN_DIR="$$(swift build --show-bin-path)" \
		swift test --skip-build --filter 'TCPRelayingTests|TCPCrowdTests|UserspaceHandoverTests'

# A million events of an API server: what the daemon holds stays as it is. Some minutes.
soak-api: run-packages
	swift build --product fairwayPackageTests
	FAIRWAY_SOAK_EVENTS=1000000 FAIRWAY_BIN_DIR="$$(swift build --show-bin-path)" \
		swift test --skip-build --filter ClusterEventTests

soak: soak-dns soak-relay soak-api

# Linux 6.1 in a software-emulated machine: does its verifier accept every program, and are Services served through
# them? Not part of CI.
KERNEL_MODULES := veth dummy nf_conntrack nf_conntrack_netlink sch_ingress cls_bpf
test-kernel-6.1: packages
	@./Tests/Support/install-packages qemu-system-x86 cpio kmod busybox-static bpftool iproute2 curl
	swift build --target BPFPrograms
	Tests/KernelVM/run-in-vm --program bpftool \
		--file $$(dirname $$(ls $(BUILD_DIR)/plugins/outputs/*/BPFPrograms/destination/EmbedPrograms/packet.o)):/objects \
		Tests/KernelVM/load-programs
	@if [ -z "$${FAIRWAY_BIN_DIR:-}" ]; then swift build --product fairway; fi
	Tests/KernelVM/run-in-vm --program "$${FAIRWAY_BIN_DIR:-$$(swift build --show-bin-path)}/fairway" --program ip --program curl \
		$(addprefix --module ,$(KERNEL_MODULES)) --file Tests/KernelVM/node.sh:/node.sh --memory 3072 \
		Tests/KernelVM/serve-services

demo: run-packages
	@if [ -z "$${FAIRWAY_BIN_DIR:-}" ]; then swift build --product fairway; swift build --product fairway-echo; fi
	FAIRWAY_BIN_DIR="$${FAIRWAY_BIN_DIR:-$$(swift build --show-bin-path)}" examples/quickstart/demo.sh

bench-sync: run-packages
	swift build -c release --scratch-path .build/bench-release --product sync-benchmark
	Benchmarks/bench-sync .build/bench-release/release/sync-benchmark $(BENCH_ARGUMENTS)

bench-controller: run-packages
	swift build -c release --scratch-path .build/bench-release --product controller-benchmark
	Benchmarks/bench-controller .build/bench-release/release/controller-benchmark $(BENCH_ARGUMENTS)

bench-conntrack: run-packages
	swift build -c release --scratch-path .build/bench-release --product conntrack-benchmark
	Benchmarks/bench-conntrack .build/bench-release/release/conntrack-benchmark $(BENCH_ARGUMENTS)

bench-datapath: run-packages
	@./Tests/Support/install-packages wrk iperf3 nginx-light libnginx-mod-stream haproxy util-linux
	swift build -c release --scratch-path .build/bench-release --product datapath-benchmark
	swift build -c release --scratch-path .build/bench-release --product fairway
	Benchmarks/bench-datapath .build/bench-release/release/datapath-benchmark \
		"$$PWD/.build/bench-release/release/fairway" $(BENCH_ARGUMENTS)

bench-ipvs: run-packages
	@./Tests/Support/install-packages qemu-system-x86 cpio kmod busybox-static ipvsadm wrk nginx-light
	swift build -c release --scratch-path .build/bench-release --product fairway
	Benchmarks/bench-ipvs .build/bench-release/release/fairway

bench-dns: run-packages
	@./Tests/Support/install-packages dnsperf nsd knot util-linux
	swift build -c release --scratch-path .build/bench-release --product dns-benchmark
	swift build -c release --scratch-path .build/bench-release --product fairway
	Benchmarks/bench-dns .build/bench-release/release/dns-benchmark .build/bench-release/release/fairway $(BENCH_ARGUMENTS)

bench-api: run-packages
	swift build -c release --scratch-path .build/bench-release --product api-benchmark
	swift build -c release --scratch-path .build/bench-release --product kubernetes-test-server
	swift build -c release --scratch-path .build/bench-release --product fairway
	Benchmarks/bench-api .build/bench-release/release/api-benchmark "$$PWD/.build/bench-release/release" $(BENCH_ARGUMENTS)

# Runs the codecs over made-up bytes; a finding is left in .build/fuzz as crash-* and belongs into the
# corpus, which the tests replay.
FUZZ_SECONDS ?= 600
FUZZ_CORPUS := .build/fuzz/corpus/DNSWire

fuzz: packages
	FAIRWAY_FUZZING=1 swift build -c release --scratch-path .build/fuzz --sanitize=fuzzer -Xswiftc -parse-as-library \
		--product dns-wire-fuzzing
	mkdir -p $(FUZZ_CORPUS)
	perl -ne 'chomp; open my $$f, ">", "$(FUZZ_CORPUS)/found-$$."; print $$f pack("H*", $$_)' \
		Tests/Fuzzing/Corpus/DNSWire-found.hex
	SWIFT_BACKTRACE=enable=no .build/fuzz/release/dns-wire-fuzzing -max_total_time=$(FUZZ_SECONDS) \
		-artifact_prefix=.build/fuzz/ $(FUZZ_CORPUS) Tests/Fuzzing/Corpus/DNSWire

clean:
	rm -rf $(BUILD_DIR)
