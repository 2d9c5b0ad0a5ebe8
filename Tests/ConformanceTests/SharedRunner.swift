import ConformanceTesting
import Dataplane
import Testing

/// Gives all tests of a suite one runner over the dataplane that `make` makes, and removes it after them.
struct SharedRunner: SuiteTrait, TestScoping {
    private let perform: @Sendable (@Sendable () async throws -> Void) async throws -> Void

    init<Plane: Dataplane & SendableMetatype & ~Copyable>(_ make: @escaping @Sendable () throws -> Plane) {
        perform = { function in
            try await PacketRunner.with(make) { runner in
                try await PacketRunner.$current.withValue(runner) { try await function() }
            }
        }
    }

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        try await perform(function)
    }
}
