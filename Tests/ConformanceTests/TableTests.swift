import ConformanceTesting
import Testing

/// The contract against what ServicePolicy decides, no dataplane involved.
@Suite struct TableTests {
    @Test("The service table says what the contract demands", arguments: ConformanceSuite.cases)
    func decides(_ row: ConformanceCase) {
        #expect(row.tableViolations() == [])
    }

    @Test func `several hundred cases, no two with one name`() {
        let names = ConformanceSuite.cases.map(\.name)
        #expect(names.count >= 300)
        #expect(Set(names).count == names.count)
    }
}
