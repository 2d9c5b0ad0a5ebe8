import Testing

struct PaddingTests {
    @Test("No struct of the maps has padding")
    func padding() throws {
        let object = try compileKernelSource("layout_probe", ["-Wpadded"])
        #expect(!object.isEmpty)
    }
}
