import Glibc
import Netlink
import NetworkTypes
import Testing

private let table = NftablesTable(family: .ip, name: "fairway")
private let endpoints = ServiceLayout(.ip).endpoints

/// Endpoint elements with distinct keys.
func endpointElements(_ range: Range<UInt32>) -> [NftablesElement] {
    range.map { number in
        NftablesElement(
            key: IPAddress(v4: 0x0a60_0000 + number).networkBytes + ServiceLayout.tcp + ServiceLayout.port(80)
                + ServiceLayout.word(0),
            data: .value(IPAddress(v4: 0x0a01_0000 + number).networkBytes + ServiceLayout.port(8080)))
    }
}

@Suite(.timeLimit(.minutes(1))) struct NftablesBatchTests {
    private static func prepare(_ socket: borrowing NftablesSocket) throws {
        var batch = NftablesBatch()
        try batch.addTable(table)
        try batch.addChain(NftablesChain("services"), to: table)
        try batch.addSet(endpoints, to: table)
        try batch.addElements(endpointElements(0..<10), to: endpoints, in: table)
        try socket.commit(batch)
    }

    /// What makes the batch fail, and the words that must name it.
    struct Failure: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let code: NetlinkError.Code
        let object: String
        let add: @Sendable (inout NftablesBatch) throws -> Void
    }

    static let failures: [Failure] = [
        Failure(
            testDescription: "an element that is there with other data", code: .exists,
            object: "add element ip fairway endpoints { 10.96.0.5 . tcp . 80 . 0 : 10.9.9.9 . 8080 }"
        ) { batch in
            var elements = endpointElements(20..<300)
            var twin = endpointElements(5..<6)[0]
            twin.data = .value([10, 9, 9, 9] + ServiceLayout.port(8080))
            elements.insert(twin, at: 200)
            try batch.addElements(elements, to: endpoints, in: table)
        },
        Failure(
            testDescription: "an exclusive element that is there already", code: .exists,
            object: "add element ip fairway endpoints { 10.96.0.5 . tcp . 80 . 0 : 10.1.0.5 . 8080 }"
        ) { try $0.addElements(endpointElements(5..<6), to: endpoints, in: table, exclusive: true) },
        Failure(
            testDescription: "deleting an element that is not there", code: .notFound,
            object: "delete element ip fairway endpoints { 10.96.0.77 . tcp . 80 . 0 }"
        ) { try $0.deleteElements([NftablesElement(key: endpointElements(77..<78)[0].key)], from: endpoints, in: table) },
        Failure(
            testDescription: "a rule of a chain that is not there", code: .notFound,
            object: "add rule ip fairway nowhere (the comment)"
        ) { try $0.addRule(NftablesRule(chain: "nowhere", [.verdict(.accept)], comment: "the comment"), to: table) },
        Failure(
            testDescription: "a jump to a chain that is not there", code: .notFound,
            object: "add rule ip fairway services"
        ) { try $0.addRule(NftablesRule(chain: "services", [.verdict(.jump("nowhere"))]), to: table) },
        Failure(
            testDescription: "deleting a chain that is not there", code: .notFound,
            object: "delete chain ip fairway nowhere"
        ) { try $0.deleteChain("nowhere", from: table) },
        Failure(
            testDescription: "deleting a table that is not there", code: .notFound, object: "delete table ip nothing"
        ) { try $0.deleteTable(NftablesTable(family: .ip, name: "nothing")) },
        Failure(
            testDescription: "a set of another shape under the same name", code: .exists,
            object: "add set ip fairway endpoints"
        ) { try $0.addSet(NftablesSet("endpoints", key: [.mark]), to: table) },
    ]

    @Test("a refusal names the object, and nothing of the batch takes effect", arguments: failures)
    func refusal(_ failure: Failure) async throws {
        try await inNetworkNamespace {
            let socket = try NftablesSocket()
            try NftablesBatchTests.prepare(socket)
            let before = try nftList()
            var batch = NftablesBatch()
            try batch.addElements(endpointElements(1000..<1200), to: endpoints, in: table)
            try batch.addChain(NftablesChain("innocent"), to: table)
            try failure.add(&batch)
            try batch.addChain(NftablesChain("after"), to: table)
            do {
                try socket.commit(batch)
                Issue.record("the batch was committed")
            } catch let error as NetlinkError {
                #expect(error.code == failure.code, "\(error)")
                #expect(error.object == failure.object, "\(error)")
                #expect(error.description.hasPrefix("commit nftables batch: \(failure.object): "))
                #expect(!error.description.contains("\n"))
            }
            #expect(try nftList() == before)
            // The socket is as good as new.
            var next = NftablesBatch()
            try next.addChain(NftablesChain("innocent"), to: table)
            try socket.commit(next)
        }
    }

    @Test("a batch that is only looked at changes nothing, its refusal is the same", arguments: failures)
    func checking(_ failure: Failure) async throws {
        try await inNetworkNamespace {
            let socket = try NftablesSocket()
            try NftablesBatchTests.prepare(socket)
            let (before, generation) = (try nftList(), try socket.generation())
            var good = NftablesBatch()
            try good.destroyTable(table)
            try good.addTable(table)
            try good.addChain(NftablesChain("other"), to: table)
            try socket.check(good)
            var bad = NftablesBatch()
            try failure.add(&bad)
            do {
                try socket.check(bad)
                Issue.record("nothing was refused")
            } catch let error as NetlinkError {
                #expect(error.code == failure.code && error.object == failure.object, "\(error)")
            }
            #expect(try nftList() == before)
            #expect(try socket.generation() == generation)
        }
    }

    @Test("thousands of refusals in one batch do not block, and the first is told")
    func manyRefusals() async throws {
        try await inNetworkNamespace {
            let socket = try NftablesSocket()
            try NftablesBatchTests.prepare(socket)
            var batch = NftablesBatch()
            for number in 0..<20_000 {
                try batch.addRule(NftablesRule(chain: "missing", [.verdict(.accept)], comment: "rule \(number)"), to: table)
            }
            do {
                try socket.commit(batch)
                Issue.record("the batch was committed")
            } catch let error as NetlinkError {
                #expect(error.object == "add rule ip fairway missing (rule 0)")
            }
            #expect(try socket.rules(of: table).isEmpty)
        }
    }

    @Test("100 000 elements are cut below 64 KiB a list, in one transaction, and come back", arguments: [false, true])
    func largeBatch(withComments: Bool) async throws {
        try await inNetworkNamespace {
            let socket = try NftablesSocket()
            var elements = endpointElements(0..<100_000)
            if withComments {
                for index in elements.indices { elements[index].comment = "default/service-\(index):http" }
            }
            var batch = NftablesBatch()
            try batch.addTable(table)
            try batch.addSet(endpoints, to: table)
            // In pieces: they share messages.
            for start in stride(from: 0, to: elements.count, by: 5) {
                try batch.addElements(elements[start..<start + 5], to: endpoints, in: table)
            }
            #expect(batch.byteCount > 4_000_000)
            #expect(batch.operationCount <= 2 + batch.byteCount / 65_000 + 1)
            try socket.commit(batch)
            // Right after so many insertions the kernel may still be growing the hash table, and a dump
            // then repeats some elements and leaves others out: read until none comes twice.
            var read = try socket.elements(ofSet: "endpoints", in: table)
            for _ in 0..<20 where Set(read).count != read.count {
                read = try socket.elements(ofSet: "endpoints", in: table)
            }
            #expect(read.count == elements.count)
            let isSame = Set(read) == Set(elements)
            #expect(isSame)
            var raw = 0
            var bytes = 0
            try socket.forEachElement(ofSet: "endpoints", in: table, restart: { (raw, bytes) = (0, 0) }) { key, value in
                raw += 1
                bytes += key.byteCount + value.byteCount
            }
            #expect(raw == elements.count)
            #expect(bytes == elements.count * (16 + 8))
        }
    }

    @Test("a batch for a generation that has passed is refused")
    func generationCheck() async throws {
        try await inNetworkNamespace {
            let socket = try NftablesSocket()
            let generation = try socket.generation()
            var first = NftablesBatch(generation: generation)
            try first.addTable(table)
            try socket.commit(first)
            #expect(try socket.generation() == generation + 1)
            var second = NftablesBatch(generation: generation)
            try second.addChain(NftablesChain("late"), to: table)
            do {
                try socket.commit(second)
                Issue.record("the batch was committed")
            } catch let error as NetlinkError {
                #expect(error.code == .generationChanged, "\(error)")
            }
            #expect(try socket.chains(of: table).isEmpty)
        }
    }

    @Test("what cannot be encoded is refused before the kernel sees it")
    func invalidRequests() throws {
        var batch = NftablesBatch()
        let long = String(repeating: "x", count: 256)
        let attempts: [(String, (inout NftablesBatch) throws -> Void)] = [
            ("an empty name", { try $0.addChain(NftablesChain(""), to: table) }),
            ("a long name", { try $0.addTable(NftablesTable(family: .ip, name: long)) }),
            ("an unknown expression", { try $0.addRule(NftablesRule(chain: "c", [.unknown("counter")]), to: table) }),
            (
                "a long operand",
                {
                    let bytes = [UInt8](repeating: 0, count: 65)
                    try $0.addRule(NftablesRule(chain: "c", [.immediate(bytes, to: .r1)]), to: table)
                }
            ),
            (
                "too many expressions",
                {
                    let many = [RuleExpression](repeating: .verdict(.accept), count: 129)
                    try $0.addRule(NftablesRule(chain: "c", many), to: table)
                }
            ),
            (
                "a short key",
                { try $0.addElements([NftablesElement(key: [1, 2, 3, 4])], to: endpoints, in: table) }
            ),
            (
                "userdata beyond the kernel's limit",
                {
                    let six = NftablesField.destinationAddress(.ip6)
                    let key = [six, .transportProtocol, .destinationPort, .index]
                    let set = NftablesSet(
                        "s", key: key, data: .fields([six, .destinationPort]),
                        comment: String(repeating: "c", count: 128))
                    try $0.addSet(set, to: table)
                }
            ),
        ]
        for (name, attempt) in attempts {
            do {
                try attempt(&batch)
                Issue.record("\(name) was accepted")
            } catch let error as NetlinkError {
                #expect(error.code == .invalidRequest, "\(name): \(error)")
            }
        }
    }

    @Test("long comments are cut to nft's limit between characters")
    func longComments() async throws {
        let comment = String(repeating: "ü", count: 100)
        #expect(NftablesLimits.storedComment(comment) == String(repeating: "ü", count: 64))
        #expect(NftablesLimits.storedComment("short") == "short")
        try await inNetworkNamespace {
            let socket = try NftablesSocket()
            var batch = NftablesBatch()
            try batch.addTable(table)
            try batch.addSet(endpoints, to: table)
            var element = endpointElements(0..<1)[0]
            element.comment = comment
            try batch.addElements([element], to: endpoints, in: table)
            try socket.commit(batch)
            let read = try socket.elements(ofSet: "endpoints", in: table)
            #expect(read.map(\.comment) == [String(repeating: "ü", count: 64)])
            #expect(try nftList().contains("comment \"üü"))
        }
    }

    @Test("an empty batch does nothing")
    func emptyBatch() async throws {
        try await inNetworkNamespace {
            let socket = try NftablesSocket()
            let generation = try socket.generation()
            try socket.commit(NftablesBatch())
            #expect(try socket.generation() == generation)
        }
    }
}
