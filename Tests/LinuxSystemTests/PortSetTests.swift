import LinuxSystem
import Testing

@Suite("Reserved ports")
struct PortSetTests {
    @Test(
        "lists are read in any order and printed as the kernel prints them",
        arguments: [
            ("", ""), ("\n", ""), ("8080", "8080"), ("8080,9148-9160\n", "8080,9148-9160"), ("3,1,2", "1-3"),
            ("1-5,4-9", "1-9"), ("65535", "65535"), ("65534,65535", "65534-65535"), ("0-65535", "0-65535"),
            ("63,64", "63-64"), ("10,12", "10,12"),
        ])
    func text(_ text: String, _ printed: String) throws {
        #expect(try #require(PortSet(text)).description == printed)
    }

    @Test("what is no list is refused", arguments: ["x", "1,,2", "9-3", "70000", "1-2-3", "-1", "1-", ","])
    func malformed(_ text: String) { #expect(PortSet(text) == nil) }

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let current: String
        let added: String
        let wanted: String
        let all: String
        let ours: String
    }

    @Test(
        "ours come and go, and the administrator's stay",
        arguments: [
            Case(testDescription: "the first", current: "", added: "", wanted: "30080", all: "30080", ours: "30080"),
            Case(
                testDescription: "beside the administrator's", current: "8080,9148-9160", added: "", wanted: "30080",
                all: "8080,9148-9160,30080", ours: "30080"),
            Case(
                testDescription: "one that the administrator has is not ours", current: "30000-30099", added: "",
                wanted: "30080,30100", all: "30000-30100", ours: "30100"),
            Case(
                testDescription: "one goes, one comes", current: "8080,30080", added: "30080", wanted: "30081",
                all: "8080,30081", ours: "30081"),
            Case(
                testDescription: "all go", current: "8080,30080-30081", added: "30080-30081", wanted: "", all: "8080",
                ours: ""),
            Case(
                testDescription: "the administrator took ours out: they come back", current: "8080", added: "30080",
                wanted: "30080", all: "8080,30080", ours: "30080"),
            Case(
                testDescription: "a restart finds its own", current: "8080,30080", added: "30080", wanted: "30080",
                all: "8080,30080", ours: "30080"),
        ])
    func merge(_ item: Case) throws {
        let merged = ReservedPorts(
            current: try #require(PortSet(item.current)), added: try #require(PortSet(item.added)),
            wanted: try #require(PortSet(item.wanted)))
        #expect(merged.all.description == item.all)
        #expect(merged.ours.description == item.ours)
    }
}
