internal import ServiceTable

/// What the kernel itself does with packets for a frontend; which backend they get is the relay's to decide.
enum RedirectionAction: UInt32, Sendable, Hashable, CaseIterable {
    case relay = 1
    case reject = 2
    case drop = 3

    init(_ verdict: Verdict) {
        self =
            switch verdict {
            case .balance: .relay
            case .reject: .reject
            case .drop: .drop
            }
    }
}

/// The actions for the three origins, as the value of a frontend in the kernel's maps: two bits each. As plain data, because an
/// element with a verdict would have the kernel look at the whole table again at each change.
struct RedirectionCode: Sendable, Hashable {
    enum Origin: UInt32, Sendable, Hashable, CaseIterable {
        case pod = 0
        case node = 2
        case outside = 4

        /// The bits of an origin, and where an action is in them.
        var mask: UInt32 { 3 << rawValue }
        func bits(_ action: RedirectionAction) -> UInt32 { action.rawValue << rawValue }

        /// As in the names of chains.
        var name: String {
            switch self {
            case .pod: "pod"
            case .node: "node"
            case .outside: "outside"
            }
        }
    }

    let bits: UInt32

    init(_ verdicts: OriginVerdicts) {
        bits =
            Origin.pod.bits(RedirectionAction(verdicts.pod)) | Origin.node.bits(RedirectionAction(verdicts.node))
            | Origin.outside.bits(RedirectionAction(verdicts.outside))
    }
}
