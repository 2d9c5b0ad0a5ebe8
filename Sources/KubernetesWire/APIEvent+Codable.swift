internal import KubernetesModel

extension APIEvent: Codable {
    private enum Field: String, CodingKey {
        case apiVersion, kind, metadata, eventTime, series, reportingController, reportingInstance, action, reason
        case regarding, note, type
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Field.self)
        func text(_ key: Field) throws -> String { try container.decodeIfPresent(String.self, forKey: key) ?? "" }
        self.init(
            metadata: try container.decodeIfPresent(ObjectMeta.self, forKey: .metadata) ?? ObjectMeta(name: ""),
            // Events of the core group that the API server hands out have none.
            eventTime: try container.decodeIfPresent(MicroTime.self, forKey: .eventTime)?.time ?? Timestamp(seconds: 0),
            series: try container.decodeIfPresent(Series.self, forKey: .series),
            reportingController: try text(.reportingController), reportingInstance: try text(.reportingInstance),
            action: try text(.action), reason: try text(.reason),
            regarding: try container.decodeIfPresent(Regarding.self, forKey: .regarding) ?? Regarding(),
            note: try text(.note), type: Severity(rawValue: try text(.type)) ?? .normal)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Field.self)
        try container.encode(APIResource.events.apiVersion, forKey: .apiVersion)
        try container.encode(APIResource.events.kind, forKey: .kind)
        try container.encode(metadata, forKey: .metadata)
        try container.encode(MicroTime(eventTime), forKey: .eventTime)
        try container.encodeIfPresent(series, forKey: .series)
        try container.encode(reportingController, forKey: .reportingController)
        try container.encode(reportingInstance, forKey: .reportingInstance)
        try container.encode(action, forKey: .action)
        try container.encode(reason, forKey: .reason)
        try container.encode(regarding, forKey: .regarding)
        try container.encode(note, forKey: .note)
        try container.encode(type, forKey: .type)
    }
}

extension APIEvent.Series: Codable {
    private enum Field: String, CodingKey { case count, lastObservedTime }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Field.self)
        self.init(
            count: try container.decode(Int32.self, forKey: .count),
            lastObservedTime: try container.decode(MicroTime.self, forKey: .lastObservedTime).time)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Field.self)
        try container.encode(count, forKey: .count)
        try container.encode(MicroTime(lastObservedTime), forKey: .lastObservedTime)
    }
}
