/// Fields of a type that few objects have, apart from the rest: 8 bytes, and nothing on the heap while all of them are
/// what they are by default.
///
/// A large cluster has tens of thousands of endpoints, and each field of theirs is there that many times.
struct Uncommon<Fields: UncommonFields>: Sendable, Hashable {
    private indirect enum Box: Sendable, Hashable {
        case fields(Fields)
    }

    private var box: Box?

    init(_ fields: Fields = Fields()) { box = fields == Fields() ? nil : .fields(fields) }

    /// Setting costs an allocation.
    var fields: Fields {
        get { if case .fields(let fields)? = box { fields } else { Fields() } }
        set { self = Uncommon(newValue) }
    }
}

/// What ``Uncommon`` holds.
protocol UncommonFields: Sendable, Hashable {
    /// With defaults alone.
    init()
}
