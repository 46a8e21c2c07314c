//! Control state: typed tables and optimistic transactions over SQLite or PostgreSQL.
