// Filled with its first test.
