//! AWS KMS: actions.
