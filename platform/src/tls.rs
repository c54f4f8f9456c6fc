//! The cryptography under TLS. The HTTP client of the object store panics when the process chose none.

/// Chooses ring, unless the program chose before.
pub(crate) fn provide() {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Fails only when another thread was quicker, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
}
