import Testing

/// Questions and answers of cluster DNS, told by the rules alone and asked of the program.
@Suite enum DNSCasesTests {}
