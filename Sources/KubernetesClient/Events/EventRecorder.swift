internal import FoundationEssentials
package import KubernetesModel
package import KubernetesWire
internal import Synchronization

/// Tells of objects as kube-proxy does: events of `events.k8s.io/v1`, equal ones as a series, so many of each object at
/// most. Recording never waits and never fails.
package final class EventRecorder<Writer: ObjectWriting>: Sendable {
    private let controller: String
    private let instance: String
    private let writer: Writer
    private let timing: Timing
    private let wallClock: @Sendable () -> Timestamp
    private let random: any RandomNumberGenerator & Sendable
    private let state = Mutex((ledger: EventLedger(), made: Int64(0)))
    private let wakes = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))

    /// - Parameters:
    ///   - controller: `kube-proxy`.
    ///   - instance: which of them: `kube-proxy-` and the node's name.
    package init<C: Clock>(
        controller: String, instance: String, writer: Writer, clock: C = ContinuousClock(),
        wallClock: @escaping @Sendable () -> Timestamp,
        random: any RandomNumberGenerator & Sendable = SystemRandomNumberGenerator()
    ) where C.Duration == Duration {
        self.controller = controller.prefix(bytes: EventField.nameBytes)
        self.instance = instance.prefix(bytes: EventField.nameBytes)
        self.writer = writer
        self.wallClock = wallClock
        self.random = random
        timing = Timing(clock)
    }

    package var counts: EventCounts { state.withLock { $0.ledger.counts } }

    /// Tells of an object. Returns at once.
    ///
    /// - Parameters:
    ///   - reference: an event about an object without a namespace is posted in `default`.
    ///   - uid: of that object; for its Node kube-proxy gives the name.
    ///   - reason: one word in camel case; 128 bytes at most, and so the action.
    ///   - action: what was being done; the reason where it is empty, for the API wants one.
    ///   - note: for people; cut off past 1024 bytes.
    package func record(
        regarding reference: ObjectReference, uid: String, type: APIEvent.Severity = .normal, reason: String,
        action: String, note: String
    ) {
        let key = EventLedger.Key(
            subject: reference, uid: uid, type: type, reason: reason.prefix(bytes: EventField.nameBytes),
            action: (action.isEmpty ? reason : action).prefix(bytes: EventField.nameBytes))
        let time = wallClock()
        state.withLock { state in
            let number = state.made
            state.made += 1
            state.ledger.record(key, now: timing.now(), time: time) {
                event(key, note: note.prefix(bytes: EventField.noteBytes), time: time, number: number)
            }
        }
        wakes.continuation.yield()
    }

    private func event(_ key: EventLedger.Key, note: String, time: Timestamp, number: Int64) -> APIEvent {
        let object = key.subject.key
        let nanoseconds = time.seconds &* 1_000_000_000 &+ Int64(time.nanoseconds) &+ number
        let suffix = "." + String(nanoseconds, radix: 16)
        return APIEvent(
            metadata: ObjectMeta(
                name: object.name.prefix(bytes: EventField.objectNameBytes - suffix.utf8.count) + suffix,
                namespace: object.namespace.isEmpty ? "default" : object.namespace),
            eventTime: time, reportingController: controller, reportingInstance: instance, action: key.action,
            reason: key.reason,
            regarding: APIEvent.Regarding(
                apiVersion: key.subject.kind.apiVersion, kind: key.subject.kind.rawValue,
                namespace: object.namespace.isEmpty ? nil : object.namespace, name: object.name,
                uid: key.uid.isEmpty ? nil : key.uid),
            note: note, type: key.type)
    }

    // MARK: Writing

    /// Writes what is recorded until the task is cancelled.
    ///
    /// - Throws: `CancellationError` alone.
    package func run() async throws {
        var random = random
        for await _ in wakes.stream {
            while let (key, write) = state.withLock({ $0.ledger.next() }) {
                try await perform(key, write, &random)
            }
        }
        try Task.checkCancellation()
    }

    /// While the API server cannot be reached everything waits; it is asked again after 10 to 12.5 s, 12 times for one
    /// event, as client-go does.
    private func perform(
        _ key: EventLedger.Key, _ write: EventLedger.Write, _ random: inout any RandomNumberGenerator & Sendable
    ) async throws {
        for attempt in 1...EventField.attempts {
            switch await request(write) {
            case .written: return state.withLock { $0.ledger.written(key) }
            case .refused: return state.withLock { $0.ledger.failed(key) }
            case .unreachable:
                try Task.checkCancellation()
                guard attempt < EventField.attempts else { break }
                try await timing.sleep(.seconds(Double.random(in: 10...12.5, using: &random)))
            }
        }
        state.withLock { $0.ledger.failed(key) }
    }

    private enum Answer { case written, refused, unreachable }

    private func request(_ write: EventLedger.Write) async -> Answer {
        do {
            switch write {
            case .create(let event): try await create(event)
            case .count(let event, let series): try await count(event, series)
            }
            return .written
        } catch let status as APIStatus {
            // Posted before, and the answer was lost.
            if status.alreadyExists { return .written }
            return status.code == 429 || status.code >= 500 ? .unreachable : .refused
        } catch {
            return .unreachable
        }
    }

    private func create(_ event: APIEvent) async throws {
        _ = try await writer.create(event, .events, namespace: event.metadata.namespace)
    }

    /// The API server forgets events after an hour: one that is gone is posted anew.
    private func count(_ event: APIEvent, _ series: APIEvent.Series) async throws {
        let body = Array(try JSONEncoder().encode(["series": series]))
        do {
            _ = try await writer.patch(APIEvent.self, .events, event.metadata.key, mergePatch: body)
        } catch let status as APIStatus where status.isNotFound {
            try await create(event)
        }
    }
}

/// What the API server takes.
private enum EventField {
    static let nameBytes = 128
    static let noteBytes = 1024
    static let objectNameBytes = 253
    static let attempts = 12
}

extension String {
    /// As many whole characters as fit.
    fileprivate func prefix(bytes: Int) -> String {
        guard utf8.count > bytes else { return self }
        var text = self
        while text.utf8.count > bytes { text.removeLast() }
        return text
    }
}
