/// A field whose value is another than before.
package struct ConfigurationChange: Sendable, Hashable {
    package let field: String
    /// As a flag takes them; nil: not set.
    package let old: String?
    package let new: String?
    /// It can take effect while the daemon runs.
    package let isLive: Bool

    /// Every change between two configurations, in the order of the fields.
    package static func all(from old: ConfigurationOptions, to new: ConfigurationOptions) -> [ConfigurationChange] {
        let before = Dictionary(old.settings.map { ($0.flag.name, $0) }, uniquingKeysWith: { $1 })
        let after = Dictionary(new.settings.map { ($0.flag.name, $0) }, uniquingKeysWith: { $1 })
        return RunFlag.all.compactMap { flag in
            let (was, becomes) = (before[flag.name], after[flag.name])
            guard was?.value != becomes?.value, let field = becomes?.field ?? was?.field else { return nil }
            return ConfigurationChange(
                field: field, old: was?.value.flagText, new: becomes?.value.flagText, isLive: flag.isLive)
        }
    }
}
