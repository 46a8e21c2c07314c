//! Pure decisions: encryption outcomes, key states, access, life cycles, limits.
