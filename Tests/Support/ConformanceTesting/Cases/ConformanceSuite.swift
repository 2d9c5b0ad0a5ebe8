internal import NetworkTypes

/// Every case a dataplane must pass.
package enum ConformanceSuite {
    package static let cases: [ConformanceCase] =
        VerdictCases.all + FieldCases.all + DetectorCases.all + ServiceRangeCases.all
        + SourceRangeCases.all + NodePortAddressCases.all + ConflictCases.all + AffinityCases.all + UpdateCases.all

    /// Those a dataplane with these features can be held to.
    package static func cases(for features: Set<DataplaneFeature>) -> [ConformanceCase] {
        cases.filter { $0.needs.isSubset(of: features) }
    }

    /// Enough to show each behaviour with real packets.
    package static func representatives(for features: Set<DataplaneFeature>) -> [ConformanceCase] {
        cases(for: features).filter { $0.isRepresentative && !$0.transports.contains(.sctp) }
    }
}
