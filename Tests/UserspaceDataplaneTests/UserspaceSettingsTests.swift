import Testing

@testable import UserspaceDataplane

@Test("the binding's names are those of the option") func bindingNames() {
    #expect(UserspaceSettings.Binding.allCases.map(\.rawValue) == ["redirect", "loopback"])
}
