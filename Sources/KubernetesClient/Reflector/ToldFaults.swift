internal import KubernetesModel
internal import KubernetesWire

/// Which faults of objects were told, so that each is told once and not with every list.
struct ToldFaults: Sendable {
    /// Faults remembered; past it all are forgotten, so that some are told again.
    static let limit = 1024

    private var messages: [ObjectReference: String] = [:]
    private var nameless: Set<String> = []

    /// Whether this one is new.
    mutating func insert(_ fault: ObjectFault) -> Bool {
        if messages.count + nameless.count >= Self.limit { self = ToldFaults() }
        guard let reference = fault.reference else { return nameless.insert(fault.message).inserted }
        return messages.updateValue(fault.message, forKey: reference) != fault.message
    }

    /// The object was read, or is gone.
    mutating func forget(_ reference: @autoclosure () -> ObjectReference) {
        if !messages.isEmpty { messages[reference()] = nil }
    }
}
