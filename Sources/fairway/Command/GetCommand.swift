internal import ArgumentParser
internal import FoundationEssentials
internal import NetworkTypes
internal import Observability
internal import Yams

/// What the running daemon holds.
struct GetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get", abstract: "Shows what the running daemon holds.",
        subcommands: [
            GetServices.self, GetEndpoints.self, GetFrontends.self, GetBackends.self,
            GetVirtualServers.self, GetConnections.self, GetStatus.self, GetZone.self, GetDNS.self,
        ])
}

struct GetOptions: ParsableArguments {
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case table, json, yaml
    }

    @Option(name: .shortAndLong, help: "Form of the answer: table, json or yaml.")
    var output = Format.table

    @Option(name: .shortAndLong, help: "Only this namespace (default: all).")
    var namespace: String?

    @OptionGroup var admin: AdminOptions
}

struct AdminOptions: ParsableArguments {
    @Option(
        help: """
            The daemon's admin socket; for run, empty: none. What fairway dns holds is asked at \
            \(AdminOptions.dnsSocket) where only that is there.
            """)
    var adminSocket = AdminOptions.defaultSocket

    static let defaultSocket = "/run/fairway/admin.sock"
    /// The default of `fairway dns`.
    static let dnsSocket = "/run/fairway/dns.sock"

    /// What to look at when nothing listens at `socket(for:)`.
    func advice(for resource: String) -> String {
        guard ["zone", "dns"].contains(resource) else { return "is 'fairway run' running?" }
        let other = adminSocket == Self.defaultSocket ? ", and nothing is at \(Self.dnsSocket) either" : ""
        return "is 'fairway dns', or 'fairway run' with DNS, running\(other)? Give --admin-socket PATH as it was given there"
    }

    /// Names are asked of `fairway dns` where no other daemon is there and no socket was named.
    func socket(for resource: String) -> String {
        guard ["zone", "dns"].contains(resource), adminSocket == Self.defaultSocket,
            !FileManager.default.fileExists(atPath: adminSocket), FileManager.default.fileExists(atPath: Self.dnsSocket)
        else { return adminSocket }
        return Self.dnsSocket
    }
}

extension GetOptions {
    /// Asks the daemon for a resource.
    func fetch<Document: Codable>(_ resource: String, as type: Document.Type) async throws -> Document {
        let query = namespace.map { "?namespace=\(PercentEncoding.encoded($0))" } ?? ""
        let answer: (status: Int, body: [UInt8])
        do {
            answer = try await AdminClient(path: admin.socket(for: resource), advice: admin.advice(for: resource)).get("/v1/\(resource)\(query)")
        } catch {
            throw CommandFailure.failed("\(error)")
        }
        guard answer.status == 200 else {
            throw CommandFailure.failed("the daemon answered \(answer.status): \(String(decoding: answer.body, as: UTF8.self))")
        }
        do {
            return try JSONDecoder().decode(type, from: Data(answer.body))
        } catch {
            throw CommandFailure.failed("the daemon's answer does not decode; is it of another version? \(error)")
        }
    }

    /// Prints a document as asked; `table` makes the text of the table form.
    func show<Document: Codable>(_ document: Document, table: (Document) -> String) throws {
        switch output {
        case .table: Output.line(table(document))
        case .json: Output.line(try AdminJSON.text(document))
        case .yaml:
            let encoder = YAMLEncoder()
            encoder.options.sortKeys = true
            let text = try encoder.encode(document)
            Output.line(text.hasSuffix("\n") ? String(text.dropLast()) : text)
        }
    }

    func showRows<Item: Row>(_ resource: String, _ type: Item.Type) async throws {
        try show(try await fetch(resource, as: RowList<Item>.self)) { list in
            TextTable(header: Item.header, rows: list.items.map(\.columns)).text
        }
    }
}

/// JSON as the admin socket writes it: keys sorted, so that it can be compared.
enum AdminJSON {
    static func bytes(_ document: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(document))
    }

    static func text(_ document: some Encodable) throws -> String {
        String(decoding: try bytes(document), as: UTF8.self)
    }
}

struct GetServices: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "services", abstract: "Services and their addresses.")
    @OptionGroup var options: GetOptions
    func run() async throws { try await options.showRows("services", ServiceRow.self) }
}

struct GetEndpoints: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "endpoints", abstract: "Endpoints of every Service the daemon knows, usable or not.")
    @OptionGroup var options: GetOptions
    func run() async throws { try await options.showRows("endpoints", EndpointRow.self) }
}

struct GetFrontends: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "frontends", abstract: "Addresses served, and what happens to packets by origin.")
    @OptionGroup var options: GetOptions
    func run() async throws {
        try options.show(try await options.fetch("frontends", as: RowList<FrontendRow>.self)) { list in
            // The column is there where frontends are bound (--userspace-bind loopback).
            let isBound = list.items.contains { $0.listening != nil }
            return TextTable(
                header: FrontendRow.header + (isBound ? ["LISTEN"] : []),
                rows: list.items.map { $0.columns + (isBound ? [ServiceRow.joined($0.listening ?? [])] : []) }
            ).text
        }
    }
}

struct GetBackends: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backends", abstract: "What each Service port is balanced over, by index.")
    @OptionGroup var options: GetOptions
    func run() async throws { try await options.showRows("backends", BackendRow.self) }
}

struct GetStatus: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Whether the daemon has synced, and what stands in its way.")
    @OptionGroup var options: GetOptions
    func run() async throws {
        try options.show(try await options.fetch("status", as: StatusDocument.self)) { $0.text }
    }
}

extension StatusDocument {
    /// One line a fact, what needs attention last.
    var text: String {
        var lines = [
            "version:          \(version)", "node:             \(node)", "proxy mode:       \(proxyMode)",
            "process:          \(processID)", "sources synced:   \(synced)\(waitingFor.isEmpty ? "" : ", waiting for \(waitingFor.joined(separator: ", "))")", "ready:            \(ready)",
            "services:         \(services)", "service ports:    \(servicePorts)",
            "endpoint slices:  \(endpointSlices)", "pods:             \(pods)",
            "nodeport ips:     \(ServiceRow.joined(nodePortAddresses))", "pods told by:     \(localDetection)",
        ]
        for family in families {
            let state = family.ready ? "last sync \(family.lastSync ?? "none")" : "not ready"
            lines.append("\(family.family):             \(state)\(family.lastError.map { ", failed: \($0)" } ?? "")")
        }
        for (kind, count) in skippedKinds.sorted(by: { $0.key < $1.key }) { lines.append("skipped:          \(count) \(kind)") }
        lines += conflicts.map { "conflict:         \($0.frontend) asked for by \($0.servicePort), held by \($0.heldBy)" }
        lines += withoutHints.map { "no hints:         \($0.service) \($0.family): \($0.reason)" }
        lines += manifestFaults.map { "fault:            \($0)" }
        return lines.joined(separator: "\n")
    }
}
