internal import ArgumentParser

struct GetZone: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "zone", abstract: "Every record that DNS answers, as a zone file has them (-o json: one object each).")
    @OptionGroup var options: GetOptions
    func run() async throws {
        try options.show(try await options.fetch("zone", as: RowList<ZoneRow>.self)) { list in
            list.items.map { $0.columns.joined(separator: " ") }.joined(separator: "\n")
        }
    }
}

struct GetDNS: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dns", abstract: "Where DNS answers, how old its data is, what was asked, and how its upstreams fare.")
    @OptionGroup var options: GetOptions
    func run() async throws {
        try options.show(try await options.fetch("dns", as: DNSDocument.self)) { $0.text }
    }
}
