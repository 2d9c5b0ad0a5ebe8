public import NetworkTypes

/// The weights of a slice's endpoints, as the `fairway.dev/endpoint-weights` annotation holds them:
/// `10.244.1.5=3,10.244.2.7=0`.
///
/// A weight is an endpoint's share of new connections beside the others of its Service; 1 is that of
/// an endpoint without any, and is never written; 0 takes no new connections.
public struct EndpointWeights: Sendable, Hashable {
    /// The weight of an endpoint that names none.
    public static let standard: UInt16 = 1

    /// The weights other than 1.
    public private(set) var weights: [IPAddress: UInt16]

    public init() {
        weights = [:]
    }

    /// Parses the text of the annotation. An entry that is no `ADDRESS=WEIGHT` is skipped, so that one
    /// bad entry of another writer does not cost the others; of a repeated address the last counts.
    public init(_ text: String) {
        weights = [:]
        for entry in text.split(separator: ",") {
            let entry = String(entry).trimmingASCIISpace
            guard let equals = entry.lastIndex(of: "="), let address = IPAddress(entry[..<equals]),
                let weight = Self.weight(entry[entry.index(after: equals)...])
            else { continue }
            self[address] = weight
        }
    }

    /// The weights that the annotations of a slice name; nil when there are none.
    public init?(annotations: [String: String]) {
        guard let text = annotations[AnnotationKey.endpointWeights] else { return nil }
        self.init(text)
        if isEmpty { return nil }
    }

    /// The weight of an address; nil stands for 1.
    public subscript(address: IPAddress) -> UInt16? {
        get { weights[address] }
        set { weights[address] = newValue == Self.standard ? nil : newValue }
    }

    /// Every weight is 1.
    public var isEmpty: Bool { weights.isEmpty }

    /// The annotation's text, in the order of addresses; empty when every weight is 1.
    public var text: String {
        weights.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
    }

    /// 0...65535 in decimal digits, nil for other text.
    static func weight(_ text: some StringProtocol) -> UInt16? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return UInt16(text)
    }
}

extension Pod {
    /// The `fairway.dev/weight` annotation; 1 when absent or no weight.
    public var weight: UInt16 {
        metadata.annotations[AnnotationKey.weight].flatMap { EndpointWeights.weight($0) } ?? EndpointWeights.standard
    }
}
