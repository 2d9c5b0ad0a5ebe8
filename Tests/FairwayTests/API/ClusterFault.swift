import KubernetesTesting
import Testing

/// Something that goes wrong between the daemon and the API server.
struct ClusterFault: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// Begins it; what happens in the cluster afterwards happens behind it.
    let strike: @Sendable (TestAPIServer) async throws -> Void
    /// Ends it, where it does not end by itself.
    var heal: @Sendable (TestAPIServer) async throws -> Void = { _ in }
    /// The daemon hears nothing until it is healed.
    var isAway = false

    /// Every watch ends, and how.
    private static func ending(_ name: String, _ ending: Fault.Ending) -> ClusterFault {
        ClusterFault(testDescription: "watches end \(name)") { $0.disturbWatches(.end(ending)) }
    }

    /// Every watch ends, and those that follow it have something.
    private static func following(_ name: String, _ fault: Fault, count: Int?) -> ClusterFault {
        ClusterFault(testDescription: name) { server in
            server.inject(fault, verbs: [.watch], count: count)
            server.disturbWatches(.end(.midObjectAbruptly))
        }
    }

    /// Nothing is answered until what happened meanwhile has been compacted.
    private static func compacted(
        _ name: String, then after: @escaping @Sendable (TestAPIServer) -> Void = { _ in }
    ) -> ClusterFault {
        ClusterFault(
            testDescription: name,
            strike: { server in
                server.inject(.noAnswer, verbs: [.list, .watch], count: nil)
                server.disturbWatches(.end(.midObjectAbruptly))
            },
            heal: { server in
                server.compact()
                server.removeFaults()
                after(server)
            }, isAway: true)
    }

    static let all: [ClusterFault] = [
        ending("between two events", .clean),
        ending("in the middle of an object", .midObject),
        ending("in the middle of an object, with their connections", .midObjectAbruptly),
        ending("in a half-written chunk", .midChunk),
        ClusterFault(testDescription: "watches stall") { $0.disturbWatches(.stall()) },
        following("events come twice", .duplicates, count: nil),
        following("429 with Retry-After", .tooManyRequests(retryAfterSeconds: 1), count: 4),
        following("500", .internalError, count: 4),
        following("no answer", .noAnswer, count: 4),
        following("slow bytes", .slow(bytes: 20, every: .milliseconds(2)), count: nil),
        following("a compacted version, as a status", .expired, count: 4),
        ClusterFault(testDescription: "a compacted version, as an ERROR event") { $0.disturbWatches(.expired) },
        compacted("a version that is compacted"),
        compacted("a version that is compacted, and a slow list") {
            $0.inject(.slow(bytes: 100, every: .milliseconds(2)), verbs: [.list, .watch], count: nil)
        },
        compacted("a version that is compacted, and a list cut in its middle") {
            $0.inject(.end(.midChunk, afterEvents: 1), verbs: [.list, .watch], of: "services", count: 3)
        },
        ClusterFault(
            testDescription: "the server is gone and comes back", strike: { await $0.stopListening() },
            heal: { try await $0.listen() }, isAway: true),
        ClusterFault(
            testDescription: "the server is gone and has forgotten when it comes back", strike: { await $0.stopListening() },
            heal: { server in
                server.compact()
                try await server.listen()
            }, isAway: true),
    ]
}
