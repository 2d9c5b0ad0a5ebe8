/// An item of `status.conditions` of a Pod or a Node.
struct StatusCondition: Codable {
    var type: String
    /// `True`, `False` or `Unknown`.
    var status: String
    var lastTransitionTime: Timestamp?

    private enum CodingKeys: String, CodingKey { case type, status, lastTransitionTime }

    init(isTrue: Bool, type: String, lastTransitionTime: Timestamp? = nil) {
        self.type = type
        self.status = isTrue ? "True" : "False"
        self.lastTransitionTime = lastTransitionTime
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        type = try container.string(.type)
        status = try container.string(.status)
        // Only the time of the Ready condition is used.
        lastTransitionTime =
            type == "Ready" ? try container.decodeIfPresent(Timestamp.self, forKey: .lastTransitionTime) : nil
    }
}
