//! Benchmarks beside floors and peers.
