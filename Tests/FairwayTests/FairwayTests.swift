import Testing

/// The built `fairway` with real packets: one suite, so that tests run one after the other and do not
/// compete for the machine.
@Suite(.serialized)
enum FairwayTests {}
