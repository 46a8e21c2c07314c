//! What a hypervisor host does: attach, hold the plaintext key, export.
