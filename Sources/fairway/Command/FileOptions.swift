internal import ArgumentParser

/// Where options are kept in a file.
struct FileOptions: ParsableArguments {
    @Option(
        help: """
            A FairwayConfiguration or a KubeProxyConfiguration, YAML or JSON. It decides: flags that it has a field for are \
            ignored, but for --hostname-override, --master and those of logging. It is watched; what can change at run time does.
            """)
    var config: String?

    @Option(help: "Write the options in force to this file, as a configuration, and exit.")
    var writeConfigTo: String?

    @Flag(help: "Set up connection tracking as run would, which needs the node's rights, and exit.")
    var initOnly = false
}
