//! Sockets, SigV4, limits, health.
