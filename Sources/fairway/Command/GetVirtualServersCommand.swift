internal import ArgumentParser

struct GetVirtualServers: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "virtual-servers",
        abstract: "Service ports with their backends, as ipvsadm -Ln shows them (ebpf and userspace mode).")
    @OptionGroup var options: GetOptions

    func run() async throws {
        let rows = try await options.fetch("virtual-servers", as: RowList<VirtualServerRow>.self)
        try options.show(rows) { list in
            TextTable(header: VirtualServerRow.header, rows: list.items.flatMap(\.lines)).text
        }
    }
}

struct GetConnections: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "connections", abstract: "Open connections to Services, as ipvsadm -Lnc shows them (ebpf and userspace mode).")
    @OptionGroup var options: GetOptions

    func run() async throws { try await options.showRows("connections", ConnectionRow.self) }
}
