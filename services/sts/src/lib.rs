//! AWS STS: GetCallerIdentity.
